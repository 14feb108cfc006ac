"""Reads a session on SonicOS's command line and judges every line by a grammar.

The grammar is written down from SonicWall's own OpenAPI specification of SonicOS 7, whose properties are
the CLI's words with `_` for `-`: modes, choices and ranges as facts; AWS's sample and public test suites
show which lines enter a mode. The BGP part speaks ZebOS. What SonicOS calls by two names is not judged:
interfaces and zones are any word.
"""

import ipaddress
import re
import shlex

import common

N = r"([A-Za-z0-9][A-Za-z0-9._:/-]{0,30})"
IP = r"(\d+\.\d+\.\d+\.\d+)"
NET = rf"{IP}/(\d+)"
TEXT = r"(.{1,80})"
GROUP = "(?:1|2|5|14|19|20|21|25|26)"
IKE_CIPHER = "(?:des|triple-des|aes-128|aes-192|aes-256)"
ESP_CIPHER = f"(?:{IKE_CIPHER}|aes-gcm16-128|aes-gcm16-192|aes-gcm16-256)"
HASH = "(?:md5|sha-1|sha-256|sha-384|sha-512)"
ADDRESS = rf"(?:any|(?:name|group) {N})"
RULE = (rf"access-rule ipv4 from {N} to {N} action (allow|deny|discard) source address {ADDRESS} "
        rf"service (?:any|name {N}) destination address {ADDRESS}")
ROUTE = rf"route-policy ipv4 interface {N} metric (\d+) source any destination group {N}"
# Mode: pattern, the mode that it enters ("" for none, None for the one above), ranges by group.
GRAMMAR = {
    "top": [("configure", "config", {}), ("exit", "", {})],
    "config": [
        (rf"address-object ipv4 {N} (?:network {IP} {IP}|host {IP}) zone {N}", "", {}),
        (rf"address-group ipv4 {N}", "group", {}),
        ("commit", "", {}),
        ("vpn", "vpn", {}),
        (rf"vpn policy tunnel-interface {N}", "policy", {}),
        (rf"tunnel-interface vpn {N}", "interface", {}),
        (RULE, "rule", {}),
        (ROUTE, "route", {2: (1, 255)}),
        (rf"network-monitor policy {N}", "monitor", {}),
        ("routing", "routing", {}),
        ("exit", None, {}),
        (rf"no {RULE}", "", {}), (rf"no {ROUTE}", "", {}),
        (rf"no (?:network-monitor policy|tunnel-interface vpn|vpn policy tunnel-interface) {N}",
         "", {}),
        (rf"no address-(?:group|object) ipv4 {N}", "", {}),
    ],
    "group": [(rf"address-object ipv4 {N}", "", {}), ("exit", None, {})],
    "vpn": [("ike-dpd", "dpd", {}), ("nat-traversal", "", {}), ("frag-packets", "frag", {}),
            ("exit", None, {})],
    "dpd": [(r"interval (\d+)", "", {1: (3, 120)}), (r"trigger (\d+)", "", {1: (3, 10)}),
            ("idle-dpd", "", {}), ("exit", None, {})],
    "frag": [("ignore-df-bit", "", {}), ("exit", None, {})],
    "policy": [
        (rf"gateway primary {IP}", "", {}),
        ("auth-method shared-secret", "secret", {}),
        ("proposal ike exchange (?:main|aggressive|ikev2)", "", {}),
        (f"proposal ike encryption {IKE_CIPHER}", "", {}),
        (f"proposal ike authentication {HASH}", "", {}),
        (f"proposal ike dh-group {GROUP}", "", {}),
        (r"proposal (?:ike|ipsec) lifetime (\d+)", "", {1: (120, 9999999)}),
        ("proposal ipsec protocol (?:esp|ah)", "", {}),
        (f"proposal ipsec encryption {ESP_CIPHER}", "", {}),
        (f"proposal ipsec authentication (?:{HASH}|aes-xcbc)", "", {}),
        (f"proposal ipsec perfect-forward-secrecy dh-group {GROUP}", "", {}),
        ("(?:no )?(?:keep-alive|anti-replay|advanced-routing|netbios|multicast|apply-nat"
         "|suppress-trigger-packet|enable)", "", {}),
        (rf"bound-to (?:interface|zone) {N}", "", {}),
        ("exit", None, {}),
    ],
    "secret": [(r"shared-secret \S{4,128}", "", {}),
               (rf"ike-id (?:local|peer) ipv4 {IP}", "", {}), ("exit", None, {})],
    "interface": [
        (rf"policy {N}", "", {}), (rf"ip-assignment {N} static", "assignment", {}),
        (rf"comment {TEXT}", "", {}), ("management (?:ping|https|ssh|snmp)", "", {}),
        ("(?:no )?(?:asymmetric-route|fragment-packets|ignore-df-bit|multicast)", "", {}),
        ("exit", None, {})],
    "assignment": [(rf"ip {IP} netmask {IP}", "", {}), ("exit", None, {})],
    "rule": [(rf"name {N}", "", {}), (rf"comment {TEXT}", "", {}), ("(?:no )?logging", "", {}),
             ("(?:no )?enable", "", {}), ("exit", None, {})],
    "route": [(rf"name {N}", "", {}), (rf"comment {TEXT}", "", {}), (rf"probe {N}", "", {}),
              ("(?:no )?disable-on-interface-down", "", {}), ("exit", None, {})],
    "monitor": [
        (rf"probe target (?:name|group) {N}", "", {}),
        ("probe type ping (?:explicit|non-explicit)", "", {}),
        (r"probe interval (\d+)", "", {1: (3, 3600)}), (rf"outbound-interface {N}", "", {}),
        (rf"next-hop name {N}", "", {}), (r"reply-timeout (\d+)", "", {1: (1, 60)}),
        (r"interval (?:missed|successful) (\d+)", "", {1: (1, 100)}),
        (rf"comment {TEXT}", "", {}), ("exit", None, {})],
    "routing": [("bgp", "zebos", {}), ("exit", None, {})],
    "zebos": [("configure terminal", "zebos-config", {}), ("write", "", {}), ("exit", None, {})],
    "zebos-config": [
        (rf"ip prefix-list {N} seq (\d+) (?:deny|permit) {NET}(?: le (\d+))?", "",
         {2: (1, 4294967295)}),
        (rf"no ip prefix-list {N}", "", {}),
        (r"router bgp (\d+)", "zebos-router", {1: (1, 4294967295)}), ("end", None, {})],
    "zebos-router": [
        (rf"(?:no )?network {NET}", "", {}),
        (rf"neighbor {IP} remote-as (\d+)", "", {2: (1, 4294967295)}),
        (rf"neighbor {IP} description {TEXT}", "", {}),
        (rf"neighbor {IP} timers (\d+) (\d+)", "", {2: (0, 65535), 3: (0, 65535)}),
        (rf"neighbor {IP} maximum-prefix (\d+)", "", {2: (1, 4294967295)}),
        (rf"neighbor {IP} prefix-list {N} (?:in|out)", "", {}),
        (rf"no neighbor {IP}", "", {}), ("exit", None, {}), ("end", "end", {})],
}
HASHES = {"SHA1": "sha-1", "SHA2-256": "sha-256", "SHA2-384": "sha-384", "SHA2-512": "sha-512"}
CIPHERS = {"AES128": "aes-128", "AES256": "aes-256",
           "AES128-GCM-16": "aes-gcm16-128", "AES256-GCM-16": "aes-gcm16-256"}


