//! Single tunnels: replacement, maintenance, what was negotiated.

use std::net::Ipv4Addr;

use crate::sandbox::calls::context::{Context, Done, Outcome};
use crate::sandbox::calls::vpn_connections::tunnel_of;
use crate::sandbox::calls::vpn_modify::{outside_ip, require_available, unknown_tunnel};
use crate::sandbox::error::ApiError;
use crate::sandbox::ids::{Kind, ResourceId};
use crate::sandbox::lifecycle::{State, TUNNEL_REPLACE};
use crate::sandbox::resource::{existing, find_mut};
use crate::sandbox::telemetry;
use crate::sandbox::world::{Tunnel, VpnConnection};
use crate::sandbox::xml::Xml;

pub(super) fn replace(context: &mut Context<'_>) -> Outcome {
    let (id, outside_ip) = named(context)?;
    let maintenance = context
        .params
        .flag("ApplyPendingMaintenance")?
        .unwrap_or(false);
    context.gate()?;
    let now = context.now;
    let until = context.due(id.as_str(), "replace", TUNNEL_REPLACE);
    let connection: &mut VpnConnection = find_mut(context.region, &id, now)?;
    require_available(connection, now)?;
    let index = tunnel_of(connection, outside_ip).ok_or_else(|| unknown_tunnel(outside_ip))?;
    if let Some(tunnel) = connection.tunnels.get_mut(index) {
        tunnel.replaced_until = Some(until);
        if maintenance {
            tunnel.maintained_at = Some(now);
        }
    }
    connection.modifying_until = Some(until);
    Ok(Done::truth(&id))
}

/// No maintenance is ever pending in the sandbox.
pub(super) fn replacement_status(context: &mut Context<'_>) -> Outcome {
    let (id, outside_ip) = named(context)?;
    context.gate()?;
    let (connection, tunnel) = tunnel(context, &id, outside_ip)?;
    let mut body = Xml::new();
    body.text("vpnConnectionId", &id)
        .text("customerGatewayId", &connection.customer_gateway)
        .optional("vpnGatewayId", connection.vpn_gateway.as_ref())
        .optional("transitGatewayId", connection.transit_gateway.as_ref())
        .text("vpnTunnelOutsideIpAddress", outside_ip)
        .within("maintenanceDetails", |xml| {
            // AWS documents the member as a text and no values for it.
            xml.text("pendingMaintenance", "No");
            if let Some(at) = tunnel.maintained_at {
                xml.time("lastMaintenanceApplied", at);
            }
        });
    Ok(Done::read(body))
}

pub(super) fn active_status(context: &mut Context<'_>) -> Outcome {
    let (id, outside_ip) = named(context)?;
    context.gate()?;
    let now = context.now;
    let (connection, tunnel) = tunnel(context, &id, outside_ip)?;
    let seen = telemetry::of_tunnel(context.region, context.site, connection, tunnel, now);
    let replacing = tunnel.replaced_until.is_some_and(|until| now < until);
    let provisioned = match connection.state(now) {
        State::Available | State::Modifying if !replacing => "available",
        State::Deleting | State::Deleted => "failed",
        _ => "pending",
    };
    let mut body = Xml::new();
    body.within("activeVpnTunnelStatus", |xml| {
        if seen.ipsec {
            tunnel.options.write_negotiated(xml);
        }
        xml.text("provisioningStatus", provisioned);
        if provisioned == "failed" {
            xml.text(
                "provisioningStatusReason",
                "The VPN connection is being deleted.",
            );
        }
    });
    Ok(Done::read(body))
}

fn named(context: &Context<'_>) -> Result<(ResourceId, Ipv4Addr), ApiError> {
    let id = context.params.id("VpnConnectionId", Kind::VpnConnection)?;
    Ok((id, outside_ip(&context.params)?))
}

fn tunnel<'a>(
    context: &'a Context<'_>,
    id: &ResourceId,
    outside_ip: Ipv4Addr,
) -> Result<(&'a VpnConnection, &'a Tunnel), ApiError> {
    let connection: &VpnConnection = existing(context.region, id, context.now)?;
    tunnel_of(connection, outside_ip)
        .and_then(|index| connection.tunnels.get(index))
        .map(|tunnel| (connection, tunnel))
        .ok_or_else(|| unknown_tunnel(outside_ip))
}
