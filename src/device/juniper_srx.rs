//! Juniper SRX: route-based tunnels in a zone of their own, BGP or watched static routes.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use askama::Template;
use ipnet::Ipv4Net;

use super::direct;
use super::model::{BundleFile, Device, RenderContext, RenderError};
use super::option::{self, Number, OptionSpec, Token, is};
use super::paper::{self, Listed};
use super::profile::{
    Check, DirectConnectSide, Judged, Level, Profile, Removal, Sample, Tunnelling,
};
use super::value::ShortName;
use super::view::{Leg, View};
use crate::spec::{DhGroup, Encryption, IkeVersion, Integrity, InvalidValue};
use crate::tunnel::{Abilities, RouteExchange, TunnelSet};

/// The device.
pub(super) struct JuniperSrx;

/// An interface with its unit.
type Interface = Token<48>;
/// A zone: 63 characters (Juniper's YANG model `junos-es-conf-security` of Junos 20.4).
type Zone = Token<63>;
/// A port without a unit: the unit is the VLAN's.
#[derive(Clone, Debug)]
struct Port(Interface);

impl FromStr for Port {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        if text.contains('.') {
            return Err(InvalidValue::new(
                format!("`{}` has a unit", text.escape_debug()),
                "name the port alone, such as ge-0/0/3",
            ));
        }
        text.parse().map(Self)
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A unit of `st0`; the second tunnel has the next one.
type Unit = Number<0, 16_384>;

const WAN_INTERFACE: &str = "wan_interface";
const WAN_ZONE: &str = "wan_zone";
const LAN_ZONE: &str = "lan_zone";
const UNIT: &str = "tunnel_unit";
const UNTRUST: &str = "untrust";
const TRUST: &str = "trust";
const FIRST_UNIT: &str = "101";
const CONFIG: &str = "config.set";
const REMOVE: &str = "remove.set";

const OPTIONS: &[OptionSpec] = &[
    OptionSpec {
        name: WAN_INTERFACE,
        what: "the interface, with its unit, that leads to the Internet",
        pattern: "[A-Za-z0-9][A-Za-z0-9_.:/-]{0,47}",
        default: None,
        required: true,
        example: "ge-0/0/0.0",
        check: is::<Interface>,
    },
    OptionSpec {
        name: WAN_ZONE,
        what: "the zone of that interface, which has to let IKE in",
        pattern: "[A-Za-z0-9][A-Za-z0-9_.:/-]{0,62}",
        default: Some(UNTRUST),
        required: false,
        example: "internet",
        check: is::<Zone>,
    },
    OptionSpec {
        name: LAN_ZONE,
        what: "the zone of the LAN, for the policies",
        pattern: "[A-Za-z0-9][A-Za-z0-9_.:/-]{0,62}",
        default: Some(TRUST),
        required: false,
        example: "plant",
        check: is::<Zone>,
    },
    OptionSpec {
        name: UNIT,
        what: "the first of two free units of the interface st0",
        pattern: "[0-9]{1,5}",
        default: Some(FIRST_UNIT),
        required: false,
        example: "71",
        check: is::<Unit>,
    },
    direct::interface_option("[A-Za-z0-9][A-Za-z0-9_:/-]{0,47}", "ge-0/0/3", is::<Port>),
];

impl Device for JuniperSrx {
    fn name(&self) -> &'static str {
        "juniper-srx"
    }

