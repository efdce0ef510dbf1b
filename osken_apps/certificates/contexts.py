"""What handshakes go by, made of the files that the configuration names. SHELL."""

import ssl
from collections.abc import Callable
from pathlib import Path

from cryptography import x509

from osken_apps.certificates.shown import UNREADABLE, Serial, revoked
from osken_apps.config import HostsTls, TlsConfig
from osken_apps.config.secrets import refuse_readers
from osken_apps.errors import ConfigurationError

NO_PASSWORD = ""  # of a key: else one that has a password is asked for at the terminal


def api_context(tls: TlsConfig) -> ssl.SSLContext:
    """Read certificate, key and the authority of clients. Raises ConfigurationError, naming the option."""
    context = _server("[api]", tls.certificate, tls.private_key)
    context.set_alpn_protocols(["http/1.1"])
    if tls.client_ca is not None:
        _load("[api] client_ca", tls.client_ca, context.load_verify_locations)
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


def hosts_context(files: HostsTls) -> ssl.SSLContext:
    """Read what handshakes with hosts go by. Raises ConfigurationError, naming the option."""
    section = f"[{files.section}]"
    context = _server(section, files.certificate, files.private_key)
    context.options |= ssl.OP_NO_TICKET
    context.num_tickets = 0
    context.verify_mode = ssl.CERT_REQUIRED
    _load(f"{section} ca", files.ca, context.load_verify_locations)
    if files.crl:
        _load(f"{section} crl", files.crl, context.load_verify_locations)
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    return context


def authorities(files: HostsTls) -> list[x509.Certificate]:
    """Give the certificates of the authorities for hosts. Raises ConfigurationError."""
    try:
        return x509.load_pem_x509_certificates(files.ca.read_bytes())
    except (OSError, *UNREADABLE) as error:
        raise ConfigurationError(f"[{files.section}] ca={files.ca}: {error}") from error


def revoked_certificates(files: HostsTls) -> frozenset[Serial]:
    """Give the certificates that the revocation list has. Raises ConfigurationError."""
    if not files.crl:
        return frozenset()
    try:
        return revoked(files.crl.read_bytes())
    except (OSError, *UNREADABLE) as error:
        raise ConfigurationError(f"[{files.section}] crl={files.crl}: {error}") from error


def _server(section: str, certificate: Path, private_key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    refuse_readers(f"{section} private_key", private_key)
    try:
        context.load_cert_chain(certificate, private_key, NO_PASSWORD)
    except OSError as error:
        raise ConfigurationError(
            f"{section} certificate={certificate}, private_key={private_key}: {_reason(error)}"
        ) from error
    return context


def _load(option: str, file: Path, load: Callable[[Path], object]) -> None:
    try:
        load(file)
    except OSError as error:
        raise ConfigurationError(f"{option}={file}: {_reason(error)}") from error


def _reason(error: OSError) -> str:
    return getattr(error, "reason", None) or error.strerror or str(error)
