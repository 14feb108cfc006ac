"""What stands for the site plant-7 at AWS_ENDPOINT_URL, as boto3 sees it, in one JSON document.

    boto3_end_state.py vpc              makes a VPC like the sandbox's and prints its id
    boto3_end_state.py look VPC KEYS    prints {"site": ..., "everything": ...}

"everything" is every VPN object and every route table of the region, as answered, in the order of
their ids. "site" is what carries the site's tag and is alive, with ids, times, keys and outside
addresses replaced by words, so that two endpoints can be compared. Tunnels stand in the order of
their inside CIDRs: where AWS puts them means nothing.
"""

import json
import pathlib
import re
import sys
import xml.etree.ElementTree as ET

import boto3

SITE = {"Key": "underpass:site", "Value": "plant-7"}
GONE = ("deleting", "deleted", "detaching", "detached")
ec2 = boto3.client("ec2")


def everything():
    described = {
        "customer_gateways": ec2.describe_customer_gateways()["CustomerGateways"],
        "vpn_gateways": ec2.describe_vpn_gateways()["VpnGateways"],
        "vpn_connections": ec2.describe_vpn_connections()["VpnConnections"],
        "route_tables": ec2.describe_route_tables()["RouteTables"],
    }
    for objects in described.values():
        objects.sort(key=lambda it: [str(it[k]) for k in sorted(it) if k.endswith("Id")])
    return json.loads(json.dumps(described, default=str))


def unordered(described):
    """The same without the order of the tunnels, which changes between two looks."""
    for it in described["vpn_connections"]:
        text = it.get("CustomerGatewayConfiguration", "")
        it["CustomerGatewayConfiguration"] = sorted(text.splitlines())
        for tunnels in (it.get("Options", {}).get("TunnelOptions", []), it.get("VgwTelemetry", [])):
            tunnels.sort(key=lambda tunnel: tunnel["OutsideIpAddress"])
    return described


def words(value, names):
    """The value with everything that an endpoint may choose replaced by what it stands for."""
    if isinstance(value, dict):
        return {key: words(inner, names) for key, inner in value.items()}
    if isinstance(value, list):
        return [words(inner, names) for inner in value]
    if not isinstance(value, str):
        return value
    if value in names:
        return names[value]
    if re.fullmatch(r"\d{4}-\d\d-\d\d[T ][\d:.]+(Z|\+00:00)", value):
        return "<time>"
    if re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{26}", value):
        return "<run>"
    return value


def tree(element):
    """An XML element as the JSON that one would have written instead."""
    inner = {}
    for child in element:
        inner.setdefault(child.tag, []).append(tree(child))
    for tag, values in inner.items():
        if len(values) == 1 and tag != "ipsec_tunnel":
            inner[tag] = values[0]
    attributes = {f"@{name}": value for name, value in element.attrib.items()}
    return {**attributes, **inner} if inner else (element.text or "").strip()


def inside(tunnel):
    return tunnel["vpn_gateway"]["tunnel_inside_address"]["ip_address"]


def connection(found, names, keys):
    """A connection with its XML as a tree, and its tunnels in order."""
    root = ET.fromstring(found["CustomerGatewayConfiguration"].encode())
    xml = tree(root)
    xml["ipsec_tunnel"].sort(key=inside)
    for number, tunnel in enumerate(xml["ipsec_tunnel"], 1):
        outside = tunnel["vpn_gateway"]["tunnel_outside_address"]["ip_address"]
        names.setdefault(outside, f"<outside {number}>")
        ours = tunnel["ike"]["pre_shared_key"] in keys
        tunnel["ike"]["pre_shared_key"] = "<our key>" if ours else "<not our key>"
    for option in found.get("Options", {}).get("TunnelOptions", []):
        option["PreSharedKey"] = "<our key>" if option["PreSharedKey"] in keys else "<not our key>"
    found.get("Options", {}).get("TunnelOptions", []).sort(key=lambda it: it["TunnelInsideCidr"])
    found.get("VgwTelemetry", []).sort(key=lambda it: names[it["OutsideIpAddress"]])
    return found | {"CustomerGatewayConfiguration": xml}


def site(described, vpc, keys):
    alive = {
        kind: [it for it in described[kind] if SITE in it.get("Tags", []) and it["State"] not in GONE]
        for kind in ("customer_gateways", "vpn_gateways", "vpn_connections")
    }
    names = {vpc: "<vpc>"}
    for kind, name in (
        ("customer_gateways", "CustomerGateway"),
        ("vpn_gateways", "VpnGateway"),
        ("vpn_connections", "VpnConnection"),
    ):
        for number, it in enumerate(alive[kind], 1):
            names[it[f"{name}Id"]] = f"<{name} {number}>"
    alive["vpn_connections"] = [connection(it, names, keys) for it in alive["vpn_connections"]]
    for gateway in alive["vpn_gateways"]:
        attached = gateway["VpcAttachments"]
        gateway["VpcAttachments"] = [it for it in attached if it["State"] not in GONE]
    for objects in alive.values():
        for it in objects:
            it["Tags"] = {tag["Key"]: tag["Value"] for tag in it["Tags"]}
    return words(alive, names)


def strings(value):
    """Every string in a JSON document."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return {found for inner in value for found in strings(inner)}
    return {value} if isinstance(value, str) else set()


if sys.argv[1] == "vpc":
    print(ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])
else:
    [_, _, vpc, path] = sys.argv
    path = pathlib.Path(path)
    keys = strings(json.loads(path.read_text())) if path.exists() else set()
    seen = everything()
    of_site = site(json.loads(json.dumps(seen)), vpc, keys)
    print(json.dumps({"everything": unordered(seen), "site": of_site}))
