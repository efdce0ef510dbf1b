"""Explaining and following frames over many simulated hosts, and what both processes weigh afterwards."""

import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.scale import intent, measure
from tests.bench.scale.controller import Controller, Weight
from tests.bench.scale.host import interface_name
from tests.bench.scale.intent import Size

HOSTS = 1000
HOSTS_OF_A_NETWORK = 5
PORTS_OF_A_HOST = 50
QUESTIONS = 300
PAGE = 1000
EXPLAIN_BAR_MS = 150.0
MIB = 1 << 20
GROWTH_BAR_MIB = 2.0  # of each process, in the last third of the hour
QUIET_S = 3.0
#: What fifty dashboards and those before them ask in an hour, each so often.
AN_HOUR = {"changes": 120_000, "overview": 18_000, "search": 3_000, "explain": 3_000}
SEED = 16


@dataclass(frozen=True)
class Answers:
    """Milliseconds that answers took, by question; processor time of controller and REST process for one."""

    name: str
    taken_ms: tuple[float, ...]
    cpu_ms: tuple[float, float]

    @property
    def median_ms(self) -> float:
        """The middle one."""
        return statistics.median(self.taken_ms)

    @property
    def p95_ms(self) -> float:
        """What all but one of twenty took at most."""
        return statistics.quantiles(self.taken_ms, n=20)[-1]


@dataclass(frozen=True)
class Asked:
    """Of how many hosts, the answers, and resident octets of both processes after each third of the hour."""

    size: Size
    answers: tuple[Answers, ...]
    weights: tuple[Weight, ...]

    @property
    def growth_mib(self) -> tuple[float, float]:
        """What controller and REST process weigh more at the end than after two thirds."""
        before, last = self.weights[-2:]
        return (last.controller - before.controller) / MIB, (last.rest - before.rest) / MIB

    @property
    def is_good(self) -> bool:
        """Tell whether every bar is met."""
        fast = all(each.p95_ms <= EXPLAIN_BAR_MS for each in self.answers)
        return fast and max(self.growth_mib) <= GROWTH_BAR_MIB


def size_of(hosts: int = HOSTS) -> Size:
    """Give so many hosts, each with as many ports as the bars are for."""
    networks = max(1, hosts // HOSTS_OF_A_NETWORK)
    return Size(hosts=hosts, networks=networks, ports_per_host=PORTS_OF_A_HOST)


def measure_asking(size: Size, questions: int = QUESTIONS, hours: float = 1.0) -> Asked:
    """Ask each kind of question so often, then all of an hour's as fast as they are answered."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="osken-seeing-")))
        filled = intent.fill(f"sqlite:///{directory}/osken-net.db", size)
        on = stack.enter_context(measure.site(directory, filled))
        controller = stack.enter_context(on.controller())
        measure.cold_start(on, controller, QUIET_S)
        ports = _ports(controller)
        drawn = random.Random(SEED)
        kinds = [
            ("why a port has no address", lambda: _about_one(ports, drawn)),
            ("why a port does not reach another", lambda: _about_two(ports, drawn)),
            ("what happens to a frame", lambda: _about_frame(ports, drawn)),
        ]
        answers = tuple(_asked(controller, name, make, questions) for name, make in kinds)
        return Asked(size, answers, tuple(_hour(controller, ports, drawn, hours)))


def _ports(controller: Controller) -> list[dict[str, Any]]:
    """Give the ports that are bound, with where each is."""
    wanted = ("id", "network_id", "binding:host_id", "mac_address", "device_owner")
    fields = "&".join(f"fields={name}" for name in wanted)
    found: list[dict[str, Any]] = controller.api("GET", f"ports?status=ACTIVE&{fields}")["ports"]
    return [port for port in found if port["binding:host_id"] and port["device_owner"] != "network:dhcp"]


def _read_all_ports(controller: Controller) -> None:
    page = controller.api("GET", f"ports?limit={PAGE}")["ports"]
    while len(page) == PAGE:
        page = controller.api("GET", f"ports?limit={PAGE}&marker={page[-1]['id']}")["ports"]


def _about_one(ports: list[dict[str, Any]], drawn: random.Random) -> dict[str, Any]:
    return {"port": drawn.choice(ports)["id"]}


def _about_two(ports: list[dict[str, Any]], drawn: random.Random) -> dict[str, Any]:
    one = drawn.choice(ports)
    others = [port for port in ports if port["network_id"] == one["network_id"] and port is not one]
    return {"from": one["id"], "to": drawn.choice(others)["id"], "protocol": "tcp", "port_number": 80}


def _about_frame(ports: list[dict[str, Any]], drawn: random.Random) -> dict[str, Any]:
    one = drawn.choice(ports)
    fields = [f"dl_src={one['mac_address']}", "tcp_dst=80"]
    return {
        "frame": {"host": one["binding:host_id"], "interface": interface_name(one["id"]), "fields": fields}
    }


def _asked(controller: Controller, name: str, make: Callable[[], dict[str, Any]], questions: int) -> Answers:
    taken, before = [], (controller.cpu_s(), controller.rest_cpu_s())
    for _ in range(questions):
        question = {"explain": make()}
        began = time.perf_counter()
        controller.api("POST", "explain", question)
        taken.append(1000 * (time.perf_counter() - began))
    spent = (controller.cpu_s() - before[0], controller.rest_cpu_s() - before[1])
    return Answers(name, tuple(taken), (1000 * spent[0] / questions, 1000 * spent[1] / questions))


def _hour(
    controller: Controller, ports: list[dict[str, Any]], drawn: random.Random, hours: float
) -> Iterator[Weight]:
    """Ask what is asked in an hour, in three thirds; give what both processes weigh after each.

    What may be kept in memory of the ports is there before: `store.cache` has a bound, which is no growth.
    """
    _read_all_ports(controller)
    revision = controller.api("GET", "overview")["revision"]
    ask: dict[str, Callable[[], Any]] = {
        "changes": lambda: controller.api("GET", f"changes?since={revision}"),
        "overview": lambda: controller.api("GET", "overview"),
        "search": lambda: controller.api("GET", f"search?q={drawn.choice(ports)['mac_address']}"),
        "explain": lambda: controller.api("POST", "explain", {"explain": _about_two(ports, drawn)}),
    }
    for _ in range(3):
        todo = [name for name, often in AN_HOUR.items() for _ in range(max(1, int(often * hours / 3)))]
        drawn.shuffle(todo)
        for name in todo:
            ask[name]()
        yield controller.weight()
