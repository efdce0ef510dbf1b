"""The controller's end of the link to one REST process, from its start to its end. SHELL.

One task reads and one writes; nobody else ever waits for the process. What breaks about a message costs that
message.
"""

import logging
from collections.abc import Callable
from typing import Any

from osken_apps.apps import runtime
from osken_apps.apps.answering.queries import Knows, Queries
from osken_apps.apps.intent import Gap, Intent
from osken_apps.apps.outbox import Outbox
from osken_apps.apps.peers import Peers
from osken_apps.failures import Failures
from osken_apps.link import (
    Changes,
    FromController,
    Link,
    LinkClosed,
    Message,
    Ping,
    Pong,
    Query,
    Serving,
    SnapshotPart,
    SnapshotWanted,
)
from osken_apps.model.changes import Change, Deleted
from osken_apps.model.resources import Port
from osken_apps.questions import ForgetHost, Question

LOG = logging.getLogger(__name__)


class RestLink:
    """Brings what the store tells to the fabric, answers questions, and sends what there is to report.

    `knows` answers a question; `forget_port` is called with the id of a deleted port, `serving` when the
    process serves a store, which is told in words, and has heard of us: until then it is not ready.
    """

    def __init__(
        self,
        link: Link,
        peers: Peers,
        knows: Knows,
        forget_port: Callable[[str], None],
        serving: Callable[[str], None],
        failures: Failures,
    ) -> None:
        self.has_spoken = False
        self.silent_beats = 0
        self.is_taking = False  # a message: what has come since is not read yet
        self._link = link
        self._peers = peers
        self._knows = knows
        self._queries = Queries(self._answer_to, self.put, failures)
        self._forget_port = forget_port
        self._serving = serving
        self._begins_to_serve = ""
        self._failures = failures
        self._intent = Intent(peers.hosts.fabric, runtime.pause)
        self._outbox = Outbox()
        self._something_to_send = runtime.Signal()

    def put(self, message: FromController) -> None:
        """Have a message sent when the process reads; waits for nothing."""
        self._outbox.put(message)
        self._something_to_send.set()

    def serve(self) -> None:
        """Take what the process tells and send what waits, until one of both ends is gone."""
        writer = runtime.spawn(self._write)
        try:
            while True:
                message = self._link.receive()
                self.has_spoken, self.silent_beats, self.is_taking = True, 0, True
                self._take(message)
                self.is_taking = False
                runtime.pause()  # a snapshot is many messages, and the next may be here already
        except LinkClosed:
            LOG.debug("the REST process closed the link")
        except Exception:
            LOG.exception("the link to the REST process broke")
        finally:
            writer.kill()

    def _write(self) -> None:
        """Send what waits; the only one who waits for the process to read."""
        try:
            while True:
                while message := self._outbox.take():
                    self._send(message)
                self._something_to_send.wait()
        except LinkClosed as error:
            LOG.debug("the REST process is gone: %s", error)

    def _send(self, message: FromController) -> None:
        """Send a message; one that cannot be made octets of costs itself. Raises LinkClosed."""
        with self._failures.guarded("a message for the REST process was not sent", let_through=(LinkClosed,)):
            self._link.send(message)

    def _take(self, message: Message) -> None:
        try:
            match message:
                case Serving(store):
                    self._begins_to_serve = store
                    self.put(Ping())
                case Pong() if self._begins_to_serve:
                    self._serving(self._begins_to_serve)
                    self._begins_to_serve = ""
                case SnapshotPart():
                    self._peers.hosts.wake(self._intent.take_part(message))
                    if message.last:
                        self._peers.know_again()
                        self._wait_no_longer()
                case Changes(_, changes):
                    self._peers.hosts.wake(self._intent.take_changes(message))
                    self._forget_ports(changes)
                case Query():
                    self._queries.take(message)
        except Gap:
            LOG.warning("a change of the store was missed; asking for all there is")
            self.put(SnapshotWanted())
        except Exception as error:
            self._failures.note("a message of the REST process was not understood", error)

    def _answer_to(self, question: Question[Any]) -> Any:
        """Answer a question; an answer overtakes the reports that wait."""
        value = self._knows(question)
        if isinstance(question, ForgetHost) and not value:
            self._outbox.forget(question.host)
        return value

    def _wait_no_longer(self) -> None:
        """Wait for no host that the store knows, if the time for that was over before the store was known."""
        if self._peers.hosts.all_had_time:
            self._peers.hosts.wait_no_longer()

    def _forget_ports(self, changes: tuple[Change, ...]) -> None:
        for change in changes:
            if isinstance(change, Deleted) and change.kind is Port:
                self._forget_port(change.id)
