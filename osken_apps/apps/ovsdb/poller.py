"""What python-ovs's objects ask to be woken for, on our event loop: the calls of its own Poller. SHELL."""

import ovs.timeval
from ovs.poller import POLLIN, POLLOUT

from osken_apps.apps import runtime


class Poller:
    """Collects what one turn waits for, then waits; made anew for each turn."""

    def __init__(self) -> None:
        self._fileno: int | None = None
        self._events = 0
        self._seconds: float | None = None

    def fd_wait(self, fd: int, events: int) -> None:
        """Wake when the descriptor is ready; a turn has one descriptor."""
        self._fileno = fd
        self._events |= events

    def timer_wait(self, msec: float) -> None:
        """Wake after so many milliseconds at the latest."""
        seconds = max(msec, 0) / 1000
        self._seconds = seconds if self._seconds is None else min(seconds, self._seconds)

    def timer_wait_until(self, msec: float) -> None:
        """Wake at that time of `ovs.timeval` at the latest."""
        self.timer_wait(msec - ovs.timeval.msec())

    def immediate_wake(self) -> None:
        """Wake as soon as others had their turn."""
        self.timer_wait(0)

    def block(self) -> None:
        """Wait."""
        if self._seconds == 0 or self._fileno is None:
            runtime.sleep(self._seconds or 0)
        else:
            read, write = bool(self._events & POLLIN), bool(self._events & POLLOUT)
            runtime.wait_ready(self._fileno, read=read, write=write, seconds=self._seconds)
