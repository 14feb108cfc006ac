//! States that take time.

use crate::sandbox::testing::{CLINIC_VGW, TABLE, VPC, client, pass};

#[tokio::test(start_paused = true)]
async fn a_connection_takes_minutes_to_come_and_to_go() {
    let client = client();
    let customer = client.customer_gateway("198.51.100.7", "65010");
    let gateway = client.vpn_gateway();
    pass(10).await;
    let created = client.vpn(&customer, &gateway, &[]).unwrap();
    let vpn = created.text("vpnConnectionId");
    assert_eq!(created.text("state"), "pending");
    assert!(
        created.has("customerGatewayConfiguration"),
        "AWS gives it at once"
    );
    pass(179).await;
    assert_eq!(client.describe_vpn(&vpn).text("state"), "pending");
    pass(122).await;
    assert_eq!(client.describe_vpn(&vpn).text("state"), "available");

    client.ok("DeleteVpnConnection", &[("VpnConnectionId", &vpn)]);
    let deleting = client.describe_vpn(&vpn);
    assert_eq!(deleting.text("state"), "deleting");
    assert!(!deleting.has("customerGatewayConfiguration"));
    // Deleting again while it goes is no error.
    client.ok("DeleteVpnConnection", &[("VpnConnectionId", &vpn)]);
    for (call, id) in [
        ("DeleteCustomerGateway", &customer),
        ("DeleteVpnGateway", &gateway),
    ] {
        let parameter = call.replace("Delete", "") + "Id";
        assert_eq!(
            client.code(call, &[(&parameter, id)]),
            "IncorrectState",
            "{call}"
        );
    }
    pass(181).await;
    let deleted = client.describe_vpn(&vpn);
    assert_eq!(deleted.text("state"), "deleted");
    assert!(!deleted.has("vgwTelemetry"));
    let again = client.code("DeleteVpnConnection", &[("VpnConnectionId", &vpn)]);
    assert_eq!(again, "InvalidVpnConnectionID.NotFound");
    client.ok("DeleteCustomerGateway", &[("CustomerGatewayId", &customer)]);
    client.ok("DeleteVpnGateway", &[("VpnGatewayId", &gateway)]);
    pass(3_400).await;
    let lingering = client.describe_vpn(&vpn);
    assert_eq!(lingering.text("state"), "deleted", "visible for an hour");
    pass(390).await;
    let gone = client.code("DescribeVpnConnections", &[("VpnConnectionId.1", &vpn)]);
    assert_eq!(gone, "InvalidVpnConnectionID.NotFound");
}

#[tokio::test(start_paused = true)]
async fn an_attachment_is_waited_for_at_both_ends() {
    let client = client();
    let gateway = client.vpn_gateway();
    pass(10).await;
    let attach = [("VpnGatewayId", gateway.as_str()), ("VpcId", VPC)];
    assert_eq!(
        client.ok("AttachVpnGateway", &attach).text("state"),
        "attaching"
    );
    let propagate = [("GatewayId", gateway.as_str()), ("RouteTableId", TABLE)];
    assert_eq!(
        client.code("EnableVgwRoutePropagation", &propagate),
        "Gateway.NotAttached"
    );
    pass(101).await;
    client.ok("EnableVgwRoutePropagation", &propagate);
    client.ok("EnableVgwRoutePropagation", &propagate);
    let tables = client.ok("DescribeRouteTables", &[("RouteTableId.1", TABLE)]);
    assert_eq!(
        tables.inside("propagatingVgwSet", "gatewayId"),
        [gateway.as_str()]
    );

    assert_eq!(
        client.ok("AttachVpnGateway", &attach).text("state"),
        "attached"
    );
    let delete = [("VpnGatewayId", gateway.as_str())];
    assert_eq!(client.code("DeleteVpnGateway", &delete), "IncorrectState");
    client.ok("DetachVpnGateway", &attach);
    assert_eq!(
        client.code("DeleteVpnGateway", &delete),
        "IncorrectState",
        "still detaching"
    );
    pass(121).await;
    assert_eq!(
        client.code("DetachVpnGateway", &attach),
        "InvalidVpnGatewayAttachment.NotFound"
    );
    let described = client.ok("DescribeVpnGateways", &[("VpnGatewayId.1", &gateway)]);
    assert_eq!(
        described.inside("attachments", "state"),
        ["detached"],
        "the entry stays"
    );
    client.ok("DeleteVpnGateway", &delete);
    pass(10).await;
    let described = client.ok("DescribeVpnGateways", &[("VpnGatewayId.1", &gateway)]);
    assert_eq!(described.text("state"), "deleted");
}

