//! One look at AWS: everything that planning and waiting need, in one value.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::direct_connect::{DxAssociation, DxConnection, DxGateway, VirtualInterface};
use super::model::{
    CustomerGateway, RouteTable, SeenTunnel, State, Tags, Telemetry, Vpc, VpnConnection, VpnGateway,
};
use super::transit::{
    Subnet, TransitAttachment, TransitGateway, TransitRouteTable, TransitTableContents,
    TransitVpcAttachment,
};
use crate::spec::{
    CustomerGatewayId, DxAssociationId, DxConnectionId, DxGatewayId, RouteTableId, SiteName,
    SubnetId, TransitGatewayAttachmentId, TransitGatewayId, TransitGatewayRouteTableId,
    VirtualInterfaceId, VpcId, VpnConnectionId, VpnGatewayId,
};

/// One kind of object that a single Describe call lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Collection {
    /// `DescribeVpcs`.
    Vpcs,
    /// `DescribeRouteTables`.
    RouteTables,
    /// `DescribeVpnGateways`.
    VpnGateways,
    /// `DescribeCustomerGateways`.
    CustomerGateways,
    /// `DescribeVpnConnections`.
    VpnConnections,
    /// `DescribeSubnets`.
    Subnets,
    /// `DescribeTransitGateways`.
    TransitGateways,
    /// `DescribeTransitGatewayAttachments`: of VPCs, VPN connections and all else.
    TransitAttachments,
    /// `DescribeTransitGatewayVpcAttachments`: the subnets of the VPCs' attachments.
    TransitVpcAttachments,
    /// `DescribeTransitGatewayRouteTables`.
    TransitRouteTables,
    /// What those route tables learn and hold: two calls for each of them.
    TransitTableContents,
    /// `DescribeConnections`.
    DxConnections,
    /// `DescribeDirectConnectGateways`: of all Regions.
    DxGateways,
    /// `DescribeDirectConnectGatewayAssociations`: a call for each gateway.
    DxAssociations,
    /// `DescribeVirtualInterfaces`.
    VirtualInterfaces,
}

impl Collection {
    /// How many there are.
    pub(super) const COUNT: usize = Self::ALL.len() + Self::DIRECT_CONNECT.len();

    /// What is looked at for every site.
    pub const VPN: [Self; 5] = [
        Self::Vpcs,
        Self::RouteTables,
        Self::VpnGateways,
        Self::CustomerGateways,
        Self::VpnConnections,
    ];

    /// What is looked at for a site on a transit gateway: more calls, and two for each route table.
    pub const TRANSIT: [Self; 6] = [
        Self::Subnets,
        Self::TransitGateways,
        Self::TransitAttachments,
        Self::TransitVpcAttachments,
        Self::TransitRouteTables,
        Self::TransitTableContents,
    ];

    /// All of EC2.
    pub const ALL: [Self; 11] = [
        Self::Vpcs,
        Self::RouteTables,
        Self::VpnGateways,
        Self::CustomerGateways,
        Self::VpnConnections,
        Self::Subnets,
        Self::TransitGateways,
        Self::TransitAttachments,
        Self::TransitVpcAttachments,
        Self::TransitRouteTables,
        Self::TransitTableContents,
    ];

    /// All of Direct Connect: another service, with permissions of its own, which nobody needs whose
    /// site has none.
    pub const DIRECT_CONNECT: [Self; 4] = [
        Self::DxConnections,
        Self::DxGateways,
        Self::DxAssociations,
        Self::VirtualInterfaces,
    ];

    /// Whether Direct Connect lists it, and not EC2.
    pub const fn is_direct_connect(self) -> bool {
        matches!(
            self,
            Self::DxConnections | Self::DxGateways | Self::DxAssociations | Self::VirtualInterfaces
        )
    }
}

/// The tag that says whose an object is.
pub const TAG_SITE: &str = "underpass:site";

/// The tag of a site's objects in EC2 that tells of its Direct Connect, so that whoever has no site
/// file any more looks there as well.
pub const TAG_DIRECT_CONNECT: &str = "underpass:direct-connect";

/// The tag of a site's objects that tells of its transit gateway, in the same way.
pub const TAG_TRANSIT: &str = "underpass:transit";

