//! A connection as a Linux router sees it: interfaces, if_ids, strongSwan's words.
//!
//! Every field is valid by type, so no template can render what could end a line or a string.

use std::fmt;
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use sha2::{Digest, Sha256};

use super::model::RenderError;
use super::option::InterfaceName;
use super::strongswan::{FIREWALL, WAN_INTERFACE};
use super::value::QuotedKey;
use crate::spec::{
    Appliance, AttachTo, Encryption, IkeVersion, Integrity, Region, SiteName, VpnConnectionId,
};
use crate::tunnel::{Bgp, Phase, RouteExchange, Tunnel, TunnelOptions, TunnelSet, mss, mtu};

/// Prefixes that a virtual private gateway announces at most (AWS VPN quotas).
const VGW_ROUTES: u32 = 1_000;
/// Prefixes that a transit gateway announces at most (AWS VPN quotas).
const TGW_ROUTES: u32 = 5_000;
/// The longest prefix of a subnet of a VPC.
const LONGEST_SUBNET: u8 = 28;

/// What the templates of a Linux router show.
pub(super) struct View<'a> {
    pub(super) site: &'a SiteName,
    pub(super) region: &'a Region,
    pub(super) connection: Option<&'a VpnConnectionId>,
    /// The router's own address.
    pub(super) wan: Ipv4Addr,
    /// The address that AWS sees.
    pub(super) public: Ipv4Addr,
    pub(super) nat: bool,
    pub(super) wan_interface: Option<InterfaceName>,
    pub(super) strict: bool,
    pub(super) table: Table<'a>,
    pub(super) links: [Link<'a>; 2],
    pub(super) bgp: Option<Bgp>,
    pub(super) lan: &'a [Ipv4Net],
    pub(super) vpc: &'a [Ipv4Net],
    pub(super) appliances: &'a [Appliance],
    transit: bool,
}

/// One tunnel and its XFRM interface.
pub(super) struct Link<'a> {
    pub(super) number: u8,
    pub(super) name: LinkName,
    /// Ties policies and states to the interface; unique on the machine.
    pub(super) if_id: u32,
    pub(super) mtu: u16,
    pub(super) mss: u16,
    pub(super) aws_outside: Ipv4Addr,
    pub(super) aws_inside: Ipv4Addr,
    pub(super) customer_inside: Ipv4Addr,
    pub(super) options: &'a TunnelOptions,
    pub(super) key: QuotedKey<'a>,
}

/// `ipsec-` plus six hexadecimal digits of the site's name's hash plus the tunnel: 14 characters.
///
/// The kernel stops at 15, and a site's name may have 40.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LinkName {
    tag: u32,
    number: u8,
}

impl fmt::Display for LinkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ipsec-{:06x}-{}", self.tag, self.number)
    }
}

/// The site's nftables table; nftables allows no `-` in a name, and no site has a `_` in its own.
pub(super) struct Table<'a>(&'a SiteName);

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "underpass_{}", self.0.as_str().replace('-', "_"))
    }
}

/// A network, and with `up_to` also the longer prefixes within it: a line of a prefix list.
pub(super) struct Prefixes {
    net: Ipv4Net,
    up_to: u8,
}

impl fmt::Display for Prefixes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.net.fmt(f)?;
        // FRR wants `le` to be greater than the prefix's own length.
        if self.up_to > self.net.prefix_len() {
            write!(f, " le {}", self.up_to)?;
        }
        Ok(())
    }
}

impl<'a> View<'a> {
    pub(super) fn of(set: &'a TunnelSet) -> Result<Self, RenderError> {
        let gateway = &set.site.gateway;
        let wan_interface = gateway.options.get(WAN_INTERFACE);
        let wan_interface = wan_interface.map(|name| name.parse()).transpose();
        let links = [&set.tunnels[0], &set.tunnels[1]].map(|tunnel| Link::of(set, tunnel));
        Ok(Self {
            site: &set.site.name,
            region: &set.site.region,
            connection: set.connection.as_ref(),
            wan: gateway.wan_address(),
            public: gateway.outside_ip,
            nat: gateway.behind_nat(),
            wan_interface: wan_interface.map_err(RenderError::Option)?,
            strict: gateway
                .options
                .get(FIREWALL)
                .is_none_or(|mode| mode == "strict"),
            table: Table(&set.site.name),
            links,
            bgp: match &set.routes {
                RouteExchange::Bgp(bgp) => Some(*bgp),
                RouteExchange::Static => None,
            },
            lan: &set.site.lan,
            vpc: &set.vpc_cidrs,
            appliances: &set.site.appliances,
            transit: matches!(set.site.aws.attach_to, AttachTo::TransitGateway(_)),
        })
    }

    /// Where the site's programs are installed.
    pub(super) fn lib(&self) -> String {
        format!("/usr/local/lib/underpass/{}", self.site)
    }

    pub(super) fn connection_name(&self) -> &str {
        self.connection
            .map_or("a connection", VpnConnectionId::as_str)
    }

    /// Seconds: the shorter one, where the tunnels differ.
    pub(super) fn dpd_timeout(&self) -> u32 {
        let [one, two] = &self.links;
        one.options.dpd_timeout.min(two.options.dpd_timeout)
    }

    /// Seconds of BGP's hold time.
    pub(super) fn hold_time(&self) -> u16 {
        self.bgp.map_or(30, |bgp| bgp.hold_time)
    }

    /// Seconds between BGP keepalives: a third of the hold time (RFC 4271 § 10).
    pub(super) fn keepalive(&self) -> u16 {
        (self.hold_time() / 3).max(1)
    }

