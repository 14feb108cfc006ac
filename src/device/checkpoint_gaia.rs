//! Check Point Gaia: tunnel interfaces and routing on the gateway, the VPN community and the rules
//! by the management server's API.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;

use askama::Template;
use ipnet::Ipv4Net;

use super::model::{BundleFile, Device, RenderContext, RenderError};
use super::option::{self, NONE, Number, OptionSpec, OrNone, Token, is};
use super::paper::{self, Listed};
use super::profile::{Check, Judged, Level, Profile, Removal, Sample, Tunnelling};
use super::value::ShortName;
use super::view::{Leg, View};
use crate::spec::{DhGroup, Encryption, IkeVersion, Integrity};
use crate::tunnel::{Abilities, RouteExchange, TunnelSet};

/// The device.
pub(super) struct CheckPointGaia;

/// An object's name or its UID.
type Object = Token<64>;
/// A tunnel interface; the second tunnel has the next one (Gaia administration guide: from 1).
type TunnelNumber = Number<1, 98>;

const GATEWAY: &str = "gateway_object";
const PACKAGE: &str = "policy_package";
const LAYER: &str = "access_layer";
const TUNNEL_NUMBER: &str = "tunnel_number";
const STANDARD: &str = "Standard";
const FIRST_TUNNEL: &str = "21";
const CONFIG: &str = "gateway.clish";
const MANAGEMENT: &str = "management.sh";
const REMOVE: &str = "remove-gateway.clish";
const REMOVE_MANAGEMENT: &str = "remove-management.sh";
/// The shortest renegotiation of IKE that SmartConsole takes.
const LEAST_MINUTES: u32 = 10;

const OPTIONS: &[OptionSpec] = &[
    OptionSpec {
        name: GATEWAY,
        what: "the name of the gateway's or cluster's object in SmartConsole",
        pattern: "[A-Za-z0-9][A-Za-z0-9_.:/-]{0,63}",
        default: None,
        required: true,
        example: "gw-plant",
        check: is::<Object>,
    },
    OptionSpec {
        name: PACKAGE,
        what: "the policy package of the gateway; its UID where the name has spaces",
        pattern: "[A-Za-z0-9][A-Za-z0-9_.:/-]{0,63}",
        default: Some(STANDARD),
        required: false,
        example: "Plants",
        check: is::<Object>,
    },
    OptionSpec {
        name: LAYER,
        what: "the access layer for the rules, its UID where the name has spaces; `none` is the \
               package's own: `Network` of `Standard`, else `PACKAGE Network`",
        pattern: "none|[A-Za-z0-9][A-Za-z0-9_.:/-]{0,63}",
        default: Some(NONE),
        required: false,
        example: "Plants-Network",
        check: is::<OrNone<Object>>,
    },
    OptionSpec {
        name: TUNNEL_NUMBER,
        what: "the number of the first of two free VPN tunnel interfaces",
        pattern: "[1-9][0-9]?",
        default: Some(FIRST_TUNNEL),
        required: false,
        example: "71",
        check: is::<TunnelNumber>,
    },
];

