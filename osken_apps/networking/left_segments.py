"""VLAN ids that were a deleted network's and that a host which is away may still send with. PURE.

A host that is cut off from the controller keeps its flows, and a frame on the wire says nothing of who sent
it. Over tunnels the receivers know the sender, so an id is free at once.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

# A host that is cut off without a word counts as connected until it is missed.
MISSED_AFTER = timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class LeftSegment:
    """A VLAN of a physical network that a host had a port in, the last of which ended at that time."""

    host: str
    physical_network: str
    segmentation_id: int
    left_at: datetime


def still_used(left: Iterable[LeftSegment], away: Mapping[str, datetime]) -> set[tuple[str, int]]:
    """Give the VLANs, by physical network, of hosts that were not heard of since.

    `away` are the hosts that are not connected, with when they were last.
    """
    return {
        (segment.physical_network, segment.segmentation_id)
        for segment in left
        if segment.host in away and segment.left_at > away[segment.host] - MISSED_AFTER
    }
