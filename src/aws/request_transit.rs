//! A [`TransitCall`] → the SDK's request.

use std::collections::BTreeSet;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{
    DefaultRouteTableAssociationValue, DefaultRouteTablePropagationValue, ResourceType,
    TransitGatewayRequestOptions, VpnEcmpSupportValue,
};
use ipnet::Ipv4Net;

use super::call::Answer;
use super::fault::Fault;
use super::model::Tags;
use super::request::{answered, made, tagged};
use super::transit_call::{TransitCall, TransitPair};
use crate::spec::{Asn, SubnetId, TransitGatewayAttachmentId, TransitGatewayId, VpcId};

/// Makes `call`; all of these have a DryRun.
pub(super) async fn send(
    client: &Client,
    call: &TransitCall,
    dry: Option<bool>,
) -> Result<Answer, Fault> {
    let action = call.action();
    match call {
        TransitCall::CreateGateway {
            amazon_side_asn,
            cidrs,
            tags,
        } => create_gateway(client, *amazon_side_asn, cidrs, tags, dry).await,
        TransitCall::DeleteGateway(id) => {
            let request = client.delete_transit_gateway().set_dry_run(dry);
            let request = request.transit_gateway_id(id.as_str());
            answered(action, request.send().await)
        }
        TransitCall::AttachVpc {
            transit_gateway,
            vpc,
            subnets,
            tags,
        } => attach_vpc(client, transit_gateway, vpc, subnets, tags, dry).await,
        TransitCall::ModifyVpcAttachment {
            attachment,
            add,
            remove,
        } => {
            let request = client
                .modify_transit_gateway_vpc_attachment()
                .transit_gateway_attachment_id(attachment.as_str())
                .set_add_subnet_ids(texts(add))
                .set_remove_subnet_ids(texts(remove))
                .set_dry_run(dry);
            answered(action, request.send().await)
        }
        TransitCall::DetachVpc(id) => {
            let request = client.delete_transit_gateway_vpc_attachment();
            let request = request.transit_gateway_attachment_id(id.as_str());
            answered(action, request.set_dry_run(dry).send().await)
        }
        TransitCall::Associate(TransitPair { table, attachment }) => {
            let request = client
                .associate_transit_gateway_route_table()
                .transit_gateway_route_table_id(table.as_str())
                .transit_gateway_attachment_id(attachment.as_str());
            answered(action, request.set_dry_run(dry).send().await)
        }
        TransitCall::Disassociate(TransitPair { table, attachment }) => {
            let request = client
                .disassociate_transit_gateway_route_table()
                .transit_gateway_route_table_id(table.as_str())
                .transit_gateway_attachment_id(attachment.as_str());
            answered(action, request.set_dry_run(dry).send().await)
        }
        TransitCall::EnablePropagation(TransitPair { table, attachment }) => {
            let request = client
                .enable_transit_gateway_route_table_propagation()
                .transit_gateway_route_table_id(table.as_str())
                .transit_gateway_attachment_id(attachment.as_str());
            answered(action, request.set_dry_run(dry).send().await)
        }
        TransitCall::DisablePropagation(TransitPair { table, attachment }) => {
            let request = client
                .disable_transit_gateway_route_table_propagation()
                .transit_gateway_route_table_id(table.as_str())
                .transit_gateway_attachment_id(attachment.as_str());
            answered(action, request.set_dry_run(dry).send().await)
        }
        TransitCall::CreateRoute { pair, destination } => {
            let request = client
                .create_transit_gateway_route()
                .transit_gateway_route_table_id(pair.table.as_str())
                .transit_gateway_attachment_id(pair.attachment.as_str())
                .destination_cidr_block(destination.to_string());
            answered(action, request.set_dry_run(dry).send().await)
        }
        TransitCall::DeleteRoute { table, destination } => {
            let request = client
                .delete_transit_gateway_route()
                .transit_gateway_route_table_id(table.as_str())
                .destination_cidr_block(destination.to_string());
            answered(action, request.set_dry_run(dry).send().await)
        }
        TransitCall::CreateVpcRoute {
            route_table,
            destination,
            transit_gateway,
        } => {
            let request = client
                .create_route()
                .route_table_id(route_table.as_str())
                .destination_cidr_block(destination.to_string())
                .transit_gateway_id(transit_gateway.as_str());
            answered(action, request.set_dry_run(dry).send().await)
        }
        TransitCall::DeleteVpcRoute {
            route_table,
            destination,
        } => {
            let request = client
                .delete_route()
                .route_table_id(route_table.as_str())
                .destination_cidr_block(destination.to_string());
            answered(action, request.set_dry_run(dry).send().await)
        }
    }
}

async fn create_gateway(
    client: &Client,
    amazon_side_asn: Asn,
    cidrs: &[Ipv4Net],
    tags: &Tags,
    dry: Option<bool>,
) -> Result<Answer, Fault> {
    let cidrs: Vec<String> = cidrs.iter().map(ToString::to_string).collect();
    // Said although they are AWS's defaults: what this tool relies on shall not change by itself.
    let options = TransitGatewayRequestOptions::builder()
        .amazon_side_asn(amazon_side_asn.get().into())
        .vpn_ecmp_support(VpnEcmpSupportValue::Enable)
        .default_route_table_association(DefaultRouteTableAssociationValue::Enable)
        .default_route_table_propagation(DefaultRouteTablePropagationValue::Enable)
        .set_transit_gateway_cidr_blocks((!cidrs.is_empty()).then_some(cidrs))
        .build();
    let request = client
        .create_transit_gateway()
        .options(options)
        .set_tag_specifications(tagged(ResourceType::TransitGateway, tags))
        .set_dry_run(dry);
    made::<_, _, TransitGatewayId>("CreateTransitGateway", request.send().await, |output| {
        output.transit_gateway()?.transit_gateway_id()
    })
}

async fn attach_vpc(
    client: &Client,
    transit_gateway: &TransitGatewayId,
    vpc: &VpcId,
    subnets: &BTreeSet<SubnetId>,
    tags: &Tags,
    dry: Option<bool>,
) -> Result<Answer, Fault> {
    let request = client
        .create_transit_gateway_vpc_attachment()
        .transit_gateway_id(transit_gateway.as_str())
        .vpc_id(vpc.as_str())
        .set_subnet_ids(texts(subnets))
        .set_tag_specifications(tagged(ResourceType::TransitGatewayAttachment, tags))
        .set_dry_run(dry);
    let action = "CreateTransitGatewayVpcAttachment";
    made::<_, _, TransitGatewayAttachmentId>(action, request.send().await, |output| {
        let attachment = output.transit_gateway_vpc_attachment()?;
        attachment.transit_gateway_attachment_id()
    })
}

/// None where there are none: an empty list would go out as an empty member.
fn texts(ids: &BTreeSet<SubnetId>) -> Option<Vec<String>> {
    let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
    (!texts.is_empty()).then_some(texts)
}
