"""Reads FortiOS CLI and judges every statement by Fortinet's own versioned schemas.

The schemas come with the Ansible collection fortinet.fortios, one per configuration path: names,
types, options and the versions that have them. Limits that they lack (lengths and ranges) stand
below, from the FortiOS 7.0 CLI reference.
"""

import ast
import ipaddress
import os
import re
import shlex

import common

SCHEMAS = os.path.join(os.environ["UNDERPASS_JUDGES"], "fortios")
VERSIONS = ["v7.0.1", "v7.0.12", "v7.2.4", "v7.4.4", "v7.6.0"]
# Attributes of two words: an address and a mask.
MASKED = {"ip", "remote_ip", "subnet", "dst", "prefix", "src_subnet", "dst_subnet"}
ADDRESSES = {"local_gw", "remote_gw", "source_ip"}
LENGTHS = {
    "vpn ipsec phase1-interface": {"name": 15, "comments": 255, "localid": 63, "interface": 35},
    "vpn ipsec phase2-interface": {"name": 35, "phase1name": 15, "comments": 255},
    "system interface": {"name": 15, "description": 255},
    "system zone": {"name": 35, "description": 127},
    "system link-monitor": {"name": 35, "srcintf": 15},
    "firewall address": {"name": 79, "comment": 255},
    "firewall policy": {"name": 35, "comments": 1023},
    "router prefix-list": {"name": 35, "comments": 127},
    "router route-map": {"name": 35, "comments": 127},
    "router static": {"comment": 255, "device": 35},
    "router bgp neighbor": {"description": 63, "prefix_list_in": 35, "update_source": 15},
}
RANGES = {
    "keylife": (120, 172800),
    "keylifeseconds": (120, 172800),
    "dpd_retrycount": (1, 10),
    "dpd_retryinterval": (1, 3600),
    "mtu": (68, 65535),
    "tcp_mss": (48, 65535),
    "distance": (1, 255),
    "keep_alive_timer": (0, 65535),
    "holdtime_timer": (3, 65535),
    "vlanid": (1, 4094),
    "bfd_desired_min_tx": (1, 100000),
    "bfd_required_min_rx": (1, 100000),
    "bfd_detect_mult": (1, 50),
    "interval": (20, 3600000),
    "failtime": (1, 3600),
    "recoverytime": (1, 3600),
}
LOADED = {}


def schema(path):
    """A path's schema and the name of its key; none where FortiOS has no such path."""
    if path not in LOADED:
        name = "fortios_" + path.replace(" ", "_").replace("-", "_") + ".py"
        try:
            with open(os.path.join(SCHEMAS, name), encoding="utf-8") as file:
                tree = ast.parse(file.read())
        except FileNotFoundError:
            LOADED[path] = None
            return None
        found = key = None
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                if node.targets[0].id == "versioned_schema":
                    found = ast.literal_eval(node.value)
                if node.targets[0].id == "mkeyname" and key is None:
                    key = ast.literal_eval(node.value)
        LOADED[path] = (found, key)
    return LOADED[path]


def number(version):
    return [int(part) for part in version[1:].split(".")]


def lacking(ranges):
    """The versions of ours that lack something."""
    def has(version):
        return any(
            number(first) <= number(version) and (not last or number(version) <= number(last))
            for first, last in ranges
        )
    return [version for version in VERSIONS if ranges and not has(version)]


