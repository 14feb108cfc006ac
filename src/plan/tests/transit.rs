//! Sites on transit gateways: what is planned, refused, kept and left.

use std::collections::BTreeSet;

use ipnet::IpNet;

use crate::aws::{
    Call, Subnet, Tags, TransitCall, TransitPair, TransitRoute, TransitTableContents, View,
};
use crate::plan::show::{Look, text};
use crate::plan::testing::{
    TABLES, VPC, account, add_neighbour, applied, as_tags, nets, now, planned, refused, route,
    site, static_site, ulid, view, warned,
};
use crate::plan::{LARGEST_POLICY, Plan, PolicyFor, Scope, lint_in, policy, teardown};
use crate::resource::testing::{apply, nth};
use crate::resource::{Change, kept_for_others};
use crate::spec::{
    AttachTo, Routing, Site, TransitGatewayId, TransitGatewayRouteTableId, TransitTarget,
};

const HUB: &str = "tgw-00000000000000001";

/// The view with three subnets in two availability zones.
fn with_subnets() -> View {
    let mut view = view();
    for (n, zone, length) in [(1, "a", 24), (2, "a", 28), (3, "b", 24)] {
        let subnet = Subnet {
            id: nth("subnet", n),
            vpc: VPC.parse().unwrap(),
            zone: format!("eu-central-1{zone}"),
            cidr: Some(format!("10.0.{n}.0/{length}").parse().unwrap()),
            free_addresses: 11,
            tags: Tags::new(),
        };
        view.subnets.insert(subnet.id.clone(), subnet);
    }
    view
}

/// With somebody's transit gateway, too; the VPC is not attached.
fn with_hub() -> View {
    let mut view = with_subnets();
    let create = TransitCall::CreateGateway {
        amazon_side_asn: 64600.try_into().unwrap(),
        cidrs: Vec::new(),
        tags: as_tags(&[("Name", "core")]),
    };
    let id = apply(&mut view, &Call::Transit(create)).unwrap();
    assert_eq!(id.as_deref(), Some(HUB));
    view
}

/// With the VPC attached to it by somebody, too.
fn with_attachment() -> View {
    let mut view = with_hub();
    let attach = TransitCall::AttachVpc {
        transit_gateway: HUB.parse().unwrap(),
        vpc: VPC.parse().unwrap(),
        subnets: [nth("subnet", 1)].into(),
        tags: as_tags(&[("Name", "hand-made")]),
    };
    apply(&mut view, &Call::Transit(attach)).unwrap();
    view
}

fn on(mut site: Site, target: TransitTarget) -> Site {
    site.aws.attach_to = AttachTo::TransitGateway(target);
    site
}

fn on_hub(site: Site) -> Site {
    on(site, TransitTarget::Existing(HUB.parse().unwrap()))
}

fn changes(plan: &Plan) -> Vec<(&str, Change)> {
    let steps = plan.steps.iter();
    steps.map(|it| (it.node.id.as_str(), it.change)).collect()
}

fn away(site: &Site, view: &View) -> Plan {
    teardown(
        &site.name,
        &site.region,
        Some(account()),
        view,
        ulid(9),
        now(),
    )
    .unwrap()
}

/// Every permission that a plan lists is in its policy and nothing else, and it is small enough.
fn policy_fits(plan: &Plan) {
    let policy = policy(&PolicyFor::Plan(plan));
    let statements = policy["Statement"].as_array().unwrap();
    let allowed: BTreeSet<&str> = statements
        .iter()
        .flat_map(|it| it["Action"].as_array().unwrap())
        .filter_map(|it| it.as_str())
        .collect();
    let listed = plan.permissions.iter().map(|it| it.action.as_str());
    assert_eq!(allowed, listed.collect::<BTreeSet<_>>());
    assert!(policy.to_string().len() < LARGEST_POLICY);
}

