//! The route tables of transit gateways.

use std::collections::BTreeSet;

use crate::sandbox::calls::context::{Context, Done, Outcome};
use crate::sandbox::calls::describe::Describe;
use crate::sandbox::calls::tags;
use crate::sandbox::calls::transit_gateways::{invalid_state, require_available};
use crate::sandbox::error::ApiError;
use crate::sandbox::ids::{Kind, ResourceId};
use crate::sandbox::lifecycle::{State, TRANSIT_TABLE};
use crate::sandbox::quota::Quota;
use crate::sandbox::resource::{existing, find, find_mut};
use crate::sandbox::transit::{TransitGateway, TransitGatewayOptions, TransitRouteTable};
use crate::sandbox::xml::Xml;

pub(super) fn describe(context: &mut Context<'_>) -> Outcome {
    let describe = Describe {
        ids: "TransitGatewayRouteTableIds",
        set: "transitGatewayRouteTables",
        filters: &[
            "default-association-route-table",
            "default-propagation-route-table",
            "state",
            "transit-gateway-id",
            "transit-gateway-route-table-id",
        ],
        paged: true,
    };
    let now = context.now;
    describe.run::<TransitRouteTable>(
        context,
        |table, filter| {
            vec![match filter {
                "default-association-route-table" => {
                    is_default(context, table, |options| options.association_table.as_ref())
                        .to_string()
                }
                "default-propagation-route-table" => {
                    is_default(context, table, |options| options.propagation_table.as_ref())
                        .to_string()
                }
                "state" => table.life.state(now).as_str().to_owned(),
                "transit-gateway-id" => table.transit_gateway.to_string(),
                _ => table.id.to_string(),
            }]
        },
        |xml, table| write(xml, context, table),
    )
}

pub(super) fn create(context: &mut Context<'_>) -> Outcome {
    let transit_gateway = context
        .params
        .id("TransitGatewayId", Kind::TransitGateway)?;
    let given = tags::at_creation(&context.params, Kind::TransitGatewayRouteTable)?;
    context.gate()?;
    let now = context.now;
    let gateway: &TransitGateway = existing(context.region, &transit_gateway, now)?;
    require_available(gateway, context)?;
    let tables = context.region.transit_route_tables.values();
    let beside = tables
        .filter(|table| table.transit_gateway == transit_gateway)
        .filter(|table| table.life.exists(now));
    Quota::TransitRouteTables.check(beside.count(), context.faults.quotas())?;
    let id = context.new_id::<TransitRouteTable>();
    let table = TransitRouteTable {
        id: id.clone(),
        transit_gateway,
        propagations: BTreeSet::new(),
        routes: Vec::new(),
        life: context.begin(&id, TRANSIT_TABLE),
        tags: given,
    };
    let done = answer(context, &table);
    context.region.transit_route_tables.insert(id, table);
    Ok(done)
}

pub(super) fn delete(context: &mut Context<'_>) -> Outcome {
    let id = table_id(context)?;
    context.gate()?;
    let now = context.now;
    let table: &TransitRouteTable = existing(context.region, &id, now)?;
    refuse_in_use(context, table)?;
    let takes = context.takes(id.as_str(), "delete", TRANSIT_TABLE);
    let table: &mut TransitRouteTable = find_mut(context.region, &id, now)?;
    let begins = table.life.delete(now, takes);
    let table: &TransitRouteTable = find(context.region, &id, now)?;
    Ok(answer(context, table).if_changed(begins))
}

/// A live account's refusals (floci 2348). That a default propagation table is worded like a
/// default association table is an assumption.
fn refuse_in_use(context: &Context<'_>, table: &TransitRouteTable) -> Result<(), ApiError> {
    let (id, gateway) = (&table.id, &table.transit_gateway);
    let refused = |message| Err(ApiError::new("IncorrectState", message));
    if is_default(context, table, |options| options.association_table.as_ref()) {
        return refused(format!(
            "{id} is set as default association route table for {gateway}"
        ));
    }
    if is_default(context, table, |options| options.propagation_table.as_ref()) {
        return refused(format!(
            "{id} is set as default propagation route table for {gateway}"
        ));
    }
    let mut attachments = context.region.transit_attachments.values();
    if attachments.any(|attachment| {
        let association = attachment.association(context.now);
        association.is_some_and(|association| association.table == *id)
    }) {
        return refused(format!("{id} has associated attachments"));
    }
    Ok(())
}

/// The table that a call names.
pub(super) fn table_id(context: &Context<'_>) -> Result<ResourceId, ApiError> {
    context
        .params
        .id("TransitGatewayRouteTableId", Kind::TransitGatewayRouteTable)
}

/// The table, when it can be changed.
pub(super) fn usable<'a>(
    context: &'a Context<'_>,
    id: &ResourceId,
) -> Result<&'a TransitRouteTable, ApiError> {
    let table: &TransitRouteTable = existing(context.region, id, context.now)?;
    match table.life.state(context.now) {
        State::Available => Ok(table),
        _ => Err(invalid_state(id)),
    }
}

fn is_default(
    context: &Context<'_>,
    table: &TransitRouteTable,
    default: fn(&TransitGatewayOptions) -> Option<&ResourceId>,
) -> bool {
    let gateway = context.region.transit_gateways.get(&table.transit_gateway);
    gateway.is_some_and(|gateway| {
        gateway.life.exists(context.now) && default(&gateway.options) == Some(&table.id)
    })
}

fn answer(context: &Context<'_>, table: &TransitRouteTable) -> Done {
    Done::changed(&table.id, |xml| {
        xml.within("transitGatewayRouteTable", |xml| write(xml, context, table));
    })
}

fn write(xml: &mut Xml, context: &Context<'_>, table: &TransitRouteTable) {
    let state = table.life.state(context.now).as_str();
    xml.text("transitGatewayRouteTableId", &table.id)
        .text("transitGatewayId", &table.transit_gateway)
        .text("state", context.shown(table.id.as_str(), state))
        .text(
            "defaultAssociationRouteTable",
            is_default(context, table, |options| options.association_table.as_ref()),
        )
        .text(
            "defaultPropagationRouteTable",
            is_default(context, table, |options| options.propagation_table.as_ref()),
        )
        .time("creationTime", table.life.created_at);
    tags::write(xml, &table.tags);
}
