"""An error of ours about one port costs that port, wherever it is met: a table of places, and a host on which
each is tried.

The others of the host are served, its session and its link stay, the error is logged once with where it
comes from, and what it was about is served again once it is gone.
"""

import logging
from dataclasses import replace
from ipaddress import IPv4Address
from typing import Any

import pytest

from osken_apps.apps import announcer, broken_ports
from osken_apps.apps.port_reporter import PortReporter
from osken_apps.failures import Failures, noted
from osken_apps.model import host_snapshot, reports, tunnel_peers
from osken_apps.model.changes import Snapshot, Upserted
from osken_apps.model.claims import Claims
from osken_apps.model.fabric import Fabric
from osken_apps.model.fabric_view import FabricView
from osken_apps.model.group_index import GroupIndex
from osken_apps.model.host import Interface
from osken_apps.model.inventory import Inventory
from osken_apps.model.placement import Placement
from osken_apps.model.reports import SET_ASIDE
from osken_apps.model.resources import FixedIp, PortStatus
from osken_apps.model.security_groups import SecurityGroup
from osken_apps.model.tunnels import RemotePorts
from osken_apps.pipeline.port_forms import PortForms
from tests.golden.scenarios import LAYOUT
from tests.model.loading import load
from tests.model.switch import Ovsdb
from tests.model.test_networks_apart import NETWORKS, OVERLAY, Site, port, tap

EVERY_NETWORK = (*NETWORKS.values(), OVERLAY)
P1, BROKEN, P3 = (port(number, NETWORKS[1], guarded=True) for number in (1, 2, 3))
WORDS = "broken on purpose"


