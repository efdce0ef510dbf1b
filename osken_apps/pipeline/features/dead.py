"""Dead interfaces: what is no bound port here sends nothing, until its machine says that it has come. PURE.

A dead interface has the dead tag by OVSDB, which keeps other networks' frames from it. But dead interfaces
would reach each other, as the tag is a VLAN like any other; so what they send is dropped here.
"""

from collections.abc import Iterator

from osken_apps.model.snapshot import WaitingPort
from osken_apps.openflow.actions import CONTROLLER
from osken_apps.openflow.fields import ETH_TYPE_ARP, ETH_TYPE_RARP, Field, Value
from osken_apps.openflow.flow import Flow
from osken_apps.openflow.match import Match
from osken_apps.openflow.meter import Meter
from osken_apps.pipeline.feature import Feature, PlannedBridge
from osken_apps.pipeline.meters import ANNOUNCEMENTS, kind_meter
from osken_apps.pipeline.stage import Role, Rule
from osken_apps.pipeline.stages import CLASSIFY

ANNOUNCEMENTS_PER_S = 100

GUEST_ANNOUNCES = Rule(
    9, "guest_announces", CLASSIFY, 40,
    "A machine whose port another host has announces itself here: it has moved, the controller is told.",
    "the bridge's for announcements",
)  # fmt: skip
DEAD_DROP = Rule(
    10, "dead_drop", CLASSIFY, 30,
    "An interface that is no bound port of this host, nor declared a trunk, sends nothing.",
)  # fmt: skip


class Dead(Feature):
    """What keeps dead interfaces silent, and hears a machine that has moved here."""

    name = "dead"
    rules = (GUEST_ANNOUNCES, DEAD_DROP)

    def bridge_flows(self, bridge: PlannedBridge) -> Iterator[Flow]:
        """Give a drop for each dead interface, and above it what its machine announces itself with."""
        if bridge.role is not Role.INTEGRATION:
            return
        meter_id = kind_meter(ANNOUNCEMENTS, bridge.snapshot.max_meters)
        for waiting in bridge.snapshot.waiting:
            for match in announcements(waiting):
                yield GUEST_ANNOUNCES.flow(match, CONTROLLER, meter_id=meter_id)
        for _, ofport in bridge.snapshot.dead:
            yield DEAD_DROP.flow(Match.of({Field.IN_PORT: ofport}))

    def meters(self, bridge: PlannedBridge) -> Iterator[Meter]:
        """Give the meter of announcements, where there is anything to announce."""
        meter_id = kind_meter(ANNOUNCEMENTS, bridge.snapshot.max_meters)
        if bridge.role is Role.INTEGRATION and bridge.snapshot.waiting and meter_id is not None:
            yield Meter(meter_id, ANNOUNCEMENTS_PER_S, ANNOUNCEMENTS_PER_S)


def announcements(waiting: WaitingPort) -> Iterator[Match]:
    """Match what a machine says when it has moved: RARP (by its hypervisor), and gratuitous ARP (RFC 5227,
    3).

    By what each has of ARP's header it is whole: of a shorter frame Open vSwitch shows none, and it would
    make a packet-in that is taken for a longer one (`codec.MIN_PACKET_IN_OCTETS`).
    """
    sender: dict[Field, Value] = {Field.IN_PORT: waiting.ofport, Field.ETH_SRC: waiting.mac_address}
    yield Match.of({**sender, Field.ETH_TYPE: ETH_TYPE_RARP, Field.ARP_SHA: waiting.mac_address})
    for address in waiting.addresses:
        arp: dict[Field, Value] = {
            Field.ETH_TYPE: ETH_TYPE_ARP,
            Field.ARP_SPA: address,
            Field.ARP_TPA: address,
        }
        yield Match.of({**sender, **arp})
