"""TLS with hosts by peers that mean no good: odd and huge certificates, sessions that go on, slow handshakes.

The OpenFlow and the OVSDB port have the same way in.
"""

import ssl
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import eventlet
import pytest
from cryptography import x509
from eventlet.green import socket

from osken_apps.apps import edge, tls
from osken_apps.apps.complaints import Complaints
from osken_apps.apps.tls import Tls
from osken_apps.certificates import shown
from tests.certificates import odd, renegotiation
from tests.unit.hub_thread import in_a_hub
from tests.unit.tls_site import ADDRESS, Site

DNS = x509.DNSName


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setattr(edge, "complain", Complaints().complain)
    return Site(tmp_path / "pki")


def certify(site: Site, name: str, common: list[str], *names: x509.GeneralName) -> None:
    """Make a certificate of the authority for hosts."""
    octets = (site.directory / f"hostca.{end}" for end in ("pem", "key"))
    odd(site.directory / name, *(file.read_bytes() for file in octets), common, *names)


@pytest.mark.parametrize(
    ("common", "names", "host"),
    [
        (["host1"], [DNS("host2")], "host2"),
        (["host1"], [DNS("*")], ""),
        (["host1"], [DNS("*.example")], ""),
        (["host1", "host2"], [], ""),
        (["host1\0.example"], [], ""),
        (["host1\u202e"], [], ""),
        ([], [DNS("xn--f1aj.example")], "xn--f1aj.example"),
        (["host1"], [x509.RFC822Name("root@host2")], "host1"),
        (["x" * 300], [], ""),
        ([], [x509.UniformResourceIdentifier("spiffe://host1")], ""),
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore:Attribute's length")
def test_of_an_odd_certificate_no_host_is_taken_for_another(
    site: Site, common: list[str], names: list[x509.GeneralName], host: str
) -> None:
    certify(site, "odd", common, *names)

    def work(_hub: object) -> None:
        if host:
            assert site.meet("odd")[1] == host
            return
        with pytest.raises(ssl.SSLError, match="the certificate names no host"):
            site.meet("odd")
        assert site.refused == [
            ("", "192.0.2.1", "a peer at 192.0.2.1 was not let in on [ovsdb]: the certificate names no host")
        ]

    in_a_hub(work)


def test_a_certificate_of_thousands_of_names_is_one_or_refused(site: Site) -> None:
    for name, count in (("many", 3000), ("huge", 30_000)):
        certify(site, name, [], *(DNS(f"host{number}.example") for number in range(count)))

    def work(_hub: object) -> None:
        assert site.meet("many")[1] == "host0.example"
        with pytest.raises(OSError):
            site.meet("huge")
        ((host, _, told),) = site.refused
        assert (host, "EXCESSIVE_MESSAGE_SIZE" in told) == ("", True)
        assert site.meet("hostca-host1")[1] == "host1"

    in_a_hub(work)


def test_a_certificate_that_cannot_be_read_is_refused_as_others_are(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What OpenSSL takes another reader may not."""

    def unreadable(_octets: bytes) -> None:
        raise ValueError("odd")

    def work(_hub: object) -> None:
        monkeypatch.setattr(shown.x509, "load_der_x509_certificate", unreadable)
        with pytest.raises(OSError):
            site.meet("hostca-host1")
        told = "a peer at 192.0.2.1 was not let in on [ovsdb]: the certificate cannot be read: odd"
        assert site.refused == [("", "192.0.2.1", told)]

    in_a_hub(work)


def test_a_host_that_wants_another_handshake_gets_none(site: Site) -> None:
    base = site.directory / "hostca-host1"

    def work(_hub: object) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        options = ["-cert", f"{base}.pem", "-key", f"{base}.key"]
        with renegotiation(listener.getsockname()[1], *options) as client:
            sock, _ = listener.accept()
            transport, host = site.edge.open(sock, ADDRESS)
            assert host == "host1"
            data = b"more"
            while data:
                eventlet.sleep(0.001)
                try:
                    data = transport.recv(100)
                except BlockingIOError:
                    continue
                except OSError:
                    break
            assert "no renegotiation" in client.communicate(timeout=60)[0]

    in_a_hub(work)


def test_a_session_that_goes_on_is_of_a_host_whose_certificate_still_counts(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = site.client("hostca-host1")
    context.maximum_version = ssl.TLSVersion.TLSv1_2

    def dialled(session: Any = None) -> tuple[str, Any]:
        """Shake hands, perhaps with an earlier session; give whose it is, and the session."""
        ours, theirs = socket.socketpair()
        site.sockets += [ours, theirs]
        client = Tls(theirs, context, server_side=False)
        if session is not None:
            client._tls.session = session
        shaking = eventlet.spawn(client.shake_hands)
        try:
            return site.edge.open(ours, ADDRESS)[1], client._tls.session
        finally:
            shaking.kill()

    def work(_hub: object) -> None:
        host, session = dialled()
        base = site.directory / "hostca-host2"
        context.load_cert_chain(f"{base}.pem", f"{base}.key")
        assert (host, dialled(session)[0], dialled()[0]) == ("host1", "host1", "host2")
        monkeypatch.setattr(edge, "now", lambda: datetime.max.replace(tzinfo=UTC))
        with pytest.raises(ssl.SSLError, match="certificate has expired"):
            dialled(session)

    in_a_hub(work)


def test_who_sends_an_octet_now_and_then_has_no_longer_than_who_sends_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls, "HANDSHAKE_S", 0.3)

    def work(_hub: object) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = site.client("hostca-host1").wrap_bio(incoming, outgoing)
        with pytest.raises(ssl.SSLWantReadError):
            client.do_handshake()
        ours, theirs = socket.socketpair()

        def trickle() -> None:
            with suppress(OSError):
                for octet in outgoing.read():
                    theirs.sendall(bytes([octet]))
                    eventlet.sleep(0.01)
                raise AssertionError("it could send all of it")

        trickling = eventlet.spawn(trickle)
        with pytest.raises(TimeoutError):
            site.edge.open(ours, ADDRESS)
        ours.close()
        trickling.wait()

    in_a_hub(work)
