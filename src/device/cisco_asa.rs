//! Cisco ASA: IKEv2, virtual tunnel interfaces, BGP or tracked static routes.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;

use askama::Template;

use super::model::{BundleFile, Device, RenderContext, RenderError};
use super::option::{self, Number, OptionSpec, Token, is};
use super::paper::{self, Listed};
use super::profile::{Check, Judged, Level, Profile, Removal, Sample, Tunnelling};
use super::view::{Leg, View};
use crate::spec::{DhGroup, Encryption, IkeVersion, Integrity, SiteName};
use crate::tunnel::{Abilities, RouteExchange, TunnelSet};

/// The device.
pub(super) struct CiscoAsa;

/// The name (`nameif`) of an interface: 48 characters.
type Nameif = Token<48>;
/// A tunnel interface: 0 to 100 before 9.16 (ASA command reference); the second has the next one.
type TunnelNumber = Number<0, 99>;
/// An IKEv2 policy and an SLA monitor; the second tunnel has the next number. Track objects have
/// the same, which end at 500.
type PolicyNumber = Number<1, 499>;

const WAN_INTERFACE: &str = "wan_interface";
const LAN_INTERFACE: &str = "lan_interface";
const TUNNEL_NUMBER: &str = "tunnel_number";
const POLICY_NUMBER: &str = "policy_number";
const OUTSIDE: &str = "outside";
const INSIDE: &str = "inside";
const FIRST_TUNNEL: &str = "51";
const FIRST_POLICY: &str = "101";
const CONFIG: &str = "config.asa";
const REMOVE: &str = "remove.asa";
/// The clamp of an ASA from the factory, in bytes (`sysopt connection tcpmss`).
const FACTORY_MSS: u16 = 1_380;

const OPTIONS: &[OptionSpec] = &[
    OptionSpec {
        name: WAN_INTERFACE,
        what: "the name (nameif) of the interface that leads to the Internet",
        pattern: "[A-Za-z0-9][A-Za-z0-9_.:/-]{0,47}",
        default: Some(OUTSIDE),
        required: false,
        example: "internet",
        check: is::<Nameif>,
    },
    OptionSpec {
        name: LAN_INTERFACE,
        what: "the name (nameif) of the LAN's interface, for the exemption from NAT",
        pattern: "[A-Za-z0-9][A-Za-z0-9_.:/-]{0,47}",
        default: Some(INSIDE),
        required: false,
        example: "plant",
        check: is::<Nameif>,
    },
    OptionSpec {
        name: TUNNEL_NUMBER,
        what: "the number of the first of two free tunnel interfaces",
        pattern: "[0-9]{1,2}",
        default: Some(FIRST_TUNNEL),
        required: false,
        example: "71",
        check: is::<TunnelNumber>,
    },
    OptionSpec {
        name: POLICY_NUMBER,
        what: "the number of the first of two free IKEv2 policies (and SLA monitors and tracks)",
        pattern: "[1-9][0-9]{0,2}",
        default: Some(FIRST_POLICY),
        required: false,
        example: "201",
        check: is::<PolicyNumber>,
    },
];

impl Device for CiscoAsa {
    fn name(&self) -> &'static str {
        "cisco-asa"
    }

    fn title(&self) -> &'static str {
        "Cisco ASA 9.8+ (VTI)"
    }

    fn profile(&self) -> Profile {
        Profile {
            vendor: "Cisco",
            versions: "ASA 9.8 and later, one context, routed mode",
            tunnelling: Tunnelling::RouteBased,
            ipv6: false,
            name_limit: Some(48),
            judged: Judged {
                level: Level::Grammar,
                by: "after Cisco's ASA 9.8 command reference (tests/judges/asa.py)",
            },
            sample: Some(Sample {
                vendor: "Cisco Systems, Inc.",
                platform: "ASA 5500 Series",
            }),
        }
    }

    /// The ASA 9.8 command reference, `crypto ikev2 policy` and `crypto ipsec ikev2
    /// ipsec-proposal`: GCM in both phases, groups 1, 2, 5, 14, 19, 20, 21 and 24 (15 and 16 came
    /// with 9.13).
    fn abilities(&self) -> Abilities {
        let groups = [2, 5, 14, 19, 20, 21].map(DhGroup).to_vec();
        Abilities {
            ike_versions: vec![IkeVersion::V2],
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
        let first = |name, otherwise| {
            option::value::<Number<0, 999>>(&set.site.gateway, name, Some(otherwise))
                .map_or(0, |number| number.0)
        };
        let (tunnel, policy) = (
            first(TUNNEL_NUMBER, FIRST_TUNNEL),
            first(POLICY_NUMBER, FIRST_POLICY),
        );
        let mut notes = vec![
            "save what runs now (`write memory`), then arm the way back: `reload in 15`. Unless it \
             is cancelled, the ASA starts with what was saved"
                .to_owned(),
            format!(
                "see that the numbers are free: `show running-config interface Tunnel{tunnel}` and \
                 `Tunnel{}` answer with an error; `show running-config crypto ikev2` has no policy \
                 {policy} and {}",
                tunnel + 1,
                policy + 1
            ),
            "see `show running-config sysopt`: a TCP clamp below the new one has a reason; keep it"
                .to_owned(),
            format!("`configure terminal`, paste {CONFIG}"),
            "let an access list on the LAN's interface pass the VPC's networks, if there is one"
                .to_owned(),
            "when both tunnels are up: `reload cancel`, then `write memory`".to_owned(),
        ];
        if set.routes == RouteExchange::Static {
            notes.push(
                "prefer BGP: with static routes AWS may answer by the tunnel that the ASA does not \
                 use, and the ASA drops such answers"
                    .to_owned(),
            );
        }
        if set.site.gateway.behind_nat() {
            notes.push("let the NAT in front pass UDP 500 and 4500 from the ASA out".to_owned());
            notes.push(format!(
                "an ASA tells AWS its own address {} as its identity and cannot tell {}: if IKE \
                 ends with AUTHENTICATION_FAILED, give the ASA the public address",
                set.site.gateway.wan_address(),
                set.site.gateway.outside_ip
            ));
        }
        notes
    }

    fn checks(&self, set: &TunnelSet) -> Vec<Check> {
        let mut checks = vec![
            Check::new("show crypto ikev2 sa", "two SAs with the status READY"),
            Check::new(
                "show crypto ipsec sa summary",
                "two tunnels under VPN-tunnels",
            ),
            Check::new(
                "show interface ip brief | include Tunnel",
                "both tunnels up, up",
            ),
        ];
        for tunnel in &set.tunnels {
            checks.push(Check::new(
                format!("ping {}", tunnel.aws.inside),
                "Success rate is 100 percent",
            ));
        }
        checks.push(match set.routes {
            RouteExchange::Bgp(_) => Check::new(
                "show bgp summary",
                "two neighbors with a number under State/PfxRcd",
            ),
            RouteExchange::Static => Check::new("show track", "both objects: Reachability is Up"),
        });
        checks.push(Check::new(
            "show route",
            "the VPC's networks by the first tunnel",
        ));
        checks
    }

    fn removal(&self) -> Removal {
        Removal::File(REMOVE)
    }
}

