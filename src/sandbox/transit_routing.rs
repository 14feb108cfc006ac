//! What stands in a transit gateway's route table at a time, and what it does with a prefix.

use std::collections::BTreeMap;

use ipnet::IpNet;
use jiff::Timestamp;

use super::ids::ResourceId;
use super::lifecycle::State;
use super::telemetry;
use super::transit::{Attached, TransitAttachment, TransitRoute, TransitRouteTable};
use super::world::{Region, Site};

/// A route as a table has it at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TableRoute {
    pub(super) destination: IpNet,
    /// More than one for equal VPN connections; none when traffic is dropped.
    pub(super) attachments: Vec<ResourceId>,
    pub(super) propagated: bool,
    /// `pending`, `active`, `blackhole` or `deleting`.
    pub(super) state: &'static str,
}

impl TableRoute {
    /// Whether traffic is looked up by it: a dropped route is as good as an active one.
    pub(super) fn counts(&self) -> bool {
        matches!(self.state, "active" | "blackhole")
    }
}

/// All routes of a table, by destination.
///
/// A static route hides propagated ones of the same destination, even while it is a blackhole
/// (Transit Gateway guide, "Route evaluation order"). That a search shows the winner alone is
/// unverified.
pub(super) fn of_table(
    region: &Region,
    site: &Site,
    table: &TransitRouteTable,
    now: Timestamp,
) -> Vec<TableRoute> {
    let mut routes: Vec<TableRoute> = table
        .routes
        .iter()
        .filter(|route| route.life.exists(now))
        .map(|route| shown(region, route, now))
        .collect();
    let taken: Vec<IpNet> = routes
        .iter()
        .filter(|route| route.counts())
        .map(|route| route.destination)
        .collect();
    let propagated = propagated(region, site, table, now);
    routes.extend(
        propagated
            .into_iter()
            .filter(|route| !taken.contains(&route.destination)),
    );
    routes.sort_by_key(|route| (route.destination, route.propagated));
    routes
}

/// The route that a table sends the whole of a prefix by: the longest one that contains it.
pub(super) fn lookup(
    region: &Region,
    site: &Site,
    table: &ResourceId,
    prefix: IpNet,
    now: Timestamp,
) -> Option<TableRoute> {
    let table = region.transit_route_tables.get(table)?;
    of_table(region, site, table, now)
        .into_iter()
        .filter(|route| route.counts() && route.destination.contains(&prefix))
        .max_by_key(|route| route.destination.prefix_len())
}

/// A static route. One whose attachment has gone stays as a blackhole and no longer names it, as
/// a live account shows it (floci 2348).
pub(super) fn shown(region: &Region, route: &TransitRoute, now: Timestamp) -> TableRoute {
    let attachment = route.attachment.as_ref().filter(|id| {
        let attachment = region.transit_attachments.get(*id);
        attachment.is_some_and(|attachment| attachment.life.exists(now))
    });
    TableRoute {
        destination: route.destination,
        attachments: attachment.into_iter().cloned().collect(),
        propagated: false,
        state: match route.life.state(now) {
            State::Pending => "pending",
            State::Deleting | State::Deleted => "deleting",
            _ if attachment.is_some() => "active",
            _ => "blackhole",
        },
    }
}

/// Which of several attachments with the same prefix has it, the best first (Transit Gateway
/// guide, "Route evaluation order").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Vpc,
    DirectConnect,
    PrivateVpn,
    Vpn,
}

fn propagated(
    region: &Region,
    site: &Site,
    table: &TransitRouteTable,
    now: Timestamp,
) -> Vec<TableRoute> {
    let gateway = region.transit_gateways.get(&table.transit_gateway);
    let ecmp = gateway.is_some_and(|gateway| gateway.options.vpn_ecmp);
    let mut found: BTreeMap<IpNet, Vec<(Rank, &TransitAttachment)>> = BTreeMap::new();
    let attachments = table
        .propagations
        .iter()
        .filter_map(|id| region.transit_attachments.get(id));
    for attachment in attachments.filter(|attachment| attachment.carries(now)) {
        let (rank, prefixes) = prefixes(region, site, attachment, now);
        for prefix in prefixes {
            found.entry(prefix).or_default().push((rank, attachment));
        }
    }
    found
        .into_iter()
        .map(|(destination, mut found)| {
            // Among equals the oldest, where only one is used. AWS says no more than that it
            // picks one.
            found.sort_by_key(|(rank, attachment)| {
                (*rank, attachment.life.created_at, attachment.id.clone())
            });
            let best = found.first().map(|(rank, _)| *rank);
            let spread = ecmp && best >= Some(Rank::PrivateVpn);
            TableRoute {
                destination,
                attachments: found
                    .iter()
                    .filter(|(rank, _)| Some(*rank) == best)
                    .take(if spread { usize::MAX } else { 1 })
                    .map(|(_, attachment)| attachment.id.clone())
                    .collect(),
                propagated: true,
                state: "active",
            }
        })
        .collect()
}

fn prefixes(
    region: &Region,
    site: &Site,
    attachment: &TransitAttachment,
    now: Timestamp,
) -> (Rank, Vec<IpNet>) {
    match &attachment.resource {
        Attached::Vpc { vpc, .. } => {
            let vpc = region.vpcs.get(vpc);
            (
                Rank::Vpc,
                vpc.map(|vpc| vpc.cidr.into()).into_iter().collect(),
            )
        }
        Attached::DirectConnectGateway { prefixes, .. } => (
            Rank::DirectConnect,
            prefixes.iter().copied().map(IpNet::from).collect(),
        ),
        Attached::Vpn { connection } => {
            let Some(connection) = region.vpn_connections.get(connection) else {
                return (Rank::Vpn, Vec::new());
            };
            let rank = if connection.features.transport.is_some() {
                Rank::PrivateVpn
            } else {
                Rank::Vpn
            };
            let learned = telemetry::learned_prefixes(region, site, connection, now);
            (rank, learned.into_iter().map(IpNet::from).collect())
        }
    }
}
