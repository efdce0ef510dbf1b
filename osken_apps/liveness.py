"""Whether a peer is there, and how long it may take for each step until it is known. PURE.

Time comes as an argument, in seconds. A deadline counts once two looks in a row found it passed: what lay
unread at the first was read until the second, so that the lateness is never ours.
"""

STEP_S = 10.0  # for each of them
ECHO_INTERVAL_S = 5.0  # of silence, until the peer is asked for an echo
ECHO_S = 10.0


class Liveness:
    """What was heard of a peer, and when; `heard` is set by whoever takes what it sends."""

    def __init__(self, now: float) -> None:
        self.heard = False
        self._heard_at = now
        self._asked_at: float | None = None
        self._step_began = now
        self._step: str | None = None
        self._late = False

    def look(self, now: float, awaited: str | None) -> tuple[bool, tuple[str, ...] | None]:
        """Look at the time; `awaited` names what the peer owes until it is known, None: nothing.

        Give whether the peer is to be asked for an echo, and why it is dead, if it is (format and details).
        """
        asks = False
        reason: tuple[str, ...] | None = None
        if self.heard:
            self.heard, self._heard_at, self._asked_at = False, now, None
        if awaited != self._step:
            self._step, self._step_began = awaited, now
        if awaited is not None:
            if now >= self._step_began + STEP_S:
                reason = ("it did not say %s in %s s", awaited, f"{STEP_S:.0f}")
        elif self._asked_at is None:
            asks = now >= self._heard_at + ECHO_INTERVAL_S
            self._asked_at = now if asks else None
        elif now >= self._asked_at + ECHO_S:
            reason = ("it was silent for %s s", f"{now - self._heard_at:.0f}")
        late_before, self._late = self._late, reason is not None
        return asks, reason if late_before else None
