//! What a site has twice: which one is kept, and what `--remove-duplicates` may take.

use std::collections::BTreeSet;

use crate::aws::View;
use crate::plan::show::{Look, text};
use crate::plan::testing::{
    VPC, add_neighbour, applied, as_tags, now, planned, question, site, ulid, view, warned,
};
use crate::plan::{Plan, PlanErrors, lint_in, onboard};
use crate::resource::testing::{cluttered, tags_of};
use crate::resource::{Change, Policy, TunnelImpact};

const TWIN_VGW: &str = "vgw-0000000000000fff0";
const TWIN_VPN: &str = "vpn-0000000000000fff0";
const TWIN_CGW: &str = "cgw-0000000000000fff0";
const VGW: &str = "vgw-00000000000000001";
const VPN: &str = "vpn-00000000000000001";

/// What two machines leave that onboarded at once: the second made a gateway and a connection.
///
/// Its run began a minute before or after the one whose gateway was attached.
fn raced(minutes: i64) -> View {
    let mut view = applied(&planned(&site(), &view()).unwrap(), &view());
    let millis = now().as_millisecond() + minutes * 60_000;
    let run = ulid::Ulid::from_parts(millis.try_into().unwrap(), 99).to_string();
    let mut gateway = view.vpn_gateways[&VGW.parse().unwrap()].clone();
    gateway.id = TWIN_VGW.parse().unwrap();
    gateway.attachments.clear();
    gateway.tags.insert("underpass:run".to_owned(), run.clone());
    let mut connection = view.vpn_connections[&VPN.parse().unwrap()].clone();
    connection.id = TWIN_VPN.parse().unwrap();
    connection.vpn_gateway = Some(gateway.id.clone());
    connection.tags.insert("underpass:run".to_owned(), run);
    for (number, tunnel) in (77..).zip(&mut connection.telemetry) {
        tunnel.outside = [203, 0, 113, number].into();
    }
    view.vpn_gateways.insert(gateway.id.clone(), gateway);
    view.vpn_connections
        .insert(connection.id.clone(), connection);
    view
}

/// Sets every tunnel of a connection up or down.
fn tunnels(view: &mut View, id: &str, up: bool) {
    let connection = view.vpn_connections.get_mut(&id.parse().unwrap()).unwrap();
    connection.telemetry.iter_mut().for_each(|it| it.up = up);
}

fn removing(view: &View, accept: &[&str]) -> Result<Plan, PlanErrors> {
    let site = site();
    let accept: BTreeSet<String> = accept.iter().map(|it| (*it).to_owned()).collect();
    let mut asked = question(&site, Some(view));
    asked.run = ulid(500);
    asked.accept = &accept;
    asked.policy = Policy {
        remove_duplicates: true,
        ..Policy::default()
    };
    let plan = onboard(&asked)?;
    assert_eq!(lint_in(&plan, view), []);
    Ok(plan)
}

/// What a plan deletes, in its order.
fn removed(plan: &Plan) -> Vec<&str> {
    let steps = plan.steps.iter().filter(|it| it.change == Change::Delete);
    steps.filter_map(|it| it.existing.as_deref()).collect()
}

fn used(plan: &Plan, kind: &str) -> String {
    let step = plan.steps.iter().find(|it| it.node.kind == kind).unwrap();
    step.existing.clone().unwrap()
}

#[test]
fn two_machines_at_once() {
    let mut view = raced(1);
    for id in [VPN, TWIN_VPN] {
        tunnels(&mut view, id, false);
    }
    // Without the flag what is kept is used, and both are named.
    let plan = planned(&site(), &view).unwrap();
    assert!(plan.is_noop());
    assert_eq!(lint_in(&plan, &view), []);
    assert_eq!(warned(&plan), ["preflight::duplicate"; 2]);
    assert_eq!(
        planned(&site(), &cluttered(&view))
            .unwrap()
            .duplicates
            .len(),
        2,
        "what was deleted is no duplicate"
    );

    let plan = removing(&view, &[]).unwrap();
    assert_eq!(removed(&plan), [TWIN_VPN, TWIN_VGW]);
    assert_eq!(plan.tunnel_impact(), TunnelImpact::None);
    insta::assert_snapshot!(text(&plan, &Look::default()));
    insta::assert_snapshot!(
        "two_machines_at_once.json",
        format!("{:#}", serde_json::json!(plan.duplicates))
    );

    let healed = applied(&plan, &view);
    let again = planned(&site(), &healed).unwrap();
    assert!(again.is_noop() && again.warnings.is_empty() && again.duplicates.is_empty());
    assert!((again.hourly_usd() - plan.hourly_usd()).abs() < 1e-9);
}

