"""The HTTP server: waitress, with a deadline for what is begun and a share of connections for each client.

waitress closes a connection on which nothing happens for a while, but one that sends a byte now and then
may hold its place for ever, and all places together keep everybody else out. TLS, if there is a certificate,
is in `http_tls`; which request is answered next, in `lanes`. SHELL.
"""

import math
import re
import time
from typing import Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, Task, WSGITask
from waitress.utilities import BadRequest

from osken_apps.failures import Failures
from osken_apps.model.addresses import share_of
from osken_apps.rest.request import MAX_BODY_BYTES
from osken_apps.rest.server.clients import ClientOf, peer_is_client
from osken_apps.rest.server.environ import CERTIFICATE, CLIENT, IS_KNOWN, IS_ONE_TOO_MANY

MAX_CONNECTIONS = 1000
# Of one client, or of a proxy; beyond it the one that has been silent longest makes room for the next.
MAX_CONNECTIONS_OF_CLIENT = 250
HEADER_DEADLINE_S = 10
BODY_DEADLINE_S = 60
UNREAD_DEADLINE_S = 60  # without an octet taken of what is answered
ANSWER_DEADLINE_S = 600  # for all of it
MAINTENANCE_INTERVAL_S = 2
RETRY_S = 1.0  # so long nothing is accepted once it could not be: what waits would be tried without a pause
MAX_HEADER_BYTES = 192 * 1024  # with the longest query string
MAX_HEADER_LINES = 200
HEADER_ENDS = b"\r\n\r\n"
FOLDED = re.compile(rb"\r\n[ \t]")
TRANSFER_ENCODING = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
# The application refuses less than this in the API's own form; this is what is read at all.
MAX_RECEIVED_BYTES = 2 * MAX_BODY_BYTES
# What a client does not read waits in a file; only beyond this does it hold up the thread that answers.
MAX_UNREAD_BYTES = 256 * 1024 * 1024
# With more than this unread, what a client has asked besides waits: a few octets ask for a long answer.
MAX_UNREAD_FOR_NEXT_BYTES = 64 * 1024


# Answers are JSON for programs: no page may frame them, guess at their type, or keep them.
SECURITY_HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
)
OVER_TLS = (("Strict-Transport-Security", "max-age=31536000"),)


class LengthRequired(BadRequest):  # type: ignore[misc]
    """The body comes without a word of how long it is."""

    code = 411
    reason = "Length Required"


class Parser(HTTPRequestParser):  # type: ignore[misc]
    """A request; `secret` is what of it is checked as a password is."""

    secret: bytes | None = None
    is_one_too_many = False

    def __init__(self, adj: Any) -> None:
        super().__init__(adj)
        self._header = bytearray()

    def received(self, data: bytes) -> int:
        """Take octets and give how many.

        waitress looks at all of a header at each piece of it, and over TLS a piece may be an octet: here it
        gets the header when it is whole.
        """
        if self.completed or self.headers_finished:
            return int(super().received(data))
        before = len(self._header)
        self._header += data
        is_whole = self._header.find(HEADER_ENDS, max(0, before + 1 - len(HEADER_ENDS))) >= 0
        if not is_whole and len(self._header) < self.adj.max_request_header_size:
            return len(data)
        header, self._header = bytes(self._header), bytearray()
        return int(super().received(header)) - before

    def parse_header(self, header_plus: bytes) -> None:
        """Read the header; a body has one length, which is told first.

        What is sent in chunks may end elsewhere for a proxy in front, and costs far more to read; a line that
        is folded is another one for some. No client of ours sends either.
        """
        if header_plus.count(b"\r\n") > MAX_HEADER_LINES or FOLDED.search(header_plus):
            raise ParsingError(f"more than {MAX_HEADER_LINES} lines of header, or a folded one")
        super().parse_header(header_plus)
        if TRANSFER_ENCODING.search(header_plus):
            self.error = LengthRequired("a body is sent with Content-Length, not with Transfer-Encoding")
            self.completed = True


class Secured(Task):  # type: ignore[misc]
    """An answer with the security headers, whoever gives it."""

    def build_response_header(self) -> Any:
        """Give the header; what the answer says itself goes before."""
        present = {name.lower() for name, _ in self.response_headers}
        more = SECURITY_HEADERS + (OVER_TLS if self.channel.is_tls else ())
        self.response_headers += [item for item in more if item[0].lower() not in present]
        return super().build_response_header()


class ApiTask(Secured, WSGITask):  # type: ignore[misc]
    """A request of the application."""

    def get_environment(self) -> Any:
        """Give the environ, with what only the connection knows."""
        environ = super().get_environment()
        environ[CERTIFICATE] = self.channel.certificate
        environ[CLIENT] = self.channel.client_of(self.request)
        environ[IS_ONE_TOO_MANY] = self.request.is_one_too_many
        return environ

    def execute(self) -> None:
        """Have it answered, and remember what was right of it, and what is no longer."""
        super().execute()
        known = self.channel.server.task_dispatcher.known
        if known is not None and self.request.secret:
            match self.get_environment().get(IS_KNOWN):
                case True:
                    known.add(self.request.secret)
                case False:
                    known.discard(self.request.secret)


class RefusalTask(Secured, ErrorTask):  # type: ignore[misc]
    """What the server itself refuses."""


