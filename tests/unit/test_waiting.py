"""Requests that wait until something is new: which do, until when, how many; each is answered once."""

import queue
import threading
from collections.abc import Callable, Iterator

import pytest

from osken_apps.rest.server import waiting, waiting_room
from osken_apps.rest.server.lanes import Dispatcher, Known
from osken_apps.rest.server.waiting import LEAST_WAIT_S, MAX_WAIT_S, Wait, seconds_of, wait_of
from osken_apps.rest.server.waiting_room import WaitingRoom
from tests.unit.test_lanes import WAIT_S, Asked, Channel, basic

CHANGES = "/v2.0/changes"
NOW = 100.25


class Paper:
    """What tells that there is something new."""

    def __init__(self) -> None:
        self.number = 1
        self._listeners: list[Callable[[], None]] = []

    @property
    def revision(self) -> str:
        """What there is now."""
        return f"e-{self.number}"

    def listen(self, listener: Callable[[], None]) -> None:
        """Have somebody told."""
        self._listeners.append(listener)

    def appear(self) -> None:
        """Have something new."""
        self.number += 1
        for listener in self._listeners:
            listener()


class Reader(Channel):
    """A connection that asks for what is new."""

    is_waiting = False

    def __init__(self, seconds: int = MAX_WAIT_S, since: str = "e-1", address: str = "192.0.2.1") -> None:
        super().__init__(Asked(CHANGES, query=f"since={since}&wait={seconds}"), address)


@pytest.fixture
def paper() -> Paper:
    """Give something of which there may be news."""
    return Paper()


@pytest.fixture
def answered() -> "queue.Queue[Reader]":
    """Give where those go that are to be answered."""
    return queue.Queue()


@pytest.fixture
def room(
    paper: Paper, answered: "queue.Queue[Reader]", monkeypatch: pytest.MonkeyPatch
) -> Iterator[WaitingRoom]:
    """Give an open room, where one need not wait long."""
    monkeypatch.setattr(waiting, "LEAST_WAIT_S", 0.05)
    made = WaitingRoom(paper, answered.put)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("command", "path", "query", "seconds"),
    [
        ("GET", CHANGES, "since=e-1&wait=10", 10),
        ("get", "//v2.0/changes/", "wait=1&since=e-1", 1),
        ("GET", CHANGES, "wait=1&since=e-2&since=e-1&wait=2", 2),
        ("GET", CHANGES, "since=e-1&wait=20&wait=", None),
        ("GET", CHANGES, "since=e-1", None),
        ("GET", CHANGES, "since=e-1&wait=0", None),
        ("GET", CHANGES, "since=e-1&wait=21", None),
        ("GET", CHANGES, "since=e-1&wait=-1", None),
        ("GET", CHANGES, "since=e-1&wait=\u0663", None),
        ("GET", CHANGES, "since=e-0&wait=10", None),
        ("GET", CHANGES, "since=f-1&wait=10", None),
        ("GET", CHANGES, "wait=10", None),
        ("GET", CHANGES, "", None),
        ("HEAD", CHANGES, "since=e-1&wait=10", None),
        ("POST", CHANGES, "since=e-1&wait=10", None),
        ("GET", "/v2.0/networks", "since=e-1&wait=10", None),
    ],
)
def test_who_knows_what_there_is_and_says_how_long_waits(
    command: str, path: str, query: str, seconds: int | None
) -> None:
    wait = None if seconds is None else Wait("e-1", NOW, seconds)
    assert wait_of(command, path, query, "e-1", NOW) == wait


@pytest.mark.parametrize("text", ["21", "100", "-1", "1.0", "a", " 1", "1\n"])
def test_another_wait_than_the_documents_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no number of seconds from 0 to 20"):
        seconds_of(text)


def test_waits_end_together_and_none_too_late() -> None:
    ends = [Wait("e-1", 100 + late, 10).ends("e-1") for late in (0.0, 0.25, 4.75, 5.0)]
    assert ends == [110, 110, 110, 115]
    assert Wait("e-1", NOW, 5).ends("e-1") == NOW + 5


def test_a_wait_ends_when_something_is_new_and_not_again_and_again() -> None:
    assert Wait("e-1", NOW, 10).ends("e-2") == NOW + LEAST_WAIT_S
    assert Wait("e-1", NOW, 10).ends("f-1") == NOW + LEAST_WAIT_S


def test_nobody_waits_where_something_is_new(room: WaitingRoom, paper: Paper) -> None:
    paper.appear()
    assert not room.take(Reader())
    assert room.take(Reader(since="e-2"))


