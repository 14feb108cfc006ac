"""Reads PAN-OS set commands and judges every statement by a grammar.

The grammar is written down from Palo Alto's own specifications of PAN-OS (repository pan-os-codegen,
folder specs): paths, choices, lengths and ranges as facts. Groups 15, 16 and 21 are left out, which
PAN-OS 10.0 lacks.
"""

import ipaddress
import re
import shlex

import common

N = r"([A-Za-z0-9][A-Za-z0-9._-]{0,30})"
IP = r"(\d+\.\d+\.\d+\.\d+)"
NET = rf"{IP}/(\d+)"
UNIT = r"tunnel\.(\d+)"
PORT = r"(ethernet\d{1,2}/\d{1,2})"
SUB = r"(ethernet\d{1,2}/\d{1,2}\.\d{1,4})"
TEXT = r".{1,255}"
CIPHER = "3des|aes-128-cbc|aes-192-cbc|aes-256-cbc|aes-128-gcm|aes-256-gcm"
HASH = "md5|sha1|sha256|sha384|sha512"
GROUP = "group(?:1|2|5|14|19|20)"
CRYPTO = "network ike crypto-profiles"
GATE = rf"network ike gateway {N}"
IPSEC = rf"network tunnel ipsec {N}"
VR = rf"network virtual-router {N}"
ROUTE = rf"{VR} routing-table ip static-route {N}"
BGP = rf"{VR} protocol bgp"
PEER = rf"{BGP} peer-group {N} peer {N}"
RULE = rf"rulebase security rules {N}"
# Pattern and the ranges of its numbers by group.
STATEMENTS = [
    (rf"{CRYPTO} (?:ike|ipsec)-crypto-profiles {N} dh-group {GROUP}", {}),
    (rf"{CRYPTO} ike-crypto-profiles {N} encryption (?:{CIPHER})", {}),
    (rf"{CRYPTO} ike-crypto-profiles {N} hash (?:{HASH}|non-auth)", {}),
    (rf"{CRYPTO} (?:ike|ipsec)-crypto-profiles {N} lifetime seconds (\d+)", {2: (180, 65535)}),
    (rf"{CRYPTO} ipsec-crypto-profiles {N} esp encryption (?:{CIPHER}|aes-128-ccm|null)", {}),
    (rf"{CRYPTO} ipsec-crypto-profiles {N} esp authentication (?:{HASH}|none)", {}),
    (rf"network interface tunnel units {UNIT} ip {NET}", {1: (1, 9999)}),
    (rf"network interface tunnel units {UNIT} mtu (\d+)", {1: (1, 9999), 2: (576, 9216)}),
    (rf"network interface tunnel units {UNIT} comment {TEXT}", {1: (1, 9999)}),
    (rf"network interface ethernet {PORT} layer3 units {SUB} tag (\d+)", {3: (1, 4094)}),
    (rf"network interface ethernet {PORT} layer3 units {SUB} ip {NET}", {4: (1, 32)}),
    (rf"network interface ethernet {PORT} layer3 units {SUB} mtu (\d+)", {3: (576, 9216)}),
    (rf"network interface ethernet {PORT} layer3 units {SUB} comment {TEXT}", {}),
    (rf"import network interface {SUB}", {}),
    (rf"network virtual-router {N} interface {SUB}", {}),
    (rf"zone {N} network layer3 {SUB}", {}),
    (rf"network profiles bfd-profile {N} mode (?:active|passive)", {}),
    (rf"network profiles bfd-profile {N} min-[rt]x-interval (\d+)", {2: (50, 10000)}),
    (rf"network profiles bfd-profile {N} detection-multiplier (\d+)", {2: (2, 255)}),
    (rf"{BGP} auth-profile {N} secret \S{{1,63}}", {}),
    (rf"{PEER} local-address interface {SUB}", {}),
    (rf"{PEER} connection-options authentication {N}", {}),
    (rf"{PEER} bfd profile {N}", {}),
    (rf"{BGP} policy import rules {N} action allow update local-preference (\d+)", {}),
    (rf"{BGP} policy export rules {N} action allow update community append \d+:\d+", {}),
    (rf"import network interface {UNIT}", {1: (1, 9999)}),
    (rf"{VR} interface {UNIT}", {2: (1, 9999)}),
    (rf"zone {N} network layer3 {UNIT}", {2: (1, 9999)}),
    (rf"{GATE} comment {TEXT}", {}),
    (rf"{GATE} authentication pre-shared-key key \S{{1,255}}", {}),
    (rf"{GATE} protocol version (?:ikev1|ikev2|ikev2-preferred)", {}),
    (rf"{GATE} protocol (?:ikev1|ikev2) ike-crypto-profile {N}", {}),
    (rf"{GATE} protocol ikev1 exchange-mode (?:auto|main|aggressive)", {}),
    (rf"{GATE} protocol (?:ikev1|ikev2) dpd enable (?:yes|no)", {}),
    (rf"{GATE} protocol (?:ikev1|ikev2) dpd interval (\d+)", {2: (2, 100)}),
    (rf"{GATE} protocol ikev1 dpd retry (\d+)", {2: (2, 100)}),
    (rf"{GATE} protocol-common (?:nat-traversal enable|passive-mode) (?:yes|no)", {}),
    (rf"{GATE} local-address interface (?:ethernet|ae|loopback|vlan)\S{{0,25}}", {}),
    (rf"{GATE} local-address ip {NET}", {3: (1, 32)}),
    (rf"{GATE} (?:local|peer)-id type (?:ipaddr|fqdn|ufqdn|keyid)", {}),
    (rf"{GATE} (?:local|peer)-id id {IP}", {}),
    (rf"{GATE} peer-address ip {IP}", {}),
    (rf"{IPSEC} comment {TEXT}", {}),
    (rf"{IPSEC} auto-key (?:ike-gateway|ipsec-crypto-profile) {N}", {}),
    (rf"{IPSEC} tunnel-interface {UNIT}", {2: (1, 9999)}),
    (rf"{IPSEC} anti-replay (?:yes|no)", {}),
    (rf"{IPSEC} tunnel-monitor enable (?:yes|no)", {}),
    (rf"{IPSEC} tunnel-monitor destination-ip {IP}", {}),
    (rf"{IPSEC} tunnel-monitor tunnel-monitor-profile {N}", {}),
    (rf"network profiles monitor-profile {N} action (?:fail-over|wait-recover)", {}),
    (rf"network profiles monitor-profile {N} interval (\d+)", {2: (2, 10)}),
    (rf"network profiles monitor-profile {N} threshold (\d+)", {2: (2, 10)}),
    (rf"address {N} ip-netmask {IP}(?:/(\d+))?", {}),
    (rf"address {N} description {TEXT}", {}),
    (rf"{RULE} description {TEXT}", {}),
    (rf"{RULE} (?:from|to|source|destination) {N}", {}),
    (rf"{RULE} application (?:any|ike|ipsec-esp|ipsec-esp-udp|bgp|ping)", {}),
    (rf"{RULE} service (?:any|application-default)", {}),
    (rf"{RULE} action (?:allow|deny|drop)", {}),
    (rf"{ROUTE} destination {NET}", {4: (0, 32)}),
    (rf"{ROUTE} nexthop (?:discard|ip-address {IP})", {}),
    (rf"{ROUTE} interface {UNIT}", {3: (1, 9999)}),
    (rf"{ROUTE} metric (\d+)", {3: (1, 65535)}),
    (rf"{ROUTE} admin-dist (\d+)", {3: (10, 240)}),
    (rf"{BGP} router-id {IP}", {}),
    (rf"{BGP} local-as (\d+)", {2: (1, 4294967295)}),
    (rf"{BGP} (?:enable|install-route|reject-default-route) (?:yes|no)", {}),
    (rf"{BGP} peer-group {N} enable (?:yes|no)", {}),
    (rf"{BGP} peer-group {N} type ebgp import-nexthop (?:original|use-peer)", {}),
    (rf"{BGP} peer-group {N} type ebgp export-nexthop (?:resolve|use-self)", {}),
    (rf"{BGP} peer-group {N} type ebgp remove-private-as (?:yes|no)", {}),
    (rf"{PEER} enable (?:yes|no)", {}),
    (rf"{PEER} peer-as (\d+)", {4: (1, 4294967295)}),
    (rf"{PEER} local-address interface {UNIT}", {4: (1, 9999)}),
    (rf"{PEER} local-address ip {NET}", {5: (1, 32)}),
    (rf"{PEER} peer-address ip {IP}", {}),
    (rf"{PEER} connection-options keep-alive-interval (\d+)", {4: (0, 1200)}),
    (rf"{PEER} connection-options hold-time (\d+)", {4: (3, 3600)}),
    (rf"{PEER} max-prefixes (\d+)", {4: (1, 100000)}),
    (rf"{BGP} policy (?:import|export) rules {N} match address-prefix {NET} exact (?:yes|no)", {}),
    (rf"{BGP} policy (?:import|export) rules {N} action (?:allow|deny)", {}),
    (rf"{BGP} policy (?:import|export) rules {N} used-by {N}", {}),
    (rf"{BGP} policy (?:import|export) rules {N} enable (?:yes|no)", {}),
    (rf"{BGP} redist-rules {NET} address-family-identifier (?:ipv4|ipv6)", {}),
    (rf"{BGP} redist-rules {NET} set-origin (?:igp|egp|incomplete)", {}),
    (rf"{BGP} redist-rules {NET} enable (?:yes|no)", {}),
]
# What a line makes, and what takes it away.
HEADS = [rf"{CRYPTO} \S+ \S+", r"network interface tunnel units \S+",
         r"import network interface \S+", r"network virtual-router \S+ interface \S+",
         r"zone \S+", r"network ike gateway \S+", r"network tunnel ipsec \S+",
         r"network profiles monitor-profile \S+", r"address \S+", r"rulebase security rules \S+",
         r"network virtual-router \S+ routing-table ip static-route \S+",
         r"network virtual-router \S+ protocol bgp peer-group \S+",
         r"network virtual-router \S+ protocol bgp auth-profile \S+",
         r"network profiles bfd-profile \S+",
         r"network interface ethernet \S+ layer3 units \S+",
         r"network virtual-router \S+ protocol bgp policy \S+ rules \S+",
         r"network virtual-router \S+ protocol bgp redist-rules \S+"]


