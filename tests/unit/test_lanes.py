"""Whose request is next: passwords wait in their own lane, by turns; health waits for nobody."""

import base64
import json
import threading
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import pytest

from osken_apps.fair_queue import FairQueue
from osken_apps.rest.server.lanes import (
    KNOWN_S,
    MAX_SECRET_BYTES,
    MAX_WAITING,
    MAX_WAITING_OF_CLIENT,
    MAX_WAITING_OF_ONE,
    Dispatcher,
    Known,
    Logins,
    name_of,
    secret_of,
)

WAIT_S = 60
LOGIN = "/identity/v3/auth/tokens"


def basic(name: str, password: str = "p") -> str:
    """Give the header that curl's -u sends."""
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def login(name: str, password: str = "p") -> bytes:
    """Give the body that asks for a token."""
    user = {"name": name, "password": password}
    return json.dumps({"auth": {"identity": {"methods": ["password"], "password": {"user": user}}}}).encode()


@dataclass
class Asked:
    """A request as the server has read it."""

    path: str = "/v2.0/networks"
    command: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    error: Any = None
    is_one_too_many: bool = False
    secret: bytes | None = None
    query: str = ""

    def get_body_stream(self) -> BytesIO:
        """Give the body."""
        return BytesIO(self.body)


class Channel:
    """A connection with a request, whose answer may wait for the test."""

    def __init__(self, request: Asked, address: str = "192.0.2.1", waits: threading.Event | None = None):
        self.requests = [request]
        self.client = address
        self.waits = waits
        self.begun, self.done = threading.Event(), threading.Event()

    def service(self) -> None:
        """Answer."""
        self.begun.set()
        if self.waits:
            assert self.waits.wait(WAIT_S)
        self.done.set()


@pytest.mark.parametrize(
    ("method", "path", "headers", "is_checked"),
    [
        ("GET", "/v2.0/networks", {}, False),
        ("GET", "/v2.0/networks", {"AUTHORIZATION": basic("a")}, True),
        ("GET", "/v2.0/networks", {"AUTHORIZATION": basic("a"), "X_AUTH_TOKEN": "t"}, False),
        ("GET", "/v2.0/networks", {"AUTHORIZATION": basic("a"), "X_AUTH_TOKEN": "notused"}, True),
        ("POST", LOGIN, {}, True),
        ("post", LOGIN, {}, True),
        ("POST", "//identity///v3/auth/tokens/", {"X_AUTH_TOKEN": "t"}, True),
        ("GET", LOGIN, {}, False),
        ("POST", "/identity/v3/users/u/password", {"X_AUTH_TOKEN": "t"}, True),
        ("POST", "/identity/v3//users//u/password//", {"X_AUTH_TOKEN": "t"}, True),
        ("POST", "/identity/v3/users/u/application_credentials", {"X_AUTH_TOKEN": "t"}, False),
    ],
)
def test_what_is_checked_as_a_password_is_known_however_it_is_written(
    method: str, path: str, headers: dict[str, str], is_checked: bool
) -> None:
    assert (secret_of(method, path, headers, b"{}") is not None) == is_checked


@pytest.mark.parametrize(
    ("shown", "name"),
    [
        (login("alice"), "alice"),
        (basic("alice"), "alice"),
        (b'{"auth": {"identity": {"methods": ["token"], "token": {"id": "t"}}}}', "t"),
        (b"{", ""),
        (b'{"auth": []}', ""),
        (b'{"auth": {"identity": {"methods": []}}}', ""),
        (b'{"a":' * 5000, ""),
        ("Basic !", ""),
        ("Basic", ""),
        (b"", ""),
        (b"\xff\xfe", ""),
    ],
)
def test_the_name_that_is_tried_is_read_as_far_as_it_can(shown: str | bytes, name: str) -> None:
    if isinstance(shown, str):
        secret = secret_of("GET", "/v2.0/networks", {"AUTHORIZATION": shown}, b"")
    else:
        secret = secret_of("POST", LOGIN, {}, shown)
    assert secret is not None and name_of(secret) == name


def test_what_is_right_of_one_request_says_nothing_of_another() -> None:
    alice, bob = basic("alice"), basic("bob")
    body, more = login("alice"), b" " * MAX_SECRET_BYTES
    secrets = [
        secret_of(method, path, headers, body)
        for method, path, headers, body in (
            ("POST", LOGIN, {}, body),
            ("POST", LOGIN, {"AUTHORIZATION": alice}, body),
            ("POST", LOGIN, {"AUTHORIZATION": bob}, body),
            ("POST", "/identity/v3/users/u/password", {"X_AUTH_TOKEN": "t"}, body),
            ("POST", "/identity/v3/users/u/password", {"AUTHORIZATION": alice}, body),
            ("GET", LOGIN, {"AUTHORIZATION": alice}, b""),
            ("GET", LOGIN, {"AUTHORIZATION": bob}, b""),
        )
    ]
    assert len(set(secrets)) == len(secrets) and None not in secrets
    known, cut = Known(), secret_of("POST", LOGIN, {}, more)
    assert cut is not None
    known.add(cut)
    assert cut not in known  # what comes behind may be another password


