//! A connection as every router sees it: addresses, sizes, times, prefixes.
//!
//! Every field is valid by type, so no template can render what could end a line or a string.

use std::fmt;
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use sha2::{Digest, Sha256};

use super::direct::Direct;
use crate::spec::{
    Appliance, Asn, AttachTo, Gateway, IkeVersion, Region, SiteName, StartupAction, VpnConnectionId,
};
use crate::tunnel::{Bgp, PreSharedKey, RouteExchange, Tunnel, TunnelOptions, TunnelSet, mss, mtu};

/// Prefixes that a virtual private gateway announces at most (AWS VPN quotas).
const VGW_ROUTES: u32 = 1_000;
/// Prefixes that a transit gateway announces at most (AWS VPN quotas).
const TGW_ROUTES: u32 = 5_000;
/// The longest prefix of a subnet of a VPC.
pub(super) const LONGEST_SUBNET: u8 = 28;
/// The mask of every inside network.
const INSIDE_MASK: Ipv4Addr = Ipv4Addr::new(255, 255, 255, 252);

/// What the templates of any router show.
pub(super) struct View<'a> {
    pub(super) site: &'a SiteName,
    pub(super) region: &'a Region,
    pub(super) connection: Option<&'a VpnConnectionId>,
    /// The router's own address.
    pub(super) wan: Ipv4Addr,
    /// The address that AWS sees.
    pub(super) public: Ipv4Addr,
    pub(super) nat: bool,
    pub(super) legs: [Leg<'a>; 2],
    pub(super) bgp: Option<Bgp>,
    pub(super) lan: &'a [Ipv4Net],
    pub(super) vpc: &'a [Ipv4Net],
    pub(super) appliances: &'a [Appliance],
    /// The virtual interface beside the tunnels.
    pub(super) direct: Option<Direct<'a>>,
    /// Whether both tunnels carry at once.
    pub(super) together: bool,
    transit: bool,
}

/// One tunnel.
pub(super) struct Leg<'a> {
    pub(super) number: u8,
    pub(super) mtu: u16,
    pub(super) mss: u16,
    pub(super) aws_outside: Ipv4Addr,
    pub(super) aws_inside: Ipv4Addr,
    pub(super) customer_inside: Ipv4Addr,
    pub(super) options: &'a TunnelOptions,
    /// Without a `Display`: each device quotes it in its own way.
    pub(super) key: &'a PreSharedKey,
}

impl<'a> View<'a> {
    pub(super) fn of(set: &'a TunnelSet) -> Self {
        let gateway = &set.site.gateway;
        let transit = matches!(set.site.aws.attach_to, AttachTo::TransitGateway(_));
        let link = set.direct_connect.as_ref();
        Self {
            site: &set.site.name,
            region: &set.site.region,
            connection: set.connection.as_ref(),
            wan: gateway.wan_address(),
            public: gateway.outside_ip,
            nat: gateway.behind_nat(),
            legs: [&set.tunnels[0], &set.tunnels[1]].map(|tunnel| Leg::of(gateway, tunnel)),
            bgp: match &set.routes {
                RouteExchange::Bgp(bgp) => Some(*bgp),
                RouteExchange::Static => None,
            },
            lan: &set.site.lan,
            vpc: &set.vpc_cidrs,
            appliances: &set.site.appliances,
            direct: link.map(|link| Direct::new(link, transit)),
            together: set.site.aws.transit.ecmp && set.routes != RouteExchange::Static,
            transit,
        }
    }

    /// The connection's id, or words for it in a preview.
    pub(super) fn connection_name(&self) -> &str {
        self.connection
            .map_or("a connection", VpnConnectionId::as_str)
    }

    /// Seconds: the shorter one, where the tunnels differ.
    pub(super) fn dpd_timeout(&self) -> u32 {
        let [one, two] = &self.legs;
        one.options.dpd_timeout.min(two.options.dpd_timeout)
    }

    /// Bytes: the smaller one, for devices that clamp all tunnels alike.
    pub(super) fn least_mss(&self) -> u16 {
        self.legs[0].mss.min(self.legs[1].mss)
    }

    /// The AS of the site's BGP, which tunnels or Direct Connect may want.
    pub(super) fn asn(&self) -> Option<Asn> {
        let direct = self.direct.as_ref();
        (self.bgp.map(|bgp| bgp.customer_asn)).or_else(|| direct.map(|link| link.router_asn))
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

    /// 24 bits that the site's name decides: for names and numbers that are unique on a device
    /// which serves several sites.
    pub(super) fn tag(&self) -> u32 {
        tag(self.site)
    }
}

impl<'a> Leg<'a> {
    fn of(gateway: &Gateway, tunnel: &'a Tunnel) -> Self {
        let options = &tunnel.options;
        Self {
            number: tunnel.number,
            mtu: mtu(options, gateway.behind_nat(), gateway.uplink_mtu),
            mss: mss(options, gateway.behind_nat(), gateway.uplink_mtu),
            aws_outside: tunnel.aws.outside,
            aws_inside: tunnel.aws.inside,
            customer_inside: tunnel.customer.inside,
            options,
            key: &tunnel.key,
        }
    }

    /// The mask of the inside network, for devices that do not take `/30`.
    pub(super) const fn inside_mask(&self) -> Ipv4Addr {
        INSIDE_MASK
    }

    pub(super) const fn ike_version(&self) -> u8 {
        match self.options.ike_version {
            IkeVersion::V1 => 1,
            IkeVersion::V2 => 2,
        }
    }

    pub(super) fn is_v1(&self) -> bool {
        self.options.ike_version == IkeVersion::V1
    }

    /// Whether the cipher of phase 1 authenticates by itself, so that only a PRF is left to name.
    pub(super) fn phase1_aead(&self) -> bool {
        self.options.phase1.encryption.is_aead()
    }

    /// Whether the cipher of phase 2 authenticates by itself.
    pub(super) fn phase2_aead(&self) -> bool {
        self.options.phase2.encryption.is_aead()
    }

    /// Whether this device starts the session.
    pub(super) fn device_initiates(&self) -> bool {
        self.options.startup_action == StartupAction::Add
    }

    /// Seconds after which the device begins to rekey phase 1.
    pub(super) fn ike_rekey(&self) -> u32 {
        self.options.device_rekey(self.options.phase1.lifetime)
    }

    /// Seconds from the begin of rekeying to the end of the session.
    pub(super) fn ike_over(&self) -> u32 {
        self.options.phase1.lifetime - self.ike_rekey()
    }

    /// Seconds after which the device begins to rekey phase 2.
    pub(super) fn esp_rekey(&self) -> u32 {
        self.options.device_rekey(self.options.phase2.lifetime)
    }

    /// Seconds from the begin of rekeying phase 2 to its end.
    pub(super) fn esp_over(&self) -> u32 {
        self.options.phase2.lifetime - self.esp_rekey()
    }
}

/// A network, and with `up_to` also the longer prefixes within it: a line of a prefix list.
pub(super) struct Prefixes {
    pub(super) net: Ipv4Net,
    pub(super) up_to: u8,
}

impl fmt::Display for Prefixes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.net.fmt(f)?;
        // `le` has to be greater than the prefix's own length: FRR, IOS, EOS.
        if self.up_to > self.net.prefix_len() {
            write!(f, " le {}", self.up_to)?;
        }
        Ok(())
    }
}

impl View<'_> {
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

/// 24 bits that a site's name decides.
pub(super) fn tag(site: &SiteName) -> u32 {
    let digest = Sha256::digest(site.as_str().as_bytes());
    u32::from_be_bytes([0, digest[0], digest[1], digest[2]])
}
