//! The attachments of VPCs to transit gateways.

use std::collections::BTreeSet;

use crate::sandbox::calls::context::{Context, Outcome};
use crate::sandbox::calls::describe::Describe;
use crate::sandbox::calls::tags;
use crate::sandbox::calls::transit_attachments::{answer, attach, subnets};
use crate::sandbox::calls::transit_gateways::{invalid_state, require_available};
use crate::sandbox::calls::transit_options::{toggle, word};
use crate::sandbox::error::ApiError;
use crate::sandbox::ids::{Kind, ResourceId};
use crate::sandbox::lifecycle::{State, TRANSIT_ATTACH, TRANSIT_MODIFY};
use crate::sandbox::quota::Quota;
use crate::sandbox::resource::{existing, find, find_mut};
use crate::sandbox::transit::{Attached, TransitAttachment, TransitGateway, VpcAttachmentOptions};
use crate::sandbox::wire::Params;
use crate::sandbox::world::{Subnet, Vpc};
use crate::sandbox::xml::Xml;

pub(super) fn describe(context: &mut Context<'_>) -> Outcome {
    let describe = Describe {
        ids: "TransitGatewayAttachmentIds",
        set: "transitGatewayVpcAttachments",
        filters: &[
            "state",
            "transit-gateway-attachment-id",
            "transit-gateway-id",
            "vpc-id",
        ],
        paged: true,
    };
    let now = context.now;
    describe.run_among::<TransitAttachment>(
        context,
        |attachment| attachment.vpc().is_some(),
        |attachment, filter| {
            vec![match filter {
                "state" => attachment.state(now).as_str().to_owned(),
                "transit-gateway-id" => attachment.transit_gateway.to_string(),
                "vpc-id" => attachment.resource.resource_id().to_owned(),
                _ => attachment.id.to_string(),
            }]
        },
        |xml, attachment| write(xml, context, attachment),
    )
}

pub(super) fn create(context: &mut Context<'_>) -> Outcome {
    let params = &context.params;
    let transit_gateway = params.id("TransitGatewayId", Kind::TransitGateway)?;
    let vpc = params.id("VpcId", Kind::Vpc)?;
    let wanted = subnets(context, "SubnetIds")?;
    if wanted.is_empty() {
        return Err(ApiError::missing("SubnetIds"));
    }
    let mut options = VpcAttachmentOptions::default();
    change(&params.within("Options"), &mut options)?;
    let given = tags::at_creation(params, Kind::TransitGatewayAttachment)?;
    context.gate()?;
    let now = context.now;
    let gateway: &TransitGateway = existing(context.region, &transit_gateway, now)?;
    existing::<Vpc>(context.region, &vpc, now)?;
    check_subnets(context, &vpc, &BTreeSet::new(), &wanted)?;
    check_free(context, &transit_gateway, &vpc)?;
    require_available(gateway, context)?;
    let resource = Attached::Vpc {
        vpc,
        subnets: wanted.into_iter().collect(),
        options,
    };
    let id = context.new_id::<TransitAttachment>();
    let life = context.begin(&id, TRANSIT_ATTACH);
    attach(context, &id, &transit_gateway, resource, life, given);
    // Not `find`: it is not seen by everybody yet.
    let made = context.region.transit_attachments.get(&id);
    made.map(|made| answer(made, |xml, made| write(xml, context, made)))
        .ok_or_else(|| Kind::TransitGatewayAttachment.not_found(&[id.as_str()]))
}

pub(super) fn modify(context: &mut Context<'_>) -> Outcome {
    let id = attachment_id(context)?;
    let (add, remove) = (
        subnets(context, "AddSubnetIds")?,
        subnets(context, "RemoveSubnetIds")?,
    );
    let changes = context.params.within("Options");
    change(&changes, &mut VpcAttachmentOptions::default())?;
    context.gate()?;
    let now = context.now;
    let (vpc, mut left, mut options) = parts(context, &id)?;
    if known(context, &id)?.state(now) != State::Available {
        return Err(invalid_state(&id));
    }
    for subnet in &remove {
        if !left.remove(subnet) {
            return Err(ApiError::new(
                "InvalidSubnetID.NotFound",
                format!("{subnet} is not attached but supplied in RemoveSubnets"),
            ));
        }
    }
    check_subnets(context, &vpc, &left, &add)?;
    left.extend(add);
    if left.is_empty() {
        // A live account's answer (floci 2347).
        return Err(ApiError::new(
            "InsufficientSubnetsException",
            "Insufficient Subnets",
        ));
    }
    change(&changes, &mut options)?;
    let until = context.due(id.as_str(), "modify", TRANSIT_MODIFY);
    let attachment: &mut TransitAttachment = find_mut(context.region, &id, now)?;
    attachment.resource = Attached::Vpc {
        vpc,
        subnets: left,
        options,
    };
    attachment.modifying_until = Some(until);
    let attachment = known(context, &id)?;
    Ok(answer(attachment, |xml, it| write(xml, context, it)))
}

