"""The addresses that ports of a network may have besides their own, by their allowed address pairs, and those
of a port that are certain to be its own: others are told of no other. PURE.

Pairs are what somebody wants, and count whether their port is up or plugged or not.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from osken_apps.model.addresses import IPAddress, network_of
from osken_apps.model.resources import Port


@dataclass(frozen=True, slots=True)
class Paired:
    """Ranges of addresses, each with its version, its first and its last address as numbers; in order, and
    none meets another.
    """

    ranges: tuple[tuple[int, int, int], ...] = ()

    def __contains__(self, address: IPAddress) -> bool:
        number = int(address)
        place = bisect_right(self.ranges, (address.version, number, 1 << address.max_prefixlen))
        version, _, last = self.ranges[place - 1] if place else (0, 0, 0)
        return version == address.version and number <= last


def paired(ports: Iterable[Port]) -> Paired:
    """Give what the pairs of some ports cover; a machine may take over what a pair of its port covers.

    A prefix that is everything names no address: its port is a router's, which takes over none.
    """
    prefixes = {pair.ip_address for port in ports for pair in port.allowed_address_pairs}
    found = sorted(
        (network.version, int(network.network_address), int(network.broadcast_address))
        for network in map(network_of, prefixes)
        if network.prefixlen
    )
    ranges: list[tuple[int, int, int]] = []
    for version, first, last in found:
        before = ranges[-1] if ranges else (0, 0, 0)
        if before[0] == version and first <= before[2]:
            ranges[-1] = (version, before[1], max(last, before[2]))
        else:
            ranges.append((version, first, last))
    return Paired(tuple(ranges))


def certain_addresses(port: Port, pairs: Paired, declined: IPAddress | None) -> Iterator[IPAddress]:
    """Give the addresses of a port that no machine may take over, as a virtual router's, and that its client
    has not `declined`; `pairs` are those of its network that some port may have besides its own.
    """
    addresses = (fixed.ip_address for fixed in port.fixed_ips)
    return (address for address in addresses if address not in pairs and address != declined)
