"""TCP between two hosts of the lab over tunnels of each type, in turns with a VLAN of the same MTU.

    python -m tests.bench.tunnels [--rounds 10] [--seconds 3]

prints a table and writes it to `tests/bench/results/tunnels.md`. The datapath is the one that the lab has,
Open vSwitch's own in user space.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from osken_apps.lab import Lab, NamespaceVm, wait_until
from osken_apps.lab.controller import LabController
from tests.bench.security import traffic
from tests.slot import lab_name, slot_port

RESULTS = Path(__file__).parent / "results"
KINDS = ("vlan", "vxlan", "gre", "geneve")
MTU = 1450  # what all four carry
BARS = {"vxlan": 0.85, "geneve": 0.85}  # of a VLAN


class Site:
    """A lab of two hosts with an address each for tunnels, and a controller."""

    def __init__(self, lab: Lab) -> None:
        lab.make_underlay()
        lab.connect()
        self._hosts = lab.hosts
        self.controller = LabController(lab, slot_port(19797))
        self.controller.start()
        for host in lab.hosts.values():
            host.ovs.wait_connected()
        self._api = self.controller.api

    def pair(self, kind: str) -> tuple[NamespaceVm, str]:
        """Make a network and two machines in it; give the one that sends, and where the other one takes."""
        attributes = {"provider:network_type": kind, "port_security_enabled": False, "mtu": MTU}
        attributes |= {"provider:physical_network": "default"} if kind == "vlan" else {}
        network = self._api.create("network", name=kind, **attributes)
        self._api.create("subnet", network_id=network["id"], cidr="10.1.0.0/24", ip_version=4)
        client, server = (self._launch(number, network) for number in (1, 2))
        client.udhcpc()
        address = server.udhcpc().variables["ip"]
        server.spawn("sink", [sys.executable, "-c", traffic.SINK, str(traffic.PORT)])
        wait_until(lambda: client.ping(address, 1).ok, 10, "an answer")
        return client, address

    def _launch(self, number: int, network: dict[str, Any]) -> NamespaceVm:
        port = self._api.create("port", network_id=network["id"])
        vm = self._hosts[f"host{number}"].plug(port["id"], port["mac_address"])
        wait_until(lambda: self._api.show("port", port["id"])["status"] == "ACTIVE", 10, "the port")
        return vm


@contextmanager
def site() -> Iterator[Site]:
    """Have a site while the body runs."""
    with tempfile.TemporaryDirectory() as name, Lab.up(lab_name("tunb"), 2, Path(name) / "lab") as lab:
        made = Site(lab)
        try:
            yield made
        finally:
            made.controller.stop()


def octets_per_s(client: NamespaceVm, address: str, seconds: float) -> float:
    """Send for some seconds; give the octets a second."""
    command = [sys.executable, "-c", traffic.STREAM, address, str(traffic.PORT), str(seconds)]
    return float(client.run(command, timeout_s=seconds + 30).stdout)


def report(measured: dict[str, list[float]], rounds: int) -> tuple[str, bool]:
    """Give the table, and whether all bars are reached."""
    lines, reached = [], True
    for kind in KINDS:
        ratio = statistics.median(a / b for a, b in zip(measured[kind], measured["vlan"], strict=True))
        bar = BARS.get(kind)
        good = bar is None or ratio >= bar
        reached &= good
        shown = f"≥ {bar} | {'yes' if good else 'no'}" if bar else "- | -"
        lines.append(f"| {kind} | {statistics.median(measured[kind]) / 1e6:,.1f} | {ratio:.2f} | {shown} |")
    head = ("| | MB/s | of VLAN | bar | reached |", "| --- | --- | --- | --- | --- |")
    when = f"{datetime.now(UTC):%Y-%m-%d}"
    title = f"# TCP over tunnels\n\nMedians of {rounds} rounds in turns, MTU {MTU}, {when}.\n"
    return "\n".join((title, *head, *lines)) + "\n", reached


def main(arguments: list[str]) -> int:
    """Run the benchmark; give 0 if all bars are reached."""
    parser = argparse.ArgumentParser(prog="tests.bench.tunnels", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=3.0)
    parsed = parser.parse_args(arguments)
    measured: dict[str, list[float]] = {kind: [] for kind in KINDS}
    with site() as made:
        pairs = {kind: made.pair(kind) for kind in KINDS}
        for _ in range(parsed.rounds):
            for kind, (client, address) in pairs.items():
                measured[kind].append(octets_per_s(client, address, parsed.seconds))
    text, reached = report(measured, parsed.rounds)
    print(text)
    RESULTS.joinpath("tunnels.md").write_text(text)
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
