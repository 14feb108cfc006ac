"""What every judge needs: cases in, problems out."""

import json
import sys
import traceback


def main(judge):
    """Calls judge(files, intent, problem) for every case and prints what it says."""
    verdicts = {}
    for name, case in json.load(sys.stdin).items():
        problems = []
        try:
            judge(case["files"], case["intent"], problems.append)
        except Exception:
            # A file that cannot be read at all is a finding as well.
            problems.append(traceback.format_exc(limit=3))
        verdicts[name] = problems
    json.dump(verdicts, sys.stdout)


def learned(intent, permit, exact, deny, host):
    """The rules of what may be learned over Direct Connect, in a language's words for them: the
    site's own networks and all within denied, then the allowed prefixes down to subnets."""
    def rule(net, words, alone, most):
        return (words if int(net.split("/")[1]) < most else alone).format(net)

    return ([rule(net, deny, host, 32) for net in intent["lan"]]
            + [rule(net, permit, exact, 28) for net in intent["direct"]["allowed"]])


def compare(problem, where, found, wanted):
    """Tells of every key of `wanted` that has another value in `found`."""
    for key, value in wanted.items():
        if found.get(key) != value:
            problem(f"{where}: {key} is {found.get(key)!r}, meant is {value!r}")


def action(intent):
    """What a rule does with the routes that may run over a Direct Connect."""
    return "permit" if intent["direct"]["carries"] else "deny"