#[test]
fn a_site_is_built_kept_and_taken_away_whatever_was_there() {
    let new = |site| on(site, TransitTarget::New);
    let tagged = |site| {
        let (key, value) = ("Name".to_owned(), "core".to_owned());
        on(site, TransitTarget::Tagged { key, value })
    };
    for (name, site, before) in [
        ("new_static", new(static_site()), with_subnets()),
        ("new_bgp", new(site()), with_hub()),
        ("hub_bgp", on_hub(site()), with_hub()),
        ("hub_static", tagged(static_site()), with_hub()),
        ("attached_bgp", tagged(site()), with_attachment()),
        ("attached_static", on_hub(static_site()), with_attachment()),
    ] {
        let plan = planned(&site, &before).unwrap();
        assert_eq!(lint_in(&plan, &before), [], "{name}");
        policy_fits(&plan);
        insta::assert_snapshot!(name, text(&plan, &Look::default()));

        let after = applied(&plan, &before);
        let again = planned(&site, &after).unwrap();
        assert!(again.is_noop(), "{name}: {:?}", changes(&again));

        let away = away(&site, &after);
        assert_eq!(lint_in(&away, &after), [], "{name}");
        policy_fits(&away);
        assert_eq!(kept_for_others(&site.name, &after), [], "{name}");
        let gone = applied(&away, &after);
        assert_eq!(gone.outline(), before.outline(), "{name}");
        let nothing = self::away(&site, &gone);
        assert!(nothing.steps.is_empty(), "{name}");
    }
}

#[test]
fn a_network_more_writes_routes_and_replaces_nothing() {
    for routing in [Routing::Bgp, Routing::Static] {
        let mut site = on_hub(match routing {
            Routing::Bgp => self::site(),
            Routing::Static => static_site(),
        });
        let after = applied(&planned(&site, &with_hub()).unwrap(), &with_hub());
        site.lan.extend(nets(&["10.99.0.0/24"]));
        let more = planned(&site, &after).unwrap();
        assert_eq!(lint_in(&more, &after), []);
        let made: BTreeSet<&str> = changes(&more)
            .into_iter()
            .filter(|(_, change)| *change == Change::Create)
            .map(|(id, _)| id)
            .collect();
        let tables = TABLES.map(|table| format!("vpc-route[{table}:10.99.0.0/24]"));
        let mut wanted: BTreeSet<&str> = tables.iter().map(String::as_str).collect();
        if routing == Routing::Static {
            wanted.insert("transit-route[10.99.0.0/24]");
        }
        assert_eq!(made, wanted);
        assert!(
            changes(&more)
                .iter()
                .all(|(_, it)| ![Change::Replace, Change::Delete].contains(it))
        );
        let built = applied(&more, &after);
        assert!(planned(&site, &built).unwrap().is_noop());

        // One network less takes its routes away, says so, and touches nothing else.
        site.lan.pop();
        let less = planned(&site, &built).unwrap();
        assert_eq!(lint_in(&less, &built), []);
        assert!(warned(&less).contains(&"plan::no_longer_named"));
        let removed = changes(&less).into_iter();
        let removed = removed.filter(|(_, change)| *change != Change::Keep);
        let removed: Vec<&str> = removed
            .filter(|(_, change)| *change != Change::Adopt)
            .map(|(id, change)| {
                assert_eq!(change, Change::Delete);
                id
            })
            .collect();
        assert_eq!(removed.len(), made.len(), "{removed:?}");
        assert!(removed.iter().all(|id| id.ends_with("10.99.0.0/24]")));
        let fewer = applied(&less, &built);
        let routes = |view: &View| {
            let all = view.route_tables.values().flat_map(|it| &it.routes);
            all.filter(|it| it.destination == Some("10.99.0.0/24".parse().unwrap()))
                .count()
        };
        assert_eq!((routes(&built), routes(&fewer)), (TABLES.len(), 0));
        assert!(planned(&site, &fewer).unwrap().is_noop());
        let gone = applied(&away(&site, &built), &built);
        assert_eq!(gone.outline(), with_hub().outline());
    }
}

