"""Logs for programs: each record is one line, and one object."""

import ast
import json
import logging
import subprocess
import sys

from osken_apps.logs import JsonFormatter
from tests.unit.modules import modules

PROGRAM = """
import logging
from osken_apps.logs import LogFormat, begin
begin(LogFormat({!r}), debug=False)
logging.getLogger("a.b").warning("%s\\n\\u2028 {{}}", "first")
logging.getLogger("a.b").debug("not heard")
logging.getLogger("alembic.runtime.migration").info("not heard: Will assume non-transactional DDL.")
try:
    raise ValueError("no\\n<0>2026-11-27 04:00:00,000 INFO a: forged\\x1b[2J")
except ValueError:
    logging.getLogger("c").exception("second")
"""


def logged(log_format: str) -> list[str]:
    command = [sys.executable, "-c", PROGRAM.format(log_format)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stderr.splitlines()


def test_each_record_is_one_object_on_one_line() -> None:
    first, second = map(json.loads, logged("json"))
    assert (first["level"], first["logger"], first["message"]) == ("WARNING", "a.b", "first\n\u2028 {}")
    assert "traceback" not in first
    assert (second["level"], second["message"]) == ("ERROR", "second")
    assert second["traceback"].endswith("INFO a: forged\x1b[2J")


def test_the_time_is_in_utc_with_milliseconds() -> None:
    record = logging.makeLogRecord({"created": 1.5, "msg": "x"})
    assert json.loads(JsonFormatter().format(record))["time"] == "1970-01-01T00:00:01.500+00:00"


def test_a_record_of_text_is_one_line_and_a_traceback_is_no_line_of_ours() -> None:
    first, second, *traceback = logged("text")
    assert first.endswith(" WARNING a.b: first\\n\\u2028 {}")
    assert second.endswith(" ERROR c: second")
    assert traceback[0] == " Traceback (most recent call last):"
    assert traceback[-2:] == [" ValueError: no", " <0>2026-11-27 04:00:00,000 INFO a: forged\\x1b[2J"]
    assert all(line.startswith(" ") for line in traceback)


def test_no_other_module_says_what_the_log_looks_like() -> None:
    named = {name: module for name, module in modules().items() if "basicConfig" in module.text}
    said = {name for name, module in named.items() if "basicConfig" in ast.dump(module.tree)}
    assert said == {"osken_apps.logs"}
