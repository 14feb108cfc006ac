//! What a plan rests on, as hashes that do not depend on the order of AWS's lists.

use std::net::IpAddr;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::world::{World, is_of};
use crate::aws::{RouteTable, SeenTunnel, View, VpnConnection, VpnGateway};
use crate::spec::{Site, SiteName};

/// SHA-256 of the validated site, in hexadecimal.
pub(super) fn of_site(site: &Site) -> String {
    hash(&json!(site))
}

/// SHA-256 of a site's name, for plans that have no site file.
pub(super) fn of_name(site: &SiteName) -> String {
    hash(&json!(site))
}

/// SHA-256 of everything in AWS that an onboarding depends on; none offline.
///
/// Telemetry, propagated routes and passing states are left out: they change by themselves and no
/// step depends on them.
pub(super) fn of_world(world: &World<'_>) -> Option<String> {
    let view = world.view?;
    let tables: Vec<_> = world.route_tables.iter().map(|it| table(it)).collect();
    let gateways = world.gateway.into_iter().chain(world.attached_gateway());
    let connections = world
        .gateway_neighbours()
        .into_iter()
        .chain(world.device_neighbours());
    Some(hash(&json!({
        "vpc": world.vpc.map(|vpc| json!({"id": vpc.id, "cidrs": vpc.cidrs})),
        "route_tables": tables,
        "gateways": gateways.map(gateway).collect::<Vec<_>>(),
        "neighbours": connections.map(connection).collect::<Vec<_>>(),
        "devices": devices(world.site, view),
        "connection": world.connection.map(connection),
        "own": own(&world.site.name, view),
    })))
}

/// The customer gateways that a step may adopt: the named one and those of the same address.
fn devices(site: &Site, view: &View) -> Vec<Value> {
    let named = site.aws.customer_gateway.as_ref();
    let address = Some(IpAddr::V4(site.gateway.outside_ip));
    view.customer_gateways
        .values()
        .filter(|it| Some(&it.id) == named || it.ip_address == address)
        .filter(|it| !it.state.is_ending())
        .map(|it| json!([it.id, it.ip_address, it.bgp_asn, it.device_name, it.tags]))
        .collect()
}

/// SHA-256 of everything in AWS that is a site's, on which its teardown depends.
pub(super) fn of_own(site: &SiteName, view: &View) -> String {
    hash(&own(site, view))
}

fn own(site: &SiteName, view: &View) -> Value {
    let customer_gateways = view
        .customer_gateways
        .values()
        .filter(|it| is_of(site, &it.tags) && !it.state.is_ending())
        .map(|it| json!([it.id, it.ip_address, it.bgp_asn, it.device_name, it.tags]));
    let vpn_gateways: Vec<_> = view
        .vpn_gateways
        .values()
        .filter(|it| is_of(site, &it.tags) && !it.state.is_ending())
        .collect();
    let connections = view
        .vpn_connections
        .values()
        .filter(|it| is_of(site, &it.tags) && !it.state.is_ending());
    let propagating = view.route_tables.values().flat_map(|table| {
        let ours = vpn_gateways
            .iter()
            .filter(|gateway| table.propagating.contains(&gateway.id));
        ours.map(|gateway| json!([table.id, gateway.id]))
    });
    json!({
        "customer_gateways": customer_gateways.collect::<Vec<_>>(),
        "vpn_gateways": vpn_gateways.iter().map(|it| gateway(it)).collect::<Vec<_>>(),
        "connections": connections.map(connection).collect::<Vec<_>>(),
        "propagating": propagating.collect::<Vec<_>>(),
    })
}

fn table(table: &RouteTable) -> Value {
    let routes = table.routes.iter().filter(|route| !route.propagated);
    let routes = routes.map(|route| json!([route.destination, route.target]));
    json!([table.id, sorted(routes.collect()), table.propagating])
}

fn gateway(gateway: &VpnGateway) -> Value {
    let attached = gateway.attachments.iter();
    let attached = attached
        .filter(|attachment| !attachment.state.is_ending())
        .map(|attachment| json!(attachment.vpc));
    json!([
        gateway.id,
        gateway.amazon_side_asn,
        sorted(attached.collect()),
        gateway.tags
    ])
}

fn connection(connection: &VpnConnection) -> Value {
    let tunnels = connection.tunnels.iter().map(tunnel);
    let routes = connection.routes.iter();
    let routes = routes
        .filter(|route| !route.state.is_ending())
        .map(|route| json!(route.destination));
    json!({
        "id": connection.id,
        "ends": [&connection.customer_gateway.as_ref().map(ToString::to_string),
            &connection.vpn_gateway.as_ref().map(ToString::to_string),
            &connection.transit_gateway.as_ref().map(ToString::to_string)],
        "static": connection.static_routes_only,
        "tunnels": sorted(tunnels.collect()),
        "routes": sorted(routes.collect()),
        "tags": connection.tags,
    })
}

/// A tunnel's options with its lists sorted: AWS gives them in any order.
fn tunnel(seen: &SeenTunnel) -> Value {
    match json!(seen) {
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .map(|(name, value)| match value {
                    Value::Array(items) => (name, Value::Array(sorted(items))),
                    other => (name, other),
                })
                .collect(),
        ),
        other => other,
    }
}

fn sorted(mut values: Vec<Value>) -> Vec<Value> {
    values.sort_by_cached_key(ToString::to_string);
    values
}

fn hash(value: &Value) -> String {
    let digest = Sha256::digest(canonical(value).to_string().as_bytes());
    digest
        .iter()
        .fold(String::with_capacity(64), |mut hex, byte| {
            for nibble in [byte >> 4, byte & 15] {
                hex.extend(char::from_digit(u32::from(nibble), 16));
            }
            hex
        })
}

/// The value with sorted keys, whatever order the JSON library keeps.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut entries: Vec<_> = fields.iter().collect();
            entries.sort_by_key(|(name, _)| *name);
            let sorted: Map<String, Value> = entries
                .into_iter()
                .map(|(name, value)| (name.clone(), canonical(value)))
                .collect();
            Value::Object(sorted)
        }
        Value::Array(items) => Value::Array(items.iter().map(canonical).collect()),
        other => other.clone(),
    }
}
