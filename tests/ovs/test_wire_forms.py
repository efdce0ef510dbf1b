"""Every field and action of our flows on a real switch: read back as sent, and printed as told."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import pytest

from osken_apps.model.addresses import mac_address
from osken_apps.openflow import wire
from osken_apps.openflow.actions import (
    CONTROLLER,
    NORMAL,
    Action,
    Conjunction,
    Ct,
    CtClear,
    Output,
    OutputField,
    Pop,
    PopVlan,
    Push,
    PushVlan,
    Resubmit,
    SetBit,
    SetField,
)
from osken_apps.openflow.difference import difference
from osken_apps.openflow.fields import UNTAGGED, CtState, Field, IpFrag, Masked, Value
from osken_apps.openflow.flow import Flow
from osken_apps.openflow.match import Match
from osken_apps.pipeline.stage import COOKIE
from tests.golden.dumps import strip_counters
from tests.ovs.conftest import Channel, Switch

IP = {Field.ETH_TYPE: 0x0800}
IPV6 = {Field.ETH_TYPE: 0x86DD}
TAGGED = {Field.VLAN_VID: 5}
ARP = {Field.ETH_TYPE: 0x0806}
TCP, UDP, SCTP = ({Field.IP_PROTO: number} for number in (6, 17, 132))
ICMP6 = IPV6 | {Field.IP_PROTO: 58}
MAC = mac_address("fa:16:3e:00:00:01")
GROUP = mac_address("01:00:00:00:00:00")
TRACKED = Masked(CtState.TRK, CtState.TRK | CtState.INV | CtState.RPL)

MATCHES: list[dict[Field, Value]] = [
    {Field.IN_PORT: 3, Field.VLAN_VID: UNTAGGED},
    {Field.IN_PORT: 3, Field.VLAN_VID: 0},
    {Field.REG6: 7, Field.ETH_DST: MAC},
    {Field.REG6: 7, Field.ETH_DST: Masked(GROUP, int(GROUP))},
    {Field.REG4: 3, **ARP, Field.ETH_SRC: MAC, Field.ARP_SHA: MAC, Field.ARP_SPA: IPv4Address("10.0.0.1")},
    {**ARP, Field.ARP_OP: 1, Field.ARP_SPA: IPv4Network("10.0.0.0/24")},
    {Field.ETH_TYPE: 0x8035, Field.ARP_SHA: MAC, Field.REG4: 3},
    {**IP, Field.IPV4_SRC: IPv4Network("10.1.0.0/16"), Field.IPV4_DST: IPv4Network("10.0.0.1/32")},
    {**IP, **TCP, Field.TCP_DST: 80},
    {**IP, **TCP, Field.TCP_DST: Masked(0x40, 0xFFC0), Field.TCP_SRC: 1},
    {**IP, **UDP, Field.UDP_SRC: 68, Field.UDP_DST: 67, Field.IPV4_DST: IPv4Address("255.255.255.255")},
    {**IP, **SCTP, Field.SCTP_DST: Masked(0x100, 0xFF00)},
    {**IPV6, **TCP, Field.TCP_DST: 22},
    {**IPV6, **SCTP, Field.SCTP_SRC: 5},
    {**IP, Field.IP_PROTO: 47},
    {**IPV6, Field.IP_PROTO: 47},
    {**IP, Field.IP_PROTO: 1, Field.ICMP_TYPE: 8, Field.ICMP_CODE: 0},
    {**ICMP6, Field.ICMPV6_TYPE: 128, Field.ICMPV6_CODE: 0},
    {**IPV6, Field.IPV6_SRC: IPv6Network("2001:db8::/32"), Field.IPV6_DST: IPv6Address("fe80::1")},
    {**ICMP6, Field.IPV6_SRC: IPv6Address("::"), Field.IPV6_DST: IPv6Network("ff02::/16")},
    {
        **ICMP6, Field.ICMPV6_TYPE: 135, Field.ICMPV6_CODE: 0, Field.IP_TTL: 255,
        Field.ND_TARGET: IPv6Address("fe80::2"), Field.ND_SLL: mac_address(0),
    },
    {
        **ICMP6, Field.ICMPV6_TYPE: 136, Field.ICMPV6_CODE: 0, Field.IP_TTL: 255,
        Field.ND_TARGET: IPv6Address("fe80::2"), Field.ND_TLL: MAC, Field.REG4: 3,
    },
    {**IP, Field.CT_STATE: TRACKED, Field.REG4: 4},
    {**IP, Field.CT_STATE: Masked(CtState.TRK | CtState.NEW, CtState.TRK | CtState.NEW)},
    {**IPV6, Field.CT_STATE: Masked(0, CtState.TRK)},
    {**IP, Field.IP_FRAG: Masked(IpFrag.LATER, IpFrag.LATER), Field.CT_STATE: TRACKED},
    {**IP, Field.IP_FRAG: Masked(0, IpFrag.LATER)},
    {**IP, Field.IP_FRAG: IpFrag.ANY | IpFrag.LATER},
    {Field.REG0: Masked(1, 1)},
    {Field.REG0: Masked(0, 2), Field.REG7: 0},
    {Field.REG4: 9, **IP, Field.CONJ_ID: 77},
    {Field.REG4: 9, Field.REG7: 0x10},
    {Field.IN_PORT: 3, Field.TUN_SRC: IPv4Address("192.0.2.2")},
    {Field.TUN_SRC: IPv4Network("192.0.2.0/24"), Field.TUN_DST: IPv4Address("192.0.2.1")},
    {Field.REG0: 2, Field.TUN_ID: 0xFFFFFFFF, **ARP, Field.ARP_OP: 1},
]  # fmt: skip
ACTIONS: list[tuple[Action, ...]] = [
    (SetField(Field.REG4, 3), SetField(Field.REG6, 7), Output(4)),
    (SetBit(Field.REG0, 0, True), SetBit(Field.REG0, 1, False), Output(4)),
    (SetField(Field.REG4, 1), Resubmit(30, original=True), SetField(Field.REG4, 2), Resubmit(30)),
    (Ct(Field.REG6, 20),),
    (Ct(Field.REG6, 71, commit=True),),
    (Conjunction(5, 1, 2), Conjunction(6, 2, 2)),
    (OutputField(Field.REG7),),
    (Push(Field.ETH_SRC), Push(Field.ETH_DST), Pop(Field.ETH_SRC), Pop(Field.ETH_DST)),
    (Push(Field.IPV4_SRC), Pop(Field.IPV4_DST)),
    (CtClear(), Output(4)),
    (PushVlan(), SetField(Field.VLAN_VID, 9), Output(2)),
    (SetField(Field.TUN_ID, 5), SetField(Field.TUN_DST, IPv4Address("192.0.2.2")), Output(2)),
    (CONTROLLER,),
]
SWAP_SCTP = (Push(Field.IPV6_SRC), Pop(Field.IPV6_DST), Push(Field.SCTP_DST), Pop(Field.SCTP_SRC))
IP_TRACKED = Match.of({**IP, Field.CT_STATE: TRACKED})
FLOWS = [
    *(Flow(1, 10 + number, Match.of(match), (NORMAL,), COOKIE) for number, match in enumerate(MATCHES)),
    *(Flow(2, 10 + number, IP_TRACKED, actions, COOKIE) for number, actions in enumerate(ACTIONS)),
    Flow(1, 5, Match.of({**IPV6, **SCTP}), (*SWAP_SCTP, Resubmit(30)), COOKIE),
    Flow(2, 1, Match.of(TAGGED), (PopVlan(), NORMAL), COOKIE),
    Flow(3, 1, IP_TRACKED, (SetField(Field.REG4, 1), Resubmit(30, original=True)), COOKIE, goto_table=35),
]


def test_no_field_and_no_action_is_left_out() -> None:
    matched = {field for match in MATCHES for field in match}
    # In the flows of the golden scenarios, some only set.
    elsewhere = {Field.ARP_TPA, Field.ARP_THA, Field.ND_RESERVED, Field.ND_OPTIONS_TYPE}
    assert matched | elsewhere == set(Field)


@pytest.fixture(scope="module")
def installed(switch: Switch) -> list[str]:
    switch.add_bridge("br-int", {"p2": 2, "p3": 3, "p4": 4})
    channel = Channel(switch.management("br-int"))
    flows = dict(wire.encode_flow(flow) for flow in FLOWS)
    channel.install(flows)
    assert not difference(channel.read(), flows)
    channel.close()
    return strip_counters(switch.run("ovs-ofctl", "--no-names", "dump-flows", "br-int"))


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.text().partition("priority=")[2])
def test_a_flow_is_read_back_as_it_was_sent_and_printed_as_it_says(installed: list[str], flow: Flow) -> None:
    assert flow.text() in installed