    fn title(&self) -> &'static str {
        "Juniper SRX and vSRX, Junos 20.4+"
    }

    fn profile(&self) -> Profile {
        Profile {
            vendor: "Juniper",
            versions: "Junos 20.4 and later on SRX and vSRX",
            tunnelling: Tunnelling::RouteBased,
            ipv6: true,
            name_limit: Some(32),
            judged: Judged {
                level: Level::Grammar,
                by: "after Juniper's YANG models for the SRX (tests/judges/srx.py)",
            },
            sample: Some(Sample {
                vendor: "Juniper Networks, Inc.",
                platform: "SRX Routers",
            }),
        }
    }

    /// Juniper's YANG model `junos-es-conf-security` of Junos 20.4.
    ///
    /// The model has GCM for IKE as well, but nothing there names the PRF that would go with it;
    /// and groups 15, 16 and SHA-512, which take the newer of two IKE daemons.
    fn abilities(&self) -> Abilities {
        let groups = [2, 5, 14, 19, 20].map(DhGroup).to_vec();
        Abilities {
            ike_versions: IkeVersion::ALL.to_vec(),
            phase1_encryption: vec![Encryption::Aes128, Encryption::Aes256],
            phase1_integrity: vec![Integrity::Sha1, Integrity::Sha256, Integrity::Sha384],
            phase1_dh_groups: groups.clone(),
            phase2_encryption: Encryption::ALL.to_vec(),
            phase2_integrity: vec![Integrity::Sha1, Integrity::Sha256],
            phase2_dh_groups: groups,
            bgp: true,
            static_routing: true,
            route_based: true,
        }
    }

    fn direct_connect(&self) -> DirectConnectSide {
        DirectConnectSide::Able {
            beside_static: false,
        }
    }

    fn options(&self) -> &'static [OptionSpec] {
        OPTIONS
    }

    fn render(
        &self,
        set: &TunnelSet,
        context: &RenderContext,
    ) -> Result<Vec<BundleFile>, RenderError> {
        let v = &Firewall::of(set)?;
        let files = [
            Listed {
                path: CONFIG.to_owned(),
                what: "the configuration, with the keys",
            },
            Listed {
                path: REMOVE.to_owned(),
                what: "takes it away again",
            },
        ];
        Ok(vec![
            BundleFile::secret(CONFIG, &Config { v })?,
            BundleFile::public(REMOVE, &Remove { v })?,
            paper::readme(self, set, context, &[], &files)?,
        ])
    }

    fn notes(&self, set: &TunnelSet) -> Vec<String> {
        let gateway = &set.site.gateway;
        let unit = option::value::<Unit>(gateway, UNIT, Some(FIRST_UNIT));
        let unit = unit.map_or(0, |unit| unit.0);
        let mut notes = vec![
            "`configure exclusive`".to_owned(),
            format!(
                "see that the units are free: `show interfaces st0 unit {unit}` and `unit {}` show \
                 nothing",
                unit + 1
            ),
            "see `show security flow tcp-mss`: a clamp below the new one has a reason; keep it"
                .to_owned(),
            format!("`load set terminal`, paste {CONFIG}, end with Ctrl-D; no line is refused"),
            "look at it: `show | compare`; with address books in zones, which exclude the global \
             one, move the addresses there"
                .to_owned(),
            "`commit confirmed 10`: without a `commit` it is undone after ten minutes".to_owned(),
            "if the outside interface lists `host-inbound-traffic` of its own, add `ike` there too"
                .to_owned(),
            "when both tunnels are up: `commit`".to_owned(),
        ];
        if let Some(link) = &set.direct_connect {
            notes.push(format!(
                "see that the port of the cross connect is yours to tag: `vlan-tagging` holds for all \
                 of its units, and its own `mtu` is to carry {} bytes and their headers",
                link.mtu
            ));
        }
        if gateway.behind_nat() {
            notes.push("let the NAT in front pass UDP 500 and 4500 from the SRX out".to_owned());
        }
        notes
    }

    fn checks(&self, set: &TunnelSet) -> Vec<Check> {
        let mut checks = vec![
            Check::new(
                "show security ike security-associations",
                "both AWS addresses with the state UP",
            ),
            Check::new(
                "show security ipsec security-associations",
                "Total active tunnels: 2 or more",
            ),
            Check::new("show interfaces terse st0", "both units up, up"),
        ];
        for tunnel in &set.tunnels {
            checks.push(Check::new(
                format!(
                    "ping {} source {} count 5",
                    tunnel.aws.inside, tunnel.customer.inside
                ),
                "0% packet loss",
            ));
        }
        checks.push(match set.routes {
            RouteExchange::Bgp(_) => {
                Check::new("show bgp summary", "two peers in the state Establ")
            }
            RouteExchange::Static => Check::new(
                "show security ipsec security-associations detail | match monitoring",
                "VPN monitoring: UP, twice",
            ),
        });
        if let Some(link) = &set.direct_connect {
            checks.push(Check::new(
                format!("show bgp neighbor {}", link.amazon.addr()),
                "State: Established, and BFD: enabled, up where it is meant",
            ));
        }
        checks.push(Check::new(
            "show route table inet.0",
            "the VPC's networks by an st0 interface",
        ));
        checks
    }

    fn removal(&self) -> Removal {
        Removal::File(REMOVE)
    }
}

