"""Counting the API's requests; may be used from several threads. SHELL (it locks)."""

import threading
from collections import Counter
from collections.abc import Mapping

from osken_apps.model.counts import Durations, Histogram

BOUNDS_S = (0.005, 0.02, 0.1, 0.5, 2.0)
NOWHERE = "none"  # the route of a request that none of ours is for


class Requests:
    """Counts requests by method and class of status, and their durations by route."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()
        self._durations: dict[str, Histogram] = {}

    def note(self, method: str, status: int, route: str, seconds: float) -> None:
        """Count a request that was answered; `route` is the template of its path, empty for none of ours."""
        with self._lock:
            self._counts[method, f"{status // 100}xx"] += 1
            histogram = self._durations.get(route or NOWHERE)
            if histogram is None:
                histogram = self._durations[route or NOWHERE] = Histogram(BOUNDS_S)
            histogram.observe(seconds)

    @property
    def counts(self) -> Mapping[tuple[str, str], int]:
        """How many there were."""
        with self._lock:
            return dict(self._counts)

    @property
    def durations(self) -> Mapping[str, Durations]:
        """How long they took."""
        with self._lock:
            return {route: histogram.durations for route, histogram in self._durations.items()}
