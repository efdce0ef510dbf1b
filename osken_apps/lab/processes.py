"""Processes that run in the background of the lab.

Owns starting, finding and ending them. A process is its pid together with its start time (proc(5), stat field
22), so a pid that the kernel has given to somebody else is never signalled. Must not look at process names.
"""

import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from osken_apps.lab.records import Site
from osken_apps.lab.shell import PATIENCE_S, environment, wait_until

#: The child writes its own stat line before it becomes the program, which keeps pid and start time: there is
#: no moment at which the program runs unrecorded.
RECORD_AND_EXEC = 'cat /proc/$$/stat >"$1.new" && mv "$1.new" "$1" && cd "$2" && shift 2 && exec "$@"'


@dataclass(frozen=True)
class Process:
    """A process: `start_time` in clock ticks since boot."""

    pid: int
    start_time: int

    def is_running(self) -> bool:
        """Tell whether it is there still; a zombie is not, once its last thread is gone."""
        try:
            threads = sum(1 for _ in Path(f"/proc/{self.pid}/task").iterdir())
            stat = Path(f"/proc/{self.pid}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return False
        if parse_stat(stat) != self or _state(stat) == "X":
            return False
        if _state(stat) == "Z" and threads <= 1:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self.pid, os.WNOHANG)
            return False
        return True

    def send(self, number: signal.Signals) -> None:
        """Send a signal, if it is running."""
        if self.is_running():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def end(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal and wait until it is gone."""
        self.send(number)
        self.wait_gone(f"the end of process {self.pid} after {number.name}")

    def wait_gone(self, what: str, timeout_s: float = PATIENCE_S) -> None:
        """Wait until it is gone."""
        wait_until(lambda: not self.is_running(), timeout_s, what)


def _fields(stat: str) -> list[str]:
    """Give the fields after the command name, which is in parentheses and may hold anything."""
    return stat[stat.rindex(")") + 2 :].split()


def _state(stat: str) -> str:
    return _fields(stat)[0]


def parse_stat(stat: str) -> Process:
    """Read pid and start time from the text of /proc/<pid>/stat."""
    return Process(int(stat.split(maxsplit=1)[0]), int(_fields(stat)[19]))


def find(site: Site, name: str) -> Process | None:
    """Give the recorded process `name`, running or not; None when there is no record."""
    try:
        return parse_stat(site.record_path("process", name).read_text())
    except FileNotFoundError:
        return None


def start(
    site: Site, name: str, argv: Sequence[str], log: Path, env: Mapping[str, str] | None = None
) -> Process:
    """Start `argv` in a session of its own, working in the directory of `log`, which takes its output."""
    path = site.record_path("process", name)
    path.unlink(missing_ok=True)
    output = (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    actions = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0), output, (os.POSIX_SPAWN_DUP2, 1, 2)]
    command = ["/bin/sh", "-c", RECORD_AND_EXEC, "sh", str(path), str(log.parent), *argv]
    os.posix_spawn("/bin/sh", command, environment(env), file_actions=actions, setsid=True)
    wait_until(path.exists, PATIENCE_S, f"{argv[0]} to start as {name}")
    return parse_stat(path.read_text())


def end_recorded(site: Site, name: str, number: signal.Signals = signal.SIGKILL) -> None:
    """End the recorded process `name`, if there is one, and forget it."""
    if (process := find(site, name)) is not None:
        process.end(number)
    site.forget("process", name)


def inside_namespace(namespace: str) -> list[Process]:
    """Give the processes whose network namespace is the named one."""
    try:
        wanted = os.stat(f"/run/netns/{namespace}")
    except FileNotFoundError:
        return []
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.path.samestat(os.stat(folder / "ns/net"), wanted):
                found.append(parse_stat((folder / "stat").read_text()))
    return found
