"""The life of a site's VPN as boto3 sees it: everything is created, changed and deleted.

Started by sandbox_clients.rs, with the sandbox's address in AWS_ENDPOINT_URL. Every assertion is
about what botocore's own models made of the answers. Sleeps are divided by the sandbox's scale.
"""

import os
import time
import urllib.request
import xml.etree.ElementTree as ET

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
VPC = "vpc-0a1b2c3d4e5f67890"
TABLE = "rtb-0a1b2c3d4e5f60002"
SITE = "198.51.100.7"

ec2 = boto3.client("ec2", config=Config(retries={"max_attempts": 0}))
sts = boto3.client("sts")


def refused(code, call, status=400, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        found = error.response["Error"]["Code"]
        assert found == code, f"{call.__name__}: {found} instead of {code}: {error}"
        http = error.response["ResponseMetadata"]["HTTPStatusCode"]
        assert http == status, f"{call.__name__}: HTTP {http} instead of {status}"
        assert error.response["ResponseMetadata"].get("RequestId"), "no request id"
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


def connection(vpn):
    return ec2.describe_vpn_connections(VpnConnectionIds=[vpn])["VpnConnections"][0]


def tags(kind, name):
    return [{"ResourceType": kind, "Tags": [{"Key": "underpass:site", "Value": name}]}]


def read_the_defaults():
    assert sts.get_caller_identity()["Account"] == "111122223333"
    regions = [region["RegionName"] for region in ec2.describe_regions()["Regions"]]
    assert "eu-central-1" in regions
    zones = ec2.describe_availability_zones()["AvailabilityZones"]
    assert [zone["ZoneName"] for zone in zones] == [f"eu-central-1{x}" for x in "abc"]
    by_name = ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["*-vpc"]}])["Vpcs"]
    assert {vpc["CidrBlock"] for vpc in by_name} == {"10.0.0.0/16", "10.1.0.0/16", "10.2.0.0/16"}
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [VPC]}])["Subnets"]
    assert len({subnet["AvailabilityZone"] for subnet in subnets}) == 3
    tables = ec2.describe_route_tables(
        Filters=[
            {"Name": "vpc-id", "Values": [VPC]},
            {"Name": "association.main", "Values": ["true"]},
        ]
    )["RouteTables"]
    assert [table["RouteTableId"] for table in tables] == ["rtb-0a1b2c3d4e5f60001"]
    pages = ec2.get_paginator("describe_route_tables").paginate(PaginationConfig={"PageSize": 5})
    assert len([table for page in pages for table in page["RouteTables"]]) == 6
    types = ec2.get_vpn_connection_device_types()["VpnConnectionDeviceTypes"]
    assert any(kind["Vendor"] == "Strongswan" for kind in types)


def create_gateways():
    site = dict(Type="ipsec.1", IpAddress=SITE, BgpAsn=65010)
    made = ec2.create_customer_gateway(
        **site, DeviceName="cam-hub", TagSpecifications=tags("customer-gateway", "plant-7")
    )["CustomerGateway"]
    assert made["BgpAsn"] == "65010" and made["IpAddress"] == SITE, made
    assert made["Tags"] == [{"Key": "underpass:site", "Value": "plant-7"}]
    customer = made["CustomerGatewayId"]
    again = ec2.create_customer_gateway(**site, DeviceName="cam-hub")["CustomerGateway"]
    assert again["CustomerGatewayId"] == customer
    wide = ec2.create_customer_gateway(
        Type="ipsec.1", IpAddress="198.51.100.8", BgpAsnExtended=4200000000
    )["CustomerGateway"]
    assert wide["BgpAsnExtended"] == "4200000000" and "BgpAsn" not in wide, wide
    gateway = ec2.create_vpn_gateway(
        Type="ipsec.1", AmazonSideAsn=64513, TagSpecifications=tags("vpn-gateway", "plant-7")
    )["VpnGateway"]
    assert gateway["AmazonSideAsn"] == 64513 and gateway["State"] == "pending", gateway
    gateway = gateway["VpnGatewayId"]
    available = [{"Name": "state", "Values": ["available"]}]
    until(
        "the gateways",
        lambda: len(ec2.describe_customer_gateways(Filters=available)["CustomerGateways"]) == 2
        and len(ec2.describe_vpn_gateways(Filters=available)["VpnGateways"]) == 2,
    )
    until(
        "the second gateway's deletion",
        lambda: ec2.delete_customer_gateway(CustomerGatewayId=wide["CustomerGatewayId"]),
    )
    return customer, gateway


