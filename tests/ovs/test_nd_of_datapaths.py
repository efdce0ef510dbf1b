"""Neighbor solicitations on a datapath that cannot answer them, as the kernel's: what Open vSwitch does then.

Whether a datapath can, Open vSwitch finds out itself (`nd_ext`); here it is told that this one cannot.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest

from osken_apps.model.snapshot import HostSnapshot
from osken_apps.openflow.difference import difference
from osken_apps.openflow.wire import FlowBody, FlowKey
from osken_apps.pipeline.desired import FlowEncoder
from osken_apps.pipeline.features.tunnels import ND_ADVERTISE
from tests.golden.scenarios import LAYOUT, SCENARIOS
from tests.ovs.conftest import Channel, Switch

BAD_SET_ARGUMENT = r"^\(2, 15\)"  # OFPBAC_BAD_SET_ARGUMENT
CAN = SCENARIOS["tunnels"]
CANNOT = replace(CAN, answers_nd=False)
FROM_VM = "in_port=1,dl_vlan=3,dl_vlan_pcp=0,dl_dst=33:33:ff:00:00:99,icmp6,icmpv6_type=135"


@pytest.fixture
def unable(switch: Switch) -> Iterator[Switch]:
    switch.add_bridge("br-tun", CAN.ofports["br-tun"])
    switch.appctl("dpif/set-dp-features", "br-tun", "nd_ext", "false")
    yield switch
    switch.appctl("dpif/set-dp-features", "br-tun", "nd_ext", "true")


@pytest.fixture
def channel(unable: Switch) -> Iterator[Channel]:
    made = Channel(unable.management("br-tun"))
    yield made
    made.close()


def desired(snapshot: HostSnapshot) -> Mapping[FlowKey, FlowBody]:
    return FlowEncoder().flows("br-tun", LAYOUT, snapshot)


def test_it_refuses_the_answer(unable: Switch) -> None:
    channel, after = (Channel(unable.management("br-tun")) for _ in range(2))
    with pytest.raises(AssertionError, match=BAD_SET_ARGUMENT):
        channel.install(desired(CAN))
    missing = desired(CAN).keys() - after.read().keys()
    assert {desired(CAN)[key].cookie for key in missing} == {ND_ADVERTISE.cookie}
    channel.close()
    after.close()


def test_it_takes_the_flows_that_are_for_it(channel: Channel) -> None:
    channel.install(desired(CANNOT))
    assert not difference(channel.read(), desired(CANNOT))


@pytest.mark.parametrize(
    ("solicitation", "hosts"),
    [
        ("ipv6_src=fe80::1,nd_target=2001:db8::a", ["192.0.2.2"]),
        ("ipv6_src=fe80::1,nd_target=2001:db8::b", ["192.0.2.3"]),
        ("ipv6_src=fe80::1,nd_target=2001:db8::99", ["192.0.2.2", "192.0.2.3"]),  # nobody's
        ("ipv6_src=::,nd_target=2001:db8::a", ["192.0.2.2", "192.0.2.3"]),  # is it somebody else's, too?
    ],
)
def test_a_solicitation_goes_to_the_machine_s_host_alone_where_it_is_known(
    unable: Switch, channel: Channel, solicitation: str, hosts: list[str]
) -> None:
    channel.install(desired(CANNOT))
    trace = unable.trace("br-tun", f"{FROM_VM},{solicitation}")
    assert re.findall(r"set_field:([0-9.]+)->tun_dst", trace) == hosts
    assert "userspace(" not in trace
