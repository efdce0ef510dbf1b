"""Whole exchanges as frames, made and read by an independent packet library (scapy)."""

from ipaddress import IPv4Address

import pytest
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from osken_apps.dhcp.server import Reply
from tests.packet.dhcp_scenario import (
    ACK,
    DECLINE,
    DISCOVER,
    INFORM,
    NAK,
    OFFER,
    RELEASE,
    REQUEST,
    SERVER_MAC,
    SERVICE,
    VM_MAC,
    XID,
    frame,
    options_of,
    raw_options_of,
    respond,
    route,
    service,
)

ASKED = (1, 3, 6, 12, 15, 26, 28, 121)
OURS, THEIRS = ("server_id", "10.10.10.3"), ("server_id", "10.10.10.9")
ADDRESS, ANOTHER = ("requested_addr", "10.10.10.2"), ("requested_addr", "10.10.10.77")
ELSEWHERE = ("requested_addr", "192.168.1.5")
UNICAST = {"src": "10.10.10.2", "dst": "10.10.10.3"}


def test_an_offer_holds_the_port_s_address_and_all_that_was_asked_for():
    subnet = {
        "dns_nameservers": (IPv4Address("10.10.10.53"),),
        "host_routes": (route("192.168.0.0/16", "10.10.10.9"),),
    }
    outcome = respond(frame(DISCOVER, asks=ASKED), service(subnet))
    packet = Ether(outcome.frame)
    assert (packet.src, packet.dst) == (SERVER_MAC, VM_MAC)
    assert (packet[IP].src, packet[IP].dst) == ("10.10.10.3", "10.10.10.2")
    assert (packet[UDP].sport, packet[UDP].dport) == (67, 68)
    assert (packet[BOOTP].op, packet[BOOTP].xid, packet[BOOTP].yiaddr) == (2, XID, "10.10.10.2")
    assert options_of(outcome.frame) == [
        ("message-type", OFFER),
        ("server_id", "10.10.10.3"),
        ("lease_time", 86400),
        ("renewal_time", 43200),
        ("rebinding_time", 75600),
        ("subnet_mask", "255.255.255.0"),
        ("router", "10.10.10.1"),
        ("name_server", "10.10.10.53"),
        ("hostname", b"host-10-10-10-2"),
        ("domain", b"openstacklocal"),
        ("interface-mtu", 1500),
        ("broadcast_address", "10.10.10.255"),
        ("classless_static_routes", ["0.0.0.0/0:10.10.10.1", "192.168.0.0/16:10.10.10.9"]),
    ]


@pytest.mark.parametrize("asks", [ASKED, (), range(1, 255)])
@pytest.mark.parametrize("identifier", [b"\x01\xfa\x16", b"odd length id"])
def test_lengths_and_checksums_of_a_reply_are_what_scapy_computes(asks, identifier):
    octets = respond(frame(DISCOVER, ("client_id", identifier), asks=asks), SERVICE).frame
    packet = Ether(octets)
    for layer in (IP, UDP):
        del packet[layer].chksum, packet[layer].len
    assert bytes(packet) == octets


