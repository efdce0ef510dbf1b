"""What metrics are made of: values that are at hand when somebody scrapes. PURE."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from osken_apps.model.changes import HostReport
from osken_apps.model.counts import ControllerCounts, Durations


@dataclass(frozen=True, slots=True)
class Pool:
    """A pool of segmentation ids, and how many of them networks have."""

    network_type: str
    physical_network: str
    size: int
    used: int


@dataclass(frozen=True, slots=True)
class Tally:
    """What the database holds. `fullest` is the part of a subnet's addresses that are taken, at its most."""

    networks: int
    subnets: int
    ports: Mapping[str, int]
    pools: tuple[Pool, ...]
    fullest: float


@dataclass(frozen=True, slots=True)
class Process:
    """What the system says of a process."""

    cpu_s: float
    resident_bytes: int
    open_files: int


@dataclass(frozen=True, slots=True)
class Measurements:
    """All of it. `tally` is None where the database cannot be read, `controller` until it has spoken.

    `requests` are by method and class of status (`2xx`), `durations` by route, `queries` by name and result,
    `explained` by the code of the verdict, `errors` of the REST process by what failed.
    """

    version: str
    integration_bridge: str
    controller_is_heard: bool = False
    controller: ControllerCounts | None = None
    hosts: Sequence[HostReport] = ()
    refused: int = 0
    tally: Tally | None = None
    commits: Durations | None = None
    requests: Mapping[tuple[str, str], int] = field(default_factory=dict)
    durations: Mapping[str, Durations] = field(default_factory=dict)
    queries: Mapping[tuple[str, str], int] = field(default_factory=dict)
    explained: Mapping[str, int] = field(default_factory=dict)
    processes: Mapping[str, Process] = field(default_factory=dict)
    errors: Mapping[str, int] = field(default_factory=dict)

    @property
    def alive(self) -> list[HostReport]:
        """The hosts that are connected; of others nothing is told that would stand still."""
        return [host for host in self.hosts if host.alive]
