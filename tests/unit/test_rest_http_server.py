"""How long a client may take over a request, and which of its connections goes when it has too many."""

import os
import resource
import socket
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from waitress import parser
from waitress.utilities import find_double_newline

from osken_apps.rest.server import http_server as server
from osken_apps.rest.server.api_server import api_server
from osken_apps.rest.server.certificates import Certificates
from osken_apps.rest.server.clients import client_of
from osken_apps.rest.server.environ import CLIENT
from osken_apps.rest.server.http_server import ApiServer, Channel
from tests.certificates import api_options
from tests.unit.rest_client import config_of
from tests.unit.test_waiting import Paper

WHOLE = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
HALF = b"GET / HTTP/1.1\r\nHost:"
WAITS = b"GET /v2.0/changes?since=e-1&wait=20 HTTP/1.1\r\nHost: localhost\r\n\r\n"
HEADER = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8\r\n\r\nhalf"


@pytest.fixture
def api() -> Iterator[ApiServer]:
    """Give a server that nobody drives."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = api_server(lambda environ, start: [], listener, 1, news=Paper())
        yield made
        for channel in list(made.active_channels.values()):
            channel.handle_close()
        made.task_dispatcher.shutdown(timeout=0)
        made.close()


def connected(api: ApiServer, receive_bytes: int | None = None) -> tuple[socket.socket, Channel]:
    """Open a connection, with a receive buffer of that size; give the client's end and the server's."""
    before = set(api.active_channels)
    client = socket.socket()
    if receive_bytes is not None:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    client.connect((api.effective_host, int(api.effective_port)))
    api.handle_accept()
    (number,) = api.active_channels.keys() - before
    return client, api.active_channels[number]


@pytest.mark.parametrize(
    ("sent", "deadline_s"),
    [(b"", server.HEADER_DEADLINE_S), (HALF, server.HEADER_DEADLINE_S), (HEADER, server.BODY_DEADLINE_S)],
)
def test_a_request_that_is_begun_has_a_deadline(api: ApiServer, sent: bytes, deadline_s: int) -> None:
    client, channel = connected(api)
    channel.received(sent)
    since = channel.owed_since
    assert since is not None
    assert not channel.is_overdue(since + deadline_s)
    assert channel.is_overdue(since + deadline_s + 1)
    client.close()


POST = b"POST / HTTP/1.1\r\nHost: localhost\r\n"
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (POST + b"Transfer-Encoding: chunked\r\n", 411),
        (POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 411),
        (POST + b"transfer-encoding:chunked\r\nContent-Length: 0\r\n", 411),
        (POST + b"Transfer-Encoding:\r\n", 411),
        (POST + b"Transfer-Encoding: identity\r\n", 501),
        (POST + b"Transfer-Encoding : chunked\r\n", 400),
        (POST + b"X: y\r\n Transfer-Encoding: chunked\r\n", 400),
        (POST.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n", 411),
        (POST.replace(b"1.1", b"1.2") + b"Transfer-Encoding: chunked\r\n", 411),
        (POST + b"Content-Length: 5\r\nContent-Length: 5\r\n", 400),
        (POST + b"Content-Length: 5, 5\r\n", 400),
        (POST + b"Content-Length: +5\r\n", 400),
        (POST + b"Content-Length: 5\r\n 0\r\n", 400),
        (POST + b"Content-Length: 5\nX: y\r\n", 400),
        (POST + b"Content-Length:\x0b5\r\n", 400),
        (GET + b"X: y\r\n" * 201, 400),
    ],
)
def test_a_request_whose_end_is_where_another_may_not_see_it_is_refused(
    api: ApiServer, header: bytes, code: int
) -> None:
    client, channel = connected(api)
    channel.received(header + b"\r\n0\r\n\r\n" + WHOLE)
    request, *_ = channel.requests  # what breaks ends the connection with its answer
    assert request.error.code == code
    client.close()


@pytest.mark.parametrize(
    ("sent", "roles"),
    [
        (b"X-Roles: member\r\nX_Roles: admin\r\n", "member"),  # which a proxy may pass on
        (b"X_Roles: admin\r\n", None),
        (b"X-Roles: member\r\nx-roles: admin\r\n", "member, admin"),  # two: nobody is believed
    ],
)
def test_an_underscore_makes_no_header_of_another(api: ApiServer, sent: bytes, roles: str | None) -> None:
    client, channel = connected(api)
    channel.received(GET + sent + b"\r\n")
    (request,) = channel.requests
    assert server.ApiTask(channel, request).get_environment().get("HTTP_X_ROLES") == roles
    client.close()


def test_a_header_in_small_pieces_is_looked_at_once(api: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[bytes] = []

    def look(text: bytes) -> int:
        looked_at.append(text)
        return find_double_newline(text)

    monkeypatch.setattr(parser, "find_double_newline", look)
    client, channel = connected(api)
    header = b"GET /path HTTP/1.1\r\nHost: localhost\r\n" + b"X: " + b"y" * 20_000 + b"\r\n\r\n"
    for octet in header + HEADER + b"more":
        channel.received(bytes([octet]))
    assert looked_at == [header, HEADER[:-4]]
    assert [request.path for request in channel.requests] == ["/path", "/"]
    assert channel.requests[1].get_body_stream().read() == b"halfmore"
    client.close()


def test_a_header_that_does_not_end_is_refused_when_it_is_too_long(
    api: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.adj, "max_request_header_size", 1000)
    client, channel = connected(api)
    for _ in range(1000):
        channel.received(b"x")
    (request,) = channel.requests
    assert request.error.code == 431
    client.close()


def test_a_request_without_a_body_that_would_be_told_to_go_on_is_answered(api: ApiServer) -> None:
    client, channel = connected(api)
    channel.received(b"GET / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n\r\n" + WHOLE)
    assert len(channel.requests) == 2
    client.close()


def test_further_bytes_do_not_move_the_deadline(api: ApiServer) -> None:
    client, channel = connected(api)
    since = channel.owed_since
    for byte in HALF:
        channel.received(bytes([byte]))
    assert channel.owed_since == since
    client.close()


def test_a_client_that_owes_nothing_has_no_deadline(api: ApiServer) -> None:
    client, channel = connected(api)
    channel.received(WHOLE)
    assert channel.owed_since is None
    channel.received(HALF)
    assert channel.owed_since is not None
    client.close()


@pytest.mark.parametrize("sent", [b"", b"\x16\x03\x01\x02\x00\x01"])
def test_a_handshake_that_is_begun_has_the_deadline_of_a_header(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    tls = config_of(tmp_path, api_options(tmp_path)).api.tls
    assert tls is not None
    with socket.create_server(("127.0.0.1", 0)) as listener:
        api = api_server(lambda environ, start: [], listener, 1, Certificates(tls))
        client, channel = connected(api)
        client.sendall(sent)
        channel.handle_read()
        api.maintenance(0)
        assert not channel.will_close
        now = time.monotonic() + server.HEADER_DEADLINE_S + 1
        monkeypatch.setattr(server.time, "monotonic", lambda: now)
        api.maintenance(0)
        assert channel.will_close and channel.writable()
        channel.handle_write()
        assert not api.active_channels
        client.close()
        monkeypatch.undo()
        api.task_dispatcher.shutdown()
        api.close()


class Answers:
    """A dispatcher that keeps whom it is to answer."""

    known = None

    def __init__(self) -> None:
        self.tasks: list[Channel] = []

    def add_task(self, channel: Channel) -> None:
        self.tasks.append(channel)

    def forget(self, _channel: Channel) -> None:
        pass

    def set_thread_count(self, _count: int) -> None:
        pass


def long_answer(_environ: object, start: Callable[..., object]) -> list[bytes]:
    start("200 OK", [("Content-Length", str(LONG))])
    return [b"x" * LONG]


LONG = 20_000_000
KERNEL_BYTES = 64 * 1024  # of a socket's buffer, so that what is unread waits in the server


@pytest.fixture
def unread() -> Iterator[tuple[ApiServer, socket.socket, Channel]]:
    """Give a server, and a client that has asked three times for a long answer and reads nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # With buffers of its own choice a kernel may take most of an answer before anybody reads.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BYTES)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, KERNEL_BYTES)
        made = api_server(long_answer, listener, 1)
        made.task_dispatcher.shutdown(timeout=0)
        made.task_dispatcher = Answers()
        made.pull_trigger = lambda: None
        client, channel = connected(made, KERNEL_BYTES)
        channel.received(3 * WHOLE)
        channel.service()
        with client:
            yield made, client, channel
        channel.handle_close()
        made.close()


