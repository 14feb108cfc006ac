//! What holds for every request, however strange.

use jiff::Timestamp;
use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::events::Event;

use crate::sandbox::testing::{Client, client, pass};
use crate::sandbox::{Lane, World};

const ACTIONS: [&str; 58] = [
    "AssociateTransitGatewayRouteTable",
    "AttachVpnGateway",
    "CreateCustomerGateway",
    "CreateRoute",
    "CreateTags",
    "CreateVpc",
    "CreateVpnConnection",
    "CreateVpnConnectionRoute",
    "CreateVpnGateway",
    "DeleteCustomerGateway",
    "DeleteRoute",
    "DeleteTags",
    "DeleteVpnConnection",
    "DeleteVpnConnectionRoute",
    "DeleteVpnGateway",
    "DescribeAvailabilityZones",
    "DescribeCustomerGateways",
    "DescribeRegions",
    "DescribeRouteTables",
    "DescribeSubnets",
    "DescribeTags",
    "DescribeVpcs",
    "DescribeVpnConnections",
    "DescribeVpnGateways",
    "DetachVpnGateway",
    "DisableVgwRoutePropagation",
    "EnableVgwRoutePropagation",
    "GetActiveVpnTunnelStatus",
    "GetVpnConnectionDeviceSampleConfiguration",
    "GetVpnConnectionDeviceTypes",
    "GetVpnTunnelReplacementStatus",
    "ModifyVpnConnection",
    "ModifyVpnConnectionOptions",
    "ModifyVpnTunnelOptions",
    "ReplaceVpnTunnel",
    "",
    "GetCallerIdentity",
    "CreateTransitGateway",
    "CreateTransitGatewayRoute",
    "CreateTransitGatewayRouteTable",
    "CreateTransitGatewayVpcAttachment",
    "DeleteTransitGateway",
    "DeleteTransitGatewayRoute",
    "DeleteTransitGatewayRouteTable",
    "DeleteTransitGatewayVpcAttachment",
    "DescribeTransitGatewayAttachments",
    "DescribeTransitGatewayRouteTables",
    "DescribeTransitGatewayVpcAttachments",
    "DescribeTransitGateways",
    "DisableTransitGatewayRouteTablePropagation",
    "DisassociateTransitGatewayRouteTable",
    "EnableTransitGatewayRouteTablePropagation",
    "GetTransitGatewayRouteTableAssociations",
    "GetTransitGatewayRouteTablePropagations",
    "ModifyTransitGateway",
    "ModifyTransitGatewayVpcAttachment",
    "ReplaceRoute",
    "SearchTransitGatewayRoutes",
];

const NAMES: [&str; 44] = [
    "Blackhole",
    "Options.AddTransitGatewayCidrBlocks.1",
    "Options.AmazonSideAsn",
    "Options.AssociationDefaultRouteTableId",
    "Options.DefaultRouteTablePropagation",
    "Options.EnableAcceleration",
    "Options.OutsideIpAddressType",
    "Options.TransitGatewayCidrBlocks.1",
    "Options.TunnelInsideIpVersion",
    "Options.TunnelOptions.1.TunnelInsideIpv6Cidr",
    "SubnetIds.1",
    "TransitGatewayAttachmentId",
    "TransitGatewayId",
    "TransitGatewayRouteTableId",
    "AmazonSideAsn",
    "BgpAsn",
    "CidrBlock",
    "CustomerGatewayId",
    "DestinationCidrBlock",
    "DryRun",
    "Filter.1.Name",
    "Filter.1.Value.1",
    "GatewayId",
    "IpAddress",
    "LocalIpv4NetworkCidr",
    "MaxResults",
    "NextToken",
    "Options.StaticRoutesOnly",
    "Options.TunnelOptions.1.PreSharedKey",
    "Options.TunnelOptions.2.TunnelInsideCidr",
    "Options.TunnelOptions.9.IKEVersion.1.Value",
    "ResourceId.1",
    "RouteTableId",
    "Tag.1.Key",
    "Tag.1.Value",
    "TagSpecification.1.ResourceType",
    "TagSpecification.1.Tag.1.Key",
    "TunnelOptions.Phase2LifetimeSeconds",
    "Type",
    "VpcId",
    "VpnConnectionId",
    "VpnConnectionId.1",
    "VpnGatewayId",
    "VpnTunnelOutsideIpAddress",
];

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => prop::sample::select(vec![
            "ipsec.1", "true", "vpc-0a1b2c3d4e5f67890", "vgw-0b1b2c3d4e5f60009", "65010",
            "198.51.100.7", "10.20.0.0/24", "0.0.0.0/0", "rtb-0a1b2c3d4e5f60002", "tag:Name", "*",
            "vpn-gateway", "vpn-0123456789abcdef0", "169.254.10.0/30", "page-3", "900",
            "tgw-0c1b2c3d4e5f60009", "tgw-rtb-0c1b2c3d4e5f60009", "tgw-attach-0c1b2c3d4e5f60009",
            "subnet-0a1b2c3d4e5f60011", "enable", "disable", "ipv6", "fd00::/126",
            "route-search.longest-prefix-match", "vpn",
        ]).prop_map(str::to_owned),
        1 => "\\PC{0,20}",
        1 => any::<i64>().prop_map(|number| number.to_string()),
    ]
}

