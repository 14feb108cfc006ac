//! The site's networks and the machines in them.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::ops::Range;

use ipnet::Ipv4Net;

use super::super::codes::Code;
use super::super::field::{Field, Spot, WordOr};
use super::super::net::{InvalidValue, SiteName};
use super::super::problem::{Checked, Problem, Sink, all, quoted};
use super::super::raw::{RawAppliance, RawSite};
use super::super::site::{Appliance, Routing};
use super::special;
use super::values::{self, required, value};

/// Checks `lan` against itself, the router and AWS's limits.
pub(super) fn lan(raw: &RawSite, top: &Range<usize>, sink: &Sink) -> Checked<Vec<Spot<Ipv4Net>>> {
    let help = "list the networks behind the router, such as [10.20.0.0/24]";
    let list = required(&raw.lan, "lan", help, top, sink)?;
    if list.value.is_empty() {
        return Err(sink.report(
            Problem::new(Code::EmptyValue, "`lan` lists no network")
                .at(&list.span, "empty")
                .help(help),
        ));
    }
    let nets = list
        .value
        .iter()
        .filter_map(Field::given)
        .map(|spot| checked_network(spot, sink))
        .collect::<Vec<_>>();
    let good: Vec<_> = nets.iter().filter_map(|net| net.as_ref().ok()).collect();
    overlaps(&good, sink);
    outside_in_lan(&good, raw, sink);
    too_many(list, raw, sink);
    all(nets)
}

fn checked_network(spot: &Spot<String>, sink: &Sink) -> Checked<Spot<Ipv4Net>> {
    let net = value(spot, Code::InvalidNetwork, sink, parsed_network)?;
    let net = value(spot, Code::HostBitsSet, sink, |_| without_host_bits(net))?;
    let net = value(spot, Code::LanUnusable, sink, |_| usable(net))?;
    Ok(Spot {
        value: net,
        span: spot.span.clone(),
    })
}

/// Reads a network of the site: CIDR notation, no host bits, not reserved.
pub(in crate::spec) fn network(text: &str) -> Result<Ipv4Net, InvalidValue> {
    parsed_network(text)
        .and_then(without_host_bits)
        .and_then(usable)
}

fn parsed_network(text: &str) -> Result<Ipv4Net, InvalidValue> {
    let wrong =
        |help: String| InvalidValue::new(format!("{} is not an IPv4 network", quoted(text)), help);
    text.parse().map_err(|_| {
        if text.contains(':') {
            return wrong("only IPv4 networks are carried; remove it".to_owned());
        }
        let (address, mask) = text.split_once('/').unwrap_or((text, ""));
        if address.parse::<Ipv4Addr>().is_err() {
            return wrong("write it like 10.20.0.0/24".to_owned());
        }
        match mask.parse().map(ipnet::ipv4_mask_to_prefix) {
            Ok(Ok(length)) => wrong(format!("write the mask as a length: {address}/{length}")),
            _ => wrong(format!(
                "add the prefix length, 1 to 32, such as {address}/24"
            )),
        }
    })
}

fn without_host_bits(net: Ipv4Net) -> Result<Ipv4Net, InvalidValue> {
    if net.trunc() == net {
        Ok(net)
    } else {
        Err(InvalidValue::new(
            format!("{net} has bits set behind the prefix"),
            format!("write {} if that is the network", net.trunc()),
        ))
    }
}

fn usable(net: Ipv4Net) -> Result<Ipv4Net, InvalidValue> {
    if net.prefix_len() == 0 {
        return Err(InvalidValue::new(
            format!("{net} is the whole Internet"),
            "list only the networks behind the router",
        ));
    }
    match special::unusable_in(net) {
        None => Ok(net),
        Some(special) => Err(InvalidValue::new(
            format!(
                "{net} cannot be a site's network: {} is {}",
                special.net, special.what
            ),
            "list only the networks behind the router",
        )),
    }
}

