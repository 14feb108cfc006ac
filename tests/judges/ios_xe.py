"""Reads IOS-XE CLI and judges every statement by Cisco's own YANG models of it.

Each row of STATEMENTS says where the models keep a statement's words. A line without a row, a path
that the models lack, and a value that they do not allow are problems.
"""

import os
import re

import common
import yang

MODEL = yang.Model(os.path.join(os.environ["UNDERPASS_JUDGES"], "ios-xe.json"))
WORDS = {"2": "two", "5": "five", "14": "fourteen", "15": "fifteen", "16": "sixteen",
         "19": "nineteen", "20": "twenty", "21": "twenty-one", "24": "twenty-four"}
IP = r"(\d+\.\d+\.\d+\.\d+)"
NAME = r"([A-Za-z0-9._:/-]+)"
IKE = "crypto/ikev2"
SA = "crypto/ipsec/profile/set/security-association"
SLA = "ip/sla/entry/icmp-echo"
ROUTE = "ip/route/ip-route-interface-forwarding-list"
PREFIX = "ip/prefix-list/prefixes"
PORT = "interface/GigabitEthernet"
MAP = "route-map/route-map-without-order-seq"
AF = "router/bgp/address-family/no-vrf/ipv4/ipv4-unicast"

# Heads that open a block, and the statements of each block: pattern and (path, value) for each of
# its words, with {1} for the first group.
STATEMENTS = {
    "": [
        (rf"crypto ikev2 proposal {NAME}", [(f"{IKE}/proposal/name", "{1}")]),
        (rf"crypto ikev2 policy {NAME}", [(f"{IKE}/policy/name", "{1}")]),
        (rf"crypto ikev2 keyring {NAME}", [(f"{IKE}/keyring/name", "{1}")]),
        (rf"crypto ikev2 profile {NAME}", [(f"{IKE}/profile/name", "{1}")]),
        (rf"crypto ipsec transform-set {NAME} (\S+) (\d+) (\S+)", [
            ("crypto/ipsec/transform-set/tag", "{1}"), ("crypto/ipsec/transform-set/esp", "{2}"),
            ("crypto/ipsec/transform-set/key-bit", "{3}"),
            ("crypto/ipsec/transform-set/esp-hmac", "{4}")]),
        (rf"crypto ipsec transform-set {NAME} (esp-gcm|esp-aes) (\d+)", [
            ("crypto/ipsec/transform-set/tag", "{1}"), ("crypto/ipsec/transform-set/esp", "{2}"),
            ("crypto/ipsec/transform-set/key-bit", "{3}")]),
        (rf"crypto ipsec transform-set {NAME} (esp-aes) (\S+-hmac)", [
            ("crypto/ipsec/transform-set/esp", "{2}"),
            ("crypto/ipsec/transform-set/esp-hmac", "{3}")]),
        (rf"crypto ipsec transform-set {NAME} (esp-gcm)", [
            ("crypto/ipsec/transform-set/esp", "{2}")]),
        (rf"crypto ipsec profile {NAME}", [("crypto/ipsec/profile/name", "{1}")]),
        (r"interface Tunnel(\d+)", [("interface/Tunnel/name", "{1}")]),
        (r"interface GigabitEthernet([0-9/]+\.\d+)", [(f"{PORT}/name", "{1}")]),
        (rf"route-map {NAME} (permit|deny) (\d+)", [
            ("route-map/name", "{1}"), (f"{MAP}/operation", "{2}"), (f"{MAP}/seq_no", "{3}")]),
        (rf"ip prefix-list {NAME} seq (\d+) (\S+) {IP}/(\d+)(?: le (\d+))?", [
            (f"{PREFIX}/name", "{1}"), (f"{PREFIX}/seq/no", "{2}"), (f"{PREFIX}/seq/action", "{3}"),
            (f"{PREFIX}/seq/ip", "{4}/{5}"), (f"{PREFIX}/seq/le", "{6}")]),
        (rf"ip route {IP} {IP} (Null0) (\d+) name {NAME}", [
            (f"{ROUTE}/prefix", "{1}"), (f"{ROUTE}/mask", "{2}"), (f"{ROUTE}/fwd-list/fwd", "{3}"),
            (f"{ROUTE}/fwd-list/metric", "{4}"), (f"{ROUTE}/fwd-list/name", "{5}")]),
        (rf"ip route {IP} {IP} (Tunnel\d+) (\d+) name {NAME} track (\d+)", [
            (f"{ROUTE}/prefix", "{1}"), (f"{ROUTE}/mask", "{2}"), (f"{ROUTE}/fwd-list/fwd", "{3}"),
            (f"{ROUTE}/fwd-list/metric", "{4}"), (f"{ROUTE}/fwd-list/name", "{5}"),
            (f"{ROUTE}/fwd-list/track", "{6}")]),
        (r"router bgp (\d+)", [("router/bgp/id", "{1}")]),
        (r"ip sla (\d+)", [("ip/sla/entry/number", "{1}")]),
        (r"ip sla schedule (\d+) life (\S+) start-time now", [
            ("ip/sla/schedule/entry-number", "{1}"), ("ip/sla/schedule/life", "{2}"),
            ("ip/sla/schedule/start-time/now", None)]),
        (r"track (\d+) ip sla (\d+) reachability", [
            ("track/tracked-object/object-number", "{1}"),
            ("track/tracked-object/ip/sla/number", "{2}"),
            ("track/tracked-object/ip/sla/reachability", None)]),
        (r"end", []),
    ],
    "crypto ikev2 proposal": [
        (r"encryption (\S+)", [(f"{IKE}/proposal/encryption/{{1}}", None)]),
        (r"integrity (\S+)", [(f"{IKE}/proposal/integrity/{{1}}", None)]),
        (r"prf (\S+)", [(f"{IKE}/proposal/prf/{{1}}", None)]),
        (r"group (\d+)", [(f"{IKE}/proposal/group/{{1}}", None)]),
    ],
    "crypto ikev2 policy": [
        (rf"match address local {IP}", [(f"{IKE}/policy/match/address/local", "{1}")]),
        (rf"match fvrf {NAME}", [(f"{IKE}/policy/match/fvrf/name", "{1}")]),
        (rf"proposal {NAME}", [(f"{IKE}/policy/proposal", "{1}")]),
    ],
    "crypto ikev2 keyring": [(rf"peer {NAME}", [(f"{IKE}/keyring/peer/name", "{1}")])],
    "peer": [
        (rf"address {IP}", [(f"{IKE}/keyring/peer/address/ipv4/ipv4-address", "{1}")]),
        (r"pre-shared-key (\S+)", [(f"{IKE}/keyring/peer/pre-shared-key/key", "{1}")]),
    ],
    "crypto ikev2 profile": [
        (rf"match address local {IP}", [(f"{IKE}/profile/match/address/local/ip", "{1}")]),
        (rf"match fvrf {NAME}", [(f"{IKE}/profile/match/fvrf/name", "{1}")]),
        (rf"match identity remote address {IP} {IP}", [
            (f"{IKE}/profile/match/identity/remote/address/ipv4/ipv4-address", "{1}"),
            (f"{IKE}/profile/match/identity/remote/address/ipv4/ipv4-mask", "{2}")]),
        (rf"identity local address {IP}", [(f"{IKE}/profile/identity/local/address", "{1}")]),
        (r"authentication (local|remote) (\S+)", [
            (f"{IKE}/profile/authentication/{{1}}/{{2}}", None)]),
        (rf"keyring local {NAME}", [(f"{IKE}/profile/keyring/local", "{1}")]),
        (r"lifetime (\d+)", [(f"{IKE}/profile/lifetime/seconds", "{1}")]),
        (r"dpd (\d+) (\d+) (\S+)", [
            (f"{IKE}/profile/dpd/interval", "{1}"), (f"{IKE}/profile/dpd/retry", "{2}"),
            (f"{IKE}/profile/dpd/query", "{3}")]),
        (r"nat keepalive (\d+)", [(f"{IKE}/profile/nat/keepalive", "{1}")]),
    ],
    "crypto ipsec transform-set": [(r"mode (\S+)", [("crypto/ipsec/transform-set/mode/{1}", None)])],
    "crypto ipsec profile": [
        (r"set security-association lifetime (seconds|kilobytes) (\S+)", [
            (f"{SA}/lifetime/{{1}}", "{2}")]),
        (r"set security-association replay window-size (\d+)", [
            (f"{SA}/replay/window-size", "{1}")]),
        (rf"set (transform-set|ikev2-profile) {NAME}", [("crypto/ipsec/profile/set/{1}", "{2}")]),
        (r"set pfs (\S+)", [("crypto/ipsec/profile/set/pfs/group", "{1}")]),
    ],
    "interface GigabitEthernet": [
        (r"encapsulation dot1Q (\d+)", [(f"{PORT}/encapsulation/dot1Q/vlan-id", "{1}")]),
        (r"description (.*)", [(f"{PORT}/description", "{1}")]),
        (rf"ip address {IP} {IP}", [
            (f"{PORT}/ip/address/primary/address", "{1}"),
            (f"{PORT}/ip/address/primary/mask", "{2}")]),
        (r"no ip redirects", [(f"{PORT}/ip/redirects", "false")]),
        (r"ip mtu (\d+)", [(f"{PORT}/ip/mtu", "{1}")]),
        (rf"zone-member security {NAME}", [(f"{PORT}/zone-member/security", "{1}")]),
        (r"bfd interval (\d+) min_rx (\d+) multiplier (\d+)", [
            (f"{PORT}/bfd/interval/msecs", "{1}"), (f"{PORT}/bfd/interval/min_rx", "{2}"),
            (f"{PORT}/bfd/interval/multiplier", "{3}")]),
        (r"no shutdown", [(f"{PORT}/shutdown", None)]),
    ],
    "route-map": [
        (rf"match ip address prefix-list {NAME}", [(f"{MAP}/match/ip/address/prefix-list", "{1}")]),
        (r"set local-preference (\d+)", [(f"{MAP}/set/local-preference", "{1}")]),
        (r"set community (\d+:\d+)", [
            (f"{MAP}/set/community/community-well-known/community-list", "{1}")]),
    ],
    "interface": [
        (r"description (.*)", [("interface/Tunnel/description", "{1}")]),
        (rf"ip address {IP} {IP}", [
            ("interface/Tunnel/ip/address/primary/address", "{1}"),
            ("interface/Tunnel/ip/address/primary/mask", "{2}")]),
        (r"no ip redirects", [("interface/Tunnel/ip/redirects", "false")]),
        (r"ip mtu (\d+)", [("interface/Tunnel/ip/mtu", "{1}")]),
        (r"ip tcp adjust-mss (\d+)", [("interface/Tunnel/ip/tcp/adjust-mss", "{1}")]),
        (rf"zone-member security {NAME}", [("interface/Tunnel/zone-member/security", "{1}")]),
        (rf"tunnel vrf {NAME}", [("interface/Tunnel/tunnel/vrf", "{1}")]),
        (rf"tunnel source {NAME}", [("interface/Tunnel/tunnel/source", "{1}")]),
        (r"tunnel mode ipsec (\S+)", [("interface/Tunnel/tunnel/mode/ipsec/{1}", None)]),
        (rf"tunnel destination {IP}", [
            ("interface/Tunnel/tunnel/destination/ipaddress-or-host", "{1}")]),
        (rf"tunnel protection ipsec profile {NAME}", [
            ("interface/Tunnel/tunnel/protection/ipsec/profile", "{1}")]),
        (r"no shutdown", [("interface/Tunnel/shutdown", None)]),
    ],
    "ip sla": [
        (rf"icmp-echo {IP} source-interface (Tunnel\d+)", [
            (f"{SLA}/destination", "{1}"), (f"{SLA}/source-interface", "{2}")]),
        (r"(threshold|timeout|frequency) (\d+)", [(f"{SLA}/{{1}}", "{2}")]),
    ],
    "track": [(r"delay down (\d+) up (\d+)", [
        ("track/tracked-object/delay/down", "{1}"), ("track/tracked-object/delay/up", "{2}")])],
    "router bgp": [
        (r"bgp log-neighbor-changes", []),
        (r"exit-address-family", []),
        (rf"neighbor {IP} remote-as (\d+)", [
            ("router/bgp/neighbor/id", "{1}"), ("router/bgp/neighbor/remote-as", "{2}")]),
        (rf"neighbor {IP} description (.*)", [("router/bgp/neighbor/description", "{2}")]),
        (rf"neighbor {IP} password (0) ([A-Za-z0-9]{{1,25}})", [
            ("router/bgp/neighbor/password/enctype", "{2}"),
            ("router/bgp/neighbor/password/text", "{3}")]),
        (rf"neighbor {IP} fall-over bfd", [("router/bgp/neighbor/fall-over/bfd", None)]),
        (rf"neighbor {IP} timers (\d+) (\d+)", [
            ("router/bgp/neighbor/timers/keepalive-interval", "{2}"),
            ("router/bgp/neighbor/timers/holdtime", "{3}")]),
        (rf"neighbor {IP} timers (\d+) (\d+) (\d+)", [
            ("router/bgp/neighbor/timers/keepalive-interval", "{2}"),
            ("router/bgp/neighbor/timers/holdtime", "{3}"),
            ("router/bgp/neighbor/timers/minimum-neighbor-hold", "{4}")]),
        (r"address-family ipv4", [("router/bgp/address-family/no-vrf/ipv4/af-name", "unicast")]),
    ],
    "address-family": [
        (rf"network {IP} mask {IP}", [
            (f"{AF}/network/with-mask/number", "{1}"), (f"{AF}/network/with-mask/mask", "{2}")]),
        (rf"neighbor {IP} activate", [(f"{AF}/neighbor/activate", None)]),
        (rf"neighbor {IP} soft-reconfiguration (\S+)", [
            (f"{AF}/neighbor/soft-reconfiguration", "{2}")]),
        (rf"neighbor {IP} prefix-list {NAME} (in|out)", [
            (f"{AF}/neighbor/prefix-list/inout", "{3}"),
            (f"{AF}/neighbor/prefix-list/prefix-list-name", "{2}")]),
        (rf"neighbor {IP} route-map {NAME} (in|out)", [
            (f"{AF}/neighbor/route-map/inout", "{3}"),
            (f"{AF}/neighbor/route-map/route-map-name", "{2}")]),
        (rf"neighbor {IP} send-community", [(f"{AF}/neighbor/send-community", None)]),
        (rf"neighbor {IP} maximum-prefix (\d+)", [
            (f"{AF}/neighbor/maximum-prefix/max-prefix-no", "{2}")]),
    ],
}


