//! EC2's shapes → ours, for VPN connections and their tunnels.

use std::net::Ipv4Addr;

use aws_sdk_ec2::primitives::DateTime;
use aws_sdk_ec2::types as ec2;
use jiff::Timestamp;
use secrecy::SecretString;

use super::convert::{parsed, shown, state, tags};
use super::model::{NegotiatedTunnel, SeenTunnel, StaticRoute, Telemetry, VpnConnection};

pub(super) fn vpn_connection(connection: &ec2::VpnConnection) -> Option<VpnConnection> {
    let options = connection.options();
    Some(VpnConnection {
        id: parsed(connection.vpn_connection_id())?,
        state: state(connection.state().map(ec2::VpnState::as_str)),
        customer_gateway: parsed(connection.customer_gateway_id()),
        vpn_gateway: parsed(connection.vpn_gateway_id()),
        transit_gateway: parsed(connection.transit_gateway_id()),
        static_routes_only: options
            .and_then(ec2::VpnConnectionOptions::static_routes_only)
            .unwrap_or(false),
        accelerated: options
            .and_then(ec2::VpnConnectionOptions::enable_acceleration)
            .unwrap_or(false),
        large_bandwidth: options
            .and_then(ec2::VpnConnectionOptions::tunnel_bandwidth)
            .is_some_and(|it| it.as_str() == "large"),
        transport: options.and_then(|it| parsed(it.transport_transit_gateway_attachment_id())),
        tunnels: options
            .map(|options| options.tunnel_options().iter().map(tunnel).collect())
            .unwrap_or_default(),
        telemetry: connection
            .vgw_telemetry()
            .iter()
            .filter_map(telemetry)
            .collect(),
        routes: connection
            .routes()
            .iter()
            .filter_map(static_route)
            .collect(),
        configuration: connection
            .customer_gateway_configuration()
            .filter(|xml| !xml.trim().is_empty())
            .map(SecretString::from),
        tags: tags(connection.tags()),
    })
}

/// A non-negative number that fits.
fn number<T: TryFrom<i32>>(number: Option<i32>) -> Option<T> {
    number.and_then(|number| T::try_from(number).ok())
}

/// A text that says something.
fn said(text: Option<&str>) -> Option<String> {
    text.map(str::trim)
        .filter(|text| !text.is_empty())
        .map(shown)
}

/// The `value`s of one of EC2's many list types that hold nothing else.
macro_rules! values {
    ($list:expr) => {
        $list
            .iter()
            .filter_map(|item| item.value().map(shown))
            .collect()
    };
}

/// The same for numbers.
macro_rules! numbers {
    ($list:expr) => {
        $list
            .iter()
            .filter_map(|item| number(item.value()))
            .collect()
    };
}

fn tunnel(tunnel: &ec2::TunnelOption) -> SeenTunnel {
    let logs = tunnel
        .log_options()
        .and_then(ec2::VpnTunnelLogOptions::cloud_watch_log_options);
    let group = |enabled: Option<bool>, arn: Option<&str>| {
        // Switched off, the group stays listed.
        enabled.unwrap_or(true).then(|| said(arn)).flatten()
    };
    SeenTunnel {
        outside: parsed(tunnel.outside_ip_address()),
        inside_cidr: parsed(tunnel.tunnel_inside_cidr()),
        ike_versions: values!(tunnel.ike_versions()),
        phase1_encryption: values!(tunnel.phase1_encryption_algorithms()),
        phase1_integrity: values!(tunnel.phase1_integrity_algorithms()),
        phase1_dh_groups: numbers!(tunnel.phase1_dh_group_numbers()),
        phase1_lifetime: number(tunnel.phase1_lifetime_seconds()),
        phase2_encryption: values!(tunnel.phase2_encryption_algorithms()),
        phase2_integrity: values!(tunnel.phase2_integrity_algorithms()),
        phase2_dh_groups: numbers!(tunnel.phase2_dh_group_numbers()),
        phase2_lifetime: number(tunnel.phase2_lifetime_seconds()),
        rekey_margin: number(tunnel.rekey_margin_time_seconds()),
        rekey_fuzz: number(tunnel.rekey_fuzz_percentage()),
        replay_window: number(tunnel.replay_window_size()),
        dpd_timeout: number(tunnel.dpd_timeout_seconds()),
        dpd_action: said(tunnel.dpd_timeout_action()),
        startup_action: said(tunnel.startup_action()),
        log_group_arn: logs.and_then(|logs| group(logs.log_enabled(), logs.log_group_arn())),
        bgp_log_group_arn: logs
            .and_then(|logs| group(logs.bgp_log_enabled(), logs.bgp_log_group_arn())),
        lifecycle_control: tunnel.enable_tunnel_lifecycle_control(),
    }
}

/// A tunnel without an IPv4 outside address is not one of ours and is left out.
fn telemetry(telemetry: &ec2::VgwTelemetry) -> Option<Telemetry> {
    Some(Telemetry {
        outside: parsed::<Ipv4Addr>(telemetry.outside_ip_address())?,
        up: telemetry
            .status()
            .is_some_and(|status| status.as_str().eq_ignore_ascii_case("up")),
        message: shown(telemetry.status_message().unwrap_or_default()),
        accepted_routes: number(telemetry.accepted_route_count()).unwrap_or(0),
        changed_at: telemetry.last_status_change().and_then(timestamp),
    })
}

fn timestamp(time: &DateTime) -> Option<Timestamp> {
    let nanos = i32::try_from(time.subsec_nanos()).ok()?;
    Timestamp::new(time.secs(), nanos).ok()
}

fn static_route(route: &ec2::VpnStaticRoute) -> Option<StaticRoute> {
    Some(StaticRoute {
        destination: parsed(route.destination_cidr_block())?,
        state: state(route.state().map(ec2::VpnState::as_str)),
    })
}

pub(super) fn negotiated(tunnel: &ec2::ActiveVpnTunnelStatus) -> NegotiatedTunnel {
    NegotiatedTunnel {
        ike_version: said(tunnel.ike_version()),
        phase1_encryption: said(tunnel.phase1_encryption_algorithm()),
        phase1_integrity: said(tunnel.phase1_integrity_algorithm()),
        phase1_dh_group: number(tunnel.phase1_dh_group()),
        phase2_encryption: said(tunnel.phase2_encryption_algorithm()),
        phase2_integrity: said(tunnel.phase2_integrity_algorithm()),
        phase2_dh_group: number(tunnel.phase2_dh_group()),
        provisioning: tunnel
            .provisioning_status()
            .map(|status| shown(status.as_str())),
        provisioning_reason: said(tunnel.provisioning_status_reason()),
    }
}
