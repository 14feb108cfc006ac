//! Devices that are configured by hand: a page of fields and values in the order of the vendor's
//! screens, or of commands in the order in which they are typed.
//!
//! A vendor is one [`Screens`] in `screens/vendors.rs` and one page in `templates/screens/`.

use std::borrow::Borrow;
use std::ops::Deref;

use super::model::{BundleFile, Device, RenderContext, RenderError};
use super::option::OptionSpec;
use super::paper::{self, Listed};
use super::profile::{Check, Judged, Level, Profile, Removal, Sample, Tunnelling};
use super::value::ShortName;
use super::view::{Leg, View};
use crate::spec::{DhGroup, Encryption, IkeVersion, Integrity};
use crate::tunnel::{Abilities, RouteExchange, TunnelSet};

mod pages;
mod vendors;

pub(super) use vendors::{BIGIP, H3C, MERAKI, SOPHOS, UNIFI, WATCHGUARD};

const STEPS: &str = "steps.md";
const BGP: &str = "bgp.conf";

/// A vendor's screens: what the device can do, its words, and its page.
pub(super) struct Screens {
    name: &'static str,
    title: &'static str,
    vendor: &'static str,
    versions: &'static str,
    sample: Option<Sample>,
    can: Can,
    words: Words,
    /// Whether the device takes lines of FRR for BGP.
    frr: bool,
    page: fn(&Page<'_>) -> Result<BundleFile, RenderError>,
    notes: &'static [&'static str],
    checks: &'static [(&'static str, &'static str)],
}

/// What a device can do, as constants.
struct Can {
    ike: &'static [IkeVersion],
    phase1: &'static [Encryption],
    phase2: &'static [Encryption],
    integrity: &'static [Integrity],
    phase1_groups: &'static [DhGroup],
    phase2_groups: &'static [DhGroup],
    bgp: bool,
    static_routing: bool,
}

/// What the screens call the algorithms, in the order of our own types.
struct Words {
    /// AES-128, AES-256, AES-128-GCM, AES-256-GCM.
    ciphers: [&'static str; 4],
    /// SHA-1, SHA-256, SHA-384, SHA-512.
    hashes: [&'static str; 4],
}

/// The connection in a vendor's words.
struct Page<'a> {
    base: View<'a>,
    words: &'a Words,
}

impl<'a> Deref for Page<'a> {
    type Target = View<'a>;

    fn deref(&self) -> &Self::Target {
        &self.base
    }
}

impl Page<'_> {
    /// `up-` and at most 20 characters.
    fn name(&self) -> String {
        format!("up-{}", ShortName::<20>(self.site))
    }

    fn tunnel(&self, leg: &Leg<'_>) -> String {
        format!("{}-{}", self.name(), leg.number)
    }

    /// In a code span: a key's alphabet has nothing that Markdown reads as its own there.
    fn key<'b>(&self, leg: &'b Leg<'_>) -> &'b str {
        leg.key.expose()
    }

    fn cipher(&self, cipher: impl Borrow<Encryption>) -> &'static str {
        let [aes128, aes256, gcm128, gcm256] = self.words.ciphers;
        match cipher.borrow() {
            Encryption::Aes128 => aes128,
            Encryption::Aes256 => aes256,
            Encryption::Aes128Gcm16 => gcm128,
            Encryption::Aes256Gcm16 => gcm256,
        }
    }

    fn hash(&self, hash: impl Borrow<Integrity>) -> &'static str {
        let [sha1, sha256, sha384, sha512] = self.words.hashes;
        match hash.borrow() {
            Integrity::Sha1 => sha1,
            Integrity::Sha256 => sha256,
            Integrity::Sha384 => sha384,
            Integrity::Sha512 => sha512,
        }
    }

    /// The group as Sophos's interface names it: `14(DH2048)`, `19(ecp256)`.
    fn kind(&self, group: impl Borrow<DhGroup>) -> String {
        let group = group.borrow();
        let name = group.name();
        match name.strip_prefix("modp") {
            Some(bits) => format!("{group}(DH{bits})"),
            None => format!("{group}({name})"),
        }
    }

    /// Seconds from the device's rekeying to the end of both phases, of three digits at most.
    fn margin(&self, leg: &Leg<'_>) -> u32 {
        leg.esp_over().min(999)
    }

    /// Seconds between probes: three without an answer and the peer is dead.
    fn probe(&self, leg: &Leg<'_>) -> u32 {
        (leg.options.dpd_timeout / 3).max(10)
    }

    /// Whole minutes, rounded down: before AWS's time is over.
    fn minutes(&self, seconds: impl Borrow<u32>) -> u32 {
        (seconds.borrow() / 60).max(1)
    }
}

