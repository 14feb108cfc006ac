//! OpenBSD 7.5 and later: iked with `sec(4)` interfaces, bgpd or ifstated, pf.

use std::fmt;
use std::ops::Deref;

use askama::Template;

use super::model::{BundleFile, Device, RenderContext, RenderError};
use super::option::{self, InterfaceName, Number, OptionSpec, is};
use super::paper::{self, Listed};
use super::profile::{Check, Judged, Level, Profile, Removal, Tunnelling};
use super::value::QuotedKey;
use super::view::{Leg, Prefixes, View};
use crate::spec::{DhGroup, Encryption, IkeVersion, Integrity, SiteName};
use crate::tunnel::{Abilities, RouteExchange, TunnelSet};

/// The device.
pub(super) struct OpenBsdIked;

/// The number of the first `sec` interface; the second tunnel has the next.
type TunnelNumber = Number<0, 999>;

const WAN_INTERFACE: &str = "wan_interface";
const TUNNEL_NUMBER: &str = "tunnel_number";
const FIRST_TUNNEL: &str = "101";

const OPTIONS: &[OptionSpec] = &[
    OptionSpec {
        name: WAN_INTERFACE,
        what: "the interface that leads to the Internet, for pf",
        pattern: "[A-Za-z0-9][A-Za-z0-9_.-]{0,14}",
        default: Some("egress"),
        required: false,
        example: "vio0",
        check: is::<InterfaceName>,
    },
    OptionSpec {
        name: TUNNEL_NUMBER,
        what: "the number of the first of two free sec interfaces",
        pattern: "[0-9]{1,3}",
        default: Some(FIRST_TUNNEL),
        required: false,
        example: "0",
        check: is::<TunnelNumber>,
    },
];

