"""The wire form of a port's flows, out of that of a port of its kind. PURE.

Ports of one kind differ in their number, their local VLAN and their own addresses: their flows, in the octets
of these. So the flows of a stand-in of the kind are made and encoded as they are declared; where the octets
of its own values are, a port's own are put. Another stand-in, which has nothing in common with the first but
the kind, shows that this is all that differs. Where it is not, the flows are made and encoded for each port.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address
from typing import NamedTuple

from osken_apps.model.addresses import IPNetwork, host_network, mac_address
from osken_apps.model.dhcp_service import DhcpService
from osken_apps.model.port_security import OwnAddress
from osken_apps.model.snapshot import BoundPort
from osken_apps.openflow.flow import Flow
from osken_apps.openflow.wire import Encoded, FlowBody, FlowKey, encode_flows
from osken_apps.pipeline.meters import port_meter

MAX_KINDS = 1024

FlowsOfPort = Callable[[BoundPort, int], Iterable[Flow]]
Parts = tuple[bytes | int, ...]  # octets, and the positions of a port's own values where those are to be put

# Octets that are found nowhere else in a flow.
STAND_IN_MACS = (mac_address("5a:17:c3:e9:0b:6d"), mac_address("9e:71:38:d4:f5:03"))
STAND_IN_NAMES = ("one", "another")
STAND_IN_OFPORTS = (0xBEE5, 0xCA96)
STAND_IN_VLANS = (0xE5B, 0xD36)
STAND_IN_IPV4 = (0xDA61B70D, 0xC79E3F05)
STAND_IN_IPV6 = (0xE3D91C7A5B20F46D81A7C95E3F12D68B, 0xB16E83D5A94C0F7217F85B2CD96E4A31)
STAND_IN_SERVICES = (
    None,
    DhcpService(
        mac_address=STAND_IN_MACS[1],
        address=IPv4Address(STAND_IN_IPV4[1]),
        addresses=(),
        host_name="",
        extra_dhcp_opts=(),
        mtu=0,
        dns_domain="",
        cidr=IPv4Network("0.0.0.0/0"),
        gateway_ip=None,
        dns_nameservers=(),
        host_routes=(),
        server=None,
        server_address=None,
    ),
)


class _Form(NamedTuple):
    """One flow of a kind of port; `body` is whole where it is the same for all of them."""

    table_id: int
    priority: int
    match: Parts
    cookie: int
    instructions: Parts
    body: FlowBody | None


class PortForms:
    """Encodes the flows that `flows_of` gives for a port; `version` is another whenever it gives others."""

    def __init__(self, flows_of: FlowsOfPort, version: Callable[[], object]) -> None:
        self._flows_of = flows_of
        self._version = version
        self._forms = lru_cache(MAX_KINDS)(self._make)

    def encoded(self, bound: BoundPort, max_meters: int) -> Encoded:
        """Give the flows of a port on a bridge that has so many meters, in wire form."""
        if (own := _own_values(bound, max_meters)) is not None:
            forms = self._forms(_stand_in(bound, 0), max_meters, len(own), self._version())
            if forms is not None:
                return [_filled(form, own) for form in forms]
        return self._one_by_one(bound, max_meters)

    def _one_by_one(self, bound: BoundPort, max_meters: int) -> Encoded:
        return encode_flows(self._flows_of(bound, max_meters))

    def _make(
        self, kind: BoundPort, max_meters: int, values: int, _version: object
    ) -> tuple[_Form, ...] | None:
        """Take the flows of a stand-in with so many own values apart; None if they differ in more."""
        other = _stand_in(kind, 1)
        own, others = _own_values(kind, max_meters), _own_values(other, max_meters)
        if own is None or others is None or not len(own) == len(others) == values:
            return None  # it has a meter, and a stand-in has none
        forms = tuple(_form(key, body, own) for key, body in self._one_by_one(kind, max_meters))
        filled = [_filled(form, others) for form in forms]
        return forms if filled == self._one_by_one(other, max_meters) else None


def _own_values(bound: BoundPort, max_meters: int) -> tuple[bytes, ...] | None:
    """Give the values of a port that no other of its kind has, in wire form.

    None if it may send from more than its own MAC address and single addresses.
    """
    meter_id = port_meter(bound.ofport, max_meters)
    numbers = (bound.ofport, bound.segment.local_vlan, *(() if meter_id is None else (meter_id,)))
    values = [number.to_bytes(4, "big") for number in numbers]
    values.append(bound.mac_address.packed)
    for own in bound.guard.addresses if bound.guard else ():
        if own.mac_address != bound.mac_address or own.network.prefixlen != own.network.max_prefixlen:
            return None
        values.append(own.network.network_address.packed)
    return tuple(values)


def _stand_in(bound: BoundPort, which: int) -> BoundPort:
    """Give one of two ports of the same kind, always the same two."""
    guard, mac = bound.guard, STAND_IN_MACS[which]
    if guard is not None:
        versions = enumerate(own.network.version for own in guard.addresses)
        own = (OwnAddress(mac, _stand_in_network(version, which, at)) for at, version in versions)
        guard = replace(guard, addresses=tuple(own))
    name = STAND_IN_NAMES[which]
    segment = replace(
        bound.segment,
        network_id=name,
        physical_network=name,
        segmentation_id=which,
        local_vlan=STAND_IN_VLANS[which],
    )
    return replace(
        bound,
        port_id=name,
        mac_address=mac,
        interface=name,
        ofport=STAND_IN_OFPORTS[which],
        segment=segment,
        dhcp=STAND_IN_SERVICES[which],
        guard=guard,
    )


@lru_cache(64)
def _stand_in_network(version: int, which: int, position: int) -> IPNetwork:
    if version == 4:
        return host_network(IPv4Address(STAND_IN_IPV4[which] + position))
    return host_network(IPv6Address(STAND_IN_IPV6[which] + position))


def _form(key: FlowKey, body: FlowBody, own: tuple[bytes, ...]) -> _Form:
    match, instructions = _taken_apart(key.match, own), _taken_apart(body.instructions, own)
    shared = body if all(isinstance(part, bytes) for part in instructions) else None
    return _Form(key.table_id, key.priority, match, body.cookie, instructions, shared)


def _taken_apart(octets: bytes, own: tuple[bytes, ...]) -> Parts:
    parts = re.split(b"(%s)" % b"|".join(map(re.escape, own)), octets)
    return tuple(own.index(part) if part in own else part for part in parts if part)


def _filled(form: _Form, own: tuple[bytes, ...]) -> tuple[FlowKey, FlowBody]:
    table_id, priority, match, cookie, instructions, shared = form
    key = FlowKey(table_id, priority, _joined(match, own))
    return key, shared or FlowBody(cookie, _joined(instructions, own))


def _joined(parts: Parts, own: tuple[bytes, ...]) -> bytes:
    return b"".join([own[part] if isinstance(part, int) else part for part in parts])
