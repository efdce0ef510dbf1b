"""The API's certificate, key and names, taken anew when their files change or somebody says so. SHELL."""

import logging
import time
from collections.abc import Mapping
from typing import Any

from osken_apps.accounts.certificate import certified
from osken_apps.certificates.contexts import api_context
from osken_apps.certificates.watched import LOOK_INTERVAL_S, WatchedFiles
from osken_apps.config import TlsConfig
from osken_apps.errors import ConfigurationError

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


def name_of(certificate: Mapping[str, Any] | None) -> str:
    """Give whose certificate it is, as ssl describes it: the common name, else the first DNS name."""
    if not certificate:
        return ""
    parts: list[tuple[str, str]] = [part for parts in certificate.get("subject", ()) for part in parts]
    names = [value for name, value in parts if name == "commonName"]
    names += [value for kind, value in certificate.get("subjectAltName", ()) if kind == "DNS"]
    return names[0] if names else ""
