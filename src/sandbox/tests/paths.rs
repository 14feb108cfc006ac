//! Which way traffic takes, in the hard cases.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::Ipv4Net;

use crate::sandbox::testing::{Client, TABLE, VPC, client, pass};
use crate::sandbox::{Gap, GatewaySim, Lane, Lanes, Path, ResourceId};

const SUBNET_A: &str = "subnet-0a1b2c3d4e5f60011";
const SUBNET_B: &str = "subnet-0a1b2c3d4e5f60012";
const SUBNET_C: &str = "subnet-0a1b2c3d4e5f60013";
const TABLE_B: &str = "rtb-0a1b2c3d4e5f60003";
const SITE: &str = "198.51.100.7";
const LAN: &str = "10.20.0.0/24";

fn path_of(client: &Client, table: &str, prefix: &str) -> Path {
    let prefix: Ipv4Net = prefix.parse().unwrap();
    client.sandbox.inspect(|world, now| {
        let mut paths = world.paths("eu-central-1", &VPC.into(), prefix, now);
        paths.remove(&ResourceId::from(table)).unwrap()
    })
}

fn path(client: &Client) -> Path {
    path_of(client, TABLE, LAN)
}

/// The connections that carry traffic, each with the number of its tunnels.
fn carriers(lanes: &Result<Lanes, Gap>) -> Vec<(String, usize)> {
    let lanes = &lanes.as_ref().unwrap().lanes;
    let mut found: Vec<(String, usize)> = Vec::new();
    for lane in lanes {
        let name = match lane {
            Lane::Tunnel { connection, .. } => connection.to_string(),
            Lane::DirectConnect { .. } => "direct connect".to_owned(),
        };
        match found.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += 1,
            None => found.push((name, 1)),
        }
    }
    found
}

fn spread(lanes: &Result<Lanes, Gap>) -> bool {
    lanes.as_ref().unwrap().spread
}

/// A transit gateway with the VPC on it, a route to the site, and that many connections.
struct Hub {
    client: Client,
    gateway: String,
    table: String,
    vpns: Vec<String>,
}

impl Hub {
    async fn with(more: &[&[(&str, &str)]]) -> Self {
        let client = client();
        let gateway = client.transit_gateway(&[]).await;
        let shown = client.ok(
            "DescribeTransitGateways",
            &[("TransitGatewayIds.1", &gateway)],
        );
        let table = shown.text("associationDefaultRouteTableId");
        client
            .attach_vpc(&gateway, VPC, &[SUBNET_A, SUBNET_B])
            .await;
        let customer = client.customer_gateway(SITE, "65010");
        pass(10).await;
        let mut vpns = Vec::new();
        for more in more {
            let made = client.transit_vpn(&customer, &gateway, more).unwrap();
            vpns.push(made.text("vpnConnectionId"));
            // The next one is younger.
            pass(1).await;
        }
        pass(330).await;
        let hub = Self {
            client,
            gateway,
            table,
            vpns,
        };
        hub.vpc_route("CreateRoute", LAN);
        hub
    }

    fn vpc_route(&self, action: &str, destination: &str) {
        let params = [
            ("RouteTableId", TABLE),
            ("DestinationCidrBlock", destination),
            ("TransitGatewayId", &self.gateway),
        ];
        self.client.ok(action, &params);
    }

    async fn static_route(&self, destination: &str, vpn: &str) {
        self.client.ok(
            "CreateTransitGatewayRoute",
            &[
                ("TransitGatewayRouteTableId", self.table.as_str()),
                ("DestinationCidrBlock", destination),
                (
                    "TransitGatewayAttachmentId",
                    &self.client.attachment_of(vpn),
                ),
            ],
        );
        pass(7).await;
    }

    async fn play(&self, sim: GatewaySim) {
        let site: IpAddr = SITE.parse().unwrap();
        self.client.sandbox.set_gateway(Some(site), sim);
        pass(91).await;
    }

    fn id(&self, which: usize) -> String {
        self.vpns[which].clone()
    }
}

