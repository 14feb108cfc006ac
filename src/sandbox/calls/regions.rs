//! Regions and availability zones.

use crate::sandbox::calls::context::{Context, Done, Outcome};
use crate::sandbox::error::ApiError;
use crate::sandbox::filter::Filters;
use crate::sandbox::lifecycle::fraction;
use crate::sandbox::seed;
use crate::sandbox::world::Tags;
use crate::sandbox::xml::Xml;

pub(super) fn describe_regions(context: &mut Context<'_>) -> Outcome {
    let filters = Filters::parse(
        &context.params,
        &["endpoint", "opt-in-status", "region-name"],
    )?;
    let wanted = context.params.strings("RegionName");
    if let Some(unknown) = wanted.iter().find(|name| !seed::REGIONS.contains(name)) {
        return Err(ApiError::value(
            "RegionName",
            unknown,
            "Region does not exist.",
        ));
    }
    context.gate()?;
    let regions = seed::REGIONS.into_iter().filter(|name| {
        (wanted.is_empty() || wanted.contains(name))
            && filters.match_all(&Tags::new(), |filter| {
                vec![match filter {
                    "endpoint" => endpoint(name),
                    "opt-in-status" => "opt-in-not-required".to_owned(),
                    _ => (*name).to_owned(),
                }]
            })
    });
    let mut body = Xml::new();
    body.list("regionInfo", regions, |xml, name| {
        xml.text("regionName", name)
            .text("regionEndpoint", endpoint(name))
            .text("optInStatus", "opt-in-not-required");
    });
    Ok(Done::read(body))
}

pub(super) fn describe_availability_zones(context: &mut Context<'_>) -> Outcome {
    let known = [
        "group-name",
        "opt-in-status",
        "region-name",
        "state",
        "zone-id",
        "zone-name",
        "zone-type",
    ];
    let filters = Filters::parse(&context.params, &known)?;
    let names = context.params.strings("ZoneName");
    let zone_ids = context.params.strings("ZoneId");
    let region = context.region.name.clone();
    let zones: Vec<(String, String)> = ["a", "b", "c"]
        .into_iter()
        .map(|letter| (format!("{region}{letter}"), zone_id(&region, letter)))
        .collect();
    for name in &names {
        if !zones.iter().any(|(zone, _)| zone == name) {
            return Err(ApiError::value(
                "ZoneName",
                name,
                "The availability zone does not exist.",
            ));
        }
    }
    context.gate()?;
    let zones = zones.iter().filter(|(zone, id)| {
        (names.is_empty() || names.contains(&zone.as_str()))
            && (zone_ids.is_empty() || zone_ids.contains(&id.as_str()))
            && filters.match_all(&Tags::new(), |filter| {
                vec![match filter {
                    "group-name" => format!("{region}-zg-1"),
                    "opt-in-status" => "opt-in-not-required".to_owned(),
                    "region-name" => region.clone(),
                    "state" => "available".to_owned(),
                    "zone-id" => id.clone(),
                    "zone-type" => "availability-zone".to_owned(),
                    _ => zone.clone(),
                }]
            })
    });
    let mut body = Xml::new();
    body.list("availabilityZoneInfo", zones, |xml, (zone, id)| {
        xml.text("zoneName", zone)
            .text("zoneId", id)
            .text("zoneState", "available")
            .text("zoneType", "availability-zone")
            .text("regionName", &region)
            .text("groupName", format!("{region}-zg-1"))
            .text("networkBorderGroup", &region)
            .text("optInStatus", "opt-in-not-required")
            .within("messageSet", |_| ());
    });
    Ok(Done::read(body))
}

fn endpoint(region: &str) -> String {
    format!("ec2.{region}.amazonaws.com")
}

/// The id of a zone, like `euc1-az2`; which letter it has differs between accounts.
pub(super) fn zone_id(region: &str, letter: &str) -> String {
    let mut parts = region.split('-');
    let area = parts.next().unwrap_or_default();
    let direction: String = parts.next().unwrap_or_default().chars().take(1).collect();
    let number = parts.next().unwrap_or_default();
    let shift = if fraction(0, region, "zones") < 0.5 {
        1
    } else {
        2
    };
    let index = match letter {
        "a" => 0,
        "b" => 1,
        _ => 2,
    };
    format!("{area}{direction}{number}-az{}", (index + shift) % 3 + 1)
}