impl Device for Screens {
    fn name(&self) -> &'static str {
        self.name
    }

    fn title(&self) -> &'static str {
        self.title
    }

    fn profile(&self) -> Profile {
        Profile {
            vendor: self.vendor,
            versions: self.versions,
            tunnelling: Tunnelling::RouteBased,
            ipv6: false,
            name_limit: Some(31),
            judged: Judged {
                level: Level::Structure,
                by: if self.frr {
                    "every value read back out of the page by our own test; the lines of its \
                     `bgp.conf` by the parser of FRR 8.4; the labels of the screens by nobody"
                } else {
                    "every value read back out of the page by our own test; the labels of the \
                     screens and the commands by nobody"
                },
            },
            sample: self.sample,
        }
    }

    fn abilities(&self) -> Abilities {
        let can = &self.can;
        Abilities {
            ike_versions: can.ike.to_vec(),
            phase1_encryption: can.phase1.to_vec(),
            phase1_integrity: can.integrity.to_vec(),
            phase1_dh_groups: can.phase1_groups.to_vec(),
            phase2_encryption: can.phase2.to_vec(),
            phase2_integrity: can.integrity.to_vec(),
            phase2_dh_groups: can.phase2_groups.to_vec(),
            bgp: can.bgp,
            static_routing: can.static_routing,
            route_based: true,
        }
    }

    fn options(&self) -> &'static [OptionSpec] {
        &[]
    }

    fn render(
        &self,
        set: &TunnelSet,
        context: &RenderContext,
    ) -> Result<Vec<BundleFile>, RenderError> {
        if set.routes == RouteExchange::Static && !self.can.static_routing {
            return Err(RenderError::Unsupported {
                device: self.name,
                problem: "it follows a dead tunnel by BGP alone; set `routing: bgp`".to_owned(),
            });
        }
        let page = &Page {
            base: View::of(set),
            words: &self.words,
        };
        let mut listed = vec![(STEPS, "every field and value in order, with the keys")];
        let mut files = vec![(self.page)(page)?];
        if self.frr && page.bgp.is_some() {
            listed.push((BGP, "the lines for BGP, which the steps say where to put"));
            files.push(pages::bgp(page)?);
        }
        let listed: Vec<Listed> = listed
            .into_iter()
            .map(|(path, what)| Listed {
                path: path.to_owned(),
                what,
            })
            .collect();
        files.push(paper::readme(self, set, context, &[], &listed)?);
        Ok(files)
    }

    fn notes(&self, set: &TunnelSet) -> Vec<String> {
        let mut notes: Vec<String> = self.notes.iter().map(|note| (*note).to_owned()).collect();
        notes.push(format!(
            "go through {STEPS} from the top, both tunnels, and tick off every line"
        ));
        if set.site.gateway.behind_nat() {
            notes.push("let the NAT in front pass UDP 500 and 4500 from the device out".into());
        }
        notes
    }

    fn checks(&self, set: &TunnelSet) -> Vec<Check> {
        let mut checks: Vec<Check> = self
            .checks
            .iter()
            .map(|(command, expect)| Check::new(*command, *expect))
            .collect();
        for tunnel in &set.tunnels {
            checks.push(Check::new(
                format!("ping {}", tunnel.aws.inside),
                format!("answers through tunnel {}", tunnel.number),
            ));
        }
        checks
    }

    fn removal(&self) -> Removal {
        Removal::ByHand
    }
}
