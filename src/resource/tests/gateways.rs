//! What gateways and their attachment decide.

use serde_json::json;

use super::looks::{
    BOLD, conflict, connected, create_gateway, decide, gateway, kind, look, plant_7, present, with,
    with_id,
};
use crate::aws::{Call, Fault, FaultKind, Tags, View};
use crate::resource::testing::{apply, fixture, foreign_gateway, inputs, keys, looked, world};
use crate::resource::{Change, Goal, Policy, Progress};

#[test]
fn a_gateway_that_aws_would_hand_us_is_adopted_and_a_namesake_is_not() {
    let (kind, step) = ("customer_gateway", "customer-gateway");
    let mut view = world();
    let other = create_gateway(&mut view, "plant-8", Tags::new());
    let wanted = inputs(&gateway("plant-7"));
    let decision = decide(kind, step, &wanted, &view);
    assert_eq!(decision.change, Change::Create);
    assert!(decision.reason.contains(&other) && decision.reason.contains("plant-8"));

    let same = create_gateway(&mut view, "plant-7", Tags::new());
    let (finding, decision) = look(kind, step, &wanted, &view, Policy::default());
    assert_eq!(present(&finding).id, same);
    let decision = decision.unwrap();
    assert_eq!(decision.change, Change::Adopt);
    assert!(
        decision.reason.contains("device name"),
        "{}",
        decision.reason
    );
}

#[test]
fn a_gateway_that_contradicts_the_site_is_replaced_only_when_unused() {
    let (kind, step) = ("customer_gateway", "customer-gateway");
    let (mut view, _, connection) = connected();
    let moved = with(gateway("plant-7"), "ip_address", json!("198.51.100.8"));
    let (problem, help) = conflict(kind, step, &moved, &view);
    assert!(
        problem.contains(&connection) && help.contains("onboard it again"),
        "{problem} {help}"
    );

    apply(
        &mut view,
        &Call::DeleteVpnConnection(connection.parse().unwrap()),
    )
    .unwrap();
    let decision = decide(kind, step, &moved, &view);
    assert_eq!(decision.change, Change::Replace);
    let [(name, is, wanted)] = decision.differences.as_slice() else {
        panic!("{decision:?}");
    };
    assert_eq!(
        (&**name, &**is, &**wanted),
        ("ip_address", "198.51.100.7", "198.51.100.8")
    );

    let foreign = create_gateway(&mut view, "by-hand", Tags::new());
    let named = with(gateway("plant-7"), "id", json!(foreign));
    assert_eq!(decide(kind, step, &named, &view).change, Change::Adopt);
    let asn = with(
        with_id(gateway("plant-7"), &foreign),
        "bgp_asn",
        json!(65011),
    );
    let (problem, _) = conflict(kind, step, &asn, &view);
    assert!(
        problem.contains("bgp_asn 65010") && problem.contains("65011"),
        "{problem}"
    );
}

#[test]
fn what_the_site_file_names_must_exist_but_an_offline_plan_trusts_it() {
    for (name, id) in [
        ("customer_gateway", "cgw-0000000000000000a"),
        ("vpn_gateway", "vgw-0000000000000000a"),
        ("vpn_connection", "vpn-0000000000000000a"),
    ] {
        let named = inputs(&json!({"id": id}));
        let (problem, _) = conflict(name, "x", &named, &looked());
        assert!(
            problem.contains(id) && problem.contains("does not exist"),
            "{problem}"
        );
        let offline = decide(name, "x", &named, &View::default());
        assert_eq!(offline.change, Change::Adopt, "{name}");
    }
}

#[test]
fn the_gateway_in_the_vpc_is_used_even_beside_an_own_one_that_is_not() {
    let before = fixture("vpn_gateway", &plant_7());
    let mut view = before.world;
    let create = kind("vpn_gateway").create(&before.step, &before.inputs, &plant_7(), &keys(&[]));
    let own = apply(&mut view, &create.unwrap()).unwrap().unwrap();
    let (finding, _) = look("vpn_gateway", "vpn-gateway", &before.inputs, &view, BOLD);
    assert_eq!(present(&finding).id, own);

    let foreign = foreign_gateway(&mut view, 1, 64999);
    foreign_gateway(&mut view, 2, 64998);
    let (finding, decision) = look("vpn_gateway", "vpn-gateway", &before.inputs, &view, BOLD);
    assert_eq!(present(&finding).id, foreign);
    assert_eq!(present(&finding).outputs["attached_here"], json!(true));
    assert_eq!(present(&finding).outputs["amazon_side_asn"], json!(64999));
    let decision = decision.unwrap();
    assert_eq!(decision.change, Change::Adopt);
    assert_eq!(
        decision.differences,
        [("amazon_side_asn".into(), "64999".into(), "64512".into())]
    );

    let attach = json!({"vpn_gateway": own, "vpc": "vpc-00000000000000001"});
    let (problem, _) = conflict(
        "vpn_gateway_attachment",
        "attachment",
        &inputs(&attach),
        &view,
    );
    assert!(problem.contains(&foreign), "{problem}");
    let attach = json!({"vpn_gateway": foreign, "vpc": "vpc-00000000000000003"});
    let (problem, help) = conflict(
        "vpn_gateway_attachment",
        "attachment",
        &inputs(&attach),
        &view,
    );
    assert!(problem.contains("vpc-00000000000000001"), "{problem}");
    assert!(help.contains("aws.vpc"), "{help}");
}

#[test]
fn an_own_gateways_asn_cannot_be_changed() {
    let (view, _, _) = connected();
    let wanted = inputs(&json!({"amazon_side_asn": 64513, "vpc": "vpc-00000000000000001"}));
    let (problem, help) = conflict("vpn_gateway", "vpn-gateway", &wanted, &view);
    assert!(
        problem.contains("64512") && help.contains("amazon_side_asn: 64512"),
        "{problem}"
    );
}

#[test]
fn a_lost_race_for_the_vpc_is_noticed_at_once() {
    let owner = plant_7();
    let before = fixture("vpn_gateway_attachment", &owner);
    let kind = kind("vpn_gateway_attachment");
    let call = kind
        .create(&before.step, &before.inputs, &owner, &keys(&[]))
        .unwrap();
    let taken = Fault {
        action: "AttachVpnGateway".into(),
        kind: FaultKind::Invalid,
        code: Some("InvalidVpcState".into()),
        message: "VPC vpc-1 is currently attached to the Virtual Private Gateway.".into(),
        request_id: None,
    };
    assert!(kind.forgives(&call, &taken));
    let mut view = before.world;
    let winner = foreign_gateway(&mut view, 1, 64512);
    match kind.progress(&before.inputs, None, Goal::Ready, &view) {
        Progress::Hopeless { why, .. } => assert!(why.contains(&winner), "{why}"),
        other => panic!("{other:?}"),
    }
}
