//! Transit gateways.

use crate::sandbox::calls::context::{Context, Done, Outcome};
use crate::sandbox::calls::describe::Describe;
use crate::sandbox::calls::{tags, transit_options};
use crate::sandbox::error::ApiError;
use crate::sandbox::ids::{Kind, ResourceId};
use crate::sandbox::lifecycle::{State, TRANSIT_GATEWAY, TRANSIT_MODIFY};
use crate::sandbox::quota::Quota;
use crate::sandbox::resource::{existing, find, find_mut};
use crate::sandbox::transit::{Attached, TransitGateway, TransitGatewayOptions, TransitRouteTable};
use crate::sandbox::world::Tags;
use crate::sandbox::xml::Xml;

pub(super) fn describe(context: &mut Context<'_>) -> Outcome {
    let describe = Describe {
        ids: "TransitGatewayIds",
        set: "transitGatewaySet",
        filters: &[
            "options.amazon-side-asn",
            "options.association-default-route-table-id",
            "options.auto-accept-shared-attachments",
            "options.default-route-table-association",
            "options.default-route-table-propagation",
            "options.dns-support",
            "options.propagation-default-route-table-id",
            "options.vpn-ecmp-support",
            "owner-id",
            "state",
            "transit-gateway-id",
        ],
        paged: true,
    };
    let (now, account) = (context.now, context.account);
    describe.run::<TransitGateway>(
        context,
        |gateway, filter| match filter {
            "owner-id" => vec![account.to_owned()],
            "state" => vec![gateway.state(now).as_str().to_owned()],
            "transit-gateway-id" => vec![gateway.id.to_string()],
            option => transit_options::value(&gateway.options, option)
                .into_iter()
                .collect(),
        },
        |xml, gateway| write(xml, context, gateway),
    )
}

pub(super) fn create(context: &mut Context<'_>) -> Outcome {
    let params = &context.params;
    let asked = transit_options::at_creation(&params.within("Options"))?;
    let description = params.text("Description").map(str::to_owned);
    let given = tags::at_creation(params, Kind::TransitGateway)?;
    context.gate()?;
    let now = context.now;
    let existing = context.region.transit_gateways.values();
    Quota::TransitGateways.check(
        existing.filter(|gateway| gateway.life.exists(now)).count(),
        context.faults.quotas(),
    )?;
    transit_options::check_cidr_blocks(context, &asked.cidr_blocks)?;
    let id = context.new_id::<TransitGateway>();
    let life = context.begin(&id, TRANSIT_GATEWAY);
    // One table serves as both defaults, and is there from the first answer on.
    let table = (asked.associates || asked.propagates).then(|| {
        let table = context.new_id::<TransitRouteTable>();
        context.region.transit_route_tables.insert(
            table.clone(),
            TransitRouteTable {
                id: table.clone(),
                transit_gateway: id.clone(),
                propagations: std::collections::BTreeSet::new(),
                routes: Vec::new(),
                life: life.clone(),
                tags: Tags::new(),
            },
        );
        table
    });
    let gateway = TransitGateway {
        id: id.clone(),
        description,
        options: TransitGatewayOptions {
            association_table: table.clone().filter(|_| asked.associates),
            propagation_table: table.filter(|_| asked.propagates),
            ..asked.into_options()
        },
        modifying_until: None,
        life,
        tags: given,
    };
    let done = answer(context, &gateway);
    context.region.transit_gateways.insert(id, gateway);
    Ok(done)
}

pub(super) fn modify(context: &mut Context<'_>) -> Outcome {
    let params = &context.params;
    let id = params.id("TransitGatewayId", Kind::TransitGateway)?;
    let description = params.text("Description").map(str::to_owned);
    let changes = transit_options::Changes::parse(&params.within("Options"))?;
    if description.is_none() && !params.within("Options").is_given() {
        return Err(ApiError::missing("Options"));
    }
    context.gate()?;
    let gateway: &TransitGateway = existing(context.region, &id, context.now)?;
    require_available(gateway, context)?;
    let options = changes.apply(context, gateway)?;
    let until = context.due(id.as_str(), "modify", TRANSIT_MODIFY);
    let gateway: &mut TransitGateway = find_mut(context.region, &id, context.now)?;
    gateway.options = options;
    gateway.modifying_until = Some(until);
    if description.is_some() {
        gateway.description = description;
    }
    let gateway: &TransitGateway = existing(context.region, &id, context.now)?;
    Ok(answer(context, gateway))
}

