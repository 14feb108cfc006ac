//! The shapes that answers are made of.

use serde_json::{Map, Value, json};

use crate::sandbox::calls::context::Context;
use crate::sandbox::consistency;
use crate::sandbox::direct_connect::{
    BgpPeer, DxAssociation, DxConnection, DxGateway, DxProposal, FailoverTest, Line, MacSecKey,
    VirtualInterface,
};
use crate::sandbox::fault::Trouble;
use crate::sandbox::lifecycle::State;
use crate::sandbox::world::Tags;

/// The largest ASN that the member `asn` can hold; of larger ones it says 0.
const LARGEST_ASN: u32 = 2_147_483_647;

/// A state as a describe words it.
pub(super) fn state(context: &Context<'_>, object: &str, word: &'static str) -> &'static str {
    if context.faults.has(Trouble::UnknownStates) && !context.action.is_mutating() {
        return consistency::disguised_direct(context.faults.seed, object, word, context.now);
    }
    word
}

pub(super) fn tags(tags: &Tags) -> Value {
    tags.iter()
        .map(|(key, value)| json!({"key": key, "value": value}))
        .collect()
}

/// A document without the members that are null.
fn trimmed(document: Value) -> Value {
    match document {
        Value::Object(members) => members
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .collect::<Map<_, _>>()
            .into(),
        other => other,
    }
}

/// The device at AWS's end of a connection.
pub(super) fn device(connection: &DxConnection) -> String {
    let tail = connection.id.as_str().rsplit('-').next();
    let tail = tail.unwrap_or_default().get(1..5).unwrap_or_default();
    format!("{}-{tail}", connection.location)
}

pub(super) fn connection(context: &Context<'_>, it: &DxConnection) -> Value {
    let now = context.now;
    let word = it.state(now);
    // A port is chosen when the letter of authorization is issued.
    let device = (!matches!(word, "requested" | "ordering")).then(|| device(it));
    let (vlan, partner, loa) = match &it.line {
        Line::Dedicated { loa_at, .. } => (None, None, Some(loa_at.as_second())),
        Line::Hosted { vlan, partner, .. } => (Some(*vlan), Some(partner.as_str()), None),
    };
    // AWS has the time of the last DescribeLoa here; a read that changes what others see is more
    // than the sandbox does, so it is when the letter was issued.
    let loa = loa.filter(|at| *at <= now.as_second());
    let encryption = it.mac_sec.then(|| match it.is_encrypted(now) {
        true => "Encryption Up",
        false => "Encryption Down",
    });
    trimmed(json!({
        "ownerAccount": context.account,
        "connectionId": it.id.as_str(),
        "connectionName": it.name,
        "connectionState": state(context, it.id.as_str(), word),
        "region": it.region,
        "location": it.location,
        "bandwidth": it.bandwidth,
        "vlan": vlan,
        "partnerName": partner,
        "loaIssueTime": loa,
        "awsDevice": device,
        "jumboFrameCapable": device.is_some(),
        "awsDeviceV2": device,
        "awsLogicalDeviceId": device,
        "hasLogicalRedundancy": if device.is_some() { "no" } else { "unknown" },
        "tags": tags(&it.tags),
        "providerName": it.provider,
        "macSecCapable": it.mac_sec,
        "portEncryptionStatus": encryption,
        "encryptionMode": it.mac_sec.then_some(&it.encryption_mode),
        "macSecKeys": it.mac_sec.then(|| mac_sec_keys(context, it)),
        "billingMode": it.billing_mode,
    }))
}

pub(super) fn mac_sec_keys(context: &Context<'_>, it: &DxConnection) -> Value {
    let keys = it.mac_sec_keys.iter();
    keys.filter(|key| key.state(context.now) != "disassociated")
        .map(|key| mac_sec_key(context, key))
        .collect()
}

fn mac_sec_key(context: &Context<'_>, key: &MacSecKey) -> Value {
    json!({
        "secretARN": key.secret_arn,
        "ckn": key.ckn,
        "state": key.state(context.now),
        "startOn": key.associated_at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    })
}

pub(super) fn gateway(context: &Context<'_>, it: &DxGateway) -> Value {
    let word = it.life.state(context.now).as_str();
    json!({
        "directConnectGatewayId": it.id.as_str(),
        "directConnectGatewayName": it.name,
        "amazonSideAsn": it.asn,
        "ownerAccount": context.account,
        "directConnectGatewayState": state(context, it.id.as_str(), word),
        "tags": tags(&it.tags),
    })
}

/// What an association leads to.
fn associated(context: &Context<'_>, id: &str, is_transit: bool, region: &str) -> Value {
    json!({
        "id": id,
        "type": if is_transit { "transitGateway" } else { "virtualPrivateGateway" },
        "ownerAccount": context.account,
        "region": region,
    })
}

pub(super) fn prefixes<'a>(prefixes: impl IntoIterator<Item = &'a ipnet::IpNet>) -> Value {
    let prefixes = prefixes.into_iter();
    prefixes
        .map(|prefix| json!({"cidr": prefix.to_string()}))
        .collect()
}

