"""The reference's network, VM and DHCP server as a service, and clients' frames made with scapy."""

from collections.abc import Iterable
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from osken_apps.dhcp.reservation import Defaults, reservation_of
from osken_apps.dhcp.server import Outcome
from osken_apps.dhcp.server import respond as respond_by_reservation
from osken_apps.model.addresses import mac_address
from osken_apps.model.dhcp_service import DhcpService, dhcp_service
from osken_apps.model.resources import ExtraDhcpOption, FixedIp, HostRoute, Network, Port, Subnet

VM_MAC = "fa:16:3e:fe:c7:87"
SERVER_MAC = "fa:16:3e:1d:5c:81"
DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE, INFORM = range(1, 9)
XID = 0x1234ABCD

DEFAULTS = Defaults(86400, "openstacklocal", ())
SUBNET = Subnet(
    id="2d7a0a58",
    project_id="p",
    network_id="5f833617",
    cidr=IPv4Network("10.10.10.0/24"),
    gateway_ip=IPv4Address("10.10.10.1"),
)
PORT = Port(
    id="53903a95",
    project_id="p",
    network_id="5f833617",
    mac_address=mac_address(VM_MAC),
    fixed_ips=(FixedIp("2d7a0a58", IPv4Address("10.10.10.2")),),
)
NETWORK = Network(id="5f833617", project_id="p")
SERVER = Port(
    id="26c9b807",
    project_id="p",
    network_id="5f833617",
    mac_address=mac_address(SERVER_MAC),
    fixed_ips=(FixedIp("2d7a0a58", IPv4Address("10.10.10.3")),),
    device_owner="network:dhcp",
)


def respond(
    octets: bytes, served: DhcpService | None, defaults: Defaults = DEFAULTS, **state: bool
) -> Outcome:
    """Answer a frame on the plain way, from the port's service on; `state` is `reservation_of`'s."""
    return respond_by_reservation(octets, reservation_of(served, defaults, **state))


def service(
    subnet: dict[str, Any] | None = None,
    network: dict[str, Any] | None = None,
    port: dict[str, Any] | None = None,
    extra: Iterable[tuple[str, str]] = (),
    server: Port | None = SERVER,
) -> DhcpService:
    """Give the reference's service with some fields changed, and extra DHCP options on the port."""
    opts = tuple(ExtraDhcpOption(name, value) for name, value in extra)
    served = dhcp_service(
        replace(PORT, extra_dhcp_opts=opts, **(port or {})),
        replace(NETWORK, **(network or {})),
        {SUBNET.id: replace(SUBNET, **(subnet or {}))},
        server,
    )
    assert served
    return served


SERVICE = service()


def route(destination: str, nexthop: str) -> HostRoute:
    """Make a host route of a subnet."""
    return HostRoute(IPv4Network(destination), IPv4Address(nexthop))


def frame(
    message_type: int | None,
    *options: tuple[Any, ...],
    asks: Iterable[int] = (),
    ethernet: dict[str, Any] | None = None,
    ip: dict[str, Any] | None = None,
    udp: dict[str, Any] | None = None,
    **bootp: Any,
) -> bytes:
    """Make a client's frame; `message_type` None is BOOTP."""
    listed = list(options)
    if message_type is not None:
        listed.insert(0, ("message-type", message_type))
    if asks:
        listed.append(("param_req_list", list(asks)))
    fields = {"chaddr": bytes.fromhex(VM_MAC.replace(":", "")), "xid": XID} | bootp
    return bytes(
        Ether(**({"src": VM_MAC, "dst": "ff:ff:ff:ff:ff:ff"} | (ethernet or {})))
        / IP(**({"src": "0.0.0.0", "dst": "255.255.255.255"} | (ip or {})))
        / UDP(**({"sport": 68, "dport": 67} | (udp or {})))
        / BOOTP(**fields)
        / DHCP(options=[*listed, "end"])
    )


def tagged(octets: bytes, control: int) -> bytes:
    """Put an 802.1Q tag with this control field (priority, VLAN id) into a frame."""
    return octets[:12] + b"\x81\x00" + control.to_bytes(2, "big") + octets[12:]


def options_of(reply: bytes) -> list[Any]:
    """Give the options of a reply as scapy reads them, without padding."""
    return [option for option in Ether(reply)[DHCP].options if option not in ("pad", "end")]


def raw_options_of(reply: bytes) -> dict[int, bytes]:
    """Give the options of a reply's option field by number, read with the simplest possible code."""
    area, found, at = reply[14 + 20 + 8 + 240 :], {}, 0
    while area[at] != 255:
        number, length = area[at], area[at + 1]
        found[number] = found.get(number, b"") + area[at + 2 : at + 2 + length]
        at += 2 + length
    return found
