//! Whose things are: duplicates, tags, propagation, neighbours.

use serde_json::json;

use super::looks::{conflict, connected, create_gateway, kind, look, plant_7, present, with};
use crate::aws::{Call, State, Tags, View};
use crate::playbook::StepId;
use crate::resource::testing::{
    apply, fixture, foreign_gateway, inputs, keys, nth, owner, set_up, tags_of, tunnels, world,
};
use crate::resource::{
    Change, Finding, Inputs, KindError, Owner, Ownership, Policy, TAG_EXPIRES_AT, TAG_PROPAGATION,
    TAG_STEP, TunnelImpact, kept_for_others, registry, remembered_propagation,
};
use crate::spec::VpnConnectionId;

#[test]
fn of_two_connections_the_one_that_carries_traffic_is_used() {
    let (mut view, is, id) = connected();
    let twin: VpnConnectionId = nth("vpn", 9);
    let mut duplicate = view.vpn_connections[&id.parse().unwrap()].clone();
    duplicate.id = twin.clone();
    duplicate.tags.insert(
        "underpass:run".into(),
        ulid::Ulid::from_parts(1, 1).to_string(),
    );
    view.vpn_connections.insert(twin.clone(), duplicate);
    let wanted = inputs(&is);
    let first = |view: &View| {
        let (finding, decision) = look(
            "vpn_connection",
            "connection",
            &wanted,
            view,
            Policy::default(),
        );
        let decision = decision.unwrap();
        assert_eq!(decision.change, Change::Keep);
        match finding {
            Finding::Several(all) => all.first().unwrap().id.clone(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(first(&view), twin.as_str(), "without traffic the older one");
    let connection = view.vpn_connections.get_mut(&id.parse().unwrap()).unwrap();
    set_up(connection, "203.0.113.199".parse().unwrap(), true);
    assert_eq!(first(&view), id);

    let owned = kind("vpn_connection").owned(&plant_7().site, &view);
    let steps: Vec<&str> = owned.iter().map(|it| it.step.as_str()).collect();
    assert_eq!(steps, ["connection", &format!("connection[{twin}]")]);
    for it in owned {
        let found = kind("vpn_connection").find(&it.step, &it.inputs, &plant_7(), &view);
        assert_eq!(present(&found.unwrap()).id, it.id);
    }
}

#[test]
fn a_transit_gateway_goes_with_the_direct_connect_gateway_that_the_site_joined_to_it() {
    let fixture = fixture("dx_gateway_association", &plant_7());
    let mut view = fixture.world;
    let kind = registry().find("dx_gateway_association").unwrap();
    let join = kind.create(
        &fixture.step,
        &fixture.inputs,
        &plant_7(),
        &keys(&tunnels()),
    );
    apply(&mut view, &join.unwrap()).unwrap();
    let doomed = |view: &View| {
        let kind = registry().find("transit_gateway").unwrap();
        kind.owned(&plant_7().site, view).len()
    };
    assert_eq!(doomed(&view), 1, "what is attached is the site's own doing");
    assert_eq!(kept_for_others(&plant_7().site, &view), []);
    // What somebody else has attached keeps it.
    for attachment in view.transit_attachments.values_mut() {
        attachment.resource = "8384da05-13ce-4a91-aada-5a1baEXAMPLE".to_owned();
    }
    assert_eq!(doomed(&view), 0);
}

#[test]
fn tags_are_brought_up_to_date_without_touching_a_tunnel() {
    let (mut view, is, id) = connected();
    let wanted = with(is, "enables_propagation", json!(["rtb-00000000000000002"]));
    let mut later = owner("plant-7", 1_003_600);
    let kind = kind("vpn_connection");
    let step = StepId::new("connection");
    let find = |owner: &Owner, inputs: &Inputs, view: &View| {
        present(&kind.find(&step, inputs, owner, view).unwrap()).clone()
    };
    assert!(
        find(&later, &inputs(&json!({})), &view)
            .missing_tags
            .is_empty(),
        "an hour later"
    );

    later.extra.insert("team".into(), "network".into());
    let seen = find(&later, &wanted, &view);
    let missing: Vec<&str> = seen.missing_tags.keys().map(String::as_str).collect();
    assert_eq!(missing, ["team", TAG_PROPAGATION]);
    let decision = kind
        .decide(
            &wanted,
            &Finding::Present(seen.clone()),
            &view,
            Policy::default(),
        )
        .unwrap();
    assert_eq!(
        (decision.change, decision.impact),
        (Change::Update, TunnelImpact::None)
    );
    let call = kind
        .update(&step, &wanted, &seen, &view, &later, &keys(&[]))
        .unwrap()
        .unwrap();
    assert_eq!(call.action(), "CreateTags");
    apply(&mut view, &call).unwrap();
    let seen = find(&later, &wanted, &view);
    assert!(seen.missing_tags.is_empty(), "{seen:?}");
    assert!(
        kind.update(&step, &wanted, &seen, &view, &later, &keys(&[]))
            .unwrap()
            .is_none()
    );
    assert!(tags_of(&mut view, &id).contains_key(TAG_EXPIRES_AT));
}

#[test]
fn propagation_from_an_adopted_gateway_is_ours_only_as_remembered() {
    let mut view = world();
    let vgw = foreign_gateway(&mut view, 1, 64512);
    let cgw = create_gateway(&mut view, "plant-7", Tags::new());
    let enable = |view: &mut View, n: usize| {
        let call = Call::EnableVgwRoutePropagation {
            route_table: nth("rtb", n),
            vpn_gateway: vgw.parse().unwrap(),
        };
        apply(view, &call).unwrap();
    };
    enable(&mut view, 1);
    let connection = inputs(&json!({
        "customer_gateway": cgw, "vpn_gateway": vgw, "routing": "bgp", "tunnels": tunnels(),
        "enables_propagation": ["rtb-00000000000000002"],
    }));
    let step = StepId::new("connection");
    let call = kind("vpn_connection").create(&step, &connection, &plant_7(), &keys(&tunnels()));
    apply(&mut view, &call.unwrap()).unwrap();
    enable(&mut view, 2);
    let elsewhere = nth("vgw", 77);
    let table = view.route_tables.get_mut(&nth("rtb", 2)).unwrap();
    table.propagating.insert(elsewhere);
    let site = plant_7().site;
    let remembered = remembered_propagation(&site, &vgw.parse().unwrap(), &view);
    assert_eq!(remembered, [nth("rtb", 2)].into());

    let owned = kind("route_propagation").owned(&plant_7().site, &view);
    let ids: Vec<&str> = owned.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(ids, [format!("rtb-00000000000000002:{vgw}")]);
    for (n, ours) in [(1, false), (2, true)] {
        let values = json!({"route_table": format!("rtb-{n:017x}"), "vpn_gateway": vgw});
        let (finding, decision) = look(
            "route_propagation",
            "p",
            &inputs(&values),
            &view,
            Policy::default(),
        );
        assert_eq!(present(&finding).ownership == Ownership::Ours, ours);
        let change = if ours { Change::Keep } else { Change::Adopt };
        assert_eq!(decision.unwrap().change, change);
    }
    let missing = json!({"route_table": "rtb-0000000000000000a", "vpn_gateway": vgw});
    let (problem, _) = conflict("route_propagation", "p", &inputs(&missing), &view);
    assert!(problem.contains("rtb-0000000000000000a"), "{problem}");
}

#[test]
fn teardown_leaves_a_gateway_that_another_site_uses() {
    let (mut view, is, id) = connected();
    let attach = Call::AttachVpnGateway {
        vpn_gateway: nth("vgw", 1),
        vpc: nth("vpc", 1),
    };
    apply(&mut view, &attach).unwrap();
    let enable = Call::EnableVgwRoutePropagation {
        route_table: nth("rtb", 1),
        vpn_gateway: nth("vgw", 1),
    };
    apply(&mut view, &enable).unwrap();
    let neighbour = owner("plant-8", 2_000_000);
    let cgw = create_gateway(
        &mut view,
        "plant-8",
        neighbour.tags(&StepId::new("customer-gateway")),
    );
    let wanted = with(is, "customer_gateway", json!(cgw));
    let step = StepId::new("connection");
    let call = kind("vpn_connection").create(&step, &wanted, &neighbour, &keys(&tunnels()));
    let other = apply(&mut view, &call.unwrap()).unwrap().unwrap();

    let owned = |view: &View| -> Vec<String> {
        let kinds = registry().kinds().iter();
        let owned = kinds.flat_map(|kind| kind.owned(&plant_7().site, view));
        owned.map(|it| it.id).collect()
    };
    assert_eq!(owned(&view), ["cgw-00000000000000001", &id]);
    let kept = kept_for_others(&plant_7().site, &view);
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].object, "vgw-00000000000000001");
    assert!(kept[0].because.contains(&other) && kept[0].because.contains("plant-8"));
    for name in ["vpn_gateway", "vpn_gateway_attachment"] {
        let named = json!({
            "id": "vgw-00000000000000001", "vpn_gateway": "vgw-00000000000000001",
            "vpc": "vpc-00000000000000001",
        });
        let found = kind(name)
            .find(&step, &inputs(&named), &plant_7(), &view)
            .unwrap();
        let refused = kind(name).delete(present(&found), &view);
        assert!(matches!(refused, Err(KindError::Conflict { .. })), "{name}");
    }

    let connection = view
        .vpn_connections
        .get_mut(&other.parse().unwrap())
        .unwrap();
    connection.state = State::new("deleted");
    assert_eq!(
        owned(&view).len(),
        5,
        "once the neighbour is gone all of it goes"
    );
    assert!(kept_for_others(&plant_7().site, &view).is_empty());
}

#[test]
fn a_step_that_a_tag_makes_up_cannot_write_to_the_screen() {
    let (mut view, _, id) = connected();
    for hostile in ["\u{1b}[2Jgone", "two words", ""] {
        tags_of(&mut view, &id).insert(TAG_STEP.into(), hostile.into());
        let owned = kind("vpn_connection").owned(&plant_7().site, &view);
        assert_eq!(owned[0].step.as_str(), "connection", "{hostile:?}");
        let found = kind("vpn_connection")
            .find(&owned[0].step, &owned[0].inputs, &plant_7(), &view)
            .unwrap();
        assert_eq!(present(&found).ownership, Ownership::Ours);
    }
}
