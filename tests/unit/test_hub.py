"""The hub's short way: timers keep their time, and an error in a callback ends nothing but its descriptor."""

import contextlib
import io
import socket
from collections.abc import Iterator
from typing import Any

import eventlet
import pytest

from osken_apps.apps.hub import Hub
from tests.unit.hub_thread import LIMIT_S, in_a_hub


@pytest.fixture
def readable() -> Iterator[socket.socket]:
    """Give a socket that stays readable, since nobody reads it."""
    ours, other = socket.socketpair()
    with ours, other:
        other.send(b"x")
        yield ours


def test_a_timer_fires_beside_a_socket_that_is_readable_at_every_poll(readable: socket.socket) -> None:
    def work(hub: Hub) -> None:
        calls = []
        listener = hub.add(hub.READ, readable.fileno(), calls.append, lambda *_: None, lambda: None)
        while len(calls) < 10:
            eventlet.sleep(0.001)
        hub.remove(listener)

    in_a_hub(work)


def test_a_callback_that_asks_for_a_timer_gets_it_at_once(readable: socket.socket) -> None:
    def work(hub: Hub) -> None:
        woken = eventlet.Event()

        def ready(_fileno: int) -> None:
            hub.remove(listener)
            hub.schedule_call_global(0, woken.send)

        listener = hub.add(hub.READ, readable.fileno(), ready, lambda *_: None, lambda: None)
        woken.wait()

    in_a_hub(work)


def test_an_error_in_a_callback_costs_its_descriptor_and_nothing_else(readable: socket.socket) -> None:
    def work(hub: Hub) -> None:
        def ready(_fileno: int) -> None:
            raise ValueError("said by the callback")

        with contextlib.redirect_stderr(io.StringIO()) as said:
            hub.add(hub.READ, readable.fileno(), ready, lambda *_: None, lambda: None)
            while readable.fileno() in hub.listeners[hub.READ]:
                eventlet.sleep(0.001)
        assert "said by the callback" in said.getvalue()

    in_a_hub(work)


def test_two_sockets_that_are_readable_at_once_are_both_served(readable: socket.socket) -> None:
    def work(hub: Hub) -> None:
        ours, other = socket.socketpair()
        with ours, other:
            other.send(b"y")
            calls: list[int] = []
            fds = [sock.fileno() for sock in (readable, ours)]
            listeners = [hub.add(hub.READ, fd, calls.append, lambda *_: None, lambda: None) for fd in fds]
            while len(calls) < 10:
                eventlet.sleep(0.001)
            for listener in listeners:
                hub.remove(listener)
            assert set(calls) == set(fds)
            assert calls.count(fds[0]) == calls.count(fds[1])

    in_a_hub(work)


class Looks:
    """Polls as the hub would, and notes each time-out; time goes by at a poll, and at nothing else."""

    def __init__(self, poll: Any) -> None:
        self._poll = poll
        self._now = 1.0
        self.timeouts: list[float] = []

    def poll(self, timeout: float) -> Any:
        self.timeouts.append(timeout)
        self._now += timeout or 0.001
        return self._poll.poll(0)

    def clock(self) -> float:
        return self._now

    def __getattr__(self, name: str) -> Any:
        return getattr(self._poll, name)


def test_the_hub_stays_awake_for_the_time_that_was_asked_for_and_no_longer() -> None:
    def work(hub: Hub) -> None:
        hub.poll = looks = Looks(hub.poll)
        hub.clock = looks.clock
        hub.stay_awake(0.01)
        eventlet.sleep(0.05)
        awake = looks.timeouts.count(0)
        eventlet.sleep(0.02)
        assert 10 <= awake <= 11
        assert 0 not in looks.timeouts[awake:]

    in_a_hub(work)


def test_a_timer_does_not_wait_for_a_hub_that_stays_awake() -> None:
    def work(hub: Hub) -> None:
        hub.stay_awake(LIMIT_S * 2)
        eventlet.sleep(0.01)

    in_a_hub(work)


def test_what_comes_while_the_hub_is_awake_is_served(readable: socket.socket) -> None:
    def work(hub: Hub) -> None:
        woken = eventlet.Event()

        def ready(_fileno: int) -> None:
            hub.remove(listener)
            woken.send()

        hub.stay_awake(LIMIT_S * 2)
        listener = hub.add(hub.READ, readable.fileno(), ready, lambda *_: None, lambda: None)
        woken.wait()

    in_a_hub(work)
