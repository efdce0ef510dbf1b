"""Names, routes, options, messages and frames as octets, against the examples of RFCs and against scapy."""

from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.utils import checksum as scapy_checksum

from osken_apps.dhcp.classless_routes import encode_route, has_default_route
from osken_apps.dhcp.domain_names import encode_name, encode_search_list
from osken_apps.dhcp.frame import Datagram, decode_frame, encode_frame, ones_sum
from osken_apps.dhcp.message import (
    MAGIC_COOKIE,
    OPTIONS_OFFSET,
    Message,
    decode_message,
    encode_reply_message,
)
from osken_apps.dhcp.option_packing import pack_options
from osken_apps.dhcp.options import IN_PARTS, LENGTHS, encode_option, parts, read_field, split
from osken_apps.errors import Malformed
from osken_apps.model.resources import HostRoute
from tests.packet.dhcp_scenario import tagged

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
MAC = b"\xfa\x16\x3e\0\0\1"
CLIENT = Message(1, 1, MAC, 0x1234, 0, 0, 0, None, {})
OF_ANY_LENGTH = sorted({*range(1, 255)} - LENGTHS.keys())
DATAGRAM = Datagram(b"\xff" * 6, MAC, 0, 0xFFFFFFFF, 68, 67, b"payload")


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


@given(
    st.dictionaries(st.sampled_from(OF_ANY_LENGTH), st.binary(max_size=255), max_size=20),
    st.dictionaries(st.sampled_from(sorted(IN_PARTS)), st.binary(min_size=1, max_size=600), max_size=3),
    st.integers(0, 5),
)
def test_options_that_are_encoded_are_read_again(short, long, pads):
    options = short | long
    area = (bytes(pads)).join(encode_option(number, value) for number, value in options.items()) + b"\xff"
    read = {}
    read_field(area, 0, read)
    assert read == options


@pytest.mark.parametrize("rest", [b"\x35", b"\x35\x02\x01", b"\0\0\x0c\xff"])
def test_an_option_that_is_cut_off_hides_none_before_it(rest):
    options = {}
    read_field(b"\x0c\x01a" + rest, 0, options)
    assert options == {12: b"a"}


def test_octets_after_end_are_not_read():
    options = {}
    read_field(b"\x35\x01\x01\xff\x35\x09", 0, options)
    assert options == {53: b"\x01"}


def test_every_number_is_read_and_then_no_more_options():
    options = {}
    read_field(b"".join(bytes((number, 4)) + b"ab\0\1" for number in range(1, 255)), 0, options)
    assert options.keys() == {*range(1, 255)} - {52, 53, 57}
    many = {}
    read_field(b"\x0c\x00" * 255 + b"\x0d\x00\x0e\x00", 0, many)
    assert many == {12: b"", 13: b""}


def message_of(area, **fields):
    """Give the octets of a message with these options, made as a reply is."""
    return encode_reply_message(
        CLIENT, area, **({"ciaddr": 0, "yiaddr": 0, "siaddr": 0, "sname": b"", "file": b""} | fields)
    )


def decoded(options, cookie=MAGIC_COOKIE, **fields):
    """Give the options that are read of a message."""
    octets = message_of(options, **fields)
    return decode_message(octets.replace(MAGIC_COOKIE, cookie)).options


@pytest.mark.parametrize(
    "odd",
    [
        b"\x32\x00",
        b"\x32\x03abc",
        b"\x32\x05abcde",
        b"\x33\x02ab",
        b"\x36\x05abcde",
        b"\x37\x00",
        b"\x39\x01\x02",
        b"\x39\x04abcd",
        b"\x5d\x00",
        b"\x5d\x01a",
        b"\x5d\x03abc",
        b"\x34\x00",
        b"\x34\x01\x00",
        b"\x34\x01\x04",
        b"\x34\x02\x01\x01",
    ],
)
def test_an_option_of_an_odd_length_or_value_is_absent_and_its_message_is_not(odd):
    assert decoded(b"\x35\x01\x01" + odd + b"\x0c\x01a\xff") == {53: b"\x01", 12: b"a"}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (b"\x35\x00\xff", 0),
        (b"\x35\x02\x01\x01\xff", 0),
        (b"\x35\x00\x35\x01\x01\xff", 1),
        (b"\x35", 0),  # cut off, as are the next three
        (b"\x35\x01", 0),
        (b"\x35\x09\x01\xff", 0),
        (b"\x35\x01\x01\x35\x09", 1),
        (b"\x0c\x01a\xff", None),
        (b"\x0c\x01a\xff\x35", None),
        (b"\x0c\x35", None),
        (b"", None),
    ],
)
def test_a_message_whose_type_is_odd_or_cut_off_is_of_no_type_and_not_bootp_s(options, expected):
    message = decode_message(message_of(b"")[:OPTIONS_OFFSET] + options)
    assert message.message_type == expected
    assert message.options.get(53) == (b"\1" if expected else None)


