"""Two machines of one MAC address in one network, as far as hosts and DHCP clients show them. SHELL."""

import re
import time
from collections.abc import Iterator

from osken_apps.apps.answering.plugged import interfaces
from osken_apps.apps.hosts import Hosts
from osken_apps.dhcp.decision import SilenceReason
from osken_apps.dhcp.journal import PortJournal
from osken_apps.explain.facts import Known, Source, Twin
from osken_apps.model.conditions import Code
from osken_apps.model.conditions.iface_ids import hex_digits
from osken_apps.model.resources import Port

MAC = re.compile(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}")


def duplicate_mac_of(hosts: Hosts, port: Port, journal: PortJournal) -> Known[Twin] | None:
    """Give a port of the same network whose MAC address a port's machine uses, or whose machine uses its."""
    inventory = hosts.fabric.inventory
    shown = {mac: source for mac, source in _shown(hosts, port, journal) if mac != int(port.mac_address)}
    for port_id in sorted(inventory.ports_of(port.network_id)) if shown else ():
        other = inventory.ports[port_id]
        source = shown.get(int(other.mac_address))
        if source and other.id != port.id:
            return _known(hosts, other, str(other.mac_address), source)
    for host in hosts.by_name.values():
        for condition in host.conditions:
            thief = inventory.ports.get(condition.port_id) if condition.code is Code.MAC_ADDRESS else None
            is_near = thief and thief.network_id == port.network_id and thief.id != port.id
            if thief and is_near and int(port.mac_address) in _attached(hosts, thief):
                return _known(hosts, thief, str(port.mac_address), Source.OVSDB)
    return None


def _known(hosts: Hosts, other: Port, mac: str, source: Source) -> Known[Twin]:
    place = hosts.fabric.claims.place_of(other.id)
    return Known(Twin(other.name or other.id, mac, place.host if place else ""), source, time.time())


def _shown(hosts: Hosts, port: Port, journal: PortJournal) -> Iterator[tuple[int, Source]]:
    """Give the MAC addresses that a port's machine has shown, and where."""
    last = journal.entries[-1].decision if journal.entries else None
    if last and last.reason is SilenceReason.HARDWARE_ADDRESS:
        for text in MAC.findall(last.detail):
            yield int(text.replace(":", ""), 16), Source.JOURNAL
    for mac in _attached(hosts, port):
        yield mac, Source.OVSDB


def _attached(hosts: Hosts, port: Port) -> set[int]:
    """Give what the interface of a port says that its machine's MAC address is."""
    place = hosts.fabric.claims.place_of(port.id)
    host = hosts.by_name.get(place.host) if place else None
    return {
        int(digits, 16)
        for interface in (interfaces(hosts, host) if host else ())
        if interface.iface_id == port.id and (digits := hex_digits(interface.attached_mac))
    }
