"""Scale of networks over tunnels: each is on nearly as many hosts as it has ports, so most hosts share one.

    python -m tests.bench.scale.tunnels [--hosts 1000] [--networks 1000] [--ports-per-host 50]

prints a table and writes it to `tests/bench/results/scale_tunnels.md`. Hosts have their tunnel bridge when
the controller starts; all its flows are to be made.
"""

import argparse
import signal
import statistics
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from tests.bench.scale import measure, new_ports, report
from tests.bench.scale.__main__ import site
from tests.bench.scale.intent import Size
from tests.bench.scale.measure import ColdStart, Restart, Site
from tests.bench.scale.new_ports import NewPort, median_ms
from tests.bench.scale.report import COLD_START_BAR_S, MEMORY_BAR_MIB, MIB, NEW_PORT_BAR_MS, Line, at_most

QUIET_S = 5.0
SETTLE_S = 0.5


@dataclass(frozen=True)
class Figures:
    """All that was measured."""

    size: Size
    cold: ColdStart
    warm: Restart
    ports: list[NewPort]
    port_cpu_s: float

    @property
    def memory_mib(self) -> float:
        """The highest resident memory of both processes, of both starts."""
        weights = (self.cold.weight, self.warm.weight)
        return max(weight.controller_peak + weight.rest_peak for weight in weights) / MIB

    def lines(self) -> Iterator[Line]:
        """Give all lines of the table."""
        cold, warm, size = self.cold, self.warm, self.size
        yield Line("ports bound", [str(size.ports)])
        yield Line("flows of a host", [f"{cold.flow_mods / size.hosts:,.0f}"])
        yield at_most("cold start: all as desired and ACTIVE, s", [cold.settled_s], COLD_START_BAR_S)
        spent = f"{cold.cpu_s:.1f}, {cold.rest_cpu_s:.1f}"
        yield Line("… processor time of controller, of REST process, s", [spent])
        yield Line("… load average of the machine meanwhile", [f"{cold.load:.1f}"])
        changes = warm.flow_mods, warm.writes
        yield Line("restart: all hosts read, s", [f"{warm.settled_s:.1f}"])
        told = f"{changes[0]}, {changes[1]}"
        yield Line("restart: flow-mods, OVSDB writes", [told], "0, 0", not any(changes))
        yield at_most("peak resident memory of both processes, MiB", [self.memory_mib], MEMORY_BAR_MIB)
        flows_ms = median_ms([port.flows_s for port in self.ports])
        what = f"new port: appearance to flows on all hosts of its network, median of {len(self.ports)}, ms"
        yield at_most(what, [flows_ms], NEW_PORT_BAR_MS)
        longest = statistics.quantiles([port.flows_s for port in self.ports], n=20)[-1]
        yield Line("… 95th percentile, ms", [f"{longest * 1000:.0f}"])
        yield Line("… controller's processor time, ms", [f"{self.port_cpu_s * 1000:.0f}"])
        others = sum(port.messages_to_others for port in self.ports)
        yield Line("… messages to hosts without the network", [str(others)], "0", not others)


def main(arguments: list[str]) -> int:
    """Run the benchmark; give 0 if every bar is met."""
    parser = argparse.ArgumentParser(prog="tests.bench.scale.tunnels", description=__doc__.splitlines()[0])
    for name, default in (("hosts", 1000), ("networks", 1000), ("ports-per-host", 50), ("new-ports", 60)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parsed = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))  # ending what was started
    size = Size(parsed.hosts, parsed.networks, parsed.ports_per_host, tunnels=True)
    with ExitStack() as stack:
        found = list(_measured(site(stack, size), parsed.new_ports).lines())
    text = report.page("Scale of networks over tunnels", [f"{size.hosts} hosts"], found)
    print(text)
    report.write(text, "scale_tunnels.md")
    return 0 if all(line.reached for line in found) else 1


def _measured(on: Site, ports: int) -> Figures:
    with on.controller() as controller:
        cold = measure.cold_start(on, controller, QUIET_S)
        print(cold, flush=True)
    with on.controller() as controller:
        warm = measure.restart(on, controller, QUIET_S)
        print(warm, flush=True)
        before = controller.cpu_s()
        made = []
        for number in range(ports):
            host = number * max(1, on.hosts.hosts // ports) % on.hosts.hosts
            made.append(new_ports.new_port(on, controller, host, number, SETTLE_S))
        idle = new_ports.idle_share(controller, QUIET_S) * SETTLE_S * 3  # a port waits so long, about
        cpu_s = (controller.cpu_s() - before) / ports - idle
        on.check()
    return Figures(on.intent.size, cold, warm, made, cpu_s)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
