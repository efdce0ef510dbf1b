"""Nothing that ends stays: 200 bridges and 100 OVSDB sessions reconnect 20 times, and no more is kept.

The controller is the real one, the hosts are simulated. What is counted is said in `scale/counted.py`.
"""

import socket
import time
from itertools import pairwise
from pathlib import Path

from tests.bench.scale import counted, intent, measure
from tests.bench.scale.intent import Size
from tests.bench.scale.measure import Site

SIZE = Size(hosts=100, networks=10, ports_per_host=5)
FIRST_ROUNDS, ROUNDS = 4, 8
BOUND = 450  # blocks; one connection that stays in each of eight rounds comes to 800 and more
TIMEOUT_S = 120.0
QUIET_S = 8.0  # longer than any timer that refers to what has ended


def test_two_hundred_bridges_and_their_sessions_reconnect_twenty_times_and_nothing_of_them_stays(
    tmp_path: Path,
) -> None:
    filled = intent.fill(f"sqlite:///{tmp_path}/osken-net.db", SIZE)
    blocks = []
    with measure.site(tmp_path, filled) as on, on.controller(counted.__name__) as controller:
        measure.cold_start(on, controller, quiet_s=0.5)
        for rounds in (FIRST_ROUNDS, ROUNDS, ROUNDS):
            reconnect(on, rounds)
            blocks.append(fewest_blocks(tmp_path))
        on.check()
    grown = [after - before for before, after in pairwise(blocks)]
    assert min(grown) < BOUND, f"{grown} blocks more in {ROUNDS} rounds each"  # a leak is in both


def reconnect(on: Site, rounds: int) -> None:
    """Have all hosts drop their connections and come again, so often."""
    for _ in range(rounds):
        on.hosts("drop")
        all_read(on)


def all_read(on: Site) -> None:
    """Wait until each host's flows were read again."""
    unread, limit = set(range(on.hosts.hosts)), time.monotonic() + TIMEOUT_S
    while unread:
        assert time.monotonic() < limit, f"{len(unread)} hosts were not read again"
        time.sleep(0.02)
        counts = on.hosts("take_counts")
        unread -= {number for number in unread if counts[number].reads}


def fewest_blocks(directory: Path) -> int:
    """Give how many blocks the controller keeps when it has nothing to do."""
    found, until = [], time.monotonic() + QUIET_S
    while time.monotonic() < until:
        with socket.socket(socket.AF_UNIX) as asking:
            asking.connect(str(directory / counted.SOCKET))
            found.append(int(asking.recv(64)))
        time.sleep(0.5)
    return min(found)
