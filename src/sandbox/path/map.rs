//! The world as traffic finds it.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::{IpNet, Ipv4Net};
use jiff::Timestamp;

use super::way::{Gap, Lane, Lanes, Path};
use crate::sandbox::ids::{Kind, ResourceId};
use crate::sandbox::telemetry;
use crate::sandbox::transit::{Attached, TransitAttachment};
use crate::sandbox::transit_routing::{self, TableRoute};
use crate::sandbox::vpc_routing;
use crate::sandbox::world::{Region, RouteTable, Site, Tunnel, VpnConnection, World};

impl World {
    /// The path between each route table of a VPC and a prefix of a site at a time, by the tables'
    /// ids. Empty for a VPC that does not exist.
    pub fn paths(
        &self,
        region: &str,
        vpc: &ResourceId,
        prefix: Ipv4Net,
        now: Timestamp,
    ) -> BTreeMap<ResourceId, Path> {
        let Some(region) = self.regions.get(region) else {
            return BTreeMap::new();
        };
        let map = Map {
            region,
            site: &self.site,
            prefix,
            now,
        };
        let tables = region.route_tables.values();
        tables
            .filter(|table| table.vpc == *vpc)
            .map(|table| (table.id.clone(), map.path(table)))
            .collect()
    }
}

struct Map<'a> {
    region: &'a Region,
    site: &'a Site,
    prefix: Ipv4Net,
    now: Timestamp,
}

