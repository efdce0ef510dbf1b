"""Questions to the controller's memory, asked over the link by the threads of the API."""

import itertools
import threading
from collections.abc import Callable
from typing import Any

from osken_apps.errors import ServiceUnavailable
from osken_apps.link import Answer, Query

TIMEOUT_S = 5.0


class Questions:
    """Asks and waits; with no controller behind it, every question is refused."""

    def __init__(self, send: Callable[[Query], None] | None = None) -> None:
        self._send = send
        self._numbers = itertools.count(1)
        self._waiting: dict[int, tuple[threading.Event, list[Answer]]] = {}

    def ask(self, name: str, *arguments: Any) -> Any:
        """Ask the controller and give its answer. Raises ServiceUnavailable."""
        if self._send is None:
            raise ServiceUnavailable("There is no controller to ask.")
        number, answered, answers = next(self._numbers), threading.Event(), list[Answer]()
        self._waiting[number] = (answered, answers)
        try:
            self._send(Query(number, name, arguments))
            if not answered.wait(TIMEOUT_S):
                raise ServiceUnavailable(f"The controller did not answer in {TIMEOUT_S:.0f} s.")
        finally:
            del self._waiting[number]
        if answers[0].error:
            raise ServiceUnavailable(f"The controller could not answer: {answers[0].error}.")
        return answers[0].value

    def take(self, answer: Answer) -> None:
        """Hand an answer to whoever waits for it."""
        waiting = self._waiting.get(answer.number)
        if waiting:
            event, answers = waiting
            answers.append(answer)
            event.set()
