"""What is measured of a controller that starts: from nothing, and with everything in place.

Every figure is a value here; `report` writes them down. The hosts are simulated, the controller is real, and
the clock is the machine's monotonic one, which all processes share.
"""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.scale import truth
from tests.bench.scale.controller import Controller, Ports, Weight, free_ports, running, write_config
from tests.bench.scale.host import HostCounts
from tests.bench.scale.intent import Intent
from tests.bench.scale.simulator import Client, Plan, simulated

POLL_S = 0.5
HOSTS_A_CALL = 50
CALLS_OVER_TUNNELS = 4  # a host has thousands of flows: of very many hosts not all are compared
MOST_DIFFERENCES = 5
CONVERGENCE_TIMEOUT_S = 900.0


class Failed(Exception):
    """What should hold at every size does not."""


@dataclass(frozen=True)
class ColdStart:
    """Seconds from the controller's start; `settled_s`: flows and tags stood and all ports were ACTIVE."""

    api_s: float
    flows_s: float
    tags_s: float
    settled_s: float
    cpu_s: float
    rest_cpu_s: float
    flow_mods: int
    writes: int
    weight: Weight
    load: float


@dataclass(frozen=True)
class Restart:
    """A start with everything in place: when the last host had been read, and what was changed needlessly."""

    settled_s: float
    cpu_s: float
    flow_mods: int
    writes: int
    weight: Weight


@dataclass(frozen=True)
class Total:
    """The counts of all hosts, summed; the times are the latest of all."""

    messages: int = 0
    flow_mods: int = 0
    writes: int = 0
    flows_at: float = 0.0
    tags_at: float = 0.0

    def plus(self, counts: list[HostCounts]) -> "Total":
        """Add what was counted since."""
        return Total(
            self.messages + sum(count.messages for count in counts),
            self.flow_mods + sum(count.flow_mods for count in counts),
            self.writes + sum(count.writes for count in counts),
            max([self.flows_at, *(count.flows_at for count in counts)]),
            max([self.tags_at, *(count.tags_at for count in counts)]),
        )


class Site:
    """A directory with database and configuration, and the simulated hosts that dial its controller."""

    def __init__(self, directory: Path, intent: Intent, ports: Ports, hosts: Client) -> None:
        self.intent = intent
        self.hosts = hosts
        self._ports = ports
        self._config_file = write_config(directory, ports)
        self._database = directory / "osken-net.db"

    @contextmanager
    def controller(self, program: str = "osken_apps.cli") -> Iterator[Controller]:
        """Run a controller on this site; the hosts dial it as long as it runs."""
        self.hosts("take_counts")
        self.hosts("dial", True)
        try:
            with running(self._config_file, self._ports, program) as controller:
                yield controller
        finally:
            self.hosts("dial", False)

    def active_ports(self) -> int:
        """Count the ports that the API shows as ACTIVE, the DHCP servers' own left out."""
        with sqlite3.connect(f"file:{self._database}?mode=ro", uri=True, timeout=30) as database:
            counted = database.execute(
                "SELECT count(*) FROM ports WHERE status = 'ACTIVE' AND binding_host IS NOT NULL"
            )
            return int(counted.fetchone()[0])

    def check(self) -> None:
        """Compare every host with what it should have. Raises Failed."""
        snapshot = truth.stored(f"sqlite:///{self._database}")
        found: list[str] = []
        every = self.hosts.hosts
        step = max(HOSTS_A_CALL, every // CALLS_OVER_TUNNELS) if self.intent.size.tunnels else HOSTS_A_CALL
        for first in range(0, every, step):
            states = self.hosts("states", first, min(first + HOSTS_A_CALL, every))
            found += truth.differences(snapshot, states)
        if found:
            raise Failed(f"{len(found)} differences: {'; '.join(found[:MOST_DIFFERENCES])}")


@contextmanager
def site(directory: Path, intent: Intent) -> Iterator[Site]:
    """Simulate the hosts of an intent, whose database is in `directory`."""
    with free_ports() as ports:
        plan = Plan(ports.openflow, ports.ovsdb, intent.port_ids, intent.size.tunnels)
        with simulated(plan) as hosts:
            yield Site(directory, intent, ports, hosts)


def cold_start(on: Site, controller: Controller, quiet_s: float) -> ColdStart:
    """Wait until all hosts have what they should, from nothing. Raises Failed."""
    controller.wait_for_api()
    api_s = time.monotonic() - controller.started_at
    total, active_s = _settled(on, controller, on.intent.size.ports, quiet_s)
    flows_s, tags_s = total.flows_at - controller.started_at, total.tags_at - controller.started_at
    cpu_s, rest_cpu_s, weight = controller.cpu_s(), controller.rest_cpu_s(), controller.weight()
    load = os.getloadavg()[0]
    on.check()
    settled_s = max(flows_s, tags_s, active_s)
    counted = (total.flow_mods, total.writes)
    return ColdStart(api_s, flows_s, tags_s, settled_s, cpu_s, rest_cpu_s, *counted, weight, load)


def restart(on: Site, controller: Controller, quiet_s: float) -> Restart:
    """Wait until a controller that finds everything in place has read all hosts. Raises Failed."""
    controller.wait_for_api()
    total, settled_s = _settled(on, controller, on.intent.size.ports, quiet_s)
    cpu_s, weight = controller.cpu_s(), controller.weight()
    on.check()
    return Restart(settled_s, cpu_s, total.flow_mods, total.writes, weight)


def _settled(on: Site, controller: Controller, ports: int, quiet_s: float) -> tuple[Total, float]:
    """Wait until all ports are ACTIVE, all flow tables were read, and no host was told anything for a while.

    Gives what was counted, and the later of the last message and the last port: seconds after the start.
    """
    total, last = Total(), time.monotonic()
    unread = set(range(on.hosts.hosts))
    while True:
        time.sleep(POLL_S)
        counts: list[HostCounts] = on.hosts("take_counts")
        before, total = total.messages, total.plus(counts)
        unread -= {number for number in unread if counts[number].reads}
        active = on.active_ports()
        now = time.monotonic()
        if total.messages != before or active < ports or unread:
            last = now
        elif now - last >= quiet_s:
            return total, last - controller.started_at
        if now - controller.started_at > CONVERGENCE_TIMEOUT_S:
            raise Failed(f"{active} of {ports} ports are ACTIVE after {CONVERGENCE_TIMEOUT_S} s")
