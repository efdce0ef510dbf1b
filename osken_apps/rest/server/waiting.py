"""Which requests wait until something is new, and until when each does at most. PURE.

`GET /v2.0/changes?since=REVISION&wait=SECONDS` waits while REVISION is what there is. Whoever was never told
one knows none, so a stranger does not wait.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import parse_qsl

PATH = ["v2.0", "changes"]
MAX_WAIT_S = 20
LEAST_WAIT_S = 1.0  # where something is new all the time, nobody is answered more often than this
TOGETHER_S = 5  # waits end at multiples of it: of answers together each costs less than one alone
SECONDS = re.compile("[0-9]{1,2}")


class News(Protocol):
    """What tells that there is something new."""

    @property
    def revision(self) -> str:
        """What there is now."""

    def listen(self, listener: Callable[[], None]) -> None:
        """Have `listener` called after each change of the revision; it must not wait."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Somebody who knows a revision waits since a moment for as many seconds at most."""

    revision: str
    since: float
    seconds: int

    def ends(self, revision: str) -> float:
        """Give the moment at which it is over, if that is the revision until then.

        A wait that ends by itself does so together with others, up to `TOGETHER_S` before its time.
        """
        if revision != self.revision:
            return self.since + min(LEAST_WAIT_S, self.seconds)
        over = self.since + self.seconds
        return over // TOGETHER_S * TOGETHER_S if self.seconds > TOGETHER_S else over


def wait_of(command: str, path: str, query: str, revision: str, now: float) -> Wait | None:
    """Give how a request waits; None: it is to be answered. `path` is without the query."""
    # As the application reads them: without empty parts, and of two values the last.
    if command.upper() != "GET" or [part for part in path.split("/") if part] != PATH:
        return None
    try:
        asked = dict(parse_qsl(query, keep_blank_values=True))
        seconds = seconds_of(asked.get("wait", ""))
    except ValueError:
        return None  # and refused
    return Wait(revision, now, seconds) if seconds and asked.get("since") == revision else None


def seconds_of(text: str) -> int:
    """Read how long somebody wants to wait; empty: not at all. Raises ValueError."""
    if text and (SECONDS.fullmatch(text) is None or int(text) > MAX_WAIT_S):
        raise ValueError(f"'{text}' is no number of seconds from 0 to {MAX_WAIT_S}")
    return int(text or 0)
