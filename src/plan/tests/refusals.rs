//! What preflight refuses and warns about: one world each, and that a world without it passes.

use std::collections::BTreeSet;

use crate::aws::{State, StaticRoute, View};
use crate::plan::testing::{
    FOREIGN_VGW, TABLES, VPC, add_gateway, add_neighbour, applied, as_tags, listing, nets, planned,
    question, refused, route, site, static_site, view, view_with_gateway, warned,
};
use crate::plan::{PlanErrors, onboard};
use crate::resource::testing::tags_of;
use crate::spec::{AttachTo, Environment, Routing, Site};

#[test]
fn the_plain_worlds_pass_without_a_word() {
    for (site, view) in [
        (site(), view()),
        (site(), view_with_gateway()),
        (static_site(), view()),
        (static_site(), view_with_gateway()),
    ] {
        assert_eq!(warned(&planned(&site, &view).unwrap()), [""; 0]);
    }
}

fn refuses(change: impl FnOnce(&mut Site, &mut View), codes: &[&str]) {
    let (mut site, mut view) = (site(), view());
    change(&mut site, &mut view);
    assert_eq!(refused(&site, &view), codes);
}

fn refuses_adopting(change: impl FnOnce(&mut Site, &mut View), codes: &[&str]) {
    let (mut site, mut view) = (site(), view_with_gateway());
    change(&mut site, &mut view);
    assert_eq!(refused(&site, &view), codes);
}

fn warns(change: impl FnOnce(&mut Site, &mut View), codes: &[&str]) {
    let (mut site, mut view) = (site(), view_with_gateway());
    change(&mut site, &mut view);
    assert_eq!(warned(&planned(&site, &view).unwrap()), codes);
}

#[test]
fn wrong_places() {
    let gone = |view: &mut View| view.vpcs.clear();
    refuses(|_, view| gone(view), &["preflight::vpc_not_found"]);
    refuses(
        |site, _| site.aws.account = Some("999999999999".parse().unwrap()),
        &["preflight::account_mismatch"],
    );
    refuses(
        |it, _| *it = listing(site(), &["rtb-0a1b2c3d4e5f60009", TABLES[0]]),
        &["preflight::route_table_not_found"],
    );
    refuses(
        |site, view| {
            let other = "vpc-0c1b2c3d4e5f67890";
            *site = listing(site.clone(), &TABLES);
            let table = view.route_tables.values_mut().next().unwrap();
            table.vpc = other.parse().unwrap();
        },
        &["preflight::route_table_not_found"],
    );
}

#[test]
fn wrong_gateways() {
    let named = |id: &str| AttachTo::VirtualPrivateGateway(Some(id.parse().unwrap()));
    refuses(
        |site, _| site.aws.attach_to = named(FOREIGN_VGW),
        &["preflight::gateway_not_found"],
    );
    refuses_adopting(
        |site, view| {
            add_gateway(view, "vgw-0c1b2c3d4e5f60001", None);
            site.aws.attach_to = named("vgw-0c1b2c3d4e5f60001");
        },
        &["preflight::vpc_has_other_gateway"],
    );
    refuses(
        |site, view| {
            add_gateway(view, FOREIGN_VGW, Some("vpc-0c1b2c3d4e5f67890"));
            site.aws.attach_to = named(FOREIGN_VGW);
        },
        &["preflight::gateway_attached_elsewhere"],
    );
    refuses(
        |site, _| {
            site.aws.connection = Some("vpn-0c1b2c3d".parse().unwrap());
            site.aws.customer_gateway = Some("cgw-0c1b2c3d".parse().unwrap());
        },
        &[
            "preflight::connection_not_found",
            "preflight::customer_gateway_not_found",
        ],
    );
}

#[test]
fn a_name_belongs_to_one_environment() {
    let view = applied(&planned(&site(), &view()).unwrap(), &view());
    let mut site = site();
    site.environment = Environment::Production;
    site.expires_after = None;
    assert_eq!(refused(&site, &view), ["preflight::environment_differs"]);
}

