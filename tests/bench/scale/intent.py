"""The intent of the benchmark: networks and ports, written to a database by the store's own code.

Hosts belong to tenants of some networks each, as rented machines do: a host has ports in its tenant's
networks only, and every network spans many hosts. Guarded ports are in their tenant's default group. Over
tunnels a network is on as many hosts as it has ports, drawn from all: so nearly all hosts share a network.
"""

import random
import uuid
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network

from osken_apps.model.allocation import default_gateway, default_pools, generated_mac
from osken_apps.model.resources import FixedIp, Network, NetworkType, Port, Subnet
from osken_apps.networking.security_groups import default_group
from osken_apps.networking.terms import Terms
from osken_apps.store.store import Store

PHYSICAL_NETWORK = "default"
FIRST_SEGMENT = 1000
FIRST_ADDRESS = 2
PORTS_A_TRANSACTION = 5000


@dataclass(frozen=True)
class Size:
    """How large: hosts, networks (a multiple of a tenant's), ports plugged into each host."""

    hosts: int
    networks: int
    ports_per_host: int
    networks_of_a_tenant: int = 10
    guarded: bool = False
    tunnels: bool = False

    @property
    def ports(self) -> int:
        """All ports."""
        return self.hosts * self.ports_per_host

    @property
    def tenants(self) -> int:
        """How many own the networks."""
        return max(1, self.networks // self.networks_of_a_tenant)

    def project(self, network: int) -> str:
        """Name the tenant of a network."""
        return f"tenant{network // self.networks_of_a_tenant % self.tenants}"


@dataclass(frozen=True)
class Intent:
    """What the database holds: network ids, and the port ids of each host."""

    size: Size
    network_ids: tuple[str, ...]
    port_ids: tuple[tuple[str, ...], ...]

    def network_of(self, host: int, index: int) -> str:
        """Give the id of the network that a host's port is in."""
        return self.network_ids[network_number(self.size, host, index)]

    def concerned(self, host: int, index: int) -> set[int]:
        """Give the hosts that hear of another port of that network on that host."""
        if not self.size.tunnels:
            return {host}
        number = network_number(self.size, host, index)
        return {at // self.size.ports_per_host for at, of in enumerate(_drawn(self.size)) if of == number}


def network_number(size: Size, host: int, index: int) -> int:
    """Say which network a host's port is in."""
    if size.tunnels:
        return _drawn(size)[host * size.ports_per_host + index % size.ports_per_host]
    width = min(size.networks, size.networks_of_a_tenant)
    return host % size.tenants * width + index % width


@lru_cache
def _drawn(size: Size) -> tuple[int, ...]:
    """Draw the networks of all ports, the same each time."""
    numbers = [number % size.networks for number in range(size.ports)]
    random.Random(0).shuffle(numbers)
    return tuple(numbers)


def fill(url: str, size: Size) -> Intent:
    """Write networks, subnets and ports; nothing is bound."""
    store = Store(url)
    try:
        networks = [_network(size, number) for number in range(size.networks)]
        subnets = [_subnet(number, network) for number, network in enumerate(networks)]
        groups: dict[str, tuple[str, ...]] = {}
        with store.write() as transaction:
            for network in networks:
                transaction.create(network)
                if size.guarded and network.project_id not in groups:
                    group = default_group(transaction, network.project_id, Terms(network.project_id))
                    groups[network.project_id] = (group.id,) if group else ()
            for subnet in subnets:
                transaction.create(subnet)
        ports = _ports(size, subnets, groups)
        for start in range(0, len(ports), PORTS_A_TRANSACTION):
            with store.write() as transaction:
                for port in ports[start : start + PORTS_A_TRANSACTION]:
                    transaction.create(port)
    finally:
        store.close()
    each = size.ports_per_host
    ids = [port.id for port in ports]
    dealt = tuple(tuple(ids[host * each : (host + 1) * each]) for host in range(size.hosts))
    return Intent(size, tuple(network.id for network in networks), dealt)


def _network(size: Size, number: int) -> Network:
    return Network(
        str(uuid.uuid4()),
        size.project(number),
        f"net{number}",
        network_type=NetworkType.VXLAN if size.tunnels else NetworkType.VLAN,
        physical_network="" if size.tunnels else PHYSICAL_NETWORK,
        segmentation_id=FIRST_SEGMENT + number,
        port_security_enabled=size.guarded,
        mtu=1450 if size.tunnels else 1500,
    )


def _subnet(number: int, network: Network) -> Subnet:
    cidr = IPv4Network((0x0A000000 + (number << 12), 20))
    gateway = default_gateway(cidr)
    return Subnet(
        str(uuid.uuid4()),
        network.project_id,
        network_id=network.id,
        cidr=cidr,
        gateway_ip=gateway,
        allocation_pools=default_pools(cidr, gateway),
    )


def _ports(size: Size, subnets: list[Subnet], groups: dict[str, tuple[str, ...]]) -> list[Port]:
    given = [FIRST_ADDRESS] * size.networks
    ports = []
    for number in range(size.ports):
        host, index = divmod(number, size.ports_per_host)
        which = network_number(size, host, index)
        subnet = subnets[which]
        fixed_ip = FixedIp(subnet.id, subnet.cidr.network_address + given[which])
        given[which] += 1
        ports.append(
            Port(
                str(uuid.uuid4()),
                subnet.project_id,
                network_id=subnet.network_id,
                mac_address=generated_mac(number),
                fixed_ips=(fixed_ip,),
                port_security_enabled=size.guarded,
                security_groups=groups.get(subnet.project_id, ()),
            )
        )
    return ports
