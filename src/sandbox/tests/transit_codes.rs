//! How the calls of transit gateways refuse.

use crate::sandbox::Faults;
use crate::sandbox::testing::{VPC, client, options, pass, with};

const SUBNET_A: &str = "subnet-0a1b2c3d4e5f60011";
const SHOP: &str = "vpc-0c1b2c3d4e5f67890";

#[tokio::test(start_paused = true)]
async fn every_refusal_has_its_code() {
    let client = client();
    let hub = client.transit_gateway(&[]).await;
    let other = client.transit_gateway(&[]).await;
    let id = client.attach_vpc(&hub, VPC, &[SUBNET_A]).await;
    let others = client.ok(
        "DescribeTransitGateways",
        &[("TransitGatewayIds.1", &other)],
    );
    let others = others.text("associationDefaultRouteTableId");
    let cases = [
        (
            "CreateTransitGateway",
            "Options.AmazonSideAsn=1",
            "InvalidParameterValue",
        ),
        (
            "CreateTransitGateway",
            "Options.DnsSupport=true",
            "InvalidParameterValue",
        ),
        (
            "CreateTransitGateway",
            "Options.TransitGatewayCidrBlocks.1=10.0.0.0/25",
            "InvalidParameterValue",
        ),
        (
            "DescribeTransitGateways",
            "TransitGatewayIds.1=tgw-1",
            "InvalidTransitGatewayID.Malformed",
        ),
        (
            "DescribeTransitGateways",
            "TransitGatewayIds.1=tgw-0123456789abcdef0",
            "InvalidTransitGatewayID.NotFound",
        ),
        (
            "DescribeTransitGateways",
            "MaxResults=4",
            "InvalidParameterValue",
        ),
        (
            "DescribeTransitGateways",
            "Filter.1.Name=vpc-id&Filter.1.Value.1=x",
            "InvalidParameterValue",
        ),
        (
            "DescribeTransitGatewayAttachments",
            "TransitGatewayAttachmentIds.1=tgw-0123456789abcdef0",
            "InvalidTransitGatewayAttachmentID.Malformed",
        ),
        (
            "DescribeTransitGatewayRouteTables",
            "TransitGatewayRouteTableIds.1=rtb-0123456789abcdef0",
            "InvalidRouteTableId.Malformed",
        ),
        (
            "DeleteTransitGatewayRouteTable",
            "TransitGatewayRouteTableId=tgw-rtb-0123456789abcdef0",
            "InvalidRouteTableID.NotFound",
        ),
        (
            "CreateTransitGatewayVpcAttachment",
            "TransitGatewayId={hub}&VpcId={shop}&SubnetIds.1={subnet}",
            "InvalidSubnetID.NotFound",
        ),
        (
            "CreateTransitGatewayVpcAttachment",
            "TransitGatewayId={hub}&VpcId={vpc}&SubnetIds.1={subnet}",
            "DuplicateTransitGatewayAttachment",
        ),
        (
            "CreateTransitGatewayVpcAttachment",
            "TransitGatewayId={hub}&VpcId={vpc}",
            "MissingParameter",
        ),
        (
            "AssociateTransitGatewayRouteTable",
            "TransitGatewayRouteTableId={table}&TransitGatewayAttachmentId={id}",
            "InvalidTransitGatewayAttachmentID.NotFound",
        ),
        (
            "DisassociateTransitGatewayRouteTable",
            "TransitGatewayRouteTableId={table}&TransitGatewayAttachmentId={id}",
            "InvalidTransitGatewayAttachmentID.NotFound",
        ),
        (
            "SearchTransitGatewayRoutes",
            "TransitGatewayRouteTableId={table}",
            "MissingParameter",
        ),
        (
            "CreateTransitGatewayRoute",
            "TransitGatewayRouteTableId={table}&DestinationCidrBlock=home&Blackhole=true",
            "InvalidParameterValue",
        ),
        (
            "DeleteTransitGateway",
            "TransitGatewayId={hub}&DryRun=true",
            "DryRunOperation",
        ),
        (
            "ModifyTransitGateway",
            "TransitGatewayId={hub}",
            "MissingParameter",
        ),
    ];
    for (action, form, code) in cases {
        let form = form
            .replace("{hub}", &hub)
            .replace("{table}", &others)
            .replace("{id}", &id)
            .replace("{vpc}", VPC)
            .replace("{shop}", SHOP)
            .replace("{subnet}", SUBNET_A);
        let refused = client.call_with(action, &form);
        assert_eq!(refused.unwrap_err().code, code, "{action} {form}");
    }
    pass(1).await;
}

#[tokio::test(start_paused = true)]
async fn two_subnets_of_one_zone_are_refused() {
    let client = client();
    let hub = client.transit_gateway(&[]).await;
    client.sandbox.edit(|world| {
        let region = world.region("eu-central-1");
        let subnet = region.subnets.get_mut(&SUBNET_A.into()).unwrap();
        let zone = subnet.zone.clone();
        let other = "subnet-0a1b2c3d4e5f60012".into();
        region.subnets.get_mut(&other).unwrap().zone = zone;
    });
    let refused = client.code(
        "CreateTransitGatewayVpcAttachment",
        &[
            ("TransitGatewayId", &hub),
            ("VpcId", VPC),
            ("SubnetIds.1", SUBNET_A),
            ("SubnetIds.2", "subnet-0a1b2c3d4e5f60012"),
        ],
    );
    assert_eq!(refused, "DuplicateSubnetsInSameZone");
}

#[tokio::test(start_paused = true)]
async fn quotas_are_the_regions_and_the_gateways() {
    let mut options = options();
    options.faults = "quota:transit-gateways=3,quota:transit-route-tables=2,quota:transit-routes=1"
        .parse::<Faults>()
        .unwrap();
    let client = with(options);
    let hub = client.transit_gateway(&[]).await;
    client.transit_gateway(&[]).await;
    let third = client.code("CreateTransitGateway", &[]);
    assert_eq!(third, "TransitGatewayLimitExceeded");
    let of_hub = [("TransitGatewayId", hub.as_str())];
    let table = client.ok("CreateTransitGatewayRouteTable", &of_hub);
    let third = client.code("CreateTransitGatewayRouteTable", &of_hub);
    assert_eq!(third, "TransitGatewayRouteTableLimitExceeded");
    pass(21).await;
    let table = table.text("transitGatewayRouteTableId");
    let route = |destination| {
        let params = [
            ("TransitGatewayRouteTableId", table.as_str()),
            ("DestinationCidrBlock", destination),
            ("Blackhole", "true"),
        ];
        client.call("CreateTransitGatewayRoute", &params)
    };
    route("10.1.0.0/16").unwrap();
    let second = route("10.2.0.0/16").unwrap_err();
    assert_eq!(second.code, "TransitGatewayRouteLimitExceeded");
}

#[tokio::test(start_paused = true)]
async fn long_lists_come_in_pages() {
    let mut options = options();
    options.faults = "quota:transit-gateways=20".parse::<Faults>().unwrap();
    let client = with(options);
    for _ in 0..7 {
        client.ok("CreateTransitGateway", &[]);
    }
    pass(5).await;
    let first = client.ok("DescribeTransitGateways", &[("MaxResults", "5")]);
    let token = first.text("nextToken");
    let rest = client.ok(
        "DescribeTransitGateways",
        &[("MaxResults", "5"), ("NextToken", &token)],
    );
    assert!(!rest.has("nextToken"));
    let mut ids = first.all("transitGatewayId");
    ids.extend(rest.all("transitGatewayId"));
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 8, "with the one that was there");
}
