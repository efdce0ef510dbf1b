"""What the system says of a process: proc(5). SHELL."""

import os
from pathlib import Path

from osken_apps.metrics.facts import Process

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
PROC = Path("/proc")
UTIME, STIME, RSS = 11, 12, 21  # after the name, which may have any character


def process(pid: int) -> Process | None:
    """Read what a process takes; None: it cannot be seen."""
    try:
        stat = (PROC / str(pid) / "stat").read_text()
        files = len(os.listdir(PROC / str(pid) / "fd"))
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    cpu_s = (int(fields[UTIME]) + int(fields[STIME])) / TICKS
    return Process(cpu_s, int(fields[RSS]) * PAGE, files)