impl Map<'_> {
    fn path(&self, table: &RouteTable) -> Path {
        let mut path = Path {
            there: Err(Gap::NoRoute {
                at: table.id.clone(),
            }),
            back: self.back(&table.vpc),
            stranded: BTreeSet::new(),
            exceptions: BTreeSet::new(),
        };
        let routes = vpc_routing::of_table(self.region, self.site, table, self.now);
        let inside = routes.iter().map(|route| IpNet::from(route.destination));
        self.except(&mut path, inside);
        let Some(route) = vpc_routing::lookup(&routes, self.prefix) else {
            return path;
        };
        if route.state == "blackhole" {
            path.there = Err(Gap::Blackhole {
                table: table.id.clone(),
                destination: route.destination.into(),
            });
            return path;
        }
        let gateway = ResourceId::from(route.gateway.as_str());
        path.there = match ResourceId::kind_of(&route.gateway) {
            Some(Kind::VpnGateway) => self.over_vpn_gateway(&gateway),
            Some(Kind::TransitGateway) => self.over_transit_gateway(&mut path, table, gateway),
            _ => Err(Gap::Elsewhere {
                table: table.id.clone(),
                target: route.gateway.clone(),
            }),
        };
        path
    }

    fn except(&self, path: &mut Path, destinations: impl Iterator<Item = IpNet>) {
        let prefix = IpNet::from(self.prefix);
        path.exceptions
            .extend(destinations.filter(|other| *other != prefix && prefix.contains(other)));
    }

    /// Tunnel health first, then the longest prefix, then static before BGP; one tunnel over all
    /// connections of the gateway (Site-to-Site VPN user guide, "Route priority").
    fn over_vpn_gateway(&self, gateway: &ResourceId) -> Result<Lanes, Gap> {
        let connections: Vec<&VpnConnection> = self
            .connections()
            .filter(|connection| connection.vpn_gateway.as_ref() == Some(gateway))
            .collect();
        let ranked: Vec<((u8, bool), &VpnConnection)> = connections
            .iter()
            .filter(|connection| !self.up(connection).is_empty())
            .filter_map(|connection| {
                let learned =
                    telemetry::learned_prefixes(self.region, self.site, connection, self.now);
                let containing = learned
                    .iter()
                    .filter(|learned| learned.contains(&self.prefix));
                let longest = containing.map(Ipv4Net::prefix_len).max()?;
                Some(((longest, connection.static_routes_only), *connection))
            })
            .collect();
        let best = ranked.iter().map(|(rank, _)| *rank).max();
        let lanes: BTreeSet<Lane> = ranked
            .iter()
            .filter(|(rank, _)| Some(*rank) == best)
            .flat_map(|(_, connection)| self.up(connection))
            .collect();
        if !lanes.is_empty() {
            return Ok(Lanes {
                lanes,
                spread: false,
            });
        }
        if connections
            .iter()
            .all(|connection| self.up(connection).is_empty())
        {
            return Err(down(&connections));
        }
        Err(Gap::NoRoute {
            at: gateway.clone(),
        })
    }

    fn over_transit_gateway(
        &self,
        path: &mut Path,
        table: &RouteTable,
        gateway: ResourceId,
    ) -> Result<Lanes, Gap> {
        let attachment = self
            .region
            .transit_attachment_of(&table.vpc, &gateway, self.now);
        let attachment = attachment.ok_or(Gap::NotAttached { gateway })?;
        path.stranded = self.stranded(table, attachment);
        let (routed_by, route) = self.routed(attachment, self.prefix.into())?;
        if let Some(table) = self.region.transit_route_tables.get(&routed_by) {
            let routes = transit_routing::of_table(self.region, self.site, table, self.now);
            let inside = routes.iter().filter(|route| route.counts());
            self.except(path, inside.map(|route| route.destination));
        }
        self.lanes(&routed_by, &route)
    }

    /// What the table of an attachment does with a prefix.
    fn routed(
        &self,
        attachment: &TransitAttachment,
        prefix: IpNet,
    ) -> Result<(ResourceId, TableRoute), Gap> {
        let Some(table) = attachment.routed_by(self.now) else {
            return Err(Gap::NotAssociated {
                attachment: attachment.id.clone(),
            });
        };
        let found = transit_routing::lookup(self.region, self.site, table, prefix, self.now);
        let Some(route) = found else {
            return Err(Gap::NoRoute { at: table.clone() });
        };
        if route.state == "blackhole" {
            return Err(Gap::Blackhole {
                table: table.clone(),
                destination: route.destination,
            });
        }
        Ok((table.clone(), route))
    }

    /// The tunnels behind a transit gateway's route. A static route stays whether they are up or
    /// not.
    fn lanes(&self, table: &ResourceId, route: &TableRoute) -> Result<Lanes, Gap> {
        let mut lanes = BTreeSet::new();
        let mut connections = Vec::new();
        let mut spread = true;
        for id in &route.attachments {
            let attachment = self.region.transit_attachments.get(id);
            let Some(attachment) = attachment.filter(|it| it.carries(self.now)) else {
                continue;
            };
            match &attachment.resource {
                Attached::Vpc { vpc, .. } => {
                    return Err(Gap::Elsewhere {
                        table: table.clone(),
                        target: vpc.to_string(),
                    });
                }
                Attached::DirectConnectGateway { .. } => {
                    lanes.insert(Lane::DirectConnect {
                        attachment: id.clone(),
                    });
                }
                Attached::Vpn { connection } => {
                    let gateway = &attachment.transit_gateway;
                    let gateway = self.region.transit_gateways.get(gateway);
                    spread &= gateway.is_some_and(|gateway| gateway.options.vpn_ecmp);
                    let found = self.region.vpn_connections.get(connection);
                    for connection in found.into_iter().filter(|it| !it.features.inside_ipv6) {
                        spread &= !connection.static_routes_only;
                        lanes.extend(self.up(connection));
                        connections.push(connection);
                    }
                }
            }
        }
        match (lanes.is_empty(), route.attachments.first()) {
            (false, _) => Ok(Lanes { lanes, spread }),
            (true, Some(first)) if connections.is_empty() => Err(Gap::NotAttached {
                gateway: first.clone(),
            }),
            _ => Err(down(&connections)),
        }
    }

    /// The tunnels by which the site can reach the VPC. With BGP it learns what stands in the
    /// table that its attachment is associated with; without, its own routes are taken to be
    /// right, but what it sends is looked up in the same table.
    fn back(&self, vpc: &ResourceId) -> Result<Lanes, Gap> {
        let mut lanes = BTreeSet::new();
        let mut gaps = BTreeSet::new();
        let mut idle = Vec::new();
        for connection in self.connections().filter(|it| self.leads_to_site(it)) {
            let up = self.up(connection);
            match self.arrives(connection, vpc) {
                Err(gap) => {
                    gaps.insert(gap);
                }
                Ok(()) if up.is_empty() => idle.push(connection),
                Ok(()) => lanes.extend(up),
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

    /// Whether what comes out of a connection's tunnels gets to a VPC.
    fn arrives(&self, connection: &VpnConnection, vpc: &ResourceId) -> Result<(), Gap> {
        if let Some(gateway) = &connection.vpn_gateway {
            let found = self.region.vpn_gateways.get(gateway);
            if found.is_some_and(|found| found.is_attached_to(vpc, self.now)) {
                return Ok(());
            }
            return Err(Gap::NotAttached {
                gateway: gateway.clone(),
            });
        }
        let Some(gateway) = &connection.transit_gateway else {
            return Err(Gap::NoConnection);
        };
        let missing = || Gap::NotAttached {
            gateway: gateway.clone(),
        };
        let mut attachments = self.region.transit_attachments.values();
        let attachment = attachments
            .find(|it| it.vpn() == Some(&connection.id) && it.carries(self.now))
            .ok_or_else(missing)?;
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
            Some(target) if target.carries(self.now) => Ok(()),
            _ => Err(missing()),
        }
    }

    fn connections(&self) -> impl Iterator<Item = &VpnConnection> {
        let connections = self.region.vpn_connections.values();
        connections.filter(|connection| {
            connection.life.exists(self.now) && !connection.features.inside_ipv6
        })
    }

    /// Whether the prefix lies behind a connection's router.
    fn leads_to_site(&self, connection: &VpnConnection) -> bool {
        let address = telemetry::customer_ip(self.region, connection);
        let mut lan = self.site.lan(address);
        lan.extend(connection.routes.iter().map(|route| route.destination));
        lan.iter().any(|network| network.contains(&self.prefix))
    }

    fn up(&self, connection: &VpnConnection) -> Vec<Lane> {
        let is_up = |tunnel: &&Tunnel| {
            telemetry::of_tunnel(self.region, self.site, connection, tunnel, self.now).up
        };
        let tunnels = connection.tunnels.iter().filter(is_up);
        tunnels
            .map(|tunnel| Lane::Tunnel {
                connection: connection.id.clone(),
                outside_ip: tunnel.outside_ip,
            })
            .collect()
    }

    /// The subnets that use a table, in zones that an attachment has no subnet in.
    fn stranded(&self, table: &RouteTable, attachment: &TransitAttachment) -> BTreeSet<ResourceId> {
        let Attached::Vpc { subnets, .. } = &attachment.resource else {
            return BTreeSet::new();
        };
        let known = &self.region.subnets;
        let zones: BTreeSet<&str> = subnets
            .iter()
            .filter_map(|id| known.get(id))
            .map(|subnet| subnet.zone.as_str())
            .collect();
        let elsewhere = |id: &ResourceId| {
            let mut tables = self.region.route_tables.values();
            tables.any(|other| other.subnets.contains(id))
        };
        known
            .values()
            .filter(|subnet| subnet.vpc == table.vpc)
            .filter(|subnet| {
                table.subnets.contains(&subnet.id) || table.main && !elsewhere(&subnet.id)
            })
            .filter(|subnet| !zones.contains(subnet.zone.as_str()))
            .map(|subnet| subnet.id.clone())
            .collect()
    }
}

fn down(connections: &[&VpnConnection]) -> Gap {
    let connections = connections.iter().map(|connection| connection.id.clone());
    Gap::Down {
        connections: connections.collect(),
    }
}
