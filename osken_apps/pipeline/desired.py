"""What each bridge of a host should have, as a function of the host's snapshot. PURE."""

from osken_apps.model.snapshot import HostSnapshot, Layout
from osken_apps.openflow.flow import Flow
from osken_apps.pipeline.integration import integration_flows
from osken_apps.pipeline.physical import physical_flows


def desired_flows(bridge: str, layout: Layout, snapshot: HostSnapshot) -> tuple[Flow, ...]:
    """Give all flows that a bridge should have; a bridge that is not ours, none."""
    if bridge == layout.integration_bridge:
        return tuple(integration_flows(layout, snapshot))
    for physical_network, name in layout.bridge_mappings:
        if name == bridge:
            return tuple(physical_flows(physical_network, bridge, snapshot))
    return ()
