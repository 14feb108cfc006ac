"""Reads ASA CLI and judges every statement by a grammar.

The grammar is written down from Cisco's ASA 9.8 command reference and VPN configuration guide
(chapters "IPsec and ISAKMP" and "Virtual Tunnel Interface"): words, choices and ranges as facts.
Groups of a pattern are checked by the ranges of their row.
"""

import ipaddress
import re

import common

IP = r"(\d+\.\d+\.\d+\.\d+)"
NAME = r"([A-Za-z0-9._:/-]{1,64})"
NAMEIF = r"([A-Za-z0-9._:/-]{1,48})"
NET = rf"{IP} {IP}"
GROUPS = "2|5|14|19|20|21|24"
POLICY = (1, 65535)
# Pattern, and the ranges of its numbers by group.
STATEMENTS = {
    "": [
        (r"crypto ikev2 policy (\d+)", {1: POLICY}),
        (rf"crypto ikev2 enable {NAMEIF}", {}),
        (rf"crypto ipsec ikev2 ipsec-proposal {NAME}", {}),
        (rf"crypto ipsec profile {NAME}", {}),
        (rf"group-policy {NAME} internal", {}),
        (rf"group-policy {NAME} attributes", {}),
        (rf"tunnel-group {IP} type ipsec-l2l", {}),
        (rf"tunnel-group {IP} (?:general|ipsec)-attributes", {}),
        (r"interface Tunnel(\d+)", {1: (0, 100)}),
        (r"sysopt connection tcpmss (\d+)", {1: (48, 65535)}),
        (rf"object-group network {NAME}", {}),
        (rf"nat \({NAMEIF},{NAMEIF}\) (\d+) source static {NAME} {NAME} destination static {NAME} "
         rf"{NAME} no-proxy-arp route-lookup", {3: (1, 2147483647)}),
        (rf"access-list {NAME} remark .+", {}),
        (rf"access-list {NAME} extended (?:permit|deny) ip object-group {NAME} object-group {NAME}",
         {}),
        (rf"access-group {NAME} in interface {NAMEIF}", {}),
        (rf"prefix-list {NAME} seq (\d+) (?:permit|deny) {IP}/(\d+)(?: le (\d+))?",
         {2: (1, 4294967294), 4: (0, 32), 5: (1, 32)}),
        (rf"route-map {NAME} (?:permit|deny) (\d+)", {2: (0, 65535)}),
        (rf"route Null0 {NET} (\d+)", {3: (1, 255)}),
        (rf"route {NAMEIF} {NET} {IP} (\d+)(?: track (\d+))?", {5: (1, 255), 6: (1, 500)}),
        (r"router bgp (\d+)", {1: (1, 4294967295)}),
        (r"sla monitor (\d+)", {1: (1, 2147483647)}),
        (r"sla monitor schedule (\d+) life forever start-time now", {1: (1, 2147483647)}),
        (r"track (\d+) rtr (\d+) reachability", {1: (1, 500), 2: (1, 2147483647)}),
    ],
    "crypto ikev2 policy": [
        (r"encryption (?:aes|aes-192|aes-256|aes-gcm|aes-gcm-192|aes-gcm-256)", {}),
        (r"integrity (?:sha|sha256|sha384|sha512|null)", {}),
        (rf"group (?:{GROUPS})", {}),
        (r"prf (?:sha|sha256|sha384|sha512)", {}),
        (r"lifetime seconds (\d+)", {1: (120, 2147483647)}),
    ],
    "crypto ipsec ikev2 ipsec-proposal": [
        (r"protocol esp encryption (?:aes|aes-192|aes-256|aes-gcm|aes-gcm-192|aes-gcm-256)", {}),
        (r"protocol esp integrity (?:sha-1|sha-256|sha-384|sha-512|null)", {}),
    ],
    "crypto ipsec profile": [
        (rf"set ikev2 ipsec-proposal {NAME}", {}),
        (rf"set pfs group(?:{GROUPS})", {}),
        (r"set security-association lifetime seconds (\d+)", {1: (120, 214783647)}),
        (r"set security-association lifetime kilobytes (?:unlimited|\d+)", {}),
        (r"responder-only", {}),
    ],
    "group-policy attributes": [(r"vpn-tunnel-protocol ikev2", {})],
    "tunnel-group general-attributes": [(rf"default-group-policy {NAME}", {})],
    "tunnel-group ipsec-attributes": [
        (r"isakmp keepalive threshold (\d+) retry (\d+)", {1: (10, 3600), 2: (2, 10)}),
        (r"ikev2 (?:remote|local)-authentication pre-shared-key (\S{1,128})", {}),
    ],
    "interface": [
        (r"description .{1,200}", {}),
        (rf"nameif {NAMEIF}", {}),
        (rf"ip address {NET}", {}),
        (rf"tunnel source interface {NAMEIF}", {}),
        (rf"tunnel destination {IP}", {}),
        (r"tunnel mode ipsec ipv4", {}),
        (rf"tunnel protection ipsec profile {NAME}", {}),
        (r"no shutdown", {}),
    ],
    "object-group network": [
        (r"description .{1,200}", {}),
        (rf"network-object {NET}", {}),
    ],
    "route-map": [
        (rf"match ip address prefix-list {NAME}", {}),
        (r"set local-preference (\d+)", {1: (0, 4294967295)}),
        (r"set as-path prepend (\d+)", {1: (1, 4294967295)}),
    ],
    "router bgp": [
        (r"bgp log-neighbor-changes", {}),
        (r"address-family ipv4 unicast", {}),
        (r"exit-address-family", {}),
    ],
    "address-family ipv4": [
        (rf"neighbor {IP} remote-as (\d+)", {2: (1, 4294967295)}),
        (rf"neighbor {IP} description .{{1,80}}", {}),
        (rf"neighbor {IP} timers (\d+) (\d+) (\d+)", {2: (0, 65535), 3: (3, 65535), 4: (3, 65535)}),
        (rf"neighbor {IP} activate", {}),
        (rf"neighbor {IP} (?:prefix-list|route-map) {NAME} (?:in|out)", {}),
        (rf"neighbor {IP} maximum-prefix (\d+)", {2: (1, 2147483647)}),
        (rf"network {IP} mask {IP}", {}),
        (r"no auto-summary", {}),
        (r"no synchronization", {}),
    ],
    "sla monitor": [
        (rf"type echo protocol ipIcmpEcho {IP} interface {NAMEIF}", {}),
        (r"num-packets (\d+)", {1: (1, 100)}),
        (r"timeout (\d+)", {1: (0, 604800000)}),
        (r"frequency (\d+)", {1: (1, 604800)}),
    ],
}


