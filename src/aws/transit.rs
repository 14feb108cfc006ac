//! Transit gateways and what hangs on them, in our own types.

use std::collections::BTreeSet;

use ipnet::{IpNet, Ipv4Net};
use serde::Serialize;

use super::model::{State, Tags};
use crate::spec::{
    AccountId, Asn, SubnetId, TransitGatewayAttachmentId, TransitGatewayId,
    TransitGatewayRouteTableId, VpcId,
};

/// A subnet of a VPC.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Subnet {
    /// Its id.
    pub id: SubnetId,
    /// The VPC.
    pub vpc: VpcId,
    /// Its availability zone, such as `eu-central-1a`.
    pub zone: String,
    /// Its IPv4 network; none when it has IPv6 alone.
    pub cidr: Option<Ipv4Net>,
    /// IPv4 addresses that are free.
    pub free_addresses: u32,
    /// Its tags.
    pub tags: Tags,
}

/// A transit gateway.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TransitGateway {
    /// Its id.
    pub id: TransitGatewayId,
    /// `pending available modifying deleting deleted`.
    pub state: State,
    /// The account that it belongs to: it may be shared with this one.
    pub owner: Option<AccountId>,
    /// AWS's ASN.
    pub amazon_side_asn: Option<Asn>,
    /// Whether equal routes over several tunnels are used at once.
    pub vpn_ecmp: bool,
    /// The table that new attachments look routes up in; none when that is left to the user.
    pub association_table: Option<TransitGatewayRouteTableId>,
    /// The table that learns routes from new attachments; none when that is left to the user.
    pub propagation_table: Option<TransitGatewayRouteTableId>,
    /// Its own networks: outside addresses of private IP VPN connections come out of them.
    pub cidrs: Vec<IpNet>,
    /// Its tags.
    pub tags: Tags,
}

/// What joins a VPC, a VPN connection or a Direct Connect gateway to a transit gateway.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TransitAttachment {
    /// Its id.
    pub id: TransitGatewayAttachmentId,
    /// The transit gateway.
    pub transit_gateway: Option<TransitGatewayId>,
    /// `pendingacceptance pending available modifying deleting deleted failed …`.
    pub state: State,
    /// `vpc`, `vpn`, `direct-connect-gateway`, `peering`, …
    pub resource_type: String,
    /// The id of what it joins, such as `vpn-0a…`.
    pub resource: String,
    /// The account that what it joins belongs to.
    pub resource_owner: Option<AccountId>,
    /// The table that it looks routes up in.
    pub association: Option<TransitAssociation>,
    /// Its tags.
    pub tags: Tags,
}

/// An attachment's association with a route table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TransitAssociation {
    /// The table.
    pub table: TransitGatewayRouteTableId,
    /// `associating associated disassociating disassociated`.
    pub state: State,
}

/// A VPC's attachment, with the subnets that it has an address in.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TransitVpcAttachment {
    /// The attachment.
    pub id: TransitGatewayAttachmentId,
    /// The VPC.
    pub vpc: VpcId,
    /// One per availability zone.
    pub subnets: BTreeSet<SubnetId>,
}

/// A route table of a transit gateway.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TransitRouteTable {
    /// Its id.
    pub id: TransitGatewayRouteTableId,
    /// The transit gateway.
    pub transit_gateway: Option<TransitGatewayId>,
    /// `pending available deleting deleted`.
    pub state: State,
    /// Its tags.
    pub tags: Tags,
}

/// What one route table of a transit gateway learns, and what was written into it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TransitTableContents {
    /// The attachments that propagate into it.
    pub propagations: Vec<TransitPropagation>,
    /// Its routes, propagated and static.
    pub routes: Vec<TransitRoute>,
}

/// An attachment that propagates its routes into a table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TransitPropagation {
    /// The attachment.
    pub attachment: TransitGatewayAttachmentId,
    /// `enabling enabled disabling disabled`.
    pub state: State,
}

/// A route of a transit gateway.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TransitRoute {
    /// Where to.
    pub destination: IpNet,
    /// The attachments that it leads to: several with ECMP, none when it is a blackhole.
    pub attachments: BTreeSet<TransitGatewayAttachmentId>,
    /// Whether it was propagated, as opposed to somebody having written it.
    pub propagated: bool,
    /// `pending active blackhole deleting deleted`.
    pub state: State,
}
