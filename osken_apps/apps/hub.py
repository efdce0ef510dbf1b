"""eventlet's hub on epoll, sooner where one socket is readable at a time. SHELL.

A switch that sends one packet waits for a whole turn of the hub: it looks at its timers, polls, gathers the
callbacks, makes them, looks at its timers again. Most of that is for nothing when the callback asked for no
timer: then this hub polls again at once. It is chosen with `eventlet.hubs.use_hub`.
"""

import sys
from select import EPOLLIN
from typing import Any

from eventlet.hubs import epolls
from eventlet.hubs.hub import noop


class Hub(epolls.Hub):
    """Stays in its wait until a timer is due or was asked for, or more than one socket is ready."""

    is_available = staticmethod(epolls.is_available)

    def __init__(self, clock: Any = None) -> None:
        super().__init__(clock)
        self._awake_until = 0.0

    def stay_awake(self, seconds: float) -> None:
        """Poll without sleep for so long, or until something comes: to be woken takes longer than to look."""
        self._awake_until = self.clock() + seconds

    def wait(self, seconds: float | None = None) -> None:
        """Wait for events, and make their callbacks."""
        until = self.clock() + (self.default_sleep() if seconds is None else seconds)
        readers = self.listeners[self.READ]
        while True:
            events = self._poll_until(until)
            if len(events) != 1 or events[0][1] != EPOLLIN or self.debug_blocking:
                self._events = events
                super().wait(0)
                return
            self._call(readers, events[0][0])
            if self.next_timers or self.closed or self.stopping or self.clock() >= until:
                return

    def do_poll(self, seconds: float) -> Any:
        """Give what `wait` has found already; eventlet's wait asks for it."""
        return self._events

    def _poll_until(self, until: float) -> Any:
        poll, clock = self.poll.poll, self.clock
        awake_until, self._awake_until = min(self._awake_until, until), 0.0
        events, now = poll(0) if awake_until else (), clock()
        while not events and now < awake_until:
            events, now = poll(0), clock()
        return events or poll(max(0.0, until - now))

    def _call(self, readers: Any, fileno: int) -> None:
        listener = readers.get(fileno, noop)
        try:
            listener.cb(fileno)
        except self.SYSTEM_EXCEPTIONS:
            raise
        except BaseException:
            self.squelch_exception(fileno, sys.exc_info())
