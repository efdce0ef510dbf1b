"""Frames from words and from octets are what Open vSwitch would see."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import (
    ICMPv6MLReport2,
    ICMPv6ND_NS,
    ICMPv6NDOptSrcLLAddr,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
    PadN,
    RouterAlert,
)
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.packet import Packet, Raw

from osken_apps.errors import Malformed
from osken_apps.openflow.fields import Field
from osken_apps.trace.frame import Frame
from osken_apps.trace.words import frame_of_octets, frame_of_words

MACS = {"src": "fa:16:3e:00:00:01", "dst": "fa:16:3e:00:00:02"}
ETHER = "dl_src=fa:16:3e:00:00:01 dl_dst=fa:16:3e:00:00:02"
ENDS = {"src": "fe80::1", "dst": "ff02::16"}
SIX = f"{ETHER} ipv6_src=fe80::1 ipv6_dst=ff02::16"
SAME: list[tuple[str, Packet]] = [
    (f"{ETHER} nw_src=10.0.0.1 nw_dst=10.0.0.2 tcp_src=4000 tcp_dst=80",
     Ether(**MACS) / IP(src="10.0.0.1", dst="10.0.0.2") / TCP(sport=4000, dport=80)),
    (f"{ETHER} dl_vlan=7 udp nw_src=10.0.0.1 nw_dst=10.0.0.2 tp_src=68 tp_dst=67",
     Ether(**MACS) / Dot1Q(vlan=7) / IP(src="10.0.0.1", dst="10.0.0.2") / UDP(sport=68, dport=67)),
    (f"{ETHER} icmp nw_src=10.0.0.1 nw_dst=10.0.0.2 icmp_type=8 icmp_code=0",
     Ether(**MACS) / IP(src="10.0.0.1", dst="10.0.0.2") / ICMP()),
    (f"{ETHER} arp arp_op=1 arp_sha=fa:16:3e:00:00:01 arp_spa=10.0.0.1 arp_tpa=10.0.0.2"
     " arp_tha=00:00:00:00:00:00",
     Ether(**MACS) / ARP(op=1, hwsrc=MACS["src"], psrc="10.0.0.1", pdst="10.0.0.2")),
    (f"{ETHER} icmp6 ipv6_src=fe80::1 ipv6_dst=ff02::1:ff00:2 nw_ttl=255 icmpv6_type=135 icmpv6_code=0"
     " nd_target=fe80::2 nd_sll=fa:16:3e:00:00:01",
     Ether(**MACS) / IPv6(src="fe80::1", dst="ff02::1:ff00:2", hlim=255) / ICMPv6ND_NS(tgt="fe80::2")
     / ICMPv6NDOptSrcLLAddr(lladdr=MACS["src"])),
    (f"{ETHER} icmp6 ipv6_src=fe80::1 ipv6_dst=ff02::16 nw_ttl=255 icmpv6_type=135 icmpv6_code=0",
     Ether(**MACS) / IPv6(**ENDS, hlim=255) / ICMPv6ND_NS(tgt="fe80::2")
     / ICMPv6NDOptSrcLLAddr(lladdr=MACS["dst"]) / ICMPv6NDOptSrcLLAddr(lladdr=MACS["src"])),
    (f"{SIX} icmp6 nw_ttl=64 icmpv6_type=135 icmpv6_code=0 nd_target=fe80::2 nd_sll=fa:16:3e:00:00:01",
     Ether(**MACS) / IPv6(**ENDS, hlim=64) / ICMPv6ND_NS(tgt="fe80::2")
     / Raw(b"\1\2" + bytes(14)) / ICMPv6NDOptSrcLLAddr(lladdr=MACS["src"]) / Raw(b"\1\2" + bytes(6))),
    (f"{SIX} icmp6 nw_ttl=1 icmpv6_type=143 icmpv6_code=0",
     Ether(**MACS) / IPv6(**ENDS, hlim=1) / IPv6ExtHdrHopByHop(options=[RouterAlert()]) / ICMPv6MLReport2()),
    (f"{SIX} udp6 nw_frag=first udp_src=53 udp_dst=54",
     Ether(**MACS) / IPv6(**ENDS) / IPv6ExtHdrFragment(m=1, offset=0, nh=17) / UDP(sport=53, dport=54)),
    (f"{SIX} nw_proto=44 nw_frag=later",
     Ether(**MACS) / IPv6(**ENDS) / IPv6ExtHdrFragment(m=1, offset=5, nh=17) / (b"x" * 8)),
    (f"{SIX} udp6 udp_src=53 udp_dst=54",
     Ether(**MACS) / IPv6(**ENDS) / IPv6ExtHdrFragment(m=0, offset=0, nh=17) / UDP(sport=53, dport=54)),
    (f"{SIX} tcp6 tcp_src=1 tcp_dst=2",
     Ether(**MACS) / IPv6(**ENDS) / IPv6ExtHdrDestOpt(options=[PadN(optdata=b"0" * 12)])
     / IPv6ExtHdrRouting(addresses=["fe80::9"], nh=51)
     / Raw(bytes.fromhex("060400000000000100000001") + bytes(12)) / TCP(sport=1, dport=2)),
    (f"{ETHER} ip nw_src=10.0.0.1 nw_dst=10.0.0.2 nw_proto=17 nw_frag=later nw_ttl=64",
     Ether(**MACS) / IP(src="10.0.0.1", dst="10.0.0.2", frag=5, proto=17)),
    (f"{ETHER} tcp nw_src=10.0.0.1 nw_dst=10.0.0.2 nw_frag=first nw_ttl=64",
     Ether(**MACS) / IP(src="10.0.0.1", dst="10.0.0.2", flags="MF", proto=6) / (b"x" * 16)),
    (f"{ETHER} sctp nw_src=10.0.0.1 nw_dst=10.0.0.2 nw_frag=first nw_ttl=64",
     Ether(**MACS) / IP(src="10.0.0.1", dst="10.0.0.2", flags="MF", proto=132) / (b"x" * 8)),
    (f"{ETHER} udp nw_src=10.0.0.1 nw_dst=10.0.0.2 nw_ttl=64",
     Ether(**MACS) / IP(src="10.0.0.1", dst="10.0.0.2", len=27) / UDP(sport=53, dport=54)),
    (f"{SIX} udp6 nw_frag=first",
     Ether(**MACS) / IPv6(**ENDS, plen=8) / IPv6ExtHdrFragment(m=1, nh=17) / UDP(sport=53, dport=54)),
    (f"{SIX} icmp6 nw_frag=first",
     Ether(**MACS) / IPv6(**ENDS, plen=12) / IPv6ExtHdrFragment(m=1, nh=58) / ICMPv6MLReport2()),
]  # fmt: skip


IPV4 = {"src": "10.0.0.1", "dst": "10.0.0.2"}
FOUR, ASKING = "nw_src=10.0.0.1 nw_dst=10.0.0.2", ARP(hwsrc=MACS["src"], psrc="10.0.0.1", pdst="10.0.0.2")
ASKED = "arp arp_op=1 arp_sha=fa:16:3e:00:00:01 arp_spa=10.0.0.1 arp_tpa=10.0.0.2"
IN_SNAP = Raw(bytes.fromhex("aaaa030000000806")) / ASKING
#: What is not as its header must be, or ends in it: Open vSwitch shows nothing of that, nor of what follows.
ODD: list[tuple[str, Packet]] = [
    (f"{ETHER} ip", Ether(**MACS) / IP(**IPV4, ihl=4) / UDP()),
    (f"{ETHER} ip", Ether(**MACS) / IP(**IPV4, len=29) / UDP()),
    (f"{ETHER} ip", Ether(**MACS) / IP(**IPV4, len=19) / UDP()),
    (f"{ETHER} udp {FOUR}", Ether(**MACS) / IP(**IPV4, len=20) / UDP(sport=1, dport=2)),
    (f"{ETHER} udp {FOUR}", Ether(**MACS) / IP(**IPV4, proto=17) / Raw(b"x" * 7)),
    (f"{ETHER} sctp {FOUR}", Ether(**MACS) / IP(**IPV4, proto=132) / Raw(b"x" * 11)),
    (f"{ETHER} icmp {FOUR}", Ether(**MACS) / IP(**IPV4, proto=1) / Raw(b"\x08" + bytes(6))),
    (f"{ETHER} tcp {FOUR}", Ether(**MACS) / IP(**IPV4) / TCP(sport=1, dport=2, dataofs=4)),
    (f"{ETHER} tcp {FOUR}", Ether(**MACS) / IP(**IPV4) / TCP(sport=1, dport=2, dataofs=6)),
    (f"{ETHER} ipv6", Ether(**MACS) / IPv6(**ENDS, plen=9) / UDP()),
    (f"{SIX} udp6", Ether(**MACS) / IPv6(**ENDS, plen=7) / UDP(sport=1, dport=2)),
    (f"{ETHER} arp", Ether(**MACS) / ARP(hwlen=5, hwsrc=MACS["src"], psrc="10.0.0.1", pdst="10.0.0.2")),
    (f"{ETHER} {ASKED.replace('arp_op=1', 'arp_op=0')}",
     Ether(**MACS) / ARP(op=257, hwsrc=MACS["src"], psrc="10.0.0.1", pdst="10.0.0.2")),
    (f"{ETHER} {ASKED}", Ether(**MACS, type=36) / IN_SNAP),
    (f"{ETHER} dl_type=0x05ff", Ether(**MACS, type=36) / Raw(bytes.fromhex("424203") + bytes(35))),
    (f"{ETHER} dl_type=0x05ff", Ether(**MACS, type=8) / Raw(bytes.fromhex("aaaa030000000036"))),
    (f"{ETHER} dl_type=0x05ff", Ether(**MACS, type=7) / Raw(bytes.fromhex("aaaa0300000008"))),
]  # fmt: skip


@pytest.mark.parametrize(("words", "packet"), [*SAME, *ODD])
def test_words_and_octets_say_the_same(words: str, packet: Packet) -> None:
    said, read = frame_of_words(words.split()), frame_of_octets(bytes(packet))
    assert {field: said.number(field) for field in Field} == {field: read.number(field) for field in Field}


def test_what_is_not_said_follows_from_what_is() -> None:
    frame = frame_of_words(["tcp_dst=80", "ipv6_dst=2001:db8::1"])
    wanted = {Field.ETH_TYPE: 0x86DD, Field.IP_PROTO: 6, Field.IP_TTL: 64, Field.TCP_DST: 80}
    assert frame == Frame.of({**wanted, Field.IPV6_DST: IPv6Address("2001:db8::1")})


@pytest.mark.parametrize(
    "words",
    [
        "nw_dst=10.0.0",
        "dl_vlan=5000",
        "tp_dst=80",
        "tcp_dst=65536",
        "colour=red",
        "token",
        "dl_src=x",
        "nw_frag=x",
    ],
)
def test_what_means_nothing_is_refused(words: str) -> None:
    with pytest.raises(Malformed):
        frame_of_words([words])


@pytest.mark.parametrize("length", range(60))
def test_a_frame_that_is_cut_off_is_read_as_far_as_it_goes(length: int) -> None:
    whole = bytes(SAME[0][1])
    if length < 14:
        with pytest.raises(Malformed):
            frame_of_octets(whole[:length])
    else:
        assert frame_of_octets(whole[:length]).number(Field.ETH_TYPE) == 0x0800


@pytest.mark.parametrize("length", range(48))
def test_of_a_frame_that_is_cut_off_in_an_extension_header_what_follows_is_not_known(length: int) -> None:
    headers = bytes.fromhex("3302000000000000") + bytes(16) + bytes.fromhex("3a04000000000001") + bytes(16)
    frame = Ether(**MACS) / IPv6(**ENDS, nh=0, plen=length) / Raw(headers[:length])
    read = frame_of_octets(bytes(frame))
    assert read.number(Field.IPV6_SRC) == int(IPv6Address("fe80::1"))
    assert (read.number(Field.IP_PROTO), read.number(Field.IP_TTL)) == (0, 0)


def test_a_frame_is_shown_in_the_words_of_ovs_ofctl() -> None:
    frame = frame_of_words(["icmp", "nw_dst=10.0.0.2", "icmp_type=0", "dl_vlan=7"])
    assert frame.text() == "icmp,dl_vlan=7,nw_dst=10.0.0.2,nw_ttl=64,icmp_type=0"
    assert frame.number(Field.IPV4_DST) == int(IPv4Address("10.0.0.2"))
