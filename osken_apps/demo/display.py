"""How the demo looks: what the reference says beside what is here, and a verdict; counts the verdicts."""

import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

COLUMN = 62
MARKS = {True: "ok  ", False: "FAIL"}


@dataclass
class Display:
    """Prints the story; `failed` collects what did not come out as it should."""

    failed: list[str] = field(default_factory=list)
    passed: int = 0

    def title(self, text: str) -> None:
        """Begin a use case."""
        self._print(f"\n{text}\n{'=' * len(text)}")

    def say(self, text: str) -> None:
        """Tell what happens."""
        self._print("\n" + textwrap.fill(text, 2 * COLUMN))

    def show(self, text: str) -> None:
        """Show a program's output."""
        self._print(textwrap.indent(text.rstrip(), "    "))

    def beside(self, reference: Sequence[str], here: Sequence[str]) -> None:
        """Show lines of the reference beside lines from here."""
        self._print(f"\n  {'the reference':<{COLUMN}}| here")
        self._print(f"  {'-' * COLUMN}+{'-' * COLUMN}")
        left, right = _wrapped(reference), _wrapped(here)
        for one, other in zip_longest(left, right, fillvalue=""):
            self._print(f"  {one:<{COLUMN}}| {other}")

    def verdict(self, what: str, holds: bool) -> None:
        """Say whether something came out as it should."""
        self._print(f"  [{MARKS[holds]}] {what}")
        if holds:
            self.passed += 1
        else:
            self.failed.append(what)

    def _print(self, text: str) -> None:
        print(text)
        sys.stdout.flush()


def _wrapped(lines: Sequence[str]) -> list[str]:
    return [
        part
        for line in lines
        for part in textwrap.wrap(line, COLUMN - 1, subsequent_indent="    ", break_on_hyphens=False) or [""]
    ]
