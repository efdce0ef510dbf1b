"""Writers have their turn in the order in which they came."""

import threading

import pytest

from osken_apps.errors import StoreUnavailable
from osken_apps.store import writer
from osken_apps.store.writer import WriterQueue


def waiting(queue: WriterQueue, number: int) -> None:
    """Wait until so many wait."""
    while len(queue._waiting) < number:
        threading.Event().wait(0.001)


def test_whoever_has_waited_longest_is_next_also_before_one_that_has_just_been() -> None:
    queue, order = WriterQueue(), []

    def write(name: str, times: int = 1) -> None:
        for _ in range(times):
            with queue.turn():
                order.append(name)

    threads = [threading.Thread(target=write, args=arguments) for arguments in (("many", 3), ("one",))]
    with queue.turn():
        for number, thread in enumerate(threads, 1):
            thread.start()
            waiting(queue, number)
    for thread in threads:
        thread.join()
    assert order == ["many", "one", "many", "many"]


def test_who_gives_up_waiting_leaves_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "WRITER_TIMEOUT_S", 0.01)
    queue = WriterQueue()
    with queue.turn(), pytest.raises(StoreUnavailable, match="too long"):
        threading_error: list[Exception] = []

        def write() -> None:
            try:
                with queue.turn():
                    pass
            except StoreUnavailable as error:
                threading_error.append(error)

        thread = threading.Thread(target=write)
        thread.start()
        thread.join()
        raise threading_error[0]
    with queue.turn():
        pass


def test_an_exception_gives_the_turn_back() -> None:
    queue = WriterQueue()
    with pytest.raises(RuntimeError), queue.turn():
        raise RuntimeError
    with queue.turn():
        pass
