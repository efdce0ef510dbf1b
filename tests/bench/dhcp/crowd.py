"""A crowd: a hundred machines of one host that ask as often as a port may.

How long do others wait for their offer meanwhile, on the same host and on another? The configuration is the
default one: the crowd is within its meters, and the controller has the work.
"""

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from osken_apps.lab import Host, Lab
from osken_apps.lab.controller import Api, LabController
from osken_apps.lab.network import make_namespace
from osken_apps.lab.shell import wait_until
from osken_apps.model.snapshot import PuntRates
from tests.bench.dhcp import fan
from tests.bench.dhcp.load import Flood, Generator
from tests.bench.dhcp.ours import make_network, make_ports
from tests.bench.dhcp.system import FLOOD, GENERATOR, START_TIMEOUT_S

API_PORT = 19795
CROWD, OTHERS = 100, 20
SECONDS = 4.0


@contextlib.contextmanager
def two_hosts(state_dir: Path, program: Path, crowd: int) -> Iterator[tuple[Generator, Generator]]:
    """Have a host with the crowd and others, and a host with others only; give their generators."""
    with Lab.up("crowd", hosts=2, state_dir=state_dir) as lab:
        controller = LabController(lab, API_PORT)
        controller.start()
        lab.connect()
        sizes = dict(zip(lab.hosts, (crowd + OTHERS, OTHERS), strict=True))
        here, there = (
            _populated(lab, lab.hosts[name], controller.api, program, size) for name, size in sizes.items()
        )
        query = "status=ACTIVE&fields=id&device_owner="
        wait_until(
            lambda: len(controller.api.list("port", query)) == sum(sizes.values()),
            START_TIMEOUT_S,
            "all ports to be ACTIVE",
        )
        for generator in (here, there):
            wait_until(lambda it=generator: it.crowd(0, 0, 0.1).lost == 0, START_TIMEOUT_S, "an answer")
        yield here, there
        controller.stop()


def _populated(lab: Lab, host: Host, api: Api, program: Path, clients: int) -> Generator:
    """Give a host a network of its own, with clients."""
    namespace = make_namespace(lab.site, f"{GENERATOR}-{host.name}")
    for name, end in ((GENERATOR, "eth0"), (FLOOD, FLOOD)):
        fan.join(host, namespace, name, end)
    fan.make(host, GENERATOR, FLOOD, make_ports(api, make_network(api), clients), {})
    return Generator(program, namespace, "eth0", clients)


def crowded(
    generators: tuple[Generator, Generator], crowd: int, seconds: float = SECONDS, first: bool = False
) -> tuple[Flood, Flood]:
    """Let the crowd ask at the full rate of its ports; say what others met on its host and on the other."""
    here, there = generators
    with ThreadPoolExecutor() as pool:
        beside = pool.submit(here.crowd, crowd, PuntRates().port, seconds, first)
        elsewhere = pool.submit(there.crowd, 0, 0, seconds)
        return beside.result(), elsewhere.result()
