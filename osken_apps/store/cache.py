"""Resources that were made of rows, kept for those who ask again. SHELL (it is shared by threads)."""

from collections import defaultdict
from typing import TypeVar

from osken_apps.model.resources import Standard

MAX_RESOURCES = 100_000  # of a kind; a port takes some 1 KiB
MAX_BURIED = 100_000

R = TypeVar("R", bound=Standard)


class Cache:
    """The newest known resource of each row, by kind and id; its revision tells whether it still is.

    Only what is committed may be put in: a revision that was undone is given to something else. What was
    deleted is never kept again: something else may have its id and revision one day.
    """

    def __init__(self) -> None:
        self._kinds: defaultdict[type[Standard], dict[str, Standard]] = defaultdict(dict)
        self._buried: dict[tuple[type[Standard], str], None] = {}

    def get(self, kind: type[R], id: str, revision: int) -> R | None:
        """Give the resource of a row with that id and revision, if it is known."""
        known = self._kinds[kind].get(id)
        return known if isinstance(known, kind) and known.revision_number == revision else None

    def put(self, resource: Standard) -> None:
        """Keep a resource that was read.

        Where there are too many, it takes the place of the one that came last: so reading all of them again
        and again finds what it found before, and misses only what is too much.
        """
        known = self._kinds[type(resource)]
        if len(known) >= MAX_RESOURCES and resource.id not in known:
            known.popitem()
        known[resource.id] = resource
        if (type(resource), resource.id) in self._buried:  # also if it has been buried just now
            known.pop(resource.id, None)

    def forget(self, kind: type[Standard], id: str) -> None:
        """Drop a resource that was changed."""
        self._kinds[kind].pop(id, None)

    def bury(self, kind: type[Standard], id: str) -> None:
        """Drop a resource that was deleted, for good: a reader of before may put it back otherwise."""
        self._buried[kind, id] = None
        if len(self._buried) > MAX_BURIED:
            del self._buried[next(iter(self._buried))]
        self.forget(kind, id)
