"""What a command shows: tables for people, JSON, CSV and bare values for programs. SHELL.

A program gets whole values. On a terminal a table that is too wide is cut, but never an id. Colours are for
terminals whose user does not say NO_COLOR (no-color.org), progress is for those who see stderr on one. What
is not printable is shown as U+FFFD: a name is anybody's to give, and a terminal obeys what it is sent.
"""

import argparse
import csv
import io
import json
import os
import shutil
import sys
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum, StrEnum
from typing import Any, TextIO

from osken_apps.cli.command import WronglyAsked
from osken_apps.model.uuids import UUID

UNPRINTABLE = "\N{REPLACEMENT CHARACTER}"
MIN_WIDTH = 8  # of a column that is cut
DESCENDING = ":desc"
MARKS = ("Mn", "Me")  # what Unicode has over, under or around the character before

Row = Mapping[str, Any]


class Format(StrEnum):
    """How rows are written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    VALUE = "value"


class Tone(Enum):
    """What a colour says; the text must say it, too."""

    WELL = "32"
    DOUBTFUL = "33"
    BROKEN = "31"
    FAINT = "2"


#: Says by column and value how a cell is toned.
Tones = Callable[[str, Any], Tone | None]


def add_output(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what is shown, and how."""
    group = parser.add_argument_group("what is shown")
    group.add_argument(
        "-f",
        "--format",
        choices=[form.value for form in Format],
        default=Format.TABLE.value,
        help="how it is written (%(default)s)",
    )
    group.add_argument(
        "-c", "--column", action="append", metavar="COLUMN", help="only this; can be given more than once"
    )
    group.add_argument(
        "--sort", metavar=f"COLUMN[{DESCENDING}]", help="order the lines by a column, falling with :desc"
    )
    group.add_argument("--no-header", action="store_true", help="without the names of the columns")


def show(
    rows: Sequence[Row],
    columns: Sequence[str],
    parsed: argparse.Namespace,
    tones: Tones | None = None,
    more: Sequence[str] = (),
) -> None:
    """Print rows, each a value by column, as the options ask. Raises WronglyAsked.

    `columns` are those of a table; a row may have `more`, which JSON has and `-c` can ask for, also where
    there is no row.
    """
    had = list(dict.fromkeys((*columns, *(name for row in rows for name in row))))
    known = list(dict.fromkeys((*had, *more)))
    chosen = [_known(name, known) for name in parsed.column or ()]
    form = Format(parsed.format)
    listed = _sorted(rows, parsed.sort, known) if parsed.sort else list(rows)
    wanted = chosen or (had if form is Format.JSON else list(columns))
    if form is Format.JSON:
        print(json.dumps([{name: row.get(name) for name in wanted} for row in listed], indent=2))
        return
    cells = [[cell(row.get(name)) for name in wanted] for row in listed]
    if form is Format.VALUE:
        print("".join(f"{' '.join(line)}\n" for line in cells), end="")
        return
    of_cells = [[tones(name, row.get(name)) if tones else None for name in wanted] for row in listed]
    _print_table(wanted, cells, of_cells, parsed)


def show_one(row: Row, parsed: argparse.Namespace) -> None:
    """Print one thing: a line a value, in JSON an object. Raises WronglyAsked."""
    names = [_known(name, list(row)) for name in parsed.column or row]
    form = Format(parsed.format)
    if form is Format.JSON:
        print(json.dumps({name: row[name] for name in names}, indent=2))
        return
    cells = [[name, cell(row[name])] for name in names]
    if form is Format.VALUE:
        print("".join(f"{value}\n" for _, value in cells), end="")
        return
    _print_table(("field", "value"), cells, [[None, None]] * len(cells), parsed)


