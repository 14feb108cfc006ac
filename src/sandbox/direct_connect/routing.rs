//! Which prefixes travel over Direct Connect, and where to.
//!
//! The site's prefixes come in by the sessions that are up and reach whatever is associated. What
//! goes out to the site depends: of a virtual private gateway its VPC's block, which an allowed
//! prefix must contain; of a transit gateway the allowed prefixes themselves, whatever the transit
//! gateway has (Direct Connect user guide, "Allowed prefixes interactions").

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};
use jiff::Timestamp;

use super::directory::DirectConnect;
use super::gateway::DxAssociation;
use super::interface::VirtualInterface;
use crate::sandbox::ids::ResourceId;
use crate::sandbox::site::Site;
use crate::sandbox::transit::Attached;
use crate::sandbox::world::Region;

/// What lies beyond a region: the sites, and the way to them that belongs to no region.
#[derive(Clone, Copy, Debug)]
pub struct Beyond<'a> {
    /// The sites' routers.
    pub(in crate::sandbox) site: &'a Site,
    /// Direct Connect.
    pub(in crate::sandbox) direct: &'a DirectConnect,
}

impl<'a> Beyond<'a> {
    /// The virtual interfaces whose routes count.
    fn up(self, now: Timestamp) -> impl Iterator<Item = &'a VirtualInterface> {
        let all = self.direct.interfaces.values();
        all.filter(move |it| it.routes(self, now))
    }

    /// The association of a Direct Connect gateway with something, when traffic passes.
    fn association(
        self,
        gateway: &ResourceId,
        associated: &ResourceId,
        now: Timestamp,
    ) -> Option<&'a DxAssociation> {
        let mut all = self.direct.associations.values();
        all.find(|it| it.gateway == *gateway && it.associated == *associated && it.carries(now))
    }

    /// The virtual interfaces that bring a virtual private gateway or a transit gateway the site's
    /// routes.
    fn interfaces_at(
        self,
        associated: &'a ResourceId,
        now: Timestamp,
    ) -> impl Iterator<Item = &'a VirtualInterface> {
        self.up(now).filter(move |it| {
            let gateway = it.gateway.as_ref();
            it.vpn_gateway.as_ref() == Some(associated)
                || gateway.is_some_and(|id| self.association(id, associated, now).is_some())
        })
    }
}

/// The site's prefixes that a Direct Connect gateway brings to a transit gateway.
pub(in crate::sandbox) fn learned(
    beyond: Beyond<'_>,
    gateway: &str,
    transit_gateway: &ResourceId,
    now: Timestamp,
) -> BTreeSet<Ipv4Net> {
    beyond
        .interfaces_at(transit_gateway, now)
        .filter(|it| it.gateway.as_ref().is_some_and(|id| id.as_str() == gateway))
        .flat_map(|it| it.announced_by_site(beyond.site))
        .collect()
}

/// The site's prefixes that a virtual private gateway has by Direct Connect.
pub(in crate::sandbox) fn learned_by_vpn_gateway(
    beyond: Beyond<'_>,
    vpn_gateway: &ResourceId,
    now: Timestamp,
) -> BTreeSet<Ipv4Net> {
    beyond
        .interfaces_at(vpn_gateway, now)
        .flat_map(|it| it.announced_by_site(beyond.site))
        .collect()
}

/// The virtual interfaces by which a prefix goes from a gateway to the site, and the length of the
/// prefix that takes it there.
pub(in crate::sandbox) fn carried(
    beyond: Beyond<'_>,
    associated: &ResourceId,
    over: Option<&str>,
    prefix: Ipv4Net,
    now: Timestamp,
) -> Option<(u8, Vec<ResourceId>)> {
    let mut best: Option<(u8, Vec<ResourceId>)> = None;
    for interface in beyond.interfaces_at(associated, now) {
        let gateway = interface.gateway.as_ref().map(ResourceId::as_str);
        if over.is_some() && gateway != over {
            continue;
        }
        let lan = interface.announced_by_site(beyond.site);
        let containing = lan.iter().filter(|network| network.contains(&prefix));
        let Some(length) = containing.map(Ipv4Net::prefix_len).max() else {
            continue;
        };
        match &mut best {
            Some((known, _)) if *known > length => {}
            Some((known, found)) if *known == length => found.push(interface.id.clone()),
            _ => best = Some((length, vec![interface.id.clone()])),
        }
    }
    best
}

