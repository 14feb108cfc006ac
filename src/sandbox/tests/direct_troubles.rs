//! Direct Connect on a bad day.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::sandbox::testing::{Client, client, of, options, pass, text, with};
use crate::sandbox::{Faults, Injected, Sandbox, SandboxOptions, Trouble};

fn gateway() -> Value {
    json!({"directConnectGatewayName": "plant", "amazonSideAsn": 64_600})
}

fn names(client: &Client) -> Vec<String> {
    let found = client.dx_ok("DescribeDirectConnectGateways", json!({}));
    let found = found["directConnectGateways"].as_array().unwrap().clone();
    found
        .iter()
        .map(|it| text(it, "directConnectGatewayId"))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_leaves_one_behind_and_a_repetition_makes_another() {
    let client = client();
    let action = "CreateDirectConnectGateway";
    let faults = Faults::default().lose_reply_of(action);
    client.sandbox.set_faults(faults);
    let input = gateway().to_string();
    let reply = client.dx_bytes(action, &crate::sandbox::protocol::encode(&gateway()));
    assert!(reply.lost, "{input}");
    assert_eq!(client.sandbox.calls()[0].outcome, "lost");
    client.dx_ok(action, gateway());
    pass(50).await;
    assert_eq!(names(&client).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn failures_have_the_words_of_these_protocols() {
    let client = client();
    let action = "DescribeConnections";
    let mut faults = Faults::default();
    let expected = [
        (Injected::Throttled, 400, "ThrottlingException"),
        (Injected::InternalError, 500, "DirectConnectServerException"),
        (Injected::Unavailable, 503, "ServiceUnavailableException"),
        (Injected::Denied, 400, "AccessDeniedException"),
        (Injected::Expired, 400, "ExpiredTokenException"),
        (
            Injected::IncorrectState,
            400,
            "DirectConnectClientException",
        ),
        (Injected::NotFound, 400, "DirectConnectClientException"),
    ];
    for (number, (injected, ..)) in (1..).zip(expected) {
        faults = faults.script(action, number, injected);
    }
    client.sandbox.set_faults(faults);
    for (injected, status, code) in expected {
        let failure = client.dx(action, json!({})).unwrap_err();
        assert_eq!(
            (failure.status, failure.code.as_str()),
            (status, code),
            "{injected:?}"
        );
    }
    client.dx_ok(action, json!({}));
    let logged: Vec<String> = client
        .sandbox
        .calls()
        .into_iter()
        .map(|call| call.outcome)
        .collect();
    assert_eq!(logged[0], "ThrottlingException");
    client
        .sandbox
        .set_faults("denied:CreateConnection".parse().unwrap());
    let denied = client.dx("CreateConnection", json!({})).unwrap_err();
    assert!(
        denied.message.contains("directconnect:CreateConnection"),
        "{denied:?}"
    );
    let stranger = Client {
        key: String::new(),
        ..of(client.sandbox.clone())
    };
    let refused = stranger.dx(action, json!({})).unwrap_err();
    assert_eq!(refused.code, "MissingAuthenticationTokenException");
}

#[tokio::test(start_paused = true)]
async fn it_is_throttled_apart_from_ec2() {
    let client = client();
    let call = || client.dx("DescribeLags", json!({}));
    for _ in 0..100 {
        call().unwrap();
    }
    assert_eq!(call().unwrap_err().code, "ThrottlingException");
    client.ok("DescribeVpcs", &[]);
    pass(1).await;
    call().unwrap();
}

#[tokio::test(start_paused = true)]
async fn states_that_no_document_names_come_and_go() {
    let client = client();
    let port = client.dx_port().await;
    let gateway = client.dx_gateway(64_600).await;
    let id = client.dx_transit(&port, &gateway, 101).await;
    client
        .sandbox
        .set_dx_router(&id.as_str().into(), Some(false), None);
    client
        .sandbox
        .set_faults(Faults::default().with(Trouble::UnknownStates));
    let mut words = BTreeSet::new();
    for _ in 0..40 {
        pass(30).await;
        words.insert(text(&client.dx_interface(&id), "virtualInterfaceState"));
        let found = client.dx_ok("DescribeConnections", json!({"connectionId": port}));
        words.insert(text(&found["connections"][0], "connectionState"));
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    assert_eq!(words, ["approving", "available", "down", "moving"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_new_is_unseen_for_a_while() {
    let client = client();
    let slow = Faults::default()
        .with(Trouble::SlowConsistency)
        .with_seed(3);
    client.sandbox.set_faults(slow);
    let mut input = gateway();
    input["tags"] = json!([{"key": "site", "value": "plant"}]);
    let made = client.dx_ok("CreateDirectConnectGateway", input);
    let id = text(&made["directConnectGateway"], "directConnectGatewayId");
    assert!(names(&client).is_empty());
    let missing = client.dx(
        "DeleteDirectConnectGateway",
        json!({"directConnectGatewayId": id}),
    );
    assert!(missing.unwrap_err().message.ends_with("does not exist."));
    pass(400).await;
    assert_eq!(names(&client), std::slice::from_ref(&id));
    let rename = json!({"directConnectGatewayId": id, "newDirectConnectGatewayName": "other"});
    client.dx_ok("UpdateDirectConnectGateway", rename);
    let name = || {
        let found = client.dx_ok("DescribeDirectConnectGateways", json!({}));
        let it = &found["directConnectGateways"][0];
        assert_eq!(it["tags"][0]["key"], "site");
        text(it, "directConnectGatewayName")
    };
    assert_eq!(name(), "plant");
    pass(61).await;
    assert_eq!(name(), "other");
}

#[tokio::test(start_paused = true)]
async fn looks_go_back_and_lists_change_their_order() {
    let client = client();
    for _ in 0..6 {
        client.dx_ok("CreateDirectConnectGateway", gateway());
    }
    pass(120).await;
    let sorted = names(&client);
    let faults = Faults::default().with(Trouble::Shuffle);
    client.sandbox.set_faults(faults);
    let orders: BTreeSet<Vec<String>> = (0..10).map(|_| names(&client)).collect();
    assert!(orders.len() > 1);
    let faults = Faults::default().with(Trouble::StaleReads).with_seed(2);
    client.sandbox.set_faults(faults);
    let last = json!({"directConnectGatewayId": sorted[0]});
    client.dx_ok("DeleteDirectConnectGateway", last);
    let mut states = BTreeSet::new();
    for _ in 0..20 {
        let found = client.dx_ok("DescribeDirectConnectGateways", json!({"maxResults": 1}));
        let it = &found["directConnectGateways"][0];
        states.insert(text(it, "directConnectGatewayState"));
    }
    assert!(
        states.contains("available") && states.contains("deleting"),
        "{states:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_world_in_a_file_keeps_its_keys_to_itself() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("world.json");
    let open = || {
        Sandbox::open(SandboxOptions {
            file: Some(file.clone()),
            ..options()
        })
    };
    let client = of(open().unwrap());
    let port = client.dx_port().await;
    let gateway = client.dx_gateway(64_600).await;
    let id = client.dx_transit(&port, &gateway, 101).await;
    let before = client.dx_interface(&id);
    let key = text(&before, "authKey");
    let shown = serde_json::to_string(&client.sandbox.world()).unwrap();
    assert!(!shown.contains(&key) && shown.contains("REDACTED"));
    drop(client);
    let again = of(open().unwrap());
    assert_eq!(again.dx_interface(&id)["authKey"], json!(key));
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text.matches(&key).count(), 1, "in the part for keys");
}

#[tokio::test(start_paused = true)]
async fn people_and_routers_are_played_by_the_endpoints() {
    let client = with(options());
    let control = |path: &str, form: &str| {
        let request = crate::sandbox::Request::from_http(
            "POST",
            &format!("/_underpass/{path}?{form}"),
            [],
            b"",
        );
        let reply = client.sandbox.handle(&request);
        (reply.status, String::from_utf8(reply.body).unwrap())
    };
    let order = json!({"location": "EqFA5", "bandwidth": "1Gbps", "connectionName": "plant"});
    let port = text(&client.dx_ok("CreateConnection", order), "connectionId");
    let letter = control(
        "direct-connect/letter",
        &format!("connection={port}&after=60"),
    );
    assert_eq!(letter.0, 200, "{letter:?}");
    pass(61).await;
    client.dx_ok("DescribeLoa", json!({"connectionId": port}));
    let (status, _) = control(
        "direct-connect/port",
        &format!("connection={port}&state=up&after=864000"),
    );
    assert_eq!(status, 200);
    let state = || {
        let found = client.dx_ok("DescribeConnections", json!({}));
        text(&found["connections"][0], "connectionState")
    };
    pass(4 * 86_400).await;
    assert_eq!(state(), "pending");
    pass(6 * 86_400).await;
    assert_eq!(state(), "available");
    let gateway = client.dx_gateway(64_600).await;
    let id = client.dx_transit(&port, &gateway, 101).await;
    let form = format!("interface={id}&state=down&lan=10.30.0.0/24");
    assert_eq!(
        control("direct-connect/router", &form),
        (200, "ok\n".to_owned())
    );
    assert_eq!(client.dx_interface(&id)["virtualInterfaceState"], "down");
    let hosted = control("direct-connect/hosted", "vlan=381&bandwidth=200Mbps");
    assert!(
        hosted.1.starts_with("dxcon-f") && hosted.1.ends_with('\n'),
        "{hosted:?}"
    );
    for (path, form, words) in [
        ("association", "association=1", "error is needed"),
        ("association", "association=1&error=a", "there is none"),
        ("port", "state=up", "connection is needed"),
        ("letter", "connection=dxcon-fabcdefg", "no such port"),
        (
            "port",
            "connection=dxcon-fabcdefg&state=up",
            "there is none",
        ),
        ("port", "connection=dxcon-fabcdefg&state=on", "up or down"),
        (
            "router",
            "interface=dxvif-fabcdefg",
            "state or lan is needed",
        ),
        (
            "router",
            "interface=dxvif-fabcdefg&lan=nowhere",
            "lan nowhere",
        ),
        ("hosted", "vlan=5000", "1 to 4094"),
    ] {
        let (status, said) = control(&format!("direct-connect/{path}"), form);
        assert_eq!(status, 400);
        assert!(said.contains(words), "{said}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_association_may_end_in_an_error() {
    let client = client();
    let gateway = client.dx_gateway(64_600).await;
    let hub = "tgw-0c1b2c3d4e5f60009";
    let input = json!({"directConnectGatewayId": gateway, "gatewayId": hub});
    let made = client.dx_ok("CreateDirectConnectGatewayAssociation", input.clone());
    let id = text(&made["directConnectGatewayAssociation"], "associationId");
    pass(60).await;
    let failed = client
        .sandbox
        .fail_association(&id.as_str().into(), "no route");
    assert!(failed);
    let found = client.dx_ok(
        "DescribeDirectConnectGatewayAssociations",
        json!({"associationId": id}),
    );
    let it = &found["directConnectGatewayAssociations"][0];
    assert_eq!(it["associationState"], "disassociated");
    assert_eq!(it["stateChangeError"], "no route");
    let filters = [
        ("Filter.1.Name", "resource-id"),
        ("Filter.1.Value.1", gateway.as_str()),
    ];
    let attached = client.ok("DescribeTransitGatewayAttachments", &filters);
    assert_eq!(attached.text("state"), "deleted");
    client.dx_ok("CreateDirectConnectGatewayAssociation", input);
}
