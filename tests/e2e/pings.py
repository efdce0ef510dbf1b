"""Pinging a machine while something happens to it."""

import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from osken_apps.lab import PATIENCE_S, NamespaceVm, wait_until

MOST_LOST = 2  # of ten a second, where a machine really moves
TRIES = 3
SEQUENCE = re.compile(r"icmp_seq=(\d+) ttl")


@contextmanager
def pings(pinger: NamespaceVm, address: str) -> Iterator[list[int]]:
    """Ping ten times a second; what is given holds in the end the numbers of those that were lost.

    It has begun when the body begins, and goes on until the machine answers after the body's end.
    """
    lost: list[int] = []
    log = pinger.site.directory("vms", pinger.name) / "pings.log"
    log.unlink(missing_ok=True)
    ping = pinger.spawn("pings", ["ping", "-n", "-i", "0.1", address])

    def answered() -> set[int]:
        return {int(number) for number in SEQUENCE.findall(log.read_text())}

    wait_until(lambda: log.exists() and answered(), PATIENCE_S, "the first answer")
    try:
        yield lost
        last = max(answered())
        wait_until(lambda: max(answered()) > last + 3, PATIENCE_S, "further answers")
    finally:
        ping.end(signal.SIGINT)
    lost += sorted(set(range(1, max(answered()))) - answered())


def loses_two_at_most(move: Callable[[], int]) -> None:
    """Have something moved that gives how many pings it cost: two at most in one of three tries.

    The machine that runs the tests may stand still for as long as several pings; it does not in each.
    """
    lost: list[int] = []
    while not lost or lost[-1] > MOST_LOST:
        assert len(lost) < TRIES, f"pings lost, try by try: {lost}"
        lost.append(move())
