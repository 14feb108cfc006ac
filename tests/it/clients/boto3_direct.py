"""The life of a site's Direct Connect as boto3 sees it, from the order to the teardown.

    boto3_direct.py json       as botocore speaks by itself, and AWS's SDK for Rust
    boto3_direct.py cbor       as botocore speaks when it is told of no other protocol, although the
                               model names CBOR first

Started by sandbox_clients.rs, with the sandbox's address in AWS_ENDPOINT_URL. Every assertion is
about what botocore's own models made of the answers. Sleeps are divided by the sandbox's scale.
"""

import datetime
import json
import os
import sys
import time
import urllib.parse
import urllib.request

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
VPC = "vpc-0a1b2c3d4e5f67890"
TABLE = "rtb-0a1b2c3d4e5f60002"
SUBNETS = ["subnet-0a1b2c3d4e5f60011", "subnet-0a1b2c3d4e5f60012"]
LAN = "10.20.0.0/24"
SPOKEN = set()


def clients(protocol):
    session = botocore.session.get_session()
    if protocol == "cbor":
        loader = session.get_component("data_loader")
        model = loader.load_service_model("directconnect", "service-2")
        model["metadata"].update(protocols=["smithy-rpc-v2-cbor"])
    session = boto3.Session(botocore_session=session)
    config = Config(retries={"max_attempts": 0})
    dx = session.client("directconnect", config=config)

    def spoken(request, **_):
        # In CBOR a call without any input has no body.
        SPOKEN.add(request.headers.get("Content-Type", request.headers.get("smithy-protocol")))

    dx.meta.events.register("before-send.directconnect", spoken)
    return dx, session.client("ec2", config=config)


