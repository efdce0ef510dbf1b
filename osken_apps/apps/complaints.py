"""What is complained of strangers: the same words once a minute, then counted. SHELL (it logs, by the clock).

Whoever is connected can send wrong things as fast as the network carries them; the log must stay readable and
the disk free. So each complaint has a source (an address, of IPv6 its /64) and words that name its kind; what
a stranger sent stands in the details, cut and escaped. Sources beyond a bound are counted as one.
"""

import logging
from collections.abc import Callable

from osken_apps.apps import runtime
from osken_apps.model.addresses import share_of
from osken_apps.printable import excerpt
from osken_apps.repeats import INTERVAL_S, OTHERS, Repeats

MAX_DETAIL = 400

Kind = tuple[str, str, str, str]  # logger, source, words, what they are about
Told = tuple[logging.Logger, int, tuple[object, ...]]  # with the level and the details


class Complaints:
    """Logs complaints of the same source and words once in an interval, and then how many more there were."""

    def __init__(self, clock: Callable[[], float] = runtime.clock, interval_s: float = INTERVAL_S) -> None:
        self._clock = clock
        self._repeats: Repeats[Kind, Told] = Repeats(lambda kind: (kind[0], OTHERS, *kind[2:]), interval_s)

    def complain(
        self,
        log: logging.Logger,
        source: str,
        words: str,
        *details: object,
        level: int = logging.WARNING,
        about: str = "",
    ) -> None:
        """Log a warning, unless the same one of this source was logged a moment ago.

        `words` are a format as logging has it and name the kind, with what they are `about` where that is one
        of a few: neither ever holds what a stranger chose.
        Details that are texts are cut and escaped.
        """
        safe = tuple(excerpt(item, MAX_DETAIL) if isinstance(item, str | bytes) else item for item in details)
        kind = log.name, share_of(source), words, about
        if self._repeats.is_new(kind, (log, level, safe), self._clock()):
            log.log(level, words, *safe)

    def tell_again(self) -> None:
        """Log how often each came again whose interval is over; to be called every second or so."""
        for (_, _, words, _), (log, level, details), again in self._repeats.due(self._clock()):
            log.log(level, f"{words} (%d times more)", *details, again)


_complaints = Complaints()
complain = _complaints.complain


def tell_again_for_ever() -> None:
    """Log what came again, for ever."""
    while True:
        _complaints.tell_again()
        runtime.sleep(1.0)
