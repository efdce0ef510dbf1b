"""What commands print: for people on a terminal, for people elsewhere, and for programs."""

import argparse
import io
import json
import os
import re
import subprocess
import sys
from typing import Any

import pytest

from osken_apps import cli
from osken_apps.cli import output
from osken_apps.cli.command import WronglyAsked
from osken_apps.cli.output import Tone, add_output, progress, show, show_one

ID = "b85d4f1d-6000-4000-8000-1234567890ab"
ROWS = [
    {"name": "vm10", "id": ID, "rate": 10, "hosts": ["a", "b"], "well": True, "more": {"x": 1}},
    {"name": "vm2", "id": ID, "rate": 9.5, "hosts": [], "well": False, "more": {}},
    {"name": "vm3", "id": ID, "rate": None, "hosts": ["c"], "well": None, "more": None},
]
COLUMNS = ("name", "rate", "hosts", "well")


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def terminal_of(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Let the output be a terminal of 60 columns."""
    stream = Terminal()
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return stream


def parsed(*words: str) -> argparse.Namespace:
    """Read options."""
    parser = argparse.ArgumentParser()
    add_output(parser)
    return parser.parse_args(words)


def printed(capsys: pytest.CaptureFixture[str], *words: str, rows: Any = ROWS) -> str:
    """Give what is shown with these options."""
    show(rows, COLUMNS, parsed(*words))
    return capsys.readouterr().out


def test_a_table_is_drawn_as_the_openstack_command_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys) == (
        "+------+------+-------+------+\n"
        "| name | rate | hosts | well |\n"
        "+------+------+-------+------+\n"
        "| vm10 | 10   | a, b  | yes  |\n"
        "| vm2  | 9.5  |       | no   |\n"
        "| vm3  |      | c     |      |\n"
        "+------+------+-------+------+\n"
    )


def test_json_has_all_that_is_known_and_whole_values(capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(printed(capsys, "-f", "json")) == ROWS
    chosen = json.loads(printed(capsys, "-f", "json", "-c", "more", "-c", "name"))
    assert [list(row) for row in chosen] == [["more", "name"]] * 3


def test_csv_and_values(capsys: pytest.CaptureFixture[str]) -> None:
    csv = printed(capsys, "-f", "csv", "-c", "name", "-c", "hosts")
    assert csv == 'name,hosts\nvm10,"a, b"\nvm2,\nvm3,c\n'
    assert printed(capsys, "-f", "csv", "-c", "name", "--no-header") == "vm10\nvm2\nvm3\n"
    assert printed(capsys, "-f", "value", "-c", "name", "-c", "more") == "vm10 x=1\nvm2 \nvm3 \n"
    assert printed(capsys, "-f", "value", rows=[]) == ""


def test_lines_are_in_order_of_numbers_and_of_texts(capsys: pytest.CaptureFixture[str]) -> None:
    names = ("-f", "value", "-c", "name", "--sort")
    assert printed(capsys, *names, "rate").split() == ["vm2", "vm10", "vm3"]
    assert printed(capsys, *names, "rate:desc").split() == ["vm3", "vm10", "vm2"]
    assert printed(capsys, *names, "name").split() == ["vm10", "vm2", "vm3"]


@pytest.mark.parametrize("words", [("-c", "size"), ("--sort", "size")])
def test_a_column_that_there_is_not_is_wrongly_asked_for(words: tuple[str, ...]) -> None:
    with pytest.raises(WronglyAsked, match="there is no column 'size': there are name, rate, hosts, well"):
        show(ROWS, COLUMNS, parsed(*words))


def test_one_thing_is_shown_line_by_line(capsys: pytest.CaptureFixture[str]) -> None:
    show_one(ROWS[0], parsed("-c", "name", "-c", "hosts"))
    assert capsys.readouterr().out.splitlines()[1:5] == [
        "| field | value |",
        "+-------+-------+",
        "| name  | vm10  |",
        "| hosts | a, b  |",
    ]
    show_one(ROWS[0], parsed("-f", "value", "-c", "rate"))
    show_one(ROWS[0], parsed("-f", "json", "-c", "hosts"))
    assert capsys.readouterr().out == '10\n{\n  "hosts": [\n    "a",\n    "b"\n  ]\n}\n'


def test_a_name_cannot_speak_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"name": "vm\x1b[2J\nroot"}]
    for form in ("table", "csv", "value"):
        text = printed(capsys, "-f", form, "-c", "name", rows=rows)
        assert "vm\N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}root" in text
    assert json.loads(printed(capsys, "-f", "json", rows=rows))[0]["name"] == "vm\x1b[2J\nroot"


def test_in_a_pipe_nothing_is_cut_and_nothing_coloured(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    rows = [{"name": "x" * 100, "rate": ID}]
    show(rows, COLUMNS, parsed(), lambda column, value: Tone.BROKEN)
    text = capsys.readouterr().out
    assert ("x" * 100 in text, ID in text, "\x1b" in text) == (True, True, False)


def test_on_a_terminal_a_table_fits_and_ids_are_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = terminal_of(monkeypatch)
    show([{"name": "x" * 100, "rate": ID}], ("name", "rate"), parsed())
    lines = terminal.getvalue().splitlines()
    assert {len(line) for line in lines} == {60}
    assert ID in lines[3]
    assert "xxx… |" in lines[3]


def test_a_table_is_as_wide_as_its_names_are_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    wide = "\N{CJK UNIFIED IDEOGRAPH-7DB2}"  # two columns
    marked = "e\N{COMBINING ACUTE ACCENT}\N{THAI CHARACTER KO KAI}\N{THAI CHARACTER SARA I}"  # two
    terminal = terminal_of(monkeypatch)
    show([{"name": wide * 3}, {"name": marked}, {"name": "abcdef"}], ("name",), parsed())
    assert terminal.getvalue().splitlines()[3:6] == [f"| {wide * 3} |", f"| {marked}     |", "| abcdef |"]
    terminal.truncate(0)
    show([{"name": wide * 40}], ("name",), parsed())
    assert terminal.getvalue().splitlines()[3] == f"| {wide * 27}…  |"  # 60 columns


def test_colours_are_for_terminals_that_want_them(monkeypatch: pytest.MonkeyPatch) -> None:
    def tones(column: str, value: Any) -> Tone | None:
        return Tone.BROKEN if column == "well" and value is False else None

    terminal = terminal_of(monkeypatch)

    show(ROWS, COLUMNS, parsed(), tones)
    assert re.findall(r"\x1b\[31m(\w+) *\x1b\[0m", terminal.getvalue()) == ["no"]
    monkeypatch.setenv("NO_COLOR", "1")
    assert output.toned("x", Tone.WELL) == "x"
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert output.toned("x", Tone.WELL) == "x"


@pytest.mark.parametrize("stream", [Terminal(), io.StringIO()])
def test_progress_is_heard_on_a_terminal_only_and_leaves_nothing(
    stream: io.StringIO, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    with progress() as say:
        say("host 1 of 2")
    erased = "\r\x1b[K"
    assert stream.getvalue() == (f"{erased}host 1 of 2{erased}" if stream.isatty() else "")
    assert capsys.readouterr().out == ""


def test_a_terminal_that_erases_nothing_hears_of_no_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", stream := Terminal())
    monkeypatch.setenv("TERM", "dumb")
    with progress() as say:
        say("host 1 of 2")
    assert stream.getvalue() == ""


def test_whoever_reads_no_further_is_not_told_of_an_error() -> None:
    command = [sys.executable, "-m", "osken_apps.cli", "host-setup", "--controller", "192.0.2.1"]
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as gone:
        done = subprocess.run(command, stdout=gone, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (141, "")


def test_an_output_that_is_full_is_one_line_and_nothing_is_left_to_write(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert cli.main(["host-setup", "--controller", "192.0.2.1"]) == 1
        full.flush()
    assert capsys.readouterr().err == "osken-net: No space left on device\n"


@pytest.mark.parametrize(
    ("words", "status", "error"),
    [
        ("host-setup --controller 192.0.2.1 >&-", 1, "osken-net: Bad file descriptor\n"),
        ("host-setup --controller 192.0.2.1 >&- 2>&-", 1, ""),
        ("host-check --through false >&-", 3, "osken-net: false ovs-vsctl: exit status 1\n"),
        ("host-check --through false 2>&-", 3, ""),
        ("host-check --through false <&- >&- 2>&-", 3, ""),
        ("host-check --through false 2>/dev/full", 3, ""),
        ("host-check --nonsense 2>/dev/full", 2, ""),
        ("--help >&-", 1, "osken-net: Bad file descriptor\n"),
        ("status --help >/dev/full", 1, "osken-net: No space left on device\n"),
        ("--version >/dev/full 2>/dev/full", 1, ""),
    ],
)
def test_a_stream_that_is_closed_is_an_output_that_fails_or_an_error_that_nobody_hears(
    words: str, status: int, error: str
) -> None:
    command = ["sh", "-c", f"{sys.executable} -m osken_apps.cli {words}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (status, "", error)


def test_what_a_terminal_has_no_character_for_is_shown_as_another(monkeypatch: pytest.MonkeyPatch) -> None:
    octets = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(octets, encoding="ascii"))
    monkeypatch.setitem(cli.SUBCOMMANDS, "named", cli.Subcommand(__name__, "show a name"))
    assert cli.main(["named"]) == 0
    assert octets.getvalue() == b"Andr?\n"


def configure(parser: argparse.ArgumentParser) -> None:
    """Make a subcommand of this module: it shows a name."""
    parser.set_defaults(handler=lambda _: print("André") or 0)


def test_an_error_of_the_controller_keeps_the_place_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("osken_apps.config.load", _failing)
    with pytest.raises(OSError, match="unheard of"):
        cli.main(["run"])


def _failing(_: object) -> None:
    raise OSError("unheard of")