#[tokio::test(start_paused = true)]
async fn equal_connections_share_the_load_over_all_tunnels() {
    let hub = Hub::with(&[&[], &[]]).await;
    let down = path(&hub.client);
    let expected = Gap::NoRoute {
        at: hub.table.as_str().into(),
    };
    assert_eq!(
        down.there,
        Err(expected),
        "BGP is down, so the prefix is not learned"
    );
    let both: BTreeSet<ResourceId> = hub.vpns.iter().map(|vpn| vpn.as_str().into()).collect();
    assert_eq!(down.back, Err(Gap::Down { connections: both }));
    hub.play(GatewaySim::Online).await;
    let up = path(&hub.client);
    let mut all = vec![(hub.id(0), 2), (hub.id(1), 2)];
    all.sort();
    assert_eq!(carriers(&up.there), all);
    assert_eq!(carriers(&up.back), all);
    assert!(spread(&up.there) && spread(&up.back));
    assert!(up.is_whole(), "{up:?}");

    hub.play(GatewaySim::HalfUp).await;
    let mut halves = vec![(hub.id(0), 1), (hub.id(1), 1)];
    halves.sort();
    assert_eq!(carriers(&path(&hub.client).there), halves);
    hub.play(GatewaySim::Online).await;
    hub.client.ok(
        "ModifyTransitGateway",
        &[
            ("TransitGatewayId", hub.gateway.as_str()),
            ("Options.VpnEcmpSupport", "disable"),
        ],
    );
    let one = path(&hub.client);
    assert_eq!(carriers(&one.there), [(hub.id(0), 2)], "the older one");
    assert!(!spread(&one.there), "one tunnel of it");
    assert_eq!(carriers(&one.back), all, "the site may still use any");
}

#[tokio::test(start_paused = true)]
async fn a_static_route_hides_a_better_connection_even_when_its_own_is_down() {
    let only = [("Options.StaticRoutesOnly", "true")];
    let hub = Hub::with(&[&[], &only]).await;
    hub.play(GatewaySim::Online).await;
    assert_eq!(carriers(&path(&hub.client).there), [(hub.id(0), 2)]);
    hub.static_route(LAN, &hub.id(1)).await;
    let there = path(&hub.client).there;
    assert_eq!(carriers(&there), [(hub.id(1), 2)]);
    assert!(!spread(&there), "nothing is spread without BGP");

    // A modification takes both tunnels of the static connection down; its route stays.
    hub.client.ok(
        "ModifyVpnConnectionOptions",
        &[
            ("VpnConnectionId", hub.vpns[1].as_str()),
            ("LocalIpv4NetworkCidr", LAN),
        ],
    );
    let dead = path(&hub.client);
    let connections = BTreeSet::from([hub.vpns[1].as_str().into()]);
    assert_eq!(dead.there, Err(Gap::Down { connections }));
    assert_eq!(
        carriers(&dead.back),
        [(hub.id(0), 2)],
        "the way back is not that of the way there"
    );

    // A longer prefix leads around it.
    hub.static_route("10.20.0.0/25", &hub.id(0)).await;
    let part = path_of(&hub.client, TABLE, "10.20.0.0/26");
    assert_eq!(carriers(&part.there), [(hub.id(0), 2)]);
    let whole = path(&hub.client);
    assert!(whole.there.is_err());
    assert_eq!(
        whole.exceptions,
        BTreeSet::from(["10.20.0.0/25".parse().unwrap()])
    );
}

