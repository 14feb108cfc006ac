//! What AWS sees of the site, and the routes that come of it.

use crate::sandbox::GatewaySim;
use crate::sandbox::testing::{Client, Document, TABLE, VPC, client, pass};

async fn attached(client: &Client, more: &[(&str, &str)]) -> (String, String) {
    let (_, gateway, vpn) = client.site(more).await;
    client.ok(
        "AttachVpnGateway",
        &[("VpnGatewayId", &gateway), ("VpcId", VPC)],
    );
    pass(101).await;
    client.ok(
        "EnableVgwRoutePropagation",
        &[("GatewayId", &gateway), ("RouteTableId", TABLE)],
    );
    (gateway, vpn)
}

fn telemetry(document: &Document) -> Vec<(String, String, String)> {
    let column = |name| document.inside("vgwTelemetry", name);
    let mut rows: Vec<_> = column("status")
        .into_iter()
        .zip(column("statusMessage"))
        .zip(column("acceptedRouteCount"))
        .map(|((status, message), routes)| (status, message, routes))
        .collect();
    rows.sort();
    rows
}

fn row(status: &str, message: &str, routes: &str) -> (String, String, String) {
    (status.to_owned(), message.to_owned(), routes.to_owned())
}

fn propagated(client: &Client) -> Vec<String> {
    let tables = client.ok("DescribeRouteTables", &[("RouteTableId.1", TABLE)]);
    tables
        .inside("routeSet", "item")
        .into_iter()
        .map(Document)
        .filter(|route| route.text("origin") == "EnableVgwRoutePropagation")
        .map(|route| route.text("destinationCidrBlock"))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn routes_follow_the_bgp_session() {
    let client = client();
    let (gateway, vpn) = attached(&client, &[]).await;
    let down = row("DOWN", "IPSEC IS DOWN", "0");
    assert_eq!(
        telemetry(&client.describe_vpn(&vpn)),
        [down.clone(), down.clone()]
    );
    assert!(propagated(&client).is_empty());

    let site = "198.51.100.7".parse().unwrap();
    let lan = ["10.20.0.0/24", "10.21.0.0/24"].map(|prefix| prefix.parse().unwrap());
    client.sandbox.set_lan(site, lan.to_vec());
    client.sandbox.set_gateway(Some(site), GatewaySim::Online);
    assert_eq!(
        telemetry(&client.describe_vpn(&vpn)),
        [down.clone(), down.clone()],
        "takes a minute"
    );
    pass(91).await;
    let up = row("UP", "2 BGP ROUTES", "2");
    assert_eq!(
        telemetry(&client.describe_vpn(&vpn)),
        [up.clone(), up.clone()]
    );
    client.sandbox.set_gateway(Some(site), GatewaySim::Online);
    let again = telemetry(&client.describe_vpn(&vpn));
    assert_eq!(again, [up.clone(), up.clone()], "it is online already");
    assert_eq!(propagated(&client), ["10.20.0.0/24", "10.21.0.0/24"]);

    client.sandbox.set_gateway(Some(site), GatewaySim::HalfUp);
    pass(91).await;
    assert_eq!(telemetry(&client.describe_vpn(&vpn)), [down.clone(), up]);
    assert_eq!(propagated(&client).len(), 2, "one tunnel is enough");

    client.sandbox.set_gateway(Some(site), GatewaySim::NoBgp);
    pass(91).await;
    let no_bgp = row("DOWN", "IPSEC IS UP", "0");
    assert_eq!(
        telemetry(&client.describe_vpn(&vpn)),
        [no_bgp.clone(), no_bgp]
    );
    assert!(propagated(&client).is_empty());

    client.sandbox.set_gateway(None, GatewaySim::Online);
    pass(91).await;
    assert_eq!(propagated(&client).len(), 2);
    client.ok(
        "DetachVpnGateway",
        &[("VpnGatewayId", &gateway), ("VpcId", VPC)],
    );
    assert!(propagated(&client).is_empty(), "only while attached");
}

#[tokio::test(start_paused = true)]
async fn static_routes_count_even_while_down() {
    let client = client();
    let (_, vpn) = attached(&client, &[("Options.StaticRoutesOnly", "true")]).await;
    let route = [
        ("VpnConnectionId", vpn.as_str()),
        ("DestinationCidrBlock", "10.20.0.0/24"),
    ];
    client.ok("CreateVpnConnectionRoute", &route);
    client.ok("CreateVpnConnectionRoute", &route);
    let described = client.describe_vpn(&vpn);
    assert_eq!(described.inside("routes", "state"), ["pending"]);
    assert_eq!(described.inside("routes", "source"), ["Static"]);
    pass(11).await;
    let described = client.describe_vpn(&vpn);
    assert_eq!(described.inside("routes", "state"), ["available"]);
    assert_eq!(
        telemetry(&described),
        [row("DOWN", "", "1"), row("DOWN", "", "1")]
    );
    assert_eq!(propagated(&client), ["10.20.0.0/24"]);

    client.sandbox.set_gateway(None, GatewaySim::NoBgp);
    pass(91).await;
    let described = client.describe_vpn(&vpn);
    assert_eq!(
        telemetry(&described),
        [row("UP", "", "1"), row("UP", "", "1")],
        "needs no BGP"
    );

    client.ok("DeleteVpnConnectionRoute", &route);
    pass(11).await;
    assert!(propagated(&client).is_empty());
    assert_eq!(
        client.code("DeleteVpnConnectionRoute", &route),
        "InvalidRoute.NotFound"
    );
}

#[tokio::test(start_paused = true)]
async fn a_bgp_connection_takes_no_static_routes() {
    let client = client();
    let (_, _, vpn) = client.site(&[]).await;
    let route = [
        ("VpnConnectionId", vpn.as_str()),
        ("DestinationCidrBlock", "10.20.0.0/24"),
    ];
    assert_eq!(
        client.code("CreateVpnConnectionRoute", &route),
        "InvalidVpnConnection.InvalidType"
    );
}

#[tokio::test(start_paused = true)]
async fn equal_asns_bring_up_no_bgp() {
    let client = client();
    let customer = client.customer_gateway("198.51.100.7", "64512");
    let gateway = client.vpn_gateway();
    pass(10).await;
    let vpn = client
        .vpn(&customer, &gateway, &[])
        .unwrap()
        .text("vpnConnectionId");
    client.sandbox.set_gateway(None, GatewaySim::Online);
    pass(600).await;
    let no_bgp = row("DOWN", "IPSEC IS UP", "0");
    assert_eq!(
        telemetry(&client.describe_vpn(&vpn)),
        [no_bgp.clone(), no_bgp]
    );
}

#[tokio::test(start_paused = true)]
async fn the_negotiated_crypto_is_the_lowest_that_is_allowed() {
    let client = client();
    let strong = [
        (
            "Options.TunnelOptions.1.Phase1EncryptionAlgorithm.1.Value",
            "AES256-GCM-16",
        ),
        (
            "Options.TunnelOptions.1.Phase1EncryptionAlgorithm.2.Value",
            "AES256",
        ),
        ("Options.TunnelOptions.1.Phase2DHGroupNumber.1.Value", "21"),
        ("Options.TunnelOptions.1.Phase2DHGroupNumber.2.Value", "20"),
        ("Options.TunnelOptions.1.IKEVersion.1.Value", "ikev2"),
        (
            "Options.TunnelOptions.1.TunnelInsideCidr",
            "169.254.10.0/30",
        ),
    ];
    let (_, _, vpn) = client.site(&strong).await;
    client.sandbox.set_gateway(None, GatewaySim::Online);
    pass(91).await;
    let options = client.describe_vpn(&vpn);
    let cidrs = options.inside("tunnelOptionSet", "tunnelInsideCidr");
    let strong = cidrs
        .iter()
        .position(|cidr| cidr == "169.254.10.0/30")
        .unwrap();
    let outside = options.inside("tunnelOptionSet", "outsideIpAddress");
    let status = |outside: &str| {
        client.ok(
            "GetActiveVpnTunnelStatus",
            &[
                ("VpnConnectionId", &vpn),
                ("VpnTunnelOutsideIpAddress", outside),
            ],
        )
    };
    let first = status(&outside[strong]);
    assert_eq!(
        first.text("phase1EncryptionAlgorithm"),
        "AES256",
        "the order given does not matter"
    );
    assert_eq!(first.text("phase2DHGroup"), "20");
    assert_eq!(first.text("ikeVersion"), "ikev2");
    let second = status(&outside[1 - strong]);
    assert_eq!(
        second.text("phase1EncryptionAlgorithm"),
        "AES128",
        "one list leaves the other weak"
    );
    assert_eq!(second.text("phase1DHGroup"), "2");
    assert_eq!(second.text("provisioningStatus"), "available");
}