/// Networks nest or are apart, so that in sorted order each is compared with the last outer one.
fn overlaps(nets: &[&Spot<Ipv4Net>], sink: &Sink) {
    let mut sorted = nets.to_vec();
    sorted.sort_by_key(|spot| (spot.value, spot.span.start));
    let mut outer: Option<&Spot<Ipv4Net>> = None;
    for spot in sorted {
        let Some(holder) = outer.filter(|outer| outer.value.contains(&spot.value)) else {
            outer = Some(spot);
            continue;
        };
        let problem = if holder.value == spot.value {
            let message = format!("{} is listed twice", spot.value);
            Problem::new(Code::LanOverlap, message)
                .at(&spot.span, "again here")
                .at(&holder.span, "first here")
                .help("keep one of them")
        } else {
            let message = format!("{} lies inside {}", spot.value, holder.value);
            Problem::new(Code::LanOverlap, message)
                .at(&spot.span, "this network")
                .at(&holder.span, "is part of this one")
                .help("keep the larger one, or correct the prefix lengths")
        };
        let _reported = sink.report(problem);
    }
}

fn outside_in_lan(nets: &[&Spot<Ipv4Net>], raw: &RawSite, sink: &Sink) {
    let gateway = raw.gateway.given();
    let Some(spot) = gateway.and_then(|gateway| gateway.value.outside_ip.given()) else {
        return;
    };
    let Ok(address) = spot.value.parse::<Ipv4Addr>() else {
        return;
    };
    for net in nets.iter().filter(|net| net.value.contains(&address)) {
        let message = format!("{} holds the router's outside address {address}", net.value);
        let _reported = sink.report(
            Problem::new(Code::LanHoldsOutsideIp, message)
                .at(&net.span, "would be reached through the tunnel")
                .at(&spot.span, "and with it the tunnel's own packets")
                .help("list only the networks behind the router"),
        );
    }
}

fn too_many(list: &Spot<Vec<Field<String>>>, raw: &RawSite, sink: &Sink) {
    let attach = raw.aws.given().map(|aws| &aws.value.attach_to);
    let transit = matches!(
        attach.and_then(Field::given).map(|spot| &spot.value),
        Some(WordOr::Other(named)) if !named.transit_gateway.is_absent()
    );
    let is_static = raw
        .routing
        .given()
        .is_some_and(|r| r.value == Routing::Static);
    // AWS VPN quotas, fixed: routes from a customer gateway to either kind of gateway.
    let (most, gateway) = match (transit, is_static) {
        (true, true) => return,
        (true, false) => (1000, "transit"),
        (false, _) => (100, "virtual private"),
    };
    let count = list.value.len();
    if count > most {
        let message = format!("{count} networks are more than AWS takes");
        let _reported = sink.report(
            Problem::new(Code::TooManyNetworks, message)
                .at(&list.span, format!("a {gateway} gateway takes {most}"))
                .help("summarise neighbouring networks into larger ones"),
        );
    }
}

/// Checks the appliances against the networks and each other.
pub(super) fn appliances(
    field: &Field<Vec<Field<RawAppliance>>>,
    lan: &Checked<Vec<Spot<Ipv4Net>>>,
    sink: &Sink,
) -> Checked<Vec<Appliance>> {
    let Some(list) = field.get()? else {
        return Ok(Vec::new());
    };
    let mut seen = Seen::default();
    let checked = list
        .value
        .iter()
        .filter_map(Field::given)
        .map(|spot| appliance(spot, lan, &mut seen, sink))
        .collect();
    all(checked)
}

/// The names and addresses of the appliances so far.
#[derive(Default)]
struct Seen(BTreeMap<String, Range<usize>>);

impl Seen {
    fn once(&mut self, spot: &Spot<String>, what: String, sink: &Sink) -> Checked<()> {
        let Some(first) = self.0.insert(what.clone(), spot.span.clone()) else {
            return Ok(());
        };
        Err(sink.report(
            Problem::new(Code::ApplianceTwice, format!("two appliances have {what}"))
                .at(&spot.span, "again here")
                .at(&first, "first here")
                .help("correct one of them"),
        ))
    }
}

