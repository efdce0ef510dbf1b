"""A machine that has moved is announced by frames that others believe, and by no other machine's."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from os_ken.lib.packet import arp, ethernet, icmpv6, ipv6, packet

from osken_apps.model.addresses import mac_address
from osken_apps.model.paired import Paired, paired
from osken_apps.model.resources import AddressPair, FixedIp
from osken_apps.pipeline.announcements import announcements
from tests.golden.scenarios import VM1, VM2

SIX = FixedIp("subnet6", IPv6Address("2001:db8::2"))
BOTH = replace(VM1, fixed_ips=(*VM1.fixed_ips, SIX))


def frames(**port: Any) -> list[bytes]:
    made = replace(BOTH, **port)
    return list(announcements(made, paired([made])))


def test_an_ipv4_address_is_announced_by_an_arp_request_for_itself() -> None:
    frame = packet.Packet(frames()[0])
    outer, asked = frame.get_protocol(ethernet.ethernet), frame.get_protocol(arp.arp)
    assert (outer.dst, outer.src) == ("ff:ff:ff:ff:ff:ff", "fa:16:3e:fe:c7:87")
    assert (asked.opcode, asked.src_mac, asked.src_ip, asked.dst_ip) == (
        arp.ARP_REQUEST,
        "fa:16:3e:fe:c7:87",
        "10.10.10.2",
        "10.10.10.2",
    )
    assert len(frames()[0]) == 60


def test_an_ipv6_address_is_announced_by_an_advertisement_that_overrides_and_is_well_formed() -> None:
    data = frames()[1]
    frame = packet.Packet(data)
    header, message = frame.get_protocol(ipv6.ipv6), frame.get_protocol(icmpv6.icmpv6)
    assert frame.get_protocol(ethernet.ethernet).dst == "33:33:00:00:00:01"
    assert (header.src, header.dst, header.hop_limit) == ("2001:db8::2", "ff02::1", 255)
    assert (message.type_, message.data.res, message.data.dst) == (136, 0b001, "2001:db8::2")
    assert message.data.option.hw_src == "fa:16:3e:fe:c7:87"
    again = packet.Packet()
    for protocol in (
        frame.get_protocol(ethernet.ethernet),
        header,
        icmpv6.icmpv6(136, 0, 0, message.data),
    ):
        again.add_protocol(protocol)
    again.serialize()
    assert bytes(again.data) == data


def test_an_address_that_another_machine_may_have_is_not_announced() -> None:
    pair = AddressPair("10.10.10.2", mac_address("00:00:5e:00:01:07"))
    assert len(frames(allowed_address_pairs=(pair,))) == 1
    assert (
        list(announcements(BOTH, paired([BOTH, replace(VM2, allowed_address_pairs=(pair,))]))) == frames()[1:]
    )
    assert list(announcements(BOTH, Paired(), IPv4Address("10.10.10.2"))) == frames()[1:]
