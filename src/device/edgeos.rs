//! Ubiquiti EdgeOS 2.x: set commands for VTI, IKEv2, BGP or routes that follow a ping.
//!
//! EdgeOS is a fork of Vyatta 6.3, so its words are those of VyOS 1.1 with a few of its own.

use std::fmt;
use std::ops::Deref;

use askama::Template;

use super::model::{BundleFile, Device, RenderContext, RenderError};
use super::option::{self, Number, OptionSpec, is};
use super::paper::{self, Listed};
use super::profile::{Check, Judged, Level, Profile, Removal, Sample, Tunnelling};
use super::value::ShortName;
use super::view::{Leg, View};
use crate::spec::{DhGroup, Encryption, IkeVersion, Integrity, SiteName};
use crate::tunnel::{Abilities, Phase, RouteExchange, TunnelSet};

/// The device.
pub(super) struct EdgeOs;

/// The number of the first VTI; the second tunnel has the next.
type TunnelNumber = Number<0, 62>;

const TUNNEL_NUMBER: &str = "tunnel_number";
const FIRST_TUNNEL: &str = "10";
const CONFIG: &str = "config.edgeos";
const REMOVE: &str = "remove.edgeos";
const WATCH: &str = "watch.sh";
/// The shortest interval and timeout of dead peer detection that EdgeOS takes.
const DPD_INTERVAL: u32 = 15;
const DPD_TIMEOUT: u32 = 30;

const OPTIONS: &[OptionSpec] = &[OptionSpec {
    name: TUNNEL_NUMBER,
    what: "the number of the first of two free VTI interfaces",
    pattern: "[0-9]|[1-5][0-9]|6[0-2]",
    default: Some(FIRST_TUNNEL),
    required: false,
    example: "7",
    check: is::<TunnelNumber>,
}];

impl Device for EdgeOs {
    fn name(&self) -> &'static str {
        "edgeos"
    }

    fn title(&self) -> &'static str {
        "Ubiquiti EdgeOS 2.x (EdgeRouter)"
    }

    fn profile(&self) -> Profile {
        Profile {
            vendor: "Ubiquiti",
            versions: "EdgeOS 2.0 and later; a UniFi gateway takes the same only from config.gateway.json",
            tunnelling: Tunnelling::RouteBased,
            ipv6: false,
            name_limit: Some(28),
            judged: Judged {
                level: Level::Schema,
                by: "the templates of vyatta-cfg-vpn, -quagga and -firewall at VyOS 1.1, where \
                     EdgeOS's own configuration tree has the same node",
            },
            sample: Some(Sample {
                vendor: "Vyatta",
                platform: "Vyatta Network OS",
            }),
        }
    }

    /// `vyatta-cfg-vpn` at VyOS 1.1: CBC alone, every SHA-2, groups 2, 5 and 14 to 26.
    fn abilities(&self) -> Abilities {
        let ciphers = vec![Encryption::Aes128, Encryption::Aes256];
        let groups = [2, 5, 14, 15, 16, 17, 18, 19, 20, 21].map(DhGroup).to_vec();
        Abilities {
            ike_versions: vec![IkeVersion::V2],
            phase1_encryption: ciphers.clone(),
            phase1_integrity: Integrity::ALL.to_vec(),
            phase1_dh_groups: groups.clone(),
            phase2_encryption: ciphers,
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
        let v = &Router::of(set)?;
        let mut listed = vec![
            Listed {
                path: CONFIG.to_owned(),
                what: "the configuration, with the keys",
            },
            Listed {
                path: REMOVE.to_owned(),
                what: "takes it away again",
            },
        ];
        let mut files = vec![
            BundleFile::secret(CONFIG, &Config { v })?,
            BundleFile::public(REMOVE, &Remove { v })?,
        ];
        if v.bgp.is_none() {
            listed.push(Listed {
                path: WATCH.to_owned(),
                what: "takes a tunnel that does not answer out of the routes",
            });
            files.push(BundleFile::program(WATCH, &Watch { v })?);
        }
        files.push(paper::readme(self, set, context, &[], &listed)?);
        Ok(files)
    }

    fn notes(&self, set: &TunnelSet) -> Vec<String> {
        let first = number(set).map_or(0, |number| number.0);
        let mut notes = vec![format!(
            "see that the numbers are free: `show interfaces` without vti{first} and vti{}",
            first + 1
        )];
        if set.routes == RouteExchange::Static {
            notes.push(format!(
                "copy {WATCH} to `{}` and make it executable: routes follow what it finds",
                Router::script(&set.site.name)
            ));
        }
        notes.extend([
            "`show firewall options mss-clamp` in configuration mode: EdgeOS has one MSS for all \
             kinds of interfaces; where a smaller one is set, leave out the line that sets it"
                .to_owned(),
            format!("`configure`, then paste {CONFIG}"),
            "`commit-confirm 10`: without a `confirm` the router reboots into what it had"
                .to_owned(),
            "when both tunnels are up: `confirm`, then `save`".to_owned(),
            "`auto-firewall-nat-exclude` lets IKE and ESP in by itself; a firewall of your own in \
             front of it needs UDP 500, UDP 4500 and ESP from both AWS addresses"
                .to_owned(),
            "no exemption from source NAT is needed: what goes into a VTI does not leave by the WAN \
             interface before it is encrypted"
                .to_owned(),
            "hardware offload (`system offload ipsec enable`, works after a reboot) makes it \
             faster, but not for every cipher: a tunnel that is up and passes nothing is tried \
             without it first"
                .to_owned(),
        ]);
        if set.site.gateway.behind_nat() {
            notes.push("let the NAT in front pass UDP 500 and 4500 from the router out".to_owned());
        }
        notes
    }

    fn checks(&self, set: &TunnelSet) -> Vec<Check> {
        let first = number(set).map_or(0, |number| number.0);
        let mut checks = vec![
            Check::new("show vpn ipsec sa", "two connections, both ESTABLISHED"),
            Check::new(
                "show interfaces vti",
                format!("vti{first} and vti{} u/u", first + 1),
            ),
        ];
        for tunnel in &set.tunnels {
            checks.push(Check::new(
                format!("ping {} -I {}", tunnel.aws.inside, tunnel.customer.inside),
                format!("answers through tunnel {}", tunnel.number),
            ));
        }
        checks.push(match set.routes {
            RouteExchange::Bgp(_) => Check::new(
                "show ip bgp summary",
                "two neighbors with a number under State/PfxRcd",
            ),
            RouteExchange::Static => {
                Check::new("show ip route static", "the VPC's networks by a VTI")
            }
        });
        checks
    }

    fn removal(&self) -> Removal {
        Removal::File(REMOVE)
    }
}

