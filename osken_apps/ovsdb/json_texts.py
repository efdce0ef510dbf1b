"""Cutting a stream of octets into JSON texts, and decoding a long one a part at a time. PURE.

JSON-RPC over TCP has no lengths: a message ends where its outermost brace closes (RFC 7047, section 4). What
is no JSON may pass the cutting, never the decoding. Source: RFC 8259.
"""

import json
import re
from collections import deque
from collections.abc import Generator
from typing import Any

from osken_apps.errors import Malformed

MAX_OCTETS = 1 << 23  # of a text: the whole database of a host with some 15,000 interfaces, each with its ids
MAX_CONTAINERS = 1 << 19  # objects and arrays of a text; in that database are half as many
MAX_DEPTH = 32
PART_OCTETS = 1 << 15  # what is decoded at a time of a long text takes less than a millisecond
ROW_DEPTH = 5  # of a row in a message: message, params or result, tables, table, row

# Possessive: what does not match is given up at once, so each octet is looked at twice at most. No group is:
# before Python 3.11.5 such a one takes too much (https://github.com/python/cpython/issues/106052).
IN_STRING = rb'[^"\\]*+(?:\\.[^"\\]*+)*'
UNTIL_QUOTE = re.compile(IN_STRING, re.DOTALL)
UNTIL_BRACKET = re.compile(rb'[^"{}\[\]]*+(?:"' + IN_STRING + rb'"[^"{}\[\]]*+)*', re.DOTALL)
SPACE = re.compile(r"[ \t\r\n]*+")
QUOTE, OPENING, CLOSING = b'"'[0], frozenset(b"{["), frozenset(b"}]")
BRACKETS = bytes.maketrans(b"{}", b"[]")
NO_BRACKETS = bytes(octet for octet in range(256) if octet not in b"{}[]")
DECODER = json.JSONDecoder()

Json = Any


class JsonTexts:
    """Takes octets as they come and gives whole texts, each an object; the bounds hold before it is whole."""

    def __init__(self) -> None:
        self.ended = 0  # how many texts have come whole
        self._whole: deque[bytes] = deque()
        self._text = bytearray()  # what has come of the unfinished one
        self._containers = self._depth = 0
        self._in_string = False
        self._backslash = b""  # in a string: the next octet belongs to it

    @property
    def unfinished(self) -> bool:
        """Tell whether a text has begun and not ended."""
        return bool(self._depth)

    @property
    def is_whole(self) -> bool:
        """Tell whether there is a whole text to take."""
        return bool(self._whole)

    def take(self) -> bytes | None:
        """Give the next whole text, if there is one."""
        return self._whole.popleft() if self._whole else None

    def feed(self, data: bytes) -> None:
        """Take octets. Raises Malformed for what is no object, too deep, too long or of too many parts."""
        data, self._backslash = self._backslash + data, b""
        begin, position = 0, self._after_string(data, 0) if self._in_string else 0
        while not self._in_string:
            position = UNTIL_BRACKET.match(data, position).end()  # type: ignore[union-attr]  # it always does
            octet = data[position] if position < len(data) else None
            if not self._depth and (octet in CLOSING or data[begin:position].strip()):
                raise Malformed("between its messages is something else")
            if octet is None:
                break
            position += 1
            if octet == QUOTE:
                position = self._after_string(data, position)
            elif octet in OPENING:
                self._open()
            else:
                self._depth -= 1
                if not self._depth:
                    self._keep(data[begin:position])
                    self._end()
                    begin = position
        if self._depth:
            self._keep(data[begin : len(data) - len(self._backslash)])

    def _after_string(self, data: bytes, position: int) -> int:
        """Give where the string ends that goes on at `position`; it may not end in `data`."""
        end = UNTIL_QUOTE.match(data, position).end()  # type: ignore[union-attr]  # it matches nothing, too
        self._in_string = end == len(data) or data[end] != QUOTE
        if self._in_string:
            if not self._depth:
                raise Malformed("between its messages is a string")
            self._backslash = data[end:]
        return end + 1

    def _open(self) -> None:
        self._depth += 1
        self._containers += 1
        if self._depth > MAX_DEPTH or self._containers > MAX_CONTAINERS:
            raise Malformed(f"a message is deeper than {MAX_DEPTH} or has more than {MAX_CONTAINERS} parts")

    def _keep(self, piece: bytes) -> None:
        self._text += piece
        if len(self._text) > MAX_OCTETS:
            raise Malformed(f"a message is longer than {MAX_OCTETS} octets")

    def _end(self) -> None:
        self.ended += 1
        self._whole.append(bytes(self._text.lstrip()))
        self._text, self._containers = bytearray(), 0


