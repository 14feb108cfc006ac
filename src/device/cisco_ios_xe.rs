//! Cisco IOS-XE: IKEv2, static virtual tunnel interfaces, BGP or tracked static routes.

use std::fmt;
use std::ops::Deref;

use askama::Template;

use super::direct;
use super::model::{BundleFile, Device, RenderContext, RenderError};
use super::option::{self, NONE, Number, OptionSpec, OrNone, Token, is};
use super::paper::{self, Listed};
use super::profile::{
    Check, DirectConnectSide, Judged, Level, Profile, Removal, Sample, Tunnelling,
};
use super::view::{Leg, View};
use crate::spec::{DhGroup, Encryption, IkeVersion, Integrity, SiteName};
use crate::tunnel::{Abilities, RouteExchange, TunnelSet};

/// The device.
pub(super) struct CiscoIosXe;

/// An interface of the router.
type Interface = Token<48>;
/// A tunnel interface and the SLA and track objects that go with it; the second tunnel has the
/// next number. Track objects end at 1000 (IOS-XE 17 command reference).
type TunnelNumber = Number<1, 999>;

/// A zone of the zone-based firewall, or a VRF: 32 characters (IOS-XE 16.12 command reference).
type Name = Token<32>;

const WAN_INTERFACE: &str = "wan_interface";
const WAN_VRF: &str = "wan_vrf";
const ZONE: &str = "zone";
const TUNNEL_NUMBER: &str = "tunnel_number";
const FIRST_TUNNEL: &str = "101";
const CONFIG: &str = "config.ios";
const REMOVE: &str = "remove.ios";

const OPTIONS: &[OptionSpec] = &[
    OptionSpec {
        name: WAN_INTERFACE,
        what: "the interface that leads to the Internet: the tunnels' source",
        pattern: "[A-Za-z0-9][A-Za-z0-9_.:/-]{0,47}",
        default: None,
        required: true,
        example: "GigabitEthernet0/0/0",
        check: is::<Interface>,
    },
    OptionSpec {
        name: TUNNEL_NUMBER,
        what: "the number of the first of two free tunnel interfaces (and SLA and track objects)",
        pattern: "[1-9][0-9]{0,2}",
        default: Some(FIRST_TUNNEL),
        required: false,
        example: "71",
        check: is::<TunnelNumber>,
    },
    OptionSpec {
        name: WAN_VRF,
        what: "the VRF of the interface that leads to the Internet; `none` is the global table",
        pattern: "none|[A-Za-z0-9][A-Za-z0-9_.:/-]{0,31}",
        default: Some(NONE),
        required: false,
        example: "INTERNET",
        check: is::<OrNone<Name>>,
    },
    OptionSpec {
        name: ZONE,
        what: "the zone of the zone-based firewall for both tunnels; `none` without such a firewall",
        pattern: "none|[A-Za-z0-9][A-Za-z0-9_.:/-]{0,31}",
        default: Some(NONE),
        required: false,
        example: "VPN",
        check: is::<OrNone<Name>>,
    },
    direct::interface_option(
        "[A-Za-z0-9][A-Za-z0-9_.:/-]{0,47}",
        "GigabitEthernet0/0/2",
        is::<Interface>,
    ),
];

