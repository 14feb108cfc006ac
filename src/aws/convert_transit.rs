//! EC2's shapes → ours, for transit gateways and subnets.

use aws_sdk_ec2::types as ec2;

use super::convert::{parsed, shown, state, tags};
use super::transit::{
    Subnet, TransitAssociation, TransitAttachment, TransitGateway, TransitPropagation,
    TransitRoute, TransitRouteTable, TransitVpcAttachment,
};
use crate::spec::Asn;

pub(super) fn subnet(subnet: &ec2::Subnet) -> Option<Subnet> {
    Some(Subnet {
        id: parsed(subnet.subnet_id())?,
        vpc: parsed(subnet.vpc_id())?,
        zone: shown(subnet.availability_zone().unwrap_or_default()),
        cidr: parsed(subnet.cidr_block()),
        free_addresses: subnet
            .available_ip_address_count()
            .and_then(|count| u32::try_from(count).ok())
            .unwrap_or_default(),
        tags: tags(subnet.tags()),
    })
}

pub(super) fn transit_gateway(gateway: &ec2::TransitGateway) -> Option<TransitGateway> {
    let options = gateway.options();
    // A default table that is named but switched off takes nothing in.
    let association = options.filter(|it| {
        it.default_route_table_association()
            .is_some_and(|value| value.as_str() == "enable")
    });
    let propagation = options.filter(|it| {
        it.default_route_table_propagation()
            .is_some_and(|value| value.as_str() == "enable")
    });
    Some(TransitGateway {
        id: parsed(gateway.transit_gateway_id())?,
        state: state(gateway.state().map(ec2::TransitGatewayState::as_str)),
        owner: parsed(gateway.owner_id()),
        amazon_side_asn: options
            .and_then(ec2::TransitGatewayOptions::amazon_side_asn)
            .and_then(|asn| u32::try_from(asn).ok())
            .and_then(|asn| Asn::try_from(asn).ok()),
        vpn_ecmp: options
            .and_then(ec2::TransitGatewayOptions::vpn_ecmp_support)
            .is_some_and(|value| value.as_str() == "enable"),
        association_table: association
            .and_then(|it| parsed(it.association_default_route_table_id())),
        propagation_table: propagation
            .and_then(|it| parsed(it.propagation_default_route_table_id())),
        cidrs: options
            .map(|it| {
                let cidrs = it.transit_gateway_cidr_blocks().iter();
                cidrs.filter_map(|text| parsed(Some(text))).collect()
            })
            .unwrap_or_default(),
        tags: tags(gateway.tags()),
    })
}

pub(super) fn attachment(attachment: &ec2::TransitGatewayAttachment) -> Option<TransitAttachment> {
    let association = attachment.association().and_then(|it| {
        Some(TransitAssociation {
            table: parsed(it.transit_gateway_route_table_id())?,
            state: state(it.state().map(ec2::TransitGatewayAssociationState::as_str)),
        })
    });
    let kind = attachment.resource_type();
    Some(TransitAttachment {
        id: parsed(attachment.transit_gateway_attachment_id())?,
        transit_gateway: parsed(attachment.transit_gateway_id()),
        state: state(
            attachment
                .state()
                .map(ec2::TransitGatewayAttachmentState::as_str),
        ),
        resource_type: shown(
            kind.map_or("unknown", ec2::TransitGatewayAttachmentResourceType::as_str),
        ),
        resource: shown(attachment.resource_id().unwrap_or_default()),
        resource_owner: parsed(attachment.resource_owner_id()),
        association,
        tags: tags(attachment.tags()),
    })
}

pub(super) fn vpc_attachment(
    attachment: &ec2::TransitGatewayVpcAttachment,
) -> Option<TransitVpcAttachment> {
    let subnets = attachment.subnet_ids().iter();
    Some(TransitVpcAttachment {
        id: parsed(attachment.transit_gateway_attachment_id())?,
        vpc: parsed(attachment.vpc_id())?,
        subnets: subnets.filter_map(|id| parsed(Some(id))).collect(),
    })
}

pub(super) fn route_table(table: &ec2::TransitGatewayRouteTable) -> Option<TransitRouteTable> {
    Some(TransitRouteTable {
        id: parsed(table.transit_gateway_route_table_id())?,
        transit_gateway: parsed(table.transit_gateway_id()),
        state: state(
            table
                .state()
                .map(ec2::TransitGatewayRouteTableState::as_str),
        ),
        tags: tags(table.tags()),
    })
}

pub(super) fn propagation(
    propagation: &ec2::TransitGatewayRouteTablePropagation,
) -> Option<TransitPropagation> {
    Some(TransitPropagation {
        attachment: parsed(propagation.transit_gateway_attachment_id())?,
        state: state(
            propagation
                .state()
                .map(ec2::TransitGatewayPropagationState::as_str),
        ),
    })
}

/// A route to a prefix list has no destination of its own and is left out.
pub(super) fn route(route: &ec2::TransitGatewayRoute) -> Option<TransitRoute> {
    let attachments = route.transit_gateway_attachments().iter();
    Some(TransitRoute {
        destination: parsed(route.destination_cidr_block())?,
        attachments: attachments
            .filter_map(|it| parsed(it.transit_gateway_attachment_id()))
            .collect(),
        propagated: route
            .r#type()
            .is_some_and(|kind| kind.as_str() == "propagated"),
        state: state(route.state().map(ec2::TransitGatewayRouteState::as_str)),
    })
}