def block(head):
    """The kind of block that a line opens."""
    words = head.split()
    for word in ("attributes", "general-attributes", "ipsec-attributes"):
        if words[-1] == word:
            return f"{words[0]} {word}"
    return next((kind for kind in STATEMENTS if kind and head.startswith(kind + " ")), None)


def read(text, problem):
    blocks, stack = {}, []
    for at, line in enumerate(text.splitlines(), 1):
        words = line.strip()
        if not words or words.startswith("!"):
            continue
        depth = len(line) - len(line.lstrip())
        stack = stack[:depth]
        if len(stack) < depth:
            problem(f"line {at}: stands too far to the right: {words}")
            continue
        if len(words) > 500:
            problem(f"line {at}: is too long for the ASA's command line")
        kind = block(stack[-1]) if stack else ""
        if kind == "router bgp" and depth == 2:
            kind = "address-family ipv4"
        statement(words, kind, at, problem)
        blocks.setdefault(" / ".join(stack), []).append(words)
        blocks.setdefault(" / ".join([*stack, words]), [])
        stack.append(words)
    return blocks


def statement(words, kind, at, problem):
    for pattern, ranges in STATEMENTS.get(kind, []):
        match = re.fullmatch(pattern, words)
        if match is None:
            continue
        for group, (least, most) in ranges.items():
            number = match.group(group)
            if number is not None and not least <= int(number) <= most:
                problem(f"line {at}: {number} is not from {least} to {most}: {words}")
        for address in re.findall(r"(?<![\d.])\d+\.\d+\.\d+\.\d+", words):
            try:
                ipaddress.IPv4Address(address)
            except ValueError as error:
                problem(f"line {at}: {error}")
        return
    problem(f"line {at}: no such statement in {kind or 'configuration mode'}: {words}")