impl Device for CiscoIosXe {
    fn name(&self) -> &'static str {
        "cisco-ios-xe"
    }

    fn title(&self) -> &'static str {
        "Cisco IOS-XE 16.12+ (ISR, ASR, Catalyst 8000)"
    }

    fn profile(&self) -> Profile {
        Profile {
            vendor: "Cisco",
            versions: "IOS-XE 16.12 and later with the security licence",
            tunnelling: Tunnelling::RouteBased,
            ipv6: true,
            name_limit: Some(64),
            judged: Judged {
                level: Level::Schema,
                by: "Cisco's YANG models of IOS-XE 16.9 (ydk-models-cisco-ios-xe 16.9.3)",
            },
            sample: Some(Sample {
                vendor: "Cisco Systems, Inc.",
                platform: "ISR Series Routers",
            }),
        }
    }

    /// Cisco's YANG models of `crypto ikev2 proposal` and `crypto ipsec`: GCM in both phases, groups
    /// up to 21 without 17 and 18.
    fn abilities(&self) -> Abilities {
        let groups = [2, 5, 14, 15, 16, 19, 20, 21].map(DhGroup).to_vec();
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
            "arm the way back: `configure terminal revert timer 10` (needs `archive` with a `path`)"
                .to_owned(),
            format!(
                "see that the numbers are free: `show running-config interface Tunnel{first}` and \
                 `Tunnel{}` answer with an error",
                first + 1
            ),
            format!("paste {CONFIG}"),
            "let an access list on the WAN interface pass UDP 500, UDP 4500 and ESP from both AWS \
             addresses"
                .to_owned(),
            "when both tunnels are up: `configure confirm`, then `copy running-config \
             startup-config`"
                .to_owned(),
        ];
        if set.site.gateway.options.contains_key(ZONE) {
            notes.push(
                "see that zone pairs let the LAN and the tunnels' zone reach each other, and the \
                 WAN's zone and `self` exchange IKE and ESP"
                    .to_owned(),
            );
        }
        if let Some(link) = &set.direct_connect {
            notes.push(format!(
                "see that the port of the cross connect is up and carries frames of {} bytes and \
                 their headers (`mtu` of the port itself), and that BGP has no `local-as` of its own",
                link.mtu
            ));
            notes.push(format!(
                "after a cut-over let the session look at its routes anew: `clear bgp ipv4 unicast {} \
                 soft`",
                link.amazon.addr()
            ));
            if set.routes == RouteExchange::Static {
                notes.push(
                    "where the tunnels were there before, see that no route to the VPC is left with \
                     a distance below 21, which would win over BGP: `show running-config | include \
                     ip route`"
                        .to_owned(),
                );
            }
        }
        if set.site.gateway.behind_nat() {
            notes.push("let the NAT in front pass UDP 500 and 4500 from the router out".to_owned());
        }
        notes
    }

    fn checks(&self, set: &TunnelSet) -> Vec<Check> {
        let first = number(set).map_or(0, |number| number.0);
        let mut checks = vec![
            Check::new("show crypto ikev2 sa", "two SAs with the status READY"),
            Check::new(
                format!("show interfaces Tunnel{first}"),
                "Tunnel is up, line protocol is up",
            ),
            Check::new(
                format!("show interfaces Tunnel{}", first + 1),
                "Tunnel is up, line protocol is up",
            ),
        ];
        for tunnel in &set.tunnels {
            checks.push(Check::new(
                format!(
                    "ping {} source {}",
                    tunnel.aws.inside, tunnel.customer.inside
                ),
                "100 percent",
            ));
        }
        checks.push(match set.routes {
            RouteExchange::Bgp(_) => Check::new(
                "show bgp ipv4 unicast summary",
                "two neighbors with a number under State/PfxRcd",
            ),
            RouteExchange::Static => Check::new("show track brief", "both objects Up"),
        });
        if let Some(link) = &set.direct_connect {
            let amazon = link.amazon.addr();
            checks.push(Check::new(
                format!("show bgp ipv4 unicast neighbors {amazon} | include state|fall"),
                "BGP state = Established",
            ));
            if link.bfd {
                let up = format!("{amazon} with the state Up");
                checks.push(Check::new("show bfd neighbors", up));
            }
        }
        checks
    }

    fn removal(&self) -> Removal {
        Removal::File(REMOVE)
    }
}

fn number(set: &TunnelSet) -> Result<TunnelNumber, RenderError> {
    option::value(&set.site.gateway, TUNNEL_NUMBER, Some(FIRST_TUNNEL))
}

