//! What AWS's end of a VPN connection is, and what that allows.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use jiff::Timestamp;

use crate::sandbox::calls::context::Context;
use crate::sandbox::calls::route_tables::unknown_transit_gateway;
use crate::sandbox::calls::transit_attachments::attach;
use crate::sandbox::calls::transit_gateways::{invalid_state, require_available};
use crate::sandbox::error::ApiError;
use crate::sandbox::ids::{Kind, ResourceId};
use crate::sandbox::lifecycle::{self, TRANSIT_VPN_LISTED, VPN_CREATE};
use crate::sandbox::resource::existing;
use crate::sandbox::transit::{Attached, TransitAttachment, TransitGateway};
use crate::sandbox::wire::Params;
use crate::sandbox::world::{
    CustomerGateway, Region, Tags, VpnConnection, VpnFeatures, VpnGateway,
};

/// AWS's end of a connection; neither while it is not associated.
#[derive(Clone, Debug, Default)]
pub(super) struct Target {
    pub(super) vpn_gateway: Option<ResourceId>,
    pub(super) transit_gateway: Option<ResourceId>,
}

impl Target {
    pub(super) fn parse(params: &Params<'_>) -> Result<Self, ApiError> {
        let given = |name| params.text(name).filter(|text: &&str| !text.is_empty());
        let names = ["VpnGatewayId", "TransitGatewayId", "VpnConcentratorId"];
        if names.into_iter().filter_map(given).count() > 1 {
            return Err(ApiError::combination(
                "At most one of VpnGatewayId, TransitGatewayId and VpnConcentratorId can be given.",
            ));
        }
        if let Some(id) = given("VpnConcentratorId") {
            // The sandbox has none, so every id is unknown.
            return Err(ApiError::value(
                "VpnConcentratorId",
                id,
                "It does not exist.",
            ));
        }
        Ok(Self {
            vpn_gateway: params.optional_id("VpnGatewayId", Kind::VpnGateway)?,
            transit_gateway: params.optional_id("TransitGatewayId", Kind::TransitGateway)?,
        })
    }

    pub(super) fn is_given(&self) -> bool {
        self.vpn_gateway.is_some() || self.transit_gateway.is_some()
    }

    /// Refuses a transit gateway that is not there or not at rest.
    pub(super) fn check_transit_gateway(&self, context: &Context<'_>) -> Result<(), ApiError> {
        let Some(id) = &self.transit_gateway else {
            return Ok(());
        };
        let gateway: &TransitGateway =
            existing(context.region, id, context.now).map_err(|_| unknown_transit_gateway(id))?;
        require_available(gateway, context)
    }
}

/// Reads what only some connections can have (Site-to-Site VPN user guide).
pub(super) fn features(params: &Params<'_>, target: &Target) -> Result<VpnFeatures, ApiError> {
    let transport = params.optional_id(
        "TransportTransitGatewayAttachmentId",
        Kind::TransitGatewayAttachment,
    )?;
    let private = choice(
        params,
        "OutsideIpAddressType",
        ["PublicIpv4", "PrivateIpv4", "Ipv6"],
    )?;
    if private == Some("Ipv6") {
        // AWS has it on transit gateways since July 2025; the sandbox's outside addresses are IPv4.
        return Err(ApiError::new(
            "UnsupportedOperation",
            "OutsideIpAddressType Ipv6 is not supported.",
        ));
    }
    let bandwidth = choice(params, "TunnelBandwidth", ["standard", "large", "large"])?;
    let version = choice(params, "TunnelInsideIpVersion", ["ipv4", "ipv6", "ipv6"])?;
    let features = VpnFeatures {
        accelerated: params.flag("EnableAcceleration")? == Some(true),
        inside_ipv6: version == Some("ipv6"),
        large_bandwidth: bandwidth == Some("large"),
        transport,
    };
    match (private == Some("PrivateIpv4"), &features.transport) {
        (true, None) => {
            return Err(ApiError::missing(
                "Options.TransportTransitGatewayAttachmentId",
            ));
        }
        (false, Some(_)) => {
            return Err(ApiError::combination(
                "TransportTransitGatewayAttachmentId needs OutsideIpAddressType PrivateIpv4.",
            ));
        }
        _ => {}
    }
    check_features(&features, target)?;
    Ok(features)
}

