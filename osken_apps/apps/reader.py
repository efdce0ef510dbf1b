"""Reading what a switch sends: packet-ins are answered at once, all else is a greenthread's. SHELL.

Open vSwitch goes to sleep some 80 us after it has sent a packet-in, and to wake it costs as much again: an
answer that comes sooner is worth twice. So a packet-in takes the shortest way:

    the socket   stays registered with the hub, so that epoll is not told anew for each packet;
    the hub      itself reads, has the packet answered and sends the answer: none of it waits for anything;
    the rest     (records, counters) comes after the sending;
    the hub      stays awake a while after a packet that came alone, for the REQUEST that follows the OFFER.

From the first message that is no packet-in, or if the switch does not take an answer, what was read is the
greenthread's; until it has done with that, nothing more is read.
"""

import time
from collections.abc import Callable, Generator, Iterator
from typing import Any, NamedTuple, Protocol

import eventlet
from eventlet import hubs
from eventlet.semaphore import Semaphore

from osken_apps.openflow.codec import HEADER, MIN_PACKET_IN_OCTETS, PACKET_IN_TYPE, message_octets

HEADER_SIZE = HEADER.size
READ_SIZE = 1 << 16
AWAKE_S = 0.0004  # from an OFFER until the client's REQUEST is here, if client and switch are quick
STREAM_S = 0.00015  # packets that are closer than this are a stream: there will be more at each look
FIRST_ANSWERS = 8  # sent while the next are worked out, so that the switch has its work; then twice as many


class PacketInHandler(Protocol):
    """Takes the packet-ins of a connection; must not wait for anything."""

    def answer(self, message: bytes) -> bytes | None:
        """Give the message that answers a packet-in (whole, with header), if any does."""

    def after_answers(self) -> None:
        """Do what can wait until the answers were sent."""


class Nobody:
    """Takes packet-ins as long as it is not known whose they are."""

    def answer(self, _message: bytes) -> None:
        """Answer nothing."""

    def after_answers(self) -> None:
        """Have nothing to do."""


class Message(NamedTuple):
    """A whole message, its header included."""

    message_type: int
    xid: int
    data: bytes


class Reader:
    """Reads one switch's messages, for the greenthread that asks for them.

    Answers go to the socket itself as long as nobody holds `sending` and the socket takes them; else the
    greenthread gives them to `send`, which may wait.
    """

    def __init__(
        self,
        sock: Any,
        sending: Semaphore,
        send: Callable[[bytes], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read from an eventlet socket, under `osken_apps.apps.hub.Hub`; `clock` gives seconds."""
        self.packet_ins: PacketInHandler = Nobody()
        self._hub = hubs.get_hub()
        self._socket = sock.fd
        self._sending = sending
        self._send = send
        self._buffer = b""
        self._unsent = b""
        self._ended: Exception | bool = False
        self._clock = clock
        self._alone_at = 0.0
        self._waiting: Any = None
        self._listener: Any = None

    def messages(self) -> Generator[Message, None, None]:
        """Give all messages that are no packet-ins, until the switch goes. Raises Malformed, OSError."""
        try:
            while not self._ended:
                yield from self._left()
                self._wait()
        finally:
            self._leave()
        if isinstance(self._ended, Exception):
            raise self._ended

    def _left(self) -> Iterator[Message]:
        """Give what the hub has left of what it read."""
        while self._is_left():
            if self._unsent:
                unsent, self._unsent = self._unsent, b""
                self._send(unsent)
            else:
                _, message_type, length, xid = HEADER.unpack_from(self._buffer)
                message, self._buffer = self._buffer[:length], self._buffer[length:]
                yield Message(message_type, xid, message)
            self._answer()

    def _is_left(self) -> bool:
        """Tell whether the buffer begins with a whole message, or answers are not sent."""
        if self._unsent:
            return True
        buffer = self._buffer
        if len(buffer) < HEADER_SIZE:
            return False
        _, message_type, length, _ = HEADER.unpack_from(buffer)
        return len(buffer) >= message_octets(message_type, length)

    def _wait(self) -> None:
        """Wait until something is left; others have their turn even if it is readable now."""
        here = eventlet.getcurrent()
        if self._listener is None:
            self._listener = self._hub.add(
                self._hub.READ, self._socket.fileno(), self._readable, here.throw, self._closed
            )
        self._waiting = here
        try:
            self._hub.switch()
        finally:
            self._waiting = None

    def _leave(self) -> None:
        if self._listener is not None:
            self._hub.remove(self._listener)
            self._listener = None

    def _closed(self) -> None:
        self._listener = None

    def _readable(self, _fileno: int) -> None:
        """Read, answer, and wake the greenthread for what is left. The hub calls this, so it never waits."""
        if self._waiting is None:  # the greenthread has not done with what it got
            self._leave()
            return
        try:
            data = self._socket.recv(READ_SIZE)
            if data:
                self._buffer += data
                self._answer()
                if not self._buffer and not self._unsent:
                    return
            else:
                self._ended = True
        except BlockingIOError:
            return
        except Exception as error:  # for the greenthread: the hub would print it and drop the socket
            self._ended = error
        self._waiting.switch()

    def _answer(self) -> None:
        """Answer the packet-ins that the buffer begins with. Raises Malformed."""
        buffer, packet_ins = self._buffer, self.packet_ins
        offset, end, answers, enough = 0, len(buffer), [], FIRST_ANSWERS
        while end - offset >= HEADER_SIZE:
            _, message_type, length, _ = HEADER.unpack_from(buffer, offset)
            if length < MIN_PACKET_IN_OCTETS:
                length = message_octets(message_type, length)
            if message_type != PACKET_IN_TYPE or end - offset < length:
                break
            answer = packet_ins.answer(buffer[offset : offset + length])
            offset += length
            if answer is not None:
                answers.append(answer)
                if len(answers) == enough:
                    self._put(b"".join(answers))
                    answers, enough = [], enough * 2
        if answers:
            self._put(b"".join(answers))
            if length == end:
                self._stay_awake()
        self._buffer = buffer[offset:]
        packet_ins.after_answers()

    def _stay_awake(self) -> None:
        """Have the hub look out for the next packet, where packets come one by one and not in a stream."""
        now = self._clock()
        if now - self._alone_at > STREAM_S:
            self._hub.stay_awake(AWAKE_S)
        self._alone_at = now

    def _put(self, answers: bytes) -> None:
        """Send what the socket takes now; the rest is left."""
        if not self._unsent and not self._sending.locked():
            try:
                sent = self._socket.send(answers)
            except BlockingIOError:
                sent = 0
            answers = answers[sent:]
        self._unsent += answers
