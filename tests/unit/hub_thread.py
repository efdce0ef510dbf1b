"""Running a test inside a hub of its own: eventlet has a hub per thread."""

import threading
from collections.abc import Callable

import eventlet.hubs

from osken_apps.apps.hub import Hub

LIMIT_S = 180.0


def in_a_hub(work: Callable[[Hub], object]) -> None:
    """Run `work` in a greenthread of a new hub; raise what it raises."""
    trouble: list[BaseException] = []

    def run() -> None:
        eventlet.hubs.use_hub(Hub)
        try:
            with eventlet.Timeout(LIMIT_S):
                work(eventlet.hubs.get_hub())
        except BaseException as error:
            trouble.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if trouble:
        raise trouble[0]
