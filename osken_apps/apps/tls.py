"""TLS below a connection: records in memory, on the system's socket. SHELL.

An `SSLObject` on memory reads 64 KiB of records at once and writes all that is to be said in one go, where a
socket of the ssl module reads twice for each record. Nothing here waits but the handshake, for its peer only.
"""

import ssl
import time
from contextlib import suppress
from typing import Any

from osken_apps.apps import runtime
from osken_apps.apps.transport import plain

HANDSHAKE_S = 10.0
MOST_UNSENT = 1 << 20  # of what TLS itself has to say: a peer that makes us talk and does not listen is ended
READ_SIZE = 1 << 16
RECORD_SIZE = 1 << 14  # the most that a record holds
HEADER_SIZE = 5  # of a record: its type, a version, and how many octets follow (RFC 8446, 5.1)
MOST_AT_ONCE = 1 << 18  # octets that are made records of before the socket must have taken them

_DER = 2  # OpenSSL's X509_FILETYPE_ASN1

_turn = runtime.lock()


class Tls:
    """A stream of octets within TLS; the calls are a Transport's."""

    def __init__(self, sock: Any, context: ssl.SSLContext, server_side: bool = True) -> None:
        self._socket = plain(sock)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=server_side)
        self._header = bytearray()  # of the record of the handshake that is coming, as far as it came
        self._missing = 0  # octets of that record
        self._unsent = bytearray()
        self._owed = 0  # octets that are on their way already, and are offered once more
        self.fileno, self.shutdown = self._socket.fileno, self._socket.shutdown

    def shake_hands(self) -> None:
        """Wait until peer and we know each other. Raises OSError: ssl.SSLError, TimeoutError."""
        until, done = time.monotonic() + HANDSHAKE_S, False
        while True:
            began = time.monotonic()
            done = done or self._step()
            if done and not self._unsent:
                return
            until += time.monotonic() - began  # for its turn a peer that is one of thousands does not pay
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"no handshake of TLS within {HANDSHAKE_S:.0f} s")
            runtime.wait_ready(self.fileno(), read=not done, write=bool(self._unsent), seconds=left)
            if done:
                self._flush()
            else:
                self._take_octets()

    def certificate(self) -> bytes:
        """Give the certificate that the peer has shown and that was taken, in DER."""
        return self._tls.getpeercert(binary_form=True) or b""

    def refused_certificate(self) -> bytes:
        """Give the certificate that the handshake has failed at, in DER; nothing if it was something else.

        What it says is proven by nobody. The ssl module has a public way to it from Python 3.13 on.
        """
        inner: Any = getattr(self._tls, "_sslobj", None)
        chain = inner.get_verified_chain() if hasattr(inner, "get_verified_chain") else None
        return bytes(chain[0].public_bytes(_DER)) if chain else b""

    def recv(self, size: int, /) -> bytes:
        """Give all that has come and is whole; nothing at the end. Raises BlockingIOError, OSError."""
        data = self._socket.recv(max(size, READ_SIZE))
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()
        parts: list[bytes] = []
        try:
            while part := self._tls.read(RECORD_SIZE):
                parts.append(part)
                if not (self._incoming.pending or self._tls.pending()):
                    break  # asking for more would cost as much as what there was
        except ssl.SSLWantReadError:
            if not parts:
                self._flush()
                raise BlockingIOError from None
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            return b"".join(parts)
        self._flush()  # an answer to a change of keys
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def send(self, data: bytes | bytearray, /) -> int:
        """Take what fits now and give how many octets. Raises BlockingIOError, OSError.

        What was made records of and does not fit is kept, and an octet of it asked for once more, so that
        whoever sends comes back.
        """
        if self._unsent:
            self._flush()
            if self._unsent:
                raise BlockingIOError
        chunk = bytes(data[self._owed : MOST_AT_ONCE])
        if chunk:
            self._tls.write(chunk)
        taken, self._owed = self._owed + len(chunk), 0
        self._flush()
        if not self._unsent:
            return taken
        self._owed = 1
        if taken == 1:
            raise BlockingIOError
        return taken - 1

    def _step(self) -> bool:
        """Go on with the handshake: one at a time does, and then everybody else has a turn."""
        with _turn:
            try:
                self._tls.do_handshake()
                done = True
            except ssl.SSLWantReadError:
                done = False
            except ssl.SSLError:
                with suppress(OSError):  # tell the peer why
                    self._flush()
                raise
            self._flush()
            runtime.pause()
        return done

    def _take_octets(self) -> None:
        """Take what has come of one record of the handshake: behind its last one there may be what the peer
        has to say, and of that the descriptor tells.
        """
        with suppress(BlockingIOError):
            data = self._socket.recv(self._missing or HEADER_SIZE - len(self._header))
            if not data:
                raise ConnectionResetError("it went in the handshake")
            self._incoming.write(data)
            if self._missing:
                self._missing -= len(data)
                return
            self._header += data
            if len(self._header) == HEADER_SIZE:
                self._missing = int.from_bytes(self._header[3:], "big")
                self._header.clear()

    def _flush(self) -> None:
        """Send records. Raises OSError."""
        if self._unsent:
            self._unsent += self._outgoing.read()
            self._push()
        elif self._outgoing.pending:
            records = self._outgoing.read()
            try:
                taken = self._socket.send(records)
            except BlockingIOError:
                taken = 0
            if taken < len(records):
                self._unsent += records[taken:]
                self._push()

    def _push(self) -> None:
        with suppress(BlockingIOError):
            del self._unsent[: self._socket.send(self._unsent)]
        if len(self._unsent) > MOST_UNSENT + MOST_AT_ONCE:
            raise ConnectionAbortedError("it does not take what it is sent")