def test_of_a_long_body_nothing_is_known_by_its_beginning() -> None:
    dispatcher = Dispatcher(1, Known())
    channels = [
        Channel(Asked(LOGIN, "POST", body=b" " * MAX_SECRET_BYTES + login("alice", password)))
        for password in ("right", "wrong")
    ]
    for channel in channels:
        dispatcher.add_task(channel)
        assert channel.done.wait(WAIT_S)
    secrets = [channel.requests[0].secret for channel in channels]
    assert secrets[0] is not None and secrets[0] == secrets[1]
    dispatcher.known.add(secrets[0])  # type: ignore[union-attr]
    assert secrets[1] not in dispatcher.known  # type: ignore[operator]
    dispatcher.shutdown()


def test_keys_take_turns_and_have_bounds() -> None:
    queue = FairQueue(4, 2)
    assert [queue.put(key, number) for number, key in enumerate("aaabbc")] == [1, 1, 0, 1, 1, 0]
    assert [queue.take() for _ in range(len(queue))] == [0, 3, 1, 4]


def test_many_names_from_one_address_are_one_who_tries() -> None:
    logins = Logins(most=6, most_of_client=4, most_of_one=2)
    spray = [logins.put("a", f"user{number}", f"a{number}") for number in range(6)]
    assert spray == [None, None, None, None, "a4", "a5"]
    assert [logins.put("b", "alice", item) for item in ("b0", "b1", "b2")] == [None, None, "b2"]
    assert logins.put("c", "bob", "c0") == "a3"  # who tries most makes room
    assert [logins.take() for _ in range(len(logins))] == ["a0", "b0", "c0", "a1", "b1", "a2"]


def test_what_was_right_is_known_for_a_minute() -> None:
    moments = [0.0]
    known = Known(lambda: moments[0])
    known.add(b"right")
    moments[0] = KNOWN_S - 1
    assert b"right" in known and b"wrong" not in known
    moments[0] = KNOWN_S + 1
    assert b"right" not in known


def test_what_is_no_longer_right_is_known_no_longer() -> None:
    known = Known()
    known.add(b"was right")
    known.discard(b"was right")
    known.discard(b"never was")
    assert b"was right" not in known


def test_while_passwords_wait_others_are_answered_and_too_many_are_told_so() -> None:
    dispatcher, gate = Dispatcher(1, Known()), threading.Event()
    first = Channel(Asked(headers={"AUTHORIZATION": basic("alice")}), waits=gate)
    dispatcher.add_task(first)
    assert first.begun.wait(WAIT_S)
    guesses = [
        Channel(Asked(LOGIN, "POST", body=login("alice", str(number))))
        for number in range(MAX_WAITING_OF_ONE + 1)
    ]
    for guess in guesses:
        dispatcher.add_task(guess)
    assert guesses[-1].done.wait(WAIT_S)  # it is told that it is one too many, by another thread
    assert [guess.requests[0].is_one_too_many for guess in guesses] == [False] * MAX_WAITING_OF_ONE + [True]
    secret = secret_of("GET", "/v2.0/networks", {"AUTHORIZATION": basic("bob")}, b"")
    dispatcher.known.add(secret or b"")  # type: ignore[union-attr]
    for request in (
        Asked(),
        Asked("/healthz"),
        Asked(headers={"X_AUTH_TOKEN": "t"}),
        Asked(headers={"AUTHORIZATION": basic("bob")}),
    ):
        other = Channel(request)
        dispatcher.add_task(other)
        assert other.done.wait(WAIT_S)
    carol = Channel(Asked(LOGIN, "POST", body=login("carol")), waits=gate)
    dispatcher.add_task(carol)
    gate.set()
    assert carol.done.wait(WAIT_S)
    assert all(guess.done.wait(WAIT_S) for guess in guesses)
    dispatcher.shutdown()
    assert MAX_WAITING > MAX_WAITING_OF_ONE


def test_who_logs_in_beside_many_names_from_elsewhere_is_next() -> None:
    dispatcher, gate = Dispatcher(1, Known()), threading.Event()
    checked: list[str] = []

    class Login(Channel):
        def service(self) -> None:
            if not self.requests[0].is_one_too_many:
                checked.append(self.client)
            super().service()

    elsewhere, here = "2001:db8::", "2001:db8:0:1::7"
    first, *guesses = (  # each from another address of one machine
        Login(Asked(LOGIN, "POST", body=login(f"user{number}")), f"{elsewhere}{number:x}")
        for number in range(2 * MAX_WAITING)
    )
    first.waits = gate
    dispatcher.add_task(first)
    assert first.begun.wait(WAIT_S)
    for guess in guesses:
        dispatcher.add_task(guess)
    bob = Login(Asked(LOGIN, "POST", body=login("bob")), here)
    dispatcher.add_task(bob)
    gate.set()
    assert all(channel.done.wait(WAIT_S) for channel in (first, *guesses, bob))
    dispatcher.shutdown()
    assert [client.startswith("2001:db8::") for client in checked] == [
        True,
        False,
        *[True] * MAX_WAITING_OF_CLIENT,
    ]


def test_health_is_answered_while_all_threads_are_at_work() -> None:
    dispatcher, gate = Dispatcher(2), threading.Event()
    busy = [Channel(Asked(), waits=gate) for _ in range(3)]
    for channel in busy:
        dispatcher.add_task(channel)
    health = Channel(Asked("/readyz"))
    dispatcher.add_task(health)
    assert health.done.wait(WAIT_S)
    assert not any(channel.done.is_set() for channel in busy)
    gate.set()
    assert all(channel.done.wait(WAIT_S) for channel in busy)
    dispatcher.shutdown()
