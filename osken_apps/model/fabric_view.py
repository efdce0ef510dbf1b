"""All hosts as the controller sees them, and the store's intent for them: what may be asked. PURE; asking
changes nothing but `set_aside`: a port that an error of ours is met about comes into it.
"""

from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import replace
from ipaddress import IPv4Address

from osken_apps.model.claims import Claims
from osken_apps.model.dhcp_service import served_address
from osken_apps.model.host import Interface, ShownHost
from osken_apps.model.host_names import HostNames
from osken_apps.model.interface_names import port_id_prefix
from osken_apps.model.inventory import Inventory
from osken_apps.model.paired import Paired
from osken_apps.model.port_security import Guard, is_guarded
from osken_apps.model.resources import Binding, Network, Port
from osken_apps.model.snapshot import Layout
from osken_apps.model.told import Told
from osken_apps.model.tunnel_peers import TunnelPeers

Plugged = tuple[Port, str]  # with its interface
MAY_COME = "whether a port may come to a host could not be told"  # as an error of ours is told

#: Takes what failed (with no ids in it), the error, and what it is about.
Failed = Callable[[str, Exception, str], None]


def raised(what: str, error: Exception, detail: str) -> None:
    """Let an error of ours cost all there is, as where somebody looks for errors."""
    raise error


