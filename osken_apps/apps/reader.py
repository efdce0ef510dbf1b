"""Reading what a switch sends: packet-ins are answered at once, all else is a task's. SHELL.

Open vSwitch goes to sleep some 80 us after it has sent a packet-in, and to wake it costs as much again: an
answer that comes sooner is worth twice. So a packet-in takes the shortest way:

    the transport  stays registered with the event loop, so that epoll is not told anew for each packet;
    the loop       itself reads, has the packet answered and sends the answer: none of it waits for anything;
    the rest       (records, counters) comes after the sending;
    the loop       stays awake a while after a packet that came alone, for the REQUEST that follows the OFFER.

From the first message that is no packet-in, or if the switch does not take an answer, what was read is the
task's; until it has done with that, nothing more is read.
"""

from collections.abc import Callable
from typing import Protocol

from osken_apps.apps import runtime
from osken_apps.apps.sender import Sender
from osken_apps.apps.transport import Transport
from osken_apps.failures import Failures
from osken_apps.openflow.session import Session

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


class Reader:
    """Feeds one switch's octets to its session, for the task that asks for them."""

    def __init__(
        self,
        transport: Transport,
        session: Session,
        sender: Sender,
        failures: Failures,
        clock: Callable[[], float] = runtime.clock,
    ) -> None:
        self.packet_ins: PacketInHandler = Nobody()
        self._transport = transport
        self._session = session
        self._sender = sender
        self._failures = failures
        self._clock = clock
        self._alone_at = 0.0
        self._signal = runtime.Signal()
        self._watch: runtime.Watch | None = None
        self._task_waits = False
        self._ended: OSError | bool = False

    def wait(self) -> bool:
        """Wait until there is something for the task; give False once the switch has gone. Raises OSError.

        Others have their turn even if there is more to read now.
        """
        if not self._ended:
            self._watch = self._watch or runtime.Watch(self._transport.fileno(), self._readable)
            self._task_waits = True
            self._signal.wait()
        ended, self._ended = self._ended, bool(self._ended)
        try:
            if isinstance(ended, OSError):
                raise ended
        finally:
            del ended  # an error that is kept is a cycle with all that it passed
        return not self._ended

    def wake(self) -> None:
        """Have the task look, as if something had come for it."""
        self._task_waits = False
        self._signal.set()

    def stop(self) -> None:
        """Read no more, and let go of whoever takes packet-ins."""
        self._stop_watching()
        self.packet_ins = Nobody()

    def answer(self) -> None:
        """Have the packet-ins answered that come next. Raises OSError."""
        packet_ins = self._session.take_packet_ins()
        if not packet_ins:
            return
        handler, answers, enough = self.packet_ins, [], FIRST_ANSWERS
        for packet_in in packet_ins:
            try:
                answer = handler.answer(packet_in)
            except Exception as error:
                self._failures.note("a packet-in was not answered", error)
                continue
            if answer is not None:
                answers.append(answer)
                if len(answers) == enough:
                    self._sender.offer(b"".join(answers))
                    answers, enough = [], enough * 2
        if answers:
            self._sender.offer(b"".join(answers))
            if len(packet_ins) == 1:
                self._stay_awake()
        try:
            handler.after_answers()
        except Exception as error:
            self._failures.note("what follows packet-ins was not done", error)

    def _readable(self, _fileno: int) -> None:
        """Read, answer, and wake the task for what is left. The loop calls this, so it never waits."""
        if not self._task_waits:  # the task has not done with what it got
            self._stop_watching()
            return
        try:
            data = self._transport.recv(READ_SIZE)
            if data:
                self._session.feed(data)
                self.answer()
                if not self._session.has_more() and not self._sender.unsent:
                    return
            else:
                self._ended = True
        except BlockingIOError:
            return
        except OSError as error:
            self._ended = error
        except Exception as error:  # the loop would print it, and read no more
            self._failures.note("what a switch sent was not taken", error)
            self._ended = True
        self.wake()

    def _stop_watching(self) -> None:
        if self._watch:
            self._watch.stop()
            self._watch = None

    def _stay_awake(self) -> None:
        """Have the loop look out for the next packet, where packets come one by one and not in a stream."""
        now = self._clock()
        if now - self._alone_at > STREAM_S and self._watch:
            self._watch.stay_awake(AWAKE_S)
        self._alone_at = now