pub(super) fn delete(context: &mut Context<'_>) -> Outcome {
    let id = context
        .params
        .id("TransitGatewayId", Kind::TransitGateway)?;
    context.gate()?;
    let now = context.now;
    let gateway: &TransitGateway = existing(context.region, &id, now)?;
    if gateway.state(now) != State::Deleting {
        require_available(gateway, context)?;
        refuse_attachments(context, &id)?;
    }
    let takes = context.takes(id.as_str(), "delete", TRANSIT_GATEWAY);
    let gateway: &mut TransitGateway = find_mut(context.region, &id, now)?;
    let begins = gateway.life.delete(now, takes);
    // Its tables go with it. Seen for the default one; for others it is an assumption.
    let tables = context.region.transit_route_tables.values_mut();
    for table in tables.filter(|table| table.transit_gateway == id) {
        table.life.delete(now, takes);
    }
    let gateway: &TransitGateway = find(context.region, &id, now)?;
    Ok(answer(context, gateway).if_changed(begins))
}

/// Names what is still attached, by kinds, as AWS does (terraform-provider-aws 8490, cloud-nuke
/// 744). A VPN connection's attachment counts before it is listed.
fn refuse_attachments(context: &Context<'_>, id: &ResourceId) -> Result<(), ApiError> {
    let named = |noun: &str, of: fn(&Attached) -> bool| {
        let attachments = context.region.transit_attachments.values();
        let left: Vec<&str> = attachments
            .filter(|attachment| attachment.transit_gateway == *id && of(&attachment.resource))
            .filter(|attachment| attachment.life.exists(context.now))
            .map(|attachment| attachment.id.as_str())
            .collect();
        if left.is_empty() {
            return Ok(());
        }
        let left = left.join(", ");
        Err(ApiError::new(
            "IncorrectState",
            format!("{id} has non-deleted {noun} Attachments: {left}."),
        ))
    };
    named("VPC", |resource| matches!(resource, Attached::Vpc { .. }))?;
    named("VPN", |resource| matches!(resource, Attached::Vpn { .. }))?;
    named("DirectConnect Gateway", |resource| {
        matches!(resource, Attached::DirectConnectGateway { .. })
    })
}

/// Refuses what needs a gateway at rest.
pub(super) fn require_available(
    gateway: &TransitGateway,
    context: &Context<'_>,
) -> Result<(), ApiError> {
    match gateway.state(context.now) {
        State::Available => Ok(()),
        _ => Err(invalid_state(&gateway.id)),
    }
}

/// `IncorrectState`; the words are from users' logs.
pub(super) fn invalid_state(id: &ResourceId) -> ApiError {
    ApiError::new("IncorrectState", format!("{id} is in invalid state"))
}

fn answer(context: &Context<'_>, gateway: &TransitGateway) -> Done {
    Done::changed(&gateway.id, |xml| {
        xml.within("transitGateway", |xml| write(xml, context, gateway));
    })
}

fn write(xml: &mut Xml, context: &Context<'_>, gateway: &TransitGateway) {
    let (region, account) = (&context.region.name, context.account);
    let id = &gateway.id;
    let state = gateway.state(context.now).as_str();
    xml.text("transitGatewayId", id)
        .text(
            "transitGatewayArn",
            format!("arn:aws:ec2:{region}:{account}:transit-gateway/{id}"),
        )
        .text("state", context.shown(id.as_str(), state))
        .text("ownerId", account)
        .optional("description", gateway.description.as_ref())
        .time("creationTime", gateway.life.created_at)
        .within("options", |xml| {
            transit_options::write(xml, &gateway.options);
        });
    tags::write(xml, &gateway.tags);
}
