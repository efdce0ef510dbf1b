"""TLS below the HTTP server, in its own loop: nobody who is silent in a handshake holds up anybody. SHELL.

A handshake is a few steps of a connection's own, each when its octets are there; its deadline is that of a
request that is owed. OpenSSL's object is not for two threads at once: reading is the loop's, writing also of
those that answer.
"""

import logging
import os
import socket
import ssl
import threading
import time
from contextlib import suppress
from typing import Any

from osken_apps.rest.server.certificates import Certificates, Shown, shown_by
from osken_apps.rest.server.http_server import ApiServer, Channel

LOG = logging.getLogger(__name__)

MAX_RECORD_BYTES = 16 * 1024  # of a record (RFC 8446, section 5.1): read so, nothing is left behind unseen
NOT_NOW = (ssl.SSLWantReadError, ssl.SSLWantWriteError)
PLAIN = "HTTP_REQUEST"
SPEAK_TLS = b"This port speaks HTTPS: ask for https://.\n"
ANSWER_TO_PLAIN = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n"
    b"Connection: close\r\n\r\n%s" % (len(SPEAK_TLS), SPEAK_TLS)
)


class TlsChannel(Channel):
    """A connection over TLS."""

    is_tls = True

    def __init__(self, *arguments: Any, **named: Any) -> None:
        self._is_open = False
        self._must_write = False
        self._shown = Shown()
        self._one_at_a_time = threading.Lock()
        super().__init__(*arguments, **named)

    @property
    def certificate(self) -> str:
        """The name in the client's certificate, if that counts now; else nothing."""
        return self._shown.name_at(time.time())

    def writable(self) -> bool:
        """Tell whether there is something to write, also of the handshake."""
        return self._must_write or bool(super().writable())

    def handle_write(self) -> None:
        """Write what there is."""
        if self._must_write and not self.will_close:
            self._shake_hands()
        else:
            super().handle_write()

    def handle_read(self) -> None:
        """Take what has arrived, which may be a part of a handshake or of a record."""
        if not (self._is_open or self._shake_hands()):
            return
        try:
            with self._one_at_a_time:
                data = self.socket.recv(MAX_RECORD_BYTES)
        except NOT_NOW:
            return
        except OSError:
            data = b""
        if data:
            self.received(data)
        else:
            self.handle_close()

    def send(self, data: bytes, do_close: bool = True) -> int:
        """Send what the connection takes now; give how much."""
        try:
            with self._one_at_a_time:
                return int(self.socket.send(data))
        except NOT_NOW:
            return 0
        except OSError:
            if do_close:
                self.handle_close()
            else:
                self.will_close = True
            return 0

    def _shake_hands(self) -> bool:
        """Go on with the handshake; tell whether it is done."""
        self._must_write = False
        try:
            with self._one_at_a_time:
                self.socket.do_handshake()
                self._shown = shown_by(self.socket.getpeercert())
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLWantWriteError:
            self._must_write = True
            return False
        except (OSError, ValueError) as error:
            if getattr(error, "reason", "") == PLAIN:
                self._tell_plainly()
            LOG.debug("%s: no TLS: %s", self.addr[0], error)
            self.handle_close()
            return False
        self._is_open = True
        return True

    def _tell_plainly(self) -> None:
        """Say to a client that speaks plain HTTP what is wrong."""
        with suppress(OSError), socket.socket(fileno=os.dup(self.socket.fileno())) as plain:
            plain.send(ANSWER_TO_PLAIN)


class TlsServer(ApiServer):
    """The server of the API over TLS."""

    channel_class = TlsChannel

    def __init__(self, *arguments: Any, certificates: Certificates, **named: Any) -> None:
        self._certificates = certificates
        super().__init__(*arguments, **named)

    def accept(self) -> Any:
        """Accept a connection, on which no handshake has begun."""
        accepted = super().accept()
        if accepted is None:
            return None
        connection, address = accepted
        connection.setblocking(False)
        try:
            tls = self._certificates.context.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        except (OSError, ValueError):  # it has gone already
            connection.close()
            return None
        return tls, address