@pytest.mark.parametrize(
    ("number", "first", "second"),
    [
        (50, b"\x0a\0\0\x02", b"\x0a\0\0\x03"),
        (51, b"\0\0\0\x01", b"\0\0\0\x02"),
        (53, b"\x01", b"\x03"),
        (54, b"\x0a\0\0\x02", b"\x0a\0\0\x03"),
        (55, b"\x01\x03", b"\x06"),
        (57, b"\x02\x40", b"\x05\xdc"),
        (60, b"PXEClient", b"MSFT 5.0"),
        (61, b"\x01abc", b"\x01abd"),
        (77, b"iPXE", b"lab"),
        (82, b"\x01\x01x", b"\x01\x01y"),
        (93, b"\0\x07", b"\0\0"),
        (97, b"\0" * 17, b"\x01" * 17),
    ],
)
def test_of_an_option_that_comes_twice_the_first_counts(number, first, second):
    both = encode_option(number, first) + encode_option(number, second)
    assert decoded(both + b"\xff") == {number: first}


def test_of_an_option_that_comes_twice_a_useless_one_does_not_count():
    assert decoded(b"\x32\x01a\x32\x04abcd\x32\x04efgh\xff") == {50: b"abcd"}


@pytest.mark.parametrize("number", [81, 119, 121, 124, 125])
def test_the_parts_of_an_option_that_is_documented_to_have_some_are_joined(number):
    assert decoded(encode_option(number, b"abc") + encode_option(number, b"de") + b"\xff") == {
        number: b"abcde"
    }


def test_a_value_in_many_parts_has_a_bound():
    assert len(decoded(encode_option(124, bytes(60_000)) + b"\xff")[124]) == 5 * 255


@pytest.mark.parametrize("cookie", [b"CMU\0", bytes(4), b"\x53\x63\x35\x01"])
def test_with_another_cookie_the_message_is_bootp_s_and_its_vendor_field_is_not_read(cookie):
    assert decoded(b"\x35\x01\x01\xff", cookie) == {}


def test_an_odd_option_in_an_overloaded_field_hides_none_before_it():
    options = decoded(b"\x34\x01\x03\xff", file=b"\x0c\x01a\x3d\xff", sname=b"\x3c\x01b\x37\xff")
    assert options == {52: b"\x03", 12: b"a", 60: b"b"}


def test_a_hardware_address_longer_than_its_field_is_malformed():
    octets = bytearray(message_of(b"\xff"))
    octets[2] = 17
    with pytest.raises(Malformed, match="hardware address of 17 octets"):
        decode_message(bytes(octets))


def test_a_message_that_is_encoded_is_read_again():
    asked = CLIENT._replace(xid=0xFFFFFFFE, flags=0x8000)
    area = encode_option(53, b"\x05") + encode_option(61, b"\x01abc") + b"\xff"
    octets = encode_reply_message(
        asked, area, ciaddr=0x0A000001, yiaddr=0x0A000002, siaddr=0x0A000003, sname=b"server", file=b"file"
    )
    assert decode_message(octets) == Message(
        2, 1, MAC, 0xFFFFFFFE, 0x8000, 0x0A000001, 0, 5, {53: b"\x05", 61: b"\x01abc"}
    )
    assert (octets[16:24], octets[44:51], octets[108:113]) == (
        b"\x0a\0\0\2\x0a\0\0\3",
        b"server\0",
        b"file\0",
    )


