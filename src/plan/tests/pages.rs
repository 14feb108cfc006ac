//! Plans as a person reads them.

use crate::aws::View;
use crate::plan::show::{Look, dot, mermaid, text};
use crate::plan::testing::{
    TABLES, account, add_gateway, applied, as_json, listing, now, planned, question, site,
    static_site, ulid, view, view_with_gateway,
};
use crate::plan::{Mode, Plan, PlanErrors, PolicyFor, lint, lint_in, onboard, policy, teardown};
use crate::resource::Policy;
use crate::spec::{DhGroup, Site};

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
    assert_eq!(plan.mode, Mode::Onboard);
    insta::assert_snapshot!(page(&plan));
    insta::assert_snapshot!("fresh_bgp.json", as_json(&plan));
    insta::assert_snapshot!("fresh_bgp.mermaid", mermaid(&plan));
    insta::assert_snapshot!("fresh_bgp.dot", dot(&plan));
}

#[test]
fn offline() {
    let site = site();
    let plan = onboard(&question(&site, None)).unwrap();
    assert_eq!(lint(&plan), []);
    insta::assert_snapshot!(page(&plan));
}

/// Colours may be added, never characters; and nothing is wider than it was asked to be.
#[test]
fn colours_and_widths() {
    let (_, after) = built(&site(), &view());
    let mut site = site();
    site.tunnels[1].phase2_lifetime = Some(1800);
    let plan = planned(&site, &after).unwrap();
    for width in [60, 80, 100, 120] {
        let look = Look {
            width,
            ..Look::default()
        };
        let plain = text(&plan, &look);
        let long = plain.lines().filter(|line| line.chars().count() > width);
        // An id or a command is never broken.
        assert!(
            long.clone()
                .all(|line| line.split_whitespace().count() <= 2),
            "{long:?}"
        );
        let coloured = text(
            &plan,
            &Look {
                colour: true,
                ..look
            },
        );
        assert!(coloured.contains("\x1b["));
        assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), plain);
    }
}

#[test]
fn every_refusal_at_once() {
    let mut view = view();
    for number in 1..=5 {
        add_gateway(&mut view, &format!("vgw-{number:017x}"), None);
    }
    let mut site = site();
    site.lan = vec!["10.0.128.0/20".parse().unwrap()];
    site.gateway.asn = 64512.try_into().unwrap();
    site.gateway.outside_ip = [192, 168, 7, 1].into();
    site.aws.account = Some("999999999999".parse().unwrap());
    site.tunnels[0].phase1_dh_groups = vec![DhGroup(2)];
    let refused = planned(&site, &view).unwrap_err();
    insta::assert_snapshot!(refused);
    let PlanErrors::Refused(refusals) = refused else {
        panic!("not refused")
    };
    insta::assert_snapshot!(
        "every_refusal_at_once.json",
        format!("{:#}", serde_json::json!(refusals))
    );
}

#[test]
fn adopted_connection_with_other_options() {
    let mut view = view_with_gateway();
    let plan = planned(&site(), &view).unwrap();
    view = applied(&plan, &view);
    let id = view.vpn_connections.keys().next().unwrap().clone();
    let customer = view.customer_gateways.keys().next().unwrap().clone();
    view.vpn_connections.get_mut(&id).unwrap().tags.clear();
    view.customer_gateways
        .get_mut(&customer)
        .unwrap()
        .tags
        .clear();
    let mut site = site();
    site.name = "plant-9".parse().unwrap();
    site.aws.connection = Some(id);
    site.aws.customer_gateway = Some(customer);
    let same = planned(&site, &view).unwrap();
    assert!(same.is_noop(), "{}", page(&same));
    site.tunnels[0].dpd_timeout = Some(60);
    let refused = planned(&site, &view).unwrap_err();
    insta::assert_snapshot!(refused);
    let mut bold = question(&site, Some(&view));
    bold.policy = Policy {
        adopt_changes: true,
        ..Policy::default()
    };
    let plan = onboard(&bold).unwrap();
    assert_eq!(lint_in(&plan, &view), []);
    insta::assert_snapshot!("adopted_connection_changed", page(&plan));
    // It carries no tag of ours, so the policy must name it.
    let allowed = policy(&PolicyFor::Plan(&plan)).to_string();
    assert!(allowed.contains(&format!("vpn-connection/{}", site.aws.connection.unwrap())));
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
fn built(site: &Site, view: &View) -> (Plan, View) {
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
    site.tunnels[0].phase1_dh_groups = vec![DhGroup(20)];
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
    assert!(gone.vpn_gateways.values().all(|it| it.state.is_ending()));
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
