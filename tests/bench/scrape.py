"""`python -m tests.bench.scrape`: what a scrape of 1,000 hosts takes, from the live process."""

import http.client
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from osken_apps.link import HostReports
from osken_apps.model.counts import ControllerCounts
from tests.rest.server import WAIT_S, Server, running, write_config
from tests.unit.test_metrics import AT, HOST1, durations

HOSTS, ROUNDS = 1000, 20
OUTCOMES = tuple((f"outcome{number}", number) for number in range(8))
NEWLINE = b"\n"
BRIDGES = ("br-eth2", "br-int", "br-tun")


def main() -> None:
    """Measure, and print what came of it."""
    by_bridge = tuple((bridge, 100) for bridge in BRIDGES)
    counts = replace(HOST1.counts, flows=by_bridge, foreign_flows=by_bridge, ports=())
    host = replace(HOST1, bridges=BRIDGES, dhcp_counters=OUTCOMES, counts=counts)
    hosts = tuple(replace(host, host=f"host{number}") for number in range(HOSTS))
    of_controller = ControllerCounts(AT.timestamp(), durations(0.1).durations, durations(0.1).durations)
    with (
        tempfile.TemporaryDirectory() as directory,
        running(write_config(Path(directory)), metrics=True) as server,
    ):
        server.link.send(HostReports(hosts, True, of_controller))
        while b"osken_host_up" not in scraped(server)[1]:
            time.sleep(0.1)
        rounds = [scraped(server) for _ in range(ROUNDS)]
    took, body = statistics.median(seconds for seconds, _ in rounds), rounds[0][1]
    size = f"{body.count(NEWLINE)} lines, {len(body) / 1e6:.1f} MB"
    print(f"{HOSTS} hosts: {size}, median of {ROUNDS}: {took:.3f} s")


def scraped(server: Server) -> tuple[float, bytes]:
    """Scrape; give how long it took, and the document."""
    began_at = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", server.metrics_port, timeout=WAIT_S)
    connection.request("GET", "/metrics")
    body = connection.getresponse().read()
    connection.close()
    return time.perf_counter() - began_at, body


if __name__ == "__main__":
    main()
