//! Teardown and reap: only what is the site's, and never what others need.

use crate::aws::View;
use crate::plan::testing::{
    TABLES, account, applied, as_tags, listing, nets, now, planned, site, static_site, ulid, view,
    view_with_gateway, warned,
};
use crate::plan::{Expiry, Plan, Prices, expired, lint_in, teardown};
use crate::playbook::Input;
use crate::resource::Change;
use crate::resource::testing::{cluttered, tags_of};
use crate::spec::{Routing, Site};

pub(super) fn away(site: &Site, view: &View) -> Plan {
    let plan = teardown(
        &site.name,
        &site.region,
        Some(account()),
        view,
        ulid(9),
        now(),
    )
    .unwrap();
    assert_eq!(lint_in(&plan, view), []);
    plan
}

pub(super) fn ids(plan: &Plan) -> Vec<&str> {
    plan.steps.iter().map(|it| it.node.id.as_str()).collect()
}

/// What of a view lives.
pub(super) fn living(view: &View) -> Vec<String> {
    let connections = view.vpn_connections.values();
    let connections = connections.filter(|it| !it.state.is_ending());
    let customer = view.customer_gateways.values();
    let customer = customer.filter(|it| !it.state.is_ending());
    let vpn = view
        .vpn_gateways
        .values()
        .filter(|it| !it.state.is_ending());
    let propagating = view
        .route_tables
        .values()
        .filter(|it| !it.propagating.is_empty());
    connections
        .map(|it| it.id.to_string())
        .chain(customer.map(|it| it.id.to_string()))
        .chain(vpn.map(|it| it.id.to_string()))
        .chain(propagating.map(|it| it.id.to_string()))
        .collect()
}

#[test]
fn an_adopted_gateway_and_its_own_propagation_stay() {
    let mut before = view_with_gateway();
    let gateway = before.vpn_gateways.keys().next().unwrap().clone();
    let first = before.route_tables.values_mut().next().unwrap();
    first.propagating.insert(gateway.clone());
    let plan = planned(&site(), &before).unwrap();
    let after = applied(&plan, &before);
    let away = away(&site(), &cluttered(&after));
    assert_eq!(
        ids(&away),
        [
            "propagation[rtb-0a1b2c3d4e5f60002]",
            "connection",
            "customer-gateway"
        ]
    );
    assert_eq!(warned(&away), ["plan::left_adopted", "plan::outage"]);
    assert_eq!(living(&applied(&away, &after)), living(&before));
}

#[test]
fn a_gateway_that_another_site_needs_stays_until_it_does_not() {
    let after = applied(&planned(&site(), &view()).unwrap(), &view());
    let mut second = static_site();
    second.gateway.outside_ip = [18, 184, 30, 8].into();
    second.lan = nets(&["10.40.0.0/24"]);
    let both = applied(&planned(&second, &after).unwrap(), &after);
    let first_away = away(&site(), &both);
    assert_eq!(ids(&first_away), ["connection", "customer-gateway"]);
    assert_eq!(warned(&first_away), ["plan::left_in_use", "plan::outage"]);
    let second_alone = applied(&first_away, &both);
    assert!(planned(&second, &second_alone).unwrap().is_noop());
    // The other way round: the second leaves what it adopted, the first takes all.
    let first_alone = applied(&away(&second, &both), &both);
    assert!(planned(&site(), &first_alone).unwrap().is_noop());
    let nothing = applied(&away(&site(), &first_alone), &first_alone);
    assert_eq!(living(&nothing), [""; 0]);
    // And after the second, the first's gateway goes too.
    let left = applied(&away(&second, &second_alone), &second_alone);
    let rest = away(&site(), &left);
    assert_eq!(warned(&rest), [""; 0]);
    assert_eq!(living(&applied(&rest, &left)), [""; 0]);
}

#[test]
fn propagation_that_two_sites_enabled_stays_until_the_last_of_them_goes() {
    let before = view_with_gateway();
    let after = applied(&planned(&site(), &before).unwrap(), &before);
    let mut second = static_site();
    second.gateway.outside_ip = [18, 184, 30, 8].into();
    second.lan = nets(&["10.40.0.0/24"]);
    let both = applied(&planned(&second, &after).unwrap(), &after);
    assert!(planned(&second, &both).unwrap().is_noop());
    assert!(planned(&site(), &both).unwrap().is_noop());
    for (first, last) in [(site(), second.clone()), (second.clone(), site())] {
        let alone = applied(&away(&first, &both), &both);
        let routes = |view: &View| -> Vec<_> {
            let tables = view.route_tables.values();
            tables.map(|it| it.propagating.clone()).collect()
        };
        assert_eq!(routes(&alone), routes(&both), "{} needs them", last.name);
        assert!(planned(&last, &alone).unwrap().is_noop());
        let nobody = applied(&away(&last, &alone), &alone);
        assert_eq!(living(&nobody), living(&before), "after {}", last.name);
    }
}

