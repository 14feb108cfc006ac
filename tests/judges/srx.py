"""Reads Junos set commands and judges every statement.

The hierarchy `security` by a grammar written down from Juniper's YANG model for the SRX
(junos-es-conf-security of Junos 20.4): choices, lengths and ranges as facts. Every other hierarchy by
Juniper's own schema of Junos 24.4, which the package junoscfg carries (its part for the SRX is that
of another platform, so it says nothing of `security`).
"""

import ipaddress
import json
import os
import re
import shlex

import common

with open(os.path.join(os.environ["UNDERPASS_JUDGES"], "junos.json"), encoding="utf-8") as _file:
    SCHEMA = json.load(_file)

N = r"([A-Za-z][A-Za-z0-9._-]{0,31})"
ZONE = r"([A-Za-z][A-Za-z0-9._-]{0,62})"
IP = r"(\d+\.\d+\.\d+\.\d+)"
NET = rf"{IP}/(\d+)"
UNIT = r"st0\.(\d+)"
TEXT = r".{1,80}"
GROUP = "group(?:1|2|5|14|15|16|19|20|24)"
GCM = "aes-128-gcm|aes-192-gcm|aes-256-gcm"
CBC = "3des-cbc|aes-128-cbc|aes-192-cbc|aes-256-cbc"
PAIR = rf"policies from-zone {ZONE} to-zone {ZONE} policy {ZONE}"
# Pattern and the ranges of its numbers by group, below `set security`.
SECURITY = [
    (rf"(?:ike|ipsec) (?:proposal|policy) {N} description {TEXT}", {}),
    (rf"ike proposal {N} authentication-method pre-shared-keys", {}),
    (rf"ike proposal {N} dh-group {GROUP}", {}),
    (rf"ike proposal {N} authentication-algorithm (?:md5|sha1|sha-256|sha-384)", {}),
    (rf"ike proposal {N} encryption-algorithm (?:{CBC}|aes-128-gcm|aes-256-gcm)", {}),
    (rf"(?:ike|ipsec) proposal {N} lifetime-seconds (\d+)", {2: (180, 86400)}),
    (rf"ike policy {N} mode (?:main|aggressive)", {}),
    (rf"(?:ike|ipsec) policy {N} proposals {N}", {}),
    (rf"ike policy {N} pre-shared-key ascii-text \S{{1,255}}", {}),
    (rf"ike gateway {N} ike-policy {N}", {}),
    (rf"ike gateway {N} address {IP}", {}),
    (rf"ike gateway {N} dead-peer-detection (?:optimized|probe-idle-tunnel|always-send)", {}),
    (rf"ike gateway {N} dead-peer-detection interval (\d+)", {2: (2, 60)}),
    (rf"ike gateway {N} dead-peer-detection threshold (\d+)", {2: (1, 5)}),
    (rf"ike gateway {N} nat-keepalive (\d+)", {2: (1, 300)}),
    (rf"ike gateway {N} local-identity inet {IP}", {}),
    (rf"ike gateway {N} external-interface [a-z]+-?[0-9/]*\.\d+", {}),
    (rf"ike gateway {N} local-address {IP}", {}),
    (rf"ike gateway {N} version (?:v1-only|v2-only)", {}),
    (rf"ipsec proposal {N} protocol (?:ah|esp)", {}),
    (rf"ipsec proposal {N} encryption-algorithm (?:{CBC}|{GCM})", {}),
    (rf"ipsec proposal {N} authentication-algorithm (?:hmac-sha1-96|hmac-sha-256-128)", {}),
    (rf"ipsec policy {N} perfect-forward-secrecy keys {GROUP}", {}),
    (rf"ipsec vpn {N} bind-interface {UNIT}", {2: (0, 16385)}),
    (rf"ipsec vpn {N} df-bit (?:clear|set|copy)", {}),
    (rf"ipsec vpn {N} vpn-monitor source-interface {UNIT}", {2: (0, 16385)}),
    (rf"ipsec vpn {N} vpn-monitor destination-ip {IP}", {}),
    (rf"ipsec vpn {N} ike gateway {N}", {}),
    (rf"ipsec vpn {N} ike ipsec-policy {N}", {}),
    (rf"ipsec vpn {N} establish-tunnels (?:immediately|on-traffic)", {}),
    (r"flow tcp-mss ipsec-vpn mss (\d+)", {1: (64, 65535)}),
    (rf"zones security-zone {ZONE} description {TEXT}", {}),
    (rf"zones security-zone {ZONE} host-inbound-traffic system-services (?:ike|ping)", {}),
    (rf"zones security-zone {ZONE} host-inbound-traffic protocols (?:bgp|bfd)", {}),
    (rf"zones security-zone {ZONE} interfaces {UNIT}", {2: (0, 16385)}),
    (rf"zones security-zone {ZONE} interfaces (?:ge|xe|et|reth)[0-9/-]+\.(\d+)", {2: (0, 16385)}),
    (rf"address-book global address {ZONE} {NET}", {3: (0, 32)}),
    (rf"{PAIR} description {TEXT}", {}),
    (rf"{PAIR} match (?:source|destination)-address {ZONE}", {}),
    (rf"{PAIR} match application any", {}),
    (rf"{PAIR} then (?:permit|deny)", {}),
]


