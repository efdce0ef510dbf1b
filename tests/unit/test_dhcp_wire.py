"""Names, routes, options, messages and frames as octets, against the examples of RFCs and against scapy."""

from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.utils import checksum as scapy_checksum

from osken_apps.dhcp.frame import Datagram, decode_frame, encode_frame, ones_sum
from osken_apps.dhcp.layout import lay_out
from osken_apps.dhcp.message import MAGIC_COOKIE, Message, decode_message, encode_message
from osken_apps.dhcp.names import encode_name, encode_search_list
from osken_apps.dhcp.options import encode_option, read_field
from osken_apps.dhcp.routes import encode_route, has_default_route
from osken_apps.errors import Malformed
from osken_apps.model.resources import HostRoute

ROUTER = "10.0.0.1"
#: The table of RFC 3442, page 4.
RFC_3442 = [
    ("0.0.0.0/0", [0]),
    ("10.0.0.0/8", [8, 10]),
    ("10.0.0.0/24", [24, 10, 0, 0]),
    ("10.17.0.0/16", [16, 10, 17]),
    ("10.27.129.0/24", [24, 10, 27, 129]),
    ("10.229.0.128/25", [25, 10, 229, 0, 128]),
    ("10.198.122.47/32", [32, 10, 198, 122, 47]),
]
CLIENT = Message(1, 1, b"\xfa\x16\x3e\0\0\1", 0x1234)
DATAGRAM = Datagram(
    b"\xff" * 6, b"\xfa\x16\x3e\0\0\1", IPv4Address(0), IPv4Address("255.255.255.255"), 68, 67, b"payload"
)


@pytest.mark.parametrize(("destination", "descriptor"), RFC_3442)
def test_a_route_is_encoded_as_in_the_table_of_rfc_3442(destination, descriptor):
    route = HostRoute(IPv4Network(destination), IPv4Address(ROUTER))
    assert encode_route(route) == bytes([*descriptor, 10, 0, 0, 1])


def test_a_default_route_is_found_behind_others():
    encoded = [encode_route(HostRoute(IPv4Network(to), IPv4Address(ROUTER))) for to, _ in RFC_3442]
    assert (has_default_route(b"".join(encoded[1:])), has_default_route(b"".join(encoded[::-1]))) == (
        False,
        True,
    )


def test_a_search_list_is_encoded_as_in_the_example_of_rfc_3397():
    assert encode_search_list(["eng.apple.com.", "marketing.apple.com."]) == (
        b"\x03eng\x05apple\x03com\x00\x09marketing\xc0\x04"
    )


def test_a_name_that_was_there_before_is_only_a_pointer():
    assert encode_search_list(["a.org", "a.org", "org"]) == b"\x01a\x03org\0\xc0\0\xc0\x02"


@pytest.mark.parametrize("name", ["", ".", "a..b", "a" * 64, "-a", "a b", "ä", "a." * 130 + "a"])
def test_what_is_no_domain_name_is_refused(name):
    with pytest.raises(ValueError, match=r"label|longer"):
        encode_name(name)


def test_a_long_option_is_split_and_joined_again():
    encoded = encode_option(119, bytes(range(200)) * 3)
    assert (encoded[:2], encoded[257:259], encoded[514:516]) == (b"\x77\xff", b"\x77\xff", b"\x77\x5a")
    options = {}
    read_field(encoded + b"\xff", 0, options)
    assert options == {119: bytes(range(200)) * 3}


@settings(deadline=None)
@given(st.dictionaries(st.integers(1, 254), st.binary(max_size=600), max_size=20), st.integers(0, 5))
def test_options_that_are_encoded_are_read_again(options, pads):
    area = (bytes(pads)).join(encode_option(number, value) for number, value in options.items()) + b"\xff"
    read = {}
    read_field(area, 0, read)
    assert read == options


@pytest.mark.parametrize("area", [b"\x35", b"\x35\x01", b"\x35\x02\x01", b"\0\0\x35\x01\x01\x0c\xff"])
def test_an_option_that_is_cut_off_is_malformed(area):
    with pytest.raises(Malformed, match="is cut off"):
        read_field(area, 0, {})


def test_octets_after_end_are_not_read():
    options = {}
    read_field(b"\x35\x01\x01\xff\x35\x09", 0, options)
    assert options == {53: b"\x01"}


def test_more_options_than_any_client_sends_are_malformed():
    with pytest.raises(Malformed, match="more than 48 options"):
        read_field(b"\x0c\x00" * 49, 0, {})


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (b"\x35\x02\x01\x01", "option 53 has 2 octets"),
        (b"\x35\x00", "option 53 has 0 octets"),
        (b"\x35\x01\x01\x32\x03abc", "option 50 has 3 octets"),
        (b"\x36\x05abcde", "option 54 has 5 octets"),
        (b"\x37\x00", "option 55 has 0 octets"),
        (b"\x39\x01\x02", "option 57 has 1 octets"),
        (b"\x5d\x03\0\0\0", "option 93 has 3 octets"),
        (b"\x51\x02\0\0", "option 81 has 2 octets"),
        (b"\x34\x01\x04", "option overload is 04"),
        (b"\x34\x01\x00", "option overload is 00"),
        (b"\x34\x02\x01\x01", "option overload is 0101"),
    ],
)
def test_an_option_of_the_wrong_length_is_malformed(options, reason):
    with pytest.raises(Malformed, match=reason):
        decode_message(encode_message(CLIENT, options + b"\xff"))


