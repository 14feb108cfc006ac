//! Direct Connect's shapes → ours. As tolerant as the rest of the conversions.

use aws_sdk_directconnect::types as dx;
use jiff::Timestamp;
use secrecy::SecretString;

use super::convert::{parsed, shown, state};
use super::direct_connect::{BgpPeer, DxAssociation, DxConnection, DxGateway, VirtualInterface};
use super::model::Tags;
use crate::spec::Asn;
use crate::tunnel::BgpKey;

pub(super) fn connection(it: &dx::Connection) -> Option<DxConnection> {
    let issued = it.loa_issue_time();
    Some(DxConnection {
        id: parsed(it.connection_id())?,
        name: text(it.connection_name()),
        state: state(it.connection_state().map(dx::ConnectionState::as_str)),
        owner: parsed(it.owner_account()),
        region: parsed(it.region()),
        location: text(it.location()),
        bandwidth: text(it.bandwidth()),
        vlan: vlan(it.vlan()),
        partner: it.partner_name().filter(|it| !it.is_empty()).map(shown),
        loa_issued_at: issued.and_then(|at| Timestamp::from_second(at.secs()).ok()),
        jumbo: it.jumbo_frame_capable().unwrap_or_default(),
        macsec_capable: it.mac_sec_capable().unwrap_or_default(),
        encryption_mode: it.encryption_mode().map(shown),
        macsec_keys: it
            .mac_sec_keys()
            .iter()
            .map(|key| (text(key.secret_arn()), state(key.state())))
            .collect(),
        tags: tags(it.tags()),
    })
}

pub(super) fn gateway(it: &dx::DirectConnectGateway) -> Option<DxGateway> {
    let word = it.direct_connect_gateway_state();
    Some(DxGateway {
        id: parsed(it.direct_connect_gateway_id())?,
        name: text(it.direct_connect_gateway_name()),
        state: state(word.map(dx::DirectConnectGatewayState::as_str)),
        state_change_error: it.state_change_error().map(shown),
        owner: parsed(it.owner_account()),
        amazon_side_asn: asn(it.amazon_side_asn(), 0),
        tags: tags(it.tags()),
    })
}

pub(super) fn association(it: &dx::DirectConnectGatewayAssociation) -> Option<DxAssociation> {
    let associated = it.associated_gateway();
    let id = associated.and_then(dx::AssociatedGateway::id);
    let prefixes = it.allowed_prefixes_to_direct_connect_gateway().iter();
    let word = it.association_state();
    Some(DxAssociation {
        id: parsed(it.association_id())?,
        gateway: parsed(it.direct_connect_gateway_id())?,
        state: state(word.map(dx::DirectConnectGatewayAssociationState::as_str)),
        state_change_error: it.state_change_error().map(shown),
        associated: text(id.or(it.virtual_gateway_id())),
        region: parsed(associated.and_then(dx::AssociatedGateway::region)),
        allowed_prefixes: prefixes.filter_map(|it| parsed(it.cidr())).collect(),
    })
}

pub(super) fn interface(it: &dx::VirtualInterface) -> Option<VirtualInterface> {
    let word = it.virtual_interface_state();
    Some(VirtualInterface {
        id: parsed(it.virtual_interface_id())?,
        name: text(it.virtual_interface_name()),
        kind: text(it.virtual_interface_type()),
        state: state(word.map(dx::VirtualInterfaceState::as_str)),
        owner: parsed(it.owner_account()),
        region: parsed(it.region()),
        connection: parsed(it.connection_id()),
        vlan: vlan(it.vlan()),
        asn: asn(it.asn_long(), it.asn()),
        amazon_side_asn: asn(it.amazon_side_asn(), 0),
        mtu: it.mtu().and_then(|mtu| u16::try_from(mtu).ok()),
        gateway: parsed(it.direct_connect_gateway_id()),
        vpn_gateway: parsed(it.virtual_gateway_id()),
        peers: it.bgp_peers().iter().map(peer).collect(),
        tags: tags(it.tags()),
    })
}

fn peer(it: &dx::BgpPeer) -> BgpPeer {
    let key = it.auth_key().map(|key| SecretString::from(key.to_owned()));
    BgpPeer {
        id: text(it.bgp_peer_id()),
        family: text(it.address_family().map(dx::AddressFamily::as_str)),
        amazon_address: parsed(it.amazon_address()),
        customer_address: parsed(it.customer_address()),
        asn: asn(it.asn_long(), it.asn()),
        state: state(it.bgp_peer_state().map(dx::BgpPeerState::as_str)),
        status: text(it.bgp_status().map(dx::BgpStatus::as_str)),
        key: key.and_then(|key| BgpKey::new(key).ok()),
    }
}

fn text(text: Option<&str>) -> String {
    shown(text.unwrap_or_default())
}

/// AWS leaves the short number at 0 where the long one is meant.
fn asn(long: Option<i64>, short: i32) -> Option<Asn> {
    let number = long.filter(|it| *it != 0).unwrap_or_else(|| short.into());
    u32::try_from(number).ok()?.try_into().ok()
}

fn vlan(number: i32) -> Option<u16> {
    u16::try_from(number).ok().filter(|number| *number != 0)
}

fn tags(list: &[dx::Tag]) -> Tags {
    let tag = |it: &dx::Tag| (shown(it.key()), text(it.value()));
    list.iter().map(tag).collect()
}
