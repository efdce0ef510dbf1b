"""Hosts whose OVSDB is JSON-RPC and not what it should be: a session ends with a reason, or lives."""

import json
import random
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import eventlet
import pytest

from osken_apps.apps.ovsdb.session import OvsdbError
from tests.unit.test_ovsdb_session import Peer, host, wait_for, with_peer

SEEDS = (*range(40), 128, 213, 457, 582, 608)  # the last: rows of another form than Open vSwitch's
TURNS = 25
MESSAGES = 3  # that a host sends: what it has, what has changed when a tag is written, and that it is
DECODER = json.JSONDecoder()
#: What stands where something else should: no JSON, no type of OVSDB's, and right forms at wrong places.
JUNK: tuple[Any, ...] = (
    None, True, -1, 1.5, 1 << 70, "", "x", "\ud800", [], {}, [[]], {"x": 1}, ["set", []], ["map", []],
    ["uuid", "x"], ["named-uuid", "x"], ["set", ["a", 1]], ["map", [[1, 2]]],
    ["set", [["uuid", "5e17aefc-2c37-4189-b93d-247a12dd1fe2"]]],
)  # fmt: skip
NAMES = ("delete", "insert", "modify", "initial", "x", "")


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Give each place within a value: what holds it, and its name or number there."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in list(inner):
        yield value, key
        yield from places(below)


def mutate(message: dict[str, Any], generator: random.Random) -> None:
    """Take something away, give it another name, or put something else in its place."""
    holder, key = generator.choice(list(places(message)))
    how = generator.randrange(4)
    if how == 0 and isinstance(holder, dict):
        del holder[key]
    elif how == 1 and isinstance(holder, dict):
        holder[generator.choice(NAMES)] = holder.pop(key)
    else:
        holder[key] = generator.choice(JUNK)


def messages(octets: bytes) -> Iterator[dict[str, Any]]:
    text, position = octets.decode(), 0
    while position < len(text):
        message, position = DECODER.raw_decode(text, position)
        yield message


def serve(peer: Peer, generator: random.Random, odd: eventlet.Event) -> None:
    """Answer as a host does, but for one message; tell when it was sent."""
    wrong = generator.randrange(6) % MESSAGES  # of six: seeds stand for what they have found
    database, number = host(2), 0
    while data := peer.socket.recv(1 << 16):
        for message in messages(database.feed(data, 0.0)):
            if number == wrong:
                mutate(message, generator)
            peer.socket.sendall(json.dumps(message).encode())
            if number == wrong:
                odd.send()
            number += 1


def write_a_tag(peer: Peer) -> None:
    wait_for(lambda: peer.views and peer.views[-1])
    with suppress(OvsdbError):
        peer.session.set_tags({"tap0": 7}, "the-store")


@pytest.mark.parametrize("seed", SEEDS)
def test_a_host_that_says_something_odd_ends_its_session_with_a_reason_or_lives(seed: int) -> None:
    def work(peer: Peer) -> None:
        odd = eventlet.Event()
        peer.server = eventlet.spawn(serve, peer, random.Random(seed), odd)
        writing = eventlet.spawn(write_a_tag, peer)
        odd.wait()
        for _ in range(TURNS):
            eventlet.sleep(0.001)
        writing.kill()
        if peer.task.dead:
            assert peer.ended()

    with_peer(work)
