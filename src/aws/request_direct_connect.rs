//! A [`DirectConnectCall`] → the SDK's request.

use std::collections::BTreeSet;

use aws_sdk_directconnect::Client;
use aws_sdk_directconnect::types::{
    AddressFamily, NewPrivateVirtualInterface, NewTransitVirtualInterface, RouteFilterPrefix, Tag,
};
use ipnet::IpNet;

use super::call::Answer;
use super::direct_connect::VirtualInterfaceKind;
use super::direct_connect_call::{DirectConnectCall, VirtualInterfaceOptions};
use super::fault::{Fault, FaultKind};
use super::model::Tags;
use super::request::{answered, made};
use crate::spec::{DxAssociationId, DxConnectionId, DxGatewayId, VirtualInterfaceId};
use crate::tunnel::BgpKey;

/// Makes `call`; none of these has a DryRun.
pub(super) async fn send(client: &Client, call: &DirectConnectCall) -> Result<Answer, Fault> {
    let action = call.action();
    match call {
        DirectConnectCall::OrderConnection {
            name,
            location,
            bandwidth,
            provider,
            macsec,
            tags,
        } => {
            let request = client
                .create_connection()
                .connection_name(name)
                .location(location)
                .bandwidth(bandwidth)
                .set_provider_name(provider.clone())
                .set_request_mac_sec(macsec.then_some(true))
                .set_tags(list(action, tags)?);
            made::<_, _, DxConnectionId>(action, request.send().await, |it| it.connection_id())
        }
        DirectConnectCall::ConfirmConnection(id) => {
            let request = client.confirm_connection().connection_id(id.as_str());
            answered(action, request.send().await)
        }
        DirectConnectCall::DeleteConnection(id) => {
            let request = client.delete_connection().connection_id(id.as_str());
            answered(action, request.send().await)
        }
        DirectConnectCall::AssociateMacsecKey {
            connection,
            secret_arn,
        } => {
            let request = client.associate_mac_sec_key();
            let request = request.connection_id(connection.as_str());
            answered(action, request.secret_arn(secret_arn).send().await)
        }
        DirectConnectCall::SetEncryption { connection, mode } => {
            let request = client.update_connection();
            let request = request.connection_id(connection.as_str());
            answered(action, request.encryption_mode(mode).send().await)
        }
        DirectConnectCall::CreateGateway {
            name,
            amazon_side_asn,
            tags,
        } => {
            let request = client
                .create_direct_connect_gateway()
                .direct_connect_gateway_name(name)
                .amazon_side_asn(amazon_side_asn.get().into())
                .set_tags(list(action, tags)?);
            made::<_, _, DxGatewayId>(action, request.send().await, |it| {
                it.direct_connect_gateway()?.direct_connect_gateway_id()
            })
        }
        DirectConnectCall::DeleteGateway(id) => {
            let request = client.delete_direct_connect_gateway();
            let request = request.direct_connect_gateway_id(id.as_str());
            answered(action, request.send().await)
        }
        DirectConnectCall::Associate {
            gateway,
            with,
            allowed_prefixes,
        } => {
            let allowed = allowed_prefixes.iter().map(|it| IpNet::V4(*it)).collect();
            let request = client
                .create_direct_connect_gateway_association()
                .direct_connect_gateway_id(gateway.as_str())
                .gateway_id(with.as_str())
                .set_add_allowed_prefixes_to_direct_connect_gateway(prefixes(&allowed));
            made::<_, _, DxAssociationId>(action, request.send().await, |it| {
                it.direct_connect_gateway_association()?.association_id()
            })
        }
        DirectConnectCall::UpdateAllowedPrefixes {
            association,
            add,
            remove,
        } => {
            let request = client
                .update_direct_connect_gateway_association()
                .association_id(association.as_str())
                .set_add_allowed_prefixes_to_direct_connect_gateway(prefixes(add))
                .set_remove_allowed_prefixes_to_direct_connect_gateway(prefixes(remove));
            answered(action, request.send().await)
        }
        DirectConnectCall::Disassociate(id) => {
            let request = client.delete_direct_connect_gateway_association();
            answered(action, request.association_id(id.as_str()).send().await)
        }
        call => send_of_interface(client, call).await,
    }
}

