//! A mutating call about a transit gateway, or a VPC's routes to one, as data.

use std::collections::BTreeSet;

use ipnet::Ipv4Net;

use super::model::Tags;
use crate::spec::{
    Asn, RouteTableId, SubnetId, TransitGatewayAttachmentId, TransitGatewayId,
    TransitGatewayRouteTableId, VpcId,
};

/// One mutating EC2 call about a transit gateway.
#[derive(Clone, Debug)]
pub enum TransitCall {
    /// `CreateTransitGateway`, with AWS's default route table and equal-cost multipath.
    CreateGateway {
        /// AWS's ASN.
        amazon_side_asn: Asn,
        /// Its own networks; empty unless private IP VPN needs them.
        cidrs: Vec<Ipv4Net>,
        /// Set in the same call.
        tags: Tags,
    },
    /// `DeleteTransitGateway`.
    DeleteGateway(TransitGatewayId),
    /// `CreateTransitGatewayVpcAttachment`.
    AttachVpc {
        /// The transit gateway.
        transit_gateway: TransitGatewayId,
        /// The VPC.
        vpc: VpcId,
        /// One per availability zone.
        subnets: BTreeSet<SubnetId>,
        /// Set in the same call.
        tags: Tags,
    },
    /// `ModifyTransitGatewayVpcAttachment`: only the zones of the subnets that go are cut off.
    ModifyVpcAttachment {
        /// The attachment.
        attachment: TransitGatewayAttachmentId,
        /// Subnets of further availability zones.
        add: BTreeSet<SubnetId>,
        /// Subnets that are no longer wanted.
        remove: BTreeSet<SubnetId>,
    },
    /// `DeleteTransitGatewayVpcAttachment`.
    DetachVpc(TransitGatewayAttachmentId),
    /// `AssociateTransitGatewayRouteTable`.
    Associate(TransitPair),
    /// `DisassociateTransitGatewayRouteTable`: cuts the attachment off until it is associated again.
    Disassociate(TransitPair),
    /// `EnableTransitGatewayRouteTablePropagation`.
    EnablePropagation(TransitPair),
    /// `DisableTransitGatewayRouteTablePropagation`.
    DisablePropagation(TransitPair),
    /// `CreateTransitGatewayRoute`.
    CreateRoute {
        /// Where it leads.
        pair: TransitPair,
        /// The site's network.
        destination: Ipv4Net,
    },
    /// `DeleteTransitGatewayRoute`.
    DeleteRoute {
        /// The table.
        table: TransitGatewayRouteTableId,
        /// The site's network.
        destination: Ipv4Net,
    },
    /// `CreateRoute` in a VPC's route table.
    CreateVpcRoute {
        /// The VPC's route table.
        route_table: RouteTableId,
        /// The site's network.
        destination: Ipv4Net,
        /// The transit gateway, attached to the table's VPC.
        transit_gateway: TransitGatewayId,
    },
    /// `DeleteRoute` in a VPC's route table.
    DeleteVpcRoute {
        /// The VPC's route table.
        route_table: RouteTableId,
        /// The site's network.
        destination: Ipv4Net,
    },
}

/// A route table of a transit gateway, and an attachment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransitPair {
    /// The table.
    pub table: TransitGatewayRouteTableId,
    /// The attachment.
    pub attachment: TransitGatewayAttachmentId,
}

impl TransitCall {
    /// The EC2 action's name.
    pub const fn action(&self) -> &'static str {
        match self {
            Self::CreateGateway { .. } => "CreateTransitGateway",
            Self::DeleteGateway(_) => "DeleteTransitGateway",
            Self::AttachVpc { .. } => "CreateTransitGatewayVpcAttachment",
            Self::ModifyVpcAttachment { .. } => "ModifyTransitGatewayVpcAttachment",
            Self::DetachVpc(_) => "DeleteTransitGatewayVpcAttachment",
            Self::Associate(_) => "AssociateTransitGatewayRouteTable",
            Self::Disassociate(_) => "DisassociateTransitGatewayRouteTable",
            Self::EnablePropagation(_) => "EnableTransitGatewayRouteTablePropagation",
            Self::DisablePropagation(_) => "DisableTransitGatewayRouteTablePropagation",
            Self::CreateRoute { .. } => "CreateTransitGatewayRoute",
            Self::DeleteRoute { .. } => "DeleteTransitGatewayRoute",
            Self::CreateVpcRoute { .. } => "CreateRoute",
            Self::DeleteVpcRoute { .. } => "DeleteRoute",
        }
    }

    /// Whether making it twice makes two things: neither create has a client token.
    pub const fn is_unrepeatable(&self) -> bool {
        matches!(self, Self::CreateGateway { .. } | Self::AttachVpc { .. })
    }

    /// The call in a few words.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::CreateGateway {
                amazon_side_asn, ..
            } => format!("AS{amazon_side_asn}"),
            Self::DeleteGateway(id) => id.to_string(),
            Self::AttachVpc {
                transit_gateway,
                vpc,
                subnets,
                ..
            } => format!("{transit_gateway} {vpc} {}", listed(subnets, "")),
            Self::ModifyVpcAttachment {
                attachment,
                add,
                remove,
            } => format!("{attachment} {}{}", listed(add, "+"), listed(remove, "-")),
            Self::DetachVpc(id) => id.to_string(),
            Self::Associate(pair)
            | Self::Disassociate(pair)
            | Self::EnablePropagation(pair)
            | Self::DisablePropagation(pair) => format!("{} {}", pair.table, pair.attachment),
            Self::CreateRoute { pair, destination } => {
                format!("{} {destination} {}", pair.table, pair.attachment)
            }
            Self::DeleteRoute { table, destination } => format!("{table} {destination}"),
            Self::CreateVpcRoute {
                route_table,
                destination,
                transit_gateway,
            } => format!("{route_table} {destination} {transit_gateway}"),
            Self::DeleteVpcRoute {
                route_table,
                destination,
            } => format!("{route_table} {destination}"),
        }
    }
}

fn listed(subnets: &BTreeSet<SubnetId>, sign: &str) -> String {
    let ids: Vec<String> = subnets.iter().map(|id| format!("{sign}{id}")).collect();
    ids.join(" ")
}