    /// As many prefixes as AWS ever announces: more mean that somebody else is talking.
    pub(super) const fn maximum_prefix(&self) -> u32 {
        if self.transit { TGW_ROUTES } else { VGW_ROUTES }
    }

    /// The site's networks and everything within: never learned from AWS.
    pub(super) fn own_prefixes(&self) -> Vec<Prefixes> {
        let all = self.lan.iter();
        all.map(|net| Prefixes {
            net: *net,
            up_to: 32,
        })
        .collect()
    }

    /// The VPC's networks, down to its subnets, which a transit gateway may announce one by one.
    pub(super) fn vpc_prefixes(&self) -> Vec<Prefixes> {
        let all = self.vpc.iter();
        all.map(|net| Prefixes {
            net: *net,
            up_to: LONGEST_SUBNET,
        })
        .collect()
    }
}

impl<'a> Link<'a> {
    fn of(set: &'a TunnelSet, tunnel: &'a Tunnel) -> Self {
        let gateway = &set.site.gateway;
        let tag = tag(&set.site.name);
        let (options, number) = (&tunnel.options, tunnel.number);
        Self {
            number,
            name: LinkName { tag, number },
            if_id: tag << 4 | u32::from(number),
            mtu: mtu(options, gateway.behind_nat(), gateway.uplink_mtu),
            mss: mss(options, gateway.behind_nat(), gateway.uplink_mtu),
            aws_outside: tunnel.aws.outside,
            aws_inside: tunnel.aws.inside,
            customer_inside: tunnel.customer.inside,
            options,
            key: QuotedKey(&tunnel.key),
        }
    }

    pub(super) const fn ike_version(&self) -> u8 {
        match self.options.ike_version {
            IkeVersion::V1 => 1,
            IkeVersion::V2 => 2,
        }
    }

    /// The if_id as `ip xfrm state` prints it.
    pub(super) fn if_id_hex(&self) -> String {
        format!("{:#x}", self.if_id)
    }

    /// strongSwan's words for phase 1; an AEAD cipher needs its PRF named.
    pub(super) fn ike_proposal(&self) -> String {
        let phase = self.options.phase1;
        let prf = if phase.encryption.is_aead() {
            "prf"
        } else {
            ""
        };
        let (cipher, hash, group) = words(phase);
        format!("{cipher}-{prf}{hash}-{group}")
    }

    /// strongSwan's words for phase 2.
    pub(super) fn esp_proposal(&self) -> String {
        let phase = self.options.phase2;
        let (cipher, hash, group) = words(phase);
        if phase.encryption.is_aead() {
            format!("{cipher}-{group}")
        } else {
            format!("{cipher}-{hash}-{group}")
        }
    }

    pub(super) fn ike_rekey(&self) -> u32 {
        self.options.device_rekey(self.options.phase1.lifetime)
    }

    /// Seconds from the begin of rekeying to the end of the session.
    pub(super) fn ike_over(&self) -> u32 {
        self.options.phase1.lifetime - self.ike_rekey()
    }

    pub(super) fn esp_rekey(&self) -> u32 {
        self.options.device_rekey(self.options.phase2.lifetime)
    }
}

/// 24 bits that the site's name decides.
fn tag(site: &SiteName) -> u32 {
    let digest = Sha256::digest(site.as_str().as_bytes());
    u32::from_be_bytes([0, digest[0], digest[1], digest[2]])
}

fn words(phase: Phase) -> (&'static str, &'static str, &'static str) {
    let cipher = match phase.encryption {
        Encryption::Aes128 => "aes128",
        Encryption::Aes256 => "aes256",
        Encryption::Aes128Gcm16 => "aes128gcm16",
        Encryption::Aes256Gcm16 => "aes256gcm16",
    };
    let hash = match phase.integrity {
        Integrity::Sha1 => "sha1",
        Integrity::Sha256 => "sha256",
        Integrity::Sha384 => "sha384",
        Integrity::Sha512 => "sha512",
    };
    (cipher, hash, phase.dh_group.name())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::tunnel::sample;

    /// Several sites may share a machine.
    #[test]
    fn no_two_sites_share_an_interface_an_if_id_or_a_table() {
        let (mut names, mut ids, mut tables) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let long = "x".repeat(37);
        let sites = (0..200)
            .map(|n| format!("plant-{n}"))
            .chain((0..200).map(|n| format!("{long}{n:03}")));
        for site in sites {
            let mut set = sample::tunnel_set();
            set.site.name = site.parse().unwrap();
            let view = View::of(&set).unwrap();
            assert!(tables.insert(view.table.to_string()));
            for link in &view.links {
                let name = link.name.to_string();
                assert!(name.len() <= 15, "{name}");
                assert!(link.if_id != 0 && names.insert(name) && ids.insert(link.if_id));
            }
        }
    }

    #[test]
    fn a_subnet_sized_network_has_no_longer_prefixes() {
        let mut set = sample::tunnel_set();
        set.vpc_cidrs = ["10.0.0.0/16", "10.1.0.0/28"]
            .map(|net| net.parse().unwrap())
            .to_vec();
        set.site.lan = ["10.20.0.1/32", "10.21.0.0/24"]
            .map(|net| net.parse().unwrap())
            .to_vec();
        let view = View::of(&set).unwrap();
        let lines = |all: Vec<Prefixes>| all.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            lines(view.vpc_prefixes()),
            ["10.0.0.0/16 le 28", "10.1.0.0/28"]
        );
        assert_eq!(
            lines(view.own_prefixes()),
            ["10.20.0.1/32", "10.21.0.0/24 le 32"]
        );
    }
}