/// Refuses what the target does not allow, and what excludes each other.
pub(super) fn check_features(features: &VpnFeatures, target: &Target) -> Result<(), ApiError> {
    let beyond_vgw = [
        (features.inside_ipv6, "TunnelInsideIpVersion ipv6"),
        (features.large_bandwidth, "TunnelBandwidth large"),
        (features.accelerated, "EnableAcceleration"),
        (
            features.transport.is_some(),
            "OutsideIpAddressType PrivateIpv4",
        ),
    ];
    for (wanted, what) in beyond_vgw {
        if wanted && target.vpn_gateway.is_some() {
            return Err(ApiError::combination(&format!(
                "{what} is not supported on a virtual private gateway."
            )));
        }
    }
    let refused = |message| Err(ApiError::combination(message));
    if target.transit_gateway.is_none() {
        if features.accelerated {
            return refused("EnableAcceleration needs a transit gateway.");
        }
        if features.transport.is_some() {
            return refused("OutsideIpAddressType PrivateIpv4 needs a transit gateway.");
        }
    }
    if features.accelerated && features.large_bandwidth {
        return refused("TunnelBandwidth large is not supported with EnableAcceleration.");
    }
    if features.accelerated && features.transport.is_some() {
        return refused("EnableAcceleration needs OutsideIpAddressType PublicIpv4.");
    }
    Ok(())
}

fn choice<'a>(
    params: &Params<'a>,
    name: &str,
    known: [&str; 3],
) -> Result<Option<&'a str>, ApiError> {
    match params.text(name) {
        None | Some("") => Ok(None),
        Some(value) if known.contains(&value) => Ok(Some(value)),
        Some(value) => Err(ApiError::value(name, value, "Not a known value.")),
    }
}

/// A traffic selector of the connection's family; everything by default.
pub(super) fn selector(
    params: &Params<'_>,
    side: &str,
    inside_ipv6: bool,
) -> Result<String, ApiError> {
    let (family, other) = if inside_ipv6 { ("6", "4") } else { ("4", "6") };
    let wrong = format!("{side}Ipv{other}NetworkCidr");
    if params.text(&wrong).is_some_and(|value| !value.is_empty()) {
        return Err(ApiError::combination(&format!(
            "{wrong} needs an IPv{other} connection."
        )));
    }
    let name = format!("{side}Ipv{family}NetworkCidr");
    if inside_ipv6 {
        let network = params.parsed::<Ipv6Net>(&name)?.unwrap_or_default();
        Ok(network.trunc().to_string())
    } else {
        let network = params.parsed::<Ipv4Net>(&name)?.unwrap_or_default();
        Ok(network.trunc().to_string())
    }
}

/// The addresses at AWS's end of a private connection: out of the transit gateway's blocks.
///
/// The codes of what is missing are assumptions; AWS names the conditions only.
pub(super) fn private_addresses(
    context: &Context<'_>,
    target: &Target,
    transport: &ResourceId,
    customer: &CustomerGateway,
) -> Result<[Ipv4Addr; 2], ApiError> {
    let region = &*context.region;
    let attachment: &TransitAttachment = existing(region, transport, context.now)?;
    if !matches!(attachment.resource, Attached::DirectConnectGateway { .. })
        || Some(&attachment.transit_gateway) != target.transit_gateway.as_ref()
    {
        return Err(ApiError::value(
            "TransportTransitGatewayAttachmentId",
            transport.as_str(),
            "Must be a Direct Connect gateway's attachment to the same transit gateway.",
        ));
    }
    if !attachment.carries(context.now) {
        return Err(invalid_state(transport));
    }
    if !matches!(customer.ip, Some(IpAddr::V4(ip)) if is_private(ip)) {
        return Err(ApiError::combination(
            "OutsideIpAddressType PrivateIpv4 needs a customer gateway with a private address.",
        ));
    }
    let gateway = target.transit_gateway.as_ref();
    let gateway = gateway.and_then(|id| region.transit_gateways.get(id));
    let blocks = gateway.map(|gateway| gateway.options.cidr_blocks.as_slice());
    let used = used_addresses(region);
    let mut free = blocks
        .unwrap_or_default()
        .iter()
        .filter_map(|block| match block {
            IpNet::V4(block) => Some(block.hosts()),
            IpNet::V6(_) => None,
        })
        .flatten()
        .filter(|ip| !used.contains(ip));
    match (free.next(), free.next()) {
        (Some(first), Some(second)) => Ok([first, second]),
        _ => Err(ApiError::combination(
            "OutsideIpAddressType PrivateIpv4 needs a transit gateway with a free IPv4 CIDR block.",
        )),
    }
}

/// RFC 1918 and RFC 6598.
fn is_private(ip: Ipv4Addr) -> bool {
    let [first, second, ..] = ip.octets();
    ip.is_private() || first == 100 && (64..128).contains(&second)
}

