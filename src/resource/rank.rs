//! Which of several of a site's own is the one to go on with: one rule, used by everybody.
//!
//! Two of the same exist when two machines made them at once, or when somebody copied tags. The one
//! that carries traffic is kept, then the one that hangs together with what carries, then the
//! older one. Only the kinds with ids and tags of their own can be there twice.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::listed::{Listed, of_site};
use super::owner::TAG_RUN;
use super::vpn_gateway::live_attachments;
use crate::aws::{CustomerGateway, View, VpnConnection, VpnGateway};
use crate::spec::{SiteName, VpcId};

/// How much speaks for an object; the greater one is kept.
pub(super) type Rank = [usize; 4];

/// How many tunnels of a connection AWS sees up.
pub fn tunnels_up(connection: &VpnConnection) -> usize {
    let up = connection.telemetry.iter().filter(|tunnel| tunnel.up);
    up.map(|tunnel| tunnel.outside)
        .collect::<BTreeSet<_>>()
        .len()
}

/// The connection of a site to go on with, if it has any.
pub fn chosen_connection<'a>(site: &SiteName, view: &'a View) -> Option<&'a VpnConnection> {
    let own = of_site(view.vpn_connections.values(), site);
    best_first(own, |it| connection(it, view)).first().copied()
}

/// The virtual private gateway of a site to go on with in a VPC, if it has any.
pub fn chosen_vpn_gateway<'a>(
    site: &SiteName,
    vpc: &VpcId,
    view: &'a View,
) -> Option<&'a VpnGateway> {
    let own = of_site(view.vpn_gateways.values(), site);
    best_first(own, |it| vpn_gateway(it, Some(vpc), view))
        .first()
        .copied()
}

/// Sorts by rank, the best first, then by age, then by id.
///
/// A run's ULID begins with its time; ids of AWS say nothing about age.
pub(super) fn best_first<'a, T: Listed>(
    mut objects: Vec<&'a T>,
    rank: impl Fn(&T) -> Rank,
) -> Vec<&'a T> {
    objects.sort_by_cached_key(|object| {
        let run = object.tags().get(TAG_RUN).cloned().unwrap_or_default();
        (Reverse(rank(object)), run, object.id().to_owned())
    });
    objects
}

/// A connection carries when its tunnels are up and its gateway is attached: tunnels that end on a
/// gateway without a VPC lead nowhere.
pub(super) fn connection(connection: &VpnConnection, view: &View) -> Rank {
    let up = tunnels_up(connection);
    let gateway = connection.vpn_gateway.as_ref();
    // A gateway that was not looked at speaks against nobody.
    let attached = gateway
        .and_then(|id| view.vpn_gateways.get(id))
        .is_none_or(|gateway| live_attachments(gateway).next().is_some());
    [
        if attached { up } else { 0 },
        usize::from(attached),
        up,
        usize::from(!connection.state.is("pending")),
    ]
}

/// A VPC has one gateway, so the one that is attached to it comes first.
pub(super) fn vpn_gateway(gateway: &VpnGateway, vpc: Option<&VpcId>, view: &View) -> Rank {
    let here = live_attachments(gateway).any(|attached| Some(attached) == vpc);
    let on_it: Vec<&VpnConnection> = view.connections_on(&gateway.id).collect();
    [
        usize::from(here),
        on_it.iter().map(|it| tunnels_up(it)).sum(),
        usize::from(holds_the_chosen(gateway, &on_it, view)),
        on_it.len(),
    ]
}

/// Pure metadata: the one that the kept connection ends on comes first.
pub(super) fn customer_gateway(gateway: &CustomerGateway, view: &View) -> Rank {
    let on_it: Vec<&VpnConnection> = view.connections_of(&gateway.id).collect();
    [
        usize::from(holds_the_chosen(gateway, &on_it, view)),
        on_it.iter().map(|it| tunnels_up(it)).sum(),
        on_it.len(),
        0,
    ]
}

/// Whether the connection that the gateway's site goes on with is among these.
fn holds_the_chosen(gateway: &impl Listed, connections: &[&VpnConnection], view: &View) -> bool {
    let site = super::listed::site_of(gateway.tags()).and_then(|site| site.parse().ok());
    let chosen = site.and_then(|site: SiteName| chosen_connection(&site, view));
    chosen.is_some_and(|chosen| connections.iter().any(|it| it.id == chosen.id))
}

/// Why the first of two of a kind is kept, in the words that follow "because".
pub fn why_kept(kind: &str, kept: &str, other: &str, vpc: &VpcId, view: &View) -> &'static str {
    let ranks = |id: &str| -> Option<Rank> {
        match kind {
            "vpn_connection" => Some(connection(
                view.vpn_connections.get(&id.parse().ok()?)?,
                view,
            )),
            "vpn_gateway" => {
                let gateway = view.vpn_gateways.get(&id.parse().ok()?)?;
                Some(vpn_gateway(gateway, Some(vpc), view))
            }
            "customer_gateway" => Some(customer_gateway(
                view.customer_gateways.get(&id.parse().ok()?)?,
                view,
            )),
            _ => None,
        }
    };
    let words = match kind {
        "vpn_connection" => [
            "it carries traffic",
            "its gateway is attached to the VPC",
            "more of its tunnels are up",
            "it is ready",
        ],
        "vpn_gateway" => [
            "it is attached to the VPC",
            "tunnels that end on it are up",
            "the connection that is kept ends on it",
            "more connections end on it",
        ],
        _ => [
            "the connection that is kept ends on it",
            "tunnels that end on it are up",
            "more connections end on it",
            "",
        ],
    };
    let (Some(kept), Some(other)) = (ranks(kept), ranks(other)) else {
        return "it is in use";
    };
    kept.iter()
        .zip(other)
        .zip(words)
        .find(|((kept, other), _)| **kept != *other)
        .map_or("it is the older one", |(_, words)| words)
}
