//! Virtual interfaces and their BGP sessions.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::directory::DirectConnect;
use super::routing::Beyond;
use crate::sandbox::ids::ResourceId;
use crate::sandbox::lifecycle::{Lifecycle, Seconds, State, draw, later};
use crate::sandbox::secret::PreSharedKey;
use crate::sandbox::site::Site;
use crate::sandbox::telemetry::GatewaySim;
use crate::sandbox::world::Tags;

/// From a router that is ready to a session that is up.
const BGP_UP: Seconds = (10.0, 40.0);
/// How many prefixes of one family a site may announce on a session before it goes down (Direct
/// Connect quotas).
const MOST_PREFIXES: usize = 100;

/// A private or transit virtual interface.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VirtualInterface {
    /// Its id.
    pub id: ResourceId,
    /// The region of its connection.
    pub region: String,
    /// The connection it runs on.
    pub connection: ResourceId,
    /// What it leads to.
    pub kind: InterfaceKind,
    /// Its name.
    pub name: String,
    /// Its VLAN, the only one of that number on the connection.
    pub vlan: u16,
    /// The largest packet, in bytes.
    pub mtu: u16,
    /// The virtual private gateway behind it, when that is one.
    pub vpn_gateway: Option<ResourceId>,
    /// The Direct Connect gateway behind it, when that is one.
    pub gateway: Option<ResourceId>,
    /// Whether it reaches other sites over AWS's network.
    pub site_link: bool,
    /// Whether its owner has yet to confirm it.
    pub confirming: bool,
    /// Until when the physical port is being changed, which cuts it.
    pub disturbed_until: Option<Timestamp>,
    /// Its sessions, the deleted ones included.
    pub peers: Vec<BgpPeer>,
    /// What the site's router does on it; as every router without one of its own by default.
    pub router: Option<DxRouter>,
    /// The prefixes that the site's router announces on it, when they are not the usual ones.
    pub lan: Option<Vec<Ipv4Net>>,
    /// The tests of it, oldest first.
    pub tests: Vec<FailoverTest>,
    /// Its states, but for those of its sessions.
    pub life: Lifecycle,
    /// Its tags.
    pub tags: Tags,
}

/// What a virtual interface leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InterfaceKind {
    /// VPCs, by virtual private gateways.
    Private,
    /// Transit gateways.
    Transit,
}

impl InterfaceKind {
    /// AWS's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Transit => "transit",
        }
    }
}

/// A BGP session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BgpPeer {
    /// Its id.
    pub id: ResourceId,
    /// The site's ASN.
    pub asn: u32,
    /// The family of its addresses.
    pub family: AddressFamily,
    /// AWS's end, with the network's length.
    pub amazon: IpNet,
    /// The site's end.
    pub customer: IpNet,
    /// The key of its MD5 signatures.
    pub auth_key: PreSharedKey,
    /// Its states.
    pub life: Lifecycle,
}

/// The family of a session's addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AddressFamily {
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
}

impl AddressFamily {
    pub(in crate::sandbox) fn as_str(self) -> &'static str {
        match self {
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
        }
    }
}

/// The site's router on a virtual interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DxRouter {
    /// Whether it is configured and running.
    pub up: bool,
    /// Since when.
    pub since: Timestamp,
}

/// A test of what happens when sessions fail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailoverTest {
    /// Its id.
    pub id: ResourceId,
    /// The sessions that are down for it.
    pub peers: Vec<ResourceId>,
    /// How long it was to last.
    pub minutes: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ends, or was stopped.
    pub ends_at: Timestamp,
    /// Whether somebody stopped it.
    pub stopped: bool,
}

impl FailoverTest {
    /// Whether it runs.
    pub fn is_running(&self, now: Timestamp) -> bool {
        now < self.ends_at
    }
}

impl VirtualInterface {
    /// The state at a time, in AWS's words.
    pub fn state(&self, beyond: Beyond<'_>, now: Timestamp) -> &'static str {
        match self.life.state(now) {
            State::Deleting => "deleting",
            State::Deleted => "deleted",
            _ if self.confirming => "confirming",
            State::Pending => "pending",
            _ if self.test(now).is_some() => "testing",
            _ if self.is_up(beyond, now) => "available",
            _ => "down",
        }
    }

    /// The test that runs at a time.
    pub fn test(&self, now: Timestamp) -> Option<&FailoverTest> {
        let mut tests = self.tests.iter();
        tests.find(|test| test.is_running(now))
    }

    /// Whether one of its sessions is up.
    pub fn is_up(&self, beyond: Beyond<'_>, now: Timestamp) -> bool {
        let mut peers = self.peers.iter();
        peers.any(|peer| self.bgp_is_up(peer, beyond, now))
    }

    /// Whether its IPv4 session is up: the site's prefixes are IPv4.
    pub(in crate::sandbox) fn routes(&self, beyond: Beyond<'_>, now: Timestamp) -> bool {
        let mut peers = self.peers.iter();
        peers.any(|peer| peer.family == AddressFamily::Ipv4 && self.bgp_is_up(peer, beyond, now))
    }

    /// Whether a session is up.
    pub(in crate::sandbox) fn bgp_is_up(
        &self,
        peer: &BgpPeer,
        beyond: Beyond<'_>,
        now: Timestamp,
    ) -> bool {
        let connection = beyond.direct.connections.get(&self.connection);
        let router = self.router_at(beyond.site);
        let ready = [self.life.available_at, peer.life.available_at, router.since]
            .into_iter()
            .chain(self.disturbed_until)
            .chain(connection.and_then(|connection| connection.ready_at()))
            .max()
            .unwrap_or(now);
        let up_at = later(ready, draw(0, peer.id.as_str(), "up", BGP_UP));
        let tested = self
            .test(now)
            .is_some_and(|test| test.peers.contains(&peer.id));
        router.up
            && up_at <= now
            && !self.confirming
            && !tested
            && self.life.state(now) == State::Available
            && peer.life.state(now) == State::Available
            && connection.is_some_and(|connection| connection.carries(now))
            && !self.is_internal(peer, beyond.direct)
            && self.announced_by_site(beyond.site).len() <= MOST_PREFIXES
    }

    /// The same ASN at both ends makes the session internal, which does not come up.
    fn is_internal(&self, peer: &BgpPeer, direct: &DirectConnect) -> bool {
        let gateway = self.gateway.as_ref().and_then(|id| direct.gateways.get(id));
        gateway.is_some_and(|gateway| gateway.asn == peer.asn)
    }

    /// What the site's router does on it.
    pub fn router_at(&self, site: &Site) -> DxRouter {
        self.router.unwrap_or(DxRouter {
            up: matches!(site.default.sim, GatewaySim::Online | GatewaySim::HalfUp),
            since: site.default.since,
        })
    }

    /// What the site's router announces on it.
    pub fn announced_by_site(&self, site: &Site) -> Vec<Ipv4Net> {
        self.lan.clone().unwrap_or_else(|| site.lan(None))
    }

    /// The sessions that are not deleted.
    pub fn peers_at(&self, now: Timestamp) -> impl Iterator<Item = &BgpPeer> {
        let peers = self.peers.iter();
        peers.filter(move |peer| peer.life.exists(now))
    }

    /// Whether one of its sessions has an address.
    pub(in crate::sandbox) fn uses(&self, address: IpAddr, now: Timestamp) -> bool {
        self.life.exists(now)
            && self
                .peers_at(now)
                .any(|peer| peer.amazon.trunc().contains(&address))
    }
}