/// The connection in IOS-XE's words.
struct Router<'a> {
    base: View<'a>,
    wan_interface: Interface,
    wan_vrf: Option<Name>,
    zone: Option<Name>,
    first: TunnelNumber,
    port: Option<Interface>,
}

/// `UP-` and the site's name, upper case as Cisco's own names are; 43 characters at most.
#[derive(Clone, Copy)]
struct Names<'a>(&'a SiteName);

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UP-{}", self.0.as_str().to_ascii_uppercase())
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
            wan_interface: option::value(&set.site.gateway, WAN_INTERFACE, None)?,
            wan_vrf: option::value::<OrNone<Name>>(&set.site.gateway, WAN_VRF, Some(NONE))?.0,
            zone: option::value::<OrNone<Name>>(&set.site.gateway, ZONE, Some(NONE))?.0,
            first: number(set)?,
            port: direct::port(set)?,
        })
    }

    fn names(&self) -> Names<'_> {
        Names(self.site)
    }

    fn name(&self, leg: &Leg<'_>) -> String {
        format!("{}-{}", self.names(), leg.number)
    }

    /// The distance of a tunnel's static routes: worse than BGP's 20 where there is Direct Connect.
    fn distance(&self, leg: &Leg<'_>) -> u8 {
        let least = if self.direct.is_some() { 200 } else { 0 };
        least + leg.number * 10
    }

    fn interface(&self, leg: &Leg<'_>) -> u32 {
        self.first.0 + u32::from(leg.number) - 1
    }

    /// A key's alphabet has nothing that IOS reads as its own: `?` and white space are not in it.
    fn key<'b>(&self, leg: &'b Leg<'_>) -> &'b str {
        leg.key.expose()
    }

    fn ike_cipher(&self, leg: &Leg<'_>) -> &'static str {
        match leg.options.phase1.encryption {
            Encryption::Aes128 => "aes-cbc-128",
            Encryption::Aes256 => "aes-cbc-256",
            Encryption::Aes128Gcm16 => "aes-gcm-128",
            Encryption::Aes256Gcm16 => "aes-gcm-256",
        }
    }

    fn ike_hash(&self, leg: &Leg<'_>) -> &'static str {
        match leg.options.phase1.integrity {
            Integrity::Sha1 => "sha1",
            Integrity::Sha256 => "sha256",
            Integrity::Sha384 => "sha384",
            Integrity::Sha512 => "sha512",
        }
    }

    fn transform(&self, leg: &Leg<'_>) -> String {
        let cipher = match leg.options.phase2.encryption {
            Encryption::Aes128 => "esp-aes",
            Encryption::Aes256 => "esp-aes 256",
            Encryption::Aes128Gcm16 => return "esp-gcm".to_owned(),
            Encryption::Aes256Gcm16 => return "esp-gcm 256".to_owned(),
        };
        let hash = match leg.options.phase2.integrity {
            Integrity::Sha1 => "esp-sha-hmac",
            Integrity::Sha256 => "esp-sha256-hmac",
            Integrity::Sha384 => "esp-sha384-hmac",
            Integrity::Sha512 => "esp-sha512-hmac",
        };
        format!("{cipher} {hash}")
    }

    /// Seconds between probes: `dpd INTERVAL 2` gives the peer up after three of them.
    fn dpd_interval(&self, leg: &Leg<'_>) -> u32 {
        (leg.options.dpd_timeout / 3).clamp(10, 3_600)
    }

    /// IOS-XE knows the powers of two from 64 to 1024.
    fn replay(&self, leg: &Leg<'_>) -> u32 {
        let window = leg.options.replay_window.clamp(64, 1_024);
        1 << window.ilog2()
    }
}

#[derive(Template)]
#[template(path = "cisco-ios-xe/config.ios", escape = "none")]
struct Config<'a> {
    v: &'a Router<'a>,
}

#[derive(Template)]
#[template(path = "cisco-ios-xe/remove.ios", escape = "none")]
struct Remove<'a> {
    v: &'a Router<'a>,
}
