"""What `osken-net pki` makes and finds in its directory: authorities, certificates, keys, a list. SHELL.

A name is certified once: what is there is used again as long as it counts, so that a command whose output was
lost can be given again. Each file is whole or not there, and a key is there before its certificate.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from osken_apps.certificates.shown import UNREADABLE
from osken_apps.cli.command import CommandError, write_whole

T = TypeVar("T")

LIFETIME = timedelta(days=3650)
CONTROLLERS, HOSTS = "controllerca", "hostca"
CRL = "crl.pem"
REVOKED = "revoked-"  # of a certificate that is taken back, what its file ends in, and its number
INIT = "osken-net pki init makes it"


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key, by what the names of their files begin with."""

    base: Path

    @property
    def certificate(self) -> Path:
        """Give the file of the certificate."""
        return self.base.with_name(f"{self.base.name}.pem")

    @property
    def key(self) -> Path:
        """Give the file of the key."""
        return self.base.with_name(f"{self.base.name}.key")

    def read_certificate(self) -> x509.Certificate:
        """Read the certificate. Raises CommandError."""
        return _read(self.certificate, x509.load_pem_x509_certificate, f"is not there: {INIT}")

    def read_key(self) -> ec.EllipticCurvePrivateKey:
        """Read the key. Raises CommandError: the certificate is of no use without it."""
        return _read(self.key, _loaded_key, f"is not there, and {self.certificate} is: put it back")


def make_authority(directory: Path, authority: str) -> bool:
    """Make an authority where there is none, of its key if that is there; tell whether it was made.

    Raises CommandError.
    """
    pair = Pair(directory / authority)
    if pair.certificate.exists():
        return False
    key = pair.read_key() if pair.key.exists() else ec.generate_private_key(ec.SECP256R1())
    name = _subject(f"osken-net {authority}")
    built = _certificate(name, name, key.public_key()).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True
    )
    built = built.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    _write_pair(pair, built.sign(key, hashes.SHA256()), key)
    return True


def certify(directory: Path, authority: str, name: str) -> Pair:
    """Have an authority certify a name, unless there is a certificate that counts. Raises CommandError."""
    issuer, pair = Pair(directory / authority), Pair(directory / f"{authority}-{name}")
    proof = issuer.read_certificate()
    if _is_there(pair, proof, revoked_numbers(directory) if authority == HOSTS else []):
        return pair
    issuer_key, key = issuer.read_key(), ec.generate_private_key(ec.SECP256R1())
    built = _certificate(_subject(name), proof.subject, key.public_key())
    built = built.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    built = built.add_extension(_alternative(name), critical=False)
    built = built.add_extension(_key_of(issuer_key), critical=False)
    _write_pair(pair, built.sign(issuer_key, hashes.SHA256()), key)
    return pair


def certify_itself(directory: Path, name: str) -> Pair:
    """Make a certificate of the API that proves itself, unless there is one that counts.

    Raises CommandError.
    """
    pair = Pair(directory / f"api-{name}")
    if _is_there(pair, None, []):
        return pair
    if not directory.is_dir():
        raise CommandError(f"there is no directory {directory}: {INIT}")
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _subject(name)
    built = _authority_of_its_own(_certificate(subject, subject, key.public_key()), key)
    built = built.add_extension(_alternative(name), critical=False)
    _write_pair(pair, built.sign(key, hashes.SHA256()), key)
    return pair


def take_back(directory: Path, name: str) -> None:
    """Put a host's certificate on the revocation list, and out of the way. Raises CommandError."""
    path = Pair(directory / f"{HOSTS}-{name}").certificate
    number = _read(path, x509.load_pem_x509_certificate, "is not there").serial_number
    listed = revoked_numbers(directory)
    write_crl(directory, listed if number in listed else [*listed, number])
    path.rename(path.with_suffix(f".{REVOKED}{number:x}"))


