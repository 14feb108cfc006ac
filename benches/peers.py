#!/usr/bin/env python3
"""Measures underpass beside what a person would use without it, in one run on one machine.

    cargo build --release
    sh .ci/tools
    benches/peers.py                    # or: benches/peers.py PATH_TO_UNDERPASS [RUNS]

* `plan SITE` beside the AWS CLI calls that tell the same (what is there), both against a sandbox
  that this script serves over HTTP; and beside one boto3 process that makes them.
* `plan --offline` and `--help` beside `aws --version`.

The candidates take turns, so that a busy machine slows all of them. Printed are the median and
the best wall time and the largest memory of a process. A bar that is missed ends it with 1.
"""

import os
import pathlib
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
VENV = pathlib.Path(os.environ.get("UNDERPASS_VENV", TARGET / "underpass-venv"))
PROGRAM = str(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else TARGET / "release/underpass").resolve())
RUNS = int(sys.argv[2]) if len(sys.argv) > 2 else 11

AWS = str(VENV / "bin/aws")
SITE = str(ROOT / "examples/plant-7.yaml")
REGION = "eu-central-1"
VPC = "vpc-0a1b2c3d4e5f67890"

# What a person asks for who wants to know whether the site's VPN is there.
LOOKS = [
    ["describe-vpcs", "--vpc-ids", VPC],
    ["describe-route-tables", "--filters", f"Name=vpc-id,Values={VPC}"],
    ["describe-vpn-gateways"],
    ["describe-customer-gateways"],
    ["describe-vpn-connections"],
]
BOTO3 = f"""
import boto3
ec2 = boto3.client("ec2", "{REGION}")
ec2.describe_vpcs(VpcIds=["{VPC}"])
ec2.describe_route_tables(Filters=[{{"Name": "vpc-id", "Values": ["{VPC}"]}}])
ec2.describe_vpn_gateways()
ec2.describe_customer_gateways()
ec2.describe_vpn_connections()
"""

# name: (commands, one after the other; bar in milliseconds; bar in MiB)
JOBS = {
    "underpass --help": ([[PROGRAM, "--help"]], 20, None),
    "underpass plan --offline": ([[PROGRAM, "plan", SITE, "--offline"]], 60, 40),
    "aws --version": ([[AWS, "--version"]], None, None),
    "underpass plan": ([[PROGRAM, "plan", SITE]], None, None),
    "aws, 5 calls": ([[AWS, "ec2", *look, "--region", REGION] for look in LOOKS], None, None),
    "boto3, 5 calls": ([[str(VENV / "bin/python"), "-c", BOTO3]], None, None),
    # What a process weighs at least here: Linux counts what this script weighed when it forked.
    "true": ([["true"]], None, None),
}
RATIOS = [
    ("aws --version", "underpass --help"),
    ("aws --version", "underpass plan --offline"),
    ("aws, 5 calls", "underpass plan"),
    ("boto3, 5 calls", "underpass plan"),
]


def serve(home):
    """A sandbox of our own on a free port of loopback."""
    command = [PROGRAM, "sandbox", "--listen", "127.0.0.1:0", "--home", home]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    line = server.stdout.readline()
    found = re.search(r"http://([\d.]+):(\d+)", line)
    assert found, f"the sandbox said {line!r}"
    socket.create_connection(found.groups()).close()
    return server, found.group(0)


def run(commands, environment, folder):
    """Seconds of all commands together, and MiB of the largest."""
    seconds, kib = 0.0, 0
    for command in commands:
        began = time.perf_counter()
        child = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(child.pid, 0)
        seconds += time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        assert child.returncode == 0, f"{command} ended with {child.returncode}"
        kib = max(kib, usage.ru_maxrss)
    return seconds, kib / 1024


def measure(environment, folder):
    times = {name: [] for name in JOBS}
    memory = dict.fromkeys(JOBS, 0.0)
    for turn in range(RUNS + 1):
        for name, (commands, _, _) in JOBS.items():
            seconds, mib = run(commands, environment, folder)
            # The first turn fills the machine's caches.
            if turn > 0:
                times[name].append(seconds * 1000)
            memory[name] = max(memory[name], mib)
    return times, memory


def report(times, memory):
    median = {name: statistics.median(found) for name, found in times.items()}
    missed = False
    print(f"{'':26} {'median ms':>10} {'best ms':>9} {'max MiB':>9}   bars")
    for name, (_, most_ms, most_mib) in JOBS.items():
        bars = []
        for what, value, most in (("ms", median[name], most_ms), ("MiB", memory[name], most_mib)):
            if most is not None:
                missed |= value > most
                bars.append(f"{'ok' if value <= most else 'MISSED'}, at most {most} {what}")
        best = min(times[name])
        weight = f"{'< ' if memory[name] <= memory['true'] else ''}{memory[name]:.1f}"
        print(f"{name:26} {median[name]:10.1f} {best:9.1f} {weight:>9}   {'; '.join(bars)}")
    print()
    for slow, fast in RATIOS:
        by = median[slow] / median[fast]
        less = memory[slow] / memory[fast]
        print(f"{slow} / {fast}: {by:.1f} times the time, {less:.1f} times the memory")
    return missed


def main():
    with tempfile.TemporaryDirectory() as folder:
        server, endpoint = serve(os.path.join(folder, "sandbox"))
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": folder,
            "CI": "true",
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "example",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",
        }
        try:
            print(f"{RUNS} runs of each, taking turns; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
            return report(*measure(environment, folder))
        finally:
            server.kill()
            server.wait()


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