def decode_whole(data: bytes) -> list[Json] | None:
    """Decode octets that are nothing but whole texts, as they mostly come; None: they are something else.

    So are texts that are too deep, and some with brackets in their strings.
    """
    if not data.endswith(b"}") or not _is_shallow(data):
        return None
    values, position = [], 0
    try:
        text = data.decode()
        while position < len(text):
            value, position = DECODER.raw_decode(text, _skip(text, position))
            values.append(value)
    except (ValueError, RecursionError):
        return None
    return values


def _is_shallow(data: bytes) -> bool:
    """Tell whether all brackets are of pairs that are no deeper than they may be."""
    brackets = data.translate(BRACKETS, NO_BRACKETS)
    for _ in range(MAX_DEPTH):
        if not brackets:
            break
        brackets = brackets.replace(b"[]", b"")
    return not brackets


def decode_in_parts(text: bytes) -> Generator[None, None, Json]:
    """Decode a long text; yields after each part, and returns the value. Raises Malformed."""
    try:
        decoding = _Decoding(text.decode())
        value, end = yield from decoding.value(0, ROW_DEPTH)
    except (ValueError, IndexError, RecursionError) as error:
        raise Malformed(f"a message is no JSON: {error}") from error
    if end != len(decoding.text):
        raise Malformed("a message is no JSON: extra data")
    return value


class _Decoding:
    """Walks the outer containers of a text and leaves what is within them to the decoder in C."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._yielded_at = 0

    def value(self, position: int, depth: int) -> Generator[None, None, tuple[Json, int]]:
        """Decode the value at `position`, part by part down to `depth`; give it and where it ends."""
        if position > self._yielded_at + PART_OCTETS:
            self._yielded_at = position
            yield
        opening = self.text[position]
        if depth and opening == "{":
            return (yield from self._object(position + 1, depth - 1))
        if depth and opening == "[":
            return (yield from self._array(position + 1, depth - 1))
        value, end = DECODER.raw_decode(self.text, position)
        return value, end

    def _object(self, position: int, depth: int) -> Generator[None, None, tuple[Json, int]]:
        members: dict[str, Json] = {}
        position = self._skip(position)
        while self.text[position] != "}":
            name, position = DECODER.raw_decode(self.text, position)
            if not isinstance(name, str):
                raise ValueError(f"a name is expected at {position}")
            position = self._after(":", position)
            members[name], position = yield from self.value(position, depth)
            position = self._next(position, "}")
        return members, position + 1

    def _array(self, position: int, depth: int) -> Generator[None, None, tuple[Json, int]]:
        items: list[Json] = []
        position = self._skip(position)
        while self.text[position] != "]":
            item, position = yield from self.value(position, depth)
            items.append(item)
            position = self._next(position, "]")
        return items, position + 1

    def _next(self, position: int, closing: str) -> int:
        """Give where the next member begins, or where the closing bracket is."""
        position = self._skip(position)
        if self.text[position] == closing:
            return position
        position = self._after(",", position)
        if self.text[position] == closing:
            raise ValueError(f"a value is expected at {position}")
        return position

    def _after(self, mark: str, position: int) -> int:
        position = self._skip(position)
        if self.text[position] != mark:
            raise ValueError(f"{mark!r} is expected at {position}")
        return self._skip(position + 1)

    def _skip(self, position: int) -> int:
        return _skip(self.text, position)


def _skip(text: str, position: int) -> int:
    return SPACE.match(text, position).end()  # type: ignore[union-attr]  # it matches nothing, too