def make_crl(directory: Path) -> bool:
    """Make the revocation list where the authority has none; tell whether it was made. Raises CommandError.

    What another authority signed, which was here before, takes nothing of this one back.
    """
    if (directory / CRL).exists():
        found = _read(directory / CRL, x509.load_pem_x509_crl, "is not there")
        key = Pair(directory / HOSTS).read_certificate().public_key()
        if found.is_signature_valid(key):  # type: ignore[arg-type]  # we make no other keys than of this kind
            return False
        write_crl(directory, [])
        return True
    taken_back = directory.glob(f"{HOSTS}-*.{REVOKED}*")  # a list that was lost had them
    write_crl(directory, [int(path.name.rpartition(REVOKED)[2], 16) for path in taken_back])
    return True


def revoked_numbers(directory: Path) -> list[int]:
    """Give the numbers that the revocation list has. Raises CommandError."""
    found = _read(directory / CRL, x509.load_pem_x509_crl, f"is not there: {INIT}")
    return [entry.serial_number for entry in found]


def write_crl(directory: Path, numbers: list[int]) -> None:
    """Write the revocation list. Raises CommandError."""
    issuer = Pair(directory / HOSTS)
    key, now = issuer.read_key(), datetime.now(UTC)
    built = x509.CertificateRevocationListBuilder().issuer_name(issuer.read_certificate().subject)
    built = built.last_update(now - timedelta(days=1)).next_update(now + LIFETIME)
    built = built.add_extension(_key_of(key), critical=False)
    for number in numbers:
        entry = x509.RevokedCertificateBuilder().serial_number(number).revocation_date(now).build()
        built = built.add_revoked_certificate(entry)
    octets = built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    write_whole(directory / CRL, octets, 0o644)


def address_of(name: str) -> IPv4Address | IPv6Address | None:
    """Give the address that a name is, if it is one."""
    try:
        return ip_address(name)
    except ValueError:
        return None


def _is_there(pair: Pair, issuer: x509.Certificate | None, revoked: list[int]) -> bool:
    """Tell whether there is a certificate. Raises CommandError where it is of no use."""
    if not pair.certificate.exists():
        return False
    certificate = pair.read_certificate()
    if why := _void(certificate, pair, issuer or certificate, revoked):
        raise CommandError(f"{pair.certificate} {why}: move it away to have another made")
    return True


def _void(certificate: x509.Certificate, pair: Pair, issuer: x509.Certificate, revoked: list[int]) -> str:
    """Say why a certificate does not count; empty: it does. Raises CommandError."""
    if pair.read_key().public_key() != certificate.public_key():
        return f"is not of the key {pair.key}"
    if certificate.not_valid_after_utc <= datetime.now(UTC):
        return f"has expired at {certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"
    if certificate.serial_number in revoked:
        return "is revoked"
    try:
        certificate.verify_directly_issued_by(issuer)
    except (*UNREADABLE, TypeError, InvalidSignature):
        return "is of another authority than that of now"
    return ""


def _authority_of_its_own(
    built: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    """Say of a certificate that it proves itself, as strict verifiers want it said."""
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    key_id = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    built = built.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    built = built.add_extension(usage, critical=True)
    return built.add_extension(key_id, critical=False).add_extension(_key_of(key), critical=False)


def _alternative(name: str) -> x509.SubjectAlternativeName:
    address = address_of(name)
    return x509.SubjectAlternativeName([x509.IPAddress(address) if address else x509.DNSName(name)])


def _key_of(authority: ec.EllipticCurvePrivateKey) -> x509.AuthorityKeyIdentifier:
    """Tell authorities of one name apart: an old one and the next may both be believed for a while."""
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key())


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + LIFETIME)
    )


def _write_pair(pair: Pair, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_whole(pair.key, secret, 0o600)
    write_whole(pair.certificate, certificate.public_bytes(serialization.Encoding.PEM), 0o644)


def _loaded_key(octets: bytes) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(octets, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("it is no key of an elliptic curve")
    return key


def _read(path: Path, load: Callable[[bytes], T], missing: str) -> T:
    """Read a file of the directory; `missing` says what it means that it is not there."""
    try:
        return load(path.read_bytes())
    except FileNotFoundError as error:
        raise CommandError(f"{path} {missing}") from error
    except (*UNREADABLE, TypeError) as error:  # a key with a password, no PEM
        raise CommandError(f"{path} cannot be read: {error}") from error
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from error