def read(text, verb, problem):
    lines = []
    for at, line in enumerate(text.splitlines(), 1):
        try:
            words = shlex.split(line)
        except ValueError as error:
            problem(f"line {at}: {error}")
            continue
        if words and words[0] == "move" and verb == "set":
            if not re.fullmatch(rf"move {RULE} top", line):
                problem(f"line {at}: no such statement: {line}")
            continue
        if not words or words[0] != verb:
            problem(f"line {at}: is no {verb}: {line}")
            continue
        said = " ".join(words[1:])
        lines.append(said)
        if verb == "set":
            statement(said, at, problem)
        for address in re.findall(r"(?<![\d.])\d+\.\d+\.\d+\.\d+(?:/\d+)?", line):
            try:
                ipaddress.ip_interface(address)
            except ValueError as error:
                problem(f"line {at}: {error}")
    if len(lines) != len(set(lines)):
        problem("a line stands twice")
    return lines


def statement(words, at, problem):
    for pattern, ranges in STATEMENTS:
        match = re.fullmatch(pattern, words)
        if match is None:
            continue
        for group, (least, most) in ranges.items():
            if not least <= int(match[group]) <= most:
                problem(f"line {at}: {match[group]} is not from {least} to {most}: {words}")
        return
    problem(f"line {at}: no such statement: {words}")


