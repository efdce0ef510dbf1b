"""What a real switch sends to the controller of a packet."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from scapy.layers.l2 import ARP, Ether

from osken_apps.dhcp.server import Reply
from osken_apps.model.addresses import mac_address
from osken_apps.model.snapshot import HostSnapshot, WaitingPort
from osken_apps.openflow import codec
from osken_apps.pipeline.desired import FlowEncoder, desired_meters
from tests.golden.scenarios import LAYOUT, SCENARIOS
from tests.ovs.conftest import Channel, Switch
from tests.packet.dhcp_scenario import DISCOVER, SERVICE, frame, respond

SEED = SCENARIOS["seed"]
(VM,) = SEED.ports
FAST = 1_000  # a meter of Open vSwitch 2.15 passes its first packet after the time that its rate gives
LONGEST_FRAME = 65_535  # that netdev-dummy takes on a command line


MAC = mac_address("fa:16:3e:00:00:77")
WAITING = WaitingPort(port_id="p", interface="tap-waits", ofport=7, mac_address=MAC)
SENDER = {"hwsrc": str(MAC), "psrc": "0.0.0.0"}
RARP = bytes(Ether(src=str(MAC), dst="ff:ff:ff:ff:ff:ff", type=0x8035) / ARP(op=3, **SENDER))


@contextmanager
def served(switch: Switch, snapshot: HostSnapshot) -> Iterator[Channel]:
    """Have a bridge served as a snapshot says."""
    switch.add_bridge("br-int", snapshot.ofports["br-int"])
    made = Channel(switch.management("br-int"))
    flows = FlowEncoder().flows("br-int", LAYOUT, snapshot)
    meters = desired_meters("br-int", LAYOUT, snapshot)
    made.install(flows, (replace(meter, rate=FAST) for meter in meters.values()))
    made.set_config()
    yield made
    made.close()


@pytest.fixture
def channel(switch: Switch) -> Iterator[Channel]:
    with served(switch, SEED) as made:
        yield made


@pytest.mark.parametrize("octets", [342, 1514, 65_493, 65_494, LONGEST_FRAME])
def test_a_request_of_any_length_is_read_whole_and_what_comes_next_too(
    switch: Switch, channel: Channel, octets: int
) -> None:
    small = frame(DISCOVER)
    large = frame(DISCOVER, *["pad"] * (octets - len(small)))
    assert len(large) == octets
    for sent in (large, small):
        switch.receive(VM.interface, sent)
    for sent in (large, small):
        assert codec.decode_packet_in(channel.packet_in()) == (VM.ofport, sent)
        assert isinstance(respond(sent, SERVICE), Reply)


def test_a_machine_that_waits_is_heard_by_a_whole_announcement_only(switch: Switch) -> None:
    ports = SEED.ofports["br-int"] | {WAITING.interface: WAITING.ofport}
    dead = ((WAITING.interface, WAITING.ofport),)
    snapshot = replace(SEED, ofports={"br-int": ports}, waiting=(WAITING,), dead=dead)
    with served(switch, snapshot) as channel:
        for octets in (14, 21, 22, 41):
            switch.receive(WAITING.interface, RARP[:octets])
        switch.receive(WAITING.interface, RARP)
        assert codec.decode_packet_in(channel.packet_in()) == (WAITING.ofport, RARP)
        switch.receive(VM.interface, frame(DISCOVER))
        assert codec.decode_packet_in(channel.packet_in()) == (VM.ofport, frame(DISCOVER))