def block(line):
    """The block that a line opens."""
    heads = [head for head in STATEMENTS if head and line.startswith(head)]
    return max(heads, key=len) if heads else line


def read(text, problem):
    """The configuration as blocks: their heads, and the lines of each."""
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
        where = block(stack[-1]) if stack else ""
        statement(words, where, at, problem)
        key = " / ".join(stack)
        blocks.setdefault(key, []).append(words)
        blocks.setdefault(" / ".join([*stack, words]), [])
        stack.append(words)
    return blocks


def statement(words, where, at, problem):
    rows = STATEMENTS.get(where)
    if rows is None:
        return problem(f"line {at}: nothing may stand below {where!r}: {words}")
    for pattern, places in rows:
        match = re.fullmatch(pattern, words)
        if match is None:
            continue
        groups = ["", *match.groups()]
        for path, value in places:
            if value is not None and not re.search(r"\{\d\}", value):
                filled = value
            elif value is None:
                filled = None
            else:
                filled = value.format(*groups)
                if filled == "None":
                    continue
            if "/group/" in path:
                groups[1] = WORDS.get(groups[1], groups[1])
            path = path.format(*groups)
            found = MODEL.wrong(path, filled)
            # A presence of the CLI may be a container or a boolean of the models.
            if filled is None and found and MODEL.wrong(path, "false") is None:
                found = None
            if found:
                problem(f"line {at}: {words}: {found}")
        return None
    return problem(f"line {at}: no such statement in {where or 'configuration mode'}: {words}")


