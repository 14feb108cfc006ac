//! Arista EOS: IKEv2, IPsec tunnel interfaces, BGP.

use std::fmt;
use std::ops::Deref;

use askama::Template;

use super::direct;
use super::model::{BundleFile, Device, RenderContext, RenderError};
use super::option::{self, Number, OptionSpec, Token, is};
use super::paper::{self, Listed};
use super::profile::{Check, DirectConnectSide, Judged, Level, Profile, Removal, Tunnelling};
use super::view::{Leg, View};
use crate::spec::{DhGroup, Encryption, IkeVersion, Integrity, SiteName};
use crate::tunnel::{Abilities, TunnelSet};

/// The device.
pub(super) struct AristaEos;

/// A tunnel interface; the second tunnel has the next number.
type TunnelNumber = Number<0, 65_534>;

const TUNNEL_NUMBER: &str = "tunnel_number";
const FIRST_TUNNEL: &str = "101";
const CONFIG: &str = "config.eos";
const REMOVE: &str = "remove.eos";

/// A routed port: `Ethernet` or `Port-Channel` and its number.
type Port = Token<24>;

const OPTIONS: &[OptionSpec] = &[
    OptionSpec {
        name: TUNNEL_NUMBER,
        what: "the number of the first of two free tunnel interfaces",
        pattern: "[0-9]{1,5}",
        default: Some(FIRST_TUNNEL),
        required: false,
        example: "71",
        check: is::<TunnelNumber>,
    },
    direct::interface_option("[A-Za-z0-9][A-Za-z0-9_.:/-]{0,23}", "Ethernet3", is::<Port>),
];

impl Device for AristaEos {
    fn name(&self) -> &'static str {
        "arista-eos"
    }

    fn title(&self) -> &'static str {
        "Arista EOS 4.28+ (CloudEOS, AWE, 7020SRG)"
    }

    fn profile(&self) -> Profile {
        Profile {
            vendor: "Arista",
            versions: "EOS 4.28 and later on a platform with IPsec",
            tunnelling: Tunnelling::RouteBased,
            ipv6: true,
            name_limit: None,
            judged: Judged {
                level: Level::Schema,
                by: "Arista's own data model and CLI renderer (pyavd 6.4.0)",
            },
            sample: None,
        }
    }

    /// Arista's data model of `ip security` (pyavd 6.4.0): IKE has no GCM, ESP has `aes256gcm128`.
    ///
    /// EOS tracks no probe with a static route, and a tunnel that is up proves nothing: BGP only.
    fn abilities(&self) -> Abilities {
        let groups = [2, 14, 15, 16, 17, 19, 20, 21].map(DhGroup).to_vec();
        Abilities {
            ike_versions: vec![IkeVersion::V2],
            phase1_encryption: vec![Encryption::Aes128, Encryption::Aes256],
            phase1_integrity: Integrity::ALL.to_vec(),
            phase1_dh_groups: groups.clone(),
            phase2_encryption: Encryption::ALL.to_vec(),
            phase2_integrity: Integrity::ALL.to_vec(),
            phase2_dh_groups: groups,
            bgp: true,
            static_routing: false,
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
        if v.bgp.is_none() {
            return Err(RenderError::Unsupported {
                device: self.name(),
                problem: "its static routes cannot follow a probe; set `routing: bgp`".to_owned(),
            });
        }
        if let Some(leg) = v.legs.iter().find(|leg| leg.phase1_aead()) {
            return Err(RenderError::Unsupported {
                device: self.name(),
                problem: format!("IKE of tunnel {} has a cipher of GCM", leg.number),
            });
        }
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
        let v = View::of(set);
        let mut notes = vec![
            format!(
                "see that the numbers are free: `show running-config interfaces Tunnel{first}-{}` \
                 shows nothing",
                first + 1
            ),
            "see that `ip routing` is on, and that BGP is new or has your AS: `show ip bgp summary`"
                .to_owned(),
            format!("`configure session underpass`, paste {CONFIG}"),
            "look at it: `show session-config diffs`".to_owned(),
            "`commit timer 00:10:00`: without a confirmation it is undone after ten minutes"
                .to_owned(),
            "with a control-plane access list of your own: let it pass UDP 500, UDP 4500 and ESP \
             from both AWS addresses, and TCP 179 and ICMP from both inside addresses"
                .to_owned(),
            "when both tunnels are up: `configure session underpass commit`, then \
             `copy running-config startup-config`"
                .to_owned(),
        ];
        if let Some(d) = v.direct {
            notes.push(format!(
                "see that the port of the cross connect is routed (`no switchport`) and carries \
                 frames of {} bytes, and that the control plane lets BGP and BFD in from {}",
                d.mtu,
                d.amazon_address()
            ));
        }
        if v.nat {
            notes.push("let the NAT in front pass UDP 500 and 4500 from the router out".into());
        }
        notes
    }

    fn checks(&self, set: &TunnelSet) -> Vec<Check> {
        let first = number(set).map_or(0, |number| number.0);
        let mut checks = vec![
            Check::new(
                "show ip security connection",
                "two connections with the status Established",
            ),
            Check::new(
                format!("show interfaces Tunnel{first}-{} status", first + 1),
                "both connected",
            ),
        ];
        for tunnel in &set.tunnels {
            checks.push(Check::new(
                format!(
                    "ping {} source {}",
                    tunnel.aws.inside, tunnel.customer.inside
                ),
                "0% packet loss",
            ));
        }
        checks.push(Check::new(
            "show ip bgp summary",
            "two neighbors in the state Estab with a number under PfxAcc",
        ));
        checks.push(Check::new(
            "show ip route bgp",
            "the VPC's networks by a tunnel",
        ));
        checks
    }

    fn removal(&self) -> Removal {
        Removal::File(REMOVE)
    }
}

