//! The AWS side, where a Direct Connect stands beside the VPN connection.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::ops::Range;

use ipnet::Ipv4Net;

use super::super::codes::Code;
use super::super::field::{Field, Spot};
use super::super::id::{DxConnectionId, DxGatewayId};
use super::super::net::{Asn, InvalidValue};
use super::super::problem::{Checked, Problem, Sink, all, quoted};
use super::super::raw::{RawAws, RawDirectConnect, RawDxOrder, RawLinkAddresses, RawSite};
use super::super::site::{AttachTo, DirectConnectSide, DxOrder, DxTarget, LinkAddresses};
use super::super::text::is_hostile;
use super::lan::network;
use super::private_vpn::private_vpn;
use super::values::{self, optional, ranged, required, value};

/// The ports that AWS sells (Direct Connect guide).
const BANDWIDTHS: [&str; 4] = ["1Gbps", "10Gbps", "100Gbps", "400Gbps"];
/// Allowed prefixes of an association, at most (Direct Connect quotas: to a transit gateway).
const PREFIXES: usize = 200;
/// The default of `gateway_asn`: not the default of every other gateway of AWS's, because a transit
/// gateway and a Direct Connect gateway with one ASN cannot be joined.
const GATEWAY_ASN: u32 = 64_513;

/// Checks the Direct Connect, if there is one.
pub(super) fn direct_connect(
    aws: &RawAws,
    attach_to: Option<&AttachTo>,
    site: &RawSite,
    sink: &Sink,
) -> Checked<Option<DirectConnectSide>> {
    let Some(Spot { value: raw, span }) = aws.direct_connect.get()? else {
        return Ok(None);
    };
    let connection = connection(raw, span, sink);
    let help = "give a VLAN that is free on the connection, 1 to 4094";
    let name = "aws.direct_connect.vlan";
    let vlan = required(&raw.vlan, name, help, span, sink);
    let vlan = vlan.and_then(|_| ranged(&raw.vlan, name, "", 1..=4094, sink));
    let gateway = optional::<DxGatewayId>(&raw.gateway, Code::InvalidId, sink);
    let gateway_asn = gateway_asn(raw, aws, attach_to, sink);
    let addresses = addresses(raw, sink);
    let mtu = mtu(&raw.mtu, attach_to, sink);
    let private_vpn = private_vpn(raw, aws, attach_to, site, sink);
    let allowed_prefixes = prefixes(&raw.allowed_prefixes, sink);
    if let (Ok(Some(_)), Some(asn)) = (&gateway, raw.gateway_asn.given()) {
        let message =
            "`gateway_asn` has no effect: an existing Direct Connect gateway keeps its own";
        let problem = Problem::new(Code::FieldUnused, message).at(&asn.span, "not used");
        sink.warn(problem.help("remove it"));
    }
    Ok(Some(DirectConnectSide {
        connection: connection?,
        vlan: vlan?.and_then(|it| u16::try_from(it).ok()).unwrap_or(1),
        gateway: gateway?.map(|spot| spot.value),
        gateway_asn: gateway_asn?,
        addresses: addresses?,
        mtu: mtu?,
        allowed_prefixes: allowed_prefixes?,
        bfd: raw.bfd.get()?.is_none_or(|spot| spot.value),
        private_vpn: private_vpn?,
    }))
}

fn unusable(message: impl Into<String>, span: &Range<usize>, help: impl Into<String>) -> Problem {
    Problem::new(Code::DirectConnectUnusable, message.into())
        .at(span, "")
        .help(help.into())
}

fn connection(raw: &RawDirectConnect, span: &Range<usize>, sink: &Sink) -> Checked<DxTarget> {
    let existing = optional::<DxConnectionId>(&raw.connection, Code::InvalidId, sink);
    let order = raw.order.get()?.map(|spot| (order(spot, sink), &spot.span));
    match (existing?, order) {
        (Some(existing), None) => Ok(DxTarget::Existing(existing.value)),
        (None, Some((order, _))) => Ok(DxTarget::Order(order?)),
        (Some(existing), Some((_, order))) => Err(sink.report(
            unusable("both a connection and an order for one", order, "")
                .at(&existing.span, "this one exists")
                .help("keep `connection` if it is there, and `order` if it is not"),
        )),
        (None, None) => Err(sink.report(
            Problem::new(Code::MissingField, "`direct_connect` names no connection")
                .at(span, "it belongs here")
                .help(
                    "write `connection: dxcon-...`, or ask for a port: `order: { location: ..., \
                     bandwidth: 1Gbps }`",
                ),
        )),
    }
}

