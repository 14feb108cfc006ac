//! What a call does to a view, as AWS would have it, but at once.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::str::FromStr;

use secrecy::SecretString;

use super::build::{KEY, echo, nth, set_up, tags_of, telemetry};
use super::direct_connect::apply_direct_connect;
use super::transit::{apply_transit, attach_connection, detach_resource};
use crate::aws::{
    Attachment, Call, ConnectionEnd, CustomerGateway, State, StaticRoute, View, VpnConnection,
    VpnGateway,
};
use crate::resource::vpn_gateway::{attached_to, live_attachments};
use crate::spec::{VpnConnectionId, VpnGatewayId};

pub(super) fn free_id<T: FromStr<Err: std::fmt::Debug> + Ord, V>(
    prefix: &str,
    taken: &BTreeMap<T, V>,
) -> T {
    (1..=10_000)
        .map(|n| nth(prefix, n))
        .find(|id| !taken.contains_key(id))
        .unwrap()
}

/// Does a call to a view as AWS would, at once; answers the id of what it made.
///
/// Refuses with AWS's code where something is in use, so that a wrong order shows.
pub(crate) fn apply(view: &mut View, call: &Call) -> Result<Option<String>, &'static str> {
    match call {
        Call::CreateCustomerGateway {
            ip_address,
            bgp_asn,
            device_name,
            tags,
        } => {
            let id = free_id("cgw", &view.customer_gateways);
            let gateway = CustomerGateway {
                id,
                state: State::new("available"),
                ip_address: Some(*ip_address),
                bgp_asn: Some(*bgp_asn),
                device_name: Some(device_name.clone()),
                tags: tags.clone(),
            };
            let same = |it: &&CustomerGateway| {
                !it.state.is_ending()
                    && it.ip_address == gateway.ip_address
                    && it.bgp_asn == gateway.bgp_asn
                    && it.device_name == gateway.device_name
            };
            if let Some(twin) = view.customer_gateways.values().find(same) {
                return Ok(Some(twin.id.to_string()));
            }
            let id = gateway.id.to_string();
            view.customer_gateways.insert(gateway.id.clone(), gateway);
            Ok(Some(id))
        }
        Call::DeleteCustomerGateway(id) => {
            let on_it = |it: &VpnConnection| it.customer_gateway.as_ref() == Some(id);
            if live(view).any(on_it) {
                return Err("IncorrectState");
            }
            view.customer_gateways.get_mut(id).unwrap().state = State::new("deleted");
            Ok(None)
        }
        Call::CreateVpnGateway {
            amazon_side_asn,
            tags,
        } => {
            let id: VpnGatewayId = free_id("vgw", &view.vpn_gateways);
            let gateway = VpnGateway {
                id: id.clone(),
                state: State::new("available"),
                amazon_side_asn: Some(*amazon_side_asn),
                attachments: Vec::new(),
                tags: tags.clone(),
            };
            view.vpn_gateways.insert(id.clone(), gateway);
            Ok(Some(id.to_string()))
        }
        Call::DeleteVpnGateway(id) => {
            let on_it = |it: &VpnConnection| it.vpn_gateway.as_ref() == Some(id);
            let attached = |it: &Attachment| !it.state.is_ending();
            let used = live(view).any(on_it);
            let gateway = view.vpn_gateways.get_mut(id).unwrap();
            if used || gateway.attachments.iter().any(attached) {
                return Err("IncorrectState");
            }
            gateway.state = State::new("deleted");
            Ok(None)
        }
        Call::AttachVpnGateway { vpn_gateway, vpc } => {
            let taken = attached_to(view, vpc).is_some();
            let gateway = view.vpn_gateways.get_mut(vpn_gateway).unwrap();
            if taken || live_attachments(gateway).next().is_some() {
                return Err("InvalidVpcState");
            }
            gateway.attachments.push(Attachment {
                vpc: vpc.clone(),
                state: State::new("attached"),
            });
            Ok(None)
        }
        Call::DetachVpnGateway { vpn_gateway, vpc } => {
            let gateway = view.vpn_gateways.get_mut(vpn_gateway).unwrap();
            for attachment in gateway.attachments.iter_mut().filter(|it| it.vpc == *vpc) {
                attachment.state = State::new("detached");
            }
            for table in view.route_tables.values_mut() {
                table.propagating.remove(vpn_gateway);
            }
            Ok(None)
        }
        Call::CreateTags { resource, tags } => {
            tags_of(view, resource).extend(tags.clone());
            Ok(None)
        }
        Call::EnableVgwRoutePropagation {
            route_table,
            vpn_gateway,
        } => {
            let vpc = view.route_tables[route_table].vpc.clone();
            let attached = attached_to(view, &vpc);
            if attached.is_none_or(|it| it.id != *vpn_gateway) {
                return Err("Gateway.NotAttached");
            }
            let table = view.route_tables.get_mut(route_table).unwrap();
            table.propagating.insert(vpn_gateway.clone());
            Ok(None)
        }
        Call::DisableVgwRoutePropagation {
            route_table,
            vpn_gateway,
        } => {
            let table = view.route_tables.get_mut(route_table).unwrap();
            table.propagating.remove(vpn_gateway);
            Ok(None)
        }
        Call::Transit(call) => apply_transit(view, call),
        Call::DirectConnect(call) => apply_direct_connect(view, call),
        on_connection => apply_to_connection(view, on_connection),
    }
}

