//! Which attachments a transit gateway's route table serves, and whose prefixes it takes.

use crate::sandbox::calls::context::{Context, Done, Outcome};
use crate::sandbox::calls::describe::{Page, shuffle};
use crate::sandbox::calls::transit_gateways::invalid_state;
use crate::sandbox::calls::transit_tables::{table_id, usable};
use crate::sandbox::error::ApiError;
use crate::sandbox::fault::Trouble;
use crate::sandbox::filter::Filters;
use crate::sandbox::ids::{Kind, ResourceId};
use crate::sandbox::lifecycle::{State, TRANSIT_ASSOCIATION};
use crate::sandbox::resource::{existing, find_mut};
use crate::sandbox::transit::{TransitAssociation, TransitAttachment, TransitRouteTable};
use crate::sandbox::world::Tags;
use crate::sandbox::xml::Xml;

pub(super) fn associate(context: &mut Context<'_>) -> Outcome {
    let (table, id) = named(context)?;
    context.gate()?;
    let now = context.now;
    let attachment = of_the_same_gateway(context, &table, &id)?;
    if attachment.association(now).is_some() {
        // Also while the old association is being ended, which is an assumption.
        return Err(ApiError::new(
            "Resource.AlreadyAssociated",
            format!("Transit Gateway Attachment {id} is already associated to a route table."),
        ));
    }
    require_at_rest(attachment, context)?;
    let associated_at = context.due(id.as_str(), "associate", TRANSIT_ASSOCIATION);
    let attachment: &mut TransitAttachment = find_mut(context.region, &id, now)?;
    attachment.association = Some(TransitAssociation {
        table: table.clone(),
        associated_at,
        disassociated_at: None,
    });
    answer(context, &table, &id, "association", "associating")
}

pub(super) fn disassociate(context: &mut Context<'_>) -> Outcome {
    let (table, id) = named(context)?;
    context.gate()?;
    let now = context.now;
    let attachment = of_the_same_gateway(context, &table, &id)?;
    let current = attachment.association(now);
    let Some(current) = current.filter(|current| current.table == table) else {
        // The code is AWS's, small p and all (a live account's answer, floci 2348).
        return Err(ApiError::new(
            "InvalidparameterValue",
            format!("Transit Gateway Attachment {id} is not associated with route table {table}."),
        ));
    };
    let begins = current.disassociated_at.is_none();
    let end = context.due(id.as_str(), "disassociate", TRANSIT_ASSOCIATION);
    let attachment: &mut TransitAttachment = find_mut(context.region, &id, now)?;
    if let Some(association) = &mut attachment.association {
        association.disassociated_at.get_or_insert(end);
    }
    let done = answer(context, &table, &id, "association", "disassociating")?;
    Ok(done.if_changed(begins))
}

/// Answers `enabled` at once, unlike an association (a live account, floci 2348).
pub(super) fn enable(context: &mut Context<'_>) -> Outcome {
    let (table, id) = named(context)?;
    context.gate()?;
    let now = context.now;
    let attachment = of_the_same_gateway(context, &table, &id)?;
    if propagates(context, &table, &id) {
        return Err(ApiError::new(
            "TransitGatewayRouteTablePropagation.Duplicate",
            format!("Propagation {id} already exists in Transit Gateway Route Table {table}."),
        ));
    }
    require_at_rest(attachment, context)?;
    let found: &mut TransitRouteTable = find_mut(context.region, &table, now)?;
    found.propagations.insert(id.clone());
    answer(context, &table, &id, "propagation", "enabled")
}

pub(super) fn disable(context: &mut Context<'_>) -> Outcome {
    let (table, id) = named(context)?;
    context.gate()?;
    let now = context.now;
    of_the_same_gateway(context, &table, &id)?;
    if !propagates(context, &table, &id) {
        return Err(ApiError::new(
            "TransitGatewayRouteTablePropagation.NotFound",
            format!("Propagation {id} does not exist in Transit Gateway Route Table {table}."),
        ));
    }
    let found: &mut TransitRouteTable = find_mut(context.region, &table, now)?;
    found.propagations.remove(&id);
    answer(context, &table, &id, "propagation", "disabled")
}

pub(super) fn associations(context: &mut Context<'_>) -> Outcome {
    list(context, "associations", |context, table, attachment| {
        let association = attachment.association(context.now)?;
        (association.table == table.id).then(|| association.state(context.now))
    })
}