def tunnel(number, **more):
    return dict(
        TunnelInsideCidr=f"169.254.10.{4 * number}/30",
        PreSharedKey=f"boto3.tunnel_{number}.0123456789",
        Phase1EncryptionAlgorithms=[{"Value": "AES256-GCM-16"}],
        Phase2EncryptionAlgorithms=[{"Value": "AES256-GCM-16"}],
        Phase1IntegrityAlgorithms=[{"Value": "SHA2-384"}],
        Phase2IntegrityAlgorithms=[{"Value": "SHA2-384"}],
        Phase1DHGroupNumbers=[{"Value": 20}, {"Value": 21}],
        Phase2DHGroupNumbers=[{"Value": 20}],
        IKEVersions=[{"Value": "ikev2"}],
        DPDTimeoutSeconds=40,
        DPDTimeoutAction="restart",
        **more,
    )


def create_connection(customer, gateway):
    arguments = dict(Type="ipsec.1", CustomerGatewayId=customer, VpnGatewayId=gateway)
    refused("DryRunOperation", ec2.create_vpn_connection, 412, **arguments, DryRun=True)
    bad = tunnel(1) | {"PreSharedKey": "not+allowed/"}
    refused(
        "InvalidParameterValue",
        ec2.create_vpn_connection,
        **arguments,
        Options={"TunnelOptions": [tunnel(0), bad]},
    )
    logs = {"CloudWatchLogOptions": {"LogEnabled": True, "LogGroupArn": "arn:aws:logs:x:1:g"}}
    made = ec2.create_vpn_connection(
        **arguments,
        Options={"TunnelOptions": [tunnel(0), tunnel(1, LogOptions=logs)]},
        TagSpecifications=tags("vpn-connection", "plant-7"),
    )["VpnConnection"]
    assert made["State"] == "pending" and made["Category"] == "VPN", made["State"]
    assert made["GatewayAssociationState"] == "associated"
    vpn = made["VpnConnectionId"]
    again = ec2.create_vpn_connection(**arguments)["VpnConnection"]
    assert again["VpnConnectionId"] == vpn
    check_connection(made, customer, gateway)
    ec2.get_waiter("vpn_connection_available").wait(
        VpnConnectionIds=[vpn], WaiterConfig={"Delay": 15, "MaxAttempts": 40}
    )
    return vpn


def check_connection(made, customer, gateway):
    options = {option["TunnelInsideCidr"]: option for option in made["Options"]["TunnelOptions"]}
    assert set(options) == {"169.254.10.0/30", "169.254.10.4/30"}
    second = options["169.254.10.4/30"]
    assert second["Phase1DHGroupNumbers"] == [{"Value": 20}, {"Value": 21}], second
    assert second["DpdTimeoutSeconds"] == 40 and second["Phase1LifetimeSeconds"] == 28800
    assert second["LogOptions"]["CloudWatchLogOptions"]["LogEnabled"] is True
    assert made["Options"]["StaticRoutesOnly"] is False
    telemetry = {entry["OutsideIpAddress"]: entry for entry in made["VgwTelemetry"]}
    assert set(telemetry) == {option["OutsideIpAddress"] for option in options.values()}
    assert all(entry["LastStatusChange"].tzinfo for entry in telemetry.values())

    root = ET.fromstring(made["CustomerGatewayConfiguration"].encode())
    assert root.get("id") == made["VpnConnectionId"]
    assert root.findtext("customer_gateway_id") == customer
    assert root.findtext("vpn_gateway_id") == gateway
    tunnels = root.findall("ipsec_tunnel")
    assert len(tunnels) == 2
    for one in tunnels:
        outside = one.findtext("vpn_gateway/tunnel_outside_address/ip_address")
        [option] = [o for o in options.values() if o["OutsideIpAddress"] == outside]
        network = option["TunnelInsideCidr"].removesuffix("/30").rsplit(".", 1)
        inside = one.findtext("vpn_gateway/tunnel_inside_address/ip_address")
        assert inside == f"{network[0]}.{int(network[1]) + 1}"
        assert one.findtext("customer_gateway/tunnel_outside_address/ip_address") == SITE
        assert one.findtext("customer_gateway/bgp/asn") == "65010"
        assert one.findtext("vpn_gateway/bgp/asn") == "64513"
        assert one.findtext("ike/pre_shared_key") == option["PreSharedKey"]
        assert one.findtext("ike/perfect_forward_secrecy") == "group2", "constant, as AWS's"


