"""Nova is told of its servers' ports: in order, again until it answers, never twice."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from osken_apps.config import load
from osken_apps.errors import ConfigurationError, StoreUnavailable
from osken_apps.failures import Failures
from osken_apps.model.changes import PortReport
from osken_apps.model.resources import Binding, PortStatus
from osken_apps.networking.bindings import record
from osken_apps.networking.server_events import EventName, ServerEvent
from osken_apps.nova import notifier as notifier_module
from osken_apps.nova.endpoint import Nova
from osken_apps.nova.notifier import Notifier, without_repetitions
from osken_apps.rest.controller import KnownHosts
from osken_apps.rest.wsgi import application
from osken_apps.store import server_events
from tests.fake_nova import FakeNova, fake_nova
from tests.unit.for_ever import for_ever
from tests.unit.rest_client import Client, client_of, config_of, store_of

SERVER = "5a4b8f5e-2f5f-4a5b-8f5e-2f5f4a5b8f5e"
PLUGGED, UNPLUGGED = "network-vif-plugged", "network-vif-unplugged"
CHANGED, DELETED = "network-changed", "network-vif-deleted"


@pytest.fixture
def nova() -> Iterator[FakeNova]:
    with fake_nova() as made:
        yield made


class World:
    """An API over a store whose servers are told of, and who tells them."""

    def __init__(self, directory: Path, nova: FakeNova) -> None:
        self.now = datetime.now(UTC)
        self.slept: list[float] = []
        self.nova = nova
        self.config = config_of(directory, nova.section)
        self.start()

    def start(self) -> None:
        """Begin as a process does: what the database holds is all that is left of another one."""
        assert self.config.nova
        self.store = store_of(self.config, note_events=True)
        hosts = KnownHosts()
        self.client = Client(application(self.store, self.config, hosts), self.store, hosts, {})
        nova = Nova(self.config.nova)
        self.notifier = Notifier(self.store, nova.say, nova.log_in, Failures(), lambda: self.now, self.sleep)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)

    def port(self) -> str:
        network_id = self.client.make("network")["id"]
        self.client.subnet(network_id)
        made = self.client.make(
            "port",
            network_id=network_id,
            device_owner="compute:nova",
            device_id=SERVER,
        )
        return str(made["id"])

    def report(self, port_id: str, status: PortStatus, host: str = "host1") -> None:
        binding = Binding(host, 1) if status is PortStatus.ACTIVE else None
        with self.store.write() as transaction:
            record(transaction, [PortReport(port_id, binding, status)])

    def noted(self) -> list[str]:
        with self.store.read() as view:
            return [item.event.name.value for item in view.server_events(100)]


@pytest.fixture
def world(tmp_path: Path, nova: FakeNova) -> World:
    return World(tmp_path, nova)


def test_a_port_that_becomes_active_is_told_with_the_server_it_belongs_to(world: World) -> None:
    port_id = world.port()
    world.report(port_id, PortStatus.ACTIVE)
    world.notifier.tell()
    assert world.nova.requests.get() == [
        {"name": PLUGGED, "server_uuid": SERVER, "tag": port_id, "status": "completed"}
    ]
    assert world.noted() == []


def test_what_came_meanwhile_goes_together_and_in_order(world: World) -> None:
    first, second = world.port(), world.port()
    world.report(first, PortStatus.ACTIVE)
    world.report(second, PortStatus.ACTIVE)
    fixed_ips = [{"ip_address": "10.10.10.77"}]
    assert world.client.change("port", first, fixed_ips=fixed_ips).status == 200
    world.report(first, PortStatus.DOWN)
    world.client.call("DELETE", f"/ports/{second}")
    world.notifier.tell()
    assert world.nova.told() == [
        (PLUGGED, first),
        (PLUGGED, second),
        (CHANGED, first),
        (UNPLUGGED, first),
        (DELETED, second),
    ]
    assert world.nova.nothing_more()


def test_a_request_has_so_many_events_at_most(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifier_module, "EVENTS_A_REQUEST", 2)
    ports = [world.port() for _ in range(3)]
    for port_id in ports:
        world.report(port_id, PortStatus.ACTIVE)
    world.notifier.tell()
    assert [world.nova.told(), world.nova.told()] == [
        [(PLUGGED, ports[0]), (PLUGGED, ports[1])],
        [(PLUGGED, ports[2])],
    ]


@pytest.mark.parametrize("answers", [[500, 503], [None], [403], [401, 401]])
def test_an_event_is_told_again_until_nova_answers(world: World, answers: list[int | None]) -> None:
    world.nova.answers.extend(answers)
    port_id = world.port()
    world.report(port_id, PortStatus.ACTIVE)
    world.notifier.tell()
    told = [world.nova.told()]
    while not world.nova.nothing_more():
        told.append(world.nova.told())
    assert told[-1] == [(PLUGGED, port_id)] and len(told) > 1
    assert world.slept and world.noted() == []


def test_a_nova_that_is_away_is_tried_ever_less_often_and_what_it_never_hears_is_dropped(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.nova.let_in = False
    world.report(world.port(), PortStatus.ACTIVE)
    world.notifier.tell()
    assert world.slept[:5] == [0.5, 1.0, 2.0, 4.0, 8.0]
    assert 600 < sum(world.slept) < 620 and max(world.slept) == 10.0
    assert world.noted() == [] and world.nova.nothing_more()
    assert "1 events were not told to Nova" in caplog.text


@pytest.mark.parametrize("status", [207, 404, 422])
def test_that_nova_knows_no_such_server_is_an_answer(world: World, status: int) -> None:
    world.nova.answers.append(status)
    world.report(world.port(), PortStatus.ACTIVE)
    world.notifier.tell()
    world.nova.told()
    assert (world.slept, world.noted(), world.nova.nothing_more()) == ([], [], True)


def test_an_event_that_nova_refuses_does_not_take_the_others_with_it(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = world.port(), world.port()
    world.nova.refused_port = bad
    world.report(bad, PortStatus.ACTIVE)
    world.report(good, PortStatus.ACTIVE)
    world.notifier.tell()
    assert [world.nova.told() for _ in range(3)] == [
        [(PLUGGED, bad), (PLUGGED, good)],
        [(PLUGGED, bad)],
        [(PLUGGED, good)],
    ]
    assert world.noted() == [] and "Nova refuses" in caplog.text


def test_after_a_restart_what_was_not_answered_is_told_and_nothing_else(world: World) -> None:
    told, untold = world.port(), world.port()
    world.report(told, PortStatus.ACTIVE)
    world.notifier.tell()
    world.nova.told()
    world.report(untold, PortStatus.ACTIVE)
    world.start()
    for port_id in (told, untold):
        world.report(port_id, PortStatus.ACTIVE)  # hosts show again what stands
    world.notifier.tell()
    assert world.nova.told() == [(PLUGGED, untold)]
    assert world.nova.nothing_more()


def test_what_is_undone_is_not_told(world: World) -> None:
    port_id = world.port()
    with pytest.raises(StoreUnavailable), world.store.write() as transaction:
        record(transaction, [PortReport(port_id, Binding("host1", 1), PortStatus.ACTIVE)])
        raise StoreUnavailable("the disk is full")
    world.notifier.tell()
    assert world.noted() == [] and world.nova.nothing_more()


def test_a_commit_wakes_whoever_tells(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    all_is_told = threading.Event()
    with for_ever(world.notifier.run) as end:
        # Called before it waits again.
        monkeypatch.setattr(world.notifier, "be_ready", lambda: all_is_told.is_set() and end())
        port_id = world.port()
        world.report(port_id, PortStatus.ACTIVE)
        assert world.nova.told() == [(PLUGGED, port_id)]
        world.report(port_id, PortStatus.DOWN)
        assert world.nova.told() == [(UNPLUGGED, port_id)]
        all_is_told.set()
        world.report(port_id, PortStatus.ACTIVE)  # or it may wait for ever


def test_a_store_that_cannot_be_read_is_waited_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.report(world.port(), PortStatus.ACTIVE)
    usable, asked = world.store._usable, iter([True, False])

    def unusable_once() -> object:
        if next(asked, False):
            raise StoreUnavailable("locked")
        return usable()

    monkeypatch.setattr(world.store, "_usable", unusable_once)
    world.notifier.tell()
    assert world.nova.told()[0][0] == PLUGGED and world.slept == [0.5]


def test_of_too_many_events_the_oldest_give_way(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_events, "MAX_EVENTS", 3)
    port_id = world.port()
    for status in (PortStatus.ACTIVE, PortStatus.DOWN) * 3:
        world.report(port_id, status)
    assert world.noted() == [UNPLUGGED, PLUGGED, UNPLUGGED]


def test_what_is_said_again_with_nothing_in_between_is_said_once() -> None:
    plugged, changed = (ServerEvent(name, SERVER, "p") for name in (EventName.PLUGGED, EventName.CHANGED))
    other = replace(plugged, port_id="q")
    assert without_repetitions([changed, changed, other, changed, plugged, changed]) == [
        changed,
        other,
        plugged,
        changed,
    ]


def test_without_the_section_nothing_is_noted(tmp_path: Path) -> None:
    config = config_of(tmp_path)
    assert config.nova is None
    client = client_of(tmp_path)
    network_id = client.make("network")["id"]
    port = client.make("port", network_id=network_id, device_owner="compute:nova", device_id=SERVER)
    with client.store.write() as transaction:
        record(transaction, [PortReport(port["id"], Binding("host1", 1), PortStatus.ACTIVE)])
    with client.store.read() as view:
        assert view.server_events(10) == []


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ("username = u", r"\[nova\] auth_url"),
        ("auth_url = http://a/v3", r"\[nova\] username is wanted"),
        ("auth_url = http://a/v3\nusername = u", r"\[nova\] password is wanted"),
        ("auth_url = a:5000\nusername = u\npassword = p", r"\[nova\] auth_url=a:5000: a URL is wanted"),
        ("interface = inward", r"\[nova\] interface=inward"),
    ],
)
def test_what_is_missing_is_said_at_the_start(tmp_path: Path, options: str, wanted: str) -> None:
    config_file = tmp_path / "osken-net.conf"
    config_file.write_text(f"[nova]\n{options}\n")
    with pytest.raises(ConfigurationError, match=wanted):
        load(config_file)


def test_who_tells_nova_has_logged_in_before_a_server_waits(world: World) -> None:
    world.notifier.be_ready()
    world.notifier.be_ready()
    assert world.nova.logins == 1
    port_id = world.port()
    world.report(port_id, PortStatus.ACTIVE)
    world.notifier.tell()
    assert world.nova.told() == [(PLUGGED, port_id)]
    assert world.nova.logins == 1


def test_that_nova_does_not_let_us_in_is_said_once_before_a_server_waits(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.nova.let_in = False
    world.notifier.be_ready()
    world.notifier.be_ready()
    assert caplog.text.count("Nova could not be told") == 1
