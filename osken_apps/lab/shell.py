"""Running commands, and waiting.

Owns the two ways the lab touches the machine from outside Python: a command that ends, and a condition
that is awaited. Must not know what a host, a bridge or a VM is.
"""

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")

#: Where the tools live; root's own PATH may lack the sbin directories.
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

POLL_INTERVAL_S = 0.02

#: How long is waited for what should be there at once: on a busy machine it is late, and that is no fault.
PATIENCE_S = 60.0


class LabError(Exception):
    """What went wrong in the lab, in one line for the operator."""


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Give the caller's environment with the tools on PATH, a fixed locale and `extra`."""
    return {**os.environ, "PATH": PATH, "LC_ALL": "C", **(extra or {})}


def run(
    argv: Sequence[str],
    *,
    check: bool = True,
    timeout_s: float = PATIENCE_S,
    stdin: str = "",
    env: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; give its status, stdout and stderr as text.

    Raises LabError when it cannot start, takes longer than `timeout_s` seconds or (with `check`) fails.
    """
    try:
        done = subprocess.run(
            list(argv),
            input=stdin,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            env=environment() if env is None else dict(env),
            check=False,
        )
    except FileNotFoundError as error:
        raise LabError(f"{argv[0]} is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise LabError(f"no end of '{' '.join(argv)}' within {timeout_s:g} s") from error
    if check and done.returncode != 0:
        complaint = " ".join((done.stderr.strip() or done.stdout.strip()).split())
        raise LabError(f"'{' '.join(argv)}' failed with status {done.returncode}: {complaint}")
    return done


def wait_until(predicate: Callable[[], T], timeout_s: float, what: str) -> T:
    """Poll `predicate` until it gives something true; give that.

    Raises LabError naming `what` and the last value when `timeout_s` seconds pass.
    """
    deadline = time.monotonic() + timeout_s
    while not (last := predicate()):
        if time.monotonic() >= deadline:
            raise LabError(f"waited {timeout_s:g} s in vain for {what}; it last looked like {last!r}")
        time.sleep(POLL_INTERVAL_S)
    return last


def require_root() -> None:
    """Raise LabError unless this process is root."""
    if os.geteuid() != 0:
        raise LabError("the lab makes namespaces and interfaces, which needs root: try it with sudo")