def test_a_message_with_another_cookie_is_malformed():
    octets = encode_message(CLIENT, b"\xff").replace(MAGIC_COOKIE, b"\x63\x82\x53\x64")
    with pytest.raises(Malformed, match="magic cookie is 63825364"):
        decode_message(octets)


def test_a_hardware_address_longer_than_its_field_is_malformed():
    octets = bytearray(encode_message(CLIENT, b"\xff"))
    octets[2] = 17
    with pytest.raises(Malformed, match="hardware address of 17 octets"):
        decode_message(bytes(octets))


def test_a_message_that_is_encoded_is_read_again():
    message = CLIENT._replace(
        hops=3,
        secs=500,
        flags=0x8000,
        ciaddr=IPv4Address("10.0.0.1"),
        yiaddr=IPv4Address("10.0.0.2"),
        siaddr=IPv4Address("10.0.0.3"),
        giaddr=IPv4Address("10.0.0.4"),
        sname=b"server",
        file=b"file",
        options={53: b"\x01", 61: b"\x01abc"},
    )
    area = b"".join(encode_option(*option) for option in message.options.items()) + b"\xff"
    assert decode_message(encode_message(message, area)) == message


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=700))
def test_the_checksum_is_the_one_of_scapy(octets):
    expected = scapy_checksum(octets)
    assert (0xFFFF - ones_sum(octets)) % 0xFFFF == expected % 0xFFFF


@settings(deadline=None)
@given(st.binary(max_size=700), st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF))
def test_a_frame_is_the_one_of_scapy_and_is_read_again(payload, port, address):
    datagram = DATAGRAM._replace(payload=payload, source_port=port, source=IPv4Address(address))
    frame = encode_frame(datagram)
    assert decode_frame(frame) == datagram
    packet = Ether(frame)
    del packet[IP].chksum, packet[IP].len, packet[UDP].chksum, packet[UDP].len
    assert bytes(packet) == frame


def scapy_frame(ethernet=None, ip=None, udp=None):
    """Make a frame with fields that may be wrong."""
    return bytes(
        Ether(**({"src": "fa:16:3e:00:00:01", "dst": "ff:ff:ff:ff:ff:ff"} | (ethernet or {})))
        / IP(**({"src": "0.0.0.0", "dst": "255.255.255.255"} | (ip or {})))
        / UDP(**({"sport": 68, "dport": 67} | (udp or {})))
        / b"payload"
    )


def test_an_unchecked_udp_checksum_padding_and_ip_options_are_read():
    frames = [
        scapy_frame(udp={"chksum": 0}),
        scapy_frame() + bytes(20),
        scapy_frame(ip={"options": b"\x01" * 8}),
    ]
    assert [decode_frame(frame) for frame in frames] == [DATAGRAM] * 3


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (scapy_frame(ethernet={"type": 0x8100}), "frame is VLAN-tagged"),
        (scapy_frame(ethernet={"type": 0x86DD}), "frame of type 0x86dd is not IPv4"),
        (scapy_frame(ip={"version": 6}), "IPv4 header 0x65"),
        (scapy_frame(ip={"ihl": 4}), "IPv4 header 0x44"),
        (scapy_frame(ip={"len": 60}), "with length 60 in 35 octets"),
        (scapy_frame(ip={"chksum": 1}), "IPv4 header checksum is wrong"),
        (scapy_frame(ip={"flags": "MF"}), "IPv4 packet is a fragment"),
        (scapy_frame(ip={"frag": 2}), "IPv4 packet is a fragment"),
        (scapy_frame(ip={"proto": 6}), "IPv4 protocol 6 is not UDP"),
        (scapy_frame(udp={"len": 7}), "UDP length 7 in 15 octets"),
        (scapy_frame(udp={"len": 16}), "UDP length 16 in 15 octets"),
        (scapy_frame(udp={"chksum": 1}), "UDP checksum is wrong"),
        (b"short", "frame of 5 octets is too short for UDP"),
    ],
)
def test_a_frame_that_is_not_what_it_says_is_malformed(frame, reason):
    with pytest.raises(Malformed, match=reason):
        decode_frame(frame)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 254), st.binary(max_size=300)), max_size=12, unique_by=lambda o: o[0]),
    st.integers(60, 700),
    st.booleans(),
    st.booleans(),
)
def test_every_option_is_laid_out_whole_or_named_as_omitted(options, room, file_free, sname_free):
    encoded = [(number, encode_option(number, value)) for number, value in options]
    layout = lay_out(encoded, b"", room, file_free, sname_free)
    assert len(layout.area) <= room
    assert (len(layout.file) <= 128, len(layout.sname) <= 64) == (True, True)
    assert (bool(layout.file) <= file_free, bool(layout.sname) <= sname_free) == (True, True)
    read = {}
    for area in (layout.area, layout.file, layout.sname):
        read_field(area, 0, read)
    read.pop(52, None)
    given_options = {number: value for number, value in options if number != 52}
    assert read == {n: value for n, value in given_options.items() if n not in layout.omitted}
