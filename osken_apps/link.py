"""The link between the controller and the process that serves REST: messages over a socket pair.

Both ends are this program, of one build, and nobody else holds the sockets, so a message is a pickled value
behind its length. Owns the framing and the message types; what they cause is decided at either end. At each
end one task writes and one reads: nobody else ever waits for the other process.
"""

import pickle
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from osken_apps.model.changes import Change, HostReport, PortReport, Snapshot
from osken_apps.model.counts import ControllerCounts
from osken_apps.questions import Question

LENGTH = struct.Struct("!I")
STARTED_BADLY = 2  # the status of the process that serves REST where it said on stderr what is wrong


@dataclass(frozen=True, slots=True)
class SnapshotPart:
    """A part of the store's snapshot as of the commit `sequence`; after the `last` one it is whole.

    A part of another `sequence` begins another snapshot.
    """

    sequence: int
    part: Snapshot
    last: bool


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes of one commit, in order. Commits are numbered by `sequence`, without a gap."""

    sequence: int
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class SnapshotWanted:
    """The controller missed a commit: it takes no more changes until it has a whole snapshot again."""


@dataclass(frozen=True, slots=True)
class PortReports:
    """Observations for the store to record, several in one transaction."""

    reports: tuple[PortReport, ...]


@dataclass(frozen=True, slots=True)
class HostReports:
    """What the controller knows of all hosts now, sent every few seconds.

    `all_had_time`: hosts that were there before the controller's start had their time to connect again.
    """

    reports: tuple[HostReport, ...]
    all_had_time: bool = True
    counts: ControllerCounts | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """A question of the REST process that only the controller's memory can answer."""

    number: int
    question: Question[Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to the query of that number; `error` is empty or says why there is no `value`."""

    number: int
    value: Any = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Ping:
    """The controller asks whether the REST process still runs."""


@dataclass(frozen=True, slots=True)
class Pong:
    """It does."""


@dataclass(frozen=True, slots=True)
class Serving:
    """The process has understood its configuration and serves; `store` says in words which store, or none."""

    store: str


FromController = PortReports | HostReports | Answer | Ping | SnapshotWanted
FromRest = Serving | SnapshotPart | Changes | Query | Pong
Message = FromController | FromRest


class LinkClosed(Exception):
    """The other end is gone."""


class Link:
    """One end of the link; `send` is called by one task, `receive` by one, which may be another."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._stream = sock.makefile("rb")

    def send(self, message: Message) -> None:
        """Send a message; waits for as long as the other end does not read. Raises LinkClosed."""
        body = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        try:
            self._socket.sendall(LENGTH.pack(len(body)) + body)
        except OSError as error:
            raise LinkClosed(str(error)) from error

    def receive(self) -> Message:
        """Wait for the next message. Raises LinkClosed."""
        message: Message = pickle.loads(self.skip())
        return message

    def skip(self) -> bytes:
        """Wait for the next message, and give it as it came. Raises LinkClosed."""
        return self._read(LENGTH.unpack(self._read(LENGTH.size))[0])

    def close(self) -> None:
        """End the link; whoever waits at either end is told LinkClosed."""
        with suppress(OSError):  # the other end was faster
            self._socket.shutdown(socket.SHUT_RDWR)

    def _read(self, size: int) -> bytes:
        try:
            data = self._stream.read(size)
        except OSError as error:
            raise LinkClosed(str(error)) from error
        if len(data) < size:
            raise LinkClosed("end of stream")
        return data