def security(words, problem):
    for pattern, ranges in SECURITY:
        match = re.fullmatch(pattern, words)
        if match:
            for group, (least, most) in ranges.items():
                if not least <= int(match[group]) <= most:
                    problem(f"{match[group]} is not from {least} to {most}: {words}")
            return
    problem(f"no such statement: {words}")


def walk(node, words):
    """Why the schema has no such statement; none where it has."""
    while words:
        below = node.get("c", {})
        if words[0] in below:
            word, found, words = words[0], below[words[0]], words[1:]
        else:
            # A word without a name of its own: the value of a nameless leaf, or a list's key.
            nameless = [one for one in below.values() if one.get("nk")]
            if not any(fits(one, words[0]) for one in nameless):
                return f"has no {words[0]}"
            node = next(one for one in nameless if fits(one, words[0]))
            if node.get("L"):
                words = words[1:]
                continue
            node, words = {"c": below}, words[1:]
            continue
        if found.get("p"):
            continue
        if found.get("l"):
            if not words:
                return "lacks a value"
            # A choice that has the leaf's own name stands for a value: `none` or a `vlan-id`.
            if not fits(found, words[0]) and word not in found["e"]:
                return f"may not be {words[0]}: {found['e']}"
            words = words[1:]
            continue
        if found.get("L"):
            if not words:
                return "lacks a name"
            if len(words) > 1 and found.get("o") and found["c"].get(words[0], {}).get("p"):
                # What is done comes before the name: `then community add NAME`.
                words = [words[1], words[0], *words[2:]]
            words = words[1:]
        node = found
    return None


def fits(leaf, word):
    return "e" not in leaf or word in leaf["e"] or not leaf["e"]


def read(text, verb, problem):
    lines = []
    for at, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            words = shlex.split(line)
        except ValueError as error:
            problem(f"line {at}: {error}")
            continue
        if words[0] != verb:
            problem(f"line {at}: is no {verb}: {line}")
            continue
        # What has a blank in it was in quotes.
        lines.append(" ".join(words[1:]))
        if verb == "set" and words[1] == "security":
            security(" ".join(words[2:]), lambda text, at=at: problem(f"line {at}: {text}"))
        elif verb == "set":
            wrong = walk(SCHEMA, words[1:])
            if wrong:
                problem(f"line {at}: {wrong}: {line}")
        for address in re.findall(r"(?<![\d.])\d+\.\d+\.\d+\.\d+(?:/\d+)?", line):
            try:
                ipaddress.ip_interface(address)
            except ValueError as error:
                problem(f"line {at}: {error}")
    if len(lines) != len(set(lines)):
        problem("a line stands twice")
    return lines


def references(lines, problem):
    text = "\n".join(lines)

    def named(pattern):
        return {match if isinstance(match, str) else match[0]
                for match in re.findall(pattern, text, re.M)}

    for made, used in [
        (r"^security ike proposal (\S+)", r"^security ike policy \S+ proposals (\S+)"),
        (r"^security ike policy (\S+)", r"^security ike gateway \S+ ike-policy (\S+)"),
        (r"^security ike gateway (\S+)", r"^security ipsec vpn \S+ ike gateway (\S+)"),
        (r"^security ipsec proposal (\S+)", r"^security ipsec policy \S+ proposals (\S+)"),
        (r"^security ipsec policy (\S+)", r"^security ipsec vpn \S+ ike ipsec-policy (\S+)"),
        (r"^interfaces st0 unit (\d+)", r"bind-interface st0\.(\d+)"),
        (r"^interfaces st0 unit (\d+)", r"security-zone \S+ interfaces st0\.(\d+)"),
        (r"^security address-book global address (\S+)", r"source-address (\S+)"),
        (r"^security address-book global address (\S+)", r"destination-address (\S+)"),
        (r"^policy-options policy-statement (\S+)", r"^protocols bgp group \S+ (?:im|ex)port (\S+)"),
    ]:
        if named(made) != named(used):
            problem(f"{made} makes {sorted(named(made))}, {used} uses {sorted(named(used))}")


