"""Which machines hang on which networks, and where: a picture of few, counts of many."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from osken_apps.errors import NetworkNotFound
from osken_apps.model.resources import Network, Port, PortStatus
from osken_apps.rest.access import Access
from osken_apps.rest.networks import NETWORKS
from osken_apps.rest.openapi.words import TEXT, array_of, object_of
from osken_apps.rest.operations import Operations
from osken_apps.rest.policy import Permissions, Target
from osken_apps.rest.ports import HOST_RULE, PORTS
from osken_apps.rest.reports.report import Report
from osken_apps.rest.request import Request
from osken_apps.rest.subnets import SUBNETS
from osken_apps.rest.types import TEXT_LENGTH, id_of_text
from osken_apps.store.selection import Among
from osken_apps.store.view import View

MOST = 500  # shapes: networks and ports, or networks and places where a host has ports of a network


def _topology(operations: Operations, request: Request, asked: Mapping[str, str]) -> dict[str, Any]:
    operations.census.begin()
    permissions, own = operations.permissions(request), Target(request.caller.project_id)
    network_id, host = id_of_text(asked["network_id"]), asked["host"]
    sees_hosts = permissions.may(HOST_RULE, own)
    if host:
        permissions.require(HOST_RULE, [], own)
    with operations.store.read() as view:
        found = _places(view, operations, permissions, network_id, host)
        networks = _networks(view, permissions, found, sees_hosts)
        is_small = len(networks) + sum(counted.total() for counted in found.values()) <= MOST
        ports = _ports(view, operations, permissions, list(found), host) if is_small else []
        machines = _machines(ports, Access(PORTS, permissions, view), sees_hosts)
    cells = _cells(found) if sees_hosts else []
    return {
        "networks": networks[:MOST],
        "more_networks": max(0, len(networks) - MOST),
        "is_complete": is_small,
        "machines": machines,
        "cells": cells if len(networks) + len(cells) <= MOST else [],
        "more_cells": 0 if len(networks) + len(cells) <= MOST else len(cells),
    }


Places = dict[str, Counter[tuple[str, str]]]  # of a network: its ports by host and status


def _places(
    view: View, operations: Operations, permissions: Permissions, network_id: str, host: str
) -> Places:
    """Count the ports of the networks that are asked for. Raises NetworkNotFound."""
    census = operations.census
    if network_id and not census.sees(Network, network_id, permissions):
        raise NetworkNotFound(network_id)
    ids = [network_id] if network_id else census.visible(Network, permissions)
    places: Places = {id: Counter() for id in ids}
    for of, at, status, number in _counted(view, operations, permissions, network_id, host):
        if of in places:  # a port may be seen on a network that may not
            places[of][at, status] += number
    return {id: counted for id, counted in places.items() if counted} if host else places


def _counted(
    view: View, operations: Operations, permissions: Permissions, network_id: str, host: str
) -> Iterable[tuple[str, str, str, int]]:
    """Count ports by network, host and status: in the database, or of those that the caller may see."""
    if permissions.sees_all:
        yield from view.counts.ports_by_place(network_id, host)
        return
    for port in view.ports_named(operations.census.visible(Port, permissions)):
        if _is_machine(port) and network_id in ("", port.network_id) and host in ("", _host_of(port)):
            yield port.network_id, _host_of(port), port.status, 1


def _is_machine(port: Port) -> bool:
    """Tell whether a port is some machine's, and none of the network's own."""
    return not port.is_dhcp_server


def _host_of(port: Port) -> str:
    return port.binding.host if port.binding else ""


def _networks(view: View, permissions: Permissions, places: Places, sees_hosts: bool) -> list[dict[str, Any]]:
    """Give the networks by name, each with its addresses and how many ports it has."""
    cidrs: dict[str, list[str]] = {}
    subnets, access = Access(SUBNETS, permissions, view), Access(NETWORKS, permissions, view)
    for subnet in subnets.visible([one for one in view.subnets() if one.network_id in places]):
        if subnets.shows(subnet, "cidr"):
            cidrs.setdefault(subnet.network_id, []).append(str(subnet.cidr))
    networks = view.networks(Among("id", tuple(places))) if places else []
    networks = [access.without_hidden(network, "name") for network in networks]
    return [
        {
            "id": network.id,
            "name": network.name,
            "cidrs": cidrs.get(network.id, []),
            "is_shared": network.shared,
            "ports": places[network.id].total(),
            "down": _down(places[network.id]),
            "hosts": len({at for at, _ in places[network.id] if at}) if sees_hosts else 0,
        }
        for network in sorted(networks, key=lambda network: (network.name, network.id))
    ]


def _down(counted: Counter[tuple[str, str]]) -> int:
    return sum(number for (_, status), number in counted.items() if status != PortStatus.ACTIVE)


def _ports(
    view: View, operations: Operations, permissions: Permissions, network_ids: Sequence[str], host: str
) -> list[Port]:
    if not network_ids:
        return []
    return [
        port
        for port in view.ports(Among("network_id", tuple(network_ids)))
        if _is_machine(port)
        and (not host or _host_of(port) == host)
        and operations.census.sees(Port, port.id, permissions)
    ]


def _machines(ports: Iterable[Port], access: Access, sees_hosts: bool) -> list[dict[str, Any]]:
    """Give machines by name: ports of one device are one, a port without a device is one of its own."""
    by_device: dict[str, list[Port]] = {}
    for port in ports:
        shown = access.without_hidden(port, "name", "fixed_ips", "device_id")
        by_device.setdefault(shown.device_id or port.id, []).append(shown)
    machines = [_machine(id, own, sees_hosts) for id, own in by_device.items()]
    return sorted(machines, key=lambda machine: (machine["name"], machine["id"]))


def _machine(id: str, ports: Sequence[Port], sees_hosts: bool) -> dict[str, Any]:
    return {
        "id": id,
        "name": min((port.name for port in ports if port.name), default=id),
        "host": next((_host_of(port) for port in ports if sees_hosts and port.binding), ""),
        "ports": [
            {
                "id": port.id,
                "name": port.name,
                "network_id": port.network_id,
                "addresses": [str(fixed_ip.ip_address) for fixed_ip in port.fixed_ips],
                "status": port.status.value,
            }
            for port in ports
        ],
    }


def _cells(places: Places) -> list[dict[str, Any]]:
    """Give how many ports of each network each host has."""
    cells: dict[tuple[str, str], dict[str, Any]] = {}
    for network_id, counted in places.items():
        for (host, status), number in counted.items():
            new = {"network_id": network_id, "host": host, "ports": 0, "down": 0}
            cell = cells.setdefault((network_id, host), new)
            cell["ports"] += number
            cell["down"] += number if status != PortStatus.ACTIVE else 0
    return [cell for (_, host), cell in sorted(cells.items()) if host]


NUMBER = {"type": "integer", "minimum": 0}
BOOLEAN = {"type": "boolean"}
NETWORK = object_of(
    {
        "id": TEXT,
        "name": TEXT,
        "cidrs": array_of(TEXT),
        "is_shared": BOOLEAN,
        "ports": NUMBER,
        "down": NUMBER,
        "hosts": NUMBER,
    }
)
PORT = object_of({"id": TEXT, "name": TEXT, "network_id": TEXT, "addresses": array_of(TEXT), "status": TEXT})
MACHINE = object_of({"id": TEXT, "name": TEXT, "host": TEXT, "ports": array_of(PORT)})
CELL = object_of({"network_id": TEXT, "host": TEXT, "ports": NUMBER, "down": NUMBER})
ANSWER = object_of(
    {
        "networks": array_of(NETWORK, MOST),
        "more_networks": NUMBER,
        "is_complete": BOOLEAN,
        "machines": array_of(MACHINE, MOST),
        "cells": array_of(CELL, MOST),
        "more_cells": NUMBER,
    },
    ["networks", "more_networks", "is_complete", "machines", "cells", "more_cells"],
)
OF = {"type": "string", "maxLength": TEXT_LENGTH}
TOPOLOGY = Report("topology", _topology, ANSWER, (("network_id", OF), ("host", OF)))
