//! Routes that would win over the site's, or that the site would take from others.
//!
//! In a VPC the longest prefix wins, then what was written by hand over what was propagated; on a
//! virtual private gateway static VPN routes win over BGP ones (AWS VPN guide, route priority).

use ipnet::{IpNet, Ipv4Net};

use super::address::overlap;
use crate::aws::{Route, RouteTable};
use crate::plan::findings::Findings;
use crate::plan::world::{World, maker};
use crate::spec::Routing;

pub(super) fn check(world: &World<'_>, findings: &mut Findings<'_>) {
    for table in &world.route_tables {
        for route in &table.routes {
            if let Some(IpNet::V4(net)) = route.destination
                && route.target != "local"
            {
                written_route(world, table, route, net, findings);
                announced_by_another(world, table, route, net, findings);
            }
        }
    }
    for lan in world.site.lan.iter().filter(|lan| lan.prefix_len() == 0) {
        findings.warn(
            "preflight::announces_default",
            format!("the site announces {lan}: everything in the VPC would leave through it"),
            "list the networks that the site really has, unless that is what you want",
        );
    }
    neighbours(world, findings);
    left_over(world, findings);
}

/// Static routes of the site's own connection to networks that its file no longer names.
fn left_over(world: &World<'_>, findings: &mut Findings<'_>) {
    let connection = world
        .connection
        .filter(|it| it.static_routes_only && world.site.routing == Routing::Static);
    if let Some(connection) = connection {
        let routes = connection.routes.iter();
        for route in routes.filter(|route| !route.state.is_ending()) {
            let net = route.destination.trunc();
            if !world.site.lan.contains(&net) {
                findings.warn(
                    "preflight::route_left",
                    format!(
                        "{} has a static route to {net}, which `lan` does not name",
                        connection.id
                    ),
                    format!(
                        "AWS goes on sending {net} to this site; to end that, `aws ec2 \
                         delete-vpn-connection-route --vpn-connection-id {} \
                         --destination-cidr-block {net}`",
                        connection.id
                    ),
                );
            }
        }
    }
}

/// A route that somebody wrote, in a table that is to learn the site's.
fn written_route(
    world: &World<'_>,
    table: &RouteTable,
    route: &Route,
    net: Ipv4Net,
    findings: &mut Findings<'_>,
) {
    let to_the_gateway = world
        .gateway
        .is_some_and(|gateway| route.target == gateway.id.as_str());
    if route.propagated || to_the_gateway {
        return;
    }
    for lan in &world.site.lan {
        let what = format!("{} has a route {net} to {}", table.id, route.target);
        if net.prefix_len() == 0 && lan.prefix_len() == 0 {
            findings.warn(
                "preflight::default_route_wins",
                format!("{what}, which wins over the default route that the site announces"),
                "remove it where the traffic shall leave through the site",
            );
        } else if world.transit_target().is_some() && net == *lan {
            // The route to this network is written; that step says whose the one is that is there.
        } else if net.prefix_len() > 0 && lan.contains(&net) {
            findings.refuse(
                "preflight::route_shadowed",
                format!("{what}, which wins over the route to {lan} of this site"),
                format!(
                    "delete that route, or leave {} out of `aws.route_tables`",
                    table.id
                ),
            );
        } else if net.prefix_len() > 0 && net.contains(lan) {
            findings.warn(
                "preflight::route_taken_over",
                format!("{what}; traffic to {lan} will go through the VPN instead"),
                "right if the site has moved; otherwise check who owns the network",
            );
        }
    }
}

/// A route that another connection of the gateway has propagated already.
fn announced_by_another(
    world: &World<'_>,
    table: &RouteTable,
    route: &Route,
    net: Ipv4Net,
    findings: &mut Findings<'_>,
) {
    // Once the site has a connection, what is propagated may well be its own.
    if !route.propagated || world.connection.is_some() || net.prefix_len() == 0 {
        return;
    }
    for lan in world.site.lan.iter().filter(|lan| overlap(**lan, net)) {
        findings.refuse(
            "preflight::prefix_announced",
            format!(
                "{} has {net} from {} already, which overlaps {lan} of this site",
                table.id, route.target
            ),
            "another connection announces it: two sites with the same network take each other's \
             traffic; correct `lan`, or end the other one first",
        );
    }
}

fn neighbours(world: &World<'_>, findings: &mut Findings<'_>) {
    for other in world.gateway_neighbours() {
        if !other.static_routes_only {
            if world.site.routing == Routing::Static {
                findings.warn(
                    "preflight::static_beside_bgp",
                    format!(
                        "{} ({}) on the same gateway uses BGP; static routes win over BGP ones",
                        other.id,
                        maker(&other.tags)
                    ),
                    "make sure that it announces none of this site's networks",
                );
            }
            continue;
        }
        let routes = other.routes.iter().filter(|route| !route.state.is_ending());
        for route in routes {
            for lan in &world.site.lan {
                if overlap(*lan, route.destination) {
                    static_neighbour(world, other, route.destination, *lan, findings);
                }
            }
        }
    }
}

fn static_neighbour(
    world: &World<'_>,
    other: &crate::aws::VpnConnection,
    net: Ipv4Net,
    lan: Ipv4Net,
    findings: &mut Findings<'_>,
) {
    let (code, why) = match world.site.routing {
        Routing::Bgp => (
            "preflight::static_beats_bgp",
            "a static route wins over BGP, so it attracts this site's traffic",
        ),
        Routing::Static => (
            "preflight::prefix_announced",
            "two static routes to one network take each other's traffic",
        ),
    };
    findings.refuse(
        code,
        format!(
            "{} ({}) on the same gateway has a static route {net}, which overlaps {lan}: {why}",
            other.id,
            maker(&other.tags)
        ),
        "delete that route or connection if it is forgotten, or correct `lan`",
    );
}
