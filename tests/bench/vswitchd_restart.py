"""How soon a killed ovs-vswitchd has its flows again, with a thousand ports and four thousand flows.

    python -m tests.bench.vswitchd_restart [--ports 1000] [--rounds 5]

kills ovs-vswitchd and starts it again. The time begins when the controller has identified br-int and ends
when the barrier behind its flows is answered, both by the controller's log; then all must be as before.
"""

import argparse
import statistics
import sys
import tempfile
from datetime import datetime
from pathlib import Path

from osken_apps.lab import LabError
from osken_apps.lab.shell import wait_until
from tests.bench.dhcp.load import compile_generator
from tests.bench.dhcp.ours import Ours

BRIDGE = "br-int"
BAR_S = 2.0
TIMEOUT_S = 60.0
CONNECTED = f"host host1: its bridge {BRIDGE} connected"
RESTORED = f"host host1: {BRIDGE}: "


class Telling(Ours):
    """This server, with a log that says when a bridge of a known host has connected again."""

    debug = True


def restored_s(system: Ours) -> float:
    """Kill ovs-vswitchd; give the seconds from its reconnection until its flows stand. Raises LabError."""
    before, log = flows(system), system.log("controller")
    known = len(log.read_text())
    system.host.ovs.kill_vswitchd()
    system.host.ovs.start_vswitchd()
    wait_until(
        lambda: f"{RESTORED}{len(before)} flows added" in log.read_text()[known:], TIMEOUT_S, "the flows"
    )
    if flows(system) != before:
        raise LabError(f"{BRIDGE} has other flows than before")
    lines = log.read_text()[known:].splitlines()
    began = next(moment(line) for line in lines if CONNECTED in line)
    ended = next(moment(line) for line in lines if f"{RESTORED}{len(before)} flows added" in line)
    return (ended - began).total_seconds()


def moment(line: str) -> datetime:
    """Give the time at the beginning of a line of the log."""
    return datetime.strptime(line[:23], "%Y-%m-%d %H:%M:%S,%f")


def flows(system: Ours) -> list[str]:
    """Give the flows of the bridge."""
    return sorted(system.host.ovs.ofctl("--no-stats", "dump-flows", BRIDGE).splitlines())


def main(arguments: list[str]) -> int:
    """Run the benchmark; give 0 if the bar is met."""
    parser = argparse.ArgumentParser(prog="tests.bench.vswitchd_restart", description=__doc__.splitlines()[0])
    parser.add_argument("--ports", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parsed = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        system = Telling(Path(name), compile_generator(Path(name)), "restart")
        system.start(parsed.ports)
        try:
            count = len(flows(system))
            times = [restored_s(system) for _ in range(parsed.rounds)]
        finally:
            system.stop()
    median = statistics.median(times)
    spread = f"{min(times):.2f} to {max(times):.2f}"
    print(f"{count:,} flows restored in {median:.2f} s ({spread}), to reach: {BAR_S} s")
    return 0 if median <= BAR_S else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
