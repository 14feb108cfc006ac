//! A [`Call`] → the SDK's request, and its answer → [`Answer`].

use std::error::Error;
use std::net::IpAddr;
use std::str::FromStr;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::error::ProvideErrorMetadata;
use aws_sdk_ec2::operation::RequestId;
use aws_sdk_ec2::types::{
    GatewayType, ResourceType, Tag, TagSpecification, VpnConnectionOptionsSpecification,
    VpnTunnelBandwidth,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;

use super::call::{Answer, Call, ConnectionEnd, ConnectionTraits};
use super::fault::{Fault, FaultKind, WORD};
use super::model::Tags;
use super::request_transit;
use super::tunnel_request;
use crate::spec::{Asn, CustomerGatewayId, VpnConnectionId, VpnGatewayId, one_line};
use crate::tunnel::{PreSharedKey, TunnelOptions};

/// EC2's only type of VPN connection: a text in one request, an enumeration in the others.
const IPSEC_1: &str = "ipsec.1";
/// Outside addresses out of a transit gateway's own networks: a text, without an enumeration.
const PRIVATE_IPV4: &str = "PrivateIpv4";

/// Makes `call`, or asks EC2 whether it would be allowed.
///
/// As a dry run, a call that has no DryRun is refused: EC2 would carry it out.
pub(super) async fn send(client: &Client, call: &Call, dry: bool) -> Result<Answer, Fault> {
    let action = call.action();
    if dry && !call.has_dry_run() {
        let message = "EC2 has no DryRun for this call";
        return Err(Fault::of_kind(action, FaultKind::Invalid, message));
    }
    // Left out unless wanted: look-alikes take its mere presence for `true`.
    let dry = dry.then_some(true);
    match call {
        Call::CreateCustomerGateway {
            ip_address,
            bgp_asn,
            device_name,
            tags,
        } => create_customer_gateway(client, *ip_address, *bgp_asn, device_name, tags, dry).await,
        Call::CreateVpnGateway {
            amazon_side_asn,
            tags,
        } => create_vpn_gateway(client, *amazon_side_asn, tags, dry).await,
        Call::CreateVpnConnection {
            customer_gateway,
            end,
            traits,
            tunnels,
            tags,
        } => {
            let request = client
                .create_vpn_connection()
                .r#type(IPSEC_1)
                .customer_gateway_id(customer_gateway.as_str())
                .options(connection_options(traits, tunnels))
                .set_tag_specifications(tagged(ResourceType::VpnConnection, tags))
                .set_dry_run(dry);
            let request = match end {
                ConnectionEnd::VpnGateway(id) => request.vpn_gateway_id(id.as_str()),
                ConnectionEnd::TransitGateway(id) => request.transit_gateway_id(id.as_str()),
            };
            made::<_, _, VpnConnectionId>(action, request.send().await, |output| {
                output.vpn_connection()?.vpn_connection_id()
            })
        }
        Call::DeleteCustomerGateway(id) => {
            let request = client.delete_customer_gateway().set_dry_run(dry);
            let request = request.customer_gateway_id(id.as_str());
            answered(action, request.send().await)
        }
        Call::DeleteVpnGateway(id) => {
            let request = client.delete_vpn_gateway().set_dry_run(dry);
            answered(action, request.vpn_gateway_id(id.as_str()).send().await)
        }
        Call::DeleteVpnConnection(id) => {
            let request = client.delete_vpn_connection().set_dry_run(dry);
            let request = request.vpn_connection_id(id.as_str());
            answered(action, request.send().await)
        }
        Call::AttachVpnGateway { vpn_gateway, vpc } => {
            let request = client.attach_vpn_gateway().set_dry_run(dry);
            let request = request
                .vpn_gateway_id(vpn_gateway.as_str())
                .vpc_id(vpc.as_str());
            answered(action, request.send().await)
        }
        Call::DetachVpnGateway { vpn_gateway, vpc } => {
            let request = client.detach_vpn_gateway().set_dry_run(dry);
            let request = request
                .vpn_gateway_id(vpn_gateway.as_str())
                .vpc_id(vpc.as_str());
            answered(action, request.send().await)
        }
        Call::CreateVpnConnectionRoute {
            connection,
            destination,
        } => {
            let request = client
                .create_vpn_connection_route()
                .vpn_connection_id(connection.as_str())
                .destination_cidr_block(destination.to_string());
            answered(action, request.send().await)
        }
        Call::DeleteVpnConnectionRoute {
            connection,
            destination,
        } => {
            let request = client
                .delete_vpn_connection_route()
                .vpn_connection_id(connection.as_str())
                .destination_cidr_block(destination.to_string());
            answered(action, request.send().await)
        }
        Call::EnableVgwRoutePropagation {
            route_table,
            vpn_gateway,
        } => {
            let request = client
                .enable_vgw_route_propagation()
                .route_table_id(route_table.as_str())
                .gateway_id(vpn_gateway.as_str())
                .set_dry_run(dry);
            answered(action, request.send().await)
        }
        Call::DisableVgwRoutePropagation {
            route_table,
            vpn_gateway,
        } => {
            let request = client
                .disable_vgw_route_propagation()
                .route_table_id(route_table.as_str())
                .gateway_id(vpn_gateway.as_str())
                .set_dry_run(dry);
            answered(action, request.send().await)
        }
        Call::ModifyVpnTunnelOptions {
            connection,
            outside,
            options,
            key,
        } => {
            let request = client
                .modify_vpn_tunnel_options()
                .vpn_connection_id(connection.as_str())
                .vpn_tunnel_outside_ip_address(outside.to_string())
                .tunnel_options(tunnel_request::modified(options, key.as_ref()))
                .set_dry_run(dry);
            answered(action, request.send().await)
        }
        Call::Transit(call) => request_transit::send(client, call, dry).await,
        Call::CreateTags { resource, tags } => {
            let request = client
                .create_tags()
                .resources(resource)
                .set_tags(Some(list(tags)))
                .set_dry_run(dry);
            answered(action, request.send().await)
        }
    }
}

async fn create_customer_gateway(
    client: &Client,
    ip_address: IpAddr,
    bgp_asn: Asn,
    device_name: &str,
    tags: &Tags,
    dry: Option<bool>,
) -> Result<Answer, Fault> {
    let request = client
        .create_customer_gateway()
        .r#type(GatewayType::Ipsec1)
        .ip_address(ip_address.to_string())
        .device_name(device_name)
        .set_tag_specifications(tagged(ResourceType::CustomerGateway, tags))
        .set_dry_run(dry);
    // What does not fit into the signed member has a member of its own.
    let request = match i32::try_from(bgp_asn.get()) {
        Ok(asn) => request.bgp_asn(asn),
        Err(_) => request.bgp_asn_extended(bgp_asn.get().into()),
    };
    made::<_, _, CustomerGatewayId>("CreateCustomerGateway", request.send().await, |output| {
        output.customer_gateway()?.customer_gateway_id()
    })
}

async fn create_vpn_gateway(
    client: &Client,
    amazon_side_asn: Asn,
    tags: &Tags,
    dry: Option<bool>,
) -> Result<Answer, Fault> {
    let request = client
        .create_vpn_gateway()
        .r#type(GatewayType::Ipsec1)
        .amazon_side_asn(amazon_side_asn.get().into())
        .set_tag_specifications(tagged(ResourceType::VpnGateway, tags))
        .set_dry_run(dry);
    made::<_, _, VpnGatewayId>("CreateVpnGateway", request.send().await, |output| {
        output.vpn_gateway()?.vpn_gateway_id()
    })
}

/// Always two tunnels: with one, the other would get AWS's weak defaults.
fn connection_options(
    traits: &ConnectionTraits,
    tunnels: &[(TunnelOptions, PreSharedKey); 2],
) -> VpnConnectionOptionsSpecification {
    let tunnels = tunnels
        .iter()
        .map(|(options, key)| tunnel_request::created(options, key))
        .collect();
    let large = traits.large_bandwidth.then_some(VpnTunnelBandwidth::Large);
    let private = traits.transport.as_ref();
    // What is as AWS has it anyway is left out: look-alikes do not know every member.
    VpnConnectionOptionsSpecification::builder()
        .static_routes_only(traits.static_routes_only)
        .set_tunnel_options(Some(tunnels))
        .set_enable_acceleration(traits.accelerated.then_some(true))
        .set_tunnel_bandwidth(large)
        .set_outside_ip_address_type(private.map(|_| PRIVATE_IPV4.to_owned()))
        .set_transport_transit_gateway_attachment_id(private.map(ToString::to_string))
        .build()
}

fn list(tags: &Tags) -> Vec<Tag> {
    tags.iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect()
}

/// Tags to set in the call that creates; none when there are none.
pub(super) fn tagged(resource: ResourceType, tags: &Tags) -> Option<Vec<TagSpecification>> {
    let specification = TagSpecification::builder()
        .resource_type(resource)
        .set_tags(Some(list(tags)))
        .build();
    (!tags.is_empty()).then(|| vec![specification])
}

/// The answer of a call that makes nothing with an id.
pub(super) fn answered<O: RequestId, E>(
    action: &str,
    result: Result<O, SdkError<E, HttpResponse>>,
) -> Result<Answer, Fault>
where
    E: Error + ProvideErrorMetadata + 'static,
{
    let output = result.map_err(|error| Fault::from_sdk(action, &error))?;
    Ok(Answer {
        id: None,
        request_id: output.request_id().map(|id| one_line(id, WORD)),
    })
}

/// The answer of a create, with the id of what it made.
///
/// The SDK reads an answer that breaks off as one that ends there. Without a whole id we do not
/// know what was made: that is a lost answer, not a success.
pub(super) fn made<O: RequestId, E, I: FromStr>(
    action: &str,
    result: Result<O, SdkError<E, HttpResponse>>,
    id: impl FnOnce(&O) -> Option<&str>,
) -> Result<Answer, Fault>
where
    E: Error + ProvideErrorMetadata + 'static,
{
    let output = result.map_err(|error| Fault::from_sdk(action, &error))?;
    let request_id = output.request_id().map(|id| one_line(id, WORD));
    let Some(id) = id(&output).filter(|id| id.parse::<I>().is_ok()) else {
        let message = "the answer does not name what was made";
        let mut fault = Fault::of_kind(action, FaultKind::Lost, message);
        fault.request_id = request_id;
        return Err(fault);
    };
    Ok(Answer {
        id: Some(id.to_owned()),
        request_id,
    })
}
