//! The quotas of an account in a region.

use std::collections::BTreeMap;

use super::error::ApiError;

/// A quota that the sandbox enforces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Quota {
    VpnGateways,
    CustomerGateways,
    VpnConnections,
    VpnConnectionsPerGateway,
    AcceleratedConnections,
    LargeConnections,
    TransitGateways,
    TransitAttachments,
    TransitRouteTables,
    TransitRoutes,
    TransitCidrBlocks,
}

impl Quota {
    const ALL: [Self; 11] = [
        Self::VpnGateways,
        Self::CustomerGateways,
        Self::VpnConnections,
        Self::VpnConnectionsPerGateway,
        Self::AcceleratedConnections,
        Self::LargeConnections,
        Self::TransitGateways,
        Self::TransitAttachments,
        Self::TransitRouteTables,
        Self::TransitRoutes,
        Self::TransitCidrBlocks,
    ];

    pub(super) const NAMES: &str = "vpn-gateways, customer-gateways, vpn-connections, vpn-connections-per-gateway, \
         accelerated-connections, large-connections, transit-gateways, transit-attachments, \
         transit-route-tables, transit-routes, transit-cidr-blocks";

    pub(super) fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|quota| quota.name() == name)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::VpnGateways => "vpn-gateways",
            Self::CustomerGateways => "customer-gateways",
            Self::VpnConnections => "vpn-connections",
            Self::VpnConnectionsPerGateway => "vpn-connections-per-gateway",
            Self::AcceleratedConnections => "accelerated-connections",
            Self::LargeConnections => "large-connections",
            Self::TransitGateways => "transit-gateways",
            Self::TransitAttachments => "transit-attachments",
            Self::TransitRouteTables => "transit-route-tables",
            Self::TransitRoutes => "transit-routes",
            Self::TransitCidrBlocks => "transit-cidr-blocks",
        }
    }

    /// AWS's default (Site-to-Site VPN quotas; codes L-7029FAB6, L-4FB7FF5D, L-3E6EC3A3 and
    /// L-B91E5754; Transit Gateway quotas: attachments, tables and blocks per gateway, routes over
    /// all its tables).
    fn default(self) -> usize {
        match self {
            Self::VpnGateways | Self::TransitGateways | Self::TransitCidrBlocks => 5,
            Self::CustomerGateways | Self::VpnConnections | Self::LargeConnections => 50,
            Self::VpnConnectionsPerGateway | Self::AcceleratedConnections => 10,
            Self::TransitAttachments => 5_000,
            Self::TransitRouteTables => 20,
            Self::TransitRoutes => 10_000,
        }
    }

    // The codes of transit gateways follow the pattern of the others. Unverified.
    fn code(self) -> &'static str {
        match self {
            Self::VpnGateways => "VpnGatewayLimitExceeded",
            Self::CustomerGateways => "CustomerGatewayLimitExceeded",
            Self::VpnConnections
            | Self::VpnConnectionsPerGateway
            | Self::AcceleratedConnections
            | Self::LargeConnections => "VpnConnectionLimitExceeded",
            Self::TransitGateways => "TransitGatewayLimitExceeded",
            Self::TransitAttachments => "TransitGatewayAttachmentLimitExceeded",
            Self::TransitRouteTables => "TransitGatewayRouteTableLimitExceeded",
            Self::TransitRoutes => "TransitGatewayRouteLimitExceeded",
            Self::TransitCidrBlocks => "TransitGatewayCidrBlockLimitExceeded",
        }
    }

    /// Refuses one more when there are `existing` already.
    pub(super) fn check(
        self,
        existing: usize,
        changed: &BTreeMap<Quota, usize>,
    ) -> Result<(), ApiError> {
        let limit = changed
            .get(&self)
            .copied()
            .unwrap_or_else(|| self.default());
        if existing < limit {
            return Ok(());
        }
        let message = format!("The maximum number of {} has been reached.", self.noun());
        Err(ApiError::new(self.code(), message))
    }

    fn noun(self) -> &'static str {
        match self {
            Self::VpnGateways => "virtual private gateways",
            Self::CustomerGateways => "customer gateways",
            Self::VpnConnections => "VPN connections",
            Self::VpnConnectionsPerGateway => "VPN connections per virtual private gateway",
            Self::AcceleratedConnections => "accelerated VPN connections",
            Self::LargeConnections => "VPN connections with large bandwidth",
            Self::TransitGateways => "transit gateways",
            Self::TransitAttachments => "attachments per transit gateway",
            Self::TransitRouteTables => "route tables per transit gateway",
            Self::TransitRoutes => "static routes per transit gateway",
            Self::TransitCidrBlocks => "CIDR blocks per transit gateway",
        }
    }
}
