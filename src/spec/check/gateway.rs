//! The site's router.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use super::super::codes::Code;
use super::super::field::{Field, Spot, Table};
use super::super::net::{Asn, InvalidValue, Region};
use super::super::problem::{Checked, Problem, Sink, quoted};
use super::super::raw::RawGateway;
use super::super::site::{Gateway, Routing};
use super::private_vpn;
use super::special::{self, Special, Use};
use super::values::{self, ranged, required, value};

/// What else the router's checks look at.
pub(super) struct Surroundings<'a> {
    pub(super) region: Option<&'a Region>,
    pub(super) routing: &'a Field<Routing>,
    /// Whether the tunnels run over Direct Connect.
    pub(super) private: bool,
}

/// Checks the whole gateway.
pub(super) fn gateway(
    raw: &Spot<RawGateway>,
    around: &Surroundings<'_>,
    sink: &Sink,
) -> Checked<Gateway> {
    let Spot { value: raw, span } = raw;
    let device = device(raw, span, sink);
    let outside_ip = match around.private {
        true => private_address(raw, span, sink),
        false => public_address(raw, span, sink),
    };
    let local_ip = local_address(&raw.local_ip, sink);
    let asn = site_asn(raw, span, around, sink);
    let uplink_mtu = ranged(&raw.uplink_mtu, "uplink_mtu", "bytes", 1280..=1500, sink);
    let options = options(&raw.options, sink);
    Ok(Gateway {
        device: device?,
        outside_ip: outside_ip?,
        local_ip: local_ip?,
        asn: asn?,
        uplink_mtu: uplink_mtu?
            .and_then(|mtu| u16::try_from(mtu).ok())
            .unwrap_or(1500),
        options: options?,
    })
}

fn device(raw: &RawGateway, parent: &Range<usize>, sink: &Sink) -> Checked<String> {
    let help = "name the router's family; `underpass devices` lists them";
    let spot = required(&raw.device, "gateway.device", help, parent, sink)?;
    value(spot, Code::InvalidValue, sink, |text| {
        values::word(text, "a device's name")
    })
}

fn public_address(raw: &RawGateway, parent: &Range<usize>, sink: &Sink) -> Checked<Ipv4Addr> {
    let help = "give the router's public IPv4 address, or that of the NAT before it";
    let spot = required(&raw.outside_ip, "gateway.outside_ip", help, parent, sink)?;
    let address = value(spot, Code::InvalidAddress, sink, ipv4)?;
    value(spot, Code::OutsideIpNotPublic, sink, |_| public(address))?;
    if special::of(address).is_some_and(|special| special.good_for == Use::Documentation) {
        sink.warn(
            Problem::new(
                Code::DocumentationAddress,
                format!("{address} is an address for documentation"),
            )
            .at(&spot.span, "nothing on the Internet has it")
            .help("good for the sandbox; give the real address before you use AWS"),
        );
    }
    Ok(address)
}

/// The address that AWS reaches over Direct Connect; no NAT stands in that way.
fn private_address(raw: &RawGateway, parent: &Range<usize>, sink: &Sink) -> Checked<Ipv4Addr> {
    let help = "give the private address that the router ends the tunnels on";
    let spot = required(&raw.outside_ip, "gateway.outside_ip", help, parent, sink)?;
    let address = value(spot, Code::InvalidAddress, sink, ipv4);
    let address = address.and_then(|address| {
        value(spot, Code::DirectConnectUnusable, sink, |_| {
            private_vpn::private(address)
        })
    });
    if let Some(local) = raw.local_ip.given() {
        let message = "no NAT stands between the router and Direct Connect";
        let problem = Problem::new(Code::LocalIpUnusable, message).at(&local.span, "remove it");
        return Err(sink.report(problem.help("`outside_ip` is the router's own address here")));
    }
    address
}

fn local_address(field: &Field<String>, sink: &Sink) -> Checked<Option<Ipv4Addr>> {
    let Some(spot) = field.get()? else {
        return Ok(None);
    };
    let address = value(spot, Code::InvalidAddress, sink, ipv4)?;
    value(spot, Code::LocalIpUnusable, sink, |_| of_a_router(address)).map(Some)
}

