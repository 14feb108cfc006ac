//! Refusals: their codes, and that nothing comes of them.

use crate::sandbox::testing::{VPC, client, pass};

/// Calls that name what is not there, is malformed, or is forbidden, and their error codes.
///
/// CGW is one that exists; the ids with 0123456789abcdef0 do not.
const REFUSED: &[(&str, &str, &str)] = &[
    ("Frobnicate", "", "InvalidAction"),
    (
        "DescribeVpnConnections",
        "VpnConnectionId.1=vpn-0123456789abcdef0",
        "InvalidVpnConnectionID.NotFound",
    ),
    (
        "DescribeVpnConnections",
        "VpnConnectionId.1=vpn-x",
        "InvalidVpnConnectionID.Malformed",
    ),
    ("DescribeVpcs", "VpcId.1=vpc-0123", "InvalidVpcID.Malformed"),
    (
        "DescribeVpcs",
        "Filter.1.Name=colour&Filter.1.Value.1=red",
        "InvalidParameterValue",
    ),
    ("DescribeVpcs", "MaxResults=4", "InvalidParameterValue"),
    ("CreateCustomerGateway", "Type=ipsec.1", "MissingParameter"),
    (
        "CreateCustomerGateway",
        "Type=ipsec.2&IpAddress=198.51.100.8",
        "InvalidParameterValue",
    ),
    (
        "CreateCustomerGateway",
        "Type=ipsec.1&IpAddress=198.51.100.8&BgpAsn=7224",
        "InvalidParameterValue",
    ),
    (
        "CreateCustomerGateway",
        "Type=ipsec.1&IpAddress=198.51.100.8&BgpAsn=1&BgpAsnExtended=4200000000",
        "InvalidParameterCombination",
    ),
    (
        "CreateVpnGateway",
        "Type=ipsec.1&AmazonSideAsn=65535",
        "InvalidParameterValue",
    ),
    (
        "AttachVpnGateway",
        "VpnGatewayId=vgw-0b1b2c3d4e5f60009&VpcId=vpc-0a1b2c3d4e5f67890",
        "VpnGatewayAttachmentLimitExceeded",
    ),
    (
        "AttachVpnGateway",
        "VpnGatewayId=vgw-0123456789abcdef0&VpcId=vpc-0a1b2c3d4e5f67890",
        "InvalidVpnGatewayID.NotFound",
    ),
    (
        "DetachVpnGateway",
        "VpnGatewayId=vgw-0b1b2c3d4e5f60009&VpcId=vpc-0a1b2c3d4e5f67890",
        "InvalidVpnGatewayAttachment.NotFound",
    ),
    (
        "DeleteVpnGateway",
        "VpnGatewayId=vgw-0b1b2c3d4e5f60009",
        "IncorrectState",
    ),
    (
        "EnableVgwRoutePropagation",
        "GatewayId=vgw-0b1b2c3d4e5f60009&RouteTableId=rtb-0a1b2c3d4e5f60002",
        "Gateway.NotAttached",
    ),
    (
        "EnableVgwRoutePropagation",
        "GatewayId=vgw-0b1b2c3d4e5f60009&RouteTableId=rtb-0123456789abcdef0",
        "InvalidRouteTableID.NotFound",
    ),
    (
        "CreateVpnConnection",
        "Type=ipsec.1&CustomerGatewayId=CGW&VpnGatewayId=vgw-0123456789abcdef0",
        "InvalidVpnGatewayID.NotFound",
    ),
    (
        "CreateVpnConnection",
        "Type=ipsec.1&CustomerGatewayId=cgw-0123456789abcdef0",
        "InvalidCustomerGatewayID.NotFound",
    ),
    (
        "CreateVpnConnection",
        "Type=ipsec.1&CustomerGatewayId=CGW&TransitGatewayId=tgw-0123456789abcdef0",
        "InvalidTransitGatewayID.NotFound",
    ),
    (
        "CreateVpnConnection",
        "Type=ipsec.1&CustomerGatewayId=CGW&Options.EnableAcceleration=true",
        "InvalidParameterCombination",
    ),
    (
        "CreateVpnConnectionRoute",
        "VpnConnectionId=vpn-0123456789abcdef0&DestinationCidrBlock=10.20.0.0/24",
        "InvalidVpnConnectionID.NotFound",
    ),
    (
        "CreateRoute",
        "RouteTableId=rtb-0a1b2c3d4e5f60002&DestinationCidrBlock=10.0.0.0/16\
         &GatewayId=igw-0b1b2c3d4e5f60001",
        "RouteAlreadyExists",
    ),
    (
        "DeleteRoute",
        "RouteTableId=rtb-0a1b2c3d4e5f60002&DestinationCidrBlock=10.9.0.0/16",
        "InvalidRoute.NotFound",
    ),
    (
        "CreateTags",
        "ResourceId.1=nonsense&Tag.1.Key=a&Tag.1.Value=b",
        "InvalidID",
    ),
    (
        "CreateTags",
        "ResourceId.1=CGW&Tag.1.Key=aws:a&Tag.1.Value=b",
        "InvalidParameterValue",
    ),
    (
        "CreateTags",
        "ResourceId.1=CGW&ResourceId.2=vgw-0123456789abcdef0&Tag.1.Key=a",
        "InvalidVpnGatewayID.NotFound",
    ),
    (
        "GetVpnConnectionDeviceTypes",
        "MaxResults=10",
        "InvalidParameterValue",
    ),
];