/// How widely a whole look looks.
#[derive(Clone, Copy, Debug)]
pub enum Breadth<'a> {
    /// At what a site needs, by its file and by the tags of its objects.
    Site(&'a SiteName),
    /// At everything, for one site or for all of them: what no object of EC2 tells of any more may
    /// still be billed.
    Everything(Option<&'a SiteName>),
}

/// What exists in one Region of one account, deleted objects that AWS still lists included.
///
/// A view may be partial: only the collections that were looked at are filled, and
/// [`View::looked_at`] tells when.
#[derive(Clone, Debug, Default, Serialize)]
pub struct View {
    /// When each collection was asked for.
    pub looked_at: BTreeMap<Collection, Timestamp>,
    /// VPCs.
    pub vpcs: BTreeMap<VpcId, Vpc>,
    /// Route tables.
    pub route_tables: BTreeMap<RouteTableId, RouteTable>,
    /// Virtual private gateways.
    pub vpn_gateways: BTreeMap<VpnGatewayId, VpnGateway>,
    /// Customer gateways.
    pub customer_gateways: BTreeMap<CustomerGatewayId, CustomerGateway>,
    /// VPN connections.
    pub vpn_connections: BTreeMap<VpnConnectionId, VpnConnection>,
    /// Subnets.
    pub subnets: BTreeMap<SubnetId, Subnet>,
    /// Transit gateways, those that other accounts share with this one among them.
    pub transit_gateways: BTreeMap<TransitGatewayId, TransitGateway>,
    /// Everything that is attached to transit gateways.
    pub transit_attachments: BTreeMap<TransitGatewayAttachmentId, TransitAttachment>,
    /// The VPCs among them, with their subnets.
    pub transit_vpc_attachments: BTreeMap<TransitGatewayAttachmentId, TransitVpcAttachment>,
    /// Route tables of transit gateways.
    pub transit_route_tables: BTreeMap<TransitGatewayRouteTableId, TransitRouteTable>,
    /// What is in them.
    pub transit_table_contents: BTreeMap<TransitGatewayRouteTableId, TransitTableContents>,
    /// Direct Connect connections.
    pub dx_connections: BTreeMap<DxConnectionId, DxConnection>,
    /// Direct Connect gateways.
    pub dx_gateways: BTreeMap<DxGatewayId, DxGateway>,
    /// What joins those gateways to gateways of VPCs.
    pub dx_associations: BTreeMap<DxAssociationId, DxAssociation>,
    /// Virtual interfaces.
    pub virtual_interfaces: BTreeMap<VirtualInterfaceId, VirtualInterface>,
}

impl View {
    /// Takes over every collection that `newer` looked at, unless ours is the later look.
    pub fn merge(&mut self, mut newer: Self) {
        for (collection, at) in std::mem::take(&mut newer.looked_at) {
            if self
                .looked_at
                .get(&collection)
                .is_some_and(|ours| *ours > at)
            {
                continue;
            }
            self.looked_at.insert(collection, at);
            macro_rules! take {
                ($field:ident) => {
                    self.$field = std::mem::take(&mut newer.$field)
                };
            }
            match collection {
                Collection::Vpcs => take!(vpcs),
                Collection::RouteTables => take!(route_tables),
                Collection::VpnGateways => take!(vpn_gateways),
                Collection::CustomerGateways => take!(customer_gateways),
                Collection::VpnConnections => take!(vpn_connections),
                Collection::Subnets => take!(subnets),
                Collection::TransitGateways => take!(transit_gateways),
                Collection::TransitAttachments => take!(transit_attachments),
                Collection::TransitVpcAttachments => take!(transit_vpc_attachments),
                Collection::TransitRouteTables => take!(transit_route_tables),
                Collection::TransitTableContents => take!(transit_table_contents),
                Collection::DxConnections => take!(dx_connections),
                Collection::DxGateways => take!(dx_gateways),
                Collection::DxAssociations => take!(dx_associations),
                Collection::VirtualInterfaces => take!(virtual_interfaces),
            }
        }
    }

    /// What exists and is not ending, with tags and settings: what two looks at the same world have
    /// in common, whatever is on its way meanwhile. Without telemetry and the names of states.
    pub fn outline(&self) -> Value {
        let alive = |state: &State| !state.is_ending();
        let gateways = self.vpn_gateways.values().filter(|it| alive(&it.state));
        let gateways = gateways.map(|it| {
            let attached = it.attachments.iter().filter(|it| alive(&it.state));
            let vpcs: BTreeSet<&VpcId> = attached.map(|it| &it.vpc).collect();
            json!([it.id, it.amazon_side_asn, vpcs, it.tags])
        });
        let customers = self.customer_gateways.values();
        let customers = customers.filter(|it| alive(&it.state));
        let customers = customers.map(|it| json!([it.id, it.ip_address, it.bgp_asn, it.tags]));
        let connections = self.living_connections().map(|it| {
            let ends = json!([it.customer_gateway, it.vpn_gateway, it.transit_gateway]);
            let routes: BTreeSet<String> = it
                .routes
                .iter()
                .filter(|it| alive(&it.state))
                .map(|it| it.destination.to_string())
                .collect();
            json!([
                it.id,
                ends,
                it.static_routes_only,
                sorted(&it.tunnels),
                routes,
                it.tags
            ])
        });
        let tables = self.route_tables.values();
        let tables = tables.map(|it| {
            json!([
                it.id,
                it.vpc,
                it.main,
                sorted(&it.routes),
                it.propagating,
                it.tags
            ])
        });
        json!({
            "vpcs": self.vpcs,
            "route_tables": tables.collect::<Vec<_>>(),
            "vpn_gateways": gateways.collect::<Vec<_>>(),
            "customer_gateways": customers.collect::<Vec<_>>(),
            "vpn_connections": connections.collect::<Vec<_>>(),
            "transit": self.transit_outline(),
            "direct_connect": self.direct_connect_outline(),
        })
    }

    fn transit_outline(&self) -> Value {
        let alive = |state: &State| !state.is_ending();
        let gateways = self.transit_gateways.values().filter(|it| alive(&it.state));
        let gateways = gateways.map(|it| json!([it.id, it.amazon_side_asn, it.cidrs, it.tags]));
        let attachments = self.transit_attachments.values();
        let attachments = attachments.filter(|it| alive(&it.state));
        let attachments = attachments.map(|it| {
            let table = it
                .association
                .as_ref()
                .map(|association| &association.table);
            let vpc = self.transit_vpc_attachments.get(&it.id);
            json!([it.id, it.transit_gateway, it.resource, table, vpc, it.tags])
        });
        let contents = self.transit_table_contents.iter();
        let contents = contents.map(|(id, it)| {
            let written: Vec<_> = it.routes.iter().filter(|it| !it.propagated).collect();
            let learning: BTreeSet<_> = it.propagations.iter().map(|it| &it.attachment).collect();
            json!([id, sorted(&written), learning])
        });
        json!({
            "gateways": gateways.collect::<Vec<_>>(),
            "attachments": attachments.collect::<Vec<_>>(),
            "tables": contents.collect::<Vec<_>>(),
        })
    }

    /// Whether anything of a site, or of any, says that it has a Direct Connect.
    pub(super) fn mentions_direct_connect(&self, site: Option<&SiteName>) -> bool {
        self.tags_of(site)
            .any(|tags| tags.contains_key(TAG_DIRECT_CONNECT))
    }

    /// Whether anything of a site, or of any, says that it is on a transit gateway.
    pub(super) fn mentions_transit(&self, site: Option<&SiteName>) -> bool {
        self.tags_of(site)
            .any(|tags| tags.contains_key(TAG_TRANSIT))
    }

    /// The tags of a site's gateways and connections.
    fn tags_of(&self, site: Option<&SiteName>) -> impl Iterator<Item = &Tags> {
        let tags = self.vpn_gateways.values().map(|it| &it.tags);
        let tags = tags.chain(self.customer_gateways.values().map(|it| &it.tags));
        let tags = tags.chain(self.vpn_connections.values().map(|it| &it.tags));
        let tags = tags.chain(self.transit_gateways.values().map(|it| &it.tags));
        let site = site.map(SiteName::as_str);
        tags.filter(move |tags| site.is_none() || tags.get(TAG_SITE).map(String::as_str) == site)
    }

    fn direct_connect_outline(&self) -> Value {
        let alive = |state: &State| !state.is_ending();
        let connections = self.dx_connections.values().filter(|it| alive(&it.state));
        let connections = connections.map(|it| json!([it.id, it.tags]));
        let gateways = self.dx_gateways.values().filter(|it| alive(&it.state));
        let gateways = gateways.map(|it| json!([it.id, it.amazon_side_asn, it.tags]));
        let associations = self.dx_associations.values();
        let associations = associations.filter(|it| alive(&it.state));
        let associations =
            associations.map(|it| json!([it.id, it.gateway, it.associated, it.allowed_prefixes]));
        let interfaces = self.virtual_interfaces.values();
        let interfaces = interfaces.filter(|it| alive(&it.state));
        let interfaces = interfaces
            .map(|it| json!([it.id, it.connection, it.vlan, it.gateway, it.mtu, it.tags]));
        json!({
            "connections": connections.collect::<Vec<_>>(),
            "gateways": gateways.collect::<Vec<_>>(),
            "associations": associations.collect::<Vec<_>>(),
            "interfaces": interfaces.collect::<Vec<_>>(),
        })
    }

    /// The virtual private gateway of a VPC: attached, or being attached.
    pub fn vpn_gateway_of(&self, vpc: &VpcId) -> Option<&VpnGateway> {
        self.vpn_gateways
            .values()
            .find(|gateway| gateway.is_attached_to(vpc))
    }

    /// A VPC's route tables, the main one among them.
    pub fn route_tables_of<'a>(&'a self, vpc: &'a VpcId) -> impl Iterator<Item = &'a RouteTable> {
        self.route_tables
            .values()
            .filter(move |table| table.vpc == *vpc)
    }

    /// The connections that end on a virtual private gateway, without those that are ending.
    pub fn connections_on<'a>(
        &'a self,
        gateway: &'a VpnGatewayId,
    ) -> impl Iterator<Item = &'a VpnConnection> {
        self.living_connections()
            .filter(move |connection| connection.vpn_gateway.as_ref() == Some(gateway))
    }

    /// The connections of a customer gateway, without those that are ending.
    pub fn connections_of<'a>(
        &'a self,
        gateway: &'a CustomerGatewayId,
    ) -> impl Iterator<Item = &'a VpnConnection> {
        self.living_connections()
            .filter(move |connection| connection.customer_gateway.as_ref() == Some(gateway))
    }

    fn living_connections(&self) -> impl Iterator<Item = &VpnConnection> {
        self.vpn_connections
            .values()
            .filter(|connection| !connection.state.is_ending())
    }
}

