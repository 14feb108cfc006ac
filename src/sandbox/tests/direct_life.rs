//! Direct Connect from the order to the last deletion.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::sandbox::testing::{Client, client, of, options, pass, text, with};
use crate::sandbox::{GatewaySim, ResourceId, SandboxOptions};

const HUB: &str = "tgw-0c1b2c3d4e5f60009";
const DAY: u64 = 86_400;

fn order(client: &Client) -> Value {
    let input = json!({
        "location": "EqFA5", "bandwidth": "10Gbps", "connectionName": "plant", "requestMACSec": true,
        "tags": [{"key": "site", "value": "plant"}],
    });
    client.dx_ok("CreateConnection", input)
}

fn state(client: &Client, connection: &str) -> String {
    let input = json!({"connectionId": connection});
    let found = client.dx_ok("DescribeConnections", input);
    text(&found["connections"][0], "connectionState")
}

fn billed(client: &Client) -> Vec<String> {
    client.sandbox.inspect(|world, now| {
        let ports = world.direct_connect.billed("eu-central-1", now);
        ports.into_iter().map(ToString::to_string).collect()
    })
}

#[tokio::test(start_paused = true)]
async fn a_port_waits_for_a_letter_and_then_for_people() {
    let client = client();
    let made = order(&client);
    let id = text(&made, "connectionId");
    assert!(id.starts_with("dxcon-f") && id.len() == 14, "{id}");
    assert_eq!(made["connectionState"], "requested");
    assert_eq!(made["jumboFrameCapable"], false);
    assert_eq!(made["hasLogicalRedundancy"], "unknown");
    assert!(made.get("awsDeviceV2").is_none() && made.get("loaIssueTime").is_none());
    pass(1).await;
    let loa = json!({"connectionId": id});
    let early = client.dx_refusal("DescribeLoa", loa.clone());
    assert!(early.contains("not available yet"), "{early}");
    assert_eq!(state(&client, &id), "requested");
    pass(3 * DAY).await;
    assert_eq!(state(&client, &id), "pending");
    let letter = client.dx_ok("DescribeLoa", loa);
    assert_eq!(letter["loaContentType"], "application/pdf");
    let pdf = STANDARD.decode(text(&letter, "loaContent")).unwrap();
    assert!(pdf.starts_with(b"%PDF-1.4") && pdf.ends_with(b"%%EOF\n"));
    pass(30 * DAY).await;
    assert_eq!(state(&client, &id), "pending", "nobody did anything");
    assert!(billed(&client).is_empty());
    pass(60 * DAY).await;
    assert_eq!(
        billed(&client),
        std::slice::from_ref(&id),
        "90 days after the letter"
    );

    let port = ResourceId::from(id.as_str());
    let up = |up| client.sandbox.set_port(&port, up, client.sandbox.now());
    assert!(up(true));
    assert_eq!(state(&client, &id), "available");
    assert!(up(false));
    assert_eq!(state(&client, &id), "down");
    assert!(up(true));
    assert_eq!(state(&client, &id), "available");
    assert!(
        !client
            .sandbox
            .set_port(&"dxcon-fnothing".into(), true, client.sandbox.now())
    );

    let gone = client.dx_ok("DeleteConnection", json!({"connectionId": id}));
    assert_eq!(gone["connectionState"], "deleting");
    pass(61).await;
    assert_eq!(state(&client, &id), "deleted");
    assert!(billed(&client).is_empty());
}

#[tokio::test(start_paused = true)]
async fn where_routers_are_online_people_patch_the_port() {
    let client = with(SandboxOptions {
        gateway: GatewaySim::Online,
        ..options()
    });
    let id = text(&order(&client), "connectionId");
    pass(2 * DAY).await;
    assert_ne!(
        state(&client, &id),
        "available",
        "not before two days after the letter"
    );
    pass(11 * DAY).await;
    assert_eq!(state(&client, &id), "available");
    assert_eq!(billed(&client), [id]);
}

