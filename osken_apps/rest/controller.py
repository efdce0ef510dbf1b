"""What the API knows of the controller and asks it: its hosts as last told, and questions over the link."""

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from osken_apps.errors import ServiceUnavailable
from osken_apps.failures import Failures
from osken_apps.link import Answer, Query
from osken_apps.model.changes import HostReport
from osken_apps.model.counts import ControllerCounts, HostCounts
from osken_apps.model.known_hosts import FormerName, KnownHost, bounded, former_names, learned, report_of
from osken_apps.questions import A, Question

TIMEOUT_S = 5.0

K = TypeVar("K")


class KnownHosts:
    """The newest reports, and what the store keeps of hosts; what is read is replaced as a whole."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, KnownHost] = {}
        self._told: dict[str, HostReport] = {}
        self._forgotten: dict[str, HostReport] = {}
        self._all_had_time = False
        self._by_name: Mapping[str, HostReport] = {}
        self._former_names: Mapping[str, str] = {}
        self._refused: tuple[HostReport, ...] = ()
        self._failures = Failures()
        self._listeners: list[Callable[[list[HostReport]], None]] = []
        self._before_forgetting: list[Callable[[str], None]] = []
        self.counts: ControllerCounts | None = None  # what the controller has counted of itself

    @property
    def by_name(self) -> Mapping[str, HostReport]:
        """The newest report of each host; one that has not connected yet is as it was last."""
        return self._by_name

    @property
    def former_names(self) -> Mapping[str, str]:
        """What hosts were called before, each with what it is called now."""
        return self._former_names

    def away(self) -> dict[str, datetime]:
        """Give the hosts that are not connected, with when they were last."""
        return {name: report.last_contact for name, report in self._by_name.items() if not report.alive}

    @property
    def refused(self) -> tuple[HostReport, ...]:
        """Those that use the names of other hosts, and are not served."""
        return self._refused

    def listen(self, listener: Callable[[list[HostReport]], None]) -> None:
        """Have `listener` called with each host that is not as it was before; it must not wait."""
        self._listeners.append(listener)

    def remember(self, kept: Iterable[KnownHost]) -> None:
        """Take over what the store keeps of hosts."""
        with self._lock:
            self._kept = {host.name: host for host in kept} | self._kept
            self._show()

    def replace(
        self, reports: Iterable[HostReport], all_had_time: bool = True
    ) -> list[KnownHost | FormerName]:
        """Take over new reports; give what the store is to keep of them, and of what nothing any more.

        `all_had_time`: a host that has not connected yet is waited for no longer.
        """
        listed = list(reports)
        told = {report.host: report for report in listed if not report.refused}
        with self._lock:
            # What was on its way when a host was forgotten does not bring it back.
            self._forgotten = {name: old for name, old in self._forgotten.items() if _is_no_news(told, old)}
            told = {name: report for name, report in told.items() if name not in self._forgotten}
            former = former_names(self._kept, told)
            self._told = told
            self._refused = tuple(report for report in listed if report.refused)
            self._all_had_time = all_had_time
            new = learned(self._kept, self._told.values())
            gone = {former_name.name for former_name in former}
            kept = {name: host for name, host in self._kept.items() if name not in gone}
            self._kept = bounded(kept | {host.name: host for host in new}, self._told)
            self._show()
        return [*former, *new]

    def listen_to_forgetting(self, listener: Callable[[str], None]) -> None:
        """Have `listener` called with the name of each host that is about to be forgotten."""
        self._before_forgetting.append(listener)

    @contextmanager
    def forgetting(self, report: HostReport) -> Iterator[None]:
        """Forget a host that is gone with what is done under this; what is on its way counts no more."""
        with self._lock:
            self._forgotten[report.host] = report
        try:
            for listener in self._before_forgetting:
                listener(report.host)
            yield
        except BaseException:
            with self._lock:
                self._forgotten.pop(report.host, None)
            raise
        with self._lock:
            self._kept.pop(report.host, None)
            self._told.pop(report.host, None)
            self._show()

    def _report_of(self, host: KnownHost) -> HostReport | None:
        """Give what is shown of a host; where an error of ours is about it, what it was, if it was."""
        try:
            return report_of(host, self._told.get(host.name), awaited=not self._all_had_time)
        except Exception as error:
            self._failures.note("a host could not be shown", error, f"host {host.name}")
            return self._by_name.get(host.name)

    def _show(self) -> None:
        kept = {name: report for name, host in self._kept.items() if (report := self._report_of(host))}
        before, self._by_name = self._by_name, self._told | kept
        self._former_names = {
            former: name for name, report in self._by_name.items() for former in report.former_names or ()
        }
        if self._listeners:
            self._tell(before)

    def _tell(self, before: Mapping[str, HostReport]) -> None:
        now = self._by_name
        gone = [report for name, report in before.items() if name not in now]
        news = [report for name, report in now.items() if _state(report) != _state(before.get(name))]
        for listener in self._listeners if gone or news else ():
            listener([*gone, *news])


def _state(report: HostReport | None) -> HostReport | None:
    """Give what is shown of a host without what changes all the time."""
    return report and replace(report, last_contact=report.started_at, dhcp_counters=(), counts=HostCounts())


def _is_no_news(told: Mapping[str, HostReport], forgotten: HostReport) -> bool:
    report = told.get(forgotten.host)
    return report is not None and not report.alive and report.last_contact == forgotten.last_contact


class Questions:
    """Asks and waits; with no controller behind it, every question is refused."""

    def __init__(self, send: Callable[[Query], None] | None = None) -> None:
        self._send = send
        self._numbers = itertools.count(1)
        self._counting = threading.Lock()
        self._waiting: dict[int, tuple[threading.Event, list[Answer]]] = {}
        self.asked: Counter[tuple[str, str]] = Counter()  # by name and what came of it
        self.explained: Counter[str] = Counter()  # by the code of the verdict
        self.heard_at: float | None = None  # when the controller last said anything

    def hear(self) -> None:
        """Note that the controller lives."""
        self.heard_at = time.monotonic()

    def ask(self, question: Question[A]) -> A:
        """Ask the controller and give its answer. Raises ServiceUnavailable."""
        result = "failed"
        try:
            value: A = self._ask(question)
            result = "answered"
            return value
        finally:
            self._count(self.asked, (question.name, result))

    def note_verdict(self, code: str) -> None:
        """Count an explanation by the code of its verdict."""
        self._count(self.explained, code)

    def _count(self, counter: Counter[K], key: K) -> None:
        with self._counting:
            counter[key] += 1

    def _ask(self, question: Question[Any]) -> Any:
        if self._send is None:
            raise ServiceUnavailable("There is no controller to ask.")
        number, answered, answers = next(self._numbers), threading.Event(), list[Answer]()
        self._waiting[number] = (answered, answers)
        try:
            self._send(Query(number, question))
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
