//! OPNsense 23.7 and later: Connections (swanctl), VTI, the FRR plugin, as a part of `config.xml`.

use std::fmt;
use std::ops::Deref;

use askama::Template;
use ipnet::Ipv4Net;

use super::firewall_xml::{self, FirewallInterface, Merge, Names, Pair, pairs, uuid};
use super::model::{BundleFile, Device, RenderContext, RenderError};
use super::option::{self, Number, OptionSpec, is};
use super::paper::{self, Listed};
use super::profile::{Check, Judged, Level, Profile, Removal, Tunnelling};
use super::view::{Leg, Prefixes, View};
use crate::spec::{DhGroup, Encryption, IkeVersion, Integrity};
use crate::tunnel::{Abilities, TunnelSet};

/// The device.
pub(super) struct OpnSense;

/// A request id and the number of its `ipsec` interface; the second tunnel has the next.
type ReqId = Number<1, 65_534>;

const WAN_INTERFACE: &str = "wan_interface";
const LAN_INTERFACE: &str = "lan_interface";
const REQID: &str = "reqid";
const FIRST_REQID: &str = "101";
const PART: &str = "opnsense.xml";
/// FreeBSD gives `if_ipsec` interfaces this MTU, and OPNsense offers no other before they are
/// assigned.
const LINK_MTU: u16 = 1_400;

const OPTIONS: &[OptionSpec] = &[
    OptionSpec {
        name: WAN_INTERFACE,
        what: "OPNsense's own name of the interface that leads to the Internet",
        pattern: "[a-z][a-z0-9_]{0,14}",
        default: Some("wan"),
        required: false,
        example: "opt1",
        check: is::<FirewallInterface>,
    },
    OptionSpec {
        name: LAN_INTERFACE,
        what: "OPNsense's own name of the interface that the site's networks come in by",
        pattern: "[a-z][a-z0-9_]{0,14}",
        default: Some("lan"),
        required: false,
        example: "opt2",
        check: is::<FirewallInterface>,
    },
    OptionSpec {
        name: REQID,
        what: "the first of two free request ids: the tunnels become the interfaces ipsec101 and \
               ipsec102",
        pattern: "[1-9][0-9]{0,4}",
        default: Some(FIRST_REQID),
        required: false,
        example: "7",
        check: is::<ReqId>,
    },
];

impl Device for OpnSense {
    fn name(&self) -> &'static str {
        "opnsense"
    }

    fn title(&self) -> &'static str {
        "OPNsense 23.7+ with os-frr"
    }

    fn profile(&self) -> Profile {
        Profile {
            vendor: "OPNsense",
            versions: "OPNsense 23.7 and later with the plugin os-frr; before 24.7 GCM in phase 2 \
                       goes with group 21 alone",
            tunnelling: Tunnelling::RouteBased,
            ipv6: true,
            name_limit: Some(64),
            judged: Judged {
                level: Level::Schema,
                by: "the models of OPNsense core and os-frr (23.7 to August 2026); merge.php run by \
                     PHP 8.2",
            },
            sample: None,
        }
    }

    /// The list of `IPsecProposalField`: no SHA-1 beside most groups, groups 14 to 21. Static routes
    /// cannot follow a tunnel there, so BGP it is.
    fn abilities(&self) -> Abilities {
        let groups = [14, 15, 16, 17, 18, 19, 20, 21].map(DhGroup).to_vec();
        let hashes = vec![Integrity::Sha256, Integrity::Sha384, Integrity::Sha512];
        Abilities {
            ike_versions: IkeVersion::ALL.to_vec(),
            phase1_encryption: Encryption::ALL.to_vec(),
            phase1_integrity: hashes.clone(),
            phase1_dh_groups: groups.clone(),
            phase2_encryption: Encryption::ALL.to_vec(),
            phase2_integrity: hashes,
            phase2_dh_groups: groups,
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
                problem: "static routes cannot follow a tunnel on OPNsense; use routing: bgp"
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
        let first = reqid(set).map_or(0, |reqid| reqid.0);
        let mut notes = vec![
            "install the plugin os-frr (System > Firmware > Plugins), and download a backup (System \
             > Configuration > Backups)"
                .to_owned(),
            format!(
                "see that VPN > IPsec > Virtual Tunnel Interfaces has no reqid {first} or {}",
                first + 1
            ),
            format!(
                "copy this folder to the firewall (`scp -pr . root@firewall:underpass`), and there: \
                 `php merge.php {PART} --check`, then `php merge.php {PART}`; it keeps the old \
                 config.xml beside the new one"
            ),
            "take it over: `configctl ipsec reload && configctl template reload OPNsense/Quagga && \
             configctl quagga restart && configctl filter reload`, or reboot"
                .to_owned(),
            "the way back: `cp /conf/config.xml.underpass-DATE /conf/config.xml`, with the DATE that \
             merge.php printed, and the same reloads"
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
        firewall_xml::checks(set, reqid(set).map_or(0, |reqid| reqid.0))
    }

    fn removal(&self) -> Removal {
        Removal::Command("php merge.php opnsense.xml --remove")
    }
}

fn reqid(set: &TunnelSet) -> Result<ReqId, RenderError> {
    option::value(&set.site.gateway, REQID, Some(FIRST_REQID))
}

/// The connection in OPNsense's words.
struct Router<'a> {
    base: View<'a>,
    wan_interface: FirewallInterface,
    lan_interface: FirewallInterface,
    first: ReqId,
}

