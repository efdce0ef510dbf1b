"""Questions of the REST process, answered beside the link: one that breaks costs only itself. SHELL."""

from collections.abc import Callable, Mapping
from typing import Any

from osken_apps.apps import runtime
from osken_apps.failures import Failures
from osken_apps.link import Answer, Query

MAX_QUERIES = 8
DEADLINE_S = 2.0

Handlers = Mapping[str, Callable[..., Any]]


class Queries:
    """Answers questions by name, so many at a time, each within its deadline; an error is an answer, too."""

    def __init__(self, handlers: Handlers, answer: Callable[[Answer], None], failures: Failures) -> None:
        self._handlers = handlers
        self._answer = answer
        self._failures = failures
        self._running = 0

    def take(self, query: Query) -> None:
        """Have a question answered; waits for nothing."""
        if self._running >= MAX_QUERIES:
            self._answer(Answer(query.number, error=f"the controller answers {MAX_QUERIES} others just now"))
            return
        self._running += 1
        runtime.spawn(self._run, query)

    def _run(self, query: Query) -> None:
        answered = runtime.once()
        task = runtime.spawn(lambda: answered.send(self._answer_to(query)))
        if runtime.wait_within(DEADLINE_S, answered):
            answer: Answer = answered.wait()
        else:
            task.kill()
            answer = Answer(query.number, error=f"the controller had no answer within {DEADLINE_S:.0f} s")
        self._running -= 1
        self._answer(answer)

    def _answer_to(self, query: Query) -> Answer:
        try:
            return Answer(query.number, self._handlers[query.name](*query.arguments))
        except Exception as error:
            self._failures.note(f"the query {query.name} failed", error)
            return Answer(query.number, error="an error of the controller; see its log")