class Channel(HTTPChannel):  # type: ignore[misc]
    """A connection that knows since when its client has owed the rest of a request."""

    task_class = ApiTask
    error_task_class = RefusalTask
    parser_class = Parser
    is_tls = False
    is_waiting = False  # until there is something new to answer

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.share = share_of(self.addr[0])
        self.owed_since: float | None = time.monotonic()
        self.unread_since: float | None = None
        self.has_next = False

    @property
    def last_activity(self) -> float:
        """When octets came or went last, by the clock that nobody sets; waitress says it by another."""
        return self.active_at

    @last_activity.setter
    def last_activity(self, _moment: float) -> None:
        self.active_at = time.monotonic()

    def received(self, data: bytes) -> bool:
        """Take bytes and note whether a request is now begun and not complete."""
        self.active_at = time.monotonic()
        taken: bool = super().received(data)
        if self.request is None and taken:
            self.owed_since = None
        elif self.request is not None and self.owed_since is None:
            self.owed_since = time.monotonic()
        # Who asks for more does not wait for something new.
        if self.is_waiting and (self.request is not None or len(self.requests) > 1):
            self.server.task_dispatcher.end_wait(self)
        return taken

    def readable(self) -> bool:
        """Tell whether to read; of one that waits, too, so that it is known when its client has gone."""
        is_busy = (self.requests and not self.is_waiting) or self.total_outbufs_len
        return not (is_busy or self.will_close or self.close_when_flushed)

    def handle_close(self) -> None:
        """Close, and wait for nothing more."""
        super().handle_close()
        self.server.task_dispatcher.forget(self)

    def send_continue(self) -> None:
        """Have the client go on, unless it has nothing more to send: waitress would wait for it for ever."""
        if not self.request.completed:
            super().send_continue()

    def handle_write(self) -> None:
        """Write what there is; once it is taken, what is asked next is answered."""
        super().handle_write()
        with self.outbuf_lock:
            is_next = self.has_next and self.total_outbufs_len <= MAX_UNREAD_FOR_NEXT_BYTES
            self.has_next = self.has_next and not is_next
        if is_next and self.connected:
            self.server.add_task(self)

    def waits_for_reader(self) -> bool:
        """Tell whether so much is unread that the next request waits; `handle_write` has it go on."""
        with self.outbuf_lock:
            self.has_next = self.total_outbufs_len > MAX_UNREAD_FOR_NEXT_BYTES
        return self.has_next

    @property
    def client(self) -> str:
        """The address of who asks what is to be answered next."""
        return self.client_of(self.requests[0])

    def client_of(self, request: Parser) -> str:
        """Give the address of who asks something, as a proxy tells it that is trusted."""
        return self.server.client_of(request.headers, self.addr[0])  # type: ignore[no-any-return]

    @property
    def certificate(self) -> str:
        """The name in the client's certificate: it has none."""
        return ""

    @property
    def is_idle(self) -> bool:
        """Tell whether nothing is being answered; a request that waits for something new is not yet."""
        return not self.total_outbufs_len and (not self.requests or self.is_waiting)

    def is_unread(self, now: float) -> bool:
        """Tell whether the client takes nothing of an answer, or too long over it."""
        if not self.total_outbufs_len:
            self.unread_since = None
            return False
        if self.unread_since is None:
            self.unread_since = now
        takes_nothing = now - self.active_at > UNREAD_DEADLINE_S
        return takes_nothing or now - self.unread_since > ANSWER_DEADLINE_S

    def is_overdue(self, now: float) -> bool:
        """Tell whether the client has taken too long over a request, or over its first byte."""
        has_header = self.request is not None and self.request.headers_finished
        deadline = BODY_DEADLINE_S if has_header else HEADER_DEADLINE_S
        return self.owed_since is not None and now - self.owed_since > deadline


class ApiServer(TcpWSGIServer):  # type: ignore[misc]
    """The server of the API."""

    channel_class = Channel
    next_channel_cleanup = math.inf  # for waitress, which would go by a clock that may be set

    def __init__(self, *arguments: Any, client_of: ClientOf = peer_is_client, **named: Any) -> None:
        """Make the server; `client_of` tells of a request and its peer who the client is."""
        self.client_of = client_of
        self._looks_at = self._accepts_from = 0.0
        self._failures = Failures()
        super().__init__(*arguments, **named)

    def readable(self) -> bool:
        """Tell whether to accept; look at deadlines, every MAINTENANCE_INTERVAL_S also if a clock is set."""
        now = time.monotonic()
        if now >= self._looks_at:
            self._looks_at = now + MAINTENANCE_INTERVAL_S
            self.maintenance(now)
        return bool(super().readable()) and now >= self._accepts_from

    def accept(self) -> Any:
        """Accept a connection, if there is one; without a descriptor for it, none for a moment."""
        try:
            return super().accept()
        except OSError as error:
            self._failures.note("a connection could not be accepted", error)
            self._accepts_from = time.monotonic() + RETRY_S
            return None

    def maintenance(self, _now: float) -> None:
        """Close what is silent and what is overdue."""
        moment = time.monotonic()
        super().maintenance(moment)
        for channel in list(self.active_channels.values()):
            if channel.is_unread(moment):
                channel.handle_close()  # by itself a connection that nobody reads never ends
            elif channel.is_overdue(moment) and channel.is_idle:
                channel.will_close = True

    def add_task(self, channel: Channel) -> None:
        """Have a channel's next request answered, once the client has taken what was answered before."""
        if not channel.waits_for_reader():
            super().add_task(channel)

    def handle_accept(self) -> None:
        """Accept a connection; if its client has too many, close the one that was silent longest."""
        present = set(self.active_channels)
        super().handle_accept()
        for number in self.active_channels.keys() - present:
            self._make_room(self.active_channels[number].share)

    def _make_room(self, share: str) -> None:
        own = [item for item in self.active_channels.values() if item.share == share and not item.will_close]
        if len(own) > MAX_CONNECTIONS_OF_CLIENT:
            # The newest is among them: if all others are being answered, it is the one that goes.
            idle = [item for item in own if item.is_idle]
            min(idle, key=lambda item: item.active_at).will_close = True
