//! Yamaha RTX: IKEv2, tunnel interfaces, BGP or routes that follow a ping.
//!
//! An RTX has no commit: every line works at once, and nothing outlives a restart before `save`.

use std::ops::Deref;

use askama::Template;
use ipnet::Ipv4Net;

use super::model::{BundleFile, Device, RenderContext, RenderError};
use super::option::{self, NONE, Number, OptionSpec, OrNone, is};
use super::paper::{self, Listed};
use super::profile::{Check, Judged, Level, Profile, Removal, Sample, Tunnelling};
use super::view::{Leg, View};
use crate::spec::{DhGroup, Encryption, Gateway, IkeVersion, Integrity, InvalidValue};
use crate::tunnel::{Abilities, Phase, RouteExchange, TunnelSet};

/// The device.
pub(super) struct YamahaRtx;

/// A tunnel interface, and the gateway, policy, BGP neighbor and keepalive of the same number; the
/// second tunnel has the next. The smallest models have 20.
type TunnelNumber = Number<1, 19>;
/// The first of the filters' numbers.
type FilterNumber = Number<1, 21_470_000>;
/// A NAT descriptor, and the first of its entries' numbers.
type Descriptor = Number<1, 2_147_483_647>;
type Entry = Number<1, 65_000>;

const TUNNEL_NUMBER: &str = "tunnel_number";
const FILTER_NUMBER: &str = "filter_number";
const NAT_DESCRIPTOR: &str = "nat_descriptor";
const NAT_ENTRY: &str = "nat_entry";
const FIRST_TUNNEL: &str = "11";
const FIRST_FILTER: &str = "700100";
const FIRST_ENTRY: &str = "901";
const CONFIG: &str = "config.rtx";
const REMOVE: &str = "remove.rtx";
/// Seconds between two probes of the peer.
const DPD_INTERVAL: u32 = 10;
/// The largest AS number: an RTX knows those of two bytes.
const LARGEST_ASN: u32 = 65_535;
/// Filters for the WAN, which come first, and for the inside of the tunnels.
const WAN_FILTERS: u32 = 4;
const INSIDE_FILTERS: u32 = 2;
/// What is left of the hundred numbers that are asked for.
const MOST_PAIRS: usize = 94;

const OPTIONS: &[OptionSpec] = &[
    OptionSpec {
        name: TUNNEL_NUMBER,
        what: "the first of two free numbers of tunnels, security gateways, SA policies, BGP \
               neighbors and keepalives",
        pattern: "[1-9]|1[0-9]",
        default: Some(FIRST_TUNNEL),
        required: false,
        example: "7",
        check: is::<TunnelNumber>,
    },
    OptionSpec {
        name: FILTER_NUMBER,
        what: "the first of a hundred free numbers of IP filters, and of two of BGP filters",
        pattern: "[1-9][0-9]{0,7}",
        default: Some(FIRST_FILTER),
        required: false,
        example: "8000",
        check: is::<FilterNumber>,
    },
    OptionSpec {
        name: NAT_DESCRIPTOR,
        what: "the NAT descriptor of the interface that leads to the Internet, which has to leave \
               IKE and ESP to the router; `none` without one",
        pattern: "none|[1-9][0-9]{0,9}",
        default: Some(NONE),
        required: false,
        example: "1000",
        check: is::<OrNone<Descriptor>>,
    },
    OptionSpec {
        name: NAT_ENTRY,
        what: "the first of two free numbers of static entries of the NAT descriptor",
        pattern: "[1-9][0-9]{0,4}",
        default: Some(FIRST_ENTRY),
        required: false,
        example: "51",
        check: is::<Entry>,
    },
];