class Reader:
    """The CLI's own state: a stack of config and edit."""

    def __init__(self, text, problem):
        self.problem = problem
        self.tables = {}
        self.deleted = []
        self.stack = []
        for at, line in enumerate(text.splitlines(), 1):
            self.at = at
            line = line.strip()
            if line and not line.startswith("#"):
                self.line(line)
        if self.stack:
            self.complain("the file ends within " + self.place())

    def complain(self, text):
        self.problem(f"line {getattr(self, 'at', 0)}: {text}")

    def place(self):
        return " ".join(word for kind, word, _, _ in self.stack if kind == "config")

    def line(self, line):
        try:
            words = shlex.split(line)
        except ValueError as error:
            return self.complain(f"{error}: {line}")
        word, rest = words[0], words[1:]
        action = getattr(self, "on_" + word, None)
        if action is None:
            return self.complain(f"no such command: {line}")
        return action(rest)

    def on_config(self, rest):
        path = " ".join(rest)
        if not self.stack:
            known = schema(path)
            if known is None:
                self.complain(f"no such path: {path}")
                known = ({"children": {}}, None)
            node, key = known
        else:
            parent = self.stack[-1][2]
            node = parent.get("children", {}).get(path.replace("-", "_"))
            if node is None:
                self.complain(f"no such path: {self.place()} {path}")
                node = {"children": {}}
            key = next((k for k, v in node["children"].items() if v.get("required")), None)
            key = key or next(iter(node["children"]), None)
        values = {}
        self.stack.append(("config", path, node, (key, values)))
        if node.get("type") != "list":
            self.tables.setdefault(self.place(), {})[None] = values

    def on_edit(self, rest):
        if not self.stack or self.stack[-1][0] != "config" or len(rest) != 1:
            return self.complain(f"edit has no place here: {rest}")
        _, _, node, (key, _) = self.stack[-1]
        if node.get("type") != "list":
            self.complain(f"{self.place()} is not a table")
        if rest[0] == "0":
            self.complain("edit 0 makes another entry each time and cannot be removed")
        values = {}
        path = self.place()
        parents = [word for kind, word, _, _ in self.stack if kind == "edit"]
        self.tables.setdefault(path, {})["/".join(parents + rest)] = values
        self.stack.append(("edit", rest[0], node, (key, values)))
        if key:
            self.value(path, key, rest)
        return None

    def on_set(self, rest):
        self.attribute(rest)

    def on_unset(self, rest):
        self.attribute(rest, unset=True)

    def attribute(self, rest, unset=False):
        if not self.stack:
            return self.complain("set outside of config")
        kind, _, node, (_, values) = self.stack[-1]
        if kind == "config" and node.get("type") == "list":
            return self.complain("set outside of edit")
        name = rest[0].replace("-", "_")
        child = node["children"].get(name)
        if child is None or "_" in rest[0]:
            return self.complain(f"{self.place()} has no {rest[0]}")
        gone = lacking(child["v_range"])
        if gone:
            self.complain(f"{rest[0]} is not in {gone}")
        if unset:
            return None if len(rest) == 1 else self.complain("unset takes no value")
        if len(rest) < 2:
            return self.complain(f"{rest[0]} without a value")
        if name in values:
            self.complain(f"{rest[0]} is set twice")
        values[name] = rest[1:]
        return self.value(self.place(), name, rest[1:])

    def value(self, path, name, words):
        child = self.stack[-1][2]["children"].get(name)
        if child is None:
            return None
        options = {o["value"]: o.get("v_range") for o in child.get("options", [])}
        single = child["type"] != "list" and name not in MASKED
        if single and len(words) != 1:
            self.complain(f"{name} takes one value, not {words}")
        for word in words:
            if options and word not in options:
                self.complain(f"{name} has no {word}")
            elif options and options[word] and lacking(options[word]):
                self.complain(f"{name} {word} is not in {lacking(options[word])}")
            if child["type"] == "integer" and not re.fullmatch(r"\d{1,10}", word):
                self.complain(f"{name} is a number, not {word}")
            if len(word) > LENGTHS.get(path, {}).get(name, 10_000):
                self.complain(f"{name} is too long: {word}")
            if name in RANGES and word.isdigit():
                least, most = RANGES[name]
                if not least <= int(word) <= most:
                    self.complain(f"{name} is {least} to {most}, not {word}")
        if name in MASKED and not options:
            try:
                network = ipaddress.ip_interface("/".join(words))
            except ValueError as error:
                return self.complain(f"{name}: {error}")
            if name not in ("ip", "remote_ip") and network.ip != network.network.network_address:
                self.complain(f"{name}: {words} has host bits")
        if name in ADDRESSES:
            try:
                ipaddress.IPv4Address(words[0])
            except ValueError as error:
                self.complain(f"{name}: {error}")
        return None

    def on_next(self, rest):
        if rest or not self.stack or self.stack[-1][0] != "edit":
            return self.complain("next without edit")
        self.stack.pop()
        return None

    def on_end(self, rest):
        # The CLI's own end closes an open edit as well; a written file says so.
        if rest or not self.stack or self.stack[-1][0] != "config":
            return self.complain("end without config")
        self.stack.pop()
        return None

    def on_delete(self, rest):
        if not self.stack or self.stack[-1][0] != "config" or len(rest) != 1:
            return self.complain("delete has no place here")
        self.deleted.append((self.place(), rest[0]))
        return None


