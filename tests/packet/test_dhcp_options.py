"""Which options a client is told, and in which octets."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import pytest
from scapy.layers.dhcp import BOOTP
from scapy.layers.inet import UDP
from scapy.layers.l2 import Ether

from osken_apps.dhcp.fqdn import fqdn_answer
from osken_apps.dhcp.frame import decode_frame
from osken_apps.dhcp.message import decode_message
from osken_apps.dhcp.reservation import Defaults
from tests.packet.dhcp_scenario import (
    DEFAULTS,
    DISCOVER,
    INFORM,
    REQUEST,
    SERVICE,
    frame,
    raw_options_of,
    respond,
    route,
    service,
)

OURS, ADDRESS = ("server_id", "10.10.10.3"), ("requested_addr", "10.10.10.2")
MANDATORY = [53, 54, 51, 58, 59, 1]

#: Ten options of 60 octets each.
FILLING = [(str(number), ":".join(["ab"] * 58)) for number in range(224, 234)]


def told(served=SERVICE, *options, asks=(), defaults=DEFAULTS, default_route=True, **bootp):
    """Give the options of the answer to a DISCOVER, by number."""
    reply = respond(
        frame(DISCOVER, *options, asks=asks, **bootp), served, defaults, default_route=default_route
    )
    return raw_options_of(reply.frame)


def filler(number):
    """Give 60 octets: an option as `FILLING` sets it."""
    return bytes([number, 58]) + b"\xab" * 58


def test_the_parameter_request_list_decides_order_and_choice():
    assert list(told(asks=(28, 3, 15, 26, 99, 3, 1, 53))) == [*MANDATORY, 28, 3, 15, 26]


def test_a_client_without_a_list_is_told_what_is_usual():
    assert list(told()) == [*MANDATORY, 3, 12, 15, 26, 28]


def test_a_subnet_without_a_gateway_has_no_router():
    options = told(service({"gateway_ip": None}), asks=(3, 121))
    assert list(options) == [*MANDATORY, 26]


@pytest.mark.parametrize(("cidr", "told_28"), [
    ("10.10.10.0/30", bytes([10, 10, 10, 3])), ("10.10.10.2/31", None), ("10.10.10.2/32", None),
])  # fmt: skip
def test_a_subnet_of_one_or_two_addresses_has_no_broadcast_address(cidr, told_28):
    """RFC 3021: its last address is a machine's; a client that took it for broadcast could not reach that."""
    served = service({"cidr": IPv4Network(cidr), "gateway_ip": None})
    assert told(served, asks=(1, 28)).get(28) == told_28


def test_static_routes_come_with_the_default_route_under_both_numbers():
    served = service({"host_routes": (route("10.17.0.0/16", "10.10.10.9"),)})
    encoded = bytes([0, 10, 10, 10, 1, 16, 10, 17, 10, 10, 10, 9])
    options = told(served, asks=(121, 249))
    assert (options[121], options[249]) == (encoded, encoded)


def test_without_static_routes_there_is_no_option_121():
    assert 121 not in told(asks=(121, 3))


def test_other_subnets_of_the_network_are_on_the_link_behind_all_other_routes():
    others = (IPv4Network("10.50.2.0/24"), IPv4Network("10.60.0.0/16"))
    on_link = bytes([24, 10, 50, 2, 0, 0, 0, 0, 16, 10, 60, 0, 0, 0, 0])
    host_route, default = bytes([16, 10, 17, 10, 10, 10, 9]), bytes([0, 10, 10, 10, 1])
    routed = {"host_routes": (route("10.17.0.0/16", "10.10.10.9"),)}
    for subnet, expected in (
        (routed, default + host_route + on_link),
        ({}, default + on_link),
        ({"gateway_ip": None}, on_link),
    ):
        options = told(replace(service(subnet), other_cidrs=others), asks=(3, 121, 249))
        assert (options[121], options[249]) == (expected, expected)
        assert (3 in options) == (subnet != {"gateway_ip": None})


def test_a_host_route_to_everywhere_stands_in_for_the_gateway():
    served = service({"gateway_ip": None, "host_routes": (route("0.0.0.0/0", "10.10.10.254"),)})
    options = told(served, asks=(3, 121))
    assert (options.get(3), 121 in options) == (bytes([10, 10, 10, 254]), False)


def test_a_second_nic_gets_static_routes_but_no_default_route():
    served = service({"host_routes": (route("10.17.0.0/16", "10.10.10.9"),)})
    options = told(served, asks=(3, 121), default_route=False)
    assert (3 in options, options[121]) == (False, bytes([16, 10, 17, 10, 10, 10, 9]))


