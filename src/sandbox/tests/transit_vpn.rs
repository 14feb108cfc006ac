//! VPN connections that end on transit gateways.

use std::net::IpAddr;

use crate::sandbox::testing::{Client, Document, TABLE, VPC, client, pass};
use crate::sandbox::{GatewaySim, ResourceId};

const SUBNET_A: &str = "subnet-0a1b2c3d4e5f60011";

fn listed(client: &Client, vpn: &str) -> Vec<(String, String)> {
    let filters = [
        ("Filter.1.Name", "resource-type"),
        ("Filter.1.Value.1", "vpn"),
        ("Filter.2.Name", "resource-id"),
        ("Filter.2.Value.1", vpn),
    ];
    let found = client.ok("DescribeTransitGatewayAttachments", &filters);
    let items = found.0.split("<transitGatewayAttachmentId>").skip(1);
    items
        .map(|item| {
            Document(format!(
                "<id>{}",
                item.replacen("</transitGatewayAttachmentId>", "</id>", 1)
            ))
        })
        .map(|item| (item.text("transitGatewayId"), item.text("state")))
        .collect()
}

fn code(answer: crate::sandbox::testing::Answer) -> String {
    answer.unwrap_err().code
}

#[tokio::test(start_paused = true)]
async fn the_attachment_is_listed_later_and_goes_with_the_connection() {
    let client = client();
    let hub = client.transit_gateway(&[]).await;
    let customer = client.customer_gateway("198.51.100.7", "65010");
    pass(10).await;
    let tags = [
        ("TagSpecification.1.ResourceType", "vpn-connection"),
        ("TagSpecification.1.Tag.1.Key", "Name"),
        ("TagSpecification.1.Tag.1.Value", "plant-7"),
    ];
    let made = client.transit_vpn(&customer, &hub, &tags).unwrap();
    let vpn = made.text("vpnConnectionId");
    assert_eq!(made.text("transitGatewayId"), hub);
    assert!(!made.has("vpnGatewayId"));
    assert_eq!(made.text("gatewayAssociationState"), "associated");
    let configuration = made.text("customerGatewayConfiguration");
    assert!(configuration.contains("<vpn_gateway_id></vpn_gateway_id>"));
    assert!(
        configuration.contains("<asn>64512</asn>"),
        "{configuration}"
    );
    assert!(!made.0.contains("tgw-attach-"), "it is not in the answer");
    assert!(listed(&client, &vpn).is_empty(), "nor listed at once");
    pass(21).await;
    assert_eq!(listed(&client, &vpn), [(hub.clone(), "pending".to_owned())]);
    let attachment = client.attachment_of(&vpn);
    let name = "TransitGatewayAttachmentIds.1";
    let shown = client.ok("DescribeTransitGatewayAttachments", &[(name, &attachment)]);
    assert!(
        shown.all("value").is_empty(),
        "it has no tags of the connection"
    );
    let hidden = client.code(
        "DescribeTransitGatewayVpcAttachments",
        &[(name, &attachment)],
    );
    assert_eq!(hidden, "InvalidTransitGatewayAttachmentID.NotFound");
    let unsuited = client.code(
        "DeleteTransitGatewayVpcAttachment",
        &[("TransitGatewayAttachmentId", &attachment)],
    );
    assert_eq!(unsuited, "InvalidTransitGatewayAttachmentID.NotFound");
    pass(300).await;
    assert_eq!(
        listed(&client, &vpn),
        [(hub.clone(), "available".to_owned())]
    );
    let busy = client.call("DeleteTransitGateway", &[("TransitGatewayId", &hub)]);
    let expected = format!("{hub} has non-deleted VPN Attachments: {attachment}.");
    assert_eq!(busy.unwrap_err().message, expected);

    client.ok("DeleteVpnConnection", &[("VpnConnectionId", &vpn)]);
    assert_eq!(
        listed(&client, &vpn),
        [(hub.clone(), "deleting".to_owned())]
    );
    pass(181).await;
    assert_eq!(listed(&client, &vpn), [(hub.clone(), "deleted".to_owned())]);
    client.ok("DeleteTransitGateway", &[("TransitGatewayId", &hub)]);
}

