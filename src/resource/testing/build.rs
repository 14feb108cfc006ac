//! Owners, inputs, tunnels and views.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::net::Ipv4Addr;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde_json::Value;
use ulid::Ulid;

use super::direct_connect::{bgp_key, set_direct_connect_state};
use crate::aws::{Collection, RouteTable, SeenTunnel, State, Tags, Telemetry, View, VpnConnection};
use crate::resource::{Inputs, Keys, Owner};
use crate::spec::StartupAction;
use crate::spec::{DhGroup, DpdAction, Encryption, Environment, IkeVersion, Integrity};
use crate::tunnel::{Phase, PreSharedKey, TunnelOptions};

/// The keys' text: must never be seen.
pub(crate) const KEY: &str = "sEcReT.key_that_nobody_may_see";

/// The n-th id with this prefix.
pub(crate) fn nth<T: FromStr<Err: std::fmt::Debug>>(prefix: &str, n: usize) -> T {
    format!("{prefix}-{n:017x}").parse().unwrap()
}

/// A site's owner, in a run that began at second `at`.
pub(crate) fn owner(site: &str, at: i64) -> Owner {
    Owner {
        site: site.parse().unwrap(),
        run: Ulid::from_parts(u64::try_from(at).unwrap() * 1000, 7),
        environment: Environment::Test,
        expires_at: Timestamp::from_second(at)
            .unwrap()
            .checked_add(SignedDuration::from_hours(8))
            .ok(),
        extra: Tags::new(),
    }
}

/// Inputs out of a JSON object.
pub(crate) fn inputs(values: &Value) -> Inputs {
    let values = values.as_object().unwrap();
    Inputs::of(
        values
            .iter()
            .map(|(name, value)| (name.as_str(), value.clone())),
    )
}

/// A tunnel's options as negotiation would choose them.
pub(crate) fn options(inside: &str) -> TunnelOptions {
    let phase = Phase {
        encryption: Encryption::Aes256Gcm16,
        integrity: Integrity::Sha384,
        dh_group: DhGroup(20),
        lifetime: 3600,
    };
    TunnelOptions {
        inside_cidr: inside.parse().unwrap(),
        ike_version: IkeVersion::V2,
        phase1: Phase {
            lifetime: 28800,
            ..phase
        },
        phase2: phase,
        rekey_margin: 270,
        rekey_fuzz: 100,
        replay_window: 1024,
        dpd_timeout: 30,
        dpd_action: DpdAction::Restart,
        startup_action: StartupAction::Add,
        log_group_arn: None,
        bgp_log_group_arn: None,
        lifecycle_control: false,
    }
}

/// The two tunnels that the fixtures want.
pub(crate) fn tunnels() -> [TunnelOptions; 2] {
    [options("169.254.10.0/30"), options("169.254.10.4/30")]
}

/// Keys for these tunnels.
pub(crate) fn keys(tunnels: &[TunnelOptions]) -> Keys {
    let key = || PreSharedKey::new(SecretString::from(KEY)).unwrap();
    let mut keys: Keys = tunnels.iter().map(|it| (it.inside_cidr, key())).collect();
    keys.bgp = Some(bgp_key());
    keys
}

/// A tunnel as AWS echoes it.
pub(crate) fn echo(options: &TunnelOptions, outside: Ipv4Addr) -> SeenTunnel {
    let one = |word: &dyn Display| vec![word.to_string()];
    SeenTunnel {
        outside: Some(outside),
        inside_cidr: Some(options.inside_cidr),
        ike_versions: one(&options.ike_version),
        phase1_encryption: one(&options.phase1.encryption),
        phase1_integrity: one(&options.phase1.integrity),
        phase1_dh_groups: vec![options.phase1.dh_group.0],
        phase1_lifetime: Some(options.phase1.lifetime),
        phase2_encryption: one(&options.phase2.encryption),
        phase2_integrity: one(&options.phase2.integrity),
        phase2_dh_groups: vec![options.phase2.dh_group.0],
        phase2_lifetime: Some(options.phase2.lifetime),
        rekey_margin: Some(options.rekey_margin),
        rekey_fuzz: Some(options.rekey_fuzz),
        replay_window: Some(options.replay_window),
        dpd_timeout: Some(options.dpd_timeout),
        dpd_action: Some(options.dpd_action.to_string()),
        startup_action: Some(options.startup_action.to_string()),
        log_group_arn: options.log_group_arn.clone(),
        bgp_log_group_arn: options.bgp_log_group_arn.clone(),
        lifecycle_control: Some(options.lifecycle_control),
    }
}

