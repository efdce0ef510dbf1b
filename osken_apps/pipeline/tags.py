"""The VLAN tags of a host's interfaces, and what must be written to have them. PURE.

OpenFlow matches do not see the tag of an access port, only NORMAL does: so the tag is OVSDB's.
"""

from collections.abc import Collection, Iterable, Mapping

from osken_apps.model.host import TaggedPort, mark_of
from osken_apps.model.local_vlans import DEAD_TAG
from osken_apps.model.snapshot import HostSnapshot

Tags = dict[str, int | None]  # by port row, which may have another name than its interface; None: no tag


def desired_tags(snapshot: HostSnapshot) -> dict[str, int]:
    """Give the VLAN tag of each interface of the integration bridge that carries a network, or nothing."""
    tags = {name: DEAD_TAG for name, _ in snapshot.dead}
    return tags | {bound.interface: bound.segment.local_vlan for bound in snapshot.ports}


def row_tags(rows: Iterable[TaggedPort], desired: Mapping[str, int]) -> dict[str, int]:
    """Give the tags of port rows by those of their interfaces; where these are several, they are all dead."""
    return {row.name: desired[name] for row in rows for name in row.interface_names if name in desired}


def tag_changes(
    rows: Collection[TaggedPort], desired: Mapping[str, int], snapshot: HostSnapshot, mark: str
) -> Tags:
    """Say which tags to write, of those that are desired of interfaces.

    A port that a controller tagged and that nobody wants any more is dead until it is wanted again. One that
    its operator has declared a trunk loses the tag that it has from us; one that leads to another bridge any
    tag, as it must carry all networks. With a tag of ours a row is an access port: others carry more than
    that. What is kept is left alone. `mark` is what a port row is marked with from now on.
    """
    changes: Tags = {}
    of_rows = row_tags(rows, desired)
    left_alone, trunks, links = map(frozenset, (snapshot.left_alone, snapshot.trunks, snapshot.links))
    for row in rows:
        names = row.interface_names
        if not left_alone.isdisjoint(names):
            continue
        is_link = not links.isdisjoint(names)
        if is_link or not trunks.isdisjoint(names):
            if row.mark or (is_link and row.tag is not None):
                changes[row.name] = None
            continue
        wanted = of_rows.get(row.name, DEAD_TAG if row.mark and snapshot.complete else None)
        if wanted is not None and not (row.is_access(wanted) and row.mark == mark_of(wanted, mark)):
            changes[row.name] = wanted
    return changes


def is_to_be_dead(row: TaggedPort, changes: Tags) -> bool:
    """Tell whether a port must be made dead before its tag may change: it carries something now."""
    wanted = changes.get(row.name)
    return wanted is not None and not row.is_access(wanted, DEAD_TAG)
