"""How soon something is done that others can cause as often as they like. PURE.

Time comes as an argument, in seconds.
"""

FIRST_GAP_S = 1.0
LAST_GAP_S = 60.0


class Throttle:
    """At once, then after a second, two, four, up to a minute; after a quiet time at once again."""

    def __init__(self) -> None:
        self._due_at: float | None = None
        self._gap_s = FIRST_GAP_S

    def ask(self, now: float) -> float | None:
        """Give in how many seconds it is to be done; None: it waits for its time already."""
        due_at, gap_s = self._due_at, self._gap_s
        if due_at is not None and now < due_at:
            return None
        if due_at is None or now - due_at > 2 * gap_s:
            self._due_at, self._gap_s = now, FIRST_GAP_S
            return 0.0
        self._due_at = max(now, due_at + gap_s)
        self._gap_s = min(2 * gap_s, LAST_GAP_S)
        return self._due_at - now