#[tokio::test(start_paused = true)]
async fn a_repeat_makes_a_second_one_that_is_billed() {
    let client = client();
    let hub = client.transit_gateway(&[]).await;
    let customer = client.customer_gateway("198.51.100.7", "65010");
    pass(10).await;
    let billed = || {
        let now = client.sandbox.now();
        let world = client.sandbox.world();
        world.regions["eu-central-1"].billed(now).len()
    };
    let before = billed();
    let first = client.transit_vpn(&customer, &hub, &[]).unwrap();
    let second = client.transit_vpn(&customer, &hub, &[]).unwrap();
    assert_ne!(
        first.text("vpnConnectionId"),
        second.text("vpnConnectionId")
    );
    assert_eq!(billed(), before + 4, "two connections and two attachments");
    pass(301).await;
    for made in [first, second] {
        let vpn = made.text("vpnConnectionId");
        client.ok("DeleteVpnConnection", &[("VpnConnectionId", &vpn)]);
    }
    assert_eq!(billed(), before + 4, "until they are deleted");
    pass(181).await;
    assert_eq!(billed(), before);
}

#[tokio::test(start_paused = true)]
async fn a_learned_prefix_is_a_route_over_all_equal_connections() {
    let client = client();
    let hub = client.transit_gateway(&[]).await;
    let shown = client.ok("DescribeTransitGateways", &[("TransitGatewayIds.1", &hub)]);
    let table = shown.text("propagationDefaultRouteTableId");
    let customer = client.customer_gateway("198.51.100.7", "65010");
    pass(10).await;
    for _ in 0..2 {
        client.transit_vpn(&customer, &hub, &[]).unwrap();
    }
    pass(301).await;
    let search = |client: &Client| {
        client.ok(
            "SearchTransitGatewayRoutes",
            &[
                ("TransitGatewayRouteTableId", &table),
                ("Filter.1.Name", "route-search.exact-match"),
                ("Filter.1.Value.1", "10.20.0.0/24"),
            ],
        )
    };
    assert!(
        !search(&client).has("destinationCidrBlock"),
        "no tunnel is up"
    );
    client.sandbox.set_gateway(None, GatewaySim::Online);
    pass(91).await;
    let found = search(&client);
    assert_eq!(found.all("type"), ["propagated"]);
    assert_eq!(found.all("resourceType"), ["vpn", "vpn"]);
    client.ok(
        "ModifyTransitGateway",
        &[
            ("TransitGatewayId", hub.as_str()),
            ("Options.VpnEcmpSupport", "disable"),
        ],
    );
    assert_eq!(search(&client).all("resourceType"), ["vpn"]);
    client.sandbox.set_gateway(None, GatewaySim::NoBgp);
    assert!(!search(&client).has("destinationCidrBlock"), "BGP is down");
}

#[tokio::test(start_paused = true)]
async fn static_routes_are_the_gateways_own() {
    let client = client();
    let hub = client.transit_gateway(&[]).await;
    let customer = client.customer_gateway("198.51.100.7", "65010");
    pass(10).await;
    let only = [("Options.StaticRoutesOnly", "true")];
    let made = client.transit_vpn(&customer, &hub, &only).unwrap();
    assert!(made.0.contains("NoBGPVPNConnection"));
    let vpn = made.text("vpnConnectionId");
    pass(301).await;
    let params = [
        ("VpnConnectionId", vpn.as_str()),
        ("DestinationCidrBlock", "10.20.0.0/24"),
    ];
    let refused = client.code("CreateVpnConnectionRoute", &params);
    assert_eq!(refused, "InvalidVpnConnection.InvalidType");
    let shown = client.ok("DescribeTransitGateways", &[("TransitGatewayIds.1", &hub)]);
    let made = client.ok(
        "CreateTransitGatewayRoute",
        &[
            (
                "TransitGatewayRouteTableId",
                &shown.text("associationDefaultRouteTableId"),
            ),
            ("DestinationCidrBlock", "10.20.0.0/24"),
            ("TransitGatewayAttachmentId", &client.attachment_of(&vpn)),
        ],
    );
    assert_eq!(made.text("resourceId"), vpn);
    assert_eq!(made.text("resourceType"), "vpn");
}

