//! Which way AWS sends the site's networks, by the routes that it has.

use ipnet::{IpNet, Ipv4Net};

use super::direct_connect::DirectConnect;
use super::direct_report::{Going, NetworkWay};
use super::report::TunnelReport;
use super::transit;
use crate::aws::ConnectionEnd;
use crate::spec::Routing;

/// Where each of the site's networks goes.
///
/// A transit gateway says so itself. A virtual private gateway does not: for equal prefixes it takes
/// Direct Connect before static routes before BGP through tunnels (AWS VPN guide, route priority).
/// What a router announces through tunnels AWS only counts.
pub(super) fn of(
    direct: &DirectConnect<'_>,
    tunnels: &[TunnelReport],
    tunnels_carry: bool,
) -> Vec<NetworkWay> {
    let lan = direct.subject.site.lan.iter();
    let way = |network: &Ipv4Net| NetworkWay {
        network: *network,
        goes: match &direct.subject.end {
            ConnectionEnd::TransitGateway(_) => by_table(direct, *network, tunnels_carry),
            ConnectionEnd::VpnGateway(_) => by_sessions(direct, *network, tunnels, tunnels_carry),
        },
    };
    lan.map(way).collect()
}

fn by_table(direct: &DirectConnect<'_>, network: Ipv4Net, tunnels_carry: bool) -> Going {
    let (subject, view) = (direct.subject, direct.view);
    let attached = |resource: &str| transit::attachment(subject, view, resource);
    let vpc = attached(subject.vpc.as_str()).and_then(|it| it.association.as_ref());
    let Some(table) = vpc.map(|it| &it.table) else {
        return Going::Unknown;
    };
    if !view.transit_table_contents.contains_key(table) {
        return Going::Unknown;
    }
    let route = transit::lookup(view, table, network);
    let Some(route) = route.filter(|it| it.state.is("active")) else {
        return Going::Nowhere;
    };
    let by =
        |resource: &str| attached(resource).is_some_and(|it| route.attachments.contains(&it.id));
    if direct.gateway.is_some_and(|it| by(it.id.as_str())) {
        return Going::Dx;
    }
    // A static route stays whether its tunnels are up or not.
    match by(subject.connection.as_str()) && tunnels_carry {
        true => Going::Vpn,
        false => Going::Nowhere,
    }
}

fn by_sessions(
    direct: &DirectConnect<'_>,
    network: Ipv4Net,
    tunnels: &[TunnelReport],
    tunnels_carry: bool,
) -> Going {
    if direct.is_up() && direct.answers.unseen.is_none() {
        match direct.routes() {
            None => return Going::Unknown,
            Some(routes) if is_covered(network, routes.accepted.iter()) => return Going::Dx,
            Some(_) => {}
        }
    }
    let learned = || tunnels.iter().any(|it| it.up && it.accepted_routes > 0);
    match direct.subject.site.routing {
        Routing::Static if tunnels_carry => Going::Vpn,
        Routing::Bgp if learned() => Going::Vpn,
        _ if direct.answers.unseen.is_some() => Going::Unknown,
        _ => Going::Nowhere,
    }
}

/// Whether routes lead to all of a network, be it by its parts.
pub(super) fn is_covered<'a>(network: Ipv4Net, routes: impl Iterator<Item = &'a IpNet>) -> bool {
    let routes: Vec<Ipv4Net> = routes
        .filter_map(|net| match net {
            IpNet::V4(net) => Some(*net),
            IpNet::V6(_) => None,
        })
        .collect();
    let whole = Ipv4Net::aggregate(&routes);
    whole.iter().any(|route| route.contains(&network))
}
