//! The whole site.

use std::collections::BTreeMap;
use std::ops::Range;
use std::str::FromStr;

use jiff::SignedDuration;

use super::super::codes::Code;
use super::super::durations;
use super::super::field::{Field, Spot, Table};
use super::super::net::{InvalidValue, Region, SiteName};
use super::super::problem::{Checked, Problem, Sink, all, quoted};
use super::super::raw::RawSite;
use super::super::site::{Environment, Routing, Site};
use super::gateway::Surroundings;
use super::values::{required, value};
use super::{aws, gateway, lan, tunnels};

/// AWS takes 50 tags for each object; ours need room.
const MOST_TAGS: usize = 40;

/// Checks everything; `top` is where to point when a whole part is missing.
pub(in crate::spec) fn site(raw: &RawSite, top: &Range<usize>, sink: &Sink) -> Checked<Site> {
    let help = "name the site with 1 to 40 of a-z, 0-9 and `-`";
    let name = required(&raw.site, "site", help, top, sink)
        .and_then(|spot| value(spot, Code::InvalidValue, sink, SiteName::from_str));
    let help = "give the VPC's Region, such as eu-central-1";
    let region = required(&raw.region, "region", help, top, sink)
        .and_then(|spot| value(spot, Code::InvalidValue, sink, Region::from_str));
    let environment = raw.environment.get();
    let expires_after = expires_after(raw, sink);
    let around = Surroundings {
        region: region.as_ref().ok(),
        routing: &raw.routing,
        private: private_vpn(raw),
    };
    let help = "describe the router: `gateway: { device: ..., outside_ip: ..., asn: ... }`";
    let gateway = required(&raw.gateway, "gateway", help, top, sink)
        .and_then(|spot| gateway::gateway(spot, &around, sink));
    let lan = lan::lan(raw, top, sink);
    let appliances = lan::appliances(&raw.appliances, &lan, sink);
    let help = "name the VPC: `aws: { vpc: vpc-... }`";
    let aws = required(&raw.aws, "aws", help, top, sink).and_then(|spot| aws::aws(spot, raw, sink));
    let tunnels = tunnels::tunnels(raw, sink);
    let tags = tags(&raw.tags, sink);
    sink.refused()?;
    Ok(Site {
        name: name?,
        region: region?,
        environment: environment?.map_or(Environment::Test, |spot| spot.value),
        expires_after: expires_after?,
        gateway: gateway?,
        lan: lan?.into_iter().map(|net| net.value).collect(),
        appliances: appliances?,
        aws: aws?,
        routing: raw.routing.get()?.map_or(Routing::Bgp, |spot| spot.value),
        security: raw
            .security
            .get()?
            .map(|spot| spot.value.clone())
            .unwrap_or_default(),
        tunnels: tunnels?,
        tags: tags?,
    })
}

/// Whether the VPN connection is to run over Direct Connect.
fn private_vpn(raw: &RawSite) -> bool {
    let side = raw.aws.given();
    let side = side.and_then(|it| it.value.direct_connect.given());
    side.is_some_and(|it| it.value.private_vpn.given().is_some())
}

fn expires_after(raw: &RawSite, sink: &Sink) -> Checked<Option<SignedDuration>> {
    let Some(spot) = raw.expires_after.get()? else {
        return Ok(None);
    };
    let duration = value(spot, Code::InvalidValue, sink, expiry);
    let environment = raw.environment.given();
    if let Some(environment) = environment.filter(|e| e.value == Environment::Production) {
        return Err(sink.report(
            Problem::new(
                Code::ExpiryInProduction,
                "a production site does not expire",
            )
            .at(&spot.span, "would let `underpass reap` remove it")
            .at(&environment.span, "a production site")
            .help("remove `expires_after`, or set `environment: test`"),
        ));
    }
    duration.map(Some)
}

/// Reads how long a test site lives: 10 minutes to 30 days.
pub(in crate::spec) fn expiry(text: &str) -> Result<SignedDuration, InvalidValue> {
    let duration = durations::parse(text)?;
    let days = SignedDuration::from_hours(30 * 24);
    if (SignedDuration::from_mins(10)..=days).contains(&duration) {
        Ok(duration)
    } else {
        Err(InvalidValue::new(
            format!("a site cannot live for {}", quoted(text)),
            "give 10m to 30d, such as 8h",
        ))
    }
}

fn tags(field: &Field<Table>, sink: &Sink) -> Checked<BTreeMap<String, String>> {
    let Some(table) = field.get()? else {
        return Ok(BTreeMap::new());
    };
    let entries = &table.value.0;
    if entries.len() > MOST_TAGS {
        let message = format!("{} tags are more than AWS has room for", entries.len());
        return Err(sink.report(
            Problem::new(Code::TooManyTags, message)
                .at(&table.span, "too many")
                .help(format!("keep at most {MOST_TAGS}")),
        ));
    }
    let tags = entries
        .iter()
        .filter_map(|(key, text)| Some(tag(key.given()?, text, sink)))
        .collect();
    Ok(all(tags)?.into_iter().collect())
}

fn tag(key: &Spot<String>, text: &Field<String>, sink: &Sink) -> Checked<(String, String)> {
    let named = tag_key(key, sink);
    let text = match text.get()? {
        Some(text) => value(text, Code::TagUnusable, sink, tag_value),
        None => Ok(String::new()),
    };
    named?;
    Ok((key.value.clone(), text?))
}

fn tag_key(key: &Spot<String>, sink: &Sink) -> Checked<()> {
    let lower = key.value.to_ascii_lowercase();
    let refuse = |why: &str, help: &str| {
        let message = format!("{} cannot be a tag's key: {why}", quoted(&key.value));
        InvalidValue::new(message, help)
    };
    value(key, Code::TagUnusable, sink, |text| {
        if lower.starts_with("aws:") {
            Err(refuse("AWS keeps `aws:` for itself", "use another prefix"))
        } else if lower.starts_with("underpass:") {
            Err(refuse(
                "by `underpass:` ownership is told",
                "use another prefix",
            ))
        } else if text.trim().is_empty() || text.chars().count() > 128 {
            Err(refuse("AWS takes 1 to 128 characters", "rename it"))
        } else {
            Ok(())
        }
    })
}

fn tag_value(text: &str) -> Result<String, InvalidValue> {
    let length = text.chars().count();
    if length <= 256 {
        Ok(text.to_owned())
    } else {
        Err(InvalidValue::new(
            format!("a tag's value has {length} characters"),
            "AWS takes up to 256",
        ))
    }
}
