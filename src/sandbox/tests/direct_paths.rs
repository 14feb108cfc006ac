//! Which way traffic takes when there is Direct Connect, with a VPN beside it.

use std::collections::BTreeSet;

use ipnet::Ipv4Net;
use serde_json::json;

use crate::sandbox::testing::{Client, TABLE, VPC, client, pass, text};
use crate::sandbox::{Gap, GatewaySim, Lane, Lanes, Path, ResourceId};

const SITE: &str = "198.51.100.7";
const LAN: &str = "10.20.0.0/24";
const SUBNETS: [&str; 2] = ["subnet-0a1b2c3d4e5f60011", "subnet-0a1b2c3d4e5f60012"];

fn path_of(client: &Client, prefix: &str) -> Path {
    let prefix: Ipv4Net = prefix.parse().unwrap();
    client.sandbox.inspect(|world, now| {
        let mut paths = world.paths("eu-central-1", &VPC.into(), prefix, now);
        paths.remove(&ResourceId::from(TABLE)).unwrap()
    })
}

fn path(client: &Client) -> Path {
    path_of(client, LAN)
}

/// What carries traffic: the ids of virtual interfaces and connections.
fn carriers(lanes: &Result<Lanes, Gap>) -> BTreeSet<String> {
    let lanes = lanes.as_ref().unwrap().lanes.iter();
    lanes
        .map(|lane| match lane {
            Lane::Tunnel { connection, .. } => connection.to_string(),
            Lane::DirectConnect { interface } => interface.to_string(),
        })
        .collect()
}

fn only(id: &str) -> BTreeSet<String> {
    BTreeSet::from([id.to_owned()])
}

/// A VPC on a transit gateway with a VPN and Direct Connect to the same site, both up.
struct Both {
    client: Client,
    hub: String,
    port: String,
    gateway: String,
    association: String,
    interface: String,
    vpn: String,
}

impl Both {
    async fn with(allowed: &[&str]) -> Self {
        let client = client();
        let hub = client.transit_gateway(&[]).await;
        client.attach_vpc(&hub, VPC, &SUBNETS).await;
        let route = [
            ("RouteTableId", TABLE),
            ("DestinationCidrBlock", "10.20.0.0/16"),
            ("TransitGatewayId", hub.as_str()),
        ];
        client.ok("CreateRoute", &route);
        let customer = client.customer_gateway(SITE, "65010");
        pass(10).await;
        let vpn = client.transit_vpn(&customer, &hub, &[]).unwrap();
        let vpn = vpn.text("vpnConnectionId");
        pass(330).await;
        client
            .sandbox
            .set_gateway(Some(SITE.parse().unwrap()), GatewaySim::Online);
        let port = client.dx_port().await;
        let gateway = client.dx_gateway(64_600).await;
        let association = client.dx_associate(&gateway, &hub, allowed).await;
        let interface = client.dx_transit(&port, &gateway, 101).await;
        Self {
            client,
            hub,
            port,
            gateway,
            association,
            interface,
            vpn,
        }
    }

