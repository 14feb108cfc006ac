//! What a Direct Connect call does to a view, as AWS would have it, but at once.

use std::collections::BTreeMap;
use std::str::FromStr;

use ipnet::IpNet;
use secrecy::SecretString;

use super::transit::{attach, detach_resource};
use crate::aws::{
    BgpPeer, ConnectionEnd, DirectConnectCall, DxAssociation, DxConnection, DxGateway, State, Tags,
    View, VirtualInterface,
};
use crate::spec::{AccountId, DxAssociationId, DxConnectionId, DxGatewayId, VirtualInterfaceId};
use crate::tunnel::BgpKey;

const REGION: &str = "eu-central-1";

/// The text of the BGP session's key: must never be seen.
pub(crate) const BGP_KEY: &str = "sEcReTbGpKeYtHaTnObOdYmAySeE";

/// The key itself.
pub(crate) fn bgp_key() -> BgpKey {
    BgpKey::new(SecretString::from(BGP_KEY)).unwrap()
}

/// Does a Direct Connect call, as [`apply`](super::apply) does the others.
pub(super) fn apply_direct_connect(
    view: &mut View,
    call: &DirectConnectCall,
) -> Result<Option<String>, &'static str> {
    match call {
        DirectConnectCall::OrderConnection { .. } => Ok(Some(order(view, call))),
        DirectConnectCall::ConfirmConnection(id) => {
            view.dx_connections.get_mut(id).unwrap().state = State::new("available");
            Ok(None)
        }
        DirectConnectCall::DeleteConnection(id) => {
            let mut interfaces = view.virtual_interfaces.values();
            if interfaces.any(|it| it.connection.as_ref() == Some(id) && !it.state.is_ending()) {
                return Err("DirectConnectClientException");
            }
            view.dx_connections.get_mut(id).unwrap().state = State::new("deleted");
            Ok(None)
        }
        DirectConnectCall::CreateGateway { .. } => Ok(Some(make_gateway(view, call))),
        DirectConnectCall::DeleteGateway(id) => {
            let mut associations = view.dx_associations.values();
            if associations.any(|it| it.gateway == *id && !it.state.is_ending()) {
                return Err("DirectConnectClientException");
            }
            view.dx_gateways.get_mut(id).unwrap().state = State::new("deleted");
            Ok(None)
        }
        DirectConnectCall::Associate { .. } => associate(view, call),
        DirectConnectCall::UpdateAllowedPrefixes {
            association,
            add,
            remove,
        } => {
            let association = view.dx_associations.get_mut(association).unwrap();
            association
                .allowed_prefixes
                .retain(|it| !remove.contains(it));
            association.allowed_prefixes.extend(add);
            Ok(None)
        }
        DirectConnectCall::Disassociate(id) => {
            let association = view.dx_associations.get_mut(id).unwrap();
            association.state = State::new("disassociated");
            let gateway = association.gateway.to_string();
            detach_resource(view, &gateway);
            Ok(None)
        }
        DirectConnectCall::CreateVirtualInterface { .. } => make_interface(view, call),
        DirectConnectCall::SetMtu { interface, mtu } => {
            view.virtual_interfaces.get_mut(interface).unwrap().mtu = Some(*mtu);
            Ok(None)
        }
        DirectConnectCall::DeleteVirtualInterface(id) => {
            view.virtual_interfaces.get_mut(id).unwrap().state = State::new("deleted");
            Ok(None)
        }
        DirectConnectCall::Tag { arn, tags } => {
            tags_of(view, arn).extend(tags.clone());
            Ok(None)
        }
        other => unreachable!("{other:?} is no kind's"),
    }
}

fn order(view: &mut View, call: &DirectConnectCall) -> String {
    let DirectConnectCall::OrderConnection {
        name,
        location,
        bandwidth,
        macsec,
        tags,
        ..
    } = call
    else {
        unreachable!("{call:?} orders nothing")
    };
    let id: DxConnectionId = free("dxcon-fg", &view.dx_connections);
    let connection = DxConnection {
        id: id.clone(),
        name: name.clone(),
        // The people have done their part.
        state: State::new("available"),
        owner: Some(owner()),
        region: Some(REGION.parse().unwrap()),
        location: location.clone(),
        bandwidth: bandwidth.clone(),
        vlan: None,
        partner: None,
        loa_issued_at: None,
        jumbo: true,
        macsec_capable: *macsec,
        encryption_mode: None,
        macsec_keys: Vec::new(),
        tags: tags.clone(),
    };
    view.dx_connections.insert(id.clone(), connection);
    id.to_string()
}