def names(blocks, pattern):
    found = set()
    for lines in blocks.values():
        found |= {match[1] for match in (re.fullmatch(pattern, line) for line in lines) if match}
    return found


def references(blocks, problem):
    for made, uses in [
        (r"crypto ipsec ikev2 ipsec-proposal (\S+)", [r"set ikev2 ipsec-proposal (\S+)"]),
        (r"crypto ipsec profile (\S+)", [r"tunnel protection ipsec profile (\S+)"]),
        (r"group-policy (\S+) internal",
         [r"default-group-policy (\S+)", r"group-policy (\S+) attributes"]),
        (r"tunnel-group (\S+) type ipsec-l2l",
         [r"tunnel destination (\S+)", r"tunnel-group (\S+) ipsec-attributes",
          r"tunnel-group (\S+) general-attributes"]),
        (r"nameif (\S+)",
         [r"access-group \S+ in interface (\S+)", r"nat \(\S+,(\S+)\) .*",
          r"route (?!Null0)(\S+) .*", r"type echo .* interface (\S+)"]),
        (r"access-list (\S+) extended .*", [r"access-group (\S+) .*"]),
        (r"object-group network (\S+)",
         [r"access-list .* ip object-group (\S+) .*", r"access-list .* object-group (\S+)",
          r"nat .* source static (\S+) .*", r"nat .* destination static (\S+) .*"]),
        (r"prefix-list (\S+) .*", [r"neighbor \S+ prefix-list (\S+) .*"]),
        (r"route-map (\S+) .*", [r"neighbor \S+ route-map (\S+) .*"]),
        (r"track (\d+) .*", [r"route .* track (\d+)"]),
        (r"sla monitor (\d+)", [r"track \d+ rtr (\d+) .*", r"sla monitor schedule (\d+) .*"]),
    ]:
        known = names(blocks, made)
        wanted = set().union(*(names(blocks, use) for use in uses))
        if known != wanted:
            problem(f"{made} makes {sorted(known)}, used are {sorted(wanted)}")


def has(blocks, head, line, problem):
    if line not in blocks.get(head, []):
        problem(f"{head or 'the configuration'} lacks: {line}")


def cipher(name):
    return {"AES128": "aes", "AES256": "aes-256", "AES128-GCM-16": "aes-gcm",
            "AES256-GCM-16": "aes-gcm-256"}[name]


