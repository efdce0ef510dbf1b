"""Looking at the time for all peers of a kind: what each of them owes has a deadline. SHELL."""

from collections.abc import Collection
from typing import Protocol

from osken_apps.apps import runtime
from osken_apps.failures import Failures
from osken_apps.model.turns import in_turns

INTERVAL_S = 1.0


class Peer(Protocol):
    """A peer's end of ours."""

    def look(self, now: float) -> None:
        """Look at the time; must not wait for anything."""


def look_for_ever(peers: Collection[Peer], failures: Failures) -> None:
    """Have each of the peers that there are look at the time, about every second."""
    while True:
        for peer in in_turns(list(peers), pause=runtime.pause):
            try:
                peer.look(runtime.clock())
            except Exception as error:  # which is that peer's: all others have deadlines, too
                failures.note("what a peer owes was not looked at", error)
        runtime.sleep(INTERVAL_S)