/// The outside addresses that something in the region has.
pub(super) fn used_addresses(region: &Region) -> BTreeSet<Ipv4Addr> {
    let tunnels = region.vpn_connections.values();
    let mut used: BTreeSet<Ipv4Addr> = tunnels
        .flat_map(|connection| connection.tunnels.iter().map(|tunnel| tunnel.outside_ip))
        .collect();
    let customers = region.customer_gateways.values();
    used.extend(customers.filter_map(|gateway| match gateway.ip {
        Some(IpAddr::V4(ip)) => Some(ip),
        _ => None,
    }));
    used
}

/// Inside networks of IPv6 connections are unique on a transit gateway; those of IPv4 are not.
pub(super) fn used_inside_ipv6_cidrs(
    region: &Region,
    now: Timestamp,
    transit_gateway: Option<&ResourceId>,
    except: Option<&ResourceId>,
) -> Vec<Ipv6Net> {
    region
        .vpn_connections
        .values()
        .filter(|connection| connection.transit_gateway.as_ref() == transit_gateway)
        .filter(|connection| Some(&connection.id) != except && connection.life.exists(now))
        .flat_map(|connection| &connection.tunnels)
        .filter_map(|tunnel| tunnel.options.inside_ipv6_cidr)
        .collect()
}

/// Refuses IPv6 inside networks that are taken, or given twice.
pub(super) fn check_inside_ipv6_cidrs(
    mut used: Vec<Ipv6Net>,
    wanted: impl IntoIterator<Item = Option<Ipv6Net>>,
) -> Result<(), ApiError> {
    for cidr in wanted.into_iter().flatten() {
        if used.contains(&cidr) {
            return Err(ApiError::value(
                "TunnelInsideIpv6Cidr",
                &cidr.to_string(),
                "The CIDR is already in use by another tunnel of the gateway.",
            ));
        }
        used.push(cidr);
    }
    Ok(())
}

/// Makes the attachment of a connection on a transit gateway. It is listed some time later, and
/// available when the connection is.
pub(super) fn attach_connection(
    context: &mut Context<'_>,
    connection: &ResourceId,
    transit_gateway: &ResourceId,
    available_at: Timestamp,
) {
    let id = context.new_id::<TransitAttachment>();
    let mut life = context.begin(&id, VPN_CREATE);
    let listed = context.takes(id.as_str(), "listed", TRANSIT_VPN_LISTED);
    life.visible_at = life.visible_at.max(lifecycle::later(context.now, listed));
    life.available_at = available_at;
    let resource = Attached::Vpn {
        connection: connection.clone(),
    };
    attach(context, &id, transit_gateway, resource, life, Tags::new());
}

/// Ends the attachments of a connection, which stay listed as `deleted`: a connection that was
/// moved has more than one (terraform-provider-aws 39654).
pub(super) fn detach_connection(
    context: &mut Context<'_>,
    connection: &ResourceId,
    takes: std::time::Duration,
) {
    let now = context.now;
    let attachments = context.region.transit_attachments.values_mut();
    for attachment in attachments.filter(|attachment| attachment.vpn() == Some(connection)) {
        attachment.life.delete(now, takes);
    }
}

/// Refuses a move of a connection to a target that it cannot be on.
///
/// Static routes of a virtual private gateway have to be deleted first (EC2 API reference,
/// `ModifyVpnConnection`); the code is an assumption.
pub(super) fn check_move(
    context: &Context<'_>,
    connection: &VpnConnection,
    target: &Target,
) -> Result<(), ApiError> {
    target.check_transit_gateway(context)?;
    if let Some(gateway) = &target.vpn_gateway {
        existing::<VpnGateway>(context.region, gateway, context.now)?;
    }
    check_features(&connection.features, target)?;
    if let Some(transport) = &connection.features.transport {
        let message = format!("The connection runs over {transport}.");
        return Err(ApiError::combination(&message));
    }
    let mut routes = connection.routes.iter();
    if target.transit_gateway.is_some() && routes.any(|route| route.life.exists(context.now)) {
        return Err(ApiError::new(
            "IncorrectState",
            format!("The VPN connection {} has static routes.", connection.id),
        ));
    }
    let except = Some(&connection.id);
    let transit = target.transit_gateway.as_ref();
    check_inside_ipv6_cidrs(
        used_inside_ipv6_cidrs(context.region, context.now, transit, except),
        connection
            .tunnels
            .iter()
            .map(|tunnel| tunnel.options.inside_ipv6_cidr),
    )
}
