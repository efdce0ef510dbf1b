"""Requests that wait until something is new, without a thread of their own. SHELL.

Which do, and until when, is in `waiting`. One thread for all of them has each answered at its moment.
"""

import math
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from osken_apps.model.addresses import share_of
from osken_apps.rest.server.waiting import News, Wait, wait_of

MAX_WAITING = 200  # of all connections; who comes when it is full is answered at once
MAX_WAITING_OF_ONE = 100  # of a client, which may be a proxy before many


class WaitingRoom:
    """Connections whose request waits; each goes to `answer` once, unless it is closed before.

    A connection's `is_waiting` says so meanwhile.
    """

    def __init__(self, news: News, answer: Callable[[Any], None]) -> None:
        self._news = news
        self._answer = answer
        self._changed = threading.Condition()
        self._waiting: dict[Any, Wait] = {}
        self._shares: dict[Any, str] = {}
        self._of_share: Counter[str] = Counter()
        self._next = math.inf  # when the thread looks again by itself
        self._has_heard = False  # of something new, which those who have just come do not get yet
        self._is_open = True
        self._thread = threading.Thread(target=self._attend, daemon=True)
        self._thread.start()
        news.listen(self._hear)

    def take(self, channel: Any) -> bool:
        """Let a channel's request wait; tell whether it does."""
        if len(channel.requests) != 1:
            return False  # the client has asked for more already
        (request,) = channel.requests
        if request.error or not self._is_open:
            return False
        with self._changed:
            # Under the lock: what becomes new from here on is heard of.
            wait = wait_of(
                request.command, request.path, request.query, self._news.revision, time.monotonic()
            )
            if wait is None or not self._has_room(share := share_of(channel.client)):
                return False
            self._waiting[channel] = wait
            self._shares[channel] = share
            self._of_share[share] += 1
            channel.is_waiting = True
            if wait.ends(wait.revision) < self._next:
                self._changed.notify()
        return True

    def leave(self, channel: Any) -> None:
        """Forget a channel that is closed."""
        with self._changed:
            self._remove(channel)

    def end(self, channel: Any) -> None:
        """Have a channel answered that has something else to be answered."""
        with self._changed:
            was_waiting = self._remove(channel)
        if was_waiting:
            self._answer(channel)

    def close(self) -> None:
        """Have all of them answered; nobody waits any more."""
        with self._changed:
            self._is_open = False
            self._changed.notify()
        self._thread.join()

    def _has_room(self, share: str) -> bool:
        all_of_them, own = len(self._waiting), self._of_share[share]
        return self._is_open and all_of_them < MAX_WAITING and own < MAX_WAITING_OF_ONE

    def _remove(self, channel: Any) -> bool:
        if self._waiting.pop(channel, None) is None:
            return False
        channel.is_waiting = False
        share = self._shares.pop(channel)
        self._of_share[share] -= 1
        if not self._of_share[share]:
            del self._of_share[share]
        return True

    def _hear(self) -> None:
        with self._changed:
            if self._waiting and not self._has_heard:
                self._has_heard = True
                self._changed.notify()

    def _attend(self) -> None:
        is_open = True
        while is_open:
            with self._changed:
                while self._is_open and not (over := self._over()):
                    self._changed.wait(None if self._next == math.inf else self._next - time.monotonic())
                is_open = self._is_open
                if not is_open:
                    over = list(self._waiting)
                for channel in over:
                    self._remove(channel)
            for channel in over:
                self._answer(channel)

    def _over(self) -> list[Any]:
        """Give those whose wait is over, and note when to look again."""
        now, revision = time.monotonic(), self._news.revision
        ends = {channel: wait.ends(revision) for channel, wait in self._waiting.items()}
        self._next = min(ends.values(), default=math.inf)
        self._has_heard = any(wait.revision != revision for wait in self._waiting.values())
        return [channel for channel, moment in ends.items() if moment <= now]
