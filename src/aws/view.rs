//! One look at AWS: everything that planning and waiting need, in one value.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::model::{CustomerGateway, RouteTable, Vpc, VpnConnection, VpnGateway};
use crate::spec::{CustomerGatewayId, RouteTableId, VpcId, VpnConnectionId, VpnGatewayId};

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
}

impl Collection {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Vpcs,
        Self::RouteTables,
        Self::VpnGateways,
        Self::CustomerGateways,
        Self::VpnConnections,
    ];
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
}
