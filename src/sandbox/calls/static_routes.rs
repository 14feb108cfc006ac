//! Static routes on VPN connections. These two calls have no `DryRun`: one that is sent anyway is
//! ignored, and the call executes.

use std::time::Duration;

use ipnet::Ipv4Net;

use crate::sandbox::calls::context::{Context, Done, Outcome};
use crate::sandbox::calls::vpn_modify::require_available;
use crate::sandbox::error::ApiError;
use crate::sandbox::ids::Kind;
use crate::sandbox::lifecycle::{Lifecycle, STATIC_ROUTE};
use crate::sandbox::resource::find_mut;
use crate::sandbox::world::{StaticRoute, VpnConnection};

/// Fixed (Site-to-Site VPN quotas, "Static routes per VPN connection").
const MOST: usize = 100;

/// Succeeds for a route that is there already. Unverified.
pub(super) fn create(context: &mut Context<'_>) -> Outcome {
    let id = context.params.id("VpnConnectionId", Kind::VpnConnection)?;
    let destination = destination(context)?;
    let now = context.now;
    let takes = context.takes(id.as_str(), &format!("route {destination}"), STATIC_ROUTE);
    let connection: &mut VpnConnection = find_mut(context.region, &id, now)?;
    // On a transit gateway the routes are the gateway's own; that AWS answers such a call like one
    // for a connection with BGP is an assumption.
    if !connection.static_routes_only || connection.transit_gateway.is_some() {
        return Err(ApiError::new(
            "InvalidVpnConnection.InvalidType",
            "The specified VPN connection does not support static routes.",
        ));
    }
    require_available(connection, now)?;
    let exists = connection
        .routes
        .iter()
        .any(|route| route.destination == destination && route.life.is_wanted(now));
    if !exists {
        connection.routes.retain(|route| route.life.exists(now));
        if connection.routes.len() >= MOST {
            return Err(ApiError::new(
                "RouteLimitExceeded",
                "The maximum number of static routes of the connection has been reached.",
            ));
        }
        connection
            .routes
            .retain(|route| route.destination != destination);
        let life = Lifecycle::begin(now, Duration::ZERO, takes);
        connection.routes.push(StaticRoute { destination, life });
    }
    Ok(Done::truth(&format!("{id} {destination}")).if_changed(!exists))
}

pub(super) fn delete(context: &mut Context<'_>) -> Outcome {
    let id = context.params.id("VpnConnectionId", Kind::VpnConnection)?;
    let destination = destination(context)?;
    let now = context.now;
    let takes = context.takes(
        id.as_str(),
        &format!("no route {destination}"),
        STATIC_ROUTE,
    );
    let connection: &mut VpnConnection = find_mut(context.region, &id, now)?;
    let route = connection
        .routes
        .iter_mut()
        .find(|route| route.destination == destination && route.life.exists(now));
    let Some(route) = route else {
        return Err(ApiError::new(
            "InvalidRoute.NotFound",
            format!("The specified route {destination} does not exist in {id}."),
        ));
    };
    let begins = route.life.delete(now, takes);
    Ok(Done::truth(&format!("{id} {destination}")).if_changed(begins))
}

fn destination(context: &Context<'_>) -> Result<Ipv4Net, ApiError> {
    let text = context.params.required("DestinationCidrBlock")?;
    let network: Ipv4Net = text
        .parse()
        .map_err(|_| ApiError::value("DestinationCidrBlock", text, "Not a CIDR block."))?;
    Ok(network.trunc())
}
