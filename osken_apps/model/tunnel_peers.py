"""Which other hosts have ports of each network over tunnels, and at which address each is reached. PURE (it
changes, but does no I/O).

A change is told with the networks that it concerns, before and after; the hosts that have one of them look
again.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from ipaddress import IPv4Address

from osken_apps.model.addresses import MacAddress
from osken_apps.model.paired import Paired
from osken_apps.model.port_security import is_guarded
from osken_apps.model.resources import Network, Port
from osken_apps.model.tunnel_addresses import TunnelAddresses
from osken_apps.model.tunnels import Reach, RemotePort, RemotePorts, Spread, further_macs
from osken_apps.model.whole_networks import HostPart, WholeNetworks

# The network of an id, if it is known, the port of an id, if it carries traffic, and what pairs cover in a
# network: the same object until it changes.
NetworkOf = Callable[[str], Network | None]
PortUp = Callable[[str], Port | None]
PairedIn = Callable[[str], Paired]
Failed = Callable[[str, Exception, str], None]


class TunnelPeers:
    """Ports of networks over tunnels on all hosts, and the addresses of these hosts."""

    def __init__(
        self,
        network_of: NetworkOf,
        port_up: PortUp,
        paired_in: PairedIn,
        declined: Mapping[str, IPv4Address],
        enforce: bool,
        failed: Failed,
    ) -> None:
        """Begin with nothing known.

        `declined`: the addresses that clients found in use, by port id. `enforce`: ports with port security
        are guarded. `failed` is told of errors of ours: what failed, the error, and what port it is about.
        """
        self.addresses = TunnelAddresses()
        self._network_of = network_of
        self._port_up = port_up
        self._paired_in = paired_in
        self._declined = declined
        self._enforce = enforce
        self._failed = failed
        self.hidden: dict[str, str] = {}  # by an error of ours, with their networks: ids of ports
        self.spread = Spread()
        self._remote_ports = RemotePorts()
        self._whole = WholeNetworks()
        self._looking: set[str] = set()  # hosts for which something has changed elsewhere

    def of(self, network_id: str, host: str) -> Reach:
        """Say where a network is besides a host; one without an address is not reached yet."""
        return self._whole.reach_from(network_id, host, self._parts)

    def take_looking(self) -> set[str]:
        """Give, once, the hosts for which something has changed of where others are."""
        looking, self._looking = self._looking, set()
        return looking

    def put(self, port: Port, host: str | None) -> None:
        """Note where a port is; None: nowhere."""
        network = self._network_of(port.network_id)
        if network and network.network_type.is_tunnel:
            self.spread.put(network.id, port.id, host)
            self._whole.forget([network.id])

    def drop(self, port_id: str) -> None:
        """Forget a port that is gone."""
        self.change_of((port_id,))
        self.hidden.pop(port_id, None)
        self.spread.drop(port_id)
        self._remote_ports.forget(port_id)

    def drop_network(self, network_id: str) -> None:
        """Forget a network that is gone."""
        self._whole.drop(network_id)

    def begin_again(self) -> None:
        """Put everything together again when it is asked for."""
        self._whole.forget_all()

    def renamed(self, name: str, new_name: str) -> set[str]:
        """Note that a host is called something else now; give the hosts that have another address now."""
        changed = self.addresses.rename(name, new_name)
        self._whole.forget(self.spread.networks_at(new_name))
        self.change_at(changed)
        return changed

    def change_of(self, port_ids: Iterable[str]) -> None:
        """Have the networks of ports put together again, and their hosts look."""
        self.change_in(self.spread.networks_of(port_ids))

    def change_at(self, hosts: Iterable[str]) -> None:
        """Likewise the networks that one of these hosts has."""
        self.change_in(set().union(*(self.spread.networks_at(host) for host in hosts)))

    def change_in(self, network_ids: Iterable[str]) -> None:
        """Likewise these networks."""
        for network_id in network_ids:
            self._whole.forget([network_id])
            self._looking |= self.spread.hosts_of(network_id)

    def try_again(self, port_ids: Iterable[str]) -> None:
        """Have the networks put together again that lack one of these ports, by an error of ours."""
        self.change_in({self.hidden.pop(port_id) for port_id in port_ids if port_id in self.hidden})

    def _parts(self, network_id: str) -> Iterator[HostPart]:
        network = self._network_of(network_id)
        if network is None:
            return
        pairs = self._paired_in(network_id)
        for host, port_ids in self.spread.ports_of(network_id):
            address = self.addresses.of(host)
            if address is not None and (part := self._part(host, address, network, pairs, port_ids)):
                yield part

    def _part(
        self, host: str, address: IPv4Address, network: Network, pairs: Paired, port_ids: Iterable[str]
    ) -> HostPart | None:
        """Say what a host has of a network; None: nothing that carries traffic.

        A port that an error of ours is about may be there and is not known: its frames are flooded.
        """
        remotes: list[RemotePort] = []
        macs: list[tuple[MacAddress, frozenset[MacAddress]]] = []
        is_guarded_all, lacks_one = self._enforce, False
        for port_id in port_ids:
            try:
                port = self._port_up(port_id)
                if port is None:
                    continue
                remote = self._remote_ports.of(port, network, address, pairs, self._declined.get(port_id))
                further = further_macs(port)
                is_guarded_all = is_guarded_all and is_guarded(port)
            except Exception as error:
                self.hidden[port_id] = network.id
                self._failed("a port could not be told to other hosts", error, f"port {port_id}")
                lacks_one = True
                continue
            remotes.append(remote)
            macs.append((port.mac_address, further))
        if not remotes and not lacks_one:
            return None
        is_known = is_guarded_all and not lacks_one
        return HostPart(host, address, tuple(remotes), tuple(macs), is_known)
