"""Which of a machine's ports takes its default route, and what a port's reservation holds."""

from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import pytest

from osken_apps.dhcp.classless_routes import encode_routes
from osken_apps.dhcp.decision import SilenceReason
from osken_apps.dhcp.options import parts
from osken_apps.dhcp.reply_options import configured_for
from osken_apps.dhcp.reservation import default_route_port, reservation_of, told_routes
from osken_apps.model.dhcp_service import dhcp_service
from osken_apps.model.resources import ExtraDhcpOption, FixedIp, Subnet
from tests.packet.dhcp_scenario import DEFAULTS, NETWORK, PORT, SERVER, SERVICE, SUBNET, route, service

ISOLATED = Subnet(id="isolated", project_id="p", network_id="n2", cidr=IPv4Network("10.20.0.0/24"))
SIX = Subnet(
    id="six",
    project_id="p",
    network_id="n3",
    cidr=IPv6Network("2001:db8::/64"),
    gateway_ip=IPv6Address("2001:db8::1"),
)
SUBNETS = {subnet.id: subnet for subnet in (SUBNET, ISOLATED, SIX)}


def nic(port_id, second, subnet=SUBNET):
    """Make a port of a machine, created at a second of the minute."""
    address = IPv6Address("2001:db8::2") if subnet is SIX else IPv4Address("10.10.10.2")
    return replace(
        PORT,
        id=port_id,
        device_id="vm1",
        created_at=datetime(2026, 1, 1, 0, 0, second, tzinfo=UTC),
        fixed_ips=(FixedIp(subnet.id, address),),
    )


def who_takes_it(*nics):
    """Give the port that a machine has its default route by."""
    return default_route_port(nics, SUBNETS)


def test_the_port_that_was_created_first_takes_the_default_route():
    assert who_takes_it(nic("a", 2), nic("b", 1), nic("c", 3)) == "b"


def test_ports_created_in_the_same_second_are_taken_by_their_ids():
    assert who_takes_it(nic("b", 1), nic("a", 1)) == "a"


def test_a_port_without_an_ipv4_gateway_leaves_the_default_route_to_the_next():
    assert who_takes_it(nic("a", 1, ISOLATED), nic("b", 2, SIX), nic("c", 3)) == "c"
    assert who_takes_it(nic("a", 1, ISOLATED), nic("b", 2, SIX)) is None


def test_a_port_counts_by_the_address_that_it_is_served():
    addresses = [FixedIp(subnet.id, IPv4Address("10.10.10.2")) for subnet in (ISOLATED, SUBNET)]
    two = replace(nic("a", 1), fixed_ips=tuple(addresses))
    assert who_takes_it(two, nic("b", 2)) == "b"
    assert who_takes_it(replace(two, fixed_ips=tuple(reversed(addresses))), nic("b", 2)) == "a"
    served_elsewhere = replace(SUBNET, enable_dhcp=False)
    assert default_route_port([nic("a", 1), nic("b", 2)], {SUBNET.id: served_elsewhere}) is None


def test_a_host_route_to_everywhere_stands_in_for_a_gateway():
    routed = replace(ISOLATED, host_routes=(route("0.0.0.0/0", "10.20.0.254"),))
    nics = [nic("a", 1, ISOLATED), nic("b", 2)]
    assert default_route_port(nics, SUBNETS | {ISOLATED.id: routed}) == "a"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("router", "", "b"),
        ("option:3", "", "b"),
        ("tag:ipxe,router", "", "a"),  # under a condition: others are told one
        ("router", "10.10.10.254", "a"),
        ("router", "nonsense", "a"),
        ("ntp-server", "10.10.10.1", "a"),
        ("121", "", "a"),
    ],
)
def test_a_port_that_withholds_its_router_leaves_the_default_route_to_the_next(name, value, expected):
    first = replace(nic("a", 1), extra_dhcp_opts=(ExtraDhcpOption(name, value),))
    assert who_takes_it(first, nic("b", 2)) == expected


@pytest.mark.parametrize(
    ("opts", "expected"),
    [
        ((("router", "10.20.0.1"),), "a"),
        ((("router", ""), ("121", "0.0.0.0/0,10.20.0.1")), "a"),
        ((("121", "10.30.0.0/16,10.20.0.1"),), "b"),
    ],
)
def test_a_port_whose_own_options_are_a_default_route_needs_no_gateway(opts, expected):
    own = tuple(ExtraDhcpOption(*opt) for opt in opts)
    assert who_takes_it(replace(nic("a", 1, ISOLATED), extra_dhcp_opts=own), nic("b", 2)) == expected


