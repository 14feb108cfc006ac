//! What a site meets in AWS: its VPC, the gateway it will use, its neighbours.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::aws::{RouteTable, Tags, View, Vpc, VpnConnection, VpnGateway};
use crate::resource::{
    Propagation, TAG_SITE, all_remembered_propagation, chosen_connection, chosen_vpn_gateway,
    propagation_of_others, remembered_propagation,
};
use crate::spec::{AttachTo, InsideCidr, RouteTableId, RouteTables, Site, SiteName, VpnGatewayId};
use crate::tunnel;

/// The part of a view that concerns one site.
///
/// Offline there is no view, and nothing exists.
#[derive(Debug)]
pub(super) struct World<'a> {
    pub(super) site: &'a Site,
    pub(super) view: Option<&'a View>,
    /// The site's VPC.
    pub(super) vpc: Option<&'a Vpc>,
    /// The route tables that the site selects, as far as they exist in the VPC, by id.
    pub(super) route_tables: Vec<&'a RouteTable>,
    /// The virtual private gateway that will be used, when it exists already.
    pub(super) gateway: Option<&'a VpnGateway>,
    /// The connection that is the site's, or that the site file names, when it exists already.
    pub(super) connection: Option<&'a VpnConnection>,
}

impl<'a> World<'a> {
    /// Looks a site up in a view.
    pub(super) fn of(site: &'a Site, view: Option<&'a View>) -> Self {
        let vpc = view.and_then(|view| view.vpcs.get(&site.aws.vpc));
        let mut world = Self {
            site,
            view,
            vpc,
            route_tables: Vec::new(),
            gateway: None,
            connection: None,
        };
        world.route_tables = world.selected_tables();
        world.gateway = world.used_gateway();
        world.connection = world.own_connection();
        world
    }

