"""Asking several switches at once, within a time for all of them together. SHELL."""

import logging
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

from osken_apps.apps import runtime
from osken_apps.apps.connection import SwitchError
from osken_apps.errors import Malformed

LOG = logging.getLogger(__name__)

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

SWITCHES_WAIT_S = 1.5  # for all of them together; whoever asks the controller is answered within two seconds


def side_by_side(keys: Sequence[K], ask: Callable[[K], V], seconds: float) -> dict[K, V]:
    """Give what each question has for an answer; those that fail, or that take too long, are left out."""
    told: dict[K, V] = {}
    done, open_questions = runtime.once(), len(keys)

    def run(key: K) -> None:
        nonlocal open_questions
        try:
            told[key] = ask(key)
        except (SwitchError, Malformed) as error:
            LOG.info("%s does not say what it has: %s", key, error)
        finally:
            open_questions -= 1
            if not open_questions and not done.ready():
                done.send()

    tasks = [runtime.spawn(run, key) for key in keys]
    try:
        if tasks:
            runtime.wait_within(seconds, done)
    finally:
        for task in tasks:
            task.kill()
    return dict(told)
