"""What must hold for any octets on the API's port: whole and safe answers, and no failure of ours."""

import atexit
import logging
import re
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from osken_apps.rest.server.api_server import api_server
from osken_apps.rest.server.http_server import SECURITY_HEADERS, ApiServer, Channel
from tests.unit.rest_client import client_of

ODD = 11
HEADER = re.compile(rb"HTTP/1\.[01] (\d\d\d) [^\r\n]*\r\n((?:[!-9;-~]+: ?[^\r\n]*\r\n)*)\r\n")
LENGTH = re.compile(rb"^content-length: ?(\d+)\r$", re.IGNORECASE | re.MULTILINE)

logging.getLogger("osken_apps.rest.audit_log").setLevel(logging.ERROR)
logging.getLogger("waitress").setLevel(logging.CRITICAL)


class Direct:
    """A dispatcher that leaves the work to whoever asked for it."""

    known = None

    def add_task(self, _task: object) -> None:
        pass

    def forget(self, _task: object) -> None:
        pass

    def set_thread_count(self, _count: int) -> None:
        pass


def _echo(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """Answer what was understood of a request."""
    length = len(environ["wsgi.input"].read())
    told = [environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["QUERY_STRING"], length]
    body = repr(told).encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


def _server(application: Callable[..., Any]) -> ApiServer:
    listener = socket.create_server(("127.0.0.1", 0))
    server = api_server(application, listener, 1)
    server.task_dispatcher.shutdown(timeout=0)
    server.task_dispatcher = Direct()
    server.pull_trigger = lambda: None  # nobody waits to be woken
    return server


DIRECTORY = Path(tempfile.mkdtemp(prefix="osken-net-fuzz-"))
atexit.register(shutil.rmtree, DIRECTORY, ignore_errors=True)
API = _server(client_of(DIRECTORY).app)
ECHO = _server(_echo)


def check(octets: bytes) -> None:
    """Hold all that must hold, for octets that come at once and in pieces."""
    pieces = [octets[begin : begin + ODD] for begin in range(0, len(octets), ODD)]
    at_once, in_pieces = (_understood(_answers(ECHO, some)) for some in ([octets], pieces))
    if at_once != in_pieces:
        raise AssertionError(f"at once {at_once!r}, in pieces {in_pieces!r}")
    _check_answers(_answers(API, [octets]))


def _answers(server: ApiServer, pieces: Iterable[bytes]) -> bytes:
    """Give all that a server answers to octets on a connection of their own."""
    ours, theirs = socket.socketpair()
    channel = Channel(server, ours, ("127.0.0.1", 1), server.adj, map={})
    theirs.setblocking(False)
    said = b""
    try:
        for piece in pieces:
            if not piece or channel.close_when_flushed or channel.will_close:
                break
            channel.received(piece)
            while channel.requests:
                channel.service()
            said += _taken(channel, theirs)
        return said + _taken(channel, theirs)
    finally:
        channel.handle_close()
        theirs.close()


def _taken(channel: Channel, client: socket.socket) -> bytes:
    """Take what was sent, and what waits to be."""
    said = b""
    while channel.total_outbufs_len:
        channel._flush_some()
        with suppress(BlockingIOError):
            while part := client.recv(1 << 16):
                said += part
    with suppress(BlockingIOError):
        while part := client.recv(1 << 16):
            said += part
    return said


def _understood(said: bytes) -> list[tuple[bytes, bytes]]:
    """Give status and body of each answer.

    How the server words a refusal depends on what it read last, and nobody is told to go on who has gone on.
    """
    answers = ((status, body if status == b"200" else b"") for status, _, body in _split(said))
    return [answer for answer in answers if answer[0] != b"100"]


def _check_answers(said: bytes) -> None:
    for status, headers, _ in _split(said):
        if status == b"500":
            raise AssertionError(f"we failed: {said!r}")
        names = {line.partition(b":")[0].strip().lower() for line in headers.splitlines()}
        missing = [name for name, _ in SECURITY_HEADERS if name.lower().encode() not in names]
        if missing and status != b"100":
            raise AssertionError(f"an answer lacks {missing}")


def _split(said: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Give status, headers and body of each answer."""
    position = 0
    while position < len(said):
        found = HEADER.match(said, position)
        if not found:
            raise AssertionError(f"no header of an answer: {said[position : position + 200]!r}")
        begin = position = found.end()
        length = LENGTH.search(found[2])
        if length and not said.startswith(b"HTTP/", begin):  # else it answers HEAD
            position += int(length[1])
        elif not length and found[1] != b"100":
            position = len(said)  # its body ends with the connection
        yield found[1], found[2], said[begin:position]
