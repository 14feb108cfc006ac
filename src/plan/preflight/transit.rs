//! Is the transit gateway there, does it take the site in, and do routes find their way through it?

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;

use crate::aws::{TransitGateway, View};
use crate::plan::findings::Findings;
use crate::plan::world::{World, is_of};
use crate::resource::registry;
use crate::spec::{Routing, TransitGatewayAttachmentId, TransitGatewayRouteTableId, TransitTarget};

pub(super) fn check(world: &World<'_>, findings: &mut Findings<'_>) {
    let Some(target) = world.transit_target().filter(|_| world.view.is_some()) else {
        return;
    };
    meant(world, target, findings);
    subnets(world, findings);
    if let Some(gateway) = world.transit_gateway() {
        defaults(world, gateway, findings);
        tables(world, gateway, findings);
        equal_cost(world, gateway, findings);
        other_table(world, gateway, findings);
    }
    taken(world, findings);
}

fn meant(world: &World<'_>, target: &TransitTarget, findings: &mut Findings<'_>) {
    let region = &world.site.region;
    let found = world.meant_transit_gateways();
    match (target, &found[..]) {
        (TransitTarget::Existing(id), []) => findings.refuse(
            "preflight::transit_gateway_not_found",
            format!("{id} does not exist in {region}, or is not shared with this account"),
            "correct `aws.attach_to`, or have its owner share it (AWS RAM)",
        ),
        (TransitTarget::Tagged { key, value }, []) => findings.refuse(
            "preflight::transit_gateway_not_found",
            format!("no transit gateway in {region} carries the tag {key}={value}"),
            "correct `aws.attach_to`; a gateway that another account shares shows its owner's tags \
             to the owner alone: name it by its id",
        ),
        (TransitTarget::Tagged { key, value }, [_, _, ..]) => {
            let ids: Vec<&str> = found.iter().map(|it| it.id.as_str()).collect();
            findings.refuse(
                "preflight::transit_gateway_ambiguous",
                format!("{} carry the tag {key}={value}", ids.join(" and ")),
                "name the one that is meant by its id",
            );
        }
        _ => {}
    }
}

fn subnets(world: &World<'_>, findings: &mut Findings<'_>) {
    let vpc = &world.site.aws.vpc;
    let known: BTreeMap<_, _> = world.subnets().map(|it| (&it.id, it)).collect();
    let mut zones: BTreeMap<&str, &str> = BTreeMap::new();
    for id in &world.site.aws.transit.subnets {
        let Some(subnet) = known.get(id) else {
            findings.refuse(
                "preflight::transit_subnet_not_found",
                format!("{id} is not a subnet of {vpc}"),
                "correct `aws.transit.subnets`, or leave it out to have them chosen",
            );
            continue;
        };
        if let Some(other) = zones.insert(&subnet.zone, id.as_str()) {
            findings.refuse(
                "preflight::transit_subnets_share_zone",
                format!("{other} and {id} are both in {}", subnet.zone),
                "keep one per availability zone in `aws.transit.subnets`",
            );
        }
    }
    if world.vpc.is_some() && world.attachment_subnets().is_empty() {
        findings.refuse(
            "preflight::transit_no_subnet",
            format!("{vpc} has no subnet with a free IPv4 address for its attachment"),
            "make a small one (/28) in each availability zone that the site shall reach",
        );
    }
}

/// A gateway that takes nobody in by itself needs to be told into which tables.
fn defaults(world: &World<'_>, gateway: &TransitGateway, findings: &mut Findings<'_>) {
    let transit = &world.site.aws.transit;
    if gateway.association_table.is_none() && transit.route_table.is_none() {
        findings.refuse(
            "preflight::transit_no_association",
            format!(
                "{} associates no attachment with a table by itself",
                gateway.id
            ),
            "name the table that the connection looks routes up in: `aws.transit.route_table`",
        );
    }
    let learns = world.site.routing == Routing::Bgp;
    if learns && gateway.propagation_table.is_none() && transit.propagate_to.is_empty() {
        findings.refuse(
            "preflight::transit_no_propagation",
            format!("{} propagates no attachment's routes by itself", gateway.id),
            "name the tables that shall learn the site's routes: `aws.transit.propagate_to`",
        );
    }
    if !learns && world.static_table().is_none() {
        findings.refuse(
            "preflight::transit_no_static_table",
            format!(
                "nobody knows into which table of {} the site's static routes belong",
                gateway.id
            ),
            "associate the VPC's attachment with a table first, or use `routing: bgp`",
        );
    }
}

