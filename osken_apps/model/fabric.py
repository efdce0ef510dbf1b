"""All hosts as the controller sees them: what is plugged where. PURE (it changes, but does no I/O).

It changes with every change of intent and every observation, and names the hosts that must be looked at
again; it sends nothing. Bridges report their ports (OpenFlow), OVSDB sessions report interfaces. What may be
asked is in `fabric_view`, who has a port is decided in `placement`, and what follows for one host is made by
`host_snapshot`.
"""

from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv4Address
from typing import TypeVar

from osken_apps.model.changes import Change, Deleted, Upserted
from osken_apps.model.claims import Place
from osken_apps.model.fabric_view import FabricView, Failed, raised
from osken_apps.model.host import Interface, ShownHost
from osken_apps.model.inventory import Inventory
from osken_apps.model.placement import Placement
from osken_apps.model.resources import Port
from osken_apps.model.snapshot import MAX_METERS, Layout
from osken_apps.model.turns import in_turns

T = TypeVar("T")
R = TypeVar("R")


class Fabric(FabricView):
    """Takes what changes; the hosts that a change concerns are given, to be looked at again."""

    def __init__(
        self, layout: Layout, remove_unknown: bool = False, enforce: bool = True, failed: Failed = raised
    ) -> None:
        """Begin with nothing known; see `FabricView`."""
        super().__init__(layout, remove_unknown, enforce, failed)
        self._placement = Placement(self)

    def host(self, name: str) -> ShownHost:
        """Give the host of that name; one never seen before starts empty."""
        if name not in self.hosts:
            self._placement.dispute(name)
            self.hosts[name] = ShownHost(name)
        return self.hosts[name]

    # -- intent

    def adopt(
        self,
        inventory: Inventory,
        pause: Callable[[], object] = lambda: None,
    ) -> set[str]:
        """Take an inventory that was filled part by part in place of the one before; give all hosts.

        Calls `pause` where it may take long; until the first one is taken whole, no host is ready. An
        error about one port or host costs that one.
        """
        known, attempt = self.inventory, self.attempt
        inventory.loaded = known.loaded
        known.departed.add(inventory.departed)
        inventory.departed = known.departed
        self.inventory = inventory
        self.told.clear()
        self.set_aside.clear()
        attempt(self.names.keep, inventory.identities.values())
        if not inventory.loaded:
            attempt(self._recall_names, inventory)
        for port in in_turns(list(inventory.ports.values()), pause):
            attempt(self._recall, port)
        for kept in inventory.tunnel_addresses.items():
            attempt(self._keep_address, kept)
        self.tunnel_peers.begin_again()
        for host in in_turns(list(self.hosts.values()), pause):
            if self.hosts.get(host.name) is host:
                attempt(self._placement.claim, host)
        for port_id in in_turns(list(inventory.ports.keys() | known.ports.keys()), pause):
            attempt(self._placement.decide, (port_id,))
        self.tunnel_peers.begin_again()
        inventory.groups.take_changed()  # all of them are new, and all hosts are looked at
        inventory.take_pairs_changed()
        inventory.loaded = True
        return set(self.hosts)

    def attempt(self, step: Callable[[T], R], thing: T) -> R | None:
        """Do one step of taking what the store has; an error costs that step and nothing else."""
        try:
            return step(thing)
        except Exception as error:
            self.failed("a change of intent was not taken", error, "")
            return None

    def _recall_names(self, inventory: Inventory) -> None:
        """Have names of before mean the hosts that the store has by them: it had these beside those that were
        called so. Which of them are one, their sessions will show.
        """
        for identity in inventory.identities.values():
            for name in inventory.identities.keys() & identity.former_names:
                self.host(name)

    def _keep_address(self, kept: tuple[str, str]) -> None:
        """Take what the store has of where a host, by its name, is reached."""
        name, address = kept
        self.tunnel_peers.addresses.keep(name, address)
        if name not in self.hosts or self.hosts[name].gone:
            self.tunnel_peers.addresses.doubt(name)

    def _recall(self, port: Port) -> None:
        """Take what the store has of a port's place; until a snapshot was taken whole it is there."""
        if binding := self.binding_of(port):
            host = self.host(binding.host)
            host.recall_local_vlan(port.network_id, binding.local_vlan)
            if not self.inventory.loaded:
                self._placement.place(port, Place(host.name, binding.interface))
                self._placement.hear_again(port, host.name)

    def apply(self, changes: Iterable[Change]) -> set[str]:
        """Take changes of intent, one by one: an error costs the one that met it. Give the hosts that they
        concern.
        """
        concerned: set[str] = set()
        for change in changes:
            concerned |= self.attempt(self._apply, change) or set()
        return concerned

    def _apply(self, change: Change) -> set[str]:
        recorded, decided = self._recorded_host(change), self._decided(change)
        touched = self.told.disputed(change, self.inventory.ports) | self.inventory.apply(change)
        recorded_anew = recorded ^ self._recorded_host(change)
        changed_groups = self.inventory.groups.take_changed()
        self.set_aside -= touched | self._aside_with(changed_groups)
        # What the store records of a host is a claim of it where OVSDB shows none, as long as it does.
        unshown = [self.hosts[name] for name in recorded_anew if not self.hosts[name].has_ovsdb]
        claims = [{host.name} | self._placement.claim(host) for host in unshown]
        self.tunnel_peers.change_of(touched)
        self.tunnel_peers.change_in(self.inventory.take_pairs_changed())
        concerned = self._placement.decide(touched - decided).union(*claims, self._hosts_with(changed_groups))
        if isinstance(change, Deleted):
            self.tunnel_peers.drop_network(change.id)
        return concerned.union(*(self.hosts_of(port_id) for port_id in touched))

    def _decided(self, change: Change) -> set[str]:
        """Name the port of a change that is wanted where it was: it stays with whoever has it."""
        match change:
            case Upserted(Port() as port) if port.id not in self.set_aside:
                known = self.inventory.ports.get(port.id)
                if known and (known.requested_host, known.inactive_bindings) == (
                    port.requested_host,
                    port.inactive_bindings,
                ):
                    return {port.id}
        return set()

    def _recorded_host(self, change: Change) -> set[str]:
        """Name the host, if it is known, that the store now has the port of a change on."""
        match change:
            case Upserted(Port(id=id)):
                port = self.inventory.ports.get(id)
                binding = self.binding_of(port) if port else None
                return {binding.host} & self.hosts.keys() if binding else set()
        return set()

    def decline(self, port_id: str, address: IPv4Address) -> set[str]:
        """Note that a port's client found its address in use; give the hosts that this concerns."""
        self.conflicts[port_id] = address
        self.tunnel_peers.change_of((port_id,))
        return self.hosts_of(port_id)

    def settle(self, port_id: str) -> set[str]:
        """Let the declined address of a port be offered to it again; give the hosts that this concerns."""
        if self.conflicts.pop(port_id, None):
            self.tunnel_peers.change_of((port_id,))
        return self.hosts_of(port_id)

    def put_aside(self, port_ids: Iterable[str]) -> None:
        """Have ports stay as they are until they or their groups change, or they are tried again."""
        self.set_aside.update(port_ids)

    def try_again(self, host_name: str) -> set[str]:
        """Have the ports of a host that an error of ours was about looked at as all others; give the hosts
        that have one of them: none if there is no such port.
        """
        broken = self.set_aside | self.tunnel_peers.hidden.keys()
        broken &= self.ports_at(self.shown(host_name)) if broken else set()
        self.tunnel_peers.try_again(broken)
        aside = broken & self.set_aside
        self.set_aside -= aside
        return self._placement.decide(aside).union(*map(self.hosts_of, broken))

    # -- what hosts show

    def observe_bridge(
        self,
        host_name: str,
        bridge: str,
        ofports: Mapping[str, int],
        max_meters: int = MAX_METERS,
        tracks: bool = True,
    ) -> set[str]:
        """Take the ports of a connected bridge, how many meters it can have, whether it tracks connections.

        Give the hosts that this concerns.
        """
        host = self.host(host_name)
        host.ofports[bridge] = dict(ofports)
        concerned = {host_name}
        if bridge == self.layout.integration_bridge:
            host.max_meters, host.tracks = max_meters, tracks
            if not host.appeared:
                # After a reboot a name may be another machine's than OVSDB showed: it is asked again.
                host.returning = (
                    (host.returning or host.gone) and bool(host.interfaces) and not host.has_ovsdb
                )
                host.gone = False
                return concerned if host.returning else concerned | self._placement.appear(host)
        return concerned if host.returning else concerned | self._placement.claim(host)

    def observe_interfaces(self, host_name: str, interfaces: Iterable[Interface]) -> set[str]:
        """Take what an OVSDB session shows; give the hosts that this concerns."""
        host = self.host(host_name)
        host.has_ovsdb = host.complete = True
        host.show_interfaces(interfaces)
        return {host_name} | (self._placement.appear(host) if host.returning else self._placement.claim(host))

    def observe_bridges(self, host_name: str, names: Iterable[str]) -> None:
        """Take the names of all bridges that an OVSDB session shows."""
        self.host(host_name).bridges = frozenset(names)

    def observe_tunnel_address(self, host_name: str, text: str) -> set[str]:
        """Take where a host says that others reach it, empty for nowhere; give the hosts concerned."""
        addresses = self.tunnel_peers.addresses
        rivals = addresses.rivals(host_name)
        changed = addresses.show(host_name, text)
        if not changed:
            return set()
        self.tunnel_peers.change_at(changed)
        return changed.union(rivals, addresses.rivals(host_name))

    def observe_datapath(self, host_name: str, answers_nd: bool) -> set[str]:
        """Take whether a host's datapath can answer neighbor solicitations; give the hosts concerned."""
        host = self.host(host_name)
        changed = host.answers_nd is not answers_nd
        host.answers_nd = answers_nd
        return {host_name} if changed else set()

    def lose_ovsdb(self, host_name: str) -> set[str]:
        """Note that a host's OVSDB session ended; what it showed last still counts."""
        host = self.host(host_name)
        host.has_ovsdb = False
        return {host_name} | self._placement.claim(host)

    def expect_no_more(self, host_name: str) -> set[str]:
        """Note that a host had its time to show itself: what is not known of it now is not waited for."""
        host = self.host(host_name)
        if host.complete:
            return set()
        host.complete = True
        return {host_name} | (self._placement.appear(host) if host.returning else set())

    def host_is_gone(self, host_name: str) -> set[str]:
        """Note that a host is not connected and not waited for: another may have its ports.

        Gives the hosts that this concerns.
        """
        host = self.host(host_name)
        host.gone, host.appeared, host.returning, host.complete = True, False, False, False
        host.first_flow_vlans.clear()
        host.first_carrying = {}
        changed = self.tunnel_peers.addresses.doubt(host_name)
        self.tunnel_peers.change_at(changed)
        return self._placement.decide(self.ports_at(host)) | changed

    def forget(self, host_name: str) -> set[str]:
        """Forget a host that is gone, with all that it showed or is kept of it; give the hosts that this
        concerns.
        """
        changed = self.tunnel_peers.addresses.forget(host_name)
        self.tunnel_peers.change_at(changed)
        host = self.hosts.pop(host_name, None)
        if host is not None:
            port_ids = self.ports_at(host)
            self.claims.show(host.name, host.claims, {})
            self._placement.dispute(host_name)
            changed |= self._placement.decide(port_ids)
        return changed - {host_name}

    def identify(self, name: str, system_id: str) -> None:
        """Take the system-id that a host shows: by a name of before it may be another machine."""
        self._placement.dispute(name)
        self.names.show(name, system_id)

    def give_away(self, name: str) -> None:
        """Take that another machine is called now what a host was called before."""
        self._placement.dispute(name)
        self.names.give_away(name)

    def rename(self, name: str, new_name: str) -> set[str]:
        """Note that a host is called something else now; give the hosts that this concerns."""
        concerned = self.forget(new_name)  # one of that name that is gone
        host = self.hosts.pop(name, None) or ShownHost(name)  # of one that connected just now nothing is seen
        port_ids = self.ports_at(host)
        self._placement.dispute(new_name)
        host.name = new_name
        self.names.rename(name, new_name)
        self.hosts[new_name] = host
        self.claims.show(name, host.claims, {})
        self.claims.show(new_name, {}, host.claims)
        self._placement.move_places(port_ids, name, new_name)
        self.claims.rename(name, new_name)
        self.tunnel_peers.renamed(name, new_name)
        return concerned | self._placement.decide(port_ids) | {new_name}

    def has_ports_of(self, name: str, interfaces: Iterable[Interface]) -> bool:
        """Tell whether interfaces are of ports that the host of a name has, or would have as nobody does, or
        that it has none to show.
        """
        host = self.shown(name)
        places = ((id, self.claims.place_of(id)) for id in self.ports_at(host))
        own = {id for id, place in places if place is None or place.host == name}
        claimed = (self.inventory.port_claimed_by(interface.iface_id) for interface in interfaces)
        return not own or any(port.id in own for port in claimed if port)

    def take_in(self, name: str, new_name: str, is_renamed: bool = False) -> set[str]:
        """Take a host of a name that nothing of is connected for the one of a new name: what it had is that
        one's. Gives the hosts that this concerns.

        `is_renamed`: it is known by the name, and shows itself under the new one for the first time; else the
        new one's host is known to have been called so, and something has made a host of that name since.
        """
        port_ids = self.ports_at(self.shown(name))
        if is_renamed:
            self._placement.dispute(new_name)
            self.names.rename(name, new_name)
        known, host = self.hosts.pop(name, None) or ShownHost(name), self.host(new_name)
        for network_id, local_vlan in known.local_vlans.items():
            host.recall_local_vlan(network_id, local_vlan)
        host.stored_vlans |= known.stored_vlans
        self.claims.show(name, known.claims, {})
        self._placement.move_places(port_ids, name, new_name)
        self.claims.rename(name, new_name)
        changed = self.tunnel_peers.renamed(name, new_name)
        return changed | self._placement.decide(port_ids) | {new_name}

    def hear_guest(self, host_name: str, port_id: str) -> set[str]:
        """Take that a port's machine spoke at a host that claims it; give the hosts that this concerns."""
        port = self.inventory.ports.get(port_id)
        place = self.claims.place_of(port_id)
        interfaces = self.claims_on(port_id).get(host_name)
        if port is None or not interfaces or not self.as_wanted(port).may_run_at(host_name):
            return set()
        if place and place.host == host_name:
            return set()
        self.claims.hear(self.as_wanted(port), host_name)
        return self._placement.put(port, Place(host_name, interfaces[0])) | self.hosts_of(port_id)

    def _aside_with(self, group_ids: set[str]) -> set[str]:
        """Give the ids of the ports of any of these groups that are set aside."""
        known = (self.inventory.ports.get(port_id) for port_id in self.set_aside)
        return {port.id for port in known if port and not group_ids.isdisjoint(port.security_groups)}

    def _hosts_with(self, group_ids: set[str]) -> set[str]:
        """Name the hosts that have guarded ports of any of these groups."""
        if not group_ids:
            return set()
        return {host.name for host in self.hosts.values() if not group_ids.isdisjoint(host.groups)}