def references(tables, problem):
    """Every name that is used is made before."""
    phase1 = set(tables["vpn ipsec phase1-interface"])
    phase1 |= {name for name, v in tables["system interface"].items() if "vlanid" in v}
    maps = {name for name in tables.get("router route-map", {}) if "/" not in name}
    zones = set(tables["system zone"])
    addresses = set(tables["firewall address"])
    lists = {name for name in tables.get("router prefix-list", {}) if "/" not in name}
    uses = [
        ("vpn ipsec phase2-interface", "phase1name", phase1),
        ("system zone", "interface", phase1),
        ("router static", "device", phase1),
        ("system link-monitor", "srcintf", phase1),
        ("firewall policy", "srcaddr", addresses),
        ("firewall policy", "dstaddr", addresses),
        ("router bgp neighbor", "prefix_list_in", lists),
        ("router bgp neighbor", "prefix_list_out", lists),
        ("router bgp neighbor", "update_source", phase1),
        ("router bgp neighbor", "route_map_in", maps),
        ("router bgp neighbor", "route_map_out", maps),
        ("router route-map rule", "match_ip_address", lists),
    ]
    for path, name, known in uses:
        for entry, values in tables.get(path, {}).items():
            for word in values.get(name, []):
                if word not in known:
                    problem(f"{path} {entry}: {name} {word} is not defined")
    for entry, values in tables["firewall policy"].items():
        ends = values.get("srcintf", []) + values.get("dstintf", [])
        if not zones.intersection(ends):
            problem(f"policy {entry} does not touch the zone")


def proposal(phase, intent):
    cipher = {"AES128": "aes128", "AES256": "aes256", "AES128-GCM-16": "aes128gcm",
              "AES256-GCM-16": "aes256gcm"}[intent["encryption"]]
    digest = intent["integrity"].replace("SHA2-", "sha").lower()
    if not cipher.endswith("gcm"):
        return f"{cipher}-{digest}"
    return f"{cipher}-prf{digest}" if phase == 1 else cipher


def meaning(tables, intent, problem):
    """The values are those that were meant, each with its own tunnel."""
    for leg in intent["legs"]:
        phase1 = [
            (name, v) for name, v in tables["vpn ipsec phase1-interface"].items()
            if v.get("remote_gw") == [leg["aws_outside"]]
        ]
        if len(phase1) != 1:
            return problem(f"{len(phase1)} tunnels to {leg['aws_outside']}")
        name, values = phase1[0]
        wanted = {
            "psksecret": [leg["key"]],
            "local_gw": [intent["wan"]],
            "ike_version": [leg["ike"][-1]],
            "proposal": [proposal(1, leg["phase1"])],
            "dhgrp": [str(leg["phase1"]["dh_group"])],
            "keylife": [str(leg["phase1_rekey"])],
            "interface": [intent["options"]["wan_interface"]],
            "peertype": ["any"],
            "net_device": ["disable"],
        }
        if intent["nat"]:
            wanted |= {"localid": [intent["public"]], "localid_type": ["address"]}
        common.compare(problem, name, values, wanted)
        common.compare(problem, f"phase 2 {name}", tables["vpn ipsec phase2-interface"][name], {
            "phase1name": [name],
            "proposal": [proposal(2, leg["phase2"])],
            "dhgrp": [str(leg["phase2"]["dh_group"])],
            "pfs": ["enable"],
            "keylifeseconds": [str(leg["phase2_rekey"])],
        })
        common.compare(problem, f"interface {name}", tables["system interface"][name], {
            "ip": [leg["customer_inside"], "255.255.255.255"],
            "remote_ip": [leg["aws_inside"], "255.255.255.252"],
            "tcp_mss": [str(leg["mss"])],
            "mtu": [str(leg["mtu"])],
        })
        routing(tables, intent, leg, name, problem)
    return None


def routing(tables, intent, leg, name, problem):
    dead = {" ".join(v["dst"]) for v in tables["router static"].values() if "blackhole" in v}
    through = {
        " ".join(v["dst"]) for v in tables["router static"].values() if v.get("device") == [name]
    }
    vpc = {ipaddress.ip_network(net).with_netmask.replace("/", " ") for net in intent["vpc"]}
    if not vpc <= dead:
        problem("the VPC has no last resort")
    if intent["bgp"]:
        common.compare(problem, "bgp", tables["router bgp"][None], {
            "as": [str(intent["bgp"]["customer_asn"])],
        })
        common.compare(problem, "neighbor", tables["router bgp neighbor"][leg["aws_inside"]], {
            "remote_as": [str(intent["bgp"]["aws_asn"])],
            "update_source": [name],
            "holdtime_timer": [str(intent["bgp"]["hold_time"])],
        })
        return
    if through != vpc:
        problem(f"{name}: routes {through}")
    common.compare(problem, f"monitor {name}", tables["system link-monitor"][name], {
        "srcintf": [name],
        "server": [leg["aws_inside"]],
        "source_ip": [leg["customer_inside"]],
        "update_static_route": ["enable"],
    })