/// What AWS lists in any order, in one.
fn sorted(list: &[impl Serialize]) -> Vec<String> {
    let mut texts: Vec<String> = list.iter().map(|it| json!(it).to_string()).collect();
    texts.sort();
    texts
}

impl VpnGateway {
    /// Whether it is attached to `vpc`, or being attached; old attachments stay listed and do not
    /// count.
    pub fn is_attached_to(&self, vpc: &VpcId) -> bool {
        !self.state.is_ending()
            && self
                .attachments
                .iter()
                .any(|attachment| attachment.vpc == *vpc && !attachment.state.is_ending())
    }
}

impl VpnConnection {
    /// The gateway of the VPC that it ends on: `vgw-…` or `tgw-…`.
    pub fn regional_gateway(&self) -> Option<&str> {
        let vpn = self.vpn_gateway.as_ref().map(|it| it.as_str());
        vpn.or_else(|| self.transit_gateway.as_ref().map(|it| it.as_str()))
    }

    /// The options of the tunnel with this outside address, as AWS echoes them.
    pub fn tunnel(&self, outside: Ipv4Addr) -> Option<&SeenTunnel> {
        self.tunnels
            .iter()
            .find(|tunnel| tunnel.outside == Some(outside))
    }

    /// The telemetry of the tunnel with this outside address.
    pub fn telemetry_of(&self, outside: Ipv4Addr) -> Option<&Telemetry> {
        self.telemetry
            .iter()
            .find(|telemetry| telemetry.outside == outside)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::{State, Tags};

    fn gateway(id: &str, at: i64) -> View {
        let mut view = View::default();
        let id: VpnGatewayId = id.parse().unwrap();
        let gateway = VpnGateway {
            id: id.clone(),
            state: State::new("available"),
            amazon_side_asn: None,
            attachments: Vec::new(),
            tags: Tags::new(),
        };
        view.vpn_gateways.insert(id, gateway);
        let at = Timestamp::from_second(at).unwrap();
        view.looked_at.insert(Collection::VpnGateways, at);
        view
    }

    #[test]
    fn a_merge_replaces_what_was_looked_at_later_and_nothing_else() {
        let mut view = gateway("vgw-00000001", 10);
        let vpcs = View {
            looked_at: BTreeMap::from([(Collection::Vpcs, Timestamp::from_second(5).unwrap())]),
            ..View::default()
        };
        view.merge(vpcs);
        assert_eq!(view.looked_at.len(), 2);
        assert_eq!(
            view.vpn_gateways.len(),
            1,
            "VPCs say nothing about gateways"
        );
        view.merge(gateway("vgw-00000002", 20));
        let ids: Vec<_> = view.vpn_gateways.keys().map(VpnGatewayId::as_str).collect();
        assert_eq!(ids, ["vgw-00000002"], "what is no longer listed is gone");
        view.merge(gateway("vgw-00000003", 15));
        assert!(
            !view
                .vpn_gateways
                .contains_key(&"vgw-00000003".parse().unwrap())
        );
        assert_eq!(view.looked_at[&Collection::VpnGateways].as_second(), 20);
    }
}
