//! Palo Alto PAN-OS: route-based tunnels in a zone of their own, BGP or monitored static routes.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use askama::Template;
use ipnet::Ipv4Net;

use super::direct;
use super::model::{BundleFile, Device, RenderContext, RenderError};
use super::option::{self, NONE, Number, OptionSpec, OrNone, Token, is};
use super::paper::{self, Listed};
use super::profile::{
    Check, DirectConnectSide, Judged, Level, Profile, Removal, Sample, Tunnelling,
};
use super::value::ShortName;
use super::view::{Leg, View};
use crate::spec::{DhGroup, Encryption, IkeVersion, Integrity, InvalidValue};
use crate::tunnel::{Abilities, RouteExchange, TunnelSet};

/// The device.
pub(super) struct PaloAltoPanOs;

/// An interface: 31 characters.
type Interface = Token<31>;
/// A zone or a virtual router: 31 characters.
type Name = Token<31>;
/// A tunnel interface; the second tunnel has the next one (1 to 9999).
type Unit = Number<1, 9_998>;

const WAN_INTERFACE: &str = "wan_interface";
const WAN_ADDRESS: &str = "wan_address";
const WAN_ZONE: &str = "wan_zone";
const LAN_ZONE: &str = "lan_zone";
const ROUTER: &str = "virtual_router";
const UNIT: &str = "tunnel_unit";
const UNTRUST: &str = "untrust";
const TRUST: &str = "trust";
const DEFAULT: &str = "default";
const FIRST_UNIT: &str = "101";
const CONFIG: &str = "config.set";
const REMOVE: &str = "remove.set";

const OPTIONS: &[OptionSpec] = &[
    OptionSpec {
        name: WAN_INTERFACE,
        what: "the interface that leads to the Internet",
        pattern: "[A-Za-z0-9][A-Za-z0-9_.:/-]{0,30}",
        default: None,
        required: true,
        example: "ethernet1/1",
        check: is::<Interface>,
    },
    OptionSpec {
        name: WAN_ADDRESS,
        what: "that interface's address as it is written there, `192.0.2.10/24`; needed only where \
               the interface has several",
        pattern: "none|[0-9.]{7,15}/[0-9]{1,2}",
        default: Some(NONE),
        required: false,
        example: "192.168.77.2/24",
        check: is::<OrNone<Address>>,
    },
    OptionSpec {
        name: WAN_ZONE,
        what: "the zone of that interface",
        pattern: "[A-Za-z0-9][A-Za-z0-9_.:/-]{0,30}",
        default: Some(UNTRUST),
        required: false,
        example: "internet",
        check: is::<Name>,
    },
    OptionSpec {
        name: LAN_ZONE,
        what: "the zone of the LAN, for the rules",
        pattern: "[A-Za-z0-9][A-Za-z0-9_.:/-]{0,30}",
        default: Some(TRUST),
        required: false,
        example: "plant",
        check: is::<Name>,
    },
    OptionSpec {
        name: ROUTER,
        what: "the virtual router of the LAN and the tunnels",
        pattern: "[A-Za-z0-9][A-Za-z0-9_.:/-]{0,30}",
        default: Some(DEFAULT),
        required: false,
        example: "vr1",
        check: is::<Name>,
    },
    OptionSpec {
        name: UNIT,
        what: "the first of two free units of the interface tunnel",
        pattern: "[1-9][0-9]{0,3}",
        default: Some(FIRST_UNIT),
        required: false,
        example: "71",
        check: is::<Unit>,
    },
    direct::interface_option("ethernet[0-9]{1,2}/[0-9]{1,2}", "ethernet1/3", is::<Port>),
];

/// A port in layer 3 mode, without a unit: the unit is the VLAN's.
#[derive(Clone, Debug)]
struct Port(Interface);

