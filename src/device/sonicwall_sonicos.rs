//! SonicWall SonicOS: numbered tunnel interfaces, BGP or probed static routes.

use std::borrow::Borrow;
use std::ops::Deref;

use askama::Template;

use super::model::{BundleFile, Device, RenderContext, RenderError};
use super::option::{self, OptionSpec, Token, is};
use super::paper::{self, Listed};
use super::profile::{Check, Judged, Level, Profile, Removal, Sample, Tunnelling};
use super::value::ShortName;
use super::view::{Leg, View};
use crate::spec::{DhGroup, Encryption, IkeVersion, Integrity};
use crate::tunnel::{Abilities, RouteExchange, TunnelSet};

/// The device.
pub(super) struct SonicWallSonicOs;

/// An interface or a zone.
type Name = Token<31>;

const WAN_INTERFACE: &str = "wan_interface";
const WAN_ZONE: &str = "wan_zone";
const LAN_ZONE: &str = "lan_zone";
const X1: &str = "X1";
const WAN: &str = "WAN";
const LAN: &str = "LAN";
const CONFIG: &str = "config.sonicos";
const REMOVE: &str = "remove.sonicos";
const PATTERN: &str = "[A-Za-z0-9][A-Za-z0-9_.:/-]{0,30}";

const OPTIONS: &[OptionSpec] = &[
    OptionSpec {
        name: WAN_INTERFACE,
        what: "the interface that leads to the Internet",
        pattern: PATTERN,
        default: Some(X1),
        required: false,
        example: "X2",
        check: is::<Name>,
    },
    OptionSpec {
        name: WAN_ZONE,
        what: "the zone of that interface",
        pattern: PATTERN,
        default: Some(WAN),
        required: false,
        example: "Internet",
        check: is::<Name>,
    },
    OptionSpec {
        name: LAN_ZONE,
        what: "the zone of the LAN, for the access rules",
        pattern: PATTERN,
        default: Some(LAN),
        required: false,
        example: "Plant",
        check: is::<Name>,
    },
];

impl Device for SonicWallSonicOs {
    fn name(&self) -> &'static str {
        "sonicwall-sonicos"
    }

    fn title(&self) -> &'static str {
        "SonicWall TZ, NSa, NSsp, SonicOS 7.0+ (classic mode)"
    }

    fn profile(&self) -> Profile {
        Profile {
            vendor: "SonicWall",
            versions: "SonicOS 7.0 and later in classic mode (not SonicOSX policy mode)",
            tunnelling: Tunnelling::RouteBased,
            ipv6: false,
            name_limit: Some(31),
            judged: Judged {
                level: Level::Grammar,
                by: "after SonicWall's own specification of the SonicOS 7 API, whose \
                     words the CLI shares (tests/judges/sonicos.py)",
            },
            sample: Some(Sample {
                vendor: "SonicWall",
                platform: "NSA, TZ",
            }),
        }
    }

    /// SonicWall's OpenAPI specification of SonicOS 7, `vpn policies ipv4 tunnel-interface`: CBC in
    /// IKE, GCM with a tag of 16 bytes in ESP, groups 1, 2, 5, 14, 19, 20, 21, 25 and 26.
    fn abilities(&self) -> Abilities {
        let groups = [2, 5, 14, 19, 20, 21].map(DhGroup).to_vec();
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
        let v = View::of(set);
        let mut notes = vec![
            "keep the way back: Device > Settings > Firmware and Settings > Create Backup > Local \
             Backup. Every `commit` is in force at once and saved"
                .to_owned(),
            "dead peer detection, NAT traversal and fragmented packets are set for the whole \
             firewall (the block `vpn`); see `show vpn` first: a shorter interval than the new one \
             has a reason, keep it. The removal leaves them as they are"
                .to_owned(),
            "TCP is cut to the tunnels by the firewall itself: on the page \
             /sonicui/7/m/mgmt/settings/diag, `Adjust TCP MSS option for VPN traffic` must be on; \
             there is no clamp for each tunnel"
                .to_owned(),
            format!(
                "segments of at most {} bytes fit both tunnels, packets of {}",
                v.least_mss(),
                v.legs[0].mtu.min(v.legs[1].mtu)
            ),
        ];
        if let Some(bgp) = v.bgp {
            notes.push(format!(
                "Network > System > Dynamic Routing: `Advanced Routing`, BGP `Enabled (Configure \
                 with CLI)`; if it is enabled already, it must have the AS {}",
                bgp.customer_asn
            ));
        }
        notes.extend([
            format!("log in by SSH and paste {CONFIG}, a block at a time if the terminal is slow"),
            format!(
                "see the order of the rules: the rule {0}-leak must stand above any that lets the \
                 LAN out to the Internet, {0}-out and {0}-in above any that denies the same",
                name(&v)
            ),
        ]);
        if v.nat {
            notes.push("let the NAT in front pass UDP 500 and 4500 from the firewall out".into());
        }
        notes
    }

    fn checks(&self, set: &TunnelSet) -> Vec<Check> {
        let v = View::of(set);
        let mut checks = Vec::new();
        for leg in &v.legs {
            let name = tunnel(&v, leg);
            checks.push(Check::new(
                format!("show vpn tunnel {name} summary"),
                "an active tunnel of 0.0.0.0 to 0.0.0.0",
            ));
        }
        for leg in &v.legs {
            checks.push(Check::new(format!("ping {}", leg.aws_inside), "is alive"));
        }
        checks.push(match set.routes {
            RouteExchange::Bgp(_) => Check::new(
                "configure, routing, bgp, show ip bgp summary",
                "two neighbors with a number under State/PfxRcd",
            ),
            RouteExchange::Static => {
                Check::new("show network-monitor", "both policies with the status UP")
            }
        });
        checks.push(Check::new(
            "show route-policies ipv4",
            "the VPC's networks by a tunnel",
        ));
        checks
    }

    fn removal(&self) -> Removal {
        Removal::File(REMOVE)
    }
}