#[tokio::test(start_paused = true)]
async fn refused_calls_have_awss_codes() {
    let client = client();
    let customer = client.customer_gateway("198.51.100.7", "65010");
    pass(10).await;
    let before = client.sandbox.world();
    for (action, form, code) in REFUSED {
        let form = form.replace("CGW", &customer);
        let failure = client.call_with(action, &form).expect_err(action);
        assert_eq!(failure.code, *code, "{action} {form}: {}", failure.message);
        assert_eq!(failure.status, 400, "{action}");
    }
    assert_eq!(client.sandbox.world(), before, "a refusal has no effect");
}

#[tokio::test(start_paused = true)]
async fn a_second_gateway_does_not_fit_a_vpc() {
    let client = client();
    let gateway = client.vpn_gateway();
    pass(10).await;
    let attach = [
        ("VpnGatewayId", gateway.as_str()),
        ("VpcId", "vpc-0b1b2c3d4e5f67890"),
    ];
    let failure = client.call("AttachVpnGateway", &attach).unwrap_err();
    assert_eq!(failure.code, "InvalidVpcState");
    assert!(
        failure
            .message
            .contains("currently attached to the Virtual Private Gateway")
    );
}

/// Calls that would all succeed or at least be well-formed; VPN, CGW, VGW and IP exist.
const DRY: &[(&str, &str)] = &[
    ("DescribeVpcs", ""),
    ("DescribeVpnConnections", ""),
    (
        "CreateCustomerGateway",
        "Type=ipsec.1&IpAddress=198.51.100.9",
    ),
    ("DeleteCustomerGateway", "CustomerGatewayId=CGW"),
    ("CreateVpnGateway", "Type=ipsec.1"),
    ("DeleteVpnGateway", "VpnGatewayId=VGW"),
    (
        "AttachVpnGateway",
        "VpnGatewayId=VGW&VpcId=vpc-0a1b2c3d4e5f67890",
    ),
    (
        "DetachVpnGateway",
        "VpnGatewayId=vgw-0b1b2c3d4e5f60009&VpcId=vpc-0b1b2c3d4e5f67890",
    ),
    // Exists nowhere: a dry run does not look.
    (
        "CreateVpnConnection",
        "Type=ipsec.1&CustomerGatewayId=cgw-0123456789abcdef0",
    ),
    ("DeleteVpnConnection", "VpnConnectionId=VPN"),
    (
        "ModifyVpnConnection",
        "VpnConnectionId=VPN&VpnGatewayId=vgw-0b1b2c3d4e5f60009",
    ),
    (
        "ModifyVpnConnectionOptions",
        "VpnConnectionId=VPN&LocalIpv4NetworkCidr=10.20.0.0/24",
    ),
    (
        "ModifyVpnTunnelOptions",
        "VpnConnectionId=VPN&VpnTunnelOutsideIpAddress=IP&TunnelOptions.StartupAction=add",
    ),
    (
        "ReplaceVpnTunnel",
        "VpnConnectionId=VPN&VpnTunnelOutsideIpAddress=IP",
    ),
    (
        "GetVpnTunnelReplacementStatus",
        "VpnConnectionId=VPN&VpnTunnelOutsideIpAddress=IP",
    ),
    (
        "GetActiveVpnTunnelStatus",
        "VpnConnectionId=VPN&VpnTunnelOutsideIpAddress=IP",
    ),
    (
        "EnableVgwRoutePropagation",
        "GatewayId=vgw-0b1b2c3d4e5f60009&RouteTableId=rtb-0b1b2c3d4e5f60001",
    ),
    ("CreateTags", "ResourceId.1=VPN&Tag.1.Key=a&Tag.1.Value=b"),
    ("DeleteTags", "ResourceId.1=VPN"),
    ("CreateVpc", "CidrBlock=10.9.0.0/16"),
    (
        "CreateRoute",
        "RouteTableId=rtb-0a1b2c3d4e5f60002&DestinationCidrBlock=10.9.0.0/16\
         &GatewayId=igw-0b1b2c3d4e5f60001",
    ),
];

