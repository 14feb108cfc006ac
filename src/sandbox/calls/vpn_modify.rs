//! The three calls that change a VPN connection.

use jiff::Timestamp;

use crate::sandbox::calls::context::{Context, Outcome};
use crate::sandbox::calls::vpn_connections::{self, tunnel_of};
use crate::sandbox::calls::vpn_create::{check_inside_cidrs, key_storage, selector};
use crate::sandbox::error::ApiError;
use crate::sandbox::ids::{Kind, ResourceId};
use crate::sandbox::lifecycle::{State, TUNNEL_REPLACE, VPN_RETARGET};
use crate::sandbox::resource::{existing, find_mut};
use crate::sandbox::tunnel_options::TunnelOptions;
use crate::sandbox::wire::Params;
use crate::sandbox::world::{CustomerGateway, VpnConnection, VpnGateway};

/// `ModifyVpnTunnelOptions`: one tunnel, which is down until its endpoint has been replaced.
pub(super) fn tunnel_options(context: &mut Context<'_>) -> Outcome {
    let id = context.params.id("VpnConnectionId", Kind::VpnConnection)?;
    let outside_ip = outside_ip(&context.params)?;
    let params = context.params.within("TunnelOptions");
    let storage = key_storage(&context.params)?;
    if !params.is_given() && storage.is_none() {
        return Err(ApiError::missing("TunnelOptions"));
    }
    // Read once for its errors: a dry run checks the parameters and not the connection.
    TunnelOptions::defaults(ipnet::Ipv4Net::default(), context.ids).apply(&params)?;
    let skip = skips_replacement(&context.params)?;
    context.gate()?;
    let now = context.now;
    let connection: &VpnConnection = existing(context.region, &id, now)?;
    require_available(connection, now)?;
    let index = tunnel_of(connection, outside_ip).ok_or_else(|| unknown_tunnel(outside_ip))?;
    let mut options = connection
        .tunnels
        .get(index)
        .map(|tunnel| tunnel.options.clone());
    if let Some(options) = &mut options {
        options.apply(&params)?;
        let mut networks = vec![options.inside_cidr];
        networks.extend(
            connection
                .tunnels
                .iter()
                .filter(|tunnel| tunnel.outside_ip != outside_ip)
                .map(|tunnel| tunnel.options.inside_cidr),
        );
        check_inside_cidrs(
            context.region,
            now,
            connection.vpn_gateway.as_ref(),
            Some(&id),
            &networks,
        )?;
    }
    let until = context.due(id.as_str(), "tunnel", TUNNEL_REPLACE);
    let connection: &mut VpnConnection = find_mut(context.region, &id, now)?;
    if let (Some(tunnel), Some(options)) = (connection.tunnels.get_mut(index), options) {
        tunnel.options = options;
        if !skip {
            tunnel.replaced_until = Some(until);
            connection.modifying_until = Some(until);
        }
    }
    if let Some(hidden) = storage {
        connection.keys_in_secrets_manager = hidden;
    }
    changed(context, &id)
}

/// `ModifyVpnConnectionOptions`: the traffic selectors; both tunnels go down.
pub(super) fn connection_options(context: &mut Context<'_>) -> Outcome {
    let params = &context.params;
    let id = params.id("VpnConnectionId", Kind::VpnConnection)?;
    let given = |name| params.text(name).is_some_and(|text| !text.is_empty());
    if given("TunnelBandwidth") && params.text("TunnelBandwidth") != Some("standard") {
        return Err(ApiError::combination(
            "TunnelBandwidth large is not supported on a virtual private gateway.",
        ));
    }
    let local = given("LocalIpv4NetworkCidr")
        .then(|| selector(params, "LocalIpv4NetworkCidr"))
        .transpose()?;
    let remote = given("RemoteIpv4NetworkCidr")
        .then(|| selector(params, "RemoteIpv4NetworkCidr"))
        .transpose()?;
    if local.is_none() && remote.is_none() && !given("TunnelBandwidth") {
        return Err(ApiError::missing("LocalIpv4NetworkCidr"));
    }
    context.gate()?;
    let until = context.due(id.as_str(), "options", TUNNEL_REPLACE);
    let connection = take_down(context, &id, until)?;
    if let Some(local) = local {
        connection.local_cidr = local;
    }
    if let Some(remote) = remote {
        connection.remote_cidr = remote;
    }
    changed(context, &id)
}

