"""Keeps the garbage collector from stopping the controller, and sees to it that what ended is freed. SHELL.

A full collection looks at every long-lived object: with a thousand hosts that takes a second, in which nobody
is answered. So what has lived through one look at the young is put out of the collector's sight at once, when
no garbage is among it. It is still freed when nothing refers to it; only a cycle that is put away alive and
becomes garbage later stays. So what begins and ends is made to end without cycles, and here is watched that
it does: when many things that ended are still there, everything is collected once, at a quiet moment.
"""

import gc
import logging
from collections.abc import Callable
from typing import Any
from weakref import ReferenceType, ref

from osken_apps.apps import runtime

LOG = logging.getLogger(__name__)

NEW_OBJECTS = 5_000  # until they are looked at
YOUNG_LOOKS = 4  # until all that these found alive is looked at once more, and put away
INTERVAL_S = 10.0
LINGERS_S = 10.0  # after its end a thing may still be referred to by who is about to learn of it
MOST_LINGERING = 100
FULL_INTERVAL_S = 600.0  # between two collections of everything
LOOK_S, LATE_S = 0.05, 0.001  # a wait that ends so little late shows that the loop has nothing to do
QUIET_LOOKS, MOST_LOOKS = 20, 1200


class Endings:
    """The things that have ended and may still be there."""

    def __init__(self, clock: Callable[[], float] = runtime.clock) -> None:
        self._clock = clock
        self._ended: dict[ReferenceType[object], float] = {}

    def note(self, thing: object) -> None:
        """Note that a thing has ended: nothing should refer to it in a moment."""
        self._ended[ref(thing, self._gone)] = self._clock()

    def lingering(self) -> int:
        """Give how many things ended some time ago and are still there."""
        latest = self._clock() - LINGERS_S
        return sum(ended_at <= latest for ended_at in self._ended.values())

    def forget(self) -> None:
        """Give up those that are there: no collection helps."""
        self._ended.clear()

    def _gone(self, reference: ReferenceType[object]) -> None:
        self._ended.pop(reference, None)


endings = Endings()


def keep_collections_short() -> None:
    """Have the collector look at what is young only."""
    gc.set_threshold(NEW_OBJECTS, YOUNG_LOOKS)
    gc.collect()
    gc.freeze()
    if _put_away not in gc.callbacks:
        gc.callbacks.append(_put_away)


def watch_endings() -> None:
    """Collect everything, now and then, while many things that ended are there, for ever."""
    full_at = runtime.clock()
    while True:
        runtime.sleep(INTERVAL_S)
        if endings.lingering() > MOST_LINGERING and runtime.clock() >= full_at + FULL_INTERVAL_S:
            wait_for_quiet()
            collect_everything()
            full_at = runtime.clock()


def collect_everything() -> None:
    """Free what is garbage, whatever was put away."""
    lingering, began = endings.lingering(), runtime.clock()
    gc.unfreeze()
    gc.collect()  # which puts away what is left
    LOG.info(
        "collected everything in %.2f s, as %d things that ended were still there",
        runtime.clock() - began,
        lingering,
    )
    if endings.lingering():
        LOG.warning("%d things that ended are still referred to", endings.lingering())
    endings.forget()


def wait_for_quiet() -> None:
    """Wait until the loop has had nothing to do for a second, or for a minute."""
    quiet = 0
    for _ in range(MOST_LOOKS):
        began = runtime.clock()
        runtime.sleep(LOOK_S)
        quiet = quiet + 1 if runtime.clock() - began < LOOK_S + LATE_S else 0
        if quiet == QUIET_LOOKS:
            return


def _put_away(phase: str, info: dict[str, Any]) -> None:
    """Put what was just looked at out of sight; the collector calls this."""
    if phase == "stop" and info["generation"] > 0:
        gc.freeze()
