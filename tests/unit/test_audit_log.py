"""The audit log as a file: behind everybody's back, whole, and not for everybody's eyes."""

import json
import stat
import threading
from pathlib import Path
from typing import Any

import pytest

from osken_apps.errors import ConfigurationError
from osken_apps.rest import audit_log
from osken_apps.rest.audit_log import AuditLog
from osken_apps.rest.request import Answer
from osken_apps.rest.server.environ import CLIENT


def test_entries_are_lines_of_a_file_that_others_cannot_read(tmp_path: Path) -> None:
    file = tmp_path / "audit.log"
    audit = AuditLog(file)
    audit.write({"status": 201})
    audit.write({"path": "/é\n"})
    audit.close()
    assert [json.loads(line) for line in file.read_text().splitlines()] == [{"status": 201}, {"path": "/é\n"}]
    assert stat.S_IMODE(file.stat().st_mode) & ~0o640 == 0


def test_a_file_that_was_moved_away_is_begun_anew(tmp_path: Path) -> None:
    file = tmp_path / "audit.log"
    audit = AuditLog(file)
    file.rename(tmp_path / "audit.log.1")
    audit.write({"status": 204})
    audit.close()
    assert json.loads(file.read_text()) == {"status": 204}


def test_a_slow_disk_delays_nobody_and_what_was_lost_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_log, "MAX_WAITING", 2)
    gate, begun = threading.Event(), threading.Event()
    file = tmp_path / "audit.log"
    audit = AuditLog(file)
    write = audit._write

    def slow(entry: Any) -> None:
        begun.set()
        gate.wait()
        write(entry)

    monkeypatch.setattr(audit, "_write", slow)
    audit.write({"n": 0})
    assert begun.wait(60)
    for number in range(1, 6):
        audit.write({"n": number})
    gate.set()
    audit.close()
    assert [json.loads(line) for line in file.read_text().splitlines()] == [
        {"n": 0},
        {"lost": 3},
        {"n": 1},
        {"n": 2},
    ]


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"\[api\] audit_log: .*nowhere.*No such file"):
        AuditLog(tmp_path / "nowhere" / "audit.log")


def test_an_entry_says_from_where_a_request_came_before_a_proxy() -> None:
    environ = {"REQUEST_METHOD": "POST", "PATH_INFO": "/v2.0/networks", "REMOTE_ADDR": "127.0.0.1"}
    entries = [
        audit_log.entry_of("req-1", environ | more, None, Answer(401), None)
        for more in ({}, {CLIENT: "192.0.2.1"})
    ]
    assert [entry and entry["from"] for entry in entries] == ["127.0.0.1", "192.0.2.1"]


@pytest.mark.parametrize(
    ("path", "status", "noted"), [("/explain", 200, False), ("/explain", 403, True), ("/ports", 200, True)]
)
def test_a_question_is_no_change(path: str, status: int, noted: bool) -> None:
    environ = {"REQUEST_METHOD": "POST", "PATH_INFO": f"/v2.0{path}"}
    assert bool(audit_log.entry_of("r", environ, None, Answer(status), None)) is noted