#[tokio::test(start_paused = true)]
async fn a_partners_order_waits_for_its_owner() {
    let client = client();
    let id = client
        .sandbox
        .order_hosted("eu-central-1", "SBX1", "500Mbps", 381);
    let id = id.to_string();
    assert_eq!(state(&client, &id), "ordering");
    pass(10 * DAY).await;
    assert_eq!(state(&client, &id), "ordering");
    assert!(billed(&client).is_empty());
    let input = json!({"connectionId": id});
    let confirmed = client.dx_ok("ConfirmConnection", input.clone());
    assert_eq!(confirmed["connectionState"], "pending");
    assert_eq!(billed(&client), std::slice::from_ref(&id));
    assert_eq!(state(&client, &id), "pending");
    let twice = client.dx_refusal("ConfirmConnection", input.clone());
    assert_eq!(
        twice,
        format!("ConfirmConnection failed. {id} is in state pending")
    );
    pass(600).await;
    assert_eq!(state(&client, &id), "available");
    assert!(client.dx_refusal("DescribeLoa", input).contains("hosted"));
    let gateway = client.dx_gateway(64_600).await;
    let make = |vlan: u16| {
        client.dx(
            "CreateTransitVirtualInterface",
            json!({"connectionId": id,
            "newTransitVirtualInterface": {"virtualInterfaceName": "plant", "vlan": vlan,
            "asn": 65_010, "directConnectGatewayId": gateway}}),
        )
    };
    assert!(make(382).unwrap_err().message.contains("not the one"));
    make(381).unwrap();
    assert!(make(381).is_err(), "one virtual interface is all");
}

#[tokio::test(start_paused = true)]
async fn a_transit_gateway_hears_of_the_site_and_the_test_takes_it_away() {
    let client = client();
    let port = client.dx_port().await;
    let gateway = client.dx_gateway(64_600).await;
    let input = json!({"directConnectGatewayId": gateway, "gatewayId": HUB,
        "addAllowedPrefixesToDirectConnectGateway": [{"cidr": "10.2.0.0/16"}]});
    let made = client.dx_ok("CreateDirectConnectGatewayAssociation", input);
    let made = &made["directConnectGatewayAssociation"];
    assert_eq!(made["associationState"], "associating");
    assert_eq!(made["associatedGateway"]["type"], "transitGateway");
    assert!(made.get("virtualGatewayId").is_none());
    let association = text(made, "associationId");
    let shown = |name: &str| {
        let filters = [
            ("Filter.1.Name", "resource-type"),
            ("Filter.1.Value.1", "direct-connect-gateway"),
            ("Filter.2.Name", "resource-id"),
            ("Filter.2.Value.1", &gateway),
        ];
        let found = client.ok("DescribeTransitGatewayAttachments", &filters);
        found.text(name)
    };
    pass(1).await;
    assert_eq!(shown("state"), "pending");
    pass(2_730).await;
    assert_eq!(shown("state"), "available");
    assert_eq!(
        shown("transitGatewayRouteTableId"),
        "tgw-rtb-0c1b2c3d4e5f60009"
    );

    let interface = client.dx_transit(&port, &gateway, 101).await;
    let learned = || {
        let found = client.ok(
            "SearchTransitGatewayRoutes",
            &[
                ("TransitGatewayRouteTableId", "tgw-rtb-0c1b2c3d4e5f60009"),
                ("Filter.1.Name", "type"),
                ("Filter.1.Value.1", "propagated"),
            ],
        );
        found.all("destinationCidrBlock")
    };
    assert_eq!(learned(), ["10.2.0.0/16", "10.20.0.0/24"]);
    let it = client.dx_interface(&interface);
    assert_eq!(it["virtualInterfaceState"], "available");
    assert_eq!(it["amazonSideAsn"], 64_600);
    let peer = &it["bgpPeers"][0];
    assert_eq!(
        (&peer["bgpStatus"], &peer["bgpPeerState"]),
        (&json!("up"), &json!("available"))
    );
    assert_eq!(it["authKey"], peer["authKey"]);
    let document = text(&it, "customerRouterConfig");
    for part in [
        "<vlan>101</vlan>".to_owned(),
        format!(
            "<amazon_address>{}</amazon_address>",
            text(&it, "amazonAddress")
        ),
        format!("<bgp_auth_key>{}</bgp_auth_key>", text(&it, "authKey")),
        "<amazon_bgp_asn>64600</amazon_bgp_asn>".to_owned(),
        "<connection_type>transit</connection_type>".to_owned(),
    ] {
        assert!(document.contains(&part), "{part} in {document}");
    }
    failover(&client, &interface, &learned).await;
    teardown(&client, &port, &gateway, &interface, &association).await;
}