    /// The route tables of the VPC.
    pub(super) fn all_tables(&self) -> impl Iterator<Item = &'a RouteTable> {
        let vpc = self.site.aws.vpc.clone();
        self.view
            .into_iter()
            .flat_map(|view| view.route_tables.values())
            .filter(move |table| table.vpc == vpc)
    }

    fn selected_tables(&self) -> Vec<&'a RouteTable> {
        let listed: Option<BTreeSet<&RouteTableId>> = match &self.site.aws.route_tables {
            RouteTables::All => None,
            RouteTables::Listed(ids) => Some(ids.iter().collect()),
        };
        self.all_tables()
            .filter(|table| listed.as_ref().is_none_or(|ids| ids.contains(&table.id)))
            .collect()
    }

    /// The gateway that the site file names.
    pub(super) fn named_gateway(&self) -> Option<&'a VpnGatewayId> {
        match &self.site.aws.attach_to {
            AttachTo::VirtualPrivateGateway(named) => named.as_ref(),
            AttachTo::TransitGateway(_) => None,
        }
    }

    /// The gateways that exist and are not on their way out.
    pub(super) fn live_gateways(&self) -> impl Iterator<Item = &'a VpnGateway> {
        self.view
            .into_iter()
            .flat_map(|view| view.vpn_gateways.values())
            .filter(|gateway| !gateway.state.is_ending())
    }

    /// The gateway that is attached to the site's VPC.
    pub(super) fn attached_gateway(&self) -> Option<&'a VpnGateway> {
        self.live_gateways().find(|gateway| {
            gateway.attachments.iter().any(|attachment| {
                attachment.vpc == self.site.aws.vpc && !attachment.state.is_ending()
            })
        })
    }

    fn used_gateway(&self) -> Option<&'a VpnGateway> {
        if self.transit_target().is_some() {
            return None;
        }
        if let Some(named) = self.named_gateway() {
            return self.live_gateways().find(|gateway| gateway.id == *named);
        }
        let site = self.site;
        self.attached_gateway()
            .or_else(|| chosen_vpn_gateway(&site.name, &site.aws.vpc, self.view?))
    }

    /// Whether the gateway that will be used exists and is somebody else's.
    pub(super) fn gateway_is_adopted(&self) -> bool {
        self.gateway
            .is_some_and(|gateway| !is_of(&self.site.name, &gateway.tags))
    }

    /// The connections that exist and are not on their way out.
    pub(super) fn live_connections(&self) -> impl Iterator<Item = &'a VpnConnection> {
        self.view
            .into_iter()
            .flat_map(|view| view.vpn_connections.values())
            .filter(|connection| !connection.state.is_ending())
    }

    fn own_connection(&self) -> Option<&'a VpnConnection> {
        if let Some(named) = &self.site.aws.connection {
            return self.live_connections().find(|it| it.id == *named);
        }
        chosen_connection(&self.site.name, self.view?)
    }

    fn is_own(&self, connection: &VpnConnection) -> bool {
        is_of(&self.site.name, &connection.tags)
            || self.connection.is_some_and(|own| own.id == connection.id)
    }

    /// Other connections on the gateway that will be used.
    pub(super) fn gateway_neighbours(&self) -> Vec<&'a VpnConnection> {
        let Some(gateway) = self.gateway else {
            return Vec::new();
        };
        self.live_connections()
            .filter(|connection| connection.vpn_gateway.as_ref() == Some(&gateway.id))
            .filter(|connection| !self.is_own(connection))
            .collect()
    }

    /// Connections on the gateway that will be used which are being deleted.
    fn leaving_the_gateway(&self) -> impl Iterator<Item = &'a VpnConnection> {
        let gateway = self.gateway.map(|gateway| &gateway.id);
        self.view
            .into_iter()
            .flat_map(|view| view.vpn_connections.values())
            .filter(|connection| connection.state.is("deleting"))
            .filter(move |connection| {
                gateway.is_some_and(|id| connection.vpn_gateway.as_ref() == Some(id))
            })
    }

    /// Other connections that end on the site's router.
    pub(super) fn device_neighbours(&self) -> Vec<&'a VpnConnection> {
        self.live_connections()
            .filter(|connection| self.device_address(connection) == Some(self.outside_ip()))
            .filter(|connection| !self.is_own(connection))
            .collect()
    }

    fn outside_ip(&self) -> IpAddr {
        IpAddr::V4(self.site.gateway.outside_ip)
    }

    /// The address of the device on the other end of a connection.
    pub(super) fn device_address(&self, connection: &VpnConnection) -> Option<IpAddr> {
        let gateway = connection.customer_gateway.as_ref()?;
        self.view?.customer_gateways.get(gateway)?.ip_address
    }

    /// The inside CIDRs that the site cannot have, each with the connection that has it.
    ///
    /// AWS wants them unique per gateway; two connections of one router need them
    /// unique as well, because the router would have one address twice. A connection has its own
    /// until it is deleted, which takes minutes, one of this site included.
    pub(super) fn inside_cidrs_in_use(&self) -> BTreeMap<InsideCidr, &'a VpnConnection> {
        let neighbours = self.gateway_neighbours().into_iter();
        neighbours
            .chain(self.leaving_the_gateway())
            .chain(self.transit_neighbours())
            .chain(self.device_neighbours())
            .flat_map(|connection| {
                inside_cidrs(connection)
                    .into_iter()
                    .map(move |cidr| (cidr, connection))
            })
            .collect()
    }

    /// The inside CIDRs of the connection that exists already.
    pub(super) fn own_inside_cidrs(&self) -> BTreeSet<InsideCidr> {
        self.connection.map(inside_cidrs).unwrap_or_default()
    }

    /// Route tables that get routes from the adopted gateway because of this site.
    ///
    /// Those that do not learn yet, those that this site's connection remembers (one that replaces
    /// it has to remember them too), and those that only learn because of other sites: whichever
    /// of them is the last to go puts things back. Empty when the gateway is ours: then every
    /// propagation from it is.
    pub(super) fn enables_propagation(&self) -> BTreeSet<RouteTableId> {
        let Some(gateway) = self.gateway.filter(|_| self.gateway_is_adopted()) else {
            return BTreeSet::new();
        };
        let Some(view) = self.view else {
            return BTreeSet::new();
        };
        let by_others = propagation_of_others(&self.site.name, &gateway.id, view);
        let mut enables = remembered_propagation(&self.site.name, &gateway.id, view);
        let learning_by_us = |table: &RouteTable| {
            !table.propagating.contains(&gateway.id) || by_others.contains(&table.id)
        };
        let tables = self.route_tables.iter();
        enables.extend(
            tables
                .filter(|it| learning_by_us(it))
                .map(|it| it.id.clone()),
        );
        enables
    }

    /// The same by gateway, with what the site enabled from gateways that it has left.
    ///
    /// Of those, only what is still on: what somebody has put off needs no memory.
    fn remembers_propagation(&self) -> Propagation {
        let Some(view) = self.view else {
            return Propagation::new();
        };
        let is_own = |gateway: &VpnGatewayId| {
            let listed = view.vpn_gateways.get(gateway);
            listed.is_some_and(|it| is_of(&self.site.name, &it.tags))
        };
        let mut all = all_remembered_propagation(&self.site.name, view);
        for (gateway, tables) in &mut all {
            tables.retain(|table| {
                let table = view.route_tables.get(table);
                table.is_some_and(|it| it.propagating.contains(gateway)) && !is_own(gateway)
            });
        }
        if let Some(gateway) = self.gateway {
            let enables = self.enables_propagation();
            all.entry(gateway.id.clone()).or_default().extend(enables);
        }
        all.retain(|_, tables| !tables.is_empty());
        all
    }

    /// `${vpc.…}` of a playbook; none when the VPC was not looked at.
    pub(super) fn vpc_context(&self) -> Option<Value> {
        let vpc = self.vpc?;
        let tables: Vec<_> = self.route_tables.iter().map(|table| &table.id).collect();
        let mut context = json!({
            "id": vpc.id,
            "cidrs": vpc.cidrs,
            "route_tables": tables,
            "enables_propagation": self.enables_propagation(),
            "remembers_propagation": self.remembers_propagation(),
        });
        for (name, value) in self.transit_context() {
            context[name] = value;
        }
        Some(context)
    }
}

/// Whether an object with these tags was made for `site`.
pub(super) fn is_of(site: &SiteName, tags: &Tags) -> bool {
    tags.get(TAG_SITE).is_some_and(|tag| tag == site.as_str())
}

/// The site that an object was made for, in words.
pub(super) fn maker(tags: &Tags) -> String {
    tags.get(TAG_SITE).map_or_else(
        || "not made by underpass".to_owned(),
        |site| format!("of site {}", site.escape_debug()),
    )
}

/// A connection's inside CIDRs; out of its XML where AWS lists no options, as on old connections.
pub(super) fn inside_cidrs(connection: &VpnConnection) -> BTreeSet<InsideCidr> {
    let listed: BTreeSet<InsideCidr> = connection
        .tunnels
        .iter()
        .filter_map(|tunnel| tunnel.inside_cidr)
        .collect();
    if listed.len() >= 2 {
        return listed;
    }
    let written = connection
        .configuration
        .as_ref()
        .and_then(|text| tunnel::xml::read(text.expose_secret()).ok());
    written
        .map(|xml| {
            xml.tunnels
                .iter()
                .map(|tunnel| tunnel.inside_cidr)
                .collect()
        })
        .unwrap_or(listed)
}
