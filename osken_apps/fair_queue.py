"""A queue that takes turns between those who wait in it. PURE (it changes, but does no I/O)."""

from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

Key = TypeVar("Key", bound=Hashable)
Queue = TypeVar("Queue")


class Turns(OrderedDict[Key, Queue]):
    """Those who wait, each with what waits, in the order of their turns."""

    last: Key | None = None  # whose turn it was

    def take(self, first: Callable[[Queue], Any]) -> Any:
        """Take the `first` of whose turn it is: not of the last one again while others wait."""
        if self.last is not None and self.last in self:
            self.move_to_end(self.last)
        key, own = self.popitem(last=False)
        item = first(own)
        if own:
            self[key] = own
        self.last = key
        return item


class FairQueue:
    """A queue that takes turns between keys, with a bound for each and for all."""

    def __init__(self, most: int | None = None, most_of_one: int | None = None) -> None:
        self._most, self._most_of_one = most, most_of_one
        self._waiting: Turns[Hashable, deque[Any]] = Turns()
        self._count = 0

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
        """Take the first item of the key whose turn it is."""
        item = self._waiting.take(deque.popleft)
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
