//! Any world: plans are deterministic, touch nothing foreign, and a second one finds nothing to do.

use ipnet::Ipv4Net;
use proptest::prelude::*;

use crate::aws::{State, View};
use crate::plan::testing::{
    TABLES, VPC, account, add_gateway, add_neighbour, applied, as_json, as_tags, listing, now,
    planned, question, site, static_site, ulid, view,
};
use crate::plan::{PlanErrors, lint_in, onboard, teardown};
use crate::resource::Change;
use crate::resource::testing::cluttered;
use crate::spec::Site;

/// A site file's worth of choices.
fn sites() -> impl Strategy<Value = Site> {
    (
        any::<bool>(),
        "[a-z][a-z0-9]{0,8}",
        64_513..=65_000u32,
        prop::collection::btree_set(0..60u8, 1..5),
        1..=3usize,
        any::<[Option<u8>; 2]>(),
        any::<bool>(),
    )
        .prop_map(|(bgp, name, asn, lan, tables, inside, behind_nat)| {
            let mut site = if bgp { site() } else { static_site() };
            site.name = name.parse().unwrap();
            site.gateway.asn = asn.try_into().unwrap();
            site.lan = lan
                .into_iter()
                .map(|n| Ipv4Net::new([10, 20, n, 0].into(), 24).unwrap())
                .collect();
            if tables < 3 {
                site = listing(site, &TABLES[..tables]);
            }
            if behind_nat {
                site.gateway.local_ip = Some([192, 168, 1, 2].into());
            }
            for (wishes, n) in site.tunnels.iter_mut().zip(inside) {
                wishes.inside_cidr = n.and_then(|n| format!("169.254.{n}.8/30").parse().ok());
            }
            site
        })
}

/// A Region with gateways and connections of others, with and without our tags.
fn views() -> impl Strategy<Value = View> {
    let neighbours = prop::collection::vec((any::<bool>(), any::<bool>(), any::<bool>()), 0..8);
    (0..4usize, any::<bool>(), neighbours, any::<[bool; 2]>()).prop_map(
        |(gateways, attached, neighbours, propagating)| {
            let mut view = view();
            for n in 0..gateways {
                let id = format!("vgw-{:017x}", 0xb00 + n);
                add_gateway(&mut view, &id, (n == 0 && attached).then_some(VPC));
            }
            let first = "vgw-00000000000000b00";
            for (n, (on_first, ours, is_static)) in (1..).zip(neighbours) {
                let tags = match ours {
                    true => as_tags(&[("underpass:site", "neighbour"), ("underpass:step", "x")]),
                    false => as_tags(&[]),
                };
                let gateway = if on_first {
                    first
                } else {
                    "vgw-0c1b2c3d4e5f60001"
                };
                let id = add_neighbour(&mut view, n, gateway, tags);
                let connection = view.vpn_connections.get_mut(&id.parse().unwrap()).unwrap();
                connection.static_routes_only = is_static;
            }
            if gateways > 0 && attached {
                for (table, on) in view.route_tables.values_mut().zip(propagating) {
                    if on {
                        table.propagating.insert(first.parse().unwrap());
                    }
                }
            }
            view
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_world_is_planned_once_and_taken_away_whole(site in sites(), before in views()) {
        let plan = match planned(&site, &before) {
            Ok(plan) => plan,
            Err(PlanErrors::Refused(refusals)) => {
                prop_assert!(!refusals.is_empty());
                return Ok(());
            }
            Err(error) => panic!("{error}"),
        };
        prop_assert_eq!(lint_in(&plan, &before), []);
        prop_assert!(plan.steps.iter().all(|it| !matches!(it.change, Change::Delete | Change::Replace)));
        // The same world in another order of lists, with what was deleted among it.
        let twice = planned(&site, &cluttered(&before)).unwrap();
        prop_assert_eq!(as_json(&plan), as_json(&twice));
        prop_assert!(plan.same_world(&twice));

        let after = applied(&plan, &before);
        let again = planned(&site, &after).unwrap();
        prop_assert!(again.is_noop(), "{}", as_json(&again));
        prop_assert_eq!(&plan.tunnels, &again.tunnels);
        prop_assert_eq!(lint_in(&again, &after), []);
        prop_assert!(!plan.same_world(&again));

        let away = teardown(&site.name, &site.region, Some(account()), &after, ulid(9), now());
        let away = away.unwrap();
        prop_assert_eq!(lint_in(&away, &after), []);
        let left = applied(&away, &after);
        let foreign = |view: &View| {
            let mut view = view.clone();
            view.vpn_gateways.retain(|_, it| !it.state.is_ending());
            view.customer_gateways.retain(|_, it| !it.state.is_ending());
            view.vpn_connections.retain(|_, it| !it.state.is_ending());
            for connection in view.vpn_connections.values_mut() {
                connection.telemetry.clear();
            }
            serde_json::to_string(&view).unwrap()
        };
        prop_assert_eq!(foreign(&left), foreign(&before));
    }

    #[test]
    fn a_plan_survives_its_file(site in sites()) {
        let plan = onboard(&question(&site, None));
        if let Ok(plan) = plan {
            let read: crate::plan::Plan = serde_json::from_str(&as_json(&plan)).unwrap();
            prop_assert_eq!(&read, &plan);
            prop_assert_eq!(as_json(&read), as_json(&plan));
        }
    }
}

#[test]
fn a_saved_plan_knows_what_changed() {
    let (site, world) = (site(), view());
    let saved = planned(&site, &world).unwrap();
    let mut later = question(&site, Some(&world));
    later.now = now()
        .checked_add(jiff::SignedDuration::from_mins(20))
        .unwrap();
    later.run = ulid(99);
    assert_eq!(saved.what_changed_since(&onboard(&later).unwrap()), [""; 0]);
    let mut other = view();
    add_gateway(&mut other, "vgw-0b1b2c3d4e5f60001", Some(VPC));
    let changed = saved.what_changed_since(&planned(&site, &other).unwrap());
    assert_eq!(changed, ["what exists in AWS changed", "the steps differ"]);
    let mut edited = site.clone();
    edited.gateway.uplink_mtu = 1400;
    let changed = saved.what_changed_since(&planned(&edited, &world).unwrap());
    assert_eq!(
        changed,
        [
            "the site file changed",
            "the tunnel options or the permitted changes differ"
        ]
    );
    let offline = onboard(&question(&site, None)).unwrap();
    let changed = offline.what_changed_since(&saved);
    assert_eq!(changed[0], "it was made without looking at AWS");
}

#[test]
fn a_connection_that_is_being_deleted_has_its_inside_cidrs_still() {
    let mut view = applied(&planned(&site(), &view()).unwrap(), &view());
    let used = planned(&site(), &view).unwrap().tunnels;
    let connection = view.vpn_connections.values_mut().next().unwrap();
    connection.state = State::new("deleting");
    let fresh = planned(&site(), &view).unwrap().tunnels;
    for tunnel in &fresh {
        let cidr = tunnel.options.inside_cidr;
        assert!(used.iter().all(|it| it.options.inside_cidr != cidr));
    }
    view.vpn_connections.values_mut().next().unwrap().state = State::new("deleted");
    assert_eq!(planned(&site(), &view).unwrap().tunnels, used);
}