pub(super) fn propagations(context: &mut Context<'_>) -> Outcome {
    let set = "transitGatewayRouteTablePropagations";
    list(context, set, |_, table, attachment| {
        let enabled = table.propagations.contains(&attachment.id);
        enabled.then_some("enabled")
    })
}

/// The table and the attachment that a call names.
fn named(context: &Context<'_>) -> Result<(ResourceId, ResourceId), ApiError> {
    let attachment = context
        .params
        .id("TransitGatewayAttachmentId", Kind::TransitGatewayAttachment)?;
    Ok((table_id(context)?, attachment))
}

/// The attachment. One of another gateway is as good as missing (a live account, floci 2348).
pub(super) fn of_the_same_gateway<'a>(
    context: &'a Context<'_>,
    table: &ResourceId,
    id: &ResourceId,
) -> Result<&'a TransitAttachment, ApiError> {
    let table = usable(context, table)?;
    let attachment: &TransitAttachment = existing(context.region, id, context.now)?;
    if attachment.transit_gateway == table.transit_gateway {
        Ok(attachment)
    } else {
        Err(Kind::TransitGatewayAttachment.not_found(&[id.as_str()]))
    }
}

/// Refuses an attachment that is not there yet, or not any more.
pub(super) fn require_at_rest(
    attachment: &TransitAttachment,
    context: &Context<'_>,
) -> Result<(), ApiError> {
    match attachment.state(context.now) {
        State::Available => Ok(()),
        _ => Err(invalid_state(&attachment.id)),
    }
}

fn propagates(context: &Context<'_>, table: &ResourceId, id: &ResourceId) -> bool {
    let table = context.region.transit_route_tables.get(table);
    table.is_some_and(|table| table.propagations.contains(id))
}

fn answer(
    context: &Context<'_>,
    table: &ResourceId,
    id: &ResourceId,
    element: &str,
    state: &str,
) -> Outcome {
    let attachment: &TransitAttachment = existing(context.region, id, context.now)?;
    let resource = format!("{table} {id}");
    Ok(Done::changed(&resource, |xml| {
        xml.within(element, |xml| {
            xml.text("transitGatewayRouteTableId", table);
            write(xml, attachment, state);
        });
    }))
}

fn list(
    context: &Context<'_>,
    set: &str,
    state: fn(&Context<'_>, &TransitRouteTable, &TransitAttachment) -> Option<&'static str>,
) -> Outcome {
    let id = table_id(context)?;
    let known = [
        "resource-id",
        "resource-type",
        "transit-gateway-attachment-id",
    ];
    let filters = Filters::parse(&context.params, &known)?;
    let page = Page::parse(context, false)?;
    context.gate()?;
    let table: &TransitRouteTable = existing(context.region, &id, context.now)?;
    // What a deleted attachment had is gone with it; one that nobody sees yet is not told of.
    let mut rows: Vec<(&TransitAttachment, &str)> = context
        .region
        .transit_attachments
        .values()
        .filter(|attachment| attachment.life.is_visible(context.now))
        .filter(|attachment| attachment.life.exists(context.now))
        .filter_map(|attachment| Some((attachment, state(context, table, attachment)?)))
        .collect();
    rows.retain(|(attachment, _)| {
        filters.match_all(&Tags::new(), |filter| {
            vec![match filter {
                "resource-id" => attachment.resource.resource_id().to_owned(),
                "resource-type" => attachment.resource.resource_type().to_owned(),
                _ => attachment.id.to_string(),
            }]
        })
    });
    if context.faults.has(Trouble::Shuffle) && page.is_whole(rows.len()) {
        shuffle(context, &mut rows);
    }
    let mut body = Xml::new();
    body.list(set, page.of(&rows), |xml, (attachment, state)| {
        let object = format!("{id} {}", attachment.id);
        write(xml, attachment, context.shown(&object, state));
    });
    body.optional("nextToken", page.next(rows.len()));
    Ok(Done::read(body))
}

fn write(xml: &mut Xml, attachment: &TransitAttachment, state: &str) {
    xml.text("transitGatewayAttachmentId", &attachment.id)
        .text("resourceId", attachment.resource.resource_id())
        .text("resourceType", attachment.resource.resource_type())
        .text("state", state);
}
