"""The interfaces of a host's bridges, as its OVSDB and its switch show them. SHELL (it reads live objects).

Nothing is asked of anybody: what changes is told by the sessions anyway.
"""

from typing import Any

from osken_apps.apps.host import Host
from osken_apps.apps.hosts import Hosts
from osken_apps.model.conditions import InterfaceFacts, PortFacts
from osken_apps.model.snapshot import MAX_METERS
from osken_apps.pipeline.meters import port_meter


def host_interfaces(hosts: Hosts, host: str) -> dict[str, Any]:
    """Give the interfaces of a host's bridges of ours.

    Without an OVSDB session (`has_ovsdb`) what the switch tells of them. `ofport` is null for one that the
    switch does not have.
    """
    served = hosts.by_name.get(host)
    if served is None:
        return {"interfaces": [], "has_ovsdb": False}
    view = served.view
    rows: list[dict[str, Any]] = []
    for name in hosts.fabric.layout.all_bridges:
        facts = view.facts.bridge(name) if view else None
        ofports = _ofports(served, name)
        if facts is not None:
            for port in facts.ports:
                rows += (_row(hosts, served, name, port, each, ofports) for each in port.interfaces)
        else:
            bare = (InterfaceFacts(interface) for interface in sorted(ofports))
            rows += (_row(hosts, served, name, PortFacts(each.name), each, ofports) for each in bare)
    return {"interfaces": rows, "has_ovsdb": view is not None}


def _ofports(host: Host, bridge: str) -> dict[str, int]:
    connected = host.bridges.get(bridge)
    return connected.connection.ofports() if connected else {}


def _row(
    hosts: Hosts, host: Host, bridge: str, port: PortFacts, shown: InterfaceFacts, ofports: dict[str, int]
) -> dict[str, Any]:
    ofport = ofports.get(shown.name)
    known = shown.iface_id in hosts.fabric.inventory.ports
    is_metered = bridge == hosts.fabric.layout.integration_bridge
    meter_id = port_meter(ofport, MAX_METERS) if is_metered and ofport is not None else None
    drops = host.tallies.meter_drops.totals.get(meter_id, 0) if meter_id is not None else 0
    return {
        "bridge": bridge,
        "name": shown.name,
        "type": shown.type,
        "ofport": ofport,
        "tag": port.tag,
        "port_id": shown.iface_id if known else "",
        "iface_id": shown.iface_id,
        "attached_mac": shown.attached_mac,
        "admin_state": _word(shown.admin_up),
        "link_state": _word(shown.link_up),
        "mtu": shown.mtu,
        "error": shown.error,
        "dropped_by_meter": drops,
    }


def _word(is_up: bool | None) -> str:
    return "" if is_up is None else "up" if is_up else "down"
