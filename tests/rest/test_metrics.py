"""The live process tells Prometheus what it counts, and asks the controller nothing for it."""

import http.client
from dataclasses import replace
from pathlib import Path

from osken_apps.lab import wait_until
from osken_apps.link import HostReports, Query
from osken_apps.model.counts import ControllerCounts
from tests.rest.server import WAIT_S, Server, running, write_config
from tests.unit.test_metrics import AT, HOST1, durations


def scrape(server: Server) -> str:
    """Read the metrics."""
    connection = http.client.HTTPConnection("127.0.0.1", server.metrics_port, timeout=WAIT_S)
    connection.request("GET", "/metrics")
    answer = connection.getresponse()
    body = answer.read().decode()
    assert (answer.status, answer.headers["X-Content-Type-Options"]) == (200, "nosniff")
    connection.close()
    return body


def test_metrics_of_a_thousand_hosts_are_told_and_the_controller_is_not_asked(tmp_path: Path) -> None:
    hosts = tuple(replace(HOST1, host=f"host{number}") for number in range(1000))
    counts = ControllerCounts(AT.timestamp(), durations(0.05).durations, durations(0.1).durations)
    with running(write_config(tmp_path), metrics=True) as server:
        server.link.send(HostReports(hosts, True, counts))
        server.call("POST", "/v2.0/networks", {"network": {"name": "net1"}})

        def told_of_controller() -> str:
            text = scrape(server)
            return text if "osken_controller_start_time_seconds" in text else ""

        told = wait_until(told_of_controller, WAIT_S, "the controller's metrics")
        assert server.call("GET", "/metrics").status == 404  # there it is the API
    assert told.count("\nosken_host_up{") == 1000
    assert "\nosken_controller_up 1.0\n" in told
    assert "\nosken_store_up 1.0\n" in told
    assert '\nosken_http_requests_total{method="POST",status_class="2xx"} 1.0\n' in told
    assert '\nosken_process_open_fds{process="rest"} ' in told
    assert not [message for message in server.messages.queue if isinstance(message, Query)]