def read(text, problem):
    """The lines of a session, each with the lines that lead to its mode."""
    said, modes, heads = [], ["top"], []
    for at, line in enumerate(text.splitlines(), 1):
        try:
            words = " ".join(shlex.split(line))
        except ValueError as error:
            problem(f"line {at}: {error}")
            continue
        entered = step(words, at, modes, heads, problem)
        if words not in ("exit", "end", "commit"):
            said.append((tuple(heads[:-1] if entered else heads), words))
        for address in re.findall(r"(?<![\d.])\d+\.\d+\.\d+\.\d+(?:/\d+)?", line):
            try:
                ipaddress.ip_network(address)
            except ValueError as error:
                problem(f"line {at}: {error}")
    if modes != ["top"]:
        problem(f"the session ends in {modes[-1]}")
    if len(said) != len(set(said)):
        problem("a line stands twice")
    return said


def step(words, at, modes, heads, problem):
    for pattern, mode, ranges in GRAMMAR[modes[-1]]:
        match = re.fullmatch(pattern, words)
        if match is None:
            continue
        for group, (least, most) in ranges.items():
            if not least <= int(match[group]) <= most:
                problem(f"line {at}: {match[group]} is not from {least} to {most}: {words}")
        if mode == "end":
            del modes[-2:], heads[-2:]
        elif mode is None:
            del modes[-1:], heads[-1:]
        elif mode:
            modes.append(mode)
            heads.append(words)
            return True
        return False
    problem(f"line {at}: no such statement in {modes[-1]}: {words}")
    return False


def block(said, head):
    """The lines of a mode, and of those within."""
    return [words for heads, words in said if head in heads]


