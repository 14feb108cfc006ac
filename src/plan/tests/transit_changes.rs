//! What a change of mind does to a site on somebody's transit gateway.

use ipnet::IpNet;

use crate::aws::{Call, State};
use crate::aws::{Collection, Subnet, Tags, TransitAttachment, TransitCall, View};
use crate::plan::testing::{
    VPC, applied, as_tags, nets, now, planned, refused, site, static_site, view, warned,
};
use crate::plan::{Plan, lint_in};
use crate::resource::testing::{apply, new_table, nth};
use crate::resource::{Change, TAG_SITE, TAG_STEP};
use crate::spec::{AttachTo, Site, TransitGatewayId, TransitGatewayRouteTableId, TransitTarget};

/// A transit gateway with two tables, the VPC attached to it by whoever has it.
fn hub() -> (View, TransitGatewayRouteTableId, TransitGatewayRouteTableId) {
    let mut view = view();
    let subnet = Subnet {
        id: nth("subnet", 1),
        vpc: VPC.parse().unwrap(),
        zone: "eu-central-1a".to_owned(),
        cidr: Some("10.0.1.0/24".parse().unwrap()),
        free_addresses: 11,
        tags: Tags::new(),
    };
    view.subnets.insert(subnet.id.clone(), subnet);
    let create = TransitCall::CreateGateway {
        amazon_side_asn: 64600.try_into().unwrap(),
        cidrs: Vec::new(),
        tags: as_tags(&[("Name", "core")]),
    };
    apply(&mut view, &Call::Transit(create)).unwrap();
    let id: TransitGatewayId = nth("tgw", 1);
    let attach = TransitCall::AttachVpc {
        transit_gateway: id.clone(),
        vpc: VPC.parse().unwrap(),
        subnets: [nth("subnet", 1)].into(),
        tags: as_tags(&[("Name", "hand-made")]),
    };
    apply(&mut view, &Call::Transit(attach)).unwrap();
    let default = view.transit_gateways[&id]
        .association_table
        .clone()
        .unwrap();
    let second = new_table(&mut view, &id);
    (view, default, second)
}

fn on_hub(mut site: Site) -> Site {
    site.aws.attach_to = AttachTo::TransitGateway(TransitTarget::Existing(nth("tgw", 1)));
    site
}

fn changing(plan: &Plan) -> Vec<(&str, Change)> {
    let steps = plan.steps.iter().filter(|it| it.changes_something());
    steps.map(|it| (it.node.id.as_str(), it.change)).collect()
}

fn own_attachment(view: &View) -> &TransitAttachment {
    let mut all = view.transit_attachments.values();
    all.find(|it| it.resource_type == "vpn").unwrap()
}

fn learns(view: &View, table: &TransitGatewayRouteTableId) -> bool {
    let own = &own_attachment(view).id;
    let all = &view.transit_table_contents[table].propagations;
    all.iter().any(|it| it.attachment == *own)
}

#[test]
fn a_table_that_is_named_no_more_is_left_and_somebody_elses_doing_stays() {
    let (before, default, second) = hub();
    let mut site = on_hub(site());
    site.aws.transit.route_table = Some(second.clone());
    site.aws.transit.propagate_to = vec![second.clone()];
    let plan = planned(&site, &before).unwrap();
    let mut built = applied(&plan, &before);
    let table = |view: &View| own_attachment(view).association.clone().unwrap().table;
    assert_eq!(table(&built), second);
    assert!(learns(&built, &second) && learns(&built, &default));
    assert!(planned(&site, &built).unwrap().is_noop());

    // Whoever has the gateway spreads the site's routes into a table of their own.
    let third = new_table(&mut built, &nth("tgw", 1));
    let pair = crate::aws::TransitPair {
        table: third.clone(),
        attachment: own_attachment(&built).id.clone(),
    };
    apply(
        &mut built,
        &Call::Transit(TransitCall::EnablePropagation(pair)),
    )
    .unwrap();
    assert!(planned(&site, &built).unwrap().is_noop());

    site.aws.transit.route_table = None;
    site.aws.transit.propagate_to = Vec::new();
    let back = planned(&site, &built).unwrap();
    assert_eq!(lint_in(&back, &built), []);
    let own = own_attachment(&built).id.clone();
    let surplus = format!("surplus[{second}:{own}]");
    assert_eq!(
        changing(&back),
        [
            ("association", Change::Replace),
            (surplus.as_str(), Change::Delete)
        ]
    );
    let after = applied(&back, &built);
    assert_eq!(table(&after), default);
    assert!(learns(&after, &default) && learns(&after, &third));
    assert!(!learns(&after, &second));
    assert!(planned(&site, &after).unwrap().is_noop());
}

