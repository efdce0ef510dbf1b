"""The edge for switches, on loopback: crowds of peers that are none cost the others nothing."""

import socket as plain_socket
from collections.abc import Callable
from typing import Any

import eventlet
import pytest
from eventlet.green import socket

from osken_apps.apps import admission, binding, connection, listening, looking, openflow, runtime
from osken_apps.apps.complaints import Complaints
from osken_apps.apps.connection import Connection
from osken_apps.apps.listening import allow_many_sockets
from osken_apps.apps.openflow import OpenFlowServer
from osken_apps.liveness import ECHO_S
from osken_apps.openflow.codec import MessageType, message
from tests.bench.scale.openflow_switch import SimulatedSwitch
from tests.unit.hub_thread import in_a_hub
from tests.unit.test_connection import Told, serve
from tests.unit.test_session import error, hello


class Clock:
    """Time that goes by when a test says so."""

    def __init__(self) -> None:
        self.now = 1.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    for module in (connection, listening):
        monkeypatch.setattr(module, "complain", Complaints().complain)
    clock = Clock()
    monkeypatch.setattr(runtime, "clock", clock)
    monkeypatch.setattr(looking, "INTERVAL_S", 0.001)
    allow_many_sockets()
    return clock


CROWD = 400  # with both ends of each, within a limit of 1,024 descriptors


class Site:
    """A server, and what its observer was told."""

    def __init__(self) -> None:
        self.told = Told()
        listener = eventlet.listen(("127.0.0.1", 0), backlog=binding.BACKLOG)
        self.server = OpenFlowServer(listener, self.told)
        self.server.start()
        self.address = listener.getsockname()
        self.peers: list[Any] = []

    def dial(self, said: bytes = b"") -> Any:
        """Connect without waiting for anybody, and say something."""
        sock = plain_socket.socket()
        sock.setblocking(False)
        self.peers.append(sock)
        try:
            sock.connect(self.address)
        except BlockingIOError:
            eventlet.sleep(0)
        if said:
            sock.send(said)
        return sock

    def plug_in(self, name: str) -> Any:
        """Connect a switch that does as it should."""
        sock, switch = socket.create_connection(self.address), SimulatedSwitch(name, 1, {})
        self.peers.append(sock)
        sock.sendall(switch.connected())
        return eventlet.spawn(serve, sock, switch)

    def __len__(self) -> int:
        return len(self.server._connections)


def with_site(work: Callable[[Site], object]) -> None:
    def run(_hub: object) -> None:
        site = Site()
        try:
            work(site)
        finally:
            for peer in site.peers:
                peer.close()

    in_a_hub(run)


def wait_for(met: Callable[[], bool]) -> None:
    while not met():
        eventlet.sleep(0.001)


def wait_long_for(met: Callable[[], bool], clock: Clock) -> None:
    """Wait while time goes by, slowly enough for a switch to answer an echo."""
    while not met():
        clock.now += ECHO_S / 50
        eventlet.sleep(0.001)


ECHO_REPLY = message(MessageType.ECHO_REPLY, 1)


@pytest.mark.parametrize("said", [b"", hello()[:5], hello(), hello() + ECHO_REPLY])
def test_peers_that_go_no_further_end_and_a_switch_is_served_meanwhile(clock: Clock, said: bytes) -> None:
    def work(site: Site) -> None:
        for _ in range(CROWD):
            site.dial(said)
        site.plug_in("br-int")
        wait_for(lambda: site.told.events == ["connected br-int"])
        wait_for(lambda: len(site) == CROWD + 1)
        wait_long_for(lambda: len(site) == 1, clock)
        assert site.told.events == ["connected br-int"]

    with_site(work)


def test_an_error_about_what_one_peer_owes_leaves_all_others_their_deadlines(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(self: Connection, now: float) -> None:
        looked.append(self)
        if len(looked) == 1:
            raise ZeroDivisionError
        sound(self, now)

    def work(site: Site) -> None:
        for _ in range(3):
            site.dial()
        wait_for(lambda: len(site) == 3)
        wait_for(lambda: len(looked) > 0)
        wait_long_for(lambda: len(site) == 0, clock)

    looked: list[Connection] = []
    sound = Connection.look
    monkeypatch.setattr(Connection, "look", look)
    with_site(work)


def test_errors_are_counted_of_connections_that_live_and_that_have_ended() -> None:
    def work(site: Site) -> None:
        for number in (1, 2):
            site.plug_in("br-int")
            wait_for(lambda number=number: len(site.told.events) == number)  # type: ignore[misc]
            site.peers[-1].sendall(error(0))
            wait_for(lambda number=number: site.server.errors == {"bad_request": number})  # type: ignore[misc]
        site.peers[-1].close()
        wait_for(lambda: len(site) == 1)
        assert site.server.errors == {"bad_request": 2}

    with_site(work)


def test_connections_beyond_the_bound_are_closed_with_one_line(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(openflow, "MAX_CONNECTIONS", 10)
    monkeypatch.setattr(admission, "CROWD", 10)

    def work(site: Site) -> None:
        for _ in range(30):
            site.dial()
        wait_for(lambda: len(site) == 10)
        closed = 0
        while closed < 20:
            closed += sum(_is_closed(peer) for peer in site.peers)
            eventlet.sleep(0.01)
        assert (closed, len(site)) == (20, 10)

    with_site(work)
    full = "10 of at most 10 connections, 10 of at most 4096 newcomers"
    assert caplog.messages == [f"a connection from 127.0.0.1 is refused: there are {full}"]


def _is_closed(peer: Any) -> bool:
    try:
        return peer.recv(1 << 16, plain_socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