def meaning(said, intent, problem):
    config = [words for heads, words in said if heads == ("configure",)]
    networks = {"lan": set(), "vpc": set()}
    hosts = {}
    for words in config:
        match = re.fullmatch(rf"address-object ipv4 {N} network {IP} {IP} zone {N}", words)
        if match:
            kind = match[1].rsplit("-", 2)[1]
            networks[kind].add(str(ipaddress.ip_network(f"{match[2]}/{match[3]}")))
        match = re.fullmatch(rf"address-object ipv4 {N} host {IP} zone VPN", words)
        if match:
            hosts[match[2]] = match[1]
    for kind, nets in networks.items():
        if nets != set(intent[kind]):
            problem(f"{kind} is {nets}")
    groups(said, config, problem)
    rules(config, problem)
    for leg in intent["legs"]:
        tunnel(said, config, leg, intent, hosts, problem)
    if intent["bgp"]:
        by_bgp(said, intent, problem)


def groups(said, config, problem):
    """Every member of a group is an object, and every object of a kind is in its group."""
    objects = {m[1] for m in (re.match(rf"address-object ipv4 {N} ", w) for w in config) if m}
    members = set()
    for words in config:
        match = re.fullmatch(rf"address-group ipv4 {N}", words)
        if match:
            members |= {line.split()[-1] for line in block(said, words)}
    if members != objects:
        problem(f"objects and members differ: {members ^ objects}")
    known = {w.split()[-1] for w in config if w.startswith("address-group ")}
    for words in config:
        for name in re.findall(rf"group {N}", words):
            if words.startswith(("access-rule", "route-policy")) and name not in known:
                problem(f"there is no group {name}")


def rules(config, problem):
    found = {}
    for words in config:
        match = re.fullmatch(RULE, words)
        if match:
            source = (match[4] or "any").rsplit("-", 1)[-1]
            target = (match[6] or "any").rsplit("-", 1)[-1]
            found[source, target, match[3]] = (match[1], match[2])
    if found.get(("lan", "vpc", "allow"), ("", ""))[1] != "VPN":
        problem("the LAN may not reach the VPC")
    if found.get(("vpc", "lan", "allow"), ("", ""))[0] != "VPN":
        problem("the VPC may not reach the LAN")
    leak = found.get(("lan", "vpc", "deny"))
    if leak is None or "VPN" in leak:
        problem("what is for the VPC may leave to the Internet")


def tunnel(said, config, leg, intent, hosts, problem):
    where = f"tunnel {leg['number']}"
    heads = [w for w in config if w.startswith("vpn policy tunnel-interface ")
             and f"gateway primary {leg['aws_outside']}" in block(said, w)]
    if len(heads) != 1:
        problem(f"{where}: no policy to {leg['aws_outside']}")
        return
    lines = block(said, heads[0])
    name = heads[0].split()[-1]
    one, two = leg["phase1"], leg["phase2"]
    wanted = {
        f"shared-secret {leg['key']}",
        f"ike-id local ipv4 {intent['public']}",
        f"ike-id peer ipv4 {leg['aws_outside']}",
        f"proposal ike exchange {'ikev2' if leg['ike'] == 'ikev2' else 'main'}",
        f"proposal ike encryption {CIPHERS[one['encryption']]}",
        f"proposal ike authentication {HASHES[one['integrity']]}",
        f"proposal ike dh-group {one['dh_group']}",
        f"proposal ike lifetime {leg['phase1_rekey']}",
        "proposal ipsec protocol esp",
        f"proposal ipsec encryption {CIPHERS[two['encryption']]}",
        f"proposal ipsec perfect-forward-secrecy dh-group {two['dh_group']}",
        f"proposal ipsec lifetime {leg['phase2_rekey']}",
        "anti-replay", "no apply-nat", "enable",
        f"bound-to interface {intent['options'].get('wan_interface', 'X1')}",
    }
    if "GCM" not in two["encryption"]:
        wanted.add(f"proposal ipsec authentication {HASHES[two['integrity']]}")
    if intent["bgp"]:
        wanted.add("advanced-routing")
    if leg["ike"] == "ikev2":
        # Else SonicOS narrows the selectors to one host, which AWS refuses.
        wanted.add("suppress-trigger-packet")
    for line in sorted(wanted - set(lines)):
        problem(f"{where}: lacks {line}")
    if "GCM" in two["encryption"] and any("ipsec authentication" in line for line in lines):
        problem(f"{where}: a hash with GCM")
    faces = [w for w in config if w.startswith("tunnel-interface vpn ")
             and f"policy {name}" in block(said, w)]
    face = block(said, faces[0]) if len(faces) == 1 else []
    if f"ip {leg['customer_inside']} netmask 255.255.255.252" not in face:
        problem(f"{where}: no interface with {leg['customer_inside']} and its policy")
    if "ip-assignment VPN static" not in face:
        problem(f"{where}: not in the zone VPN")
    if not intent["bgp"]:
        by_route(said, config, leg, faces, hosts, problem)


