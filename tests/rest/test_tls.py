"""HTTPS on the API's port: what real handshakes do, and what peers do that mean no good."""

import http.client
import signal
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from osken_apps.link import Ping, Pong
from tests.certificates import api_options, authority_file, files
from tests.rest.server import WAIT_S, Server, call, connection_to, running, write_config

SILENT = 120
SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "strict-transport-security": "max-age=31536000",
}


@dataclass
class Https:
    """A server that speaks HTTPS, and where its files are."""

    server: Server
    directory: Path

    def dial(self) -> socket.socket:
        """Open a connection on which nothing is said."""
        return socket.create_connection(("127.0.0.1", self.server.port), WAIT_S)

    def peer_certificate(self) -> bytes:
        """Give the certificate that a new connection is shown."""
        assert self.server.context
        with self.server.context.wrap_socket(self.dial(), server_hostname="127.0.0.1") as tls:
            return tls.getpeercert(binary_form=True) or b""


@pytest.fixture(scope="module")
def https(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Https]:
    """Give a server with everybody as administrator."""
    directory = tmp_path_factory.mktemp("state")
    config_file = write_config(directory, f"{api_options(directory)}[quotas]\nnetwork = -1\n")
    context = ssl.create_default_context(cafile=authority_file(directory))
    with running(config_file, context=context) as server:
        yield Https(server, directory)


def client_hello(context: ssl.SSLContext) -> bytes:
    """Give the first octets of a handshake."""
    ours, theirs = ssl.MemoryBIO(), ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(ours, theirs, server_hostname="127.0.0.1").do_handshake()
    return theirs.read()


def test_long_bodies_and_long_answers_arrive_whole_over_one_connection(https: Https) -> None:
    connection = connection_to(https.server.port, https.server.context)
    wanted = [{"name": f"n{number}", "description": "d" * 250} for number in range(100)]
    for _ in range(3):
        assert call(connection, "POST", "/v2.0/networks", {"networks": wanted}).status == 201
    for _ in range(3):
        assert len(call(connection, "GET", "/v2.0/networks").body["networks"]) == 300
    connection.close()


def test_requests_that_come_in_one_piece_are_answered_in_turn(https: Https) -> None:
    assert https.server.context
    with https.server.context.wrap_socket(https.dial(), server_hostname="127.0.0.1") as tls:
        tls.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 20)
        taken = b""
        while taken.count(b'{"status":"ok"}') < 20:
            data = tls.recv(65536)
            assert data
            taken += data
    assert taken.count(b"HTTP/1.1 200 OK") == 20


def test_a_handshake_that_comes_octet_by_octet_is_completed(https: Https) -> None:
    assert https.server.context
    ours, theirs = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = https.server.context.wrap_bio(ours, theirs, server_hostname="127.0.0.1")
    with https.dial() as plain:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def speak() -> None:
            for octet in theirs.read():
                plain.sendall(bytes([octet]))

        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                speak()
                ours.write(plain.recv(65536))
        tls.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        speak()
        while data := plain.recv(65536):
            ours.write(data)
        assert tls.read(65536).startswith(b"HTTP/1.1 200 OK")


