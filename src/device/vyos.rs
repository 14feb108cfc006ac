//! VyOS 1.4 and 1.5: set commands for VTI, IKE, BGP or routes that follow a ping.

use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use askama::Template;

use super::direct;
use super::model::{BundleFile, Device, RenderContext, RenderError};
use super::option::{self, Number, OptionSpec, is};
use super::paper::{self, Listed};
use super::profile::{
    Check, DirectConnectSide, Judged, Level, Profile, Removal, Sample, Tunnelling,
};
use super::view::{Leg, View};
use crate::spec::{DhGroup, Encryption, IkeVersion, Integrity, InvalidValue, SiteName};
use crate::tunnel::{Abilities, Phase, RouteExchange, TunnelSet};

/// The device.
pub(super) struct VyOs;

/// The number of the first VTI; the second tunnel has the next.
type TunnelNumber = Number<0, 9_998>;
/// The first of the rules' numbers, of which three are used.
type RuleNumber = Number<1, 999_990>;

const WAN_INTERFACE: &str = "wan_interface";
const TUNNEL_NUMBER: &str = "tunnel_number";
const FIREWALL_RULE: &str = "firewall_rule";
const FIRST_TUNNEL: &str = "101";
const FIRST_RULE: &str = "7100";
const CONFIG: &str = "config.vyos";
const REMOVE: &str = "remove.vyos";
/// The widest window that VyOS takes.
const WIDEST_REPLAY: u32 = 2_040;

const OPTIONS: &[OptionSpec] = &[
    OptionSpec {
        name: WAN_INTERFACE,
        what: "the interface that leads to the Internet, where IKE listens",
        pattern: "(bond|br|eth|peth|pppoe|veth|wlan|wwan)[0-9]{1,4}(\\.[0-9]{1,4})?",
        default: None,
        required: true,
        example: "eth0",
        check: is::<Interface>,
    },
    OptionSpec {
        name: TUNNEL_NUMBER,
        what: "the number of the first of two free VTI interfaces",
        pattern: "[0-9]{1,4}",
        default: Some(FIRST_TUNNEL),
        required: false,
        example: "7",
        check: is::<TunnelNumber>,
    },
    OptionSpec {
        name: FIREWALL_RULE,
        what: "the first of three free rule numbers in the firewall's input and forward filters; \
               lower than any rule that drops",
        pattern: "[1-9][0-9]{0,5}",
        default: Some(FIRST_RULE),
        required: false,
        example: "20",
        check: is::<RuleNumber>,
    },
    direct::interface_option("(bond|eth)[0-9]{1,4}", "eth3", is::<Port>),
];

/// A port that may have VLANs: Ethernet or a bond of them.
#[derive(Clone, Debug)]
struct Port(Interface);

impl FromStr for Port {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let plain = ["eth", "bond"].iter().any(|kind| text.starts_with(kind));
        if plain && !text.contains('.') {
            text.parse().map(Self)
        } else {
            Err(InvalidValue::new(
                format!("`{}` is not a port for a VLAN", text.escape_debug()),
                "use a name such as eth3 or bond0",
            ))
        }
    }
}

impl fmt::Display for Port {
    /// The two words that VyOS's tree has for it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bond = self.0.0.starts_with("bond");
        let kind = if bond { "bonding" } else { "ethernet" };
        write!(f, "{kind} {}", self.0)
    }
}

/// An interface by VyOS's own naming, perhaps with a VLAN.
#[derive(Clone, Debug)]
struct Interface(String);

impl FromStr for Interface {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let kinds = ["bond", "br", "eth", "peth", "pppoe", "veth", "wlan", "wwan"];
        let number = |text: &str| {
            (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        let known = kinds.iter().any(|kind| {
            text.strip_prefix(kind)
                .is_some_and(|rest| match rest.split_once('.') {
                    Some((unit, vlan)) => number(unit) && number(vlan),
                    None => number(rest),
                })
        });
        if known {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidValue::new(
                format!("`{}` is not an interface of VyOS", text.escape_debug()),
                "use a name such as eth0, eth1.20, bond0 or pppoe0",
            ))
        }
    }
}

impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Device for VyOs {
    fn name(&self) -> &'static str {
        "vyos"
    }

    fn title(&self) -> &'static str {
        "VyOS 1.4 and 1.5"
    }

    fn profile(&self) -> Profile {
        Profile {
            vendor: "VyOS",
            versions: "VyOS 1.4 (sagitta) and 1.5 (circinus); 1.3 has another syntax",
            tunnelling: Tunnelling::RouteBased,
            ipv6: true,
            name_limit: None,
            judged: Judged {
                level: Level::Schema,
                by: "the interface definitions of vyos-1x, 1.4 and 1.5, October 2024",
            },
            sample: Some(Sample {
                vendor: "Vyatta",
                platform: "Vyatta Network OS",
            }),
        }
    }

    /// `vpn_ipsec.xml.in` of 1.4: GCM with 128-bit tags and groups 2, 5 and 14 to 32 in both
    /// phases.
    fn abilities(&self) -> Abilities {
        let groups = [2, 5, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24].map(DhGroup);
        Abilities {
            ike_versions: IkeVersion::ALL.to_vec(),
            phase1_encryption: Encryption::ALL.to_vec(),
            phase1_integrity: Integrity::ALL.to_vec(),
            phase1_dh_groups: groups.to_vec(),
            phase2_encryption: Encryption::ALL.to_vec(),
            phase2_integrity: Integrity::ALL.to_vec(),
            phase2_dh_groups: groups.to_vec(),
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
        let v = &Router::of(set)?;
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
        let first = number(set).map_or(0, |number| number.0);
        let mut notes = vec![
            format!(
                "see that the numbers are free: `show interfaces vti` without vti{first} and vti{}, \
                 `show firewall` without the rules named in {CONFIG}",
                first + 1
            ),
            format!(
                "`configure`, then paste {CONFIG} (or `source /config/{CONFIG}` after copying it \
                 there)"
            ),
            "`commit-confirm 10`: without a `confirm` the router reboots into what it had".to_owned(),
            "when both tunnels are up: `confirm`, then `save`".to_owned(),
            "no exemption from source NAT is needed: what goes into a VTI does not leave by the WAN \
             interface before it is encrypted"
                .to_owned(),
        ];
        if let Some(link) = set.direct_connect.as_ref().filter(|link| link.mtu > 1_500) {
            notes.push(format!(
                "set the `mtu` of the port of the cross connect itself to {} or more",
                link.mtu
            ));
        }
        if set.site.gateway.behind_nat() {
            notes.push("let the NAT in front pass UDP 500 and 4500 from the router out".to_owned());
        }
        notes
    }

    fn checks(&self, set: &TunnelSet) -> Vec<Check> {
        let first = number(set).map_or(0, |number| number.0);
        let mut checks = vec![
            Check::new("show vpn ipsec sa", "two connections, both up"),
            Check::new(
                "show interfaces vti",
                format!("vti{first} and vti{} u/u", first + 1),
            ),
        ];
        for tunnel in &set.tunnels {
            checks.push(Check::new(
                format!(
                    "ping {} source-address {} count 3",
                    tunnel.aws.inside, tunnel.customer.inside
                ),
                format!("answers through tunnel {}", tunnel.number),
            ));
        }
        checks.push(match set.routes {
            RouteExchange::Bgp(_) => Check::new(
                "show bgp ipv4 summary",
                "two neighbors with a number under State/PfxRcd",
            ),
            RouteExchange::Static => Check::new(
                "show ip route kernel",
                "the VPC's networks through both VTIs",
            ),
        });
        if let Some(link) = &set.direct_connect {
            checks.push(Check::new(
                format!("show bgp ipv4 neighbors {}", link.amazon.addr()),
                "BGP state = Established",
            ));
            if link.bfd {
                let up = format!("{} with the status up", link.amazon.addr());
                checks.push(Check::new("show bfd peers", up));
            }
        }
        checks
    }

    fn spreads(&self) -> bool {
        true
    }

    fn removal(&self) -> Removal {
        Removal::File(REMOVE)
    }
}

fn number(set: &TunnelSet) -> Result<TunnelNumber, RenderError> {
    option::value(&set.site.gateway, TUNNEL_NUMBER, Some(FIRST_TUNNEL))
}

/// The connection in VyOS's words.
struct Router<'a> {
    base: View<'a>,
    wan_interface: Interface,
    first: TunnelNumber,
    rules: RuleNumber,
    port: Option<Port>,
}

/// `underpass-` and the site's name: VyOS allows letters, digits, `-` and `_` without a limit of
/// its own, and the shortest that is near is nftables' 128.
#[derive(Clone, Copy)]
struct Names<'a>(&'a SiteName);

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "underpass-{}", self.0)
    }
}

impl<'a> Deref for Router<'a> {
    type Target = View<'a>;

    fn deref(&self) -> &Self::Target {
        &self.base
    }
}

impl<'a> Router<'a> {
    fn of(set: &'a TunnelSet) -> Result<Self, RenderError> {
        let gateway = &set.site.gateway;
        Ok(Self {
            base: View::of(set),
            wan_interface: option::value(gateway, WAN_INTERFACE, None)?,
            first: number(set)?,
            rules: option::value(gateway, FIREWALL_RULE, Some(FIRST_RULE))?,
            port: direct::port(set)?,
        })
    }

    fn names(&self) -> Names<'_> {
        Names(self.site)
    }

    fn name(&self, leg: &Leg<'_>) -> String {
        format!("{}-{}", self.names(), leg.number)
    }

    fn interface(&self, leg: &Leg<'_>) -> String {
        format!("vti{}", self.first.0 + u32::from(leg.number) - 1)
    }

    fn rule(&self, offset: u32) -> u32 {
        self.rules.0 + offset
    }

    /// Inside single quotes, where a key's alphabet has nothing that ends them.
    fn key<'b>(&self, leg: &'b Leg<'_>) -> &'b str {
        leg.key.expose()
    }

    /// `128` is the length of the tag in bits: what others call GCM-16.
    fn cipher(&self, phase: &Phase) -> &'static str {
        match phase.encryption {
            Encryption::Aes128 => "aes128",
            Encryption::Aes256 => "aes256",
            Encryption::Aes128Gcm16 => "aes128gcm128",
            Encryption::Aes256Gcm16 => "aes256gcm128",
        }
    }

    /// Wanted also beside GCM: left out it would be sha1, by default.
    fn hash(&self, phase: &Phase) -> &'static str {
        match phase.integrity {
            Integrity::Sha1 => "sha1",
            Integrity::Sha256 => "sha256",
            Integrity::Sha384 => "sha384",
            Integrity::Sha512 => "sha512",
        }
    }

    fn replay(&self, leg: &Leg<'_>) -> u32 {
        leg.options.replay_window.min(WIDEST_REPLAY)
    }
}

#[derive(Template)]
#[template(path = "vyos/config.vyos", escape = "none")]
struct Config<'a> {
    v: &'a Router<'a>,
}

#[derive(Template)]
#[template(path = "vyos/remove.vyos", escape = "none")]
struct Remove<'a> {
    v: &'a Router<'a>,
}
