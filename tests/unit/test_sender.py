"""The sender: all that is sent comes in its order, whatever the transport takes."""

import itertools
from typing import Any

import eventlet
import pytest

from osken_apps.apps import runtime, sender
from osken_apps.apps.sender import Sender
from osken_apps.apps.transport import Transport, plain
from tests.unit.hub_thread import in_a_hub
from tests.unit.pairs import small_pair


class Stingy:
    """A transport that takes so many octets at a time, and then none until it is let."""

    def __init__(self, inner: Transport, most: int) -> None:
        self.recv, self.fileno, self.shutdown = inner.recv, inner.fileno, inner.shutdown
        self._send = inner.send
        self.most = most
        self.left = most

    def send(self, data: bytes | bytearray) -> int:
        if not self.left:
            self.left = self.most
            raise BlockingIOError
        sent = self._send(data[: self.left])
        self.left -= sent
        return sent


def received(sock: Any, count: int) -> bytes:
    got = b""
    while len(got) < count:
        got += sock.recv(1 << 16)
    return got


def test_what_a_task_sends_does_not_fall_into_what_the_loop_could_not_send() -> None:
    def work(_hub: object) -> None:
        ours, other = small_pair()
        made = Sender(Stingy(plain(ours), 3))
        made.offer(b"from the loop")
        assert made.unsent
        made.send(b" from a task")
        assert received(other, 25) == b"from the loop from a task"
        assert not made.unsent

    in_a_hub(work)


def test_what_the_loop_sends_does_not_fall_into_what_a_task_is_sending() -> None:
    def work(_hub: object) -> None:
        ours, other = small_pair()
        made, large = Sender(plain(ours)), b"t" * (1 << 22)
        task = eventlet.spawn(made.send, large)
        eventlet.sleep(0)
        made.offer(b"loop")
        assert received(other, len(large) + 4) == large + b"loop"
        task.wait()

    in_a_hub(work)


def test_two_tasks_send_one_after_the_other() -> None:
    def work(_hub: object) -> None:
        ours, other = small_pair()
        made, octets = Sender(plain(ours)), 1 << 21
        tasks = [eventlet.spawn(made.send, letter * octets) for letter in (b"a", b"b")]
        assert received(other, 2 * octets) == b"a" * octets + b"b" * octets
        for task in tasks:
            task.wait()

    in_a_hub(work)


def test_who_is_ended_in_the_middle_of_a_message_leaves_its_end_to_the_next() -> None:
    def work(_hub: object) -> None:
        ours, other = small_pair()
        made, octets = Sender(plain(ours)), 1 << 22
        task = eventlet.spawn(made.send, b"a" * octets)
        eventlet.sleep(0)
        made.offer(b"b")
        task.kill()
        next_one = eventlet.spawn(made.send, b"c")
        assert received(other, octets + 2) == b"a" * octets + b"bc"
        next_one.wait()

    in_a_hub(work)


def test_a_peer_that_takes_nothing_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "PATIENCE_S", 0.05)

    def work(_hub: object) -> None:
        ours, _other = small_pair()
        with pytest.raises(TimeoutError, match="it took nothing"):
            Sender(plain(ours)).send(b"x" * (1 << 24))

    in_a_hub(work)


def test_a_peer_that_takes_a_little_at_a_time_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = itertools.count(0.0, sender.PATIENCE_S / 4)  # it is later at each look
    monkeypatch.setattr(runtime, "clock", lambda: next(seconds))

    def work(_hub: object) -> None:
        ours, other = small_pair()
        octets = 1 << 22
        task = eventlet.spawn(Sender(plain(ours)).send, b"x" * octets)
        while octets:
            octets -= len(other.recv(1 << 16))
        task.wait()
        assert next(seconds) > 3 * sender.PATIENCE_S

    in_a_hub(work)


def test_a_peer_that_goes_ends_the_wait() -> None:
    def work(_hub: object) -> None:
        ours, other = small_pair()
        task = eventlet.spawn(Sender(plain(ours)).send, b"x" * (1 << 24))
        eventlet.sleep(0)
        other.close()
        with pytest.raises(OSError, match=r"Broken pipe|reset"):
            task.wait()

    in_a_hub(work)
