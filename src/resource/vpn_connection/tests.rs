//! Comparing tunnels: what is unknown, what is the same, and which tunnel is which.

use std::net::Ipv4Addr;

use proptest::prelude::*;

use super::diff::{drift, next, pair, sole_carrier};
use crate::aws::{SeenTunnel, State, Tags, VpnConnection};
use crate::resource::testing::{echo, nth, options, telemetry, tunnels};
use crate::spec::{Encryption, Integrity};
use crate::tunnel::TunnelOptions;

const ONE: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 9);
const TWO: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 5);

fn connection(tunnels: Vec<SeenTunnel>, up: [bool; 2]) -> VpnConnection {
    VpnConnection {
        id: nth("vpn", 1),
        state: State::new("available"),
        customer_gateway: None,
        vpn_gateway: None,
        transit_gateway: None,
        accelerated: false,
        large_bandwidth: false,
        transport: None,
        static_routes_only: false,
        tunnels,
        telemetry: vec![telemetry(ONE, up[0]), telemetry(TWO, up[1])],
        routes: Vec::new(),
        configuration: None,
        tags: Tags::new(),
    }
}

fn echoes(wanted: &[TunnelOptions; 2]) -> Vec<SeenTunnel> {
    vec![echo(&wanted[1], TWO), echo(&wanted[0], ONE)]
}

fn names(wanted: &[TunnelOptions; 2], connection: &VpnConnection) -> Vec<String> {
    let drifts = drift(wanted, connection).into_iter();
    drifts
        .flat_map(|it| it.differences)
        .map(|it| it.0)
        .collect()
}

#[test]
fn what_aws_words_otherwise_or_leaves_out_is_no_drift() {
    let mut wanted = tunnels();
    wanted[0].phase1.encryption = Encryption::Aes256;
    assert!(
        names(&wanted, &connection(vec![], [true; 2])).is_empty(),
        "an old connection"
    );
    let bare = SeenTunnel {
        outside: Some(ONE),
        inside_cidr: Some(wanted[0].inside_cidr),
        ..SeenTunnel::default()
    };
    assert!(
        names(&wanted, &connection(vec![bare], [true; 2])).is_empty(),
        "defaults"
    );

    let mut said = echoes(&wanted);
    for tunnel in &mut said {
        tunnel.ike_versions = vec!["IKEv2".into()];
        // Beside AES-GCM the integrity algorithm of phase 2 has no effect.
        tunnel.phase2_integrity = vec!["SHA1".into(), "SHA2-256".into()];
        tunnel.log_group_arn = Some("arn:aws:logs:::log-group:switched-on-by-hand".into());
        tunnel.lifecycle_control = Some(true);
    }
    assert!(names(&wanted, &connection(said, [true; 2])).is_empty());
}

#[test]
fn what_really_differs_is_named_by_the_tunnels_address() {
    let mut wanted = tunnels();
    wanted[1].phase2.encryption = Encryption::Aes256;
    wanted[1].phase2.integrity = Integrity::Sha512;
    wanted[1].lifecycle_control = true;
    wanted[1].log_group_arn = Some("arn:aws:logs:::log-group:wanted".into());
    let mut said = echoes(&tunnels());
    said[0].phase1_encryption = vec!["AES256-GCM-16".into(), "AES128".into()];
    let connection = connection(said, [true; 2]);
    let [drift] = &drift(&wanted, &connection)[..] else {
        panic!("tunnel 1 is as it should be");
    };
    assert_eq!((drift.outside, drift.renumbered), (Some(TWO), false));
    let same = |name: &str, is: &str, wanted: &str| {
        let name = format!("tunnel {TWO} {name}");
        (name, is.to_owned(), wanted.to_owned())
    };
    let expected = [
        same(
            "phase1_encryption",
            "AES128, AES256-GCM-16",
            "AES256-GCM-16",
        ),
        same("phase2_encryption", "AES256-GCM-16", "AES256"),
        same("phase2_integrity", "SHA2-384", "SHA2-512"),
        same("log_group_arn", "off", "arn:aws:logs:::log-group:wanted"),
        same("lifecycle_control", "false", "true"),
    ];
    assert_eq!(drift.differences, expected);
}

#[test]
fn a_tunnel_without_an_inside_is_told_by_elimination_only() {
    let wanted = tunnels();
    let mut said = echoes(&wanted);
    said[0].inside_cidr = None;
    let joined: Vec<_> = pair(&wanted, &said).iter().map(|it| it.1.outside).collect();
    assert_eq!(joined, [Some(ONE), Some(TWO)]);
    said[1].inside_cidr = None;
    assert!(pair(&wanted, &said).is_empty(), "neither can be told");
}

#[test]
fn the_last_tunnel_that_is_up_is_not_changed() {
    let wanted = tunnels().map(|it| TunnelOptions {
        dpd_timeout: 60,
        ..it
    });
    let all = |up| {
        let connection = connection(echoes(&tunnels()), up);
        let drifts = drift(&wanted, &connection);
        let next = next(&drifts, &connection).and_then(|it| it.outside);
        (next, sole_carrier(&drifts, &connection))
    };
    assert_eq!(all([true, true]), (Some(TWO), None));
    assert_eq!(all([false, true]), (Some(ONE), None));
    assert_eq!(
        all([false, false]),
        (Some(TWO), None),
        "nothing is lost when both are down"
    );
    let half = |up| {
        let connection = connection(vec![echo(&wanted[0], ONE), echo(&tunnels()[1], TWO)], up);
        sole_carrier(&drift(&wanted, &connection), &connection)
    };
    assert_eq!(half([false, true]), Some(TWO));
    assert_eq!(half([true, true]), None);
    assert_eq!(half([true, false]), None);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Changing one tunnel after the other always ends with both as they should be, whatever they
    /// were, in whatever order AWS lists them, and never touches one that is right.
    #[test]
    fn changes_converge(
        numbers in proptest::collection::vec(6_u32..12, 2),
        outside in Just([ONE, TWO]).prop_shuffle(),
        timeouts in proptest::collection::vec(30_u32..33, 2),
        reversed: bool,
    ) {
        let wanted = tunnels();
        prop_assume!(numbers[0] != numbers[1]);
        let was = |n: usize| TunnelOptions {
            dpd_timeout: timeouts[n],
            ..options(&format!("169.254.10.{}/30", (numbers[n] - 6) * 4))
        };
        let mut said = vec![echo(&was(0), outside[0]), echo(&was(1), outside[1])];
        if reversed {
            said.reverse();
        }
        let mut connection = connection(said, [false; 2]);
        let right = |it: &SeenTunnel| {
            it.dpd_timeout == Some(30) && wanted.iter().any(|w| Some(w.inside_cidr) == it.inside_cidr)
        };
        let mut calls = connection.tunnels.iter().filter(|it| !right(it)).count();
        loop {
            let drifts = drift(&wanted, &connection);
            let Some(drift) = next(&drifts, &connection) else { break };
            let (outside, options) = (drift.outside, drift.wanted.clone());
            for tunnel in connection.tunnels.iter_mut().filter(|it| it.outside == outside) {
                *tunnel = echo(&options, outside.unwrap());
            }
            prop_assert!(calls > 0, "one call for each tunnel that is wrong");
            calls -= 1;
        }
        prop_assert_eq!(calls, 0);
        prop_assert!(connection.tunnels.iter().all(right));
        let joined = pair(&wanted, &connection.tunnels);
        prop_assert!(joined.iter().all(|(w, is)| Some(w.inside_cidr) == is.inside_cidr));
        prop_assert_eq!(joined.len(), 2);
    }
}