def attach_and_propagate(gateway):
    refused(
        "Gateway.NotAttached", ec2.enable_vgw_route_propagation, GatewayId=gateway, RouteTableId=TABLE
    )
    attachment = ec2.attach_vpn_gateway(VpcId=VPC, VpnGatewayId=gateway)["VpcAttachment"]
    assert attachment == {"VpcId": VPC, "State": "attaching"}, attachment
    attached = [
        {"Name": "attachment.vpc-id", "Values": [VPC]},
        {"Name": "attachment.state", "Values": ["attached"]},
    ]
    until("the attachment", lambda: ec2.describe_vpn_gateways(Filters=attached)["VpnGateways"])
    ec2.enable_vgw_route_propagation(GatewayId=gateway, RouteTableId=TABLE)


def bring_up(vpn):
    url = f"{ENDPOINT}/_underpass/gateway?ip={SITE}&state=online&lan=10.20.0.0/24"
    urllib.request.urlopen(urllib.request.Request(url, method="POST")).read()
    up = lambda: all(entry["Status"] == "UP" for entry in connection(vpn)["VgwTelemetry"])
    until("the tunnels", up)
    [entry, _] = connection(vpn)["VgwTelemetry"]
    assert (entry["StatusMessage"], entry["AcceptedRouteCount"]) == ("1 BGP ROUTES", 1)
    [table] = ec2.describe_route_tables(RouteTableIds=[TABLE])["RouteTables"]
    learned = [r for r in table["Routes"] if r["Origin"] == "EnableVgwRoutePropagation"]
    assert [route["DestinationCidrBlock"] for route in learned] == ["10.20.0.0/24"]
    status = ec2.get_active_vpn_tunnel_status(
        VpnConnectionId=vpn, VpnTunnelOutsideIpAddress=entry["OutsideIpAddress"]
    )["ActiveVpnTunnelStatus"]
    assert status["Phase1EncryptionAlgorithm"] == "AES256-GCM-16"
    assert (status["Phase1DHGroup"], status["IkeVersion"]) == (20, "ikev2")
    assert status["ProvisioningStatus"] == "available"


def modify(vpn):
    outside = connection(vpn)["VgwTelemetry"][0]["OutsideIpAddress"]
    which = dict(VpnConnectionId=vpn, VpnTunnelOutsideIpAddress=outside)
    options = {"Phase1LifetimeSeconds": 14400, "PreSharedKey": "rotated.0123456789"}
    refused(
        "DryRunOperation", ec2.modify_vpn_tunnel_options, 412, **which, TunnelOptions=options, DryRun=True
    )
    changed = ec2.modify_vpn_tunnel_options(**which, TunnelOptions=options)["VpnConnection"]
    assert changed["State"] == "modifying"
    refused("IncorrectState", ec2.modify_vpn_tunnel_options, **which, TunnelOptions=options)
    status = {entry["OutsideIpAddress"]: entry["Status"] for entry in changed["VgwTelemetry"]}
    assert status.pop(outside) == "DOWN" and list(status.values()) == ["UP"], changed["VgwTelemetry"]
    until("the modification", lambda: connection(vpn)["State"] == "available")
    [option] = [
        option
        for option in connection(vpn)["Options"]["TunnelOptions"]
        if option["OutsideIpAddress"] == outside
    ]
    assert option["PreSharedKey"] == "rotated.0123456789" and option["Phase1LifetimeSeconds"] == 14400
    assert ec2.replace_vpn_tunnel(**which, ApplyPendingMaintenance=True)["Return"] is True
    until("the replacement", lambda: connection(vpn)["State"] == "available")
    details = ec2.get_vpn_tunnel_replacement_status(**which)["MaintenanceDetails"]
    assert details["LastMaintenanceApplied"].tzinfo
    changed = ec2.modify_vpn_connection_options(
        VpnConnectionId=vpn, LocalIpv4NetworkCidr="10.20.0.0/24"
    )["VpnConnection"]
    assert changed["Options"]["LocalIpv4NetworkCidr"] == "10.20.0.0/24"
    until("the modification", lambda: connection(vpn)["State"] == "available")