#: What a client sends, and what it gets: reason, message type, address of the record.
EXCHANGES = {
    "DISCOVER": (frame(DISCOVER), "OFFERED", OFFER, "10.10.10.2"),
    "DISCOVER that asks for another address": (frame(DISCOVER, ANOTHER), "OFFERED", OFFER, "10.10.10.2"),
    "SELECTING": (frame(REQUEST, OURS, ADDRESS), "SELECTED", ACK, "10.10.10.2"),
    "SELECTING another server": (frame(REQUEST, THEIRS, ADDRESS), "OTHER_SERVER", None, "10.10.10.2"),
    "SELECTING another address": (frame(REQUEST, OURS, ANOTHER), "WRONG_ADDRESS", NAK, "10.10.10.77"),
    "SELECTING no address": (frame(REQUEST, OURS), "NO_ADDRESS_ASKED", None, None),
    "INIT-REBOOT": (frame(REQUEST, ADDRESS), "REBOOTED", ACK, "10.10.10.2"),
    "INIT-REBOOT, another address": (frame(REQUEST, ANOTHER), "WRONG_ADDRESS", NAK, "10.10.10.77"),
    "INIT-REBOOT from elsewhere": (frame(REQUEST, ELSEWHERE), "WRONG_NETWORK", NAK, "192.168.1.5"),
    "RENEWING": (frame(REQUEST, ciaddr="10.10.10.2", ip=UNICAST), "RENEWED", ACK, "10.10.10.2"),
    "RENEWING another address": (
        frame(REQUEST, ciaddr="10.10.10.77", ip={"src": "10.10.10.77", "dst": "10.10.10.3"}),
        "WRONG_ADDRESS",
        NAK,
        "10.10.10.77",
    ),
    "REBINDING": (frame(REQUEST, ciaddr="10.10.10.2"), "REBOUND", ACK, "10.10.10.2"),
    "REBINDING from elsewhere": (frame(REQUEST, ciaddr="192.168.1.5"), "WRONG_NETWORK", NAK, "192.168.1.5"),
    "REQUEST for nothing": (frame(REQUEST), "NO_ADDRESS_ASKED", None, None),
    "DECLINE": (frame(DECLINE, OURS, ADDRESS), "DECLINED", None, "10.10.10.2"),
    "DECLINE of another address": (frame(DECLINE, OURS, ANOTHER), "NOT_ITS_ADDRESS", None, "10.10.10.77"),
    "DECLINE to another server": (frame(DECLINE, THEIRS, ADDRESS), "OTHER_SERVER", None, "10.10.10.2"),
    "RELEASE": (frame(RELEASE, OURS, ciaddr="10.10.10.2", ip=UNICAST), "RELEASED", None, "10.10.10.2"),
    "RELEASE of another address": (
        frame(RELEASE, OURS, ciaddr="10.10.10.77"),
        "NOT_ITS_ADDRESS",
        None,
        "10.10.10.77",
    ),
    "INFORM": (frame(INFORM, ciaddr="10.10.10.2"), "INFORMED", ACK, "10.10.10.2"),
    "INFORM by its IP address": (frame(INFORM, ip=UNICAST), "INFORMED", ACK, "10.10.10.2"),
    "INFORM with an address of its own": (
        frame(INFORM, ciaddr="10.10.10.200"),
        "INFORMED",
        ACK,
        "10.10.10.200",
    ),
    "INFORM from elsewhere": (
        frame(INFORM, ciaddr="192.168.1.5"),
        "INFORM_FROM_ELSEWHERE",
        None,
        "192.168.1.5",
    ),
    "INFORM without an address": (frame(INFORM), "NO_ADDRESS_ASKED", None, None),
    "an OFFER from the VM": (frame(OFFER), "UNKNOWN_MESSAGE_TYPE", None, None),
    "FORCERENEW": (frame(9), "UNKNOWN_MESSAGE_TYPE", None, None),
    "message type 0": (frame(0), "UNKNOWN_MESSAGE_TYPE", None, None),
    "message type of no octet": (frame(None, (53, b"")), "UNKNOWN_MESSAGE_TYPE", None, None),
    "message type of two octets": (frame(None, (53, b"\1\1")), "UNKNOWN_MESSAGE_TYPE", None, None),
    "message type of no octet, then DISCOVER": (
        frame(None, (53, b""), (53, b"\1")),
        "OFFERED",
        OFFER,
        "10.10.10.2",
    ),
    "message type of no octet in file": (
        frame(None, (52, b"\1"), file=b"\x35\0\xff"),
        "UNKNOWN_MESSAGE_TYPE",
        None,
        None,
    ),
    "message type that is cut off": (
        frame(None, (52, b"\1"), file=bytes(126) + b"\x35\1"),
        "UNKNOWN_MESSAGE_TYPE",
        None,
        None,
    ),
    "a server's BOOTREPLY": (frame(OFFER, op=2), "NOT_A_REQUEST", None, None),
    "to another address": (frame(REQUEST, ip={"dst": "10.10.10.9"}), "NOT_FOR_US", None, None),
    "BOOTP": (frame(None), "BOOTP", None, "10.10.10.2"),
    "BOOTP with another address": (
        frame(None, ciaddr="10.10.10.77"),
        "NOT_ITS_ADDRESS",
        None,
        "10.10.10.77",
    ),
    "another Ethernet source": (
        frame(DISCOVER, ethernet={"src": "fa:16:3e:00:00:01"}),
        "HARDWARE_ADDRESS",
        None,
        None,
    ),
    "another chaddr": (frame(DISCOVER, chaddr=bytes(6)), "HARDWARE_ADDRESS", None, None),
    "from a relay agent of this subnet": (
        frame(DISCOVER, giaddr="10.10.10.2", hops=1, udp={"sport": 67}),
        "RELAYED",
        None,
        None,
    ),
    "from a relay agent of another network": (
        frame(
            DISCOVER,
            ethernet={"src": "52:54:00:00:00:01", "dst": SERVER_MAC},
            ip={"src": "192.168.1.1", "dst": "10.10.10.3"},
            udp={"sport": 67},
            giaddr="192.168.1.1",
        ),
        "RELAYED",
        None,
        None,
    ),
    "hlen of 5": (frame(DISCOVER, hlen=5), "HARDWARE_ADDRESS", None, None),
    "Token Ring": (frame(DISCOVER, htype=6), "HARDWARE_ADDRESS", None, None),
}


@pytest.mark.parametrize("name", EXCHANGES)
def test_each_request_is_decided_for_its_reason(name):
    octets, reason, sent, address = EXCHANGES[name]
    outcome = respond(octets, SERVICE)
    decision = outcome.decision
    assert (outcome.xid, decision.reason.name, decision.sent, decision.address) == (
        XID,
        reason,
        sent,
        IPv4Address(address) if address else None,
    )