def test_peers_that_are_silent_or_stop_anywhere_in_a_handshake_hold_up_nobody(https: Https) -> None:
    assert https.server.context
    hello = client_hello(https.server.context)
    peers = [https.dial() for _ in range(SILENT)]
    try:
        for peer, length in zip(peers, range(0, len(hello), max(1, len(hello) // SILENT)), strict=False):
            peer.sendall(hello[:length])
        for _ in range(5):
            assert https.server.call("GET", "/v2.0/networks?limit=1").status == 200
    finally:
        for peer in peers:
            peer.close()


@pytest.mark.parametrize(
    "junk", [b"\x16\x03\x01\xff\xff" + b"A" * 400, b"\x80" * 64, b"\x00", b"SSH-2.0-x\r\n"]
)
def test_what_is_no_tls_is_closed(https: Https, junk: bytes) -> None:
    with https.dial() as peer:
        peer.sendall(junk)
        with suppress(OSError):  # it may be closed already
            peer.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):
            while data := peer.recv(4096):
                assert not data.startswith(b"HTTP/1.1 2")
    assert https.server.call("GET", "/healthz").status == 200


def test_who_speaks_plain_http_is_told_what_is_wrong(https: Https) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", https.server.port, timeout=WAIT_S)
    connection.request("GET", "/")
    response = connection.getresponse()
    assert (response.status, b"HTTPS" in response.read()) == (400, True)
    connection.close()


def test_old_tls_and_certificates_of_others_are_refused(https: Https, tmp_path: Path) -> None:
    context = ssl.create_default_context(cafile=https.directory / "ca.pem")
    context.load_cert_chain(*files(tmp_path, "mallory", authority=trustme.CA()))
    with pytest.raises((OSError, http.client.HTTPException)):
        call(connection_to(https.server.port, context), "GET", "/v2.0/networks")
    old = ssl.create_default_context(cafile=https.directory / "ca.pem")
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(OSError):
        call(connection_to(https.server.port, old), "GET", "/healthz")


def test_every_answer_has_the_security_headers(https: Https) -> None:
    host = "Host: localhost"
    requests = {
        200: f"GET /healthz HTTP/1.1\r\n{host}\r\n\r\n",
        404: f"GET /nothing HTTP/1.1\r\n{host}\r\n\r\n",
        405: f"PATCH / HTTP/1.1\r\n{host}\r\n\r\n",
        400: "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        421: "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        413: f"POST / HTTP/1.1\r\n{host}\r\nContent-Length: 9999999999\r\n\r\n",
        431: f"GET / HTTP/1.1\r\n{host}\r\nX: {'x' * 300_000}\r\n\r\n",
    }
    for status, text in requests.items():
        assert https.server.context
        with https.server.context.wrap_socket(https.dial(), server_hostname="127.0.0.1") as tls:
            with suppress(OSError):  # it is refused before all of it is sent
                tls.sendall(text.encode())
            response = http.client.HTTPResponse(tls)
            response.begin()
            assert response.status == status
            headers = {name.lower(): value for name, value in response.getheaders()}
            assert headers | SECURITY_HEADERS == headers
            assert "server" not in headers


def test_a_certificate_that_changes_is_shown_to_the_next_and_cuts_nobody(https: Https) -> None:
    living = connection_to(https.server.port, https.server.context)
    assert call(living, "GET", "/healthz").status == 200
    before = https.peer_certificate()
    files(https.directory, "127.0.0.1")
    https.server.process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + WAIT_S
    while https.peer_certificate() == before:
        assert time.monotonic() < deadline
    assert call(living, "GET", "/healthz").status == 200
    living.close()


def test_the_names_that_the_api_answers_to_follow_its_certificate(https: Https) -> None:
    def answers(name: str) -> bool:
        return https.server.call("GET", "/v2.0/networks", headers={"Host": name}).status == 200

    wanted = {
        "api.example": True,
        "one.net.example:9696": True,
        "net.example": False,
        "a.b.net.example": False,
    }
    assert not any(map(answers, wanted))
    files(https.directory, "127.0.0.1", "api.example", "*.net.example")
    https.server.process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + WAIT_S
    while not answers("api.example"):
        assert time.monotonic() < deadline
    assert {name: answers(name) for name in wanted} == wanted
    files(https.directory, "127.0.0.1")
    https.server.process.send_signal(signal.SIGHUP)
    while answers("api.example"):
        assert time.monotonic() < deadline


def test_the_server_is_ready_when_its_controller_has_spoken(tmp_path: Path) -> None:
    with running(write_config(tmp_path, "authentication = headers")) as server:
        assert server.call("GET", "/healthz").body == {"status": "ok"}
        reply = server.call("GET", "/readyz")
        assert (reply.status, reply.body["reasons"]) == (503, ["the controller has not spoken yet"])
        server.link.send(Ping())
        server.told(Pong)
        assert server.call("GET", "/readyz").body == {"status": "ready"}
        (tmp_path / "osken-net.db").write_bytes(b"x" * 4096)
        reply = server.call("GET", "/readyz")
        assert (reply.status, reply.body["reasons"]) == (503, ["the database cannot be used"])
