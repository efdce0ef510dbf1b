"""TLS on the API's port by peers that mean no good: slow, odd, huge, renewed, and with another's session."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import IPPROTO_TCP, TCP_NODELAY, create_connection, create_server
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography import x509
from waitress import wasyncore

from osken_apps.config import TlsConfig
from osken_apps.rest.server import http_server, http_tls
from osken_apps.rest.server.api_server import api_server
from osken_apps.rest.server.certificates import Certificates
from osken_apps.rest.server.environ import CERTIFICATE
from osken_apps.rest.server.http_server import ApiServer, Channel
from tests.certificates import AUTHORITY, authority_file, files, odd, renegotiation

WAIT_S = 60
ASK = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


def whose(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """Answer whose certificate a request came with."""
    environ["wsgi.input"].read()
    body = f"<{environ[CERTIFICATE]}>".encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


class Site:
    """A server that tells clients who they are, and the files of its TLS."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.authority = authority_file(directory)
        self.certificates = Certificates(TlsConfig(*files(directory, "127.0.0.1"), self.authority))
        self._listener = create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.api: ApiServer = api_server(whose, self._listener, 1, self.certificates)

    def client(self, name: str = "", version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
        """Give what a client dials with: a certificate by the name of its file, or none."""
        context = ssl.create_default_context(cafile=self.authority)
        context.minimum_version = context.maximum_version = version
        if name:
            context.load_cert_chain(*(self.directory / f"{name}.{end}" for end in ("pem", "key")))
        return context

    @contextmanager
    def dial(self, context: ssl.SSLContext, session: Any = None) -> Iterator[ssl.SSLSocket]:
        """Connect with a handshake, perhaps of an earlier session."""
        with (
            create_connection(("127.0.0.1", self.port), WAIT_S) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1", session=session) as tls,
        ):
            yield tls

    def name(self, context: ssl.SSLContext) -> str:
        """Give as whom a client is known."""
        with self.dial(context) as tls:
            return asked(tls)

    @contextmanager
    def served(self) -> Iterator[None]:
        """Have the server work meanwhile."""
        thread = threading.Thread(target=self.api.run)
        thread.start()
        try:
            yield
        finally:
            trigger = self.api.trigger
            with trigger.lock:  # or a loop that is awake already has it closed before it is pulled
                trigger.thunks.append(lambda: wasyncore.close_all(self.api._map))
                trigger._physical_pull()
            thread.join(WAIT_S)
            self.api.task_dispatcher.shutdown()


def asked(tls: ssl.SSLSocket) -> str:
    """Ask who we are."""
    tls.sendall(ASK)
    said = b""
    while b"\r\n\r\n" not in said or not said.endswith(b">"):
        part = tls.recv(4096)
        assert part
        said += part
    return said.partition(b"\r\n\r\n<")[2][:-1].decode()


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


@pytest.fixture
def served(site: Site) -> Iterator[Site]:
    with site.served():
        yield site


def certify(site: Site, file: str, common: list[str], *names: x509.GeneralName) -> None:
    """Make a client's certificate."""
    odd(site.directory / file, AUTHORITY.cert_pem.bytes(), AUTHORITY.private_key_pem.bytes(), common, *names)


def test_a_client_that_wants_another_handshake_gets_none(served: Site) -> None:
    files(served.directory, "alice")
    shown = ["-cert", f"{served.directory}/alice.pem", "-key", f"{served.directory}/alice.key"]
    assert served.certificates.context.options & ssl.OP_NO_RENEGOTIATION
    with renegotiation(served.port, *shown) as client:
        assert "no renegotiation" in client.communicate(timeout=WAIT_S)[0]
    assert served.name(served.client("alice", ssl.TLSVersion.TLSv1_2)) == "alice"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_session_that_goes_on_is_of_who_began_it(
    served: Site, version: ssl.TLSVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("alice", "bob"):
        files(served.directory, name)
    context = served.client("alice", version)
    with served.dial(context) as tls:
        assert asked(tls) == "alice"
        session = tls.session
    context.load_cert_chain(*(served.directory / f"bob.{end}" for end in ("pem", "key")))
    with served.dial(context, session) as tls:
        assert (tls.session_reused, asked(tls)) == (True, "alice")
    assert served.name(context) == "bob"
    served.certificates.look(is_asked=True)
    with served.dial(context, session) as tls:
        assert (tls.session_reused, asked(tls)) == (False, "bob")
        session = tls.session
        monkeypatch.setattr(http_tls, "time", SimpleNamespace(time=lambda: 1e12))
        assert asked(tls) == ""
    with served.dial(context, session) as tls:
        assert (tls.session_reused, asked(tls)) == (True, "")


DNS = x509.DNSName


@pytest.mark.parametrize(
    ("common", "names", "known"),
    [
        (["alice"], [DNS("bob")], "alice"),
        ([], [DNS("bob"), DNS("alice")], "bob"),
        (["alice", "bob"], [], ""),
        (["alice\0.example"], [], ""),
        (["alice\n"], [], ""),
        (["*"], [], ""),
        ([], [DNS("*.example")], ""),
        (["жук"], [], "жук"),
        ([], [DNS("xn--f1aj")], "xn--f1aj"),
        ([], [x509.RFC822Name("alice@example")], ""),
        ([], [x509.UniformResourceIdentifier("spiffe://alice")], ""),
        (["x" * 300], [], ""),
        ([" "], [], ""),
    ],
    ids=str,
)
def test_of_an_odd_certificate_nobody_is_taken_for_another(
    served: Site, common: list[str], names: list[x509.GeneralName], known: str
) -> None:
    certify(served, "odd", common, *names)
    assert served.name(served.client("odd")) == known
    assert served.name(served.client()) == ""


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_certificate_of_thousands_of_names_is_one_or_refused(served: Site, version: ssl.TLSVersion) -> None:
    certify(served, "many", ["alice"], *(DNS(f"host{number}.example") for number in range(3000)))
    assert served.name(served.client("many", version)) == "alice"
    certify(served, "huge", ["alice"], *(DNS(f"host{number}.example") for number in range(30_000)))
    with pytest.raises(OSError):
        served.name(served.client("huge", version))
    assert served.name(served.client("many", version)) == "alice"


class Slow:
    """A client that sends an octet at a time to a server that nobody drives."""

    def __init__(self, site: Site) -> None:
        self._ours, self._theirs = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = site.client().wrap_bio(self._ours, self._theirs, server_hostname="127.0.0.1")
        self.socket = create_connection(("127.0.0.1", site.port))
        self.socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        site.api.handle_accept()
        (self.channel,) = site.api.active_channels.values()

    def hello(self) -> bytes:
        """Give the first octets of a handshake."""
        with pytest.raises(ssl.SSLWantReadError):
            self.tls.do_handshake()
        return self._theirs.read()

    def trickle(self, octets: bytes) -> Iterator[Channel]:
        """Send octets of TLS one at a time, each read when it has come."""
        for octet in octets:
            self.socket.sendall(bytes([octet]))
            self.channel.handle_read()
            yield self.channel

    def shake_hands(self) -> None:
        """Make the handshake at once."""
        self.socket.sendall(self.hello())
        self.channel.handle_read()
        self._ours.write(self.socket.recv(65536))
        self.tls.do_handshake()
        self.socket.sendall(self._theirs.read())
        self.channel.handle_read()

    def records(self, octets: bytes) -> Iterator[bytes]:
        """Make a record of each octet."""
        for octet in octets:
            self.tls.write(bytes([octet]))
            yield self._theirs.read()


HEADER = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n"


@pytest.mark.parametrize(
    ("part", "deadline_s"),
    [
        ("hello", http_server.HEADER_DEADLINE_S),
        ("header", http_server.HEADER_DEADLINE_S),
        ("body", http_server.BODY_DEADLINE_S),
    ],
)
def test_who_sends_an_octet_now_and_then_has_no_longer_than_who_sends_nothing(
    site: Site, part: str, deadline_s: int
) -> None:
    client = Slow(site)
    channel, since = client.channel, client.channel.owed_since
    assert since is not None
    if part == "hello":
        for _ in client.trickle(client.hello()[:-1]):
            assert channel.owed_since == since
    else:
        client.shake_hands()
        for record in client.records(HEADER + (b"\r\nbody" if part == "body" else b"")):
            client.socket.sendall(record)
            channel.handle_read()
            assert channel.owed_since == since
    assert not channel.is_overdue(since + deadline_s)
    assert channel.is_overdue(since + deadline_s + 1) and channel.is_idle
    client.socket.close()
    channel.handle_close()
    site.api.task_dispatcher.shutdown(timeout=0)
    site.api.close()
