"""The bars of the benchmark: what is compared with what, and whether it is reached."""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.bench.dhcp.crowd import CROWD
from tests.bench.dhcp.measure import Results

OURS = "osken-net"


@dataclass(frozen=True)
class Bar:
    """One bar and how it came out; `reached` is None if it could not be measured."""

    what: str
    to_reach: str
    seen: str
    reached: bool | None


def bars(results: Results, small: int, large: int) -> Iterator[Bar]:
    """Give all bars."""
    for size, factors in ((small, {"OVN": 1.3, "dnsmasq": 2.0}), (large, {"OVN": 1.2, "dnsmasq": 10.0})):
        for peer, factor in factors.items():
            what = f"exchanges/s, {size:,} clients, beside {peer}"
            yield at_least(what, ratio(results, f"exchanges/{size}", OURS, peer), factor, "times")
    firsts = ratio(results, f"first/{large}", OURS, "OVN")
    yield at_least(f"first exchanges/s, {large:,} clients, beside OVN", firsts, 1.0, "times")
    whole = results.median(f"exchanges/{large}", OURS), results.median(f"exchanges/{small}", OURS)
    scale = whole[0] / whole[1] if whole[0] is not None and whole[1] else None
    yield at_least(f"exchanges/s, {large:,} clients, beside our own with {small:,}", scale, 0.8, "times")
    for peer in ("OVN", "dnsmasq"):
        found = ratio(results, "latency", OURS, peer)
        yield at_most(f"one client at a time, median, beside {peer}", found, 1.0, "times")
    for size in (small, large):
        found = ratio(results, f"cpu/{size}", OURS, "OVN")
        yield at_most(f"processor time per exchange, {size:,} clients, beside OVN", found, 1.0, "times")
    worst = results.median("flood/worst", OURS)
    yield at_most("longest wait of others in and after a flood", worst and worst * 1e3, 50.0, "ms")
    for where, words in (("here", "the same"), ("there", "another")):
        found = [results.median(f"crowd/{kind}/{where}", OURS) for kind in ("again", "first")]
        worst = max((seen for seen in found if seen is not None), default=None)
        what = f"longest wait of others on {words} host while {CROWD} machines ask as often as they may"
        yield at_most(what, worst and worst * 1e3, 50.0, "ms")
    yield at_least(
        "while ports are created by REST, beside idle", results.median("rest/ratio", OURS), 0.5, "times"
    )


def ratio(results: Results, what: str, one: str, other: str) -> float | None:
    """Give the median of the rounds' ratios: both of a round met the same machine."""
    pairs = zip(results.values.get((what, one), []), results.values.get((what, other), []), strict=False)
    ratios = sorted(mine / theirs for mine, theirs in pairs if theirs)
    return ratios[len(ratios) // 2] if ratios else None


def at_least(what: str, value: float | None, bar: float, unit: str) -> Bar:
    return Bar(what, f"at least {bar:g} {unit}", _shown(value, unit), None if value is None else value >= bar)


def at_most(what: str, value: float | None, bar: float, unit: str) -> Bar:
    return Bar(what, f"at most {bar:g} {unit}", _shown(value, unit), None if value is None else value <= bar)


def _shown(value: float | None, unit: str) -> str:
    if value is None:
        return "not measured"
    return "an answer was lost" if value == float("inf") else f"{value:.2f} {unit}"