/// A line of a prefix list; the plugin makes each an entry of its own.
struct Line {
    way: &'static str,
    number: usize,
    action: &'static str,
    prefixes: Prefixes,
    uuid: String,
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
            first: reqid(set)?,
        })
    }

    fn names(&self) -> Names<'_> {
        Names(self.site)
    }

    fn name(&self, leg: &Leg<'_>) -> String {
        format!("{}-{}", self.names(), leg.number)
    }

    fn reqid(&self, leg: &Leg<'_>) -> u32 {
        self.first.0 + u32::from(leg.number) - 1
    }

    /// A key's alphabet has none of XML's own characters.
    fn key<'b>(&self, leg: &'b Leg<'_>) -> &'b str {
        leg.key.expose()
    }

    fn uuid(&self, what: &str, number: impl fmt::Display) -> String {
        uuid(self.site, what, number)
    }

    fn pairs(&self) -> Vec<Pair> {
        pairs(&self.base)
    }

    fn clamp(&self) -> u16 {
        self.least_mss().min(LINK_MTU - 40)
    }

    fn ike(&self, leg: &Leg<'_>) -> String {
        let phase = leg.options.phase1;
        let (cipher, hash) = (cipher(phase.encryption), hash(phase.integrity));
        format!("{cipher}-{hash}-{}", phase.dh_group.name())
    }

    fn esp(&self, leg: &Leg<'_>) -> String {
        let phase = leg.options.phase2;
        let (cipher, hash) = (cipher(phase.encryption), hash(phase.integrity));
        if leg.phase2_aead() {
            format!("{cipher}-{}", phase.dh_group.name())
        } else {
            format!("{cipher}-{hash}-{}", phase.dh_group.name())
        }
    }

    fn lists(&self) -> Vec<Line> {
        let line = |way, number: usize, action, prefixes| Line {
            way,
            number,
            action,
            prefixes,
            uuid: uuid(self.site, way, number),
        };
        let exact = |net: &Ipv4Net| Prefixes {
            net: *net,
            up_to: net.prefix_len(),
        };
        let own = self.own_prefixes();
        let denied = own.len();
        let outward = (1..)
            .zip(self.lan)
            .map(|(n, net)| line("out", n, "permit", exact(net)));
        let refused = (1..).zip(own).map(|(n, net)| line("in", n, "deny", net));
        let accepted = (denied + 1..)
            .zip(self.vpc_prefixes())
            .map(|(n, net)| line("in", n, "permit", net));
        outward.chain(refused).chain(accepted).collect()
    }
}

const fn cipher(cipher: Encryption) -> &'static str {
    match cipher {
        Encryption::Aes128 => "aes128",
        Encryption::Aes256 => "aes256",
        Encryption::Aes128Gcm16 => "aes128gcm16",
        Encryption::Aes256Gcm16 => "aes256gcm16",
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
#[template(path = "opnsense/part.xml", escape = "none")]
struct Part<'a> {
    v: &'a Router<'a>,
    bgp: &'a crate::tunnel::Bgp,
}