impl Device for YamahaRtx {
    fn name(&self) -> &'static str {
        "yamaha-rtx"
    }

    fn title(&self) -> &'static str {
        "Yamaha RTX830, 1210, 1220, 1300, 3500, 3510, 5000"
    }

    fn profile(&self) -> Profile {
        Profile {
            vendor: "Yamaha",
            versions: "RTX1210 Rev.14.01.20, RTX3500 and 5000 Rev.14.00.26, RTX830 Rev.15.02.03 and \
                       later; every RTX840, 1220, 1300 and 3510",
            tunnelling: Tunnelling::RouteBased,
            ipv6: false,
            name_limit: Some(64),
            judged: Judged {
                level: Level::Grammar,
                by: "Yamaha's command reference, chapters IP, NAT, IPsec and BGP",
            },
            sample: Some(Sample {
                vendor: "Yamaha",
                platform: "RTX Routers",
            }),
        }
    }

    /// Yamaha's command reference, chapter IPsec: no GCM, SHA-384 and SHA-512 only on RTX1300 and
    /// 3510, no group above 14, and one group for both phases.
    fn abilities(&self) -> Abilities {
        let ciphers = vec![Encryption::Aes128, Encryption::Aes256];
        let hashes = vec![Integrity::Sha1, Integrity::Sha256];
        let groups = vec![DhGroup(2), DhGroup(14)];
        Abilities {
            ike_versions: vec![IkeVersion::V2],
            phase1_encryption: ciphers.clone(),
            phase1_integrity: hashes.clone(),
            phase1_dh_groups: groups.clone(),
            phase2_encryption: ciphers,
            phase2_integrity: hashes,
            phase2_dh_groups: groups,
            bgp: true,
            static_routing: true,
            route_based: true,
        }
    }

    fn options(&self) -> &'static [OptionSpec] {
        OPTIONS
    }

    /// The site's AS number is told in time, before anything is made at AWS.
    fn check_options(&self, gateway: &Gateway) -> Vec<InvalidValue> {
        let mut problems = option::check(OPTIONS, gateway);
        if gateway.asn.get() > LARGEST_ASN {
            problems.push(InvalidValue::new(
                format!(
                    "gateway.asn: an RTX has no AS number as large as {}",
                    gateway.asn
                ),
                format!("use one up to {LARGEST_ASN}, such as a private one from 64512 on"),
            ));
        }
        problems
    }

    fn render(
        &self,
        set: &TunnelSet,
        context: &RenderContext,
    ) -> Result<Vec<BundleFile>, RenderError> {
        let v = &Router::of(self.name(), set)?;
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
        let filter =
            option::value::<FilterNumber>(&set.site.gateway, FILTER_NUMBER, Some(FIRST_FILTER))
                .map_or(0, |number| number.0);
        let mut notes = vec![
            format!(
                "see that the numbers are free: `show config` without `tunnel select {first}` and \
                 `{}`, and without the filters of {CONFIG}",
                first + 1
            ),
            "an RTX has no commit, but before `save` a restart brings the old configuration back: \
             let `schedule at` run `restart` in ten minutes, and delete the schedule when all is well"
                .to_owned(),
            format!("`administrator`, then paste {CONFIG}"),
            format!(
                "where the WAN interface has `secure filter in`, add {filter} to {} to its list: they \
                 let in IKE and what follows from AWS's addresses alone",
                filter + WAN_FILTERS - 1
            ),
            "when both tunnels are up: `save`".to_owned(),
            "a log line `sequence number is wrong` means that packets come in another order than \
             they were sent: `anti-replay-check=off` stops the loss, and the protection"
                .to_owned(),
        ];
        if matches!(set.routes, RouteExchange::Bgp(_)) {
            notes.push(
                "BGP does not work on an RTX that has a secondary address on any interface"
                    .to_owned(),
            );
            notes.push(
                "`bgp import` and `bgp export` are for all neighbors of AWS's AS number: where such \
                 lines stand already, add the new filters to their lists instead"
                    .to_owned(),
            );
            notes.push(
                "`bgp preference` is for all of BGP: above 10000, so that the routes to nowhere, \
                 which are static, win only when AWS announces nothing"
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
                "show ipsec sa",
                "an `ike` and two `tun` for each of the two gateways",
            ),
            Check::new(
                format!("show status tunnel {first}"),
                "the interface is up, and packets are counted both ways",
            ),
            Check::new(
                format!("show status tunnel {}", first + 1),
                "the interface is up, and packets are counted both ways",
            ),
        ];
        for tunnel in &set.tunnels {
            checks.push(Check::new(
                format!(
                    "ping -c 3 -sa {} {}",
                    tunnel.customer.inside, tunnel.aws.inside
                ),
                "three answers",
            ));
        }
        checks.push(match set.routes {
            RouteExchange::Bgp(_) => {
                Check::new("show status bgp neighbor", "BGP state = Established, twice")
            }
            RouteExchange::Static => {
                Check::new("show status ip keepalive", "both numbers are up (OK)")
            }
        });
        checks.push(Check::new(
            "show ip route",
            "the VPC's networks by a tunnel, not by NULL",
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

/// The connection in an RTX's words.
struct Router<'a> {
    base: View<'a>,
    first: TunnelNumber,
    filter: FilterNumber,
    descriptor: Option<Descriptor>,
    entry: Entry,
}

/// A filter that lets the VPC into the LAN.
struct Pair {
    number: u32,
    vpc: Ipv4Net,
    lan: Ipv4Net,
}

impl<'a> Deref for Router<'a> {
    type Target = View<'a>;

    fn deref(&self) -> &Self::Target {
        &self.base
    }
}

impl<'a> Router<'a> {
    fn of(device: &'static str, set: &'a TunnelSet) -> Result<Self, RenderError> {
        let gateway = &set.site.gateway;
        let router = Self {
            base: View::of(set),
            first: number(set)?,
            filter: option::value(gateway, FILTER_NUMBER, Some(FIRST_FILTER))?,
            descriptor: option::value::<OrNone<Descriptor>>(gateway, NAT_DESCRIPTOR, Some(NONE))?.0,
            entry: option::value(gateway, NAT_ENTRY, Some(FIRST_ENTRY))?,
        };
        match router.misfit() {
            Some(problem) => Err(RenderError::Unsupported { device, problem }),
            None => Ok(router),
        }
    }

    /// What no negotiation of single values finds.
    fn misfit(&self) -> Option<String> {
        for leg in &self.legs {
            let (one, two) = (leg.options.phase1.dh_group, leg.options.phase2.dh_group);
            if one != two {
                return Some(format!(
                    "an RTX has one group for both phases, and tunnel {} has {one} and {two}",
                    leg.number
                ));
            }
        }
        let pairs = self.vpc.len() * self.lan.len();
        if pairs > MOST_PAIRS {
            return Some(format!(
                "each of the VPC's networks needs a filter for each of the site's, and {pairs} are \
                 more than {MOST_PAIRS}: write the site's networks as fewer, larger ones"
            ));
        }
        let bgp = self.bgp?;
        let asns = [bgp.customer_asn, bgp.aws_asn];
        let large = asns.iter().find(|asn| asn.get() > LARGEST_ASN)?;
        Some(format!(
            "an RTX knows AS numbers up to {LARGEST_ASN}, and {large} is larger"
        ))
    }

    fn id(&self, leg: &Leg<'_>) -> u32 {
        self.first.0 + u32::from(leg.number) - 1
    }

    fn next_filter(&self) -> u32 {
        self.filter.0 + 1
    }

    fn next_entry(&self) -> u32 {
        self.entry.0 + 1
    }

    fn wan_filter(&self, leg: &Leg<'_>, offset: u32) -> u32 {
        self.filter.0 + 2 * (u32::from(leg.number) - 1) + offset
    }

    fn inside_filter(&self, leg: &Leg<'_>) -> u32 {
        self.filter.0 + WAN_FILTERS + u32::from(leg.number) - 1
    }

    fn pairs(&self) -> Vec<Pair> {
        let all = self.vpc.iter();
        let all = all.flat_map(|vpc| self.lan.iter().map(move |lan| (*vpc, *lan)));
        (self.filter.0 + WAN_FILTERS + INSIDE_FILTERS..)
            .zip(all)
            .map(|(number, (vpc, lan))| Pair { number, vpc, lan })
            .collect()
    }

    /// The two halves of a network: longer than the route to nowhere, which is for the whole.
    fn halves(&self, net: &Ipv4Net) -> Vec<Ipv4Net> {
        let length = net.prefix_len() + 1;
        net.subnets(length)
            .map_or_else(|_| vec![*net], Iterator::collect)
    }

    /// After `text`, where a key's alphabet has neither white space nor a quote.
    fn key<'b>(&self, leg: &'b Leg<'_>) -> &'b str {
        leg.key.expose()
    }

    fn cipher(&self, phase: &Phase) -> &'static str {
        match phase.encryption {
            Encryption::Aes128 | Encryption::Aes128Gcm16 => "aes-cbc",
            Encryption::Aes256 | Encryption::Aes256Gcm16 => "aes256-cbc",
        }
    }

    fn hash(&self, phase: &Phase) -> &'static str {
        match phase.integrity {
            Integrity::Sha1 => "sha",
            Integrity::Sha256 => "sha256",
            Integrity::Sha384 => "sha384",
            Integrity::Sha512 => "sha512",
        }
    }

    fn dpd_interval(&self) -> u32 {
        DPD_INTERVAL
    }

    fn dpd_count(&self, leg: &Leg<'_>) -> u32 {
        (leg.options.dpd_timeout / DPD_INTERVAL).clamp(1, 50)
    }
}

#[derive(Template)]
#[template(path = "yamaha-rtx/config.rtx", escape = "none")]
struct Config<'a> {
    v: &'a Router<'a>,
}

#[derive(Template)]
#[template(path = "yamaha-rtx/remove.rtx", escape = "none")]
struct Remove<'a> {
    v: &'a Router<'a>,
}
