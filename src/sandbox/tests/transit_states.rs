//! Transit gateways, their attachments, tables and routes, from beginning to end.

use crate::sandbox::testing::{Client, Document, TABLE, VPC, client, pass};

const SUBNET_A: &str = "subnet-0a1b2c3d4e5f60011";
const SUBNET_B: &str = "subnet-0a1b2c3d4e5f60012";

fn gateway(client: &Client, id: &str) -> Document {
    client.ok("DescribeTransitGateways", &[("TransitGatewayIds.1", id)])
}

fn attachment(client: &Client, id: &str) -> Document {
    let name = "TransitGatewayAttachmentIds.1";
    client.ok("DescribeTransitGatewayAttachments", &[(name, id)])
}

fn routes(client: &Client, table: &str, name: &str, value: &str) -> Vec<(String, String, String)> {
    let found = client.ok(
        "SearchTransitGatewayRoutes",
        &[
            ("TransitGatewayRouteTableId", table),
            ("Filter.1.Name", name),
            ("Filter.1.Value.1", value),
        ],
    );
    let column = |name| found.all(name).into_iter();
    column("destinationCidrBlock")
        .zip(column("type"))
        .zip(column("state"))
        .map(|((destination, kind), state)| (destination, kind, state))
        .collect()
}

fn row(destination: &str, kind: &str, state: &str) -> (String, String, String) {
    (destination.to_owned(), kind.to_owned(), state.to_owned())
}