def tag(vpn, customer):
    ec2.create_tags(Resources=[vpn, customer], Tags=[{"Key": "Name", "Value": "a & b <c>"}])
    named = [{"Name": "tag:Name", "Values": ["a & b <c>"]}]
    assert len(ec2.describe_vpn_connections(Filters=named)["VpnConnections"]) == 1
    found = ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [vpn]}])["Tags"]
    assert {(t["ResourceType"], t["Key"]) for t in found} == {
        ("vpn-connection", "Name"),
        ("vpn-connection", "underpass:site"),
    }
    ec2.delete_tags(Resources=[vpn], Tags=[{"Key": "Name"}])
    assert ec2.describe_vpn_connections(Filters=named)["VpnConnections"] == []


def static_connection(customer):
    vpn = ec2.create_vpn_connection(
        Type="ipsec.1",
        CustomerGatewayId=customer,
        VpnGatewayId="vgw-0b1b2c3d4e5f60009",
        Options={"StaticRoutesOnly": True},
    )["VpnConnection"]["VpnConnectionId"]
    route = dict(VpnConnectionId=vpn, DestinationCidrBlock="10.20.0.0/24")
    until("the static connection", lambda: connection(vpn)["State"] == "available")
    ec2.create_vpn_connection_route(**route)
    until("the route", lambda: connection(vpn)["Routes"][0]["State"] == "available")
    by_route = [{"Name": "route.destination-cidr-block", "Values": ["10.20.0.0/24"]}]
    [found] = ec2.describe_vpn_connections(Filters=by_route)["VpnConnections"]
    assert found["Routes"][0]["Source"] == "Static"
    assert "NoBGPVPNConnection" in found["CustomerGatewayConfiguration"]
    ec2.delete_vpn_connection_route(**route)
    ec2.delete_vpn_connection(VpnConnectionId=vpn)


def delete_everything(customer, gateway, vpn):
    refused("IncorrectState", ec2.delete_customer_gateway, CustomerGatewayId=customer)
    refused("IncorrectState", ec2.delete_vpn_gateway, VpnGatewayId=gateway)
    ec2.disable_vgw_route_propagation(GatewayId=gateway, RouteTableId=TABLE)
    [table] = ec2.describe_route_tables(RouteTableIds=[TABLE])["RouteTables"]
    assert table["PropagatingVgws"] == []
    ec2.delete_vpn_connection(VpnConnectionId=vpn)
    ec2.get_waiter("vpn_connection_deleted").wait(
        VpnConnectionIds=[vpn], WaiterConfig={"Delay": 15, "MaxAttempts": 40}
    )
    assert "CustomerGatewayConfiguration" not in connection(vpn)
    by_customer = [{"Name": "customer-gateway-id", "Values": [customer]}]
    gone = lambda: all(
        c["State"] == "deleted"
        for c in ec2.describe_vpn_connections(Filters=by_customer)["VpnConnections"]
    )
    until("the static connection's deletion", gone)
    ec2.delete_customer_gateway(CustomerGatewayId=customer)
    ec2.detach_vpn_gateway(VpcId=VPC, VpnGatewayId=gateway)
    attachments = lambda: ec2.describe_vpn_gateways(VpnGatewayIds=[gateway])["VpnGateways"][0]
    until("the detachment", lambda: attachments()["VpcAttachments"][0]["State"] == "detached")
    refused("InvalidVpnGatewayAttachment.NotFound", ec2.detach_vpn_gateway, VpcId=VPC, VpnGatewayId=gateway)
    ec2.delete_vpn_gateway(VpnGatewayId=gateway)
    until("the gateway's deletion", lambda: attachments()["State"] == "deleted")


read_the_defaults()
CUSTOMER, GATEWAY = create_gateways()
VPN = create_connection(CUSTOMER, GATEWAY)
attach_and_propagate(GATEWAY)
bring_up(VPN)
modify(VPN)
tag(VPN, CUSTOMER)
static_connection(CUSTOMER)
delete_everything(CUSTOMER, GATEWAY, VPN)
refused("InvalidVpnConnectionID.NotFound", ec2.describe_vpn_connections, VpnConnectionIds=["vpn-0123456789abcdef0"])
refused("InvalidParameterValue", ec2.describe_vpn_gateways, Filters=[{"Name": "colour", "Values": ["red"]}])
print("boto3: ok")