#[test]
fn numbers_that_never_meet() {
    refuses(
        |site, _| site.gateway.asn = 64512.try_into().unwrap(),
        &["preflight::asn_equal"],
    );
    // The gateway that exists counts, not the one that was asked for.
    refuses_adopting(
        |site, view| {
            let gateway = view.vpn_gateways.values_mut().next().unwrap();
            gateway.amazon_side_asn = Some(65010.try_into().unwrap());
            site.aws.amazon_side_asn = 64600.try_into().unwrap();
        },
        &["preflight::asn_equal"],
    );
    warns(
        |site, _| site.aws.amazon_side_asn = 64600.try_into().unwrap(),
        &["preflight::amazon_asn_differs"],
    );
    refuses(
        |site, _| site.gateway.asn = 7224.try_into().unwrap(),
        &["preflight::asn_refused"],
    );
    refuses(
        |site, _| {
            site.region = "eu-west-1".parse().unwrap();
            site.gateway.asn = 9059.try_into().unwrap();
            site.aws.amazon_side_asn = 100.try_into().unwrap();
        },
        &["preflight::asn_refused", "preflight::amazon_asn_range"],
    );
    warns(
        |site, view| {
            add_neighbour(
                view,
                1,
                FOREIGN_VGW,
                as_tags(&[("underpass:site", "plant-8")]),
            );
            site.gateway.asn = 65100.try_into().unwrap();
        },
        &["preflight::asn_shared"],
    );
    // Without BGP the numbers mean nothing.
    let mut site = static_site();
    site.gateway.asn = 64512.try_into().unwrap();
    assert_eq!(refused(&site, &view()), [""; 0]);
}

#[test]
fn addresses_that_cannot_be_told_apart() {
    refuses(
        |site, _| site.lan = nets(&["10.0.4.0/24", "10.20.0.0/24"]),
        &["preflight::lan_overlaps_vpc"],
    );
    refuses(
        |site, _| site.lan = nets(&["0.0.0.0/1"]),
        &["preflight::lan_overlaps_vpc"],
    );
    refuses(
        |site, _| site.lan = nets(&["169.254.200.0/24"]),
        &["preflight::lan_overlaps_inside"],
    );
    refuses(
        |site, _| {
            site.lan = (0..=100u8)
                .map(|n| format!("10.20.{n}.0/24").parse().unwrap())
                .collect();
        },
        &["preflight::too_many_prefixes"],
    );
    for outside in [
        [10, 1, 1, 1],
        [100, 64, 0, 1],
        [240, 0, 0, 1],
        [224, 0, 0, 5],
    ] {
        refuses(
            |site, _| site.gateway.outside_ip = outside.into(),
            &["preflight::outside_address"],
        );
    }
    warns(
        |site, _| site.gateway.outside_ip = [203, 0, 113, 5].into(),
        &["preflight::documentation_address"],
    );
}

#[test]
fn inside_cidrs_of_neighbours_are_left_to_them() {
    let first = planned(&site(), &view_with_gateway()).unwrap();
    let taken = first.tunnels[0].options.inside_cidr;
    let world = applied(&first, &view_with_gateway());
    let mut second = site();
    second.name = "plant-8".parse().unwrap();
    second.gateway.outside_ip = [18, 184, 30, 8].into();
    second.gateway.asn = 65020.try_into().unwrap();
    second.lan = nets(&["10.40.0.0/24"]);
    second.tunnels[1].inside_cidr = Some(taken);
    assert_eq!(refused(&second, &world), ["preflight::inside_cidr_taken"]);
    second.tunnels[1].inside_cidr = None;
    // The same name would choose the same /30s: they are taken, so it goes on to the next.
    let mut elsewhere = world.clone();
    for id in ["cgw-00000000000000001", "vpn-00000000000000001"] {
        *tags_of(&mut elsewhere, id) = as_tags(&[("underpass:site", "old")]);
    }
    let again = planned(&site(), &elsewhere);
    // Same router, same number: AWS would hand out the other's customer gateway.
    assert!(matches!(again, Err(PlanErrors::Refused(_))));
    let mut moved = site();
    moved.gateway.outside_ip = [18, 184, 30, 9].into();
    moved.lan = nets(&["10.41.0.0/24"]);
    let moved = planned(&moved, &elsewhere).unwrap();
    let old = |cidr| {
        first
            .tunnels
            .iter()
            .any(|it| it.options.inside_cidr == cidr)
    };
    assert!(moved.tunnels.iter().all(|it| !old(it.options.inside_cidr)));
}