fn vpc_route(client: &Client) -> Vec<(String, String)> {
    let tables = client.ok("DescribeRouteTables", &[("RouteTableId.1", TABLE)]);
    let routes = tables.inside("routeSet", "item").into_iter().map(Document);
    routes
        .filter(|route| route.has("transitGatewayId"))
        .map(|route| {
            assert!(!route.has("gatewayId"), "{}", route.0);
            (route.text("transitGatewayId"), route.text("state"))
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_gateway_comes_with_one_table_and_takes_it_along() {
    let client = client();
    let made = client.ok(
        "CreateTransitGateway",
        &[
            ("Description", "the hub"),
            ("TagSpecification.1.ResourceType", "transit-gateway"),
            ("TagSpecification.1.Tag.1.Key", "Name"),
            ("TagSpecification.1.Tag.1.Value", "hub"),
        ],
    );
    let id = made.text("transitGatewayId");
    let table = made.text("associationDefaultRouteTableId");
    assert_eq!(made.text("propagationDefaultRouteTableId"), table);
    assert_eq!(made.text("state"), "pending");
    assert_eq!(made.text("amazonSideAsn"), "64512");
    assert_eq!(made.text("securityGroupReferencingSupport"), "disable");
    assert_eq!(made.text("vpnEcmpSupport"), "enable");
    assert_eq!(
        made.text("transitGatewayArn"),
        format!("arn:aws:ec2:eu-central-1:111122223333:transit-gateway/{id}")
    );
    pass(130).await;
    let shown = gateway(&client, &id);
    assert_eq!(shown.text("state"), "available");
    assert_eq!(shown.text("description"), "the hub");
    assert_eq!(shown.inside("tagSet", "value"), ["hub"]);
    let of_it = [
        ("Filter.1.Name", "transit-gateway-id"),
        ("Filter.1.Value.1", id.as_str()),
    ];
    let tables = client.ok("DescribeTransitGatewayRouteTables", &of_it);
    assert_eq!(
        tables.all("transitGatewayRouteTableId"),
        std::slice::from_ref(&table)
    );
    assert_eq!(tables.text("defaultAssociationRouteTable"), "true");
    let named = [("TransitGatewayRouteTableId", table.as_str())];
    let kept = client.code("DeleteTransitGatewayRouteTable", &named);
    assert_eq!(kept, "IncorrectState");

    let named = [("TransitGatewayId", id.as_str())];
    let deleted = client.ok("DeleteTransitGateway", &named);
    assert_eq!(deleted.text("state"), "deleting");
    pass(121).await;
    assert_eq!(gateway(&client, &id).text("state"), "deleted");
    let tables = client.ok("DescribeTransitGatewayRouteTables", &of_it);
    assert_eq!(tables.text("state"), "deleted");
    pass(3_700).await;
    let forgotten = client.code("DescribeTransitGateways", &[("TransitGatewayIds.1", &id)]);
    assert_eq!(forgotten, "InvalidTransitGatewayID.NotFound");
}

#[tokio::test(start_paused = true)]
async fn a_vpc_is_attached_associated_and_propagated() {
    let client = client();
    let hub = client.transit_gateway(&[]).await;
    let table = gateway(&client, &hub).text("associationDefaultRouteTableId");
    let to_hub = [
        ("RouteTableId", TABLE),
        ("DestinationCidrBlock", "10.20.0.0/24"),
        ("TransitGatewayId", hub.as_str()),
    ];
    let early = client.code("CreateRoute", &to_hub);
    assert_eq!(early, "InvalidTransitGatewayID.NotFound");
    let made = client.ok(
        "CreateTransitGatewayVpcAttachment",
        &[
            ("TransitGatewayId", &hub),
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
    let id = made.text("transitGatewayAttachmentId");
    assert_eq!(made.text("state"), "pending");
    assert_eq!(made.text("securityGroupReferencingSupport"), "enable");
    assert_eq!(made.inside("subnetIds", "item"), [SUBNET_A]);
    pass(2).await;
    assert_eq!(
        client.code("CreateRoute", &to_hub),
        early,
        "not before it is available"
    );
    assert!(routes(&client, &table, "type", "propagated").is_empty());
    pass(110).await;
    let shown = attachment(&client, &id);
    assert_eq!(shown.text("state"), "available");
    assert_eq!(shown.text("resourceType"), "vpc");
    assert_eq!(shown.text("resourceId"), VPC);
    assert_eq!(
        shown.inside("association", "transitGatewayRouteTableId"),
        std::slice::from_ref(&table)
    );
    let learned = [row("10.0.0.0/16", "propagated", "active")];
    assert_eq!(routes(&client, &table, "type", "propagated"), learned);
    client.ok("CreateRoute", &to_hub);
    assert_eq!(vpc_route(&client), [(hub.clone(), "active".to_owned())]);
    assert_eq!(client.code("CreateRoute", &to_hub), "RouteAlreadyExists");

    let busy = client.call("DeleteTransitGateway", &[("TransitGatewayId", &hub)]);
    let busy = busy.unwrap_err();
    assert_eq!(busy.code, "IncorrectState");
    assert_eq!(
        busy.message,
        format!("{hub} has non-deleted VPC Attachments: {id}.")
    );

    let named = [("TransitGatewayAttachmentId", id.as_str())];
    client.ok("DeleteTransitGatewayVpcAttachment", &named);
    assert_eq!(attachment(&client, &id).text("state"), "deleting");
    pass(91).await;
    assert_eq!(attachment(&client, &id).text("state"), "deleted");
    assert!(routes(&client, &table, "type", "propagated").is_empty());
    assert_eq!(vpc_route(&client), [(hub.clone(), "blackhole".to_owned())]);
    let filters = [("Filter.1.Name", "vpc-id"), ("Filter.1.Value.1", VPC)];
    let gone = client.ok("DescribeTransitGatewayVpcAttachments", &filters);
    assert_eq!(gone.text("state"), "deleted");
    client.ok("DeleteTransitGateway", &[("TransitGatewayId", &hub)]);
}

#[tokio::test(start_paused = true)]
async fn an_attachment_moves_from_table_to_table() {
    let client = client();
    let hub = client.transit_gateway(&[]).await;
    let old = gateway(&client, &hub).text("associationDefaultRouteTableId");
    let id = client.attach_vpc(&hub, VPC, &[SUBNET_A]).await;
    let made = client.ok(
        "CreateTransitGatewayRouteTable",
        &[
            ("TransitGatewayId", &hub),
            (
                "TagSpecifications.1.ResourceType",
                "transit-gateway-route-table",
            ),
            ("TagSpecifications.1.Tag.1.Key", "Name"),
            ("TagSpecifications.1.Tag.1.Value", "sites"),
        ],
    );
    let new = made.text("transitGatewayRouteTableId");
    assert_eq!(made.text("defaultAssociationRouteTable"), "false");
    let to = |table| {
        [
            ("TransitGatewayRouteTableId", table),
            ("TransitGatewayAttachmentId", id.as_str()),
        ]
    };
    let early = client.code("AssociateTransitGatewayRouteTable", &to(&new));
    assert_eq!(early, "IncorrectState", "the table is not there yet");
    pass(21).await;
    let twice = client.code("AssociateTransitGatewayRouteTable", &to(&new));
    assert_eq!(twice, "Resource.AlreadyAssociated");
    let ended = client.ok("DisassociateTransitGatewayRouteTable", &to(&old));
    assert_eq!(ended.text("state"), "disassociating");
    // The list of attachments has not heard of it; the table's own list has.
    assert_eq!(
        attachment(&client, &id).inside("association", "state"),
        ["associated"]
    );
    let own = |table: &str| {
        let table = [("TransitGatewayRouteTableId", table)];
        let list = client.ok("GetTransitGatewayRouteTableAssociations", &table);
        list.all("state")
    };
    assert_eq!(own(&old), ["disassociating"]);
    pass(21).await;
    assert!(own(&old).is_empty());
    let made = client.ok("AssociateTransitGatewayRouteTable", &to(&new));
    assert_eq!(made.text("state"), "associating");
    pass(21).await;
    assert_eq!(own(&new), ["associated"]);
    let table = [("TransitGatewayRouteTableId", new.as_str())];
    assert_eq!(
        client.code("DeleteTransitGatewayRouteTable", &table),
        "IncorrectState"
    );

    let enabled = client.ok("EnableTransitGatewayRouteTablePropagation", &to(&new));
    assert_eq!(enabled.inside("propagation", "state"), ["enabled"]);
    let twice = client.code("EnableTransitGatewayRouteTablePropagation", &to(&new));
    assert_eq!(twice, "TransitGatewayRouteTablePropagation.Duplicate");
    let list = client.ok("GetTransitGatewayRouteTablePropagations", &table);
    assert_eq!(list.text("transitGatewayAttachmentId"), id);
    assert_eq!(list.text("resourceType"), "vpc");
    let disabled = client.ok("DisableTransitGatewayRouteTablePropagation", &to(&new));
    assert_eq!(disabled.inside("propagation", "state"), ["disabled"]);
    let twice = client.code("DisableTransitGatewayRouteTablePropagation", &to(&new));
    assert_eq!(twice, "TransitGatewayRouteTablePropagation.NotFound");
}

#[tokio::test(start_paused = true)]
async fn static_routes_come_go_and_turn_black() {
    let client = client();
    let hub = client.transit_gateway(&[]).await;
    let table = gateway(&client, &hub).text("associationDefaultRouteTableId");
    let id = client.attach_vpc(&hub, VPC, &[SUBNET_A]).await;
    let route = |destination, more: (&'static str, &str)| {
        let params = [
            ("TransitGatewayRouteTableId", table.as_str()),
            ("DestinationCidrBlock", destination),
            more,
        ];
        client.call("CreateTransitGatewayRoute", &params)
    };
    let by_vpc = ("TransitGatewayAttachmentId", id.as_str());
    let made = route("10.0.0.0/8", by_vpc).unwrap();
    assert_eq!(made.text("state"), "pending");
    assert_eq!(made.text("resourceId"), VPC);
    let again = route("10.0.0.0/8", by_vpc).unwrap_err();
    assert_eq!(again.code, "RouteAlreadyExists");
    let dropped = route("10.0.0.0/16", ("Blackhole", "true")).unwrap();
    assert!(!dropped.has("transitGatewayAttachments"));
    let nothing = route("10.9.0.0/16", ("Blackhole", "false")).unwrap_err();
    assert_eq!(nothing.code, "MissingParameter");
    pass(7).await;
    // The blackhole hides the VPC's own, propagated prefix.
    let search = |name, value| routes(&client, &table, name, value);
    let both = [
        row("10.0.0.0/8", "static", "active"),
        row("10.0.0.0/16", "static", "blackhole"),
    ];
    assert_eq!(search("attachment.resource-type", "vpc"), both[..1]);
    assert_eq!(
        search("route-search.supernet-of-match", "10.0.4.0/24"),
        both
    );
    assert_eq!(
        search("route-search.subnet-of-match", "10.0.0.0/16"),
        both[1..]
    );
    assert_eq!(
        search("route-search.longest-prefix-match", "10.0.4.1"),
        both[1..]
    );
    assert_eq!(
        search("route-search.longest-prefix-match", "10.77.0.1"),
        both[..1]
    );
    assert_eq!(search("route-search.exact-match", "10.0.0.0/8"), both[..1]);
    assert!(search("route-search.longest-prefix-match", "10.0.4.0/24").is_empty());

    let named = |destination| {
        [
            ("TransitGatewayRouteTableId", table.as_str()),
            ("DestinationCidrBlock", destination),
        ]
    };
    let deleted = client.ok("DeleteTransitGatewayRoute", &named("10.0.0.0/16"));
    assert_eq!(deleted.text("state"), "deleting");
    pass(7).await;
    let missing = client.code("DeleteTransitGatewayRoute", &named("10.0.0.0/16"));
    assert_eq!(missing, "InvalidRoute.NotFound");
    assert_eq!(
        search("type", "propagated"),
        [row("10.0.0.0/16", "propagated", "active")]
    );
    client.ok("DeleteTransitGatewayVpcAttachment", &[by_vpc]);
    pass(91).await;
    assert_eq!(
        search("state", "blackhole"),
        [row("10.0.0.0/8", "static", "blackhole")]
    );
}

#[tokio::test(start_paused = true)]
async fn an_attachment_and_a_gateway_can_be_changed() {
    let client = client();
    let hub = client.transit_gateway(&[]).await;
    let id = client.attach_vpc(&hub, VPC, &[SUBNET_A]).await;
    let named = ("TransitGatewayAttachmentId", id.as_str());
    let change = |more: &[(&str, &str)]| {
        let mut params = vec![named];
        params.extend(more);
        client.call("ModifyTransitGatewayVpcAttachment", &params)
    };
    let none = change(&[("RemoveSubnetIds.1", SUBNET_A)]).unwrap_err();
    assert_eq!(none.code, "InsufficientSubnetsException");
    let changed = [
        ("AddSubnetIds.1", SUBNET_B),
        ("Options.ApplianceModeSupport", "enable"),
    ];
    let changed = change(&changed).unwrap();
    assert_eq!(changed.text("state"), "modifying");
    assert_eq!(changed.text("applianceModeSupport"), "enable");
    assert_eq!(changed.inside("subnetIds", "item"), [SUBNET_A, SUBNET_B]);
    let busy = change(&[("RemoveSubnetIds.1", SUBNET_B)]).unwrap_err();
    assert_eq!(busy.code, "IncorrectState");
    pass(31).await;
    assert_eq!(attachment(&client, &id).text("state"), "available");

    let modify = |more: &[(&str, &str)]| {
        let mut params = vec![("TransitGatewayId", hub.as_str())];
        params.extend(more);
        client.call("ModifyTransitGateway", &params)
    };
    let changed = modify(&[
        ("Options.AddTransitGatewayCidrBlocks.1", "192.0.2.0/24"),
        ("Options.DefaultRouteTablePropagation", "disable"),
        ("Options.VpnEcmpSupport", "disable"),
    ]);
    let changed = changed.unwrap();
    assert_eq!(changed.text("state"), "modifying");
    assert_eq!(
        changed.inside("transitGatewayCidrBlocks", "item"),
        ["192.0.2.0/24"]
    );
    assert!(!changed.has("propagationDefaultRouteTableId"));
    pass(31).await;
    let refused = modify(&[("Options.DefaultRouteTablePropagation", "enable")]).unwrap_err();
    assert_eq!(refused.code, "InvalidParameterCombination");
    assert_eq!(
        refused.message,
        "enable DefaultRouteTablePropagation conflicts with PropagationDefaultRouteTableId null"
    );
    let unknown = (
        "Options.PropagationDefaultRouteTableId",
        "tgw-rtb-0123456789abcdef0",
    );
    let both = [("Options.DefaultRouteTablePropagation", "enable"), unknown];
    assert_eq!(
        modify(&both).unwrap_err().code,
        "InvalidRouteTableID.NotFound"
    );
    assert_eq!(
        modify(&[unknown]).unwrap_err().code,
        "InvalidParameterCombination"
    );
    let shown = gateway(&client, &hub);
    assert_eq!(shown.text("vpnEcmpSupport"), "disable");
    assert_eq!(shown.text("state"), "available");
}

#[tokio::test(start_paused = true)]
async fn a_route_can_be_given_another_target() {
    let client = client();
    let (_, vgw, _) = client.site(&[]).await;
    client.ok(
        "AttachVpnGateway",
        &[("VpnGatewayId", &vgw), ("VpcId", VPC)],
    );
    let hub = client.transit_gateway(&[]).await;
    let id = client.attach_vpc(&hub, VPC, &[SUBNET_A]).await;
    let to = |target| {
        [
            ("RouteTableId", TABLE),
            ("DestinationCidrBlock", "10.20.0.0/24"),
            target,
        ]
    };
    let missing = client.call("ReplaceRoute", &to(("GatewayId", &vgw)));
    let missing = missing.unwrap_err();
    assert_eq!(missing.code, "InvalidParameterValue");
    assert!(missing.message.ends_with("Use CreateRoute instead."));
    client.ok("CreateRoute", &to(("GatewayId", &vgw)));
    client.ok("ReplaceRoute", &to(("TransitGatewayId", &hub)));
    assert_eq!(vpc_route(&client), [(hub.clone(), "active".to_owned())]);
    let filters = [
        ("Filter.1.Name", "route.transit-gateway-id"),
        ("Filter.1.Value.1", hub.as_str()),
    ];
    let found = client.ok("DescribeRouteTables", &filters);
    assert_eq!(found.text("routeTableId"), TABLE);
    client.ok(
        "DeleteTransitGatewayVpcAttachment",
        &[("TransitGatewayAttachmentId", &id)],
    );
    let late = client.code("ReplaceRoute", &to(("TransitGatewayId", &hub)));
    assert_eq!(late, "InvalidTransitGatewayID.NotFound");
    client.ok("ReplaceRoute", &to(("GatewayId", &vgw)));
    assert!(vpc_route(&client).is_empty());
}
