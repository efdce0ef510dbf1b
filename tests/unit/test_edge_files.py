"""The files of an edge while it serves: taken anew without cutting what lives; those that ovs-pki makes."""

import shutil
import ssl
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from osken_apps.apps import edge
from osken_apps.apps.complaints import Complaints
from osken_apps.apps.edge import TlsEdge
from osken_apps.apps.tls import Tls
from osken_apps.certificates.shown import revoked
from osken_apps.config import HostsTls
from tests.certificates import of_another_version
from tests.unit.hub_thread import in_a_hub
from tests.unit.tls_site import Site, received, send_all


@pytest.fixture(autouse=True)
def complaints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge, "complain", Complaints().complain)


def shown_by_us(theirs: Tls) -> int:
    return x509.load_der_x509_certificate(theirs.certificate()).serial_number


def replace(site: Site, base: str) -> None:
    """Put a new certificate and key in the place of those of this name."""
    for end in ("pem", "key"):
        (site.directory / f"{base}.{end}").unlink()
    site.pki("controller", base.removeprefix("controllerca-"))


def test_a_renewed_certificate_is_shown_from_now_on_and_what_lives_goes_on(tmp_path: Path) -> None:
    site = Site(tmp_path / "pki")

    def work(_hub: object) -> None:
        ours, _, theirs = site.meet("hostca-host1")
        replace(site, "controllerca-ctl")
        site.edge.look()
        _, _, later = site.meet("hostca-host2")
        assert shown_by_us(later) != shown_by_us(theirs)
        send_all(theirs, b"alive")
        assert received(ours, 5) == b"alive"

    in_a_hub(work)


def test_a_certificate_without_its_key_yet_changes_nothing_until_the_key_has_come(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    site = Site(tmp_path / "pki")
    base = site.directory / "controllerca-ctl"
    old_key = Path(f"{base}.key").read_bytes()

    def work(_hub: object) -> None:
        before = shown_by_us(site.meet("hostca-host1")[2])
        replace(site, base.name)
        new_key = Path(f"{base}.key").read_bytes()
        Path(f"{base}.key").write_bytes(old_key)
        site.edge.look()
        assert shown_by_us(site.meet("hostca-host1")[2]) == before
        assert "going on with the certificates that there are" in caplog.text
        Path(f"{base}.key").write_bytes(new_key)
        site.edge.look()
        assert shown_by_us(site.meet("hostca-host1")[2]) != before

    in_a_hub(work)


def test_whoever_asks_has_files_read_again_that_look_the_same(tmp_path: Path) -> None:
    site = Site(tmp_path / "pki")

    def work(_hub: object) -> None:
        first, _, _ = site.meet("hostca-host1")
        site.pki("revoke", "host1")
        site.edge._watched.have_changed()  # is told here: as if the file system's clock had not moved
        site.edge.look()
        with pytest.raises(BlockingIOError):
            first.recv(1)
        site.edge.look(is_asked=True)
        assert first.recv(1) == b""

    in_a_hub(work)


def test_an_authority_that_openssl_takes_and_the_reader_does_not_changes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    site = Site(tmp_path / "pki")
    ca = site.directory / "hostca.pem"
    shown = x509.load_pem_x509_certificate(ca.read_bytes())
    ca.write_text(ssl.DER_cert_to_PEM_cert(of_another_version(shown)))
    site.edge.look(is_asked=True)
    assert "7 is not a valid X509 version; going on with the certificates that there are" in caplog.text


def test_every_list_of_a_file_of_revocation_lists_counts(tmp_path: Path) -> None:
    site, other = Site(tmp_path / "pki"), Site(tmp_path / "other")
    site.pki("revoke", "host1")
    crl = site.directory / "crl.pem"
    crl.write_bytes((other.directory / "crl.pem").read_bytes() + crl.read_bytes())

    def work(_hub: object) -> None:
        shutil.copy(next(site.directory.glob("hostca-host1.revoked-*")), site.directory / "hostca-host1.pem")
        site.edge.look()
        with pytest.raises(OSError):
            site.meet("hostca-host1")
        assert site.refused[0][2].endswith("certificate revoked")

    in_a_hub(work)


@pytest.fixture(scope="module")
def ovs_pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not shutil.which("ovs-pki"):
        pytest.skip("ovs-pki is not here")
    top = tmp_path_factory.mktemp("ovs-pki")

    def run(*words: str) -> None:
        common = ["ovs-pki", f"--dir={top / 'pki'}", f"--log={top / 'log'}"]
        subprocess.run([*common, *words], cwd=top, check=True, capture_output=True)

    run("init")
    run("-u", "req+sign", "ctl", "controller")
    run("-u", "req+sign", "host1", "switch")
    run("req+sign", "host2", "switch")
    return top


def ovs_pki_site(top: Path) -> Any:
    """Give a site of what ovs-pki has made."""
    site = Site.__new__(Site)
    site.directory, site.sockets, site.refused = top, [], []
    ca = {kind: top / "pki" / f"{kind}ca" / "cacert.pem" for kind in ("controller", "switch")}
    files = HostsTls("ovsdb", top / "ctl-cert.pem", top / "ctl-privkey.pem", ca["switch"])
    site.edge = TlsEdge(files, lambda *what: site.refused.append(what))
    shutil.copy(ca["controller"], top / "controllerca.pem")
    for name in ("ctl", "host1", "host2"):
        shutil.copy(top / f"{name}-cert.pem", top / f"{name}.pem")
        shutil.copy(top / f"{name}-privkey.pem", top / f"{name}.key")
    return site


def test_what_ovs_pki_makes_serves(ovs_pki: Path) -> None:
    def work(_hub: object) -> None:
        ours, host, theirs = ovs_pki_site(ovs_pki).meet("host1")
        assert host == "host1"
        send_all(theirs, b"alive")
        assert received(ours, 5) == b"alive"

    in_a_hub(work)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("host2", "make it with `osken-net pki host`, or `ovs-pki -u`"),
        ("ctl", "self-signed certificate in certificate chain"),
    ],
)
def test_what_ovs_pki_makes_without_u_or_for_controllers_is_refused(
    ovs_pki: Path, name: str, why: str
) -> None:
    def work(_hub: object) -> None:
        site = ovs_pki_site(ovs_pki)
        with pytest.raises(OSError):
            site.meet(name)
        assert why in site.refused[0][2]

    in_a_hub(work)


def revocation_list(authority: str, *numbers: int) -> bytes:
    """Give the list of an authority that has revoked its certificates of these numbers."""
    at = datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, authority)])
    built = x509.CertificateRevocationListBuilder().issuer_name(name).last_update(at)
    built = built.next_update(at + timedelta(days=1))
    for number in numbers:
        entry = x509.RevokedCertificateBuilder().serial_number(number).revocation_date(at).build()
        built = built.add_revoked_certificate(entry)
    signed = built.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM)


def test_what_one_authority_revokes_is_not_anothers_of_the_same_number() -> None:
    lists = revocation_list("old", 2) + revocation_list("new", 3)
    assert {(name.rfc4514_string(), number) for name, number in revoked(lists)} == {
        ("CN=old", 2),
        ("CN=new", 3),
    }