/// What AWS sees of a tunnel.
pub(crate) fn telemetry(outside: Ipv4Addr, up: bool) -> Telemetry {
    Telemetry {
        outside,
        up,
        message: String::new(),
        accepted_routes: 0,
        changed_at: None,
    }
}

/// An empty view that was looked at everywhere.
pub(crate) fn looked() -> View {
    let all = Collection::ALL
        .into_iter()
        .chain(Collection::DIRECT_CONNECT);
    View {
        looked_at: all.map(|it| (it, Timestamp::UNIX_EPOCH)).collect(),
        ..View::default()
    }
}

/// A look at an account in which VPC 1 has three route tables and VPC 2 has none.
pub(crate) fn world() -> View {
    let table = |n| RouteTable {
        id: nth("rtb", n),
        vpc: nth("vpc", 1),
        main: n == 1,
        routes: Vec::new(),
        propagating: BTreeSet::new(),
        tags: Tags::new(),
    };
    View {
        route_tables: (1..=3).map(|n| (nth("rtb", n), table(n))).collect(),
        ..looked()
    }
}

/// Brings a tunnel up or down.
pub(crate) fn set_up(connection: &mut VpnConnection, outside: Ipv4Addr, up: bool) {
    let telemetry = connection.telemetry.iter_mut();
    for tunnel in telemetry.filter(|it| it.outside == outside) {
        tunnel.up = up;
    }
}

/// Gives every object and entry of a view this state.
pub(crate) fn set_state(view: &mut View, word: &str) {
    let state = State::new(word);
    set_transit_state(view, &state);
    set_direct_connect_state(view, &state);
    for gateway in view.customer_gateways.values_mut() {
        gateway.state = state.clone();
    }
    for gateway in view.vpn_gateways.values_mut() {
        for attachment in &mut gateway.attachments {
            attachment.state = state.clone();
        }
        if !gateway.attachments.is_empty() {
            continue;
        }
        gateway.state = state.clone();
    }
    for connection in view.vpn_connections.values_mut() {
        for route in &mut connection.routes {
            route.state = state.clone();
        }
        if connection.routes.is_empty() {
            connection.state = state.clone();
        }
    }
}

/// Gives everything about transit gateways this state.
fn set_transit_state(view: &mut View, state: &State) {
    for gateway in view.transit_gateways.values_mut() {
        gateway.state = state.clone();
    }
    for attachment in view.transit_attachments.values_mut() {
        attachment.state = state.clone();
        if let Some(association) = &mut attachment.association {
            association.state = state.clone();
        }
    }
    for contents in view.transit_table_contents.values_mut() {
        for propagation in &mut contents.propagations {
            propagation.state = state.clone();
        }
        for route in &mut contents.routes {
            route.state = state.clone();
        }
    }
}

/// The tags of an object by its id.
pub(crate) fn tags_of<'a>(view: &'a mut View, id: &str) -> &'a mut Tags {
    match id.rsplit_once('-').unwrap().0 {
        "tgw" => {
            &mut view
                .transit_gateways
                .get_mut(&id.parse().unwrap())
                .unwrap()
                .tags
        }
        "tgw-attach" => {
            &mut view
                .transit_attachments
                .get_mut(&id.parse().unwrap())
                .unwrap()
                .tags
        }
        "cgw" => {
            &mut view
                .customer_gateways
                .get_mut(&id.parse().unwrap())
                .unwrap()
                .tags
        }
        "vgw" => {
            &mut view
                .vpn_gateways
                .get_mut(&id.parse().unwrap())
                .unwrap()
                .tags
        }
        "vpn" => {
            &mut view
                .vpn_connections
                .get_mut(&id.parse().unwrap())
                .unwrap()
                .tags
        }
        other => unreachable!("{other} has no tags here"),
    }
}
