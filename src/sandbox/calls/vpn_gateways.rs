//! Virtual private gateways and their attachments.

use jiff::Timestamp;

use crate::sandbox::calls::context::{Context, Done, Outcome};
use crate::sandbox::calls::customer_gateways::require_ipsec1;
use crate::sandbox::calls::describe::Describe;
use crate::sandbox::calls::tags;
use crate::sandbox::error::ApiError;
use crate::sandbox::fault::Stuck;
use crate::sandbox::ids::{Kind, ResourceId};
use crate::sandbox::lifecycle::{self, ATTACH, DETACH, GATEWAY_CREATE, GATEWAY_DELETE, State};
use crate::sandbox::quota::Quota;
use crate::sandbox::resource::{existing, find_mut};
use crate::sandbox::wire::Params;
use crate::sandbox::world::{Attachment, Vpc, VpnGateway};
use crate::sandbox::xml::Xml;

const DEFAULT_ASN: u32 = 64512;

pub(super) fn describe(context: &mut Context<'_>) -> Outcome {
    let describe = Describe {
        ids: "VpnGatewayId",
        set: "vpnGatewaySet",
        filters: &[
            "amazon-side-asn",
            "attachment.state",
            "attachment.vpc-id",
            "availability-zone",
            "state",
            "type",
            "vpn-gateway-id",
        ],
        paged: false,
    };
    let now = context.now;
    describe.run::<VpnGateway>(
        context,
        |gateway, filter| match filter {
            "amazon-side-asn" => vec![gateway.asn.to_string()],
            "attachment.state" => gateway
                .attachments
                .iter()
                .map(|attachment| attachment.state(now).to_owned())
                .collect(),
            "attachment.vpc-id" => gateway
                .attachments
                .iter()
                .map(|attachment| attachment.vpc.to_string())
                .collect(),
            "availability-zone" => gateway.zone.clone().into_iter().collect(),
            "state" => vec![gateway.life.state(now).as_str().to_owned()],
            "type" => vec!["ipsec.1".to_owned()],
            _ => vec![gateway.id.to_string()],
        },
        |xml, gateway| write(xml, context, gateway),
    )
}

pub(super) fn create(context: &mut Context<'_>) -> Outcome {
    let params = &context.params;
    require_ipsec1(params)?;
    let asn = amazon_side_asn(params)?;
    let zone = params
        .text("AvailabilityZone")
        .filter(|zone| !zone.is_empty())
        .map(str::to_owned);
    let given = tags::at_creation(params, Kind::VpnGateway)?;
    context.gate()?;
    let now = context.now;
    let existing = context.region.vpn_gateways.values();
    Quota::VpnGateways.check(
        existing.filter(|gateway| gateway.life.exists(now)).count(),
        context.faults.quotas(),
    )?;
    let id = context.new_id::<VpnGateway>();
    let gateway = VpnGateway {
        id: id.clone(),
        asn,
        zone,
        attachments: Vec::new(),
        life: context.begin(&id, GATEWAY_CREATE),
        tags: given,
    };
    let done = Done::changed(&id, |xml| {
        xml.within("vpnGateway", |xml| write(xml, context, &gateway));
    });
    context.region.vpn_gateways.insert(id, gateway);
    Ok(done)
}

/// A private ASN; 64512 by default.
pub(super) fn amazon_side_asn(params: &Params<'_>) -> Result<u32, ApiError> {
    match params.parsed::<u32>("AmazonSideAsn")? {
        None => Ok(DEFAULT_ASN),
        Some(asn @ (64_512..=65_534 | 4_200_000_000..=4_294_967_294)) => Ok(asn),
        Some(asn) => Err(ApiError::value(
            "AmazonSideAsn",
            &asn.to_string(),
            "Must be a private ASN, 64512 to 65534 or 4200000000 to 4294967294.",
        )),
    }
}

pub(super) fn delete(context: &mut Context<'_>) -> Outcome {
    let id = context.params.id("VpnGatewayId", Kind::VpnGateway)?;
    context.gate()?;
    let now = context.now;
    let takes = context.takes(id.as_str(), "delete", GATEWAY_DELETE);
    let connected = context.region.vpn_connections.values().any(|connection| {
        connection.vpn_gateway.as_ref() == Some(&id) && connection.life.exists(now)
    });
    let gateway: &mut VpnGateway = find_mut(context.region, &id, now)?;
    if connected || gateway.attachment(now).is_some() {
        return Err(ApiError::new(
            "IncorrectState",
            "The VPN gateway is in use.",
        ));
    }
    let begins = gateway.life.delete(now, takes);
    Ok(Done::truth(&id).if_changed(begins))
}

