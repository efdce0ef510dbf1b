"""A queue that takes turns between those who wait in it. PURE (it changes, but does no I/O)."""

from collections import OrderedDict, deque
from collections.abc import Hashable
from typing import Any


class FairQueue:
    """A queue that takes turns between keys, with a bound for each and for all."""

    def __init__(self, most: int | None = None, most_of_one: int | None = None) -> None:
        self._most, self._most_of_one = most, most_of_one
        self._waiting: OrderedDict[Hashable, deque[Any]] = OrderedDict()
        self._count = 0
        self._last: Hashable = None  # whose item was taken last

    def __len__(self) -> int:
        return self._count

    def put(self, key: Hashable, item: Any) -> bool:
        """Put an item behind those of its key; tell whether there was room."""
        own = self._waiting.get(key, ())
        if self._most is not None and self._count >= self._most:
            return False
        if self._most_of_one is not None and len(own) >= self._most_of_one:
            return False
        self._waiting.setdefault(key, deque()).append(item)
        self._count += 1
        return True

    def take(self) -> Any:
        """Take the first item of the key whose turn it is: not of the last one again while others wait."""
        if self._last in self._waiting:
            self._waiting.move_to_end(self._last)
        key, own = self._waiting.popitem(last=False)
        self._last, item = key, own.popleft()
        if own:
            self._waiting[key] = own
        self._count -= 1
        return item

    def remove(self, key: Hashable, item: Any) -> None:
        """Take an item out of turn. Raises KeyError, ValueError: it does not wait."""
        self._waiting[key].remove(item)
        if not self._waiting[key]:
            del self._waiting[key]
        self._count -= 1

    def drop(self) -> Any:
        """Take the last item of the key that has most, of several the one that came last."""
        key = max(reversed(self._waiting), key=lambda each: len(self._waiting[each]))
        item = self._waiting[key].pop()
        if not self._waiting[key]:
            del self._waiting[key]
        self._count -= 1
        return item