impl FromStr for Port {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let number = |text: &str| {
            (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        let place = text
            .strip_prefix("ethernet")
            .and_then(|rest| rest.split_once('/'));
        if place.is_some_and(|(slot, port)| number(slot) && number(port)) {
            text.parse().map(Self)
        } else {
            Err(InvalidValue::new(
                format!("`{}` is not a port for a VLAN", text.escape_debug()),
                "use a name such as ethernet1/3, in layer 3 mode",
            ))
        }
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An address with the length of its network, as an interface has it.
#[derive(Clone, Copy, Debug)]
struct Address(Ipv4Net);

impl FromStr for Address {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        text.parse().map(Self).map_err(|_| {
            InvalidValue::new(
                format!(
                    "`{}` is not an address of an interface",
                    text.escape_debug()
                ),
                "use an IPv4 address and the length of its network, such as 192.0.2.10/24",
            )
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Device for PaloAltoPanOs {
    fn name(&self) -> &'static str {
        "paloalto-panos"
    }

    fn title(&self) -> &'static str {
        "Palo Alto PAN-OS 10.0+ (virtual router)"
    }

    fn profile(&self) -> Profile {
        Profile {
            vendor: "Palo Alto Networks",
            versions: "PAN-OS 10.0 and later with virtual routers (not the advanced routing engine)",
            tunnelling: Tunnelling::RouteBased,
            ipv6: true,
            name_limit: Some(31),
            judged: Judged {
                level: Level::Grammar,
                by: "after Palo Alto's own specifications (tests/judges/panos.py)",
            },
            sample: Some(Sample {
                vendor: "Palo Alto Networks",
                platform: "PA Series",
            }),
        }
    }

    /// Palo Alto's specifications of `ike-crypto-profile` and `ipsec-crypto-profile` (repository
    /// pan-os-codegen), without groups 15, 16 and 21, which PAN-OS 10.0 lacks.
    ///
    /// With GCM in IKE the group decides the PRF, which AWS would have to be told: CBC only.
    fn abilities(&self) -> Abilities {
        let groups = [2, 5, 14, 19, 20].map(DhGroup).to_vec();
        Abilities {
            ike_versions: IkeVersion::ALL.to_vec(),
            phase1_encryption: vec![Encryption::Aes128, Encryption::Aes256],
            phase1_integrity: Integrity::ALL.to_vec(),
            phase1_dh_groups: groups.clone(),
            phase2_encryption: Encryption::ALL.to_vec(),
            phase2_integrity: Integrity::ALL.to_vec(),
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
            "keep the way back: `configure`, `save config to before-underpass.xml`".to_owned(),
            format!(
                "see that the units are free: `show network interface tunnel units tunnel.{unit}` \
                 and `tunnel.{}` show nothing",
                unit + 1
            ),
        ];
        if set.routes != RouteExchange::Static {
            notes.push(format!(
                "if the virtual router speaks BGP already, it must have the AS {}; then leave out \
                 the line with `router-id`",
                set.site.gateway.asn
            ));
        }
        notes.extend([
            format!(
                "`set cli scripting-mode on` before `configure`, then paste {CONFIG}; with several \
                 virtual systems, `set system setting target-vsys` first"
            ),
            "`validate full`, look at `show jobs all`, then `commit`".to_owned(),
            "if something is wrong: `load config from before-underpass.xml`, `commit`".to_owned(),
            "nothing clamps TCP here: PAN-OS fits the segments to the tunnel's MTU by itself"
                .to_owned(),
            "no NAT rule may lead from the LAN's zone to any zone, the new one among them"
                .to_owned(),
        ]);
        if let Some(link) = &set.direct_connect {
            notes.push(format!(
                "see that the port of the cross connect is in layer 3 mode, and jumbo frames are on \
                 for more than 1500 bytes (this link: {}); a rule of yours that overrides \
                 `intrazone-default` has to let BFD pass",
                link.mtu
            ));
        }
        if gateway.behind_nat() {
            notes.push("let the NAT in front pass UDP 500 and 4500 from the firewall out".into());
        }
        notes
    }

    fn checks(&self, set: &TunnelSet) -> Vec<Check> {
        let gateway = &set.site.gateway;
        let router = option::value::<Name>(gateway, ROUTER, Some(DEFAULT));
        let router = router.map_or_else(|_| DEFAULT.to_owned(), |name| name.to_string());
        let mut checks = vec![
            Check::new(
                "show vpn ike-sa",
                "both gateways under IKEv2 with Established",
            ),
            Check::new("show vpn ipsec-sa", "both tunnels"),
            Check::new("show vpn flow", "both tunnels with the state active"),
        ];
        for tunnel in &set.tunnels {
            checks.push(Check::new(
                format!(
                    "ping source {} count 5 host {}",
                    tunnel.customer.inside, tunnel.aws.inside
                ),
                "0% packet loss",
            ));
        }
        if set.routes != RouteExchange::Static {
            checks.push(Check::new(
                format!("show routing protocol bgp summary virtual-router {router}"),
                "two peers in the state Established",
            ));
        }
        if let Some(link) = &set.direct_connect {
            checks.push(Check::new(
                format!("ping count 5 host {}", link.amazon.addr()),
                "0% packet loss, over Direct Connect",
            ));
        }
        checks.push(Check::new(
            format!("show routing route virtual-router {router}"),
            "the VPC's networks by a tunnel, with the flag A",
        ));
        checks
    }

    fn removal(&self) -> Removal {
        Removal::File(REMOVE)
    }
}

/// The connection in PAN-OS's words.
struct Firewall<'a> {
    base: View<'a>,
    wan_interface: Interface,
    wan_address: Option<Address>,
    wan_zone: Name,
    lan_zone: Name,
    router: Name,
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
            wan_address: option::value::<OrNone<Address>>(gateway, WAN_ADDRESS, Some(NONE))?.0,
            wan_zone: option::value(gateway, WAN_ZONE, Some(UNTRUST))?,
            lan_zone: option::value(gateway, LAN_ZONE, Some(TRUST))?,
            router: option::value(gateway, ROUTER, Some(DEFAULT))?,
            first: option::value(gateway, UNIT, Some(FIRST_UNIT))?,
            port: direct::port(set)?,
        })
    }

    /// `up-` and at most 20 characters, with which every name has at most 31.
    fn name(&self) -> String {
        format!("up-{}", ShortName::<20>(self.site))
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

    /// A word without quotes: a key's alphabet has nothing that PAN-OS reads as its own.
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
        hash(leg.options.phase1.integrity)
    }

    fn esp_hash(&self, leg: &Leg<'_>) -> &'static str {
        hash(leg.options.phase2.integrity)
    }

    /// Seconds between probes; PAN-OS knows 2 to 100.
    fn dpd_interval(&self, leg: &Leg<'_>) -> u32 {
        (leg.options.dpd_timeout / 3).clamp(2, 100)
    }
}

const fn hash(hash: Integrity) -> &'static str {
    match hash {
        Integrity::Sha1 => "sha1",
        Integrity::Sha256 => "sha256",
        Integrity::Sha384 => "sha384",
        Integrity::Sha512 => "sha512",
    }
}

#[derive(Template)]
#[template(path = "paloalto-panos/config.set", escape = "none")]
struct Config<'a> {
    v: &'a Firewall<'a>,
}

#[derive(Template)]
#[template(path = "paloalto-panos/remove.set", escape = "none")]
struct Remove<'a> {
    v: &'a Firewall<'a>,
}