def test_all_are_answered_once_when_something_is_new(
    room: WaitingRoom, paper: Paper, answered: "queue.Queue[Reader]"
) -> None:
    readers = [Reader() for _ in range(3)]
    assert [room.take(reader) for reader in readers] == [True] * 3
    assert [reader.is_waiting for reader in readers] == [True] * 3
    for _ in range(100):
        paper.appear()
    assert {answered.get(timeout=WAIT_S) for _ in readers} == set(readers)
    assert [reader.is_waiting for reader in readers] == [False] * 3
    room.close()
    assert answered.empty()


def test_what_appears_while_others_wait_for_their_turn_is_heard_by_who_has_just_come(
    room: WaitingRoom, paper: Paper, answered: "queue.Queue[Reader]"
) -> None:
    first, second = Reader(), Reader(since="e-2")
    room.take(first)
    paper.appear()
    room.take(second)
    paper.appear()
    assert [answered.get(timeout=WAIT_S) for _ in range(2)] == [first, second]


def test_a_wait_ends_with_its_time_whoever_else_waits(
    room: WaitingRoom, answered: "queue.Queue[Reader]"
) -> None:
    long, short = Reader(), Reader(1)
    room.take(long)
    room.take(short)
    assert answered.get(timeout=WAIT_S) is short
    assert long.is_waiting


def test_so_many_wait_and_no_more(room: WaitingRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting_room, "MAX_WAITING", 3)
    monkeypatch.setattr(waiting_room, "MAX_WAITING_OF_ONE", 2)
    own = [Reader() for _ in range(3)]
    assert [room.take(reader) for reader in own] == [True, True, False]
    others = [Reader(address="192.0.2.2") for _ in range(2)]
    assert [room.take(reader) for reader in others] == [True, False]
    room.leave(own[0])
    assert room.take(others[1])


def test_one_machine_does_not_fill_the_room_from_many_addresses(
    room: WaitingRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting_room, "MAX_WAITING_OF_ONE", 2)
    own = [Reader(address=f"2001:db8::{number}") for number in range(3)]
    assert [room.take(reader) for reader in own] == [True, True, False]
    assert room.take(Reader(address="2001:db8:0:1::1"))
    room.leave(own[0])
    assert room.take(own[2])


def test_who_has_left_or_has_asked_for_more_is_not_answered_later(
    room: WaitingRoom, answered: "queue.Queue[Reader]"
) -> None:
    gone, impatient = Reader(), Reader()
    room.take(gone)
    room.take(impatient)
    room.leave(gone)
    room.end(impatient)
    room.end(gone)
    assert answered.get(timeout=WAIT_S) is impatient
    room.close()
    assert answered.empty()


def test_who_asks_for_more_at_once_or_badly_does_not_wait(room: WaitingRoom) -> None:
    pipelined, broken = Reader(), Reader()
    pipelined.requests.append(Asked())
    broken.requests[0].error = "no"
    assert not room.take(pipelined)
    assert not room.take(broken)


def test_when_it_closes_all_are_answered_and_nobody_waits_any_more(
    paper: Paper, answered: "queue.Queue[Reader]"
) -> None:
    room, readers = WaitingRoom(paper, answered.put), [Reader(), Reader()]
    for reader in readers:
        room.take(reader)
    room.close()
    assert {answered.get_nowait() for _ in readers} == set(readers)
    assert not room.take(Reader())
    paper.appear()


def test_those_who_wait_keep_no_thread_and_a_stop_answers_them(paper: Paper) -> None:
    dispatcher = Dispatcher(1, Known(), paper)
    readers = [Reader() for _ in range(3)]
    readers[0].requests[0].headers["AUTHORIZATION"] = basic("alice")
    for reader in readers:
        dispatcher.add_task(reader)
    other = Channel(Asked())
    dispatcher.add_task(other)
    assert other.done.wait(WAIT_S)
    assert not any(reader.begun.is_set() for reader in readers)
    dispatcher.shutdown()
    assert all(reader.done.is_set() for reader in readers)


def test_a_stop_does_not_wait_for_all_that_has_come(monkeypatch: pytest.MonkeyPatch) -> None:
    dispatcher, gate = Dispatcher(1), threading.Event()
    busy, next_one = Channel(Asked(), waits=gate), Channel(Asked())
    for channel in (busy, next_one):
        dispatcher.add_task(channel)
    assert busy.begun.wait(WAIT_S)
    monkeypatch.setattr("osken_apps.rest.server.lanes.STOP_S", -1.0)
    dispatcher.shutdown(timeout=0)
    gate.set()
    dispatcher.shutdown(timeout=WAIT_S)
    assert busy.done.is_set()
    assert not next_one.begun.is_set()
