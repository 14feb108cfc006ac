//! What AWS says exists, in our own types.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net};
use jiff::Timestamp;
use secrecy::SecretString;
use serde::Serialize;

use crate::spec::{
    Asn, CustomerGatewayId, InsideCidr, RouteTableId, TransitGatewayAttachmentId, TransitGatewayId,
    VpcId, VpnConnectionId, VpnGatewayId,
};

/// The tags of an object.
pub type Tags = BTreeMap<String, String>;

/// A state as AWS words it, in lower case.
///
/// Open on purpose: `modifying` is real and undocumented, and what is unknown means "keep waiting".
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct State(String);

impl State {
    /// A state from AWS's word for it.
    pub fn new(word: &str) -> Self {
        Self(word.to_ascii_lowercase())
    }

    /// Whether it is this one.
    pub fn is(&self, word: &str) -> bool {
        self.0 == word
    }

    /// Whether the object is gone or going: such objects stay listed for a while.
    pub fn is_ending(&self) -> bool {
        matches!(
            self.0.as_str(),
            "deleting" | "deleted" | "detaching" | "detached"
        )
    }

    /// The word.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A VPC.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Vpc {
    /// Its id.
    pub id: VpcId,
    /// Its IPv4 networks that are associated now, the primary one first.
    pub cidrs: Vec<Ipv4Net>,
    /// Its tags.
    pub tags: Tags,
}

/// A route table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RouteTable {
    /// Its id.
    pub id: RouteTableId,
    /// The VPC.
    pub vpc: VpcId,
    /// Whether it is the VPC's main table.
    pub main: bool,
    /// Its routes.
    pub routes: Vec<Route>,
    /// The gateways that propagate into it.
    pub propagating: BTreeSet<VpnGatewayId>,
    /// Its tags.
    pub tags: Tags,
}

/// A route of a route table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Route {
    /// Where to; none for a prefix list.
    pub destination: Option<IpNet>,
    /// The target's id: `local`, `igw-…`, `vgw-…`.
    pub target: String,
    /// Whether a gateway propagated it, as opposed to somebody having written it.
    pub propagated: bool,
    /// `active` or `blackhole`.
    pub state: State,
}

/// A virtual private gateway.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VpnGateway {
    /// Its id.
    pub id: VpnGatewayId,
    /// `pending available deleting deleted`.
    pub state: State,
    /// AWS's ASN.
    pub amazon_side_asn: Option<Asn>,
    /// Attachments, old detached ones among them.
    pub attachments: Vec<Attachment>,
    /// Its tags.
    pub tags: Tags,
}

/// A virtual private gateway's attachment to a VPC.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Attachment {
    /// The VPC.
    pub vpc: VpcId,
    /// `attaching attached detaching detached`.
    pub state: State,
}

/// AWS's record of a site's device.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CustomerGateway {
    /// Its id.
    pub id: CustomerGatewayId,
    /// `pending available deleting deleted`.
    pub state: State,
    /// The device's public address.
    pub ip_address: Option<IpAddr>,
    /// The site's ASN, 2 or 4 bytes.
    pub bgp_asn: Option<Asn>,
    /// The name that makes two otherwise equal gateways distinct.
    pub device_name: Option<String>,
    /// Its tags.
    pub tags: Tags,
}

