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
}

impl Quota {
    const ALL: [Self; 4] = [
        Self::VpnGateways,
        Self::CustomerGateways,
        Self::VpnConnections,
        Self::VpnConnectionsPerGateway,
    ];

    pub(super) const NAMES: &str =
        "vpn-gateways, customer-gateways, vpn-connections, vpn-connections-per-gateway";

    pub(super) fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|quota| quota.name() == name)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::VpnGateways => "vpn-gateways",
            Self::CustomerGateways => "customer-gateways",
            Self::VpnConnections => "vpn-connections",
            Self::VpnConnectionsPerGateway => "vpn-connections-per-gateway",
        }
    }

    /// AWS's default (Site-to-Site VPN quotas; codes L-7029FAB6, L-4FB7FF5D, L-3E6EC3A3 and
    /// L-B91E5754).
    fn default(self) -> usize {
        match self {
            Self::VpnGateways => 5,
            Self::CustomerGateways | Self::VpnConnections => 50,
            Self::VpnConnectionsPerGateway => 10,
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::VpnGateways => "VpnGatewayLimitExceeded",
            Self::CustomerGateways => "CustomerGatewayLimitExceeded",
            Self::VpnConnections | Self::VpnConnectionsPerGateway => "VpnConnectionLimitExceeded",
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
        }
    }
}