#[tokio::test(start_paused = true)]
async fn only_the_modified_tunnel_goes_down() {
    let client = client();
    let (_, _, vpn) = client.site(&[]).await;
    client
        .sandbox
        .set_gateway(None, crate::sandbox::GatewaySim::Online);
    pass(91).await;
    let described = client.describe_vpn(&vpn);
    assert_eq!(described.inside("vgwTelemetry", "status"), ["UP", "UP"]);
    let outside = described.inside("tunnelOptionSet", "outsideIpAddress");
    let modify = [
        ("VpnConnectionId", vpn.as_str()),
        ("VpnTunnelOutsideIpAddress", &outside[0]),
        ("TunnelOptions.Phase1LifetimeSeconds", "14400"),
    ];
    let modified = client.ok("ModifyVpnTunnelOptions", &modify);
    assert_eq!(modified.text("state"), "modifying");
    assert!(modified.has("customerGatewayConfiguration"));
    assert_eq!(
        client.code("ModifyVpnTunnelOptions", &modify),
        "IncorrectState"
    );
    let status = |wanted: &str| {
        let described = client.describe_vpn(&vpn);
        let addresses = described.inside("vgwTelemetry", "outsideIpAddress");
        let index = addresses
            .iter()
            .position(|address| address == wanted)
            .unwrap();
        described.inside("vgwTelemetry", "status")[index].clone()
    };
    assert_eq!(
        (status(&outside[0]), status(&outside[1])),
        ("DOWN".into(), "UP".into())
    );
    pass(299).await;
    assert_eq!(client.describe_vpn(&vpn).text("state"), "modifying");
    for _ in 0..182 {
        if client.describe_vpn(&vpn).text("state") == "available" {
            break;
        }
        pass(1).await;
    }
    assert_eq!(client.describe_vpn(&vpn).text("state"), "available");
    assert_eq!(status(&outside[0]), "DOWN", "available does not mean up");
    pass(91).await;
    assert_eq!(
        (status(&outside[0]), status(&outside[1])),
        ("UP".into(), "UP".into())
    );
    let lifetimes = client
        .describe_vpn(&vpn)
        .inside("tunnelOptionSet", "phase1LifetimeSeconds");
    assert_eq!(
        lifetimes
            .iter()
            .filter(|lifetime| *lifetime == "14400")
            .count(),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn durations_depend_on_the_seed_alone() {
    async fn seconds_until_available(seed: u64) -> u32 {
        let mut options = crate::sandbox::testing::options();
        options.faults = crate::sandbox::Faults::default().with_seed(seed);
        let client = crate::sandbox::testing::with(options);
        let customer = client.customer_gateway("198.51.100.7", "65010");
        pass(10).await;
        let vpn = client
            .vpn(&customer, CLINIC_VGW, &[])
            .unwrap()
            .text("vpnConnectionId");
        pass(1).await;
        for second in 1.. {
            if client.describe_vpn(&vpn).text("state") == "available" {
                return second;
            }
            pass(1).await;
        }
        unreachable!("the loop has no end")
    }
    let first = seconds_until_available(7).await;
    assert!((179..=301).contains(&first), "{first}");
    assert_eq!(seconds_until_available(7).await, first);
    assert_ne!(seconds_until_available(8).await, first);
}