    fn router(&self, up: bool) {
        let interface = ResourceId::from(self.interface.as_str());
        assert!(
            self.client
                .sandbox
                .set_dx_router(&interface, Some(up), None)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn direct_connect_carries_until_it_fails_and_then_the_vpn() {
    let both = Both::with(&["10.0.0.0/16"]).await;
    let client = &both.client;
    let now = path(client);
    assert!(now.is_whole(), "{now:?}");
    assert_eq!(carriers(&now.there), only(&both.interface));
    assert_eq!(carriers(&now.back), only(&both.interface));
    both.router(false);
    let now = path(client);
    assert_eq!(carriers(&now.there), only(&both.vpn));
    assert_eq!(carriers(&now.back), only(&both.vpn));
    both.router(true);
    assert_eq!(
        carriers(&path(client).there),
        only(&both.vpn),
        "not at once"
    );
    pass(41).await;
    assert_eq!(carriers(&path(client).there), only(&both.interface));
    // So it is when the light goes out,
    let port = ResourceId::from(both.port.as_str());
    let sandbox = &client.sandbox;
    assert!(sandbox.set_port(&port, false, sandbox.now()));
    assert_eq!(carriers(&path(client).back), only(&both.vpn));
    assert!(sandbox.set_port(&port, true, sandbox.now()));
    assert_eq!(carriers(&path(client).back), only(&both.interface));
    // while the sessions are tested,
    let test = json!({"virtualInterfaceId": both.interface, "testDurationInMinutes": 5});
    client.dx_ok("StartBgpFailoverTest", test);
    let now = path(client);
    assert!(now.is_whole());
    assert_eq!(carriers(&now.there), only(&both.vpn));
    assert_eq!(carriers(&now.back), only(&both.vpn));
    pass(301).await;
    assert_eq!(carriers(&path(client).back), only(&both.interface));
    // and when the association ends.
    let gone = json!({"associationId": both.association});
    client.dx_ok("DeleteDirectConnectGatewayAssociation", gone);
    let now = path(client);
    assert_eq!(carriers(&now.there), only(&both.vpn));
    assert_eq!(carriers(&now.back), only(&both.vpn));
}

#[tokio::test(start_paused = true)]
async fn without_allowed_prefixes_nothing_comes_back_and_nobody_says_so() {
    let both = Both::with(&[]).await;
    let client = &both.client;
    // The VPN hides it.
    let now = path(client);
    assert_eq!(carriers(&now.there), only(&both.interface));
    assert_eq!(
        carriers(&now.back),
        only(&both.vpn),
        "another way than there"
    );
    let site = SITE.parse().unwrap();
    client.sandbox.set_gateway(Some(site), GatewaySim::Offline);
    let now = path(client);
    assert_eq!(carriers(&now.there), only(&both.interface));
    let down = Gap::Down {
        connections: BTreeSet::from([both.vpn.as_str().into()]),
    };
    assert_eq!(now.back, Err(down));
    client.ok("DeleteVpnConnection", &[("VpnConnectionId", &both.vpn)]);
    pass(181).await;
    let gap = Gap::NotAnnounced {
        gateway: both.hub.as_str().into(),
    };
    assert_eq!(path(client).back, Err(gap));
    let input = json!({"directConnectGatewayId": both.gateway});
    let found = client.dx_ok("DescribeDirectConnectGatewayAssociations", input);
    let it = &found["directConnectGatewayAssociations"][0];
    assert_eq!(it["associationState"], "associated");
    assert!(it.get("stateChangeError").is_none());
    let input = json!({"associationId": both.association,
        "addAllowedPrefixesToDirectConnectGateway": [{"cidr": "10.0.0.0/17"}]});
    client.dx_ok("UpdateDirectConnectGatewayAssociation", input);
    pass(1_381).await;
    assert!(path(client).back.is_err(), "a half is not the whole");
    let input = json!({"associationId": both.association,
        "addAllowedPrefixesToDirectConnectGateway": [{"cidr": "10.0.128.0/17"}]});
    client.dx_ok("UpdateDirectConnectGatewayAssociation", input);
    assert!(path(client).back.is_err(), "not before it is done");
    pass(1_381).await;
    assert_eq!(carriers(&path(client).back), only(&both.interface));
}

#[tokio::test(start_paused = true)]
async fn the_longest_prefix_beats_all() {
    let both = Both::with(&["10.0.0.0/8"]).await;
    let client = &both.client;
    let now = path(client);
    assert_eq!(carriers(&now.there), only(&both.interface));
    assert_eq!(
        carriers(&now.back),
        only(&both.vpn),
        "the VPN tells the site of 10.0.0.0/16, Direct Connect of 10.0.0.0/8"
    );
    let site = SITE.parse().unwrap();
    let halves = ["10.20.0.0/25", "10.20.0.128/25"];
    let mut lan: Vec<Ipv4Net> = halves.map(|half| half.parse().unwrap()).to_vec();
    lan.push(LAN.parse().unwrap());
    client.sandbox.set_lan(site, lan);
    let now = path(client);
    assert_eq!(carriers(&now.there), only(&both.interface));
    assert!(!now.is_whole());
    let exceptions: Vec<String> = now.exceptions.iter().map(ToString::to_string).collect();
    assert_eq!(exceptions, halves);
    let half = path_of(client, halves[0]);
    assert_eq!(carriers(&half.there), only(&both.vpn), "the VPN steals it");
    // More specifics on both sides of the choice.
    let interface = ResourceId::from(both.interface.as_str());
    let lan = halves.map(|half| half.parse().unwrap()).to_vec();
    client.sandbox.set_dx_router(&interface, None, Some(lan));
    let half = path_of(client, halves[0]);
    assert_eq!(carriers(&half.there), only(&both.interface));
    // A static route of the transit gateway beats what is learned.
    let filters = [
        ("Filter.1.Name", "resource-id"),
        ("Filter.1.Value.1", both.vpn.as_str()),
    ];
    let found = client.ok("DescribeTransitGatewayAttachments", &filters);
    let (attachment, table) = (
        found.text("transitGatewayAttachmentId"),
        found.text("transitGatewayRouteTableId"),
    );
    client.ok(
        "CreateTransitGatewayRoute",
        &[
            ("TransitGatewayRouteTableId", &table),
            ("DestinationCidrBlock", halves[0]),
            ("TransitGatewayAttachmentId", &attachment),
        ],
    );
    pass(10).await;
    assert_eq!(carriers(&path_of(client, halves[0]).there), only(&both.vpn));
}

#[tokio::test(start_paused = true)]
async fn too_many_prefixes_end_the_session() {
    let both = Both::with(&["10.0.0.0/16"]).await;
    let interface = ResourceId::from(both.interface.as_str());
    let announce = |count: u8| {
        let lan = (0..count).map(|third| format!("10.20.{third}.0/24").parse().unwrap());
        let sandbox = &both.client.sandbox;
        sandbox.set_dx_router(&interface, None, Some(lan.collect()));
    };
    announce(100);
    assert_eq!(carriers(&path(&both.client).there), only(&both.interface));
    announce(101);
    assert_eq!(carriers(&path(&both.client).there), only(&both.vpn));
    let it = both.client.dx_interface(&both.interface);
    assert_eq!(it["virtualInterfaceState"], "down");
    assert_eq!(it["bgpPeers"][0]["bgpStatus"], "down");
}

#[tokio::test(start_paused = true)]
async fn two_interfaces_share_and_one_takes_over() {
    let both = Both::with(&["10.0.0.0/16"]).await;
    let client = &both.client;
    let second = client.dx_transit(&both.port, &both.gateway, 102).await;
    let now = path(client);
    let pair = BTreeSet::from([both.interface.clone(), second.clone()]);
    assert_eq!(carriers(&now.there), pair);
    assert_eq!(carriers(&now.back), pair);
    assert!(now.there.unwrap().spread);
    both.router(false);
    assert_eq!(carriers(&path(client).back), only(&second));
    // A larger packet cuts all of the connection.
    let input = json!({"virtualInterfaceId": both.interface, "mtu": 8500});
    client.dx_ok("UpdateVirtualInterfaceAttributes", input);
    assert_eq!(carriers(&path(client).back), only(&both.vpn));
    pass(71).await;
    assert_eq!(carriers(&path(client).back), only(&second));
}

/// A virtual private gateway on the VPC, with propagation into its table.
async fn vpn_gateway(client: &Client) -> String {
    let gateway = client.vpn_gateway();
    pass(10).await;
    let attach = [("VpnGatewayId", gateway.as_str()), ("VpcId", VPC)];
    client.ok("AttachVpnGateway", &attach);
    pass(101).await;
    let enable = [("GatewayId", gateway.as_str()), ("RouteTableId", TABLE)];
    client.ok("EnableVgwRoutePropagation", &enable);
    gateway
}

async fn private(client: &Client, port: &str, vlan: u16, behind: (&str, &str)) -> String {
    let (member, id) = behind;
    let mut wanted = json!({"virtualInterfaceName": "plant", "vlan": vlan, "asn": 65_010});
    wanted[member] = json!(id);
    let input = json!({"connectionId": port, "newPrivateVirtualInterface": wanted});
    let made = client.dx_ok("CreatePrivateVirtualInterface", input);
    let id = text(&made, "virtualInterfaceId");
    pass(181).await;
    let interface = id.as_str().into();
    assert!(client.sandbox.set_dx_router(&interface, Some(true), None));
    pass(41).await;
    id
}

#[tokio::test(start_paused = true)]
async fn on_a_virtual_private_gateway_allowed_prefixes_are_a_filter() {
    let client = client();
    let vgw = vpn_gateway(&client).await;
    let port = client.dx_port().await;
    let gateway = client.dx_gateway(64_600).await;
    let association = client.dx_associate(&gateway, &vgw, &["10.0.0.0/17"]).await;
    let behind = ("directConnectGatewayId", gateway.as_str());
    let interface = private(&client, &port, 101, behind).await;
    let now = path(&client);
    assert_eq!(carriers(&now.there), only(&interface));
    let gap = Gap::NotAnnounced {
        gateway: vgw.as_str().into(),
    };
    assert_eq!(now.back, Err(gap), "narrower than the VPC: nothing at all");
    let input = json!({"associationId": association,
        "addAllowedPrefixesToDirectConnectGateway": [{"cidr": "10.0.0.0/15"}]});
    client.dx_ok("UpdateDirectConnectGatewayAssociation", input);
    pass(1_381).await;
    assert!(path(&client).is_whole(), "wider is as good as the same");
    let routes = client.dx_ok(
        "ListVirtualInterfaceRoutes",
        json!({"virtualInterfaceId": interface}),
    );
    let told: Vec<_> = routes["routes"].as_array().unwrap().iter().collect();
    let said = |at: usize| (text(told[at], "routeDirection"), text(told[at], "cidr"));
    assert_eq!(said(0), ("accepted".to_owned(), LAN.to_owned()));
    assert_eq!(said(1), ("advertised".to_owned(), "10.0.0.0/16".to_owned()));

    // A static VPN to the same prefix loses, a more specific one wins.
    let customer = client.customer_gateway(SITE, "65010");
    pass(10).await;
    let only_static = [("Options.StaticRoutesOnly", "true")];
    let vpn = client.vpn(&customer, &vgw, &only_static).unwrap();
    let vpn = vpn.text("vpnConnectionId");
    pass(301).await;
    client
        .sandbox
        .set_gateway(Some(SITE.parse().unwrap()), GatewaySim::Online);
    let route = |destination: &str| {
        let params = [
            ("VpnConnectionId", vpn.as_str()),
            ("DestinationCidrBlock", destination),
        ];
        client.ok("CreateVpnConnectionRoute", &params);
    };
    route(LAN);
    pass(91).await;
    assert_eq!(carriers(&path(&client).there), only(&interface));
    route("10.20.0.0/25");
    pass(11).await;
    assert_eq!(
        carriers(&path_of(&client, "10.20.0.0/25").there),
        only(&vpn)
    );
    client
        .sandbox
        .set_dx_router(&interface.as_str().into(), Some(false), None);
    assert_eq!(carriers(&path(&client).there), only(&vpn));
}

#[tokio::test(start_paused = true)]
async fn a_private_interface_may_end_on_the_gateway_itself() {
    let client = client();
    let vgw = vpn_gateway(&client).await;
    let port = client.dx_port().await;
    let interface = private(&client, &port, 101, ("virtualGatewayId", &vgw)).await;
    let now = path(&client);
    assert!(now.is_whole(), "{now:?}");
    assert_eq!(carriers(&now.there), only(&interface));
    assert_eq!(carriers(&now.back), only(&interface));
    let it = client.dx_interface(&interface);
    assert_eq!(it["amazonSideAsn"], 64_512);
    assert_eq!(it["virtualGatewayId"], vgw);
    client
        .sandbox
        .set_dx_router(&interface.as_str().into(), Some(false), None);
    assert_eq!(path(&client).there, Err(Gap::NoRoute { at: TABLE.into() }));

    // Detaching takes longer with it than without, and deleting waits for it to go.
    let pair = [("VpnGatewayId", vgw.as_str()), ("VpcId", VPC)];
    client.ok("DetachVpnGateway", &pair);
    pass(299).await;
    let id = [("VpnGatewayId.1", vgw.as_str())];
    let state = || {
        client
            .ok("DescribeVpnGateways", &id)
            .inside("attachments", "state")
    };
    assert_eq!(state(), ["detaching"]);
    pass(602).await;
    assert_eq!(state(), ["detached"]);
    let delete = [("VpnGatewayId", vgw.as_str())];
    assert_eq!(client.code("DeleteVpnGateway", &delete), "IncorrectState");
    client.dx_ok(
        "DeleteVirtualInterface",
        json!({"virtualInterfaceId": interface}),
    );
    pass(181).await;
    client.ok("DeleteVpnGateway", &delete);
}

#[tokio::test(start_paused = true)]
async fn a_private_vpn_runs_over_direct_connect_or_not_at_all() {
    let client = client();
    let block = ("Options.TransitGatewayCidrBlocks.1", "192.0.2.0/24");
    let hub = client.transit_gateway(&[block]).await;
    let port = client.dx_port().await;
    let gateway = client.dx_gateway(64_600).await;
    let association = client.dx_associate(&gateway, &hub, &["10.0.0.0/16"]).await;
    let interface = client.dx_transit(&port, &gateway, 101).await;
    let filters = [
        ("Filter.1.Name", "resource-id"),
        ("Filter.1.Value.1", gateway.as_str()),
    ];
    let found = client.ok("DescribeTransitGatewayAttachments", &filters);
    let transport = found.text("transitGatewayAttachmentId");
    let customer = client.customer_gateway("10.20.0.9", "65010");
    pass(10).await;
    let options = [
        ("Options.OutsideIpAddressType", "PrivateIpv4"),
        (
            "Options.TransportTransitGatewayAttachmentId",
            transport.as_str(),
        ),
    ];
    let vpn = client.transit_vpn(&customer, &hub, &options).unwrap();
    let vpn = vpn.text("vpnConnectionId");
    pass(301).await;
    let site = "10.20.0.9".parse().unwrap();
    client.sandbox.set_gateway(Some(site), GatewaySim::Online);
    pass(91).await;
    let status = || client.describe_vpn(&vpn).inside("vgwTelemetry", "status");
    assert_eq!(
        status(),
        ["DOWN", "DOWN"],
        "the site is not told of 192.0.2.0/24"
    );
    let input = json!({"associationId": association,
        "addAllowedPrefixesToDirectConnectGateway": [{"cidr": "192.0.2.0/24"}]});
    client.dx_ok("UpdateDirectConnectGatewayAssociation", input);
    pass(1_381).await;
    assert_eq!(status(), ["UP", "UP"]);
    let router = |lan: &str| {
        let lan = vec![lan.parse().unwrap()];
        let interface = interface.as_str().into();
        client.sandbox.set_dx_router(&interface, None, Some(lan));
    };
    router("10.21.0.0/24");
    assert_eq!(status(), ["DOWN", "DOWN"], "AWS is not told of the router");
    router("10.20.0.0/16");
    assert_eq!(status(), ["UP", "UP"]);
    let test = json!({"virtualInterfaceId": interface});
    client.dx_ok("StartBgpFailoverTest", test);
    assert_eq!(status(), ["DOWN", "DOWN"]);
}
