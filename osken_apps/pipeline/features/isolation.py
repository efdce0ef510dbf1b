"""Isolation: a network has its own VLAN on the wire and on each host, and nothing else passes. PURE."""

from collections.abc import Iterator

from osken_apps.model.snapshot import Segment, integration_end, physical_end
from osken_apps.openflow.actions import NORMAL, PopVlan, PushVlan, SetField
from osken_apps.openflow.fields import UNTAGGED, Field
from osken_apps.openflow.flow import Flow
from osken_apps.openflow.match import Match
from osken_apps.pipeline.feature import Feature, PlannedBridge
from osken_apps.pipeline.stage import Role, Rule
from osken_apps.pipeline.stages import CLASSIFY, PHYSICAL_CLASSIFY

PROVIDER_TO_LOCAL = Rule(
    1, "provider_to_local", CLASSIFY, 3,
    "A frame of a known network comes from the physical bridge: give it the network's tag on this host.",
)  # fmt: skip
PROVIDER_DROP = Rule(
    2, "provider_drop", CLASSIFY, 2,
    "Any other frame from a physical bridge belongs to no network of this host.",
)  # fmt: skip
INTEGRATION_NORMAL = Rule(
    3, "integration_normal", CLASSIFY, 1,
    "Machines of one network on this host reach each other by MAC learning within the tag.",
)  # fmt: skip
LOCAL_TO_PROVIDER = Rule(
    16, "local_to_provider", PHYSICAL_CLASSIFY, 4,
    "A frame of a network of this host leaves: give it the network's segmentation id.",
)  # fmt: skip
LOCAL_DROP = Rule(
    17, "local_drop", PHYSICAL_CLASSIFY, 2,
    "Any other frame from the integration bridge belongs to no network: it must not reach the wire.",
)  # fmt: skip
PHYSICAL_NORMAL = Rule(
    18, "physical_normal", PHYSICAL_CLASSIFY, 1,
    "Frames from the wire go to the integration bridge by MAC learning.",
)  # fmt: skip


class Isolation(Feature):
    """The flows of the reference: translation between tag and VLAN id, and drops for all that has neither."""

    name = "isolation"
    stages = (CLASSIFY, PHYSICAL_CLASSIFY)
    rules = (
        PROVIDER_TO_LOCAL,
        PROVIDER_DROP,
        INTEGRATION_NORMAL,
        LOCAL_TO_PROVIDER,
        LOCAL_DROP,
        PHYSICAL_NORMAL,
    )

    def bridge_flows(self, bridge: PlannedBridge) -> Iterator[Flow]:
        """Give the flows of either kind of bridge."""
        match bridge.role:
            case Role.INTEGRATION:
                return _of_integration(bridge)
            case Role.PHYSICAL:
                return _of_physical(bridge)
        return iter(())


def _of_integration(bridge: PlannedBridge) -> Iterator[Flow]:
    if not bridge.snapshot.is_guarded:
        yield INTEGRATION_NORMAL.flow(Match(), NORMAL)
    for physical_network, name in bridge.layout.bridge_mappings:
        ofport = bridge.ofport(integration_end(name))
        if ofport is not None:
            yield PROVIDER_DROP.flow(Match.of({Field.IN_PORT: ofport}))
            for segment in bridge.snapshot.segments:
                if segment.physical_network == physical_network and not segment.guarded:
                    yield provider_to_local(ofport, segment)


def _of_physical(bridge: PlannedBridge) -> Iterator[Flow]:
    """Give all flows of the bridge of a physical network.

    There is none, and so no traffic, until both ends of the link to the integration bridge are known: a frame
    must not pass the link before the flows that drop what belongs to no network.
    """
    ofport = bridge.ofport(physical_end(bridge.name))
    integration = bridge.snapshot.ofports[bridge.layout.integration_bridge]
    if ofport is None or integration_end(bridge.name) not in integration:
        return
    yield PHYSICAL_NORMAL.flow(Match(), NORMAL)
    yield LOCAL_DROP.flow(Match.of({Field.IN_PORT: ofport}))
    for segment in bridge.snapshot.segments:
        if segment.physical_network == bridge.physical_network:
            yield local_to_provider(ofport, segment)


def provider_to_local(ofport: int, segment: Segment) -> Flow:
    """Translate a network's frames from the physical bridge to its tag on this host."""
    set_tag = SetField(Field.VLAN_VID, segment.local_vlan)
    if segment.segmentation_id is None:
        untagged = Match.of({Field.IN_PORT: ofport, Field.VLAN_VID: UNTAGGED})
        return PROVIDER_TO_LOCAL.flow(untagged, PushVlan(), set_tag, NORMAL)
    tagged = Match.of({Field.IN_PORT: ofport, Field.VLAN_VID: segment.segmentation_id})
    return PROVIDER_TO_LOCAL.flow(tagged, set_tag, NORMAL)


def local_to_provider(ofport: int, segment: Segment) -> Flow:
    """Translate a network's frames from its tag on this host to the wire."""
    match = Match.of({Field.IN_PORT: ofport, Field.VLAN_VID: segment.local_vlan})
    if segment.segmentation_id is None:
        return LOCAL_TO_PROVIDER.flow(match, PopVlan(), NORMAL)
    return LOCAL_TO_PROVIDER.flow(match, SetField(Field.VLAN_VID, segment.segmentation_id), NORMAL)
