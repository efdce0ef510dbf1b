"""The beat of the controller beside its REST process, without one."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import eventlet
import pytest

from osken_apps.apps import rest
from osken_apps.apps.hosts import Hosts
from osken_apps.apps.peers import Peers
from osken_apps.apps.rest import RestApp
from osken_apps.apps.rest_link import RestLink
from osken_apps.failures import Failures
from osken_apps.link import (
    Answer,
    FromController,
    LinkClosed,
    Message,
    Ping,
    Pong,
    PortReports,
    Query,
    SnapshotPart,
)
from osken_apps.model.changes import PortReport, Snapshot
from osken_apps.model.fabric import Fabric
from osken_apps.model.resources import Binding, PortStatus
from osken_apps.questions import ForgetHost
from tests.golden.scenarios import LAYOUT, NET1, SUBNET1, VM1
from tests.unit.hub_thread import in_a_hub

DEADLINE_S = 10.0
SILENT = rest.MAX_SILENT_BEATS + 1


class Link:
    """A link to a process that has been silent for some beats."""

    def __init__(self, silent_beats: int = 0) -> None:
        self.silent_beats = silent_beats
        self.is_taking = False
        self.put_here: list[FromController] = []

    def put(self, message: FromController) -> None:
        self.put_here.append(message)


class Process:
    """A process that may be killed."""

    is_killed = False

    def kill(self) -> None:
        self.is_killed = True


def app_of(counts: Any) -> Any:
    return RestApp(
        peers=Peers(Hosts(Fabric(LAYOUT), lambda host: pytest.fail(f"host {host.name} connected"))),
        config_file=Path("/nowhere"),
        api_socket=None,
        knows=lambda question: None,
        forget_port=lambda port_id: None,
        started=lambda store: None,
        give_up=lambda: None,
        metrics_socket=None,
        counts=counts,
    )


def test_a_process_that_ends_while_the_hosts_are_told_of_leaves_the_beat_to_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rest, "BEAT_S", 0.01)
    link, next_link = Link(), Link()

    def work(_hub: object) -> None:
        def end_once() -> None:
            app._link = None if app._link is link else app._link

        app = app_of(end_once)
        app._link = link
        beat = eventlet.spawn(app._beat)
        eventlet.sleep(0.1)
        app._link = next_link
        eventlet.sleep(0.1)
        app._stopping = True
        beat.wait()

    in_a_hub(work)
    assert Ping() in next_link.put_here


def test_a_process_is_not_killed_for_the_silence_of_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "BEAT_S", 0.01)
    process, link = Process(), Link()

    def work(_hub: object) -> None:
        def start_next() -> None:
            app._link, app._process = link, process

        app = app_of(start_next)
        app._link = Link(silent_beats=SILENT)
        beat = eventlet.spawn(app._beat)
        eventlet.sleep(0.05)
        app._stopping = True
        beat.wait()

    in_a_hub(work)
    assert not process.is_killed


@pytest.mark.parametrize("is_taking", [True, False])
def test_a_process_is_killed_for_its_silence_and_not_for_what_is_not_read(is_taking: bool) -> None:
    app, link, process = app_of(None), Link(), Process()
    app._link, app._process, link.is_taking = link, process, is_taking
    for _ in range(SILENT):
        app._watch_silence(link)
    assert process.is_killed is not is_taking


class Talking:
    """The end of a link at which one message has come; whoever takes it is heard of."""

    def __init__(self) -> None:
        self.messages = [Pong()]
        self.seen: list[bool] = []

    def receive(self) -> Message:
        if not self.messages:
            raise LinkClosed
        return self.messages.pop()


def test_a_link_says_so_while_it_takes_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    def work(_hub: object) -> None:
        peers = Peers(Hosts(Fabric(LAYOUT), lambda host: pytest.fail(host.name)))
        link = RestLink(talking, peers, lambda _: None, lambda _: None, lambda _: None, Failures())  # type: ignore[arg-type]
        monkeypatch.setattr(link, "_take", lambda _: talking.seen.append(link.is_taking))
        link.serve()
        talking.seen.append(link.is_taking)

    talking = Talking()
    in_a_hub(work)
    assert talking.seen == [True, False]


def test_a_report_that_waits_while_its_host_is_forgotten_binds_no_port_to_it() -> None:
    reports = PortReports(
        tuple(PortReport(f"of {host}", Binding(host, 1), PortStatus.ACTIVE) for host in ("gone", "there"))
    )
    refused = {"gone": "", "there": "the host is connected"}
    told: list[Any] = []

    def work(_hub: object) -> None:
        wire: Any = None
        hosts = Hosts(Fabric(LAYOUT), lambda host: pytest.fail(f"host {host.name} connected"))

        def knows(question: Any) -> str:
            return refused[question.host]

        link = RestLink(wire, Peers(hosts), knows, lambda _: None, lambda _: None, Failures())
        link.put(reports)
        for number, host in enumerate(refused):
            link._take(Query(number, ForgetHost(host)))
        with eventlet.Timeout(DEADLINE_S):
            while len(link._outbox._answers) < len(refused):
                eventlet.sleep()
        told.extend(iter(link._outbox.take, None))

    in_a_hub(work)
    (of_gone, of_there) = reports.reports
    nowhere = PortReport(of_gone.port_id, None, PortStatus.DOWN)
    assert told == [*map(Answer, range(2), refused.values()), PortReports((nowhere, of_there))]


def test_hosts_of_a_store_that_is_known_late_have_had_their_time_to_connect() -> None:
    hosts = Hosts(Fabric(LAYOUT), lambda host: pytest.fail(f"host {host.name} connected"))
    hosts.wait_no_longer()
    link: Any = None
    told = RestLink(link, Peers(hosts), lambda _: None, lambda _: None, lambda _: None, Failures())
    there = replace(VM1, binding=Binding("h1", 1, "tap1"))
    told._take(SnapshotPart(1, Snapshot((NET1, SUBNET1, there)), last=True))
    assert hosts.fabric.shown("h1").gone
