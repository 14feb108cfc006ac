"""Reads what goes to a Check Point gateway and to its management server.

Every call of mgmt_cli is judged by Check Point's own argument specifications (collection
check_point.mgmt, 5.2.3: the Management API as far as 1.9): objects, parameters, types and choices. The
commands of Gaia's clish are judged by a grammar, written down from the list that a gateway prints for
`show commands`; numbers of tunnels, MTU and route maps from the Gaia administration guide.
"""

import ast
import csv
import ipaddress
import os
import pathlib
import re
import shlex

import common

MODULES = pathlib.Path(os.environ["UNDERPASS_JUDGES"]) / "checkpoint"
N = r"([A-Za-z0-9][A-Za-z0-9._-]{0,31})"
IP = r"(\d+\.\d+\.\d+\.\d+)"
NET = rf"{IP}/(\d+)"
TEXT = "(.{1,100})"
MAP = rf"set routemap {N} id (\d+)"
BGP = rf"set bgp external remote-as (\d+)"
PEER = rf"{BGP} peer {IP}"
ROUTE = rf"set static-route {NET}"
# Pattern and the ranges of its numbers by group.
STATEMENTS = [
    (rf"add vpn tunnel (\d+) type numbered local {IP} remote {IP} peer {N}", {1: (1, 99)}),
    (rf"set interface vpnt(\d+) comments {TEXT}", {1: (1, 99)}),
    (rf"set interface vpnt(\d+) mtu (\d+)", {1: (1, 99), 2: (68, 16000)}),
    (r"set interface vpnt(\d+) state (?:on|off)", {1: (1, 99)}),
    (rf"{ROUTE} nexthop (?:blackhole|reject)", {}),
    (rf"{ROUTE} nexthop gateway address {IP} priority (\d+) on", {4: (1, 8)}),
    (rf"{ROUTE} comment {TEXT}", {}),
    (rf"{ROUTE} rank (\d+)", {3: (0, 255)}),
    (rf"{ROUTE} ping (?:on|off)", {}),
    (rf"{MAP} (?:on|allow|restrict|inactive)", {2: (1, 65535)}),
    (rf"{MAP} match network {NET} (?:all|exact|refines)", {2: (1, 65535)}),
    (rf"{MAP} match network {NET} between (\d+) and (\d+)", {5: (0, 32), 6: (0, 32)}),
    (rf"{MAP} match protocol (?:direct|static)", {}),
    (r"set as (\d+)", {1: (1, 4294967295)}),
    (rf"{BGP} on", {1: (1, 4294967295)}),
    (rf"{PEER} on", {}),
    (rf"{PEER} comment {TEXT}", {}),
    (rf"{PEER} (?:import|export)-routemap {N} preference (\d+) on", {4: (1, 65535)}),
    (rf"{PEER} (?:suppress-default-originate|graceful-restart|log-state-transitions) (?:on|off)", {}),
    (rf"{PEER} holdtime (\d+)", {3: (6, 65535)}),
    (rf"{PEER} keepalive (\d+)", {3: (2, 21845)}),
]
REMOVALS = [rf"{PEER} off", rf"{MAP} off", rf"{ROUTE} off", r"delete vpn tunnel (\d+)"]
HASHES = {"SHA1": "sha1", "SHA2-256": "sha256", "SHA2-384": "sha384", "SHA2-512": "sha512"}
CIPHERS = {"AES128": "aes-128", "AES256": "aes-256",
           "AES128-GCM-16": "aes-gcm-128", "AES256-GCM-16": "aes-gcm-256"}


def clish(text, patterns, problem):
    """The commands of a file as lists of words."""
    lines = []
    for at, line in enumerate(text.splitlines(), 1):
        if line.startswith("#") or not line:
            continue
        try:
            words = shlex.split(line)
        except ValueError as error:
            problem(f"line {at}: {error}")
            continue
        said = " ".join(words)
        lines.append(said)
        for pattern in patterns:
            pattern, ranges = pattern if isinstance(pattern, tuple) else (pattern, {})
            match = re.fullmatch(pattern, said)
            if match:
                for group, (least, most) in ranges.items():
                    if not least <= int(match[group]) <= most:
                        problem(f"line {at}: {match[group]} is not from {least} to {most}: {said}")
                break
        else:
            problem(f"line {at}: no such command: {said}")
        for address in re.findall(r"(?<![\d.])\d+\.\d+\.\d+\.\d+(?:/\d+)?", line):
            try:
                ipaddress.ip_network(address)
            except ValueError as error:
                problem(f"line {at}: {error}")
    if len(lines) != len(set(lines)):
        problem("a command stands twice")
    return lines


