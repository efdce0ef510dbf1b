"""Which ports of a host an error of ours is about, or all ports of a security group. PURE."""

from collections.abc import Callable, Collection, Mapping, Sequence

from osken_apps.model.fabric import Fabric
from osken_apps.model.host_snapshot import host_snapshot
from osken_apps.model.reports import port_reports
from osken_apps.pipeline.desired import FlowEncoder, desired_meters

MAX_BROKEN = 10  # an error that more ports meet, which have no group in common, is not about any of them

Works = Callable[[set[str]], bool]


def broken_ports(fabric: Fabric, host_name: str, pause: Callable[[], None]) -> set[str]:
    """Give the ids of the ports without which a host's flows and reports can be made, and with any of which
    they cannot.

    None if they can be made with all, or cannot without all, or only without many that have no group in
    common. Calls `pause` where it may take long; what is mended meanwhile is not given.
    """
    try:
        on_host = [port for port, _ in fabric.plugged(fabric.shown(host_name))]
        groups = {port.id: port.security_groups for port in on_host if port.id not in fabric.set_aside}
    except Exception:
        return set()
    plugged = set(groups)

    def works(besides: set[str]) -> bool:
        pause()
        return _works(fabric, host_name, besides, pause)

    if not works(plugged):
        return set()
    broken = _among(works, plugged, sorted(plugged))
    if len(broken) > MAX_BROKEN:
        in_groups = _in_broken_groups(works, groups)
        others = _among(lambda besides: works(besides | in_groups), plugged, sorted(plugged - in_groups))
        if len(others) > MAX_BROKEN:
            return set()
        broken = in_groups | others
    return {port_id for port_id in broken if not _works(fabric, host_name, plugged - {port_id})}


def _in_broken_groups(works: Works, groups: Mapping[str, Collection[str]]) -> set[str]:
    """Give the ports of the groups of which no port works by itself; `groups` are by port."""
    plugged = set(groups)
    found: set[str] = set()
    for group_id in sorted(set().union(*groups.values())):
        members = sorted(port_id for port_id in plugged - found if group_id in groups[port_id])
        if len(members) > 1 and not any(works(plugged - {port_id}) for port_id in members):
            found.update(members)
    return found


def _among(works: Works, plugged: set[str], suspects: Sequence[str]) -> set[str]:
    """Find the broken ones among some, by halves; when there are too many, no more of them."""
    if works(plugged.difference(suspects)):
        return set()
    if len(suspects) == 1:
        return set(suspects)
    half = len(suspects) // 2
    broken = _among(works, plugged, suspects[:half])
    if len(broken) <= MAX_BROKEN:
        broken |= _among(works, plugged, suspects[half:])
    return broken


def _works(
    fabric: Fabric, host_name: str, besides: set[str], pause: Callable[[], None] = lambda: None
) -> bool:
    """Tell whether the flows, meters and reports of a host can be made if some of its ports are set aside."""
    layout = fabric.layout
    try:
        snapshot = host_snapshot(fabric, host_name, besides)
        encoder = FlowEncoder()
        for bridge in layout.all_bridges:
            encoder.flows(bridge, layout, snapshot, pause)
            desired_meters(bridge, layout, snapshot)
        port_reports(fabric, snapshot, layout.all_bridges)
    except Exception:
        return False
    return True
