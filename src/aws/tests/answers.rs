//! EC2's answers, good and odd, and what becomes of them.

use std::net::Ipv4Addr;

use aws_sdk_ec2::types as ec2;
use proptest::prelude::*;
use secrecy::ExposeSecret;

use crate::aws::testing::{scripted, xml};
use crate::aws::{Collection, View, convert, convert_vpn};

async fn seen(collection: Collection, body: &str) -> View {
    let (client, _) = scripted(vec![xml(200, body)]);
    client.view(&[collection]).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn tunnels_are_joined_by_address_whatever_the_order_in_the_three_places() {
    let body = include_str!("data/describe-vpn-connections.xml");
    let view = seen(Collection::VpnConnections, body).await;
    insta::assert_snapshot!(serde_json::to_string_pretty(&view.vpn_connections).unwrap());
    let connection = view.vpn_connections.values().next().unwrap();
    let listed: Vec<_> = connection
        .tunnels
        .iter()
        .filter_map(|tunnel| tunnel.outside)
        .collect();
    let reported: Vec<_> = connection
        .telemetry
        .iter()
        .map(|telemetry| telemetry.outside)
        .collect();
    assert_ne!(
        listed, reported,
        "the sample lists them in different orders"
    );
    for outside in listed {
        assert!(connection.telemetry_of(outside).is_some());
        assert!(connection.tunnel(outside).is_some());
    }
    assert!(connection.tunnel(Ipv4Addr::LOCALHOST).is_none());
    // The XML is there for who needs it, and nowhere else.
    let configuration = connection.configuration.as_ref().unwrap();
    assert!(
        configuration
            .expose_secret()
            .contains("<pre_shared_key>EXAMPLE.psk")
    );
    let shown = format!("{view:?}{}", serde_json::to_string(&view).unwrap());
    assert!(!shown.contains("EXAMPLE.psk") && !shown.contains("EXAMPLEpsk"));
}

#[tokio::test(start_paused = true)]
async fn what_nobody_knows_is_kept_and_what_does_not_parse_is_left_out() {
    let body = r"<DescribeVpnConnectionsResponse><vpnConnectionSet>
        <item><vpnConnectionId>not an id</vpnConnectionId></item>
        <item><state>available</state></item>
        <item><vpnConnectionId>vpn-0a1b2c3d</vpnConnectionId></item>
        <item><vpnConnectionId>vpn-0a1b2c3d4e5f60001</vpnConnectionId><state>modifying</state>
          <vpnGatewayId></vpnGatewayId><transitGatewayId>tgw-0a1b2c3d4e5f60001</transitGatewayId>
          <customerGatewayConfiguration> </customerGatewayConfiguration>
          <options><tunnelOptionSet>
            <item><outsideIpAddress>203.0.113.9</outsideIpAddress>
              <tunnelInsideCidr>169.254.15.193/30</tunnelInsideCidr>
              <phase1DHGroupNumberSet><item><value>20</value></item><item><value>-1</value></item>
              <item></item></phase1DHGroupNumberSet>
              <phase1LifetimeSeconds>-5</phase1LifetimeSeconds>
              <logOptions><cloudWatchLogOptions><logEnabled>false</logEnabled>
              <logGroupArn>arn:aws:logs:x</logGroupArn></cloudWatchLogOptions></logOptions></item>
            <item><outsideIpAddress>2001:db8::1</outsideIpAddress></item>
          </tunnelOptionSet></options>
          <vgwTelemetry><item><outsideIpAddress>203.0.113.9</outsideIpAddress><status>SIDEWAYS</status>
            <acceptedRouteCount>-3</acceptedRouteCount></item>
            <item><status>UP</status></item></vgwTelemetry>
          <routes><item><destinationCidrBlock>10.20.0.0/24</destinationCidrBlock></item>
            <item><destinationCidrBlock>10.20.0.0/99</destinationCidrBlock></item></routes>
          <novelty><item>?</item></novelty>
        </item></vpnConnectionSet></DescribeVpnConnectionsResponse>";
    let view = seen(Collection::VpnConnections, body).await;
    insta::assert_snapshot!(serde_json::to_string_pretty(&view.vpn_connections).unwrap());
}

#[tokio::test(start_paused = true)]
async fn gateways_of_all_ages_convert() {
    let body = "<DescribeCustomerGatewaysResponse><customerGatewaySet>
        <item><customerGatewayId>cgw-0a1b2c3d</customerGatewayId><state>available</state>
          <type>ipsec.1</type><ipAddress>198.51.100.7</ipAddress><bgpAsn>65010</bgpAsn></item>
        <item><customerGatewayId>cgw-0a1b2c3e</customerGatewayId><state>deleted</state>
          <bgpAsnExtended>4200000001</bgpAsnExtended><deviceName>shop</deviceName>
          <tagSet><item><key>Name</key></item><item><value>x</value></item></tagSet></item>
        </customerGatewaySet></DescribeCustomerGatewaysResponse>";
    let view = seen(Collection::CustomerGateways, body).await;
    let asns: Vec<_> = view
        .customer_gateways
        .values()
        .map(|g| g.bgp_asn.unwrap().get())
        .collect();
    assert_eq!(asns, [65010, 4_200_000_001]);
    let certificate = view.customer_gateways.values().last().unwrap();
    assert!(certificate.ip_address.is_none() && certificate.state.is_ending());
    assert_eq!(certificate.tags.get("Name").map(String::as_str), Some(""));

    let body = "<DescribeVpnGatewaysResponse><vpnGatewaySet><item><vpnGatewayId>vgw-0a1b2c3d</vpnGatewayId>
        <state>available</state><amazonSideAsn>7224</amazonSideAsn><attachments>
        <item><vpcId>vpc-0a1b2c3d</vpcId><state>detached</state></item>
        <item><vpcId>vpc-0a1b2c3e</vpcId><state>attaching</state></item></attachments>
        </item></vpnGatewaySet></DescribeVpnGatewaysResponse>";
    let view = seen(Collection::VpnGateways, body).await;
    assert!(
        view.vpn_gateway_of(&"vpc-0a1b2c3d".parse().unwrap())
            .is_none()
    );
    assert!(
        view.vpn_gateway_of(&"vpc-0a1b2c3e".parse().unwrap())
            .is_some()
    );
}

#[tokio::test(start_paused = true)]
async fn networks_come_in_pages() {
    let table = |id: &str, token: &str| {
        let body = format!(
            "<DescribeRouteTablesResponse><routeTableSet><item><routeTableId>{id}</routeTableId><vpcId>vpc-0a1b2c3d</vpcId>
             <associationSet><item><main>true</main><associationState><state>associated</state>
             </associationState></item></associationSet>
             <propagatingVgwSet><item><gatewayId>vgw-0a1b2c3d</gatewayId></item></propagatingVgwSet>
             <routeSet><item><destinationCidrBlock>10.0.0.0/16</destinationCidrBlock>
             <gatewayId>local</gatewayId><state>active</state><origin>CreateRouteTable</origin></item>
             <item><destinationCidrBlock>10.20.0.0/24</destinationCidrBlock><gatewayId>vgw-0a1b2c3d
             </gatewayId><state>active</state><origin>EnableVgwRoutePropagation</origin></item>
             <item><destinationPrefixListId>pl-1</destinationPrefixListId><natGatewayId>nat-1
             </natGatewayId><state>blackhole</state></item></routeSet>
             </item></routeTableSet>{token}</DescribeRouteTablesResponse>"
        );
        xml(200, &body)
    };
    let pages = vec![
        table("rtb-0a1b2c3d", "<nextToken>more</nextToken>"),
        table("rtb-0a1b2c3e", ""),
    ];
    let (client, sent) = scripted(pages);
    let view = client.view(&[Collection::RouteTables]).await.unwrap();
    assert_eq!(view.route_tables.len(), 2);
    assert!(sent.lock().unwrap()[1].contains("NextToken=more"));
    let first = view.route_tables.values().next().unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(first).unwrap());
    assert_eq!(view.route_tables_of(&first.vpc).count(), 2);

    let body = "<DescribeVpcsResponse><vpcSet><item><vpcId>vpc-0a1b2c3d</vpcId><cidrBlock>10.0.0.0/16</cidrBlock>
        <cidrBlockAssociationSet>
        <item><cidrBlock>10.0.0.0/16</cidrBlock><cidrBlockState><state>associated</state></cidrBlockState></item>
        <item><cidrBlock>10.9.0.0/16</cidrBlock><cidrBlockState><state>disassociated</state></cidrBlockState></item>
        <item><cidrBlock>10.8.0.0/16</cidrBlock><cidrBlockState><state>associated</state></cidrBlockState></item>
        </cidrBlockAssociationSet></item></vpcSet></DescribeVpcsResponse>";
    let view = seen(Collection::Vpcs, body).await;
    let cidrs: Vec<_> = view
        .vpcs
        .values()
        .flat_map(|vpc| &vpc.cidrs)
        .map(ToString::to_string)
        .collect();
    assert_eq!(cidrs, ["10.0.0.0/16", "10.8.0.0/16"]);
}