fn site_asn(
    raw: &RawGateway,
    parent: &Range<usize>,
    around: &Surroundings<'_>,
    sink: &Sink,
) -> Checked<Asn> {
    let Some(spot) = raw.asn.get()? else {
        // Without a readable `routing` it is not known whether one is needed.
        let routing = around.routing.get()?;
        if routing.is_some_and(|routing| routing.value == Routing::Static) {
            return Ok(Asn::STATIC_DEFAULT);
        }
        let problem = Problem::new(Code::AsnMissing, "BGP needs an ASN for the site")
            .at(parent, "`asn` belongs here")
            .help("set `asn: 65010` or the number you own, or choose `routing: static`");
        let problem = match routing {
            Some(routing) => problem.at(&routing.span, "asks for BGP"),
            None => problem,
        };
        return Err(sink.report(problem));
    };
    let code = if spot.value.bytes().all(|b| b.is_ascii_digit()) {
        Code::AsnReserved
    } else {
        Code::InvalidValue
    };
    let asn = value(spot, code, sink, values::asn)?;
    value(spot, Code::AsnRefusedByAws, sink, |_| {
        accepted_by_aws(asn, around.region)
    })
}

/// AWS's own numbers, which it refuses for a customer gateway (AWS VPN guide).
fn accepted_by_aws(asn: Asn, region: Option<&Region>) -> Result<Asn, InvalidValue> {
    let own = match region.map(Region::as_str) {
        Some("eu-west-1") => Some(9059),
        Some("ap-northeast-1") => Some(10124),
        Some("ap-southeast-1") => Some(17943),
        _ => None,
    };
    match (asn.get(), region) {
        (7224, _) => Err("everywhere".to_owned()),
        (number, Some(region)) if Some(number) == own => Err(format!("in {region}")),
        _ => Ok(asn),
    }
    .map_err(|place| {
        InvalidValue::new(
            format!("AWS refuses ASN {asn} {place}: it is its own"),
            "use another number, such as a private one: 64512 to 65534",
        )
    })
}

fn options(field: &Field<Table>, sink: &Sink) -> Checked<BTreeMap<String, String>> {
    let Some(table) = field.get()? else {
        return Ok(BTreeMap::new());
    };
    let mut options = BTreeMap::new();
    let mut whole = Ok(());
    for (key, text) in &table.value.0 {
        let Some(key) = key.given() else { continue };
        let name = value(key, Code::InvalidValue, sink, |text| {
            values::word(text, "an option's name")
        });
        let text = required(
            text,
            &format!("gateway.options.{}", key.value),
            "give the option a value or remove it",
            &key.span,
            sink,
        );
        match (name, text) {
            (Ok(name), Ok(text)) => {
                options.insert(name, text.value.clone());
            }
            (Err(reported), _) | (_, Err(reported)) => whole = Err(reported),
        }
    }
    whole.map(|()| options)
}

/// Reads an IPv4 address.
fn ipv4(text: &str) -> Result<Ipv4Addr, InvalidValue> {
    text.parse().map_err(|_| {
        let help = if text.parse::<Ipv6Addr>().is_ok() {
            "underpass builds tunnels over IPv4: give the IPv4 address"
        } else if text.contains('/') {
            "give the address alone, without the prefix length"
        } else {
            "write four decimal numbers with dots, without port; a host's name will not do"
        };
        InvalidValue::new(format!("{} is not an IPv4 address", quoted(text)), help)
    })
}

/// Refuses an address that the Internet does not reach.
fn public(address: Ipv4Addr) -> Result<Ipv4Addr, InvalidValue> {
    match special::of(address).filter(|special| special.good_for != Use::Documentation) {
        None => Ok(address),
        Some(Special { net, what, .. }) => Err(InvalidValue::new(
            format!("AWS cannot reach {address}: {net} is {what}"),
            "give the public address; behind a NAT that is the NAT's, and this one may be \
             `local_ip`",
        )),
    }
}

/// Reads an outside address: IPv4, and not one that the Internet does not reach.
pub(in crate::spec) fn outside_ip(text: &str) -> Result<Ipv4Addr, InvalidValue> {
    ipv4(text).and_then(public)
}

/// Refuses an address that no router's WAN interface has.
fn of_a_router(address: Ipv4Addr) -> Result<Ipv4Addr, InvalidValue> {
    match special::of(address).filter(|special| special.good_for == Use::Nothing) {
        None => Ok(address),
        Some(Special { net, what, .. }) => Err(InvalidValue::new(
            format!("{address} cannot be the router's WAN address: {net} is {what}"),
            "give the address of the router's own WAN interface, such as 192.168.1.2",
        )),
    }
}

/// Reads the address of a router behind a NAT.
pub(in crate::spec) fn local_ip(text: &str) -> Result<Ipv4Addr, InvalidValue> {
    ipv4(text).and_then(of_a_router)
}
