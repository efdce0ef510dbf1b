"""The VLAN tags of a host's interfaces, and what must be written to have them. PURE.

OpenFlow matches do not see the tag of an access port, only NORMAL does: so the tag is OVSDB's.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from osken_apps.model.snapshot import HostSnapshot

DEAD_TAG = 4095  # Open vSwitch drops everything on a port with this tag


@dataclass(frozen=True, slots=True)
class TaggedPort:
    """A port row of OVSDB; `ours` tells that this controller has tagged it."""

    name: str
    tag: int | None
    ours: bool


def desired_tags(snapshot: HostSnapshot) -> dict[str, int]:
    """Give the VLAN tag of each interface of the integration bridge that is a port's."""
    tags = dict.fromkeys(snapshot.dead, DEAD_TAG)
    return tags | {bound.interface: bound.segment.local_vlan for bound in snapshot.ports}


def tag_changes(rows: Iterable[TaggedPort], desired: Mapping[str, int]) -> dict[str, int]:
    """Say which tags to write. A port that we tagged and that is bound no more is dead until it is again."""
    changes = {}
    for row in rows:
        wanted = desired.get(row.name, DEAD_TAG if row.ours else None)
        if wanted is not None and (row.tag != wanted or not row.ours):
            changes[row.name] = wanted
    return changes


def is_to_be_dead(row: TaggedPort, changes: Mapping[str, int]) -> bool:
    """Tell whether a port must be made dead before its tag may change: it carries something now."""
    return row.name in changes and row.tag != DEAD_TAG
