"""An error of ours about one port costs that port's changes, and nothing of the others."""

from dataclasses import replace
from typing import Any

import pytest

from osken_apps.apps import announcer, broken_ports
from osken_apps.apps.intent import Intent
from osken_apps.failures import Failures
from osken_apps.link import SnapshotPart
from osken_apps.model import host_snapshot, reports
from osken_apps.model.changes import Deleted, PortReport, Snapshot, Upserted
from osken_apps.model.dhcp_service import dhcp_service
from osken_apps.model.fabric_view import FabricView
from osken_apps.model.group_index import GroupIndex
from osken_apps.model.local_vlans import DEAD_TAG
from osken_apps.model.port_security import GroupPolicy
from osken_apps.model.reports import SET_ASIDE
from osken_apps.model.resources import Binding, Port, PortStatus
from osken_apps.model.security_groups import Direction, SecurityGroup, SecurityGroupRule
from osken_apps.model.snapshot import BoundPort, HostSnapshot, Layout
from osken_apps.openflow.wire import Encoded
from osken_apps.pipeline import desired
from osken_apps.pipeline.port_forms import PortForms
from tests.model.test_networks_apart import NETWORKS, OVERLAY, Site, at_rest, port, tap

P1, P2, P3 = port(1, NETWORKS[1]), port(2, NETWORKS[1]), port(3, NETWORKS[2])
EVERY_NETWORK = (*NETWORKS.values(), OVERLAY)


