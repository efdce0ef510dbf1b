"""What must hold for any octets on the OVSDB port, before a host has shown itself and after it."""

import json
from collections.abc import Callable, Iterable
from typing import Any

from osken_apps.errors import Malformed
from osken_apps.ovsdb.host_view import HostView, HostViewer
from osken_apps.ovsdb.json_texts import decode_in_parts
from osken_apps.ovsdb.session import Session
from tests.bench.scale.ovsdb_server import SimulatedDatabase

ODD = 5
MOST_STEPS = 100_000
TALK_OCTETS = 256  # what we say of ourselves for each message; beyond it no more than we are told

Outcome = tuple[bool, HostView | None, list[Any], bytes]


def to_shown(session: Session) -> None:
    """Have a session be shown a host, and a transaction wait for its answer."""
    database = SimulatedDatabase("host1", {"br-int": (0xABC, [("tap1", "iface1")])})
    session.feed(database.feed(session.to_send(), 0.0))
    _finish(session)
    session.transact([])


def check(octets: bytes) -> None:
    """Hold all that must hold, for octets that come at once and in pieces, and for them as one long text."""
    for prepare in (lambda _session: None, to_shown):
        at_once = _run(prepare, [octets] if octets else [])
        in_pieces = _run(prepare, (octets[begin : begin + ODD] for begin in range(0, len(octets), ODD)))
        if at_once[0] != in_pieces[0] or (not at_once[0] and at_once != in_pieces):
            raise AssertionError(f"at once {at_once}, in pieces {in_pieces}")
    _check_parts(octets)


def _run(prepare: Callable[[Session], None], pieces: Iterable[bytes]) -> Outcome:
    """Feed a session; give whether it refuses, what it shows, what it was answered, and what it says."""
    session = Session(0.0)
    prepare(session)
    session.to_send()
    refuses, taken = False, 0
    try:
        for piece in pieces:
            taken += len(piece)
            session.feed(piece)
            _finish(session)
    except Malformed:
        refuses = True
    said = session.to_send()
    if len(said) > 6 * taken + TALK_OCTETS * (1 + said.count(b'"error"')):  # a character may need six octets
        raise AssertionError(f"{taken} octets are answered by {len(said)}")
    return refuses, HostViewer(("br-int",)).view(session.replica), session.answers(), said


def _finish(session: Session) -> None:
    for _ in range(MOST_STEPS):
        if not session.has_more:
            return
        session.step()
    raise AssertionError("it does not end")


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
