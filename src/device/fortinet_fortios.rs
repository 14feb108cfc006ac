//! Fortinet FortiOS: route-based tunnels in a zone, BGP or watched static routes.

use std::borrow::Borrow;
use std::ops::Deref;

use askama::Template;

use super::direct;
use super::model::{BundleFile, Device, RenderContext, RenderError};
use super::option::{self, OptionSpec, Token, is};
use super::paper::{self, Listed};
use super::profile::{
    Check, DirectConnectSide, Judged, Level, Profile, Removal, Sample, Tunnelling,
};
use super::value::ShortName;
use super::view::{Leg, View};
use crate::spec::{DhGroup, Encryption, IkeVersion, Integrity};
use crate::tunnel::{Abilities, RouteExchange, TunnelSet};

/// The device.
pub(super) struct FortinetFortiOs;

/// An interface: 15 characters (FortiOS CLI reference, `system interface`).
type Interface = Token<15>;
/// A VDOM: 31 characters (`system vdom`).
type Vdom = Token<31>;
/// An interface or a zone of a policy: 35 characters (`system zone`).
type PolicyInterface = Token<35>;

const WAN_INTERFACE: &str = "wan_interface";
const LAN_INTERFACE: &str = "lan_interface";
const VDOM: &str = "vdom";
const ROOT: &str = "root";
const CONFIG: &str = "config.conf";
const REMOVE: &str = "remove.conf";

const OPTIONS: &[OptionSpec] = &[
    OptionSpec {
        name: WAN_INTERFACE,
        what: "the interface that leads to the Internet",
        pattern: "[A-Za-z0-9][A-Za-z0-9_.:/-]{0,14}",
        default: None,
        required: true,
        example: "wan1",
        check: is::<Interface>,
    },
    OptionSpec {
        name: LAN_INTERFACE,
        what: "the interface or zone of the LAN, for the firewall policies",
        pattern: "[A-Za-z0-9][A-Za-z0-9_.:/-]{0,34}",
        default: None,
        required: true,
        example: "internal",
        check: is::<PolicyInterface>,
    },
    OptionSpec {
        name: VDOM,
        what: "the VDOM of both interfaces, for the VLAN of a Direct Connect",
        pattern: "[A-Za-z0-9][A-Za-z0-9_.:/-]{0,30}",
        default: Some(ROOT),
        required: false,
        example: "plant",
        check: is::<Vdom>,
    },
    direct::interface_option(
        "[A-Za-z0-9][A-Za-z0-9_.:/-]{0,14}",
        "port3",
        is::<Interface>,
    ),
];

