"""Writers have their turn by project, and in a project in the order in which they came."""

import threading

import pytest

from osken_apps.errors import StoreUnavailable
from osken_apps.store import writer
from osken_apps.store.writer import WriterQueue


def waiting(queue: WriterQueue, number: int) -> None:
    """Wait until so many wait."""
    while len(queue._waiting) < number:
        threading.Event().wait(0.001)


def written(*writers: tuple[str, str]) -> list[str]:
    """Give the order in which some write, each by its project and name, who came one after the other while
    somebody of the first one's project wrote.
    """
    queue, order = WriterQueue(), []

    def write(project_id: str, name: str) -> None:
        with queue.turn(project_id):
            order.append(name)

    threads = [threading.Thread(target=write, args=writer) for writer in writers]
    with queue.turn(writers[0][0]):
        for number, thread in enumerate(threads, 1):
            thread.start()
            waiting(queue, number)
    for thread in threads:
        thread.join()
    return order


def test_whoever_has_waited_longest_of_a_project_is_next() -> None:
    assert written(("p", "first"), ("p", "second"), ("p", "third")) == ["first", "second", "third"]


def test_one_project_s_many_writes_hold_up_another_s_by_one() -> None:
    many = ("p", "p1"), ("p", "p2"), ("p", "p3")
    assert written(*many, ("q", "q1"), ("q", "q2"), ("r", "r1")) == ["q1", "r1", "p1", "q2", "p2", "p3"]


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
