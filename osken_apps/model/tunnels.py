"""Networks over tunnels: on which hosts they are, where these are reached, and who is behind them. PURE (it
changes, but does no I/O).

What a host's flows say of others is an intent (networks, ports) and what was last seen (bindings, tunnel
addresses), never what is connected just now: a peer that is away is where it was.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address
from itertools import chain
from typing import TypeVar

from osken_apps.model.addresses import IPAddress, MacAddress
from osken_apps.model.resources import Network, NetworkType, Port

T = TypeVar("T")

SET_ADDRESS = "ovs-vsctl set Open_vSwitch . other_config:local_ip=ADDRESS"
MAX_COPIES = 2000  # of a frame: as many as fit into a flow
# What the datapath in user space copies to: as many of its actions as fit into 64 KiB.
USERSPACE_COPIES = {NetworkType.VXLAN: 780, NetworkType.GRE: 862, NetworkType.GENEVE: 780}
FEWEST_COPIES = min(USERSPACE_COPIES.values())
MAX_MACHINES = 5000  # of a network, on other hosts, that flows of each are meant for


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class RemotePort:
    """A port of a network over tunnels, as other hosts see it: `address` is where its host is reached.

    All hosts share one, until something of it changes; then there is another one. `known` are its addresses
    with the MAC address that is to be told; none of those that another machine may take over.
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
    numbers = [int(part) if part.isdecimal() else 0 for part in version.split(".")[:2]]
    return datapath_type in ("netdev", "dummy") and numbers >= [2, 12]


class TunnelAddresses:
    """Where each host is reached, by what it shows or what is kept of it; no two hosts have one address."""

    def __init__(self) -> None:
        self._shown: dict[str, str] = {}
        self._showing: dict[IPv4Address, set[str]] = {}
        self._holders: dict[IPv4Address, str] = {}
        self._addresses: dict[str, IPv4Address] = {}

    def keep(self, host: str, text: str) -> set[str]:
        """Take what is kept of a host that has not shown itself yet; give the hosts that have another one."""
        return set() if host in self._shown else self.show(host, text)

    def show(self, host: str, text: str) -> set[str]:
        """Take what a host shows, empty for nothing; give the hosts that have another address now."""
        if self._shown.get(host) == text:
            return set()
        self._note(host, text)
        return self._settle(host)

    def forget(self, host: str) -> set[str]:
        """Forget a host; give the hosts that have another address now."""
        self._note(host, None)
        return self._settle(host)

    def rename(self, host: str, new_name: str) -> None:
        """Note that a host is called something else now."""
        if host not in self._shown:
            return
        self._note(new_name, self._note(host, None))
        address = self._addresses.pop(host, None)
        if address is not None:
            self._addresses[new_name], self._holders[address] = address, new_name

    def of(self, host: str) -> IPv4Address | None:
        """Give where a host is reached; None: nobody knows."""
        return self._addresses.get(host)

    def rivals(self, host: str) -> list[str]:
        """Name the other hosts that show the address of a host."""
        address = usable_address(self._shown.get(host, ""))
        return sorted(self._showing[address] - {host}) if address else []

    def why_not(self, host: str) -> str:
        """Say in words what must be put right for a host to have an address; empty: it has one."""
        if host in self._addresses:
            return ""
        text = self._shown.get(host, "")
        if not text:
            return f"host {host} to have a tunnel address: {SET_ADDRESS}"
        address = usable_address(text)
        if address is None:
            return (
                f"host {host} to have a tunnel address that is IPv4 and a host's, not {text}: {SET_ADDRESS}"
            )
        other = self._holders[address]
        return f"host {host} to have a tunnel address that is not also {other}'s, as {text} is: {SET_ADDRESS}"

    def _note(self, host: str, text: str | None) -> str | None:
        """Note what a host shows now; give what it showed before."""
        before = self._shown.pop(host, None)
        if (address := usable_address(before or "")) is not None:
            self._showing[address].discard(host)
            if not self._showing[address]:
                del self._showing[address]
        if text is not None:
            self._shown[host] = text
            if (address := usable_address(text)) is not None:
                self._showing.setdefault(address, set()).add(host)
        return before

    def _settle(self, host: str) -> set[str]:
        before, now = self._addresses.pop(host, None), usable_address(self._shown.get(host, ""))
        changed = {host}
        if before is not None:
            del self._holders[before]
        if now is not None and now not in self._holders:
            self._addresses[host], self._holders[now] = now, host
        if before is not None and before != now:
            heir = min(self._showing.get(before, ()), default=None)
            if heir is not None:
                self._addresses[heir], self._holders[before] = before, heir
                changed.add(heir)
        return changed


@lru_cache(1 << 14)
def usable_address(text: str) -> IPv4Address | None:
    """Read an address at which a host can be reached; None if it is none."""
    try:
        address = IPv4Address(text)
    except AddressValueError:
        return None
    useless = address.is_unspecified or address.is_multicast or address.is_loopback
    return None if useless or address.is_reserved else address


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
        self._made: dict[str, tuple[Port, Network, RemotePort]] = {}

    def of(self, port: Port, network: Network, address: IPv4Address) -> RemotePort:
        """Give a port as seen from other hosts than its own, the same object until it changes."""
        known = self._made.get(port.id)
        if known and known[0] is port and known[1] is network and known[2].address == address:
            return known[2]
        made = _remote_port(port, network, address)
        remote = known[2] if known and _values(known[2]) == _values(made) else made
        self._made[port.id] = (port, network, remote)
        return remote

    def forget(self, port_id: str) -> None:
        """Forget a port that is gone."""
        self._made.pop(port_id, None)


def _remote_port(port: Port, network: Network, address: IPv4Address) -> RemotePort:
    number = network.segmentation_id or 0
    return RemotePort(network.network_type, number, address, port.mac_address, tuple(certain_addresses(port)))


def _values(remote: RemotePort) -> tuple[object, ...]:
    return remote.network_type, remote.segmentation_id, remote.address, remote.mac_address, remote.known


def certain_addresses(port: Port) -> Iterator[IPAddress]:
    """Give the addresses of a port that no other machine may take over, as a virtual router's."""
    paired = {pair.ip_address for pair in port.allowed_address_pairs}
    return (fixed.ip_address for fixed in port.fixed_ips if str(fixed.ip_address) not in paired)


def further_macs(port: Port) -> set[MacAddress]:
    """Give the MAC addresses that a port may have besides its own."""
    return {pair.mac_address for pair in port.allowed_address_pairs} - {port.mac_address}
