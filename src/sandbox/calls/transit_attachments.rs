//! What is attached to transit gateways; VPCs by calls of their own, VPN connections by theirs.

use std::collections::BTreeSet;

use crate::sandbox::calls::context::{Context, Done, Outcome};
use crate::sandbox::calls::describe::Describe;
use crate::sandbox::calls::tags;
use crate::sandbox::error::ApiError;
use crate::sandbox::ids::{Kind, ResourceId};
use crate::sandbox::lifecycle::{self, Lifecycle, TRANSIT_ASSOCIATION};
use crate::sandbox::transit::{Attached, TransitAssociation, TransitAttachment};
use crate::sandbox::world::Tags;
use crate::sandbox::xml::Xml;

pub(super) fn describe(context: &mut Context<'_>) -> Outcome {
    let describe = Describe {
        ids: "TransitGatewayAttachmentIds",
        set: "transitGatewayAttachments",
        filters: &[
            "association.state",
            "association.transit-gateway-route-table-id",
            "resource-id",
            "resource-owner-id",
            "resource-type",
            "state",
            "transit-gateway-attachment-id",
            "transit-gateway-id",
            "transit-gateway-owner-id",
        ],
        paged: true,
    };
    let (now, account) = (context.now, context.account);
    describe.run::<TransitAttachment>(
        context,
        |attachment, filter| {
            let association = attachment.association(now);
            match filter {
                "association.state" => association.map(|_| "associated".to_owned()),
                "association.transit-gateway-route-table-id" => {
                    association.map(|association| association.table.to_string())
                }
                "resource-id" => Some(attachment.resource.resource_id().to_owned()),
                "resource-owner-id" | "transit-gateway-owner-id" => Some(account.to_owned()),
                "resource-type" => Some(attachment.resource.resource_type().to_owned()),
                "state" => Some(attachment.state(now).as_str().to_owned()),
                "transit-gateway-id" => Some(attachment.transit_gateway.to_string()),
                _ => Some(attachment.id.to_string()),
            }
            .into_iter()
            .collect()
        },
        |xml, attachment| write(xml, context, attachment),
    )
}

/// A new attachment: associated with the gateway's default table, and propagated into it, when the
/// gateway is told so. It has no tags but those given: a VPN connection's are not taken over
/// (boto3 3120).
pub(super) fn attach(
    context: &mut Context<'_>,
    id: &ResourceId,
    transit_gateway: &ResourceId,
    resource: Attached,
    life: Lifecycle,
    tags: Tags,
) {
    let gateway = context.region.transit_gateways.get(transit_gateway);
    let options = gateway.map(|gateway| &gateway.options);
    let association = options.and_then(|options| options.association_table.clone());
    let propagation = options.and_then(|options| options.propagation_table.clone());
    let takes = context.takes(id.as_str(), "associate", TRANSIT_ASSOCIATION);
    let association = association.map(|table| TransitAssociation {
        table,
        associated_at: lifecycle::later(life.available_at, takes),
        disassociated_at: None,
    });
    let tables = &mut context.region.transit_route_tables;
    if let Some(table) = propagation.and_then(|table| tables.get_mut(&table)) {
        table.propagations.insert(id.clone());
    }
    context.region.transit_attachments.insert(
        id.clone(),
        TransitAttachment {
            id: id.clone(),
            transit_gateway: transit_gateway.clone(),
            resource,
            association,
            modifying_until: None,
            life,
            tags,
        },
    );
}

/// The ids of a list, each once.
pub(super) fn subnets(context: &Context<'_>, name: &str) -> Result<Vec<ResourceId>, ApiError> {
    let mut seen = BTreeSet::new();
    let mut subnets = Vec::new();
    for text in context.params.strings(name) {
        let id = ResourceId::parse(Kind::Subnet, text)?;
        if seen.insert(id.clone()) {
            subnets.push(id);
        }
    }
    Ok(subnets)
}

fn write(xml: &mut Xml, context: &Context<'_>, attachment: &TransitAttachment) {
    let now = context.now;
    let state = attachment.state(now).as_str();
    xml.text("transitGatewayAttachmentId", &attachment.id)
        .text("transitGatewayId", &attachment.transit_gateway)
        .text("transitGatewayOwnerId", context.account)
        .text("resourceOwnerId", context.account)
        .text("resourceType", attachment.resource.resource_type())
        .text("resourceId", attachment.resource.resource_id())
        .text("state", context.shown(attachment.id.as_str(), state));
    if let Some(association) = attachment.association(now) {
        // This call says `associated` while the association is still being made, and while it is
        // being ended (boto3 3331). GetTransitGatewayRouteTableAssociations knows better.
        xml.within("association", |xml| {
            xml.text("transitGatewayRouteTableId", &association.table)
                .text("state", "associated");
        });
    }
    xml.time("creationTime", attachment.life.created_at);
    tags::write(xml, &attachment.tags);
}

/// An attachment as the answer of a call of its own kind.
pub(super) fn answer(
    attachment: &TransitAttachment,
    write: impl FnOnce(&mut Xml, &TransitAttachment),
) -> Done {
    Done::changed(&attachment.id, |xml| {
        xml.within("transitGatewayVpcAttachment", |xml| write(xml, attachment));
    })
}
