"""What a switch has counted, read when its flows are read anyway."""

import struct
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from osken_apps.apps.connection import SwitchError
from osken_apps.apps.host import Bridge, Host
from osken_apps.apps.host_counts import read_counts
from osken_apps.apps.host_reports import host_reports
from osken_apps.apps.hosts import Hosts
from osken_apps.apps.peers import Peers
from osken_apps.model.changes import Snapshot
from osken_apps.model.counts import PortCounts
from osken_apps.model.fabric import Fabric
from osken_apps.model.resources import Binding
from osken_apps.model.snapshot import Layout
from osken_apps.openflow.meter import OFPMP_METER
from osken_apps.openflow.port_stats import OFPMP_PORT_STATS
from osken_apps.pipeline.meters import DHCP_PUNTS, PORT_METERS
from tests.golden.scenarios import NET1, SUBNET1, VM1
from tests.model.loading import load
from tests.unit.test_port_stats import entry

HEADER = struct.Struct("!BBHIHH4x")


class Switch:
    """A connection of a switch that tells what its meters and its port 5 have counted."""

    max_meters = 100

    def __init__(self) -> None:
        self.drops = {DHCP_PUNTS: 1, PORT_METERS + 5: 7}
        self.asked: list[int] = []
        self.is_mute = False

    def ofports(self) -> dict[str, int]:
        """Give the only port."""
        return {"tap1": 5}

    def request(self, build: Callable[[int], bytes]) -> list[bytes]:
        """Answer a question for statistics."""
        if self.is_mute:
            raise SwitchError("it does not answer")
        *_, kind, _flags = HEADER.unpack_from(build(1))
        self.asked.append(kind)
        body = entry(5, *range(1, 9)) if kind == OFPMP_PORT_STATS else b""
        for meter_id, drops in self.drops.items() if kind == OFPMP_METER else ():
            body += struct.pack("!IH6xIQQII", meter_id, 56, 1, 9, 9, 0, 0) + struct.pack("!QQ", drops, 0)
        return [HEADER.pack(5, 19, 16 + len(body), 1, kind, 0) + body]


def world() -> tuple[Hosts, Bridge, Switch]:
    """Give a host whose switch has the interface of a bound port."""
    fabric = Fabric(Layout("br-int", (("default", "br-eth2"),)))
    bound = replace(VM1, binding=Binding("host1", 1, "tap1"))
    load(fabric, Snapshot((NET1, SUBNET1, bound)))
    hosts = Hosts(fabric, lambda host: SimpleNamespace())  # type: ignore[arg-type,return-value]
    host, switch = Host("host1"), Switch()
    hosts.by_name["host1"] = host
    connection: Any = switch
    bridge = Bridge(host, "br-int", connection)
    host.bridges["br-int"] = bridge
    return hosts, bridge, switch


def test_what_meters_have_dropped_is_kept_by_meter_and_told_by_kind() -> None:
    hosts, bridge, switch = world()
    read_counts(hosts, bridge)
    switch.drops = {DHCP_PUNTS: 1, PORT_METERS + 5: 2}  # that of the port was made anew
    read_counts(hosts, bridge)
    assert bridge.host.tallies.meter_drops.totals == {DHCP_PUNTS: 1, PORT_METERS + 5: 9}
    (report,) = host_reports(Peers(hosts))
    assert report.counts.meter_drops == (("bridge", 1), ("port", 9))
    assert dict(report.dhcp_counters)["dropped_by_meters"] == 10


def test_of_ports_only_those_that_are_listed_are_asked_for() -> None:
    hosts, bridge, switch = world()
    read_counts(hosts, bridge)
    assert OFPMP_PORT_STATS not in switch.asked
    hosts.watched_ports = frozenset({VM1.id, "somewhere else"})
    read_counts(hosts, bridge)
    assert bridge.host.tallies.watched_ports == (PortCounts(VM1.id, 1, 2, 3, 4, 5, 6, 7, 8),)


def test_a_switch_that_does_not_tell_leaves_what_was_known() -> None:
    hosts, bridge, switch = world()
    read_counts(hosts, bridge)
    switch.is_mute = True
    read_counts(hosts, bridge)
    assert bridge.host.tallies.drops_by_kind == {"bridge": 1, "port": 7}


def test_very_many_hosts_are_reported_in_turns() -> None:
    hosts, _, _ = world()
    hosts.by_name |= {f"host{number}": Host(f"host{number}") for number in range(2, 46)}
    turns = []
    assert len(host_reports(Peers(hosts), lambda: turns.append(None))) == 45
    assert len(turns) == 2