def test_a_second_nic_gets_a_default_route_when_its_port_asks_for_it():
    served = service(
        {"host_routes": (route("10.17.0.0/16", "10.10.10.9"),)}, extra=[("router", "10.10.10.1")]
    )
    options = told(served, asks=(3, 121), default_route=False)
    assert options[3] == bytes([10, 10, 10, 1])
    assert options[121] == bytes([0, 10, 10, 10, 1, 16, 10, 17, 10, 10, 10, 9])


def test_a_router_on_another_link_follows_the_route_to_it_and_the_rest_of_the_links_comes_last():
    others = (IPv4Network("10.50.2.0/24"), IPv4Network("10.60.0.0/16"), IPv4Network("10.70.0.0/17"))
    to_2, to_60, to_70 = (
        bytes([w, *net, 0, 0, 0, 0]) for w, *net in ((24, 10, 50, 2), (16, 10, 60), (17, 10, 70, 0))
    )
    routes = (route("10.17.0.0/16", "10.10.10.9"), route("10.18.0.0/16", "10.60.0.9"))
    through = [bytes([16, 10, 17, 10, 10, 10, 9]), bytes([16, 10, 18, 10, 60, 0, 9])]
    for gateway, default in (
        ("10.10.10.1", bytes([0, 10, 10, 10, 1])),
        ("10.70.0.1", to_70 + bytes([0, 10, 70, 0, 1])),
    ):
        subnet = {"gateway_ip": IPv4Address(gateway), "host_routes": routes}
        options = told(replace(service(subnet), other_cidrs=others), asks=(121,))
        last = to_2 if gateway == "10.70.0.1" else to_2 + to_70
        assert options[121] == default + through[0] + to_60 + through[1] + last


def test_a_default_route_over_a_router_that_its_own_route_is_to_keeps_that_before_it():
    own = [("121", "10.99.0.0/16,10.10.10.7,10.98.0.1/32,0.0.0.0,0.0.0.0/0,10.98.0.1")]
    link, default = bytes([32, 10, 98, 0, 1, 0, 0, 0, 0]), bytes([0, 10, 98, 0, 1])
    assert told(service(extra=own), asks=(121,))[121] == link + default + bytes([16, 10, 99, 10, 10, 10, 7])