impl Device for CheckPointGaia {
    fn name(&self) -> &'static str {
        "checkpoint-gaia"
    }

    fn title(&self) -> &'static str {
        "Check Point Gaia R81.20 (gateway and management)"
    }

    fn profile(&self) -> Profile {
        Profile {
            vendor: "Check Point",
            versions: "R81.20, gateway and management server (Management API 1.9)",
            tunnelling: Tunnelling::RouteBased,
            ipv6: false,
            name_limit: Some(32),
            judged: Judged {
                level: Level::Schema,
                by: "Check Point's argument specifications of the Management API (check_point.mgmt \
                     of ansible 10.7.0); the gateway's half a grammar after Gaia's own list of \
                     commands (tests/judges/checkpoint.py)",
            },
            sample: Some(Sample {
                vendor: "Check Point",
                platform: "Gaia",
            }),
        }
    }

    /// Check Point's specification of `vpn-community-star` (`granular-encryptions`): no GCM in phase
    /// 1 before R82, groups 1 to 20 and 24; the last is left out (RFC 8247).
    fn abilities(&self) -> Abilities {
        let groups = [2, 5, 14, 15, 16, 17, 18, 19, 20].map(DhGroup).to_vec();
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

    fn options(&self) -> &'static [OptionSpec] {
        OPTIONS
    }

    fn render(
        &self,
        set: &TunnelSet,
        context: &RenderContext,
    ) -> Result<Vec<BundleFile>, RenderError> {
        let v = &Gateway::of(set)?;
        let files = [
            (CONFIG, "the gateway's half: tunnel interfaces and routing"),
            (MANAGEMENT, "the management half, with the keys"),
            (REMOVE_MANAGEMENT, "takes the management half away again"),
            (REMOVE, "takes the gateway's half away again"),
        ]
        .map(|(path, what)| Listed {
            path: path.to_owned(),
            what,
        });
        Ok(vec![
            BundleFile::public(CONFIG, &Config { v })?,
            BundleFile::secret(MANAGEMENT, &Management { v })?,
            BundleFile::public(REMOVE, &Remove { v })?,
            BundleFile::program(REMOVE_MANAGEMENT, &RemoveManagement { v })?,
            paper::readme(self, set, context, &[], &files)?,
        ])
    }

    fn notes(&self, set: &TunnelSet) -> Vec<String> {
        let v = View::of(set);
        let first = number(set);
        let (one, two) = (tunnel(&v, &v.legs[0]), tunnel(&v, &v.legs[1]));
        let mut notes = vec![
            "keep the way back: `add backup local` on the gateway; in SmartConsole the revision \
             before this one can be installed again (Installation History)"
                .to_owned(),
            format!(
                "see that the numbers are free: `show vpn tunnels` has no {first} and {}; and that \
                 `show configuration static-route` has none of the VPC's networks",
                first + 1
            ),
        ];
        if let Some(bgp) = v.bgp {
            notes.push(format!(
                "see that BGP is new or has the AS {}: `show as`. Each network of the LAN must be \
                 in the table as it stands in {CONFIG}, connected or static: `show route \
                 destination NETWORK`; BGP announces no other",
                bgp.customer_asn
            ));
        }
        notes.extend([
            format!(
                "on the gateway: `clish`, paste {CONFIG}; do not save yet (cluster: on each \
                     member, with its own address, and the inside address as the cluster's)"
            ),
            format!("on the management server, in expert mode: `sh {MANAGEMENT}`"),
            format!(
                "SmartConsole, the gateway's object, Network Management: Get Interfaces > Get \
                 Interfaces Without Topology; for vpnt{first} and vpnt{}: Topology > Modify > \
                 Override > Internal > Specific: {}-behind",
                first + 1,
                name(&v)
            ),
            if v.nat {
                format!(
                    "the same object, IPsec VPN > Link Selection: Always use this IP address > \
                     Statically NATed IP: {}, which is the identity that AWS expects; other \
                     communities of this gateway see it as well. Let the NAT in front pass UDP 500 \
                     and 4500 from the gateway out",
                    v.public
                )
            } else {
                format!(
                    "the same object, IPsec VPN > Link Selection: the address in use must be {}, \
                     which is the identity that AWS expects; the object's main address is another \
                     in many networks",
                    v.public
                )
            },
            format!(
                "the community {}, Tunnel Management: Set Permanent Tunnels > On all tunnels in \
                 the community",
                name(&v)
            ),
            format!(
                "GuiDBedit, network_objects: tunnel_keepalive_method = dpd for {one}, {two} and \
                 the gateway; else the permanent tunnels speak Check Point's own protocol, which \
                 AWS does not answer"
            ),
            format!(
                "in expert mode on the gateway: `fw ctl set -f int fw_clamp_vpn_mss 1` and `fw ctl \
                 set -f int fw_clamp_tcp_mss_control 1` (sk101219): TCP is cut to the tunnel \
                 interfaces' MTU, segments of at most {} bytes",
                v.least_mss()
            ),
            "install the policy on the gateway; the rules stand on top of the layer: move them \
             below your stealth rule if you must, but above what denies the same traffic"
                .to_owned(),
            "when both tunnels are up: `save config` on the gateway".to_owned(),
        ]);
        notes
    }

    fn checks(&self, set: &TunnelSet) -> Vec<Check> {
        let v = View::of(set);
        let first = number(set);
        let mut checks = vec![
            Check::new(
                format!("show interface vpnt{first}"),
                format!("state on, and the MTU {}", v.legs[0].mtu),
            ),
            Check::new(
                "vpn tu tlist",
                "both AWS addresses, each with an IKE SA and an IPsec SA of 0.0.0.0 to 0.0.0.0",
            ),
        ];
        for leg in &v.legs {
            checks.push(Check::new(
                format!("ping {}", leg.aws_inside),
                "0% packet loss",
            ));
        }
        if set.routes == RouteExchange::Static {
            checks.push(Check::new(
                "show route static",
                "the halves of the VPC's networks by the first tunnel",
            ));
        } else {
            checks.push(Check::new(
                "show bgp peers",
                "two peers in the state Established",
            ));
            for leg in &v.legs {
                checks.push(Check::new(
                    format!("show bgp peer {} advertise", leg.aws_inside),
                    "the LAN's networks and nothing else",
                ));
            }
            checks.push(Check::new("show route bgp", "the VPC's networks"));
        }
        checks
    }

    fn removal(&self) -> Removal {
        Removal::Command("sh remove-management.sh")
    }
}