/// Makes a call about a virtual interface, or about tags.
async fn send_of_interface(client: &Client, call: &DirectConnectCall) -> Result<Answer, Fault> {
    let action = call.action();
    match call {
        DirectConnectCall::CreateVirtualInterface {
            kind: VirtualInterfaceKind::Private,
            connection,
            gateway,
            options,
            key,
            tags,
        } => {
            let interface = private(action, gateway, options, key, tags)?;
            let request = client
                .create_private_virtual_interface()
                .connection_id(connection.as_str())
                .new_private_virtual_interface(interface);
            made::<_, _, VirtualInterfaceId>(action, request.send().await, |it| {
                it.virtual_interface_id()
            })
        }
        DirectConnectCall::CreateVirtualInterface {
            kind: VirtualInterfaceKind::Transit,
            connection,
            gateway,
            options,
            key,
            tags,
        } => {
            let request = client
                .create_transit_virtual_interface()
                .connection_id(connection.as_str())
                .new_transit_virtual_interface(transit(action, gateway, options, key, tags)?);
            made::<_, _, VirtualInterfaceId>(action, request.send().await, |it| {
                it.virtual_interface()?.virtual_interface_id()
            })
        }
        DirectConnectCall::SetMtu { interface, mtu } => {
            let request = client
                .update_virtual_interface_attributes()
                .virtual_interface_id(interface.as_str())
                .mtu((*mtu).into());
            answered(action, request.send().await)
        }
        DirectConnectCall::DeleteVirtualInterface(id) => {
            let request = client.delete_virtual_interface();
            answered(
                action,
                request.virtual_interface_id(id.as_str()).send().await,
            )
        }
        DirectConnectCall::StartFailoverTest { interface, minutes } => {
            let request = client
                .start_bgp_failover_test()
                .virtual_interface_id(interface.as_str())
                .test_duration_in_minutes((*minutes).into());
            answered(action, request.send().await)
        }
        DirectConnectCall::StopFailoverTest(id) => {
            let request = client.stop_bgp_failover_test();
            answered(
                action,
                request.virtual_interface_id(id.as_str()).send().await,
            )
        }
        DirectConnectCall::Tag { arn, tags } => {
            let request = client.tag_resource().resource_arn(arn);
            answered(action, request.set_tags(list(action, tags)?).send().await)
        }
        DirectConnectCall::Untag { arn, key } => {
            let request = client.untag_resource().resource_arn(arn).tag_keys(key);
            answered(action, request.send().await)
        }
        other => {
            let message = format!("{} is no call about a virtual interface", other.action());
            Err(Fault::of_kind(action, FaultKind::Invalid, &message))
        }
    }
}

fn private(
    action: &str,
    gateway: &DxGatewayId,
    options: &VirtualInterfaceOptions,
    key: &BgpKey,
    tags: &Tags,
) -> Result<NewPrivateVirtualInterface, Fault> {
    let (amazon, customer) = addresses(options);
    // The short number cannot hold every ASN.
    NewPrivateVirtualInterface::builder()
        .virtual_interface_name(&options.name)
        .vlan(options.vlan.into())
        .asn_long(options.asn.get().into())
        .mtu(options.mtu.into())
        .auth_key(key.expose())
        .set_amazon_address(amazon)
        .set_customer_address(customer)
        .address_family(AddressFamily::IPv4)
        .direct_connect_gateway_id(gateway.as_str())
        .set_tags(list(action, tags)?)
        .build()
        .map_err(|error| Fault::of_kind(action, FaultKind::Invalid, &error.to_string()))
}

fn transit(
    action: &str,
    gateway: &DxGatewayId,
    options: &VirtualInterfaceOptions,
    key: &BgpKey,
    tags: &Tags,
) -> Result<NewTransitVirtualInterface, Fault> {
    let (amazon, customer) = addresses(options);
    Ok(NewTransitVirtualInterface::builder()
        .virtual_interface_name(&options.name)
        .vlan(options.vlan.into())
        .asn_long(options.asn.get().into())
        .mtu(options.mtu.into())
        .auth_key(key.expose())
        .set_amazon_address(amazon)
        .set_customer_address(customer)
        .address_family(AddressFamily::IPv4)
        .direct_connect_gateway_id(gateway.as_str())
        .set_tags(list(action, tags)?)
        .build())
}

fn addresses(options: &VirtualInterfaceOptions) -> (Option<String>, Option<String>) {
    let (amazon, customer) = options.addresses.unzip();
    (
        amazon.map(|it| it.to_string()),
        customer.map(|it| it.to_string()),
    )
}

/// None where there are none: an empty list would go out as an empty member.
fn prefixes(prefixes: &BTreeSet<IpNet>) -> Option<Vec<RouteFilterPrefix>> {
    let one = |it: &IpNet| RouteFilterPrefix::builder().cidr(it.to_string()).build();
    (!prefixes.is_empty()).then(|| prefixes.iter().map(one).collect())
}

fn list(action: &str, tags: &Tags) -> Result<Option<Vec<Tag>>, Fault> {
    let tag = |(key, value): (&String, &String)| {
        let tag = Tag::builder().key(key).value(value).build();
        tag.map_err(|error| Fault::of_kind(action, FaultKind::Invalid, &error.to_string()))
    };
    let tags: Vec<Tag> = tags.iter().map(tag).collect::<Result<_, _>>()?;
    Ok((!tags.is_empty()).then_some(tags))
}
