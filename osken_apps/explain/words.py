"""How things are called in sentences. PURE."""

from collections.abc import Iterable
from datetime import UTC, datetime

FEW = 5


def moment(seconds: float) -> str:
    """Write a time, given in seconds since the epoch."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def span(seconds: float) -> str:
    """Say how long something takes, in its largest unit."""
    for unit, name in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * unit:
            return f"{int(seconds // unit)} {name}"
    return f"{max(0, int(seconds))} seconds"


def listed(names: Iterable[str]) -> str:
    """Name some things: of many, the first ones and how many more there are."""
    known = list(names)
    more = f" and {len(known) - FEW} more" if len(known) > FEW else ""
    return ", ".join(known[:FEW]) + more