def one(blocks, head, pattern):
    """The words that a block's only statement of a kind has."""
    found = [re.fullmatch(pattern, line) for line in blocks.get(head, [])]
    found = [match.groups() for match in found if match]
    return found[0] if len(found) == 1 else None


def cipher(phase, name):
    bits, gcm = ("256" if "256" in name else "128"), "GCM" in name
    if phase == 1:
        return f"aes-{'gcm' if gcm else 'cbc'}-{bits}"
    return ("esp-gcm" if gcm else "esp-aes") + (" 256" if bits == "256" else "")


def meaning(blocks, intent, problem):
    base = "UP-" + intent["site"].upper()
    first = int(intent["options"].get("tunnel_number", 101))
    for leg in intent["legs"]:
        name = f"{base}-{leg['number']}"
        tunnel = f"interface Tunnel{first + leg['number'] - 1}"
        one_, two = leg["phase1"], leg["phase2"]
        digest = one_["integrity"].replace("SHA2-", "sha").lower()
        word = "prf" if "GCM" in one_["encryption"] else "integrity"
        esp = cipher(2, two["encryption"])
        if "gcm" not in esp:
            bits = two["integrity"].replace("SHA2-", "sha").lower()
            esp += {"sha1": " esp-sha-hmac"}.get(bits, f" esp-{bits}-hmac")
        checks = [
            (f"crypto ikev2 proposal {name}", r"encryption (\S+)", cipher(1, one_["encryption"])),
            (f"crypto ikev2 proposal {name}", rf"{word} (\S+)", digest),
            (f"crypto ikev2 proposal {name}", r"group (\d+)", str(one_["dh_group"])),
            (f"crypto ikev2 keyring {name} / peer {name}", r"address (\S+)", leg["aws_outside"]),
            (f"crypto ikev2 keyring {name} / peer {name}", r"pre-shared-key (\S+)", leg["key"]),
            (f"crypto ikev2 profile {name}", r"match identity remote address (\S+) 255.255.255.255",
             leg["aws_outside"]),
            (f"crypto ikev2 profile {name}", r"match address local (\S+)", intent["wan"]),
            (f"crypto ikev2 profile {name}", r"identity local address (\S+)", intent["public"]),
            (f"crypto ikev2 profile {name}", r"keyring local (\S+)", name),
            (f"crypto ikev2 profile {name}", r"lifetime (\d+)", str(leg["phase1_rekey"])),
            (f"crypto ikev2 profile {name}", r"authentication local (\S+)", "pre-share"),
            (f"crypto ikev2 profile {name}", r"authentication remote (\S+)", "pre-share"),
            (f"crypto ipsec transform-set {name} {esp}", r"mode (\S+)", "tunnel"),
            (f"crypto ipsec profile {name}", r"set transform-set (\S+)", name),
            (f"crypto ipsec profile {name}", r"set ikev2-profile (\S+)", name),
            (f"crypto ipsec profile {name}", r"set pfs (\S+)", f"group{two['dh_group']}"),
            (f"crypto ipsec profile {name}", r"set security-association lifetime seconds (\d+)",
             str(leg["phase2_rekey"])),
            (tunnel, r"ip address (\S+) 255.255.255.252", leg["customer_inside"]),
            (tunnel, r"ip mtu (\d+)", str(leg["mtu"])),
            (tunnel, r"ip tcp adjust-mss (\d+)", str(leg["mss"])),
            (tunnel, r"tunnel destination (\S+)", leg["aws_outside"]),
            (tunnel, r"tunnel protection ipsec profile (\S+)", name),
            (tunnel, r"tunnel source (\S+)", intent["options"]["wan_interface"]),
        ]
        if intent["bgp"]:
            head = f"router bgp {intent['bgp']['customer_asn']}"
            peer = leg["aws_inside"]
            checks += [
                (head, rf"neighbor {peer} remote-as (\d+)", str(intent["bgp"]["aws_asn"])),
                (f"{head} / address-family ipv4", rf"neighbor {peer} (activate)", "activate"),
                (f"{head} / address-family ipv4", rf"neighbor {peer} prefix-list (\S+) in",
                 f"{base}-IN"),
                (f"{head} / address-family ipv4", rf"neighbor {peer} prefix-list (\S+) out",
                 f"{base}-OUT"),
            ]
        else:
            number = first + leg["number"] - 1
            checks += [(f"ip sla {number}", rf"icmp-echo (\S+) source-interface Tunnel{number}",
                        leg["aws_inside"])]
            if f"track {number} ip sla {number} reachability" not in blocks[""]:
                problem(f"nothing watches tunnel {number}")
        for head, pattern, wanted in checks:
            found = one(blocks, head, pattern)
            if found != (wanted,):
                problem(f"{head}: {pattern} is {found}, meant is {wanted!r}")
        if f"match address local {intent['wan']}" not in blocks[f"crypto ikev2 policy {base}"]:
            problem("the policy is for another address")
        if f"proposal {name}" not in blocks.get(f"crypto ikev2 policy {base}", []):
            problem(f"no policy offers {name}")


