"""The link between the controller and the process that serves REST: messages over a socket pair.

Both ends are this program and nobody else holds the sockets, so a message is a pickled value behind
its length. Owns the framing and the message types; what they cause is decided at either end.
"""

import pickle
import socket
import struct
import threading
from dataclasses import dataclass
from typing import Any

from osken_apps.model.changes import Change, HostReport, PortReport, Snapshot

LENGTH = struct.Struct("!I")
RESOURCES_PER_MESSAGE = 500


@dataclass(frozen=True, slots=True)
class SnapshotPart:
    """A part of the store's snapshot; after the `last` one the controller has it all."""

    part: Snapshot
    last: bool


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes of one commit, in order."""

    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class PortReports:
    """Observations for the store to record, several in one transaction."""

    reports: tuple[PortReport, ...]


@dataclass(frozen=True, slots=True)
class HostReports:
    """What the controller knows of all hosts now, sent every few seconds."""

    reports: tuple[HostReport, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """A question of the REST process that only the controller's memory can answer."""

    number: int
    name: str
    arguments: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to the query of that number."""

    number: int
    value: Any


Message = SnapshotPart | Changes | PortReports | HostReports | Query | Answer


class LinkClosed(Exception):
    """The other end is gone."""


class Link:
    """One end of the link; `send` may be called from several threads, `receive` from one."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._stream = sock.makefile("rb")
        self._sending = threading.Lock()

    def send(self, message: Message) -> None:
        """Send a message. Raises LinkClosed."""
        body = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        try:
            with self._sending:
                self._socket.sendall(LENGTH.pack(len(body)) + body)
        except OSError as error:
            raise LinkClosed(str(error)) from error

    def receive(self) -> Message:
        """Wait for the next message. Raises LinkClosed."""
        body = self._read(LENGTH.unpack(self._read(LENGTH.size))[0])
        message: Message = pickle.loads(body)
        return message

    def _read(self, size: int) -> bytes:
        try:
            data = self._stream.read(size)
        except OSError as error:
            raise LinkClosed(str(error)) from error
        if len(data) < size:
            raise LinkClosed("end of stream")
        return data


def snapshot_parts(snapshot: Snapshot) -> list[SnapshotPart]:
    """Cut a snapshot into messages that take only milliseconds each to read."""
    kinds: tuple[tuple[Any, ...], ...] = (snapshot.networks, snapshot.subnets, snapshot.ports)
    parts = []
    for index, resources in enumerate(kinds):
        for start in range(0, len(resources), RESOURCES_PER_MESSAGE):
            chunk = resources[start : start + RESOURCES_PER_MESSAGE]
            empty: list[tuple[Any, ...]] = [(), (), ()]
            empty[index] = chunk
            parts.append(SnapshotPart(Snapshot(*empty), last=False))
    return [*parts, SnapshotPart(Snapshot(), last=True)]
