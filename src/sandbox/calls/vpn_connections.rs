//! VPN connections: how they are shown and deleted.

use std::net::Ipv4Addr;

use jiff::Timestamp;

use crate::sandbox::calls::context::{Context, Done, Outcome};
use crate::sandbox::calls::describe::Describe;
use crate::sandbox::calls::tags;
use crate::sandbox::calls::vpn_targets::detach_connection;
use crate::sandbox::configuration;
use crate::sandbox::fault::Trouble;
use crate::sandbox::ids::Kind;
use crate::sandbox::lifecycle::{State, VPN_DELETE, fraction};
use crate::sandbox::resource::find_mut;
use crate::sandbox::telemetry;
use crate::sandbox::world::{Tunnel, VpnConnection};
use crate::sandbox::xml::Xml;

pub(super) fn describe(context: &mut Context<'_>) -> Outcome {
    let describe = Describe {
        ids: "VpnConnectionId",
        set: "vpnConnectionSet",
        filters: &[
            "bgp-asn",
            "customer-gateway-configuration",
            "customer-gateway-id",
            "option.static-routes-only",
            "route.destination-cidr-block",
            "state",
            "transit-gateway-id",
            "type",
            "vpn-connection-id",
            "vpn-gateway-id",
        ],
        paged: false,
    };
    let now = context.now;
    describe.run::<VpnConnection>(
        context,
        |connection, filter| match filter {
            "bgp-asn" => {
                let gateways = &context.region.customer_gateways;
                let customer = gateways.get(&connection.customer_gateway);
                customer
                    .map(|customer| customer.asn.to_string())
                    .into_iter()
                    .collect()
            }
            "customer-gateway-configuration" => configuration_at(context, connection, now)
                .into_iter()
                .collect(),
            "customer-gateway-id" => vec![connection.customer_gateway.to_string()],
            "option.static-routes-only" => vec![connection.static_routes_only.to_string()],
            "route.destination-cidr-block" => connection
                .routes
                .iter()
                .map(|route| route.destination.to_string())
                .collect(),
            "state" => vec![connection.state(now).as_str().to_owned()],
            "transit-gateway-id" => connection
                .transit_gateway
                .iter()
                .map(ToString::to_string)
                .collect(),
            "type" => vec!["ipsec.1".to_owned()],
            "vpn-gateway-id" => connection
                .vpn_gateway
                .iter()
                .map(ToString::to_string)
                .collect(),
            _ => vec![connection.id.to_string()],
        },
        |xml, connection| write(xml, context, connection, now),
    )
}

pub(super) fn delete(context: &mut Context<'_>) -> Outcome {
    let id = context.params.id("VpnConnectionId", Kind::VpnConnection)?;
    context.gate()?;
    let now = context.now;
    let takes = context.takes(id.as_str(), "delete", VPN_DELETE);
    let connection: &mut VpnConnection = find_mut(context.region, &id, now)?;
    let begins = connection.life.delete(now, takes);
    detach_connection(context, &id, takes);
    Ok(Done::truth(&id).if_changed(begins))
}

/// The connection as an answer to the call that changed it.
pub(super) fn answer(context: &Context<'_>, connection: &VpnConnection) -> Done {
    Done::changed(&connection.id, |xml| {
        xml.within("vpnConnection", |xml| {
            write(xml, context, connection, context.now);
        });
    })
}

/// Three lists show the two tunnels, and their orders need not agree: that of the XML and that of
/// the options differ for every connection, and that of the telemetry changes from call to call.
#[derive(Clone, Copy)]
enum Place {
    Configuration,
    Options,
    Telemetry,
}

fn ordered<'a>(
    context: &Context<'_>,
    connection: &'a VpnConnection,
    place: Place,
) -> [&'a Tunnel; 2] {
    let swapped = fraction(0, connection.id.as_str(), "order") < 0.5;
    let swapped = match place {
        Place::Telemetry => context.coin(),
        Place::Configuration | Place::Options if context.faults.has(Trouble::Shuffle) => {
            context.coin()
        }
        Place::Configuration => swapped,
        Place::Options => !swapped,
    };
    let [first, second] = &connection.tunnels;
    if swapped {
        [second, first]
    } else {
        [first, second]
    }
}

/// The customer gateway configuration, in the states in which AWS shows it.
fn configuration_at(
    context: &Context<'_>,
    connection: &VpnConnection,
    now: Timestamp,
) -> Option<String> {
    let shown = matches!(
        connection.state(now),
        State::Pending | State::Available | State::Modifying
    );
    let region = &*context.region;
    shown.then(|| {
        configuration::document(
            connection,
            region.customer_gateways.get(&connection.customer_gateway),
            telemetry::aws_asn(region, connection),
            ordered(context, connection, Place::Configuration),
        )
    })
}