def specification(kind, cache={}):
    """The arguments of a module, as Check Point wrote them."""
    if kind not in cache:
        path = MODULES / f"cp_mgmt_{kind.replace('-', '_')}.py"
        cache[kind] = None
        if path.exists():
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if (isinstance(node, ast.Assign)
                        and getattr(node.targets[0], "id", None) == "argument_spec"):
                    cache[kind] = plain(node.value)
                    break
    return cache[kind]


def plain(node):
    if isinstance(node, ast.Call):
        return {keyword.arg: plain(keyword.value) for keyword in node.keywords}
    return ast.literal_eval(node)


def calls(text, problem):
    """What a script asks of mgmt_cli: verb, kind, parameters; a batch's file says them by columns."""
    found = []
    batch = re.search(r'^cat > "\$keys" <<KEYS\n(.*?)\nKEYS$', text, re.M | re.S)
    secrets = dict(re.findall(r'^(secret_\d)="([^"]*)"$', text, re.M))
    for line in text.replace("\\\n", " ").splitlines():
        if not line.startswith("run "):
            continue
        words = shlex.split(line)[1:]
        if words[2:] == ["--batch", "$keys"] and batch:
            told = re.sub(r"\$(\w+)", lambda name: secrets.get(name[1], ""), batch[1])
            names, *rows = csv.reader(told.splitlines())
            if len(rows) != 1 or len(rows[0]) != len(names):
                problem(f"a batch of {len(rows)} rows")
                continue
            words[2:] = [word for pair in zip(names, rows[0]) for word in pair]
        if words == ["publish"]:
            found.append(("publish", "", {}))
            continue
        verb, kind, rest = words[0], words[1], words[2:]
        if verb not in ("add", "set", "delete") or len(rest) % 2:
            problem(f"no such call: {line[:60]}")
            continue
        parameters = dict(zip(rest[::2], rest[1::2]))
        if len(parameters) * 2 != len(rest):
            problem(f"{kind}: a parameter stands twice")
        found.append((verb, kind, parameters))
        judge_call(verb, kind, parameters, problem)
    return found


def judge_call(verb, kind, parameters, problem):
    spec = specification(kind)
    if spec is None:
        problem(f"the Management API has no {kind}")
        return
    # An identifier and where it stands is all that a removal takes.
    if verb == "delete" and not set(parameters) <= {"name", "uid", "layer", "package"}:
        problem(f"delete {kind}: {sorted(parameters)}")
    for key, value in parameters.items():
        where, at = spec, None
        for part in key.split("."):
            if part.isdigit():
                if not at or at.get("type") != "list":
                    problem(f"{kind}: {key}: not a list")
                continue
            at = (where or {}).get(part.replace("-", "_"))
            if at is None:
                problem(f"{kind} has no parameter {key}")
                break
            where = at.get("options")
        else:
            judge_value(kind, key, value, at, problem)
    for key, at in spec.items():
        if at.get("required") and key.replace("_", "-") not in parameters:
            problem(f"{kind} lacks {key}")


def judge_value(kind, key, value, at, problem):
    wanted = at.get("elements") or at.get("type")
    # The module has an underscore where the API has one as well: values stand as they are.
    if at.get("choices") and value not in at["choices"]:
        problem(f"{kind}: {key} is {value!r}, not one of {at['choices']}")
    if wanted == "int" and not value.isdigit():
        problem(f"{kind}: {key} is {value!r}, not a number")
    if wanted == "bool" and value not in ("true", "false"):
        problem(f"{kind}: {key} is {value!r}, neither true nor false")
    if wanted == "dict":
        problem(f"{kind}: {key} has parameters of its own")


def references(made, problem):
    """Every name that a parameter points to is there when it is needed."""
    own = set()
    pointers = ("groups", "members", "vpn-domain", "satellite-gateways", "external-gateway",
                "source", "destination", "original-source", "original-destination")
    for verb, kind, parameters in made:
        name = parameters.get("name", "")
        if len(name) > 32:
            problem(f"{name} has more than 32 characters")
        for key, value in parameters.items():
            last = [part for part in key.split(".") if not part.isdigit()][-1]
            if last in pointers and value.startswith("up-") and value not in own:
                problem(f"{kind} {name}: there is no {value}")
        if not kind.endswith("-rule"):
            if name in own and verb == "add":
                problem(f"{name} is made twice")
            own.add(name)


