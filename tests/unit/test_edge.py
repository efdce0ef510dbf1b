"""TLS with hosts, on loopback: who is let in, who is refused and with which words, and who is not held up."""

import ssl
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import eventlet
import pytest
from eventlet.green import socket

from osken_apps.apps import admission, edge, runtime, tls
from osken_apps.apps.admission import Admission
from osken_apps.apps.complaints import Complaints
from osken_apps.apps.edge import TlsEdge
from osken_apps.apps.listening import accept_for_ever
from osken_apps.apps.tls import Tls
from osken_apps.cli import certifying
from osken_apps.config import HostsTls
from tests.unit.hub_thread import in_a_hub
from tests.unit.tls_site import ADDRESS, Site, received, send_all

RECORD_AROUND = 5 + 1 + 16  # header, type and tag of a record of TLS 1.3


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setattr(edge, "complain", Complaints().complain)
    return Site(tmp_path / "pki")


def opened(edge: TlsEdge, sock: Any) -> None:
    """Let an edge refuse a peer."""
    with pytest.raises(OSError):
        edge.open(sock, ADDRESS)


class Cut:
    """A socket that sends so many octets, and then an end in their place."""

    def __init__(self, sock: Any, most: int, lengths: list[int]) -> None:
        self._socket = sock.fd
        self.left = most
        self.lengths = lengths
        self.fileno, self.recv, self.shutdown = self._socket.fileno, self._socket.recv, self._socket.shutdown

    def setblocking(self, blocking: bool) -> None:
        self._socket.setblocking(blocking)

    def send(self, data: bytes) -> int:
        self.lengths.append(len(data))
        if self.left:
            self._socket.send(data[: self.left])
        self.left -= min(self.left, len(data))
        if not self.left:
            self._socket.shutdown(socket.SHUT_WR)
        return len(data)


class InOneGo:
    """A socket that sends the second of what it is to send with the third."""

    def __init__(self, sock: Any) -> None:
        self._socket = sock.fd
        self._to_send: list[bytes] = []
        self.fileno, self.recv, self.shutdown = self._socket.fileno, self._socket.recv, self._socket.shutdown

    def setblocking(self, blocking: bool) -> None:
        self._socket.setblocking(blocking)

    def send(self, data: bytes) -> int:
        self._to_send.append(bytes(data))
        if len(self._to_send) != 2:
            self._socket.send(b"".join(self._to_send[-2:]))
        return len(data)


def cut_after(sock: Any, most: int, lengths: list[int]) -> Any:
    """Have a socket send so many octets and no more; note what it was to send."""
    return Cut(sock, most, lengths)


def cut_later(sock: Any, cuts: list[Cut]) -> Any:
    """Have a socket that can be cut, and is not yet."""
    cuts.append(Cut(sock, 1 << 20, []))
    return cuts[0]


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


def test_what_a_host_says_in_one_go_with_its_last_of_the_handshake_is_heard(site: Site) -> None:
    def work(_hub: object) -> None:
        ours, theirs = socket.socketpair()
        client = Tls(InOneGo(theirs), site.client("hostca-host1"), server_side=False)

        def dial() -> None:
            client.shake_hands()
            send_all(client, b"hello")

        eventlet.spawn(dial)
        transport, _ = site.edge.open(ours, ADDRESS)
        assert received(transport, 5) == b"hello"

    in_a_hub(work)


def test_what_comes_octet_by_octet_is_understood(site: Site) -> None:
    def work(_hub: object) -> None:
        ours, host, theirs = site.meet("hostca-host1", octet_by_octet)
        assert host == "host1"
        send_all(theirs, b"x" * 300)
        assert received(ours, 300) == b"x" * 300

    in_a_hub(work)


def test_a_stream_that_ends_at_any_octet_ends_and_no_more(site: Site) -> None:
    lengths: list[int] = []

    def work(_hub: object) -> None:
        site.meet("hostca-host1", lambda sock: cut_after(sock, 1 << 20, lengths))
        hello, rest = lengths[0], sum(lengths[1:])
        assert hello > 200
        for most in [*range(hello), *range(hello, hello + rest, 16)]:
            with pytest.raises(OSError):
                site.meet("hostca-host1", partial(cut_after, most=most, lengths=[]))
        assert all("went in the handshake" in told for _, _, told in site.refused)

    in_a_hub(work)


def test_a_record_that_ends_at_any_octet_gives_nothing_of_itself(site: Site) -> None:
    def work(_hub: object) -> None:
        for most in range(8 + RECORD_AROUND):
            cuts: list[Cut] = []
            ours, _, theirs = site.meet("hostca-host1", partial(cut_later, cuts=cuts))
            cuts[0].left = most
            send_all(theirs, b"x" * 8)
            assert cuts[0].lengths[-1] == 8 + RECORD_AROUND
            with suppress(BlockingIOError):
                assert ours.recv(100) == b""

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
    site: Site, name: str, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    def work(_hub: object) -> None:
        with pytest.raises(OSError):
            site.meet(name)
        told = f"a peer at 192.0.2.1 was not let in on [ovsdb]: {why}"
        assert site.refused == [("", "192.0.2.1", told)]
        assert [record.getMessage() for record in caplog.records] == [
            f"[ovsdb] a peer at 192.0.2.1 is refused: {why}"
        ]

    in_a_hub(work)


