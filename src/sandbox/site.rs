//! The sites' routers.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::Ipv4Net;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::seed;
use super::telemetry::GatewaySim;

/// The routers at the sites, as the sandbox plays them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Site {
    /// Every router that is not named below.
    pub default: SiteGateway,
    /// Routers by their public address.
    pub gateways: BTreeMap<IpAddr, SiteGateway>,
    /// The prefixes that routers announce.
    pub lans: BTreeMap<IpAddr, Vec<Ipv4Net>>,
}

/// One router's condition.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SiteGateway {
    /// What it does.
    pub sim: GatewaySim,
    /// Since when.
    pub since: Timestamp,
}

impl Site {
    /// The condition of the router at an address.
    pub fn gateway(&self, address: Option<IpAddr>) -> SiteGateway {
        address
            .and_then(|address| self.gateways.get(&address).copied())
            .unwrap_or(self.default)
    }

    /// The prefixes that the router at an address announces; one by default.
    pub fn lan(&self, address: Option<IpAddr>) -> Vec<Ipv4Net> {
        address
            .and_then(|address| self.lans.get(&address).cloned())
            .unwrap_or_else(|| vec![seed::DEFAULT_LAN])
    }
}