proptest! {
    /// Whatever EC2 puts into a text or a number, conversion neither fails nor invents: an object
    /// is kept exactly if its id is one.
    #[test]
    fn nothing_that_aws_may_say_breaks_a_conversion(
        text in r"(vpn-|vgw-|rtb-|vpc-)?[0-9a-f./:é -]{0,20}",
        number in any::<i32>(),
        long in any::<i64>(),
    ) {
        let tunnel = ec2::TunnelOption::builder()
            .outside_ip_address(&text)
            .tunnel_inside_cidr(&text)
            .phase1_lifetime_seconds(number)
            .phase2_dh_group_numbers(
                ec2::Phase2DhGroupNumbersListValue::builder().value(number).build(),
            )
            .build();
        let telemetry = ec2::VgwTelemetry::builder()
            .outside_ip_address(&text)
            .accepted_route_count(number)
            .last_status_change(aws_sdk_ec2::primitives::DateTime::from_secs(long))
            .build();
        let connection = ec2::VpnConnection::builder()
            .vpn_connection_id(&text)
            .state(text.as_str().into())
            .options(ec2::VpnConnectionOptions::builder().tunnel_options(tunnel).build())
            .vgw_telemetry(telemetry)
            .routes(ec2::VpnStaticRoute::builder().destination_cidr_block(&text).build())
            .build();
        let trimmed = text.trim();
        let is_id = trimmed.parse::<crate::spec::VpnConnectionId>().is_ok();
        prop_assert_eq!(convert_vpn::vpn_connection(&connection).is_some(), is_id);
        let gateway = ec2::VpnGateway::builder().vpn_gateway_id(&text).amazon_side_asn(long);
        let gateway = convert::vpn_gateway(&gateway.build());
        let is_id = trimmed.parse::<crate::spec::VpnGatewayId>().is_ok();
        prop_assert_eq!(gateway.is_some(), is_id);
        if let Some(asn) = gateway.and_then(|gateway| gateway.amazon_side_asn) {
            prop_assert_eq!(i64::from(asn.get()), long);
        }
        let table = ec2::RouteTable::builder().route_table_id(&text).vpc_id(&text).build();
        prop_assert!(convert::route_table(&table).is_none(), "no id is both");
    }
}