def test_an_expired_certificate_is_refused_by_its_host_s_name(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(certifying, "LIFETIME", timedelta(hours=-1))
    site.pki("host", "late")

    def work(_hub: object) -> None:
        with pytest.raises(OSError):
            site.meet("hostca-late")
        whose, why = "who shows the certificate of late at 192.0.2.1", "certificate has expired"
        assert site.refused == [("late", "192.0.2.1", f"{whose} was not let in on [ovsdb]: {why}")]
        assert [record.getMessage() for record in caplog.records] == [f"[ovsdb] {whose} is refused: {why}"]

    in_a_hub(work)


def test_a_certificate_of_a_like_named_authority_of_another_key_speaks_for_nobody(
    site: Site, tmp_path: Path
) -> None:
    other = Site(tmp_path / "other")
    for end in ("pem", "key"):
        (site.directory / f"forged.{end}").write_bytes((other.directory / f"hostca-host1.{end}").read_bytes())

    def work(_hub: object) -> None:
        with pytest.raises(OSError):
            site.meet("forged")
        ((host, _, told),) = site.refused
        assert not host
        assert told.startswith("a peer at 192.0.2.1 was not let in on [ovsdb]: ")

    in_a_hub(work)


def test_a_host_takes_no_other_host_for_its_controller(site: Site) -> None:
    """Open vSwitch checks no name: only that there are two authorities keeps a host from it."""

    def work(_hub: object) -> None:
        base = site.directory / "hostca-host2"
        files = HostsTls("ovsdb", Path(f"{base}.pem"), Path(f"{base}.key"), site.directory / "hostca.pem")
        ours, theirs = socket.socketpair()
        eventlet.spawn(opened, TlsEdge(files, lambda *_: None), ours)
        with pytest.raises(ssl.SSLCertVerificationError):
            Tls(theirs, site.client("hostca-host1"), server_side=False).shake_hands()

    in_a_hub(work)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_old_tls_is_refused(site: Site) -> None:
    def work(_hub: object) -> None:
        context = site.client("hostca-host1")
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        ours, theirs = socket.socketpair()
        eventlet.spawn(Tls(theirs, context, server_side=False).shake_hands)
        opened(site.edge, ours)
        assert site.refused[0][2].endswith("it speaks no TLS 1.2 or later")

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
        assert [host for host, _, _ in site.refused] == ["host1", "host1"]
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
    monkeypatch.setattr(tls, "HANDSHAKE_S", 0.1)

    def work(_hub: object) -> None:
        waiting = []
        for _ in range(100):
            ours, theirs = socket.socketpair()
            theirs.sendall(said)
            waiting.append((eventlet.spawn(opened, site.edge, ours), theirs))
        eventlet.sleep(0.01)
        monkeypatch.setattr(tls, "HANDSHAKE_S", 10.0)
        assert site.meet("hostca-host1")[1] == "host1"
        for task, _ in waiting:
            task.wait()
        assert len(site.refused) == 100

    in_a_hub(work)


def test_who_waits_for_its_turn_to_shake_hands_has_its_time_afterwards(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0

    def take_long() -> None:
        nonlocal now
        with tls._turn:
            eventlet.sleep(0)
            now += 10 * tls.HANDSHAKE_S

    def work(_hub: object) -> None:
        eventlet.spawn(take_long)
        eventlet.sleep(0)
        assert tls._turn.locked()
        assert site.meet("hostca-host1")[1] == "host1"
        assert now > tls.HANDSHAKE_S

    monkeypatch.setattr(tls, "time", SimpleNamespace(monotonic=lambda: now))
    in_a_hub(work)


def test_no_more_than_so_many_shake_hands_at_once_and_the_silent_make_room(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "PATIENCE_S", 0.0)

    def work(_hub: object) -> None:
        served: list[str] = []

        def serve(sock: Any, address: Any, _known: object) -> None:
            with suppress(OSError):
                served.append(site.edge.open(sock, address)[1])

        room = Admission(100, most_newcomers=3)
        listener = socket.create_server(("127.0.0.1", 0))
        accepting = runtime.spawn(accept_for_ever, listener, room, serve)
        silent = [socket.create_connection(listener.getsockname()) for _ in range(20)]
        eventlet.sleep(0.01)
        assert str(room).startswith("3 of at most 100 connections")
        dialled = socket.create_connection(listener.getsockname())
        client = Tls(dialled, site.client("hostca-host1"), server_side=False)
        client.shake_hands()
        while not served:
            eventlet.sleep(0)
        assert served == ["host1"]
        accepting.kill()
        for sock in (*silent, dialled):
            sock.close()

    in_a_hub(work)