#[tokio::test(start_paused = true)]
async fn ipv6_connections_have_both_families_inside() {
    let client = client();
    let hub = client.transit_gateway(&[]).await;
    let customer = client.customer_gateway("198.51.100.7", "65010");
    pass(10).await;
    let v6 = ("Options.TunnelInsideIpVersion", "ipv6");
    let inside = "Options.TunnelOptions.1.TunnelInsideIpv6Cidr";
    let given = [
        v6,
        (inside, "fd12:3456::4/126"),
        ("Options.LocalIpv6NetworkCidr", "2001:db8::/32"),
    ];
    let made = client.transit_vpn(&customer, &hub, &given).unwrap();
    assert_eq!(made.text("tunnelInsideIpVersion"), "ipv6");
    assert_eq!(made.text("localIpv6NetworkCidr"), "2001:db8::/32");
    assert_eq!(made.text("remoteIpv6NetworkCidr"), "::/0");
    assert!(!made.has("localIpv4NetworkCidr"));
    let networks = made.all("tunnelInsideIpv6Cidr");
    assert_eq!(networks.len(), 2);
    assert!(networks.contains(&"fd12:3456::4/126".to_owned()));
    assert!(
        networks
            .iter()
            .all(|network| network.starts_with("fd") && network.ends_with("/126"))
    );
    assert_eq!(
        made.all("tunnelInsideCidr").len(),
        2,
        "the /30 is there besides"
    );
    let configuration = made.text("customerGatewayConfiguration");
    let expected = "<ip_address>fd12:3456::6</ip_address>\n        <prefix_length>128";
    assert!(configuration.contains(expected), "{configuration}");
    for (more, expected) in [
        (
            vec![v6, (inside, "fd12:3456::4/126")],
            "InvalidParameterValue",
        ),
        (
            vec![v6, (inside, "fd12:3456::4/125")],
            "InvalidParameterValue",
        ),
        (
            vec![v6, (inside, "2001:db8::4/126")],
            "InvalidParameterValue",
        ),
        (vec![(inside, "fd12:3456::8/126")], "InvalidParameterValue"),
        (
            vec![v6, ("Options.LocalIpv4NetworkCidr", "10.0.0.0/8")],
            "InvalidParameterCombination",
        ),
        (
            vec![("Options.LocalIpv6NetworkCidr", "::/0")],
            "InvalidParameterCombination",
        ),
    ] {
        assert_eq!(
            code(client.transit_vpn(&customer, &hub, &more)),
            expected,
            "{more:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn features_exclude_each_other_and_virtual_private_gateways() {
    let client = client();
    let hub = client.transit_gateway(&[]).await;
    let customer = client.customer_gateway("198.51.100.7", "65010");
    let vgw = client.vpn_gateway();
    pass(10).await;
    let accelerated = ("Options.EnableAcceleration", "true");
    let large = ("Options.TunnelBandwidth", "large");
    let v6 = ("Options.TunnelInsideIpVersion", "ipv6");
    for feature in [accelerated, large, v6] {
        let refused = code(client.vpn(&customer, &vgw, &[feature]));
        assert_eq!(refused, "InvalidParameterCombination", "{feature:?}");
        let made = client.transit_vpn(&customer, &hub, &[feature]).unwrap();
        let name = feature.0.trim_start_matches("Options.");
        let (head, tail) = name.split_at(1);
        assert_eq!(
            made.text(&format!("{}{tail}", head.to_lowercase())),
            feature.1
        );
    }
    let both = code(client.transit_vpn(&customer, &hub, &[accelerated, large]));
    assert_eq!(both, "InvalidParameterCombination");
    let unknown =
        code(client.transit_vpn(&customer, &hub, &[("Options.TunnelBandwidth", "Large")]));
    assert_eq!(unknown, "InvalidParameterValue");
    let two = code(client.transit_vpn(&customer, &hub, &[("VpnGatewayId", &vgw)]));
    assert_eq!(two, "InvalidParameterCombination");
    let missing = client
        .transit_vpn(&customer, "tgw-0123456789abcdef0", &[])
        .unwrap_err();
    assert_eq!(missing.code, "InvalidTransitGatewayID.NotFound");
    let young = client
        .ok("CreateTransitGateway", &[])
        .text("transitGatewayId");
    pass(2).await;
    assert_eq!(
        code(client.transit_vpn(&customer, &young, &[])),
        "IncorrectState"
    );
}

#[tokio::test(start_paused = true)]
async fn private_connections_take_addresses_from_the_gateways_block() {
    let client = client();
    let block = ("Options.TransitGatewayCidrBlocks.1", "192.0.2.0/24");
    let hub = client.transit_gateway(&[block]).await;
    let bare = client.transit_gateway(&[]).await;
    let site = client.customer_gateway("10.99.0.1", "65010");
    let public = client.customer_gateway("198.51.100.7", "65010");
    pass(10).await;
    let connect = |gateway: &str| {
        let lan = vec!["10.20.0.0/24".parse().unwrap()];
        let gateway = ResourceId::from(gateway);
        let made = client
            .sandbox
            .attach_direct_connect("eu-central-1", &gateway, lan);
        made.unwrap().to_string()
    };
    let (transport, wrong) = (connect(&hub), connect(&bare));
    let private = ("Options.OutsideIpAddressType", "PrivateIpv4");
    let over = |id| ("Options.TransportTransitGatewayAttachmentId", id);
    let missing = code(client.transit_vpn(&site, &hub, &[private]));
    assert_eq!(missing, "MissingParameter");
    for (customer, gateway, over, expected) in [
        (
            &site,
            &hub,
            over("tgw-attach-0123456789abcdef0"),
            "InvalidTransitGatewayAttachmentID.NotFound",
        ),
        (&site, &hub, over(&wrong), "InvalidParameterValue"),
        (&site, &bare, over(&wrong), "InvalidParameterCombination"),
        (
            &public,
            &hub,
            over(&transport),
            "InvalidParameterCombination",
        ),
    ] {
        let refused = code(client.transit_vpn(customer, gateway, &[private, over]));
        assert_eq!(refused, expected, "{over:?}");
    }
    let given = [private, over(transport.as_str())];
    let made = client.transit_vpn(&site, &hub, &given).unwrap();
    assert_eq!(made.text("outsideIpAddressType"), "PrivateIpv4");
    assert_eq!(made.text("transportTransitGatewayAttachmentId"), transport);
    let second = client.transit_vpn(&site, &hub, &given).unwrap();
    let mut addresses = made.inside("tunnelOptionSet", "outsideIpAddress");
    addresses.extend(second.inside("tunnelOptionSet", "outsideIpAddress"));
    addresses.sort();
    assert_eq!(
        addresses,
        ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"]
    );
    pass(301).await;
    let moved = client.call(
        "ModifyVpnConnection",
        &[
            ("VpnConnectionId", made.text("vpnConnectionId").as_str()),
            ("TransitGatewayId", &bare),
        ],
    );
    assert_eq!(code(moved), "InvalidParameterCombination");
}

#[tokio::test(start_paused = true)]
async fn a_moved_connection_leaves_its_old_attachment_listed() {
    let client = client();
    let (_, vgw, vpn) = client.site(&[("Options.StaticRoutesOnly", "true")]).await;
    let (first, second) = (
        client.transit_gateway(&[]).await,
        client.transit_gateway(&[]).await,
    );
    let to = |gateway| {
        let params = [("VpnConnectionId", vpn.as_str()), gateway];
        client.call("ModifyVpnConnection", &params)
    };
    let route = [
        ("VpnConnectionId", vpn.as_str()),
        ("DestinationCidrBlock", "10.20.0.0/24"),
    ];
    client.ok("CreateVpnConnectionRoute", &route);
    assert_eq!(
        code(to(("TransitGatewayId", &first))),
        "IncorrectState",
        "routes first"
    );
    client.ok("DeleteVpnConnectionRoute", &route);
    pass(11).await;
    let outside = client
        .describe_vpn(&vpn)
        .inside("tunnelOptionSet", "outsideIpAddress");
    let moved = to(("TransitGatewayId", &first)).unwrap();
    assert_eq!(moved.text("state"), "modifying");
    assert_eq!(moved.text("transitGatewayId"), first);
    assert!(!moved.has("vpnGatewayId"));
    let mut kept = moved.inside("tunnelOptionSet", "outsideIpAddress");
    kept.sort();
    let mut before = outside;
    before.sort();
    assert_eq!(kept, before, "the outside addresses stay");
    assert_eq!(
        code(to(("TransitGatewayId", &second))),
        "IncorrectState",
        "still modifying"
    );
    pass(761).await;
    assert_eq!(
        listed(&client, &vpn),
        [(first.clone(), "available".to_owned())]
    );
    to(("TransitGatewayId", &second)).unwrap();
    pass(761).await;
    let mut both = listed(&client, &vpn);
    both.sort();
    let mut expected = [
        (first.clone(), "deleted".to_owned()),
        (second.clone(), "available".to_owned()),
    ];
    expected.sort();
    assert_eq!(both, expected);
    let back = to(("VpnGatewayId", &vgw)).unwrap();
    assert_eq!(back.text("vpnGatewayId"), vgw);
    pass(761).await;
    assert!(
        listed(&client, &vpn)
            .iter()
            .all(|(_, state)| state == "deleted")
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_not_seen_yet_is_not_found() {
    let client = client();
    client
        .sandbox
        .set_faults("slow-consistency,seed:3".parse().unwrap());
    let id = client
        .ok("CreateTransitGateway", &[])
        .text("transitGatewayId");
    let describe =
        |client: &Client| client.call("DescribeTransitGateways", &[("TransitGatewayIds.1", &id)]);
    assert_eq!(code(describe(&client)), "InvalidTransitGatewayID.NotFound");
    let early = client.call(
        "CreateTransitGatewayVpcAttachment",
        &[
            ("TransitGatewayId", &id),
            ("VpcId", VPC),
            ("SubnetIds.1", SUBNET_A),
        ],
    );
    assert_eq!(code(early), "InvalidTransitGatewayID.NotFound");
    pass(360).await;
    assert_eq!(describe(&client).unwrap().text("state"), "available");
    let made = client.ok(
        "CreateTransitGatewayVpcAttachment",
        &[
            ("TransitGatewayId", &id),
            ("VpcId", VPC),
            ("SubnetIds.1", SUBNET_A),
            (
                "TagSpecifications.1.ResourceType",
                "transit-gateway-attachment",
            ),
            ("TagSpecifications.1.Tag.1.Key", "Name"),
            ("TagSpecifications.1.Tag.1.Value", "plant"),
        ],
    );
    let attachment = made.text("transitGatewayAttachmentId");
    let named = ("TransitGatewayAttachmentIds.1", attachment.as_str());
    // The tags are seen last, and routes can be refused when lists show the attachment already.
    let (mut bare, mut refused, mut routed) = (false, false, false);
    let to_it = [
        ("RouteTableId", TABLE),
        ("DestinationCidrBlock", "10.20.0.0/24"),
        ("TransitGatewayId", id.as_str()),
    ];
    for _ in 0..400 {
        pass(1).await;
        let shown = client.call("DescribeTransitGatewayVpcAttachments", &[named]);
        let available = shown.is_ok_and(|shown| shown.text("state") == "available");
        if available && !routed {
            match client.call("CreateRoute", &to_it) {
                Ok(_) => routed = true,
                Err(failure) => {
                    assert_eq!(failure.code, "InvalidTransitGatewayID.NotFound");
                    refused = true;
                }
            }
        }
        if let Ok(shown) = client.call("DescribeTransitGatewayAttachments", &[named]) {
            bare |= shown.all("value").is_empty();
        }
    }
    assert!(bare, "it was seen without its tags");
    assert!(refused && routed, "{refused} {routed}");
    let shown = client.ok("DescribeTransitGatewayAttachments", &[named]);
    assert_eq!(shown.all("value"), ["plant"]);

    // A change of an old object is not seen by everybody at once either.
    client.ok(
        "DeleteTransitGatewayVpcAttachment",
        &[("TransitGatewayAttachmentId", &attachment)],
    );
    let shown = client.ok("DescribeTransitGatewayAttachments", &[named]);
    assert_eq!(
        shown.text("state"),
        "available",
        "a look that has not heard of it"
    );
    pass(61).await;
    let shown = client.ok("DescribeTransitGatewayAttachments", &[named]);
    assert_ne!(shown.text("state"), "available");
}

#[tokio::test(start_paused = true)]
async fn lists_are_shuffled_and_old_worlds_are_read() {
    let client = client();
    client
        .sandbox
        .set_faults("shuffle,quota:transit-gateways=20".parse().unwrap());
    for _ in 0..6 {
        client.ok("CreateTransitGateway", &[]);
    }
    pass(5).await;
    let order = || {
        client
            .ok("DescribeTransitGateways", &[])
            .all("transitGatewayId")
    };
    let first = order();
    assert!((0..20).any(|_| order() != first), "always the same order");

    let mut world = serde_json::to_value(client.sandbox.world()).unwrap();
    for region in world["regions"].as_object_mut().unwrap().values_mut() {
        let region = region.as_object_mut().unwrap();
        for new in [
            "transit_gateways",
            "transit_attachments",
            "transit_route_tables",
        ] {
            region.remove(new).unwrap();
        }
    }
    let old: crate::sandbox::World = serde_json::from_value(world).unwrap();
    assert!(old.regions["eu-central-1"].transit_gateways.is_empty());
    let site: IpAddr = "198.51.100.7".parse().unwrap();
    assert!(!old.site.gateways.contains_key(&site));
}
