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


def compare(problem, where, found, wanted):
    """Tells of every key of `wanted` that has another value in `found`."""
    for key, value in wanted.items():
        if found.get(key) != value:
            problem(f"{where}: {key} is {found.get(key)!r}, meant is {value!r}")
