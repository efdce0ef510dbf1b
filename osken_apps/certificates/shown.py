"""What a host's certificate says, also one that was not let in; what is revoked. Does no I/O."""

import re
import ssl
from collections.abc import Iterable

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509.oid import NameOID

#: What is raised of a certificate or a list that OpenSSL may take and this reader does not.
UNREADABLE = (
    ValueError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
MAX_NAME = 255
NAME = re.compile(r"[^\s*]+")
ONE_LIST = re.compile(rb"-----BEGIN X509 CRL-----.*?-----END X509 CRL-----", re.DOTALL)


def readable(der: bytes) -> x509.Certificate:
    """Read a certificate. Raises ssl.SSLError: what OpenSSL takes this reader may not."""
    try:
        return x509.load_der_x509_certificate(der)
    except UNREADABLE as error:
        raise _unreadable(error) from error


def host_of(certificate: x509.Certificate) -> str:
    """Give the host that a certificate names: a DNS name, else the common name. Raises ssl.SSLError."""
    try:
        names = _dns_names(certificate)[:1] or _common_names(certificate)
    except UNREADABLE as error:
        raise _unreadable(error) from error
    if names and " id:" in names[0]:
        raise ssl.SSLError(
            f"the certificate is of {names[0]!r}: make it with `osken-net pki host`, or `ovs-pki -u`"
        )
    if len(names) != 1 or not _is_host(names[0]):
        raise ssl.SSLError("the certificate names no host")
    return names[0]


def _is_host(name: str) -> bool:
    """Tell whether a host can have this name; without one it would pass for who is not certified."""
    return len(name) <= MAX_NAME and bool(NAME.fullmatch(name)) and name.isprintable()


def _unreadable(error: Exception) -> ssl.SSLError:
    return ssl.SSLError(f"the certificate cannot be read: {error}")


def issued_by(certificate: x509.Certificate, authorities: Iterable[x509.Certificate]) -> bool:
    """Tell whether one of the authorities has signed a certificate, whatever has become of it since."""
    for authority in authorities:
        try:
            certificate.verify_directly_issued_by(authority)
        except (*UNREADABLE, TypeError, InvalidSignature):
            continue
        return True
    return False


def revocation_lists(octets: bytes) -> list[x509.CertificateRevocationList]:
    """Give the revocation lists of a PEM file. Raises UNREADABLE, ValueError also if there is none."""
    lists = [x509.load_pem_x509_crl(octets_of_one) for octets_of_one in ONE_LIST.findall(octets)]
    if not lists:
        raise ValueError("there is no revocation list in it")
    return lists


#: Whose certificate, and which: each authority counts its own.
Serial = tuple[x509.Name, int]


def serial_of(certificate: x509.Certificate) -> Serial:
    """Say which one a certificate is. Raises ssl.SSLError."""
    try:
        return certificate.issuer, certificate.serial_number
    except UNREADABLE as error:
        raise _unreadable(error) from error


def revoked(octets: bytes) -> frozenset[Serial]:
    """Give the certificates that the revocation lists in a PEM file have. Raises UNREADABLE."""
    return frozenset(
        (each.issuer, entry.serial_number) for each in revocation_lists(octets) for entry in each
    )


def _dns_names(certificate: x509.Certificate) -> list[str]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return found.value.get_values_for_type(x509.DNSName)


def _common_names(certificate: x509.Certificate) -> list[str]:
    return [str(found.value) for found in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