#[test]
fn a_run_that_died_between_two_tables_is_gone_on_with() {
    let (before, default, second) = hub();
    let mut site = on_hub(site());
    site.aws.transit.route_table = Some(second);
    let mut built = applied(&planned(&site, &before).unwrap(), &before);
    site.aws.transit.route_table = None;
    let own = own_attachment(&built).id.clone();
    built.transit_attachments.get_mut(&own).unwrap().association = None;
    let back = planned(&site, &built).unwrap();
    assert_eq!(changing(&back), [("association", Change::Create)]);
    let after = applied(&back, &built);
    let association = own_attachment(&after).association.as_ref();
    assert_eq!(association.unwrap().table, default);
}

#[test]
fn routes_to_a_connection_that_somebody_deleted_are_written_anew_and_go_with_the_site() {
    let (before, default, _) = hub();
    let site = on_hub(static_site());
    let mut built = applied(&planned(&site, &before).unwrap(), &before);
    built.vpn_connections.clear();
    let own = own_attachment(&built).id.clone();
    built.transit_attachments.remove(&own);
    let contents = built.transit_table_contents.get_mut(&default).unwrap();
    contents.propagations.retain(|it| it.attachment != own);
    for route in contents.routes.iter_mut().filter(|it| !it.propagated) {
        route.attachments.clear();
        route.state = State::new("blackhole");
    }
    let to: Vec<IpNet> = contents.routes.iter().map(|it| it.destination).collect();
    assert!(to.contains(&"10.30.1.0/24".parse().unwrap()), "{to:?}");
    let again = planned(&site, &built).unwrap();
    assert_eq!(lint_in(&again, &built), []);
    assert_eq!(
        changing(&again),
        [
            ("connection", Change::Create),
            ("transit-route[10.30.1.0/24]", Change::Replace)
        ]
    );
    let away = crate::plan::teardown(
        &site.name,
        &site.region,
        None,
        &built,
        crate::plan::testing::ulid(9),
        now(),
    );
    let away = away.unwrap();
    assert_eq!(lint_in(&away, &built), []);
    let after = applied(&away, &built);
    assert_eq!(after.outline(), before.outline());

    // Somebody who has never had this site's networks keeps a blackhole of their own.
    let mut foreign = before.clone();
    let blackhole = built.transit_table_contents[&default].clone();
    foreign.transit_table_contents.insert(default, blackhole);
    assert_eq!(refused(&site, &foreign), ["plan::conflict"]);
}

#[test]
fn a_connection_that_lost_its_tags_is_not_doubled() {
    let (before, ..) = hub();
    let site = on_hub(site());
    let mut built = applied(&planned(&site, &before).unwrap(), &before);
    for connection in built.vpn_connections.values_mut() {
        connection.tags.remove(TAG_SITE);
        connection.tags.remove(TAG_STEP);
    }
    assert_eq!(refused(&site, &built), ["plan::conflict"]);
}

#[test]
fn a_vpc_that_looks_routes_up_elsewhere_is_told_of() {
    let (mut before, _, second) = hub();
    let vpc = before.transit_attachments.values_mut().next().unwrap();
    vpc.association.as_mut().unwrap().table = second.clone();
    let mut site = on_hub(site());
    let code = "preflight::transit_vpc_looks_elsewhere";
    let tells = |site: &Site| warned(&planned(site, &before).unwrap()).contains(&code);
    assert!(tells(&site));
    site.aws.transit.propagate_to = vec![second.clone()];
    assert!(!tells(&site), "the table learns the site's routes");
    // A static route is written where the VPC looks.
    let mut fixed = on_hub(static_site());
    fixed.lan = nets(&["10.30.1.0/24"]);
    assert!(!tells(&fixed));
    let built = applied(&planned(&fixed, &before).unwrap(), &before);
    let routes = &built.transit_table_contents[&second].routes;
    assert_eq!(routes.len(), 1);
    assert!(
        built
            .looked_at
            .contains_key(&Collection::TransitTableContents)
    );
}

#[test]
fn both_tunnels_at_once_are_for_routers_that_send_through_both() {
    let (before, ..) = hub();
    let mut site = on_hub(site());
    site.aws.transit.ecmp = true;
    let plan = planned(&site, &before).unwrap();
    assert_eq!(plan.playbook, "tgw-ecmp");
    assert_eq!(lint_in(&plan, &before), []);
    let built = applied(&plan, &before);
    assert!(planned(&site, &built).unwrap().is_noop());
    let mut one = site.clone();
    one.aws.transit.ecmp = false;
    let plan = planned(&one, &built).unwrap();
    assert!(plan.is_noop() && plan.playbook == "tgw-bgp");

    let no_ecmp = "preflight::device_no_ecmp".to_owned();
    for (device, spreads) in [("vyos", true), ("libreswan", true), ("pfsense", false)] {
        site.gateway.device = device.to_owned();
        assert_ne!(
            refused(&site, &before).contains(&no_ecmp),
            spreads,
            "{device}"
        );
    }
    site.gateway.device = "strongswan".to_owned();
    let mut off = before.clone();
    off.transit_gateways.values_mut().next().unwrap().vpn_ecmp = false;
    assert_eq!(refused(&site, &off), ["preflight::transit_no_ecmp"]);
}
