"""What the API knows of the controller and asks it: its hosts as last told, and questions over the link."""

import itertools
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from osken_apps.errors import ServiceUnavailable
from osken_apps.link import Answer, Query
from osken_apps.model.changes import HostReport

TIMEOUT_S = 5.0


class Hosts:
    """The newest reports; replaced as a whole, so that readers need no lock."""

    def __init__(self) -> None:
        self._by_name: Mapping[str, HostReport] = {}
        self._refused: tuple[HostReport, ...] = ()

    @property
    def by_name(self) -> Mapping[str, HostReport]:
        """The newest report of each host."""
        return self._by_name

    @property
    def refused(self) -> tuple[HostReport, ...]:
        """Those that use the names of other hosts, and are not served."""
        return self._refused

    def replace(self, reports: Iterable[HostReport]) -> None:
        """Take over new reports."""
        listed = list(reports)
        self._by_name = {report.host: report for report in listed if not report.refused}
        self._refused = tuple(report for report in listed if report.refused)


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
