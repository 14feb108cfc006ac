//! A VPN connection that runs over Direct Connect, and where its two ends have their addresses.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::super::codes::Code;
use super::super::field::Spot;
use super::super::net::InvalidValue;
use super::super::problem::{Checked, Problem, Sink};
use super::super::raw::{RawAws, RawDirectConnect, RawSite};
use super::super::site::{AttachTo, Routing};
use super::lan::network;
use super::special::{self, Use};
use super::values::value;

/// The smallest network that a transit gateway takes for its own (EC2 API reference).
const LONGEST: u8 = 24;

/// Checks the transit gateway's own network, and whether the rest of the site file goes with it.
pub(super) fn private_vpn(
    raw: &RawDirectConnect,
    aws: &RawAws,
    attach_to: Option<&AttachTo>,
    site: &RawSite,
    sink: &Sink,
) -> Checked<Option<Ipv4Net>> {
    let Some(spot) = raw.private_vpn.get()? else {
        return Ok(None);
    };
    let net = value(spot, Code::InvalidNetwork, sink, network)?;
    value(spot, Code::DirectConnectUnusable, sink, |_| {
        own_network(net)
    })?;
    let problems = [
        on_transit_gateway(attach_to),
        by_bgp(site),
        not_accelerated(aws),
        clash(net, site),
    ];
    let refused = problems.into_iter().flatten().map(|it| {
        let problem = Problem::new(Code::DirectConnectUnusable, it.problem);
        sink.report(problem.at(&spot.span, "asks for it").help(it.help))
    });
    let refused: Vec<_> = refused.collect();
    announced(raw, spot, net, sink)?;
    refused.into_iter().next().map_or(Ok(Some(net)), Err)
}

fn on_transit_gateway(attach_to: Option<&AttachTo>) -> Option<InvalidValue> {
    match attach_to {
        None | Some(AttachTo::TransitGateway(_)) => None,
        Some(AttachTo::VirtualPrivateGateway(_)) => Some(InvalidValue::new(
            "a VPN connection over Direct Connect ends on a transit gateway",
            "write `attach_to: { transit_gateway: ... }`, or remove `private_vpn`",
        )),
    }
}

fn by_bgp(site: &RawSite) -> Option<InvalidValue> {
    let routing = site.routing.given().map(|it| &it.value);
    (routing == Some(&Routing::Static)).then(|| {
        InvalidValue::new(
            "Direct Connect needs BGP",
            "remove `routing: static`, or `private_vpn`",
        )
    })
}

fn not_accelerated(aws: &RawAws) -> Option<InvalidValue> {
    let transit = aws.transit.given().map(|it| &it.value);
    let accelerated = transit.and_then(|it| it.accelerated.given());
    accelerated.filter(|it| it.value).map(|_| {
        InvalidValue::new(
            "a VPN connection over Direct Connect cannot be accelerated",
            "remove `transit.accelerated`: it never leaves AWS's network and the cross connect",
        )
    })
}

/// Large enough, and no network in which nobody can have an address.
fn own_network(net: Ipv4Net) -> Result<(), InvalidValue> {
    if net.prefix_len() > LONGEST {
        return Err(InvalidValue::new(
            format!("{net} is too small: a transit gateway takes /{LONGEST} or larger"),
            "give a network that nothing else uses, such as 10.255.0.0/24",
        ));
    }
    let special = special::of(net.network()).filter(|it| it.good_for == Use::Nothing);
    special.map_or(Ok(()), |it| {
        Err(InvalidValue::new(
            format!(
                "{net} cannot be a transit gateway's: {} is {}",
                it.net, it.what
            ),
            "give a network that nothing else uses, such as 10.255.0.0/24",
        ))
    })
}

/// The transit gateway's network is apart from the router's address and the site's networks: what is
/// inside the tunnels must not lead to their own ends.
fn clash(net: Ipv4Net, site: &RawSite) -> Option<InvalidValue> {
    let gateway = site.gateway.given().map(|it| &it.value);
    let address: Option<Ipv4Addr> = gateway
        .and_then(|it| it.outside_ip.given())
        .and_then(|it| it.value.parse().ok());
    if let Some(address) = address.filter(|it| net.contains(it)) {
        return Some(InvalidValue::new(
            format!("the router's {address} lies in {net}, which is to be the transit gateway's"),
            "give the transit gateway another network",
        ));
    }
    let lan = site.lan.given().into_iter().flat_map(|it| &it.value);
    let lan = lan.filter_map(|it| it.given());
    for lan in lan.filter_map(|it| it.value.parse::<Ipv4Net>().ok()) {
        if lan.contains(&net) || net.contains(&lan) {
            return Some(InvalidValue::new(
                format!("the site's {lan} overlaps {net}, which is to be the transit gateway's"),
                "give the transit gateway another network",
            ));
        }
    }
    None
}

/// AWS has to tell the router where the tunnels end.
fn announced(
    raw: &RawDirectConnect,
    spot: &Spot<String>,
    net: Ipv4Net,
    sink: &Sink,
) -> Checked<()> {
    let Some(listed) = raw.allowed_prefixes.given() else {
        return Ok(());
    };
    let mut nets = listed.value.iter().filter_map(|it| it.given());
    let holds = |text: &str| text.parse::<Ipv4Net>().is_ok_and(|it| it.contains(&net));
    if nets.any(|it| holds(&it.value)) {
        return Ok(());
    }
    let message = format!("the allowed prefixes lack {net}, where the tunnels end");
    Err(sink.report(
        Problem::new(Code::DirectConnectUnusable, message)
            .at(&listed.span, "the router is not told of it")
            .at(&spot.span, "the transit gateway's network")
            .help("remove `allowed_prefixes`: that network alone is announced then"),
    ))
}

/// An address that AWS can reach over Direct Connect.
pub(super) fn private(address: Ipv4Addr) -> Result<Ipv4Addr, InvalidValue> {
    let [first, second, ..] = address.octets();
    // RFC 1918, and RFC 6598's shared space.
    if address.is_private() || first == 100 && (64..128).contains(&second) {
        return Ok(address);
    }
    Err(InvalidValue::new(
        format!("{address} is no private address"),
        "with `aws.direct_connect.private_vpn` the tunnels run over Direct Connect: give the \
         private address that the router ends them on, such as 10.254.0.1",
    ))
}
