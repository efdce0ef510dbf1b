"""What a guarded machine says to its DHCP server from an address that its port has no more, and to others."""

from ipaddress import IPv4Address

import pytest

from osken_apps.model.addresses import MacAddress, mac_address
from osken_apps.openflow.fields import Field, Value
from osken_apps.trace.frame import Frame
from osken_apps.trace.result import Way
from osken_apps.trace.site import traced_host
from osken_apps.trace.tracer import trace
from tests.golden.scenarios import GUARDED2, GUARDED3, LAYOUT, SCENARIOS, SERVER3

OFPORT = 2  # of GUARDED2
BEFORE, OTHER = IPv4Address("10.10.30.77"), IPv4Address("10.10.30.3")
SERVER = SERVER3.fixed_ips[0].ip_address
EVERYBODY = IPv4Address("255.255.255.255")
ALL_MACS = mac_address("ff:ff:ff:ff:ff:ff")

CONTROLLER = [Way.CONTROLLER]
ITSELF = [Way.PORT]
DROPPED: list[Way] = []


def exits(frame: dict[Field, Value]) -> list[Way]:
    """Tell where a frame of the machine goes."""
    host = traced_host(LAYOUT, SCENARIOS["guarded"])
    traced = trace([host], "host1", "br-int", OFPORT, Frame.of(frame))
    assert all(leaving.way is not Way.PORT or leaving.port.ofport == OFPORT for leaving in traced.exits)
    return [leaving.way for leaving in traced.exits]


def udp(
    destination: object,
    source: object = BEFORE,
    mac: MacAddress = GUARDED2.mac_address,
    ports: tuple[int, int] = (68, 67),
) -> dict[Field, Value]:
    """Make a datagram, as of a client that renews its lease of the address before."""
    return {
        Field.ETH_SRC: mac,
        Field.ETH_DST: ALL_MACS if destination == EVERYBODY else SERVER3.mac_address,
        Field.ETH_TYPE: 0x0800,
        Field.IPV4_SRC: IPv4Address(str(source)),
        Field.IPV4_DST: IPv4Address(str(destination)),
        Field.IP_PROTO: 17,
        Field.UDP_SRC: ports[0],
        Field.UDP_DST: ports[1],
    }


def arp(about: object, op: int = 1, inside: MacAddress = GUARDED2.mac_address) -> dict[Field, Value]:
    """Make an ARP message from the address before."""
    return {
        Field.ETH_SRC: GUARDED2.mac_address,
        Field.ETH_DST: ALL_MACS,
        Field.ETH_TYPE: 0x0806,
        Field.ARP_OP: op,
        Field.ARP_SHA: inside,
        Field.ARP_SPA: BEFORE,
        Field.ARP_TPA: IPv4Address(str(about)),
    }


@pytest.mark.parametrize("destination", [SERVER, EVERYBODY], ids=["renewing", "rebinding"])
def test_a_renewal_from_an_address_before_is_heard_by_our_server_and_by_nobody_else(
    destination: object,
) -> None:
    assert exits(udp(destination)) == CONTROLLER


def test_who_renews_finds_the_server_from_an_address_before() -> None:
    assert exits(arp(SERVER)) == ITSELF


@pytest.mark.parametrize(
    "frame",
    [
        udp(OTHER),
        udp(SERVER, mac=GUARDED3.mac_address),
        udp(SERVER, ports=(40000, 67)),
        udp(SERVER, ports=(68, 53)),
        udp(EVERYBODY, ports=(68, 68)),
        arp(OTHER),
        arp(SERVER, op=2),
        arp(SERVER, inside=GUARDED3.mac_address),
    ],
    ids=["to another", "with another's MAC", "no client", "no DHCP", "to clients", "who has another",
         "an ARP answer", "another's MAC inside"],
)  # fmt: skip
def test_nothing_else_comes_from_an_address_before(frame: dict[Field, Value]) -> None:
    assert exits(frame) == DROPPED