impl Device for FortinetFortiOs {
    fn name(&self) -> &'static str {
        "fortinet-fortios"
    }

    fn title(&self) -> &'static str {
        "Fortinet FortiGate, FortiOS 7.0+"
    }

    fn profile(&self) -> Profile {
        Profile {
            vendor: "Fortinet",
            versions: "FortiOS 7.0 and later",
            tunnelling: Tunnelling::RouteBased,
            ipv6: true,
            name_limit: Some(15),
            judged: Judged {
                level: Level::Schema,
                by: "Fortinet's versioned schemas for 7.0 to 7.6 (fortinet.fortios of ansible 10.7.0)",
            },
            sample: Some(Sample {
                vendor: "Fortinet",
                platform: "Fortigate 40+ Series",
            }),
        }
    }

    /// Fortinet's own schemas of `vpn ipsec phase1-interface` and `phase2-interface` for 7.0
    /// (collection fortinet.fortios 2.3.8): GCM with a PRF in phase 1, groups 1 to 21 and 27 to 32.
    fn abilities(&self) -> Abilities {
        let groups = [2, 5, 14, 15, 16, 17, 18, 19, 20, 21].map(DhGroup).to_vec();
        Abilities {
            ike_versions: IkeVersion::ALL.to_vec(),
            phase1_encryption: Encryption::ALL.to_vec(),
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
            beside_static: true,
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
        let v = &FortiGate::of(set)?;
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
        let v = View::of(set);
        let mut notes = vec![
            "arm the way back: `config system global`, `set cfg-save revert`, \
             `set cfg-revert-timeout 600`, `end`. What is not saved within ten minutes is undone by \
             a restart"
                .to_owned(),
            "with VDOMs: `config vdom`, then `edit` the one of both interfaces".to_owned(),
            format!(
                "see that the numbers are free: `show firewall policy {}` and `{}` show nothing",
                id(&v, 1),
                id(&v, 2)
            ),
        ];
        if let Some(bgp) = v.bgp {
            notes.push(format!(
                "see that BGP is new or has the AS {}: `get router info bgp summary`; a box with \
                 another AS would drop its neighbors",
                bgp.customer_asn
            ));
        }
        notes.extend([
            format!("paste {CONFIG}, or load it as a script (Configuration > Scripts)"),
            "move both policies above any policy that denies the same traffic; with central NAT, \
             let no SNAT rule match from the LAN to the new zone"
                .to_owned(),
            "when both tunnels are up: `execute cfg save`, then `config system global`, \
             `set cfg-save automatic`, `end`"
                .to_owned(),
        ]);
        if let Some(d) = v.direct {
            notes.push(format!(
                "see that the port of the cross connect is in the same VDOM, and that its own MTU \
                 carries {} bytes; the policies are those of the tunnels, and so is their clamp of TCP",
                d.mtu
            ));
            notes.push(format!(
                "after a cut-over let the session look at its routes anew: `execute router clear bgp \
                 ip {} soft`",
                d.amazon_address()
            ));
        }
        if v.nat {
            notes.push("let the NAT in front pass UDP 500 and 4500 from the FortiGate out".into());
        }
        notes
    }

    fn checks(&self, set: &TunnelSet) -> Vec<Check> {
        let v = View::of(set);
        let mut checks = Vec::new();
        for leg in &v.legs {
            let name = tunnel(&v, leg);
            checks.push(Check::new(
                format!("diagnose vpn ike gateway list name {name}"),
                "IKE SA: created 1/1 established 1/1",
            ));
        }
        checks.push(Check::new(
            "get vpn ipsec tunnel summary",
            "both tunnels with selectors(total,up): 1/1",
        ));
        for leg in &v.legs {
            checks.push(Check::new(
                format!("execute ping-options source {}", leg.customer_inside),
                "nothing: the next line uses it",
            ));
            checks.push(Check::new(
                format!("execute ping {}", leg.aws_inside),
                "0% packet loss",
            ));
        }
        checks.push(match set.routes {
            RouteExchange::Bgp(_) => Check::new(
                "get router info bgp summary",
                "two neighbors with a number under State/PfxRcd",
            ),
            RouteExchange::Static => Check::new(
                "diagnose sys link-monitor status",
                "both monitors with Status: alive",
            ),
        });
        if let Some(d) = v.direct {
            checks.push(Check::new(
                format!("get router info bgp neighbors {}", d.amazon_address()),
                "BGP state = Established",
            ));
            if d.bfd {
                checks.push(Check::new(
                    "get router info bfd neighbor",
                    format!("{} with the state UP", d.amazon_address()),
                ));
            }
        }
        checks.push(Check::new(
            "get router info routing-table all",
            "the VPC's networks by a tunnel",
        ));
        checks
    }

    fn removal(&self) -> Removal {
        Removal::File(REMOVE)
    }
}

/// A number for a policy, route or network: decided by the site's name, so that pasting twice
/// changes nothing and removing finds it. Fewer than a hundred of each kind go with one site.
fn id(view: &View<'_>, number: usize) -> u32 {
    let number = u32::try_from(number).unwrap_or(u32::MAX);
    (100_000_000 + view.tag() * 100).saturating_add(number)
}

/// What is shared by both tunnels: `up-` and at most ten characters.
fn name(view: &View<'_>) -> String {
    format!("up-{}", ShortName::<10>(view.site))
}

