//! The site's side of a Direct Connect virtual interface.

use std::fmt;
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use serde::Serialize;

use super::bgp_key::BgpKey;
use crate::spec::Asn;

/// Everything that a device's renderer needs about a virtual interface.
///
/// A VLAN on the port that the cross connect ends on, with one BGP session. The same prefixes are
/// announced over it as through the tunnels, and what AWS announces is preferred to what it
/// announces through them: longest prefix first, then local preference. As long as the site prefers
/// its tunnels, the session stays up and carries no route in either direction.
#[derive(Clone, Debug)]
pub struct DirectConnectLink {
    /// 1 to 4094.
    pub vlan: u16,
    /// 1500, 8500 or 9001 bytes.
    pub mtu: u16,
    /// AWS's address and the network of the link, such as `169.254.96.1/29`.
    pub amazon: Ipv4Net,
    /// The router's address and the same network.
    pub router: Ipv4Net,
    /// AWS's ASN: the Direct Connect gateway's, not that of the VPC's gateway.
    pub amazon_asn: Asn,
    /// The site's ASN.
    pub router_asn: Asn,
    /// The session's MD5 key.
    pub key: BgpKey,
    /// Whether the session ends when packets do, within a second: [`BFD_INTERVAL`] × [`BFD_MULTIPLIER`].
    pub bfd: bool,
    /// What AWS announces, or may: the allowed prefixes. The site accepts these and no others.
    pub allowed_prefixes: Vec<Ipv4Net>,
    /// The router's address that tunnels over this link end on; none where they run over the Internet.
    /// The link carries nothing else then: this address alone is announced over it.
    pub tunnel_end: Option<Ipv4Addr>,
    /// Which of its two ways the site's traffic takes while both are there.
    pub prefers: Way,
}

/// One of the two ways between a site and its VPC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Way {
    /// Over the virtual interface.
    #[serde(rename = "dx")]
    DirectConnect,
    /// Through the tunnels.
    #[serde(rename = "vpn")]
    Vpn,
}

impl Way {
    /// The word of the command line and of the tag.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DirectConnect => "dx",
            Self::Vpn => "vpn",
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Milliseconds between BFD packets: AWS's shortest (Direct Connect guide).
pub const BFD_INTERVAL: u16 = 300;
/// Missed packets after which the session ends (Direct Connect guide).
pub const BFD_MULTIPLIER: u8 = 3;
/// Local preference of routes over Direct Connect; those through the tunnels keep the default 100.
pub const PREFERRED: u32 = 200;
/// The community that makes AWS prefer this way back among several (Direct Connect guide).
pub const COMMUNITY_HIGH: &str = "7224:7300";
