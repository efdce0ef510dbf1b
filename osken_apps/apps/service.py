"""What systemd is told: that we are ready, that we live, that we stop (sd_notify(3)). SHELL.

The watchdog is fed by the loop that serves the hosts, so a loop that stands still is ended and started again.
"""

import logging
import os
import socket
from collections.abc import MutableMapping
from typing import Any

from osken_apps.apps import runtime

LOG = logging.getLogger(__name__)

FEEDS_IN_TIME = 3  # of the time that the watchdog gives


class Service:
    """The other end of NOTIFY_SOCKET; without one nobody is told anything."""

    def __init__(self, environment: MutableMapping[str, str]) -> None:
        """Take what systemd has set, so that no process below this one says it, too."""
        where = environment.pop("NOTIFY_SOCKET", "")
        timeout_us = environment.pop("WATCHDOG_USEC", "")
        whose = environment.pop("WATCHDOG_PID", "")
        self._address = f"\0{where[1:]}" if where.startswith("@") else where
        self._timeout_s = int(timeout_us) / 1e6 if timeout_us.isdecimal() else 0.0
        if whose and whose != str(os.getpid()):
            self._timeout_s = 0.0
        self._socket: Any = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) if where else None
        if self._socket:
            self._socket.setblocking(False)

    def ready(self, status: str) -> None:
        """Say that hosts and users are served."""
        self._say(f"READY=1\nSTATUS={status}")

    def stopping(self) -> None:
        """Say that we stop."""
        self._say("STOPPING=1")

    def feed_for_ever(self) -> None:
        """Say that the loop turns, whenever it is time to, for ever; end at once without a watchdog."""
        while self._timeout_s:
            self._say("WATCHDOG=1")
            runtime.sleep(self._timeout_s / FEEDS_IN_TIME)

    def _say(self, words: str) -> None:
        if not self._socket:
            return
        try:
            self._socket.sendto(words.encode(), self._address)
        except OSError as error:  # it must never wait, nor end what serves
            LOG.warning("systemd cannot be told %s: %s", words.split("\n", 1)[0], error.strerror)
