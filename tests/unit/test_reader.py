"""The reader: packet-ins answered at once, all else in order for the greenthread, whatever the sockets do."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import eventlet
import pytest
from eventlet.green import socket
from eventlet.semaphore import Semaphore

from osken_apps.apps.reader import AWAKE_S, FIRST_ANSWERS, STREAM_S, Message, Nobody, Reader
from osken_apps.errors import Malformed
from osken_apps.openflow.codec import MIN_PACKET_IN_OCTETS, MessageType, message
from tests.unit.hub_thread import in_a_hub

ECHO = message(MessageType.ECHO_REQUEST, 7, b"ping")
MANY = 5 * FIRST_ANSWERS


def packet_in(number: int) -> bytes:
    return message(MessageType.PACKET_IN, number, number.to_bytes(MIN_PACKET_IN_OCTETS, "big"))


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
        if self._answered:
            self.settled.append(self._answered)
        self._answered = 0


class Stingy:
    """A socket that takes three octets at a time."""

    def __init__(self, sock: Any) -> None:
        self.fd = self
        self.recv, self.fileno, self._send = sock.fd.recv, sock.fd.fileno, sock.fd.send

    def send(self, data: bytes) -> int:
        sent: int = self._send(data[:3])
        return sent


class Wire:
    """A switch's end of a connection, and what the reader's greenthread was given."""

    def __init__(self, handler: Handler, stingy: bool) -> None:
        self.now = 1.0
        ours, self.switch = socket.socketpair()
        self.ours: Any = ours
        self.sending: Any = Semaphore()
        self.given: list[Message] = []
        self.waited_for: list[int] = []
        sock = Stingy(ours) if stingy else ours
        self.reader = Reader(sock, self.sending, self._send, clock=lambda: self.now)
        self.reader.packet_ins = handler
        self.thread = eventlet.spawn(self._read)

    def _send(self, data: bytes) -> None:
        self.waited_for.append(len(data))
        with self.sending:
            self.ours.sendall(data)

    def _read(self) -> None:
        with closing(self.reader.messages()) as messages:
            self.given.extend(messages)

    def answers(self, count: int) -> bytes:
        got = b""
        while len(got) < count:
            got += self.switch.recv(1 << 16)
        return got


@contextmanager
def wire(handler: Handler, stingy: bool) -> Iterator[Wire]:
    made = Wire(handler, stingy)
    try:
        yield made
        made.switch.close()
        made.thread.wait()
    finally:
        made.ours.close()


def with_wire(work: Callable[[Wire, Handler], object], octets: int = 1, stingy: bool = False) -> None:
    def run(_hub: object) -> None:
        handler = Handler(octets)
        with wire(handler, stingy) as made:
            work(made, handler)

    in_a_hub(run)


def test_packet_ins_are_answered_in_order_and_the_handler_is_told() -> None:
    def work(made: Wire, handler: Handler) -> None:
        made.switch.sendall(b"".join(map(packet_in, range(1, MANY + 1))))
        assert made.answers(MANY) == bytes(range(1, MANY + 1))
        assert sum(handler.settled) == MANY
        assert made.given == []

    with_wire(work)


def test_a_packet_that_comes_alone_keeps_the_hub_awake_and_a_stream_does_not() -> None:
    def work(hub: Any) -> None:
        awake: list[float] = []
        hub.stay_awake = awake.append
        with wire(Handler(), stingy=False) as made:
            for after in (0, STREAM_S / 2, STREAM_S * 2):
                made.now += after
                made.switch.sendall(packet_in(1))
                made.answers(1)
            assert awake == [AWAKE_S] * 2
            made.now += STREAM_S * 2
            made.switch.sendall(b"".join(map(packet_in, range(1, MANY + 1))))
            made.answers(MANY)
            assert awake == [AWAKE_S] * 2

    in_a_hub(work)


def test_what_is_no_packet_in_is_given_in_its_order() -> None:
    def work(made: Wire, _handler: Handler) -> None:
        made.switch.sendall(packet_in(1) + ECHO + packet_in(2) + packet_in(0) + ECHO + packet_in(3))
        assert made.answers(3) == b"\1\2\3"
        assert made.given == [Message(MessageType.ECHO_REQUEST, 7, ECHO)] * 2

    with_wire(work)


@pytest.mark.parametrize("cut", range(1, 24))
def test_messages_may_be_cut_anywhere(cut: int) -> None:
    def work(made: Wire, _handler: Handler) -> None:
        data = packet_in(1) + ECHO
        made.switch.sendall(data[:cut])
        eventlet.sleep(0)
        made.switch.sendall(data[cut:] + packet_in(2))
        assert made.answers(2) == b"\1\2"
        assert made.given == [Message(MessageType.ECHO_REQUEST, 7, ECHO)]

    with_wire(work)


def test_a_switch_that_does_not_read_is_waited_for_and_loses_nothing() -> None:
    octets = 1 << 16

    def work(made: Wire, _handler: Handler) -> None:
        made.switch.sendall(b"".join(map(packet_in, range(1, MANY + 1))))
        while not made.waited_for:
            eventlet.sleep(0)
        made.switch.sendall(packet_in(MANY + 1))
        expected = b"".join(bytes([number]) * octets for number in range(1, MANY + 2))
        assert made.answers(len(expected)) == expected

    with_wire(work, octets)


def test_what_a_socket_takes_in_part_stays_in_order() -> None:
    def work(made: Wire, _handler: Handler) -> None:
        made.switch.sendall(b"".join(map(packet_in, range(1, MANY + 1))))
        assert made.answers(MANY) == bytes(range(1, MANY + 1))

    with_wire(work, stingy=True)


def test_an_answer_does_not_fall_into_what_another_is_sending() -> None:
    def work(made: Wire, _handler: Handler) -> None:
        with made.sending:
            made.switch.sendall(packet_in(1))
            while not made.waited_for:
                eventlet.sleep(0)
            made.ours.sendall(b"theirs")
        assert made.answers(7) == b"theirs\1"

    with_wire(work)


def test_nobody_answers_nothing() -> None:
    def work(made: Wire, handler: Handler) -> None:
        made.reader.packet_ins = Nobody()
        made.switch.sendall(packet_in(1) + ECHO)
        while not made.given:
            eventlet.sleep(0)
        made.reader.packet_ins = handler
        made.switch.sendall(packet_in(2))
        assert made.answers(1) == b"\2"

    with_wire(work)


@pytest.mark.parametrize("before", [b"", ECHO, packet_in(1), packet_in(1) + ECHO])
def test_a_length_that_cannot_be_ends_the_reading_with_an_error(before: bytes) -> None:
    def work(made: Wire, _handler: Handler) -> None:
        made.switch.sendall(before + bytes.fromhex("0502000700000000"))
        with pytest.raises(Malformed, match="length 7"):
            made.thread.wait()
        made.thread = eventlet.spawn(lambda: None)

    with_wire(work)


@pytest.mark.parametrize("cut", [0, 8, 64, 65535, 65536, 65548])
def test_a_packet_in_whose_length_has_wrapped_is_read_whole(cut: int) -> None:
    def work(made: Wire, _handler: Handler) -> None:
        data = bytearray(bytes(1 << 16) + bytes(13))
        data[:8], data[-1] = bytes.fromhex("050a000d00000000"), 1
        made.switch.sendall(packet_in(9) + data[:cut])
        assert made.answers(1) == b"\x09"
        made.switch.sendall(data[cut:] + ECHO + packet_in(2))
        assert made.answers(2) == b"\1\2"
        assert made.given == [Message(MessageType.ECHO_REQUEST, 7, ECHO)]

    with_wire(work)


def test_an_error_of_the_handler_reaches_the_greenthread() -> None:
    class Broken(Handler):
        def answer(self, data: bytes) -> bytes | None:
            raise KeyError("a mistake")

    def work(made: Wire, _handler: Handler) -> None:
        made.reader.packet_ins = Broken()
        made.switch.sendall(packet_in(1))
        with pytest.raises(KeyError, match="a mistake"):
            made.thread.wait()
        made.thread = eventlet.spawn(lambda: None)

    with_wire(work)
