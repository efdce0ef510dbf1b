"""One OpenFlow connection: a session, the transport below, and the tasks that ask the switch. SHELL.

What the octets mean is `osken_apps.openflow.session`'s. Here they are read and sent, packet-ins are handed on
(`reader`), and whoever waits for an answer is woken.
"""

import logging
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from socket import SHUT_RDWR
from typing import Any, Protocol

from osken_apps.apps import runtime
from osken_apps.apps.complaints import complain
from osken_apps.apps.reader import PacketInHandler, Reader
from osken_apps.apps.sender import Sender
from osken_apps.apps.transport import Transport
from osken_apps.errors import OskenAppsError
from osken_apps.failures import Failures
from osken_apps.openflow.codec import barrier_request
from osken_apps.openflow.events import (
    Answered,
    Ended,
    Event,
    FlowsChanged,
    NotMonitored,
    Odd,
    PortsChanged,
    Refused,
    Unanswered,
    Up,
)
from osken_apps.openflow.session import Session
from osken_apps.printable import excerpt

LOG = logging.getLogger(__name__)

MESSAGES_PER_TURN = 32
PROBE_S = 2.0


class SwitchError(OskenAppsError):
    """A request to a switch failed: it did not answer in time."""


class SwitchRefused(SwitchError):
    """The switch answered a request with an error."""


class CannotTrack(SwitchRefused):
    """The switch's datapath lacks connection tracking, or a part of it that our flows need."""


class SwitchGone(SwitchError):
    """The connection ended; another one will come, or not."""


class Observer(Protocol):
    """Is told what happens to connections; must not wait for anything."""

    def connected(self, connection: "Connection") -> None:
        """Take a switch that finished its handshake."""

    def ports_changed(self, connection: "Connection") -> None:
        """Note that `ofports` or `bridge` gives something else now."""

    def flows_changed(self, connection: "Connection", what: FlowsChanged) -> None:
        """Note that another hand has changed flows."""

    def disconnected(self, connection: "Connection") -> None:
        """Forget a connection that was taken."""