#[test]
fn two_sites_share_an_attachment_and_the_last_one_takes_it_away() {
    let first = on_hub(site());
    let mut second = on_hub(site());
    second.name = "plant-8".parse().unwrap();
    second.gateway.outside_ip = [18, 184, 30, 8].into();
    second.gateway.asn = 65_011.try_into().unwrap();
    second.lan = nets(&["10.40.0.0/24"]);
    let one = applied(&planned(&first, &with_hub()).unwrap(), &with_hub());
    let plan = planned(&second, &one).unwrap();
    let shared = plan
        .steps
        .iter()
        .find(|it| it.node.id.as_str() == "vpc-attachment");
    assert_eq!(shared.unwrap().change, Change::Adopt);
    let both = applied(&plan, &one);

    let kept = kept_for_others(&first.name, &both);
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert!(
        kept[0].because.contains("site plant-8 is for the same VPC"),
        "{kept:?}"
    );
    let only_second = applied(&away(&first, &both), &both);
    assert!(planned(&second, &only_second).unwrap().is_noop());
    let none = applied(&away(&second, &only_second), &only_second);
    let rest = applied(&away(&first, &none), &none);
    assert_eq!(rest.outline(), with_hub().outline());
}

#[test]
fn somebodys_route_over_our_attachment_keeps_it() {
    let site = on_hub(site());
    let mut after = applied(&planned(&site, &with_hub()).unwrap(), &with_hub());
    let table = after
        .route_tables
        .get_mut(&TABLES[0].parse().unwrap())
        .unwrap();
    table.routes.push(route("10.200.0.0/16", HUB));
    let plan = away(&site, &after);
    let kept = kept_for_others(&site.name, &after);
    let kept: Vec<_> = kept.iter().map(|it| it.because.as_str()).collect();
    let because = format!(
        "{} has a route to 10.200.0.0/16 over it, which underpass did not write",
        TABLES[0]
    );
    assert_eq!(kept, [because]);
    assert!(changes(&plan).iter().all(|(id, _)| *id != "vpc-attachment"));
    let gone = applied(&plan, &after);
    assert!(
        gone.transit_attachments
            .values()
            .any(|it| !it.state.is_ending())
    );
}

#[test]
fn routes_that_nothing_remembers_are_told_of() {
    let remembered = planned(&on_hub(site()), &with_hub()).unwrap();
    assert!(!warned(&remembered).contains(&"plan::not_remembered"));
    let built = applied(&remembered, &with_hub());
    let mut view = built.clone();
    for connection in view.vpn_connections.values_mut() {
        connection.tags.clear();
    }
    for gateway in view.customer_gateways.values_mut() {
        gateway.tags.clear();
    }
    for table in view.route_tables.values_mut() {
        table.routes.retain(|it| it.target != HUB);
    }
    let mut site = on_hub(site());
    site.aws.connection = view.vpn_connections.keys().next().cloned();
    let plan = planned(&site, &view).unwrap();
    assert!(
        warned(&plan).contains(&"plan::not_remembered"),
        "{:?}",
        warned(&plan)
    );
}

