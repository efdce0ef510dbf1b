"""Reading what a host's switch has counted, when its flows are read anyway. SHELL.

A scrape never asks a switch: it is told what was read last.
"""

import logging
from dataclasses import asdict

from osken_apps.apps.connection import SwitchError
from osken_apps.apps.host import Bridge
from osken_apps.apps.hosts import Hosts
from osken_apps.apps.switch_requests import read_port_stats
from osken_apps.errors import Malformed
from osken_apps.model.counts import PortCounts
from osken_apps.openflow.port_stats import PortStats
from osken_apps.pipeline.meters import drops_by_kind

LOG = logging.getLogger(__name__)


def read_counts(hosts: Hosts, bridge: Bridge) -> None:
    """Note what the meters of an integration bridge have dropped, and what its watched ports have passed.

    A switch that does not tell leaves what was known.
    """
    host = bridge.host
    try:
        tallies = host.tallies
        tallies.meter_drops.take(bridge.meter_drops())
        tallies.drops_by_kind = drops_by_kind(tallies.meter_drops.totals)
        tallies.watched_ports = tuple(_of_port(bridge, *which) for which in _watched(hosts, bridge))
    except (SwitchError, Malformed) as error:
        hosts.tell(host, LOG, logging.INFO, "its counters tell nothing: %s", str(error))


def _watched(hosts: Hosts, bridge: Bridge) -> list[tuple[str, int]]:
    """Give the watched ports that are bound here, with their numbers."""
    if not hosts.watched_ports:
        return []
    fabric, ofports = hosts.fabric, bridge.connection.ofports()
    found = []
    for port in fabric.recorded_at(fabric.shown(bridge.host.name)):
        binding = port.binding
        if port.id in hosts.watched_ports and binding and binding.interface in ofports:
            found.append((port.id, ofports[binding.interface]))
    return found


def _of_port(bridge: Bridge, port_id: str, ofport: int) -> PortCounts:
    counts = asdict(read_port_stats(bridge, ofport) or PortStats(ofport, *[0] * 8))
    del counts["ofport"]
    return PortCounts(port_id, **counts)
