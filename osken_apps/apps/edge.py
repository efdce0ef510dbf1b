"""The way in for hosts: as plain octets, or with TLS and a certificate that names the host. SHELL.

Owns the files of a port's TLS: they are read again when they change or when somebody says so, for what comes
then. What lives goes on, but for what is revoked.
"""

import logging
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from socket import SHUT_RDWR
from typing import Any

from cryptography import x509

from osken_apps.apps import runtime
from osken_apps.apps.complaints import complain
from osken_apps.apps.tls import Tls
from osken_apps.apps.transport import Transport, plain
from osken_apps.config import HostsTls
from osken_apps.errors import ConfigurationError

LOG = logging.getLogger(__name__)

LOOK_INTERVAL_S = 10.0
#: Is told of what is refused: the host where the certificate names it, else "", the address, and why.
Refused = Callable[[str, str, str], None]


class PlainEdge:
    """Believes whoever comes."""

    def open(self, sock: Any, _address: Any) -> tuple[Transport, str]:
        """Give a transport on a socket, and the host that is certified: none."""
        return plain(sock), ""

    def close(self, transport: Transport) -> None:
        """Have nothing to do."""

    def look(self, is_asked: bool = False) -> None:
        """Have nothing to do."""


class TlsEdge:
    """Lets in whose certificate is of the authority for hosts."""

    def __init__(self, files: HostsTls, refused: Refused) -> None:
        """Read the files. Raises ConfigurationError."""
        self._files = files
        self._refused = refused
        self._seen = self._stamps()
        self._context = context_of(files)
        self._revoked = revoked_numbers(files)
        self._open: dict[Transport, tuple[int, str, str]] = {}

    def open(self, sock: Any, address: Any) -> tuple[Transport, str]:
        """Give a transport and the name of its host. Raises OSError once the refusal was told."""
        tls = Tls(sock, self._context)
        try:
            tls.shake_hands()
            certificate = tls.certificate()
            host = host_of(certificate)
        except OSError as error:
            self._refuse("", address, _words(error))
            raise
        serial = int(certificate["serialNumber"], 16)
        if serial in self._revoked:  # while we shook hands
            self._refuse(host, address, "certificate revoked")
            raise ConnectionRefusedError("certificate revoked")
        self._open[tls] = (serial, host, address[0])
        return tls, host

    def close(self, transport: Transport) -> None:
        """Forget a transport that has ended."""
        self._open.pop(transport, None)

    def look(self, is_asked: bool = False) -> None:
        """Take the files anew if they have changed, and cut what is revoked; wrong ones change nothing."""
        stamps = self._stamps()
        if stamps == self._seen and not is_asked:
            return
        self._seen = stamps
        try:
            self._context, self._revoked = context_of(self._files), revoked_numbers(self._files)
        except ConfigurationError as error:
            LOG.error("%s; going on with the certificates that there are", error)
            return
        LOG.info("[%s] the certificates were read again", self._files.section)
        for transport, (serial, host, address) in list(self._open.items()):
            if serial in self._revoked:
                self._refuse(host, (address,), "certificate revoked")
                with suppress(OSError):
                    transport.shutdown(SHUT_RDWR)

    def _refuse(self, host: str, address: Any, why: str) -> None:
        whose = f"host {host} at {address[0]}" if host else f"a peer at {address[0]}"
        complain(LOG, address[0], f"[{self._files.section}] %s is refused: %s", whose, why)
        self._refused(host, address[0], f"not let in on [{self._files.section}]: {why}")

    def _stamps(self) -> list[Any]:
        stamps: list[Any] = []
        for file in self._files.files:
            try:
                found = file.stat()
                stamps.append((found.st_mtime_ns, found.st_ino, found.st_size))
            except OSError as error:
                stamps.append(error.errno)
        return stamps


Edge = PlainEdge | TlsEdge


def edge(files: HostsTls | None, refused: Refused) -> Edge:
    """Give the way in of a port. Raises ConfigurationError."""
    return TlsEdge(files, refused) if files else PlainEdge()


def look_for_ever(edges: list[Edge]) -> None:
    """Look now and then whether files have changed, for ever."""
    while True:
        runtime.sleep(LOOK_INTERVAL_S)
        for each in edges:
            each.look()


def context_of(files: HostsTls) -> ssl.SSLContext:
    """Make what handshakes go by. Raises ConfigurationError, naming the option."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_TICKET
    context.num_tickets = 0
    context.verify_mode = ssl.CERT_REQUIRED
    _try(files, "certificate", lambda: context.load_cert_chain(files.certificate, files.private_key))
    _try(files, "ca", lambda: context.load_verify_locations(files.ca))
    if files.crl:
        crl = files.crl
        _try(files, "crl", lambda: context.load_verify_locations(crl))
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    return context


def revoked_numbers(files: HostsTls) -> frozenset[int]:
    """Give the serial numbers that the revocation list has. Raises ConfigurationError."""
    if not files.crl:
        return frozenset()
    try:
        revoked = x509.load_pem_x509_crl(files.crl.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"[{files.section}] crl={files.crl}: {error}") from error
    return frozenset(entry.serial_number for entry in revoked)


def host_of(certificate: Mapping[str, Any]) -> str:
    """Give the host that a certificate names: its DNS name, else its common name. Raises ssl.SSLError."""
    names = [value for kind, value in certificate.get("subjectAltName", ()) if kind == "DNS"]
    parts = [part for group in certificate.get("subject", ()) for part in group]
    names += [value for kind, value in parts if kind == "commonName"]
    if not names:
        raise ssl.SSLError("the certificate names no host")
    name = str(names[0])
    if " id:" in name:
        raise ssl.SSLError(
            f"the certificate is of {name!r}: make it with `osken-net pki host`, or `ovs-pki -u`"
        )
    return name


def _try(files: HostsTls, option: str, load: Callable[[], object]) -> None:
    try:
        load()
    except OSError as error:
        reason = getattr(error, "reason", None) or error.strerror or str(error)
        raise ConfigurationError(f"[{files.section}] {option}={getattr(files, option)}: {reason}") from error


def _words(error: OSError) -> str:
    """Say what was wrong with a handshake."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    reason = getattr(error, "reason", None)
    return {
        "PEER_DID_NOT_RETURN_A_CERTIFICATE": "it shows no certificate",
        "WRONG_VERSION_NUMBER": "it does not speak TLS (is its target tcp: instead of ssl:?)",
        "UNSUPPORTED_PROTOCOL": "it speaks no TLS 1.2 or later",
    }.get(reason or "", str(reason or error.strerror or error))
