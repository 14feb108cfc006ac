//! What holds for every request, however strange.

use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::events::Event;

use crate::sandbox::testing::{Client, client};

const ACTIONS: [&str; 36] = [
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
];

const NAMES: [&str; 30] = [
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
    let reads = ["Describe", "Get"]
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

    #[test]
    fn wire_junk_is_survived(path in "\\PC{0,30}", body in prop::collection::vec(any::<u8>(), 0..64)) {
        let headers = [("authorization", path.as_str())];
        let request = crate::sandbox::Request::from_http("POST", &path, headers, &body);
        let reply = client().sandbox.handle(&request);
        prop_assert!((200..=503).contains(&reply.status));
    }
}