/// The connection in Junos's words.
struct Firewall<'a> {
    base: View<'a>,
    wan_interface: Interface,
    wan_zone: Zone,
    lan_zone: Zone,
    first: Unit,
    port: Option<Port>,
}

impl<'a> Deref for Firewall<'a> {
    type Target = View<'a>;

    fn deref(&self) -> &Self::Target {
        &self.base
    }
}

impl<'a> Firewall<'a> {
    fn of(set: &'a TunnelSet) -> Result<Self, RenderError> {
        let gateway = &set.site.gateway;
        Ok(Self {
            base: View::of(set),
            wan_interface: option::value(gateway, WAN_INTERFACE, None)?,
            wan_zone: option::value(gateway, WAN_ZONE, Some(UNTRUST))?,
            lan_zone: option::value(gateway, LAN_ZONE, Some(TRUST))?,
            first: option::value(gateway, UNIT, Some(FIRST_UNIT))?,
            port: direct::port(set)?,
        })
    }

    /// `up-` and at most 24 characters.
    fn name(&self) -> String {
        format!("up-{}", ShortName::<24>(self.site))
    }

    fn tunnel(&self, leg: &Leg<'_>) -> String {
        format!("{}-{}", self.name(), leg.number)
    }

    fn words(&self, leg: &Leg<'_>) -> String {
        format!("underpass {} tunnel {}", self.site, leg.number)
    }

    fn unit(&self, leg: &Leg<'_>) -> u32 {
        self.first.0 + u32::from(leg.number) - 1
    }

    /// Stands in double quotes, within which Junos reads `\` and `"` as its own; a key has neither.
    fn key<'b>(&self, leg: &'b Leg<'_>) -> &'b str {
        leg.key.expose()
    }

    fn cipher(&self, cipher: impl Borrow<Encryption>) -> &'static str {
        match cipher.borrow() {
            Encryption::Aes128 => "aes-128-cbc",
            Encryption::Aes256 => "aes-256-cbc",
            Encryption::Aes128Gcm16 => "aes-128-gcm",
            Encryption::Aes256Gcm16 => "aes-256-gcm",
        }
    }

    fn ike_hash(&self, leg: &Leg<'_>) -> &'static str {
        match leg.options.phase1.integrity {
            Integrity::Sha1 => "sha1",
            Integrity::Sha256 => "sha-256",
            Integrity::Sha384 | Integrity::Sha512 => "sha-384",
        }
    }

    fn esp_hash(&self, leg: &Leg<'_>) -> &'static str {
        match leg.options.phase2.integrity {
            Integrity::Sha1 => "hmac-sha1-96",
            _ => "hmac-sha-256-128",
        }
    }

    /// Seconds between probes; Junos knows 10 to 60.
    fn dpd_interval(&self, leg: &Leg<'_>) -> u32 {
        (leg.options.dpd_timeout / 3).clamp(10, 60)
    }

    /// The VPC's networks in halves.
    fn halves(&self) -> Vec<Ipv4Net> {
        let halves = |net: &Ipv4Net| net.subnets((net.prefix_len() + 1).min(32));
        let all = self.vpc.iter().filter_map(|net| halves(net).ok());
        all.flatten().collect()
    }
}

#[derive(Template)]
#[template(path = "juniper-srx/config.set", escape = "none")]
struct Config<'a> {
    v: &'a Firewall<'a>,
}

#[derive(Template)]
#[template(path = "juniper-srx/remove.set", escape = "none")]
struct Remove<'a> {
    v: &'a Firewall<'a>,
}
