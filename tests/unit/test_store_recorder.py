"""How port reports are recorded when something is wrong."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from osken_apps.backoff import Backoff
from osken_apps.errors import StoreUnavailable
from osken_apps.failures import Failures
from osken_apps.model.changes import PortReport
from osken_apps.model.known_hosts import FormerName, KnownHost
from osken_apps.model.resources import Binding, PortStatus
from osken_apps.store import recorder as recorder_module
from osken_apps.store.recorder import Recorder
from osken_apps.store.store import Store
from osken_apps.store.transaction import Transaction
from tests.unit.rest_client import store_at

GOOD = PortReport("good", Binding("host1", 1), PortStatus.ACTIVE)
NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)
DEADLINE_S = 10.0
BAD = PortReport("bad", None, PortStatus.DOWN)
OTHER = PortReport("other", None, PortStatus.DOWN)
THIRD = PortReport("third", None, PortStatus.DOWN)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return store_at(f"sqlite:///{tmp_path}/osken-net.db")


@pytest.fixture
def recorder() -> Recorder:
    return Recorder(Failures())


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[PortReport]:
    """Give the reports that reach the store; one of them always breaks."""
    done: list[PortReport] = []

    def record(_transaction: Transaction, reports: tuple[PortReport, ...]) -> None:
        if BAD in reports:
            raise RuntimeError("this report breaks")
        done.extend(reports)

    monkeypatch.setattr(recorder_module, "record", record)
    return done


def test_a_report_that_breaks_does_not_take_the_others_with_it(
    store: Store, recorder: Recorder, recorded: list[PortReport], caplog: pytest.LogCaptureFixture
) -> None:
    recorder.record(store, (BAD, GOOD))
    assert recorded == [GOOD]
    assert f"a report is dropped: {BAD}" in caplog.text


class Ended(BaseException):
    """Ends what runs for ever."""


class OneCommit:
    """A store that ends whoever has written to it; `away` is called where it is away at first."""

    def __init__(self, store: Store, away: Callable[[], None] | None = None) -> None:
        self._store = store
        self._away = away

    @contextmanager
    def write(self, lazy: bool) -> Iterator[Transaction]:
        if self._away:
            away, self._away = self._away, None
            away()
            raise StoreUnavailable("gone")
        with self._store.write(lazy=lazy) as transaction:
            yield transaction
        raise Ended


def run(recorder: Recorder, store: Store, away: Callable[[], None] | None = None) -> None:
    """Run a recorder until it has written once."""

    def work() -> None:
        with suppress(Ended):
            recorder.run(OneCommit(store, away))  # type: ignore[arg-type]

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(DEADLINE_S)
    assert not thread.is_alive()


def hosts_of(store: Store) -> list[KnownHost]:
    with store.read() as view:
        return view.known_hosts()


def test_reports_are_kept_while_the_database_is_away(
    store: Store,
    recorder: Recorder,
    recorded: list[PortReport],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(recorder_module, "FIRST_BACKOFF_S", 0.001)
    recorder.add((GOOD, KnownHost("host1", NOW), OTHER))
    run(recorder, store, away=lambda: None)
    assert (recorded, hosts_of(store)) == ([GOOD, OTHER], [KnownHost("host1", NOW)])
    assert caplog.messages == ["3 reports wait: The database is not available: gone."]


def test_a_report_that_waits_gives_way_to_a_newer_one_of_its_port(
    store: Store, recorder: Recorder, recorded: list[PortReport], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder_module, "FIRST_BACKOFF_S", 0.001)
    newer = PortReport("good", None, PortStatus.DOWN)
    recorder.add((GOOD, OTHER))
    run(recorder, store, away=lambda: recorder.add((newer,)))
    assert recorded == [newer, OTHER]


FORGOTTEN = PortReport("good", None, PortStatus.DOWN)


def test_of_a_host_that_is_forgotten_nothing_is_recorded_and_its_ports_are_nowhere(
    store: Store, recorder: Recorder, recorded: list[PortReport]
) -> None:
    elsewhere = PortReport("elsewhere", Binding("host2", 1), PortStatus.ACTIVE)
    recorder.add((GOOD, KnownHost("host1", NOW), KnownHost("host2", NOW), elsewhere))
    recorder.forget("host1")
    run(recorder, store)
    assert (recorded, hosts_of(store)) == ([FORGOTTEN, elsewhere], [KnownHost("host2", NOW)])


def test_what_could_not_be_recorded_just_now_is_forgotten_with_its_host_too(
    store: Store, recorder: Recorder, recorded: list[PortReport], monkeypatch: pytest.MonkeyPatch
) -> None:
    class UntilForgotten(Backoff):
        def failed(self) -> float:
            forgetting.join(DEADLINE_S)
            assert not forgetting.is_alive()
            return 0.0

    forgetting = threading.Thread(target=recorder.forget, args=("host1",), daemon=True)
    monkeypatch.setattr(recorder_module, "Backoff", UntilForgotten)
    recorder.add((GOOD,))
    run(recorder, store, away=forgetting.start)
    assert recorded == [FORGOTTEN]


def test_what_is_to_be_kept_of_a_host_is_recorded_among_the_reports_of_ports(
    store: Store, recorder: Recorder, recorded: list[PortReport]
) -> None:
    older, newer = KnownHost("host1", NOW), KnownHost("host1", NOW, "netdev")
    recorder.add((older, GOOD))
    recorder.add((newer,))
    run(recorder, store)
    assert (hosts_of(store), recorded) == ([newer], [GOOD])


def test_of_too_many_hosts_those_that_came_first_are_recorded_no_more(
    store: Store, recorder: Recorder, recorded: list[PortReport], monkeypatch: pytest.MonkeyPatch
) -> None:
    with store.write(lazy=True) as transaction:
        for number in range(5):
            transaction.keep_host(KnownHost(f"former{number}", NOW))
    monkeypatch.setattr(recorder_module, "MAX_KNOWN_HOSTS", 2)
    recorder.add((GOOD, OTHER, THIRD))
    for number in range(5):
        recorder.add([KnownHost(f"host{number}", NOW), FormerName(f"former{number}")])
    run(recorder, store)
    assert recorded == [GOOD, OTHER, THIRD]
    assert {host.name for host in hosts_of(store)} == {"former0", "former1", "former2", "former3", "host4"}
