"""What a real switch sends to the controller of a packet."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from osken_apps.dhcp.server import Reply
from osken_apps.openflow import codec
from osken_apps.pipeline.desired import FlowEncoder, desired_meters
from tests.golden.scenarios import LAYOUT, SCENARIOS
from tests.ovs.conftest import Channel, Switch
from tests.packet.dhcp_scenario import DISCOVER, SERVICE, frame, respond

SEED = SCENARIOS["seed"]
(VM,) = SEED.ports
FAST = 1_000  # a meter of Open vSwitch 2.15 passes its first packet after the time that its rate gives
LONGEST_FRAME = 65_535  # that netdev-dummy takes on a command line


@pytest.fixture
def channel(switch: Switch) -> Iterator[Channel]:
    switch.add_bridge("br-int", SEED.ofports["br-int"])
    made = Channel(switch.management("br-int"))
    flows, meters = FlowEncoder().flows("br-int", LAYOUT, SEED), desired_meters("br-int", LAYOUT, SEED)
    made.install(flows, (replace(meter, rate=FAST) for meter in meters.values()))
    made.set_config()
    yield made
    made.close()


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