/// What is shared by both tunnels: `up-` and at most 20 characters.
fn name(view: &View<'_>) -> String {
    format!("up-{}", ShortName::<20>(view.site))
}

/// AWS's end in SmartConsole, and the peer of the tunnel interface: the two must be the same.
fn tunnel(view: &View<'_>, leg: &Leg<'_>) -> String {
    format!("{}-{}", name(view), leg.number)
}

fn number(set: &TunnelSet) -> u32 {
    option::value::<TunnelNumber>(&set.site.gateway, TUNNEL_NUMBER, Some(FIRST_TUNNEL))
        .map_or(0, |number| number.0)
}

/// The connection in Check Point's words.
struct Gateway<'a> {
    base: View<'a>,
    gateway: Object,
    package: Object,
    layer: Layer,
    first: TunnelNumber,
}

/// The access layer: the one that is named, or what SmartConsole calls that of a package.
enum Layer {
    Named(Object),
    OfStandard,
    Of(Object),
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(layer) => layer.fmt(f),
            Self::OfStandard => f.write_str("Network"),
            Self::Of(package) => write!(f, "{package} Network"),
        }
    }
}

impl<'a> Deref for Gateway<'a> {
    type Target = View<'a>;

    fn deref(&self) -> &Self::Target {
        &self.base
    }
}

impl<'a> Gateway<'a> {
    fn of(set: &'a TunnelSet) -> Result<Self, RenderError> {
        let gateway = &set.site.gateway;
        let package: Object = option::value(gateway, PACKAGE, Some(STANDARD))?;
        let layer = option::value::<OrNone<Object>>(gateway, LAYER, Some(NONE))?.0;
        Ok(Self {
            base: View::of(set),
            gateway: option::value(gateway, GATEWAY, None)?,
            layer: match layer {
                Some(layer) => Layer::Named(layer),
                None if package.to_string() == STANDARD => Layer::OfStandard,
                None => Layer::Of(package.clone()),
            },
            package,
            first: option::value(gateway, TUNNEL_NUMBER, Some(FIRST_TUNNEL))?,
        })
    }

    fn name(&self) -> String {
        name(self)
    }

    fn tunnel(&self, leg: &Leg<'_>) -> String {
        tunnel(self, leg)
    }

    fn interface(&self, leg: &Leg<'_>) -> u32 {
        self.first.0 + u32::from(leg.number) - 1
    }

    /// In the shell's double quotes: a key's alphabet has nothing that the shell reads as its own.
    fn key<'b>(&self, leg: &'b Leg<'_>) -> &'b str {
        leg.key.expose()
    }

    /// Both halves of each of the VPC's networks, which a route prefers to the whole.
    fn halves(&self) -> Vec<Ipv4Net> {
        let all = self.vpc.iter().flat_map(|net| {
            let halves = net.subnets(net.prefix_len().saturating_add(1).min(32));
            halves.map_or_else(|_| vec![*net], Iterator::collect)
        });
        all.collect()
    }

    fn method(&self, leg: &Leg<'_>) -> &'static str {
        if leg.is_v1() {
            "ikev1 for ipv4 and ikev2 for ipv6 only"
        } else {
            "ikev2 only"
        }
    }

    fn cipher(&self, cipher: impl Borrow<Encryption>) -> &'static str {
        match cipher.borrow() {
            Encryption::Aes128 => "aes-128",
            Encryption::Aes256 => "aes-256",
            Encryption::Aes128Gcm16 => "aes-gcm-128",
            Encryption::Aes256Gcm16 => "aes-gcm-256",
        }
    }

    fn ike_hash(&self, leg: &Leg<'_>) -> &'static str {
        hash(leg.options.phase1.integrity)
    }

    /// Said with GCM as well, which does not use it: left out, the word of the community stays.
    fn esp_hash(&self, leg: &Leg<'_>) -> &'static str {
        hash(leg.options.phase2.integrity)
    }

    /// Minutes after which the gateway renegotiates IKE, rounded down: before AWS does.
    fn ike_minutes(&self, leg: &Leg<'_>) -> u32 {
        (leg.ike_rekey() / 60).max(LEAST_MINUTES)
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
#[template(path = "checkpoint-gaia/gateway.clish", escape = "none")]
struct Config<'a> {
    v: &'a Gateway<'a>,
}

#[derive(Template)]
#[template(path = "checkpoint-gaia/management.sh", escape = "none")]
struct Management<'a> {
    v: &'a Gateway<'a>,
}

#[derive(Template)]
#[template(path = "checkpoint-gaia/remove-gateway.clish", escape = "none")]
struct Remove<'a> {
    v: &'a Gateway<'a>,
}

#[derive(Template)]
#[template(path = "checkpoint-gaia/remove-management.sh", escape = "none")]
struct RemoveManagement<'a> {
    v: &'a Gateway<'a>,
}