def references(lines, problem):
    text = "\n".join(lines)

    def named(*patterns):
        return {match for pattern in patterns for match in re.findall(pattern, text, re.M)}

    for made, used in [
        ((r"ike-crypto-profiles (\S+) dh",), (r"ike-crypto-profile (\S+)$",)),
        ((r"ipsec-crypto-profiles (\S+) dh",), (r"ipsec-crypto-profile (\S+)$",)),
        ((r"^network ike gateway (\S+)",), (r"auto-key ike-gateway (\S+)",)),
        ((r"tunnel units (\S+)",), (r"tunnel-interface (\S+)",)),
        ((r" units (\S+)",), (r"^zone \S+ network layer3 (\S+)",)),
        ((r" units (\S+)",), (r"^import network interface (\S+)",)),
        ((r" units (\S+)",), (r"^network virtual-router \S+ interface (\S+)",)),
        ((r"auth-profile (\S+) secret",), (r"connection-options authentication (\S+)",)),
        ((r"bfd-profile (\S+) mode",), (r" bfd profile (\S+)",)),
        ((r"^address (\S+)",), (r"rules \S+ source (up-\S+)", r"rules \S+ destination (up-\S+)")),
        ((r"monitor-profile (\S+) action",), (r"tunnel-monitor-profile (\S+)",)),
        ((r"peer-group (\S+) type",), (r"used-by (\S+)",)),
    ]:
        if named(*made) != named(*used):
            problem(f"{made} makes {sorted(named(*made))}, {used} uses {sorted(named(*used))}")


