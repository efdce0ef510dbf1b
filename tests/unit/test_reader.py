"""The reader: packet-ins answered at once, all else in order for the task, whatever the transport does."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import eventlet
import pytest

from osken_apps.apps import runtime
from osken_apps.apps.reader import AWAKE_S, FIRST_ANSWERS, STREAM_S, Nobody, Reader
from osken_apps.apps.sender import Sender
from osken_apps.apps.transport import plain
from osken_apps.failures import Failures
from osken_apps.openflow.codec import MessageType, message
from osken_apps.openflow.states import State
from tests.unit.hub_thread import in_a_hub
from tests.unit.pairs import small_pair
from tests.unit.test_sender import Stingy
from tests.unit.test_session import packet_in, session_in

ECHO = message(MessageType.ECHO_REQUEST, 7, b"ping")
REPLY = message(MessageType.ECHO_REPLY, 7, b"ping")
MANY = 5 * FIRST_ANSWERS


class Handler:
    """Answers each packet-in with its number, 0 with silence; says when it was told of the end of a batch."""

    def __init__(self, octets: int = 1) -> None:
        self.octets = octets
        self.settled: list[int] = []
        self._answered = 0

    def answer(self, data: bytes) -> bytes | None:
        self._answered += 1
        number = data[-1]
        return bytes([number]) * self.octets if number else None

    def after_answers(self) -> None:
        self.settled.append(self._answered)
        self._answered = 0


class Wire:
    """A switch's end of a connection; the task answers echoes."""

    def __init__(self, handler: Handler, most: int | None) -> None:
        self.now = 1.0
        self.ours, self.switch = small_pair()
        transport = plain(self.ours)
        self.session = session_in(State.UP)
        self.sender = Sender(Stingy(transport, most) if most else transport)
        self.failures = Failures()
        self.turns = 0
        self.reader = Reader(transport, self.session, self.sender, self.failures, clock=lambda: self.now)
        self.reader.packet_ins = handler
        self.task = eventlet.spawn(self._serve)

    def _serve(self) -> None:
        while self.reader.wait():
            self.turns += 1
            while self.session.has_more() or self.sender.unsent:
                self.session.take_messages(1000)
                self.sender.send(self.session.to_send())
                self.reader.answer()

    def answers(self, count: int) -> bytes:
        got = b""
        while len(got) < count:
            got += self.switch.recv(1 << 16)
        return got


@contextmanager
def wire(handler: Handler, most: int | None = None) -> Iterator[Wire]:
    made = Wire(handler, most)
    try:
        yield made
        made.switch.close()
        made.task.wait()
    finally:
        made.reader.stop()
        made.ours.close()


def with_wire(work: Callable[[Wire, Handler], object], octets: int = 1, most: int | None = None) -> None:
    def run(_hub: object) -> None:
        handler = Handler(octets)
        with wire(handler, most) as made:
            work(made, handler)

    in_a_hub(run)


def test_packet_ins_are_answered_in_order_without_the_task_and_the_handler_is_told() -> None:
    def work(made: Wire, handler: Handler) -> None:
        made.switch.sendall(b"".join(map(packet_in, range(1, MANY + 1))))
        assert made.answers(MANY) == bytes(range(1, MANY + 1))
        assert sum(handler.settled) == MANY
        assert made.turns == 0

    with_wire(work)


def test_a_packet_that_comes_alone_keeps_the_loop_awake_and_a_stream_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    awake: list[float] = []
    monkeypatch.setattr(runtime.Watch, "stay_awake", lambda _, seconds: awake.append(seconds))

    def work(made: Wire, _handler: Handler) -> None:
        for after in (0, STREAM_S / 2, STREAM_S * 2):
            made.now += after
            made.switch.sendall(packet_in(1))
            made.answers(1)
        assert awake == [AWAKE_S] * 2
        made.now += STREAM_S * 2
        made.switch.sendall(b"".join(map(packet_in, range(1, MANY + 1))))
        made.answers(MANY)
        assert awake == [AWAKE_S] * 2

    with_wire(work)


def test_what_is_no_packet_in_is_taken_in_its_order() -> None:
    def work(made: Wire, _handler: Handler) -> None:
        made.switch.sendall(packet_in(1) + ECHO + packet_in(2) + packet_in(0) + ECHO + packet_in(3))
        expected = b"\1" + REPLY + b"\2" + REPLY + b"\3"
        assert made.answers(len(expected)) == expected

    with_wire(work)