#[tokio::test(start_paused = true)]
async fn transit_gateways_and_their_attachments_convert() {
    let gateways = "<DescribeTransitGatewaysResponse><transitGatewaySet>
        <item><transitGatewayId>tgw-0a1b2c3d4e5f60001</transitGatewayId><state>available</state>
          <ownerId>444455556666</ownerId><description>core</description>
          <options><amazonSideAsn>4200000001</amazonSideAsn>
            <autoAcceptSharedAttachments>disable</autoAcceptSharedAttachments>
            <defaultRouteTableAssociation>enable</defaultRouteTableAssociation>
            <associationDefaultRouteTableId>tgw-rtb-0a1b2c3d4e5f60001</associationDefaultRouteTableId>
            <defaultRouteTablePropagation>disable</defaultRouteTablePropagation>
            <propagationDefaultRouteTableId>tgw-rtb-0a1b2c3d4e5f60001</propagationDefaultRouteTableId>
            <vpnEcmpSupport>enable</vpnEcmpSupport>
            <transitGatewayCidrBlocks><item>192.0.2.0/24</item><item>2001:db8::/64</item>
            </transitGatewayCidrBlocks></options>
          <tagSet><item><key>Name</key><value>core</value></item></tagSet></item>
        <item><transitGatewayId>tgw-0a1b2c3d</transitGatewayId><state>modifying</state></item>
        </transitGatewaySet></DescribeTransitGatewaysResponse>";
    let view = seen(Collection::TransitGateways, gateways).await;
    let attachments = "<DescribeTransitGatewayAttachmentsResponse><transitGatewayAttachments>
        <item><transitGatewayAttachmentId>tgw-attach-0a1b2c3d4e5f60001</transitGatewayAttachmentId>
          <transitGatewayId>tgw-0a1b2c3d4e5f60001</transitGatewayId>
          <transitGatewayOwnerId>444455556666</transitGatewayOwnerId>
          <resourceOwnerId>111122223333</resourceOwnerId><resourceType>vpn</resourceType>
          <resourceId>vpn-0a1b2c3d4e5f60001</resourceId><state>available</state>
          <association><transitGatewayRouteTableId>tgw-rtb-0a1b2c3d4e5f60001</transitGatewayRouteTableId>
            <state>associated</state></association></item>
        <item><transitGatewayAttachmentId>tgw-attach-0a1b2c3d4e5f60002</transitGatewayAttachmentId>
          <resourceType>vpc</resourceType><resourceId>vpc-0a1b2c3d</resourceId>
          <state>pendingAcceptance</state><association><state>associating</state></association></item>
        <item><transitGatewayAttachmentId>vpn-0a1b2c3d</transitGatewayAttachmentId></item>
        </transitGatewayAttachments></DescribeTransitGatewayAttachmentsResponse>";
    let attached = seen(Collection::TransitAttachments, attachments).await;
    let shown = serde_json::json!([view.transit_gateways, attached.transit_attachments]);
    insta::assert_snapshot!(serde_json::to_string_pretty(&shown).unwrap());
}