impl Device for OpenBsdIked {
    fn name(&self) -> &'static str {
        "openbsd-iked"
    }

    fn title(&self) -> &'static str {
        "OpenBSD 7.5+: iked, sec interfaces, bgpd, pf"
    }

    fn profile(&self) -> Profile {
        Profile {
            vendor: "OpenBSD",
            versions: "OpenBSD 7.5 and later (sec(4) came with 7.4)",
            tunnelling: Tunnelling::RouteBased,
            ipv6: true,
            name_limit: None,
            judged: Judged {
                level: Level::Parser,
                by: "iked -n of openiked 7.2, bgpd -n of OpenBGPD 7.7; pf, hostname.if and ifstated \
                     unread",
            },
            sample: None,
        }
    }

    /// iked.conf(5): GCM in both phases, groups up to 21, of which AWS has no 25 to 31.
    fn abilities(&self) -> Abilities {
        let phase1 = [2, 14, 15, 16, 17, 18, 19, 20, 21].map(DhGroup);
        let phase2 = [2, 5, 14, 15, 16, 17, 18, 19, 20, 21].map(DhGroup);
        Abilities {
            ike_versions: vec![IkeVersion::V2],
            phase1_encryption: Encryption::ALL.to_vec(),
            phase1_integrity: Integrity::ALL.to_vec(),
            phase1_dh_groups: phase1.to_vec(),
            phase2_encryption: Encryption::ALL.to_vec(),
            phase2_integrity: Integrity::ALL.to_vec(),
            phase2_dh_groups: phase2.to_vec(),
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
        let mut files = vec![
            BundleFile::secret("iked.conf", &Iked { v })?,
            BundleFile::public("pf.conf", &Pf { v })?,
            BundleFile::program("install.sh", &Install { v })?,
        ];
        for l in &v.legs {
            let path = format!("hostname.{}", v.interface(l));
            files.push(BundleFile::public(path, &Hostname { v, l })?);
        }
        let mut listed = vec![
            Listed {
                path: "install.sh".to_owned(),
                what: "puts every file in its place and takes it away again",
            },
            Listed {
                path: "iked.conf".to_owned(),
                what: "both tunnels, with the keys",
            },
            Listed {
                path: "pf.conf".to_owned(),
                what: "the firewall's anchor: IKE, ESP, the tunnels, TCP's segment size",
            },
        ];
        if let Some(bgp) = &v.bgp {
            files.push(BundleFile::public("bgpd.conf", &Bgpd { v, bgp })?);
            listed.push(Listed {
                path: "bgpd.conf".to_owned(),
                what: "both sessions and their filters",
            });
        } else {
            files.push(BundleFile::public("ifstated.conf", &Ifstated { v })?);
            listed.push(Listed {
                path: "ifstated.conf".to_owned(),
                what: "keeps the routes on a tunnel that answers",
            });
        }
        files.push(paper::readme(self, set, context, &[], &listed)?);
        Ok(files)
    }

    fn notes(&self, set: &TunnelSet) -> Vec<String> {
        let mut notes = vec![
            "copy this folder to the router, keeping its modes: `scp -pr . root@router:underpass`"
                .to_owned(),
            "arm a way back: `(sleep 600; sh /root/underpass/install.sh --remove) & echo $!`, and kill \
             that process when all is well"
                .to_owned(),
            "as root, in the folder: `sh install.sh`; it checks each file with its daemon's own `-n` \
             before it counts, and adds one marked block to /etc/iked.conf, /etc/pf.conf and \
             /etc/bgpd.conf"
                .to_owned(),
            "in /etc/pf.conf let no `quick` rule before the block decide about IKE, ESP or the sec \
             interfaces"
                .to_owned(),
        ];
        if matches!(set.routes, RouteExchange::Bgp(_)) {
            notes.push(
                "OpenBSD keeps both of two equal BGP routes only with `rde evaluate all` and \
                 multipath; without, traffic leaves through one tunnel and changes over when it \
                 goes"
                    .to_owned(),
            );
        }
        if set.site.gateway.behind_nat() {
            notes.push("let the NAT in front pass UDP 500 and 4500 from the router out".to_owned());
        }
        notes
    }

    fn checks(&self, set: &TunnelSet) -> Vec<Check> {
        let first = number(set).map_or(0, |number| number.0);
        let mut checks = vec![
            Check::new(
                "ikectl show sa",
                "two IKE SAs ESTABLISHED, each with child SAs loaded",
            ),
            Check::new(
                format!("ifconfig sec{first}"),
                "UP,RUNNING and the inside address",
            ),
        ];
        for tunnel in &set.tunnels {
            checks.push(Check::new(
                format!(
                    "ping -c 3 -I {} {}",
                    tunnel.customer.inside, tunnel.aws.inside
                ),
                format!("answers through tunnel {}", tunnel.number),
            ));
        }
        checks.push(match set.routes {
            RouteExchange::Bgp(_) => Check::new(
                "bgpctl show",
                "two neighbors with a number under State/PrfRcvd",
            ),
            RouteExchange::Static => Check::new(
                format!("route -n show -inet | grep {}", set.tunnels[0].aws.inside),
                "the VPC's networks through it, priority 8",
            ),
        });
        checks
    }

    fn removal(&self) -> Removal {
        Removal::Command("sh install.sh --remove")
    }
}

fn number(set: &TunnelSet) -> Result<TunnelNumber, RenderError> {
    option::value(&set.site.gateway, TUNNEL_NUMBER, Some(FIRST_TUNNEL))
}

/// The connection in OpenBSD's words.
struct Router<'a> {
    base: View<'a>,
    wan_interface: InterfaceName,
    first: TunnelNumber,
}

impl<'a> Deref for Router<'a> {
    type Target = View<'a>;

    fn deref(&self) -> &Self::Target {
        &self.base
    }
}

/// `underpass-` and the site's name: anchors and groups have room for 63 characters.
#[derive(Clone, Copy)]
struct Names<'a>(&'a SiteName);

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "underpass-{}", self.0)
    }
}

/// The script of ifstated's second instance: rc.d allows letters, digits and `_`.
struct Daemon<'a>(&'a SiteName);