def cell(value: Any) -> str:
    """Write a value in one line."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return ", ".join(map(cell, value))
        case dict():
            return ", ".join(f"{name}={cell(part)}" for name, part in value.items())
    return "".join(char if char.isprintable() else UNPRINTABLE for char in str(value))


def toned(text: str, tone: Tone | None) -> str:
    """Give a text in its colour, where it is written to a terminal that has some."""
    if tone is None or not has_colours():
        return text
    return f"\x1b[{tone.value}m{text}\x1b[0m"


def has_colours() -> bool:
    """Tell whether colours may be written to the output."""
    return _obeys(sys.stdout) and not os.environ.get("NO_COLOR")


def _obeys(stream: TextIO) -> bool:
    """Tell whether a stream is a terminal that does what control sequences say."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Give what says how far long work is; heard on a terminal only, and gone at the end."""
    stream = sys.stderr
    if not _obeys(stream):
        yield lambda text: None
        return

    def say(text: str) -> None:
        print(f"\r\x1b[K{cell(text)}", end="", file=stream, flush=True)

    try:
        yield say
    finally:
        print("\r\x1b[K", end="", file=stream, flush=True)


def refuse_unknown_columns(columns: Sequence[str], parsed: argparse.Namespace) -> None:
    """Raise WronglyAsked for a column that there will not be, before anything is done that is to be shown."""
    for name in (*(parsed.column or ()), *([_sorted_by(parsed.sort)] if parsed.sort else ())):
        _known(name, columns)


def _sorted_by(sort: str) -> str:
    return sort.removesuffix(DESCENDING)


def _known(name: str, known: Sequence[str]) -> str:
    if name not in known:
        raise WronglyAsked(f"there is no column {name!r}: there are {', '.join(known)}")
    return name


def _sorted(rows: Sequence[Row], by: str, known: Sequence[str]) -> list[Row]:
    name = _known(_sorted_by(by), known)
    return sorted(rows, key=lambda row: _order(row.get(name)), reverse=by.endswith(DESCENDING))


def _order(value: Any) -> tuple[int, float, str]:
    """Order numbers by size, and before texts."""
    if isinstance(value, int | float):
        return 0, float(value), ""
    return 1, 0.0, cell(value)


def _print_table(
    columns: Sequence[str], cells: list[list[str]], tones: list[list[Tone | None]], parsed: argparse.Namespace
) -> None:
    """Print lines with the names of their columns above, for people or as CSV."""
    if Format(parsed.format) is Format.CSV:
        text = io.StringIO()
        header = [] if parsed.no_header else [columns]
        csv.writer(text, lineterminator="\n").writerows([*header, *cells])
        print(text.getvalue(), end="")
    else:
        print(_table(columns, cells, tones, with_header=not parsed.no_header))


def _table(
    columns: Sequence[str], cells: list[list[str]], tones: list[list[Tone | None]], *, with_header: bool
) -> str:
    """Draw a table as the openstack command does."""
    widths = [max(map(_width, column)) for column in zip(columns, *cells, strict=True)]
    if sys.stdout.isatty():
        widths = _fitting(widths, cells, shutil.get_terminal_size().columns)
    rule = "+" + "+".join("-" * (width + 2) for width in widths) + "+"
    plain: list[Tone | None] = [None] * len(columns)
    body = [_line(line, widths, of_line) for line, of_line in zip(cells, tones, strict=True)]
    head = [rule, _line(columns, widths, plain)] if with_header else []
    return "\n".join([*head, rule, *body, rule] if body else [*head, rule])


def _line(cells: Sequence[str], widths: Sequence[int], tones: Sequence[Tone | None]) -> str:
    parts = [
        toned(_fitted(text, width), tone) for text, width, tone in zip(cells, widths, tones, strict=True)
    ]
    return f"| {' | '.join(parts)} |"


def _fitted(text: str, width: int) -> str:
    """Give a text in so many columns of a terminal, cut or filled up."""
    taken, end = _width(text), len(text)
    if taken > width:
        while taken >= width:
            end -= 1
            taken -= _columns(text[end])
        text, taken = f"{text[:end]}…", taken + 1
    return text + " " * (width - taken)


def _width(text: str) -> int:
    """Count the columns that a text takes on a terminal."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.category(character) in MARKS:
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def _fitting(widths: list[int], cells: list[list[str]], room: int) -> list[int]:
    """Take from the widest columns until a table fits, and nothing from those that have ids."""
    fitting = list(widths)
    has_id = [any(UUID.search(line[index]) for line in cells) for index in range(len(widths))]
    while sum(fitting) + 3 * len(fitting) + 1 > room:
        width, index = max(
            ((width, index) for index, width in enumerate(fitting) if not has_id[index]), default=(0, 0)
        )
        if width <= MIN_WIDTH:
            break
        fitting[index] -= 1
    return fitting