#[tokio::test(start_paused = true)]
async fn routes_go_black_with_what_they_lead_to() {
    let hub = Hub::with(&[&[]]).await;
    hub.static_route(LAN, &hub.id(0)).await;
    hub.play(GatewaySim::Online).await;
    assert!(path(&hub.client).is_whole());
    hub.client
        .ok("DeleteVpnConnection", &[("VpnConnectionId", &hub.id(0))]);
    pass(181).await;
    let table: ResourceId = hub.table.as_str().into();
    let black = path(&hub.client);
    let destination = LAN.parse().unwrap();
    assert_eq!(black.there, Err(Gap::Blackhole { table, destination }));
    assert_eq!(black.back, Err(Gap::NoConnection));

    let filters = [("Filter.1.Name", "vpc-id"), ("Filter.1.Value.1", VPC)];
    let found = hub
        .client
        .ok("DescribeTransitGatewayVpcAttachments", &filters);
    let id = found.text("transitGatewayAttachmentId");
    hub.client.ok(
        "DeleteTransitGatewayVpcAttachment",
        &[("TransitGatewayAttachmentId", &id)],
    );
    let table: ResourceId = TABLE.into();
    assert_eq!(
        path(&hub.client).there,
        Err(Gap::Blackhole { table, destination }),
        "now the VPC's own route is the first obstacle"
    );
}

#[tokio::test(start_paused = true)]
async fn traffic_needs_an_association_and_a_way_back() {
    let hub = Hub::with(&[&[]]).await;
    hub.play(GatewaySim::Online).await;
    let client = &hub.client;
    let vpn = client.attachment_of(&hub.id(0));
    let of_vpn = [
        ("TransitGatewayRouteTableId", hub.table.as_str()),
        ("TransitGatewayAttachmentId", vpn.as_str()),
    ];
    client.ok("DisassociateTransitGatewayRouteTable", &of_vpn);
    let cut = path(client);
    assert!(
        cut.there.is_ok(),
        "what the VPC sends is looked up in the VPC's table"
    );
    let attachment: ResourceId = vpn.as_str().into();
    assert_eq!(cut.back, Err(Gap::NotAssociated { attachment }));

    // A table of its own that knows the sites but not the VPC.
    let made = client.ok(
        "CreateTransitGatewayRouteTable",
        &[("TransitGatewayId", &hub.gateway)],
    );
    let sites = made.text("transitGatewayRouteTableId");
    pass(30).await;
    let to_sites = [("TransitGatewayRouteTableId", sites.as_str()), of_vpn[1]];
    client.ok("AssociateTransitGatewayRouteTable", &to_sites);
    pass(30).await;
    let at: ResourceId = sites.as_str().into();
    assert_eq!(path(client).back, Err(Gap::NoRoute { at }));
    let filters = [("Filter.1.Name", "vpc-id"), ("Filter.1.Value.1", VPC)];
    let found = client.ok("DescribeTransitGatewayVpcAttachments", &filters);
    let vpc = found.text("transitGatewayAttachmentId");
    let of_vpc = [
        ("TransitGatewayRouteTableId", sites.as_str()),
        ("TransitGatewayAttachmentId", vpc.as_str()),
    ];
    client.ok("EnableTransitGatewayRouteTablePropagation", &of_vpc);
    assert!(path(client).is_whole());

    // Somebody's static route takes the VPC's prefix to another VPC.
    let hub_id = &hub.gateway;
    let shop = client
        .attach_vpc(
            hub_id,
            "vpc-0c1b2c3d4e5f67890",
            &["subnet-0c1b2c3d4e5f60011"],
        )
        .await;
    client.ok(
        "CreateTransitGatewayRoute",
        &[
            ("TransitGatewayRouteTableId", sites.as_str()),
            ("DestinationCidrBlock", "10.0.0.0/16"),
            ("TransitGatewayAttachmentId", &shop),
        ],
    );
    pass(7).await;
    let back = path(client).back;
    let gap = Gap::Elsewhere {
        table: sites.as_str().into(),
        target: "vpc-0c1b2c3d4e5f67890".to_owned(),
    };
    assert_eq!(back, Err(gap));
}