def on_links(count):
    """Give other subnets of the network, and the routes to them as they are told: 8 octets each."""
    cidrs = tuple(IPv4Network((bytes([10, 20 + n // 250, n % 250, 0]), 24)) for n in range(count))
    return cidrs, b"".join(bytes([24, *cidr.network_address.packed[:3], 0, 0, 0, 0]) for cidr in cidrs)


DEFAULT_ROUTE = bytes([0, 10, 10, 10, 1])
ROUTES_ASKED = (1, 3, 6, 15, 26, 28)


def answered_with_others(count, *options, asks, **subnet):
    """Give a client's options where there are so many other subnets, and what is omitted and shortened."""
    served = replace(service(subnet), other_cidrs=on_links(count)[0])
    outcome = respond(frame(DISCOVER, *options, asks=asks), served)
    message = decode_message(decode_frame(outcome.frame).payload)
    return message.options, outcome.decision.omitted, outcome.decision.shortened


@pytest.mark.parametrize("count", [29, 30, 47])
def test_routes_that_fit_no_field_whole_are_told_in_parts_over_all_fields(count):
    options, *lacking = answered_with_others(count, asks=(*ROUTES_ASKED, 121))
    assert (options[121], options[3], lacking) == (
        DEFAULT_ROUTE + on_links(count)[1],
        bytes([10, 10, 10, 1]),
        [(), ()],
    )


@pytest.mark.parametrize("count", [60, 300])
def test_as_many_routes_as_fit_are_told_and_those_to_other_subnets_give_way_first(count):
    routed = {"host_routes": (route("10.17.0.0/16", "10.10.10.9"),)}
    options, *lacking = answered_with_others(count, asks=(*ROUTES_ASKED, 121), **routed)
    first = DEFAULT_ROUTE + bytes([16, 10, 17, 10, 10, 10, 9])
    told_routes = options[121]
    assert (told_routes[: len(first)], lacking) == (first, [(), (121,)])
    assert on_links(count)[1].startswith(told_routes[len(first) :])
    assert len(told_routes) > 370


def test_other_options_are_told_before_routes_that_fit_no_field_whole():
    options, *lacking = answered_with_others(300, asks=(1, 121, 249, 3, 15, 26, 28))
    assert (set(options) >= {3, 15, 26, 28, 121}, lacking) == (True, [(249,), (121,)])


def test_the_older_number_is_shortened_to_one_field_behind_the_whole_option_121():
    options, *lacking = answered_with_others(20, asks=(1, 249, 3, 15, 26, 28, 121))
    routes = DEFAULT_ROUTE + on_links(20)[1]
    assert (options[121], options[249], lacking) == (routes, routes[: 5 + 15 * 8], [(), (249,)])


def test_the_older_number_alone_is_shortened_to_the_roomiest_field():
    options, *lacking = answered_with_others(60, asks=(1, 249, 3, 15))
    routes = DEFAULT_ROUTE + on_links(60)[1]
    assert (len(options[249]) > 127, routes.startswith(options[249]), lacking) == (True, True, [(), (249,)])


def test_a_second_nic_s_routes_are_shortened_without_a_default_route():
    served = replace(service(), other_cidrs=on_links(60)[0])
    outcome = respond(frame(DISCOVER, asks=(121,)), served, default_route=False)
    options = decode_message(decode_frame(outcome.frame).payload).options
    assert (on_links(60)[1].startswith(options[121]), len(options[121]) > 370) == (True, True)


def test_without_room_for_the_default_route_there_is_no_route():
    filling = [(str(number), ":".join(["ab"] * 58)) for number in range(224, 229)]
    served = replace(
        service({"gateway_ip": IPv4Address("10.20.0.1")}, extra=filling), other_cidrs=on_links(60)[0]
    )
    asked = [3, *range(224, 229), 121]
    kept = []
    for octets in range(120, 180):
        request = frame(DISCOVER, ("client_id", bytes(octets)), asks=asked)
        outcome = respond(request, served)
        options = decode_message(decode_frame(outcome.frame).payload).options
        assert options[3] == bytes([10, 20, 0, 1])
        assert options.get(121, b"")[8:].startswith(bytes([0, 10, 20, 0, 1])) == (121 in options)
        kept.append(121 in options)
    assert set(kept) == {True, False}


def test_dns_servers_are_the_subnet_s_else_the_configuration_s():
    defaults = replace(DEFAULTS, dns_servers=(IPv4Address("9.9.9.9"),))
    named = service({"dns_nameservers": (IPv4Address("10.10.10.53"), IPv4Address("10.10.10.54"))})
    none = service({"dns_nameservers": (IPv4Address("0.0.0.0"),)})
    asked = [told(served, asks=(6,), defaults=defaults).get(6) for served in (SERVICE, named, none)]
    assert asked == [bytes([9, 9, 9, 9]), bytes([10, 10, 10, 53, 10, 10, 10, 54]), None]


def test_the_domain_is_the_network_s_else_the_configuration_s():
    asked = [told(served, asks=(15,))[15] for served in (SERVICE, service(network={"dns_domain": "x.org."}))]
    assert asked == [b"openstacklocal", b"x.org"]
    assert 15 not in told(asks=(15,), defaults=Defaults(86400, "", ()))


def test_the_host_name_is_the_port_s_else_made_of_its_address():
    asked = [told(served, asks=(12,))[12] for served in (SERVICE, service(port={"dns_name": "web1"}))]
    assert asked == [b"host-10-10-10-2", b"web1"]


def test_the_mtu_is_the_network_s():
    assert told(service(network={"mtu": 8950}), asks=(26,))[26] == b"\x22\xf6"


#: What BusyBox's udhcpc asks for by itself: not for the MTU.
UDHCPC_ASKS = (1, 3, 6, 12, 15, 28, 42)


def test_the_mtu_is_told_to_a_client_that_does_not_ask_for_it():
    tunnel = service(network={"mtu": 1450})
    assert told(tunnel, asks=UDHCPC_ASKS)[26] == b"\x05\xaa"
    fqdn = ("client_FQDN", b"\x00\0\0mine")  # which is answered unasked, too
    assert told(tunnel, fqdn, asks=UDHCPC_ASKS)[26] == b"\x05\xaa"
    inform = respond(frame(INFORM, asks=UDHCPC_ASKS, ciaddr="10.10.10.2"), tunnel)
    assert raw_options_of(inform.frame)[26] == b"\x05\xaa"


def test_the_mtu_that_is_told_unasked_is_the_port_s_own_if_that_has_one():
    tunnel = {"mtu": 1450}
    answers = [
        told(service(network=tunnel, extra=[extra]), asks=UDHCPC_ASKS).get(26)
        for extra in (("mtu", "1400"), ("mtu", ""), ("tag:!ipxe,mtu", "1300"), ("tag:!ipxe,26", ""))
    ]
    assert answers == [b"\x05\x78", None, b"\x05\x14", None]


def test_what_is_asked_for_is_left_out_before_the_mtu_that_is_not():
    outcome = respond(frame(DISCOVER, asks=range(224, 234)), service(extra=FILLING))
    assert raw_options_of(outcome.frame)[26] == b"\x05\xdc"
    assert outcome.decision.omitted == (231, 232, 233)


@pytest.mark.parametrize(
    ("lease_s", "t1_s", "t2_s"),
    [(86400, 43200, 75600), (61, 30, 53), (0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF)],
)
def test_t1_is_half_and_t2_seven_eighths_of_the_lease(lease_s, t1_s, t2_s):
    options = told(defaults=Defaults(lease_s, "", ()))
    assert [int.from_bytes(options[number], "big") for number in (51, 58, 59)] == [lease_s, t1_s, t2_s]


def test_a_port_s_own_options_win_over_subnet_network_and_configuration():
    served = service(
        {"dns_nameservers": (IPv4Address("10.10.10.53"),)},
        {"mtu": 1500},
        extra=[
            ("mtu", "1400"),
            ("6", "10.10.10.99"),
            ("option:lease-time", "1h"),
            ("T1", "20m"),
            ("42", "10.0.0.1"),
        ],
    )
    options = told(served, asks=(26, 6, 42))
    assert {number: options[number] for number in (26, 6, 42, 51, 58, 59)} == {
        26: b"\x05\x78",
        6: bytes([10, 10, 10, 99]),
        42: bytes([10, 0, 0, 1]),
        51: b"\0\0\x0e\x10",
        58: b"\0\0\x04\xb0",
        59: b"\0\0\x0c\x4e",
    }


def test_times_that_no_longer_agree_with_the_lease_are_made_anew():
    options = told(service(extra=[("T1", "1h")]), defaults=Defaults(600, "", ()))
    assert [int.from_bytes(options[number], "big") for number in (51, 58, 59)] == [600, 300, 525]


@pytest.mark.parametrize(
    ("own", "lease_s", "t1_s", "t2_s"),
    [
        ({"lease-time": "3600", "T1": "3200"}, 3600, 3200, 3400),
        ({"lease-time": "3600", "T1": "600"}, 3600, 600, 3150),
        ({"lease-time": "3600", "T2": "700"}, 3600, 400, 700),
        ({"T2": "80000"}, 86400, 43200, 80000),
        ({"T1": "86398"}, 86400, 86398, 86399),
        ({"lease-time": "infinite", "T1": "600"}, 0xFFFFFFFF, 600, 0xFFFFFFFF),
        ({"lease-time": "infinite", "T2": "700"}, 0xFFFFFFFF, 400, 700),
        ({"T1": "1", "T2": "2"}, 86400, 1, 2),
    ],
)
def test_a_time_that_is_given_is_told_and_the_other_one_fits_it(own, lease_s, t1_s, t2_s):
    options = told(service(extra=own.items()))
    assert [int.from_bytes(options[number], "big") for number in (51, 58, 59)] == [lease_s, t1_s, t2_s]


def test_an_empty_router_withholds_the_default_route():
    served = service({"host_routes": (route("10.17.0.0/16", "10.10.10.9"),)}, extra=[("router", "")])
    options = told(served, asks=(3, 121))
    assert (3 in options, options[121]) == (False, bytes([16, 10, 17, 10, 10, 10, 9]))


@pytest.mark.parametrize(
    ("own", "told_121", "told_249"),
    [
        ({"249": ""}, True, False),
        ({"121": ""}, False, False),
        ({"121": "", "249": ""}, False, False),
        ({"tag:!ipxe,249": ""}, True, False),
        ({"tag:ipxe,249": ""}, True, True),
    ],
)
def test_static_routes_are_withheld_under_either_number(own, told_121, told_249):
    served = service({"host_routes": (route("10.17.0.0/16", "10.10.10.9"),)}, extra=own.items())
    options = told(served, asks=(3, 121, 249))
    assert (121 in options, 249 in options, options[3]) == (told_121, told_249, bytes([10, 10, 10, 1]))


def test_static_routes_under_the_older_number_get_the_default_route_inside():
    options = told(service(extra=[("249", "10.17.0.0/16,10.10.10.9")]), asks=(3, 121, 249))
    assert (options.get(121), options[249]) == (
        None,
        bytes([0, 10, 10, 10, 1, 16, 10, 17, 10, 10, 10, 9]),
    )


def test_static_routes_of_a_port_get_the_default_route_inside():
    served = service(extra=[("classless-static-route", "10.17.0.0/16,10.10.10.9")])
    options = told(served, asks=(3, 121, 249))
    assert options[121] == options[249] == bytes([0, 10, 10, 10, 1, 16, 10, 17, 10, 10, 10, 9])


def test_an_option_stored_long_ago_that_is_refused_today_does_not_cost_the_lease():
    options = told(service(extra=[("mtu", "lots"), ("ntp-server", "10.0.0.1")]), asks=(26, 42))
    assert (options[26], options[42]) == (b"\x05\xdc", bytes([10, 0, 0, 1]))


def test_the_client_identifier_is_echoed_unaltered_in_ack_and_offer():
    identifier = b"\xff\x00\x01\x02\x03" + bytes(range(14))
    discover = told(SERVICE, ("client_id", identifier))
    request = raw_options_of(respond(frame(REQUEST, OURS, ADDRESS, ("client_id", identifier)), SERVICE).frame)
    assert (discover[61], request[61]) == (identifier, identifier)


def test_a_client_identifier_set_on_the_port_is_told_to_nobody():
    served = service(extra=[("client-id", "01:02:03")])
    answers = [told(served, asks=(61,)).get(61), told(served, ("client_id", b"\x01abc")).get(61)]
    assert answers == [None, b"\x01abc"]


def test_relay_agent_information_is_echoed_last():
    information = b"\x01\x04ge-1\x02\x06\x00\x01\x02\x03\x04\x05"
    options = told(SERVICE, (82, information), asks=(3, 28))
    assert (list(options)[-1], options[82]) == (82, information)


def test_relay_agent_information_is_in_a_nak_too():
    request = frame(REQUEST, ("requested_addr", "10.10.10.77"), (82, b"\x01\x01x"))
    assert raw_options_of(respond(request, SERVICE).frame)[82] == b"\x01\x01x"


@pytest.mark.parametrize(("octets", "relay_agent_told"), [(255, False), (160, True)])
def test_relay_agent_information_gives_way_to_the_client_identifier(octets, relay_agent_told):
    identifier, relay_agent = bytes(octets), b"\x01\x62" + bytes(98)
    outcome = respond(frame(DISCOVER, ("client_id", identifier), (82, relay_agent), asks=(3,)), SERVICE)
    options = raw_options_of(outcome.frame)
    assert (options[61], options.get(82)) == (identifier, relay_agent if relay_agent_told else None)
    assert outcome.decision.omitted == (() if relay_agent_told else (82,))


def test_a_nak_has_the_longest_client_identifier():
    request = frame(REQUEST, ("requested_addr", "10.99.0.1"), ("client_id", bytes(255)))
    outcome = respond(request, SERVICE)
    assert (raw_options_of(outcome.frame)[61], outcome.decision.omitted) == (bytes(255), ())


def test_an_empty_relay_agent_option_is_not_echoed():
    assert 82 not in told(SERVICE, (82, b""), asks=(3, 28))


def test_ipv6_only_is_told_when_asked_for_and_to_no_one_else():
    served = service(extra=[("ipv6-only", "1800")])
    answers = [told(served, asks=asks).get(108) for asks in ((3, 108), (3,), ())]
    assert answers == [b"\0\0\x07\x08", None, None]


def test_a_search_list_is_compressed():
    served = service(extra=[("domain-search", "eng.apple.com,marketing.apple.com")])
    assert told(served, asks=(119,))[119] == (
        b"\x03eng\x05apple\x03com\x00" + b"\x09marketing" + bytes([0xC0, 0x04])
    )


def test_a_long_option_is_split_into_parts_that_follow_each_other():
    names = ",".join(f"domain-number-{number:03}.example{number:03}" for number in range(12))
    served = service(extra=[("119", names)])
    reply = respond(frame(DISCOVER, ("max_dhcp_size", 1500), asks=(119,)), served).frame
    area = reply[14 + 20 + 8 + 240 :]
    start = area.index(bytes([119, 255]))
    whole = raw_options_of(reply)[119]
    assert area[start + 257 : start + 259] == bytes([119, len(whole) - 255])
    assert whole.count(b"domain-number-") == 12


#: Flags, then what the answer's flags are (RFC 4702 section 4: no update is ever made).
def test_a_host_name_that_has_its_domain_gets_no_second_one():
    assert fqdn_answer(b"\x00\0\0", b"vm.example.com", b"example.org")[3:] == b"vm.example.com"
    assert fqdn_answer(b"\x00\0\0", b"vm", b"example.org")[3:] == b"vm.example.org"


FQDN_FLAGS = {0x00: 0x08, 0x01: 0x0A, 0x04: 0x0C, 0x05: 0x0E, 0x08: 0x08}


@pytest.mark.parametrize("sent", FQDN_FLAGS)
def test_a_client_that_sends_its_fqdn_is_told_which_one_it_has(sent):
    answer = told(SERVICE, (81, bytes([sent, 0, 0]) + b"mine"), asks=(12,))[81]
    name = b"\x0fhost-10-10-10-2\x0eopenstacklocal\x00" if sent & 4 else b"host-10-10-10-2.openstacklocal"
    assert answer == bytes([FQDN_FLAGS[sent], 255, 255]) + name


def test_a_client_that_sends_no_fqdn_is_told_none():
    assert 81 not in told(asks=(81,))
    assert 81 not in told(SERVICE, (81, b"\x05\0"), asks=(81,))


def test_option_57_makes_room_and_the_mtu_bounds_it():
    extra = [(str(number), ":".join(["ab"] * 60)) for number in range(224, 240)]
    served = service(extra=extra)
    sizes = [
        len(Ether(respond(octets, served).frame)[UDP].payload) + 28
        for octets in (
            frame(DISCOVER, asks=range(224, 240)),
            frame(DISCOVER, ("max_dhcp_size", 100), asks=range(224, 240)),
            frame(DISCOVER, ("max_dhcp_size", 800), asks=range(224, 240)),
            frame(DISCOVER, ("max_dhcp_size", 1500), asks=range(224, 240)),
            frame(DISCOVER, ("max_dhcp_size", 65535), asks=range(224, 240)),
        )
    ]
    assert all(size <= limit for size, limit in zip(sizes, (576, 576, 800, 1500, 1500), strict=True)), sizes
    assert sizes[3] == sizes[4] > sizes[2] > sizes[1] == sizes[0] > 500


def test_what_does_not_fit_goes_to_file_and_sname_and_the_rest_is_named():
    outcome = respond(frame(DISCOVER, asks=range(224, 234)), service(extra=FILLING))
    options, bootp = raw_options_of(outcome.frame), Ether(outcome.frame)[BOOTP]
    assert list(options) == [*MANDATORY, 26, 224, 225, 226, 227, 52]
    assert options[52] == b"\x03"
    assert bootp.file == (filler(228) + filler(229) + b"\xff").ljust(128, b"\0")
    assert bootp.sname == (filler(230) + b"\xff").ljust(64, b"\0")
    assert outcome.decision.omitted == (231, 232, 233)


def test_a_boot_file_that_is_not_among_the_options_is_not_overwritten():
    served = service(extra=[*FILLING, ("67", "pxelinux.0"), ("66", "tftp.example")])
    in_fields = respond(frame(DISCOVER, asks=range(224, 234)), served)
    bootp = Ether(in_fields.frame)[BOOTP]
    assert (bootp.file.rstrip(b"\0"), bootp.sname.rstrip(b"\0")) == (b"pxelinux.0", b"tftp.example")
    as_options = respond(frame(DISCOVER, asks=[66, 67, *range(224, 234)]), served)
    options = raw_options_of(as_options.frame)
    assert (options[66], options[67], options[52]) == (b"tftp.example", b"pxelinux.0", b"\x03")


def test_options_that_a_client_overloads_are_read():
    request = bytearray(frame(DISCOVER, (52, b"\x03"), asks=()))
    request[40:42] = b"\0\0"
    file, sname = 14 + 20 + 8 + 108, 14 + 20 + 8 + 44
    request[file : file + 6] = bytes([55, 3, 3, 28, 12, 255])
    request[sname : sname + 5] = bytes([61, 2, 0, 7, 255])
    options = raw_options_of(respond(bytes(request), SERVICE).frame)
    assert (list(options), options[61]) == ([*MANDATORY, 61, 26, 3, 28, 12], b"\0\x07")