class FabricView:
    """Intent, hosts, and which port is plugged into which host.

    `conflicts` are, by port id, the addresses that clients declined. `set_aside` are the ids of ports that an
    error of ours is about: they stay as they are.
    """

    def __init__(
        self, layout: Layout, remove_unknown: bool = False, enforce: bool = True, failed: Failed = raised
    ) -> None:
        """Begin with nothing known.

        `remove_unknown`: the traffic of ports that the store does not know is ended. `enforce`: ports with
        port security are guarded. `failed` is told of errors of ours that cost one port.
        """
        self.failed = failed
        self.layout = layout
        self.remove_unknown = remove_unknown
        self.enforce = enforce
        self.inventory = Inventory()
        self.hosts: dict[str, ShownHost] = {}
        self.names = HostNames()
        self.claims = Claims()
        self.conflicts: dict[str, IPv4Address] = {}
        self.tunnel_peers = TunnelPeers(
            self._network, self._port_up, self._paired_in, self.conflicts, enforce, failed
        )
        self.told = Told()
        self.set_aside: set[str] = set()

    # -- hosts and their names

    def shown(self, name: str) -> ShownHost:
        """Give what a host shows; one that is not known, or not any more, shows nothing and stays unknown."""
        return self.hosts.get(name) or ShownHost(name)

    def called_now(self, name: str) -> str:
        """Say which host a name means: the one that is called so, else the one that was."""
        return name if name in self.hosts else self.names.name_now(name)

    def other_names(self, name: str) -> tuple[str, ...]:
        """Give the names that mean a host besides its own."""
        return tuple(former for former in self.names.former_names(name) if former not in self.hosts)

    def as_wanted(self, port: Port) -> Port:
        """Give a port with the hosts that it is wanted at, or may move to, as they are called now."""
        wanted, ways = self.called_now(port.requested_host), port.inactive_bindings
        now = tuple(self.called_now(way.host) for way in ways)
        if wanted == port.requested_host and now == tuple(way.host for way in ways):
            return port
        moved = tuple(replace(way, host=host) for way, host in zip(ways, now, strict=True))
        return replace(port, requested_host=wanted, inactive_bindings=moved)

    def binding_of(self, port: Port) -> Binding | None:
        """Give where the store holds a port as bound, its host as it is called now."""
        if port.binding is None:
            return None
        now = self.called_now(port.binding.host)
        return port.binding if now == port.binding.host else replace(port.binding, host=now)

    def recorded_at(self, host: ShownHost) -> Iterator[Port]:
        """Give the ports that the store holds as bound to a host, by its name or one that it had before and
        nobody has now.
        """
        for name in (host.name, *self.other_names(host.name)):
            yield from self.inventory.bound_to(name)

    def count_recorded_at(self, name: str) -> int:
        """Count the ports that the store holds as bound to the host of a name."""
        return sum(self.inventory.count_bound_to(it) for it in (name, *self.other_names(name)))

    def ready(self, host_name: str) -> bool:
        """Tell whether enough is known of a host to say what it should have."""
        host = self.shown(host_name)
        is_shown = self.layout.integration_bridge in host.ofports and not host.returning
        return self.inventory.loaded and is_shown

    @property
    def mark(self) -> str:
        """What the port rows are marked with that this store's controllers have tagged."""
        return self.inventory.store_id or "true"

    # -- ports on hosts

    def claimed_by(self, host: ShownHost) -> Iterator[Port]:
        """Give the ports that interfaces of a host claim, whoever has them."""
        seen: set[str] = set()
        for claim in host.claims:
            port = self.inventory.port_claimed_by(claim)
            if port and port.id not in seen:
                seen.add(port.id)
                yield port

    def claims_on(self, port_id: str) -> Mapping[str, tuple[str, ...]]:
        """Give the interfaces that claim a port, by host."""
        return self.claims.of(port_id, port_id_prefix(port_id))

    def claimants_of(self, port_id: str) -> list[str]:
        """Name the hosts that claim a port."""
        return sorted(self.claims_on(port_id))

    def ports_at(self, host: ShownHost) -> set[str]:
        """Give the ports that a host claims or has, also by what the store holds."""
        known = {port.id for port in (*self.claimed_by(host), *self.recorded_at(host))}
        return known | self.claims.placed_at(host.name)

    def hosts_of(self, port_id: str) -> set[str]:
        """Name the hosts that claim a port or have it."""
        place = self.claims.place_of(port_id)
        return {*self.claims_on(port_id), *([place.host] if place else [])}

    def plugged(self, host: ShownHost) -> Iterator[Plugged]:
        """Give the ports that a host has and that are up, each with its interface."""
        for port in self.claimed_by(host):
            place = self.claims.place_of(port.id)
            if place and place.host == host.name and self._carries(host, port):
                yield port, place.interface

    def served_and_aside(
        self, host: ShownHost, besides: Container[str] = ()
    ) -> tuple[list[Plugged], list[Plugged]]:
        """Give those that are served, and those that are set aside or `besides`, each by id."""
        served: list[Plugged] = []
        aside: list[Plugged] = []
        for port, interface in sorted(self.plugged(host), key=lambda item: item[0].id):
            is_aside = port.id in self.set_aside or port.id in besides
            (aside if is_aside else served).append((port, interface))
        return served, aside

    def waiting(self, host: ShownHost) -> Iterator[Plugged]:
        """Give the ports that a host claims and may have, and another or nobody has, each with the interface
        that would have it.
        """
        for port in self.claimed_by(host):
            place = self.claims.place_of(port.id)
            is_here = place is not None and place.host == host.name
            if not is_here and (interface := self._waits_at(host, port)):
                yield port, interface

    def orphans(self, host: ShownHost) -> Iterator[Interface]:
        """Give the interfaces of a host that carry ports which the store does not know, and are to; and those
        of ports that are elsewhere by the store, which may be of yesterday, and are awaited there.
        """
        for interface in () if self.remove_unknown else host.tagged_interfaces():
            port_id = interface.iface_id
            if port_id not in self.inventory.ports:
                if port_id not in self.inventory.departed:
                    yield interface
            elif self.is_awaited_elsewhere(host, port_id):
                yield interface

    def is_awaited_elsewhere(self, host: ShownHost, port_id: str) -> bool:
        """Tell whether a port that may be here is at another host that has not connected since the start, and
        may yet.
        """
        place = self.claims.place_of(port_id)
        if place is None or place.host == host.name or not self.shown(place.host).awaited:
            return False
        port = self.inventory.ports.get(port_id)
        return port is not None and self._may_come(host, port)

    def _carries(self, host: ShownHost, port: Port) -> bool:
        """Tell whether a port that a host has is to carry traffic there, or is to stay as it is."""
        try:
            return port.id in self.set_aside or (self.is_up(port) and self.can_guard(host, port))
        except Exception as error:
            self.leave(port.id, "whether a port is to carry traffic could not be told", error)
            return True

    def _waits_at(self, host: ShownHost, port: Port) -> str:
        """Name the interface that would have a port here that another host has; empty: it may not come."""
        try:
            return self.claims_on(port.id)[host.name][0] if self._may_come(host, port) else ""
        except Exception as error:
            self.leave(port.id, MAY_COME, error)
            return ""

    def _may_come(self, host: ShownHost, port: Port) -> bool:
        """Tell whether a port is up, and may be at a host."""
        try:
            return self.as_wanted(port).may_run_at(host.name) and self.is_up(port)
        except Exception as error:
            self.leave(port.id, MAY_COME, error)
            return False

    def leave(self, port_id: str, what: str, error: Exception) -> None:
        """Have a port stay as it is, as an error of ours is about it; `what` says what failed."""
        self.set_aside.add(port_id)
        self.failed(what, error, f"port {port_id}")

    # -- what a port is to have

    def is_up(self, port: Port) -> bool:
        """Tell whether a port is to carry traffic."""
        network = self.inventory.networks[port.network_id]
        return port.admin_state_up and network.admin_state_up and not port.is_dhcp_server

    def can_guard(self, host: ShownHost, port: Port) -> bool:
        """Tell whether a host can do for a port what its security asks for, if it has any."""
        return host.tracks or not self.is_guarded(port)

    def is_guarded(self, port: Port) -> bool:
        """Tell whether what a port sends and gets is looked at."""
        return self.enforce and is_guarded(port)

    def may_be_guarded(self, port: Port) -> bool:
        """Tell the same; of a port about which that cannot be told, that it is."""
        try:
            return self.is_guarded(port)
        except Exception as error:
            self.leave(port.id, "whether a port is guarded could not be told", error)
            return True

    def guard_of(self, port: Port) -> Guard | None:
        """Say how a port is guarded; None if it is not."""
        return self.inventory.guard_of(port) if self.enforce else None

    def conflict_of(self, port: Port) -> IPv4Address | None:
        """Give the address that DHCP serves to a port, if its client found it in use.

        What a client declined before its port was given another address is no conflict of that.
        """
        declined = self.conflicts.get(port.id)
        if declined is None:
            return None
        served = served_address(port, self.inventory.subnets_of(port.network_id))
        return declined if served and served[0] == declined else None

    def _network(self, network_id: str) -> Network | None:
        return self.inventory.networks.get(network_id)

    def _paired_in(self, network_id: str) -> Paired:
        return self.inventory.paired_in(network_id)

    def _port_up(self, port_id: str) -> Port | None:
        port = self.inventory.ports.get(port_id)
        return port if port and self.is_up(port) else None