@pytest.mark.parametrize("name", [name for name, (_, _, sent, _) in EXCHANGES.items() if sent])
def test_a_reply_is_of_the_type_and_transaction_that_its_record_says(name):
    outcome = respond(EXCHANGES[name][0], SERVICE)
    packet = Ether(outcome.frame)
    assert dict(options_of(outcome.frame))["message-type"] == outcome.decision.sent == EXCHANGES[name][2]
    assert (packet[BOOTP].op, packet[BOOTP].xid, packet[BOOTP].hops, packet[BOOTP].secs) == (2, XID, 0, 0)
    assert dict(options_of(outcome.frame))["server_id"] == "10.10.10.3"


def test_an_address_in_conflict_is_neither_offered_nor_given_but_may_be_kept():
    frames = [
        frame(DISCOVER),
        frame(REQUEST, OURS, ADDRESS),
        frame(REQUEST, ADDRESS),
        frame(REQUEST, ciaddr="10.10.10.2", ip=UNICAST),
        frame(None),
    ]
    decisions = [respond(octets, SERVICE, in_conflict=True).decision for octets in frames]
    assert [(decision.reason.name, decision.sent) for decision in decisions] == [
        ("ADDRESS_IN_CONFLICT", None),
        ("DECLINED_ADDRESS", NAK),
        ("DECLINED_ADDRESS", NAK),
        ("RENEWED", ACK),
        ("ADDRESS_IN_CONFLICT", None),
    ]


def test_without_a_server_or_an_address_there_is_silence():
    nobody = respond(frame(DISCOVER), service(server=None))
    nothing = respond(frame(DISCOVER), None)
    assert (nobody.decision.reason.name, nothing.decision.reason.name) == ("NO_SERVER", "NO_ADDRESS")


def test_a_nak_says_why_and_holds_nothing_of_a_lease():
    octets = respond(frame(REQUEST, ANOTHER, ("client_id", b"\x01abc"), asks=ASKED), SERVICE).frame
    bootp = Ether(octets)[BOOTP]
    assert (bootp.ciaddr, bootp.yiaddr, bootp.siaddr) == ("0.0.0.0", "0.0.0.0", "0.0.0.0")
    assert options_of(octets) == [
        ("message-type", NAK),
        ("server_id", "10.10.10.3"),
        ("client_id", b"\x01abc"),
        ("error_message", b"the address asked for is not the port's"),
    ]


def test_ciaddr_is_repeated_in_an_ack_alone():
    frames = [
        frame(DISCOVER, ciaddr="10.10.10.2"),
        frame(REQUEST, ciaddr="10.10.10.2"),
        frame(REQUEST, ciaddr="10.10.10.77"),
        frame(None, ciaddr="10.10.10.2"),
    ]
    replies = [Ether(respond(octets, SERVICE).frame)[BOOTP].ciaddr for octets in frames]
    assert replies == ["0.0.0.0", "10.10.10.2", "0.0.0.0", "10.10.10.2"]


def test_an_informed_client_gets_no_address_and_no_lease():
    octets = respond(frame(INFORM, ciaddr="10.10.10.200", asks=(3, 51, 58)), SERVICE).frame
    bootp = Ether(octets)[BOOTP]
    assert (bootp.ciaddr, bootp.yiaddr) == ("10.10.10.200", "0.0.0.0")
    assert options_of(octets) == [
        ("message-type", ACK),
        ("server_id", "10.10.10.3"),
        ("subnet_mask", "255.255.255.0"),
        ("interface-mtu", 1500),
        ("router", "10.10.10.1"),
    ]


def test_a_bootp_client_gets_its_address_without_the_options_of_dhcp():
    octets = respond(frame(None), SERVICE).frame
    packet = Ether(octets)
    assert (packet[BOOTP].yiaddr, len(packet[UDP].payload)) == ("10.10.10.2", 300)
    assert options_of(octets) == [
        ("subnet_mask", "255.255.255.0"),
        ("router", "10.10.10.1"),
        ("hostname", b"host-10-10-10-2"),
        ("domain", b"openstacklocal"),
        ("interface-mtu", 1500),
        ("broadcast_address", "10.10.10.255"),
    ]


def test_a_bootp_client_is_told_no_option_from_50_to_61():
    served = service(extra=[("lease-time", "90"), ("vendor-class", "x"), ("nis+-domain", "y")])
    options = raw_options_of(respond(frame(None), served).frame)
    assert sorted(options) == [1, 3, 12, 15, 26, 28, 64]


def test_a_bootp_client_without_a_vendor_area_is_answered():
    request = bytes(
        Ether(src=VM_MAC, dst="ff:ff:ff:ff:ff:ff")
        / IP(src="0.0.0.0", dst="255.255.255.255")
        / UDP(sport=68, dport=67)
        / BOOTP(chaddr=bytes.fromhex("fa163efec787"), options=bytes(64))
    )
    assert isinstance(respond(request, SERVICE), Reply)


def test_every_reply_has_bootp_s_least_length():
    small = respond(frame(REQUEST, ANOTHER), SERVICE).frame
    assert len(Ether(small)[UDP].payload) == 300
    assert DHCP in Ether(small)