#[test]
fn traffic_counts_more_than_age_and_attachment_more_than_telemetry() {
    // Both on gateways of their own: the one on the attached gateway, however old.
    for minutes in [-1, 1] {
        let view = raced(minutes);
        let plan = planned(&site(), &view).unwrap();
        assert_eq!(used(&plan, "vpn_connection"), VPN);
        assert_eq!(used(&plan, "vpn_gateway"), VGW);
    }
    // Tunnels on a gateway that no VPC has lead nowhere, even if they are up.
    let mut view = raced(-1);
    tunnels(&mut view, VPN, false);
    assert_eq!(
        used(&planned(&site(), &view).unwrap(), "vpn_connection"),
        VPN
    );
    // Nothing is attached yet: traffic, then age.
    let gateway = view.vpn_gateways.get_mut(&VGW.parse().unwrap()).unwrap();
    gateway.attachments.clear();
    let plan = planned(&site(), &view).unwrap();
    assert_eq!(used(&plan, "vpn_connection"), TWIN_VPN);
    assert_eq!(
        used(&plan, "vpn_gateway"),
        TWIN_VGW,
        "the one that carries it"
    );
    tunnels(&mut view, TWIN_VPN, false);
    assert_eq!(
        used(&planned(&site(), &view).unwrap(), "vpn_gateway"),
        TWIN_VGW
    );
    tags_of(&mut view, TWIN_VPN)
        .insert("underpass:run".to_owned(), ulid((1 << 80) - 1).to_string());
    tags_of(&mut view, TWIN_VGW)
        .insert("underpass:run".to_owned(), ulid((1 << 80) - 1).to_string());
    let plan = planned(&site(), &view).unwrap();
    assert_eq!(used(&plan, "vpn_connection"), VPN, "the older one");
    assert_eq!(used(&plan, "vpn_gateway"), VGW);
}

#[test]
fn a_duplicate_that_is_up_goes_only_when_told_twice() {
    let view = raced(1);
    let refused = removing(&view, &[]).unwrap_err();
    insta::assert_snapshot!(refused);
    let plan = removing(&view, &["preflight::duplicate_up"]).unwrap();
    assert_eq!(removed(&plan), [TWIN_VPN, TWIN_VGW]);
    assert!(warned(&plan).contains(&"plan::outage"));
    let TunnelImpact::Both(ends) = plan.tunnel_impact() else {
        panic!("{:?}", plan.tunnel_impact());
    };
    assert!(ends.contains(&[203, 0, 113, 77].into()), "{ends:?}");
    let page = text(&plan, &Look::default());
    assert!(page.contains("they are a duplicate's"), "{page}");
}

#[test]
fn a_gateway_goes_with_the_connection_that_is_replaced() {
    // One machine's gateway was attached, and the other's has the only connection.
    let mut view = raced(1);
    view.vpn_connections.remove(&VPN.parse().unwrap());
    tunnels(&mut view, TWIN_VPN, false);
    let plan = removing(&view, &[]).unwrap();
    assert_eq!(used(&plan, "vpn_gateway"), VGW);
    assert_eq!(used(&plan, "vpn_connection"), TWIN_VPN);
    assert_eq!(removed(&plan), [TWIN_VGW]);
    let gone = plan.steps.iter().find(|it| it.change == Change::Delete);
    let gone = gone.unwrap();
    let connection = plan.steps.iter().find(|it| it.change == Change::Replace);
    assert!(gone.node.needs.contains(&connection.unwrap().node.id));
}