def test_what_is_asked_next_waits_until_the_answer_is_read(
    unread: tuple[ApiServer, socket.socket, Channel],
) -> None:
    made, client, channel = unread
    for answered in (1, 2):
        assert len(made.task_dispatcher.tasks) == answered
        assert channel.total_outbufs_len > LONG // 2
        taken = 0
        while len(made.task_dispatcher.tasks) == answered:
            taken += len(client.recv(1 << 20))
            channel.handle_write()
        assert taken > LONG // 2
        channel.service()
    assert made.task_dispatcher.tasks == 3 * [channel] and not channel.requests


@pytest.mark.parametrize(("silent_s", "within_s", "is_closed"), [(59, 0, 0), (61, 0, 1), (0, 601, 1)])
def test_who_does_not_read_an_answer_is_closed_although_nothing_can_be_written(
    unread: tuple[ApiServer, socket.socket, Channel],
    monkeypatch: pytest.MonkeyPatch,
    silent_s: int,
    within_s: int,
    is_closed: bool,
) -> None:
    made, _, channel = unread
    made.maintenance(0)
    channel.active_at = time.monotonic() - silent_s
    now = time.monotonic() + within_s
    monkeypatch.setattr(server.time, "monotonic", lambda: now)
    made.maintenance(0)
    monkeypatch.undo()
    assert (channel not in made.active_channels.values()) == is_closed


