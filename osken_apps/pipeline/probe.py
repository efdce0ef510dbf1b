"""Probes: of a machine, by ARP from its DHCP server's address; of the way between two hosts, by a frame of
their network's that is no machine's. A flow counts what comes. PURE.

The flow is none of the pipeline: it is there for seconds, at its own priority, and takes nothing that anybody
waits for. Whoever put it there may be gone; the switch takes it away by itself.
"""

import struct
from ipaddress import IPv4Address

from osken_apps.model.addresses import MacAddress
from osken_apps.model.snapshot import Segment
from osken_apps.openflow.fields import ETH_TYPE_ARP, UNTAGGED, Field
from osken_apps.openflow.flow import Flow
from osken_apps.openflow.match import Match
from osken_apps.openflow.wire import ETH_TYPE_8021Q
from osken_apps.pipeline.announcements import ARP, ETHERNET, EXPERIMENT, MIN_FRAME, TO_EVERYBODY
from osken_apps.pipeline.headers import ARP as ARP_ONLY
from osken_apps.pipeline.headers import ARP_REPLY, ARP_REQUEST, Values
from osken_apps.pipeline.stages import CLASSIFY

PROBE_COOKIE = 0x6F736B70 << 32  # "oskp"
PRIORITY = 0xFFFF
VLAN = struct.Struct("!HH")
LIFE_S = 3  # so long the flow is there at most


def probe_flow(ofport: int, server: IPv4Address) -> Flow:
    """Give the flow that counts what a port answers to its DHCP server, and lets it go no further."""
    answer: Values = {Field.ARP_OP: ARP_REPLY, Field.ARP_TPA: server}
    match = Match.of({Field.IN_PORT: ofport} | ARP_ONLY | answer)
    return Flow(CLASSIFY.table_id, PRIORITY, match, (), PROBE_COOKIE)


def probe_frame(mac: MacAddress, server: IPv4Address, address: IPv4Address) -> bytes:
    """Make the DHCP server's request for who has an address (RFC 826)."""
    arp = ARP.pack(1, 0x0800, 6, 4, ARP_REQUEST, mac.packed, server.packed, bytes(6), address.packed)
    return (ETHERNET.pack(TO_EVERYBODY, mac.packed, ETH_TYPE_ARP) + arp).ljust(MIN_FRAME, b"\0")


def wire_flow(link: int, segment: Segment, sender: MacAddress) -> Flow:
    """Give the flow that counts what comes from another host in a network, by the link that leads there."""
    vid = UNTAGGED if segment.link_vlan is None else segment.link_vlan
    match: Values = {Field.IN_PORT: link, Field.VLAN_VID: vid, Field.ETH_TYPE: EXPERIMENT}
    return Flow(CLASSIFY.table_id, PRIORITY, Match.of(match | {Field.ETH_SRC: sender}), (), PROBE_COOKIE)


def wire_frame(sender: MacAddress, receiver: MacAddress, segment: Segment) -> bytes:
    """Make a frame as it leaves the integration bridge for another host's machine."""
    header = ETHERNET.pack(receiver.packed, sender.packed, ETH_TYPE_8021Q)
    return (header + VLAN.pack(segment.local_vlan, EXPERIMENT)).ljust(MIN_FRAME + VLAN.size, b"\0")
