"""NORMAL: what a bridge does with a frame as a switch that learns MAC addresses. PURE.

Source: ovs-actions(7), ovs-vswitchd.conf.db(5) of Port's tag, trunks and vlan_mode; what a bridge drops and
floods is Open vSwitch's (xlate_normal), for bridges without mirrors, bonds, STP and multicast snooping.
"""

from dataclasses import dataclass, replace

from osken_apps.openflow.fields import Field
from osken_apps.pipeline.headers import GROUP_BIT
from osken_apps.trace.frame import Frame
from osken_apps.trace.site import BridgePort, TracedBridge

#: Frames to these are never forwarded: of IEEE 802.1, of Extreme and of Cisco.
RESERVED = frozenset(
    {
        *range(0x0180C2000000, 0x0180C2000010), 0x00E02B000000, 0x00E02B000004, 0x00E02B000006,
        0x01000C000000, 0x01000CCCCCCC, 0x01000CCCCCCD, 0x01000CCDCDCD,
        *range(0x01000CCCCCC0, 0x01000CCCCCC8),
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Switched:
    """Where a frame goes, in which form, and in words why there."""

    to: tuple[tuple[BridgePort, Frame], ...]
    why: str


def normal(bridge: TracedBridge, in_port: int, frame: Frame) -> Switched:
    """Switch a frame that came in at a port of a bridge."""
    port = bridge.ports.get(in_port)
    if port is None:
        return Switched((), f"dropped: {bridge.name} has no port {in_port}")
    vid = frame.vlans[0] if frame.vlans else 0
    if port.tag is not None and vid:
        return Switched((), f"dropped: it has VLAN {vid}, and {port.name} is an access port (tag {port.tag})")
    vlan = vid if port.tag is None else port.tag
    inner = frame.vlans[1] if port.tag is None and len(frame.vlans) > 1 else 0
    if not port.carries(vlan):
        return Switched((), f"dropped: {port.name} does not carry VLAN {vlan}")
    receiver = frame.number(Field.ETH_DST)
    if receiver in RESERVED:
        return Switched((), "dropped: no bridge forwards frames to this MAC address (IEEE 802.1D)")
    known = None if receiver & GROUP_BIT else bridge.learned.get((vlan, receiver))
    if known is None:
        others = [other for other in bridge.ports.values() if other.ofport != in_port]
        others = [other for other in others if other.carries(vlan) and not (inner and other.tag is not None)]
        why = f"flooded in VLAN {vlan}" if vlan else "flooded without VLAN"
        copies = ((other, _leaving(other, vlan, inner, frame)) for other in others)
        return Switched(tuple(copies), why)
    learned = bridge.ports.get(known)
    if learned is None:
        return Switched((), "dropped: the port where this MAC address was learned is gone")
    if known == in_port:
        return Switched((), f"dropped: this MAC address was learned at {learned.name}, where it came from")
    return Switched(
        ((learned, _leaving(learned, vlan, inner, frame)),), f"to {learned.name}, where it was learned"
    )


def _leaving(port: BridgePort, vlan: int, inner: int, frame: Frame) -> Frame:
    """Give a frame as it leaves at a port; tags of VLAN 0 are not put back."""
    outer = 0 if port.tag is not None else vlan
    return replace(frame, vlans=tuple(vid for vid in (outer, inner) if vid) if outer else ())
