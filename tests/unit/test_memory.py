"""The collector looks at the young only, and what ended is freed all the same."""

import gc
import logging
import weakref
from collections.abc import Iterator

import pytest

from osken_apps.apps import memory
from osken_apps.apps.memory import LINGERS_S, Endings, collect_everything, endings, keep_collections_short


class Thing:
    """Something that can refer to itself."""

    me: "Thing | None" = None


@pytest.fixture(scope="module", autouse=True)
def out_of_sight() -> Iterator[None]:
    """Put away what other tests have left: to look at it takes longer than all else here, and later."""
    gc.collect()
    gc.freeze()
    yield
    gc.freeze()


@pytest.fixture(autouse=True)
def short_collections() -> Iterator[None]:
    thresholds = gc.get_threshold()
    keep_collections_short()
    yield
    gc.callbacks.remove(memory._put_away)
    gc.set_threshold(*thresholds)
    endings.forget()


def cycle() -> Thing:
    thing = Thing()
    thing.me = thing
    return thing


def test_what_lived_through_a_look_is_not_looked_at_again() -> None:
    kept = [cycle() for _ in range(1000)]
    before = gc.get_freeze_count()
    gc.collect(1)
    assert gc.get_freeze_count() >= before + len(kept)
    assert not any(isinstance(item, Thing) for generation in range(3) for item in gc.get_objects(generation))


def test_what_is_garbage_when_it_is_looked_at_is_freed() -> None:
    reference = weakref.ref(cycle())
    gc.collect(1)
    assert reference() is None


def test_what_was_put_away_is_freed_when_nothing_refers_to_it() -> None:
    thing = Thing()
    reference = weakref.ref(thing)
    gc.collect(1)
    del thing
    assert reference() is None


def test_a_cycle_that_became_garbage_after_it_was_put_away_is_freed_with_everything(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    thing = cycle()
    reference = weakref.ref(thing)
    gc.collect(1)
    endings.note(thing)
    del thing
    gc.collect()
    assert reference() is not None
    collect_everything()
    assert reference() is None
    assert len(caplog.messages) == 1


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_what_ended_lingers_if_it_is_still_there_after_a_while() -> None:
    clock = Clock()
    watched, thing, other = Endings(clock), Thing(), Thing()
    watched.note(thing)
    watched.note(other)
    assert watched.lingering() == 0
    clock.now = LINGERS_S
    assert watched.lingering() == 2
    del other
    assert watched.lingering() == 1
    watched.forget()
    assert watched.lingering() == 0


def test_what_no_collection_frees_is_said_and_given_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    thing, clock = Thing(), Clock()
    monkeypatch.setattr(endings, "_clock", clock)
    endings.note(thing)
    clock.now = LINGERS_S
    collect_everything()
    assert caplog.messages == ["1 things that ended are still referred to"]
    assert endings.lingering() == 0