fn order(spot: &Spot<RawDxOrder>, sink: &Sink) -> Checked<DxOrder> {
    let Spot { value: raw, span } = spot;
    let help = "`aws directconnect describe-locations` lists the codes";
    let location = required(&raw.location, "order.location", help, span, sink)
        .and_then(|spot| value(spot, Code::DirectConnectUnusable, sink, location));
    let help = "write 1Gbps, 10Gbps, 100Gbps or 400Gbps";
    let bandwidth = required(&raw.bandwidth, "order.bandwidth", help, span, sink)
        .and_then(|spot| value(spot, Code::DirectConnectUnusable, sink, bandwidth));
    let provider = match raw.provider.get()? {
        Some(spot) => value(spot, Code::DirectConnectUnusable, sink, provider).map(Some),
        None => Ok(None),
    };
    let macsec = raw.macsec.get()?;
    if let (Ok(speed), Some(wish)) = (&bandwidth, macsec.filter(|it| it.value))
        && speed == BANDWIDTHS[0]
    {
        let message = format!("a port of {speed} has no MACsec");
        return Err(sink.report(unusable(
            message,
            &wish.span,
            "order 10Gbps or more, or leave `macsec` out",
        )));
    }
    Ok(DxOrder {
        location: location?,
        bandwidth: bandwidth?,
        provider: provider?,
        macsec: macsec.is_some_and(|spot| spot.value),
    })
}

fn location(text: &str) -> Result<String, InvalidValue> {
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if plain && (1..=40).contains(&text.len()) {
        return Ok(text.to_owned());
    }
    Err(InvalidValue::new(
        format!("{} is not the code of a location", quoted(text)),
        "write a code such as `EqFA5`",
    ))
}

fn bandwidth(text: &str) -> Result<String, InvalidValue> {
    let known = BANDWIDTHS.iter().find(|it| it.eq_ignore_ascii_case(text));
    known.map(|it| (*it).to_owned()).ok_or_else(|| {
        InvalidValue::new(
            format!("{} is not the speed of a port", quoted(text)),
            format!("write one of {}", BANDWIDTHS.join(", ")),
        )
    })
}

fn provider(text: &str) -> Result<String, InvalidValue> {
    let fits = !text.is_empty() && text.chars().count() <= 100 && !text.chars().any(is_hostile);
    if fits {
        return Ok(text.to_owned());
    }
    Err(InvalidValue::new(
        format!("{} is not a provider's name", quoted(text)),
        "write the name as `aws directconnect describe-locations` shows it",
    ))
}

/// A Direct Connect gateway and a transit gateway with one ASN cannot be joined (Direct Connect
/// guide).
fn gateway_asn(
    raw: &RawDirectConnect,
    aws: &RawAws,
    attach_to: Option<&AttachTo>,
    sink: &Sink,
) -> Checked<Asn> {
    let spot = match raw.gateway_asn.get()? {
        Some(spot) => spot,
        None => return default_asn().map_err(|help| missing_asn(&help, sink)),
    };
    let asn = value(spot, Code::InvalidValue, sink, values::asn)?;
    let transit = matches!(attach_to, Some(AttachTo::TransitGateway(_)));
    let other = aws.amazon_side_asn.given();
    let other = other.and_then(|other| Some((values::asn(&other.value).ok()?, &other.span)));
    if let Some((_, span)) = other.filter(|(other, _)| transit && *other == asn) {
        return Err(sink.report(
            unusable("both gateways have one ASN", &spot.span, "")
                .at(span, "the transit gateway's")
                .help("give the Direct Connect gateway an ASN of its own"),
        ));
    }
    Ok(asn)
}

fn default_asn() -> Result<Asn, InvalidValue> {
    GATEWAY_ASN.try_into()
}

