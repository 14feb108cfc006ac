//! Route propagation from virtual private gateways into route tables.

use std::collections::BTreeMap;

use crate::sandbox::calls::context::{Context, Done, Outcome};
use crate::sandbox::calls::route_tables::{Shown, not_attached};
use crate::sandbox::ids::Kind;
use crate::sandbox::resource::{existing, find_mut};
use crate::sandbox::telemetry;
use crate::sandbox::world::{RouteTable, VpnGateway};

pub(super) fn enable(context: &mut Context<'_>) -> Outcome {
    let gateway_id = context.params.id("GatewayId", Kind::VpnGateway)?;
    let table_id = context.params.id("RouteTableId", Kind::RouteTable)?;
    context.gate()?;
    let now = context.now;
    let table: &RouteTable = existing(context.region, &table_id, now)?;
    let gateway: &VpnGateway = existing(context.region, &gateway_id, now)?;
    if !gateway.is_attached_to(&table.vpc, now) {
        return Err(not_attached(&gateway_id, &table.vpc));
    }
    let table: &mut RouteTable = find_mut(context.region, &table_id, now)?;
    let new = table.propagating.insert(gateway_id);
    Ok(Done::truth(&table_id).if_changed(new))
}

/// Succeeds when there was nothing to disable. Unverified.
pub(super) fn disable(context: &mut Context<'_>) -> Outcome {
    let gateway_id = context.params.id("GatewayId", Kind::VpnGateway)?;
    let table_id = context.params.id("RouteTableId", Kind::RouteTable)?;
    context.gate()?;
    let now = context.now;
    existing::<VpnGateway>(context.region, &gateway_id, now)?;
    let table: &mut RouteTable = find_mut(context.region, &table_id, now)?;
    let was_there = table.propagating.remove(&gateway_id);
    Ok(Done::truth(&table_id).if_changed(was_there))
}

/// The routes that a table has from its propagating gateways, each destination once.
pub(super) fn learned(context: &Context<'_>, table: &RouteTable) -> Vec<Shown> {
    let mut learned = BTreeMap::new();
    for id in &table.propagating {
        let attached = context
            .region
            .vpn_gateways
            .get(id)
            .is_some_and(|gateway| gateway.is_attached_to(&table.vpc, context.now));
        if !attached {
            continue;
        }
        let connections = context
            .region
            .vpn_connections
            .values()
            .filter(|connection| connection.vpn_gateway.as_ref() == Some(id));
        for connection in connections {
            let prefixes =
                telemetry::learned_prefixes(context.region, context.site, connection, context.now);
            for destination in prefixes {
                learned.entry(destination).or_insert_with(|| Shown {
                    destination,
                    gateway: id.to_string(),
                    origin: "EnableVgwRoutePropagation",
                    state: "active",
                });
            }
        }
    }
    learned.into_values().collect()
}
