"""Questions to the controller's memory, asked over the link by the threads of the API."""

import itertools
import threading
from collections.abc import Callable
from typing import Any

from osken_apps.errors import ServiceUnavailable
from osken_apps.link import Answer, LinkClosed, Query

TIMEOUT_S = 5.0


class Questions:
    """Asks and waits; with no controller behind it, every question is refused."""

    def __init__(self, send: Callable[[Query], None] | None = None) -> None:
        self._send = send
        self._numbers = itertools.count(1)
        self._waiting: dict[int, tuple[threading.Event, list[Any]]] = {}

    def ask(self, name: str, *arguments: Any) -> Any:
        """Ask the controller and give its answer. Raises ServiceUnavailable."""
        if self._send is None:
            raise ServiceUnavailable("There is no controller to ask.")
        number, answered, values = next(self._numbers), threading.Event(), list[Any]()
        self._waiting[number] = (answered, values)
        try:
            self._send(Query(number, name, arguments))
            if not answered.wait(TIMEOUT_S):
                raise ServiceUnavailable(f"The controller did not answer in {TIMEOUT_S:.0f} s.")
        except LinkClosed as error:
            raise ServiceUnavailable("The controller is gone.") from error
        finally:
            del self._waiting[number]
        return values[0]

    def take(self, answer: Answer) -> None:
        """Hand an answer to whoever waits for it."""
        waiting = self._waiting.get(answer.number)
        if waiting:
            event, values = waiting
            values.append(answer.value)
            event.set()
