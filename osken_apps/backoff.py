"""How long to wait before what failed is tried again. PURE."""


class Backoff:
    """Waits of `first_s` seconds after a failure, twice as long after each further one, `last_s` at most."""

    def __init__(self, first_s: float, last_s: float) -> None:
        self._first_s = self._next_s = first_s
        self._last_s = last_s
        self.has_failed = False

    def failed(self) -> float:
        """Give how many seconds to wait now."""
        wait_s, self._next_s = self._next_s, min(2 * self._next_s, self._last_s)
        self.has_failed = True
        return wait_s

    def succeeded(self) -> None:
        """Begin again with the first wait."""
        self._next_s, self.has_failed = self._first_s, False
