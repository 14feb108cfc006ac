//! The three calls that change a VPN connection.

use jiff::Timestamp;

use crate::sandbox::calls::context::{Context, Outcome};
use crate::sandbox::calls::vpn_connections::{self, tunnel_of};
use crate::sandbox::calls::vpn_create::{check_inside_cidrs, key_storage};
use crate::sandbox::calls::vpn_targets::{
    Target, attach_connection, check_features, check_inside_ipv6_cidrs, check_move,
    detach_connection, selector, used_inside_ipv6_cidrs,
};
use crate::sandbox::error::ApiError;
use crate::sandbox::ids::{Kind, ResourceId};
use crate::sandbox::lifecycle::{State, TRANSIT_ATTACH, TUNNEL_REPLACE, VPN_RETARGET};
use crate::sandbox::resource::{existing, find_mut};
use crate::sandbox::tunnel_options::TunnelOptions;
use crate::sandbox::wire::Params;
use crate::sandbox::world::{CustomerGateway, VpnConnection};

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
    let mut alone = TunnelOptions::defaults(ipnet::Ipv4Net::default(), context.ids);
    alone.inside_ipv6_cidr = Some(ipnet::Ipv6Net::default());
    alone.apply(&params)?;
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
        let transit = connection.transit_gateway.as_ref();
        let mut used = used_inside_ipv6_cidrs(context.region, now, transit, Some(&id));
        used.extend(
            connection
                .tunnels
                .iter()
                .filter(|tunnel| tunnel.outside_ip != outside_ip)
                .filter_map(|tunnel| tunnel.options.inside_ipv6_cidr),
        );
        check_inside_ipv6_cidrs(used, [options.inside_ipv6_cidr])?;
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

/// `ModifyVpnConnectionOptions`: the traffic selectors and the bandwidth; both tunnels go down.
pub(super) fn connection_options(context: &mut Context<'_>) -> Outcome {
    let params = context.params.clone();
    let id = params.id("VpnConnectionId", Kind::VpnConnection)?;
    let given = |name: &str| params.text(name).filter(|text| !text.is_empty());
    let large = match given("TunnelBandwidth") {
        None => None,
        Some("standard") => Some(false),
        Some("large") => Some(true),
        Some(other) => return Err(ApiError::value("TunnelBandwidth", other, "")),
    };
    let asked = |side: &str| {
        let names = ["4", "6"].map(|family| format!("{side}Ipv{family}NetworkCidr"));
        names.iter().any(|name| given(name).is_some())
    };
    let (local, remote) = (asked("Local"), asked("Remote"));
    if !local && !remote && large.is_none() {
        return Err(ApiError::missing("LocalIpv4NetworkCidr"));
    }
    for family in ["4", "6"] {
        for side in ["Local", "Remote"] {
            params.parsed::<ipnet::IpNet>(&format!("{side}Ipv{family}NetworkCidr"))?;
        }
    }
    context.gate()?;
    let connection: &VpnConnection = existing(context.region, &id, context.now)?;
    let ipv6 = connection.features.inside_ipv6;
    let local = local
        .then(|| selector(&params, "Local", ipv6))
        .transpose()?;
    let remote = remote
        .then(|| selector(&params, "Remote", ipv6))
        .transpose()?;
    let mut features = connection.features.clone();
    features.large_bandwidth = large.unwrap_or(features.large_bandwidth);
    let target = Target {
        vpn_gateway: connection.vpn_gateway.clone(),
        transit_gateway: connection.transit_gateway.clone(),
    };
    check_features(&features, &target)?;
    let until = context.due(id.as_str(), "options", TUNNEL_REPLACE);
    let connection = take_down(context, &id, until)?;
    connection.features = features;
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
    let target = Target::parse(params)?;
    if customer.is_none() && !target.is_given() {
        return Err(ApiError::missing("VpnGatewayId"));
    }
    if customer.is_some() && target.is_given() {
        return Err(ApiError::combination(
            "The customer gateway and the target gateway cannot be changed in one call.",
        ));
    }
    context.gate()?;
    let now = context.now;
    if let Some(customer) = &customer {
        existing::<CustomerGateway>(context.region, customer, now)?;
    }
    if target.is_given() {
        let connection: &VpnConnection = existing(context.region, &id, now)?;
        check_move(context, connection, &target)?;
        let tunnels = connection.tunnels.iter();
        let networks: Vec<_> = tunnels.map(|tunnel| tunnel.options.inside_cidr).collect();
        let gateway = target.vpn_gateway.as_ref();
        check_inside_cidrs(context.region, now, gateway, Some(&id), &networks)?;
    }
    let until = context.due(id.as_str(), "target", VPN_RETARGET);
    let connection = take_down(context, &id, until)?;
    if let Some(customer) = customer {
        connection.customer_gateway = customer;
    }
    if target.is_given() {
        connection.vpn_gateway.clone_from(&target.vpn_gateway);
        connection
            .transit_gateway
            .clone_from(&target.transit_gateway);
        let takes = context.takes(id.as_str(), "detach", TRANSIT_ATTACH);
        detach_connection(context, &id, takes);
        if let Some(transit) = &target.transit_gateway {
            attach_connection(context, &id, transit, until);
        }
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
