"""What a tunnel bridge sends to a host that is new among its peers, so that this is looked for. PURE.

The userspace datapath loses what it sends to a peer whose MAC address it does not know yet, and goes on to
while a machine keeps sending, until it has looked for the peer by another packet.
"""

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv4Address

from osken_apps.model.snapshot import tunnel_port
from osken_apps.model.tunnels import Reach
from osken_apps.openflow.actions import SetField
from osken_apps.openflow.codec import packet_out_with
from osken_apps.openflow.fields import Field
from osken_apps.pipeline.announcements import EXPERIMENT
from osken_apps.pipeline.feature import PlannedBridge
from osken_apps.pipeline.features.tunnels import is_linked, to_host

NOBODYS_ID = 0
GREETING = bytes(12) + EXPERIMENT.to_bytes(2, "big") + bytes(46)


def greetings(bridge: PlannedBridge, before: Mapping[str, Reach]) -> list[bytes]:
    """Give the messages that send a frame of no network to each peer that was none `before`.

    That is where its networks were then, by id.
    """
    if not is_linked(bridge):
        return []
    types = {segment.network_id: segment.network_type for segment in bridge.snapshot.segments}
    new: dict[int, int] = {}
    for reach in bridge.snapshot.reaches:
        known = before.get(reach.network_id)
        ofport = None if known is reach else bridge.ofport(tunnel_port(types[reach.network_id]))
        if ofport is not None:
            new |= dict.fromkeys(set(reach.numbers).difference(known.numbers if known else ()), ofport)
    for reach in before.values() if new else ():
        for number in reach.numbers:
            new.pop(number, None)
    return [_greeting(number, ofport) for number, ofport in sorted(new.items())]


@lru_cache(1 << 14)
def _greeting(address: int, ofport: int) -> bytes:
    actions = SetField(Field.TUN_ID, NOBODYS_ID), *to_host(IPv4Address(address), ofport)
    return packet_out_with(actions, GREETING)