@given(st.binary(min_size=1, max_size=700))
def test_the_checksum_is_the_one_of_scapy(octets):
    expected = scapy_checksum(octets)
    assert (0xFFFF - ones_sum(octets)) % 0xFFFF == expected % 0xFFFF


@given(st.binary(max_size=700), st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF))
def test_a_frame_is_the_one_of_scapy_and_is_read_again(payload, port, address):
    datagram = DATAGRAM._replace(payload=payload, source_port=port, source=address)
    frame = encode_frame(*datagram)
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


@pytest.mark.parametrize("priority", [0x0000, 0x1000, 0x6000, 0xE000])
def test_a_frame_with_a_priority_and_no_vlan_is_read_like_one_without_a_tag(priority):
    assert decode_frame(tagged(scapy_frame(), priority)) == DATAGRAM


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
        (tagged(scapy_frame(), 5), "frame is of VLAN 5"),
        (tagged(scapy_frame(), 0xEFFF), "frame is of VLAN 4095"),
        (tagged(tagged(scapy_frame(), 0), 0), "frame of type 0x8100 is not IPv4"),
        (scapy_frame(ethernet={"type": 0x88A8}), "frame of type 0x88a8 is not IPv4"),
        (tagged(scapy_frame(), 0)[:40], "frame of 36 octets is too short for UDP"),
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


NO_ROUTES = st.integers(1, 254).filter(lambda number: number not in (121, 249))
OPTIONS = st.lists(st.tuples(NO_ROUTES, st.binary(max_size=300)), max_size=12, unique_by=lambda o: o[0])
ROUTES = st.lists(
    st.builds(
        lambda width, to, through: HostRoute(IPv4Network((to, width), strict=False), IPv4Address(through)),
        st.integers(0, 32),
        st.integers(0, 0xFFFFFFFF),
        st.integers(0, 0xFFFFFFFF),
    ),
    min_size=1,
    max_size=90,
)


def options_in(layout):
    """Give the values of the options of all fields, read in the order of RFC 3396."""
    read = {}
    for area in (layout.area, layout.file, layout.sname):
        for option in split(area.removesuffix(b"\xff")):
            for part in parts(option):
                read[option[0]] = read.get(option[0], b"") + part[2:]
    return read


@given(OPTIONS, ROUTES, ROUTES, st.integers(60, 1400), st.booleans(), st.booleans())
def test_routes_are_cut_between_two_of_them_and_not_before_the_default_one(
    options, routes, alias, room, file_free, sname_free
):
    given_routes = {121: list(map(encode_route, routes)), 249: list(map(encode_route, alias))}
    every = options + [(number, b"".join(encoded)) for number, encoded in given_routes.items()]
    layout = pack_options(
        b"".join(encode_option(*option) for option in every), b"", room, file_free, sname_free
    )
    assert (len(layout.area) <= room, len(layout.file) <= 128, len(layout.sname) <= 64) == (True, True, True)
    read = options_in(layout)
    for number, encoded in given_routes.items():
        told, whole = read.get(number, b""), b"".join(encoded)
        assert told in [b"".join(encoded[:count]) for count in range(len(encoded) + 1)]
        assert not told or has_default_route(told) == has_default_route(whole)
        lacking = (number in layout.omitted, number in layout.shortened)
        assert lacking == (told == b"", b"" != told != whole)


@given(
    OPTIONS,
    st.integers(60, 700),
    st.booleans(),
    st.booleans(),
)
def test_every_option_is_laid_out_whole_or_named_as_omitted(options, room, file_free, sname_free):
    encoded = [encode_option(number, value) for number, value in options]
    layout = pack_options(b"".join(encoded), b"", room, file_free, sname_free)
    assert len(layout.area) <= room
    assert (len(layout.file) <= 128, len(layout.sname) <= 64) == (True, True)
    numbers = {number for number, _ in options}  # a field whose own content is among them is free, too
    usable = (file_free or 67 in numbers, sname_free or 66 in numbers)
    assert (bool(layout.file) <= usable[0], bool(layout.sname) <= usable[1]) == (True, True)
    read = options_in(layout)
    read.pop(52, None)
    given_options = {number: value for number, value in options if number != 52}
    assert read == {n: value for n, value in given_options.items() if n not in layout.omitted}
