//! MikroTik RouterOS 7: IKEv2 policies, BGP, and a watch that moves the VPC's policies.
//!
//! RouterOS has no tunnel interface for IPsec: a policy picks the packets, and of two policies
//! with the same networks only one counts. So the VPC's policies name one tunnel at a time, a
//! ping through tunnel 1 decides which, and AWS is told to answer through the same one: by a
//! longer AS path on tunnel 2, or, without BGP, because only one tunnel is up.

use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use askama::Template;

use super::model::{BundleFile, Device, RenderContext, RenderError};
use super::option::{self, OptionSpec, is};
use super::paper::{self, Listed};
use super::profile::{
    Check, DirectConnectSide, Judged, Level, Profile, Removal, Sample, Tunnelling,
};
use super::value::ShortName;
use super::view::{Leg, View};
use crate::spec::{DhGroup, Encryption, IkeVersion, Integrity, InvalidValue, Routing, SiteName};
use crate::tunnel::{Abilities, RouteExchange, TunnelSet};

/// The device.
pub(super) struct MikroTikRouterOs;

const VERSION: &str = "routeros_version";
const NEWEST: &str = "7.20";
const CONFIG: &str = "config.rsc";
const REMOVE: &str = "remove.rsc";
/// Seconds between two probes of the peer.
const DPD_INTERVAL: u32 = 10;

const OPTIONS: &[OptionSpec] = &[OptionSpec {
    name: VERSION,
    what: "the version of RouterOS, whose BGP has another syntax from 7.20 on",
    pattern: "7\\.(1[2-9]|[2-9][0-9])",
    default: Some(NEWEST),
    required: false,
    example: "7.16",
    check: is::<Version>,
}];

/// The second number of `7.x`: 12 or more.
#[derive(Clone, Copy, Debug)]
struct Version(u32);

impl FromStr for Version {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let minor = text.strip_prefix("7.").filter(|minor| minor.len() == 2);
        match minor.map(str::parse) {
            Some(Ok(minor @ 12..=99)) => Ok(Self(minor)),
            _ => Err(InvalidValue::new(
                format!("`{}` is not a version for this", text.escape_debug()),
                "use 7.12 to 7.99, without a third number: `/system resource print` shows it",
            )),
        }
    }
}

impl Device for MikroTikRouterOs {
    fn name(&self) -> &'static str {
        "mikrotik-routeros"
    }

    fn title(&self) -> &'static str {
        "MikroTik RouterOS 7.12+"
    }

    fn profile(&self) -> Profile {
        Profile {
            vendor: "MikroTik",
            versions: "RouterOS 7.12 and later; BGP in the syntax of 7.20 or the one before",
            tunnelling: Tunnelling::PolicyBased,
            ipv6: false,
            name_limit: Some(15),
            judged: Judged {
                level: Level::Schema,
                by: "RouterOS's own `/console/inspect` of 7.12, 7.16, 7.20 and 7.22, and MikroTik's \
                     manual for the values",
            },
            sample: Some(Sample {
                vendor: "Mikrotik",
                platform: "RouterOS",
            }),
        }
    }

    /// MikroTik's manual, IPsec: profiles know no GCM and no SHA-384, and proposals' hashes are
    /// SHA-1, SHA-256 and SHA-512.
    fn abilities(&self) -> Abilities {
        let groups = [2, 5, 14, 15, 16, 17, 18, 19, 20, 21].map(DhGroup).to_vec();
        let hashes = vec![Integrity::Sha1, Integrity::Sha256, Integrity::Sha512];
        Abilities {
            ike_versions: vec![IkeVersion::V2],
            phase1_encryption: vec![Encryption::Aes128, Encryption::Aes256],
            phase1_integrity: hashes.clone(),
            phase1_dh_groups: groups.clone(),
            phase2_encryption: Encryption::ALL.to_vec(),
            phase2_integrity: hashes,
            phase2_dh_groups: groups,
            bgp: true,
            static_routing: true,
            route_based: false,
        }
    }

    fn direct_connect(&self) -> DirectConnectSide {
        DirectConnectSide::Unable {
            reason: "its tunnels are policies, which would encrypt what leaves by Direct Connect too",
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
        let about = [
            "RouterOS has no tunnel interfaces for IPsec, so this is active and standby: what goes \
             to the VPC"
                .to_owned(),
            "uses tunnel 1 while its inside address answers, and tunnel 2 when it does not.".to_owned(),
        ];
        Ok(vec![
            BundleFile::secret(CONFIG, &Config { v })?,
            BundleFile::public(REMOVE, &Remove { v })?,
            paper::readme(self, set, context, &about, &files)?,
        ])
    }

    fn notes(&self, set: &TunnelSet) -> Vec<String> {
        let mut notes = vec![
            "see that `/system resource print` shows a version that suits the option \
             `routeros_version`, and that no policy of `/ip ipsec policy print` covers the VPC"
                .to_owned(),
            format!("copy {CONFIG} to the router (`scp`, or Files in WinBox)"),
            "press Ctrl-X: in safe mode RouterOS takes everything back when the session breaks off"
                .to_owned(),
            format!(
                "`/import file-name={CONFIG}`; to load it a second time, first \
                 `/import file-name={REMOVE}`"
            ),
            format!(
                "when it works, press Ctrl-X again to keep it, and `/file remove {CONFIG}`: it has \
                 the keys"
            ),
            "what it cannot do: use both tunnels at once, or take packets of the VPC out of the \
             tunnel that is not in use; moving to the other tunnel takes half a minute"
                .to_owned(),
            "AWS keeps one pair of selectors in a tunnel; the policies have `level=require`, so that \
             all of them use the pair that is there"
                .to_owned(),
        ];
        notes.push(match set.routes {
            RouteExchange::Bgp(_) => {
                "tunnel 2 announces the same networks with a longer AS path: leave it so, and with a \
                 transit gateway do not turn ECMP on for this connection"
            }
            RouteExchange::Static => {
                "AWS shows tunnel 2 as down as long as tunnel 1 works: its peer is switched on only \
                 then, because AWS might else answer through it"
            }
        }
        .to_owned());
        if set.site.gateway.behind_nat() {
            notes.push("let the NAT in front pass UDP 500 and 4500 from the router out".to_owned());
        }
        notes
    }

    fn checks(&self, set: &TunnelSet) -> Vec<Check> {
        let mut checks = vec![
            Check::new(
                "/ip ipsec active-peers print",
                match set.routes {
                    RouteExchange::Bgp(_) => "both of AWS's addresses, established",
                    RouteExchange::Static => "AWS's address of tunnel 1, established",
                },
            ),
            Check::new(
                "/ip ipsec policy print where comment~\"underpass\"",
                "the flag A on the policies of tunnel 1 and of the VPC, and no I",
            ),
            Check::new(
                "/ip ipsec installed-sa print",
                "two or more for each peer, and current-bytes grow",
            ),
        ];
        for tunnel in &set.tunnels {
            let standby = tunnel.number == 2 && matches!(set.routes, RouteExchange::Static);
            checks.push(Check::new(
                format!(
                    "/ping address={} src-address={} count=3",
                    tunnel.aws.inside, tunnel.customer.inside
                ),
                if standby {
                    "no answer, until tunnel 1 is down".to_owned()
                } else {
                    format!("answers through tunnel {}", tunnel.number)
                },
            ));
        }
        if matches!(set.routes, RouteExchange::Bgp(_)) {
            checks.push(Check::new(
                "/routing bgp session print",
                "two sessions with the flag E (established)",
            ));
        }
        checks.push(Check::new(
            "/tool netwatch print where comment~\"underpass\"",
            "status up",
        ));
        checks
    }

    fn removal(&self) -> Removal {
        Removal::File(REMOVE)
    }

    fn standby(&self, routing: Routing) -> Option<u8> {
        // AWS might else answer through a tunnel that no policy takes packets of the VPC from.
        (routing == Routing::Static).then_some(2)
    }
}

