"""Frames of octets are read as Open vSwitch reads them."""

import subprocess

import pytest
from scapy.all import IP, TCP, Ether, Packet

from osken_apps.openflow.fields import Field
from osken_apps.trace.words import frame_of_octets, frame_of_words
from tests.unit.test_trace_frames import ODD, SAME

UNTOLD = {"vlan_tci", "dl_vlan_pcp", "vlan_tci1", "ipv6_label", "nw_tos", "nw_ecn", "tcp_flags"}


def words_of(packet: Packet) -> list[str]:
    answer = subprocess.run(
        ["ovs-ofctl", "parse-packet"], input=bytes(packet), check=True, capture_output=True, timeout=60
    )
    return answer.stdout.decode().split()[0].split(",")


@pytest.fixture(scope="module")
def told() -> list[Field]:
    """The fields that each version tells: not each those of fragments, and of TCP with a wrong length."""
    untold = set() if "nw_frag=later" in words_of(Ether() / IP(frag=5)) else {Field.IP_FRAG}
    if "tp_src=1" in words_of(Ether() / IP() / TCP(sport=1, dataofs=4)):
        untold |= {Field.TCP_SRC, Field.TCP_DST}
    return [field for field in Field if field not in untold]


@pytest.mark.parametrize("packet", [packet for _, packet in (*SAME, *ODD)])
def test_octets_are_read_as_open_vswitch_reads_them(packet: Packet, told: list[Field]) -> None:
    said = words_of(packet)
    if said[0] == "icmp6":  # whose fields are called as those of ICMP are
        said = [word.replace("icmp_", "icmpv6_") for word in said]
    read = frame_of_octets(bytes(packet))
    seen = frame_of_words([word for word in said if word.partition("=")[0] not in UNTOLD])
    assert {field: seen.number(field) for field in told} == {field: read.number(field) for field in told}
