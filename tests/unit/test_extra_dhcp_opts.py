"""The text forms of extra_dhcp_opts, and what is refused with which reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osken_apps.dhcp.client_class import Condition
from osken_apps.dhcp.dnsmasq_values import CATALOGUE
from osken_apps.dhcp.extra_dhcp_opts import (
    Container,
    ExtraOption,
    parse_extra_dhcp_opt,
    validate_extra_dhcp_opts,
)
from osken_apps.errors import InvalidDhcpOption
from osken_apps.model.resources import ExtraDhcpOption


def value(name, text):
    """Give the octets of an option."""
    return parse_extra_dhcp_opt(ExtraDhcpOption(name, text)).value


def refusal(*opts, mtu=1500, lease_s=None):
    """Give the words that refuse a set of options, or None."""
    try:
        validate_extra_dhcp_opts([ExtraDhcpOption(*opt) for opt in opts], mtu, lease_s)
    except InvalidDhcpOption as error:
        return str(error)
    return None


VALUES = [
    ("router", "10.0.0.1", bytes([10, 0, 0, 1])),
    ("3", "10.0.0.1, 10.0.0.2", bytes([10, 0, 0, 1, 10, 0, 0, 2])),
    ("option:ntp-server", "10.0.0.1", bytes([10, 0, 0, 1])),
    ("NTP-Server", "10.0.0.1", bytes([10, 0, 0, 1])),
    ("mtu", "1400", b"\x05\x78"),
    ("time-offset", "-3600", b"\xff\xff\xf1\xf0"),
    ("default-ttl", "64", b"\x40"),
    ("ip-forward-enable", "1", b"\x01"),
    ("lease-time", "infinite", b"\xff\xff\xff\xff"),
    ("lease-time", "2h", b"\0\0\x1c\x20"),
    ("T1", "90", b"\0\0\0\x5a"),
    ("netmask", "255.255.255.128", b"\xff\xff\xff\x80"),
    ("hostname", "web-1.example.org", b"web-1.example.org"),
    ("bootfile-name", "pxelinux.0", b"pxelinux.0"),
    ("67", '"quoted, with a comma"', b"quoted, with a comma"),
    ("vendor-encap", "01:04:0a:00:00:01:ff", b"\x01\x04\x0a\0\0\x01\xff"),
    ("static-route", "10.1.0.0,10.0.0.1", bytes([10, 1, 0, 0, 10, 0, 0, 1])),
    ("classless-static-route", "10.0.0.0/8,10.0.0.1", bytes([8, 10, 10, 0, 0, 1])),
    ("249", "10.0.0.0/8,10.0.0.1", bytes([8, 10, 10, 0, 0, 1])),
    ("121", "10.9.9.9,10.0.0.1", bytes([32, 10, 9, 9, 9, 10, 0, 0, 1])),
    ("broadcast", "255.255.255.255", b"\xff\xff\xff\xff"),
    ("domain-search", "a.org,b.a.org", b"\x01a\x03org\0\x01b\xc0\0"),
    ("sip-server", "10.0.0.1, 10.0.0.2", bytes([1, 10, 0, 0, 1, 10, 0, 0, 2])),
    ("120", "sip.a.org,b.org.", b"\0\x03sip\x01a\x03org\0\x01b\x03org\0"),
    ("sip-server", "01:0a:00:00:01", bytes([1, 10, 0, 0, 1])),
    ("ipv6-only", "300", b"\0\0\x01\x2c"),
    ("210", "/tftpboot/", b"/tftpboot/"),
    ("209", "10.0.0.9", b"10.0.0.9"),
    ("211", "30", b"\0\0\0\x1e"),
    ("tftp-server-address", "10.0.0.9", bytes([10, 0, 0, 9])),
    ("server-ip-address", "10.0.0.9", bytes([10, 0, 0, 9])),
    ("252", "http://wpad.example/wpad.dat", b"http://wpad.example/wpad.dat"),
    ("224", "7", b"\x07"),
    ("224", "300", b"\x01\x2c"),
    ("224", "70000", b"\0\x01\x11\x70"),
    ("224", "10.0.0.1,10.0.0.2", bytes([10, 0, 0, 1, 10, 0, 0, 2])),
    ("224", "de:ad:be:ef", b"\xde\xad\xbe\xef"),
    ("router", "", None),
    ("classless-static-route", " ", None),
]


@pytest.mark.parametrize(("name", "text", "octets"), VALUES)
def test_a_value_is_encoded_by_its_option_s_kind(name, text, octets):
    assert value(name, text) == octets


FORMS = [
    ("67", ExtraOption(67, b"x")),
    ("tag:ipxe,67", ExtraOption(67, b"x", (Condition("ipxe", ""),))),
    ("tag:!ipxe, option:bootfile-name", ExtraOption(67, b"x", (Condition("ipxe", "", negated=True),))),
    ("!175,67", ExtraOption(67, b"x", (Condition("option", "175", negated=True),))),
    (
        "tag:efi64,tag:arch-16,67",
        ExtraOption(67, b"x", (Condition("architecture", "efi64"), Condition("arch", "16"))),
    ),
    ("encap:175,190", ExtraOption(190, b"x", (), Container(175))),
    ("vi-encap:2495,1", ExtraOption(1, b"x", (), Container(125, 2495))),
    ("vendor:PXEClient,1", ExtraOption(1, b"x", (Condition("vendor", "PXEClient"),), Container(43))),
]


@pytest.mark.parametrize(("name", "extra"), FORMS)
def test_conditions_and_containers_are_read_from_the_name(name, extra):
    assert parse_extra_dhcp_opt(ExtraDhcpOption(name, "x")) == extra


def test_a_number_of_an_architecture_counts_by_its_value():
    assert parse_extra_dhcp_opt(ExtraDhcpOption("tag:arch-007,67", "x")).conditions == (
        Condition("arch", "7"),
    )


REFUSED = [
    ("no-such-option", "x", "no DHCP option is called 'no-such-option'"),
    ("", "x", "no DHCP option is called ''"),
    ("tag:ipxe", "x", "no DHCP option is called 'tag:ipxe'"),
    ("tag:nonsense,67", "x", "tag 'nonsense' is none of"),
    ("nonsense,67", "x", "'nonsense' is neither a condition nor a container"),
    ("encap:0,1", "x", "'0' is no number from 1 to 254"),
    ("encap:1,1", "x", "option 1 holds no other options"),
    ("encap:53,1", "x", "option 53 is the protocol's own and cannot be set"),
    ("encap:175,vendor:x,1", "x", "an option goes into one other option only"),
    ("256", "x", "'256' is no number from 0 to 255"),
    ("0", "x", "option 0 is the protocol's own and cannot be set"),
    ("53", "5", "option 53 is the protocol's own and cannot be set"),
    ("54", "10.0.0.1", "option 54 is the protocol's own and cannot be set"),
    ("80", "x", "option 80 is the protocol's own and cannot be set"),
    ("82", "x", "option 82 is the protocol's own and cannot be set"),
    ("router", "10.0.0", "Expected 4 octets"),
    ("router", "0.0.0.0", "0.0.0.0 is not the address of a machine"),
    ("router", "224.0.0.1", "224.0.0.1 is not the address of a machine"),
    ("dns-server", "10.0.0.1,,10.0.0.2", "an item of the list is empty"),
    ("dns-server", "", "the value is empty"),
    ("server-ip-address", "10.0.0.1,10.0.0.2", "Expected 4 octets"),
    ("netmask", "255.0.255.0", "is not a valid netmask"),
    ("netmask", "0.0.0.255", "a subnet mask has ones, then zeros"),
    ("mtu", "67", "the value is no number from 68 to 65535"),
    ("mtu", "big", "the value is no number from 68 to 65535"),
    ("mtu", "65536", "the value is no number from 68 to 65535"),
    ("lease-time", "59", "a lease is at least 60 seconds long"),
    ("lease-time", "1y", "the value is no time, such as 3600, 60m or infinite"),
    ("lease-time", "9999999w", "the value is no time, such as 3600, 60m or infinite"),
    ("hostname", "-web", "'-web' is not a label of a domain name"),
    ("hostname", "web server", "'web server' is not a label of a domain name"),
    ("sip-server", "sip.example.org,-x", "'-x' is not a label of a domain name"),
    ("sip-server", "10.0.0.1,sip.example.org", "the servers are neither all addresses nor all names"),
    ("sip-server", "0.0.0.0", "0.0.0.0 is not the address of a machine"),
    ("211", "soon", "the value is no number from 0 to 4294967295"),
    ("domain-name", "a..b", "'' is not a label of a domain name"),
    ("domain-search", "a.org," + "a." * 128, "the domain name is longer than 255 octets"),
    ("bootfile-name", "a\nb", "the text is empty or has control characters"),
    ("classless-static-route", "10.0.0.0/8", "the routes are not pairs of destination and router"),
    ("classless-static-route", "10.0.0.1/8,10.0.0.1", "has host bits set"),
    ("classless-static-route", "10.0.0.0/255.0.0.0,10.0.0.1", "has no length of a prefix behind its slash"),
    ("249", "10.0.0.0/0.0.0.255,10.0.0.1", "has no length of a prefix behind its slash"),
    ("static-route", "10.0.0.0", "the addresses are not pairs"),
    ("broadcast", "10.0.0.255,10.0.1.255", "Expected 4 octets"),
    ("router-solicitation", "10.0.0.1,10.0.0.2", "Expected 4 octets"),
    ("125", "00:00:00:09:05:01", "a block of option 125 is cut off"),
    ("encap:175,1", "x" * 256, "the value is longer than 255 octets"),
]


@pytest.mark.parametrize(("name", "text", "reason"), REFUSED)
def test_what_would_break_a_client_is_refused_by_name_value_and_reason(name, text, reason):
    words = refusal((name, text))
    assert words.startswith(f"extra_dhcp_opts: {name!r} with value {text!r}: ")
    assert reason in words


def test_two_values_for_one_option_are_refused_unless_their_conditions_differ():
    assert "'67' sets the same option" in refusal(("67", "a"), ("bootfile-name", "b"))
    assert refusal(("tag:ipxe,67", "a"), ("tag:!ipxe,bootfile-name", "b"), ("67", "c")) is None


def test_times_that_do_not_follow_each_other_are_refused():
    assert "T1 must be before T2" in refusal(("T1", "200"), ("T2", "100"))
    assert "T1 must be before T2" in refusal(("lease-time", "100"), ("T1", "100"))
    assert refusal(("lease-time", "100"), ("T1", "50"), ("T2", "90")) is None
    assert refusal(("lease-time", "infinite"), ("T1", "infinite"), ("T2", "infinite")) is None


def test_times_that_do_not_fit_the_usual_lease_are_refused_where_no_other_is_given():
    assert "T1 must be before T2 and T2 before the end of the lease, which is 86400 s" in refusal(
        ("T1", "90000"), lease_s=86400
    )
    assert refusal(("T2", "86400"), lease_s=86400) is not None
    assert refusal(("T1", "90000"), ("lease-time", "100000"), lease_s=86400) is None
    assert refusal(("T1", "86398"), lease_s=86400) is None
    assert "T1 must" in refusal(("T1", "86399"), lease_s=86400)  # no T2 is between
    assert refusal(("T1", "90000")) is None


def test_times_under_a_condition_are_judged_with_those_that_they_are_told_with():
    assert "'tag:ipxe,T1'" in refusal(("tag:ipxe,T1", "3600"), ("lease-time", "600"), lease_s=86400)
    assert refusal(("tag:ipxe,lease-time", "600"), ("tag:!ipxe,T1", "3600"), lease_s=86400) is None
    assert refusal(("T1", "90000"), ("tag:ipxe,lease-time", "100000"), lease_s=86400) is not None


def test_an_mtu_above_the_network_s_is_refused():
    assert "the MTU of the network is 1450" in refusal(("mtu", "1500"), mtu=1450)
    assert refusal(("mtu", "1450"), mtu=1450) is None


def test_sub_options_that_do_not_fit_their_option_together_are_refused():
    assert "option 43 would hold over 255 octets" in refusal(
        ("vendor:x,1", "a" * 130), ("vendor:x,2", "a" * 130)
    )


def test_options_for_ipv6_are_not_judged():
    assert refusal(("no-such-option", "x", 6), ("tag:ipxe6,59", "x", 6)) is None


def test_what_ironic_and_neutron_s_documentation_set_is_accepted():
    assert (
        refusal(
            ("tag:!ipxe,67", "undionly.kpxe"),
            ("tag:ipxe,67", "http://10.225.1.1:8089/boot.ipxe"),
            ("66", "10.225.1.1"),
            ("150", "10.225.1.1"),
            ("210", "/tftpboot/"),
            ("61", "ff:00:00:00:00:00:02:00"),
            ("server-ip-address", "10.225.1.1"),
            ("ntp-server", "10.225.1.1"),
            ("router", ""),
        )
        is None
    )


def test_the_catalogue_names_each_option_once():
    assert (
        len({name for name, _, _ in CATALOGUE})
        == len({number for _, number, _ in CATALOGUE})
        == len(CATALOGUE)
    )


@given(st.text(max_size=64), st.text(max_size=255))
def test_any_name_and_value_are_accepted_or_refused_with_invalid_input(name, text):
    refusal((name, text))


@given(st.sampled_from([name for name, _, _ in CATALOGUE]), st.text('0123456789./:,-ax "²', max_size=60))
def test_any_value_of_a_known_option_is_accepted_or_refused_with_invalid_input(name, text):
    refusal((name, text))
