//! The device types that AWS has samples for, and a sample.

use std::fmt::Write as _;

use serde::Deserialize;

use crate::sandbox::calls::context::{Context, Done, Outcome};
use crate::sandbox::calls::describe::Page;
use crate::sandbox::calls::device_samples::{self, Facts};
use crate::sandbox::error::ApiError;
use crate::sandbox::ids::Kind;
use crate::sandbox::resource::existing;
use crate::sandbox::world::VpnConnection;
use crate::sandbox::xml::Xml;

/// The list as AWS gave it in March 2023; it may have grown since.
const LIST: &str = include_str!("../data/vpn-device-types.json");

#[derive(Deserialize)]
struct List {
    #[serde(rename = "VpnConnectionDeviceTypes")]
    types: Vec<DeviceType>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DeviceType {
    vpn_connection_device_type_id: String,
    vendor: String,
    platform: String,
    software: String,
}

pub(super) fn types(context: &mut Context<'_>) -> Outcome {
    let page = Page::parse_within(context, false, 200, 1_000)?;
    context.gate()?;
    let types = list()?;
    let mut body = Xml::new();
    body.list(
        "vpnConnectionDeviceTypeSet",
        page.of(&types),
        |xml, device| {
            xml.text(
                "vpnConnectionDeviceTypeId",
                &device.vpn_connection_device_type_id,
            )
            .text("vendor", &device.vendor)
            .text("platform", &device.platform)
            .text("software", &device.software);
        },
    );
    body.optional("nextToken", page.next(types.len()));
    Ok(Done::read(body))
}

/// A sample in the sandbox's own words: AWS's templates are its property.
pub(super) fn sample_configuration(context: &mut Context<'_>) -> Outcome {
    let params = &context.params;
    let id = params.id("VpnConnectionId", Kind::VpnConnection)?;
    let wanted = params.required("VpnConnectionDeviceTypeId")?;
    let ike = params.text("InternetKeyExchangeVersion").unwrap_or("ikev1");
    if !matches!(ike, "ikev1" | "ikev2") {
        return Err(ApiError::value("InternetKeyExchangeVersion", ike, ""));
    }
    let recommended = params.text("SampleType") == Some("recommended");
    if recommended && ike == "ikev1" {
        return Err(ApiError::new(
            "UnsupportedOperation",
            "The recommended sample type supports ikev2 only.",
        ));
    }
    context.gate()?;
    let types = list()?;
    let device = types
        .iter()
        .find(|device| device.vpn_connection_device_type_id == wanted)
        .ok_or_else(|| {
            ApiError::value("VpnConnectionDeviceTypeId", wanted, "It does not exist.")
        })?;
    let connection: &VpnConnection = existing(context.region, &id, context.now)?;
    let facts = Facts::of(context, connection, ike, recommended);
    if let Some(text) = device_samples::sample(&device.platform, &facts) {
        let mut body = Xml::new();
        body.text("vpnConnectionDeviceSampleConfiguration", text);
        return Ok(Done::read(body));
    }
    let mut text = format!(
        "! Sandbox sample for {} {} {}\n! VPN connection {id}, {ike}\n",
        device.vendor, device.platform, device.software
    );
    for (number, tunnel) in connection.tunnels.iter().enumerate() {
        let options = &tunnel.options;
        let key = if connection.keys_in_secrets_manager {
            "REDACTED"
        } else {
            options.pre_shared_key.expose()
        };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "! IPSec Tunnel #{}\n! outside {}\n! inside {} (AWS {})\n! pre-shared key {key}",
            number + 1,
            tunnel.outside_ip,
            options.site_inside(),
            options.aws_inside(),
        );
    }
    let mut body = Xml::new();
    body.text("vpnConnectionDeviceSampleConfiguration", text);
    Ok(Done::read(body))
}

fn list() -> Result<Vec<DeviceType>, ApiError> {
    serde_json::from_str::<List>(LIST)
        .map(|list| list.types)
        .map_err(|error| ApiError::with_status(500, "InternalError", error.to_string()))
}