/// What a virtual interface tells the site of a VPC behind a gateway: the length of the longest
/// prefix that has to be looked at to reach all of the VPC; none when it tells nothing, or not all.
pub(in crate::sandbox) fn announced(
    beyond: Beyond<'_>,
    interface: &VirtualInterface,
    associated: &ResourceId,
    vpc: Ipv4Net,
    now: Timestamp,
) -> Option<u8> {
    if interface.vpn_gateway.as_ref() == Some(associated) {
        return Some(vpc.prefix_len());
    }
    let association = beyond.association(interface.gateway.as_ref()?, associated, now)?;
    let allowed = association.allowed_at(now);
    if association.is_transit {
        return covers(allowed, vpc.into());
    }
    let filter = allowed.iter().any(|net| net.contains(&IpNet::from(vpc)));
    filter.then_some(vpc.prefix_len())
}

/// Whether prefixes cover all of a network, and the longest that it takes.
pub(in crate::sandbox) fn covers(prefixes: &BTreeSet<IpNet>, network: IpNet) -> Option<u8> {
    let containing = prefixes.iter().filter(|prefix| prefix.contains(&network));
    if let Some(length) = containing.map(IpNet::prefix_len).max() {
        return Some(length);
    }
    if !prefixes.iter().any(|prefix| network.contains(prefix)) {
        return None;
    }
    let halves = network.subnets(network.prefix_len() + 1).ok()?;
    halves
        .map(|half| covers(prefixes, half))
        .try_fold(0, |longest, length| length.map(|it| it.max(longest)))
}

/// Whether a router at a private address of the site and an address of a transit gateway reach each
/// other over an attachment of a Direct Connect gateway.
pub(in crate::sandbox) fn reaches(
    beyond: Beyond<'_>,
    region: &Region,
    attachment: &ResourceId,
    (inside, outside): (IpAddr, IpAddr),
    now: Timestamp,
) -> bool {
    let found = region.transit_attachments.get(attachment);
    let Some(attachment) = found.filter(|it| it.carries(now)) else {
        return false;
    };
    let Attached::DirectConnectGateway { gateway } = &attachment.resource else {
        return false;
    };
    let transit_gateway = &attachment.transit_gateway;
    let site = learned(beyond, gateway, transit_gateway, now);
    let gateway = ResourceId::from(gateway.as_str());
    let association = beyond.association(&gateway, transit_gateway, now);
    let mut allowed = association
        .map(|it| it.allowed_at(now))
        .into_iter()
        .flatten();
    allowed.any(|net| net.contains(&outside))
        && site.iter().any(|net| IpNet::from(*net).contains(&inside))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_the_whole_when_none_is_missing() {
        let set = |nets: &[&str]| nets.iter().map(|net| net.parse().unwrap()).collect();
        let vpc = "10.0.0.0/16".parse().unwrap();
        assert_eq!(covers(&set(&[]), vpc), None);
        assert_eq!(covers(&set(&["10.0.0.0/8", "10.0.0.0/16"]), vpc), Some(16));
        assert_eq!(covers(&set(&["10.0.0.0/8"]), vpc), Some(8));
        assert_eq!(covers(&set(&["10.0.0.0/17"]), vpc), None);
        assert_eq!(
            covers(
                &set(&["10.0.0.0/17", "10.0.128.0/18", "10.0.192.0/18"]),
                vpc
            ),
            Some(18)
        );
        assert_eq!(covers(&set(&["10.1.0.0/16", "fd00::/8"]), vpc), None);
    }
}