@pytest.mark.parametrize("cut", range(1, 92))
def test_messages_may_be_cut_anywhere(cut: int) -> None:
    def work(made: Wire, _handler: Handler) -> None:
        data = packet_in(1) + ECHO
        made.switch.sendall(data[:cut])
        eventlet.sleep(0)
        made.switch.sendall(data[cut:] + packet_in(2))
        expected = b"\1" + REPLY + b"\2"
        assert made.answers(len(expected)) == expected

    with_wire(work)


@pytest.mark.parametrize("cut", [0, 8, 64, 65535, 65536, 65548])
def test_a_packet_in_whose_length_has_wrapped_is_read_whole(cut: int) -> None:
    def work(made: Wire, _handler: Handler) -> None:
        data = bytearray(bytes(1 << 16) + bytes(13))
        data[:8], data[-1] = bytes.fromhex("050a000d00000000"), 1
        made.switch.sendall(packet_in(9) + data[:cut])
        assert made.answers(1) == b"\x09"
        made.switch.sendall(data[cut:] + ECHO + packet_in(2))
        expected = b"\1" + REPLY + b"\2"
        assert made.answers(len(expected)) == expected

    with_wire(work)


def test_a_switch_that_does_not_read_is_waited_for_and_loses_nothing() -> None:
    octets = 1 << 16

    def work(made: Wire, _handler: Handler) -> None:
        made.switch.sendall(b"".join(map(packet_in, range(1, MANY + 1))))
        while not made.turns:
            eventlet.sleep(0)
        made.switch.sendall(packet_in(MANY + 1))
        expected = b"".join(bytes([number]) * octets for number in range(1, MANY + 2))
        assert made.answers(len(expected)) == expected

    with_wire(work, octets)


@pytest.mark.parametrize("most", [1, 3, 7])
def test_what_a_transport_takes_in_part_stays_in_order(most: int) -> None:
    def work(made: Wire, _handler: Handler) -> None:
        made.switch.sendall(b"".join(map(packet_in, range(1, MANY + 1))))
        assert made.answers(MANY) == bytes(range(1, MANY + 1))

    with_wire(work, most=most)


def test_nobody_answers_nothing() -> None:
    def work(made: Wire, handler: Handler) -> None:
        made.reader.packet_ins = Nobody()
        made.switch.sendall(packet_in(1) + ECHO)
        assert made.answers(len(REPLY)) == REPLY
        made.reader.packet_ins = handler
        made.switch.sendall(packet_in(2))
        assert made.answers(1) == b"\2"

    with_wire(work)


def test_an_error_of_ours_costs_one_packet_in_and_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Handler):
        def answer(self, data: bytes) -> bytes | None:
            if data[-1] == 2:
                raise KeyError("a mistake")
            return super().answer(data)

        def after_answers(self) -> None:
            raise ValueError("another")

    def work(made: Wire, _handler: Handler) -> None:
        made.reader.packet_ins = Broken()
        for _ in range(3):
            made.switch.sendall(packet_in(1) + packet_in(2) + packet_in(3))
            assert made.answers(2) == b"\1\3"
        counted = sorted((kind.__name__, count) for (_, kind, _, _), count in made.failures.counts.items())
        assert counted == [("KeyError", 3), ("ValueError", 3)]

    with_wire(work)
    assert caplog.text.count("KeyError: 'a mistake'") == 1


def test_an_error_of_ours_about_the_octets_ends_the_reading_and_is_counted() -> None:
    def work(made: Wire, _handler: Handler) -> None:
        made.session.feed = None  # type: ignore[assignment,method-assign]
        made.switch.sendall(packet_in(1))
        made.task.wait()
        assert set(made.failures.counts.values()) == {1}

    with_wire(work)


def test_a_reader_that_was_stopped_watches_nothing() -> None:
    def work(hub: Any) -> None:
        with wire(Handler()) as made:
            made.switch.sendall(packet_in(1))
            made.answers(1)
            assert made.ours.fileno() in hub.listeners[hub.READ]
            made.reader.stop()
            assert made.ours.fileno() not in hub.listeners[hub.READ]
            made.reader.wake()
            eventlet.sleep(0)

    in_a_hub(work)
