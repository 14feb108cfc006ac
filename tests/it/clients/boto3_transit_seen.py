"""What an endpoint makes of a site's VPN on a transit gateway, as boto3 sees it, in one JSON document.

    boto3_transit_seen.py make                     makes a VPC with a subnet first
    boto3_transit_seen.py VPC SUBNET TABLE         uses what is there

Ids, times, keys and addresses are replaced by words, so that two endpoints can be compared. Of a
refusal the code is kept, of a call that the endpoint has not, "missing".
"""

import json
import re
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, ParamValidationError

ec2 = boto3.client("ec2", config=Config(retries={"max_attempts": 0}))
LAN = "10.20.0.0/24"
NAMES = {}


def named(word, name):
    NAMES[word] = f"<{name}>"
    return word


def words(value):
    if isinstance(value, dict):
        return {key: words(inner) for key, inner in value.items() if key != "ResponseMetadata"}
    if isinstance(value, list):
        return [words(inner) for inner in value]
    if not isinstance(value, str):
        return value
    if re.fullmatch(r"\d{4}-\d\d-\d\d[T ][\d:.]+(Z|\+00:00)", value):
        return "<time>"
    for word, name in NAMES.items():
        value = value.replace(word, name)
    return value


def code(call, **arguments):
    """The code that a call ends with, "ok" when it does not fail."""
    try:
        call(**arguments)
    except ParamValidationError:
        raise
    except ClientError as error:
        return error.response["Error"]["Code"].replace("500", "missing")
    except Exception:
        return "missing"
    return "ok"


def wait(look):
    for _ in range(400):
        if look():
            return
        time.sleep(10)
    raise AssertionError("waited for too long")


def filters(**values):
    return [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in values.items()]


