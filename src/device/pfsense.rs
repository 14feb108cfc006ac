//! pfSense 2.7 and Plus 23.09 and later: IKE, VTI, the FRR package, as a part of `config.xml`.

use std::fmt;
use std::ops::Deref;

use askama::Template;

use super::firewall_xml::{self, FirewallInterface, Merge, Names, Pair, pairs, uuid};
use super::model::{BundleFile, Device, RenderContext, RenderError};
use super::option::{self, Number, OptionSpec, is};
use super::paper::{self, Listed};
use super::profile::{Check, Judged, Level, Profile, Removal, Sample, Tunnelling};
use super::view::{Leg, View};
use crate::spec::{DhGroup, Encryption, IkeVersion, Integrity};
use crate::tunnel::{Abilities, Phase, TunnelSet};

/// The device.
pub(super) struct PfSense;

/// The number of a phase 1, its phase 2, its `ipsec` interface and the interface's assignment
/// (`opt101`); the second tunnel has the next. pfSense stops at 16000.
type TunnelNumber = Number<1, 15_998>;

const WAN_INTERFACE: &str = "wan_interface";
const LAN_INTERFACE: &str = "lan_interface";
const TUNNEL_NUMBER: &str = "tunnel_number";
const FIRST_TUNNEL: &str = "101";
const PART: &str = "pfsense.xml";

const OPTIONS: &[OptionSpec] = &[
    OptionSpec {
        name: WAN_INTERFACE,
        what: "pfSense's own name of the interface that leads to the Internet",
        pattern: "[a-z][a-z0-9_]{0,14}",
        default: Some("wan"),
        required: false,
        example: "opt1",
        check: is::<FirewallInterface>,
    },
    OptionSpec {
        name: LAN_INTERFACE,
        what: "pfSense's own name of the interface that the site's networks come in by",
        pattern: "[a-z][a-z0-9_]{0,14}",
        default: Some("lan"),
        required: false,
        example: "opt2",
        check: is::<FirewallInterface>,
    },
    OptionSpec {
        name: TUNNEL_NUMBER,
        what: "the first of two free numbers of phase 1, phase 2 and assignment: the tunnels become \
               the interfaces opt101 and opt102",
        pattern: "[1-9][0-9]{0,4}",
        default: Some(FIRST_TUNNEL),
        required: false,
        example: "7",
        check: is::<TunnelNumber>,
    },
];

impl Device for PfSense {
    fn name(&self) -> &'static str {
        "pfsense"
    }

    fn title(&self) -> &'static str {
        "pfSense 2.7+ with the FRR package"
    }

    fn profile(&self) -> Profile {
        Profile {
            vendor: "Netgate",
            versions: "pfSense CE 2.7, Plus 23.09 and later with the package frr",
            tunnelling: Tunnelling::RouteBased,
            ipv6: true,
            name_limit: Some(64),
            judged: Judged {
                level: Level::Schema,
                by: "the fields and words of pfSense 2.7.2's and pfSense-pkg-frr's sources; merge.php \
                     run by PHP 8.2",
            },
            sample: Some(Sample {
                vendor: "pfSense",
                platform: "pfSense",
            }),
        }
    }

    /// `ipsec.inc` of 2.7.2: GCM in both phases, SHA-1 to SHA-512, groups to 24. Static routes
    /// cannot follow a tunnel there, so BGP it is.
    fn abilities(&self) -> Abilities {
        let phase1 = [2, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24].map(DhGroup);
        let phase2 = [2, 5, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24].map(DhGroup);
        Abilities {
            ike_versions: vec![IkeVersion::V2],
            phase1_encryption: Encryption::ALL.to_vec(),
            phase1_integrity: Integrity::ALL.to_vec(),
            phase1_dh_groups: phase1.to_vec(),
            phase2_encryption: Encryption::ALL.to_vec(),
            phase2_integrity: Integrity::ALL.to_vec(),
            phase2_dh_groups: phase2.to_vec(),
            bgp: true,
            static_routing: false,
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
        let v = &Router::of(set)?;
        let Some(bgp) = &v.bgp else {
            return Err(RenderError::Unsupported {
                device: self.name(),
                problem: "static routes cannot follow a tunnel on pfSense; use routing: bgp"
                    .to_owned(),
            });
        };
        let files = [
            Listed {
                path: PART.to_owned(),
                what: "the part of config.xml, with the keys",
            },
            Listed {
                path: "merge.php".to_owned(),
                what: "merges it on the firewall, and takes it out again",
            },
        ];
        Ok(vec![
            BundleFile::secret(PART, &Part { v, bgp })?,
            BundleFile::program("merge.php", &Merge)?,
            paper::readme(self, set, context, &[], &files)?,
        ])
    }

    fn notes(&self, set: &TunnelSet) -> Vec<String> {
        let first = number(set).map_or(0, |number| number.0);
        let mut notes = vec![
            "install the package frr (System > Package Manager); under Services > FRR Global/Zebra set \
             a master password and tick `Ignore IPsec Restart`; download a backup (Diagnostics > \
             Backup & Restore)"
                .to_owned(),
            format!(
                "see that no phase 1 and no assigned interface has the number {first} or {}",
                first + 1
            ),
            format!(
                "copy this folder to the firewall (`scp -pr . root@firewall:underpass`), and there: \
                 `php merge.php {PART} --check`, then `php merge.php {PART}`; it keeps the old \
                 config.xml beside the new one"
            ),
            "take it over: `rm -f /tmp/config.cache && /etc/rc.reload_all`, or reboot; then Services > \
             FRR > BGP > Save"
                .to_owned(),
            "the way back: `cp /conf/config.xml.underpass-DATE /conf/config.xml`, with the DATE that \
             merge.php printed, and the same reload"
                .to_owned(),
            "each of the site's networks has to be in the routing table as it is written, or FRR does \
             not announce it"
                .to_owned(),
            "outbound NAT needs no exemption: what goes into a tunnel does not leave by the WAN \
             interface before it is encrypted"
                .to_owned(),
        ];
        if set.site.gateway.behind_nat() {
            notes.push("let the NAT in front pass UDP 500 and 4500 from the router out".to_owned());
        }
        notes
    }

    fn checks(&self, set: &TunnelSet) -> Vec<Check> {
        firewall_xml::checks(set, number(set).map_or(0, |number| number.0))
    }

    fn removal(&self) -> Removal {
        Removal::Command("php merge.php pfsense.xml --remove")
    }
}