def test_the_connection_that_was_silent_longest_makes_room(
    api: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "MAX_CONNECTIONS_OF_CLIENT", 2)
    pairs = [connected(api) for _ in range(2)]
    for moment, (_, channel) in zip((2.0, 1.0), pairs, strict=True):
        channel.active_at = moment
    pairs.append(connected(api))
    assert [channel.will_close for _, channel in pairs] == [False, True, False]
    for client, _ in pairs:
        client.close()


def test_connections_from_many_addresses_of_one_machine_are_of_one_client(
    api: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "MAX_CONNECTIONS_OF_CLIENT", 2)
    pairs = [connected(api) for _ in range(4)]
    addresses = ("2001:db8:0:1::1", "2001:db8::1", "2001:db8::2", "2001:db8::3")
    for moment, ((_, channel), address) in enumerate(zip(pairs, addresses, strict=True)):
        again = Channel(api, channel.socket, (address, 1), api.adj, map={})
        again.active_at = moment
        api.active_channels[channel.socket.fileno()] = again
    newest = api.active_channels[pairs[-1][1].socket.fileno()]
    api._make_room(newest.share)
    assert sorted(c.addr[0] for c in api.active_channels.values() if c.will_close) == ["2001:db8::1"]
    for client, _ in pairs:
        client.close()


def test_whose_a_request_is_a_trusted_proxy_tells(tmp_path: Path) -> None:
    told = partial(client_of, api=config_of(tmp_path, "trust_forwarded_headers = true").api)
    header = GET + b"X-Forwarded-For: 203.0.113.9\r\nx-forwarded-for: 192.0.2.1\r\n\r\n"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        answers = Answers()
        api = api_server(lambda environ, start: [], listener, 1, client_of=told)
        api.task_dispatcher.shutdown()
        api.task_dispatcher = answers
        client, channel = connected(api)
        channel.received(header)
        assert answers.tasks == [channel]
        environ = server.ApiTask(channel, channel.requests[0]).get_environment()
        assert (channel.client, environ[CLIENT], environ["REMOTE_ADDR"]) == (
            "192.0.2.1",
            "192.0.2.1",
            "127.0.0.1",
        )
        channel.handle_close()
        client.close()
        api.close()


def test_of_those_who_wait_for_news_one_makes_room(api: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MAX_CONNECTIONS_OF_CLIENT", 1)
    client, channel = connected(api)
    channel.received(WAITS)
    assert channel.is_waiting
    newer, _ = connected(api)
    assert channel.will_close
    channel.handle_write()
    assert not channel.is_waiting
    client.close()
    newer.close()


def test_who_goes_while_he_waits_for_news_waits_no_more(api: ApiServer) -> None:
    client, channel = connected(api)
    client.sendall(WAITS)
    channel.handle_read()
    assert channel.is_waiting and channel.readable()
    client.close()
    channel.handle_read()
    assert not channel.is_waiting
    assert not api.active_channels


@pytest.mark.parametrize("more", [WHOLE, HALF])
@pytest.mark.parametrize("is_at_once", [True, False])
def test_who_asks_for_more_does_not_wait_for_news(api: ApiServer, more: bytes, is_at_once: bool) -> None:
    client, channel = connected(api)
    for data in (WAITS + more,) if is_at_once else (WAITS, more):
        channel.received(data)
    assert not channel.is_waiting
    client.close()


@pytest.mark.parametrize("set_by_s", [-3600.0, 3600.0])
def test_a_clock_that_is_set_neither_ends_what_is_in_time_nor_spares_what_is_late(
    unread: tuple[ApiServer, socket.socket, Channel], monkeypatch: pytest.MonkeyPatch, set_by_s: float
) -> None:
    made, _, reads_later = unread
    client, idle = connected(made)
    idle.owed_since = None  # as after an answer
    late_client, late = connected(made)
    late.received(HALF)
    made.readable()
    wall, clock = time.time() + set_by_s, time.monotonic()
    monkeypatch.setattr(time, "time", lambda: wall)
    monkeypatch.setattr(time, "monotonic", lambda: clock + server.HEADER_DEADLINE_S + 1)
    made.readable()
    monkeypatch.undo()
    assert late.will_close
    assert reads_later in made.active_channels.values() and not idle.will_close
    with client, late_client:
        idle.handle_close()
        late.handle_close()


def test_running_out_of_descriptors_is_told_now_and_then_and_ends(
    api: ApiServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    waits = socket.create_connection((api.effective_host, int(api.effective_port)))
    few = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = os.dup(0)
    resource.setrlimit(resource.RLIMIT_NOFILE, (taken, few[1]))
    try:
        asked = 0
        while asked < 50 and api.readable():
            api.handle_accept()
            asked += 1
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, few)
        os.close(taken)
    assert asked == 1
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    later = time.monotonic() + server.RETRY_S
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert api.readable()
    api.handle_accept()
    assert len(api.active_channels) == 1
    waits.close()
