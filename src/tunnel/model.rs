//! The one model of a connection's two tunnels.

use std::fmt;
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::direct_connect::DirectConnectLink;
use crate::spec::{
    Asn, DhGroup, DpdAction, Encryption, IkeVersion, InsideCidr, Integrity, InvalidValue, Site,
    StartupAction, VpnConnectionId,
};

/// What a device can do, as data that negotiation reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Abilities {
    /// IKE versions.
    pub ike_versions: Vec<IkeVersion>,
    /// Phase 1 ciphers; GCM here is rare on old devices.
    pub phase1_encryption: Vec<Encryption>,
    /// Phase 1 integrity algorithms and pseudo-random functions.
    pub phase1_integrity: Vec<Integrity>,
    /// Phase 1 Diffie-Hellman groups.
    pub phase1_dh_groups: Vec<DhGroup>,
    /// Phase 2 ciphers.
    pub phase2_encryption: Vec<Encryption>,
    /// Phase 2 integrity algorithms.
    pub phase2_integrity: Vec<Integrity>,
    /// Phase 2 Diffie-Hellman groups.
    pub phase2_dh_groups: Vec<DhGroup>,
    /// Whether the device, or the daemon that our bundle installs beside it, speaks BGP.
    pub bgp: bool,
    /// Whether static routing works with fail-over between the tunnels.
    pub static_routing: bool,
    /// Whether each tunnel is an interface of its own.
    pub route_based: bool,
}

/// One phase's single proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// The cipher.
    pub encryption: Encryption,
    /// The integrity algorithm; with an AEAD cipher the PRF in phase 1 and unused in phase 2.
    pub integrity: Integrity,
    /// The Diffie-Hellman group; in phase 2 that of perfect forward secrecy.
    pub dh_group: DhGroup,
    /// Lifetime in seconds, the same on both ends.
    pub lifetime: u32,
}

/// Every option of one tunnel, chosen: what AWS is asked for and what the device gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TunnelOptions {
    /// The /30 inside the tunnel.
    pub inside_cidr: InsideCidr,
    /// The one IKE version.
    pub ike_version: IkeVersion,
    /// IKE.
    pub phase1: Phase,
    /// ESP.
    pub phase2: Phase,
    /// Seconds before the end of phase 2 at which AWS rekeys.
    pub rekey_margin: u32,
    /// Percent by which the margin varies.
    pub rekey_fuzz: u32,
    /// Packets.
    pub replay_window: u32,
    /// Seconds until the peer is dead.
    pub dpd_timeout: u32,
    /// What AWS does then.
    pub dpd_action: DpdAction,
    /// Who initiates.
    pub startup_action: StartupAction,
    /// CloudWatch log group of the IKE log.
    pub log_group_arn: Option<String>,
    /// CloudWatch log group of the BGP log.
    pub bgp_log_group_arn: Option<String>,
    /// Whether the user decides when the endpoint is replaced.
    pub lifecycle_control: bool,
}

impl TunnelOptions {
    /// Seconds after which the device begins to rekey a phase of `lifetime` seconds, at the latest.
    ///
    /// AWS begins between `rekey_margin` and `rekey_margin` plus fuzz before the end. The device
    /// begins before that, so one side rekeys and the two never collide; but never in the first
    /// half of the lifetime.
    pub fn device_rekey(&self, lifetime: u32) -> u32 {
        let earliest_aws = self.rekey_margin + self.rekey_margin * self.rekey_fuzz / 100;
        lifetime.saturating_sub(earliest_aws).max(lifetime / 2)
    }
}

/// A pre-shared key in AWS's alphabet: 8 to 64 of `A-Z a-z 0-9 . _`, not beginning with `0`.
///
/// Shows itself nowhere: `Debug` says so, and there is no `Display` and no `Serialize`.
#[derive(Clone)]
pub struct PreSharedKey(SecretString);

impl PreSharedKey {
    /// Checks a key; the error never repeats it.
    pub fn new(key: SecretString) -> Result<Self, InvalidValue> {
        let text = key.expose_secret();
        let help =
            "8 to 64 of A-Z, a-z, 0-9, `.` and `_`, not beginning with 0 (AWS refuses others)";
        let problem = if !(8..=64).contains(&text.len()) {
            Some(format!("the pre-shared key has {} characters", text.len()))
        } else if text.starts_with('0') {
            Some("the pre-shared key begins with 0".to_owned())
        } else {
            text.bytes()
                .position(|b| !(b.is_ascii_alphanumeric() || b == b'.' || b == b'_'))
                .map(|at| format!("byte {} of the pre-shared key is not allowed", at + 1))
        };
        problem.map_or(Ok(Self(key)), |problem| {
            Err(InvalidValue::new(problem, help))
        })
    }

    /// Wraps a key that was made out of the alphabet.
    pub(super) fn in_alphabet(key: SecretString) -> Self {
        Self(key)
    }

    /// Whether both are the same key.
    pub fn same_as(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }

    /// The key in clear: for the call that sends it and the file that holds it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for PreSharedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PreSharedKey(redacted)")
    }
}

/// One side of one tunnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Endpoint {
    /// The address that the other side sees.
    pub outside: Ipv4Addr,
    /// The address inside the tunnel.
    pub inside: Ipv4Addr,
}

/// One tunnel of a connection, known by AWS's outside address.
#[derive(Clone, Debug)]
pub struct Tunnel {
    /// 1 or 2: the place in the device's configuration, fixed by the order of the inside CIDRs
    /// that we chose and never by AWS's lists.
    pub number: u8,
    /// AWS's endpoint.
    pub aws: Endpoint,
    /// The site's endpoint; `outside` is the public address even behind a NAT.
    pub customer: Endpoint,
    /// What was asked of AWS.
    pub options: TunnelOptions,
    /// The key.
    pub key: PreSharedKey,
}

/// How the two ends exchange routes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RouteExchange {
    /// BGP inside both tunnels.
    Bgp(Bgp),
    /// Static routes.
    Static,
}

/// The BGP sessions' parameters, the same in both tunnels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Bgp {
    /// The site's ASN.
    pub customer_asn: Asn,
    /// AWS's ASN.
    pub aws_asn: Asn,
    /// Seconds; AWS says 30.
    pub hold_time: u16,
}

/// Everything that a device's renderer needs about a connection.
#[derive(Clone, Debug)]
pub struct TunnelSet {
    /// The connection; none in a preview before AWS has made one.
    pub connection: Option<VpnConnectionId>,
    /// The site.
    pub site: Site,
    /// The two tunnels, by number.
    pub tunnels: [Tunnel; 2],
    /// BGP or static.
    pub routes: RouteExchange,
    /// The VPC's networks: what the site may learn and reach.
    pub vpc_cidrs: Vec<Ipv4Net>,
    /// The virtual interface beside the tunnels; none before AWS has made it, and without one.
    pub direct_connect: Option<DirectConnectLink>,
}