pub(super) fn delete(context: &mut Context<'_>) -> Outcome {
    let id = attachment_id(context)?;
    context.gate()?;
    let now = context.now;
    // A VPN connection's goes with the connection, and this call does not know it (aws-nuke 961).
    let state = known(context, &id)?.state(now);
    if !matches!(state, State::Available | State::Deleting) {
        return Err(invalid_state(&id));
    }
    let takes = context.takes(id.as_str(), "delete", TRANSIT_ATTACH);
    let attachment: &mut TransitAttachment = find_mut(context.region, &id, now)?;
    let begins = attachment.life.delete(now, takes);
    let attachment: &TransitAttachment = find(context.region, &id, now)?;
    let done = answer(attachment, |xml, it| write(xml, context, it));
    Ok(done.if_changed(begins))
}

fn attachment_id(context: &Context<'_>) -> Result<ResourceId, ApiError> {
    context
        .params
        .id("TransitGatewayAttachmentId", Kind::TransitGatewayAttachment)
}

/// A VPC's attachment.
fn known<'a>(context: &'a Context<'_>, id: &ResourceId) -> Result<&'a TransitAttachment, ApiError> {
    let attachment: &TransitAttachment = existing(context.region, id, context.now)?;
    match attachment.resource {
        Attached::Vpc { .. } => Ok(attachment),
        _ => Err(ApiError::new(
            "InvalidTransitGatewayAttachmentID.NotFound",
            format!("Transit Gateway VPC Attachment {id} was deleted or does not exist."),
        )),
    }
}

fn parts(
    context: &Context<'_>,
    id: &ResourceId,
) -> Result<(ResourceId, BTreeSet<ResourceId>, VpcAttachmentOptions), ApiError> {
    match &known(context, id)?.resource {
        Attached::Vpc {
            vpc,
            subnets,
            options,
        } => Ok((vpc.clone(), subnets.clone(), options.clone())),
        _ => Err(Kind::TransitGatewayAttachment.not_found(&[id.as_str()])),
    }
}

/// A VPC has one attachment per gateway, until that is `deleted`.
fn check_free(
    context: &Context<'_>,
    transit_gateway: &ResourceId,
    vpc: &ResourceId,
) -> Result<(), ApiError> {
    let existing: Vec<_> = context
        .region
        .transit_attachments
        .values()
        .filter(|attachment| attachment.transit_gateway == *transit_gateway)
        .filter(|attachment| attachment.life.exists(context.now))
        .collect();
    if existing
        .iter()
        .any(|attachment| attachment.vpc() == Some(vpc))
    {
        return Err(ApiError::new(
            "DuplicateTransitGatewayAttachment",
            format!(
                "{transit_gateway} has non-deleted Transit Gateway Attachments with same VPC ID."
            ),
        ));
    }
    Quota::TransitAttachments.check(existing.len(), context.faults.quotas())
}

/// One subnet per availability zone, all of the VPC; one of another VPC is as good as missing.
fn check_subnets(
    context: &Context<'_>,
    vpc: &ResourceId,
    there: &BTreeSet<ResourceId>,
    wanted: &[ResourceId],
) -> Result<(), ApiError> {
    let known = &context.region.subnets;
    let zone = |id: &ResourceId| known.get(id).map(|subnet: &Subnet| subnet.zone.as_str());
    let mut zones: BTreeSet<&str> = there.iter().filter_map(zone).collect();
    for id in wanted {
        let subnet = known.get(id).filter(|subnet| subnet.vpc == *vpc);
        let Some(subnet) = subnet else {
            return Err(ApiError::new(
                "InvalidSubnetID.NotFound",
                format!("Subnet {id} was deleted or does not exist."),
            ));
        };
        if !zones.insert(&subnet.zone) {
            return Err(ApiError::new(
                "DuplicateSubnetsInSameZone",
                "Duplicate Subnets for same AZ",
            ));
        }
    }
    Ok(())
}

fn change(params: &Params<'_>, options: &mut VpcAttachmentOptions) -> Result<(), ApiError> {
    for (name, option) in [
        ("DnsSupport", &mut options.dns),
        (
            "SecurityGroupReferencingSupport",
            &mut options.security_groups,
        ),
        ("Ipv6Support", &mut options.ipv6),
        ("ApplianceModeSupport", &mut options.appliance_mode),
    ] {
        if let Some(on) = toggle(params, name)? {
            *option = on;
        }
    }
    Ok(())
}

fn write(xml: &mut Xml, context: &Context<'_>, attachment: &TransitAttachment) {
    let state = attachment.state(context.now).as_str();
    xml.text("transitGatewayAttachmentId", &attachment.id)
        .text("transitGatewayId", &attachment.transit_gateway)
        .text("vpcId", attachment.resource.resource_id())
        .text("vpcOwnerId", context.account)
        .text("state", context.shown(attachment.id.as_str(), state));
    if let Attached::Vpc {
        subnets, options, ..
    } = &attachment.resource
    {
        xml.within("subnetIds", |xml| {
            for subnet in subnets {
                xml.text("item", subnet);
            }
        });
        xml.within("options", |xml| {
            xml.text("dnsSupport", word(options.dns))
                .text(
                    "securityGroupReferencingSupport",
                    word(options.security_groups),
                )
                .text("ipv6Support", word(options.ipv6))
                .text("applianceModeSupport", word(options.appliance_mode));
        });
    }
    xml.time("creationTime", attachment.life.created_at);
    tags::write(xml, &attachment.tags);
}
