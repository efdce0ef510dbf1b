"""The octets of an OVSDB session below python-ovs: its JSON-RPC connection, on our own reading. SHELL.

python-ovs's parser is written in Python and was half of what a host cost when it connects. Here the standard
library decodes; what a peer may send is bounded, and one turn of reading and decoding is short, whatever it
sends. `osken_apps.ovsdb.json_texts` cuts and decodes.
"""

import errno
import json
from collections import deque
from collections.abc import Generator
from contextlib import suppress
from socket import SHUT_RDWR
from typing import Any

import ovs.jsonrpc
from ovs.poller import POLLIN, POLLOUT

from osken_apps.apps.transport import Transport
from osken_apps.errors import Malformed
from osken_apps.ovsdb.json_texts import Json, JsonTexts, decode_in_parts, decode_whole

READ_SIZE = 1 << 16
MAX_BACKLOG = 1 << 24  # octets that a peer does not take: a transaction over ten thousand ports is a tenth
MESSAGES_PER_TURN = 8


class JsonConnection(ovs.jsonrpc.Connection):
    """A connection whose `recv` does one short step: it gives a message, or says EAGAIN.

    `fault` says in words what the peer did wrong, once `get_status` gives EPROTO.
    """

    def __init__(self, transport: Transport, name: str) -> None:
        self.name = name
        self.status = 0
        self.received_bytes = 0
        self.fault = ""
        self._transport: Transport | None = transport
        self._texts = JsonTexts()
        self._values: deque[Json] = deque()
        self._decoding: Generator[None, None, Json] | None = None
        self._output = bytearray()
        self._given = 0

    @property
    def unfinished(self) -> bool:
        """Tell whether the peer has begun a message and not ended it."""
        return self._texts.unfinished

    def recv(self) -> tuple[int, Any]:
        """Give an error number (0: none, EOF: -1) and a message."""
        if self.status or self._given >= MESSAGES_PER_TURN:
            return self.status or errno.EAGAIN, None
        try:
            return self._step()
        except Malformed as error:
            return self._refuse(str(error)), None

    def recv_wait(self, poller: Any) -> None:
        """Have the poller wake when there is something to receive; a new turn begins."""
        waits = self.status or self._values or self._decoding or self._texts.is_whole
        self._given = 0
        if waits:
            poller.immediate_wake()
        elif self._transport:
            poller.fd_wait(self._transport.fileno(), POLLIN)

    def send(self, msg: ovs.jsonrpc.Message) -> int:
        """Send a message, or keep it until the peer takes it; give an error number."""
        if not self.status:
            self._output += json.dumps(msg.to_json(), separators=(",", ":")).encode()
            self.run()
        return self.status

    def run(self) -> None:
        """Send what waits to be sent."""
        if self.status or not self._output or not self._transport:
            return
        try:
            del self._output[: self._transport.send(self._output)]
        except BlockingIOError:
            pass
        except OSError as error:
            self.error(error.errno or errno.EIO)
        if len(self._output) > MAX_BACKLOG:
            self._refuse("it does not take what it is sent")

    def wait(self, poller: Any) -> None:
        """Have the poller wake when more can be sent."""
        if self._output and self._transport and not self.status:
            poller.fd_wait(self._transport.fileno(), POLLOUT)

    def get_backlog(self) -> int:
        """Give how many octets wait to be sent."""
        return len(self._output)

    def error(self, error: int) -> None:
        """End the connection with an error number; the first one counts."""
        if not self.status:
            self.status = error
            self.close()

    def close(self) -> None:
        """End the stream; its socket is closed by whoever opened it."""
        transport, self._transport = self._transport, None
        self._output.clear()
        self._decoding = None
        if transport:
            with suppress(OSError):  # it has ended already
                transport.shutdown(SHUT_RDWR)

    def _step(self) -> tuple[int, Any]:
        """Give a message, or decode a part of one, after reading if there is none. Raises Malformed."""
        if not self._values and self._decoding is None:
            self._fetch()
        if self._values:
            return 0, self._message(self._values.popleft())
        if self._decoding is not None:
            try:
                next(self._decoding)
            except StopIteration as end:
                self._decoding = None
                return 0, self._message(end.value)
        return self.status or errno.EAGAIN, None

    def _fetch(self) -> None:
        """Decode what is short, or begin with what is long. Raises Malformed."""
        text = self._texts.take()
        if text is None:
            data = self._read()
            if not self._texts.unfinished and self._decode(data):
                return
            self._texts.feed(data)
            text = self._texts.take()
        if text is not None and (len(text) > READ_SIZE or not self._decode(text)):
            self._decoding = decode_in_parts(text)

    def _decode(self, data: bytes) -> bool:
        values = decode_whole(data)
        self._values.extend(values or ())
        return values is not None

    def _read(self) -> bytes:
        """Read once; nothing if there is nothing."""
        if not self._transport:
            return b""
        try:
            data = self._transport.recv(READ_SIZE)
        except BlockingIOError:
            return b""
        except OSError as error:
            self.error(error.errno or errno.EIO)
            return b""
        if not data:
            self.error(ovs.jsonrpc.EOF)
        self.received_bytes += len(data)
        return data

    def _message(self, value: Json) -> ovs.jsonrpc.Message:
        message = ovs.jsonrpc.Message.from_json(value)
        if not isinstance(message, ovs.jsonrpc.Message):
            raise Malformed(f"a message is none of JSON-RPC: {message}")
        self._given += 1
        return message

    def _refuse(self, fault: str) -> int:
        self.fault = self.fault or fault
        self.error(errno.EPROTO)
        return errno.EPROTO
