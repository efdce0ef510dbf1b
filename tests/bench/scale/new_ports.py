"""What one new port costs: its time to flows, the messages it causes, and processor time.

Two sizes are measured in turns, with both controllers running: what else the machine does meets both alike.
"""

import statistics
import time
from dataclasses import dataclass

from tests.bench.scale.controller import Controller
from tests.bench.scale.host import HostCounts
from tests.bench.scale.measure import Failed, Site, Total

TIMEOUT_S = 120.0
AFTERMATH_S = 1.0


@dataclass(frozen=True)
class NewPort:
    """One port: seconds for the API's answer, and from the interface's appearance to flows, tag, ACTIVE.

    Flows stand where they do on all hosts that it concerns; `messages` are those to these hosts.
    """

    create_s: float
    flows_s: float
    tag_s: float
    messages: int
    messages_to_others: int


def new_port(on: Site, controller: Controller, host: int, index: int, settle_s: float) -> NewPort:
    """Create a port in a network that the host has, plug it, and see who is told what. Raises Failed."""
    _quiet(on, settle_s)
    concerned = on.intent.concerned(host, index)
    began = time.monotonic()
    port_id = create_port(on, controller, host, index)
    create_s = time.monotonic() - began
    plugged_at = on.hosts("plug", host, port_id)
    total, mine, others = Total(), Total(), 0
    while min(mine.flows_at, mine.tags_at) < plugged_at or mine.messages != total.messages:
        if time.monotonic() - plugged_at > TIMEOUT_S:
            raise Failed(f"port {port_id} has no flows or no tag after {TIMEOUT_S} s")
        total = mine
        counts = _quiet(on, settle_s)
        mine = mine.plus([counts[number] for number in concerned])
        others += sum(count.messages for number, count in enumerate(counts) if number not in concerned)
    return NewPort(create_s, mine.flows_at - plugged_at, mine.tags_at - plugged_at, mine.messages, others)


def create_port(on: Site, controller: Controller, host: int, index: int) -> str:
    """Create a port of its tenant in one of a host's networks; give its id."""
    network_id = on.intent.network_of(host, index)
    project_id = on.intent.size.project(on.intent.network_ids.index(network_id))
    wanted = {"network_id": network_id, "project_id": project_id}
    made = controller.api("POST", "ports", {"port": wanted})
    return str(made["port"]["id"])


def cpu_per_port(on: Site, controller: Controller, ports: int, window_s: float, first_host: int) -> float:
    """Give the controller's processor seconds for a new port, over what it uses when nothing happens."""
    idle = idle_share(controller, window_s)
    before, began = controller.cpu_s(), time.monotonic()
    for number in range(ports):
        host = (first_host + number) % on.hosts.hosts
        on.hosts("plug", host, create_port(on, controller, host, number))
        time.sleep(max(0.0, began + (number + 1) * window_s / ports - time.monotonic()))
    time.sleep(AFTERMATH_S)
    busy_s, took_s = controller.cpu_s() - before, time.monotonic() - began
    idle = (idle + idle_share(controller, window_s)) / 2
    return (busy_s - idle * took_s) / ports


def idle_share(controller: Controller, window_s: float) -> float:
    """Give the share of a core that the controller uses when nothing happens."""
    before, began = controller.cpu_s(), time.monotonic()
    time.sleep(window_s)
    return (controller.cpu_s() - before) / (time.monotonic() - began)


def _quiet(on: Site, settle_s: float) -> list[HostCounts]:
    """Wait, and give what the hosts were told in the meantime."""
    time.sleep(settle_s)
    counts: list[HostCounts] = on.hosts("take_counts")
    return counts


def median_ms(values: list[float]) -> float:
    """Give the median of seconds, in milliseconds."""
    return statistics.median(values) * 1000