class Connection:
    """A switch that is connected."""

    def __init__(self, transport: Transport, address: Any, failures: Failures, certified: str = "") -> None:
        """Speak over a transport with a peer at `address` (host, port); `certified` is its host, if known."""
        self.address = address
        self.certified = certified
        self.closed = False
        self.tracks = True  # connections, as far as is known
        self.max_meters = 0  # that the switch can have, once it has told; some datapaths know none
        self._transport = transport
        self._failures = failures
        self._session = Session(runtime.clock())
        self._sender = Sender(transport)
        self._reader = Reader(transport, self._session, self._sender, failures)
        self._questions: dict[int, runtime.Once] = {}
        self._events: list[Event] = []

    def __str__(self) -> str:
        name = "a switch" if self._session.datapath_id is None else f"datapath {self.id:016x}"
        if self.bridge:
            name = f"{excerpt(self.bridge)} ({name})"
        return f"{name} at {self.address[0]}:{self.address[1]}"

    @property
    def id(self) -> int:
        """The datapath id; 0 until the switch has told it."""
        return self._session.datapath_id or 0

    @property
    def description(self) -> str | None:
        """What the operator says of the bridge in other_config:dp-desc."""
        return self._session.description

    @property
    def bridge(self) -> str | None:
        """The bridge's name: that of its LOCAL port."""
        return self._session.ports.bridge

    @property
    def errors(self) -> Counter[str]:
        """How many errors the switch sent, by the name of their type."""
        return self._session.errors

    def ofports(self) -> dict[str, int]:
        """Give the bridge's port numbers by interface name, the LOCAL port left out."""
        return self._session.ports.by_name()

    def answer_packet_ins(self, handler: PacketInHandler) -> None:
        """Have packet-ins answered by `handler`; nobody answers them until this is called."""
        if not self.closed:
            self._reader.packet_ins = handler

    def serve(self, observer: Observer, known: Callable[[], None]) -> None:
        """Speak with the switch until it goes; tell the observer, and `known` once who it is is known."""
        taken = False
        try:
            more = True
            while more and not self.closed:
                events, self._events = self._events, []
                for event in events + self._session.take_messages(MESSAGES_PER_TURN):
                    if isinstance(event, Up):
                        taken = True
                        known()
                    self._guarded(observer, event)
                if self._session.has_to_send():
                    self._sender.offer(self._session.to_send())
                self._reader.answer()
                more = self._wait()
        except OSError as error:
            self._log_end(error)
        finally:
            self._end()
            if taken:
                observer.disconnected(self)

    def send(self, data: bytes) -> bool:
        """Send octets; a slow switch holds up only its caller. Give False if the switch is gone."""
        if self.closed:
            return False
        try:
            self._sender.send(data)
        except OSError as error:
            self._log_end(error)
            self.close()
            return False
        return True

    def monitor_flows(self) -> None:
        """Have the observer told of flows that others change from now on, where the switch can tell."""
        self.send(self._session.monitor_flows())

    def close(self) -> None:
        """End the connection; its task wakes and leaves."""
        if not self.closed:
            self.closed = True
            with suppress(OSError):  # it has ended already
                self._transport.shutdown(SHUT_RDWR)
            self._reader.wake()

    def request(self, build: Callable[[int], bytes]) -> list[bytes]:
        """Send the messages that `build` makes for an xid, and wait for what answers that xid.

        A multipart reply is complete with its last part, anything else with a barrier reply.
        Raises SwitchRefused on an error message, SwitchError if there is no answer in time, SwitchGone when
        the connection ends.
        """
        if self.closed:
            raise SwitchGone(f"{self} disconnected")
        xid = self._session.begin(runtime.clock())
        answer = self._questions[xid] = runtime.once()
        try:
            if not self.send(build(xid)):
                raise SwitchGone(f"{self} disconnected")
            self._session.sent(xid, runtime.clock())
            outcome: Event | None = answer.wait()
        finally:
            self._questions.pop(xid, None)
            self._session.forget(xid)
        match outcome:
            case Answered(_, parts):
                return parts
            case Refused(_, words, tracking):
                kind = CannotTrack if tracking else SwitchRefused
                raise kind(f"{self} refused a request: {words}")
            case Unanswered():
                raise SwitchError(f"{self} did not answer a request in time")
        raise SwitchGone(f"{self} disconnected")

    def probe(self) -> None:
        """Ask the switch for a sign of life. Raises SwitchError if it gives none."""
        answered = runtime.once()
        task = runtime.spawn(self._probe, answered)
        try:
            if not runtime.heard_within(PROBE_S, answered) or not answered.wait():
                raise SwitchError(f"{self} gives no sign of life")
        finally:
            task.kill()

    def _probe(self, answered: runtime.Once) -> None:
        try:
            self.request(barrier_request)
        except SwitchRefused:
            pass  # it lives
        except SwitchError:
            answered.send(False)
            return
        answered.send(True)

    def look(self, now: float) -> None:
        """Look at the time, about every second; waits for nothing."""
        if not self.closed:
            self._events += self._session.look(now)
            if self._events or self._session.has_to_send():
                self._reader.wake()

    def _wait(self) -> bool:
        """Let others have their turn, or wait until something comes. Give False when the switch has gone.

        What the switch has not taken is another task's, unless it asks for more and more that it does not
        take. Raises OSError.
        """
        if self._sender.is_full:
            self._sender.send()
        elif self._sender.unsent and not self._sender.is_sending:
            runtime.spawn(self.send, b"")
        if self._session.has_more():
            runtime.pause()
            return True
        return self._reader.wait()

    def _guarded(self, observer: Observer, event: Event) -> None:
        try:
            self._take(observer, event)
        except Exception as error:
            self._failures.note("an event of a switch was not taken", error)

    def _take(self, observer: Observer, event: Event) -> None:
        match event:
            case Up():
                self.max_meters = self._session.max_meters
                observer.connected(self)
            case PortsChanged():
                observer.ports_changed(self)
            case FlowsChanged():
                observer.flows_changed(self, event)
            case NotMonitored(words):
                said = "%s does not tell of flows that others change (%s): audits find them"
                complain(LOG, self.address[0], said, self, words, level=logging.INFO)
            case Answered(xid) | Refused(xid) | Unanswered(xid):
                if xid in self._questions:
                    self._questions.pop(xid).send(event)
            case Odd(words, details):
                complain(LOG, self.address[0], f"%s {words}", self, *details)
            case Ended(words, details):
                complain(LOG, self.address[0], f"%s: {words}; disconnecting", self, *details)
                with suppress(OSError):
                    self._sender.offer(self._session.to_send())
                self.close()

    def _log_end(self, error: OSError) -> None:
        if isinstance(error, TimeoutError):
            complain(LOG, self.address[0], "%s: %s; disconnecting", self, str(error))
        else:
            LOG.debug("%s: %s", self, error)

    def _end(self) -> None:
        """Leave nothing that refers to this, and tell whoever waits."""
        self.close()
        self._reader.stop()
        self._sender.stop()  # before the descriptor is closed, and another connection has its number
        questions, self._questions = self._questions, {}
        for answer in questions.values():
            answer.send(None)
