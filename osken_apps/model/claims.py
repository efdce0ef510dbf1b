"""Who has a port: of all interfaces that say they are it, the one that carries its traffic. PURE.

An interface claims a port by its iface-id or by its name. Two hosts may claim one port, as during a live
migration, when the target's interface is made long before the machine runs there. So:

- A wish (`binding:host_id`) decides at once. While a port has inactive bindings, its machine is on its way to
  one of their hosts: where it speaks first decides, until the wish follows, the binding is taken back, or the
  port's interface or the host goes.
- Else whoever has the port keeps it until its interface goes, its host is gone, or the machine itself speaks
  at another host that claims it.
- What a host showed last counts while it is away, until it is said to be gone and another one claims the
  port.
- What nobody has goes to a host that is not gone, the first by name: so a controller that has just started
  decides as one that saw it all. What the store holds of a port counts as what was before; where that is a
  host of an inactive binding, its machine spoke there.
"""

from collections.abc import Collection, Container, Mapping, Sequence, Set
from dataclasses import dataclass

from osken_apps.model.resources import Port


@dataclass(frozen=True, slots=True)
class Place:
    """An interface of a host."""

    host: str
    interface: str


def holder_of(
    wish: str,
    claims: Mapping[str, Sequence[str]],
    before: Place | None,
    gone: Collection[str],
    awaited: bool,
) -> Place | None:
    """Decide who has a port; `wish` is the host that it is wanted at, or empty.

    `claims` are the interfaces that claim it, by host, the first to prefer first; `gone` are the hosts among
    them that are gone. `before` had it until now. `awaited`: that one's host has not shown its interfaces
    yet, and may.
    """
    host = _host_of(wish, claims, before, gone, awaited)
    if host is None:
        return None
    interfaces = claims.get(host, ())
    if before and before.host == host and (before.interface in interfaces or awaited):
        return before
    return Place(host, interfaces[0])


def _host_of(
    wish: str,
    claims: Mapping[str, Sequence[str]],
    before: Place | None,
    gone: Collection[str],
    awaited: bool,
) -> str | None:
    if before and awaited and wish in ("", before.host):
        return before.host
    if wish:
        return wish if wish in claims else None
    present = present_among(claims, gone)
    if before and before.host in present:
        return before.host
    return min(present, default=None)


def present_among(claims: Mapping[str, Sequence[str]], gone: Collection[str]) -> Set[str]:
    """Name the claimants of a port that may have it: those that are not gone, or all where all are."""
    return claims.keys() - gone or claims.keys()


class Claims:
    """What every host claims, and who has each port as it was last decided."""

    def __init__(self) -> None:
        self._claimants: dict[str, dict[str, tuple[str, ...]]] = {}  # claim -> host -> interfaces
        self._places: dict[str, Place] = {}
        self._placed: dict[str, set[str]] = {}  # host -> ids of the ports that it has
        self._heard: dict[str, tuple[str, str]] = {}  # port id -> where it was wanted, where it spoke then

    def wish_of(self, port: Port, present: Container[str]) -> str:
        """Say where a port is wanted: where its machine has arrived while the wish did not follow yet.

        `present` are the hosts that could have it; at another it is no more.
        """
        wanted, heard = self._heard.get(port.id, ("", ""))
        if wanted and wanted == port.requested_host and port.may_run_at(heard) and heard in present:
            return heard
        self._heard.pop(port.id, None)
        return port.requested_host

    def hear(self, port: Port, host: str) -> None:
        """Note that a port's machine spoke at a host."""
        if port.requested_host:
            self._heard[port.id] = (port.requested_host, host)

    def rename(self, name: str, new_name: str) -> None:
        """Note that a host is called something else now."""
        called = {name: new_name}
        for port_id, (wanted, heard) in self._heard.items():
            self._heard[port_id] = called.get(wanted, wanted), called.get(heard, heard)

    def forget(self, port_id: str) -> None:
        """Forget a port that is gone."""
        self.put(port_id, None)
        self._heard.pop(port_id, None)

    def show(
        self, host: str, before: Mapping[str, Sequence[str]], now: Mapping[str, tuple[str, ...]]
    ) -> set[str]:
        """Take the claims of a host, which had others `before`; give those that are new, changed or gone."""
        changed = {claim for claim in before.keys() | now.keys() if before.get(claim) != now.get(claim)}
        for claim in changed:
            claimants = self._claimants.setdefault(claim, {})
            claimants.pop(host, None)
            if claim in now:
                claimants[host] = now[claim]
            if not claimants:
                del self._claimants[claim]
        return changed

    def of(self, *claims: str) -> Mapping[str, tuple[str, ...]]:
        """Give the interfaces that make any of these claims, by host."""
        made = [self._claimants[claim] for claim in dict.fromkeys(claims) if claim in self._claimants]
        if len(made) == 1:
            return made[0]  # as mostly: an interface has the id or the name of a port
        found: dict[str, tuple[str, ...]] = {}
        for claimants in made:
            for host, interfaces in claimants.items():
                found[host] = (*found.get(host, ()), *interfaces)
        return found

    def place_of(self, port_id: str) -> Place | None:
        """Say who has a port, as it was last decided."""
        return self._places.get(port_id)

    def put(self, port_id: str, place: Place | None) -> None:
        """Note who has a port."""
        before = self._places.pop(port_id, None)
        if before is not None:
            self._placed[before.host].discard(port_id)
            if not self._placed[before.host]:
                del self._placed[before.host]
        if place is not None:
            self._places[port_id] = place
            self._placed.setdefault(place.host, set()).add(port_id)

    def placed_at(self, host: str) -> frozenset[str]:
        """Give the ids of the ports that a host has, as it was last decided."""
        return frozenset(self._placed.get(host, ()))
