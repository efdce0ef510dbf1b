"""Which of a machine's ports takes its default route, and what a port's reservation holds."""

from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from osken_apps.dhcp.decision import SilenceReason
from osken_apps.dhcp.reservation import reservation_of, takes_default_route
from osken_apps.model.dhcp_service import dhcp_service
from osken_apps.model.resources import FixedIp, Subnet
from tests.packet.dhcp_scenario import DEFAULTS, NETWORK, PORT, SERVER, SERVICE, SUBNET, service

ISOLATED = Subnet(id="isolated", project_id="p", network_id="n2", cidr=IPv4Network("10.20.0.0/24"))
SIX = Subnet(
    id="six",
    project_id="p",
    network_id="n3",
    cidr=IPv6Network("2001:db8::/64"),
    gateway_ip=IPv6Address("2001:db8::1"),
)
SUBNETS = {subnet.id: subnet for subnet in (SUBNET, ISOLATED, SIX)}


def nic(port_id, second, subnet=SUBNET, device="vm1"):
    """Make a port of a machine, created at a second of the minute."""
    return replace(
        PORT,
        id=port_id,
        device_id=device,
        created_at=datetime(2026, 1, 1, 0, 0, second, tzinfo=UTC),
        fixed_ips=(FixedIp(subnet.id, IPv4Address("10.10.10.2")),),
    )


def who_takes_it(*nics):
    """Give the ports that take the default route of their machine."""
    return [port.id for port in nics if takes_default_route(port, nics, SUBNETS)]


def test_the_port_that_was_created_first_takes_the_default_route():
    assert who_takes_it(nic("a", 2), nic("b", 1), nic("c", 3)) == ["b"]


def test_ports_created_in_the_same_second_are_taken_by_their_ids():
    assert who_takes_it(nic("b", 1), nic("a", 1)) == ["a"]


def test_a_port_without_an_ipv4_gateway_leaves_the_default_route_to_the_next():
    assert who_takes_it(nic("a", 1, ISOLATED), nic("b", 2, SIX), nic("c", 3)) == ["c"]


def test_ports_of_different_machines_and_of_none_take_their_own():
    assert who_takes_it(nic("a", 1), nic("b", 2, device="vm2"), nic("c", 3, device="")) == ["a", "b", "c"]


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