/// `UP-` and the site's name, in upper case; 43 characters at most, 45 with the tunnel's number.
#[derive(Clone, Copy)]
struct Names<'a>(&'a SiteName);

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UP-{}", self.0.as_str().to_ascii_uppercase())
    }
}

/// The connection in the ASA's words.
struct Firewall<'a> {
    base: View<'a>,
    wan_interface: Nameif,
    lan_interface: Nameif,
    first: TunnelNumber,
    first_policy: PolicyNumber,
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
            wan_interface: option::value(gateway, WAN_INTERFACE, Some(OUTSIDE))?,
            lan_interface: option::value(gateway, LAN_INTERFACE, Some(INSIDE))?,
            first: option::value(gateway, TUNNEL_NUMBER, Some(FIRST_TUNNEL))?,
            first_policy: option::value(gateway, POLICY_NUMBER, Some(FIRST_POLICY))?,
        })
    }

    fn names(&self) -> Names<'_> {
        Names(self.site)
    }

    fn name(&self, leg: &Leg<'_>) -> String {
        format!("{}-{}", self.names(), leg.number)
    }

    fn interface(&self, leg: &Leg<'_>) -> u32 {
        self.first.0 + u32::from(leg.number) - 1
    }

    /// Both policies are tried for each peer, the lower number first.
    fn policy(&self, leg: &Leg<'_>) -> u32 {
        self.first_policy.0 + u32::from(leg.number) - 1
    }

    fn track(&self, leg: &Leg<'_>) -> u32 {
        self.policy(leg)
    }

    /// A key's alphabet has nothing that the ASA reads as its own: `?` and white space.
    fn key<'b>(&self, leg: &'b Leg<'_>) -> &'b str {
        leg.key.expose()
    }

    fn cipher(&self, cipher: impl Borrow<Encryption>) -> &'static str {
        match cipher.borrow() {
            Encryption::Aes128 => "aes",
            Encryption::Aes256 => "aes-256",
            Encryption::Aes128Gcm16 => "aes-gcm",
            Encryption::Aes256Gcm16 => "aes-gcm-256",
        }
    }

    /// Hashes are `sha256` in a policy and `sha-256` in a proposal.
    fn ike_hash(&self, leg: &Leg<'_>) -> &'static str {
        match leg.options.phase1.integrity {
            Integrity::Sha1 => "sha",
            Integrity::Sha256 => "sha256",
            Integrity::Sha384 => "sha384",
            Integrity::Sha512 => "sha512",
        }
    }

    fn esp_hash(&self, leg: &Leg<'_>) -> &'static str {
        match leg.options.phase2.integrity {
            Integrity::Sha1 => "sha-1",
            Integrity::Sha256 => "sha-256",
            Integrity::Sha384 => "sha-384",
            Integrity::Sha512 => "sha-512",
        }
    }

    /// Seconds without traffic until the first probe; the ASA knows 10 to 3600.
    fn keepalive_after(&self, leg: &Leg<'_>) -> u32 {
        (leg.options.dpd_timeout / 3).clamp(10, 3_600)
    }

    /// Seconds between the probes after it; the ASA knows 2 to 10.
    fn keepalive_retry(&self, leg: &Leg<'_>) -> u32 {
        (leg.options.dpd_timeout / 6).clamp(2, 10)
    }

    /// Bytes: what fits, but no more than the factory's, which other traffic may rely on.
    fn clamp(&self) -> u16 {
        self.least_mss().min(FACTORY_MSS)
    }
}

#[derive(Template)]
#[template(path = "cisco-asa/config.asa", escape = "none")]
struct Config<'a> {
    v: &'a Firewall<'a>,
}

#[derive(Template)]
#[template(path = "cisco-asa/remove.asa", escape = "none")]
struct Remove<'a> {
    v: &'a Firewall<'a>,
}
