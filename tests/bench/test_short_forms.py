"""The benchmarks in short form: that they run, and that every reply is right; no speed is asked for."""

from pathlib import Path

import pytest

from tests.bench import browser, dashboard, openflow_loopback, start
from tests.bench.dhcp.crowd import crowded, two_hosts
from tests.bench.dhcp.load import Exchanges, compile_generator
from tests.bench.dhcp.ours import Ours
from tests.bench.scale.intent import Size
from tests.bench.seeing import asking, beside_dhcp
from tests.bench.seeing.followers import FIRST_WAITS_S

CLIENTS = 120  # fewer would send more than a port may: 40,000 exchanges a second are 200 packets each


@pytest.fixture
def ours(tmp_path: Path):
    system = Ours(tmp_path, compile_generator(tmp_path), "bench")
    system.start(CLIENTS)
    yield system
    system.stop()


def one_after_the_other(ours: Ours) -> Exchanges:
    """Have every client take a lease, for as long as a busy machine takes for all of them."""
    rounds = (ours.generator.exchanges(1, seconds, 0) for seconds in (0.3, 3.0, 30.0))
    return next((found for found in rounds if found.done >= CLIENTS), Exchanges(0, 0.0, CLIENTS, 0.0, 0.0))


def test_every_client_behind_open_vswitch_is_answered_rightly(ours: Ours) -> None:
    one_by_one = one_after_the_other(ours)
    assert one_by_one.done >= CLIENTS
    assert one_by_one.lost == 0
    at_once = ours.generator.exchanges(CLIENTS, 0.3, 0)
    assert at_once.lost == 0
    assert ours.cpu_s() > 0


def test_others_are_answered_beside_a_crowd(tmp_path: Path) -> None:
    with two_hosts(tmp_path / "crowd", compile_generator(tmp_path), 5) as generators:
        for first in (False, True):
            beside, elsewhere = crowded(generators, 5, 0.3, first)
            assert (beside.flooded > 0, beside.lost, elsewhere.lost) == (True, 0, 0)


def test_the_fake_switch_is_answered_rightly() -> None:
    assert min(openflow_loopback.run(rounds=1, seconds=0.2, ports=CLIENTS)) > 0


def test_a_controller_that_starts_answers() -> None:
    (result,) = start.measure(Size(hosts=4, networks=10, ports_per_host=5), asked_s=0.1, rounds=1)
    assert min(result.first_s, result.longest_s) > 0


def test_a_port_is_found_and_every_screen_draws_what_can_be_read() -> None:
    result = browser.measure(Size(hosts=4, networks=10, ports_per_host=50), rounds=2)
    assert [screen for screen in result.drawn if not screen.is_good] == []
    assert {screen.screen for screen in result.drawn if screen.shapes} != set()
    assert len(result.found_s) == 2


def test_why_something_does_not_work_is_answered_and_weighed() -> None:
    size = Size(hosts=4, networks=2, ports_per_host=5)
    result = asking.measure_asking(size, questions=3, hours=0.0001)
    assert [len(each.taken_ms) for each in result.answers] == [3, 3, 3]
    assert [weight.controller > 0 for weight in result.weights] == [True] * 3


def test_dhcp_is_measured_beside_dashboards() -> None:
    result = beside_dhcp.measure(rounds=1, seconds=0.3, clients=CLIENTS)
    assert min(*result.beside, *result.without) > 0
    assert result.answers > 0


def test_what_a_dashboard_asks_is_answered() -> None:
    size = Size(hosts=4, networks=10, ports_per_host=5)
    result = dashboard.measure(size, rounds=2, dashboards=3, watched_s=FIRST_WAITS_S[0] + 0.5)
    assert min(line.median_ms for line in result.lines) > 0
    assert result.answers > 0
