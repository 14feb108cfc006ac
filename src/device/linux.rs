//! A connection as a Linux router sees it: interfaces, if_ids, strongSwan's words.
//!
//! Every field is valid by type, so no template can render what could end a line or a string.

use std::fmt;
use std::ops::Deref;

use super::direct::{self, DIRECT_CONNECT_INTERFACE, Direct};
use super::linux_daemon::Daemon;
use super::model::RenderError;
use super::option::{self, InterfaceName, OptionSpec, is};
use super::value::QuotedKey;
use super::view::{self, Leg};
use crate::spec::{Encryption, Integrity, InvalidValue, SiteName};
use crate::tunnel::{Phase, TunnelSet};

/// The option that names the WAN interface.
pub(super) const WAN_INTERFACE: &str = "wan_interface";
/// The option that chooses how far the firewall goes.
pub(super) const FIREWALL: &str = "firewall";

/// Between the 20 of BGP's routes and the 200 of those that are worse than any.
const STATIC_DISTANCE: u32 = 100;

/// [`WAN_INTERFACE`].
pub(super) const WAN_INTERFACE_OPTION: OptionSpec = OptionSpec {
    name: WAN_INTERFACE,
    what: "the interface that leads to the Internet; install.sh refuses if the route to AWS \
           leaves by another",
    pattern: "[A-Za-z0-9][A-Za-z0-9_.-]{0,14}",
    default: Some("the one that the route to AWS leaves by"),
    required: false,
    example: "eth0",
    check: |value| value.parse::<InterfaceName>().map(drop),
};

/// [`FIREWALL`].
pub(super) const FIREWALL_OPTION: OptionSpec = OptionSpec {
    name: FIREWALL,
    what: "`strict` lets the WAN address speak IKE and ESP with AWS's two endpoints alone, \
           `shared` leaves IKE and ESP of other VPNs on the same machine in peace",
    pattern: "strict|shared",
    default: Some("strict"),
    required: false,
    example: "shared",
    check: |value| match value {
        "strict" | "shared" => Ok(()),
        other => Err(InvalidValue::new(
            format!("`{}` is not a firewall mode", other.escape_debug()),
            "use `strict` or `shared`",
        )),
    },
};

/// The port that the cross connect of a Direct Connect ends on.
pub(super) const DIRECT_CONNECT_OPTION: OptionSpec = direct::interface_option(
    "[A-Za-z0-9][A-Za-z0-9_.-]{0,14}",
    "enp3s0f1",
    is::<InterfaceName>,
);

/// What the templates of a Linux router show.
pub(super) struct View<'a> {
    base: view::View<'a>,
    pub(super) wan_interface: Option<InterfaceName>,
    pub(super) strict: bool,
    pub(super) table: Table<'a>,
    pub(super) links: [Link<'a>; 2],
    pub(super) dx: Option<Vlan<'a>>,
    pub(super) daemon: Daemon,
}

/// The VLAN of a Direct Connect, its name and its port.
pub(super) struct Vlan<'a> {
    direct: Direct<'a>,
    pub(super) name: VlanName,
    pub(super) port: InterfaceName,
}

impl<'a> Deref for Vlan<'a> {
    type Target = Direct<'a>;

    fn deref(&self) -> &Self::Target {
        &self.direct
    }
}

/// `dx-` and six hexadecimal digits that the site's name decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct VlanName(u32);

impl fmt::Display for VlanName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "dx-{:06x}", self.0)
    }
}

/// One tunnel and its XFRM interface.
pub(super) struct Link<'a> {
    leg: Leg<'a>,
    pub(super) name: LinkName,
    /// Ties policies and states to the interface; unique on the machine.
    pub(super) if_id: u32,
    pub(super) key: QuotedKey<'a>,
}

impl<'a> Deref for View<'a> {
    type Target = view::View<'a>;

    fn deref(&self) -> &Self::Target {
        &self.base
    }
}

impl<'a> Deref for Link<'a> {
    type Target = Leg<'a>;

    fn deref(&self) -> &Self::Target {
        &self.leg
    }
}

/// The name of a tunnel's interface, out of the hash of the site's name: 14 characters at most.
///
/// The kernel stops at 15, and a site's name may have 40.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LinkName {
    tag: u32,
    number: u8,
    style: LinkStyle,
}

/// How interfaces are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LinkStyle {
    /// `ipsec-`, six hexadecimal digits and the tunnel.
    Dashed,
    /// `ipsec` and the if_id in decimal: the only names that Libreswan knows.
    Numbered,
}

