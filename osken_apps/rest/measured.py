"""The facts of which metrics are made, as the REST process has them at hand. SHELL.

The controller is not asked: its hosts are as it told them last. What the database holds is counted at most
every 15 s, whoever scrapes, and never while somebody waits for the API's answer.
"""

import os
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib.metadata import version

from osken_apps.config import Config
from osken_apps.errors import StoreUnavailable
from osken_apps.failures import noted
from osken_apps.metrics.facts import Measurements, Pool, Process, Tally
from osken_apps.metrics.processes import process
from osken_apps.metrics.requests import Requests
from osken_apps.model.resources import Network, NetworkType, PortStatus
from osken_apps.networking.physical import PhysicalNetworks
from osken_apps.rest.controller import KnownHosts, Questions
from osken_apps.rest.health import MAX_SILENCE_S
from osken_apps.store.store import Store
from osken_apps.store.view import View

TALLY_S = 15.0


class Measured:
    """Gives the facts of one scrape."""

    def __init__(
        self, config: Config, store: Store, hosts: KnownHosts, questions: Questions, requests: Requests
    ) -> None:
        self._config = config
        self._store = store
        self._hosts = hosts
        self._questions = questions
        self._requests = requests
        self._lock = threading.Lock()
        self._tally: Tally | None = None
        self._tallied_at = float("-inf")

    def __call__(self) -> Measurements:
        """Read them."""
        heard_at = self._questions.heard_at
        return Measurements(
            version=version("osken-apps"),
            integration_bridge=self._config.network.integration_bridge,
            controller_is_heard=heard_at is not None and time.monotonic() - heard_at <= MAX_SILENCE_S,
            controller=self._hosts.counts,
            hosts=tuple(self._hosts.by_name.values()),
            refused=len(self._hosts.refused),
            tally=self._tallied(),
            commits=self._store.commit_durations,
            requests=self._requests.counts,
            durations=self._requests.durations,
            queries=dict(self._questions.asked),
            explained=dict(self._questions.explained),
            processes=dict(_processes()),
            errors=dict(noted),
        )

    def _tallied(self) -> Tally | None:
        with self._lock:
            now = time.monotonic()
            if now - self._tallied_at > TALLY_S:
                self._tally, self._tallied_at = self._count(), now
            return self._tally

    def _count(self) -> Tally | None:
        try:
            with self._store.read() as view:
                view.begin()
                return tally(view, self._config)
        except StoreUnavailable:
            return None


def tally(view: View, config: Config) -> Tally:
    """Count what the database holds."""
    used = view.counts.addresses_in_use()
    subnets = view.subnets()
    sizes = {
        subnet.id: sum(int(pool.end) - int(pool.start) + 1 for pool in subnet.allocation_pools)
        for subnet in subnets
    }
    shares = (used.get(id, 0) / size for id, size in sizes.items() if size)
    return Tally(
        networks=view.counts.total(Network),
        subnets=len(subnets),
        ports={status.value: 0 for status in PortStatus} | view.counts.ports_by_status(),
        pools=tuple(_pools(config.network.physical, view.segmentation_ids())),
        # A gateway's address, or one that was asked for, may be outside the pools.
        fullest=min(1.0, max(shares, default=0.0)),
    )


def _pools(physical: PhysicalNetworks, ids: Sequence[tuple[str, str, int]]) -> Iterator[Pool]:
    """Give the pools by type and physical network, several ranges of one as one."""
    ranges: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for pool in (pool for kind in NetworkType for pool in physical.pools(kind)):
        ranges.setdefault((pool.network_type.value, pool.physical_network), []).append(
            (pool.first, pool.last)
        )
    used: Counter[tuple[str, str]] = Counter()
    for network_type, physical_network, number in ids:
        key = (network_type, physical_network)
        used[key] += any(first <= number <= last for first, last in ranges.get(key, ()))
    for key, of_key in ranges.items():
        yield Pool(*key, size=_size(of_key), used=used[key])


def _size(ranges: list[tuple[int, int]]) -> int:
    """Count the numbers in ranges that may overlap."""
    size, seen = 0, 0
    for first, last in sorted(ranges):
        size += max(0, last - max(first - 1, seen))
        seen = max(seen, last)
    return size


def _processes() -> Iterator[tuple[str, Process]]:
    """Give what this process takes, and the controller, which has started it."""
    for name, pid in (("rest", os.getpid()), ("controller", os.getppid())):
        found = process(pid)
        if found is not None:
            yield name, found
