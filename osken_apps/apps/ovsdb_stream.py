"""python-ovs's JSON-RPC connection with the standard library's JSON decoder. SHELL.

The parser of python-ovs is written in Python and was half of what a host cost when it connects. This one also
reads no more than a piece at a time, and bounds a message: a peer that never ends one is cut off.
"""

import errno
import json
from collections import deque
from typing import Any

import ovs.jsonrpc

READ_SIZE = 1 << 18
MAX_MESSAGE = 1 << 26
DECODER = json.JSONDecoder()


class JsonConnection(ovs.jsonrpc.Connection):
    """A connection whose `recv` gives a message, or says EAGAIN after one read."""

    def __init__(self, stream: Any) -> None:
        super().__init__(stream)
        self._unread = b""
        self._messages: deque[Any] = deque()

    def recv(self) -> tuple[int, Any]:
        """Give an error number (0: none, EOF: -1) and a message."""
        if self.status:
            return self.status, None
        if not self._messages:
            error = self._read()
            if error:
                return error, None
        return (0, self._messages.popleft()) if self._messages else (errno.EAGAIN, None)

    def recv_wait(self, poller: Any) -> None:
        """Have the poller wake when there is something to receive."""
        if self.status or self._messages:
            poller.immediate_wake()
        else:
            self.stream.recv_wait(poller)

    def _read(self) -> int:
        error, data = self.stream.recv(READ_SIZE)
        if error == errno.EAGAIN:
            return errno.EAGAIN
        if error or not data:
            self.error(error or ovs.jsonrpc.EOF)
            return int(self.status)
        self.received_bytes += len(data)
        self._unread += data
        if len(self._unread) > MAX_MESSAGE or not self._decode():
            self.error(errno.EPROTO)
        return int(self.status)

    def _decode(self) -> bool:
        """Decode the whole messages among what was read; False if a message is not one of JSON-RPC."""
        if not self._unread.endswith(b"}"):
            return True  # the end of a message is still to come
        try:
            text = self._unread.decode()
        except UnicodeDecodeError:
            return False
        position = 0
        while position < len(text):
            try:
                value, position = DECODER.raw_decode(text, position)
            except json.JSONDecodeError:
                break
            message = ovs.jsonrpc.Message.from_json(value)
            if not isinstance(message, ovs.jsonrpc.Message):
                return False
            self._messages.append(message)
        self._unread = text[position:].encode()
        return True
