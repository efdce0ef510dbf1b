"""Who may be connected to a listening socket: so many, and so many that have not shown who they are. SHELL.

Silent and half-open connections cost a slot for a while and no more. Where slots are short, an address that
has a crowd of them makes room for another one's, and a newcomer that was waited for makes room for the next;
who has shown who it is stays, but for one of a crowd.

Where all newcomers are young, chance says who makes room. A flood from any number of addresses, as one
network of IPv6 has, then seldom meets a host, which is known a moment after it has come; and many hosts of
one network are no worse off than others.
"""

from collections import Counter
from collections.abc import Callable
from itertools import islice
from random import randrange

from osken_apps.apps.runtime import clock

MAX_NEWCOMERS = 4096  # all connections of a thousand hosts, if they dial at once
PATIENCE_S = 2.0  # a younger newcomer makes room only if all are: it may be a host, and we the slow ones
CROWD = 64  # more connections than a host has


class Guest:
    """A connection that was accepted; `close` has it end."""

    __slots__ = ("address", "close", "since")

    def __init__(self, address: str, close: Callable[[], None], since: float) -> None:
        self.address = address
        self.close = close
        self.since = since


class Admission:
    """The connections of one listening socket."""

    def __init__(
        self,
        most: int,
        most_newcomers: int = MAX_NEWCOMERS,
        now: Callable[[], float] = clock,
        choose: Callable[[int], int] = randrange,
    ) -> None:
        """Begin with none; `choose` gives one of the first so many numbers, by chance."""
        self._most = most
        self._most_newcomers = most_newcomers
        self._now = now
        self._choose = choose
        self._guests = _Guests()
        self._newcomers = _Guests()

    def __str__(self) -> str:
        """Say how full it is."""
        return (
            f"{len(self._guests)} of at most {self._most} connections,"
            f" {len(self._newcomers)} of at most {self._most_newcomers} newcomers"
        )

    @property
    def is_full(self) -> bool:
        """Tell whether the next one gets in only if another makes room for it."""
        return len(self._newcomers) >= self._most_newcomers or len(self._guests) >= self._most

    def enter(self, address: str, close: Callable[[], None]) -> Guest | None:
        """Take a connection in, as a newcomer until it is known; None: there is no room for it."""
        for guests, most in ((self._newcomers, self._most_newcomers), (self._guests, self._most)):
            if len(guests) >= most and not self._make_room(guests, address):
                return None
        guest = Guest(address, close, self._now())
        self._guests.add(guest)
        self._newcomers.add(guest)
        return guest

    def know(self, guest: Guest) -> None:
        """Note that a newcomer has shown who it is."""
        self._newcomers.discard(guest)

    def leave(self, guest: Guest) -> None:
        """Note that a connection has ended."""
        self._guests.discard(guest)
        self._newcomers.discard(guest)

    def _make_room(self, guests: "_Guests", address: str) -> bool:
        victim = guests.last_of_crowd(but_for=address) or self._newcomer(guests.count_of(address) >= CROWD)
        if victim is None:
            return False
        self.leave(victim)
        victim.close()
        return True

    def _newcomer(self, for_crowd: bool) -> Guest | None:
        """Give the newcomer that makes room for one more, who may be of a crowd; None: it gets none."""
        oldest = self._newcomers.first()
        if oldest is None or self._now() >= oldest.since + PATIENCE_S:
            return oldest
        return None if for_crowd else self._newcomers.at(self._choose(len(self._newcomers)))


class _Guests:
    """Some connections in the order in which they came, counted by address."""

    def __init__(self) -> None:
        self._guests: dict[Guest, None] = {}
        self._of_address: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._guests)

    def add(self, guest: Guest) -> None:
        self._guests[guest] = None
        self._of_address[guest.address] += 1

    def discard(self, guest: Guest) -> None:
        if guest in self._guests:
            del self._guests[guest]
            self._of_address[guest.address] -= 1
            if not self._of_address[guest.address]:
                del self._of_address[guest.address]

    def count_of(self, address: str) -> int:
        return self._of_address[address]

    def first(self) -> Guest | None:
        return next(iter(self._guests), None)

    def at(self, place: int) -> Guest:
        return next(islice(self._guests, place, None))

    def last_of_crowd(self, but_for: str) -> Guest | None:
        """Give the newest connection of the address that has most, if it has more than a host would."""
        address = max(self._of_address, key=self._of_address.__getitem__, default=but_for)
        if address == but_for or self._of_address[address] <= CROWD:
            return None
        return next(guest for guest in reversed(self._guests) if guest.address == address)