#[test]
fn what_is_attached_or_used_by_others_stays() {
    // Somebody else's connection ends on the surplus gateway.
    let mut view = raced(1);
    tunnels(&mut view, TWIN_VPN, false);
    add_neighbour(&mut view, 5, TWIN_VGW, as_tags(&[]));
    let plan = removing(&view, &[]).unwrap();
    assert_eq!(removed(&plan), [TWIN_VPN]);
    let told = &plan
        .warnings
        .iter()
        .find(|it| it.message.contains(&format!("needs {TWIN_VGW}")));
    let stays = format!("{TWIN_VGW} stays: vpn-00000000000000005 ends on it");
    assert_eq!(told.unwrap().help, stays);

    // It is attached to another VPC.
    let mut view = raced(1);
    tunnels(&mut view, TWIN_VPN, false);
    let attachments = view.vpn_gateways[&VGW.parse().unwrap()].attachments.clone();
    let twin = view
        .vpn_gateways
        .get_mut(&TWIN_VGW.parse().unwrap())
        .unwrap();
    twin.attachments = attachments;
    twin.attachments[0].vpc = VPC.replace("0a1b", "0fff").parse().unwrap();
    assert_eq!(removed(&removing(&view, &[]).unwrap()), [TWIN_VPN]);

    // What only looks like a duplicate: another site's, another step's, nobody's.
    for (key, value) in [
        ("underpass:site", "plant-8"),
        ("underpass:step", "second-connection"),
    ] {
        let mut view = raced(1);
        for id in [TWIN_VPN, TWIN_VGW] {
            tags_of(&mut view, id).insert(key.to_owned(), value.to_owned());
        }
        let plan = removing(&view, &[]).unwrap();
        assert_eq!(removed(&plan), [""; 0], "{key}");
        assert!(plan.duplicates.is_empty());
    }
}

#[test]
fn a_customer_gateway_that_nothing_ends_on_goes_alone() {
    let mut view = applied(&planned(&site(), &view()).unwrap(), &view());
    let mut twin = view.customer_gateways.values().next().unwrap().clone();
    // Older, and yet the connection ends on the other one.
    twin.tags.insert(
        "underpass:run".to_owned(),
        ulid::Ulid::from_parts(1, 1).to_string(),
    );
    twin.id = TWIN_CGW.parse().unwrap();
    twin.device_name = Some("copied".to_owned());
    view.customer_gateways.insert(twin.id.clone(), twin);
    let plan = removing(&view, &[]).unwrap();
    assert_eq!(removed(&plan), [TWIN_CGW]);
    assert_eq!(used(&plan, "customer_gateway"), "cgw-00000000000000001");
    assert!(planned(&site(), &applied(&plan, &view)).unwrap().is_noop());
}

#[test]
fn a_plan_that_would_take_the_wrong_one_does_not_pass() {
    let mut view = raced(1);
    tunnels(&mut view, TWIN_VPN, false);
    let good = removing(&view, &[]).unwrap();
    let caught = |code: &str, view: &View, tamper: &dyn Fn(&mut Plan)| {
        let mut plan = good.clone();
        tamper(&mut plan);
        let found: Vec<_> = lint_in(&plan, view).into_iter().map(|it| it.code).collect();
        assert!(found.contains(&code), "{code} in {found:?}");
    };
    let at = good
        .steps
        .iter()
        .position(|it| it.existing.as_deref() == Some(TWIN_VPN))
        .unwrap();
    caught("lint::mode", &view, &|plan| {
        plan.policy.remove_duplicates = false;
    });
    caught("lint::mode", &view, &|plan| plan.duplicates.clear());
    caught("lint::mode", &view, &|plan| {
        plan.steps[at].existing = Some(VPN.to_owned());
    });
    caught("lint::mode", &view, &|plan| {
        for duplicate in &mut plan.duplicates {
            duplicate.others[0].obstacle = Some("in use".to_owned());
        }
    });
    // Dressed up as a duplicate, and yet another step keeps it.
    caught("lint::duplicate", &view, &|plan| {
        plan.steps[at].existing = Some(VPN.to_owned());
        for duplicate in &mut plan.duplicates {
            duplicate.others[0].id = VPN.to_owned();
        }
    });
    caught("lint::duplicate", &view, &|plan| {
        let needs = &mut plan.steps[at].node.needs;
        needs.retain(|it| it.base() != "propagation");
    });
    caught("lint::order", &view, &|plan| {
        let connection = plan.steps[at].node.id.clone();
        for step in &mut plan.steps {
            step.node.needs.remove(&connection);
        }
    });
    caught("lint::cost", &view, &|plan| {
        plan.cost.retain(|it| it.hourly_usd > 0.0);
    });
    // It came up after the plan was saved.
    let mut later = view.clone();
    tunnels(&mut later, TWIN_VPN, true);
    caught("lint::duplicate", &later, &|_| {});
    let mut stolen = view.clone();
    tags_of(&mut stolen, TWIN_VPN).insert("underpass:site".to_owned(), "plant-8".to_owned());
    caught("lint::foreign", &stolen, &|_| {});
}
