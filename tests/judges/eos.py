"""Judges EOS CLI by Arista's own data model and renderer.

What was meant becomes structured data, which pyavd validates and renders as canonical EOS CLI. The
configuration has to say the same, line by line in the same places.
"""

import common
import pyavd

CIPHERS = {"AES128": "aes128", "AES256": "aes256", "AES128-GCM-16": "aes128gcm128",
           "AES256-GCM-16": "aes256gcm128"}


def digest(phase):
    return phase["integrity"].replace("SHA2-", "sha").lower()


def within(net, most):
    return f"{net} le {most}" if int(net.split("/")[1]) < most else net


def tree(text):
    """Every line with those that it stands below."""
    lines, stack = [], []
    for line in text.splitlines():
        word = line.strip()
        if not word or word.startswith("!"):
            continue
        depth = len(line) - len(line.lstrip())
        stack = [(d, w) for d, w in stack if d < depth] + [(depth, word)]
        lines.append(" / ".join(w for _, w in stack))
    return lines


def model(intent):
    name = "UP-" + intent["site"].upper()
    first = int(intent["options"].get("tunnel_number", 101))
    words = f"underpass {intent['site']}"
    bgp = intent["bgp"]
    data = {
        "ip_security": {"ike_policies": [], "sa_policies": [], "profiles": []},
        "tunnel_interfaces": [],
        "prefix_lists": [
            {"name": f"{name}-IN", "sequence_numbers": [
                {"sequence": at * 10, "action": action} for at, action in enumerate(
                    [f"deny {within(net, 32)}" for net in intent["lan"]]
                    + [f"permit {within(net, 28)}" for net in intent["vpc"]], 1)]},
            {"name": f"{name}-OUT", "sequence_numbers": [
                {"sequence": at * 10, "action": f"permit {net}"}
                for at, net in enumerate(intent["lan"], 1)]},
        ],
        "static_routes": [
            {"prefix": net, "interface": "Null0", "distance": 254,
             "name": f"underpass-{intent['site']}"}
            for net in intent["vpc"] + intent["lan"]],
        "router_bgp": {
            "as": str(bgp["customer_asn"]),
            "neighbors": [],
            "address_family_ipv4": {
                "neighbors": [],
                "networks": [{"prefix": net} for net in intent["lan"]],
            },
        },
    }
    for leg in intent["legs"]:
        own = f"{name}-{leg['number']}"
        one, two = leg["phase1"], leg["phase2"]
        security = data["ip_security"]
        security["ike_policies"].append({
            "name": own, "local_id": intent["public"], "encryption": CIPHERS[one["encryption"]],
            "ike_lifetime": max(1, leg["phase1_rekey"] // 3600), "dh_group": one["dh_group"],
            "integrity": digest(one)})
        esp = {"encryption": CIPHERS[two["encryption"]]}
        if "gcm" not in esp["encryption"]:
            esp["integrity"] = digest(two)
        security["sa_policies"].append({
            "name": own, "esp": esp, "pfs_dh_group": two["dh_group"],
            "sa_lifetime": {"value": 1, "unit": "hours"}})
        security["profiles"].append({
            "name": own, "ike_policy": own, "sa_policy": own, "connection": "start",
            "shared_key": leg["key"], "mode": "tunnel",
            "dpd": {"interval": leg["dpd"] // 3, "time": leg["dpd"], "action": "restart"}})
        data["tunnel_interfaces"].append({
            "name": f"Tunnel{first + leg['number'] - 1}", "mtu": leg["mtu"],
            "description": f"{words} tunnel {leg['number']}, AWS {leg['aws_outside']}",
            "ip_address": f"{leg['customer_inside']}/30", "tcp_mss_ceiling": {"ipv4": leg["mss"]},
            "tunnel_mode": "ipsec", "source": intent["wan"], "destination": leg["aws_outside"],
            "ipsec_profile": own})
        hold = bgp["hold_time"]
        data["router_bgp"]["neighbors"].append({
            "ip_address": leg["aws_inside"], "remote_as": str(bgp["aws_asn"]),
            "description": f"{words} tunnel {leg['number']}", "timers": f"{hold // 3} {hold}",
            "maximum_routes": 1000})
        data["router_bgp"]["address_family_ipv4"]["neighbors"].append({
            "ip_address": leg["aws_inside"], "activate": True, "prefix_list_in": f"{name}-IN",
            "prefix_list_out": f"{name}-OUT"})
    if intent["direct"]:
        direct(data, intent)
    return data


def direct(data, intent):
    """The virtual interface: a VLAN, a session, and what goes over it."""
    link, name = intent["direct"], "UP-" + intent["site"].upper()
    words = f"underpass {intent['site']} Direct Connect"
    port = {"name": f"{intent['options']['direct_connect_interface']}.{link['vlan']}",
            "description": words, "mtu": link["mtu"], "ip_address": link["address"],
            "encapsulation_dot1q": {"vlan": link["vlan"]}}
    neighbor = {"ip_address": link["amazon"], "remote_as": str(link["amazon_asn"]),
                "description": words, "timers": f"{link['hold'] // 3} {link['hold']}",
                "password": link["key"], "send_community": "standard", "maximum_routes": 1000,
                "route_map_in": f"{name}-DX-IN", "route_map_out": f"{name}-DX-OUT"}
    if link["bfd"]:
        port["bfd"] = {"interval": 300, "min_rx": 300, "multiplier": 3}
        neighbor["bfd"] = True
    data["ethernet_interfaces"] = [port]
    rules = common.learned(intent, "permit {} le 28", "permit {}", "deny {} le 32", "deny {}")
    data["prefix_lists"].append({"name": f"{name}-DX-IN", "sequence_numbers": [
        {"sequence": at * 10, "action": rule} for at, rule in enumerate(rules, 1)]})
    data["route_maps"] = [
        {"name": f"{name}-DX-{way}", "sequence_numbers": [{
            "sequence": 10, "type": common.action(intent), "set": [what],
            "match": [f"ip address prefix-list {name}-{prefixes}"]}]}
        for way, prefixes, what in [("IN", "DX-IN", "local-preference 200"),
                                    ("OUT", "OUT", "community 7224:7300")]]
    data["router_bgp"]["neighbors"].append(neighbor)
    data["router_bgp"]["address_family_ipv4"]["neighbors"].append(
        {"ip_address": link["amazon"], "activate": True})


def judge(files, intent, problem):
    data = model(intent)
    checked = pyavd.validate_structured_config(data).validation_result
    for violation in checked.violations:
        problem(f"the model: {violation}")
    # pyavd writes keys in type 7 alone.
    wanted = tree(pyavd.get_device_config(data).replace("shared-key 7 ", "shared-key 0 ")
                  .replace(" password 7 ", " password 0 "))
    found = tree(files["config.eos"])
    for line in sorted(set(wanted) - set(found)):
        problem(f"lacks: {line}")
    for line in sorted(set(found) - set(wanted)):
        problem(f"has no such line: {line}")
    if len(found) != len(set(found)):
        problem("a line stands twice")
    removal(found, tree(files["remove.eos"]), problem)


def removal(made, gone, problem):
    """Every object and every line of an object that was there before is taken away again."""
    heads = set()
    for line in made:
        parts = line.split(" / ")
        if parts[0] in ("ip security",) or parts[0].startswith("router bgp"):
            below = " / ".join(parts[1:]) if parts[-1].startswith("network") else parts[1:2]
            if not below or parts[-1] == "address-family ipv4" or (
                    parts[1] == "address-family ipv4" and not parts[-1].startswith("network")):
                continue
            if parts[1].startswith("neighbor"):
                heads.add(f"{parts[0]} / no {' '.join(parts[1].split()[:2])}")
            elif parts[-1].startswith("network"):
                heads.add(f"{parts[0]} / address-family ipv4 / no {parts[-1]}")
            else:
                heads.add(f"{parts[0]} / no {parts[1]}")
        else:
            heads.add("no " + parts[0].split(" name ")[0].split(" permit ")[0].split(" deny ")[0])
    lines = {line for line in gone if "no " in line}
    if heads != lines:
        problem(f"removal differs: {sorted(heads ^ lines)}")


if __name__ == "__main__":
    common.main(judge)
