"""Which ports of a host an error of ours is about. PURE."""

from collections.abc import Sequence

from osken_apps.model.fabric import Fabric
from osken_apps.model.host_snapshot import host_snapshot
from osken_apps.model.reports import port_reports
from osken_apps.pipeline.desired import FlowEncoder, desired_meters

MAX_BROKEN = 10  # an error that more ports meet is not about any of them


def broken_ports(fabric: Fabric, host_name: str) -> set[str]:
    """Give the ids of the ports without which a host's flows and reports can be made, and with any of which
    they cannot.

    None if they can be made with all, or cannot without all, or only without many.
    """
    try:
        plugged = {port.id for port, _ in fabric.plugged(fabric.shown(host_name))} - fabric.set_aside
    except Exception:
        return set()
    if not _works(fabric, host_name, plugged):
        return set()
    broken = _among(fabric, host_name, plugged, sorted(plugged))
    return broken if len(broken) <= MAX_BROKEN else set()


def _among(fabric: Fabric, host_name: str, plugged: set[str], suspects: Sequence[str]) -> set[str]:
    """Find the broken ones among some, by halves; when there are too many, no more of them."""
    if _works(fabric, host_name, plugged.difference(suspects)):
        return set()
    if len(suspects) == 1:
        return set(suspects)
    half = len(suspects) // 2
    broken = _among(fabric, host_name, plugged, suspects[:half])
    if len(broken) <= MAX_BROKEN:
        broken |= _among(fabric, host_name, plugged, suspects[half:])
    return broken


def _works(fabric: Fabric, host_name: str, besides: set[str]) -> bool:
    """Tell whether the flows, meters and reports of a host can be made if some of its ports are set aside."""
    layout = fabric.layout
    try:
        snapshot = host_snapshot(fabric, host_name, besides)
        encoder = FlowEncoder()
        for bridge in layout.all_bridges:
            encoder.flows(bridge, layout, snapshot)
            desired_meters(bridge, layout, snapshot)
        port_reports(fabric, snapshot, layout.all_bridges)
    except Exception:
        return False
    return True