impl fmt::Display for Daemon<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "underpass_{}", self.0.as_str().replace('-', "_"))
    }
}

/// A line of a prefix-set.
struct Range<'a>(&'a Prefixes);

impl fmt::Display for Range<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.net.fmt(f)?;
        if self.0.up_to > self.0.net.prefix_len() {
            write!(f, " maxlen {}", self.0.up_to)?;
        }
        Ok(())
    }
}

impl<'a> Router<'a> {
    fn of(set: &'a TunnelSet) -> Result<Self, RenderError> {
        let gateway = &set.site.gateway;
        Ok(Self {
            base: View::of(set),
            wan_interface: option::value(gateway, WAN_INTERFACE, Some("egress"))?,
            first: number(set)?,
        })
    }

    fn names(&self) -> Names<'_> {
        Names(self.site)
    }

    fn daemon(&self) -> Daemon<'_> {
        Daemon(self.site)
    }

    fn name(&self, leg: &Leg<'_>) -> String {
        format!("{}-{}", self.names(), leg.number)
    }

    fn interface(&self, leg: &Leg<'_>) -> String {
        format!("sec{}", self.first.0 + u32::from(leg.number) - 1)
    }

    /// Quoted, since `0x` would begin a hexadecimal key and `.` cannot begin a word; AWS's keys
    /// never begin with `0`.
    fn key<'b>(&self, leg: &'b Leg<'_>) -> QuotedKey<'b> {
        QuotedKey(leg.key)
    }

    fn prefixes<'b>(&self, prefixes: &'b Prefixes) -> Range<'b> {
        Range(prefixes)
    }

    fn ikesa(&self, leg: &Leg<'_>) -> String {
        let phase = leg.options.phase1;
        let (cipher, hash) = (cipher(phase.encryption), hash(phase.integrity));
        let group = phase.dh_group.name();
        if phase.encryption.is_aead() {
            format!("enc {cipher} prf {hash} group {group}")
        } else {
            format!("enc {cipher} auth {hash} prf {hash} group {group}")
        }
    }

    fn childsa(&self, leg: &Leg<'_>) -> String {
        let phase = leg.options.phase2;
        let (cipher, hash) = (cipher(phase.encryption), hash(phase.integrity));
        let group = phase.dh_group.name();
        if phase.encryption.is_aead() {
            format!("enc {cipher} group {group}")
        } else {
            format!("enc {cipher} auth {hash} group {group}")
        }
    }
}

const fn cipher(cipher: Encryption) -> &'static str {
    match cipher {
        Encryption::Aes128 => "aes-128",
        Encryption::Aes256 => "aes-256",
        Encryption::Aes128Gcm16 => "aes-128-gcm",
        Encryption::Aes256Gcm16 => "aes-256-gcm",
    }
}

const fn hash(hash: Integrity) -> &'static str {
    match hash {
        Integrity::Sha1 => "hmac-sha1",
        Integrity::Sha256 => "hmac-sha2-256",
        Integrity::Sha384 => "hmac-sha2-384",
        Integrity::Sha512 => "hmac-sha2-512",
    }
}

macro_rules! templates {
    ($($name:ident = $path:literal { $($field:ident: $type:ty),* })+) => {
        $(
            #[derive(Template)]
            #[template(path = $path, escape = "none")]
            struct $name<'a> {
                v: &'a Router<'a>,
                $($field: $type),*
            }
        )+
    };
}

templates! {
    Iked = "openbsd-iked/iked.conf" {}
    Pf = "openbsd-iked/pf.conf" {}
    Install = "openbsd-iked/install.sh" {}
    Hostname = "openbsd-iked/hostname.sec" { l: &'a Leg<'a> }
    Bgpd = "openbsd-iked/bgpd.conf" { bgp: &'a crate::tunnel::Bgp }
    Ifstated = "openbsd-iked/ifstated.conf" {}
}
