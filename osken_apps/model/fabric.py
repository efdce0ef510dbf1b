"""All hosts as the controller sees them: what is plugged where. PURE (it changes, but does no I/O).

It changes with every change of intent and every observation, and names the hosts that must be looked at
again; it sends nothing. Bridges report their ports (OpenFlow), OVSDB sessions report interfaces. What follows
for one host is made by `host_snapshot`, who has a port is decided in `claims`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from ipaddress import IPv4Address

from osken_apps.model.beyond import Beyond
from osken_apps.model.changes import Change, Deleted, Snapshot, Upserted
from osken_apps.model.claims import Claims, Place, holder_of
from osken_apps.model.dhcp_service import served_address
from osken_apps.model.host import Interface, ShownHost
from osken_apps.model.host_names import HostNames
from osken_apps.model.interface_names import port_id_prefix
from osken_apps.model.inventory import Inventory
from osken_apps.model.paired import Paired
from osken_apps.model.port_security import Guard
from osken_apps.model.resources import Binding, Network, Port
from osken_apps.model.snapshot import MAX_METERS, Layout
from osken_apps.model.told import Told
from osken_apps.model.turns import in_turns


class Fabric:
    """Intent, hosts, and which port is plugged into which host."""

    def __init__(self, layout: Layout, remove_unknown: bool = False, enforce: bool = True) -> None:
        """Begin with nothing known.

        `remove_unknown`: the traffic of ports that the store does not know is ended. `enforce`: ports with
        port security are guarded.
        """
        self.layout = layout
        self.remove_unknown = remove_unknown
        self.enforce = enforce
        self.inventory = Inventory()
        self.hosts: dict[str, ShownHost] = {}
        self.names = HostNames()
        self.claims = Claims()
        self.conflicts: dict[str, IPv4Address] = {}  # port id -> the address that its client declined
        self.beyond = Beyond(self._network, self._ports_up, self._paired_in, self.conflicts, enforce)
        self._left: dict[str, str] = {}  # ids of ports that nobody has -> the host that they were at last
        self._disputed: set[str] = set()  # ids of ports whose wish may mean another host now
        self.told = Told()
        self.set_aside: set[str] = set()  # ids of ports that an error of ours is about: they stay as they are

    def host(self, name: str) -> ShownHost:
        """Give the host of that name; one never seen before starts empty."""
        if name not in self.hosts:
            self._dispute(name)
            self.hosts[name] = ShownHost(name)
        return self.hosts[name]

    # -- intent

    def load(self, snapshot: Snapshot) -> set[str]:
        """Take the store's whole snapshot at once; give the hosts to look at again: all of them."""
        inventory = Inventory()
        inventory.take(snapshot)
        return self.adopt(inventory)

    def adopt(self, inventory: Inventory, pause: Callable[[], object] = lambda: None) -> set[str]:
        """Take an inventory that was filled part by part in place of the one before; give all hosts.

        Calls `pause` where it may take long; until the first one is taken whole, no host is ready.
        """
        first, known = not self.inventory.loaded, self.inventory
        inventory.loaded = not first
        known.deleted.add(inventory.deleted)
        inventory.deleted = known.deleted
        self.inventory = inventory
        self.told.clear()
        self.set_aside.clear()
        self.names.keep(inventory.identities.values())
        for port in in_turns(list(inventory.ports.values()), pause):
            if binding := self.binding_of(port):
                host = self.host(binding.host)
                host.recall_local_vlan(port.network_id, binding.local_vlan)
                if first:
                    self._place(port, Place(host.name, binding.interface))
                    self._hear_again(port, host.name)
        for name, address in inventory.tunnel_addresses.items():
            self.beyond.addresses.keep(name, address)
            if name not in self.hosts or self.hosts[name].gone:
                self.beyond.addresses.doubt(name)
        self.beyond.begin_again()
        for host in in_turns(list(self.hosts.values()), pause):
            if self.hosts.get(host.name) is host:
                self._claim(host)
        for port_id in in_turns(list(inventory.ports.keys() | known.ports.keys()), pause):
            self._decide((port_id,))
        self.beyond.begin_again()
        inventory.groups.take_changed()  # all of them are new, and all hosts are looked at
        inventory.take_pairs_changed()
        inventory.loaded = True
        return set(self.hosts)

    def apply(self, changes: Iterable[Change]) -> set[str]:
        """Take changes of intent; give the hosts that they concern."""
        touched: set[str] = set()
        recorded_anew: set[str] = set()
        listed = list(changes)
        for change in listed:
            recorded = self._recorded_host(change)
            touched |= self.told.disputed(change, self.inventory.ports) | self.inventory.apply(change)
            recorded_anew |= recorded ^ self._recorded_host(change)
        self.set_aside -= touched
        # What the store records of a host is a claim of it where OVSDB shows none, as long as it does.
        unshown = [self.hosts[name] for name in recorded_anew if not self.hosts[name].has_ovsdb]
        claims = [{host.name} | self._claim(host) for host in unshown]
        self.beyond.change_of(touched)
        self.beyond.change_in(self.inventory.take_pairs_changed())
        concerned = self._decide(touched).union(*claims)
        self.beyond.drop_networks(change.id for change in listed if isinstance(change, Deleted))
        concerned |= self._hosts_with(self.inventory.groups.take_changed())
        return concerned.union(*(self._hosts_of(port_id) for port_id in touched))

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
        self.beyond.change_of((port_id,))
        return self._hosts_of(port_id)

    def conflict_of(self, port: Port) -> IPv4Address | None:
        """Give the address that DHCP serves to a port, if its client found it in use.

        What a client declined before its port was given another address is no conflict of that.
        """
        declined = self.conflicts.get(port.id)
        if declined is None:
            return None
        served = served_address(port, self.inventory.subnets_of(port.network_id))
        return declined if served and served[0] == declined else None

    def settle(self, port_id: str, address: IPv4Address) -> set[str]:
        """Let an address be offered to a port again; give the hosts that this concerns."""
        if self.conflicts.get(port_id) == address:
            del self.conflicts[port_id]
            self.beyond.change_of((port_id,))
        return self._hosts_of(port_id)

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
                return concerned if host.returning else concerned | self._appear(host)
        return concerned if host.returning else concerned | self._claim(host)

    def observe_interfaces(self, host_name: str, interfaces: Iterable[Interface]) -> set[str]:
        """Take what an OVSDB session shows; give the hosts that this concerns."""
        host = self.host(host_name)
        host.has_ovsdb = host.complete = True
        host.interfaces = {interface.name: interface for interface in interfaces}
        return {host_name} | (self._appear(host) if host.returning else self._claim(host))

    def observe_tunnel_address(self, host_name: str, text: str) -> set[str]:
        """Take where a host says that others reach it, empty for nowhere; give the hosts concerned."""
        addresses = self.beyond.addresses
        rivals = addresses.rivals(host_name)
        changed = addresses.show(host_name, text)
        if not changed:
            return set()
        self.beyond.change_at(changed)
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
        return {host_name} | self._claim(host)

    def expect_no_more(self, host_name: str) -> set[str]:
        """Note that a host had its time to show itself: what is not known of it now is not waited for."""
        host = self.host(host_name)
        if host.complete:
            return set()
        host.complete = True
        return {host_name} | (self._appear(host) if host.returning else set())

    def host_is_gone(self, host_name: str) -> set[str]:
        """Note that a host is not connected and not waited for: another may have its ports.

        Gives the hosts that this concerns.
        """
        host = self.host(host_name)
        host.gone, host.appeared, host.returning, host.complete = True, False, False, False
        host.found.clear()
        host.carried = {}
        changed = self.beyond.addresses.doubt(host_name)
        self.beyond.change_at(changed)
        return self._decide(self._ports_at(host)) | changed

    def forget(self, host_name: str) -> set[str]:
        """Forget a host that is gone, with all that it showed or is kept of it; give the hosts that this
        concerns.
        """
        changed = self.beyond.addresses.forget(host_name)
        self.beyond.change_at(changed)
        host = self.hosts.pop(host_name, None)
        if host is not None:
            port_ids = self._ports_at(host)
            self.claims.show(host.name, host.claims, {})
            self._dispute(host_name)
            changed |= self._decide(port_ids)
        return changed - {host_name}

    def identify(self, name: str, system_id: str) -> None:
        """Take the system-id that a host shows: by a name of before it may be another machine."""
        self._dispute(name)
        self.names.show(name, system_id)

    def rename(self, name: str, new_name: str) -> set[str]:
        """Note that a host is called something else now; give the hosts that this concerns."""
        concerned = self.forget(new_name)  # one of that name that is gone
        host = self.hosts.pop(name, None) or ShownHost(name)  # of one that connected just now nothing is seen
        port_ids = self._ports_at(host)
        self._dispute(new_name)
        host.name = new_name
        self.names.rename(name, new_name)
        self.hosts[new_name] = host
        self.claims.show(name, host.claims, {})
        self.claims.show(new_name, {}, host.claims)
        self._move_places(port_ids, name, new_name)
        self.claims.rename(name, new_name)
        self.beyond.renamed(name, new_name)
        return concerned | self._decide(port_ids) | {new_name}

    def has_ports_of(self, name: str, interfaces: Iterable[Interface]) -> bool:
        """Tell whether interfaces are of ports that the host of a name has, or would have as nobody does, or
        that it has none to show.
        """
        host = self.shown(name)
        places = ((id, self.claims.place_of(id)) for id in self._ports_at(host))
        own = {id for id, place in places if place is None or place.host == name}
        claimed = (self.inventory.port_claimed_by(interface.iface_id) for interface in interfaces)
        return not own or any(port.id in own for port in claimed if port)

    def recognize(self, name: str, new_name: str) -> set[str]:
        """Take a host that was away, and shows itself under a new name, for the one that is known by a name.

        Gives the hosts that this concerns.
        """
        port_ids = self._ports_at(self.shown(name))
        self._dispute(new_name)
        self.names.rename(name, new_name)
        return self._take_in(name, new_name, port_ids)

    def take_in(self, name: str, new_name: str) -> set[str]:
        """Take a host that nothing of is connected for another that was called so: what it had is that one's.

        Gives the hosts that this concerns.
        """
        return self._take_in(name, new_name, self._ports_at(self.shown(name)))

    def _take_in(self, name: str, new_name: str, port_ids: set[str]) -> set[str]:
        known, host = self.hosts.pop(name, None) or ShownHost(name), self.host(new_name)
        for network_id, local_vlan in known.local_vlans.items():
            host.recall_local_vlan(network_id, local_vlan)
        host.stored |= known.stored
        self.claims.show(name, known.claims, {})
        self._move_places(port_ids, name, new_name)
        self.claims.rename(name, new_name)
        changed = self.beyond.renamed(name, new_name)
        return changed | self._decide(port_ids) | {new_name}

    def hear_guest(self, host_name: str, port_id: str) -> set[str]:
        """Take that a port's machine spoke at a host that claims it; give the hosts that this concerns."""
        port = self.inventory.ports.get(port_id)
        place = self.claims.place_of(port_id)
        interfaces = self._claims_on(port_id).get(host_name)
        if port is None or not interfaces or not self.as_wanted(port).may_run_at(host_name):
            return set()
        if place and place.host == host_name:
            return set()
        self.claims.hear(self.as_wanted(port), host_name)
        return self._put(port, Place(host_name, interfaces[0])) | self._hosts_of(port_id)

    # -- questions

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

    @property
    def mark(self) -> str:
        """What the port rows are marked with that this store's controllers have tagged."""
        return self.inventory.store_id or "true"

    def ready(self, host_name: str) -> bool:
        """Tell whether enough is known of a host to say what it should have."""
        host = self.shown(host_name)
        is_shown = self.layout.integration_bridge in host.ofports and not host.returning
        return self.inventory.loaded and is_shown

    def plugged(self, host: ShownHost) -> Iterator[tuple[Port, str]]:
        """Give the ports that a host has and that are up, each with its interface."""
        for port in self.claimed_by(host):
            place = self.claims.place_of(port.id)
            if place and place.host == host.name and self.is_up(port) and self.can_guard(host, port):
                yield port, place.interface

    def can_guard(self, host: ShownHost, port: Port) -> bool:
        """Tell whether a host can do for a port what its security asks for, if it has any."""
        return host.tracks or self.guard_of(port) is None

    def guard_of(self, port: Port) -> Guard | None:
        """Say how a port is guarded; None if it is not."""
        return self.inventory.guard_of(port) if self.enforce else None

    def orphans(self, host: ShownHost) -> Iterator[Interface]:
        """Give the interfaces of a host that carry ports which the store does not know, and are to."""
        return iter(()) if self.remove_unknown else host.orphans(self.inventory.ports, self.inventory.deleted)

    def waiting(self, host: ShownHost) -> Iterator[tuple[Port, str]]:
        """Give the ports that a host claims while another has them, each with the interface that would have
        it.
        """
        for port in self.claimed_by(host):
            place = self.claims.place_of(port.id)
            elsewhere = place is not None and place.host != host.name
            if elsewhere and self.as_wanted(port).may_run_at(host.name) and self.is_up(port):
                yield port, self._claims_on(port.id)[host.name][0]

    def claimed_by(self, host: ShownHost) -> Iterator[Port]:
        """Give the ports that interfaces of a host claim, whoever has them."""
        seen: set[str] = set()
        for claim in host.claims:
            port = self.inventory.port_claimed_by(claim)
            if port and port.id not in seen:
                seen.add(port.id)
                yield port

    def recorded_at(self, host: ShownHost) -> Iterator[Port]:
        """Give the ports that the store holds as bound to a host, by its name or one that it had before and
        nobody has now.
        """
        for name in (host.name, *self.other_names(host.name)):
            yield from self.inventory.bound_to(name)

    def count_recorded_at(self, name: str) -> int:
        """Count the ports that the store holds as bound to the host of a name."""
        return sum(self.inventory.count_bound_to(it) for it in (name, *self.other_names(name)))

    def claimants_of(self, port_id: str) -> list[str]:
        """Name the hosts that claim a port."""
        return sorted(self._claims_on(port_id))

    def is_up(self, port: Port) -> bool:
        """Tell whether a port is to carry traffic."""
        network = self.inventory.networks[port.network_id]
        return port.admin_state_up and network.admin_state_up and not port.is_dhcp_server

    def _network(self, network_id: str) -> Network | None:
        return self.inventory.networks.get(network_id)

    def _paired_in(self, network_id: str) -> Paired:
        return self.inventory.paired_in(network_id)

    def _ports_up(self, port_ids: Iterable[str]) -> Iterator[Port]:
        known = (self.inventory.ports.get(port_id) for port_id in port_ids)
        return (port for port in known if port and self.is_up(port))

    # -- who has what

    def _appear(self, host: ShownHost) -> set[str]:
        """Take what a host shows for what it has; give the hosts that this concerns."""
        host.appeared, host.returning = True, False
        return self._claim(host) | self._decide(self._ports_at(host))

    def _claim(self, host: ShownHost) -> set[str]:
        """Bring the claims of a host up to date; give the hosts that this concerns."""
        recorded = {port.id: port.binding.interface for port in self.recorded_at(host) if port.binding}
        claims = host.visible_claims(self.layout.integration_bridge, recorded)
        changed = self.claims.show(host.name, host.claims, claims)
        host.claims = claims
        ports = (self.inventory.port_claimed_by(claim) for claim in changed)
        return self._decide(port.id for port in ports if port)

    def _decide(self, port_ids: Iterable[str]) -> set[str]:
        """Decide again who has these ports; give the hosts for which that makes a difference."""
        concerned: set[str] = set()
        disputed, self._disputed = self._disputed, set()
        for port_id in disputed.union(port_ids):
            port = self.inventory.ports.get(port_id)
            if port is None:
                self._note_move(port_id, self.claims.place_of(port_id), None)
                self._left.pop(port_id, None)
                self.claims.forget(port_id)
                self.beyond.drop(port_id)
                continue
            before, claims = self.claims.place_of(port_id), self._claims_on(port_id)
            gone = [host for host in claims if self.hosts[host].gone]
            wish = self.claims.wish_of(self.as_wanted(port))
            concerned |= self._put(port, holder_of(wish, claims, before, gone, self._is_awaited(before)))
        return concerned

    def _put(self, port: Port, place: Place | None) -> set[str]:
        before = self.claims.place_of(port.id)
        if place == before:
            return set()
        self.beyond.change_of((port.id,))
        self._place(port, place)
        self._note_move(port.id, before, place)
        self.beyond.change_of((port.id,))
        return self._hosts_of(port.id) | ({before.host} if before else set())

    def _note_move(self, port_id: str, before: Place | None, place: Place | None) -> None:
        """Have a port announced at its new host, if it was at another one."""
        last = before.host if before else self._left.pop(port_id, None)
        if last in self.hosts:
            self.hosts[last].arrivals.discard(port_id)
        if place is None and last:
            self._left[port_id] = last
        elif place and last and last != place.host:
            self.host(place.host).arrivals.add(port_id)

    def _place(self, port: Port, place: Place | None) -> None:
        self.claims.put(port.id, place)
        self.beyond.put(port, place.host if place else None)

    def _hear_again(self, port: Port, host_name: str) -> None:
        """Take that a port's machine spoke where the store has it bound, if it is wanted elsewhere."""
        wanted = self.as_wanted(port)
        if wanted.requested_host != host_name and wanted.may_run_at(host_name):
            self.claims.hear(wanted, host_name)

    def _move_places(self, port_ids: Iterable[str], name: str, new_name: str) -> None:
        for port_id in port_ids:
            place = self.claims.place_of(port_id)
            if place and place.host == name and (port := self.inventory.ports.get(port_id)):
                self._place(port, Place(new_name, place.interface))

    def _dispute(self, name: str) -> None:
        """Have decided again what may be wanted at another host that was called so before."""
        holder = self.hosts.get(self.names.name_now(name))
        if holder and holder.name != name:
            self._disputed |= self._ports_at(holder)

    def _is_awaited(self, place: Place | None) -> bool:
        host = self.hosts.get(place.host) if place else None
        return host is not None and not host.appeared and not host.gone

    def _ports_at(self, host: ShownHost) -> set[str]:
        """Give the ports that a host claims or has, also by what the store holds."""
        known = {port.id for port in (*self.claimed_by(host), *self.recorded_at(host))}
        return known | self.claims.placed_at(host.name)

    def _claims_on(self, port_id: str) -> dict[str, tuple[str, ...]]:
        return self.claims.of(port_id, port_id_prefix(port_id))

    def _hosts_with(self, group_ids: set[str]) -> set[str]:
        """Name the hosts that have guarded ports of any of these groups."""
        if not group_ids:
            return set()
        return {host.name for host in self.hosts.values() if not group_ids.isdisjoint(host.groups)}

    def _hosts_of(self, port_id: str) -> set[str]:
        place = self.claims.place_of(port_id)
        return {*self._claims_on(port_id), *([place.host] if place else [])}
