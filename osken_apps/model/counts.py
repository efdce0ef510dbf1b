"""What is counted for whoever watches, as values that go from one process to the other. PURE (some change).

Counters begin with the controller and never fall. What a port is counted for is asked of the switch for ports
that the configuration names, and for no others.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Durations:
    """How long something took, in seconds: how often up to each of `bounds`, and last longer."""

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    sum_s: float = 0.0


class Histogram:
    """Counts durations; `durations` is what was counted so far."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = tuple(bounds)
        self._counts = [0] * (len(self._bounds) + 1)
        self._sum_s = 0.0

    def observe(self, seconds: float) -> None:
        """Count one."""
        self._counts[bisect_left(self._bounds, seconds)] += 1
        self._sum_s += seconds

    @property
    def durations(self) -> Durations:
        """What was counted, as a value."""
        return Durations(self._bounds, tuple(self._counts), self._sum_s)


class Falling:
    """Sums what counters count that begin anew now and then, such as those of meters that are replaced."""

    def __init__(self) -> None:
        self.totals: Counter[int] = Counter()
        self._last: Mapping[int, int] = {}

    def take(self, counted: Mapping[int, int]) -> None:
        """Take what each counter shows now."""
        for key, count in counted.items():
            before = self._last.get(key, 0)
            self.totals[key] += count - before if count >= before else count
        self._last = dict(counted)


@dataclass(frozen=True, slots=True)
class PortCounts:
    """What a switch has counted of a port; what it received is what its machine has sent."""

    port_id: str
    received_packets: int = 0
    sent_packets: int = 0
    received_bytes: int = 0
    sent_bytes: int = 0
    received_dropped: int = 0
    sent_dropped: int = 0
    received_errors: int = 0
    sent_errors: int = 0


@dataclass(frozen=True, slots=True)
class HostCounts:
    """What was counted of a host.

    `in_order`: it was brought to what it should have. `flows` and `foreign_flows` are by bridge, as last
    read; `foreign_changes` are those of flows that its switches told of; `meter_drops` are by the kind of the
    meter: `port` or `bridge`. `ports` are those that are watched.
    """

    in_order: bool = False
    flows: tuple[tuple[str, int], ...] = ()
    foreign_flows: tuple[tuple[str, int], ...] = ()
    foreign_changes: int = 0
    added_flows: int = 0
    deleted_flows: int = 0
    meter_drops: tuple[tuple[str, int], ...] = ()
    ports: tuple[PortCounts, ...] = ()


NOTHING_COUNTED = HostCounts()


@dataclass(frozen=True, slots=True)
class ControllerCounts:
    """What the controller counted of itself: how long passes over a host and answers to DHCP took.

    `started_at` is in seconds since the epoch. Of answers those to packets that were read together are one.
    `openflow_errors` are those that switches sent, by type; `errors` are its own, by what failed.
    """

    started_at: float
    passes: Durations
    dhcp_answers: Durations
    openflow_errors: tuple[tuple[str, int], ...] = ()
    errors: tuple[tuple[str, int], ...] = ()