fn make_gateway(view: &mut View, call: &DirectConnectCall) -> String {
    let DirectConnectCall::CreateGateway {
        name,
        amazon_side_asn,
        tags,
    } = call
    else {
        unreachable!("{call:?} makes no gateway")
    };
    let id: DxGatewayId = free_uuid('a', &view.dx_gateways);
    let gateway = DxGateway {
        id: id.clone(),
        name: name.clone(),
        state: State::new("available"),
        state_change_error: None,
        owner: Some(owner()),
        amazon_side_asn: Some(*amazon_side_asn),
        tags: tags.clone(),
    };
    view.dx_gateways.insert(id.clone(), gateway);
    id.to_string()
}

fn associate(view: &mut View, call: &DirectConnectCall) -> Result<Option<String>, &'static str> {
    let DirectConnectCall::Associate {
        gateway,
        with,
        allowed_prefixes,
    } = call
    else {
        unreachable!("{call:?} associates nothing")
    };
    let associated = match with {
        ConnectionEnd::VpnGateway(id) => id.to_string(),
        ConnectionEnd::TransitGateway(id) => id.to_string(),
    };
    let mut all = view.dx_associations.values();
    let joined = |it: &DxAssociation| it.gateway == *gateway && it.associated == associated;
    if all.any(|it| joined(it) && !it.state.is_ending()) {
        return Err("DirectConnectClientException");
    }
    if let ConnectionEnd::TransitGateway(id) = with {
        attach(view, id, "direct-connect-gateway", gateway.as_str());
    }
    let id: DxAssociationId = free_uuid('b', &view.dx_associations);
    let association = DxAssociation {
        id: id.clone(),
        gateway: gateway.clone(),
        state: State::new("associated"),
        state_change_error: None,
        associated,
        region: Some(REGION.parse().unwrap()),
        allowed_prefixes: allowed_prefixes.iter().copied().map(IpNet::V4).collect(),
    };
    view.dx_associations.insert(id.clone(), association);
    Ok(Some(id.to_string()))
}

fn make_interface(
    view: &mut View,
    call: &DirectConnectCall,
) -> Result<Option<String>, &'static str> {
    let DirectConnectCall::CreateVirtualInterface {
        kind,
        connection,
        gateway,
        options,
        key,
        tags,
    } = call
    else {
        unreachable!("{call:?} makes no virtual interface")
    };
    let mut all = view.virtual_interfaces.values();
    let taken = |it: &VirtualInterface| {
        it.connection.as_ref() == Some(connection) && it.vlan == Some(options.vlan)
    };
    if all.any(|it| taken(it) && !it.state.is("deleted")) {
        return Err("DirectConnectClientException");
    }
    let id: VirtualInterfaceId = free("dxvif-fg", &view.virtual_interfaces);
    let chosen = ["169.254.96.1/29", "169.254.96.6/29"].map(|it| it.parse().unwrap());
    let (amazon, router) = options.addresses.unwrap_or(chosen.into());
    let peer = BgpPeer {
        id: "dxpeer-fg000001".to_owned(),
        family: "ipv4".to_owned(),
        amazon_address: Some(amazon.into()),
        customer_address: Some(router.into()),
        asn: Some(options.asn),
        state: State::new("available"),
        status: "down".to_owned(),
        key: Some(key.clone()),
    };
    let interface = VirtualInterface {
        id: id.clone(),
        name: options.name.clone(),
        kind: kind.as_str().to_owned(),
        state: State::new("available"),
        owner: Some(owner()),
        region: Some(REGION.parse().unwrap()),
        connection: Some(connection.clone()),
        vlan: Some(options.vlan),
        asn: Some(options.asn),
        amazon_side_asn: view.dx_gateways[gateway].amazon_side_asn,
        mtu: Some(options.mtu),
        gateway: Some(gateway.clone()),
        vpn_gateway: None,
        peers: vec![peer],
        tags: tags.clone(),
    };
    view.virtual_interfaces.insert(id.clone(), interface);
    Ok(Some(id.to_string()))
}

