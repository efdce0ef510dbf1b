"""The figures as a table with their bars, printed and written to a file."""

import os
import platform
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.scale.controller import Weight
from tests.bench.scale.intent import Size
from tests.bench.scale.measure import ColdStart, Restart
from tests.bench.scale.new_ports import NewPort, median_ms

RESULTS = Path(__file__).parents[1] / "results"
MIB = 1 << 20
COLD_START_BAR_S = 120
MEMORY_BAR_MIB = 1536
NEW_PORT_BAR_MS = 100
GROWTH_BAR = 1.1


@dataclass(frozen=True)
class Starts:
    """A cold start, a restart, and the share of a core that the controller uses after it."""

    cold: ColdStart
    warm: Restart
    idle_share: float


@dataclass(frozen=True)
class Changes:
    """New ports one by one, and the controller's processor seconds for one, by window."""

    ports: list[NewPort]
    cpu_s: list[float]


@dataclass(frozen=True)
class Round:
    """All that was measured at one size."""

    size: Size
    starts: Starts
    changes: Changes

    @property
    def cold(self) -> ColdStart:
        """The cold start."""
        return self.starts.cold

    @property
    def warm(self) -> Restart:
        """The restart."""
        return self.starts.warm

    @property
    def new_ports(self) -> list[NewPort]:
        """The new ports."""
        return self.changes.ports

    @property
    def memory_mib(self) -> float:
        """The highest resident memory of both processes, of both starts."""
        peaks = (self.cold.weight, self.warm.weight)
        return max(peak.controller_peak + peak.rest_peak for peak in peaks) / MIB

    @property
    def new_port_ms(self) -> float:
        """Median time of a new port from its appearance to its flows."""
        return median_ms([port.flows_s for port in self.new_ports])

    @property
    def cpu_ms(self) -> float:
        """Median processor time of the controller for a new port."""
        return median_ms(self.changes.cpu_s)


@dataclass(frozen=True)
class Line:
    """A line of the table; `values` are one a round."""

    name: str
    values: list[str]
    bar: str = ""
    reached: bool = True


def lines(rounds: list[Round]) -> Iterator[Line]:
    """Give all lines of the table."""
    last = rounds[-1]
    yield Line("ports bound", [str(r.size.ports) for r in rounds])
    yield Line("cold start: API answers, s", [f"{r.cold.api_s:.1f}" for r in rounds])
    yield Line("cold start: last flow, s", [f"{r.cold.flows_s:.1f}" for r in rounds])
    yield Line("cold start: last tag, s", [f"{r.cold.tags_s:.1f}" for r in rounds])
    yield at_most(
        "cold start: all as desired and ACTIVE, s", [r.cold.settled_s for r in rounds], COLD_START_BAR_S
    )
    yield Line(
        "cold start: flow-mods, OVSDB writes", [f"{r.cold.flow_mods}, {r.cold.writes}" for r in rounds]
    )
    yield Line(
        "cold start: processor time of controller, of REST process, s",
        [f"{r.cold.cpu_s:.1f}, {r.cold.rest_cpu_s:.1f}" for r in rounds],
    )
    yield Line("… load average of the machine meanwhile", [f"{r.cold.load:.1f}" for r in rounds])
    yield Line("restart: all hosts read, s", [f"{r.warm.settled_s:.1f}" for r in rounds])
    yield Line(
        "restart: flow-mods, OVSDB writes",
        [f"{r.warm.flow_mods}, {r.warm.writes}" for r in rounds],
        "0, 0",
        not any(r.warm.flow_mods or r.warm.writes for r in rounds),
    )
    yield at_most(
        "peak resident memory of both processes, MiB", [r.memory_mib for r in rounds], MEMORY_BAR_MIB
    )
    yield Line("… after the restart: controller, REST process", [_weights(r.warm.weight) for r in rounds])
    yield Line("idle controller, share of a core", [f"{r.starts.idle_share:.0%}" for r in rounds])
    yield at_most(
        f"new port: appearance to flows, median of {len(last.new_ports)}, ms",
        [r.new_port_ms for r in rounds],
        NEW_PORT_BAR_MS,
    )
    yield Line("… 95th percentile, ms", [f"{_percentile(r) * 1000:.1f}" for r in rounds])
    yield Line(
        "… API's answer included, median, ms",
        [f"{median_ms([p.create_s + p.flows_s for p in r.new_ports]):.1f}" for r in rounds],
    )
    others = [sum(port.messages_to_others for port in r.new_ports) for r in rounds]
    yield Line("… messages to other hosts", [str(count) for count in others], "0", not any(others))
    yield Line(
        "… messages to its own host, median",
        [f"{statistics.median([port.messages for port in r.new_ports]):.0f}" for r in rounds],
    )
    yield Line("… controller's processor time, median, ms", [f"{r.cpu_ms:.2f}" for r in rounds])
    if len(rounds) > 1:
        first = rounds[0]
        yield at_most(
            "growth of that time with twice the hosts", [last.new_port_ms / first.new_port_ms], GROWTH_BAR
        )
        yield at_most("growth of that processor time", [last.cpu_ms / first.cpu_ms], GROWTH_BAR)


def table(rounds: list[Round]) -> str:
    """Give the table of hosts that are not guarded as a page."""
    return page("Scale", [f"{r.size.hosts} hosts" for r in rounds], list(lines(rounds)))


def page(title: str, heads: list[str], found: list[Line]) -> str:
    """Give lines as a page of Markdown, with machine and date."""
    rows = [["", *heads, "bar", "reached"], ["---"] * (len(heads) + 3)]
    for line in found:
        values = [""] * (len(heads) - len(line.values)) + line.values
        rows.append([line.name, *values, line.bar, ("yes" if line.reached else "NO") if line.bar else ""])
    text = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"# {title}\n\n{_machine()}\n\n{text}\n"


def write(text: str, name: str = "scale.md") -> None:
    """Write a page to its file."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / name).write_text(text)


def at_most(name: str, values: list[float], bar: float) -> Line:
    """Give a line whose values must be no more than a bar."""
    shown = [f"{value:.2f}" if bar < 10 else f"{value:.1f}" for value in values]
    return Line(name, shown, f"≤ {bar}", all(value <= bar for value in values))


def _weights(weight: Weight) -> str:
    return f"{weight.controller / MIB:.0f}, {weight.rest / MIB:.0f}"


def _percentile(one: Round) -> float:
    return statistics.quantiles([port.flows_s for port in one.new_ports], n=20)[-1]


def _machine() -> str:
    models = [
        line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")
    ]
    model = models[0].partition(":")[2].strip() if models else platform.machine()
    date = datetime.now(UTC).date().isoformat()
    return (
        f"Python {platform.python_version()}, {os.cpu_count()} cores ({model}), shared by the controller, its"
        f" REST process and the simulated hosts; {date}."
    )
