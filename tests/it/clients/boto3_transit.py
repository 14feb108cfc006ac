"""The life of a site's VPN on a transit gateway as boto3 sees it.

Started by sandbox_clients.rs, with the sandbox's address in AWS_ENDPOINT_URL. Every assertion is
about what botocore's own models made of the answers. Sleeps are divided by the sandbox's scale.
"""

import json
import os
import time
import urllib.parse
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
VPC = "vpc-0a1b2c3d4e5f67890"
TABLE = "rtb-0a1b2c3d4e5f60002"
SUBNETS = ["subnet-0a1b2c3d4e5f60011", "subnet-0a1b2c3d4e5f60012"]
SITE = "198.51.100.7"
LAN = "10.20.0.0/24"

ec2 = boto3.client("ec2", config=Config(retries={"max_attempts": 0}))


def refused(code, call, status=400, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        found = error.response["Error"]["Code"]
        assert found == code, f"{call.__name__}: {found} instead of {code}: {error}"
        http = error.response["ResponseMetadata"]["HTTPStatusCode"]
        assert http == status, f"{call.__name__}: HTTP {http} instead of {status}"
        return error
    raise AssertionError(f"{call.__name__} succeeded instead of {code}")


def until(what, look, seconds=30):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(5)
    raise AssertionError(f"waited {seconds} s for {what}")


def tags(kind, name):
    return [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": name}]}]


def filters(**values):
    return [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in values.items()]


def control(method, path, **query):
    url = f"{ENDPOINT}/_underpass/{path}?{urllib.parse.urlencode(query)}"
    return urllib.request.urlopen(urllib.request.Request(url, method=method)).read().decode()


def gateway(hub):
    return ec2.describe_transit_gateways(TransitGatewayIds=[hub])["TransitGateways"][0]


def attachment(found):
    ids = dict(TransitGatewayAttachmentIds=[found])
    return ec2.describe_transit_gateway_attachments(**ids)["TransitGatewayAttachments"][0]


def routes(table, **wanted):
    answer = ec2.search_transit_gateway_routes(
        TransitGatewayRouteTableId=table, Filters=filters(**wanted)
    )
    assert answer["AdditionalRoutesAvailable"] is False
    return answer["Routes"]


def create_gateway():
    options = {"AmazonSideAsn": 64520, "TransitGatewayCidrBlocks": ["192.0.2.0/24"]}
    arguments = dict(Description="hub", Options=options)
    refused("DryRunOperation", ec2.create_transit_gateway, 412, **arguments, DryRun=True)
    made = ec2.create_transit_gateway(
        **arguments, TagSpecifications=tags("transit-gateway", "hub")
    )["TransitGateway"]
    assert made["State"] == "pending" and made["Options"]["AmazonSideAsn"] == 64520, made
    assert made["Options"]["TransitGatewayCidrBlocks"] == ["192.0.2.0/24"], made
    assert made["CreationTime"].tzinfo and made["OwnerId"] == "111122223333", made
    assert made["Tags"] == [{"Key": "Name", "Value": "hub"}], made
    hub = made["TransitGatewayId"]
    until("the gateway", lambda: gateway(hub)["State"] == "available")
    table = made["Options"]["AssociationDefaultRouteTableId"]
    [found] = ec2.describe_transit_gateway_route_tables(
        Filters=filters(transit_gateway_id=hub)
    )["TransitGatewayRouteTables"]
    assert found["TransitGatewayRouteTableId"] == table and found["DefaultAssociationRouteTable"]
    pages = ec2.get_paginator("describe_transit_gateways").paginate(PaginationConfig={"PageSize": 5})
    assert hub in [it["TransitGatewayId"] for page in pages for it in page["TransitGateways"]]
    changed = ec2.modify_transit_gateway(
        TransitGatewayId=hub, Options={"RemoveTransitGatewayCidrBlocks": ["192.0.2.0/24"]}
    )["TransitGateway"]
    assert changed["State"] == "modifying", changed
    assert "TransitGatewayCidrBlocks" not in changed["Options"], changed
    until("the modification", lambda: gateway(hub)["State"] == "available")
    return hub, table


def attach_vpc(hub):
    arguments = dict(TransitGatewayId=hub, VpcId=VPC)
    made = ec2.create_transit_gateway_vpc_attachment(
        **arguments,
        SubnetIds=SUBNETS[:1],
        Options={"ApplianceModeSupport": "enable"},
        TagSpecifications=tags("transit-gateway-attachment", "plant"),
    )["TransitGatewayVpcAttachment"]
    assert made["State"] == "pending" and made["SubnetIds"] == SUBNETS[:1], made
    assert made["Options"]["ApplianceModeSupport"] == "enable", made
    assert made["Tags"] == [{"Key": "Name", "Value": "plant"}], made
    of_vpc = made["TransitGatewayAttachmentId"]
    until("the attachment", lambda: attachment(of_vpc)["State"] == "available")
    refused(
        "DuplicateTransitGatewayAttachment",
        ec2.create_transit_gateway_vpc_attachment,
        **arguments,
        SubnetIds=SUBNETS[1:],
    )
    changed = ec2.modify_transit_gateway_vpc_attachment(
        TransitGatewayAttachmentId=of_vpc, AddSubnetIds=SUBNETS[1:]
    )["TransitGatewayVpcAttachment"]
    assert changed["SubnetIds"] == SUBNETS and changed["State"] == "modifying", changed
    until("the modification", lambda: attachment(of_vpc)["State"] == "available")
    [found] = ec2.describe_transit_gateway_vpc_attachments(Filters=filters(vpc_id=VPC))[
        "TransitGatewayVpcAttachments"
    ]
    assert found["VpcOwnerId"] == "111122223333" and found["CreationTime"].tzinfo, found
    return of_vpc


def connect(hub):
    customer = ec2.create_customer_gateway(Type="ipsec.1", IpAddress=SITE, BgpAsn=65010)
    customer = customer["CustomerGateway"]["CustomerGatewayId"]
    arguments = dict(Type="ipsec.1", CustomerGatewayId=customer, TransitGatewayId=hub)
    both = arguments | {"VpnGatewayId": "vgw-0b1b2c3d4e5f60009"}
    refused("InvalidParameterCombination", ec2.create_vpn_connection, **both)
    look = lambda: ec2.describe_customer_gateways(CustomerGatewayIds=[customer])
    until("the site", lambda: look()["CustomerGateways"][0]["State"] == "available")
    made = [ec2.create_vpn_connection(**arguments)["VpnConnection"] for _ in range(2)]
    vpns = [connection["VpnConnectionId"] for connection in made]
    assert len(set(vpns)) == 2, "the same call makes a second connection"
    assert made[0]["TransitGatewayId"] == hub and "VpnGatewayId" not in made[0]
    assert made[0]["Options"]["TunnelBandwidth"] == "standard", made[0]["Options"]
    assert "<asn>64520</asn>" in made[0]["CustomerGatewayConfiguration"]
    ec2.get_waiter("vpn_connection_available").wait(
        VpnConnectionIds=vpns, WaiterConfig={"Delay": 15, "MaxAttempts": 40}
    )
    by_hub = ec2.describe_vpn_connections(Filters=filters(transit_gateway_id=hub))
    assert {it["VpnConnectionId"] for it in by_hub["VpnConnections"]} == set(vpns)
    refused(
        "InvalidVpnConnection.InvalidType",
        ec2.create_vpn_connection_route,
        VpnConnectionId=vpns[0],
        DestinationCidrBlock=LAN,
    )
    attached = []
    for vpn in vpns:
        listed = lambda: ec2.describe_transit_gateway_attachments(
            Filters=filters(resource_type="vpn", resource_id=vpn)
        )["TransitGatewayAttachments"]
        [found] = until("the attachment to be listed", listed)
        assert found["Tags"] == [], "the connection's tags are not the attachment's"
        attached.append(found["TransitGatewayAttachmentId"])
    ec2.create_tags(Resources=[attached[0], hub], Tags=[{"Key": "site", "Value": "plant-7"}])
    [found] = ec2.describe_transit_gateway_attachments(
        Filters=[{"Name": "tag:site", "Values": ["plant-7"]}]
    )["TransitGatewayAttachments"]
    assert found["TransitGatewayAttachmentId"] == attached[0], found
    known = ec2.describe_tags(Filters=filters(key="site"))["Tags"]
    kinds = {tag["ResourceType"] for tag in known}
    assert kinds == {"transit-gateway", "transit-gateway-attachment"}, known
    return customer, vpns, attached


def ipv6(hub, customer):
    vpn = ec2.create_vpn_connection(
        Type="ipsec.1",
        CustomerGatewayId=customer,
        TransitGatewayId=hub,
        Options={
            "TunnelInsideIpVersion": "ipv6",
            "EnableAcceleration": True,
            "TunnelOptions": [{"TunnelInsideIpv6Cidr": "fd00:1::/126"}, {}],
        },
    )["VpnConnection"]
    assert vpn["Options"]["TunnelInsideIpVersion"] == "ipv6" and vpn["Options"]["EnableAcceleration"]
    networks = {tunnel["TunnelInsideIpv6Cidr"] for tunnel in vpn["Options"]["TunnelOptions"]}
    assert "fd00:1::/126" in networks and len(networks) == 2, networks
    return vpn["VpnConnectionId"]


def carry(hub, table, vpns, attached):
    arguments = dict(RouteTableId=TABLE, DestinationCidrBlock=LAN, TransitGatewayId=hub)
    assert ec2.create_route(**arguments)["Return"] is True
    refused("RouteAlreadyExists", ec2.create_route, **arguments)
    [found] = ec2.describe_route_tables(RouteTableIds=[TABLE])["RouteTables"]
    [route] = [route for route in found["Routes"] if route["DestinationCidrBlock"] == LAN]
    assert route["TransitGatewayId"] == hub and route["State"] == "active", route
    assert "GatewayId" not in route, route
    look = lambda: json.loads(control("GET", "paths", vpc=VPC, prefix=LAN))[TABLE]
    assert look()["there"] == {"Err": {"no-route": {"at": table}}}, look()
    control("POST", "gateway", ip=SITE, state="online", lan=LAN)
    until("a way there", lambda: len(look()["there"].get("Ok", {}).get("lanes", [])) == 4)
    [learned] = routes(table, **{"route-search.exact-match": LAN})
    assert learned["Type"] == "propagated" and learned["State"] == "active", learned
    behind = {it["ResourceId"] for it in learned["TransitGatewayAttachments"]}
    assert behind == set(vpns), learned
    made = ec2.create_transit_gateway_route(
        TransitGatewayRouteTableId=table,
        DestinationCidrBlock=LAN,
        TransitGatewayAttachmentId=attached[0],
    )["Route"]
    assert made["Type"] == "static" and made["State"] == "pending", made
    until("the route", lambda: routes(table, type="static")[0]["State"] == "active")
    assert len(look()["there"]["Ok"]["lanes"]) == 2, "static beats propagated"
    named = dict(TransitGatewayRouteTableId=table, DestinationCidrBlock=LAN)
    assert ec2.delete_transit_gateway_route(**named)["Route"]["State"] == "deleting"
    until("its deletion", lambda: not routes(table, type="static"))
    refused("InvalidRoute.NotFound", ec2.delete_transit_gateway_route, **named)


def separate(hub, table, attached):
    made = ec2.create_transit_gateway_route_table(
        TransitGatewayId=hub, TagSpecifications=tags("transit-gateway-route-table", "sites")
    )["TransitGatewayRouteTable"]
    assert made["State"] == "pending" and made["DefaultPropagationRouteTable"] is False, made
    sites = made["TransitGatewayRouteTableId"]
    ids = dict(TransitGatewayRouteTableIds=[sites])
    look = lambda: ec2.describe_transit_gateway_route_tables(**ids)["TransitGatewayRouteTables"][0]
    until("the table", lambda: look()["State"] == "available")
    pair = dict(TransitGatewayAttachmentId=attached, TransitGatewayRouteTableId=sites)
    refused("Resource.AlreadyAssociated", ec2.associate_transit_gateway_route_table, **pair)
    old = pair | {"TransitGatewayRouteTableId": table}
    ended = ec2.disassociate_transit_gateway_route_table(**old)["Association"]
    assert ended["State"] == "disassociating" and ended["ResourceType"] == "vpn", ended
    own = lambda it: ec2.get_transit_gateway_route_table_associations(
        TransitGatewayRouteTableId=it, Filters=filters(resource_type="vpn")
    )["Associations"]
    gone = lambda: attached not in [it["TransitGatewayAttachmentId"] for it in own(table)]
    until("the association's end", gone)
    assert "Association" not in attachment(attached)
    assert ec2.associate_transit_gateway_route_table(**pair)["Association"]["State"] == "associating"
    until("the association", lambda: own(sites)[0]["State"] == "associated")
    made = ec2.enable_transit_gateway_route_table_propagation(**pair)["Propagation"]
    assert made["State"] == "enabled" and made["TransitGatewayRouteTableId"] == sites, made
    [found] = ec2.get_transit_gateway_route_table_propagations(TransitGatewayRouteTableId=sites)[
        "TransitGatewayRouteTablePropagations"
    ]
    assert found["TransitGatewayAttachmentId"] == attached, found
    assert routes(sites, type="propagated")[0]["DestinationCidrBlock"] == LAN
    ended = ec2.disable_transit_gateway_route_table_propagation(**pair)["Propagation"]
    assert ended["State"] == "disabled", ended
    refused(
        "TransitGatewayRouteTablePropagation.NotFound",
        ec2.disable_transit_gateway_route_table_propagation,
        **pair,
    )
    refused(
        "IncorrectState", ec2.delete_transit_gateway_route_table, TransitGatewayRouteTableId=sites
    )
    ec2.disassociate_transit_gateway_route_table(**pair)
    until("the association's end", lambda: not own(sites))
    ec2.delete_transit_gateway_route_table(TransitGatewayRouteTableId=sites)


def delete_everything(hub, of_vpc, customer, vpns):
    error = refused("IncorrectState", ec2.delete_transit_gateway, TransitGatewayId=hub)
    assert f"{hub} has non-deleted VPC Attachments: {of_vpc}." in str(error), error
    for vpn in vpns:
        ec2.delete_vpn_connection(VpnConnectionId=vpn)
    ended = ec2.delete_transit_gateway_vpc_attachment(TransitGatewayAttachmentId=of_vpc)
    assert ended["TransitGatewayVpcAttachment"]["State"] == "deleting"
    [found] = ec2.describe_route_tables(RouteTableIds=[TABLE])["RouteTables"]
    [route] = [route for route in found["Routes"] if route["DestinationCidrBlock"] == LAN]
    assert route["State"] == "blackhole", route
    ec2.replace_route(
        RouteTableId=TABLE, DestinationCidrBlock=LAN, GatewayId="igw-0b1b2c3d4e5f60001"
    )
    ec2.delete_route(RouteTableId=TABLE, DestinationCidrBlock=LAN)
    left = lambda: [
        it
        for it in ec2.describe_transit_gateway_attachments(
            Filters=filters(transit_gateway_id=hub)
        )["TransitGatewayAttachments"]
        if it["State"] != "deleted"
    ]
    until("the attachments' deletion", lambda: not left())
    assert ec2.delete_transit_gateway(TransitGatewayId=hub)["TransitGateway"]["State"] == "deleting"
    until("the gateway's deletion", lambda: gateway(hub)["State"] == "deleted")
    ec2.delete_customer_gateway(CustomerGatewayId=customer)


HUB, ROUTING = create_gateway()
OF_VPC = attach_vpc(HUB)
CUSTOMER, VPNS, ATTACHED = connect(HUB)
carry(HUB, ROUTING, VPNS, ATTACHED)
separate(HUB, ROUTING, ATTACHED[0])
VPNS.append(ipv6(HUB, CUSTOMER))
delete_everything(HUB, OF_VPC, CUSTOMER, VPNS)
print("boto3: ok")
