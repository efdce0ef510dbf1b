"""How port reports are recorded when something is wrong."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

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
BAD = PortReport("bad", None, PortStatus.DOWN)


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


def test_reports_are_kept_while_the_database_is_away(
    store: Store, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def record(_transaction: Transaction, _reports: tuple[PortReport, ...]) -> None:
        raise StoreUnavailable("gone")

    monkeypatch.setattr(recorder_module, "record", record)
    with pytest.raises(StoreUnavailable):
        recorder.record(store, (GOOD,))


def test_a_report_that_waits_gives_way_to_a_newer_one_of_its_port(recorder: Recorder) -> None:
    newer = PortReport("good", None, PortStatus.DOWN)
    recorder.add((GOOD, BAD))
    assert recorder._next() == (GOOD, BAD)
    recorder.add((newer,))
    recorder._keep((GOOD, BAD))
    assert recorder._next() == (newer, BAD)


def test_what_is_to_be_kept_of_a_host_is_recorded_among_the_reports_of_ports(
    store: Store, recorder: Recorder, recorded: list[PortReport]
) -> None:
    older, newer = KnownHost("host1", NOW), KnownHost("host1", NOW, "netdev")
    recorder.add((older, GOOD))
    recorder.add((newer,))
    recorder.record(store, recorder._next())
    with store.read() as view:
        assert (view.known_hosts(), recorded) == ([newer], [GOOD])


def test_of_too_many_hosts_those_that_came_first_are_recorded_no_more(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder_module, "MAX_KNOWN_HOSTS", 2)
    recorder.add([GOOD, BAD, PortReport("third", None, PortStatus.DOWN)])
    for number in range(5):
        recorder.add([KnownHost(f"host{number}", NOW), FormerName(f"former{number}")])
    names = [one.port_id if isinstance(one, PortReport) else one.name for one in recorder._next()]
    assert names == ["good", "bad", "third", "host4", "former4"]