/// Phase 1, phase 2 and interface of a tunnel; 15 characters at most.
fn tunnel(view: &View<'_>, leg: &Leg<'_>) -> String {
    format!("{}-{}", name(view), leg.number)
}

/// The connection in FortiOS's words.
struct FortiGate<'a> {
    base: View<'a>,
    wan_interface: Interface,
    lan_interface: PolicyInterface,
    port: Option<Interface>,
    vdom: Vdom,
}

impl<'a> Deref for FortiGate<'a> {
    type Target = View<'a>;

    fn deref(&self) -> &Self::Target {
        &self.base
    }
}

impl<'a> FortiGate<'a> {
    fn of(set: &'a TunnelSet) -> Result<Self, RenderError> {
        Ok(Self {
            base: View::of(set),
            wan_interface: option::value(&set.site.gateway, WAN_INTERFACE, None)?,
            lan_interface: option::value(&set.site.gateway, LAN_INTERFACE, None)?,
            port: direct::port(set)?,
            vdom: option::value(&set.site.gateway, VDOM, Some(ROOT))?,
        })
    }

    fn name(&self) -> String {
        name(self)
    }

    fn tunnel(&self, leg: &Leg<'_>) -> String {
        tunnel(self, leg)
    }

    fn id(&self, number: impl Borrow<usize>) -> u32 {
        id(self, *number.borrow())
    }

    /// The VLAN of a Direct Connect; 15 characters at most.
    fn vlan(&self) -> String {
        format!("{}-d", self.name())
    }

    /// The distance of a tunnel's static routes: worse than BGP's 20 where there is Direct Connect.
    fn distance(&self) -> u8 {
        if self.direct.is_some() { 210 } else { 10 }
    }

    /// The number of a tunnel's static route, after those of the last resort.
    fn route(&self, leg: &Leg<'_>, number: impl Borrow<usize>) -> u32 {
        id(
            self,
            usize::from(leg.number) * self.vpc.len() + number.borrow(),
        )
    }

    /// The number of a LAN's route to nowhere beside static tunnels: after all of theirs.
    fn lan_route(&self, number: impl Borrow<usize>) -> u32 {
        id(self, 3 * self.vpc.len() + number.borrow())
    }

    /// In double quotes FortiOS reads `\`, `"` and `'` as its own; a key has none of them.
    fn key<'b>(&self, leg: &'b Leg<'_>) -> &'b str {
        leg.key.expose()
    }

    fn phase1(&self, leg: &Leg<'_>) -> String {
        let phase = &leg.options.phase1;
        let hash = hash(phase.integrity);
        match phase.encryption {
            Encryption::Aes128 => format!("aes128-{hash}"),
            Encryption::Aes256 => format!("aes256-{hash}"),
            Encryption::Aes128Gcm16 => format!("aes128gcm-prf{hash}"),
            Encryption::Aes256Gcm16 => format!("aes256gcm-prf{hash}"),
        }
    }

    fn phase2(&self, leg: &Leg<'_>) -> String {
        let phase = &leg.options.phase2;
        let hash = hash(phase.integrity);
        match phase.encryption {
            Encryption::Aes128 => format!("aes128-{hash}"),
            Encryption::Aes256 => format!("aes256-{hash}"),
            Encryption::Aes128Gcm16 => "aes128gcm".to_owned(),
            Encryption::Aes256Gcm16 => "aes256gcm".to_owned(),
        }
    }

    /// Seconds between probes: three without an answer and the peer is dead.
    fn dpd_interval(&self, leg: &Leg<'_>) -> u32 {
        (leg.options.dpd_timeout / 3).clamp(1, 3_600)
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
#[template(path = "fortinet-fortios/config.conf", escape = "none")]
struct Config<'a> {
    v: &'a FortiGate<'a>,
}

#[derive(Template)]
#[template(path = "fortinet-fortios/remove.conf", escape = "none")]
struct Remove<'a> {
    v: &'a FortiGate<'a>,
}
