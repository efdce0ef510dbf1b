"""Networks over tunnels: on which hosts they are, where these are reached, and who is behind them. PURE (it
changes, but does no I/O).

What a host's flows say of others is an intent (networks, ports) and what was last seen (bindings, tunnel
addresses), never what is connected just now: a peer that is away is where it was.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address
from itertools import chain
from typing import TypeVar

from osken_apps.model.addresses import IPAddress, MacAddress
from osken_apps.model.paired import Paired, certain_addresses
from osken_apps.model.resources import Network, NetworkType, Port
from osken_apps.versions import release

T = TypeVar("T")

MAX_COPIES = 2000  # of a frame: as many as fit into a flow
# What the datapath in user space copies to: as many of its actions as fit into 64 KiB.
USERSPACE_COPIES = {NetworkType.VXLAN: 780, NetworkType.GRE: 862, NetworkType.GENEVE: 780}
FEWEST_COPIES = min(USERSPACE_COPIES.values())
MAX_MACHINES = 5000  # of a network, on other hosts, that flows of each are meant for


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class RemotePort:
    """A port of a network over tunnels, as other hosts see it: `address` is where its host is reached.

    All hosts share one, until something of it changes; then there is another one. `known` are its addresses
    with the MAC address that is to be told; only those that are certain.
    """

    network_type: NetworkType
    segmentation_id: int
    address: IPv4Address
    mac_address: MacAddress
    known: tuple[IPAddress, ...] = ()


class Everywhere:
    """A network over tunnels on all hosts that have an address: the addresses of its `hosts`, in order, and
    the `ports` of each, as others see them. `numbers` are the addresses as such, which are looked up a few
    times as fast; `machines` is how many ports there are.

    All hosts share one, until something of it changes; then there is another one.
    """

    __slots__ = ("__weakref__", "hosts", "machines", "numbers", "ports")

    def __init__(
        self, hosts: tuple[IPv4Address, ...] = (), ports: tuple[tuple[RemotePort, ...], ...] = ()
    ) -> None:
        self.hosts = hosts
        self.ports = ports
        self.numbers = tuple(map(int, hosts))
        self.machines = sum(map(len, ports))


NOWHERE = Everywhere()


@dataclass(frozen=True, slots=True)
class Reach:
    """Where a network over tunnels is besides this host: `everywhere` but `here`, which is the host's own
    place among its hosts; None: it has none.

    `shared` are MAC addresses that several machines may have, with the peers where these are.
    `floods_unknown`: there may be machines of other MAC addresses than are known. `has_ipv6`: an IPv6 address
    of a machine there is known.
    """

    network_id: str
    everywhere: Everywhere = NOWHERE
    here: int | None = None
    shared: tuple[tuple[MacAddress, tuple[IPv4Address, ...]], ...] = ()
    floods_unknown: bool = False
    has_ipv6: bool = False

    @property
    def peers(self) -> tuple[IPv4Address, ...]:
        """The addresses of the other hosts, in order."""
        return self.others(self.everywhere.hosts)

    @property
    def numbers(self) -> tuple[int, ...]:
        """The same as numbers."""
        return self.others(self.everywhere.numbers)

    @property
    def ports(self) -> tuple[RemotePort, ...]:
        """The ports of the other hosts, host by host."""
        return tuple(chain.from_iterable(self.others(self.everywhere.ports)))

    @property
    def whereabouts(self) -> tuple[object, ...]:
        """All of it but the single machines."""
        return self.peers, self.shared, self.floods_unknown, self.has_ipv6

    def others(self, by_host: tuple[T, ...]) -> tuple[T, ...]:
        """Give what there is for each other host, out of what there is for each host."""
        here = self.here
        return by_host if here is None else by_host[:here] + by_host[here + 1 :]


@dataclass(frozen=True, slots=True)
class Crowd:
    """A network over tunnels on many other hosts, or with many machines there."""

    network_id: str
    network_type: NetworkType
    hosts: int
    machines: int


def crowd(reach: Reach, network_type: NetworkType) -> Crowd | None:
    """Give a network that may be too large for some datapath; None: it is not."""
    everywhere, here = reach.everywhere, reach.here
    hosts = len(everywhere.hosts) - (here is not None)
    machines = everywhere.machines - (0 if here is None else len(everywhere.ports[here]))
    if machines <= MAX_MACHINES and (hosts <= FEWEST_COPIES or hosts <= USERSPACE_COPIES[network_type]):
        return None
    return Crowd(reach.network_id, network_type, hosts, machines)


def answers_nd(datapath_type: str, version: str) -> bool:
    """Tell whether a datapath can make a neighbor advertisement of a solicitation.

    Open vSwitch's own in user space can, since 2.12 of `version`; the kernel's cannot.
    """
    return datapath_type in ("netdev", "dummy") and release(version) >= (2, 12)


class Spread:
    """On which hosts each network is, by its ports that are bound."""

    def __init__(self) -> None:
        self._hosts: dict[str, dict[str, set[str]]] = {}  # network id -> host -> port ids
        self._placed: dict[str, tuple[str, str]] = {}  # port id -> network id and host

    def put(self, network_id: str, port_id: str, host: str | None) -> None:
        """Note where a port is; None: nowhere."""
        self.drop(port_id)
        if host is not None:
            self._hosts.setdefault(network_id, {}).setdefault(host, set()).add(port_id)
            self._placed[port_id] = (network_id, host)

    def drop(self, port_id: str) -> None:
        """Forget a port."""
        placed = self._placed.pop(port_id, None)
        if placed is None:
            return
        network_id, host = placed
        hosts = self._hosts[network_id]
        hosts[host].discard(port_id)
        if not hosts[host]:
            del hosts[host]
        if not hosts:
            del self._hosts[network_id]

    def networks_of(self, port_ids: Iterable[str]) -> set[str]:
        """Give the networks of ports that are bound."""
        return {self._placed[port_id][0] for port_id in port_ids if port_id in self._placed}

    def networks_at(self, host: str) -> set[str]:
        """Give the networks that a host has."""
        return {network_id for network_id, hosts in self._hosts.items() if host in hosts}

    def hosts_of(self, network_id: str) -> set[str]:
        """Give the hosts that have a network."""
        return set(self._hosts.get(network_id, ()))

    def ports_of(self, network_id: str) -> Iterator[tuple[str, list[str]]]:
        """Give the hosts of a network with the ids of its ports there, in order."""
        for host, port_ids in sorted(self._hosts.get(network_id, {}).items()):
            yield host, sorted(port_ids)


class RemotePorts:
    """The ports as other hosts see them, each made once for all."""

    def __init__(self) -> None:
        self._made: dict[str, tuple[Port, Network, Paired, IPv4Address | None, RemotePort]] = {}

    def of(
        self,
        port: Port,
        network: Network,
        address: IPv4Address,
        pairs: Paired,
        declined: IPv4Address | None,
    ) -> RemotePort:
        """Give a port as seen from other hosts than its own, the same object until it changes; its addresses
        are those that are certain by `pairs` and by what its client `declined`.
        """
        known = self._made.get(port.id)
        if known and known[:4] == (port, network, pairs, declined) and known[4].address == address:
            return known[4]
        certain = tuple(certain_addresses(port, pairs, declined))
        made = _remote_port(port, network, address, certain)
        remote = known[4] if known and _values(known[4]) == _values(made) else made
        self._made[port.id] = (port, network, pairs, declined, remote)
        return remote

    def forget(self, port_id: str) -> None:
        """Forget a port that is gone."""
        self._made.pop(port_id, None)


def _remote_port(
    port: Port, network: Network, address: IPv4Address, known: tuple[IPAddress, ...]
) -> RemotePort:
    number = network.segmentation_id or 0
    return RemotePort(network.network_type, number, address, port.mac_address, known)


def _values(remote: RemotePort) -> tuple[object, ...]:
    return remote.network_type, remote.segmentation_id, remote.address, remote.mac_address, remote.known


def further_macs(port: Port) -> frozenset[MacAddress]:
    """Give the MAC addresses that a port may have besides its own."""
    return frozenset(pair.mac_address for pair in port.allowed_address_pairs) - {port.mac_address}