fn number(set: &TunnelSet) -> Result<TunnelNumber, RenderError> {
    option::value(&set.site.gateway, TUNNEL_NUMBER, Some(FIRST_TUNNEL))
}

/// The connection in EdgeOS's words.
struct Router<'a> {
    base: View<'a>,
    first: TunnelNumber,
}

/// `underpass-` and the site's name, where no limit is near.
#[derive(Clone, Copy)]
struct Names<'a>(&'a SiteName);

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "underpass-{}", self.0)
    }
}

/// For rule sets and groups, which have 28 characters: six are for an ending.
#[derive(Clone, Copy)]
struct Short<'a>(&'a SiteName);

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "up-{}", ShortName::<18>(self.0))
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
            first: number(set)?,
        })
    }

    fn names(&self) -> Names<'_> {
        Names(self.site)
    }

    fn short(&self) -> Short<'_> {
        Short(self.site)
    }

    fn name(&self, leg: &Leg<'_>) -> String {
        format!("{}-{}", self.names(), leg.number)
    }

    fn interface(&self, leg: &Leg<'_>) -> String {
        format!("vti{}", self.first.0 + u32::from(leg.number) - 1)
    }

    /// Where the watch has to be; what is under `/config` stays when EdgeOS is upgraded.
    fn script(site: &SiteName) -> String {
        format!("/config/scripts/{}.sh", Names(site))
    }

    fn watch(&self) -> String {
        Self::script(self.site)
    }

    /// strongSwan's name of a connection that is bound to a VTI.
    fn connection_of(&self, leg: &Leg<'_>) -> String {
        format!("peer-{}-tunnel-vti", leg.aws_outside)
    }

    /// Inside single quotes, where a key's alphabet has nothing that ends them.
    fn key<'b>(&self, leg: &'b Leg<'_>) -> &'b str {
        leg.key.expose()
    }

    fn cipher(&self, phase: &Phase) -> &'static str {
        match phase.encryption {
            Encryption::Aes128 | Encryption::Aes128Gcm16 => "aes128",
            Encryption::Aes256 | Encryption::Aes256Gcm16 => "aes256",
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

    fn dpd_interval(&self) -> u32 {
        DPD_INTERVAL
    }

    fn dpd_after(&self, leg: &Leg<'_>) -> u32 {
        leg.options.dpd_timeout.max(DPD_TIMEOUT)
    }
}

#[derive(Template)]
#[template(path = "edgeos/config.edgeos", escape = "none")]
struct Config<'a> {
    v: &'a Router<'a>,
}

#[derive(Template)]
#[template(path = "edgeos/remove.edgeos", escape = "none")]
struct Remove<'a> {
    v: &'a Router<'a>,
}

#[derive(Template)]
#[template(path = "edgeos/watch.sh", escape = "none")]
struct Watch<'a> {
    v: &'a Router<'a>,
}
