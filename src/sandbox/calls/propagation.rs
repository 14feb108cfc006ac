//! Route propagation from virtual private gateways into route tables.

use crate::sandbox::calls::context::{Context, Done, Outcome};
use crate::sandbox::calls::route_tables::not_attached;
use crate::sandbox::ids::Kind;
use crate::sandbox::resource::{existing, find_mut};
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
