"""What asks other services ends in time and takes so much at most, whatever they answer."""

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from keystoneauth1.exceptions import ClientException
from keystoneauth1.session import Session

from osken_apps import outgoing_http
from osken_apps.config import load
from osken_apps.nova import endpoint
from osken_apps.nova.endpoint import Nova, NovaUnavailable
from osken_apps.outgoing_http import bounded
from osken_apps.rest.identity.keystone import KeystoneUnavailable
from osken_apps.rest.request import Asked
from tests.unit.test_keystone import keystone_at

SECONDS = 0.1
PATIENCE_S = 3.0  # on a busy machine
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
WHOLE = HEAD + b"Content-Length: 2\r\n\r\n{}"
ZEROS = gzip.compress(bytes(2**20))

Answer = Callable[[socket.socket], None]


def at_once(octets: bytes) -> Answer:
    """Answer so."""
    return lambda client: client.sendall(octets)


def trickling(begin: bytes, again: bytes) -> Answer:
    """Answer so, and then more and more of it, each part well before a read of it would time out."""

    def answer(client: socket.socket) -> None:
        client.sendall(begin)
        while True:
            client.sendall(again)
            time.sleep(0.02)

    return answer


def pouring(begin: bytes, again: bytes) -> Answer:
    """Answer so, and then more and more of it, as fast as it is read."""

    def answer(client: socket.socket) -> None:
        client.sendall(begin)
        while True:
            client.sendall(again)

    return answer


@pytest.fixture
def answering() -> Iterator[Callable[[Answer], int]]:
    """Give what makes a server that gives each request an answer, and gives its port."""
    listeners = []

    def serve(listener: socket.socket, answer: Answer) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=one, args=(client, answer), daemon=True).start()

    def one(client: socket.socket, answer: Answer) -> None:
        with client:
            try:
                client.recv(65536)
                answer(client)
            except OSError:
                pass  # whoever asked is gone

    def start(answer: Answer) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        threading.Thread(target=serve, args=(listener, answer), daemon=True).start()
        return int(listener.getsockname()[1])

    yield start
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def ask(url: str, seconds: float = SECONDS) -> bytes:
    """Ask as we ask Nova and Keystone; give the body."""
    session = Session()
    in_time = bounded(session, seconds)
    with in_time():
        return bytes(session.get(url, authenticated=False).content)


def test_a_whole_answer_is_given(answering: Callable[[Answer], int]) -> None:
    chunked = HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"
    for answer in (WHOLE, chunked):
        assert ask(f"http://127.0.0.1:{answering(at_once(answer))}/", PATIENCE_S) == b"{}"


@pytest.mark.parametrize(
    "answer",
    [
        trickling(b"HTTP/1.1 200 ", b"O"),
        trickling(b"HTTP/1.1 200 OK\r\nA: ", b"b"),
        trickling(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        trickling(HEAD + b"Content-Length: 100000\r\n\r\n", b"{"),
        trickling(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n{\r\n"),
        trickling(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1", b";"),
        lambda client: time.sleep(PATIENCE_S),
    ],
    ids=["status", "head", "continue", "body", "chunks", "extension", "silence"],
)
def test_an_answer_has_its_time_as_a_whole(answering: Callable[[Answer], int], answer: Answer) -> None:
    port, before = answering(answer), threading.active_count()
    began_at = time.monotonic()
    with pytest.raises(ClientException):
        ask(f"http://127.0.0.1:{port}/")
    assert time.monotonic() - began_at < PATIENCE_S
    ends = time.monotonic() + PATIENCE_S
    while threading.active_count() > before + 1 and time.monotonic() < ends:  # the server's is one
        time.sleep(0.01)
    assert threading.active_count() <= before + 1  # nobody reads on


@pytest.mark.parametrize(
    "answer",
    [
        pouring(HEAD + b"\r\n", bytes(2**16)),
        pouring(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + bytes(2**16) + b"\r\n"),
        pouring(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
        at_once(HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(ZEROS) + ZEROS),
        at_once(HEAD + b"Content-Encoding: GZIP, identity\r\nContent-Length: 2\r\n\r\n{}"),
    ],
    ids=["body", "chunks", "continue", "gzip", "encodings"],
)
def test_an_answer_is_so_long_at_most(
    monkeypatch: pytest.MonkeyPatch, answering: Callable[[Answer], int], answer: Answer
) -> None:
    monkeypatch.setattr(outgoing_http, "MAX_OCTETS", 2**20)
    with pytest.raises(ClientException, match=r"longer than|encoded"):
        ask(f"http://127.0.0.1:{answering(answer)}/", 30)


def test_what_is_as_long_as_may_be_is_taken(
    monkeypatch: pytest.MonkeyPatch, answering: Callable[[Answer], int]
) -> None:
    monkeypatch.setattr(outgoing_http, "MAX_OCTETS", len(WHOLE))
    assert ask(f"http://127.0.0.1:{answering(at_once(WHOLE))}/", PATIENCE_S) == b"{}"


def test_redirections_share_the_time(answering: Callable[[Answer], int]) -> None:
    def further(client: socket.socket) -> None:
        time.sleep(0.1)
        client.sendall(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")

    began_at = time.monotonic()
    with pytest.raises(ClientException):
        ask(f"http://127.0.0.1:{answering(further)}/", 0.3)
    assert time.monotonic() - began_at < 2  # 30 of them take three seconds


def test_a_name_that_is_looked_up_for_ever_has_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    is_over = threading.Event()

    def hanging(*_: object, **__: object) -> None:
        is_over.wait()
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    began_at = time.monotonic()
    with pytest.raises(ClientException):
        ask("http://nova.example:8774/")
    is_over.set()
    assert time.monotonic() - began_at < PATIENCE_S


def test_behind_a_proxy_it_is_the_same(
    monkeypatch: pytest.MonkeyPatch, answering: Callable[[Answer], int]
) -> None:
    port = answering(trickling(HEAD + b"Content-Length: 100000\r\n\r\n", b"{"))
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
    monkeypatch.delenv("no_proxy", raising=False)
    began_at = time.monotonic()
    with pytest.raises(ClientException):
        ask("http://192.0.2.1/")
    assert time.monotonic() - began_at < PATIENCE_S


TRICKLE = trickling(b"HTTP/1.1 200 ", b"O")


def test_a_keystone_that_trickles_is_unavailable(tmp_path: Path, answering: Callable[[Answer], int]) -> None:
    keystone = keystone_at(tmp_path, answering(TRICKLE), "http_connect_timeout = 1")
    began_at = time.monotonic()
    with pytest.raises(KeystoneUnavailable):
        keystone.identify(Asked({"X-Auth-Token": "alice's"}))
    assert time.monotonic() - began_at < PATIENCE_S


def test_a_nova_that_trickles_is_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answering: Callable[[Answer], int]
) -> None:
    monkeypatch.setattr(endpoint, "TIMEOUT_S", 0.2)
    file = tmp_path / "osken-net.conf"
    url = f"http://127.0.0.1:{answering(TRICKLE)}/v3"
    file.write_text(f"[nova]\nauth_url = {url}\nusername = u\npassword = p\n")
    file.chmod(0o600)
    config = load(file).nova
    assert config
    began_at = time.monotonic()
    with pytest.raises(NovaUnavailable):
        Nova(config).log_in()
    assert time.monotonic() - began_at < PATIENCE_S
