//! What Direct Connect refuses.

use serde_json::{Value, json};

use crate::sandbox::testing::{CLINIC_VGW, Client, client, pass, text};

const HUB: &str = "tgw-0c1b2c3d4e5f60009";

fn failed(client: &Client, action: &str, input: Value) -> (u16, String, String) {
    let failure = client.dx(action, input).unwrap_err();
    (failure.status, failure.code, failure.message)
}

#[tokio::test(start_paused = true)]
async fn orders_are_checked() {
    let client = client();
    let order = |location: &str, bandwidth: &str, mac_sec: bool| {
        json!({"location": location, "bandwidth": bandwidth, "connectionName": "plant",
            "requestMACSec": mac_sec})
    };
    let (status, code, message) = failed(
        &client,
        "CreateConnection",
        order("Nowhere", "1Gbps", false),
    );
    assert_eq!(
        (status, code.as_str()),
        (500, "DirectConnectServerException")
    );
    assert_eq!(message, "Unable to process request");
    for (location, bandwidth, mac_sec) in [
        ("SBX1", "100Gbps", false),
        ("SBX1", "10Gbps", true),
        ("EqFA5", "1Gbps", true),
        ("EqFA5", "3Gbps", false),
    ] {
        client.dx_refusal("CreateConnection", order(location, bandwidth, mac_sec));
    }
    let missing = client.dx_refusal("CreateConnection", json!({"location": "EqFA5"}));
    assert!(missing.contains("connectionName"), "{missing}");
    let tags: Vec<Value> = (0..51).map(|n| json!({"key": n.to_string()})).collect();
    let mut many = order("EqFA5", "1Gbps", false);
    many["tags"] = json!(tags);
    assert_eq!(
        failed(&client, "CreateConnection", many.clone()).1,
        "TooManyTagsException"
    );
    many["tags"] = json!([{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]);
    assert_eq!(
        failed(&client, "CreateConnection", many).1,
        "DuplicateTagKeysException"
    );
    // Nothing has a client token: a repetition orders another port.
    let one = client.dx_ok("CreateConnection", order("EqFA5", "1Gbps", false));
    let other = client.dx_ok("CreateConnection", order("EqFA5", "1Gbps", false));
    assert_ne!(one["connectionId"], other["connectionId"]);
    let id = text(&one, "connectionId");
    pass(1).await;
    let input = json!({"connectionId": id});
    let told = client.dx_refusal("ConfirmConnection", input.clone());
    assert_eq!(
        told,
        format!("ConfirmConnection failed. {id} is in state requested")
    );
    let input = json!({"connectionId": id, "encryptionMode": "must_encrypt"});
    assert!(
        client
            .dx_refusal("UpdateConnection", input)
            .contains("MACsec")
    );
    for _ in 0..8 {
        client.dx_ok("CreateConnection", order("EqFA5", "1Gbps", false));
    }
    let full = client.dx_refusal("CreateConnection", order("EqFA5", "1Gbps", false));
    assert!(full.contains("maximum number"), "{full}");
}

#[test]
fn ids_have_a_form() {
    let client = client();
    for (action, member, id, words) in [
        (
            "DescribeConnections",
            "connectionId",
            "fake-connection",
            "Connection ID fake-connection has an invalid format.",
        ),
        (
            "DeleteVirtualInterface",
            "virtualInterfaceId",
            "dxvif-1",
            "Virtual Interface ID dxvif-1 has an invalid format.",
        ),
        (
            "DescribeDirectConnectGateways",
            "directConnectGatewayId",
            "dxgw-1",
            "Direct Connect Gateway ID dxgw-1 has an invalid format.",
        ),
        (
            "UpdateDirectConnectGatewayAssociation",
            "associationId",
            "ga-1vgw-2",
            "Association ID ga-1vgw-2 has an invalid format.",
        ),
        (
            "DeleteConnection",
            "connectionId",
            "dxcon-fabcdefg",
            "Could not find Connection with ID dxcon-fabcdefg",
        ),
        (
            "DeleteVirtualInterface",
            "virtualInterfaceId",
            "dxvif-fabcdefg",
            "Virtual Interface dxvif-fabcdefg does not exist.",
        ),
        (
            "DescribeLags",
            "lagId",
            "dxlag-fabcdefg",
            "Could not find Lag with ID dxlag-fabcdefg",
        ),
    ] {
        let said = client.dx_refusal(action, json!({member: id}));
        assert_eq!(said, words);
    }
    let uuid = "01234567-89ab-4cde-8f01-23456789abcd";
    for (action, member, list) in [
        (
            "DescribeDirectConnectGateways",
            "directConnectGatewayId",
            "directConnectGateways",
        ),
        (
            "DescribeDirectConnectGatewayAssociations",
            "associationId",
            "directConnectGatewayAssociations",
        ),
        (
            "DescribeVirtualInterfaces",
            "virtualInterfaceId",
            "virtualInterfaces",
        ),
    ] {
        let id = if list == "virtualInterfaces" {
            "dxvif-fabcdefg"
        } else {
            uuid
        };
        let found = client.dx_ok(action, json!({member: id}));
        assert_eq!(found[list], json!([]), "{action}");
    }
    for (action, member) in [
        ("DeleteDirectConnectGateway", "directConnectGatewayId"),
        ("DeleteDirectConnectGatewayAssociation", "associationId"),
    ] {
        let said = client.dx_refusal(action, json!({member: uuid}));
        assert!(said.ends_with("does not exist."), "{said}");
    }
    let said = client.dx_refusal(
        "DeleteDirectConnectGatewayAssociationProposal",
        json!({"proposalId": uuid}),
    );
    assert!(said.contains("is not found"));
}

#[tokio::test(start_paused = true)]
async fn interfaces_are_checked() {
    let client = client();
    let young = text(
        &client.dx_ok(
            "CreateConnection",
            json!({"location": "EqFA5", "bandwidth": "1Gbps",
            "connectionName": "young"}),
        ),
        "connectionId",
    );
    let port = client.dx_port().await;
    let gateway = client.dx_gateway(64_600).await;
    let create = |connection: &str, change: Value| {
        let mut wanted = json!({"virtualInterfaceName": "plant", "vlan": 101, "asn": 65_010,
            "directConnectGatewayId": gateway});
        for (key, value) in change.as_object().unwrap() {
            wanted[key] = value.clone();
        }
        let input = json!({"connectionId": connection, "newTransitVirtualInterface": wanted});
        client.dx("CreateTransitVirtualInterface", input)
    };
    let early = create(&young, json!({})).unwrap_err();
    assert_eq!(
        early.message,
        "The specified Connection ID is not available."
    );
    for (change, words) in [
        (json!({"vlan": 0}), "VLAN 0"),
        (json!({"vlan": 4095}), "VLAN 4095"),
        (json!({"mtu": 9001}), "MTU 9001"),
        (json!({"asn": 0}), "BGP ASN"),
        (json!({"asn": 2_147_483_647}), "BGP ASN"),
        (json!({"asnLong": 4_294_967_295_u32}), "BGP ASN"),
        (json!({"authKey": "short"}), "6 to 80"),
        (
            json!({"virtualInterfaceName": "a".repeat(101)}),
            "100 characters",
        ),
        (
            json!({"directConnectGatewayId": null}),
            "directConnectGatewayId",
        ),
        (json!({"amazonAddress": "10.9.0.1/30"}), "or neither"),
        (
            json!({"amazonAddress": "10.9.0.1/30", "customerAddress": "10.9.0.6/30"}),
            "must be in the same CIDR",
        ),
        (
            json!({"amazonAddress": "10.9.0.0/30", "customerAddress": "10.9.0.2/30"}),
            "Amazon Address is address 0 on its subnet.",
        ),
        (
            json!({"amazonAddress": "10.9.0.1", "customerAddress": "10.9.0.2"}),
            "valid CIDR",
        ),
        (
            json!({"addressFamily": "ipv6", "amazonAddress": "2001:db8::1/125",
            "customerAddress": "2001:db8::2/125"}),
            "assigned by Amazon",
        ),
    ] {
        let said = create(&port, change.clone()).unwrap_err();
        assert!(said.message.contains(words), "{change}: {said:?}");
    }
    let made = create(
        &port,
        json!({"asnLong": 4_200_000_000_u32, "mtu": 8500,
        "amazonAddress": "10.9.0.1/30", "customerAddress": "10.9.0.2/30", "authKey": "secret"}),
    );
    let made = made.unwrap()["virtualInterface"].clone();
    assert_eq!(
        (&made["asn"], &made["asnLong"]),
        (&json!(0), &json!(4_200_000_000_u32))
    );
    assert_eq!(
        (&made["authKey"], &made["mtu"]),
        (&json!("secret"), &json!(8500))
    );
    let taken = create(&port, json!({})).unwrap_err();
    assert!(
        taken.message.contains("VLAN 101 is already in use"),
        "{taken:?}"
    );
    for vlan in 102..105 {
        create(&port, json!({"vlan": vlan})).unwrap();
    }
    let full = create(&port, json!({"vlan": 105})).unwrap_err();
    assert!(
        full.message.contains("maximum number of transit"),
        "{full:?}"
    );
    let private = json!({"connectionId": port, "newPrivateVirtualInterface": {
        "virtualInterfaceName": "p", "vlan": 106, "asn": 65_010,
        "directConnectGatewayId": gateway}});
    let mixed = client.dx_refusal("CreatePrivateVirtualInterface", private.clone());
    assert!(mixed.contains("private virtual interfaces"), "{mixed}");
    let mut both = private;
    both["newPrivateVirtualInterface"]["virtualGatewayId"] = json!(CLINIC_VGW);
    assert!(
        client
            .dx_refusal("CreatePrivateVirtualInterface", both)
            .contains("either")
    );
}

#[tokio::test(start_paused = true)]
async fn peers_are_one_of_each_family() {
    let client = client();
    let port = client.dx_port().await;
    let gateway = client.dx_gateway(64_600).await;
    let id = client.dx_transit(&port, &gateway, 101).await;
    let create = |family: &str| {
        let input = json!({"virtualInterfaceId": id,
            "newBGPPeer": {"asn": 65_010, "addressFamily": family}});
        client.dx("CreateBGPPeer", input)
    };
    let delete = json!({"virtualInterfaceId": id, "asn": 65_010});
    assert!(
        client
            .dx_refusal("DeleteBGPPeer", delete)
            .contains("last BGP peer")
    );
    assert!(create("ipv4").unwrap_err().message.contains("already has"));
    let both = create("ipv6").unwrap();
    let peers = both["virtualInterface"]["bgpPeers"]
        .as_array()
        .unwrap()
        .clone();
    assert_eq!(peers.len(), 2);
    assert!(text(&peers[1], "amazonAddress").ends_with("/125"));
    assert_eq!(peers[1]["bgpPeerState"], "pending");
    assert!(
        text(&both["virtualInterface"], "customerRouterConfig").contains("<ipv6_bgp_asn>65010<")
    );
    pass(101).await;
    let it = client.dx_interface(&id);
    assert_eq!(it["bgpPeers"][1]["bgpStatus"], "up");
    let peer = text(&it["bgpPeers"][1], "bgpPeerId");
    let delete = json!({"virtualInterfaceId": id, "bgpPeerId": peer});
    client.dx_ok("DeleteBGPPeer", delete);
    pass(61).await;
    assert_eq!(
        client.dx_interface(&id)["bgpPeers"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn what_does_not_go_together_is_refused() {
    let client = client();
    let same = client.dx_gateway(64_512).await;
    let gateway = client.dx_gateway(64_600).await;
    let input = |gateway: &str, other: &str, allowed: &str| {
        json!({"directConnectGatewayId": gateway, "gatewayId": other,
            "addAllowedPrefixesToDirectConnectGateway": [{"cidr": allowed}]})
    };
    let action = "CreateDirectConnectGatewayAssociation";
    let refused = |input| client.dx_refusal(action, input);
    assert!(refused(input(&same, HUB, "10.0.0.0/16")).contains("must be different"));
    assert!(refused(input(&gateway, HUB, "10.0.0.1/16")).contains("not a valid CIDR"));
    assert_eq!(
        refused(input(&gateway, "vgw-0123456789abcdef0", "10.0.0.0/16")),
        "The VirtualGateway vgw-0123456789abcdef0 does not exist."
    );
    let loose = client.vpn_gateway();
    pass(10).await;
    assert!(refused(input(&gateway, &loose, "10.0.0.0/16")).contains("not attached"));
    client.dx_ok(action, input(&gateway, HUB, "10.0.0.0/16"));
    assert!(refused(input(&gateway, HUB, "10.9.0.0/16")).contains("already associated"));
    assert!(refused(input(&gateway, CLINIC_VGW, "10.1.0.0/16")).contains("together"));
    let second = client
        .transit_gateway(&[("Options.AmazonSideAsn", "64700")])
        .await;
    assert!(refused(input(&gateway, &second, "10.0.128.0/17")).contains("overlaps"));
    client.dx_ok(action, input(&gateway, &second, "10.3.0.0/16"));
    // One without allowed prefixes takes the VPC's block, when it is a virtual private gateway.
    let bare = json!({"directConnectGatewayId": same, "virtualGatewayId": CLINIC_VGW});
    let made = client.dx_ok(action, bare);
    let made = &made["directConnectGatewayAssociation"];
    assert_eq!(
        made["allowedPrefixesToDirectConnectGateway"],
        json!([{"cidr": "10.1.0.0/16"}])
    );
    assert_eq!(made["virtualGatewayId"], CLINIC_VGW);
    let third = client.dx_gateway(64_601).await;
    assert!(refused(input(&third, CLINIC_VGW, "10.1.0.0/16")).contains("another"));
}

#[tokio::test(start_paused = true)]
async fn a_proposal_is_accepted_once() {
    let client = client();
    let gateway = client.dx_gateway(64_600).await;
    let input = json!({"directConnectGatewayId": gateway, "gatewayId": HUB,
        "directConnectGatewayOwnerAccount": "111122223333",
        "addAllowedPrefixesToDirectConnectGateway": [{"cidr": "10.2.0.0/16"}]});
    let made = client.dx_ok(
        "CreateDirectConnectGatewayAssociationProposal",
        input.clone(),
    );
    let made = &made["directConnectGatewayAssociationProposal"];
    assert_eq!(made["proposalState"], "requested");
    let id = text(made, "proposalId");
    let accept = json!({"directConnectGatewayId": gateway, "proposalId": id,
        "associatedGatewayOwnerAccount": "111122223333",
        "overrideAllowedPrefixesToDirectConnectGateway": [{"cidr": "10.0.0.0/8"}]});
    let action = "AcceptDirectConnectGatewayAssociationProposal";
    let accepted = client.dx_ok(action, accept.clone());
    let accepted = &accepted["directConnectGatewayAssociation"];
    assert_eq!(accepted["associationState"], "associating");
    assert_eq!(
        accepted["allowedPrefixesToDirectConnectGateway"],
        json!([{"cidr": "10.0.0.0/8"}])
    );
    let twice = client.dx_refusal(action, accept);
    assert_eq!(
        twice,
        format!("Direct Connect Gateway Association Proposal {id} has been accepted!")
    );
    let shown = client.dx_ok(
        "DescribeDirectConnectGatewayAssociationProposals",
        json!({"proposalId": id}),
    );
    let shown = &shown["directConnectGatewayAssociationProposals"][0];
    assert_eq!(shown["proposalState"], "accepted");
    let existing = &shown["existingAllowedPrefixesToDirectConnectGateway"];
    assert_eq!(existing, &json!([{"cidr": "10.0.0.0/8"}]));
}

#[tokio::test(start_paused = true)]
async fn an_allocated_interface_waits_for_its_owner() {
    let client = client();
    let port = client.dx_port().await;
    let gateway = client.dx_gateway(64_600).await;
    let input = json!({"connectionId": port, "ownerAccount": "111122223333",
        "newTransitVirtualInterfaceAllocation": {"virtualInterfaceName": "plant", "vlan": 7,
        "asn": 65_010}});
    let made = client.dx_ok("AllocateTransitVirtualInterface", input);
    let id = text(&made["virtualInterface"], "virtualInterfaceId");
    pass(600).await;
    let state = || client.dx_interface(&id)["virtualInterfaceState"].clone();
    assert_eq!(state(), "confirming");
    let confirm = json!({"virtualInterfaceId": id, "directConnectGatewayId": gateway});
    let wrong = client.dx_refusal("ConfirmPrivateVirtualInterface", confirm.clone());
    assert!(wrong.contains("transit"), "{wrong}");
    client.dx_ok("ConfirmTransitVirtualInterface", confirm.clone());
    assert_eq!(state(), "pending");
    pass(181).await;
    assert_eq!(state(), "down");
    client.dx_refusal("ConfirmTransitVirtualInterface", confirm);
}

#[tokio::test(start_paused = true)]
async fn tags_and_pages_and_samples() {
    let client = client();
    let port = client.dx_port().await;
    let gateway = client.dx_gateway(64_600).await;
    let id = client.dx_transit(&port, &gateway, 101).await;
    let arns = [
        format!("arn:aws:directconnect:eu-central-1:111122223333:dxcon/{port}"),
        format!("arn:aws:directconnect:eu-central-1:111122223333:dxvif/{id}"),
        format!("arn:aws:directconnect::111122223333:dx-gateway/{gateway}"),
    ];
    for arn in &arns {
        let tags = json!([{"key": "site", "value": "plant"}, {"key": "b", "value": ""}]);
        client.dx_ok("TagResource", json!({"resourceArn": arn, "tags": tags}));
        client.dx_ok(
            "UntagResource",
            json!({"resourceArn": arn, "tagKeys": ["b", "c"]}),
        );
    }
    let found = client.dx_ok("DescribeTags", json!({"resourceArns": arns}));
    let found = found["resourceTags"].as_array().unwrap().clone();
    assert_eq!(found.len(), 3);
    for (tags, arn) in found.iter().zip(&arns) {
        let expected = json!({"resourceArn": arn, "tags": [{"key": "site", "value": "plant"}]});
        assert_eq!(*tags, expected);
    }
    let wrong = json!({"resourceArns": ["arn:aws:ec2:eu-central-1:111122223333:vpc/vpc-1"]});
    client.dx_refusal("DescribeTags", wrong);

    client.dx_gateway(64_601).await;
    client.dx_gateway(64_602).await;
    let first = client.dx_ok("DescribeDirectConnectGateways", json!({"maxResults": 2}));
    let token = text(&first, "nextToken");
    let second = client.dx_ok("DescribeDirectConnectGateways", json!({"nextToken": token}));
    assert_eq!(first["directConnectGateways"].as_array().unwrap().len(), 2);
    assert_eq!(second["directConnectGateways"].as_array().unwrap().len(), 1);
    assert!(second.get("nextToken").is_none());

    let it = client.dx_interface(&id);
    let amazon = text(&it, "amazonAddress");
    let amazon = amazon.split('/').next().unwrap();
    for (kind, neighbour) in [
        (
            "CiscoSystemsInc-2900SeriesRouters-IOS124",
            format!("neighbor {amazon} remote-as 64600"),
        ),
        (
            "CiscoSystemsInc-Nexus9KSeriesSwitches-NXOS93",
            format!("neighbor {amazon} remote-as 64600"),
        ),
        (
            "JuniperNetworksInc-MMXSeriesRouters-JunOS95",
            format!("edit neighbor {amazon}"),
        ),
        (
            "PaloAltoNetworks-PA3000and5000series-PANOS803",
            "peer-as 64600".to_owned(),
        ),
    ] {
        let input = json!({"virtualInterfaceId": id, "routerTypeIdentifier": kind});
        let sample = client.dx_ok("DescribeRouterConfiguration", input);
        let text = text(&sample, "customerRouterConfig");
        assert!(text.contains(&neighbour) && text.contains("101"), "{text}");
        assert!(text.contains(it["authKey"].as_str().unwrap()));
        assert_eq!(sample["router"]["routerTypeIdentifier"], kind);
    }
    let wrong = json!({"virtualInterfaceId": id, "routerTypeIdentifier": "Acme"});
    client.dx_refusal("DescribeRouterConfiguration", wrong);
}
