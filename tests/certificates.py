"""An authority for tests, and the files of what it certifies."""

import subprocess
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import PIPE, STDOUT

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

AUTHORITY = trustme.CA()


def files(directory: Path, *names: str, authority: trustme.CA = AUTHORITY) -> tuple[Path, Path]:
    """Make a certificate for names, and its key; give the files."""
    made = authority.issue_cert(*names, common_name=names[0])
    certificate, key = directory / f"{names[0]}.pem", directory / f"{names[0]}.key"
    made.cert_chain_pems[0].write_to_path(certificate)
    made.private_key_pem.write_to_path(key)
    key.chmod(0o600)
    return certificate, key


def authority_file(directory: Path) -> Path:
    """Write the authority's certificate; give the file."""
    AUTHORITY.cert_pem.write_to_path(file := directory / "ca.pem")
    return file


def api_options(directory: Path) -> str:
    """Give the options of an API that speaks HTTPS, with client certificates."""
    certificate, key = files(directory, "127.0.0.1")
    return f"certificate = {certificate}\nprivate_key = {key}\nclient_ca = {authority_file(directory)}\n"


def odd(
    file: Path, authority: bytes, authority_key: bytes, common: Sequence[str], *names: x509.GeneralName
) -> None:
    """Make a certificate as it is asked for, by the PEM of an authority and its key, with its own key."""
    issuer = x509.load_pem_x509_certificate(authority)
    issuer_key = serialization.load_pem_private_key(authority_key, None)
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    with warnings.catch_warnings(action="ignore"):  # a name that is too long
        parts = [x509.NameAttribute(NameOID.COMMON_NAME, name, _validate=False) for name in common]
    subject = x509.Name(parts)
    built = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer.subject)
    built = built.public_key(key.public_key()).serial_number(x509.random_serial_number())
    built = built.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))
    if names:
        built = built.add_extension(x509.SubjectAlternativeName(names), critical=not common)
    made = built.sign(issuer_key, hashes.SHA256())  # type: ignore[arg-type]
    pem = serialization.Encoding.PEM
    file.with_suffix(".pem").write_bytes(made.public_bytes(pem))
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.with_suffix(".key").write_bytes(private)


def of_another_version(certificate: x509.Certificate) -> bytes:
    """Give a certificate that says it is of a version that there is not, in DER: OpenSSL takes it."""
    der, version = certificate.public_bytes(serialization.Encoding.DER), b"\xa0\x03\x02\x01"
    return der.replace(version + b"\x02", version + b"\x07", 1)


@contextmanager
def renegotiation(port: int, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Have openssl shake hands by TLS 1.2 and ask for another handshake; it tells how it went."""
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-tls1_2", *options]
    with tempfile.TemporaryFile() as typed:
        typed.write(b"R\n")
        typed.seek(0)
        with subprocess.Popen(command, stdin=typed, stdout=PIPE, stderr=STDOUT, text=True) as client:
            yield client