fn number(set: &TunnelSet) -> Result<TunnelNumber, RenderError> {
    option::value(&set.site.gateway, TUNNEL_NUMBER, Some(FIRST_TUNNEL))
}

/// `UP-` and the site's name, in upper case; 43 characters at most.
#[derive(Clone, Copy)]
struct Names<'a>(&'a SiteName);

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UP-{}", self.0.as_str().to_ascii_uppercase())
    }
}

/// The connection in EOS's words.
struct Router<'a> {
    base: View<'a>,
    first: TunnelNumber,
    port: Option<Port>,
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
            port: direct::port(set)?,
            first: number(set)?,
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

    /// After `shared-key 0` EOS takes the rest of the line; a key's alphabet has no white space.
    fn key<'b>(&self, leg: &'b Leg<'_>) -> &'b str {
        leg.key.expose()
    }

    fn ike_cipher(&self, leg: &Leg<'_>) -> &'static str {
        match leg.options.phase1.encryption {
            Encryption::Aes128 | Encryption::Aes128Gcm16 => "aes128",
            Encryption::Aes256 | Encryption::Aes256Gcm16 => "aes256",
        }
    }

    fn esp_cipher(&self, leg: &Leg<'_>) -> &'static str {
        match leg.options.phase2.encryption {
            Encryption::Aes128 => "aes128",
            Encryption::Aes256 => "aes256",
            Encryption::Aes128Gcm16 => "aes128gcm128",
            Encryption::Aes256Gcm16 => "aes256gcm128",
        }
    }

    fn ike_hash(&self, leg: &Leg<'_>) -> &'static str {
        hash(leg.options.phase1.integrity)
    }

    fn esp_hash(&self, leg: &Leg<'_>) -> &'static str {
        hash(leg.options.phase2.integrity)
    }

    /// EOS counts in hours, 1 to 24. Where that is longer than what AWS was asked for, AWS rekeys.
    fn ike_hours(&self, leg: &Leg<'_>) -> u32 {
        (leg.ike_rekey() / 3_600).clamp(1, 24)
    }

    /// Seconds between probes.
    fn dpd_interval(&self, leg: &Leg<'_>) -> u32 {
        (leg.options.dpd_timeout / 3).clamp(2, 3_600)
    }

    /// Seconds until the peer is dead.
    fn dpd_time(&self, leg: &Leg<'_>) -> u32 {
        leg.options.dpd_timeout.clamp(10, 3_600)
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
#[template(path = "arista-eos/config.eos", escape = "none")]
struct Config<'a> {
    v: &'a Router<'a>,
}

#[derive(Template)]
#[template(path = "arista-eos/remove.eos", escape = "none")]
struct Remove<'a> {
    v: &'a Router<'a>,
}