def direct(tables, intent, problem):
    """The virtual interface: a VLAN, a session, and what goes over it."""
    link, options = intent["direct"], intent["options"]
    vlans = [(name, v) for name, v in tables["system interface"].items() if "vlanid" in v]
    if len(vlans) != 1:
        return problem(f"{len(vlans)} VLANs")
    name, values = vlans[0]
    base = name.removesuffix("-d")
    fast = ["300"] if link["bfd"] else None
    common.compare(problem, name, values, {
        "vdom": [options.get("vdom", "root")],
        "type": ["vlan"],
        "interface": [options["direct_connect_interface"]],
        "vlanid": [str(link["vlan"])],
        "ip": [link["router"], link["mask"]],
        "mtu_override": ["enable"],
        "mtu": [str(link["mtu"])],
        "bfd": ["enable"] if link["bfd"] else None,
        "bfd_desired_min_tx": fast,
        "bfd_required_min_rx": fast,
        "bfd_detect_mult": ["3"] if link["bfd"] else None,
    })
    if name not in tables["system zone"][base]["interface"]:
        problem(f"{name} is in no zone")
    common.compare(problem, "bgp", tables["router bgp"][None], {"as": [str(link["router_asn"])]})
    common.compare(problem, "neighbor", tables["router bgp neighbor"][link["amazon"]], {
        "remote_as": [str(link["amazon_asn"])],
        "password": [link["key"]],
        "update_source": [name],
        "bfd": ["enable"] if link["bfd"] else None,
        "keep_alive_timer": [str(link["hold"] // 3)],
        "holdtime_timer": [str(link["hold"])],
        "send_community": ["standard"],
        "route_map_in": [f"{base}-dx-in"],
        "route_map_out": [f"{base}-dx-out"],
    })
    rules = tables["router route-map rule"]
    common.compare(problem, "in", rules[f"{base}-dx-in/1"], {
        "action": [common.action(intent)], "match_ip_address": [f"{base}-dx-in"],
        "set_local_preference": ["200"], "set_community": None})
    common.compare(problem, "out", rules[f"{base}-dx-out/1"], {
        "action": [common.action(intent)], "match_ip_address": [f"{base}-out"],
        "set_community": ["7224:7300"], "set_local_preference": None})
    found = [(" ".join(v["prefix"]), *v["action"], *v.get("le", []))
             for key, v in tables["router prefix-list rule"].items()
             if key.startswith(f"{base}-dx-in/")]
    masked = [tuple(rule.split("|")) for rule in common.learned(
        intent, "{}|permit|28", "{}|permit", "{}|deny|32", "{}|deny")]
    masked = [(ipaddress.ip_network(rule[0]).with_netmask.replace("/", " "), *rule[1:])
              for rule in masked]
    if found != masked:
        problem(f"{base}-dx-in is {found}, meant is {masked}")
    announced = {" ".join(v["prefix"]) for v in tables["router bgp network"].values()}
    lan = {ipaddress.ip_network(net).with_netmask.replace("/", " ") for net in intent["lan"]}
    if announced != lan:
        problem(f"announced is {announced}")
    for name, route in tables["router static"].items():
        if "device" in route and int(route["distance"][0]) <= 20:
            problem(f"route {name} is preferred to BGP")
    return None


def judge(files, intent, problem):
    made = Reader(files["config.conf"], problem)
    references(made.tables, problem)
    meaning(made.tables, intent, problem)
    if intent["direct"]:
        direct(made.tables, intent, problem)
    gone = Reader(files["remove.conf"], problem)
    entries = set()
    for path, table in made.tables.items():
        for name in table:
            # An interface goes with its phase 1, a rule with its list.
            with_phase1 = path == "system interface" and "vlanid" not in table[name]
            if name is not None and not with_phase1 and "/" not in name:
                entries.add((path, name))
    if entries != set(gone.deleted):
        problem(f"removal differs: {sorted(entries ^ set(gone.deleted))}")
    order = [path for path, _ in gone.deleted]
    for first, second in [("firewall policy", "firewall address"),
                          ("firewall policy", "system zone"),
                          ("router bgp neighbor", "router prefix-list"),
                          ("router bgp neighbor", "router route-map"),
                          ("router route-map", "router prefix-list"),
                          ("system zone", "system interface"),
                          ("router bgp neighbor", "system interface"),
                          ("system zone", "vpn ipsec phase1-interface"),
                          ("router static", "vpn ipsec phase1-interface"),
                          ("vpn ipsec phase2-interface", "vpn ipsec phase1-interface")]:
        if first in order and second in order:
            if max(i for i, p in enumerate(order) if p == first) > order.index(second):
                problem(f"{second} is removed while {first} uses it")


if __name__ == "__main__":
    common.main(judge)
