"""What is shipped for Prometheus and Grafana, with a real Prometheus that scrapes a real controller."""

import json
import re
import signal
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from osken_apps.apps.bridge_dhcp import Unheard
from osken_apps.dhcp.decision import AnswerReason, SilenceReason
from osken_apps.lab import PATIENCE_S, wait_until
from osken_apps.metrics.declarations import METRICS, Kind
from tests.documents import TOP
from tests.e2e.conftest import METRICS_PORT, World
from tests.slot import slot_port

PROMETHEUS_PORT = slot_port(19709)
CONTRIB = TOP / "contrib"
RULES = CONTRIB / "prometheus" / "osken-net.rules.yml"
RULES_TEST = TOP / "tests" / "e2e" / "data" / "prometheus-rules-test.yml"
DASHBOARD: dict[str, Any] = json.loads((CONTRIB / "grafana" / "osken-net.json").read_text())
INTERVAL = "1s"
WINDOW = "20s"

TARGETS = [
    (panel["title"], target["expr"]) for panel in DASHBOARD["panels"] for target in panel.get("targets", ())
]
RULE_TEXTS = [
    rule["expr"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]
]
EXPRESSIONS = [*(expression for _, expression in TARGETS), *RULE_TEXTS]


def filled(expression: str) -> str:
    """Put in what Grafana puts in for its variables."""
    return expression.replace("$__rate_interval", WINDOW).replace("$host", ".*")


class Prometheus:
    """A Prometheus that scrapes the controller every second."""

    def __init__(self, directory: Path) -> None:
        target = {"job_name": "osken-net", "static_configs": [{"targets": [f"127.0.0.1:{METRICS_PORT}"]}]}
        document = {
            "global": {"scrape_interval": INTERVAL, "evaluation_interval": INTERVAL},
            "rule_files": [str(RULES)],
            "scrape_configs": [target],
        }
        config = directory / "prometheus.yml"
        config.write_text(yaml.safe_dump(document))
        command = [
            "prometheus",
            f"--config.file={config}",
            f"--storage.tsdb.path={directory / 'data'}",
            f"--web.listen-address=127.0.0.1:{PROMETHEUS_PORT}",
            "--log.level=warn",
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def ask(self, path: str, **query: str) -> Any:
        """Ask its API; nothing while it does not answer."""
        url = f"http://127.0.0.1:{PROMETHEUS_PORT}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        with suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:
            return json.load(answer)["data"]
        return None

    def has_data(self, expression: str) -> bool:
        """Tell whether an expression gives a sample now."""
        data = self.ask("query", query=filled(expression))
        return bool(data and data["result"])

    def has_none(self, expression: str) -> bool:
        """Tell whether an expression is answered, and gives no sample now."""
        data = self.ask("query", query=filled(expression))
        return data is not None and not data["result"]

    def healths(self) -> dict[str, str]:
        """Give whether each alert could be decided when it was last looked at."""
        groups = (self.ask("rules") or {"groups": []})["groups"]
        return {rule["name"]: rule["health"] for group in groups for rule in group["rules"]}


@pytest.fixture(scope="module")
def prometheus(running: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    served = Prometheus(tmp_path_factory.mktemp("prometheus"))
    try:
        wait_until(
            lambda: served.has_data("up == 1"), PATIENCE_S, "Prometheus to have scraped the controller"
        )
        yield served
    finally:
        served.process.send_signal(signal.SIGTERM)
        served.process.communicate(timeout=PATIENCE_S)


def test_every_panel_has_data_of_a_live_controller_and_every_alert_can_be_decided(
    world: World, prometheus: Prometheus
) -> None:
    vm = world.launch(1, world.network())
    left, deadline = TARGETS, time.monotonic() + PATIENCE_S
    while left and time.monotonic() < deadline:
        vm.udhcpc()  # panels of rates want something that happens
        left = [(title, expression) for title, expression in left if not prometheus.has_data(expression)]
    assert left == []
    wait_until(lambda: set(prometheus.healths().values()) == {"ok"}, PATIENCE_S, "every alert to be decided")
    for expression in ('osken_host_up{host="host1"} == 1', 'osken_host_bound_ports{host="host1"} == 1'):
        wait_until(lambda e=expression: prometheus.has_data(e), PATIENCE_S, expression)


def test_of_a_host_that_goes_nothing_stands_still(world: World, prometheus: Prometheus) -> None:
    flows, host = 'osken_host_flows{host="host2"}', world.host(2)
    wait_until(lambda: prometheus.has_data(flows), PATIENCE_S, "host2 to be told of")
    host.ovs.disconnect()
    try:
        wait_until(lambda: prometheus.has_none(flows), PATIENCE_S, "its flows to be told no more")
        down = 'osken_host_up{host="host2"} == 0'
        wait_until(lambda: prometheus.has_data(down), PATIENCE_S, down)
    finally:
        host.ovs.connect()
        host.ovs.wait_connected()
    wait_until(lambda: prometheus.has_data(flows), PATIENCE_S, "host2 to be told of again")


@pytest.mark.parametrize(("action", "file"), [("check", RULES), ("test", RULES_TEST)])
def test_promtool_is_content_with_the_rules(action: str, file: Path) -> None:
    done = subprocess.run(["promtool", action, "rules", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_is_content_with_the_metrics(world: World) -> None:
    url = f"http://127.0.0.1:{METRICS_PORT}/metrics"
    with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
        document = answer.read()
    done = subprocess.run(["promtool", "check", "metrics"], input=document, capture_output=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")


def test_what_is_asked_for_is_what_there_is() -> None:
    there = set()
    for metric in METRICS:
        endings = ("_bucket", "_sum", "_count") if metric.kind is Kind.HISTOGRAM else ("",)
        there |= {metric.name + ending for ending in endings}
    asked = {name for expression in EXPRESSIONS for name in re.findall(r"osken_[a-z_]+", expression)}
    assert asked - there == set()
    shown = {metric.name for metric in METRICS if any(metric.name in text for text in EXPRESSIONS)}
    assert {metric.name for metric in METRICS} - shown == NOT_SHOWN


#: What is there for questions of one's own.
NOT_SHOWN = {
    "osken_host_conditions",
    "osken_networks",
    "osken_subnets",
    "osken_link_queries_total",
    "osken_port_packets_total",
    "osken_port_bytes_total",
    "osken_port_dropped_packets_total",
    "osken_port_errors_total",
}


def test_outcomes_that_count_as_refused_are_outcomes() -> None:
    known = {reason.name.lower() for reasons in (AnswerReason, SilenceReason, Unheard) for reason in reasons}
    named = {
        word
        for text in EXPRESSIONS
        for words in re.findall(r'outcome=~"([^"]+)"', text)
        for word in words.split("|")
    }
    assert named
    assert named - known == set()


def test_the_dashboard_is_one() -> None:
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
    assert {variable["name"] for variable in DASHBOARD["templating"]["list"]} == {"datasource", "host"}
    assert {panel["datasource"]["uid"] for panel in DASHBOARD["panels"] if panel["type"] != "row"} == {
        "${datasource}"
    }
