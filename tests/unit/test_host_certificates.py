"""Whose a host's certificate is: what it names must be able to be a host's name."""

import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from osken_apps.certificates.shown import host_of, readable
from tests.certificates import of_another_version

X400 = b"\x30\x02\xa3\x00"  # an alternative name of a kind that nobody reads

KEY = ec.generate_private_key(ec.SECP256R1())
NOW = datetime.now(UTC)


def certificate(*names: str, alternative: bytes = b"") -> x509.Certificate:
    """Make a certificate with these DNS names, or with alternative names as they are encoded."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "common")])
    built = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(KEY.public_key())
    built = built.serial_number(1).not_valid_before(NOW).not_valid_after(NOW + timedelta(days=1))
    if names:
        alternative = x509.SubjectAlternativeName([x509.DNSName(name) for name in names]).public_bytes()
    if alternative:
        extension = x509.UnrecognizedExtension(x509.OID_SUBJECT_ALTERNATIVE_NAME, alternative)
        built = built.add_extension(extension, critical=False)
    return built.sign(KEY, hashes.SHA256())


def test_a_certificate_is_of_its_first_dns_name_else_of_its_common_name() -> None:
    assert host_of(certificate("host1", "host2")) == "host1"
    assert host_of(certificate()) == "common"


@pytest.mark.parametrize("name", ["", " ", "a b", "host1\0.example", "host1\n", "x" * 256])
def test_what_can_be_no_hosts_name_names_none(name: str) -> None:
    with pytest.raises(ssl.SSLError, match="names no host"):
        host_of(certificate(name, "host1"))


def test_what_the_reader_does_not_take_names_none() -> None:
    with pytest.raises(ssl.SSLError, match="cannot be read: x400Address"):
        host_of(certificate(alternative=X400))
    with pytest.raises(ssl.SSLError, match="cannot be read: 7 is not a valid"):
        readable(of_another_version(certificate()))
