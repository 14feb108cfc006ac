//! What a path is made of, and what is in its way.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use ipnet::IpNet;
use serde::Serialize;

use crate::sandbox::ids::ResourceId;

/// How traffic runs between the subnets of one VPC route table and a prefix of a site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Path {
    /// From the VPC to the site.
    pub there: Result<Lanes, Gap>,
    /// From the site to the VPC.
    pub back: Result<Lanes, Gap>,
    /// Subnets of the table in availability zones that the VPC's attachment does not enter: what
    /// they send to the transit gateway is dropped.
    pub stranded: BTreeSet<ResourceId>,
    /// More specific routes, which take parts of the prefix elsewhere: each has a path of its own.
    pub exceptions: BTreeSet<IpNet>,
}

impl Path {
    /// Whether everything gets there and back.
    pub fn is_whole(&self) -> bool {
        self.there.is_ok()
            && self.back.is_ok()
            && self.stranded.is_empty()
            && self.exceptions.is_empty()
    }
}

/// What carries the traffic of one direction; at least one lane.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lanes {
    /// The lanes that may be used.
    pub lanes: BTreeSet<Lane>,
    /// Whether flows are spread over all of them. Otherwise one is used, of AWS's choice, "which
    /// may change at any time".
    pub spread: bool,
}

/// One way over to the site.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lane {
    /// A VPN tunnel that is up.
    Tunnel {
        /// Its connection.
        connection: ResourceId,
        /// Its address on AWS's side.
        outside_ip: Ipv4Addr,
    },
    /// A Direct Connect gateway, taken to be up.
    DirectConnect {
        /// Its attachment.
        attachment: ResourceId,
    },
}

/// Why nothing gets through; the first obstacle on the way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gap {
    /// No route contains the whole prefix.
    NoRoute {
        /// The route table, or the virtual private gateway.
        at: ResourceId,
    },
    /// The route drops everything.
    Blackhole {
        /// The route table.
        table: ResourceId,
        /// The route.
        destination: IpNet,
    },
    /// The route leads somewhere that is not the other end.
    Elsewhere {
        /// The route table.
        table: ResourceId,
        /// What it leads to.
        target: String,
    },
    /// The attachment is not there, or not available.
    NotAttached {
        /// The gateway.
        gateway: ResourceId,
    },
    /// Nothing routes what comes in by the attachment.
    NotAssociated {
        /// The attachment.
        attachment: ResourceId,
    },
    /// No tunnel is up.
    Down {
        /// The connections.
        connections: BTreeSet<ResourceId>,
    },
    /// No connection leads to a site with that prefix.
    NoConnection,
}
