"""The flows of a physical bridge. PURE."""

from collections.abc import Iterator

from osken_apps.model.snapshot import HostSnapshot, Layout, Segment, integration_end, physical_end
from osken_apps.openflow.fields import Field
from osken_apps.openflow.flow import NORMAL, Flow, Match, PopVlan, SetField
from osken_apps.pipeline.rules import Rule


def physical_flows(
    physical_network: str, bridge: str, layout: Layout, snapshot: HostSnapshot
) -> Iterator[Flow]:
    """Give all flows of the bridge of a physical network.

    There is none, and so no traffic, until both ends of the link to the integration bridge are known: a frame
    must not pass the link before the flows that drop what belongs to no network.
    """
    ofport = snapshot.ofports.get(bridge, {}).get(physical_end(bridge))
    if ofport is None or integration_end(bridge) not in snapshot.ofports[layout.integration_bridge]:
        return
    yield Rule.PHYSICAL_NORMAL.flow(Match(), NORMAL)
    yield Rule.LOCAL_DROP.flow(Match.of({Field.IN_PORT: ofport}))
    for segment in snapshot.segments:
        if segment.physical_network == physical_network:
            yield local_to_provider(ofport, segment)


def local_to_provider(ofport: int, segment: Segment) -> Flow:
    """Translate a network's frames from its tag on this host to the wire."""
    match = Match.of({Field.IN_PORT: ofport, Field.VLAN_VID: segment.local_vlan})
    if segment.segmentation_id is None:
        return Rule.LOCAL_TO_PROVIDER.flow(match, PopVlan(), NORMAL)
    return Rule.LOCAL_TO_PROVIDER.flow(match, SetField(Field.VLAN_VID, segment.segmentation_id), NORMAL)
