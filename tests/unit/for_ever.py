"""What runs for ever in a thread, and ends with its test."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn


class Over(BaseException):
    """Ends it; nothing that guards it against errors takes this for one."""


@contextmanager
def for_ever(work: Callable[..., object], *arguments: object) -> Iterator[Callable[..., NoReturn]]:
    """Have `work` run; it has to call what this gives before the test is over, which ends it."""

    def run() -> None:
        with suppress(Over):
            work(*arguments)

    def end(*_: Any) -> NoReturn:
        raise Over

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield end
    thread.join()