async fn failover(client: &Client, interface: &str, learned: &impl Fn() -> Vec<String>) {
    let id = json!({"virtualInterfaceId": interface});
    let started = client.dx_ok(
        "StartBgpFailoverTest",
        json!({"virtualInterfaceId": interface, "testDurationInMinutes": 10}),
    );
    let test = &started["virtualInterfaceTest"];
    assert_eq!(test["status"], "IN_PROGRESS");
    assert_eq!(
        test["endTime"].as_i64().unwrap() - test["startTime"].as_i64().unwrap(),
        600
    );
    let it = client.dx_interface(interface);
    assert_eq!(it["virtualInterfaceState"], "testing");
    assert_eq!(it["bgpPeers"][0]["bgpStatus"], "down");
    assert_eq!(learned(), ["10.2.0.0/16"]);
    let twice = client.dx_refusal("StartBgpFailoverTest", id.clone());
    assert!(twice.ends_with("is in state testing."), "{twice}");
    pass(601).await;
    assert_eq!(
        client.dx_interface(interface)["virtualInterfaceState"],
        "available"
    );
    client.dx_ok("StartBgpFailoverTest", id.clone());
    pass(60).await;
    let stopped = client.dx_ok("StopBgpFailoverTest", id.clone());
    assert_eq!(
        stopped["virtualInterfaceTest"]["testDurationInMinutes"],
        180
    );
    assert_eq!(
        client.dx_interface(interface)["virtualInterfaceState"],
        "available"
    );
    let history = client.dx_ok("ListVirtualInterfaceTestHistory", id.clone());
    let history = history["virtualInterfaceTestHistory"].as_array().unwrap();
    let states: Vec<_> = history.iter().map(|test| text(test, "status")).collect();
    assert_eq!(states, ["COMPLETED", "STOPPED"]);
    assert!(
        client
            .dx_refusal("StopBgpFailoverTest", id)
            .contains("No test")
    );
}

