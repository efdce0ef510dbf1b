"""The REST process as the controller sees it: started with one end of a link, ended for certain. SHELL."""

import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any

from osken_apps.apps import runtime
from osken_apps.build import BUILD
from osken_apps.link import Link

LOG = logging.getLogger(__name__)

STOP_TIMEOUT_S = 5.0
LOOK_S = 0.01


class RestProcess:
    """A process that serves REST; `link` is our end of the link to it."""

    def __init__(self, config_file: Path, api_socket: Any, store_id: str, metrics_socket: Any) -> None:
        """Start it; with the id of a store it serves no other one, nor makes one.

        `metrics_socket` None: it serves no metrics.
        """
        ours, theirs = runtime.socket.socketpair()
        os.set_blocking(theirs.fileno(), True)  # ours never waits; the process has real threads
        descriptors = [api_socket.fileno(), theirs.fileno()]
        # -P: no code from the directory that the controller happens to be started in.
        # The build first: a process from before there was one takes it for the configuration, and ends.
        command = [
            sys.executable,
            "-P",
            "-m",
            "osken_apps.rest.process",
            f"--build={BUILD}",
            str(config_file),
        ]
        arguments = [*map(str, descriptors), *filter(None, [store_id])]
        if metrics_socket is not None:
            arguments.append(f"--metrics={metrics_socket.fileno()}")
            descriptors.append(metrics_socket.fileno())
        self._process = runtime.subprocess.Popen([*command, *arguments], pass_fds=descriptors)
        theirs.close()
        self._socket = ours
        self.link = Link(ours)

    @property
    def pid(self) -> int:
        """The id of the process."""
        return int(self._process.pid)

    def terminate(self) -> None:
        """Ask the process to finish what it has begun and to end."""
        self._process.terminate()

    def reload(self) -> None:
        """Have the process read its certificates and its policy again."""
        self._process.send_signal(signal.SIGHUP)

    def kill(self) -> None:
        """End the process now, also one that is stopped, and the link, whatever holds up the process."""
        self._process.kill()
        self.link.close()

    def ended(self) -> int | None:
        """See to it that the process has ended; give its exit status, None if nothing can end it yet."""
        status = self._wait()
        if status is None:
            self.kill()
            status = self._wait()
        if status is None:
            LOG.error("the REST process %d does not end although it was killed", self.pid)
        return status

    def close(self) -> None:
        """Close our end of the link."""
        self._socket.close()

    def _wait(self) -> int | None:
        """Wait for the end; eventlet's own wait goes by a clock that may be set."""
        until = runtime.clock() + STOP_TIMEOUT_S
        status: int | None = self._process.poll()
        while status is None and runtime.clock() < until:
            runtime.sleep(LOOK_S)
            status = self._process.poll()
        return status
