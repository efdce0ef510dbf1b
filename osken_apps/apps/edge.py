"""The way in for hosts: as plain octets, or with TLS and a certificate that names the host. SHELL.

Owns the files of a port's TLS: they are read again when they change or when somebody says so, for what comes
then. What lives goes on, but for what is revoked.
"""

import logging
import ssl
from collections.abc import Callable, Iterable
from contextlib import suppress
from socket import SHUT_RDWR
from typing import Any

from osken_apps.apps import runtime
from osken_apps.apps.complaints import complain
from osken_apps.apps.tls import Tls
from osken_apps.apps.transport import Transport, plain
from osken_apps.certificates.contexts import authorities, hosts_context, revoked_certificates
from osken_apps.certificates.expiry import now
from osken_apps.certificates.shown import Serial, host_of, issued_by, readable, serial_of
from osken_apps.certificates.watched import LOOK_INTERVAL_S, WatchedFiles
from osken_apps.config import HostsTls
from osken_apps.errors import ConfigurationError
from osken_apps.failures import Failures
from osken_apps.model.addresses import share_of

LOG = logging.getLogger(__name__)

_failures = Failures()

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
        self._watched = WatchedFiles(files.files)
        self._read()
        self._open: dict[Transport, tuple[Serial, str, str]] = {}

    def open(self, sock: Any, address: Any) -> tuple[Transport, str]:
        """Give a transport and the name of its host. Raises OSError once the refusal was told."""
        tls = Tls(sock, self._context)
        try:
            tls.shake_hands()
            certificate = readable(tls.certificate())
            host, serial = host_of(certificate), serial_of(certificate)
            if certificate.not_valid_after_utc < now():  # a session may go on for longer
                raise ssl.SSLError("certificate has expired")
        except OSError as error:
            self._refuse(self._whose(tls), address, _words(error))
            raise
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
        if not self._watched.have_changed() and not is_asked:
            return
        try:
            self._read()
        except ConfigurationError as error:
            LOG.error("%s; going on with the certificates that there are", error)
            return
        LOG.info("[%s] the certificates were read again", self._files.section)
        for transport, (serial, host, address) in list(self._open.items()):
            if serial in self._revoked:
                self._refuse(host, (address,), "certificate revoked")
                with suppress(OSError):
                    transport.shutdown(SHUT_RDWR)

    def _read(self) -> None:
        """Read all files, or change nothing. Raises ConfigurationError."""
        files = self._files
        read = hosts_context(files), authorities(files), revoked_certificates(files)
        self._context, self._authorities, self._revoked = read

    def _whose(self, tls: Tls) -> str:
        """Give the host of a certificate that was refused; nobody's unless our authority has made it."""
        with suppress(OSError):
            shown = readable(tls.refused_certificate())
            if issued_by(shown, self._authorities):
                return host_of(shown)
        return ""

    def _refuse(self, host: str, address: Any, why: str) -> None:
        whose = f"who shows the certificate of {host}" if host else "a peer"
        section = self._files.section
        complain(
            LOG,
            f"{share_of(address[0])} {host}",
            f"[{section}] %s at %s is refused: %s",
            whose,
            address[0],
            why,
        )
        self._refused(host, address[0], f"{whose} at {address[0]} was not let in on [{section}]: {why}")


Edge = PlainEdge | TlsEdge


def edge(files: HostsTls | None, refused: Refused) -> Edge:
    """Give the way in of a port. Raises ConfigurationError."""
    return TlsEdge(files, refused) if files else PlainEdge()


def watch_certificates(edges: Iterable[Edge]) -> None:
    """Look now and then whether files have changed, for ever."""
    while True:
        runtime.sleep(LOOK_INTERVAL_S)
        look_at(edges)


def look_at(edges: Iterable[Edge], is_asked: bool = False) -> None:
    """Look whether files have changed, or take them anew as somebody asks for it."""
    for each in edges:
        with _failures.guarded("certificates of hosts were not looked at"):
            each.look(is_asked)


def _words(error: OSError) -> str:
    """Say what was wrong with a handshake."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    reason = getattr(error, "reason", None)
    said = error.args[0] if len(error.args) == 1 else error.strerror  # ssl shows one alone as a tuple
    return {
        "PEER_DID_NOT_RETURN_A_CERTIFICATE": "it shows no certificate",
        "WRONG_VERSION_NUMBER": "it does not speak TLS (is its target tcp: instead of ssl:?)",
        "UNSUPPORTED_PROTOCOL": "it speaks no TLS 1.2 or later",
    }.get(reason or "", str(reason or said or error))
