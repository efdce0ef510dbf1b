"""Which port somebody means, and what is meant by an address that no port has."""

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address

from osken_apps.errors import HTTPBadRequest, PortNotFound
from osken_apps.explain.outside import takes_default_route, way_out
from osken_apps.model.addresses import IPAddress
from osken_apps.model.resources import Port
from osken_apps.rest.operations import Operations
from osken_apps.rest.ports import PORTS
from osken_apps.rest.reports.search import Sought, sought
from osken_apps.rest.request import Request
from osken_apps.rest.types import id_of_text
from osken_apps.store.selection import Among
from osken_apps.store.view import View

RULE = "get_port_explain"
MOST = 5  # ports that a text may mean, of which all are named
NEAREST = 3
LOOKED_AT = 500  # names that have a half of the one that was given
SHORTEST = 2
LIMITED_BROADCAST = ip_address("255.255.255.255")


def named(operations: Operations, request: Request, text: str) -> Port:
    """Give the port that a text means, of those that the caller may ask about.

    Raises PortNotFound, with the nearest names, and HTTPBadRequest if it means several.
    """
    ports = _meant_and_seen(operations, request, text)
    if len(ports) > 1:
        several = ", ".join(port.id for port in ports[:MOST])
        raise HTTPBadRequest(f"Invalid input for port. Reason: {text} may be any of {several}.")
    if not ports:
        raise PortNotFound(text, _nearest(operations, request, text))
    return ports[0]


@dataclass(frozen=True, slots=True)
class Peer:
    """What a port is to reach: another port, or an address that no port here has; else neither.

    The address may be `behind` that port. `hop` is the next hop to an address that is not on the link;
    `takes_default_route` says whether the port's machine has its default route by it.
    """

    port: Port | None = None
    outside_address: IPAddress | None = None
    behind: IPAddress | None = None
    hop: IPAddress | None = None
    takes_default_route: bool = True


def named_peer(operations: Operations, request: Request, port: Port, text: str) -> Peer:
    """Give what a text means that a port is to reach; empty: nothing.

    For an address behind a port of its network, as a router's, that port is given. Raises as `named`.
    """
    if not text:
        return Peer()
    address = address_of(text)
    if address is None or _meant_and_seen(operations, request, text):
        return Peer(named(operations, request, text))
    if not _is_of_one_machine(address):
        raise HTTPBadRequest(
            f"Invalid input for to. Reason: {address} is not the address of one machine, wherever it is asked"
            " from."
        )
    with operations.store.read() as view:
        takes = _takes_default_route(view, port)
        hop = way_out(port, view.subnets_of(port.network_id), address, takes).hop
        ids = view.lookup(None, MOST * MOST).by_address(hop, hop) if hop else []
        hops = [one for one in view.ports(Among("id", tuple(ids))) if one.network_id == port.network_id]
    # One of another project is not there: its gateway is as any machine on the wire.
    seen = next(iter(seen_among(operations, request, hops)), None)
    if seen:
        return Peer(seen, behind=address, hop=hop)
    return Peer(outside_address=address, hop=hop, takes_default_route=takes)


def _takes_default_route(view: View, port: Port) -> bool:
    """Tell whether a port's machine has its default route by it, if by any."""
    if not port.device_id:
        return True
    nics = view.ports(Among("device_id", (port.device_id,)), Among("project_id", (port.project_id,)))
    networks = {nic.network_id for nic in nics}
    subnets = {subnet.id: subnet for network_id in networks for subnet in view.subnets_of(network_id)}
    return takes_default_route(port, nics, subnets)


def seen_among(operations: Operations, request: Request, ports: Iterable[Port]) -> tuple[Port, ...]:
    """Give those of some ports that the caller may ask about."""
    return tuple(_seen(operations, request, [port.id for port in ports]))


def _meant_and_seen(operations: Operations, request: Request, text: str) -> list[Port]:
    """Give the ports that a text may mean, of those that the caller may ask about, its project's first.

    As many are looked at as may be meant: others' must not come in between.
    """
    sees_all = operations.permissions(request).sees_all
    for project_id in (None,) if sees_all else (request.caller.project_id, None):
        with operations.store.read() as view:
            ids = _meant(view, text, sought(text), project_id)
        if found := list(_seen(operations, request, ids)):
            return found
    return []


def _meant(view: View, text: str, wanted: Sought, project_id: str | None) -> list[str]:
    """Give the ids of the ports that a text may mean, of a project or of all."""
    ids = [port.id for port in view.ports(Among("id", (id_of_text(text),)))]
    if ids:
        return ids
    lookup = view.lookup(project_id, MOST * MOST)
    found = list(lookup.by_address(*wanted.addresses)) if wanted.addresses else []
    found += lookup.by_prefix(Port, "mac_address", wanted.mac) if wanted.mac else []
    found += lookup.by_name(Port, text)
    candidates = view.ports(Among("id", tuple(dict.fromkeys(found)))) if found else []
    return [port.id for port in candidates if _is_called(port, text, wanted.mac)]


def _nearest(operations: Operations, request: Request, text: str) -> list[str]:
    """Name ports that are called almost so, the nearest first: of a name with one mistake a half is right."""
    half = len(text) // 2
    with operations.store.read() as view:
        lookup = view.lookup(None, LOOKED_AT)
        halves = [part for part in (text[:half], text[half:]) if len(part) >= SHORTEST]
        ids = dict.fromkeys(id for part in halves for id in lookup.by_name(Port, part))
        names = {port.name: port.id for port in view.ports(Among("id", tuple(ids)))} if ids else {}
    near = difflib.get_close_matches(text, names, MOST * NEAREST)
    seen = {port.id for port in _seen(operations, request, [names[name] for name in near])}
    return [name for name in near if names[name] in seen][:NEAREST]


def _seen(operations: Operations, request: Request, ids: Iterable[str]) -> Iterator[Port]:
    """Give those of some ports that the caller may ask about."""
    for id in ids:
        try:
            yield operations.read_for(PORTS, request, id, RULE)
        except PortNotFound:
            continue


def _is_of_one_machine(address: IPAddress) -> bool:
    """Tell whether an address may be that of one machine, and of the same one from everywhere."""
    is_special = address.is_multicast or address.is_unspecified or address.is_loopback
    is_of_a_link = address.version == 6 and address.is_link_local
    return not (is_special or is_of_a_link or address == LIMITED_BROADCAST)


def _is_called(port: Port, text: str, mac: str) -> bool:
    """Tell whether a text is a port's whole name, or an address of it."""
    if port.name == text or str(port.mac_address) == mac:
        return True
    address = address_of(text)
    return any(fixed_ip.ip_address == address for fixed_ip in port.fixed_ips)


def address_of(text: str) -> IPAddress | None:
    """Give the IP address that a text is, if it is one."""
    try:
        return ip_address(text)
    except ValueError:
        return None
