"""How port reports are recorded when something is wrong."""

from pathlib import Path

import pytest

from osken_apps.errors import StoreUnavailable
from osken_apps.model.changes import PortReport
from osken_apps.model.resources import Binding, PortStatus
from osken_apps.rest import process
from osken_apps.rest.process import Recorder
from osken_apps.store.store import Store
from osken_apps.store.transaction import Transaction

GOOD = PortReport("good", Binding("host1", 1), PortStatus.ACTIVE)
BAD = PortReport("bad", None, PortStatus.DOWN)


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[PortReport]:
    """Give the reports that reach the store; one of them always breaks."""
    done: list[PortReport] = []

    def record(_transaction: Transaction, reports: tuple[PortReport, ...]) -> None:
        if BAD in reports:
            raise RuntimeError("this report breaks")
        done.extend(reports)

    monkeypatch.setattr(process, "record", record)
    return done


def test_a_report_that_breaks_does_not_take_the_others_with_it(
    tmp_path: Path, recorded: list[PortReport], caplog: pytest.LogCaptureFixture
) -> None:
    recorder = Recorder(Store(f"sqlite:///{tmp_path}/osken-net.db"))
    assert recorder._recorded((BAD, GOOD)) is True
    assert recorded == [GOOD]
    assert "a port report is dropped" in caplog.text


def test_reports_are_kept_while_the_database_is_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def record(_transaction: Transaction, _reports: tuple[PortReport, ...]) -> None:
        raise StoreUnavailable("gone")

    monkeypatch.setattr(process, "record", record)
    recorder = Recorder(Store(f"sqlite:///{tmp_path}/osken-net.db"))
    assert recorder._recorded((GOOD,)) is False
