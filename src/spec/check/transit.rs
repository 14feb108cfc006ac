//! The AWS side, where it is a transit gateway.

use std::collections::BTreeSet;
use std::str::FromStr;

use super::super::codes::Code;
use super::super::field::{Field, Spot};
use super::super::id::TransitGatewayId;
use super::super::net::InvalidValue;
use super::super::problem::{Checked, Problem, Sink, all, quoted};
use super::super::raw::{RawAws, RawSite, RawTransit};
use super::super::site::{AttachTo, Routing, TransitSide, TransitTarget};
use super::super::text::is_hostile;
use super::values::{optional, value};

/// The longest key and value of a tag, in characters (EC2 tag restrictions).
const LONGEST_KEY: usize = 128;
const LONGEST_VALUE: usize = 256;

/// Which transit gateway is meant.
pub(super) fn target(field: &Field<String>, sink: &Sink) -> Checked<Option<Spot<TransitTarget>>> {
    let Some(spot) = field.get()? else {
        return Ok(None);
    };
    let target = value(spot, Code::InvalidId, sink, parse)?;
    Ok(Some(Spot {
        value: target,
        span: spot.span.clone(),
    }))
}

fn parse(text: &str) -> Result<TransitTarget, InvalidValue> {
    if text == "new" {
        return Ok(TransitTarget::New);
    }
    let Some((key, value)) = text.split_once('=').filter(|_| !text.starts_with("tgw-")) else {
        let id = TransitGatewayId::from_str(text)?;
        return Ok(TransitTarget::Existing(id));
    };
    let fits = !key.is_empty()
        && key.chars().count() <= LONGEST_KEY
        && value.chars().count() <= LONGEST_VALUE
        && !text.chars().any(is_hostile);
    if !fits {
        return Err(InvalidValue::new(
            format!("{} is not a tag", quoted(text)),
            "write the key and the value of one tag, such as `Name=core`",
        ));
    }
    Ok(TransitTarget::Tagged {
        key: key.to_owned(),
        value: value.to_owned(),
    })
}

/// How the connection joins it.
pub(super) fn transit(
    aws: &RawAws,
    attach_to: Option<&AttachTo>,
    site: &RawSite,
    sink: &Sink,
) -> Checked<TransitSide> {
    let Some(Spot { value: raw, span }) = aws.transit.get()? else {
        return Ok(TransitSide::default());
    };
    if matches!(attach_to, Some(AttachTo::VirtualPrivateGateway(_))) {
        let message = "`transit` has no effect on a virtual private gateway";
        let problem = Problem::new(Code::FieldUnused, message).at(span, "not used");
        sink.warn(problem.help("remove it, or name a transit gateway in `attach_to`"));
    }
    let switch = |field: &Field<bool>| Ok(field.get()?.is_some_and(|spot| spot.value));
    let subnets = ids(&raw.subnets, "subnets", sink);
    let route_table = optional(&raw.route_table, Code::InvalidId, sink);
    let propagate_to = ids(&raw.propagate_to, "propagate_to", sink);
    both_widths(raw, sink);
    ecmp_needs_bgp(raw, site, sink);
    Ok(TransitSide {
        subnets: subnets?,
        route_table: route_table?.map(|spot| spot.value),
        propagate_to: propagate_to?,
        accelerated: switch(&raw.accelerated)?,
        large_bandwidth: switch(&raw.large_bandwidth)?,
        ecmp: switch(&raw.ecmp)?,
    })
}

/// Sorted and without repeats.
fn ids<T>(field: &Field<Vec<Field<String>>>, name: &str, sink: &Sink) -> Checked<Vec<T>>
where
    T: FromStr<Err: Into<InvalidValue>> + Ord,
{
    let Some(spot) = field.get()? else {
        return Ok(Vec::new());
    };
    if spot.value.is_empty() {
        let problem = Problem::new(Code::EmptyValue, format!("`{name}` lists nothing"));
        return Err(sink.report(
            problem
                .at(&spot.span, "empty")
                .help("remove it, or list some"),
        ));
    }
    let ids: Vec<Checked<T>> = spot
        .value
        .iter()
        .filter_map(Field::given)
        .map(|spot| value(spot, Code::InvalidId, sink, str::parse))
        .collect();
    let sorted: BTreeSet<T> = all(ids)?.into_iter().collect();
    Ok(sorted.into_iter().collect())
}

/// AWS has no accelerated connection with large tunnels (AWS VPN guide).
fn both_widths(raw: &RawTransit, sink: &Sink) {
    let on = |field: &Field<bool>| field.given().filter(|spot| spot.value).cloned();
    if let (Some(accelerated), Some(large)) = (on(&raw.accelerated), on(&raw.large_bandwidth)) {
        let message = "AWS has no accelerated connection with large tunnels";
        let _reported = sink.report(
            Problem::new(Code::TransitContradiction, message)
                .at(&accelerated.span, "accelerated")
                .at(&large.span, "and large")
                .help("choose one of the two"),
        );
    }
}

fn ecmp_needs_bgp(raw: &RawTransit, site: &RawSite, sink: &Sink) {
    let is_static = site.routing.given();
    let is_static = is_static.filter(|spot| spot.value == Routing::Static);
    let ecmp = raw.ecmp.given().filter(|spot| spot.value);
    if let (Some(routing), Some(ecmp)) = (is_static, ecmp) {
        let message = "both tunnels can carry at once with BGP only";
        let _reported = sink.report(
            Problem::new(Code::TransitContradiction, message)
                .at(&ecmp.span, "both tunnels at once")
                .at(&routing.span, "and static routes")
                .help("write `routing: bgp`, or remove `ecmp`"),
        );
    }
}
