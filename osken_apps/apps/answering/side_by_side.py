"""Asking several switches at once, within a time for all of them together. SHELL."""

from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

from osken_apps.apps import runtime

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


def side_by_side(keys: Sequence[K], ask: Callable[[K], V | None], seconds: float) -> dict[K, V]:
    """Give what each question has for an answer; those without one, or that take too long, are left out.

    What `ask` raises is its own failure: it must raise nothing.
    """
    told: dict[K, V] = {}
    done, open_questions = runtime.once(), len(keys)

    def run(key: K) -> None:
        nonlocal open_questions
        answer = ask(key)
        if answer is not None:
            told[key] = answer
        open_questions -= 1
        if not open_questions:
            done.send()

    tasks = [runtime.spawn(run, key) for key in keys]
    try:
        if tasks:
            runtime.wait_within(seconds, done)
    finally:
        for task in tasks:
            task.kill()
    return dict(told)
