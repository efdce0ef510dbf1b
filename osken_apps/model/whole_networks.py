"""Where each network over tunnels is, put together once for all hosts that have it. PURE (it changes, but
does no I/O).

A host's part is cut out of it. What a network's ports, their places and the hosts' addresses make it must be
forgotten when one of these changes.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from osken_apps.model.addresses import MacAddress
from osken_apps.model.tunnels import NOWHERE, Everywhere, Reach, RemotePort


@dataclass(frozen=True, slots=True)
class HostPart:
    """A network's ports on one host that has an address: as others see them, and the MAC addresses of each,
    its own and what it may have besides.

    `is_guarded`: all of them are.
    """

    host: str
    address: IPv4Address
    remotes: tuple[RemotePort, ...]
    macs: tuple[tuple[MacAddress, frozenset[MacAddress]], ...]
    is_guarded: bool


class WholeNetwork:
    """A network over tunnels on all its hosts, in order of their addresses."""

    def __init__(self, network_id: str, parts: Iterable[HostPart], before: "WholeNetwork | None") -> None:
        """Take the parts; `before` is what it was: of that, what is still so is that again."""
        self._network_id = network_id
        self._parts = tuple(sorted(parts, key=lambda part: part.address))
        self._everywhere: Everywhere = _everywhere(self._parts, before._everywhere if before else NOWHERE)
        self._places = {part.host: place for place, part in enumerate(self._parts)}
        self._unguarded = {part.host for part in self._parts if not part.is_guarded}
        self._has_pairs = any(further for part in self._parts for _, further in part.macs)
        self._with_ipv6 = {part.host for part in self._parts if _has_ipv6(part)}
        self._given: dict[str, Reach] = {}
        self._before = before._given if before else {}

    def reach_from(self, host: str) -> Reach:
        """Say where it is besides a host: the same object as long as it is the same."""
        reach = self._given.get(host)
        if reach is None:
            reach = self._put_together(host)
            before = self._before.pop(host, None)
            self._given[host] = reach = before if before == reach else reach
        return reach

    def _put_together(self, host: str) -> Reach:
        return Reach(
            self._network_id,
            self._everywhere,
            self._places.get(host),
            tuple(self._shared(host)) if self._has_pairs else (),
            bool(self._unguarded - {host}),
            bool(self._with_ipv6 - {host}),
        )

    def _shared(self, host: str) -> Iterator[tuple[MacAddress, tuple[IPv4Address, ...]]]:
        """Give the MAC addresses that several machines may have, with their hosts' addresses."""
        there = [(macs, part.address) for part in self._parts if part.host != host for macs in part.macs]
        shared = set().union(*(further for (_, further), _ in there))
        for mac in sorted(shared, key=int):
            holders = {address for (own, further), address in there if mac == own or mac in further}
            yield mac, tuple(sorted(holders))


def _everywhere(parts: tuple[HostPart, ...], before: Everywhere) -> Everywhere:
    hosts = tuple([part.address for part in parts])
    ports = tuple([part.remotes for part in parts])
    return before if (before.hosts, before.ports) == (hosts, ports) else Everywhere(hosts, ports)


def _has_ipv6(part: HostPart) -> bool:
    return any(isinstance(address, IPv6Address) for remote in part.remotes for address in remote.known)


class WholeNetworks:
    """The networks over tunnels as they were last put together."""

    def __init__(self) -> None:
        self._whole: dict[str, WholeNetwork] = {}
        self._before: dict[str, WholeNetwork] = {}

    def forget(self, network_ids: Iterable[str]) -> None:
        """Have these networks put together again when they are asked for."""
        for network_id in network_ids:
            whole = self._whole.pop(network_id, None)
            if whole is not None:
                self._before[network_id] = whole

    def forget_all(self) -> None:
        """Have all networks put together again."""
        self.forget(list(self._whole))

    def reach_from(self, network_id: str, host: str, parts: Callable[[str], Iterable[HostPart]]) -> Reach:
        """Say where a network is besides a host; `parts` gives what it is on each host."""
        whole = self._whole.get(network_id)
        if whole is None:
            before = self._before.pop(network_id, None)
            whole = self._whole[network_id] = WholeNetwork(network_id, parts(network_id), before)
        return whole.reach_from(host)

    def drop(self, network_id: str) -> None:
        """Forget a network that is gone."""
        self._whole.pop(network_id, None)
        self._before.pop(network_id, None)
