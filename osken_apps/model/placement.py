"""Which host has which port, as it is decided again whenever something changes. PURE (it changes, but does
no I/O).

How it is decided is in `claims`.
"""

from collections.abc import Iterable

from osken_apps.model.claims import Place, holder_of, present_among
from osken_apps.model.fabric_view import FabricView
from osken_apps.model.host import ShownHost
from osken_apps.model.resources import Port


class Placement:
    """Decides, and has all follow what was decided; gives the hosts that it concerns."""

    def __init__(self, fabric: FabricView) -> None:
        self._fabric = fabric
        self._left: dict[str, str] = {}  # ids of ports that nobody has -> the host that they were at last
        self._disputed: set[str] = set()  # ids of ports whose wish may mean another host now

    def appear(self, host: ShownHost) -> set[str]:
        """Take what a host shows for what it has; give the hosts that this concerns."""
        concerned, was_awaited = self.claim(host), host.awaited
        host.appeared, host.returning = True, False
        port_ids = self._fabric.ports_at(host)
        if was_awaited:  # elsewhere what claims its ports was left alone
            concerned = concerned.union(*map(self._fabric.hosts_of, port_ids))
        return concerned | self.decide(port_ids)

    def claim(self, host: ShownHost) -> set[str]:
        """Bring the claims of a host up to date; give the hosts that this concerns."""
        recorded = {
            port.id: port.binding.interface for port in self._fabric.recorded_at(host) if port.binding
        }
        claims = host.visible_claims(self._fabric.layout.integration_bridge, recorded)
        changed = self._fabric.claims.show(host.name, host.claims, claims)
        host.claims = claims
        ports = (self._fabric.inventory.port_claimed_by(claim) for claim in changed)
        return self.decide(port.id for port in ports if port)

    def decide(self, port_ids: Iterable[str]) -> set[str]:
        """Decide again who has these ports; give the hosts for which that makes a difference."""
        concerned: set[str] = set()
        disputed, self._disputed = self._disputed, set()
        for port_id in disputed.union(port_ids):
            try:
                concerned |= self._decide(port_id)
            except Exception as error:
                what = "which host has a port could not be decided: it stays where it was"
                self._fabric.leave(port_id, what, error)
                if place := self._fabric.claims.place_of(port_id):
                    concerned.add(place.host)
        return concerned

    def _decide(self, port_id: str) -> set[str]:
        port = self._fabric.inventory.ports.get(port_id)
        if port is None:
            self._note_move(port_id, self._fabric.claims.place_of(port_id), None)
            self._left.pop(port_id, None)
            self._fabric.claims.forget(port_id)
            self._fabric.tunnel_peers.drop(port_id)
            return set()
        before, claims = self._fabric.claims.place_of(port_id), self._fabric.claims_on(port_id)
        gone = [host for host in claims if self._fabric.hosts[host].gone]
        present, awaited = set(present_among(claims, gone)), self._is_awaited(before)
        if before and awaited:
            present.add(before.host)
        wish = self._fabric.claims.wish_of(self._fabric.as_wanted(port), present)
        return self.put(port, holder_of(wish, claims, before, gone, awaited))

    def put(self, port: Port, place: Place | None) -> set[str]:
        """Take who has a port now; give the hosts for which that makes a difference."""
        before = self._fabric.claims.place_of(port.id)
        if place == before:
            return set()
        self._fabric.tunnel_peers.change_of((port.id,))
        self.place(port, place)
        self._note_move(port.id, before, place)
        self._fabric.tunnel_peers.change_of((port.id,))
        return self._fabric.hosts_of(port.id) | ({before.host} if before else set())

    def place(self, port: Port, place: Place | None) -> None:
        """Note who has a port, and let nobody know."""
        self._fabric.claims.put(port.id, place)
        self._fabric.tunnel_peers.put(port, place.host if place else None)

    def hear_again(self, port: Port, host_name: str) -> None:
        """Take that a port's machine spoke where the store has it bound, if it is wanted elsewhere."""
        wanted = self._fabric.as_wanted(port)
        if wanted.requested_host != host_name and wanted.may_run_at(host_name):
            self._fabric.claims.hear(wanted, host_name)

    def move_places(self, port_ids: Iterable[str], name: str, new_name: str) -> None:
        """Let what a host of a name has of these ports, or had of any, be another one's."""
        self._left |= {id: new_name for id, host in self._left.items() if host == name}
        for port_id in port_ids:
            place = self._fabric.claims.place_of(port_id)
            if place and place.host == name and (port := self._fabric.inventory.ports.get(port_id)):
                self.place(port, Place(new_name, place.interface))

    def dispute(self, name: str) -> None:
        """Have decided again what may be wanted at another host that was called so before."""
        holder = self._fabric.hosts.get(self._fabric.names.name_now(name))
        if holder and holder.name != name:
            self._disputed |= self._fabric.ports_at(holder)

    def _note_move(self, port_id: str, before: Place | None, place: Place | None) -> None:
        """Have a port announced at its new host, if it was at another one."""
        last = before.host if before else self._left.pop(port_id, None)
        if last in self._fabric.hosts:
            self._fabric.hosts[last].arrivals.discard(port_id)
        if place is None and last:
            self._left[port_id] = last
        elif place and last and last != place.host:
            self._fabric.hosts[place.host].arrivals.add(port_id)

    def _is_awaited(self, place: Place | None) -> bool:
        host = self._fabric.hosts.get(place.host) if place else None
        return host is not None and host.awaited
