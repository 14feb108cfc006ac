//! What connections and their routes decide.

use serde_json::json;

use super::looks::{
    BOLD, conflict, connected, decide, kind, look, plant_7, present, with, with_id,
};
use crate::aws::{Call, Tags, View};
use crate::playbook::StepId;
use crate::resource::testing::{apply, inputs, keys, options, set_up, tags_of, tunnels};
use crate::resource::{Change, Goal, Inputs, KindError, Policy, Progress, TAG_SITE, TunnelImpact};

#[test]
fn a_connection_is_replaced_only_for_what_cannot_change() {
    let (mut view, is, id) = connected();
    let bgp = decide(
        "vpn_connection",
        "connection",
        &with(is.clone(), "routing", json!("bgp")),
        &view,
    );
    assert_eq!(bgp.change, Change::Replace);
    assert_eq!(
        bgp.differences,
        [("routing".into(), "static".into(), "bgp".into())]
    );
    assert!(bgp.reason.contains("outside addresses"), "{}", bgp.reason);
    let both = ["203.0.113.199", "203.0.113.200"].map(|it| it.parse().unwrap());
    assert_eq!(bgp.impact, TunnelImpact::Both(both.into()));

    // The same of an adopted one is refused, and says how to have it.
    *tags_of(&mut view, &id) = Tags::new();
    let named = with_id(is, &id);
    let (_, help) = conflict(
        "vpn_connection",
        "connection",
        &with(named.clone(), "routing", json!("bgp")),
        &view,
    );
    assert!(help.contains("routing: static"), "{help}");
    let (problem, help) = conflict(
        "vpn_connection",
        "connection",
        &with(named, "customer_gateway", json!("cgw-0000000000000000a")),
        &view,
    );
    assert!(problem.contains("cgw-0000000000000000a"), "{problem}");
    assert!(
        help.contains("aws.customer_gateway: cgw-00000000000000001"),
        "{help}"
    );
}

#[test]
fn a_connection_that_aws_would_return_is_named_and_not_taken() {
    let (mut view, is, id) = connected();
    *tags_of(&mut view, &id) = Tags::new();
    let (problem, help) = conflict("vpn_connection", "connection", &inputs(&is), &view);
    assert!(
        problem.contains(&id) && help.contains(&format!("aws.connection: {id}")),
        "{help}"
    );
    let adopted = decide(
        "vpn_connection",
        "connection",
        &inputs(&with_id(is.clone(), &id)),
        &view,
    );
    assert_eq!(adopted.change, Change::Adopt);

    let others = Tags::from([(TAG_SITE.to_owned(), "plant-8".to_owned())]);
    *tags_of(&mut view, &id) = others;
    let (problem, _) = conflict(
        "vpn_connection",
        "connection",
        &inputs(&with_id(is, &id)),
        &view,
    );
    assert!(problem.contains("site plant-8"), "{problem}");
}

#[test]
fn what_is_adopted_changes_only_when_that_is_allowed() {
    let (mut view, is, id) = connected();
    *tags_of(&mut view, &id) = Tags::new();
    let mut wanted = tunnels();
    wanted[0].dpd_timeout = 45;
    let wanted = with(with_id(is, &id), "tunnels", json!(wanted));
    let (_, timid) = look(
        "vpn_connection",
        "connection",
        &wanted,
        &view,
        Policy::default(),
    );
    let timid = timid.unwrap();
    assert_eq!(
        (timid.change, timid.impact),
        (Change::Adopt, TunnelImpact::None)
    );
    let [(name, is, should)] = timid.differences.as_slice() else {
        panic!("{:?}", timid.differences);
    };
    assert_eq!(name, "tunnel 203.0.113.200 dpd_timeout");
    assert_eq!((&**is, &**should), ("30", "45"));
    let (_, bold) = look("vpn_connection", "connection", &wanted, &view, BOLD);
    let bold = bold.unwrap();
    assert_eq!(bold.change, Change::Update);
    assert_eq!(
        bold.impact,
        TunnelImpact::OneByOne(vec!["203.0.113.200".parse().unwrap()])
    );

    let route = inputs(&json!({"connection": id, "destination": "10.20.0.0/24"}));
    let (problem, _) = conflict("vpn_connection_route", "route", &route, &view);
    assert!(problem.contains("10.20.0.0/24"), "{problem}");
    let (_, bold) = look("vpn_connection_route", "route", &route, &view, BOLD);
    assert!(bold.unwrap().reason.contains("teardown will leave"));
}

/// The next call that an update of the connection makes.
fn next_call(inputs: &Inputs, id: &str, view: &View) -> Result<Option<Call>, KindError> {
    let step = StepId::new("connection");
    let kind = kind("vpn_connection");
    let finding = kind.find(&step, inputs, &plant_7(), view).unwrap();
    assert_eq!(present(&finding).id, id);
    kind.update(
        &step,
        inputs,
        present(&finding),
        view,
        &plant_7(),
        &keys(&tunnels()),
    )
}