async fn teardown(client: &Client, port: &str, gateway: &str, interface: &str, association: &str) {
    let (port, gateway) = (
        json!({"connectionId": port}),
        json!({"directConnectGatewayId": gateway}),
    );
    assert!(
        client
            .dx_refusal("DeleteConnection", port.clone())
            .contains("virtual interfaces")
    );
    let busy = client.dx_refusal("DeleteDirectConnectGateway", gateway.clone());
    assert!(busy.contains("virtual interfaces"), "{busy}");
    let gone = client.dx_ok(
        "DeleteVirtualInterface",
        json!({"virtualInterfaceId": interface}),
    );
    assert_eq!(gone, json!({"virtualInterfaceState": "deleting"}));
    pass(181).await;
    assert_eq!(
        client.dx_interface(interface)["virtualInterfaceState"],
        "deleted"
    );
    let busy = client.dx_refusal("DeleteDirectConnectGateway", gateway.clone());
    assert!(busy.contains("associated"), "{busy}");
    let input = json!({"associationId": association});
    // From another region: it belongs to none.
    let elsewhere = Client {
        region: "us-east-1".to_owned(),
        ..of(client.sandbox.clone())
    };
    let going = elsewhere.dx_ok("DeleteDirectConnectGatewayAssociation", input.clone());
    let state = &going["directConnectGatewayAssociation"]["associationState"];
    assert_eq!(state, "disassociating");
    let attachment = |state: &str| {
        let filters = [
            ("Filter.1.Name", "resource-type"),
            ("Filter.1.Value.1", "direct-connect-gateway"),
            ("Filter.2.Name", "state"),
            ("Filter.2.Value.1", state),
        ];
        let found = client.ok("DescribeTransitGatewayAttachments", &filters);
        found.all("transitGatewayAttachmentId").len()
    };
    assert_eq!(attachment("deleting"), 1);
    pass(1_201).await;
    assert_eq!(attachment("deleted"), 1);
    let found = client.dx_ok("DescribeDirectConnectGatewayAssociations", input);
    let state = &found["directConnectGatewayAssociations"][0]["associationState"];
    assert_eq!(state, "disassociated");
    client.dx_ok("DeleteDirectConnectGateway", gateway.clone());
    pass(46).await;
    let found = client.dx_ok("DescribeDirectConnectGateways", gateway);
    let state = &found["directConnectGateways"][0]["directConnectGatewayState"];
    assert_eq!(state, "deleted");
    client.dx_ok("DeleteConnection", port);
    assert!(billed(client).len() == 1, "until it is deleted");
    pass(61).await;
    assert!(billed(client).is_empty());
    let listed = client.dx_ok("DescribeVirtualInterfaces", json!({}));
    assert_eq!(
        listed["virtualInterfaces"],
        json!([]),
        "15 minutes have passed"
    );
}

#[tokio::test(start_paused = true)]
async fn an_update_takes_its_time_and_the_old_prefixes_stand_until_then() {
    let client = client();
    let gateway = client.dx_gateway(64_600).await;
    let id = client.dx_associate(&gateway, HUB, &["10.0.0.0/16"]).await;
    let input = json!({"associationId": id,
        "addAllowedPrefixesToDirectConnectGateway": [{"cidr": "10.2.0.0/16"}],
        "removeAllowedPrefixesToDirectConnectGateway": [{"cidr": "10.0.0.0/16"}]});
    client.dx_ok("UpdateDirectConnectGatewayAssociation", input.clone());
    let shown = || {
        let found = client.dx_ok(
            "DescribeDirectConnectGatewayAssociations",
            json!({"associatedGatewayId": HUB}),
        );
        let it = &found["directConnectGatewayAssociations"][0];
        let prefixes = it["allowedPrefixesToDirectConnectGateway"].clone();
        (text(it, "associationState"), prefixes)
    };
    assert_eq!(
        shown(),
        ("updating".to_owned(), json!([{"cidr": "10.0.0.0/16"}]))
    );
    let busy = client.dx_refusal("UpdateDirectConnectGatewayAssociation", input);
    assert!(busy.contains("updating"), "{busy}");
    pass(600).await;
    assert_eq!(shown().0, "updating");
    pass(780).await;
    assert_eq!(
        shown(),
        ("associated".to_owned(), json!([{"cidr": "10.2.0.0/16"}]))
    );
}

