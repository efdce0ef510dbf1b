"""What the measured systems have in common: a host of the lab, a port for each client, the generator."""

import abc
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from osken_apps.lab import Host, Lab, LabError, processes
from osken_apps.lab.network import Namespace, make_namespace
from osken_apps.lab.shell import wait_until
from tests.bench.dhcp import fan
from tests.bench.dhcp.load import Generator

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
GENERATOR, FLOOD = "gen", "flood"
START_TIMEOUT_S = 300.0
STATISTICS_INTERVAL_MS = 3_600_000  # not while we measure: with 4,000 ports they are a sixth of the time


class System(abc.ABC):
    """A DHCP server behind Open vSwitch."""

    name: str

    def __init__(self, directory: Path, program: Path, lab_name: str) -> None:
        """Prepare; `program` is the compiled generator, the lab keeps its state below `directory`."""
        self._state_dir = directory / lab_name
        self._program = program
        self._lab_name = lab_name
        self.lab: Lab

    @property
    def host(self) -> Host:
        """The one host of the lab."""
        return self.lab.hosts["host1"]

    def start(self, clients: int) -> None:
        """Bring everything up, and wait until each client is served."""
        self.lab = Lab.up(self._lab_name, hosts=1, state_dir=self._state_dir)
        try:
            namespace = make_namespace(self.lab.site, GENERATOR)
            fan.join(self.host, namespace, GENERATOR, "eth0")
            fan.join(self.host, namespace, FLOOD, FLOOD)
            self.generator = Generator(self._program, namespace, "eth0", clients)
            self._serve(clients)
            wait_until(self._answers, START_TIMEOUT_S, f"{self.name} to answer")
            seldom = f"other_config:stats-update-interval={STATISTICS_INTERVAL_MS}"
            self.host.ovs.vsctl("set", "Open_vSwitch", ".", seldom)
        except BaseException:
            self.lab.down()
            raise

    def stop(self) -> None:
        """Take everything down."""
        self.lab.down()

    @abc.abstractmethod
    def _serve(self, clients: int) -> None:
        """Make the clients' ports and start the server."""

    def cpu_s(self) -> float:
        """Give the processor time that all processes of the system have taken so far, vswitchd's too."""
        ticks = 0
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) in self._sessions():
                ticks += int(fields[11]) + int(fields[12])
        return ticks / TICKS_PER_SECOND

    def _sessions(self) -> set[int]:
        """Give the sessions of the lab's processes: each of them leads one, with its children in it."""
        found = (processes.find(self.lab.site, name) for name in self.lab.site.recorded("process"))
        return {process.pid for process in found if process}

    def _answers(self) -> bool:
        """Tell whether exchanges work."""
        seen = self.generator.exchanges(1, 0.05, 0)
        return seen.done > 0 and seen.lost == 0

    def _make_ports(self, iface_ids: Sequence[str], port: dict[str, Any] | None = None) -> None:
        fan.make(self.host, GENERATOR, FLOOD, iface_ids, port or {})

    def _start_process(
        self, name: str, argv: Sequence[str], namespace: Namespace, env: dict[str, str] | None = None
    ) -> None:
        """Start a server in a namespace; it is recorded and counted."""
        log = self.log(name)
        processes.start(self.lab.site, name, namespace.command(argv), log, env)

    def log(self, name: str) -> Path:
        return self.lab.site.directory("servers") / f"{name}.log"

    def check_running(self) -> None:
        """Raise LabError if a process has ended."""
        for name in self.lab.site.recorded("process"):
            process = processes.find(self.lab.site, name)
            if process is None or not process.is_running():
                log = self.log(name)
                said = log.read_text()[-1000:] if log.exists() else ""
                raise LabError(f"{self.name}: {name} has ended: {said}")