/// What is shared by both tunnels: `up-` and at most 20 characters.
fn name(view: &View<'_>) -> String {
    format!("up-{}", ShortName::<20>(view.site))
}

/// The policy, the interface, the probe and the route of a tunnel.
fn tunnel(view: &View<'_>, leg: &Leg<'_>) -> String {
    format!("{}-{}", name(view), leg.number)
}

/// The connection in SonicOS's words.
struct Firewall<'a> {
    base: View<'a>,
    wan_interface: Name,
    wan_zone: Name,
    lan_zone: Name,
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
            wan_interface: option::value(gateway, WAN_INTERFACE, Some(X1))?,
            wan_zone: option::value(gateway, WAN_ZONE, Some(WAN))?,
            lan_zone: option::value(gateway, LAN_ZONE, Some(LAN))?,
        })
    }

    fn name(&self) -> String {
        name(self)
    }

    fn tunnel(&self, leg: &Leg<'_>) -> String {
        tunnel(self, leg)
    }

    /// A word without quotes: a key's alphabet has nothing that SonicOS reads as its own.
    fn key<'b>(&self, leg: &'b Leg<'_>) -> &'b str {
        leg.key.expose()
    }

    fn cipher(&self, cipher: impl Borrow<Encryption>) -> &'static str {
        match cipher.borrow() {
            Encryption::Aes128 => "aes-128",
            Encryption::Aes256 => "aes-256",
            Encryption::Aes128Gcm16 => "aes-gcm16-128",
            Encryption::Aes256Gcm16 => "aes-gcm16-256",
        }
    }

    fn hash(&self, hash: impl Borrow<Integrity>) -> &'static str {
        match hash.borrow() {
            Integrity::Sha1 => "sha-1",
            Integrity::Sha256 => "sha-256",
            Integrity::Sha384 => "sha-384",
            Integrity::Sha512 => "sha-512",
        }
    }

    /// Seconds between probes, three of which a dead peer leaves unanswered; SonicOS knows 3 to 120.
    fn dpd_interval(&self) -> u32 {
        (self.dpd_timeout() / 3).clamp(3, 120)
    }

    /// A rule is known by what it matches, so that what removes it says the same words.
    fn rule_out(&self) -> String {
        let (name, lan) = (self.name(), &self.lan_zone);
        rule(
            lan,
            "VPN",
            "allow",
            &format!("{name}-lan"),
            &format!("{name}-vpc"),
        )
    }

    fn rule_in(&self) -> String {
        let (name, lan) = (self.name(), &self.lan_zone);
        rule(
            "VPN",
            lan,
            "allow",
            &format!("{name}-vpc"),
            &format!("{name}-lan"),
        )
    }

    /// Nothing for the VPC leaves by the default route while both tunnels are down.
    fn rule_leak(&self) -> String {
        let (name, lan, wan) = (self.name(), &self.lan_zone, &self.wan_zone);
        rule(
            lan,
            wan,
            "deny",
            &format!("{name}-lan"),
            &format!("{name}-vpc"),
        )
    }

    fn rule_bgp(&self) -> String {
        format!(
            "access-rule ipv4 from VPN to VPN action allow source address group {}-aws service \
             name BGP destination address any",
            self.name()
        )
    }

    /// The first tunnel's route has the better metric.
    fn route(&self, leg: &Leg<'_>) -> String {
        format!(
            "route-policy ipv4 interface {} metric {} source any destination group {}-vpc",
            self.tunnel(leg),
            u32::from(leg.number) * 10,
            self.name()
        )
    }
}

fn rule(
    from: impl std::fmt::Display,
    to: impl std::fmt::Display,
    action: &str,
    source: &str,
    destination: &str,
) -> String {
    format!(
        "access-rule ipv4 from {from} to {to} action {action} source address group {source} \
         service any destination address group {destination}"
    )
}

#[derive(Template)]
#[template(path = "sonicwall-sonicos/config.sonicos", escape = "none")]
struct Config<'a> {
    v: &'a Firewall<'a>,
}

#[derive(Template)]
#[template(path = "sonicwall-sonicos/remove.sonicos", escape = "none")]
struct Remove<'a> {
    v: &'a Firewall<'a>,
}