def meaning(lines, intent, problem):
    options = intent["options"]
    router = options.get("virtual_router", "default")
    base = next((line.split()[1] for line in lines if line.startswith("zone up-")), "up-")

    def want(line):
        if line not in lines:
            problem(f"lacks: {line}")

    ciphers = {"AES128": "aes-128-cbc", "AES256": "aes-256-cbc", "AES128-GCM-16": "aes-128-gcm",
               "AES256-GCM-16": "aes-256-gcm"}
    for leg in intent["legs"]:
        name = f"{base}-{leg['number']}"
        unit = f"tunnel.{int(options.get('tunnel_unit', 101)) + leg['number'] - 1}"
        one, two = leg["phase1"], leg["phase2"]
        ike = f"{CRYPTO} ike-crypto-profiles {name}"
        esp = f"{CRYPTO} ipsec-crypto-profiles {name}"
        gate, ipsec = f"network ike gateway {name}", f"network tunnel ipsec {name}"
        digest = two["integrity"].replace("SHA2-", "sha").lower()
        want(f"{ike} dh-group group{one['dh_group']}")
        want(f"{ike} encryption {ciphers[one['encryption']]}")
        want(f"{ike} hash {one['integrity'].replace('SHA2-', 'sha').lower()}")
        want(f"{ike} lifetime seconds {leg['phase1_rekey']}")
        want(f"{esp} dh-group group{two['dh_group']}")
        want(f"{esp} esp encryption {ciphers[two['encryption']]}")
        want(f"{esp} esp authentication {'none' if 'GCM' in two['encryption'] else digest}")
        want(f"{esp} lifetime seconds {leg['phase2_rekey']}")
        want(f"{gate} authentication pre-shared-key key {leg['key']}")
        want(f"{gate} protocol version {leg['ike']}")
        want(f"{gate} protocol {leg['ike']} ike-crypto-profile {name}")
        want(f"{gate} protocol {leg['ike']} dpd enable yes")
        want(f"{gate} local-address interface {options['wan_interface']}")
        want(f"{gate} local-id id {intent['public']}")
        want(f"{gate} local-id type ipaddr")
        want(f"{gate} peer-address ip {leg['aws_outside']}")
        want(f"{gate} peer-id id {leg['aws_outside']}")
        want(f"{gate} protocol-common nat-traversal enable yes")
        want(f"{ipsec} auto-key ike-gateway {name}")
        want(f"{ipsec} auto-key ipsec-crypto-profile {name}")
        want(f"{ipsec} tunnel-interface {unit}")
        want(f"network interface tunnel units {unit} ip {leg['customer_inside']}/30")
        want(f"network interface tunnel units {unit} mtu {leg['mtu']}")
        want(f"zone {base} network layer3 {unit}")
        want(f"network virtual-router {router} interface {unit}")
        if intent["bgp"]:
            peer = f"network virtual-router {router} protocol bgp peer-group {base} peer {name}"
            want(f"{peer} peer-as {intent['bgp']['aws_asn']}")
            want(f"{peer} local-address ip {leg['customer_inside']}/30")
            want(f"{peer} local-address interface {unit}")
            want(f"{peer} peer-address ip {leg['aws_inside']}")
            want(f"{peer} connection-options hold-time {intent['bgp']['hold_time']}")
        else:
            want(f"{ipsec} tunnel-monitor enable yes")
            want(f"{ipsec} tunnel-monitor destination-ip {leg['aws_inside']}")
            for at, net in enumerate(intent["vpc"], 1):
                route = f"network virtual-router {router} routing-table ip static-route {name}-{at}"
                want(f"{route} destination {net}")
                want(f"{route} interface {unit}")
                want(f"{route} metric {leg['number'] * 10}")
    for at, net in enumerate(intent["vpc"], 1):
        route = f"network virtual-router {router} routing-table ip static-route {base}-{at}"
        want(f"{route} destination {net}")
        want(f"{route} nexthop discard")
    if intent["bgp"]:
        bgp = f"network virtual-router {router} protocol bgp"
        want(f"{bgp} enable yes")
        want(f"{bgp} local-as {intent['bgp']['customer_asn']}")
        want(f"{bgp} reject-default-route yes")
        for way in ("import", "export"):
            want(f"{bgp} policy {way} rules {base}-rest action deny")
        for net in intent["lan"]:
            want(f"{bgp} policy import rules {base}-own match address-prefix {net} exact no")
            want(f"{bgp} policy export rules {base}-lan match address-prefix {net} exact yes")
            want(f"{bgp} redist-rules {net} enable yes")


