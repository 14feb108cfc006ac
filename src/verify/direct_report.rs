//! How a site's Direct Connect is, and which of its two ways traffic takes.

use std::collections::BTreeSet;

use ipnet::{IpNet, Ipv4Net};
use serde::Serialize;

use crate::aws::FailoverTest;
use crate::resource::Errand;
use crate::spec::{DxConnectionId, VirtualInterfaceId};
use crate::tunnel::Way;

/// A site's Direct Connect as AWS sees it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DirectConnectReport {
    /// The port, or the partner's share of one.
    pub connection: Option<DxConnectionId>,
    /// The virtual interface.
    pub interface: Option<VirtualInterfaceId>,
    /// AWS's word for the virtual interface's state.
    pub state: Option<String>,
    /// Whether its BGP session is up.
    pub up: bool,
    /// The way that the site's traffic is to take: `vpn` after `cutover --to vpn`.
    pub prefers: Way,
    /// Whether the tunnels run over it, and nothing else does.
    pub carries_tunnels: bool,
    /// What people have to do before the port is up; empty once it is.
    pub waiting_for_people: Vec<Errand>,
    /// What AWS has learned over it; none when AWS does not say.
    pub accepted: Option<BTreeSet<IpNet>>,
    /// Where AWS sends each of the site's networks.
    pub ways: Vec<NetworkWay>,
    /// The latest test of its fail-over, if AWS tells of one.
    pub last_drill: Option<FailoverTest>,
}

/// Where AWS sends one of the site's networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct NetworkWay {
    /// The network.
    pub network: Ipv4Net,
    /// Where to.
    pub goes: Going,
}

/// Where traffic goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Going {
    /// Over the virtual interface.
    Dx,
    /// Through the tunnels.
    Vpn,
    /// It does not.
    Nowhere,
    /// AWS does not say.
    Unknown,
}

impl Going {
    /// Whether it is this way.
    pub fn by(self, way: Way) -> bool {
        self == Self::from(way)
    }

    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dx => "dx",
            Self::Vpn => "vpn",
            Self::Nowhere => "nowhere",
            Self::Unknown => "unknown",
        }
    }
}

impl From<Way> for Going {
    fn from(way: Way) -> Self {
        match way {
            Way::DirectConnect => Self::Dx,
            Way::Vpn => Self::Vpn,
        }
    }
}

impl DirectConnectReport {
    /// Whether everything goes over it, or could once the tunnels fail.
    pub fn carries(&self) -> bool {
        self.up && self.all_go(Way::DirectConnect)
    }

    /// Whether all of the site's networks go this way.
    pub fn all_go(&self, way: Way) -> bool {
        !self.ways.is_empty() && self.ways.iter().all(|it| it.goes.by(way))
    }

    /// Where traffic goes, in words, such as `traffic goes by dx`.
    pub fn going(&self) -> String {
        let mut words: Vec<&str> = self.ways.iter().map(|it| it.goes.as_str()).collect();
        words.sort_unstable();
        words.dedup();
        match words.as_slice() {
            [] | ["unknown"] => "which way traffic goes is unknown".to_owned(),
            ["nowhere"] => "traffic goes nowhere".to_owned(),
            words => format!("traffic goes by {}", words.join(" and ")),
        }
    }
}