def meaning(lines, made, intent, problem):
    objects = {(kind, p["name"]): p for verb, kind, p in made if verb == "add"}
    devices = {p["ip-address"]: name for (kind, name), p in objects.items()
               if kind == "interoperable-device"}
    stars = [p for (kind, _), p in objects.items() if kind == "vpn-community-star"]
    if len(stars) != 1:
        problem("not one community")
        return
    star, gateway = dict(stars[0]), intent["options"]["gateway_object"]
    for verb, kind, more in made:
        if (verb, kind, more.get("name")) == ("set", "vpn-community-star", star["name"]):
            star |= more
    common.compare(problem, "community", star, {
        "center-gateways.1": gateway, "tunnel-granularity": "universal",
        "use-shared-secret": "true", "override-vpn-domains.1.gateway": gateway})
    domains = {p.get("vpn-settings.vpn-domain") for (kind, _), p in objects.items()
               if kind == "interoperable-device"}
    domains.add(star.get("override-vpn-domains.1.vpn-domain"))
    filled = {v for p in objects.values() for k, v in p.items() if k.startswith("groups.")}
    if len(domains) != 1 or domains & filled:
        problem(f"the VPN domains are not one empty group: {domains}")
    for leg in intent["legs"]:
        peer = devices.get(leg["aws_outside"])
        tunnel(lines, star, gateway, leg, peer, problem)
    for kind, nets in (("lan", intent["lan"]), ("vpc", intent["vpc"])):
        found = {f"{p['subnet']}/{p['mask-length']}" for (k, _), p in objects.items()
                 if k == "network" and p.get("groups.1", "").endswith(f"-{kind}")}
        if found != set(nets):
            problem(f"the group of the {kind} holds {found}")
    rules = {name[-3:].strip("-") for kind, name in objects if kind == "access-rule"}
    if rules != {"in", "out", "own"}:
        problem(f"access rules: {rules}")
    if sum(kind == "nat-rule" for _, kind, _ in made) != 2:
        problem("no exemption from NAT in both directions")
    if made[-1][0] != "publish":
        problem("nothing is published")
    (by_bgp if intent["bgp"] else by_route)(lines, intent, problem)


