"""Accepting for ever: what fails for one connection, or for want of descriptors, ends nothing."""

import errno
import socket
from typing import Any

import pytest

from osken_apps.apps import listening, runtime
from osken_apps.apps.admission import Admission
from osken_apps.apps.complaints import Complaints
from osken_apps.apps.listening import accept_for_ever
from tests.unit.hub_thread import in_a_hub


class Listener:
    """Gives what it was told to, errors among it, and then waits."""

    def __init__(self, *results: Any) -> None:
        self.results = list(results)
        self._waits, self._other = socket.socketpair()

    def setblocking(self, blocking: bool) -> None:
        pass

    def fileno(self) -> int:
        return self._waits.fileno()

    def accept(self) -> Any:
        if not self.results:
            raise BlockingIOError
        result = self.results.pop(0)
        if isinstance(result, OSError):
            raise result
        return result, ("192.0.2.1", 1)


def accepted(*results: Any, most: int = 100) -> list[Any]:
    """Give the sockets that were served, after all was accepted."""
    served: list[Any] = []

    def work(_hub: object) -> None:
        listener = Listener(*results)
        task = runtime.spawn(accept_for_ever, listener, Admission(most), lambda sock, *_: served.append(sock))
        while listener.results or any(sock.fileno() != -1 for sock in served):
            runtime.sleep(0.001)
        task.kill()

    in_a_hub(work)
    return served


def test_a_connection_that_is_gone_before_it_is_accepted_costs_nothing() -> None:
    first, second = socket.socketpair()
    gone = ConnectionAbortedError(errno.ECONNABORTED, "gone")
    assert accepted(gone, first, gone, gone, second) == [first, second]


def test_running_out_of_descriptors_is_said_once_and_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(listening, "RETRY_S", 0.001)
    monkeypatch.setattr(listening, "complain", Complaints().complain)
    sock, _other = socket.socketpair()
    assert accepted(*[OSError(errno.EMFILE, "too many open files")] * 3, sock) == [sock]
    assert len(caplog.messages) == 1


def test_the_socket_of_a_connection_is_closed_when_it_was_served() -> None:
    sock, _other = socket.socketpair()
    accepted(sock)
    assert sock.fileno() == -1


def test_that_connections_make_room_for_others_is_said_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(listening, "complain", Complaints().complain)
    pairs = [socket.socketpair() for _ in range(4)]
    accepted(*[ours for ours, _ in pairs], most=1)
    assert caplog.messages == [
        "one makes room for a connection from 192.0.2.1, as there are 1 of at most 1 connections, 1 of at"
        " most 4096 newcomers"
    ]
