"""What is complained of strangers: the same words once a minute, then counted. SHELL (it logs, by the clock).

Whoever is connected can send wrong things as fast as the network carries them; the log must stay readable and
the disk free. So each complaint has a source (an address, of IPv6 its /64) and words that name its kind; what
a stranger sent stands in the details, cut and escaped. Sources beyond a bound are counted as one.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from osken_apps.apps import runtime
from osken_apps.model.addresses import share_of
from osken_apps.printable import excerpt

INTERVAL_S = 60.0
MAX_KINDS = 300  # of sources and words; so many lines a minute, and one for each of the words, at most
OTHERS = "others"
MAX_DETAIL = 400


@dataclass(slots=True)
class _Told:
    """A complaint that was logged: when, with which details last, and how often it came since."""

    log: logging.Logger
    level: int
    since: float
    details: tuple[object, ...] = ()
    again: int = 0


class Complaints:
    """Logs complaints of the same source and words once in an interval, and then how many more there were."""

    def __init__(self, clock: Callable[[], float] = runtime.clock, interval_s: float = INTERVAL_S) -> None:
        self._clock = clock
        self._interval_s = interval_s
        self._told: OrderedDict[tuple[str, str, str], _Told] = OrderedDict()

    def complain(
        self,
        log: logging.Logger,
        source: str,
        words: str,
        *details: object,
        level: int = logging.WARNING,
    ) -> None:
        """Log a warning, unless the same one of this source was logged a moment ago.

        `words` are a format as logging has it and name the kind: they never hold what a stranger chose.
        Details that are texts are cut and escaped.
        """
        safe = tuple(excerpt(item, MAX_DETAIL) if isinstance(item, str | bytes) else item for item in details)
        kind = (log.name, share_of(source), words)
        if kind not in self._told and len(self._told) >= MAX_KINDS:
            kind = (log.name, OTHERS, words)
        if told := self._told.get(kind):
            told.again += 1
            told.details = safe
            return
        self._told[kind] = _Told(log, level, self._clock())
        log.log(level, words, *safe)

    def tell_again(self) -> None:
        """Log how often each came again whose interval is over; to be called every second or so."""
        now = self._clock()
        while self._told:
            key, told = next(iter(self._told.items()))
            if now < told.since + self._interval_s:
                break
            del self._told[key]
            if told.again:
                told.log.log(told.level, f"{key[2]} (%d times more)", *told.details, told.again)
                self._told[key] = _Told(told.log, told.level, now)


_complaints = Complaints()
complain = _complaints.complain


def tell_again_for_ever() -> None:
    """Log what came again, for ever."""
    while True:
        _complaints.tell_again()
        runtime.sleep(1.0)
