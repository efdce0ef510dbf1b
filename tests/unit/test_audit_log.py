"""The audit log as a file: behind everybody's back, whole, and not for everybody's eyes."""

import json
import os
import resource
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


def test_a_pipe_that_nobody_reads_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(pipe := tmp_path / "audit.log")
    with pytest.raises(ConfigurationError, match=rf"\[api\] audit_log: {pipe}: No such device or address"):
        AuditLog(pipe)


def test_no_half_a_line_is_left_on_a_disk_that_is_full(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "audit.log"
    file.write_text(before := json.dumps({"status": 201, "path": "x" * 2**20}) + "\n")
    audit = AuditLog(file)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 5, hard))
    try:
        audit.write({"status": 204})
        audit.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert file.read_text() == before
    assert f'{file}: No space left on device: {{"status": 204}}' in caplog.text


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


def read(address: str, status: int = 401, **more: Any) -> dict[str, Any]:
    return {"from": address, "method": "GET", "path": "/v2.0/networks", "status": status} | more


def test_reads_of_nobody_that_are_refused_again_are_one_entry_a_minute(tmp_path: Path) -> None:
    file, now = tmp_path / "audit.log", [0.0]
    audit = AuditLog(file, lambda: now[0])
    for number in range(100):
        audit.write(read("192.0.2.1", request=f"req-{number}"))
        audit.write(read(f"2001:db8::{number}", 421))
    audit.write(read("192.0.2.1", 403))
    now[0] = 60.0
    audit.write(read("192.0.2.2"))
    audit.close()
    first, second, third, *rest = [json.loads(line) for line in file.read_text().splitlines()]
    assert [first, second] == [read("192.0.2.1", request="req-0"), read("2001:db8::0", 421)]
    assert third == read("192.0.2.1", 403)
    assert sorted(rest, key=lambda entry: str(entry["from"])) == [
        read("192.0.2.1", request="req-99", again=99),
        read("192.0.2.2"),
        read("2001:db8::99", 421, again=99),
    ]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/v2.0/networks", 401),
        ("POST", "/identity/v3/auth/tokens", 429),
        ("BREW", "/", 405),
        ("PUT", "/v2.0/networks/x", 421),
    ],
)
def test_changes_of_nobody_that_are_refused_again_are_one_entry_a_minute_too(
    tmp_path: Path, method: str, path: str, status: int
) -> None:
    audit = AuditLog(tmp_path / "audit.log", lambda: 0.0)
    for number in range(100):
        audit.write(read("192.0.2.1", status, method=method, path=path, request=f"req-{number}"))
    audit.close()
    entries = [json.loads(line) for line in (tmp_path / "audit.log").read_text().splitlines()]
    assert [entry.get("again") for entry in entries] == [None, 99]


def test_what_was_counted_is_written_when_its_minute_is_over_and_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_log, "LOOK_S", 0.01)
    file, now = tmp_path / "audit.log", [0.0]
    audit = AuditLog(file, lambda: now[0])
    for _ in range(3):
        audit.write(read("192.0.2.1"))
    now[0] = 60.0
    while not file.read_text().count("again"):
        pass
    audit.write(read("192.0.2.1"))
    audit.close()
    assert [json.loads(line).get("again") for line in file.read_text().splitlines()] == [None, 2, 1]


@pytest.mark.parametrize(
    "entry",
    [
        {"from": "192.0.2.1", "method": "POST", "path": "/v2.0/networks", "status": 201},
        {"from": "192.0.2.1", "method": "POST", "path": "/v2.0/networks", "status": 401, "user": "admin"},
        read("192.0.2.1", user="admin"),
        read("192.0.2.1", 403, user_id="u"),
    ],
)
def test_changes_and_whoever_gave_a_name_are_an_entry_each(tmp_path: Path, entry: dict[str, Any]) -> None:
    audit = AuditLog(tmp_path / "audit.log")
    for _ in range(3):
        audit.write(entry)
    audit.close()
    assert (tmp_path / "audit.log").read_text().splitlines() == [json.dumps(entry)] * 3