/// The tags of an object by its ARN.
fn tags_of<'a>(view: &'a mut View, arn: &str) -> &'a mut Tags {
    let (path, id) = arn.rsplit_once('/').unwrap();
    match path.rsplit_once(':').unwrap().1 {
        "dxcon" => {
            let connection = view.dx_connections.get_mut(&id.parse().unwrap());
            &mut connection.unwrap().tags
        }
        "dxvif" => {
            let interface = view.virtual_interfaces.get_mut(&id.parse().unwrap());
            &mut interface.unwrap().tags
        }
        "dx-gateway" => {
            let gateway = view.dx_gateways.get_mut(&id.parse().unwrap());
            &mut gateway.unwrap().tags
        }
        other => unreachable!("{other} has no tags"),
    }
}

/// Gives every Direct Connect object this state.
pub(super) fn set_direct_connect_state(view: &mut View, state: &State) {
    for connection in view.dx_connections.values_mut() {
        connection.state = state.clone();
    }
    for gateway in view.dx_gateways.values_mut() {
        gateway.state = state.clone();
    }
    for association in view.dx_associations.values_mut() {
        association.state = state.clone();
    }
    for interface in view.virtual_interfaces.values_mut() {
        interface.state = state.clone();
    }
}

/// A deleted twin before and after every object, and every list reversed.
pub(super) fn clutter_direct_connect(view: &mut View) {
    let deleted = State::new("deleted");
    let uuids = ['0', 'f'].map(|digit| uuid(digit, usize::from(digit == 'f')));
    for connection in view.dx_connections.clone().into_values() {
        for id in ["dxcon-00000000", "dxcon-zzzzzzzz"] {
            let mut twin = connection.clone();
            (twin.id, twin.state) = (id.parse().unwrap(), deleted.clone());
            view.dx_connections.insert(twin.id.clone(), twin);
        }
    }
    for gateway in view.dx_gateways.clone().into_values() {
        for id in &uuids {
            let mut twin = gateway.clone();
            (twin.id, twin.state) = (id.parse().unwrap(), deleted.clone());
            view.dx_gateways.insert(twin.id.clone(), twin);
        }
    }
    for association in view.dx_associations.clone().into_values() {
        for id in &uuids {
            let mut twin = association.clone();
            (twin.id, twin.state) = (id.parse().unwrap(), State::new("disassociated"));
            view.dx_associations.insert(twin.id.clone(), twin);
        }
    }
    for interface in view.virtual_interfaces.values_mut() {
        interface.peers.reverse();
    }
    for interface in view.virtual_interfaces.clone().into_values() {
        for id in ["dxvif-00000000", "dxvif-zzzzzzzz"] {
            let mut twin = interface.clone();
            (twin.id, twin.state) = (id.parse().unwrap(), deleted.clone());
            view.virtual_interfaces.insert(twin.id.clone(), twin);
        }
    }
}

fn owner() -> AccountId {
    "123456789012".parse().unwrap()
}

fn free<T: FromStr<Err: std::fmt::Debug> + Ord, V>(prefix: &str, taken: &BTreeMap<T, V>) -> T {
    let ids = (1..=10_000).map(|n| format!("{prefix}{n:06x}").parse().unwrap());
    ids.into_iter().find(|id| !taken.contains_key(id)).unwrap()
}

fn free_uuid<T: FromStr<Err: std::fmt::Debug> + Ord, V>(digit: char, taken: &BTreeMap<T, V>) -> T {
    let ids = (1..=10_000).map(|n| uuid(digit, n).parse().unwrap());
    ids.into_iter().find(|id| !taken.contains_key(id)).unwrap()
}

fn uuid(digit: char, n: usize) -> String {
    let first: String = std::iter::repeat_n(digit, 8).collect();
    format!("{first}-0000-4000-8000-{n:012x}")
}