def direct(lines, intent, problem):
    """The virtual interface: a VLAN, a session, and what goes over it."""
    link, options = intent["direct"], intent["options"]
    base = next(line.split()[1] for line in lines if line.startswith("zone up-"))
    port = options["direct_connect_interface"]
    unit = f"network interface ethernet {port} layer3 units {port}.{link['vlan']}"
    bgp = f"network virtual-router {options.get('virtual_router', 'default')} protocol bgp"
    peer = f"{bgp} peer-group {base}-dx peer {base}-dx"
    rules = f"{bgp} policy import rules {base}-dx"
    carries = link["carries"]
    out = f"{bgp} policy export rules {base}-dx"
    wanted = [
        f"{unit} tag {link['vlan']}",
        f"{unit} ip {link['address']}",
        f"{unit} mtu {link['mtu']}",
        f"zone {base} network layer3 {port}.{link['vlan']}",
        f"{bgp} auth-profile {base} secret {link['key']}",
        f"{peer} peer-as {link['amazon_asn']}",
        f"{peer} local-address ip {link['address']}",
        f"{peer} local-address interface {port}.{link['vlan']}",
        f"{peer} peer-address ip {link['amazon']}",
        f"{peer} connection-options authentication {base}",
        f"{peer} connection-options keep-alive-interval {link['hold'] // 3}",
        f"{peer} connection-options hold-time {link['hold']}",
        f"{rules}-own action deny",
        f"{rules}-vpc action " + ("allow update local-preference 200" if carries else "deny"),
        f"{rules}-rest action deny",
        f"{out}-lan action " + ("allow update community append 7224:7300" if carries else "deny"),
        f"{out}-rest action deny",
    ]
    wanted += [f"{rules}-{name} used-by {base}-dx" for name in ("own", "vpc", "rest")]
    wanted += [f"{out}-{name} used-by {base}-dx" for name in ("lan", "rest")]
    wanted += [f"{out}-lan match address-prefix {net} exact yes" for net in intent["lan"]]
    wanted += [f"{rules}-{rule}" for rule in common.learned(
        intent, "vpc match address-prefix {} exact no", "vpc match address-prefix {} exact yes",
        "own match address-prefix {} exact no", "own match address-prefix {} exact no")]
    bfd = [f"network profiles bfd-profile {base} min-tx-interval 300",
           f"network profiles bfd-profile {base} min-rx-interval 300",
           f"network profiles bfd-profile {base} detection-multiplier 3",
           f"{peer} bfd profile {base}"]
    for line in wanted + (bfd if link["bfd"] else []):
        if line not in lines:
            problem(f"lacks: {line}")
    if not link["bfd"] and any("bfd" in line for line in lines):
        problem("BFD that is not wanted")


def removal(lines, gone, problem):
    wanted = set()
    for line in lines:
        head = next((match[0] for match in (re.match(one, line) for one in HEADS) if match), None)
        if head:
            wanted.add(head)
        elif not re.fullmatch(rf"{BGP} (?:router-id|local-as|enable|install-route|"
                              r"reject-default-route) \S+", line):
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