def refused(call, words, code="DirectConnectClientException", status=400, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        found = error.response["Error"]
        assert found["Code"] == code, f"{call.__name__}: {found}"
        assert words in found["Message"], f"{call.__name__}: {found}"
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == status
        return error
    raise AssertionError(f"{call.__name__} succeeded instead of: {words}")


def until(what, look, seconds=30):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(10)
    raise AssertionError(f"waited {seconds} s for {what}")


def control(path, **query):
    url = f"{ENDPOINT}/_underpass/{path}?{urllib.parse.urlencode(query)}"
    return urllib.request.urlopen(urllib.request.Request(url, method="POST")).read().decode()


def connection(found):
    return dx.describe_connections(connectionId=found)["connections"][0]


def interface(found):
    return dx.describe_virtual_interfaces(virtualInterfaceId=found)["virtualInterfaces"][0]


def association(found):
    found = dx.describe_direct_connect_gateway_associations(associationId=found)
    return found["directConnectGatewayAssociations"][0]


def order():
    [place] = [it for it in dx.describe_locations()["locations"] if it["locationCode"] == "EqFA5"]
    assert "10Gbps" in place["availableMacSecPortSpeeds"]
    assert dx.describe_lags()["lags"] == []
    made = dx.create_connection(
        location="EqFA5",
        bandwidth="10Gbps",
        connectionName="plant",
        requestMACSec=True,
        tags=[{"key": "Name", "value": "plant"}],
    )
    port = made["connectionId"]
    assert made["connectionState"] == "requested" and made["macSecCapable"] is True
    until("the order", lambda: connection(port)["tags"])
    refused(dx.describe_loa, "not available yet", connectionId=port)
    refused(dx.confirm_connection, f"{port} is in state requested", connectionId=port)
    control("direct-connect/letter", connection=port)
    assert connection(port)["connectionState"] == "pending"
    loa = dx.describe_loa(connectionId=port, loaContentType="application/pdf")
    assert loa["loaContent"].startswith(b"%PDF-1.4"), loa["loaContent"][:20]
    issued = connection(port)["loaIssueTime"]
    assert isinstance(issued, datetime.datetime) and issued.tzinfo, issued
    control("direct-connect/port", connection=port, state="up")
    assert connection(port)["connectionState"] == "available"
    key = dx.associate_mac_sec_key(connectionId=port, ckn="ab" * 32, cak="cd" * 32)
    assert key["macSecKeys"][0]["state"] == "associating"
    until("the key", lambda: connection(port)["portEncryptionStatus"] == "Encryption Up")
    return port


def hub():
    made = ec2.create_transit_gateway(Options={"AmazonSideAsn": 64520})["TransitGateway"]
    found = made["TransitGatewayId"]
    look = lambda: ec2.describe_transit_gateways(TransitGatewayIds=[found])["TransitGateways"][0]
    until("the hub", lambda: look()["State"] == "available")
    attached = ec2.create_transit_gateway_vpc_attachment(
        TransitGatewayId=found, VpcId=VPC, SubnetIds=SUBNETS
    )["TransitGatewayVpcAttachment"]["TransitGatewayAttachmentId"]
    until("the VPC", lambda: attachment(attached)["State"] == "available")
    ec2.create_route(RouteTableId=TABLE, DestinationCidrBlock=LAN, TransitGatewayId=found)
    return found, attached


def attachment(found):
    ids = dict(TransitGatewayAttachmentIds=[found])
    return ec2.describe_transit_gateway_attachments(**ids)["TransitGatewayAttachments"][0]


def associate(target):
    same = dx.create_direct_connect_gateway(directConnectGatewayName="same", amazonSideAsn=64520)
    same = same["directConnectGateway"]["directConnectGatewayId"]
    made = dx.create_direct_connect_gateway(
        directConnectGatewayName="plant", amazonSideAsn=4200000001
    )["directConnectGateway"]
    gateway = made["directConnectGatewayId"]
    assert made["amazonSideAsn"] == 4200000001
    look = lambda it: dx.describe_direct_connect_gateways(directConnectGatewayId=it)
    for it in (same, gateway):
        state = lambda: look(it)["directConnectGateways"][0]["directConnectGatewayState"]
        until("the gateway", lambda: look(it)["directConnectGateways"] and state() == "available")
    create = dx.create_direct_connect_gateway_association
    refused(create, "must be different", directConnectGatewayId=same, gatewayId=target)
    dx.delete_direct_connect_gateway(directConnectGatewayId=same)
    made = create(directConnectGatewayId=gateway, gatewayId=target)
    found = made["directConnectGatewayAssociation"]["associationId"]
    until("the association", lambda: association(found)["associationState"] == "associated", 60)
    assert association(found)["allowedPrefixesToDirectConnectGateway"] == []
    dx.update_direct_connect_gateway_association(
        associationId=found, addAllowedPrefixesToDirectConnectGateway=[{"cidr": "10.0.0.0/16"}]
    )
    assert association(found)["associationState"] == "updating"
    until("the prefixes", lambda: association(found)["associationState"] == "associated", 60)
    [prefix] = association(found)["allowedPrefixesToDirectConnectGateway"]
    assert prefix == {"cidr": "10.0.0.0/16"}
    return gateway, found


def make_interface(port, gateway):
    wanted = dict(
        virtualInterfaceName="plant",
        vlan=126,
        asn=65010,
        mtu=8500,
        directConnectGatewayId=gateway,
        tags=[{"key": "Name", "value": "plant"}],
    )
    create = dx.create_transit_virtual_interface
    made = create(connectionId=port, newTransitVirtualInterface=wanted)["virtualInterface"]
    found = made["virtualInterfaceId"]
    assert made["virtualInterfaceState"] == "pending" and made["vlan"] == 126
    refused(create, "VLAN 126 is already in use", connectionId=port, newTransitVirtualInterface=wanted)
    seen = lambda: dx.describe_virtual_interfaces(virtualInterfaceId=found)["virtualInterfaces"]
    state = lambda: seen() and seen()[0]["virtualInterfaceState"]
    until("the interface", lambda: state() == "down")
    return found


def route():
    query = urllib.parse.urlencode(dict(vpc=VPC, prefix=LAN))
    paths = json.load(urllib.request.urlopen(f"{ENDPOINT}/_underpass/paths?{query}"))
    return paths[TABLE]


def run_bgp(found):
    sample = dx.describe_router_configuration(
        virtualInterfaceId=found,
        routerTypeIdentifier="CiscoSystemsInc-2900SeriesRouters-IOS124",
    )
    it = interface(found)
    assert it["authKey"] in sample["customerRouterConfig"]
    assert sample["router"]["vendor"] == "Cisco Systems, Inc."
    assert f"<bgp_auth_key>{it['authKey']}<" in it["customerRouterConfig"]
    control("direct-connect/router", interface=found, state="up")
    until("the session", lambda: interface(found)["bgpPeers"][0]["bgpStatus"] == "up")
    assert interface(found)["virtualInterfaceState"] == "available"
    carried = {"lanes": [{"direct-connect": {"interface": found}}], "spread": True}
    assert route()["there"] == {"Ok": carried} and route()["back"] == {"Ok": carried}, route()


def failover(found):
    test = dx.start_bgp_failover_test(virtualInterfaceId=found, testDurationInMinutes=60)
    test = test["virtualInterfaceTest"]
    assert (test["endTime"] - test["startTime"]).total_seconds() == 3600
    assert interface(found)["virtualInterfaceState"] == "testing"
    assert "Err" in route()["there"]
    dx.stop_bgp_failover_test(virtualInterfaceId=found)
    assert interface(found)["virtualInterfaceState"] == "available"
    history = dx.list_virtual_interface_test_history(virtualInterfaceId=found)
    assert [it["testId"] for it in history["virtualInterfaceTestHistory"]] == [test["testId"]]


def tags(port):
    arn = f"arn:aws:directconnect:eu-central-1:111122223333:dxcon/{port}"
    dx.tag_resource(resourceArn=arn, tags=[{"key": "site", "value": "7"}])
    dx.untag_resource(resourceArn=arn, tagKeys=["Name"])
    [found] = dx.describe_tags(resourceArns=[arn])["resourceTags"]
    assert found["tags"] == [{"key": "site", "value": "7"}]
    twice = [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]
    refused(dx.tag_resource, "", "DuplicateTagKeysException", resourceArn=arn, tags=twice)
    try:
        dx.tag_resource(resourceArn=arn, tags=twice)
    except dx.exceptions.DuplicateTagKeysException:
        pass


def teardown(port, target, attached, gateway, found, virtual):
    refused(dx.delete_connection, "virtual interfaces", connectionId=port)
    gone = dx.delete_virtual_interface(virtualInterfaceId=virtual)
    assert gone["virtualInterfaceState"] == "deleting"
    seen = lambda: dx.describe_virtual_interfaces(virtualInterfaceId=virtual)["virtualInterfaces"]
    until("no interface", lambda: not seen() or seen()[0]["virtualInterfaceState"] == "deleted")
    refused(
        dx.delete_direct_connect_gateway, "associated", directConnectGatewayId=gateway
    )
    dx.delete_direct_connect_gateway_association(associationId=found)
    until("no association", lambda: association(found)["associationState"] == "disassociated", 60)
    dx.delete_direct_connect_gateway(directConnectGatewayId=gateway)
    dx.delete_connection(connectionId=port)
    until("no port", lambda: connection(port)["connectionState"] == "deleted")
    ec2.delete_route(RouteTableId=TABLE, DestinationCidrBlock=LAN)
    ec2.delete_transit_gateway_vpc_attachment(TransitGatewayAttachmentId=attached)
    until("no VPC", lambda: attachment(attached)["State"] == "deleted")
    ec2.delete_transit_gateway(TransitGatewayId=target)


dx, ec2 = clients(sys.argv[1])
port = order()
tags(port)
target, attached = hub()
gateway, found = associate(target)
virtual = make_interface(port, gateway)
run_bgp(virtual)
failover(virtual)
teardown(port, target, attached, gateway, found, virtual)
expected = {"cbor": {"application/cbor", "rpc-v2-cbor"}, "json": {"application/x-amz-json-1.1"}}
spoken = {it.decode() if isinstance(it, bytes) else it for it in SPOKEN}
assert spoken == expected[sys.argv[1]], spoken