fn number(set: &TunnelSet) -> Result<TunnelNumber, RenderError> {
    option::value(&set.site.gateway, TUNNEL_NUMBER, Some(FIRST_TUNNEL))
}

/// The connection in pfSense's words.
struct Router<'a> {
    base: View<'a>,
    wan_interface: FirewallInterface,
    lan_interface: FirewallInterface,
    first: TunnelNumber,
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
            wan_interface: option::value(gateway, WAN_INTERFACE, Some("wan"))?,
            lan_interface: option::value(gateway, LAN_INTERFACE, Some("lan"))?,
            first: number(set)?,
        })
    }

    fn names(&self) -> Names<'_> {
        Names(self.site)
    }

    fn descr(&self, leg: &Leg<'_>) -> String {
        format!("underpass {} tunnel {}", self.site, leg.number)
    }

    fn number(&self, leg: &Leg<'_>) -> u32 {
        self.first.0 + u32::from(leg.number) - 1
    }

    /// Letters, digits and `_` alone, since pf makes a macro of it.
    fn interface_name(&self, leg: &Leg<'_>) -> String {
        format!("AWS_{:06X}_{}", self.tag(), leg.number)
    }

    /// Thirteen hexadecimal digits, as PHP's `uniqid` makes them.
    fn uniqid(&self, leg: &Leg<'_>) -> String {
        let hex = uuid(self.site, "phase2", leg.number).replace('-', "");
        hex[..13].to_owned()
    }

    /// A rule's number; the GUI takes the time of day, which is above 1.6 billion.
    fn tracker(&self, what: &str, number: impl fmt::Display) -> String {
        let hex = uuid(self.site, what, number);
        let digest = u32::from_str_radix(&hex[..7], 16).unwrap_or_default();
        (100_000_000 + digest).to_string()
    }

    /// A key's alphabet has none of XML's own characters.
    fn key<'b>(&self, leg: &'b Leg<'_>) -> &'b str {
        leg.key.expose()
    }

    fn pairs(&self) -> Vec<Pair> {
        pairs(&self.base)
    }

    fn cipher(&self, phase: &Phase) -> &'static str {
        match phase.encryption {
            Encryption::Aes128 | Encryption::Aes256 => "aes",
            Encryption::Aes128Gcm16 => "aes128gcm",
            Encryption::Aes256Gcm16 => "aes256gcm",
        }
    }

    /// Of the key; of the tag with GCM.
    fn keylen(&self, phase: &Phase) -> u16 {
        match phase.encryption {
            Encryption::Aes256 => 256,
            Encryption::Aes128 | Encryption::Aes128Gcm16 | Encryption::Aes256Gcm16 => 128,
        }
    }

    fn hash(&self, phase: &Phase) -> &'static str {
        match phase.integrity {
            Integrity::Sha1 => "sha1",
            Integrity::Sha256 => "sha256",
            Integrity::Sha384 => "sha384",
            Integrity::Sha512 => "sha512",
        }
    }
}

#[derive(Template)]
#[template(path = "pfsense/part.xml", escape = "none")]
struct Part<'a> {
    v: &'a Router<'a>,
    bgp: &'a crate::tunnel::Bgp,
}
