"""What must hold for any octets on the OVSDB port: messages, or an end that says why, however they come."""

import errno
import json
from collections import deque
from collections.abc import Iterable
from typing import Any

from osken_apps.apps.ovsdb.stream import JsonConnection
from osken_apps.errors import Malformed
from osken_apps.ovsdb.json_texts import decode_in_parts

ODD = 5
MOST_STEPS = 100_000


class Pieces:
    """A transport on which these octets have come."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = deque(pieces)
        self.is_open = True

    def fileno(self) -> int:
        return -1

    def recv(self, _size: int, /) -> bytes:
        if not self._pieces:
            raise BlockingIOError
        return self._pieces.popleft()

    def send(self, data: bytes | bytearray, /) -> int:
        return len(data)

    def shutdown(self, _how: int, /) -> None:
        self.is_open = False

    @property
    def has_more(self) -> bool:
        return bool(self._pieces)


class Turn:
    """A poller that is woken at once or not."""

    woken = False

    def immediate_wake(self) -> None:
        self.woken = True

    def fd_wait(self, _fileno: int, _events: int) -> None:
        pass


def check(octets: bytes) -> None:
    """Hold all that must hold, for octets that come at once and in pieces, and for them as one long text."""
    at_once = _run([octets] if octets else [])
    in_pieces = _run(octets[begin : begin + ODD] for begin in range(0, len(octets), ODD))
    shorter = min(len(at_once[1]), len(in_pieces[1]))
    if at_once[0] != in_pieces[0] or at_once[1][:shorter] != in_pieces[1][:shorter]:
        raise AssertionError(f"at once {at_once}, in pieces {in_pieces}")
    if not at_once[0] and len(at_once[1]) != len(in_pieces[1]):
        raise AssertionError(f"at once {at_once}, in pieces {in_pieces}")
    _check_parts(octets)


def _run(pieces: Iterable[bytes]) -> tuple[int, list[str]]:
    """Give the status in the end, and the messages as texts."""
    transport = Pieces(pieces)
    connection = JsonConnection(transport, "fuzzed")
    messages: list[str] = []
    for _ in range(MOST_STEPS):
        error, message = connection.recv()
        if message is not None:
            messages.append(json.dumps(message.to_json(), sort_keys=True))
        elif error != errno.EAGAIN:
            break
        else:
            turn = Turn()
            connection.recv_wait(turn)
            if not turn.woken and not transport.has_more:
                return 0, messages
    else:
        raise AssertionError("it does not end")
    if error != errno.EPROTO or not connection.fault or transport.is_open:
        raise AssertionError(f"it ends with {error}, {connection.fault!r}, open: {transport.is_open}")
    return error, messages


def _check_parts(octets: bytes) -> None:
    """What is decoded part by part is what the standard library decodes at once."""
    found: tuple[bool, Any]
    try:
        decoding = decode_in_parts(octets)
        while True:
            next(decoding)
    except StopIteration as end:
        found = True, end.value
    except Malformed:
        found = False, None
    try:
        expected = True, json.loads(octets.decode())
    except (ValueError, RecursionError):
        expected = False, None
    # The part-wise decoder is given what begins with its first bracket and ends with its last.
    if octets[:1] in (b"{", b"[") and octets[-1:] in (b"}", b"]") and repr(found) != repr(expected):
        raise AssertionError(f"in parts {found}, at once {expected}")