#[tokio::test(start_paused = true)]
async fn a_zone_without_the_attachment_is_cut_off() {
    let hub = Hub::with(&[&[]]).await;
    hub.play(GatewaySim::Online).await;
    hub.client.sandbox.edit(|world| {
        let region = world.region("eu-central-1");
        let table = region.route_tables.get_mut(&TABLE.into()).unwrap();
        table.subnets.insert(SUBNET_C.into());
    });
    let path = path(&hub.client);
    assert!(path.there.is_ok() && path.back.is_ok());
    assert_eq!(path.stranded, BTreeSet::from([SUBNET_C.into()]));
    assert!(!path.is_whole());
    let gap = Gap::NoRoute { at: TABLE_B.into() };
    assert_eq!(
        path_of(&hub.client, TABLE_B, LAN).there,
        Err(gap),
        "each table for itself"
    );
}

#[tokio::test(start_paused = true)]
async fn direct_connect_comes_before_the_vpn() {
    let hub = Hub::with(&[&[]]).await;
    hub.play(GatewaySim::Online).await;
    let gateway = ResourceId::from(hub.gateway.as_str());
    let lan = vec![LAN.parse().unwrap()];
    let sandbox = &hub.client.sandbox;
    sandbox
        .attach_direct_connect("eu-central-1", &gateway, lan)
        .unwrap();
    let both = path(&hub.client);
    assert_eq!(carriers(&both.there), [("direct connect".to_owned(), 1)]);
    assert_eq!(
        carriers(&both.back),
        [(hub.id(0), 2)],
        "the site has to prefer it by itself"
    );
    hub.static_route(LAN, &hub.id(0)).await;
    assert_eq!(
        carriers(&path(&hub.client).there),
        [(hub.id(0), 2)],
        "static beats both"
    );
}

#[tokio::test(start_paused = true)]
async fn a_virtual_private_gateway_uses_one_tunnel_and_prefers_static() {
    let client = client();
    let (_, gateway, dynamic) = client.site(&[]).await;
    client.ok(
        "AttachVpnGateway",
        &[("VpnGatewayId", &gateway), ("VpcId", VPC)],
    );
    pass(101).await;
    let other = client.customer_gateway("198.51.100.8", "65011");
    pass(10).await;
    let only = [("Options.StaticRoutesOnly", "true")];
    let fixed = client
        .vpn(&other, &gateway, &only)
        .unwrap()
        .text("vpnConnectionId");
    client.ok(
        "EnableVgwRoutePropagation",
        &[("GatewayId", &gateway), ("RouteTableId", TABLE)],
    );
    pass(301).await;
    let nothing = path(&client);
    assert_eq!(nothing.there, Err(Gap::NoRoute { at: TABLE.into() }));
    client.sandbox.set_gateway(None, GatewaySim::Online);
    pass(91).await;
    let up = path(&client);
    assert_eq!(carriers(&up.there), [(dynamic.clone(), 2)]);
    assert!(!spread(&up.there));
    assert!(up.is_whole());
    // A forgotten static connection attracts the traffic, and a wider one does not.
    let route = |destination| {
        let params = [
            ("VpnConnectionId", fixed.as_str()),
            ("DestinationCidrBlock", destination),
        ];
        client.ok("CreateVpnConnectionRoute", &params);
    };
    route("10.20.0.0/16");
    pass(11).await;
    assert_eq!(carriers(&path(&client).there), [(dynamic.clone(), 2)]);
    route(LAN);
    pass(11).await;
    assert_eq!(carriers(&path(&client).there), [(fixed.clone(), 2)]);
    // Health comes first.
    let site: IpAddr = "198.51.100.8".parse().unwrap();
    client.sandbox.set_gateway(Some(site), GatewaySim::Offline);
    assert_eq!(carriers(&path(&client).there), [(dynamic, 2)]);

    // The local route wins over what is propagated into it.
    let site: IpAddr = SITE.parse().unwrap();
    client
        .sandbox
        .set_lan(site, vec!["10.0.7.0/24".parse().unwrap()]);
    let overlap = path_of(&client, TABLE, "10.0.7.0/24").there;
    let gap = Gap::Elsewhere {
        table: TABLE.into(),
        target: "local".to_owned(),
    };
    assert_eq!(overlap, Err(gap));
}
