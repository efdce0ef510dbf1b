"""The certificate of the API and its key, taken anew when their files change or somebody says so. SHELL."""

import logging
import os
import ssl
import stat
import time
from collections.abc import Mapping
from typing import Any

from osken_apps.config import TlsConfig
from osken_apps.errors import ConfigurationError

LOG = logging.getLogger(__name__)

LOOK_INTERVAL_S = 10.0


class Certificates:
    """Has the context for new connections; those that live keep theirs."""

    def __init__(self, tls: TlsConfig) -> None:
        """Read the files. Raises ConfigurationError."""
        self._tls = tls
        self._seen = self._stamps()
        self.context = context_of(tls)

    def watch(self) -> None:
        """Look at the files now and then, for ever."""
        while True:
            time.sleep(LOOK_INTERVAL_S)
            self.look()

    def look(self, is_asked: bool = False) -> None:
        """Take the files anew if they have changed; if they cannot be used, go on with what there is."""
        stamps = self._stamps()
        if stamps == self._seen and not is_asked:
            return
        self._seen = stamps
        try:
            self.context = context_of(self._tls)
        except ConfigurationError as error:
            LOG.error("%s; the API goes on with the certificate that it has", error)
        else:
            LOG.info("the certificate of the API was read again: %s", self._tls.certificate)

    def _stamps(self) -> list[Any]:
        """Give by what a file is seen to have changed."""
        stamps: list[Any] = []
        for file in self._tls.files:
            try:
                found = file.stat()
            except OSError as error:
                stamps.append(error.errno)
            else:
                stamps.append((found.st_mtime_ns, found.st_ino, found.st_size))
        return stamps


def context_of(tls: TlsConfig) -> ssl.SSLContext:
    """Read certificate, key and the authority of clients. Raises ConfigurationError, naming the option."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        if stat.S_IMODE(os.stat(tls.private_key).st_mode) & stat.S_IROTH:
            raise ConfigurationError(
                f"[api] private_key: everybody may read {tls.private_key}: chmod o-r {tls.private_key}"
            )
        context.load_cert_chain(tls.certificate, tls.private_key)
    except OSError as error:
        raise ConfigurationError(
            f"[api] certificate={tls.certificate}, private_key={tls.private_key}: {_reason(error)}"
        ) from error
    if tls.client_ca is not None:
        try:
            context.load_verify_locations(tls.client_ca)
        except OSError as error:
            raise ConfigurationError(f"[api] client_ca={tls.client_ca}: {_reason(error)}") from error
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


def _reason(error: OSError) -> str:
    return getattr(error, "reason", None) or error.strerror or str(error)


def name_of(certificate: Mapping[str, Any] | None) -> str:
    """Give whose certificate it is, as ssl describes it: the common name, else the first DNS name."""
    if not certificate:
        return ""
    parts: list[tuple[str, str]] = [part for parts in certificate.get("subject", ()) for part in parts]
    names = [value for name, value in parts if name == "commonName"]
    names += [value for kind, value in certificate.get("subjectAltName", ()) if kind == "DNS"]
    return names[0] if names else ""
