"""The local VLANs of a host: which tag a network has there. PURE.

A network takes the first free number with its first port on a host and gives it back with the last. Numbers
are not chosen anew after a restart: the store tells them, else the tags that stand do.
"""

from collections.abc import Collection, Iterable, Mapping

FIRST_LOCAL_VLAN = 1
LAST_LOCAL_VLAN = 4094
DEAD_MARK = "dead"  # what a port row is marked with in place of a store that has the dead tag
DEAD_TAG = 4095  # no network's: what an interface with this tag sends reaches other such interfaces only


def assign_local_vlans(
    current: Mapping[str, int], network_ids: Iterable[str], held: Collection[int] = ()
) -> dict[str, int]:
    """Give each network its local VLAN: the one it has, else the first free; others are given back.

    `held` are VLANs that some interface still has as its tag: they are not given to another network. A
    network for which none is left gets none.
    """
    wanted = list(dict.fromkeys(network_ids))
    assigned: dict[str, int] = {}
    taken: set[int] = set()
    for network_id in wanted:
        vlan = current.get(network_id)
        if vlan is not None and vlan not in taken:
            assigned[network_id] = vlan
            taken.add(vlan)
    taken.update(held)
    free = (vlan for vlan in range(FIRST_LOCAL_VLAN, LAST_LOCAL_VLAN + 1) if vlan not in taken)
    for network_id in wanted:
        if network_id not in assigned and (vlan := next(free, None)) is not None:
            assigned[network_id] = vlan
    return assigned


def read_back(current: Mapping[str, int], tags: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Add the local VLANs that tags tell: of each network (id) a tag that one of its interfaces has."""
    known = dict(current)
    taken = set(known.values())
    for network_id, tag in tags:
        if network_id not in known and tag not in taken:
            known[network_id] = tag
            taken.add(tag)
    return known