def test_there_is_no_reservation_without_a_server_on_the_subnet():
    elsewhere = replace(SERVER, fixed_ips=(FixedIp("isolated", IPv4Address("10.20.0.3")),))
    services = [service(server=None), service(server=elsewhere)]
    reservations = [reservation_of(served, DEFAULTS) for served in services]
    assert reservations == [SilenceReason.NO_SERVER, SilenceReason.NO_SERVER]


def test_a_port_s_service_knows_the_other_ipv4_subnets_of_its_network():
    off = replace(ISOLATED, id="off", cidr=IPv4Network("10.5.0.0/24"), enable_dhcp=False)
    subnets = {subnet.id: subnet for subnet in (ISOLATED, SUBNET, SIX, off)}
    served = dhcp_service(PORT, NETWORK, subnets, SERVER)
    assert served.other_cidrs == (IPv4Network("10.5.0.0/24"), IPv4Network("10.20.0.0/24"))
    alone = dhcp_service(PORT, NETWORK, {SUBNET.id: SUBNET}, SERVER)
    assert alone == SERVICE


def test_a_reservation_knows_all_addresses_of_the_server_and_of_the_port():
    server = replace(
        SERVER,
        fixed_ips=(*SERVER.fixed_ips, FixedIp("isolated", IPv4Address("10.20.0.3"))),
    )
    reservation = reservation_of(service(server=server), DEFAULTS)
    assert reservation.server_id == 0x0A0A0A03
    assert reservation.server_addresses == {0x0A0A0A03, 0x0A140003}
    assert (reservation.address, reservation.ip_address) == (0x0A0A0A02, IPv4Address("10.10.10.2"))
    assert reservation.addresses == {reservation.address}
    assert (reservation.mac, reservation.server_mac) == (
        bytes.fromhex("fa163efec787"),
        bytes.fromhex("fa163e1d5c81"),
    )


@pytest.mark.parametrize("name", ["mtu", "tag:ipxe,mtu"])
def test_an_mtu_that_is_above_the_network_s_since_that_was_lowered_is_not_told(name):
    served = service(network={"mtu": 1400}, extra=[(name, "1500")])
    assert reservation_of(served, DEFAULTS) == reservation_of(service(network={"mtu": 1400}), DEFAULTS)
    fits = service(network={"mtu": 1400}, extra=[(name, "1300")])
    assert reservation_of(fits, DEFAULTS) != reservation_of(served, DEFAULTS)


@pytest.mark.parametrize("takes_default_route", [True, False])
@pytest.mark.parametrize(
    "opts",
    [
        [],
        [("router", "")],
        [("router", "10.10.10.9,10.10.10.8")],
        [("121", "10.17.0.0/16,10.10.10.9,10.18.0.0/15,0.0.0.0")],
        [("121", "0.0.0.0/0,10.10.10.7")],
        [("classless-static-route", "")],
        [("tag:ipxe,router", "10.10.10.9"), ("mtu", "1400"), ("nonsense", "x")],
    ],
)
@pytest.mark.parametrize(
    "routed", [(), (route("10.19.0.0/17", "10.10.10.6"), route("0.0.0.0/0", "10.10.10.5"))]
)
def test_the_routes_that_a_port_is_told_are_those_of_its_reservation(routed, opts, takes_default_route):
    extra = tuple(ExtraDhcpOption(*opt) for opt in opts)
    port, subnet = replace(PORT, extra_dhcp_opts=extra), replace(SUBNET, host_routes=routed)
    subnets = {SUBNET.id: subnet, ISOLATED.id: replace(ISOLATED, network_id=SUBNET.network_id)}
    service = dhcp_service(port, NETWORK, subnets, SERVER)
    reservation = reservation_of(service, DEFAULTS, default_route=takes_default_route)
    configured, _, _ = configured_for({}, reservation)
    routes = joined(configured.requestable.get(121, b""))
    router = configured.requestable.get(3, b"")[2:6]
    if not routes and router:
        routes = b"\0" + router
    assert encode_routes(told_routes(port, subnets, takes_default_route)) == routes


def joined(encoded):
    """Give the value of an encoded option."""
    return b"".join(part[2:] for part in parts(encoded))
