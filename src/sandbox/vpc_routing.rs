//! What stands in a VPC's route table at a time, and what it does with a prefix.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::Ipv4Net;
use jiff::Timestamp;

use super::ids::{Kind, ResourceId};
use super::telemetry;
use super::world::{Region, Route, RouteTable, Site};

/// The target of the route to the VPC itself.
pub(super) const LOCAL: &str = "local";
/// The origin of a route that came from a virtual private gateway.
const PROPAGATED: &str = "EnableVgwRoutePropagation";

/// A route as a table has it at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct VpcRoute {
    pub(super) destination: Ipv4Net,
    /// A gateway's id, or `local`.
    pub(super) gateway: String,
    pub(super) origin: &'static str,
    /// `active` or `blackhole`.
    pub(super) state: &'static str,
}

/// The VPC's own block, which every table routes to itself.
pub(super) fn local(region: &Region, table: &RouteTable) -> Option<Ipv4Net> {
    region.vpcs.get(&table.vpc).map(|vpc| vpc.cidr)
}

/// All routes of a table: the local one, the static ones, the propagated ones.
pub(super) fn of_table(
    region: &Region,
    site: &Site,
    table: &RouteTable,
    now: Timestamp,
) -> Vec<VpcRoute> {
    let local = local(region, table).map(|destination| VpcRoute {
        destination,
        gateway: LOCAL.to_owned(),
        origin: "CreateRouteTable",
        state: "active",
    });
    let mut routes: Vec<VpcRoute> = local.into_iter().collect();
    routes.extend(table.routes.iter().map(|route| VpcRoute {
        destination: route.destination,
        gateway: route.gateway.to_string(),
        origin: "CreateRoute",
        state: if leads_somewhere(region, table, route, now) {
            "active"
        } else {
            "blackhole"
        },
    }));
    let taken: BTreeSet<Ipv4Net> = routes.iter().map(|route| route.destination).collect();
    // For the same destination a static route wins over a propagated one.
    routes.extend(
        learned(region, site, table, now)
            .into_iter()
            .filter(|route| !taken.contains(&route.destination)),
    );
    routes
}

/// The route that a table sends the whole of a prefix by: the longest one that contains it, but
/// the local one rather than any propagated one (VPC user guide, "Route priority").
pub(super) fn lookup(routes: &[VpcRoute], prefix: Ipv4Net) -> Option<&VpcRoute> {
    let containing = || {
        let routes = routes.iter();
        routes.filter(|route| route.destination.contains(&prefix))
    };
    let is_local = containing().any(|route| route.gateway == LOCAL);
    containing()
        .filter(|route| !is_local || route.origin != PROPAGATED)
        .max_by_key(|route| route.destination.prefix_len())
}

fn leads_somewhere(region: &Region, table: &RouteTable, route: &Route, now: Timestamp) -> bool {
    match ResourceId::kind_of(route.gateway.as_str()) {
        Some(Kind::VpnGateway) => region
            .vpn_gateways
            .get(&route.gateway)
            .is_some_and(|gateway| gateway.is_attached_to(&table.vpc, now)),
        Some(Kind::TransitGateway) => region
            .transit_attachment_of(&table.vpc, &route.gateway, now)
            .is_some(),
        _ => true,
    }
}

/// The routes that a table has from its propagating gateways, each destination once.
fn learned(region: &Region, site: &Site, table: &RouteTable, now: Timestamp) -> Vec<VpcRoute> {
    let mut learned = BTreeMap::new();
    for id in &table.propagating {
        let attached = region
            .vpn_gateways
            .get(id)
            .is_some_and(|gateway| gateway.is_attached_to(&table.vpc, now));
        if !attached {
            continue;
        }
        let connections = region
            .vpn_connections
            .values()
            .filter(|connection| connection.vpn_gateway.as_ref() == Some(id));
        for connection in connections {
            for destination in telemetry::learned_prefixes(region, site, connection, now) {
                learned.entry(destination).or_insert_with(|| VpcRoute {
                    destination,
                    gateway: id.to_string(),
                    origin: PROPAGATED,
                    state: "active",
                });
            }
        }
    }
    learned.into_values().collect()
}