/// The connection in RouterOS's words.
struct Router<'a> {
    base: View<'a>,
    version: Version,
}

/// `underpass-` and the site's name; RouterOS has no limit that is near.
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
        Ok(Self {
            base: View::of(set),
            version: option::value(&set.site.gateway, VERSION, Some(NEWEST))?,
        })
    }

    fn names(&self) -> Names<'_> {
        Names(self.site)
    }

    fn name(&self, leg: &Leg<'_>) -> String {
        format!("{}-{}", self.names(), leg.number)
    }

    /// The bridge that has the inside addresses: 15 characters, as Linux allows.
    fn bridge(&self) -> String {
        format!("up-{}", ShortName::<12>(self.site))
    }

    /// From 7.20 on the AS is the instance's.
    fn has_instances(&self) -> bool {
        self.version.0 >= 20
    }

    /// Inside double quotes: a key has no `$`, `"` or backslash, which RouterOS would read.
    fn key<'b>(&self, leg: &'b Leg<'_>) -> &'b str {
        leg.key.expose()
    }

    fn ike_cipher(&self, leg: &Leg<'_>) -> &'static str {
        match leg.options.phase1.encryption {
            Encryption::Aes128 | Encryption::Aes128Gcm16 => "aes-128",
            Encryption::Aes256 | Encryption::Aes256Gcm16 => "aes-256",
        }
    }

    fn esp_cipher(&self, leg: &Leg<'_>) -> &'static str {
        match leg.options.phase2.encryption {
            Encryption::Aes128 => "aes-128-cbc",
            Encryption::Aes256 => "aes-256-cbc",
            Encryption::Aes128Gcm16 => "aes-128-gcm",
            Encryption::Aes256Gcm16 => "aes-256-gcm",
        }
    }

    fn ike_hash(&self, leg: &Leg<'_>) -> &'static str {
        hash(leg.options.phase1.integrity)
    }

    /// Beside GCM the list has to be empty.
    fn esp_hash(&self, leg: &Leg<'_>) -> &'static str {
        if leg.phase2_aead() {
            ""
        } else {
            hash(leg.options.phase2.integrity)
        }
    }

    fn dpd_interval(&self) -> u32 {
        DPD_INTERVAL
    }

    /// Probes without an answer.
    fn dpd_failures(&self, leg: &Leg<'_>) -> u32 {
        (leg.options.dpd_timeout / DPD_INTERVAL).clamp(1, 100)
    }

    /// The distance of the routes that lead to the policies: under BGP's, the last resort.
    fn distance(&self) -> u8 {
        if self.bgp.is_some() { 254 } else { 1 }
    }
}

fn hash(integrity: Integrity) -> &'static str {
    match integrity {
        Integrity::Sha1 => "sha1",
        Integrity::Sha256 => "sha256",
        Integrity::Sha384 => "sha384",
        Integrity::Sha512 => "sha512",
    }
}

#[derive(Template)]
#[template(path = "mikrotik-routeros/config.rsc", escape = "none")]
struct Config<'a> {
    v: &'a Router<'a>,
}

#[derive(Template)]
#[template(path = "mikrotik-routeros/remove.rsc", escape = "none")]
struct Remove<'a> {
    v: &'a Router<'a>,
}
