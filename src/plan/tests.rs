//! Whole plans, from a site and a view to the page that a person reads.

use super::show::{Look, dot, mermaid, text};
use super::testing::*;
use super::*;

fn page(plan: &Plan) -> String {
    text(
        plan,
        &Look {
            origin: Some("site.yaml"),
            ..Look::default()
        },
    )
}

#[test]
fn fresh_bgp() {
    let plan = planned(&site(), &view()).unwrap();
    insta::assert_snapshot!(page(&plan));
}

#[test]
fn fresh_static() {
    let plan = planned(&static_site(), &view()).unwrap();
    insta::assert_snapshot!(page(&plan));
}

#[test]
fn adopted_gateway() {
    let site = listing(site(), &TABLES[1..]);
    let plan = planned(&site, &view_with_gateway()).unwrap();
    insta::assert_snapshot!(page(&plan));
}

/// The plan, the world after it, and the plan once more.
fn built(site: &crate::spec::Site, view: &crate::aws::View) -> (Plan, crate::aws::View) {
    let plan = planned(site, view).unwrap();
    assert_eq!(lint_in(&plan, view), []);
    let after = applied(&plan, view);
    (plan, after)
}

#[test]
fn what_was_applied_is_kept() {
    let (_, after) = built(&site(), &view());
    let again = planned(&site(), &after).unwrap();
    assert!(again.is_noop(), "{}", page(&again));
    assert_eq!(lint_in(&again, &after), []);
    insta::assert_snapshot!(page(&again));
}

#[test]
fn changed_tunnel_options() {
    let (_, after) = built(&site(), &view());
    let mut site = site();
    site.tunnels[0].phase1_dh_groups = vec![crate::spec::DhGroup(20)];
    let plan = planned(&site, &after).unwrap();
    assert_eq!(lint_in(&plan, &after), []);
    insta::assert_snapshot!(page(&plan));
}

#[test]
fn taken_away() {
    let (_, after) = built(&static_site(), &view());
    let name = static_site().name;
    let plan = teardown(
        &name,
        &site().region,
        Some(account()),
        &after,
        ulid(9),
        now(),
    )
    .unwrap();
    assert_eq!(lint_in(&plan, &after), []);
    insta::assert_snapshot!(page(&plan));
    let gone = applied(&plan, &after);
    assert_eq!(format!("{:?}", gone.vpn_gateways), "{}");
    let again = teardown(
        &name,
        &site().region,
        Some(account()),
        &gone,
        ulid(9),
        now(),
    )
    .unwrap();
    assert!(again.steps.is_empty());
}