def tags(kind, name):
    return [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": name}]}]


def place():
    if sys.argv[1] != "make":
        return sys.argv[1:4]
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    return vpc, subnet, table


def build(vpc, subnet):
    made = ec2.create_transit_gateway(
        Description="hub", TagSpecifications=tags("transit-gateway", "hub")
    )["TransitGateway"]
    hub = named(made["TransitGatewayId"], "hub")
    named(made["Options"]["AssociationDefaultRouteTableId"], "routing")
    look = lambda: ec2.describe_transit_gateways(TransitGatewayIds=[hub])["TransitGateways"][0]
    wait(lambda: look()["State"] == "available")
    attached = ec2.create_transit_gateway_vpc_attachment(
        TransitGatewayId=hub,
        VpcId=vpc,
        SubnetIds=[subnet],
        TagSpecifications=tags("transit-gateway-attachment", "plant"),
    )["TransitGatewayVpcAttachment"]
    of_vpc = named(attached["TransitGatewayAttachmentId"], "of vpc")
    customer = ec2.create_customer_gateway(Type="ipsec.1", IpAddress="198.51.100.7", BgpAsn=65010)
    customer = named(customer["CustomerGateway"]["CustomerGatewayId"], "site")
    site = lambda: ec2.describe_customer_gateways(CustomerGatewayIds=[customer])
    wait(lambda: site()["CustomerGateways"][0]["State"] == "available")
    vpn = ec2.create_vpn_connection(
        Type="ipsec.1", CustomerGatewayId=customer, TransitGatewayId=hub
    )["VpnConnection"]
    named(vpn["VpnConnectionId"], "vpn")
    listed = lambda: ec2.describe_transit_gateway_attachments(
        Filters=filters(resource_type="vpn", resource_id=vpn["VpnConnectionId"])
    )["TransitGatewayAttachments"]
    wait(lambda: listed() and listed()[0]["State"] == "available")
    of_vpn = named(listed()[0]["TransitGatewayAttachmentId"], "of vpn")
    return hub, of_vpc, customer, vpn, of_vpn


def look(hub, vpn):
    [gateway] = ec2.describe_transit_gateways(TransitGatewayIds=[hub])["TransitGateways"]
    table = gateway["Options"]["AssociationDefaultRouteTableId"]
    of_hub = filters(transit_gateway_id=hub)
    attachments = ec2.describe_transit_gateway_attachments(Filters=of_hub)
    attachments = attachments["TransitGatewayAttachments"]
    vpcs = ec2.describe_transit_gateway_vpc_attachments(Filters=of_hub)
    by_table = dict(TransitGatewayRouteTableId=table)
    associations = ec2.get_transit_gateway_route_table_associations(**by_table)["Associations"]
    propagations = ec2.get_transit_gateway_route_table_propagations(**by_table)
    routes = {
        route["DestinationCidrBlock"]: route
        for kind in ("propagated", "static")
        for route in ec2.search_transit_gateway_routes(**by_table, Filters=filters(type=kind))["Routes"]
    }
    by_type = lambda it: it["ResourceType"]
    connection = ec2.describe_vpn_connections(VpnConnectionIds=[vpn])["VpnConnections"][0]
    return {
        "gateway": gateway,
        "tables": ec2.describe_transit_gateway_route_tables(Filters=of_hub)["TransitGatewayRouteTables"],
        "attachments": {by_type(it): it for it in attachments},
        "vpc_attachments": vpcs["TransitGatewayVpcAttachments"],
        "associations": {by_type(it): it for it in associations},
        "propagations": {
            it["ResourceType"]: it for it in propagations["TransitGatewayRouteTablePropagations"]
        },
        "routes": routes,
        "connection": {
            key: connection.get(key)
            for key in ("TransitGatewayId", "VpnGatewayId", "State", "GatewayAssociationState")
        },
    }


def refusals(hub, table, of_vpc, of_vpn, vpc, subnet):
    unknown = dict(TransitGatewayId="tgw-0123456789abcdef0")
    lost = "tgw-attach-0123456789abcdef0"
    by_table = dict(TransitGatewayRouteTableId=table)
    return {
        "describe unknown": code(ec2.describe_transit_gateways, TransitGatewayIds=["tgw-0123456789abcdef0"]),
        "attach to unknown": code(
            ec2.create_transit_gateway_vpc_attachment, **unknown, VpcId=vpc, SubnetIds=[subnet]
        ),
        "attach twice": code(
            ec2.create_transit_gateway_vpc_attachment,
            TransitGatewayId=hub,
            VpcId=vpc,
            SubnetIds=[subnet],
        ),
        "associate twice": code(
            ec2.associate_transit_gateway_route_table, **by_table, TransitGatewayAttachmentId=of_vpc
        ),
        "route to unknown": code(
            ec2.create_transit_gateway_route,
            **by_table,
            DestinationCidrBlock="10.88.0.0/16",
            TransitGatewayAttachmentId=lost,
        ),
        "delete no route": code(
            ec2.delete_transit_gateway_route, **by_table, DestinationCidrBlock="10.77.0.0/16"
        ),
        "delete default table": code(ec2.delete_transit_gateway_route_table, **by_table),
        "delete the attachment of a vpn": code(
            ec2.delete_transit_gateway_vpc_attachment, TransitGatewayAttachmentId=of_vpn
        ),
        "dry run": code(ec2.create_transit_gateway, DryRun=True),
        # The last, since one endpoint deletes it.
        "delete with attachments": code(ec2.delete_transit_gateway, TransitGatewayId=hub),
    }


def routes(hub, route_table, table, of_vpn):
    """Routes on both sides; what each call says."""
    by_table = dict(TransitGatewayRouteTableId=table)
    static = dict(DestinationCidrBlock=LAN, TransitGatewayAttachmentId=of_vpn)
    there = dict(RouteTableId=route_table, DestinationCidrBlock=LAN, TransitGatewayId=hub)
    said = {
        "static": ec2.create_transit_gateway_route(**by_table, **static)["Route"],
        "static again": code(ec2.create_transit_gateway_route, **by_table, **static),
        "black": ec2.create_transit_gateway_route(
            **by_table, DestinationCidrBlock="10.9.0.0/16", Blackhole=True
        )["Route"],
        "vpc": code(ec2.create_route, **there),
        "vpc again": code(ec2.create_route, **there),
        "vpc replaced": code(ec2.replace_route, **there),
        "vpc not there": code(ec2.replace_route, **there | {"DestinationCidrBlock": "10.66.0.0/16"}),
    }
    time.sleep(60)
    [found] = ec2.describe_route_tables(RouteTableIds=[route_table])["RouteTables"]
    of_lan = [it for it in found["Routes"] if it.get("DestinationCidrBlock") == LAN]
    return said | {"vpc seen": of_lan}


VPC, SUBNET, TABLE = place()
for word, name in ((VPC, "vpc"), (SUBNET, "subnet"), (TABLE, "table")):
    named(word, name)
HUB, OF_VPC, CUSTOMER, VPN, OF_VPN = build(VPC, SUBNET)
ROUTING = next(word for word, name in NAMES.items() if name == "<routing>")
seen = {"said": routes(HUB, TABLE, ROUTING, OF_VPN), "seen": look(HUB, VPN["VpnConnectionId"])}
account = seen["seen"]["gateway"]["OwnerId"]
named(account, "account")
named(ec2.meta.region_name, "region")
seen["refused"] = refusals(HUB, ROUTING, OF_VPC, OF_VPN, VPC, SUBNET)
print(json.dumps(words(json.loads(json.dumps(seen, default=str)))))
