"""A switch tells that another hand changes flows: the bridge is read and mended, however many they are."""

import logging
from collections.abc import Callable

import pytest

from osken_apps.apps import foreign_changes, runtime
from osken_apps.apps.complaints import Complaints
from osken_apps.apps.host_reports import host_reports
from osken_apps.apps.switch import SwitchObserver
from osken_apps.openflow.events import FlowsChanged
from osken_apps.openflow.flow_monitor import FlowUpdate, UpdateEvent
from osken_apps.pipeline.probe import PROBE_COOKIE
from tests.model.switch import SwitchBridge, SwitchConnection
from tests.model.test_trouble import World

DELETED = FlowsChanged((FlowUpdate(UpdateEvent.REMOVED, 0, 2, 0xABC),))


class Told(World):
    """A host that is as it should be, whose integration bridge tells of changes; time is a number."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        self.now = 100.0
        self.due: list[tuple[float, Callable[[], object]]] = []
        self.reads = 0
        self.complaints = Complaints(lambda: self.now)
        monkeypatch.setattr(runtime, "clock", lambda: self.now)
        monkeypatch.setattr(runtime, "spawn_after", self._later)
        monkeypatch.setattr(foreign_changes, "complain", self.complaints.complain)
        assert self.attempt()

    def _later(self, seconds: float, work: Callable[..., object], *arguments: object) -> None:
        self.due.append((self.now + seconds, lambda: work(*arguments)))

    def tell(self, what: FlowsChanged = DELETED) -> None:
        SwitchObserver(self.peers).flows_changed(self.connection, what)  # type: ignore[arg-type]

    def pass_until(self, now: float) -> None:
        """Let the time pass, and what is due be done."""
        self.now = now
        due = [work for at, work in self.due if at <= now]
        self.due = [(at, work) for at, work in self.due if at > now]
        for work in due:
            work()
        bridge = self.hosts.by_name["h"].bridges["br-int"]
        self.reads += bridge.is_to_be_read
        assert self.attempt()

    def report(self, reports: object) -> None:
        """Have no use for reports."""


def test_what_another_deletes_is_put_back_and_counted_without_an_audit(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    world = Told(monkeypatch)
    assert world.connection.monitored
    desired = dict(world.bridge.flows)
    world.bridge.flows.clear()
    with caplog.at_level(logging.WARNING):
        world.tell()
        world.pass_until(100.0)
    assert world.bridge.flows == desired
    (report,) = host_reports(world.peers)
    assert (report.repairs, report.counts.foreign_changes) == (1, 1)
    assert caplog.messages == [
        "host h: another hand changes flows of br-int (removed: table 0, priority 2, cookie 0xabc)",
        "host h: br-int was changed by another hand; mending it",
    ]


def test_a_storm_is_said_once_a_minute_and_read_ever_more_rarely(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    world = Told(monkeypatch)
    with caplog.at_level(logging.WARNING):
        for tenth in range(600):
            world.tell()
            world.pass_until(100.0 + tenth / 10)
    assert world.reads == 6  # at once, and after 1, 3, 7, 15 and 31 s
    assert len(caplog.messages) == 1
    assert host_reports(world.peers)[0].counts.foreign_changes == 600


def test_hosts_without_ports_whose_flows_another_changes_are_told_of_once_for_each_bridge(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    world = Told(monkeypatch)
    for number in range(20):
        for name in ("br-int", "br-eth2"):
            stranger = SwitchConnection(SwitchBridge({}), name, "198.51.100.1")
            world.peers.connected(stranger, f"made-up-{number}")  # type: ignore[arg-type]
            SwitchObserver(world.peers).flows_changed(stranger, DELETED)  # type: ignore[arg-type]
    told = [message for message in caplog.messages if "made-up-" in message]
    assert told == [
        f"host made-up-0: another hand changes flows of {name} (removed: table 0, priority 2, cookie 0xabc)"
        for name in ("br-int", "br-eth2")
    ]


def test_a_switch_that_has_told_too_much_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    world = Told(monkeypatch)
    world.tell(FlowsChanged((), may_be_more=True))
    world.pass_until(100.0)
    assert world.reads == 1


def test_a_probe_s_flow_that_goes_by_itself_is_no_change(monkeypatch: pytest.MonkeyPatch) -> None:
    world = Told(monkeypatch)
    world.tell(FlowsChanged((FlowUpdate(UpdateEvent.REMOVED, 0, 65535, PROBE_COOKIE),)))
    assert world.due == []


def test_a_bridge_that_is_gone_when_its_time_comes_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    world = Told(monkeypatch)
    bridge = world.hosts.by_name["h"].bridges["br-int"]
    world.tell()
    world.peers.disconnected(world.connection)  # type: ignore[arg-type]
    for _, work in world.due:
        work()
    assert not bridge.is_to_be_read