/// `ModifyVpnConnection`: another gateway at either end; both tunnels go down.
pub(super) fn retarget(context: &mut Context<'_>) -> Outcome {
    let params = &context.params;
    let id = params.id("VpnConnectionId", Kind::VpnConnection)?;
    let customer = params.optional_id("CustomerGatewayId", Kind::CustomerGateway)?;
    let gateway = params.optional_id("VpnGatewayId", Kind::VpnGateway)?;
    if let Some(transit) = params
        .text("TransitGatewayId")
        .filter(|text| !text.is_empty())
    {
        return Err(ApiError::new(
            "InvalidTransitGatewayID.NotFound",
            format!("Transit Gateway {transit} was deleted or does not exist."),
        ));
    }
    if customer.is_none() && gateway.is_none() {
        return Err(ApiError::missing("VpnGatewayId"));
    }
    if customer.is_some() && gateway.is_some() {
        return Err(ApiError::combination(
            "The customer gateway and the target gateway cannot be changed in one call.",
        ));
    }
    context.gate()?;
    let now = context.now;
    if let Some(customer) = &customer {
        existing::<CustomerGateway>(context.region, customer, now)?;
    }
    if let Some(gateway) = &gateway {
        existing::<VpnGateway>(context.region, gateway, now)?;
        let connection: &VpnConnection = existing(context.region, &id, now)?;
        let networks: Vec<_> = connection
            .tunnels
            .iter()
            .map(|tunnel| tunnel.options.inside_cidr)
            .collect();
        check_inside_cidrs(context.region, now, Some(gateway), Some(&id), &networks)?;
    }
    let until = context.due(id.as_str(), "target", VPN_RETARGET);
    let connection = take_down(context, &id, until)?;
    if let Some(customer) = customer {
        connection.customer_gateway = customer;
    }
    if let Some(gateway) = gateway {
        connection.vpn_gateway = Some(gateway);
    }
    changed(context, &id)
}

/// Refuses what needs a connection at rest.
pub(super) fn require_available(
    connection: &VpnConnection,
    now: Timestamp,
) -> Result<(), ApiError> {
    match connection.state(now) {
        State::Available => Ok(()),
        State::Modifying => Err(ApiError::new(
            "IncorrectState",
            format!("The VPN connection {} is being modified.", connection.id),
        )),
        _ => Err(ApiError::new(
            "InvalidVpnConnection.InvalidState",
            "The VPN connection must be in the available state to complete the request.",
        )),
    }
}

/// The address that names a tunnel.
pub(super) fn outside_ip(params: &Params<'_>) -> Result<std::net::Ipv4Addr, ApiError> {
    let text = params.required("VpnTunnelOutsideIpAddress")?;
    text.parse()
        .map_err(|_| ApiError::value("VpnTunnelOutsideIpAddress", text, ""))
}

pub(super) fn unknown_tunnel(outside_ip: std::net::Ipv4Addr) -> ApiError {
    ApiError::value(
        "VpnTunnelOutsideIpAddress",
        &outside_ip.to_string(),
        "The VPN connection has no such tunnel.",
    )
}

/// `SkipTunnelReplacement`, which is allowed with lifecycle control alone.
fn skips_replacement(params: &Params<'_>) -> Result<bool, ApiError> {
    if params.flag("SkipTunnelReplacement")? != Some(true) {
        return Ok(false);
    }
    if params
        .within("TunnelOptions")
        .flag("EnableTunnelLifecycleControl")?
        .is_none()
    {
        return Err(ApiError::combination(
            "SkipTunnelReplacement can only be used with EnableTunnelLifecycleControl.",
        ));
    }
    Ok(true)
}

fn take_down<'a>(
    context: &'a mut Context<'_>,
    id: &ResourceId,
    until: Timestamp,
) -> Result<&'a mut VpnConnection, ApiError> {
    let now = context.now;
    let connection: &mut VpnConnection = find_mut(context.region, id, now)?;
    require_available(connection, now)?;
    connection.modifying_until = Some(until);
    for tunnel in &mut connection.tunnels {
        tunnel.replaced_until = Some(until);
    }
    Ok(connection)
}

fn changed(context: &Context<'_>, id: &ResourceId) -> Outcome {
    let connection: &VpnConnection = existing(context.region, id, context.now)?;
    Ok(vpn_connections::answer(context, connection))
}
