"""What OVSDB shows of interfaces that are a port's, or are perhaps meant to be, and of the NICs. SHELL."""

import time
from collections.abc import Iterator, Mapping

from osken_apps.apps.host import Host
from osken_apps.apps.hosts import Hosts
from osken_apps.explain.facts import Known, Source, Stray
from osken_apps.model.conditions import Code, InterfaceFacts, nics_of
from osken_apps.model.conditions.iface_ids import hex_digits
from osken_apps.model.resources import Port


def interface_of(hosts: Hosts, port: Port) -> Known[InterfaceFacts] | None:
    """Give the interface that a port is plugged in as."""
    place = hosts.fabric.claims.place_of(port.id)
    host = hosts.by_name.get(place.host) if place else None
    shown = (it for it in interfaces(hosts, host) if place and it.name == place.interface) if host else ()
    return next((Known(interface, Source.OVSDB, time.time()) for interface in shown), None)


def stray_of(hosts: Hosts, port: Port) -> Known[Stray] | None:
    """Give an interface whose iface-id is no port's, and whose machine has a port's MAC address."""
    for host in hosts.by_name.values():
        unknown = [it for it in host.conditions if it.code is Code.IFACE_ID_UNKNOWN and not it.port_id]
        strays = {condition.interface for condition in unknown}
        for interface in interfaces(hosts, host) if strays else ():
            mac = hex_digits(interface.attached_mac)
            if interface.name in strays and mac == f"{int(port.mac_address):012x}":
                return Known(Stray(host.name, interface.name, interface.iface_id), Source.OVSDB, time.time())
    return None


def nics(hosts: Hosts, host: Host) -> Known[Mapping[str, tuple[InterfaceFacts, ...]]] | None:
    """Give the NICs of a host's physical bridges; None: it has no session that shows them."""
    view = host.view
    if view is None:
        return None
    physical = {bridge for _, bridge in hosts.fabric.layout.bridge_mappings}
    found = {bridge.name: tuple(nics_of(bridge)) for bridge in view.facts.bridges if bridge.name in physical}
    return Known(found, Source.OVSDB, time.time())


def interfaces(hosts: Hosts, host: Host) -> Iterator[InterfaceFacts]:
    """Give what a host's session shows of the interfaces of its integration bridge."""
    view = host.view
    bridge = view.facts.bridge(hosts.fabric.layout.integration_bridge) if view else None
    for port in bridge.ports if bridge else ():
        yield from port.interfaces
