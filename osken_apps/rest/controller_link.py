"""The two threads at the REST process's end of the link: one that speaks and one that listens. SHELL."""

import logging
import os
import signal
import threading
import time
from collections import deque

from osken_apps.errors import StoreUnavailable
from osken_apps.failures import Failures
from osken_apps.link import (
    Answer,
    FromRest,
    HostReports,
    Link,
    LinkClosed,
    Message,
    Ping,
    Pong,
    PortReports,
    Query,
    Serving,
    SnapshotWanted,
)
from osken_apps.rest.controller import KnownHosts, Questions
from osken_apps.store.feed import Feed
from osken_apps.store.recorder import Recorder

LOG = logging.getLogger(__name__)

MAX_URGENT = 256  # questions, of which each thread of the API has one, and pongs
RETRY_S = 1.0  # so long a store that could not be read is left alone


class Speaker:
    """The only thread that writes to the link: questions and pongs first, then what the store has to tell."""

    def __init__(self, link: Link, failures: Failures) -> None:
        self._link = link
        self._failures = failures
        self._urgent: deque[Query | Pong | Serving] = deque(maxlen=MAX_URGENT)
        self._feed: Feed | None = None
        self._feed_rests_until: float | None = None  # of the monotonic clock
        self._something_to_say = threading.Event()

    def say(self, message: Query | Pong | Serving) -> None:
        """Have a message sent soon; waits for nothing."""
        self._urgent.append(message)
        self.wake()

    def wake(self) -> None:
        """Have it looked whether there is something to say."""
        self._something_to_say.set()

    def tell(self, feed: Feed) -> None:
        """Tell from now on what a store has to tell."""
        self._feed = feed
        self.wake()

    def start_over(self) -> None:
        """Tell all that the store holds again."""
        if self._feed:
            self._feed.start_over()

    def run(self) -> None:
        """Send what there is, until the controller is gone."""
        try:
            while True:
                self._something_to_say.clear()  # what comes from here on is noticed
                while message := self._next():
                    self._send(message)
                self._something_to_say.wait(self._rest_s())
        except LinkClosed:
            # The listening thread sees the same and stops the process; every commit stands.
            LOG.info("the controller is gone")

    def _send(self, message: FromRest) -> None:
        """Send a message; one that cannot be made octets of costs itself. Raises LinkClosed."""
        with self._failures.guarded("a message for the controller was not sent", let_through=(LinkClosed,)):
            self._link.send(message)

    def _next(self) -> FromRest | None:
        if self._urgent:
            return self._urgent.popleft()
        return None if self._rest_s() else self._take()

    def _take(self) -> FromRest | None:
        """Give what the store has to tell; once it could not be asked, nobody asks it for a while."""
        self._feed_rests_until = None
        try:
            return self._feed.take() if self._feed else None
        except StoreUnavailable:
            pass  # whoever opened the store has said so
        except Exception as error:
            self._failures.note("the store was not told", error)
        self._feed_rests_until = time.monotonic() + RETRY_S
        return None

    def _rest_s(self) -> float | None:
        """Give the seconds until the store is asked again, 0 if that is now; None: it could be asked."""
        if self._feed_rests_until is None:
            return None
        return max(0.0, self._feed_rests_until - time.monotonic())


def outlive(link: Link, speaker: Speaker) -> None:
    """Say to a controller that cannot be understood that this process lives, until that one is gone.

    What it says may be of other types than ours: nothing is unpacked. Then stop the process.
    """
    try:
        while True:
            link.skip()
            speaker.say(Pong())
    except LinkClosed:
        pass
    finally:
        os.kill(os.getpid(), signal.SIGTERM)


class Listener:
    """The only thread that reads from the link; a message that breaks costs nothing but itself."""

    def __init__(
        self,
        link: Link,
        failures: Failures,
        speaker: Speaker,
        recorder: Recorder,
        hosts: KnownHosts,
        questions: Questions,
    ) -> None:
        self._link = link
        self._failures = failures
        self._speaker = speaker
        self._recorder = recorder
        self._hosts = hosts
        self._questions = questions

    def run(self) -> None:
        """Take the controller's messages until it is gone or cannot be understood, then stop the process."""
        try:
            while True:
                self._take(self._link.receive())
        except LinkClosed:
            pass
        except Exception:
            LOG.exception("the link to the controller broke")
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    def _take(self, message: Message) -> None:
        self._questions.hear()
        try:
            match message:
                case PortReports(reports):
                    self._recorder.add(reports)
                case HostReports(reports, all_had_time, counts):
                    self._hosts.counts = counts
                    self._recorder.add(self._hosts.replace(reports, all_had_time))
                case Answer():
                    self._questions.take(message)
                case Ping():
                    self._speaker.say(Pong())
                case SnapshotWanted():
                    self._speaker.start_over()
        except Exception as error:
            self._failures.note("a message of the controller was not understood", error)
