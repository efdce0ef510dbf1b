"""Nothing that ends stays: 200 bridges and 100 OVSDB sessions reconnect 20 times, and memory is flat.

The controller is the real one, the hosts are simulated. A connection that stayed, with what it is made of,
would be some 20 kB: fifteen rounds of 300 of them come to 90 MB.
"""

import time
from pathlib import Path

from tests.bench.scale import intent, measure
from tests.bench.scale.intent import Size
from tests.bench.scale.measure import Site

SIZE = Size(hosts=100, networks=10, ports_per_host=5)
ROUNDS, SETTLED_AFTER = 20, 5
BOUND = 4 << 20  # octets that the controller may have grown by in the rounds after it settled
TIMEOUT_S = 20.0


def test_two_hundred_bridges_and_their_sessions_reconnect_twenty_times_and_memory_is_flat(
    tmp_path: Path,
) -> None:
    filled = intent.fill(f"sqlite:///{tmp_path}/osken-net.db", SIZE)
    with measure.site(tmp_path, filled) as on, on.controller() as controller:
        measure.cold_start(on, controller, quiet_s=0.5)
        weights = []
        for _ in range(ROUNDS):
            on.hosts("drop")
            all_read(on)
            weights.append(controller.weight().controller)
        on.check()
    grown = weights[-1] - weights[SETTLED_AFTER - 1]
    assert grown < BOUND, f"{grown / 2**20:.1f} MiB more: {[weight >> 20 for weight in weights]} MiB"


def all_read(on: Site) -> None:
    """Wait until each host's flows were read again."""
    unread, limit = set(range(on.hosts.hosts)), time.monotonic() + TIMEOUT_S
    while unread:
        assert time.monotonic() < limit, f"{len(unread)} hosts were not read again"
        time.sleep(0.02)
        counts = on.hosts("take_counts")
        unread -= {number for number in unread if counts[number].reads}
