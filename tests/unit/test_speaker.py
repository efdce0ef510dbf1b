"""Whoever speaks to the controller asks a store that cannot be read now and then, whatever else is said."""

import threading
from typing import Any

import pytest

from osken_apps.errors import StoreUnavailable
from osken_apps.failures import Failures
from osken_apps.link import Changes, LinkClosed, Message, Pong
from osken_apps.rest import controller_link
from osken_apps.rest.controller_link import Speaker

PONGS = 20


class Store:
    """A feed that fails some times and then has one thing to tell."""

    def __init__(self, failures: int, error: Exception) -> None:
        self.failures = failures
        self.error = error
        self.asked = 0
        self.was_asked = threading.Event()

    def take(self) -> Changes:
        self.asked += 1
        self.was_asked.set()
        if self.asked <= self.failures:
            raise self.error
        return Changes(self.asked, ())


class Wire:
    """A link that notes what is sent, and is closed by the message of a number."""

    def __init__(self, closed_by: int) -> None:
        self.closed_by = closed_by
        self.sent: list[Message] = []
        self.has_sent = threading.Semaphore(0)

    def send(self, message: Message) -> None:
        self.sent.append(message)
        self.has_sent.release()
        if len(self.sent) == self.closed_by:
            raise LinkClosed


def speaker_of(link: Any, feed: Any) -> Speaker:
    speaker = Speaker(link, Failures())
    speaker.tell(feed)
    return speaker


@pytest.mark.parametrize("error", [StoreUnavailable("it is locked"), ValueError("a defect")])
def test_a_store_that_cannot_be_read_is_not_asked_again_by_what_is_said_meanwhile(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(controller_link, "RETRY_S", 3600.0)
    store, link = Store(PONGS, error), Wire(PONGS)
    speaker = speaker_of(link, store)
    thread = threading.Thread(target=speaker.run, daemon=True)
    thread.start()
    store.was_asked.wait()
    for _ in range(PONGS):
        speaker.say(Pong())
        link.has_sent.acquire()
    thread.join()
    assert link.sent == [Pong()] * PONGS
    assert store.asked == 1


def test_a_store_that_can_be_read_again_is_told_of_without_anything_being_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(controller_link, "RETRY_S", 0.001)
    store, link = Store(3, StoreUnavailable("it is locked")), Wire(2)
    speaker_of(link, store).run()
    assert link.sent == [Changes(4, ()), Changes(5, ())]


def test_asking_again_takes_no_further_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[threading.Thread] = []
    begin = threading.Thread.start
    monkeypatch.setattr(threading.Thread, "start", lambda self: [begun.append(self), begin(self)])
    monkeypatch.setattr(controller_link, "RETRY_S", 0.001)
    speaker_of(Wire(1), Store(3, StoreUnavailable("it is locked"))).run()
    assert begun == []
