"""One OVSDB session: a host that dialled us with set-manager, its transport, and who waits for it. SHELL.

What the octets mean is `osken_apps.ovsdb.session`'s. Here they are read and sent, and whoever waits for a
transaction is woken.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from socket import SHUT_RDWR
from typing import Any

from osken_apps.apps import runtime
from osken_apps.apps.sender import Sender
from osken_apps.apps.transport import Transport
from osken_apps.errors import Malformed, OskenAppsError
from osken_apps.model.tunnel_bridge import BridgeChange
from osken_apps.ovsdb.host_view import HostView, HostViewer
from osken_apps.ovsdb.messages import READ_SIZE
from osken_apps.ovsdb.operations import Operations, bridge_operations, tag_operations
from osken_apps.ovsdb.session import Session

LOG = logging.getLogger(__name__)

STEPS_PER_TURN = 4  # each takes about a millisecond at most
MAX_BACKLOG = 1 << 24  # octets that a peer does not take: a transaction over ten thousand ports is a tenth
TRANSACTION_TIMEOUT_S = 10.0
PROBE_TIMEOUT_S = 2.0


class OvsdbError(OskenAppsError):
    """A transaction failed, or the session ended."""


class OvsdbSession:
    """A live session; `run` serves it until it ends."""

    def __init__(
        self, transport: Transport, address: Any, bridges: Sequence[str], certified: str = ""
    ) -> None:
        """Begin over a transport with a peer at `address` (host, port).

        `bridges` are the names of ours, the integration bridge first; `certified` is its host, if known.
        """
        self.address = address
        self.certified = certified
        self.began_at = datetime.now(UTC).replace(microsecond=0)
        self._transport = transport
        self._sender = Sender(transport)
        self._session = Session(runtime.clock())
        self._viewer = HostViewer(bridges)
        self._view: HostView | None = None
        self._viewed_at = 0
        self._questions: dict[int, runtime.Once] = {}
        self._heard: runtime.Once | None = None
        self._fault = ""
        self._closed = False

    def __str__(self) -> str:
        return f"OVSDB session from {self.address[0]}:{self.address[1]}"

    def run(self, changed: Callable[[], None]) -> None:
        """Serve the session; call `changed` after each change of what it shows.

        Raises OvsdbError if the peer sends what it must not, or does not send what it must in time.
        """
        try:
            self._send()
            while self._receive():
                self._take(changed)
        except Malformed as error:
            self._fault = self._fault or str(error)
        except OSError as error:
            LOG.debug("%s: %s", self, error)
        finally:
            self.close()
            self._sender.stop()  # before the descriptor is closed, and another connection has its number
            questions, self._questions = self._questions, {}
            for question in questions.values():
                question.send(None)
        if self._fault:
            raise OvsdbError(self._fault)

    def close(self) -> None:
        """End the session; its task wakes, tells whoever waits for a transaction, and leaves."""
        if not self._closed:
            self._closed = True
            with suppress(OSError):  # it has ended already
                self._transport.shutdown(SHUT_RDWR)

    def look(self, now: float) -> None:
        """Look at the time, about every second; waits for nothing."""
        if not self._closed:
            awaited = "which host it is" if self.view() is None else None
            fault = self._session.look(now, awaited)
            if fault:
                self._fault = fault
                self.close()
            self._send()

    def view(self) -> HostView | None:
        """Give what the session shows, whole; None until it shows a host with a name."""
        if self._viewed_at != self._session.revision and not self._closed:
            self._viewed_at, self._view = self._session.revision, self._viewer.view(self._session.replica)
        return self._view

    def set_tags(self, tags: Mapping[str, int | None], mark: str) -> None:
        """Write the tags of ports of the integration bridge in one transaction, and wait until it is done.

        None takes the tag off, and the mark. Raises OvsdbError.
        """
        self.view()  # the rows that the names are of
        self._transact("tags", tag_operations(self._viewer.port_rows(tags), mark))

    def write_bridge(self, change: BridgeChange) -> None:
        """Make the tunnel bridge or put it right in one transaction, and wait until it is done.

        Raises OvsdbError.
        """
        try:
            operations = bridge_operations(change, self._session.replica)
        except Malformed as error:
            raise OvsdbError(f"{self}: {error}") from error
        self._transact(change.bridge, operations)

    def probe(self) -> None:
        """Ask the peer for a sign of life. Raises OvsdbError if it gives none."""
        if self._heard is None or self._heard.ready():
            self._heard = runtime.once()
        heard = self._heard
        self._session.ask_echo()
        self._send()
        if self._closed or not runtime.heard_within(PROBE_TIMEOUT_S, heard):
            raise OvsdbError(f"{self} gives no sign of life")

    def _transact(self, what: str, operations: Operations) -> None:
        """Have operations done, and wait until they are. Raises OvsdbError."""
        if self._closed:
            raise OvsdbError(f"{self} ended")
        if not operations:
            return
        number = self._session.transact(operations)
        answered = self._questions[number] = runtime.once()
        self._send()
        try:
            with runtime.within(TRANSACTION_TIMEOUT_S, OvsdbError(f"{self}: no answer to a transaction")):
                error: str | None = answered.wait()
        finally:
            self._questions.pop(number, None)
            self._session.forget(number)
        if error is None:
            raise OvsdbError(f"{self} ended")
        if error:
            raise OvsdbError(f"{self}: writing {what} failed: {error}")

    def _receive(self) -> bool:
        """Wait for octets, and take them; give False when the peer has gone. Raises Malformed, OSError."""
        if self._closed:
            return False
        runtime.wait_ready(self._transport.fileno(), read=True)
        try:
            data = self._transport.recv(READ_SIZE)
        except BlockingIOError:
            return True
        if not data:
            return False
        self._session.feed(data)
        if self._heard and not self._heard.ready():
            self._heard.send()
        return True

    def _take(self, changed: Callable[[], None]) -> None:
        """Take what has come, with turns for others meanwhile. Raises Malformed."""
        while not self._closed:
            seen = self._session.revision
            for _ in range(STEPS_PER_TURN):
                self._session.step()
            self._send()
            if self._session.revision != seen:
                changed()
            for answer in self._session.answers():
                if answer.transaction in self._questions:
                    self._questions.pop(answer.transaction).send(answer.error)
            if not self._session.has_more:
                return
            runtime.pause()

    def _send(self) -> None:
        """Send what is to be sent; what the peer does not take now another task sends."""
        output = self._session.to_send()
        if not output or self._closed:
            return
        try:
            self._sender.offer(output)
        except OSError as error:
            LOG.debug("%s: %s", self, error)
            self.close()
            return
        if len(self._sender.unsent) > MAX_BACKLOG:
            self._fault = self._fault or "it does not take what it is sent"
            self.close()
        elif self._sender.unsent and not self._sender.is_sending:
            runtime.spawn(self._send_rest)

    def _send_rest(self) -> None:
        try:
            self._sender.send()
        except OSError as error:
            if isinstance(error, TimeoutError):
                self._fault = self._fault or str(error)
            self.close()