#[test]
fn one_router_for_two_vpcs_keeps_its_addresses_apart() {
    let first = planned(&site(), &view()).unwrap();
    let mut world = applied(&first, &view());
    let mut vpc = world.vpcs.values().next().unwrap().clone();
    vpc.id = "vpc-0c1b2c3d4e5f67890".parse().unwrap();
    vpc.cidrs = nets(&["10.1.0.0/16"]);
    world.vpcs.insert(vpc.id.clone(), vpc.clone());
    let mut second = site();
    second.name = "plant-7-b".parse().unwrap();
    second.aws.vpc = vpc.id;
    second.tunnels[0].inside_cidr = Some(first.tunnels[1].options.inside_cidr);
    assert_eq!(refused(&second, &world), ["preflight::inside_cidr_taken"]);
    second.tunnels[0].inside_cidr = None;
    let plan = planned(&second, &world).unwrap();
    assert_eq!(
        warned(&plan),
        ["preflight::no_route_tables", "preflight::device_shared"]
    );
}

#[test]
fn quotas_are_counted_and_can_be_accepted() {
    let mut full = view();
    for number in 1..=5 {
        add_gateway(&mut full, &format!("vgw-{number:017x}"), None);
    }
    assert_eq!(refused(&site(), &full), ["preflight::quota_vpn_gateways"]);
    // A deleted one stays listed and does not count.
    let last = full.vpn_gateways.values_mut().last().unwrap();
    last.state = State::new("deleted");
    assert_eq!(refused(&site(), &full), [""; 0]);

    let mut full = view_with_gateway();
    for number in 1..=10 {
        add_neighbour(&mut full, number, FOREIGN_VGW, as_tags(&[]));
    }
    let code = "preflight::quota_connections_per_gateway";
    assert_eq!(refused(&site(), &full), [code]);
    for number in 11..=50 {
        add_neighbour(&mut full, number, "vgw-0c1b2c3d4e5f60001", as_tags(&[]));
    }
    let all = [
        "preflight::quota_customer_gateways",
        "preflight::quota_connections",
        code,
    ];
    assert_eq!(refused(&site(), &full), all);
    let site = site();
    let accept: BTreeSet<String> = all.iter().map(|code| (*code).to_owned()).collect();
    let mut question = question(&site, Some(&full));
    question.accept = &accept;
    let plan = onboard(&question).unwrap();
    assert_eq!(warned(&plan), all);
    assert!(
        plan.warnings
            .iter()
            .all(|it| it.message.ends_with("(accepted)"))
    );
}

#[test]
fn what_cannot_be_accepted_is_not() {
    let mut site = site();
    site.gateway.asn = 64512.try_into().unwrap();
    let accept = ["preflight::asn_equal".to_owned()].into();
    let view = view();
    let mut question = question(&site, Some(&view));
    question.accept = &accept;
    assert!(onboard(&question).is_err());
}

#[test]
fn routes_that_would_win() {
    let with_route = |net: &str, target: &str| {
        let route = route(net, target);
        move |_: &mut Site, view: &mut View| {
            let table = view.route_tables.values_mut().next().unwrap();
            table.routes.push(route);
        }
    };
    let shadowed = &["preflight::route_shadowed"];
    refuses(with_route("10.20.0.0/24", "tgw-0a1b2c3d"), shadowed);
    refuses(with_route("10.20.8.128/25", "eni-0a1b2c3d"), shadowed);
    warns(
        with_route("10.0.0.0/8", "tgw-0a1b2c3d"),
        &["preflight::route_taken_over"; 2],
    );
    // A route to the gateway itself is what propagation would write.
    warns(with_route("10.20.0.0/24", FOREIGN_VGW), &[]);
    // In a table that is not selected it does not matter.
    let mut elsewhere = view();
    with_route("10.20.0.0/24", "tgw-0a1b2c3d")(&mut site(), &mut elsewhere);
    assert_eq!(refused(&listing(site(), &TABLES[1..]), &elsewhere), [""; 0]);
    refuses_adopting(
        |_, view| {
            let mut route = route("10.20.0.0/16", FOREIGN_VGW);
            route.propagated = true;
            view.route_tables
                .values_mut()
                .next()
                .unwrap()
                .routes
                .push(route);
        },
        &["preflight::prefix_announced"; 2],
    );
    let mut whole = site();
    whole.lan = nets(&["0.0.0.0/0"]);
    assert_eq!(
        warned(&planned(&whole, &view()).unwrap()),
        [
            "preflight::default_route_wins",
            "preflight::default_route_wins",
            "preflight::announces_default"
        ]
    );
}