/// Every call that knows `DryRun` refuses with 412 and leaves the world as it was; the two route
/// calls do not know it, and execute.
#[tokio::test(start_paused = true)]
async fn dry_runs_have_no_effect_where_they_exist() {
    let client = client();
    let (cgw, vgw, vpn) = client.site(&[("Options.StaticRoutesOnly", "true")]).await;
    let outside = client
        .describe_vpn(&vpn)
        .inside("tunnelOptionSet", "outsideIpAddress");
    let before = client.sandbox.world();
    for (action, form) in DRY {
        let form = form
            .replace("VPN", &vpn)
            .replace("CGW", &cgw)
            .replace("VGW", &vgw);
        let form = form.replace("=IP", &format!("={}", outside[0])) + "&DryRun=true";
        let failure = client.call_with(action, &form).expect_err(action);
        assert_eq!(
            (failure.status, failure.code.as_str()),
            (412, "DryRunOperation"),
            "{action}"
        );
    }
    assert_eq!(client.sandbox.world(), before);
    let bad_key = "Type=ipsec.1&CustomerGatewayId=cgw-0123456789abcdef0&DryRun=true\
        &Options.TunnelOptions.2.PreSharedKey=0starts-with-zero";
    let failure = client
        .call_with("CreateVpnConnection", bad_key)
        .unwrap_err();
    assert_eq!(
        failure.code, "InvalidParameterValue",
        "parameters are checked"
    );

    let route = format!("VpnConnectionId={vpn}&DestinationCidrBlock=10.20.0.0/24&DryRun=true");
    client
        .call_with("CreateVpnConnectionRoute", &route)
        .unwrap();
    assert_ne!(
        client.sandbox.world(),
        before,
        "there is no DryRun on this call"
    );
}

#[test]
fn requests_without_credentials_are_refused() {
    let client = client();
    let none: [(&str, &str); 0] = [];
    let send = |body: &str| {
        let request = crate::sandbox::Request::from_http("POST", "/", none, body.as_bytes());
        let reply = client.sandbox.handle(&request);
        (reply.status, String::from_utf8(reply.body).unwrap())
    };
    let (status, body) = send("Action=DescribeVpcs&Version=2016-11-15");
    assert_eq!(status, 401);
    assert!(body.contains("<Code>AuthFailure</Code>"), "{body}");
    let (status, body) = send("Action=GetCallerIdentity&Version=2011-06-15");
    assert_eq!(status, 403);
    assert!(
        body.contains("<Code>MissingAuthenticationToken</Code>"),
        "{body}"
    );
}

#[test]
fn the_caller_is_one_user_of_one_account() {
    let client = client();
    let reply = client.send("sts", "GetCallerIdentity", &[]);
    let body = String::from_utf8(reply.body).unwrap();
    assert_eq!(reply.status, 200);
    assert!(body.contains("<Account>111122223333</Account>"), "{body}");
    assert!(
        reply
            .headers
            .iter()
            .any(|(name, value)| name == "x-amzn-requestid"
                && body.contains(&format!("<RequestId>{value}</RequestId>")))
    );
}

#[test]
fn ids_of_one_region_do_not_exist_in_another() {
    let mut client = client();
    client.region = "eu-west-1".to_owned();
    assert_eq!(
        client.code("DescribeVpcs", &[("VpcId.1", VPC)]),
        "InvalidVpcID.NotFound"
    );
    let there = client.ok(
        "DescribeVpcs",
        &[
            ("Filter.1.Name", "tag:Name"),
            ("Filter.1.Value.1", "plant-*"),
        ],
    );
    assert_eq!(there.all("vpcId").len(), 1);
    assert_ne!(there.text("vpcId"), VPC);
}