class Fault:
    """An error that a function raises wherever it is asked about one of some things, by their ids."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self.about: set[str] = {BROKEN.id}
        self.is_met = False

    def put(self, where: object, name: str) -> None:
        """Have a function of a class or a module raise it."""
        well = getattr(where, name)

        def faulty(*arguments: Any, **named: Any) -> Any:
            ids = {it if isinstance(it, str) else _id_of(it) for it in arguments}
            if ids & self.about:
                self.is_met = True
                raise ValueError(WORDS)
            return well(*arguments, **named)

        self._monkeypatch.setattr(where, name, faulty)


def _id_of(thing: object) -> object:
    return getattr(thing, "id", getattr(thing, "port_id", None))


@pytest.fixture
def fault(monkeypatch: pytest.MonkeyPatch) -> Fault:
    return Fault(monkeypatch)


class Guarded(Site):
    """A host of a controller that notes what fails, as the real one does."""

    def start(self, *arguments: Any, **named: Any) -> None:
        self.failed = Failures().note  # type: ignore[method-assign, assignment]
        super().start(*arguments, **named)


PLACES: list[tuple[object, str]] = [
    (FabricView, "is_up"),
    (FabricView, "as_wanted"),
    (FabricView, "is_guarded"),
    (FabricView, "guard_of"),
    (FabricView, "can_guard"),
    (FabricView, "conflict_of"),
    (FabricView, "claims_on"),
    (FabricView, "binding_of"),
    (Inventory, "guard_of"),
    (Claims, "wish_of"),
    (Claims, "put"),
    (Placement, "put"),
    (host_snapshot, "dhcp_service"),
    (host_snapshot, "_bound"),
    (reports, "_of_bound"),
    (reports, "_waits_for"),
    (PortForms, "encoded"),
    (PortReporter, "_log"),
    (announcer, "announcements"),
]
named = [f"{getattr(where, '__name__', where)}.{name}" for where, name in PLACES]


def settle(site: Site) -> bool:
    """Have passes made until one does, as the loop would."""
    return any(site.attempt() for _ in range(3))


def review(site: Site) -> None:
    """Have the host audited, when what is left as it is is tried again."""
    reconciler: Any = site.hosts.by_name["h"].reconciler
    reconciler._review_at = 0.0
    reconciler.audit()


@pytest.mark.parametrize("where, name", PLACES, ids=named)
@pytest.mark.parametrize("served_before", [False, True])
def test_an_error_about_a_port_costs_that_port(
    where: object, name: str, served_before: bool, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    counted = sum(noted.values())
    if not served_before:
        fault.put(where, name)
    site = Guarded(P1, BROKEN)
    site.plug(10, P1, BROKEN)
    assert settle(site)
    if served_before:
        assert site.reports[BROKEN.id].status is PortStatus.ACTIVE
        fault.put(where, name)
    site.fabric.host("h").arrivals.add(BROKEN.id)
    changed = replace(BROKEN, fixed_ips=(FixedIp("s", IPv4Address("10.0.0.22")),))
    for item in (changed, P3):
        site.fabric.attempt(site.fabric.apply, [Upserted(item)])
    site.plug(13, P3)
    assert settle(site)
    assert [site.reports[it.id].status for it in (P1, P3)] == [PortStatus.ACTIVE] * 2
    assert site.ovsdb.tags[tap(P1)] == site.ovsdb.tags[tap(P3)] == 1
    assert site.ovsdb in site.peers._sessions

    told = [record for record in caplog.records if record.exc_info and WORDS in str(record.exc_info[1])]
    kinds = [(record.msg, str(record.args)) for record in told]
    assert len(kinds) == len(set(kinds))
    assert (sum(noted.values()) > counted) is fault.is_met
    assert fault.is_met or served_before  # then it may be that nothing is asked of the port any more

    fault.about = set()
    caplog.clear()
    review(site)
    assert settle(site)
    assert site.reports[BROKEN.id].status is PortStatus.ACTIVE
    assert not site.fabric.set_aside
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


UNPLUGGED: list[tuple[object, str]] = [
    (reports, "_why_unbound"),
    (FabricView, "is_up"),
    (FabricView, "as_wanted"),
    (FabricView, "claims_on"),
]


@pytest.mark.parametrize("where, name", UNPLUGGED, ids=[name for _, name in UNPLUGGED])
def test_an_error_about_a_port_that_is_not_served_costs_that_port(
    where: object, name: str, fault: Fault
) -> None:
    down = replace(BROKEN, admin_state_up=False)
    site = Guarded(P1, down)
    fault.put(where, name)
    site.plug(10, P1, down)
    assert settle(site)
    assert site.reports[P1.id].status is PortStatus.ACTIVE
    assert site.reports[down.id].status is PortStatus.DOWN
    fault.about = set()
    review(site)
    assert settle(site)
    assert site.reports[down.id].waits_for == "admin_state_up to be set"


def test_an_error_about_a_group_of_many_ports_costs_these(monkeypatch: pytest.MonkeyPatch) -> None:
    policy = GroupIndex.policy
    well, badly = (SecurityGroup(id=f"g{number}", project_id="p", number=number) for number in (1, 2))
    is_broken = True

    def faulty(groups: GroupIndex, group_id: str) -> object:
        if group_id == badly.id and is_broken:
            raise ValueError(WORDS)
        return policy(groups, group_id)

    monkeypatch.setattr(GroupIndex, "policy", faulty)
    several = [
        replace(
            port(number, NETWORKS[1], guarded=True),
            id=f"{number:08}-port",
            security_groups=(badly.id,) if number > 2 else (well.id,),
        )
        for number in range(1, broken_ports.MAX_BROKEN + 6)
    ]
    site = Guarded(*several)
    site.fabric.apply([Upserted(well), Upserted(badly)])
    site.plug(10, *several)
    assert settle(site)
    assert {it.id for it in several if site.reports[it.id].status is PortStatus.ACTIVE} == {
        it.id for it in several[:2]
    }
    assert {site.reports[it.id].waits_for for it in several[2:]} == {SET_ASIDE}
    is_broken = False
    review(site)
    assert settle(site)
    assert {site.reports[it.id].status for it in several} == {PortStatus.ACTIVE}


# -- ports of other hosts

REMOTES: list[tuple[object, str]] = [
    (RemotePorts, "of"),
    (tunnel_peers, "further_macs"),
    (tunnel_peers, "is_guarded"),
    (FabricView, "is_up"),
]


@pytest.mark.parametrize("where, name", REMOTES, ids=[name for _, name in REMOTES])
def test_an_error_about_a_port_of_a_network_over_tunnels_costs_no_other_host(
    where: object, name: str, fault: Fault
) -> None:
    ports = [port(number, OVERLAY, guarded=True) for number in (1, 2, 3)]
    fault.about = {ports[1].id}
    kinds = Failures()
    fabric = Fabric(LAYOUT, failed=kinds.note)
    load(fabric, Snapshot((OVERLAY, *ports)))
    for number, item in enumerate(ports, 1):
        fabric.observe_tunnel_address(f"h{number}", f"192.0.2.{number}")
        fabric.observe_bridge(f"h{number}", "br-int", {tap(item): 5})
        fabric.observe_interfaces(f"h{number}", [Interface(tap(item), item.id)])
    well = fabric.tunnel_peers.of(OVERLAY.id, "h1")
    fabric.tunnel_peers.begin_again()
    fault.put(where, name)
    reach = fabric.tunnel_peers.of(OVERLAY.id, "h1")
    assert [remote.mac_address for remote in reach.ports] == [ports[2].mac_address]
    assert reach.peers == (IPv4Address("192.0.2.2"), IPv4Address("192.0.2.3"))
    assert reach.floods_unknown
    assert sum(kinds.counts.values()) == 1
    fault.about = set()
    assert fabric.try_again("h3") == set()
    assert fabric.try_again("h2") == {"h2"}
    assert fabric.tunnel_peers.take_looking() == {"h1", "h2", "h3"}
    healed = fabric.tunnel_peers.of(OVERLAY.id, "h1")
    assert (healed.peers, healed.floods_unknown) == (well.peers, well.floods_unknown)
    assert [it.mac_address for it in healed.ports] == [it.mac_address for it in well.ports]


@pytest.mark.parametrize("name", ["may_be_away", "wake"])
def test_an_error_that_the_end_of_a_connection_meets_keeps_out_no_next_one(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Site(P1)
    connection: Any = site.hosts.by_name["h"].bridges["br-int"].connection
    with monkeypatch.context() as patch:
        patch.setattr(site.hosts, name, lambda *_: 1 / 0)
        site.peers.session_ended(site.ovsdb)  # type: ignore[arg-type]
        site.peers.disconnected(connection)
    assert site.hosts.by_name["h"].session is None
    assert "br-int" not in site.hosts.by_name["h"].bridges
    for again in (site.ovsdb, Ovsdb("h", site.ovsdb.datapath_ids)):
        site.peers.session_shows(again, again.view())  # type: ignore[arg-type]
        assert site.hosts.by_name["h"].session is again
        site.peers.session_ended(again)  # type: ignore[arg-type]
