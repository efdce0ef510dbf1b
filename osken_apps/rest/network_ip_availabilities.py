"""How many addresses networks and their subnets have, and how many are taken."""

from dataclasses import dataclass
from typing import Any

from osken_apps.errors import NetworkNotFound
from osken_apps.rest.attribute import NAME, Attribute
from osken_apps.rest.listing import values_named
from osken_apps.rest.read_only import OBJECTS, ReadContext, ReadOnlyCollection, shown
from osken_apps.rest.rules import ADMIN
from osken_apps.rest.types import UUID, choice, integer, parse_integer

ADDRESSES = integer(0, 2**128)
IP_VERSION = Attribute(
    "ip_version",
    choice(4, 6, convert=parse_integer),
    post=False,
    put=False,
    filter=True,
    hidden=True,
    get=lambda use, _context: tuple(subnet.ip_version for subnet in use.subnets),
)


@dataclass(frozen=True, slots=True)
class SubnetUse:
    """How many addresses a subnet has and how many are taken."""

    subnet_id: str
    subnet_name: str
    cidr: str
    ip_version: int
    total_ips: int
    used_ips: int


@dataclass(frozen=True, slots=True)
class NetworkUse:
    """How many addresses the subnets of a network have and how many are taken."""

    id: str
    network_name: str
    project_id: str
    subnets: tuple[SubnetUse, ...]


def _subnet_use(use: SubnetUse) -> dict[str, Any]:
    return {name: getattr(use, name) for name in SubnetUse.__slots__}


ATTRIBUTES = (
    shown("network_id", UUID, model_field="id"),
    shown("network_name", NAME),
    shown("tenant_id", NAME, model_field="project_id"),
    shown("project_id", NAME),
    shown("total_ips", ADDRESSES, lambda use: sum(subnet.total_ips for subnet in use.subnets)),
    shown("used_ips", ADDRESSES, lambda use: sum(subnet.used_ips for subnet in use.subnets)),
    IP_VERSION,
    shown("subnet_ip_availability", OBJECTS, lambda use: [_subnet_use(subnet) for subnet in use.subnets]),
)


def _network_uses(context: ReadContext) -> list[NetworkUse]:
    """Count by network; a list of one IP version counts the subnets of that version only, as in Neutron."""
    used = context.view.counts.addresses_in_use()
    versions = values_named(IP_VERSION, context.parameters) or (4, 6)
    by_network: dict[str, list[SubnetUse]] = {}
    for subnet in context.view.subnets():
        if subnet.ip_version not in versions:
            continue
        total = sum(int(pool.end) - int(pool.start) + 1 for pool in subnet.allocation_pools)
        use = SubnetUse(
            subnet.id, subnet.name, str(subnet.cidr), subnet.ip_version, total, used.get(subnet.id, 0)
        )
        by_network.setdefault(subnet.network_id, []).append(use)
    return [
        NetworkUse(network.id, network.name, network.project_id, tuple(by_network.get(network.id, ())))
        for network in context.view.networks()
    ]


NETWORK_IP_AVAILABILITIES = ReadOnlyCollection(
    "network_ip_availabilities",
    "network_ip_availability",
    ATTRIBUTES,
    {"get_network_ip_availability": ADMIN},
    _network_uses,
    NetworkNotFound,
)
