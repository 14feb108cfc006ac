//! Which failures are as good as success, and when there is nothing left to wait for.

use super::looks::{kind, plant_7};
use crate::aws::{Call, Fault, FaultKind, State, View};
use crate::resource::testing::{apply, fixture, keys, nth, tunnels};
use crate::resource::{Finding, Goal, Progress};

fn refused(action: &str, kind: FaultKind, code: &str) -> Fault {
    Fault {
        action: action.to_owned(),
        kind,
        code: Some(code.to_owned()),
        message: String::new(),
        request_id: None,
    }
}

/// The world after this kind's step, and the calls that make and unmake it.
fn made(name: &str) -> (View, Call, Call) {
    let (owner, kind) = (plant_7(), kind(name));
    let before = fixture(name, &owner);
    let (step, inputs) = (&before.step, &before.inputs);
    let create = kind
        .create(step, inputs, &owner, &keys(&tunnels()))
        .unwrap();
    let mut view = before.world;
    apply(&mut view, &create).unwrap();
    let Finding::Present(seen) = kind.find(step, inputs, &owner, &view).unwrap() else {
        panic!("{name} is not there");
    };
    let delete = kind.delete(&seen, &view).unwrap();
    (view, create, delete)
}

#[test]
fn a_repeated_route_and_a_detached_gateways_propagation_are_forgiven() {
    let (_, create, delete) = made("vpn_connection_route");
    let route = kind("vpn_connection_route");
    let exists = refused(
        create.action(),
        FaultKind::AlreadyExists,
        "RouteAlreadyExists",
    );
    assert!(route.forgives(&create, &exists) && !route.forgives(&delete, &exists));

    let (_, enable, disable) = made("route_propagation");
    let propagation = kind("route_propagation");
    let detached = refused(enable.action(), FaultKind::NotYet, "Gateway.NotAttached");
    assert!(propagation.forgives(&disable, &detached));
    assert!(
        !propagation.forgives(&enable, &detached),
        "enabling has to wait for the attachment"
    );

    // In use is not gone: the engine tries again later.
    for name in ["customer_gateway", "vpn_gateway", "vpn_connection"] {
        let (_, _, delete) = made(name);
        let in_use = refused(delete.action(), FaultKind::NotYet, "IncorrectState");
        assert!(!kind(name).forgives(&delete, &in_use), "{name}");
    }
}

#[test]
fn what_hangs_on_something_deleted_will_never_be_ready() {
    let hopeless = |name: &str, view: &View| {
        let inputs = fixture(name, &plant_7()).inputs;
        match kind(name).progress(&inputs, None, Goal::Ready, view) {
            Progress::Hopeless { why, .. } => why,
            other => panic!("{name}: {other:?}"),
        }
    };
    let (mut view, _, _) = made("vpn_gateway_attachment");
    let gateway = view.vpn_gateways.get_mut(&nth("vgw", 1)).unwrap();
    gateway.state = State::new("deleting");
    let why = hopeless("vpn_gateway_attachment", &view);
    assert!(why.contains("vgw-00000000000000001"), "{why}");

    let (mut view, _, _) = made("vpn_connection_route");
    let connection = view.vpn_connections.get_mut(&nth("vpn", 1)).unwrap();
    connection.state = State::new("deleted");
    let why = hopeless("vpn_connection_route", &view);
    assert!(why.contains("vpn-00000000000000001"), "{why}");
}
