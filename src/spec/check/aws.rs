//! The AWS side: ids, and which gateway is meant.

use std::collections::BTreeSet;
use std::ops::Range;

use super::super::codes::Code;
use super::super::field::{Field, Spot, WordOr};
use super::super::id::{RouteTableId, VpnGatewayId};
use super::super::net::{Asn, InvalidValue};
use super::super::problem::{Checked, Problem, Sink, all, quoted};
use super::super::raw::{RawAttachTo, RawAws, RawSite};
use super::super::site::{AttachTo, AwsSide, RouteTables, Routing, TransitTarget};
use super::direct_connect;
use super::transit;
use super::values::{self, optional, required, value};

/// Checks the whole AWS side.
pub(super) fn aws(spot: &Spot<RawAws>, site: &RawSite, sink: &Sink) -> Checked<AwsSide> {
    let Spot { value: raw, span } = spot;
    let account = optional(&raw.account, Code::InvalidId, sink);
    let help = "give the id of the VPC that the site shall reach";
    let vpc = required(&raw.vpc, "aws.vpc", help, span, sink)
        .and_then(|spot| value(spot, Code::InvalidId, sink, str::parse));
    let attach_to = attach_to(&raw.attach_to, sink);
    let transit = transit::transit(raw, attach_to.as_ref().ok(), site, sink);
    let amazon_side_asn = amazon_side_asn(&raw.amazon_side_asn, sink);
    let direct_connect = direct_connect::direct_connect(raw, attach_to.as_ref().ok(), site, sink);
    let route_tables = route_tables(&raw.route_tables, sink);
    let customer_gateway = optional(&raw.customer_gateway, Code::InvalidId, sink);
    let connection = optional(&raw.connection, Code::InvalidId, sink);
    if let (Ok(attach_to), Ok(asn)) = (&attach_to, &amazon_side_asn) {
        both_asns(attach_to, asn.as_ref(), raw, site, sink);
    }
    Ok(AwsSide {
        account: account?.map(|spot| spot.value),
        vpc: vpc?,
        attach_to: attach_to?,
        transit: transit?,
        direct_connect: direct_connect?,
        amazon_side_asn: amazon_side_asn?.map_or(Asn::AMAZON_DEFAULT, |spot| spot.value),
        route_tables: route_tables?,
        customer_gateway: customer_gateway?.map(|spot| spot.value),
        connection: connection?.map(|spot| spot.value),
    })
}

fn attach_to(field: &Field<WordOr<RawAttachTo>>, sink: &Sink) -> Checked<AttachTo> {
    let Some(spot) = field.get()? else {
        return Ok(AttachTo::VirtualPrivateGateway(None));
    };
    let named = match &spot.value {
        WordOr::Word(word) => return attach_word(word, &spot.span, sink),
        WordOr::Other(named) => named,
    };
    let vgw = optional::<VpnGatewayId>(&named.virtual_private_gateway, Code::InvalidId, sink);
    let tgw = transit::target(&named.transit_gateway, sink);
    match (vgw?, tgw?) {
        (Some(vgw), None) => Ok(AttachTo::VirtualPrivateGateway(Some(vgw.value))),
        (None, Some(tgw)) => Ok(AttachTo::TransitGateway(tgw.value)),
        (Some(vgw), Some(tgw)) => Err(sink.report(
            Problem::new(Code::GatewayAmbiguous, "`attach_to` names two gateways")
                .at(&tgw.span, "a transit gateway")
                .at(&vgw.span, "and a virtual private gateway")
                .help("keep the one that the VPC is attached to"),
        )),
        (None, None) => Err(sink.report(
            Problem::new(Code::MissingField, "`attach_to` names no gateway")
                .at(&spot.span, "it belongs here")
                .help(
                    "write `virtual-private-gateway`, or name an existing one: \
                     { virtual_private_gateway: vgw-... } or { transit_gateway: tgw-... }",
                ),
        )),
    }
}

fn attach_word(word: &str, span: &Range<usize>, sink: &Sink) -> Checked<AttachTo> {
    let help = match word {
        "virtual-private-gateway" => return Ok(AttachTo::VirtualPrivateGateway(None)),
        "transit-gateway" | "transit_gateway" => {
            "name the transit gateway: { transit_gateway: tgw-... }, by a tag: { transit_gateway: \
             Name=core }, or ask for one: { transit_gateway: new }"
                .to_owned()
        }
        id if id.starts_with("tgw-") => format!("write {{ transit_gateway: {id} }}"),
        id if id.starts_with("vgw-") => format!("write {{ virtual_private_gateway: {id} }}"),
        _ => "write `virtual-private-gateway`, or { transit_gateway: tgw-... }".to_owned(),
    };
    let message = format!("`attach_to` cannot be {}", quoted(word));
    Err(sink.report(
        Problem::new(Code::NotAChoice, message)
            .at(span, "not one of the choices")
            .help(help),
    ))
}