def meaning(lines, intent, problem):
    options = intent["options"]
    site = intent["site"]
    base = next((line.split()[3] for line in lines
                 if line.startswith("security zones security-zone up-")), "up-")
    if len(site) <= 24 and base != f"up-{site}":
        problem(f"the zone is named {base}")

    def want(line):
        if line not in lines:
            problem(f"lacks: {line}")

    for leg in intent["legs"]:
        name = f"{base}-{leg['number']}"
        unit = int(options.get("tunnel_unit", 101)) + leg["number"] - 1
        one, two = leg["phase1"], leg["phase2"]
        digest = {"SHA1": "sha1", "SHA2-256": "sha-256", "SHA2-384": "sha-384"}[one["integrity"]]
        ciphers = {"AES128": "aes-128-cbc", "AES256": "aes-256-cbc",
                   "AES128-GCM-16": "aes-128-gcm", "AES256-GCM-16": "aes-256-gcm"}
        ike, ipsec = "security ike", "security ipsec"
        want(f"{ike} proposal {name} dh-group group{one['dh_group']}")
        want(f"{ike} proposal {name} authentication-algorithm {digest}")
        want(f"{ike} proposal {name} encryption-algorithm {ciphers[one['encryption']]}")
        want(f"{ike} proposal {name} lifetime-seconds {leg['phase1_rekey']}")
        want(f"{ike} policy {name} pre-shared-key ascii-text {leg['key']}")
        want(f"{ike} gateway {name} address {leg['aws_outside']}")
        want(f"{ike} gateway {name} local-identity inet {intent['public']}")
        want(f"{ike} gateway {name} local-address {intent['wan']}")
        want(f"{ike} gateway {name} external-interface {options['wan_interface']}")
        want(f"{ike} gateway {name} version v{leg['ike'][-1]}-only")
        want(f"{ike} gateway {name} dead-peer-detection interval {min(60, leg['dpd'] // 3)}")
        want(f"{ipsec} proposal {name} encryption-algorithm {ciphers[two['encryption']]}")
        if "GCM" not in two["encryption"]:
            esp = {"SHA1": "hmac-sha1-96", "SHA2-256": "hmac-sha-256-128"}[two["integrity"]]
            want(f"{ipsec} proposal {name} authentication-algorithm {esp}")
        want(f"{ipsec} proposal {name} protocol esp")
        want(f"{ipsec} proposal {name} lifetime-seconds {leg['phase2_rekey']}")
        want(f"{ipsec} policy {name} perfect-forward-secrecy keys group{two['dh_group']}")
        want(f"{ipsec} vpn {name} bind-interface st0.{unit}")
        want(f"{ipsec} vpn {name} ike gateway {name}")
        want(f"{ipsec} vpn {name} ike ipsec-policy {name}")
        want(f"{ipsec} vpn {name} establish-tunnels immediately")
        want(f"interfaces st0 unit {unit} family inet mtu {leg['mtu']}")
        want(f"interfaces st0 unit {unit} family inet address {leg['customer_inside']}/30")
        want(f"security zones security-zone {base} interfaces st0.{unit}")
        if intent["bgp"]:
            peer = f"protocols bgp group {base} neighbor {leg['aws_inside']}"
            want(f"{peer} local-address {leg['customer_inside']}")
        else:
            want(f"{ipsec} vpn {name} vpn-monitor destination-ip {leg['aws_inside']}")
            for net in intent["vpc"]:
                for half in ipaddress.ip_network(net).subnets():
                    want(f"routing-options static route {half} qualified-next-hop st0.{unit} "
                         f"preference {leg['number'] * 10}")
    mss = min(leg["mss"] for leg in intent["legs"])
    want(f"security flow tcp-mss ipsec-vpn mss {mss}")
    outside = options.get("wan_zone", "untrust")
    want(f"security zones security-zone {outside} host-inbound-traffic system-services ike")
    for net in intent["vpc"]:
        want(f"routing-options static route {net} discard")
    if intent["bgp"]:
        group = f"protocols bgp group {base}"
        want(f"security zones security-zone {base} host-inbound-traffic protocols bgp")
        want(f"{group} hold-time {intent['bgp']['hold_time']}")
        want(f"{group} peer-as {intent['bgp']['aws_asn']}")
        want(f"{group} local-as {intent['bgp']['customer_asn']}")
        for way in ("in", "out"):
            want(f"policy-options policy-statement {base}-{way} term rest then reject")