#[test]
fn the_second_tunnel_waits_until_the_first_is_back() {
    let (mut view, is, id) = connected();
    let [one, two] = ["203.0.113.200", "203.0.113.199"].map(|it| it.parse().unwrap());
    let up = |view: &mut View, outside, up| {
        let connection = view.vpn_connections.get_mut(&id.parse().unwrap()).unwrap();
        set_up(connection, outside, up);
    };
    let wanted = tunnels().map(|mut it| {
        it.phase2.lifetime = 1800;
        it
    });
    let wanted = with(is, "tunnels", json!(wanted));
    up(&mut view, one, true);
    let decision = decide("vpn_connection", "connection", &wanted, &view);
    assert_eq!(decision.change, Change::Update);
    assert_eq!(decision.impact, TunnelImpact::OneByOne(vec![one, two]));

    // The tunnel that is down goes first, so that the other carries the traffic meanwhile.
    let first = next_call(&wanted, &id, &view).unwrap().unwrap();
    let Call::ModifyVpnTunnelOptions { outside, key, .. } = &first else {
        panic!("{first:?}");
    };
    assert_eq!(*outside, two);
    assert!(key.is_none(), "the key stays when only options change");
    apply(&mut view, &first).unwrap();
    let kind = kind("vpn_connection");
    let ready = |view: &View| kind.progress(&wanted, Some(&id), Goal::Ready, view);
    match ready(&view) {
        Progress::Waiting { state, .. } => assert!(state.contains("203.0.113.200"), "{state}"),
        other => panic!("{other:?}"),
    }
    assert!(matches!(
        next_call(&wanted, &id, &view),
        Err(KindError::Conflict { .. })
    ));

    up(&mut view, two, true);
    assert_eq!(ready(&view), Progress::Done);
    let second = next_call(&wanted, &id, &view).unwrap().unwrap();
    assert_eq!(second.describe(), format!("{id} tunnel {one}"));
    apply(&mut view, &second).unwrap();
    assert_eq!(ready(&view), Progress::Done);
    assert!(next_call(&wanted, &id, &view).unwrap().is_none());
    assert_eq!(
        decide("vpn_connection", "connection", &wanted, &view).change,
        Change::Keep
    );
}

#[test]
fn a_tunnel_that_is_renumbered_gets_the_key_of_its_new_network() {
    let (view, is, id) = connected();
    let wanted = [options("169.254.10.0/30"), options("169.254.77.0/30")];
    let step = StepId::new("connection");
    let inputs = with(is, "tunnels", json!(wanted));
    let kind = kind("vpn_connection");
    let finding = kind.find(&step, &inputs, &plant_7(), &view).unwrap();
    let seen = present(&finding);
    let call = kind.update(&step, &inputs, seen, &view, &plant_7(), &keys(&wanted));
    match call.unwrap().unwrap() {
        Call::ModifyVpnTunnelOptions {
            outside,
            options,
            key,
            ..
        } => {
            assert_eq!(outside.to_string(), "203.0.113.199", "{id}");
            assert_eq!(options.inside_cidr.to_string(), "169.254.77.0/30");
            assert!(key.is_some());
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_connection_between_other_gateways_is_no_conflict() {
    let (mut view, is, id) = connected();
    *tags_of(&mut view, &id) = Tags::new();
    for end in ["customer_gateway", "vpn_gateway"] {
        let prefix = if end == "vpn_gateway" { "vgw" } else { "cgw" };
        let wanted = with(is.clone(), end, json!(format!("{prefix}-0000000a")));
        let decision = decide("vpn_connection", "connection", &wanted, &view);
        assert_eq!(decision.change, Change::Create, "another {end}");
    }
}

#[test]
fn a_network_in_host_form_is_the_network() {
    let (mut view, _, id) = connected();
    let wanted = inputs(&json!({"connection": id, "destination": "10.20.0.9/24"}));
    let kind = kind("vpn_connection_route");
    let step = StepId::instance("route", "10.20.0.9/24");
    let call = kind.create(&step, &wanted, &plant_7(), &keys(&[])).unwrap();
    assert_eq!(call.describe(), format!("{id} 10.20.0.0/24"));
    apply(&mut view, &call).unwrap();
    let route = &mut view
        .vpn_connections
        .get_mut(&id.parse().unwrap())
        .unwrap()
        .routes[0];
    route.destination = "10.20.0.7/24".parse().unwrap();
    let found = kind.find(&step, &wanted, &plant_7(), &view).unwrap();
    assert_eq!(present(&found).id, format!("{id}:10.20.0.0/24"));
    assert_eq!(
        kind.owned(&plant_7().site, &view)[0].step.as_str(),
        "route[10.20.0.0/24]"
    );
}
