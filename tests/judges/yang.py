"""Cisco's YANG models of IOS-XE: read once into JSON, then asked about paths and values.

Run as a program it reads the models of a folder, which takes half a minute, and prints the parts
that a VPN needs.
"""

import json
import os
import re
import sys

MODULES = ["native", "crypto", "sla", "track", "tunnel", "bgp", "zone", "policy", "vrf", "bfd",
           "route-map"]
ROOTS = ["crypto/ikev2", "crypto/ipsec", "interface/Tunnel", "interface/GigabitEthernet", "ip/sla",
         "ip/route", "ip/prefix-list", "route-map", "track", "router/bgp"]


def children(node):
    """The data nodes below a node; choices and cases are not seen in data."""
    for child in getattr(node, "i_children", None) or []:
        if child.keyword in ("choice", "case"):
            yield from children(child)
        else:
            yield child


def types(statement):
    """A type as a list of alternatives: its base, and what is allowed of it."""
    if statement.arg == "union":
        return [one for part in statement.search("type") for one in types(part)]
    found = {"base": statement.arg}
    enums = [enum.arg for enum in statement.search("enum")]
    if enums:
        found["enums"] = enums
    for word in ("range", "length"):
        limit = statement.search_one(word)
        if limit is not None:
            found[word] = limit.arg
    patterns = [pattern.arg for pattern in statement.search("pattern")]
    if patterns:
        found["patterns"] = patterns
    typedef = getattr(statement, "i_typedef", None)
    if typedef is not None:
        return [{**below, **{k: v for k, v in found.items() if k != "base"},
                 "patterns": below.get("patterns", []) + patterns}
                for below in types(typedef.search_one("type"))]
    return [found]


def node(statement):
    found = {"kind": statement.keyword}
    if statement.keyword in ("leaf", "leaf-list"):
        found["types"] = types(statement.search_one("type"))
    if statement.keyword == "list" and statement.search_one("key") is not None:
        found["keys"] = statement.search_one("key").arg.split()
    below = {child.arg: node(child) for child in children(statement)
             if child.keyword in ("container", "list", "leaf", "leaf-list")}
    if below:
        found["children"] = below
    return found


def dump(folder):
    from pyang import context, repository
    loaded = context.Context(repository.FileRepository(folder))
    for module in MODULES:
        name = f"Cisco-IOS-XE-{module}"
        path = os.path.join(folder, name + ".yang")
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                added = loaded.add_module(name, file.read())
            native = added if module == "native" else native
    loaded.validate()
    top = next(child for child in native.i_children if child.arg == "native")
    roots = {}
    for root in ROOTS:
        statement = top
        for word in root.split("/"):
            statement = next(child for child in children(statement) if child.arg == word)
        roots[root] = node(statement)
    return roots


class Model:
    """The models' parts, to be asked about one value at a time."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self.roots = json.load(file)

    def wrong(self, path, value=None):
        """Why a path may not hold a value; none where it may. Keys stand as [key] in the path."""
        words = re.sub(r"\[[^\]]*\]", "", path).split("/")
        root = "/".join(words[:1]) if words[0] in self.roots else "/".join(words[:2])
        found = self.roots.get(root)
        if found is None:
            return f"the models have no {path}"
        for word in words[root.count("/") + 1:]:
            found = found.get("children", {}).get(word)
            if found is None:
                return f"the models have no {word} in {path}"
        if found["kind"] in ("leaf", "leaf-list"):
            if not any(fits(one, value) for one in found["types"]):
                return f"{path} may not be {value!r}: {found['types']}"
        elif value is not None:
            return f"{path} holds no value"
        return None


def fits(one, value):
    base = one["base"]
    if base == "empty":
        return value is None
    if base == "boolean":
        return value in ("true", "false")
    if value is None:
        return False
    if "enums" in one:
        return value in one["enums"]
    if "int" in base:
        return value.isdigit() and within(one.get("range", "0..18446744073709551615"), int(value))
    if "length" in one and not within(one["length"], len(value)):
        return False
    return all(matches(pattern, value) for pattern in one.get("patterns", []))


def within(limits, number):
    for limit in limits.replace(" ", "").split("|"):
        least, _, most = limit.partition("..")
        most = most or least
        if int(least) <= number and (most == "max" or number <= int(most)):
            return True
    return False


def matches(pattern, value):
    # XML Schema's classes that Python does not know.
    pattern = re.sub(r"\\p\{[^}]*\}", ".", pattern)
    return re.fullmatch(pattern, value) is not None


if __name__ == "__main__":
    sys.setrecursionlimit(10_000)
    json.dump(dump(sys.argv[1]), sys.stdout)
