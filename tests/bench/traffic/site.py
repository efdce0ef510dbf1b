"""A lab of two hosts with a controller, and pairs of machines in it, one on each host."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from osken_apps.lab import Lab, NamespaceVm, processes, wait_until
from osken_apps.lab.controller import LabController
from tests.bench.traffic import programs
from tests.slot import lab_name, slot_port

API_PORT = slot_port(19796)
TICKS = 100.0  # a second; proc(5)


@dataclass(frozen=True)
class Pair:
    """Two machines of a network; the server takes connections at `address`."""

    client: NamespaceVm
    server: NamespaceVm
    address: str

    def figure(self, program: str, seconds: float) -> float:
        """Run one of `programs` at the client for so long; give its figure."""
        command = [sys.executable, "-c", program, self.address, str(programs.PORT), str(seconds)]
        return float(self.client.run(command, timeout_s=seconds + 30).stdout)


class Site:
    """A lab whose controller runs."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.controller = LabController(lab, API_PORT)
        lab.connect()
        self.controller.start()
        for host in lab.hosts.values():
            host.ovs.wait_connected()
        self.api = self.controller.api

    def pair(self, cidr: str, **network: Any) -> Pair:
        """Make a network with these attributes and two machines in it, which reach each other."""
        made = self.api.create("network", **network)
        self.api.create("subnet", network_id=made["id"], cidr=cidr, ip_version=4)
        client, server = (self._launch(number, made) for number in (1, 2))
        client.udhcpc()
        address = server.udhcpc().variables["ip"]
        server.spawn("sink", [sys.executable, "-c", programs.SINK, str(programs.PORT)])
        wait_until(lambda: client.ping(address, 1).ok, 10, "an answer")
        return Pair(client, server, address)

    def _launch(self, number: int, network: dict[str, Any]) -> NamespaceVm:
        port = self.api.create("port", network_id=network["id"])
        vm = self.lab.hosts[f"host{number}"].plug(port["id"], port["mac_address"])
        wait_until(lambda: self.api.show("port", port["id"])["status"] == "ACTIVE", 10, "the port")
        return vm

    def processor_s(self) -> float:
        """Give the processor time that the switches of both hosts have used."""
        return switches_s(self.lab)


def switches_s(lab: Lab) -> float:
    """Give the processor time that the switches of all hosts of a lab have used."""
    found = (processes.find(lab.site, f"{host}.ovs-vswitchd") for host in lab.hosts)
    pids = [process.pid for process in found if process]
    assert len(pids) == len(lab.hosts)
    fields = (Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split() for pid in pids)
    return sum((int(user) + int(system)) / TICKS for *_, user, system in (list(of)[:13] for of in fields))


@contextmanager
def site(underlay: bool = False) -> Iterator[Site]:
    """Have a site while the body runs; with `underlay` its hosts can have tunnels."""
    with tempfile.TemporaryDirectory() as name, Lab.up(lab_name("traf"), 2, Path(name) / "lab") as lab:
        if underlay:
            lab.make_underlay()
        made = Site(lab)
        try:
            yield made
        finally:
            made.controller.stop()
