"""The local VLANs of a host: which tag a network has there. PURE.

A network takes the first free number with its first port on a host and gives it back with the last. Numbers
are not chosen anew after a restart: the store tells them, else the tags and flows that stand do. Where these
contradict the store, they are right.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass

LOCAL_VLANS = range(1, 4095)
DEAD_MARK = "dead"  # what a port row is marked with in place of a store that has the dead tag
DEAD_TAG = 4095  # no network's: what an interface with this tag sends reaches other such interfaces only


def assign_local_vlans(
    current: Mapping[str, int], network_ids: Iterable[str], held: Collection[int] = ()
) -> dict[str, int]:
    """Give each network its local VLAN: the one it has, else the first free; others are given back.

    `held` are VLANs that some interface still has as its tag, or that flows name: they are not given to
    another network. A network for which none is left gets none.
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
    free = (vlan for vlan in LOCAL_VLANS if vlan not in taken)
    for network_id in wanted:
        if network_id not in assigned and (vlan := next(free, None)) is not None:
            assigned[network_id] = vlan
    return assigned


@dataclass(frozen=True, slots=True)
class Traces:
    """What a host shows of a network's local VLAN.

    `tags` are those of the network's own interfaces, `leading` are what flows lead to the network's wire,
    `denied` must not be it: others have it.
    """

    tags: tuple[int, ...] = ()
    leading: tuple[int, ...] = ()
    denied: frozenset[int] = frozenset()


def read_back(current: Mapping[str, int], recalled: Set[str], traces: Mapping[str, Traces]) -> dict[str, int]:
    """Say which local VLAN each network has, as far as that is known: no two have one.

    `traces` are by network. One that was given stays unless it is denied. What is only `recalled` counts
    where the host shows it, too; else what the host shows does: the store may be one of yesterday. What was
    given to a network that is here no more is not another's for a tag that is left of it.
    """
    known: dict[str, int] = {}
    given = current.keys() - recalled
    taken = {current[network_id] for network_id in given if network_id not in traces}
    for network_id in sorted(
        traces, key=lambda it: (it in recalled or it not in current, not traces[it].tags)
    ):
        options = _options(current.get(network_id), network_id in recalled, traces[network_id])
        denied = traces[network_id].denied | taken
        vlan = next((option for option in options if option not in denied), None)
        if vlan is not None:
            known[network_id] = vlan
            taken.add(vlan)
    return known


def _options(current: int | None, is_recalled: bool, traces: Traces) -> Iterator[int]:
    shown = (*traces.tags, *traces.leading)
    if current is not None and (not is_recalled or current in shown):
        yield current
    yield from shown
    if current is not None:
        yield current
