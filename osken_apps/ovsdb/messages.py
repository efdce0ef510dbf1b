"""JSON-RPC in OVSDB's stream: what comes, decoded a part at a time, and what is sent. PURE.

Source: RFC 7047, section 4; JSON-RPC 1.0.
"""

import json
from collections import deque
from collections.abc import Generator
from typing import NamedTuple

from osken_apps.errors import Malformed
from osken_apps.ovsdb.json_texts import Json, JsonTexts, decode_in_parts, decode_whole
from osken_apps.printable import value_excerpt

READ_SIZE = 1 << 16  # octets; a text that is no longer is decoded at once, in about half a millisecond


class Request(NamedTuple):
    """What the peer asks for, or tells: then the id is None."""

    method: str
    params: list[Json]
    id: Json


class Reply(NamedTuple):
    """What the peer answers."""

    id: Json
    result: Json
    error: Json


Message = Request | Reply


class Messages:
    """Takes octets as they come and gives messages."""

    def __init__(self) -> None:
        self._texts = JsonTexts()
        self._values: deque[Json] = deque()
        self._decoding: Generator[None, None, Json] | None = None

    @property
    def unfinished(self) -> bool:
        """Tell whether the peer has begun a message and not ended it."""
        return self._texts.unfinished

    @property
    def unfinished_number(self) -> int | None:
        """The number of the message that the peer has begun and not ended, of each another; None: of none."""
        return self._texts.ended if self._texts.unfinished else None

    @property
    def has_more(self) -> bool:
        """Tell whether there is a message, or a part of one to be decoded."""
        return bool(self._values or self._decoding or self._texts.is_whole)

    def feed(self, data: bytes) -> None:
        """Take octets. Raises Malformed."""
        if not self.unfinished and not self.has_more:
            values = decode_whole(data)
            if values is not None:
                self._values.extend(values)
                return
        self._texts.feed(data)

    def step(self) -> Message | None:
        """Decode a part; give the next message, if it is whole. Raises Malformed."""
        if self._values:
            return _message(self._values.popleft())
        if self._decoding is None:
            text = self._texts.take()
            if text is None:
                return None
            values = None if len(text) > READ_SIZE else decode_whole(text)
            if values:
                return _message(values[0])
            self._decoding = decode_in_parts(text)
        try:
            next(self._decoding)
        except StopIteration as end:
            self._decoding = None
            return _message(end.value)
        return None


def _message(value: Json) -> Message:
    match value:
        case {"method": str(method), "params": list(params)}:
            return Request(method, params, value.get("id"))
        case {"result": result, "id": number} if value.get("method") is None:
            return Reply(number, result, value.get("error"))
    raise Malformed(f"a message is none of JSON-RPC: {value_excerpt(value)}")


def request(method: str, params: list[Json], number: Json) -> bytes:
    """Make a request."""
    return _encoded({"method": method, "params": params, "id": number})


def reply(number: Json, result: Json, error: Json = None) -> bytes:
    """Make a reply."""
    return _encoded({"id": number, "result": result, "error": error})


def _encoded(value: Json) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