#[tokio::test(start_paused = true)]
async fn gateways_are_of_no_region_and_interfaces_are() {
    let client = client();
    let port = client.dx_port().await;
    let gateway = client.dx_gateway(64_600).await;
    let interface = client.dx_transit(&port, &gateway, 101).await;
    let elsewhere = Client {
        region: "us-east-1".to_owned(),
        ..of(client.sandbox.clone())
    };
    let input = json!({"directConnectGatewayId": gateway});
    let of_gateway = |client: &Client, action| client.dx_ok(action, input.clone());
    let action = "DescribeDirectConnectGateways";
    assert_eq!(of_gateway(&elsewhere, action), of_gateway(&client, action));
    let action = "DescribeDirectConnectGatewayAttachments";
    let attached = of_gateway(&elsewhere, action);
    assert_eq!(attached, of_gateway(&client, action));
    let attached = &attached["directConnectGatewayAttachments"][0];
    assert_eq!(attached["virtualInterfaceRegion"], "eu-central-1");
    assert_eq!(attached["attachmentState"], "attached");
    assert_eq!(attached["attachmentType"], "TransitVirtualInterface");
    let found = elsewhere.dx_ok("DescribeVirtualInterfaces", json!({}));
    assert_eq!(found["virtualInterfaces"], json!([]));
    let missing = elsewhere.dx_refusal(
        "DeleteVirtualInterface",
        json!({"virtualInterfaceId": interface}),
    );
    assert!(missing.ends_with("does not exist."));
    let missing = elsewhere.dx_refusal("DescribeConnections", json!({"connectionId": port}));
    assert_eq!(missing, format!("Could not find Connection with ID {port}"));
}

#[tokio::test(start_paused = true)]
async fn both_protocols_say_the_same() {
    let client = client();
    let port = client.dx_port().await;
    let gateway = client.dx_gateway(64_600).await;
    client.dx_transit(&port, &gateway, 101).await;
    for action in [
        "DescribeConnections",
        "DescribeVirtualInterfaces",
        "DescribeDirectConnectGateways",
        "DescribeLocations",
        "DescribeLags",
        "DescribeVirtualGateways",
        "DescribeCustomerMetadata",
    ] {
        let input = json!({});
        assert_eq!(
            client.dx(action, input.clone()),
            client.dx_cbor(action, &input),
            "{action}"
        );
    }
    let loa = json!({"connectionId": port});
    assert_eq!(
        client.dx("DescribeLoa", loa.clone()),
        client.dx_cbor("DescribeLoa", &loa)
    );
    for (action, input) in [
        (
            "DescribeConnections",
            json!({"connectionId": "fake-connection"}),
        ),
        ("ConfirmConnection", json!({"connectionId": port})),
        ("DescribeNothing", json!({})),
    ] {
        let json = client.dx(action, input.clone()).unwrap_err();
        assert_eq!(json, client.dx_cbor(action, &input).unwrap_err());
    }
    // An SDK leaves the body out when there is no input.
    assert_eq!(client.dx_bytes("DescribeLocations", b"").status, 200);
}

#[tokio::test(start_paused = true)]
async fn keys_come_and_go_and_a_must_needs_one() {
    let client = client();
    let id = text(&order(&client), "connectionId");
    pass(3 * DAY).await;
    let port = ResourceId::from(id.as_str());
    client.sandbox.set_port(&port, true, client.sandbox.now());
    let gateway = client.dx_gateway(64_600).await;
    let interface = client.dx_transit(&id, &gateway, 101).await;
    let up = || client.dx_interface(&interface)["virtualInterfaceState"].clone();
    assert_eq!(up(), "available");
    let input = json!({"connectionId": id, "encryptionMode": "must_encrypt"});
    let it = client.dx_ok("UpdateConnection", input);
    assert_eq!(it["portEncryptionStatus"], "Encryption Down");
    assert_eq!(up(), "down");
    let (ckn, cak) = ("ab".repeat(32), "cd".repeat(32));
    let input = json!({"connectionId": id, "ckn": ckn, "cak": cak});
    let keys = client.dx_ok("AssociateMacSecKey", input.clone());
    assert_eq!(keys["macSecKeys"][0]["state"], "associating");
    assert!(
        client
            .dx_refusal("AssociateMacSecKey", input)
            .contains("already")
    );
    pass(61).await;
    assert_eq!(up(), "available");
    let arn = text(&keys["macSecKeys"][0], "secretARN");
    client.dx_ok(
        "DisassociateMacSecKey",
        json!({"connectionId": id, "secretARN": arn}),
    );
    pass(61).await;
    assert_eq!(up(), "down");
    let world = serde_json::to_string(&client.sandbox.world()).unwrap();
    assert!(!world.contains(&cak));
}
