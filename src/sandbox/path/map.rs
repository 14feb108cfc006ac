//! The world as traffic finds it.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::{IpNet, Ipv4Net};
use jiff::Timestamp;

use super::way::{Gap, Lane, Lanes, Path};
use crate::sandbox::direct_connect::{self, Beyond};
use crate::sandbox::ids::{Kind, ResourceId};
use crate::sandbox::telemetry;
use crate::sandbox::transit::{Attached, TransitAttachment};
use crate::sandbox::transit_routing::{self, TableRoute};
use crate::sandbox::vpc_routing;
use crate::sandbox::world::{Region, RouteTable, Tunnel, VpnConnection, World};

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
            beyond: self.beyond(),
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

pub(super) struct Map<'a> {
    pub(super) region: &'a Region,
    pub(super) beyond: Beyond<'a>,
    pub(super) prefix: Ipv4Net,
    pub(super) now: Timestamp,
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
        let routes = vpc_routing::of_table(self.region, self.beyond, table, self.now);
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

    /// Health first, then the longest prefix, then Direct Connect, static, BGP; one tunnel over all
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
                    telemetry::learned_prefixes(self.region, self.beyond, connection, self.now);
                let containing = learned
                    .iter()
                    .filter(|learned| learned.contains(&self.prefix));
                let longest = containing.map(Ipv4Net::prefix_len).max()?;
                Some(((longest, connection.static_routes_only), *connection))
            })
            .collect();
        let best = ranked.iter().map(|(rank, _)| *rank).max();
        let direct = direct_connect::carried(self.beyond, gateway, None, self.prefix, self.now);
        if let Some((length, interfaces)) = direct
            && best.is_none_or(|(known, _)| known <= length)
        {
            return Ok(over_direct_connect(interfaces));
        }
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
        let down_all = connections.iter().all(|it| self.up(it).is_empty());
        if down_all && !connections.is_empty() {
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
            let routes = transit_routing::of_table(self.region, self.beyond, table, self.now);
            let inside = routes.iter().filter(|route| route.counts());
            self.except(path, inside.map(|route| route.destination));
        }
        self.lanes(&routed_by, &route)
    }

    /// What the table of an attachment does with a prefix.
    pub(super) fn routed(
        &self,
        attachment: &TransitAttachment,
        prefix: IpNet,
    ) -> Result<(ResourceId, TableRoute), Gap> {
        let Some(table) = attachment.routed_by(self.now) else {
            return Err(Gap::NotAssociated {
                attachment: attachment.id.clone(),
            });
        };
        let found = transit_routing::lookup(self.region, self.beyond, table, prefix, self.now);
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

    /// The virtual interfaces behind a Direct Connect gateway that a transit gateway routes to.
    fn over_attached(&self, hub: &ResourceId, gateway: &str) -> Result<Lanes, Gap> {
        let over = Some(gateway);
        direct_connect::carried(self.beyond, hub, over, self.prefix, self.now)
            .map(|(_, interfaces)| over_direct_connect(interfaces))
            .ok_or_else(|| Gap::DirectConnectDown {
                gateway: gateway.to_owned(),
            })
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
                Attached::DirectConnectGateway { gateway } => {
                    return self.over_attached(&attachment.transit_gateway, gateway);
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

    pub(super) fn connections(&self) -> impl Iterator<Item = &VpnConnection> {
        let connections = self.region.vpn_connections.values();
        connections.filter(|connection| {
            connection.life.exists(self.now) && !connection.features.inside_ipv6
        })
    }

    /// Whether the prefix lies behind a connection's router.
    pub(super) fn leads_to_site(&self, connection: &VpnConnection) -> bool {
        let address = telemetry::customer_ip(self.region, connection);
        let mut lan = self.beyond.site.lan(address);
        lan.extend(connection.routes.iter().map(|route| route.destination));
        lan.iter().any(|network| network.contains(&self.prefix))
    }

    pub(super) fn up(&self, connection: &VpnConnection) -> Vec<Lane> {
        let is_up = |tunnel: &&Tunnel| {
            telemetry::of_tunnel(self.region, self.beyond, connection, tunnel, self.now).up
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

fn over_direct_connect(interfaces: Vec<ResourceId>) -> Lanes {
    let lanes = interfaces.into_iter();
    Lanes {
        lanes: lanes
            .map(|interface| Lane::DirectConnect { interface })
            .collect(),
        spread: true,
    }
}

pub(super) fn down(connections: &[&VpnConnection]) -> Gap {
    let connections = connections.iter().map(|connection| connection.id.clone());
    Gap::Down {
        connections: connections.collect(),
    }
}