fn missing_asn(error: &InvalidValue, sink: &Sink) -> super::super::problem::Reported {
    sink.report(Problem::new(Code::InvalidValue, error.problem.clone()))
}

fn addresses(raw: &RawDirectConnect, sink: &Sink) -> Checked<Option<LinkAddresses>> {
    let Some(Spot { value: raw, span }) = raw.addresses.get()? else {
        return Ok(None);
    };
    let RawLinkAddresses { amazon, router } = raw;
    let help = "give both ends, such as 169.254.100.1/30 and 169.254.100.2/30";
    let amazon = required(amazon, "addresses.amazon", help, span, sink)
        .and_then(|spot| value(spot, Code::DirectConnectUnusable, sink, end_of_link));
    let router = required(router, "addresses.router", help, span, sink)
        .and_then(|spot| value(spot, Code::DirectConnectUnusable, sink, end_of_link));
    let (amazon, router) = (amazon?, router?);
    if amazon.trunc() != router.trunc() || amazon.addr() == router.addr() {
        let message = format!("{amazon} and {router} are not the two ends of one link");
        return Err(sink.report(unusable(message, span, help)));
    }
    Ok(Some(LinkAddresses { amazon, router }))
}

/// A host's address with the mask of a link: /24 to /31, private or link-local.
fn end_of_link(text: &str) -> Result<Ipv4Net, InvalidValue> {
    let wrong = |why: &str| {
        InvalidValue::new(
            format!("{} {why}", quoted(text)),
            "write an address with the link's mask, such as 169.254.100.1/30",
        )
    };
    let net: Ipv4Net = text
        .parse()
        .map_err(|_| wrong("is not an address with a mask"))?;
    let address = net.addr();
    if !(24..=31).contains(&net.prefix_len()) {
        return Err(wrong("has no link's mask, /24 to /31"));
    }
    if !address.is_private() && !address.is_link_local() {
        return Err(wrong("is neither private nor link-local"));
    }
    let is_host = |it: Ipv4Addr| it != net.network() && it != net.broadcast();
    if net.prefix_len() < 31 && !is_host(address) {
        return Err(wrong("is no host's address in that network"));
    }
    Ok(net)
}

fn mtu(field: &Field<u32>, attach_to: Option<&AttachTo>, sink: &Sink) -> Checked<u16> {
    let Some(spot) = field.get()? else {
        return Ok(1500);
    };
    let transit = matches!(attach_to, Some(AttachTo::TransitGateway(_)));
    match (spot.value, transit) {
        (1500, _) => Ok(1500),
        (8500, _) => Ok(8500),
        (9001, false) => Ok(9001),
        (other, _) => {
            let (kind, choices) = match transit {
                true => ("transit", "1500 or 8500"),
                false => ("private", "1500, 8500 or 9001"),
            };
            let message = format!("a {kind} virtual interface has no MTU of {other}");
            Err(sink.report(unusable(message, &spot.span, format!("write {choices}"))))
        }
    }
}

fn prefixes(field: &Field<Vec<Field<String>>>, sink: &Sink) -> Checked<Vec<Ipv4Net>> {
    let Some(spot) = field.get()? else {
        return Ok(Vec::new());
    };
    if spot.value.is_empty() {
        let message = "with no allowed prefix AWS announces nothing, and says nothing of it";
        let problem = Problem::new(Code::EmptyValue, message).at(&spot.span, "empty");
        return Err(sink.report(problem.help("remove it to have the VPC's networks announced")));
    }
    if spot.value.len() > PREFIXES {
        let message = format!("{} allowed prefixes are too many", spot.value.len());
        return Err(sink.report(unusable(
            message,
            &spot.span,
            format!("list at most {PREFIXES}"),
        )));
    }
    let nets: Vec<Checked<Ipv4Net>> = spot
        .value
        .iter()
        .filter_map(Field::given)
        .map(|spot| value(spot, Code::InvalidNetwork, sink, network))
        .collect();
    let sorted: BTreeSet<Ipv4Net> = all(nets)?.into_iter().collect();
    Ok(sorted.into_iter().collect())
}
