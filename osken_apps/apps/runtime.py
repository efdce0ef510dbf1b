"""What we need of an event loop, by name; behind it stands eventlet, with a hub of our own. SHELL.

Tasks take turns and run until they wait for something: here is everything that they may wait for. Nothing
else of the controller knows the loop, so that another one can stand behind this module.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import eventlet
import eventlet.green.socket
import eventlet.green.subprocess
import eventlet.hubs
from eventlet.event import Event as _Event
from eventlet.semaphore import Semaphore as _Semaphore

from osken_apps.apps.hub import Hub
from osken_apps.failures import Failures, name_of

_failures = Failures()  # of tasks

TURNS_TO_READ = 10  # in which all tasks read what lies in their sockets, and whoever waits for it is told

ROUND_S = 1.0

clock = time.monotonic

#: The standard library's modules; what waits in them lets others have their turn.
socket: Any = eventlet.green.socket
subprocess: Any = eventlet.green.subprocess


def install() -> None:
    """Have this process run on our loop, and what waits in the standard library wait on it, too.

    Must come before any module is imported that takes sockets or threads from the standard library.
    """
    os.environ["OSKEN_HUB_TYPE"] = "eventlet"
    eventlet.hubs.use_hub(Hub)
    eventlet.monkey_patch()


class Task(Protocol):
    """Something that runs, or will."""

    def kill(self) -> None:
        """End it where it waits; others have a turn meanwhile."""


class Once(Protocol):
    """Something that happens once; whoever waits for it is told."""

    def ready(self) -> bool:
        """Tell whether it has happened."""

    def send(self, result: Any = None) -> None:
        """Let it happen, with a result."""

    def wait(self) -> Any:
        """Wait until it happens; give the result."""


class Lock(Protocol):
    """Is held by one task at a time; the others wait in their order."""

    def __enter__(self) -> Any: ...
    def __exit__(self, *_: object) -> None: ...
    def locked(self) -> bool:
        """Tell whether a task holds it."""


def once() -> Once:
    """Make something that will happen once."""
    made: Once = _Event()
    return made


def lock() -> Lock:
    """Make a lock that nobody holds."""
    made: Lock = _Semaphore()
    return made


def spawn(work: Callable[..., object], *arguments: object) -> Task:
    """Run a function beside the others; what it raises is logged."""
    return spawn_after(0, work, *arguments)


def spawn_after(seconds: float, work: Callable[..., object], *arguments: object) -> Task:
    """Run a function after some time; what it raises is logged."""
    task: Task = eventlet.spawn_after(seconds, _logged, work, arguments)
    return task


def spawn_after_rounds(seconds: float, work: Callable[..., object], *arguments: object) -> None:
    """Run a function after so many seconds in which the loop keeps up; where it takes longer to get round,
    each round counts as one. Who is waited for had its turns meanwhile, also among thousands.
    """
    left_s = seconds - ROUND_S
    if left_s > 0:
        spawn_after(ROUND_S, spawn_after_rounds, left_s, work, *arguments)
    else:
        spawn_after(seconds, work, *arguments)


def spawn_for_ever(work: Callable[..., object], *arguments: object) -> Task:
    """Run a function that others count on beside the others; one that an error ends begins again, soon."""
    return spawn(_failures.again_and_again, sleep, work, *arguments)


def _logged(work: Callable[..., object], arguments: tuple[object, ...]) -> None:
    try:
        work(*arguments)
    except Exception as error:
        _failures.note(f"{name_of(work)} ended by an error", error)


def sleep(seconds: float) -> None:
    """Wait some time."""
    eventlet.sleep(seconds)


def pause() -> None:
    """Let all others have their turn."""
    eventlet.sleep(0)


def heard_within(seconds: float, answer: Once) -> bool:
    """Wait for a peer's answer, for so long at most; tell whether it came.

    What has come by then and is not read yet counts, too: that it is late is our doing.
    """
    if not wait_within(seconds, answer):
        for _ in range(TURNS_TO_READ):
            pause()
    return answer.ready()


class Signal:
    """Wakes the one task that waits for it; set before that, the wait is none."""

    def __init__(self) -> None:
        self.is_set = False
        self._task: Any = None
        self._waking: Any = None

    def set(self) -> None:
        """Wake the task in its next turn."""
        self.is_set = True
        if self._task is not None and self._waking is None:
            self._waking = eventlet.hubs.get_hub().schedule_call_global(0, self._task.switch)

    def clear(self) -> None:
        """Unset it."""
        self.is_set = False

    def wait(self, seconds: float | None = None) -> None:
        """Wait until it is set, for so long at most (None: for ever), and unset it."""
        if not self.is_set:
            hub, self._task = eventlet.hubs.get_hub(), eventlet.getcurrent()
            timer = None if seconds is None else hub.schedule_call_global(seconds, self.set)
            try:
                hub.switch()
            finally:
                self._task = None
                for planned in filter(None, (timer, self._waking)):
                    planned.cancel()
                self._waking = None
        self.is_set = False


class Watch:
    """Calls `ready` with a descriptor whenever it can be read, until it is stopped; `ready` must not wait."""

    def __init__(self, fileno: int, ready: Callable[[int], None]) -> None:
        self._hub = eventlet.hubs.get_hub()
        self._listener: Any = self._hub.add(self._hub.READ, fileno, ready, _ignore, _ignore)

    def stay_awake(self, seconds: float) -> None:
        """Have the loop look for what comes without sleep, for so long or until something comes."""
        self._hub.stay_awake(seconds)

    def stop(self) -> None:
        """Watch no more."""
        if self._listener is not None:
            self._hub.remove(self._listener)
            self._listener = None


def _ignore(*_: object) -> None:
    pass


@contextmanager
def within(seconds: float, error: Exception) -> Iterator[None]:
    """Have the work within raise an error if it waits for so long."""
    with eventlet.Timeout(seconds, error):
        yield


def wait_within(seconds: float | None, thing: Once) -> bool:
    """Wait until something happens, for so long at most (None: for ever); tell whether it has."""
    with eventlet.Timeout(seconds, False):
        thing.wait()
    return thing.ready()


def wait_ready(fileno: int, *, read: bool = False, write: bool = False, seconds: float | None = None) -> None:
    """Wait until a descriptor is ready, or the time is over; nobody else may wait for the same."""
    hub, task = eventlet.hubs.get_hub(), eventlet.getcurrent()
    woken = False

    def wake(*_: object) -> None:
        nonlocal woken
        if not woken:  # a descriptor may be ready for both at once
            woken = True
            task.switch()

    listeners = [
        hub.add(kind, fileno, wake, task.throw, lambda: None)
        for kind, wanted in ((hub.READ, read), (hub.WRITE, write))
        if wanted
    ]
    timer = None if seconds is None else hub.schedule_call_global(seconds, wake)
    try:
        hub.switch()
    finally:
        woken = True
        if timer:
            timer.cancel()
        for listener in listeners:
            hub.remove(listener)
