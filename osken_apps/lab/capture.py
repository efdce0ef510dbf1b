"""Seeing what passes an interface.

Owns one run of tcpdump(8): it has begun when the `with` body begins, and nothing that came before the end of
the body is missing from the text afterwards.
"""

import itertools
import os
import re
import shutil
import signal
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from osken_apps.lab import processes
from osken_apps.lab.network import Namespace
from osken_apps.lab.records import Site
from osken_apps.lab.shell import PATH, PATIENCE_S, LabError, wait_until

COUNTS = re.compile(r"(\d+) packets? captured, (\d+) packets? received by filter")

_numbers = itertools.count(1)


def own_copy(site: Site, program: str) -> str:
    """Give the path of the lab's own copy of a program.

    Debian's AppArmor profiles, which apply by path, keep the installed programs from the lab's files.
    """
    installed = shutil.which(program, path=PATH)
    if installed is None:
        raise LabError(f"{program} is not installed")
    copy = site.directory("bin") / program
    if not copy.exists():
        fresh = copy.with_name(program + ".new")
        shutil.copy(installed, fresh)
        fresh.rename(copy)
    return str(copy)


class Capture:
    """What passes one interface while the `with` body runs."""

    def __init__(
        self,
        site: Site,
        namespace: Namespace,
        owner: str,
        interface: str,
        expression: Sequence[str],
        flags: Sequence[str] = ("-e", "-v"),
    ) -> None:
        self._site = site
        self._namespace = namespace
        self._name = f"{owner}.tcpdump-{interface}-{os.getpid()}-{next(_numbers)}"
        self._argv = ["-n", "-l", *flags, "--immediate-mode", "-i", interface, *expression]
        self._log: Path = site.directory("captures") / f"{self._name}.text"
        self._process: processes.Process | None = None

    @property
    def text(self) -> str:
        """The packets seen so far, as tcpdump tells them; tcpdump's own remarks are among them."""
        return self._text_from(0)

    def _text_from(self, start: int) -> str:
        with self._log.open("rb") as log:
            log.seek(start)
            return log.read().decode(errors="replace")

    def wait_for(self, text: str, timeout_s: float = PATIENCE_S) -> None:
        """Wait until `text` has been seen."""
        wait_until(lambda: text in self.text, timeout_s, f"{text!r} in the capture {self._name}")

    def __enter__(self) -> Self:
        self._log.unlink(missing_ok=True)
        command = self._namespace.command([own_copy(self._site, "tcpdump"), *self._argv])
        self._process = processes.start(self._site, self._name, command, self._log)
        wait_until(self._listening, PATIENCE_S, f"{self._name} to listen")
        return self

    def _listening(self) -> bool:
        if self._process is not None and not self._process.is_running():
            raise LabError(f"tcpdump ended: {self.text.strip()}")
        return "listening on" in self.text

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None and self._process.is_running():
            _, received = self._counts()
            wait_until(
                lambda: self._has_printed(received), PATIENCE_S, f"{self._name} to print what it received"
            )
            processes.end_recorded(self._site, self._name, signal.SIGINT)

    def _counts(self) -> tuple[int, int]:
        """Ask tcpdump how many packets it has printed, and how many the kernel has given it."""
        told = self._log.stat().st_size
        if self._process is not None:
            self._process.send(signal.SIGUSR1)
        counts = wait_until(
            lambda: COUNTS.findall(self._text_from(told)), PATIENCE_S, f"counts of {self._name}"
        )
        return int(counts[0][0]), int(counts[0][1])

    def _has_printed(self, received: int) -> bool:
        """Tell whether as many packets are printed as were received once, whatever has come since.

        On `lo` the kernel counts twice, and it counts what it had to drop: standing still will do.
        """
        counts = self._counts()
        return counts[0] >= received or counts == self._counts()