def tunnel(lines, star, gateway, leg, peer, problem):
    where = f"tunnel {leg['number']}"
    places = [k.split(".")[1] for k, v in star.items()
              if k.startswith("granular-encryptions.") and k.endswith("external-gateway")
              and v == peer]
    if peer is None or len(places) != 1 or peer not in [
            v for k, v in star.items() if k.startswith("satellite-gateways.")]:
        problem(f"{where}: no peer {leg['aws_outside']} in the community")
        return
    prefix = f"granular-encryptions.{places[0]}."
    said = {k.removeprefix(prefix): v for k, v in star.items() if k.startswith(prefix)}
    one, two = leg["phase1"], leg["phase2"]
    method = "ikev2 only" if leg["ike"] == "ikev2" else "ikev1 for ipv4 and ikev2 for ipv6 only"
    common.compare(problem, where, said, {
        "internal-gateway": gateway,
        "encryption-method": method,
        "encryption-suite": "custom",
        "ike-phase-1.encryption-algorithm": CIPHERS[one["encryption"]],
        "ike-phase-1.data-integrity": HASHES[one["integrity"]],
        "ike-phase-1.diffie-hellman-group": f"group-{one['dh_group']}",
        "ike-phase-1.ike-p1-rekey-time": str(leg["phase1_rekey"] // 60),
        "ike-phase-1.ike-p1-rekey-time-unit": "minutes",
        "ike-phase-2.encryption-algorithm": CIPHERS[two["encryption"]],
        "ike-phase-2.data-integrity": HASHES[two["integrity"]],
        "ike-phase-2.ike-p2-use-pfs": "true",
        "ike-phase-2.ike-p2-pfs-dh-grp": f"group-{two['dh_group']}",
        "ike-phase-2.ike-p2-rekey-time": str(leg["phase2_rekey"]),
        "ike-phase-2.ike-p2-rekey-time-unit": "seconds",
    })
    keys = [star.get(k.replace("external-gateway", "shared-secret")) for k, v in star.items()
            if k.startswith("shared-secrets.") and v == peer]
    if keys != [leg["key"]]:
        problem(f"{where}: not its own key")
    made = [re.fullmatch(STATEMENTS[0][0], line) for line in lines]
    made = [match for match in made if match and match[4] == peer]
    if len(made) != 1 or (made[0][2], made[0][3]) != (leg["customer_inside"], leg["aws_inside"]):
        problem(f"{where}: no tunnel interface with its addresses and the peer {peer}")
        return
    for wanted in (f"set interface vpnt{made[0][1]} mtu {leg['mtu']}",
                   f"set interface vpnt{made[0][1]} state on"):
        if wanted not in lines:
            problem(f"{where}: lacks {wanted}")


def route_map(lines, name, problem):
    """Entries in the order of their numbers: action and what they match."""
    entries = {}
    for line in lines:
        match = re.fullmatch(rf"set routemap {re.escape(name)} id (\d+) (.+)", line)
        if match:
            entries.setdefault(int(match[1]), []).append(match[2])
    last = entries.get(65535)
    if not last or sorted(last) != ["on", "restrict"]:
        problem(f"route map {name} has an open end")
    for number, said in entries.items():
        if "on" not in said or ("allow" in said) == ("restrict" in said):
            problem(f"route map {name} id {number}: neither allows nor restricts")
    return [entries[number] for number in sorted(entries)]


def by_bgp(lines, intent, problem):
    bgp = intent["bgp"]
    if f"set as {bgp['customer_asn']}" not in lines:
        problem("not the site's AS")
    hold = bgp["hold_time"]
    for leg in intent["legs"]:
        peer = f"set bgp external remote-as {bgp['aws_asn']} peer {leg['aws_inside']}"
        for wanted in ("on", f"holdtime {hold}", f"keepalive {max(hold // 3, 1)}",
                       "graceful-restart off"):
            if f"{peer} {wanted}" not in lines:
                problem(f"tunnel {leg['number']}: lacks {wanted}")
        for way, check in (("import", inbound), ("export", outbound)):
            names = [m[1] for m in (re.fullmatch(
                rf"{peer} {way}-routemap {N} preference \d+ on", line) for line in lines) if m]
            if len(names) != 1:
                problem(f"tunnel {leg['number']}: not one {way} route map")
            else:
                check(route_map(lines, names[0], problem), intent, problem)
    for net in intent["vpc"]:
        if f"set static-route {net} rank 250" not in lines:
            problem(f"no last resort for {net} behind BGP")


def inbound(entries, intent, problem):
    own = {f"match network {net} all" for net in intent["lan"]}
    if len(entries) != 3 or not {"restrict", *own} <= set(entries[0]):
        problem("the LAN's own networks may be learned")
        return
    wanted = set()
    for net in intent["vpc"]:
        length = int(net.split("/")[1])
        how = f"between {length} and 28" if length < 28 else "exact"
        wanted.add(f"match network {net} {how}")
    if set(entries[1]) != {"on", "allow", *wanted}:
        problem(f"AWS may say {entries[1]}")


def outbound(entries, intent, problem):
    lan = {f"match network {net} exact" for net in intent["lan"]}
    for entry in entries[:-1]:
        rest = set(entry) - {"on", "allow", "match protocol direct", "match protocol static"}
        if rest != lan or not any("protocol" in said for said in entry):
            problem(f"AWS hears {entry}")
    if len(entries) != 3:
        problem("connected and static routes are not both told")


def by_route(lines, intent, problem):
    for net in intent["vpc"]:
        if f"set static-route {net} nexthop blackhole" not in lines:
            problem(f"no last resort for {net}")
        for half in ipaddress.ip_network(net).subnets():
            route = f"set static-route {half}"
            for leg in intent["legs"]:
                wanted = f"{route} nexthop gateway address {leg['aws_inside']}"
                if f"{wanted} priority {leg['number']} on" not in lines:
                    problem(f"no route to {half} by tunnel {leg['number']}")
            if f"{route} ping on" not in lines:
                problem(f"the routes to {half} follow no probe")


def removal(lines, gone, made, deleted, problem):
    heads = set()
    for line in lines:
        for pattern in (rf"{PEER} ", rf"{MAP} ", rf"{ROUTE} "):
            match = re.match(pattern, line)
            if match:
                heads.add(f"{match[0]}off")
        match = re.match(r"add vpn tunnel (\d+)", line)
        if match:
            heads.add(f"delete vpn tunnel {match[1]}")
    if heads != set(gone):
        problem(f"the gateway's removal differs: {sorted(heads ^ set(gone))}")
    before = {(kind, p["name"]) for verb, kind, p in made if verb == "add"}
    after = [(kind, p["name"]) for verb, kind, p in deleted if verb == "delete"]
    if before != set(after) or len(after) != len(before):
        problem(f"the management's removal differs: {sorted(before ^ set(after))}")
    if not deleted or deleted[-1][0] != "publish":
        problem("the removal is not published")


def judge(files, intent, problem):
    lines = clish(files["gateway.clish"], STATEMENTS, problem)
    gone = clish(files["remove-gateway.clish"], REMOVALS, problem)
    made = calls(files["management.sh"], problem)
    deleted = calls(files["remove-management.sh"], problem)
    references(made, problem)
    meaning(lines, made, intent, problem)
    removal(lines, gone, made, deleted, problem)


if __name__ == "__main__":
    common.main(judge)
