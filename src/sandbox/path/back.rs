//! The way from the site to a VPC.

use std::collections::BTreeSet;

use ipnet::Ipv4Net;

use super::map::{Map, down};
use super::way::{Gap, Lane, Lanes};
use crate::sandbox::direct_connect::{self, VirtualInterface};
use crate::sandbox::ids::ResourceId;
use crate::sandbox::transit::TransitAttachment;
use crate::sandbox::world::VpnConnection;

impl Map<'_> {
    /// The lanes by which the site can reach the VPC. Its router looks at the length of what it is
    /// told first, and then prefers Direct Connect, as AWS asks it to. By VPN with BGP it learns what
    /// stands in the table that its attachment is associated with; without, its own routes are taken
    /// to be right, but what it sends is looked up in the same table.
    pub(super) fn back(&self, vpc: &ResourceId) -> Result<Lanes, Gap> {
        let mut lanes = BTreeSet::new();
        let mut gaps = BTreeSet::new();
        let mut idle = Vec::new();
        let mut longest = None;
        for connection in self.connections().filter(|it| self.leads_to_site(it)) {
            let up = self.up(connection);
            match self.arrives(connection, vpc) {
                Err(gap) => {
                    gaps.insert(gap);
                }
                Ok(_) if up.is_empty() => idle.push(connection),
                Ok(length) => {
                    longest = longest.max(Some(length));
                    lanes.extend(up);
                }
            }
        }
        match self.back_directly(vpc) {
            Ok(Some((length, direct))) if longest.is_none_or(|known| known <= length) => {
                lanes = direct;
            }
            Ok(_) => {}
            Err(gap) => {
                gaps.insert(gap);
            }
        }
        if !lanes.is_empty() {
            return Ok(Lanes {
                lanes,
                spread: true,
            });
        }
        if !idle.is_empty() {
            return Err(down(&idle));
        }
        Err(gaps.into_iter().next().unwrap_or(Gap::NoConnection))
    }

    /// The virtual interfaces by which the site can reach the VPC, and the length of what they tell
    /// it.
    fn back_directly(&self, vpc: &ResourceId) -> Result<Option<(u8, BTreeSet<Lane>)>, Gap> {
        let Some(found) = self.region.vpcs.get(vpc) else {
            return Ok(None);
        };
        let mut best: Option<(u8, BTreeSet<Lane>)> = None;
        let mut obstacle = None;
        let interfaces = self.beyond.direct.interfaces.values();
        for interface in interfaces.filter(|it| self.is_at_site(it)) {
            for associated in self.behind(interface) {
                let arrives = self.enters(interface, &associated, vpc, found.cidr);
                match arrives {
                    Err(gap) => obstacle = obstacle.or(Some(gap)),
                    Ok(length) => {
                        let lane = Lane::DirectConnect {
                            interface: interface.id.clone(),
                        };
                        match &mut best {
                            Some((known, _)) if *known > length => {}
                            Some((known, lanes)) if *known == length => {
                                lanes.insert(lane);
                            }
                            _ => best = Some((length, BTreeSet::from([lane]))),
                        }
                    }
                }
            }
        }
        match (best, obstacle) {
            (None, Some(gap)) => Err(gap),
            (best, _) => Ok(best),
        }
    }

    /// Whether a virtual interface is up and has the prefix behind its router.
    fn is_at_site(&self, interface: &VirtualInterface) -> bool {
        let lan = interface.announced_by_site(self.beyond.site);
        lan.iter().any(|network| network.contains(&self.prefix))
            && interface.routes(self.beyond, self.now)
    }

    /// The gateways of the region that a virtual interface leads to.
    fn behind(&self, interface: &VirtualInterface) -> Vec<ResourceId> {
        let own = interface.vpn_gateway.iter().cloned();
        let gateway = interface.gateway.as_ref();
        let associations = self.beyond.direct.associations.values();
        let associated = associations.filter(|it| {
            Some(&it.gateway) == gateway && it.region == self.region.name && it.carries(self.now)
        });
        own.chain(associated.map(|it| it.associated.clone()))
            .collect()
    }

    /// The length of the prefix by which the site enters a VPC over a virtual interface.
    fn enters(
        &self,
        interface: &VirtualInterface,
        associated: &ResourceId,
        vpc: &ResourceId,
        cidr: Ipv4Net,
    ) -> Result<u8, Gap> {
        if let Some(gateway) = self.region.vpn_gateways.get(associated) {
            if !gateway.is_attached_to(vpc, self.now) {
                return Err(Gap::NotAttached {
                    gateway: associated.clone(),
                });
            }
        } else {
            let mut attachments = self.region.transit_attachments.values();
            let gateway = interface.gateway.as_ref().map(ResourceId::as_str);
            let attachment = attachments.find(|it| {
                it.transit_gateway == *associated
                    && Some(it.resource.resource_id()) == gateway
                    && it.carries(self.now)
            });
            let attachment = attachment.ok_or_else(|| Gap::NotAttached {
                gateway: associated.clone(),
            })?;
            self.passes(attachment, vpc)?;
        }
        direct_connect::announced(self.beyond, interface, associated, cidr, self.now).ok_or_else(
            || Gap::NotAnnounced {
                gateway: associated.clone(),
            },
        )
    }

    /// The length of the prefix by which what comes out of a connection's tunnels gets to a VPC.
    fn arrives(&self, connection: &VpnConnection, vpc: &ResourceId) -> Result<u8, Gap> {
        let found = self.region.vpcs.get(vpc);
        let length = found.map_or(0, |found| found.cidr.prefix_len());
        if let Some(gateway) = &connection.vpn_gateway {
            let found = self.region.vpn_gateways.get(gateway);
            if found.is_some_and(|found| found.is_attached_to(vpc, self.now)) {
                return Ok(length);
            }
            return Err(Gap::NotAttached {
                gateway: gateway.clone(),
            });
        }
        let Some(gateway) = &connection.transit_gateway else {
            return Err(Gap::NoConnection);
        };
        let mut attachments = self.region.transit_attachments.values();
        let attachment = attachments
            .find(|it| it.vpn() == Some(&connection.id) && it.carries(self.now))
            .ok_or_else(|| Gap::NotAttached {
                gateway: gateway.clone(),
            })?;
        let announced = self.passes(attachment, vpc)?;
        Ok(if connection.static_routes_only {
            length
        } else {
            announced
        })
    }

    /// Whether a transit gateway takes what comes in by an attachment to a VPC, and the length of the
    /// route.
    fn passes(&self, attachment: &TransitAttachment, vpc: &ResourceId) -> Result<u8, Gap> {
        let missing = || Gap::NotAttached {
            gateway: attachment.transit_gateway.clone(),
        };
        let cidr = self.region.vpcs.get(vpc).map(|vpc| vpc.cidr);
        let (table, route) = self.routed(attachment, cidr.ok_or_else(missing)?.into())?;
        let mut targets = route
            .attachments
            .iter()
            .filter_map(|id| self.region.transit_attachments.get(id));
        match targets.next() {
            Some(target) if target.vpc() != Some(vpc) => Err(Gap::Elsewhere {
                table,
                target: target.resource.resource_id().to_owned(),
            }),
            Some(target) if target.carries(self.now) => Ok(route.destination.prefix_len()),
            _ => Err(missing()),
        }
    }
}