class Fault:
    """An error that the controller meets wherever it looks at one of some ports."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.about: set[str] = set()
        monkeypatch.setattr(host_snapshot, "dhcp_service", self._dhcp_service)

    def _dhcp_service(self, item: Port, *others: Any) -> object:
        if item.id in self.about:
            raise ZeroDivisionError
        return dhcp_service(item, *others)


@pytest.fixture
def fault(monkeypatch: pytest.MonkeyPatch) -> Fault:
    return Fault(monkeypatch)


def served(*ports: Port) -> Site:
    """Give a host that is as it should be."""
    site = Site(*ports)
    site.plug(10, *ports)
    at_rest(site)
    return site


def settle(site: Site) -> None:
    """Have passes made until one does, as the loop would."""
    for _ in range(3):
        if site.attempt():
            return
    pytest.fail("no pass is made to its end")


def restart(site: Site, *ports: Port) -> None:
    """Start another controller, with what the store holds by what was reported."""
    known = (
        replace(it, status=site.reports[it.id].status, binding=site.reports[it.id].binding) for it in ports
    )
    site.start(Snapshot((*EVERY_NETWORK, *known), store_id="s"))


@pytest.mark.parametrize("restarted", [False, True])
def test_the_others_are_served_and_what_carries_its_traffic_stays(
    fault: Fault, restarted: bool, caplog: pytest.LogCaptureFixture
) -> None:
    site = served(P1, P2)
    flows = {name: dict(bridge.flows) for name, bridge in site.bridges.items()}
    fault.about = {P2.id}
    if restarted:
        restart(site, P1, P2)
    site.fabric.apply([Upserted(P3)])
    site.plug(13, P3)
    settle(site)
    assert site.reports[P3.id].status is PortStatus.ACTIVE
    assert (site.reports[P2.id].status, site.reports[P2.id].waits_for) == (PortStatus.DOWN, SET_ASIDE)
    assert site.ovsdb.tags == {tap(P1): 1, tap(P2): 1, tap(P3): 2}
    assert all(flows[name].items() <= bridge.flows.items() for name, bridge in site.bridges.items())
    (trouble,) = site.hosts.by_name["h"].troubles.values()
    assert f"is about the ports of {tap(P2)}: their tags, and all flows, stay" in trouble
    assert f"host h: port {P2.id} is left as it is, as the error is about it" in caplog.messages


def test_a_guarded_one_is_not_open_where_its_flows_are_lost(fault: Fault) -> None:
    guarded = replace(P2, port_security_enabled=True)
    site = served(P1, guarded)
    fault.about = {guarded.id}
    for bridge in site.bridges.values():
        bridge.restart()
    restart(site, P1, guarded)
    settle(site)
    assert site.flows("br-int", "provider_to_guarded")
    assert not site.flows("br-int", "integration_normal", "provider_to_local")


def test_it_stays_where_the_configuration_has_lost_its_physical_network(fault: Fault) -> None:
    site = served(P2)
    fault.about = {P2.id}
    known = replace(P2, status=PortStatus.ACTIVE, binding=site.reports[P2.id].binding)
    site.start(Snapshot((*EVERY_NETWORK, known), store_id="s"), layout=Layout("br-int", ()))
    settle(site)
    assert (site.ovsdb.tags[tap(P2)], site.sends_in(tap(P2)), site.hears(tap(P2))) == (1, {1001}, {1001})


def test_one_that_another_hand_gives_another_networks_tag_is_dead(fault: Fault) -> None:
    site = served(P2, P3)
    fault.about = {P2.id}
    restart(site, P2, P3)
    settle(site)
    site.ovsdb.tags[tap(P2)] = site.ovsdb.tags[tap(P3)]
    site.show()
    settle(site)
    assert site.ovsdb.tags == {tap(P2): DEAD_TAG, tap(P3): 2}


def test_it_is_served_again_once_it_changes(fault: Fault) -> None:
    site = served(P1, P2)
    before = {name: dict(bridge.flows) for name, bridge in site.bridges.items()}
    fault.about = {P2.id}
    restart(site, P1, P2)
    settle(site)
    fault.about = set()
    site.fabric.apply([Upserted(replace(P2, admin_state_up=False))])
    site.hosts.wake(["h"])
    site.fabric.apply([Upserted(P2)])
    settle(site)
    assert site.reports[P2.id].status is PortStatus.ACTIVE
    assert {name: dict(bridge.flows) for name, bridge in site.bridges.items()} == before
    assert not any(site.hosts.by_name["h"].troubles.values())


@pytest.fixture
def a_new_one(fault: Fault) -> Site:
    """Give a host with a port, into which another one is plugged that an error is about."""
    site = served(P1)
    fault.about = {P2.id}
    site.fabric.apply([Upserted(P2)])
    site.plug(11, P2)
    settle(site)
    return site


def test_a_new_one_is_dead_and_says_why(a_new_one: Site) -> None:
    site = a_new_one
    assert site.ovsdb.tags == {tap(P1): 1, tap(P2): DEAD_TAG}
    assert (site.reports[P2.id].status, site.reports[P2.id].waits_for) == (PortStatus.DOWN, SET_ASIDE)
    assert not any(site.hosts.by_name["h"].troubles.values())


def test_the_store_is_told_where_it_is_as_a_restart_goes_by_that(a_new_one: Site) -> None:
    assert a_new_one.reports[P2.id].binding == Binding("h", 1, tap(P2))


def test_it_is_found_where_its_flows_cannot_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    class Forms(PortForms):
        def encoded(self, bound: BoundPort, max_meters: int) -> Encoded:
            if bound.port_id == P2.id:
                raise ZeroDivisionError
            return super().encoded(bound, max_meters)

    monkeypatch.setattr(desired, "_port_forms", Forms(desired._of_port, lambda: desired.FEATURES))
    site = Site(P1, P2, P3)
    site.plug(10, P1, P2, P3)
    settle(site)
    assert [site.reports[it.id].status for it in (P1, P2, P3)] == [
        PortStatus.ACTIVE,
        PortStatus.DOWN,
        PortStatus.ACTIVE,
    ]


def test_it_is_found_where_what_is_reported_of_it_cannot_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def of_bound(fabric: FabricView, snapshot: HostSnapshot, bound: BoundPort, waits_for: str) -> PortReport:
        if bound.port_id == P2.id:
            raise ZeroDivisionError
        return made(fabric, snapshot, bound, waits_for)

    made = reports._of_bound
    monkeypatch.setattr(reports, "_of_bound", of_bound)
    site = Site(P1, P2, P3)
    site.plug(10, P1, P2, P3)
    settle(site)
    assert [site.reports[it.id].status for it in (P1, P2, P3)] == [
        PortStatus.ACTIVE,
        PortStatus.DOWN,
        PortStatus.ACTIVE,
    ]


def test_a_machine_that_cannot_be_announced_costs_no_other_port_its_report(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def announcements(item: Port, *others: Any) -> object:
        raise ZeroDivisionError

    site = Site(P1, P2)
    monkeypatch.setattr(announcer, "announcements", announcements)
    site.plug(10, P1, P2)
    site.fabric.host("h").arrivals.add(P2.id)
    settle(site)
    assert [site.reports[it.id].status for it in (P1, P2)] == [PortStatus.ACTIVE] * 2


def test_an_error_about_most_ports_is_about_none(fault: Fault) -> None:
    ports = [replace(P1, id=f"{number:08}-port") for number in range(broken_ports.MAX_BROKEN + 1)]
    site = Site(*ports)
    fault.about = {it.id for it in ports}
    site.plug(10, *ports)
    assert not site.attempt()
    assert not site.fabric.set_aside
    assert "an error of the controller; see its log" in site.hosts.by_name["h"].troubles.values()


def test_others_have_their_turn_while_it_is_looked_for_and_what_is_mended_meanwhile_is_served(
    fault: Fault,
) -> None:
    site = served(P1, P2, P3)
    paused, mended_at = 0, 0

    def pause() -> None:
        nonlocal paused
        paused += 1
        if paused == mended_at:
            fault.about = set()

    fault.about = {P2.id}
    assert broken_ports.broken_ports(site.fabric, "h", pause) == {P2.id}
    assert paused > 3
    paused, mended_at = 0, paused
    assert broken_ports.broken_ports(site.fabric, "h", pause) == set()


def test_a_port_of_a_network_that_is_not_known_keeps_what_it_has_as_one_that_is_not_known(
    caplog: pytest.LogCaptureFixture,
) -> None:
    site = served(P1, P2)
    flows = {name: dict(bridge.flows) for name, bridge in site.bridges.items()}
    site.failed = Failures().note  # type: ignore[method-assign, assignment]
    site.start(Snapshot(EVERY_NETWORK[1:], store_id="s"))
    intent = Intent(site.fabric)
    intent.take_part(SnapshotPart(1, Snapshot((*EVERY_NETWORK[1:], P1, P2, P3), store_id="s"), last=True))
    site.plug(13, P3)
    settle(site)
    assert site.reports[P3.id].status is PortStatus.ACTIVE
    assert site.ovsdb.tags == {tap(P1): 1, tap(P2): 1, tap(P3): 2}
    assert all(flows[name].items() <= bridge.flows.items() for name, bridge in site.bridges.items())
    assert f"port {P1.id} is of network n1, which is not known" in caplog.text


def test_an_error_about_a_group_costs_its_ports_until_the_group_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    policy = GroupIndex.policy
    well, badly = (SecurityGroup(id=f"g{number}", project_id="p", number=number) for number in (1, 2))
    rule = SecurityGroupRule(
        id="r", project_id="p", direction=Direction.INGRESS, security_group_id=badly.id, number=1
    )

    def faulty(groups: GroupIndex, group_id: str) -> GroupPolicy | None:
        if rule.id in groups._rules and group_id == badly.id:
            raise ZeroDivisionError
        return policy(groups, group_id)

    monkeypatch.setattr(GroupIndex, "policy", faulty)
    one, other = (
        replace(item, port_security_enabled=True, security_groups=(group.id,))
        for item, group in ((P1, well), (P2, badly))
    )
    site = Site(one, other)
    site.fabric.apply([Upserted(well), Upserted(badly), Upserted(rule)])
    site.plug(10, one, other)
    settle(site)
    assert site.reports[one.id].status is PortStatus.ACTIVE
    assert site.reports[other.id].waits_for == SET_ASIDE
    site.hosts.wake(site.fabric.apply([Deleted(SecurityGroupRule, rule.id)]))
    settle(site)
    assert site.reports[other.id].status is PortStatus.ACTIVE
