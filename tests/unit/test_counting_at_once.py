"""What several threads count at once is counted whole: a new key of a counter is looked up in Python."""

import logging
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from osken_apps.failures import Failures
from osken_apps.rest.controller import Questions

THREADS = 4
KEYS = 200
ROUNDS = 50


@pytest.fixture(autouse=True)
def restless() -> Iterator[None]:
    """Have threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def counted(count: Callable[[str], None]) -> None:
    """Count each key once in each thread."""
    together = threading.Barrier(THREADS)

    def work() -> None:
        together.wait()
        for number in range(KEYS):
            count(str(number))

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_verdicts_are_counted_whole() -> None:
    for _ in range(ROUNDS):
        questions = Questions()
        counted(questions.note_verdict)
        assert set(questions.explained.values()) == {THREADS}


def test_errors_are_counted_whole(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    for _ in range(ROUNDS):
        failures, error = Failures(), ValueError()
        counted(lambda what, failures=failures, error=error: failures.note(what, error))  # type: ignore[misc]
        assert set(failures.counts.values()) == {THREADS}