fn appliance(
    spot: &Spot<RawAppliance>,
    lan: &Checked<Vec<Spot<Ipv4Net>>>,
    seen: &mut Seen,
    sink: &Sink,
) -> Checked<Appliance> {
    let Spot { value: raw, span } = spot;
    let name = appliance_name(raw, span, seen, sink);
    let address = appliance_address(raw, span, lan, seen, sink);
    let profile = match raw.profile.get()? {
        None => Ok(None),
        Some(spot) => value(spot, Code::InvalidValue, sink, |text| {
            values::word(text, "a profile's name")
        })
        .map(Some),
    };
    Ok(Appliance {
        name: name?,
        address: address?,
        profile: profile?,
    })
}

fn appliance_name(
    raw: &RawAppliance,
    parent: &Range<usize>,
    seen: &mut Seen,
    sink: &Sink,
) -> Checked<SiteName> {
    let spot = required(&raw.name, "name", "name the appliance", parent, sink)?;
    let problem = |_| {
        InvalidValue::new(
            format!("{} cannot be an appliance's name", quoted(&spot.value)),
            "use 1 to 40 of a-z, 0-9 and `-`, with a letter or digit at both ends",
        )
    };
    let name: SiteName = value(spot, Code::InvalidValue, sink, |text| {
        text.parse().map_err(problem)
    })?;
    seen.once(spot, format!("the name `{name}`"), sink)?;
    Ok(name)
}

fn appliance_address(
    raw: &RawAppliance,
    parent: &Range<usize>,
    lan: &Checked<Vec<Spot<Ipv4Net>>>,
    seen: &mut Seen,
    sink: &Sink,
) -> Checked<IpAddr> {
    let help = "give the appliance's address in one of the networks of `lan`";
    let spot = required(&raw.address, "address", help, parent, sink)?;
    let address: IpAddr = value(spot, Code::InvalidAddress, sink, |text| {
        text.parse()
            .map_err(|_| InvalidValue::new(format!("{} is not an IP address", quoted(text)), help))
    })?;
    seen.once(spot, format!("the address {address}"), sink)?;
    let Ok(lan) = lan else {
        // Against networks that are wrong themselves, every answer would be a guess.
        return Ok(address);
    };
    inside(address, spot, lan, sink)
}

fn inside(
    address: IpAddr,
    spot: &Spot<String>,
    lan: &[Spot<Ipv4Net>],
    sink: &Sink,
) -> Checked<IpAddr> {
    let holder = match address {
        IpAddr::V4(v4) => lan.iter().find(|net| net.value.contains(&v4)),
        IpAddr::V6(_) => None,
    };
    let Some(net) = holder else {
        let nets: Vec<_> = lan
            .iter()
            .take(5)
            .map(|net| net.value.to_string())
            .collect();
        let problem = Problem::new(
            Code::ApplianceOutsideLan,
            format!("{address} is in none of the site's networks"),
        )
        .at(&spot.span, "outside");
        let problem = match lan {
            [only] => problem.at(&only.span, "the site's only network"),
            _ => problem,
        };
        let more = if lan.len() > nets.len() { ", …" } else { "" };
        return Err(sink.report(problem.help(format!(
            "correct the address, or add its network to `lan`, which has {}{more}",
            nets.join(", ")
        ))));
    };
    let edge = [net.value.network(), net.value.broadcast()].contains(&match address {
        IpAddr::V4(v4) => v4,
        IpAddr::V6(_) => return Ok(address),
    });
    if edge && net.value.prefix_len() < 31 {
        let message = format!("{address} is not a host's address");
        return Err(sink.report(
            Problem::new(Code::ApplianceNotAHost, message)
                .at(&spot.span, "the first or last address")
                .at(&net.span, "of this network")
                .help("give the appliance's own address"),
        ));
    }
    Ok(address)
}