def direct(lines, intent, problem):
    """The virtual interface: a VLAN, a session, and what goes over it."""
    link, options = intent["direct"], intent["options"]
    base = next(line.split()[3] for line in lines
                if line.startswith("security zones security-zone up-"))
    unit = f"interfaces {options['direct_connect_interface']} unit {link['vlan']}"
    group, policy = f"protocols bgp group {base}-dx", "policy-options policy-statement"
    then = "accept" if link["carries"] else "reject"
    wanted = [
        f"interfaces {options['direct_connect_interface']} vlan-tagging",
        f"{unit} vlan-id {link['vlan']}",
        f"{unit} family inet mtu {link['mtu']}",
        f"{unit} family inet address {link['address']}",
        f"security zones security-zone {base} interfaces "
        f"{options['direct_connect_interface']}.{link['vlan']}",
        f"{group} type external",
        f"{group} authentication-key {link['key']}",
        f"{group} peer-as {link['amazon_asn']}",
        f"{group} local-as {link['router_asn']}",
        f"{group} hold-time {link['hold']}",
        f"{group} import {base}-dx-in",
        f"{group} export {base}-dx-out",
        f"{group} neighbor {link['amazon']} local-address {link['router']}",
        f"policy-options community {base}-dx members 7224:7300",
        f"{policy} {base}-dx-in term own then reject",
        f"{policy} {base}-dx-in term vpc then local-preference 200",
        f"{policy} {base}-dx-in term vpc then {then}",
        f"{policy} {base}-dx-in term rest then reject",
        f"{policy} {base}-dx-out term lan then community add {base}-dx",
        f"{policy} {base}-dx-out term lan then {then}",
        f"{policy} {base}-dx-out term rest then reject",
    ]
    wanted += [f"{policy} {base}-dx-out term lan from route-filter {net} exact"
               for net in intent["lan"]]
    wanted += [f"{policy} {base}-dx-in {rule}" for rule in common.learned(
        intent, "term vpc from route-filter {} upto /28", "term vpc from route-filter {} exact",
        "term own from route-filter {} orlonger", "term own from route-filter {} orlonger")]
    bfd = [f"security zones security-zone {base} host-inbound-traffic protocols bfd",
           f"{group} bfd-liveness-detection minimum-interval 300",
           f"{group} bfd-liveness-detection multiplier 3"]
    for line in wanted + (bfd if link["bfd"] else []):
        if line not in lines:
            problem(f"lacks: {line}")
    if not link["bfd"] and any("bfd" in line for line in lines):
        problem("BFD that is not wanted")


HEADS = [r"security (?:ike|ipsec) \S+ \S+", r"interfaces (?:st0|ge-\S+) unit \S+",
         r"policy-options community \S+",
         r"security zones security-zone up-\S+", r"security address-book global address \S+",
         r"security policies from-zone \S+ to-zone \S+", r"routing-options static route \S+",
         r"policy-options policy-statement \S+", r"protocols bgp group \S+"]


def removal(lines, gone, problem):
    wanted = set()
    for line in lines:
        head = next((match[0] for match in (re.match(one, line) for one in HEADS) if match), None)
        if head:
            wanted.add(head)
        elif "tcp-mss" not in line and not line.endswith(" vlan-tagging") and not line.endswith("system-services ike"):
            problem(f"nothing takes away: {line}")
    if wanted != set(gone):
        problem(f"removal differs: {sorted(wanted ^ set(gone))}")


def judge(files, intent, problem):
    lines = read(files["config.set"], "set", problem)
    references(lines, problem)
    meaning(lines, intent, problem)
    if intent["direct"]:
        direct(lines, intent, problem)
    removal(lines, read(files["remove.set"], "delete", problem), problem)


if __name__ == "__main__":
    common.main(judge)