/// A Site-to-Site VPN connection.
#[derive(Clone, Debug, Serialize)]
pub struct VpnConnection {
    /// Its id.
    pub id: VpnConnectionId,
    /// `pending available modifying deleting deleted`.
    pub state: State,
    /// The customer gateway.
    pub customer_gateway: Option<CustomerGatewayId>,
    /// The virtual private gateway, if it ends on one.
    pub vpn_gateway: Option<VpnGatewayId>,
    /// The transit gateway, if it ends on one.
    pub transit_gateway: Option<TransitGatewayId>,
    /// Whether it routes statically.
    pub static_routes_only: bool,
    /// Whether AWS Global Accelerator carries it.
    pub accelerated: bool,
    /// Whether its tunnels have the large bandwidth.
    pub large_bandwidth: bool,
    /// The Direct Connect gateway's attachment that carries it, if its outside addresses are private.
    pub transport: Option<TransitGatewayAttachmentId>,
    /// Tunnel options as AWS lists them, in any order; may be empty on old connections.
    pub tunnels: Vec<SeenTunnel>,
    /// Telemetry as AWS lists it, in any order.
    pub telemetry: Vec<Telemetry>,
    /// Static routes.
    pub routes: Vec<StaticRoute>,
    /// The XML with the keys in clear; only while pending or available.
    #[serde(skip)]
    pub configuration: Option<SecretString>,
    /// Its tags.
    pub tags: Tags,
}

/// One tunnel's options as AWS echoes them, in AWS's words; never with its key.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SeenTunnel {
    /// AWS's outside address: the tunnel's name.
    pub outside: Option<Ipv4Addr>,
    /// The /30 inside.
    pub inside_cidr: Option<InsideCidr>,
    /// IKE versions.
    pub ike_versions: Vec<String>,
    /// Phase 1 ciphers.
    pub phase1_encryption: Vec<String>,
    /// Phase 1 hashes.
    pub phase1_integrity: Vec<String>,
    /// Phase 1 groups.
    pub phase1_dh_groups: Vec<u16>,
    /// Seconds.
    pub phase1_lifetime: Option<u32>,
    /// Phase 2 ciphers.
    pub phase2_encryption: Vec<String>,
    /// Phase 2 hashes.
    pub phase2_integrity: Vec<String>,
    /// Phase 2 groups.
    pub phase2_dh_groups: Vec<u16>,
    /// Seconds.
    pub phase2_lifetime: Option<u32>,
    /// Seconds.
    pub rekey_margin: Option<u32>,
    /// Percent.
    pub rekey_fuzz: Option<u32>,
    /// Packets.
    pub replay_window: Option<u32>,
    /// Seconds.
    pub dpd_timeout: Option<u32>,
    /// `clear`, `none`, `restart`.
    pub dpd_action: Option<String>,
    /// `add`, `start`.
    pub startup_action: Option<String>,
    /// IKE log group, when logging is on.
    pub log_group_arn: Option<String>,
    /// BGP log group, when logging is on.
    pub bgp_log_group_arn: Option<String>,
    /// Endpoint lifecycle control.
    pub lifecycle_control: Option<bool>,
}

/// What AWS sees of one tunnel.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Telemetry {
    /// AWS's outside address.
    pub outside: Ipv4Addr,
    /// `UP` or not.
    pub up: bool,
    /// Such as `3 BGP ROUTES` or `IPSEC IS DOWN`; empty on static connections.
    pub message: String,
    /// Accepted routes; with static routing the number of static routes even while down.
    pub accepted_routes: u32,
    /// When the status last changed; lags by minutes.
    pub changed_at: Option<Timestamp>,
}

/// A static route of a connection.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StaticRoute {
    /// The site's network.
    pub destination: Ipv4Net,
    /// `pending available deleting deleted`.
    pub state: State,
}

/// What the two ends of one tunnel really agreed on (`GetActiveVpnTunnelStatus`).
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct NegotiatedTunnel {
    /// `ikev2`.
    pub ike_version: Option<String>,
    /// Phase 1 cipher.
    pub phase1_encryption: Option<String>,
    /// Phase 1 hash.
    pub phase1_integrity: Option<String>,
    /// Phase 1 group.
    pub phase1_dh_group: Option<u16>,
    /// Phase 2 cipher.
    pub phase2_encryption: Option<String>,
    /// Phase 2 hash.
    pub phase2_integrity: Option<String>,
    /// Phase 2 group.
    pub phase2_dh_group: Option<u16>,
    /// `available pending failed`.
    pub provisioning: Option<String>,
    /// Why provisioning failed.
    pub provisioning_reason: Option<String>,
}