fn request() -> impl Strategy<Value = (&'static str, Vec<(&'static str, String)>)> {
    (
        prop::sample::select(&ACTIONS[..]),
        prop::collection::vec((prop::sample::select(&NAMES[..]), value()), 0..8),
    )
}

/// Well-formed, with the request id that AWS's clients look for.
fn is_a_reply(body: &[u8]) -> bool {
    let mut reader = Reader::from_reader(body);
    let mut has_id = false;
    loop {
        match reader.read_event() {
            Ok(Event::Start(start)) => {
                let name = start.name();
                has_id |= name.as_ref().eq_ignore_ascii_case("requestid");
            }
            Ok(Event::Eof) => return has_id,
            Ok(_) => {}
            Err(_) => return false,
        }
    }
}

fn send(client: &Client, action: &str, params: &[(&'static str, String)]) -> u16 {
    let params: Vec<_> = params
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let service = if action == "GetCallerIdentity" {
        "sts"
    } else {
        "ec2"
    };
    let before = client.sandbox.world();
    let reply = client.send(service, action, &params);
    let text = String::from_utf8_lossy(&reply.body).into_owned();
    assert!(is_a_reply(&reply.body), "{action} {params:?}: {text}");
    let reads = ["Describe", "Get", "Search"]
        .iter()
        .any(|prefix| action.starts_with(prefix));
    if reads || reply.status != 200 {
        assert_eq!(
            client.sandbox.world(),
            before,
            "{action} {params:?}: {text}"
        );
    }
    reply.status
}

const TRANSIT: [(&str, &[&str]); 12] = [
    ("CreateTransitGateway", &[]),
    (
        "CreateTransitGatewayVpcAttachment",
        &["TransitGatewayId", "VpcId", "SubnetIds.1"],
    ),
    ("CreateTransitGatewayRouteTable", &["TransitGatewayId"]),
    (
        "CreateVpnConnection",
        &["TransitGatewayId", "CustomerGatewayId"],
    ),
    (
        "CreateTransitGatewayRoute",
        &["TransitGatewayRouteTableId", "TransitGatewayAttachmentId"],
    ),
    ("CreateRoute", &["RouteTableId", "TransitGatewayId"]),
    (
        "DisassociateTransitGatewayRouteTable",
        &["TransitGatewayRouteTableId", "TransitGatewayAttachmentId"],
    ),
    (
        "AssociateTransitGatewayRouteTable",
        &["TransitGatewayRouteTableId", "TransitGatewayAttachmentId"],
    ),
    (
        "EnableTransitGatewayRouteTablePropagation",
        &["TransitGatewayRouteTableId", "TransitGatewayAttachmentId"],
    ),
    (
        "DeleteTransitGatewayVpcAttachment",
        &["TransitGatewayAttachmentId"],
    ),
    ("DeleteVpnConnection", &["VpnConnectionId"]),
    ("DeleteTransitGateway", &["TransitGatewayId"]),
];

/// Calls with ids of what there is, chosen by chance.
fn sensible(client: &Client, (action, names): (&str, &[&'static str]), chance: u64) {
    let world = client.sandbox.world();
    let region = &world.regions["eu-central-1"];
    let mut chance = chance;
    let mut params = vec![
        ("Type", "ipsec.1".to_owned()),
        ("DestinationCidrBlock", "10.20.0.0/24".to_owned()),
    ];
    for name in names {
        let ids: Vec<String> = match *name {
            "TransitGatewayId" => region
                .transit_gateways
                .keys()
                .map(ToString::to_string)
                .collect(),
            "TransitGatewayRouteTableId" => region
                .transit_route_tables
                .keys()
                .map(ToString::to_string)
                .collect(),
            "TransitGatewayAttachmentId" => region
                .transit_attachments
                .keys()
                .map(ToString::to_string)
                .collect(),
            "VpnConnectionId" => region
                .vpn_connections
                .keys()
                .map(ToString::to_string)
                .collect(),
            "CustomerGatewayId" => region
                .customer_gateways
                .keys()
                .map(ToString::to_string)
                .collect(),
            "RouteTableId" => region
                .route_tables
                .keys()
                .map(ToString::to_string)
                .collect(),
            "VpcId" => region.vpcs.keys().map(ToString::to_string).collect(),
            _ => region.subnets.keys().map(ToString::to_string).collect(),
        };
        let count = ids.len().max(1) as u64;
        if let Some(id) = ids.get(usize::try_from(chance % count).unwrap()) {
            params.push((*name, id.clone()));
        }
        chance /= count;
    }
    send(client, action, &params);
}

fn check(world: &World, now: Timestamp) {
    let region = &world.regions["eu-central-1"];
    for attachment in region
        .transit_attachments
        .values()
        .filter(|it| it.life.exists(now))
    {
        let gateway = &region.transit_gateways[&attachment.transit_gateway];
        assert!(
            gateway.life.exists(now),
            "{} outlives its gateway",
            attachment.id
        );
        if let Some(association) = attachment.association(now) {
            let table = &region.transit_route_tables[&association.table];
            assert!(
                table.life.is_wanted(now),
                "{} is served by nothing",
                attachment.id
            );
        }
        if let Some(vpn) = attachment.vpn() {
            let connection = &region.vpn_connections[vpn];
            assert!(
                connection.life.exists(now),
                "{} outlives {vpn}",
                attachment.id
            );
        }
    }
    for vpc in region.vpcs.keys() {
        let paths = world.paths("eu-central-1", vpc, "10.20.0.0/24".parse().unwrap(), now);
        for lanes in paths
            .values()
            .flat_map(|path| [&path.there, &path.back])
            .flatten()
        {
            assert!(!lanes.lanes.is_empty());
            for lane in &lanes.lanes {
                let Lane::Tunnel {
                    connection,
                    outside_ip,
                } = lane
                else {
                    panic!("there is no Direct Connect")
                };
                let connection = &region.vpn_connections[connection];
                let up = world.tunnels_up(region, connection, now);
                let tunnels = connection.tunnels.iter().zip(up);
                let found = tunnels.filter(|(tunnel, up)| tunnel.outside_ip == *outside_ip && *up);
                assert_eq!(found.count(), 1, "{lane:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_request_has_a_well_formed_reply(requests in prop::collection::vec(request(), 1..12)) {
        let client = client();
        for (action, params) in &requests {
            let status = send(&client, action, params);
            prop_assert!(matches!(status, 200 | 400 | 412 | 503), "{action}: {status}");
        }
    }

    /// Requests that mostly make sense, with time between them: whatever they do, what is routed
    /// leads to tunnels that are up, and what is gone is not named by anything that lives.
    #[test]
    fn routes_lead_to_what_lives(
        steps in prop::collection::vec((0..TRANSIT.len(), any::<u64>(), 0..200_u64), 1..40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            tokio::time::pause();
            let client = client();
            client.sandbox.set_gateway(None, crate::sandbox::GatewaySim::Online);
            client.customer_gateway("198.51.100.7", "65010");
            for (action, chance, seconds) in steps {
                sensible(&client, TRANSIT[action], chance);
                pass(seconds).await;
                client.sandbox.inspect(check);
            }
        });
    }

    #[test]
    fn wire_junk_is_survived(path in "\\PC{0,30}", body in prop::collection::vec(any::<u8>(), 0..64)) {
        let headers = [("authorization", path.as_str())];
        let request = crate::sandbox::Request::from_http("POST", &path, headers, &body);
        let reply = client().sandbox.handle(&request);
        prop_assert!((200..=503).contains(&reply.status));
    }
}
