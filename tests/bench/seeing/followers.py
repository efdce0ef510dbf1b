"""Dashboards that follow what changes, in one process that costs little itself.

    python -m tests.bench.seeing.followers HOST PORT DASHBOARDS     until its standard input ends

Prints how many answers they had and the longest that one took beyond its wait, in milliseconds.
"""

import heapq
import http.client
import json
import selectors
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import IO, Any

# As `live.js` and `app.js` have them on the overview, which asks for most.
WAIT_S = 15
FIRST_WAITS_S = (6, 11, 15)  # a third of them ends at each of the next three moments at which waits end
LEAST_S = 1.5
OVERVIEW_S = 1.0
TIMEOUT_S = 30

NOBODY: Mapping[str, str] = {}


@dataclass
class Asked:
    """A question that is not answered yet: when it was sent, and when it must be answered."""

    connection: http.client.HTTPConnection
    answered: Callable[[Any], None]
    sent: float
    expected: float


class Followers:
    """So many dashboards, each with a connection that follows and one that asks for the rest."""

    def __init__(self, host: str, port: int, dashboards: int, headers: Mapping[str, str] = NOBODY) -> None:
        """Have each read its overview, and wait. Raises RuntimeError if it is refused, as `follow` does."""
        self._selector = selectors.DefaultSelector()
        self._headers = dict(headers)
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self.answers, self.longest_s = 0, 0.0
        # Not all were opened at once: each is somewhere in its wait.
        rests = [FIRST_WAITS_S[number % len(FIRST_WAITS_S)] for number in range(dashboards)]
        self._dashboards = [Dashboard(self, host, port, rest) for rest in rests]

    def ask(self, connection: http.client.HTTPConnection, path: str) -> Any:
        """Ask and wait for the answer."""
        self._send(connection, path)
        self.answers += 1
        return self._read(connection)

    def ask_later(
        self,
        connection: http.client.HTTPConnection,
        path: str,
        answered: Callable[[Any], None],
        wait_s: float = 0,
    ) -> None:
        """Ask, and have `answered` called with the answer when it is there."""
        self._send(connection, path)
        now = time.monotonic()
        asked = Asked(connection, answered, now, now + wait_s)
        self._selector.register(connection.sock, selectors.EVENT_READ, asked)

    def at(self, moment: float, act: Callable[[], None]) -> None:
        """Have something done at a moment."""
        self._count += 1
        heapq.heappush(self._due, (moment, self._count, act))

    def follow(self, until: float = float("inf"), ends: IO[str] | None = None) -> None:
        """Follow until a moment, or until there is something to read; may be called again."""
        if ends:
            self._selector.register(ends, selectors.EVENT_READ)
        while (now := time.monotonic()) < until:
            while self._due and self._due[0][0] <= now:
                heapq.heappop(self._due)[2]()
            moment = min(until, self._due[0][0] if self._due else until)
            for key, _ in self._selector.select(max(0.0, moment - now) if moment < float("inf") else None):
                if key.fileobj is ends:
                    return
                self._selector.unregister(key.fileobj)
                self._take(key.data)

    def _take(self, asked: Asked) -> None:
        told = self._read(asked.connection)
        self.answers += 1
        self.longest_s = max(self.longest_s, time.monotonic() - asked.expected)
        asked.answered(told)

    def _send(self, connection: http.client.HTTPConnection, path: str) -> None:
        connection.request("GET", f"/v2.0/{path}", headers=self._headers)

    def _read(self, connection: http.client.HTTPConnection) -> Any:
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{answer.status} {content!r}")
        return json.loads(content)


class Dashboard:
    """One of them, as `live.js` and `app.js` do it; its first wait is the rest of one, in seconds."""

    def __init__(self, all_of_them: Followers, host: str, port: int, rest: int) -> None:
        self._all = all_of_them
        self._following, self._looking = (
            http.client.HTTPConnection(host, port, timeout=30) for _ in range(2)
        )
        self._revision = self._all.ask(self._looking, "overview")["revision"]
        self._looks = False
        self._ask(rest)

    def _ask(self, wait: int = WAIT_S) -> None:
        self._asked_at = time.monotonic()
        path = f"changes?since={self._revision}&wait={wait}"
        self._all.ask_later(self._following, path, self._heard, wait)

    def _heard(self, news: Any) -> None:
        now, has_news = time.monotonic(), news["reset"] or news["changes"]
        self._revision = news["revision"]
        self._all.at(max(now, self._asked_at + LEAST_S), self._ask)
        if not self._looks:
            self._looks = True
            self._all.at(now + OVERVIEW_S if has_news else now, self._look)

    def _look(self) -> None:
        self._all.ask_later(self._looking, "overview", self._looked)

    def _looked(self, _overview: Any) -> None:
        self._looks = False


def main(arguments: list[str]) -> None:
    """Follow until standard input ends; say `ready` once each has its overview."""
    host, port, dashboards = arguments
    followers = Followers(host, int(port), int(dashboards))
    print("ready", flush=True)
    followers.follow(ends=sys.stdin)
    print(followers.answers, 1000 * followers.longest_s)


if __name__ == "__main__":
    main(sys.argv[1:])
