//! What a site meets on a transit gateway: the gateway, the VPC's place on it, tables, subnets.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::Ipv4Net;
use serde_json::{Value, json};

use super::world::World;
use crate::aws::{Subnet, TransitAttachment, TransitGateway, VpnConnection};
use crate::resource::{WrittenRoutes, associated_tables, written_routes};
use crate::spec::{
    AttachTo, RouteTableId, SubnetId, TransitGatewayId, TransitGatewayRouteTableId, TransitTarget,
};

impl<'a> World<'a> {
    /// Which transit gateway the site file means, if it means one.
    pub(super) fn transit_target(&self) -> Option<&'a TransitTarget> {
        match &self.site.aws.attach_to {
            AttachTo::VirtualPrivateGateway(_) => None,
            AttachTo::TransitGateway(target) => Some(target),
        }
    }

    /// The living transit gateways that the site file may mean; with a tag there may be several.
    pub(super) fn meant_transit_gateways(&self) -> Vec<&'a TransitGateway> {
        let Some(target) = self.transit_target() else {
            return Vec::new();
        };
        let gateways = self
            .view
            .into_iter()
            .flat_map(|view| view.transit_gateways.values());
        let live = gateways.filter(|it| !it.state.is_ending());
        live.filter(|it| match target {
            TransitTarget::Existing(id) => it.id == *id,
            TransitTarget::Tagged { key, value } => it.tags.get(key) == Some(value),
            TransitTarget::New => super::world::is_of(&self.site.name, &it.tags),
        })
        .collect()
    }

    /// The transit gateway that will be used, when it exists already and there is one alone.
    pub(super) fn transit_gateway(&self) -> Option<&'a TransitGateway> {
        match self.meant_transit_gateways()[..] {
            [one] => Some(one),
            [first, ..] if self.transit_target() == Some(&TransitTarget::New) => Some(first),
            _ => None,
        }
    }

    /// The transit gateway that the site file names, by its id or by a tag that one carries.
    fn named_transit_gateway(&self) -> Option<&'a TransitGatewayId> {
        match self.transit_target()? {
            TransitTarget::New => None,
            TransitTarget::Existing(id) => Some(id),
            TransitTarget::Tagged { .. } => self.transit_gateway().map(|it| &it.id),
        }
    }

    /// The VPC's attachment to it.
    pub(super) fn transit_vpc_attachment(&self) -> Option<&'a TransitAttachment> {
        let gateway = self.transit_gateway()?;
        let attachments = self.view?.transit_attachments.values();
        attachments
            .filter(|it| !it.state.is_ending() && it.resource == self.site.aws.vpc.as_str())
            .find(|it| it.transit_gateway.as_ref() == Some(&gateway.id))
    }

    /// Other connections on the transit gateway that will be used, those that are being deleted
    /// among them.
    pub(super) fn transit_neighbours(&self) -> Vec<&'a VpnConnection> {
        let gateway = self.transit_gateway().map(|it| &it.id);
        let connections = self.view.into_iter();
        connections
            .flat_map(|view| view.vpn_connections.values())
            .filter(|it| gateway.is_some() && it.transit_gateway.as_ref() == gateway)
            .filter(|it| !it.state.is("deleted"))
            .filter(|it| self.connection.is_none_or(|own| own.id != it.id))
            .collect()
    }

    /// The subnets of the VPC.
    pub(super) fn subnets(&self) -> impl Iterator<Item = &'a Subnet> {
        let vpc = self.site.aws.vpc.clone();
        self.view
            .into_iter()
            .flat_map(|view| view.subnets.values())
            .filter(move |subnet| subnet.vpc == vpc)
    }

    /// The subnets in which the VPC's attachment has an address: those that the site file names,
    /// else those that it has, else the smallest of each availability zone, where AWS's advice to
    /// keep a small subnet for this puts it.
    pub(super) fn attachment_subnets(&self) -> BTreeSet<SubnetId> {
        let named = &self.site.aws.transit.subnets;
        if !named.is_empty() {
            return named.iter().cloned().collect();
        }
        let there = self.transit_vpc_attachment().and_then(|attachment| {
            let attachments = &self.view?.transit_vpc_attachments;
            attachments.get(&attachment.id)
        });
        if let Some(there) = there {
            return there.subnets.clone();
        }
        let mut smallest: BTreeMap<&str, &Subnet> = BTreeMap::new();
        for subnet in self.subnets().filter(|it| it.free_addresses > 0) {
            let size = |it: &Subnet| it.cidr.map(|net| net.prefix_len());
            let kept = smallest.entry(&subnet.zone).or_insert(subnet);
            if size(subnet) > size(kept) {
                *kept = subnet;
            }
        }
        smallest.into_values().map(|it| it.id.clone()).collect()
    }

    /// The tables that learn the site's routes, as far as the site file names any.
    fn named_tables(&self) -> &'a [TransitGatewayRouteTableId] {
        &self.site.aws.transit.propagate_to
    }

    /// The table that the site's static routes go into: where the VPC's attachment looks them up.
    pub(super) fn static_table(&self) -> Option<&'a TransitGatewayRouteTableId> {
        let attachment = self.transit_vpc_attachment();
        let association = attachment.and_then(|it| it.association.as_ref());
        let default = || self.transit_gateway()?.association_table.as_ref();
        association.map(|it| &it.table).or_else(default)
    }

    /// Routes that this site writes into the VPC: those that are not there, and those that it is
    /// remembered to have written.
    fn writes_routes(&self) -> WrittenRoutes {
        let Some(view) = self.view else {
            return WrittenRoutes::new();
        };
        let ours = written_routes(&self.site.name, view);
        let is_written = |table: &RouteTableId, net: &Ipv4Net| {
            ours.get(table).is_some_and(|nets| nets.contains(net))
        };
        let tables = self.route_tables.iter().map(|table| {
            let there = |net: &Ipv4Net| {
                let mut routes = table.routes.iter().filter(|route| !route.propagated);
                routes.any(|route| route.destination == Some((*net).into()))
            };
            let nets = self.site.lan.iter();
            let nets = nets.filter(|net| !there(net) || is_written(&table.id, net));
            (table.id.clone(), nets.copied().collect::<BTreeSet<_>>())
        });
        tables.filter(|(_, nets)| !nets.is_empty()).collect()
    }

    /// `${site.…}` of a playbook: the site file, with the transit gateway's default table where the
    /// connection is still in one that the file no longer names.
    pub(super) fn site_context(&self) -> Value {
        let mut site = json!(self.site);
        if self.site.aws.transit.route_table.is_none()
            && let Some(table) = self.table_to_return_to()
        {
            site["aws"]["transit"]["route_table"] = json!(table);
        }
        site
    }

    fn table_to_return_to(&self) -> Option<&'a TransitGatewayRouteTableId> {
        let (view, connection) = self.view.zip(self.connection)?;
        let default = self.transit_gateway()?.association_table.as_ref()?;
        let named = associated_tables(&connection.tags);
        let attachments = view.transit_attachments.values();
        let mut its =
            attachments.filter(|it| it.resource == connection.id.as_str() && !it.state.is_ending());
        let association = its.next()?.association.as_ref();
        let association = association.filter(|it| !it.state.is("disassociating"));
        // In none it is while it is put back.
        let left = association.map_or(!named.is_empty(), |it| named.contains(&it.table));
        (left && association.is_none_or(|it| it.table != *default)).then_some(default)
    }

    /// What `${vpc.…}` says about the transit gateway, in this order of `playbook::VPC_FIELDS`.
    pub(super) fn transit_context(&self) -> [(&'static str, Value); 7] {
        let pairs = self.route_tables.iter().flat_map(|table| {
            let nets = self.site.lan.iter();
            nets.map(move |net| format!("{}:{net}", table.id))
        });
        [
            ("named_transit_gateway", json!(self.named_transit_gateway())),
            (
                "named_transit_table",
                json!(self.site.aws.transit.route_table),
            ),
            ("transit_subnets", json!(self.attachment_subnets())),
            ("transit_propagation", json!(self.named_tables())),
            ("transit_static_table", json!(self.static_table())),
            ("writes_routes", json!(self.writes_routes())),
            ("routes", json!(pairs.collect::<Vec<_>>())),
        ]
    }
}