#[test]
fn a_visitor_leaves_the_routes_that_the_gateways_own_site_has_come_to_use() {
    let host = listing(site(), &TABLES[..1]);
    let alone = applied(&planned(&host, &view()).unwrap(), &view());
    let mut visitor = static_site();
    visitor.gateway.outside_ip = [18, 184, 30, 8].into();
    visitor.lan = nets(&["10.40.0.0/24"]);
    let both = applied(&planned(&visitor, &alone).unwrap(), &alone);
    assert!(
        planned(&site(), &both).unwrap().is_noop(),
        "both tables learn"
    );
    let left = applied(&away(&visitor, &both), &both);
    assert!(planned(&site(), &left).unwrap().is_noop());
    assert_eq!(living(&applied(&away(&site(), &left), &left)), [""; 0]);
}

#[test]
fn a_connection_that_replaces_another_remembers_what_that_one_did() {
    let before = view_with_gateway();
    let after = applied(&planned(&site(), &before).unwrap(), &before);
    let mut other = site();
    other.routing = Routing::Static;
    let plan = planned(&other, &after).unwrap();
    let connection = plan
        .steps
        .iter()
        .find(|it| it.node.kind == "vpn_connection");
    let connection = connection.unwrap();
    assert_eq!(connection.change, Change::Replace);
    let Input::Known(enables) = &connection.node.inputs["enables_propagation"] else {
        panic!("{connection:#?}");
    };
    assert_eq!(*enables, serde_json::json!(TABLES));
}

#[test]
fn two_kinds_whose_tags_name_one_step_are_two_steps() {
    let mut after = applied(&planned(&site(), &view()).unwrap(), &view());
    for id in ["cgw-00000000000000001", "vgw-00000000000000001"] {
        tags_of(&mut after, id).extend(as_tags(&[("underpass:step", "attachment")]));
    }
    let plan = away(&site(), &after);
    let unique: std::collections::BTreeSet<_> = ids(&plan).into_iter().collect();
    assert_eq!((unique.len(), plan.steps.len()), (6, 6), "{unique:?}");
    assert_eq!(living(&applied(&plan, &after)), [""; 0]);
}

#[test]
fn a_teardown_saves_what_the_site_costs() {
    let plan = planned(&site(), &view()).unwrap();
    let after = applied(&plan, &view());
    let away = away(&site(), &after);
    assert!((plan.hourly_usd() + away.hourly_usd()).abs() < 1e-9);
    assert!(plan.hourly_usd() > 0.0);
    let mut other = plan.clone();
    let prices = "as_of: 2030-01-01\nhourly:\n  vpn_connection:\n    item: x\n    usd: \
                  {eu-central-1: 0.1}\n";
    other.reprice(&Prices::read(prices).unwrap());
    assert!((other.hourly_usd() - 0.1).abs() < 1e-9);
    assert_eq!(other.prices_as_of, "2030-01-01");
}

#[test]
fn only_expired_test_sites_are_reaped() {
    let after = applied(&planned(&site(), &view()).unwrap(), &view());
    let hours = |n: i64| {
        now()
            .checked_add(jiff::SignedDuration::from_hours(n))
            .unwrap()
    };
    assert_eq!(expired(&after, hours(7)), Expiry::default());
    let [found] = expired(&after, hours(9)).expired.try_into().unwrap();
    assert_eq!(found.site, site().name);
    assert_eq!(found.billed, [("vpn_connection".to_owned(), 1)].into());
    assert_eq!(found.expired_at, hours(8));
    assert_eq!(found.objects.len(), 3);
    let changed = |change: &dyn Fn(&mut crate::aws::Tags)| {
        let mut view = after.clone();
        change(tags_of(&mut view, "cgw-00000000000000001"));
        let found = expired(&view, hours(9));
        (found.expired.len(), found.doubtful.len())
    };
    assert_eq!(changed(&|_| {}), (1, 0));
    let set = |key: &'static str, value: &'static str| {
        move |tags: &mut crate::aws::Tags| tags.extend(as_tags(&[(key, value)]))
    };
    let later = set("underpass:expires-at", "2027-01-01T00:00:00Z");
    assert_eq!(changed(&later), (0, 0), "the latest counts");
    for (key, value) in [
        ("underpass:environment", "production"),
        ("underpass:environment", "Test"),
        ("underpass:expires-at", "never"),
        ("underpass:expires-at", "tomorrow"),
        ("underpass:expires-at", "2020-13-01T00:00:00Z"),
        ("underpass:run", "by hand"),
    ] {
        assert_eq!(changed(&set(key, value)), (0, 1), "{key} = {value}");
    }
    for key in [
        "underpass:environment",
        "underpass:expires-at",
        "underpass:run",
        "underpass:step",
    ] {
        let without = |tags: &mut crate::aws::Tags| {
            tags.remove(key);
        };
        assert_eq!(changed(&without), (0, 1), "{key}");
    }
    // A whole site that says so is no matter of doubt.
    for (key, value) in [
        ("underpass:environment", "production"),
        ("underpass:expires-at", "never"),
    ] {
        let mut view = after.clone();
        for id in &found.objects {
            tags_of(&mut view, id).insert(key.to_owned(), value.to_owned());
        }
        assert_eq!(
            expired(&view, hours(9)),
            Expiry::default(),
            "{key} = {value}"
        );
    }
}