def by_route(said, config, leg, faces, hosts, problem):
    where = f"tunnel {leg['number']}"
    if not faces:
        return
    face = faces[0].split()[-1]
    routes = [w for w in config if re.fullmatch(ROUTE, w) and f"interface {face} " in w]
    if len(routes) != 1 or f" metric {leg['number'] * 10} " not in routes[0]:
        problem(f"{where}: no route with its metric")
        return
    probes = [w.split()[-1] for w in block(said, routes[0]) if w.startswith("probe ")]
    if len(probes) != 1:
        problem(f"{where}: the route follows no probe")
        return
    lines = block(said, f"network-monitor policy {probes[0]}")
    aws = hosts.get(leg["aws_inside"])
    for line in (f"probe target name {aws}", f"next-hop name {aws}",
                 f"outbound-interface {face}", "probe type ping explicit"):
        if line not in lines:
            problem(f"{where}: the probe lacks {line}")


def by_bgp(said, intent, problem):
    bgp = intent["bgp"]
    router = block(said, f"router bgp {bgp['customer_asn']}")
    lists = {}
    for _, words in said:
        match = re.fullmatch(rf"ip prefix-list {N} seq (\d+) (.+)", words)
        if match:
            lists.setdefault(match[1], []).append((int(match[2]), match[3]))
    if {w.split()[1] for w in router if w.startswith("network ")} != set(intent["lan"]):
        problem("announces other networks than the LAN")
    inward = [f"deny {within(net, 32)}" for net in intent["lan"]]
    inward += [f"permit {within(net, 28)}" for net in intent["vpc"]]
    outward = [f"permit {net}" for net in intent["lan"]]
    for leg in intent["legs"]:
        peer = f"neighbor {leg['aws_inside']}"
        hold = bgp["hold_time"]
        for line in (f"{peer} remote-as {bgp['aws_asn']}",
                     f"{peer} timers {max(hold // 3, 1)} {hold}"):
            if line not in router:
                problem(f"tunnel {leg['number']}: lacks {line}")
        if not any(line.startswith(f"{peer} maximum-prefix ") for line in router):
            problem(f"tunnel {leg['number']}: no limit of prefixes")
        for way, wanted in (("in", inward), ("out", outward)):
            names = [line.split()[3] for line in router
                     if line.startswith(f"{peer} prefix-list ") and line.endswith(f" {way}")]
            entries = [e for _, e in sorted(lists.get(names[0], []))] if len(names) == 1 else None
            if entries != wanted:
                problem(f"tunnel {leg['number']}: {way} is filtered by {entries}")


def within(net, up_to):
    return f"{net} le {up_to}" if up_to > int(net.split("/")[1]) else net


def removal(said, gone, problem):
    made = set()
    for heads, words in said:
        if heads == ("configure",) and words.split()[0] in (
                "access-rule", "route-policy", "network-monitor", "tunnel-interface"):
            made.add(f"no {words}")
        if heads == ("configure",) and words.startswith("vpn policy "):
            made.add(f"no {words}")
        if heads == ("configure",) and words.startswith("address-"):
            made.add("no " + " ".join(words.split()[:3]))
        if words.startswith("neighbor "):
            made.add("no " + " ".join(words.split()[:2]))
        if words.startswith("network "):
            made.add(f"no {words}")
        if words.startswith("ip prefix-list "):
            made.add("no " + " ".join(words.split()[:3]))
    taken = [words for _, words in gone if words.startswith("no ")]
    if set(taken) != made:
        problem(f"the removal differs: {sorted(set(taken) ^ made)}")
    order = [next((at for at, w in enumerate(taken) if w.startswith(start)), -1)
             for start in ("no access-rule", "no tunnel-interface", "no vpn policy",
                           "no address-group", "no address-object")]
    if order != sorted(order):
        problem("something goes while another still needs it")


def judge(files, intent, problem):
    said = read(files["config.sonicos"], problem)
    gone = read(files["remove.sonicos"], problem)
    meaning(said, intent, problem)
    removal(said, gone, problem)


if __name__ == "__main__":
    common.main(judge)
