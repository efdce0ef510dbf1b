"""Where a reply goes: RFC 2131 section 4.1, read with scapy."""

import pytest
from scapy.layers.dhcp import BOOTP
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from tests.packet.dhcp_scenario import DISCOVER, INFORM, REQUEST, SERVICE, VM_MAC, frame, respond

EVERYBODY = "ff:ff:ff:ff:ff:ff"
OURS, ADDRESS = ("server_id", "10.10.10.3"), ("requested_addr", "10.10.10.2")
WRONG = ("requested_addr", "10.10.10.77")
CASES = {
    "an OFFER": (frame(DISCOVER), VM_MAC, "10.10.10.2", 0),
    "an OFFER with the broadcast flag": (
        frame(DISCOVER, flags=0x8000),
        EVERYBODY,
        "255.255.255.255",
        0x8000,
    ),
    "an ACK": (frame(REQUEST, OURS, ADDRESS), VM_MAC, "10.10.10.2", 0),
    "an ACK to ciaddr, also with the broadcast flag": (
        frame(REQUEST, ciaddr="10.10.10.2", flags=0x8000),
        VM_MAC,
        "10.10.10.2",
        0x8000,
    ),
    "a NAK": (frame(REQUEST, WRONG), EVERYBODY, "255.255.255.255", 0),
    "a NAK to a renewing client": (
        frame(REQUEST, ciaddr="10.10.10.77", ip={"src": "10.10.10.77", "dst": "10.10.10.3"}),
        EVERYBODY,
        "255.255.255.255",
        0,
    ),
    "an ACK to an informed client": (frame(INFORM, ciaddr="10.10.10.200"), VM_MAC, "10.10.10.200", 0),
    "an ACK to an informed client by its IP address": (
        frame(INFORM, ip={"src": "10.10.10.2"}, flags=0x8000),
        VM_MAC,
        "10.10.10.2",
        0x8000,
    ),
    "a BOOTP reply": (frame(None), VM_MAC, "10.10.10.2", 0),
    "a BOOTP reply with the broadcast flag": (
        frame(None, flags=0x8000),
        EVERYBODY,
        "255.255.255.255",
        0x8000,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_reply_goes_where_section_4_1_says(name):
    request, *expected = CASES[name]
    packet = Ether(respond(request, SERVICE).frame)
    assert [packet.dst, packet[IP].dst, int(packet[BOOTP].flags)] == expected
    assert (packet[IP].src, packet[UDP].sport, packet[UDP].dport) == ("10.10.10.3", 67, 68)
