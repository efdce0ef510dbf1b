"""The API's certificate, key and names, taken anew when their files change or somebody says so. SHELL."""

import logging
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from osken_apps.accounts.certificate import certified
from osken_apps.certificates.contexts import api_context
from osken_apps.certificates.watched import LOOK_INTERVAL_S, WatchedFiles
from osken_apps.config import TlsConfig
from osken_apps.errors import ConfigurationError
from osken_apps.model.accounts import is_name

LOG = logging.getLogger(__name__)


class Certificates:
    """Has the context for new connections, and the names that it proves; what lives keeps its context."""

    def __init__(self, tls: TlsConfig) -> None:
        """Read the files. Raises ConfigurationError."""
        self._tls = tls
        self._watched = WatchedFiles(tls.files)
        self.context, self.names = api_context(tls), _names(tls)

    def watch(self) -> None:
        """Look at the files now and then, for ever."""
        while True:
            time.sleep(LOOK_INTERVAL_S)
            self.look()

    def look(self, is_asked: bool = False) -> None:
        """Take the files anew if they have changed; if they cannot be used, go on with what there is."""
        if not self._watched.have_changed() and not is_asked:
            return
        try:
            self.context, self.names = api_context(self._tls), _names(self._tls)
        except ConfigurationError as error:
            LOG.error("%s; the API goes on with the certificate that it has", error)
        else:
            LOG.info("the certificate of the API was read again: %s", self._tls.certificate)


def _names(tls: TlsConfig) -> frozenset[str]:
    """Give the names that a certificate proves, in lower case. Raises ConfigurationError."""
    return frozenset(name.lower() for name in certified(tls.certificate).names)


@dataclass(frozen=True, slots=True)
class Shown:
    """Whose a client's certificate is, and until when (s since 1970): a session may go on for longer."""

    name: str = ""
    until: float = 0.0

    def name_at(self, now: float) -> str:
        """Give whose it is while it counts; nothing where it is nobody's."""
        return self.name if now < self.until else ""


def shown_by(certificate: Mapping[str, Any] | None) -> Shown:
    """Give whose a certificate is, as ssl describes it: the common name, if there is none the first DNS name.

    With two common names, or one that can be no user's or may stand for several, it is nobody's.
    """
    if not certificate:
        return Shown()
    parts: list[tuple[str, str]] = [part for parts in certificate.get("subject", ()) for part in parts]
    names = [value for name, value in parts if name == "commonName"]
    names = names or [value for kind, value in certificate.get("subjectAltName", ()) if kind == "DNS"][:1]
    if len(names) != 1 or not is_name(names[0]) or "*" in names[0]:
        return Shown()
    return Shown(names[0], ssl.cert_time_to_seconds(certificate["notAfter"]))
