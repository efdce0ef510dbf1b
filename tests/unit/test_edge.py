"""TLS with hosts, on loopback: who is let in, who is refused and with which words, and who is not held up."""

import ssl
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import eventlet
import pytest
from eventlet.green import socket

from osken_apps.apps import edge, tls
from osken_apps.apps.complaints import Complaints
from osken_apps.apps.edge import TlsEdge
from osken_apps.apps.tls import Tls
from osken_apps.cli import main, pki
from osken_apps.config import HostsTls
from tests.unit.hub_thread import in_a_hub

ADDRESS = ("192.0.2.1", 4711)


class Site:
    """An edge with files of its own, and what was refused."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.pki("init")
        for words in (("controller", "ctl"), ("host", "host1"), ("host", "host2")):
            self.pki(*words)
        base = directory / "controllerca-ctl"
        files = HostsTls(
            "ovsdb", Path(f"{base}.pem"), Path(f"{base}.key"), directory / "hostca.pem", directory / "crl.pem"
        )
        self.sockets: list[Any] = []  # or they would be closed
        self.refused: list[tuple[str, str, str]] = []
        self.edge = TlsEdge(files, lambda *what: self.refused.append(what))

    def pki(self, *words: str) -> None:
        assert main(["pki", "--directory", str(self.directory), *words]) == 0

    def client(self, name: str) -> ssl.SSLContext:
        """Give what a host dials with: a certificate by the start of its files' names, or none."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.load_verify_locations(self.directory / "controllerca.pem")
        if name:
            context.load_cert_chain(self.directory / f"{name}.pem", self.directory / f"{name}.key")
        return context

    def meet(self, name: str, relay: Callable[[Any], Any] = lambda sock: sock) -> tuple[Tls, str, Tls]:
        """Shake hands; give our end, the host, and theirs. Raises OSError if we refuse."""
        ours, theirs = socket.socketpair()
        dialled = relay(theirs)
        self.sockets += [ours, theirs, dialled]
        client = Tls(dialled, self.client(name), server_side=False)
        shaking = eventlet.spawn(client.shake_hands)
        try:
            return *self.edge.open(ours, ADDRESS), client  # type: ignore[return-value]
        finally:
            shaking.kill()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setattr(edge, "complain", Complaints().complain)
    return Site(tmp_path / "pki")


def received(transport: Tls, size: int) -> bytes:
    """Wait for so many octets."""
    data = b""
    while len(data) < size:
        try:
            part = transport.recv(100)
        except BlockingIOError:
            eventlet.sleep(0)
            continue
        assert part
        data += part
    return data


def send_all(transport: Tls, data: bytes) -> None:
    unsent = bytearray(data)
    while unsent:
        try:
            del unsent[: transport.send(unsent)]
        except BlockingIOError:
            eventlet.sleep(0)


def octet_by_octet(sock: Any) -> Any:
    """Put a relay before a socket that passes on one octet at a time."""
    near, far = socket.socketpair()

    def relay(source: Any, sink: Any) -> None:
        while data := source.recv(1 << 16):
            for octet in data:
                sink.sendall(bytes([octet]))
                eventlet.sleep(0)

    for pair in ((far, sock), (sock, far)):
        eventlet.spawn(relay, *pair)
    return near


def test_a_host_is_let_in_by_the_name_in_its_certificate(site: Site) -> None:
    def work(_hub: object) -> None:
        ours, host, theirs = site.meet("hostca-host1")
        assert host == "host1"
        send_all(theirs, b"question")
        assert received(ours, 8) == b"question"
        send_all(ours, b"answer")
        assert received(theirs, 6) == b"answer"

    in_a_hub(work)


def test_what_comes_octet_by_octet_is_understood(site: Site) -> None:
    def work(_hub: object) -> None:
        ours, host, theirs = site.meet("hostca-host1", octet_by_octet)
        assert host == "host1"
        send_all(theirs, b"x" * 300)
        assert received(ours, 300) == b"x" * 300

    in_a_hub(work)


def test_what_the_socket_does_not_take_at_once_arrives_whole_and_in_order(site: Site) -> None:
    def work(_hub: object) -> None:
        ours, _, theirs = site.meet("hostca-host1")
        data = bytes(number * 7 % 251 for number in range(3_000_000))
        sending = eventlet.spawn(send_all, ours, data)
        assert received(theirs, len(data)) == data
        sending.wait()

    in_a_hub(work)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "it shows no certificate"),
        ("controllerca-ctl", "self-signed certificate in certificate chain"),
    ],
)
def test_a_peer_without_a_certificate_of_the_authority_for_hosts_is_refused(
    site: Site, name: str, why: str
) -> None:
    def work(_hub: object) -> None:
        with pytest.raises(OSError):
            site.meet(name)
        assert site.refused == [("", ADDRESS[0], f"not let in on [ovsdb]: {why}")]

    in_a_hub(work)


def test_an_expired_certificate_is_refused(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pki, "LIFETIME", timedelta(hours=-1))
    site.pki("host", "late")

    def work(_hub: object) -> None:
        with pytest.raises(OSError):
            site.meet("hostca-late")
        assert site.refused[0][2].endswith("certificate has expired")

    in_a_hub(work)


def test_what_speaks_no_tls_is_told_so(site: Site) -> None:
    def work(_hub: object) -> None:
        ours, theirs = socket.socketpair()
        theirs.sendall(b'{"method":"echo","id":"echo","params":[]}')
        with pytest.raises(OSError):
            site.edge.open(ours, ADDRESS)
        assert "it does not speak TLS" in site.refused[0][2]

    in_a_hub(work)


def test_a_revoked_host_is_cut_and_refused_and_another_lives(site: Site) -> None:
    def work(_hub: object) -> None:
        first, _, _ = site.meet("hostca-host1")
        second, _, other = site.meet("hostca-host2")
        stolen = site.client("hostca-host1")
        site.pki("revoke", "host1")
        site.edge.look()
        assert first.recv(100) == b""
        send_all(other, b"alive")
        assert received(second, 5) == b"alive"
        ours, theirs = socket.socketpair()
        eventlet.spawn(Tls(theirs, stolen, server_side=False).shake_hands)
        with pytest.raises(OSError):
            site.edge.open(ours, ADDRESS)
        assert [host for host, _, _ in site.refused] == ["host1", ""]
        assert site.refused[1][2].endswith("certificate revoked")

    in_a_hub(work)


def test_files_that_cannot_be_used_change_nothing(site: Site) -> None:
    def work(_hub: object) -> None:
        (site.directory / "crl.pem").write_text("nothing")
        site.edge.look()
        assert site.meet("hostca-host1")[1] == "host1"

    in_a_hub(work)


@pytest.mark.parametrize("said", [b"", b"\x16\x03\x01\x02\x00\x01\x00"])
def test_who_says_nothing_or_half_a_hello_holds_up_nobody_and_is_ended(
    site: Site, said: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls, "HANDSHAKE_S", 0.5)

    def work(_hub: object) -> None:
        waiting = []
        for _ in range(100):
            ours, theirs = socket.socketpair()
            theirs.sendall(said)
            waiting.append((eventlet.spawn(opened, site, ours), theirs))
        eventlet.sleep(0.01)
        monkeypatch.setattr(tls, "HANDSHAKE_S", 10.0)
        assert site.meet("hostca-host1")[1] == "host1"
        for task, _ in waiting:
            task.wait()
        assert len(site.refused) == 100

    def opened(site: Site, sock: Any) -> None:
        with pytest.raises(OSError):
            site.edge.open(sock, ADDRESS)

    in_a_hub(work)