fn amazon_side_asn(field: &Field<String>, sink: &Sink) -> Checked<Option<Spot<Asn>>> {
    let Some(spot) = field.get()? else {
        return Ok(None);
    };
    let asn = value(spot, Code::AmazonAsnRange, sink, |text| {
        let asn = values::asn(text)?;
        if asn.is_private() {
            Ok(asn)
        } else {
            Err(InvalidValue::new(
                format!("{asn} cannot be AWS's ASN"),
                "use 64512 to 65534 or 4200000000 to 4294967294",
            ))
        }
    })?;
    Ok(Some(Spot {
        value: asn,
        span: spot.span.clone(),
    }))
}

/// The site's ASN against AWS's, where AWS's is known to be the one of this file.
fn both_asns(
    attach_to: &AttachTo,
    amazon: Option<&Spot<Asn>>,
    raw: &RawAws,
    site: &RawSite,
    sink: &Sink,
) {
    let is_new = matches!(
        attach_to,
        AttachTo::VirtualPrivateGateway(None) | AttachTo::TransitGateway(TransitTarget::New)
    );
    if let Some(asn) = amazon.filter(|_| !is_new) {
        let message = "`amazon_side_asn` has no effect on an existing gateway";
        let problem = Problem::new(Code::FieldUnused, message).at(&asn.span, "not used");
        let problem = match raw.attach_to.given() {
            Some(spot) => problem.at(&spot.span, "this gateway has its own"),
            None => problem,
        };
        sink.warn(problem.help("remove it; `underpass plan` shows the gateway's ASN"));
        return;
    }
    if !is_new {
        return;
    }
    let is_static = site
        .routing
        .given()
        .is_some_and(|routing| routing.value == Routing::Static);
    let gateway = site.gateway.given();
    let Some(own) = gateway.and_then(|gateway| gateway.value.asn.given()) else {
        return;
    };
    let aws = amazon.map_or(Asn::AMAZON_DEFAULT, |spot| spot.value);
    if is_static || values::asn(&own.value) != Ok(aws) {
        return;
    }
    let problem = Problem::new(Code::AsnSameAsAws, format!("both ends have ASN {aws}"))
        .at(&own.span, "the site's");
    let problem = match amazon {
        Some(spot) => problem.at(&spot.span, "AWS's"),
        None => problem,
    };
    let _reported = sink.report(problem.help(match amazon {
        Some(_) => "change one of the two",
        None => {
            "AWS's side is 64512 unless `aws.amazon_side_asn` says otherwise: change one of the two"
        }
    }));
}

fn route_tables(field: &Field<WordOr<Vec<Field<String>>>>, sink: &Sink) -> Checked<RouteTables> {
    let Some(spot) = field.get()? else {
        return Ok(RouteTables::All);
    };
    let list = match &spot.value {
        WordOr::Word(word) if word == "all" => return Ok(RouteTables::All),
        WordOr::Word(word) => {
            let message = format!("`route_tables` cannot be {}", quoted(word));
            let help = if word.starts_with("rtb-") {
                format!("put it in brackets: [{word}]")
            } else {
                "write `all`, or list route tables: [rtb-...]".to_owned()
            };
            return Err(sink.report(
                Problem::new(Code::NotAChoice, message)
                    .at(&spot.span, "not one of the choices")
                    .help(help),
            ));
        }
        WordOr::Other(list) => list,
    };
    if list.is_empty() {
        return Err(sink.report(
            Problem::new(Code::EmptyValue, "`route_tables` lists no route table")
                .at(&spot.span, "empty")
                .help("remove it for `all`, or list some: [rtb-...]"),
        ));
    }
    let ids: Vec<Checked<RouteTableId>> = list
        .iter()
        .filter_map(Field::given)
        .map(|spot| value(spot, Code::InvalidId, sink, str::parse))
        .collect();
    let sorted: BTreeSet<_> = all(ids)?.into_iter().collect();
    Ok(RouteTables::Listed(sorted.into_iter().collect()))
}