def direct(blocks, intent, problem):
    """The virtual interface: a VLAN, a session, and what goes over it."""
    link, base = intent["direct"], "UP-" + intent["site"].upper()
    port = f"{intent['options']['direct_connect_interface']}.{link['vlan']}"
    port, peer = f"interface {port}", link["amazon"]
    bgp = f"router bgp {link['router_asn']}"
    family = f"{bgp} / address-family ipv4"
    hold = link["hold"]
    checks = [
        (port, r"encapsulation dot1Q (\d+)", str(link["vlan"])),
        (port, rf"ip address (\S+) {link['mask']}", link["router"]),
        (port, r"ip mtu (\d+)", str(link["mtu"])),
        (bgp, rf"neighbor {peer} remote-as (\d+)", str(link["amazon_asn"])),
        (bgp, rf"neighbor {peer} password 0 (\S+)", link["key"]),
        (bgp, rf"neighbor {peer} timers (\d+ \d+)", f"{hold // 3} {hold}"),
        (family, rf"neighbor {peer} (activate)", "activate"),
        (family, rf"neighbor {peer} (send-community)", "send-community"),
        (family, rf"neighbor {peer} route-map (\S+) in", f"{base}-DX-IN"),
        (family, rf"neighbor {peer} route-map (\S+) out", f"{base}-DX-OUT"),
        (f"route-map {base}-DX-IN {common.action(intent)} 10", r"set local-preference (\d+)", "200"),
        (f"route-map {base}-DX-IN {common.action(intent)} 10", r"match ip address prefix-list (\S+)",
         f"{base}-DX-IN"),
        (f"route-map {base}-DX-OUT {common.action(intent)} 10", r"set community (\S+)", "7224:7300"),
        (f"route-map {base}-DX-OUT {common.action(intent)} 10", r"match ip address prefix-list (\S+)",
         f"{base}-OUT"),
    ]
    for head, pattern, wanted in checks:
        found = one(blocks, head, pattern)
        if found != (wanted,):
            problem(f"{head}: {pattern} is {found}, meant is {wanted!r}")
    bfd = ["bfd interval 300 min_rx 300 multiplier 3"] if link["bfd"] else []
    if [line for line in blocks.get(port, []) if line.startswith("bfd")] != bfd:
        problem("BFD of the interface")
    if (f"neighbor {peer} fall-over bfd" in blocks.get(bgp, [])) != link["bfd"]:
        problem("BFD of the session")
    for rule in common.learned(intent, "permit {} le 28", "permit {}", "deny {} le 32", "deny {}"):
        if not any(line.startswith(f"ip prefix-list {base}-DX-IN seq") and line.endswith(rule)
                   for line in blocks[""]):
            problem(f"{base}-DX-IN lacks: {rule}")
    for net in intent["lan"]:
        if not any(line.startswith(f"ip prefix-list {base}-OUT seq")
                   and line.endswith(f"permit {net}") for line in blocks[""]):
            problem(f"{base}-OUT lacks {net}")
    for line in blocks[""]:
        match = re.match(r"ip route .* Tunnel\d+ (\d+) name", line)
        if match and int(match[1]) <= 20:
            problem(f"preferred to BGP: {line}")


