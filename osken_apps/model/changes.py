"""What store and controller tell each other, as values. PURE.

The store tells intent: a `Snapshot` first, then `Change`s in the order of their commits.
The controller tells observations: a `PortReport` for each port whose binding or status changed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from osken_apps.model.counts import NOTHING_COUNTED, HostCounts
from osken_apps.model.kind import KINDS
from osken_apps.model.resources import Binding, PortStatus, Standard


@dataclass(frozen=True, slots=True)
class Upserted:
    """A resource is new or changed: its value from now on."""

    resource: Standard


@dataclass(frozen=True, slots=True)
class Deleted:
    """A resource is gone."""

    kind: type[Standard]
    id: str


Change = Upserted | Deleted


def rank(kind: type[Standard]) -> int:
    """Give the place of a kind among all: what is referred to comes before what refers to it."""
    return list(KINDS).index(kind)


def in_order(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Put the changes of one commit in order: what is referred to is there before, and goes after."""
    listed = list(changes)
    upserted = [change for change in listed if isinstance(change, Upserted)]
    deleted = [change for change in listed if isinstance(change, Deleted)]
    upserted.sort(key=lambda change: rank(type(change.resource)))
    deleted.sort(key=lambda change: -rank(change.kind))
    return (*upserted, *deleted)


@dataclass(frozen=True, slots=True)
class HostIdentity:
    """Which host the store keeps under a name: its system-id, empty if none was seen, and the names that it
    had before.
    """

    name: str
    system_id: str = ""
    former_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that the store holds at one moment, or a part of it.

    Of `resources`, what is referred to comes first. `store_id` tells one store from another. `departed_ports`
    are ids of ports that hosts had, of which those that are not there were deleted. `tunnel_addresses` say of
    hosts where others reach them, `identities` which host each is.
    """

    resources: tuple[Standard, ...] = ()
    store_id: str = ""
    departed_ports: frozenset[str] = frozenset()
    tunnel_addresses: tuple[tuple[str, str], ...] = ()
    identities: tuple[HostIdentity, ...] = ()


@dataclass(frozen=True, slots=True)
class PortReport:
    """What the data plane shows of one port: where it is bound (None: nowhere), its status, what it waits
    for.
    """

    port_id: str
    binding: Binding | None
    status: PortStatus
    waits_for: str = ""

    def without(self, host: str) -> "PortReport":
        """Give the report as it is once a host is forgotten: what was bound there is nowhere."""
        is_there = self.binding is not None and self.binding.host == host
        return PortReport(self.port_id, None, PortStatus.DOWN) if is_there else self


@dataclass(frozen=True, slots=True)
class HostReport:
    """What the controller knows of one host, for `/v2.0/agents`."""

    host: str
    alive: bool
    bridges: tuple[str, ...]
    bridge_mappings: tuple[tuple[str, str], ...]
    ovsdb: bool
    started_at: datetime
    last_contact: datetime
    bound_ports: int
    dhcp_counters: tuple[tuple[str, int], ...] = ()
    repairs: int = 0
    trouble: str = ""  # why the host is not yet what it should be
    conditions: tuple[tuple[str, str, str], ...] = ()  # what is wrong with it: code, sentence, remedy
    datapath_type: str = ""  # of the integration bridge, `system` or another; empty: not known
    system_id: str = ""
    refused: str = ""  # the address of one that uses another's names and is not served
    awaited: bool = False  # it was here before the controller's start and may still come
    tunnel_address: str | None = None  # where other hosts reach it, empty for nowhere; None: not known
    former_names: tuple[str, ...] | None = None  # what it was called before; None: not known
    counts: HostCounts = NOTHING_COUNTED  # for metrics
