"""Finding a thing by the little that a person knows of it: a name, an address, a MAC address, an id."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_address
from typing import Any

from osken_apps.model.addresses import IPAddress
from osken_apps.model.changes import HostReport
from osken_apps.model.resources import Port, Standard, Subnet
from osken_apps.rest.access import Access
from osken_apps.rest.address_groups import ADDRESS_GROUPS
from osken_apps.rest.agents import agent_id
from osken_apps.rest.census import AGENT
from osken_apps.rest.collection import Collection
from osken_apps.rest.networks import NETWORKS
from osken_apps.rest.openapi.words import TEXT, array_of, object_of
from osken_apps.rest.operations import Operations
from osken_apps.rest.policy import Target
from osken_apps.rest.ports import PORTS
from osken_apps.rest.reports.report import Report
from osken_apps.rest.request import Request
from osken_apps.rest.security_groups import SECURITY_GROUPS
from osken_apps.rest.subnets import SUBNETS
from osken_apps.rest.types import TEXT_LENGTH
from osken_apps.store.lookup import Lookup, meets
from osken_apps.store.selection import Among
from osken_apps.store.view import View

MOST = 20  # of a kind
MOST_READ = 2000  # of a kind, where of each is asked whether the caller may see what fits
COLLECTIONS = (PORTS, NETWORKS, SUBNETS, SECURITY_GROUPS, ADDRESS_GROUPS)
ID_BEGINS = re.compile("[0-9a-f-]{4,36}")
HEX = re.compile("[0-9a-f]{5,12}")
ADDRESS_BEGINS = re.compile(r"(\d{1,3}\.){1,3}(\d{1,3})?")


@dataclass(frozen=True, slots=True)
class Sought:
    """What a text may be: part of a name, the beginning of an id or a MAC address, addresses from … to …"""

    text: str
    id: str = ""
    mac: str = ""
    addresses: tuple[IPAddress, IPAddress] | None = None


def sought(text: str) -> Sought:
    """Understand what somebody has typed."""
    plain = text.strip().lower()
    return Sought(
        text.strip(),
        id=plain if ID_BEGINS.fullmatch(plain) else "",
        mac=_mac_begins(plain),
        addresses=_addresses(plain),
    )


def _mac_begins(text: str) -> str:
    """Give the beginning of a MAC address as it is kept; empty: it is none."""
    digits = re.sub("[:.-]", "", text)
    parts = re.split("[:.-]", text)
    if not HEX.fullmatch(digits) or any(len(part) != len(parts[0]) for part in parts[:-1]):
        return ""
    return ":".join(digits[start : start + 2] for start in range(0, len(digits), 2))


def _addresses(text: str) -> tuple[IPAddress, IPAddress] | None:
    """Give the first and the last address that begin so, whole octets of IPv4; None: none does."""
    try:
        whole = ip_address(text)
    except ValueError:
        pass
    else:
        return whole, whole
    octets = [octet for octet in text.split(".") if octet]
    if not ADDRESS_BEGINS.fullmatch(text) or any(int(octet) > 255 for octet in octets):
        return None
    missing = 4 - len(octets)
    first = int.from_bytes(bytes([*map(int, octets), *[0] * missing]))
    return IPv4Address(first), IPv4Address(first + (1 << 8 * missing) - 1)


def _search(operations: Operations, request: Request, asked: Mapping[str, str]) -> dict[str, Any]:
    operations.census.begin()
    permissions, own = operations.permissions(request), Target(request.caller.project_id)
    wanted = sought(asked["q"])
    found: list[dict[str, Any]] = []
    more: list[str] = []
    with operations.store.read() as view:
        scope = None if permissions.may("context_is_admin", own) else request.caller.project_id
        lookup = view.lookup(scope, MOST + 1)
        for collection in COLLECTIONS if wanted.text else ():
            kind, access = collection.kind.model, Access(collection, permissions, view)
            ways: dict[str, list[str]] = {}
            for id, attribute in _ways(view, lookup, kind, wanted):
                ways.setdefault(id, []).append(attribute)
            seen = [id for id in ways if operations.census.sees(kind, id, permissions)]
            hits = _told(view, access, collection, {id: ways[id] for id in seen})
            found += [_shown(access, collection.singular, resource) for resource in hits[:MOST]]
            more += [collection.singular] if len(hits) > MOST else []
    if wanted.text and permissions.may(f"get_{AGENT}", own):
        hosts = [*operations.hosts.by_name.values(), *operations.hosts.refused]
        named = [report for report in hosts if wanted.text.lower() in report.host.lower()]
        found += [_host(report) for report in named[:MOST]]
        more += [AGENT] if len(named) > MOST else []
    return {"hits": found, "more": more}


def _ways(view: View, lookup: Lookup, kind: type[Standard], wanted: Sought) -> Iterator[tuple[str, str]]:
    """Give the ids of what may be sought, what fits best first, each with the attribute that fits."""
    if kind is Port and wanted.addresses:
        yield from _by("fixed_ips", lookup.by_address(*wanted.addresses))
    if kind is Port and wanted.mac:
        yield from _by("mac_address", lookup.by_prefix(Port, "mac_address", wanted.mac))
    if wanted.id:
        yield from _by("id", lookup.by_prefix(kind, "id", wanted.id))
    if kind is Subnet and wanted.addresses:
        yield from _by("cidr", _subnets_with(view.subnets(), *wanted.addresses))
    yield from _by("name", lookup.by_name(kind, wanted.text))


def _by(attribute: str, ids: Iterable[str]) -> Iterator[tuple[str, str]]:
    return ((id, attribute) for id in ids)


def _subnets_with(subnets: Iterable[Subnet], first: IPAddress, last: IPAddress) -> Iterator[str]:
    for subnet in subnets:
        if meets(subnet, first, last):
            yield subnet.id


def _told(
    view: View, access: Access, collection: Collection, ways: Mapping[str, list[str]]
) -> list[Standard]:
    """Read what was found, as far as the caller may see an attribute by which it was."""
    asked = [one for one in collection.attributes if any(one.name in found for found in ways.values())]
    ids = list(ways)[: MOST + 1 if access.always_shows(asked) else MOST_READ]
    found = view.find(collection.kind.model, Among("id", tuple(ids))) if ids else []
    resources = {resource.id: resource for resource in found}
    read = [resources[id] for id in ids if id in resources]
    return [one for one in read if any(access.shows(one, attribute) for attribute in ways[one.id])]


def _shown(access: Access, name: str, resource: Standard) -> dict[str, Any]:
    def told(attribute: str) -> str:
        return str(getattr(resource, attribute, "")) if access.shows(resource, attribute) else ""

    return {
        "kind": name,
        "id": resource.id,
        "name": told("name"),
        "project_id": told("project_id"),
        "status": told("status"),
        "detail": _detail(access, resource, told),
    }


def _detail(access: Access, resource: Standard, told: Callable[[str], str]) -> str:
    match resource:
        case Port():
            shown = resource.fixed_ips if access.shows(resource, "fixed_ips") else ()
            return ", ".join(filter(None, [*(str(one.ip_address) for one in shown), told("mac_address")]))
        case Subnet():
            return told("cidr")
    return told("description")


def _host(report: HostReport) -> dict[str, Any]:
    return {
        "kind": AGENT,
        "id": agent_id(report),
        "name": report.host,
        "project_id": "",
        "status": "alive" if report.alive else "gone",
        "detail": report.tunnel_address or "",
    }


HIT = object_of(
    dict.fromkeys(("kind", "id", "name", "project_id", "status", "detail"), TEXT),
    ["kind", "id", "name", "project_id", "status", "detail"],
)
ANSWER = object_of(
    {"hits": array_of(HIT, MOST * (len(COLLECTIONS) + 1)), "more": array_of(TEXT)}, ["hits", "more"]
)
SEARCH = Report("search", _search, ANSWER, (("q", {"type": "string", "maxLength": TEXT_LENGTH}),))