def removal(blocks, text, problem):
    """Every head is taken away, and of BGP what was added."""
    wanted = set()
    for line in blocks[""]:
        if line == "end" or line.startswith("ip sla schedule"):
            continue
        line = re.sub(r" name \S+( track \d+)?$", "", line)
        line = re.sub(r" (seq \d+ .*|ip sla \d+ reachability)$", "", line)
        line = re.sub(r"(transform-set \S+) .*", r"\1", line)
        line = re.sub(r"^(route-map \S+) .*", r"\1", line)
        if not line.startswith("router bgp"):
            wanted.add("no " + line)
            continue
        for below in blocks[line]:
            if below.startswith("neighbor"):
                wanted.add("no " + " ".join(below.split()[:2]))
        for below in blocks[f"{line} / address-family ipv4"]:
            if below.startswith("network"):
                wanted.add("no " + below)
    found = {line.strip() for line in text.splitlines() if line.strip().startswith("no ")}
    if wanted != found:
        problem(f"removal differs: {sorted(wanted ^ found)}")


def judge(files, intent, problem):
    blocks = read(files["config.ios"], problem)
    meaning(blocks, intent, problem)
    if intent["direct"]:
        direct(blocks, intent, problem)
    for net in intent["vpc"]:
        if not any(line.startswith(f"ip route {net.split('/')[0]} ") and "Null0" in line
                   for line in blocks[""]):
            problem(f"{net} has no last resort")
    removal(blocks, files["remove.ios"], problem)


if __name__ == "__main__":
    common.main(judge)