pub(super) fn attach(context: &mut Context<'_>) -> Outcome {
    let vpc = context.params.id("VpcId", Kind::Vpc)?;
    let id = context.params.id("VpnGatewayId", Kind::VpnGateway)?;
    context.gate()?;
    let now = context.now;
    existing::<Vpc>(context.region, &vpc, now)?;
    let gateway: &VpnGateway = existing(context.region, &id, now)?;
    if gateway.life.state(now) == State::Deleting {
        return Err(ApiError::new(
            "InvalidVpnGatewayState",
            "The virtual private gateway is not in a valid state.",
        ));
    }
    if let Some(current) = gateway.attachment(now)
        && current.vpc == vpc
        && current.detached_at.is_none()
    {
        // Attaching again is taken as asking for what is there already. Unverified.
        let mut done = answer(&id, current, now);
        done.effect = false;
        return Ok(done);
    }
    check_free(context, gateway, &vpc)?;
    let attached_at = context.due(id.as_str(), "attach", ATTACH);
    let gateway: &mut VpnGateway = find_mut(context.region, &id, now)?;
    // One entry per VPC: an old `detached` one is replaced.
    gateway
        .attachments
        .retain(|attachment| attachment.vpc != vpc);
    let attachment = Attachment {
        vpc,
        attached_at,
        detached_at: None,
    };
    let done = answer(&id, &attachment, now);
    gateway.attachments.push(attachment);
    Ok(done)
}

/// A gateway has one VPC, and a VPC one gateway; both until the attachment is `detached`.
fn check_free(
    context: &Context<'_>,
    gateway: &VpnGateway,
    vpc: &ResourceId,
) -> Result<(), ApiError> {
    let now = context.now;
    if let Some(current) = gateway.attachment(now) {
        let message = format!(
            "The VPN gateway {} is attached to {}.",
            gateway.id, current.vpc
        );
        return Err(ApiError::new("VpnGatewayAttachmentLimitExceeded", message));
    }
    let mut gateways = context.region.vpn_gateways.values();
    let occupied =
        gateways.find(|other| other.attachment(now).is_some_and(|found| found.vpc == *vpc));
    match occupied {
        Some(other) => Err(ApiError::new(
            "InvalidVpcState",
            format!(
                "The vpc {vpc} is currently attached to the Virtual Private Gateway {}",
                other.id
            ),
        )),
        None => Ok(()),
    }
}

pub(super) fn detach(context: &mut Context<'_>) -> Outcome {
    let vpc = context.params.id("VpcId", Kind::Vpc)?;
    let id = context.params.id("VpnGatewayId", Kind::VpnGateway)?;
    context.gate()?;
    let now = context.now;
    let detached_at = match context.faults.stuck_detach {
        None => context.due(id.as_str(), "detach", DETACH),
        Some(Stuck::For(duration)) => lifecycle::later(now, duration),
        Some(Stuck::Forever) => Timestamp::MAX,
    };
    existing::<Vpc>(context.region, &vpc, now)?;
    let gateway: &mut VpnGateway = find_mut(context.region, &id, now)?;
    let current = gateway
        .attachments
        .iter_mut()
        .find(|attachment| attachment.vpc == vpc && attachment.state(now) != "detached");
    let Some(current) = current else {
        return Err(ApiError::new(
            "InvalidVpnGatewayAttachment.NotFound",
            format!("The attachment with vpn gateway ID '{id}' and vpc ID '{vpc}' does not exist"),
        ));
    };
    let begins = current.detached_at.is_none();
    current.detached_at.get_or_insert(detached_at);
    Ok(Done::truth(&id).if_changed(begins))
}

fn answer(gateway: &ResourceId, attachment: &Attachment, now: Timestamp) -> Done {
    Done::changed(gateway, |xml| {
        xml.within("attachment", |xml| {
            xml.text("vpcId", &attachment.vpc)
                .text("state", attachment.state(now));
        });
    })
}

fn write(xml: &mut Xml, context: &Context<'_>, gateway: &VpnGateway) {
    let (now, id) = (context.now, gateway.id.as_str());
    xml.text("vpnGatewayId", &gateway.id)
        .text("state", context.shown(id, gateway.life.state(now).as_str()))
        .text("type", "ipsec.1")
        .optional("availabilityZone", gateway.zone.as_ref());
    xml.list("attachments", &gateway.attachments, |xml, attachment| {
        let attached = format!("{id} {}", attachment.vpc);
        xml.text("vpcId", &attachment.vpc)
            .text("state", context.shown(&attached, attachment.state(now)));
    });
    xml.text("amazonSideAsn", gateway.asn);
    tags::write(xml, &gateway.tags);
}
