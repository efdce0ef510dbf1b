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

    def wait(self, seconds: float | None = None) -> None:
        """Wait for events, and make their callbacks."""
        remaining = self.default_sleep() if seconds is None else seconds
        until = self.clock() + remaining
        readers = self.listeners[self.READ]
        while True:
            events = self.poll.poll(remaining)
            if len(events) != 1 or events[0][1] != EPOLLIN or self.debug_blocking:
                self._events = events
                super().wait(0)
                return
            self._call(readers, events[0][0])
            if self.next_timers or self.closed or self.stopping:
                return
            remaining = until - self.clock()
            if remaining <= 0:
                return

    def do_poll(self, seconds: float) -> Any:
        """Give what `wait` has found already; eventlet's wait asks for it."""
        return self._events

    def _call(self, readers: Any, fileno: int) -> None:
        listener = readers.get(fileno, noop)
        try:
            listener.cb(fileno)
        except self.SYSTEM_EXCEPTIONS:
            raise
        except BaseException:
            self.squelch_exception(fileno, sys.exc_info())