fn write(xml: &mut Xml, context: &Context<'_>, connection: &VpnConnection, now: Timestamp) {
    let state = connection.state(now);
    xml.text("vpnConnectionId", &connection.id)
        .text(
            "state",
            context.shown(connection.id.as_str(), state.as_str()),
        )
        .optional(
            "customerGatewayConfiguration",
            configuration_at(context, connection, now),
        )
        .text("type", "ipsec.1")
        .text("customerGatewayId", &connection.customer_gateway)
        .optional("vpnGatewayId", connection.vpn_gateway.as_ref())
        .optional("transitGatewayId", connection.transit_gateway.as_ref())
        .text("category", "VPN")
        .text(
            "gatewayAssociationState",
            if connection.vpn_gateway.is_some() || connection.transit_gateway.is_some() {
                "associated"
            } else {
                "not-associated"
            },
        );
    xml.list(
        "routes",
        connection
            .routes
            .iter()
            .filter(|route| route.life.is_visible(now)),
        |xml, route| {
            let object = format!("{} {}", connection.id, route.destination);
            xml.text("destinationCidrBlock", route.destination)
                .text("source", "Static")
                .text(
                    "state",
                    context.shown(&object, route.life.state(now).as_str()),
                );
        },
    );
    // A deleted connection is shown without telemetry.
    if state != State::Deleted {
        let tunnels = ordered(context, connection, Place::Telemetry);
        xml.list("vgwTelemetry", tunnels, |xml, tunnel| {
            write_telemetry(xml, context, connection, tunnel, now);
        });
    }
    write_options(xml, context, connection);
    if connection.keys_in_secrets_manager {
        let (region, account) = (&context.region.name, context.account);
        let name = format!("s2svpn!{}", connection.id);
        xml.text(
            "preSharedKeyArn",
            format!("arn:aws:secretsmanager:{region}:{account}:secret:{name}-SANDBX"),
        );
    }
    tags::write(xml, &connection.tags);
}

fn write_telemetry(
    xml: &mut Xml,
    context: &Context<'_>,
    connection: &VpnConnection,
    tunnel: &Tunnel,
    now: Timestamp,
) {
    let seen = telemetry::of_tunnel(context.region, context.site, connection, tunnel, now);
    xml.text("outsideIpAddress", tunnel.outside_ip)
        .text("status", if seen.up { "UP" } else { "DOWN" })
        .time("lastStatusChange", seen.changed_at)
        .text("statusMessage", seen.message)
        .text("acceptedRouteCount", seen.accepted_routes);
}

fn write_options(xml: &mut Xml, context: &Context<'_>, connection: &VpnConnection) {
    xml.within("options", |xml| {
        let features = &connection.features;
        let one_of = |on, yes, no| if on { yes } else { no };
        let version = one_of(features.inside_ipv6, "6", "4");
        let private = features.transport.is_some();
        xml.text("enableAcceleration", features.accelerated)
            .text("staticRoutesOnly", connection.static_routes_only)
            .text(
                &format!("localIpv{version}NetworkCidr"),
                &connection.local_cidr,
            )
            .text(
                &format!("remoteIpv{version}NetworkCidr"),
                &connection.remote_cidr,
            )
            .text(
                "outsideIpAddressType",
                one_of(private, "PrivateIpv4", "PublicIpv4"),
            )
            .optional(
                "transportTransitGatewayAttachmentId",
                features.transport.as_ref(),
            )
            .text("tunnelInsideIpVersion", format!("ipv{version}"))
            .text(
                "tunnelBandwidth",
                one_of(features.large_bandwidth, "large", "standard"),
            );
        let tunnels = ordered(context, connection, Place::Options);
        xml.list("tunnelOptionSet", tunnels, |xml, tunnel| {
            let hide_key = connection.keys_in_secrets_manager;
            let sparse = context.faults.has(Trouble::SparseOptions);
            tunnel
                .options
                .write(xml, tunnel.outside_ip, hide_key, sparse);
        });
    });
}

/// The tunnel with an outside address.
pub(super) fn tunnel_of(connection: &VpnConnection, outside_ip: Ipv4Addr) -> Option<usize> {
    connection
        .tunnels
        .iter()
        .position(|tunnel| tunnel.outside_ip == outside_ip)
}