fn tables(world: &World<'_>, gateway: &TransitGateway, findings: &mut Findings<'_>) {
    let transit = &world.site.aws.transit;
    let Some(view) = world.view else {
        return;
    };
    let named = transit.route_table.iter().chain(&transit.propagate_to);
    for id in named {
        let table = view.transit_route_tables.get(id);
        let is_its = |id: &TransitGatewayRouteTableId| {
            let table = view.transit_route_tables.get(id);
            table.is_some_and(|it| it.transit_gateway.as_ref() == Some(&gateway.id))
        };
        if !is_its(id) {
            findings.refuse(
                "preflight::transit_table_not_found",
                match table {
                    Some(_) => format!(
                        "{id} is a route table of another gateway than {}",
                        gateway.id
                    ),
                    None => format!("{id} does not exist, or is not shown to this account"),
                },
                "correct `aws.transit`; the tables of a gateway that is shared are its owner's to \
                 change",
            );
        }
    }
}

fn equal_cost(world: &World<'_>, gateway: &TransitGateway, findings: &mut Findings<'_>) {
    if world.site.aws.transit.ecmp && !gateway.vpn_ecmp {
        findings.refuse(
            "preflight::transit_no_ecmp",
            format!("{} uses one of several equal routes only", gateway.id),
            "switch VPN ECMP support on (`aws ec2 modify-transit-gateway --options \
             VpnEcmpSupport=enable`), or remove `aws.transit.ecmp`",
        );
    }
}

/// A network of the site that the VPC's table has from somebody else already.
fn taken(world: &World<'_>, findings: &mut Findings<'_>) {
    let Some((view, attachment)) = world.view.zip(world.transit_vpc_attachment()) else {
        return;
    };
    let table = attachment.association.as_ref().map(|it| &it.table);
    let contents = table.and_then(|id| view.transit_table_contents.get(id));
    // What a Direct Connect announces of the site's networks is the site's as well.
    let interfaces = view.virtual_interfaces.values();
    let direct: BTreeSet<&str> = interfaces
        .filter(|it| is_of(&world.site.name, &it.tags))
        .filter_map(|it| it.gateway.as_ref().map(|it| it.as_str()))
        .collect();
    let own = |id: &TransitGatewayAttachmentId| {
        let attachment = view.transit_attachments.get(id);
        let connection = world.connection.map(|it| it.id.as_str());
        attachment.is_some_and(|it| {
            let end = it.resource.as_str();
            Some(end) == connection || direct.contains(end)
        })
    };
    let remembered = remembered(world, view);
    for route in contents.into_iter().flat_map(|it| &it.routes) {
        let IpNet::V4(net) = route.destination else {
            continue;
        };
        // Left of a connection that is gone: this plan takes it away.
        let nowhere = !route.propagated && route.attachments.is_empty();
        let left = table.map(|table| format!("{table}:{net}"));
        if nowhere && left.is_some_and(|id| remembered.contains(&id)) {
            continue;
        }
        let is_static = world.site.routing == Routing::Static;
        for lan in &world.site.lan {
            // The step that writes a static route says whose the one is that is there.
            let written_by_step = is_static && !route.propagated && net == *lan;
            let beaten = is_static && route.propagated && net == *lan;
            if !lan.contains(&net)
                || route.state.is_ending()
                || written_by_step
                || beaten
                || route.attachments.iter().any(own)
            {
                continue;
            }
            let ends: Vec<&str> = route.attachments.iter().map(|it| it.as_str()).collect();
            findings.refuse(
                "preflight::transit_prefix_taken",
                format!(
                    "{} has {net} to {}, {}, which takes the traffic of this site's {lan}",
                    table.map_or("the table", |it| it.as_str()),
                    if ends.is_empty() {
                        "nowhere".to_owned()
                    } else {
                        ends.join(" and ")
                    },
                    if route.propagated {
                        "learned"
                    } else {
                        "written"
                    },
                ),
                "delete that route, or correct `lan`",
            );
        }
    }
}

/// The static routes of transit gateways that the site has written, and remembers by its tags.
fn remembered(world: &World<'_>, view: &View) -> BTreeSet<String> {
    let kind = registry().find("transit_gateway_route");
    let owned = kind.map(|kind| kind.owned(&world.site.name, view));
    owned.into_iter().flatten().map(|it| it.id).collect()
}

/// A VPC that looks routes up where the site's are not learned would send nothing back.
fn other_table(world: &World<'_>, gateway: &TransitGateway, findings: &mut Findings<'_>) {
    let transit = &world.site.aws.transit;
    let Some(attachment) = world.transit_vpc_attachment() else {
        return;
    };
    let Some(association) = &attachment.association else {
        return;
    };
    if world.site.routing != Routing::Bgp {
        return;
    }
    let named = transit.propagate_to.contains(&association.table);
    if !named && gateway.propagation_table.as_ref() != Some(&association.table) {
        findings.warn(
            "preflight::transit_vpc_looks_elsewhere",
            format!(
                "{} looks routes up in {}, which does not learn the site's",
                attachment.id, association.table
            ),
            format!("add {} to `aws.transit.propagate_to`", association.table),
        );
    }
}