def meaning(blocks, intent, problem):
    options = intent["options"]
    base = "UP-" + intent["site"].upper()
    outside = options.get("wan_interface", "outside")
    has(blocks, "", f"crypto ikev2 enable {outside}", problem)
    clamp = min(1380, *(leg["mss"] for leg in intent["legs"]))
    has(blocks, "", f"sysopt connection tcpmss {clamp}", problem)
    for leg in intent["legs"]:
        at, name, peer = leg["number"] - 1, f"{base}-{leg['number']}", leg["aws_outside"]
        policy = f"crypto ikev2 policy {int(options.get('policy_number', 101)) + at}"
        tunnel = f"interface Tunnel{int(options.get('tunnel_number', 51)) + at}"
        one, two = leg["phase1"], leg["phase2"]
        digest = one["integrity"].replace("SHA2-", "sha").replace("SHA1", "sha")
        gcm = "GCM" in one["encryption"]
        has(blocks, policy, f"encryption {cipher(one['encryption'])}", problem)
        has(blocks, policy, f"integrity {'null' if gcm else digest}", problem)
        has(blocks, policy, f"prf {digest}", problem)
        has(blocks, policy, f"group {one['dh_group']}", problem)
        has(blocks, policy, f"lifetime seconds {leg['phase1_rekey']}", problem)
        proposal = f"crypto ipsec ikev2 ipsec-proposal {name}"
        esp = two["integrity"].replace("SHA2-", "sha-").replace("SHA1", "sha-1")
        esp = "null" if "GCM" in two["encryption"] else esp
        has(blocks, proposal, f"protocol esp encryption {cipher(two['encryption'])}", problem)
        has(blocks, proposal, f"protocol esp integrity {esp}", problem)
        profile = f"crypto ipsec profile {name}"
        has(blocks, profile, f"set ikev2 ipsec-proposal {name}", problem)
        has(blocks, profile, f"set pfs group{two['dh_group']}", problem)
        lifetime = f"set security-association lifetime seconds {leg['phase2_rekey']}"
        has(blocks, profile, lifetime, problem)
        ipsec = f"tunnel-group {peer} ipsec-attributes"
        for side in ("remote", "local"):
            key = f"ikev2 {side}-authentication pre-shared-key {leg['key']}"
            has(blocks, ipsec, key, problem)
        has(blocks, f"tunnel-group {peer} general-attributes", f"default-group-policy {base}",
            problem)
        has(blocks, f"group-policy {base} attributes", "vpn-tunnel-protocol ikev2", problem)
        for line in (f"ip address {leg['customer_inside']} 255.255.255.252", f"nameif {name}",
                     f"tunnel source interface {outside}", f"tunnel destination {peer}",
                     "tunnel mode ipsec ipv4", f"tunnel protection ipsec profile {name}"):
            has(blocks, tunnel, line, problem)
        routes(blocks, intent, leg, name, base, problem)


def routes(blocks, intent, leg, name, base, problem):
    near = leg["aws_inside"]
    nets = [ipaddress.ip_network(net) for net in intent["vpc"]]
    for net in nets:
        has(blocks, "", f"route Null0 {net.network_address} {net.netmask} 254", problem)
    if intent["bgp"]:
        head = f"router bgp {intent['bgp']['customer_asn']} / address-family ipv4 unicast"
        for line in (f"remote-as {intent['bgp']['aws_asn']}", "activate",
                     f"prefix-list {base}-IN in", f"prefix-list {base}-OUT out"):
            has(blocks, head, f"neighbor {near} {line}", problem)
        return
    number = int(intent["options"].get("policy_number", 101)) + leg["number"] - 1
    has(blocks, f"sla monitor {number}",
        f"type echo protocol ipIcmpEcho {near} interface {name}", problem)
    for net in nets:
        line = f"route {name} {net.network_address} {net.netmask} {near} {leg['number'] * 10}"
        has(blocks, "", f"{line} track {number}", problem)


def removal(blocks, text, problem):
    wanted = set()
    for line in blocks[""]:
        cleared = re.match(r"(access-list|prefix-list|route-map|tunnel-group|group-policy) (\S+)", line)
        if cleared:
            wanted.add(f"clear configure {cleared[1]} {cleared[2]}")
        elif line.startswith("router bgp"):
            for below in blocks[f"{line} / address-family ipv4 unicast"]:
                if below.startswith("neighbor"):
                    wanted.add("no " + " ".join(below.split()[:2]))
                if below.startswith("network"):
                    wanted.add("no " + below)
        elif not line.startswith(("crypto ikev2 enable", "sysopt", "sla monitor schedule")):
            wanted.add("no " + re.sub(r"(nat \S+) \d+", r"\1", line))
    found = {line.strip() for line in text.splitlines()
             if line.strip().startswith(("no ", "clear "))}
    if wanted != found:
        problem(f"removal differs: {sorted(wanted ^ found)}")


def judge(files, intent, problem):
    blocks = read(files["config.asa"], problem)
    references(blocks, problem)
    meaning(blocks, intent, problem)
    removal(blocks, files["remove.asa"], problem)


if __name__ == "__main__":
    common.main(judge)
