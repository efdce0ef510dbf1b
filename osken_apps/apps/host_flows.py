"""The flows that a host should have, for whoever asks through the API. SHELL (others get their turn)."""

from osken_apps.apps import runtime
from osken_apps.model.fabric import Fabric
from osken_apps.model.host_snapshot import host_snapshot
from osken_apps.pipeline.desired import desired_texts


def host_flows(fabric: Fabric, host: str) -> dict[str, list[str]]:
    """Give by bridge the flows that a host should have, in ovs-ofctl's words; none of an unknown host."""
    if host not in fabric.hosts or not fabric.ready(host):
        return {}
    snapshot = host_snapshot(fabric, host)
    return {
        bridge: desired_texts(bridge, fabric.layout, snapshot, runtime.pause)
        for bridge in fabric.layout.all_bridges
        if bridge in snapshot.ofports
    }
