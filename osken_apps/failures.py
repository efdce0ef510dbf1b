"""Exceptions that cost one message each and nothing else: each kind is logged once, all are counted."""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LOG = logging.getLogger(__name__)

BEGIN_AGAIN_S = 1.0

Kind = tuple[str, type[BaseException], str, int]

#: How many there were in this process, by what failed.
noted: Counter[str] = Counter()
_counting = threading.Lock()


class Failures:
    """Counts exceptions by what failed, their type and the line that raised them."""

    def __init__(self) -> None:
        self.counts: Counter[Kind] = Counter()

    def note(self, what: str, error: BaseException, detail: object = "") -> None:
        """Count an exception; the first of a kind is logged with its traceback, the 10th, 100th … in a line.

        `what` says what failed, with no ids in it: it is part of the kind. `detail` is shown with the first.
        """
        kind = (what, type(error), *_origin(error))
        with _counting:
            self.counts[kind] += 1
            noted[what] += 1
            count = self.counts[kind]
        if count == 1:
            LOG.error("%s: %s" if detail else "%s%s", what, detail, exc_info=error)
        elif count == 10 ** (len(str(count)) - 1):
            LOG.error("%s, for the %dth time: %r", what, count, error)

    @contextmanager
    def guarded(
        self, what: str, detail: object = "", let_through: tuple[type[Exception], ...] = ()
    ) -> Iterator[None]:
        """Have an exception end what is done under this, and nothing else: it is noted. See `note`."""
        try:
            yield
        except let_through:
            raise
        except Exception as error:
            self.note(what, error, detail)

    def again_and_again(
        self, wait: Callable[[float], object], work: Callable[..., object], *arguments: object
    ) -> None:
        """Do what others count on; what an error ends begins again, soon. `wait` lets seconds pass."""
        while True:
            try:
                work(*arguments)
                return
            except Exception as error:
                self.note(f"{name_of(work)} ended by an error, and begins again", error)
            wait(BEGIN_AGAIN_S)


def name_of(work: Callable[..., object]) -> str:
    """Say what a function is called."""
    return str(getattr(work, "__qualname__", work))


def _origin(error: BaseException) -> tuple[str, int]:
    """Give file and line that raised an exception."""
    traceback = error.__traceback__
    while traceback and traceback.tb_next:
        traceback = traceback.tb_next
    return (traceback.tb_frame.f_code.co_filename, traceback.tb_lineno) if traceback else ("", 0)