impl fmt::Display for LinkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.style {
            LinkStyle::Dashed => write!(f, "ipsec-{:06x}-{}", self.tag, self.number),
            LinkStyle::Numbered => write!(f, "ipsec{}", if_id(self.tag, self.number)),
        }
    }
}

/// 28 bits.
const fn if_id(tag: u32, number: u8) -> u32 {
    tag << 4 | number as u32
}

/// The site's nftables table; nftables allows no `-` in a name, and no site has a `_` in its own.
pub(super) struct Table<'a>(&'a SiteName);

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "underpass_{}", self.0.as_str().replace('-', "_"))
    }
}

impl<'a> View<'a> {
    /// The VLAN of a Direct Connect that what is meant for the VPC may take: not one that carries the
    /// tunnels and nothing beside them.
    pub(super) fn carrying_vlan(&self) -> Option<&Vlan<'a>> {
        self.dx.as_ref().filter(|dx| dx.tunnel_end.is_none())
    }

    /// Whether the tunnels run over the VLAN of a Direct Connect.
    pub(super) fn tunnels_over_vlan(&self) -> bool {
        self.dx.as_ref().is_some_and(|dx| dx.tunnel_end.is_some())
    }

    pub(super) fn of(set: &'a TunnelSet, daemon: Daemon) -> Result<Self, RenderError> {
        if set.vpc_cidrs.is_empty() {
            return Err(RenderError::Unsupported {
                device: daemon.name,
                problem: "the VPC has no network to route to".to_owned(),
            });
        }
        let gateway = &set.site.gateway;
        let wan_interface = gateway.options.get(WAN_INTERFACE);
        let wan_interface = wan_interface.map(|name| name.parse()).transpose();
        let base = view::View::of(set);
        let [one, two] = view::View::of(set).legs;
        let tag = base.tag();
        let vlan = |direct| -> Result<Vlan<'a>, RenderError> {
            Ok(Vlan {
                direct,
                name: VlanName(tag),
                port: option::value(gateway, DIRECT_CONNECT_INTERFACE, None)?,
            })
        };
        Ok(Self {
            dx: base.direct.map(vlan).transpose()?,
            wan_interface: wan_interface.map_err(RenderError::Option)?,
            strict: gateway
                .options
                .get(FIREWALL)
                .is_none_or(|mode| mode == "strict"),
            table: Table(&set.site.name),
            links: [one, two].map(|leg| Link::of(leg, tag, daemon.link_style)),
            base,
            daemon,
        })
    }

    /// What the page about a Linux router says first.
    pub(super) fn about(&self) -> Vec<String> {
        let mut about = vec![
            String::new(),
            format!(
                "The table `inet {}` keeps LAN-to-VPC traffic from ever leaving in clear and clamps \
                 TCP's segments. It cannot open what another table closes: if your input chain drops \
                 by default, let IKE (UDP 500 and 4500) and ESP in from both AWS addresses there{}.",
                self.table,
                if self.bgp.is_some() {
                    ", and TCP 179 from both tunnel interfaces"
                } else {
                    ""
                }
            ),
            format!(
                "Tunnel 1 is the interface `{}`, tunnel 2 is `{}`; let forwarded traffic pass between \
                 the LAN and both, since AWS may answer through either. Masquerading needs no \
                 exemption.",
                self.links[0].name, self.links[1].name
            ),
        ];
        about.push(if self.bgp.is_some() {
            format!(
                "Fail-over is BGP's: at most {} s when a tunnel goes silent.",
                self.hold_time()
            )
        } else {
            format!(
                "Fail-over of this router's half takes about 4 s: three pings lost inside a tunnel. \
                 AWS's half follows its own dead peer detection, about {} s.",
                self.dpd_timeout()
            )
        });
        about
    }

    /// What is added to the metric of static routes beside Direct Connect: zebra takes the upper byte
    /// of a kernel route's metric for its distance (FRR's manual, zebra: administrative distance).
    pub(super) const fn static_metric(&self) -> u32 {
        STATIC_DISTANCE << 24
    }

    /// Where the site's programs are installed.
    pub(super) fn lib(&self) -> String {
        format!("/usr/local/lib/underpass/{}", self.site)
    }
}

impl<'a> Link<'a> {
    fn of(leg: Leg<'a>, tag: u32, style: LinkStyle) -> Self {
        let number = leg.number;
        Self {
            name: LinkName { tag, number, style },
            if_id: if_id(tag, number),
            key: QuotedKey(leg.key),
            leg,
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
    use crate::device::linux_daemon::SWANCTL;
    use crate::device::view::Prefixes;
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
            let view = View::of(&set, SWANCTL).unwrap();
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
        let view = View::of(&set, SWANCTL).unwrap();
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
