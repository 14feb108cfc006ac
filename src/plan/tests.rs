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