pub(super) fn association(context: &Context<'_>, it: &DxAssociation) -> Value {
    let associated_id = it.associated.as_str();
    // The older members know virtual private gateways only.
    let vpn_gateway = (!it.is_transit).then_some(associated_id);
    trimmed(json!({
        "directConnectGatewayId": it.gateway.as_str(),
        "directConnectGatewayOwnerAccount": context.account,
        "associationState": state(context, it.id.as_str(), it.state(context.now)),
        "stateChangeError": it.state_change_error,
        "associatedGateway": associated(context, associated_id, it.is_transit, &it.region),
        "associationId": it.id.as_str(),
        "allowedPrefixesToDirectConnectGateway": prefixes(it.allowed_at(context.now)),
        "virtualGatewayId": vpn_gateway,
        "virtualGatewayRegion": vpn_gateway.map(|_| &it.region),
        "virtualGatewayOwnerAccount": vpn_gateway.map(|_| context.account),
    }))
}

pub(super) fn proposal(context: &Context<'_>, it: &DxProposal) -> Value {
    let mut existing = context.direct.associations_of(&it.gateway, context.now);
    let existing = existing.find(|known| known.associated == it.associated);
    json!({
        "proposalId": it.id.as_str(),
        "directConnectGatewayId": it.gateway.as_str(),
        "directConnectGatewayOwnerAccount": context.account,
        "proposalState": it.state(context.now),
        "associatedGateway": associated(context, it.associated.as_str(), it.is_transit, &it.region),
        "existingAllowedPrefixesToDirectConnectGateway":
            prefixes(existing.into_iter().flat_map(|known| known.allowed_at(context.now))),
        "requestedAllowedPrefixesToDirectConnectGateway": prefixes(&it.requested),
    })
}

/// The ASN at AWS's end of a virtual interface.
pub(super) fn amazon_asn(context: &Context<'_>, it: &VirtualInterface) -> Option<u32> {
    if let Some(gateway) = &it.gateway {
        return context.direct.gateways.get(gateway).map(|known| known.asn);
    }
    let gateway = context.region.vpn_gateways.get(it.vpn_gateway.as_ref()?);
    gateway.map(|known| known.asn)
}

pub(super) fn interface(context: &Context<'_>, it: &VirtualInterface) -> Value {
    let connection = context.direct.connections.get(&it.connection);
    let device = connection.map(device);
    let word = it.state(context.beyond(), context.now);
    let first = it.peers.first();
    trimmed(json!({
        "ownerAccount": context.account,
        "virtualInterfaceId": it.id.as_str(),
        "location": connection.map(|known| &known.location),
        "connectionId": it.connection.as_str(),
        "virtualInterfaceType": it.kind.as_str(),
        "virtualInterfaceName": it.name,
        "vlan": it.vlan,
        "asn": first.map(|peer| short_asn(peer.asn)),
        "asnLong": first.map(|peer| peer.asn),
        "amazonSideAsn": amazon_asn(context, it),
        "authKey": first.map(|peer| peer.auth_key.expose()),
        "amazonAddress": first.map(|peer| peer.amazon.to_string()),
        "customerAddress": first.map(|peer| peer.customer.to_string()),
        "addressFamily": first.map(|peer| peer.family.as_str()),
        "virtualInterfaceState": state(context, it.id.as_str(), word),
        "customerRouterConfig": super::routers::document(it, amazon_asn(context, it)),
        "mtu": it.mtu,
        "jumboFrameCapable": true,
        "virtualGatewayId": it.vpn_gateway.as_ref().map_or("", |id| id.as_str()),
        "directConnectGatewayId": it.gateway.as_ref().map(|id| id.as_str()),
        "routeFilterPrefixes": [],
        "bgpPeers": it.peers_at(context.now)
            .map(|peer| bgp_peer(context, it, peer, device.as_deref()))
            .collect::<Vec<_>>(),
        "region": it.region,
        "awsDeviceV2": device,
        "awsLogicalDeviceId": device,
        "tags": tags(&it.tags),
        "siteLinkEnabled": it.site_link,
    }))
}

fn short_asn(asn: u32) -> u32 {
    if asn > LARGEST_ASN { 0 } else { asn }
}

fn bgp_peer(
    context: &Context<'_>,
    interface: &VirtualInterface,
    peer: &BgpPeer,
    device: Option<&str>,
) -> Value {
    let now = context.now;
    let word = match peer.life.state(now) {
        State::Pending => "pending",
        other => other.as_str(),
    };
    let up = interface.bgp_is_up(peer, context.beyond(), now);
    json!({
        "bgpPeerId": peer.id.as_str(),
        "asn": short_asn(peer.asn),
        "asnLong": peer.asn,
        "authKey": peer.auth_key.expose(),
        "addressFamily": peer.family.as_str(),
        "amazonAddress": peer.amazon.to_string(),
        "customerAddress": peer.customer.to_string(),
        "bgpPeerState": word,
        "bgpStatus": if up { "up" } else { "down" },
        "awsDeviceV2": device,
        "awsLogicalDeviceId": device,
    })
}

/// A test. Its status is a word that the model does not list: a guess.
pub(super) fn test(context: &Context<'_>, it: &VirtualInterface, test: &FailoverTest) -> Value {
    let peers: Vec<&str> = test.peers.iter().map(|id| id.as_str()).collect();
    json!({
        "testId": test.id.as_str(),
        "virtualInterfaceId": it.id.as_str(),
        "bgpPeers": peers,
        "status": status(test, context),
        "ownerAccount": context.account,
        "testDurationInMinutes": test.minutes,
        "startTime": test.started_at.as_second(),
        "endTime": test.ends_at.as_second(),
    })
}

pub(super) fn status(test: &FailoverTest, context: &Context<'_>) -> &'static str {
    match (test.stopped, test.is_running(context.now)) {
        (_, true) => "IN_PROGRESS",
        (true, false) => "STOPPED",
        (false, false) => "COMPLETED",
    }
}
