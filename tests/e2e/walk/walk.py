"""One walk: steps chosen by a seed, and what held after each."""

import random
import re
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from osken_apps.lab import PATIENCE_S, Lab, LabError, wait_until
from osken_apps.lab.controller import LabController
from tests.e2e.conftest import API_PORT, World
from tests.e2e.pings import MOST_LOST
from tests.e2e.walk import checks
from tests.e2e.walk.anew import ANEW
from tests.e2e.walk.changes import CHANGES, Operation, new
from tests.e2e.walk.faults import DISTURBING, FAULTS
from tests.e2e.walk.held import judged_again
from tests.e2e.walk.plugs import AT_ONCE, PLUGS
from tests.e2e.walk.site import Site
from tests.slot import lab_name

MACHINES = 6  # to begin with
ANSWERED = re.compile(r"icmp_seq=(\d+) ttl")

Kinds = Sequence[Sequence[Operation]]  # each as likely as the others, and so each operation of one


class Sentinels:
    """Two machines on two hosts that nobody touches, of which one pings the other twenty times a second.

    The machine that runs this may stand still for as long as a ping or two.
    """

    def __init__(self, site: Site) -> None:
        network = next(iter(site.model.networks.values()))
        one, other = (site.make_machine(network, name=f"sentinel{host}") for host in (1, 2))
        site.sentinels = one.id, other.id
        for host, machine in ((1, one), (2, other)):
            site.plug(machine, host)
            site.world.wait_active({"id": machine.id})
        vm = site.plugged[one.id].vm
        self._log = vm.site.directory("vms", vm.name) / "ping.log"
        vm.spawn("ping", ["ping", "-n", "-i", "0.05", other.addresses[0]])
        self._seen = 0
        wait_until(lambda: self._log.exists() and self._answered(), PATIENCE_S, "the sentinels' first ping")

    def lost(self) -> int:
        """Tell how many pings were lost since this was asked last."""
        last = max(self._answered())
        wait_until(lambda: max(self._answered()) > last + 2, PATIENCE_S, "the sentinels' next ping")
        lost = set(range(self._seen + 1, last)) - self._answered()
        self._seen = last
        return len(lost)

    def _answered(self) -> set[int]:
        return {int(number) for number in ANSWERED.findall(self._log.read_text())}


@contextmanager
def site_of(seed: int, state_dir: Path) -> Iterator[Site]:
    """Make a lab of three hosts with a controller, networks, groups and some machines."""
    with Lab.up(lab_name("walk"), hosts=3, state_dir=state_dir) as lab:
        underlay = lab.make_underlay()
        world = World(lab, LabController(lab, API_PORT + 6, {"DEFAULT": "audit_interval = 2"}))
        lab.connect()
        world.start_controller()
        names = {number: f"host{number}" for number in range(1, len(lab.hosts) + 1)}
        site = Site(world, random.Random(seed), underlay, names)
        site.make_networks()
        site.make_groups()
        yield site
        world.controller.stop()


def burst(site: Site) -> str:
    """Do several things and wait for nothing between them."""
    return "; ".join(
        f"{each.__name__} {each(site)}" for each in site.random.sample((*CHANGES, *AT_ONCE, *ANEW), 5)
    )


def crash(site: Site) -> str:
    """Kill the controller in the middle of a burst, and start it again."""
    did = burst(site)
    site.world.controller.stop(signal.SIGKILL)
    site.world.controller.start()
    return did


KINDS: Kinds = ((*CHANGES, *ANEW), FAULTS, PLUGS, (burst, burst, crash, judged_again))


def walk(
    site: Site, steps: int, say: Callable[[str], None] = lambda line: None, kinds: Kinds = KINDS
) -> list[str]:
    """Take so many steps; give what was wrong after the first after which anything was."""
    sentinels = Sentinels(site)
    for _ in range(MACHINES):
        new(site)
    site.remember()
    for number in range(steps):
        try:
            operation, did = _step(site, kinds)
        except LabError as error:
            return [f"step {number}: {error}"]
        say(f"{number} {operation.__name__} {did}")
        wrong = checks.all_of(site)
        lost = sentinels.lost()
        if lost > MOST_LOST and operation not in DISTURBING:
            wrong.append(f"the sentinels lost {lost} pings")
        if wrong:
            return [f"after step {number}, {operation.__name__} {did}:", *wrong]
    return []


def _step(site: Site, kinds: Kinds) -> tuple[Operation, str]:
    """Do something; give what and to what."""
    while True:
        operation = site.choose(site.choose(kinds))
        try:
            did = operation(site)
        except LabError as error:
            raise LabError(f"{operation.__name__}: {error}") from error
        if did is not None:
            return operation, did