#[test]
fn what_stands_in_the_way_is_refused_with_its_code() {
    type Change<'a> = &'a dyn Fn(&mut Site, &mut View);
    let hub = |view: &mut View| -> TransitGatewayId {
        view.transit_gateways.keys().next().unwrap().clone()
    };
    let table = |view: &View| -> TransitGatewayRouteTableId {
        view.transit_route_tables.keys().next().unwrap().clone()
    };
    let cases: [(&str, Change<'_>); 15] = [
        ("preflight::transit_gateway_not_found", &|site, _| {
            let id = "tgw-0a1b2c3d".parse().unwrap();
            site.aws.attach_to = AttachTo::TransitGateway(TransitTarget::Existing(id));
        }),
        ("preflight::transit_gateway_not_found", &|site, _| {
            let (key, value) = ("Name".to_owned(), "hub".to_owned());
            site.aws.attach_to = AttachTo::TransitGateway(TransitTarget::Tagged { key, value });
        }),
        ("preflight::transit_gateway_ambiguous", &|site, view| {
            let mut twin = view.transit_gateways.values().next().unwrap().clone();
            twin.id = nth("tgw", 2);
            view.transit_gateways.insert(twin.id.clone(), twin);
            let (key, value) = ("Name".to_owned(), "core".to_owned());
            site.aws.attach_to = AttachTo::TransitGateway(TransitTarget::Tagged { key, value });
        }),
        ("preflight::transit_subnet_not_found", &|site, _| {
            site.aws.transit.subnets = vec![nth("subnet", 9)];
        }),
        ("preflight::transit_subnets_share_zone", &|site, _| {
            site.aws.transit.subnets = vec![nth("subnet", 1), nth("subnet", 2)];
        }),
        ("preflight::transit_no_subnet", &|_, view| {
            view.subnets.clear();
        }),
        ("preflight::transit_no_association", &|_, view| {
            let id = hub(view);
            view.transit_gateways
                .get_mut(&id)
                .unwrap()
                .association_table = None;
        }),
        ("preflight::transit_no_propagation", &|_, view| {
            let id = hub(view);
            view.transit_gateways
                .get_mut(&id)
                .unwrap()
                .propagation_table = None;
        }),
        ("preflight::transit_no_static_table", &|site, view| {
            site.routing = Routing::Static;
            site.aws.transit.route_table = Some(table(view));
            let id = hub(view);
            view.transit_gateways
                .get_mut(&id)
                .unwrap()
                .association_table = None;
        }),
        ("preflight::transit_table_not_found", &|site, _| {
            site.aws.transit.route_table = Some(nth("tgw-rtb", 9));
        }),
        ("preflight::transit_table_not_found", &|site, view| {
            let other = table(view);
            view.transit_route_tables
                .get_mut(&other)
                .unwrap()
                .transit_gateway = None;
            site.aws.transit.propagate_to = vec![other];
        }),
        ("preflight::transit_no_ecmp", &|site, view| {
            site.aws.transit.ecmp = true;
            let id = hub(view);
            view.transit_gateways.get_mut(&id).unwrap().vpn_ecmp = false;
        }),
        ("preflight::quota_transit_gateways", &|site, view| {
            for n in 2..=5 {
                let mut other = view.transit_gateways.values().next().unwrap().clone();
                (other.id, other.owner) = (nth("tgw", n), Some(account()));
                view.transit_gateways.insert(other.id.clone(), other);
            }
            let id = hub(view);
            view.transit_gateways.get_mut(&id).unwrap().owner = Some(account());
            site.aws.attach_to = AttachTo::TransitGateway(TransitTarget::New);
        }),
        ("preflight::too_many_prefixes", &|site, _| {
            let net = |n: u32| {
                format!("10.{}.{}.0/24", 64 + n / 256, n % 256)
                    .parse()
                    .unwrap()
            };
            site.lan = (0..1001).map(net).collect();
        }),
        ("preflight::quota_connections", &|_, view| {
            for n in 0..50 {
                add_neighbour(view, n, "vgw-0b1b2c3d4e5f60009", Tags::new());
            }
            view.customer_gateways.clear();
        }),
    ];
    for (code, change) in cases {
        let (mut site, mut view) = (on_hub(site()), with_hub());
        assert_eq!(refused(&site, &view), [""; 0]);
        change(&mut site, &mut view);
        assert_eq!(refused(&site, &view), [code]);
    }
}

#[test]
fn networks_that_the_gateway_leads_elsewhere_are_refused() {
    let leads = |net: &str, propagated| {
        let mut view = with_attachment();
        let attachment = view.transit_attachments.keys().next().unwrap().clone();
        let contents = view.transit_table_contents.values_mut().next().unwrap();
        contents.routes.push(TransitRoute {
            destination: net.parse::<IpNet>().unwrap(),
            attachments: [attachment].into(),
            propagated,
            state: crate::aws::State::new("active"),
        });
        view
    };
    let lan = self::site().lan[0];
    let code = "preflight::transit_prefix_taken";
    for propagated in [true, false] {
        let taken = leads(&lan.to_string(), propagated);
        assert_eq!(refused(&on_hub(site()), &taken), [code]);
        let wider = leads("10.0.0.0/8", propagated);
        assert_eq!(refused(&on_hub(site()), &wider), [""; 0]);
    }
    // A static route wins over one that is learned, and the step itself tells of one that is written.
    let mut static_site = on_hub(site());
    static_site.routing = Routing::Static;
    assert_eq!(
        refused(&static_site, &leads(&lan.to_string(), true)),
        [""; 0]
    );
    assert_eq!(
        refused(&static_site, &leads(&lan.to_string(), false)).len(),
        1
    );
    // Somebody's route in the VPC that leads over the gateway already is used; another is refused.
    let mut view = with_attachment();
    let table = view
        .route_tables
        .get_mut(&TABLES[0].parse().unwrap())
        .unwrap();
    table.routes.push(route(&lan.to_string(), HUB));
    let plan = planned(&on_hub(site()), &view).unwrap();
    let adopted = changes(&plan)
        .into_iter()
        .filter(|(id, _)| id.starts_with("vpc-route"));
    let adopted: Vec<Change> = adopted.map(|it| it.1).collect();
    assert!(adopted.contains(&Change::Adopt) && adopted.contains(&Change::Create));
    let table = view
        .route_tables
        .get_mut(&TABLES[0].parse().unwrap())
        .unwrap();
    table.routes.last_mut().unwrap().target = "eni-0a1b2c3d".to_owned();
    assert_eq!(refused(&on_hub(site()), &view).len(), 1);
}

#[test]
fn a_table_of_its_own_takes_the_place_of_the_default_one() {
    let mut before = with_attachment();
    let default = before.transit_route_tables.keys().next().unwrap().clone();
    let own: TransitGatewayRouteTableId = nth("tgw-rtb", 2);
    let mut table = before.transit_route_tables[&default].clone();
    table.id = own.clone();
    before.transit_route_tables.insert(own.clone(), table);
    before
        .transit_table_contents
        .insert(own.clone(), TransitTableContents::default());
    let attachment = before.transit_attachments.keys().next().unwrap().clone();
    let pair = TransitPair {
        table: own.clone(),
        attachment,
    };
    apply(
        &mut before,
        &Call::Transit(TransitCall::EnablePropagation(pair)),
    )
    .unwrap();
    let mut site = on_hub(site());
    site.aws.transit.route_table = Some(own.clone());
    site.aws.transit.propagate_to = vec![own.clone(), default];
    let plan = planned(&site, &before).unwrap();
    assert_eq!(lint_in(&plan, &before), []);
    let after = applied(&plan, &before);
    let attachments = after.transit_attachments.values();
    let mut its = attachments.filter(|it| it.resource_type == "vpn");
    assert_eq!(its.next().unwrap().association.as_ref().unwrap().table, own);
    assert!(planned(&site, &after).unwrap().is_noop());
    let gone = applied(&away(&site, &after), &after);
    assert_eq!(gone.outline(), before.outline());
}

#[test]
fn a_sites_policy_covers_what_its_plans_need() {
    let site = on(static_site(), TransitTarget::New);
    let (account, view) = (account(), with_subnets());
    let of = |scope| {
        policy(&PolicyFor::Site {
            site: &site.name,
            region: &site.region,
            account: Some(&account),
            scope,
            transit: true,
            direct_connect: false,
        })
    };
    let onboard = of(Scope::Onboard);
    insta::assert_snapshot!("policy_on_a_transit_gateway", format!("{onboard:#}"));
    let plan = planned(&site, &view).unwrap();
    let built = applied(&plan, &view);
    for (policy, plan) in [(onboard, plan), (of(Scope::Teardown), away(&site, &built))] {
        let text = policy.to_string();
        assert!(text.len() < LARGEST_POLICY, "{}", text.len());
        for need in &plan.permissions {
            assert!(
                text.contains(&format!("\"{}\"", need.action)),
                "{}",
                need.action
            );
        }
    }
}
