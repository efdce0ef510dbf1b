"""The dashboard in a real browser with 50,000 ports: how soon one is found, and how much is drawn.

    python -m tests.bench.browser

types addresses into the search, as a person does, and takes the time from the last key until the port's page
is there; then it opens every screen and counts what is drawn. The status is 1 if a bar is missed.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect, sync_playwright

from osken_apps.link import HostReports, PortReports
from osken_apps.model.changes import HostReport, PortReport
from osken_apps.model.resources import Binding, PortStatus
from tests.bench.scale.intent import Intent, Size, fill
from tests.rest.server import NO_QUOTAS, Server, running, write_config
from tests.ui.network import own_network
from tests.ui.site import PATIENCE_MS, go, launch, wait_shown

SIZE = Size(hosts=1000, networks=2000, ports_per_host=50)  # of so small networks there are pictures
ROUNDS = 20
FOUND_BAR_S = 1.0
BARS = {"rows": 200, "shapes": 500, "nodes": 3000}
SCREENS = (
    "overview",
    "topology",
    "topology?view=hosts",
    "topology?network_id={network}",
    "topology?host={host}",
    "topology?view=hosts&host={host}",
    "networks",
    "networks/{network}",
    "subnets",
    "ports",
    "ports/{port}",
    "security-groups",
    "hosts",
    "path",
)
DRAWN = """() => ({
    rows: document.querySelectorAll('tbody tr').length,
    shapes: document.querySelectorAll('svg rect, svg line, svg circle, svg path').length,
    nodes: document.querySelectorAll('*').length,
})"""


@dataclass(frozen=True)
class Drawn:
    """What a screen draws: rows of tables, shapes of pictures, and elements in all."""

    screen: str
    rows: int
    shapes: int
    nodes: int

    @property
    def is_good(self) -> bool:
        """Tell whether it is not too much."""
        return all(getattr(self, what) <= bar for what, bar in BARS.items())

    def __str__(self) -> str:
        return f"| {self.screen} | {self.rows} | {self.shapes} | {self.nodes} |"


@dataclass(frozen=True)
class Result:
    """Seconds until each port was found, and what the screens draw."""

    found_s: tuple[float, ...]
    drawn: tuple[Drawn, ...]

    @property
    def is_good(self) -> bool:
        """Tell whether no bar is missed."""
        return statistics.median(self.found_s) <= FOUND_BAR_S and all(screen.is_good for screen in self.drawn)


def measure(size: Size, rounds: int = ROUNDS) -> Result:
    """Find so many ports, one after the other, and open every screen."""
    with tempfile.TemporaryDirectory() as name, own_network():
        directory = Path(name)
        intent = fill(f"sqlite:///{directory}/osken-net.db", size)
        with running(write_config(directory, NO_QUOTAS)) as server:
            _plug(server, intent)
            with _page(server) as page:
                go(page, "overview")
                found = tuple(_found(page, server, port) for port in _some(intent, rounds))
                drawn = tuple(_drawn(page, screen, intent) for screen in SCREENS)
                return Result(found, drawn)


def _host(number: int) -> str:
    return f"host{number:04}"


def _plug(server: Server, intent: Intent) -> None:
    """Say, as the controller, that each port is on its host, and wait until that is recorded."""
    now = datetime.now(UTC)
    hosts = [
        HostReport(_host(number), True, ("br-int", "br-eth2"), (("default", "br-eth2"),), True, now, now, 1)
        for number in range(intent.size.hosts)
    ]
    server.link.send(HostReports(tuple(hosts)))
    for number, ids in enumerate(intent.port_ids):
        plugged = [PortReport(id, Binding(_host(number), 1, "tap"), PortStatus.ACTIVE) for id in ids]
        server.link.send(PortReports(tuple(plugged)))
    last = intent.port_ids[-1][-1]
    while _asked(server, f"ports/{last}")["port"]["status"] != PortStatus.ACTIVE:
        time.sleep(0.2)


def _asked(server: Server, path: str) -> Any:
    reply = server.call("GET", f"/v2.0/{path}")
    if reply.status != 200:
        raise RuntimeError(f"{path}: {reply.body}")
    return reply.body


def _some(intent: Intent, count: int) -> list[str]:
    """Give ids of ports of hosts that lie far apart."""
    step = max(1, len(intent.port_ids) // count)
    return [ids[number % len(ids)] for number, ids in enumerate(intent.port_ids[::step])][:count]


@contextmanager
def _page(server: Server) -> Iterator[Page]:
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE_MS)
        browser = launch(playwright)
        try:
            page = browser.new_page()
            page.goto(f"{server.url}/ui/#/overview")
            yield page
        finally:
            browser.close()


def _found(page: Page, server: Server, port_id: str) -> float:
    """Type a port's address, take what is found, and give the seconds from the last key to its page."""
    port = _asked(server, f"ports/{port_id}")["port"]
    title = port["name"] or port_id
    page.keyboard.press("/")
    page.keyboard.type(port["fixed_ips"][0]["ip_address"])
    typed = time.perf_counter()
    page.get_by_role("option", name=title).first.wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name=title).wait_for()
    return time.perf_counter() - typed


def _drawn(page: Page, screen: str, intent: Intent) -> Drawn:
    known = {"network": intent.network_ids[0], "host": _host(0), "port": intent.port_ids[0][0]}
    address = page.url.partition("#")[0]
    page.goto("about:blank")
    page.goto(f"{address}#/{screen.format_map(known)}")
    wait_shown(page)
    return Drawn(screen, **page.evaluate(DRAWN))


def main() -> int:
    """Run the benchmark; the status is 1 if a bar is missed."""
    result = measure(SIZE)
    found = sorted(result.found_s)
    print(
        f"with {SIZE.hosts} hosts and {SIZE.ports} ports a port is found by its address in"
        f" {statistics.median(found):.2f} s, at most {found[-1]:.2f} s (bar {FOUND_BAR_S:.0f} s)\n"
    )
    print(f"| screen | {' | '.join(f'{what} (bar {bar})' for what, bar in BARS.items())} |")
    print("| --- | --- | --- | --- |")
    for screen in result.drawn:
        print(screen)
    return int(not result.is_good)


if __name__ == "__main__":
    sys.exit(main())
