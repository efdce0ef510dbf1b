"""The beat of the controller beside its REST process, without one."""

from pathlib import Path
from typing import Any

import eventlet
import pytest

from osken_apps.apps import rest
from osken_apps.apps.hosts import Hosts
from osken_apps.apps.peers import Peers
from osken_apps.apps.rest import RestApp
from osken_apps.link import FromController, Ping
from osken_apps.model.fabric import Fabric
from tests.golden.scenarios import LAYOUT
from tests.unit.hub_thread import in_a_hub

SILENT = rest.MAX_SILENT_BEATS + 1


class Link:
    """A link to a process that has been silent for some beats."""

    def __init__(self, silent_beats: int = 0) -> None:
        self.silent_beats = silent_beats
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