fn apply_to_connection(view: &mut View, call: &Call) -> Result<Option<String>, &'static str> {
    match call {
        Call::CreateVpnConnection {
            customer_gateway,
            end,
            traits,
            tunnels,
            tags,
        } => {
            let id: VpnConnectionId = free_id("vpn", &view.vpn_connections);
            let nth = u8::try_from(view.vpn_connections.len()).unwrap();
            // The later tunnel first and the lower address last: no list may be trusted.
            let outside = |n: u8| Ipv4Addr::new(203, 0, 113, 200 - 2 * nth - n);
            let [(first, _), (second, _)] = &**tunnels;
            let connection = VpnConnection {
                id: id.clone(),
                state: State::new("available"),
                customer_gateway: Some(customer_gateway.clone()),
                vpn_gateway: match end {
                    ConnectionEnd::VpnGateway(id) => Some(id.clone()),
                    ConnectionEnd::TransitGateway(_) => None,
                },
                transit_gateway: match end {
                    ConnectionEnd::VpnGateway(_) => None,
                    ConnectionEnd::TransitGateway(id) => Some(id.clone()),
                },
                static_routes_only: traits.static_routes_only,
                accelerated: traits.accelerated,
                large_bandwidth: traits.large_bandwidth,
                transport: traits.transport.clone(),
                tunnels: vec![echo(second, outside(1)), echo(first, outside(0))],
                telemetry: vec![telemetry(outside(0), false), telemetry(outside(1), false)],
                routes: Vec::new(),
                configuration: Some(SecretString::from(format!("<xml>{KEY}</xml>"))),
                tags: tags.clone(),
            };
            let same = |it: &&VpnConnection| {
                it.customer_gateway == connection.customer_gateway
                    && it.vpn_gateway.is_some()
                    && it.vpn_gateway == connection.vpn_gateway
            };
            if let Some(twin) = live(view).find(same) {
                return Ok(Some(twin.id.to_string()));
            }
            attach_connection(view, &connection);
            view.vpn_connections.insert(id.clone(), connection);
            Ok(Some(id.to_string()))
        }
        Call::DeleteVpnConnection(id) => {
            let connection = view.vpn_connections.get_mut(id).unwrap();
            connection.state = State::new("deleted");
            connection.telemetry.clear();
            detach_resource(view, id.as_str());
            Ok(None)
        }
        Call::CreateVpnConnectionRoute {
            connection,
            destination,
        } => {
            let connection = view.vpn_connections.get_mut(connection).unwrap();
            connection.routes.push(StaticRoute {
                destination: *destination,
                state: State::new("available"),
            });
            Ok(None)
        }
        Call::DeleteVpnConnectionRoute {
            connection,
            destination,
        } => {
            let connection = view.vpn_connections.get_mut(connection).unwrap();
            let routes = connection.routes.iter_mut();
            for route in routes.filter(|it| it.destination == *destination) {
                route.state = State::new("deleted");
            }
            Ok(None)
        }
        Call::ModifyVpnTunnelOptions {
            connection,
            outside,
            options,
            ..
        } => {
            let connection = view.vpn_connections.get_mut(connection).unwrap();
            let tunnels = connection.tunnels.iter_mut();
            for tunnel in tunnels.filter(|it| it.outside == Some(*outside)) {
                *tunnel = echo(options, *outside);
            }
            set_up(connection, *outside, false);
            Ok(None)
        }
        other => unreachable!("{other:?} is not about a connection"),
    }
}

fn live(view: &View) -> impl Iterator<Item = &VpnConnection> {
    let connections = view.vpn_connections.values();
    connections.filter(|it| !it.state.is_ending())
}