#[test]
fn static_neighbours_attract_what_bgp_announces() {
    let neighbour = |net: &str| {
        let net = net.parse().unwrap();
        move |view: &mut View| {
            let id = add_neighbour(view, 1, FOREIGN_VGW, as_tags(&[]));
            let connection = view.vpn_connections.get_mut(&id.parse().unwrap()).unwrap();
            connection.static_routes_only = true;
            connection.routes = vec![StaticRoute {
                destination: net,
                state: State::new("available"),
            }];
        }
    };
    refuses_adopting(
        |_, view| neighbour("10.20.0.0/16")(view),
        &["preflight::static_beats_bgp"; 2],
    );
    warns(|_, view| neighbour("10.99.0.0/16")(view), &[]);
    let mut view = view_with_gateway();
    neighbour("10.30.0.0/16")(&mut view);
    assert_eq!(
        refused(&static_site(), &view),
        ["preflight::prefix_announced"]
    );
    let mut bgp = view_with_gateway();
    add_neighbour(&mut bgp, 1, FOREIGN_VGW, as_tags(&[]));
    let plan = planned(&static_site(), &bgp).unwrap();
    assert_eq!(warned(&plan), ["preflight::static_beside_bgp"]);
}

#[test]
fn devices_and_cryptography() {
    refuses(
        |site, _| site.gateway.device = "cisco-asr".to_owned(),
        &["preflight::unknown_device"],
    );
    refuses(
        |site, _| {
            let options = [("wan_interfaec".to_owned(), "eth0".to_owned())];
            site.gateway.options = options.into();
        },
        &["preflight::device_option"],
    );
    refuses(
        |site, _| {
            for wishes in &mut site.tunnels {
                wishes.phase1_dh_groups = vec![crate::spec::DhGroup(2)];
            }
        },
        &["preflight::tunnel_options"],
    );
    warns(
        |site, _| {
            site.security = crate::spec::Security::Compatible;
            site.tunnels[1].phase1_dh_groups = vec![crate::spec::DhGroup(2)];
        },
        &["preflight::weak_cryptography"],
    );
}

#[test]
fn routing_is_fixed_for_life() {
    let view = applied(&planned(&site(), &view()).unwrap(), &view());
    let mut site = site();
    site.routing = Routing::Static;
    site.gateway.device = "generic".to_owned();
    let plan = planned(&site, &view).unwrap();
    assert_eq!(warned(&plan), ["plan::outage"]);
    let connection = plan
        .steps
        .iter()
        .find(|it| it.node.kind == "vpn_connection");
    assert_eq!(
        connection.unwrap().actions,
        ["DeleteVpnConnection", "CreateVpnConnection"]
    );
    assert_eq!(VPC, site.aws.vpc.as_str());
}

#[test]
fn a_static_route_that_the_site_file_no_longer_names_is_told() {
    let view = applied(&planned(&static_site(), &view()).unwrap(), &view());
    let mut moved = static_site();
    moved.lan = nets(&["10.31.1.0/24"]);
    let plan = planned(&moved, &view).unwrap();
    assert_eq!(warned(&plan), ["preflight::route_left"]);
    assert!(plan.warnings[0].message.contains("10.30.1.0/24"));
    moved.lan = nets(&["10.31.1.0/24", "10.30.1.0/24"]);
    assert_eq!(warned(&planned(&moved, &view).unwrap()), [""; 0]);
}
