"""Metrics: what is told of which facts, in the form that Prometheus reads, and by whom."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import webob
from prometheus_client.parser import text_string_to_metric_families

from osken_apps.metrics.declarations import METRICS, Kind
from osken_apps.metrics.exposition import exposition
from osken_apps.metrics.facts import Measurements, Pool, Process, Tally
from osken_apps.metrics.listener import metrics_application
from osken_apps.metrics.requests import Requests
from osken_apps.model.changes import HostReport
from osken_apps.model.counts import ControllerCounts, Falling, Histogram, HostCounts, PortCounts
from osken_apps.model.resources import PortStatus
from osken_apps.questions import HostFlows
from osken_apps.rest.controller import Questions
from osken_apps.rest.measured import Measured
from tests.unit.rest_client import Client, client_of, config_of

AT = datetime(2026, 11, 26, tzinfo=UTC)
PORT_ID = "b85d4f1d-6000-4000-8000-1234567890ab"
COUNTS = HostCounts(
    in_order=True,
    flows=(("br-int", 16),),
    foreign_flows=(("br-int", 1),),
    added_flows=20,
    deleted_flows=4,
    meter_drops=(("bridge", 0), ("port", 7)),
    ports=(PortCounts(PORT_ID, 1, 2, 3, 4, 5, 6, 7, 8),),
)
HOST1 = HostReport(
    "host1",
    alive=True,
    bridges=("br-int",),
    bridge_mappings=(("default", "br-eth2"),),
    ovsdb=True,
    started_at=AT,
    last_contact=AT,
    bound_ports=2,
    dhcp_counters=(("dropped_by_meters", 7), ("offered", 3)),
    repairs=1,
    trouble="a bridge is missing",
    conditions=(("nic_down", "eth2 is down", "ip link set eth2 up"), ("nic_down", "eth3 is down", "")),
    counts=COUNTS,
)


def durations(*seconds: float) -> Histogram:
    """Count durations."""
    histogram = Histogram((0.1, 1.0))
    for each in seconds:
        histogram.observe(each)
    return histogram


FACTS = Measurements(
    "1.2",
    "br-int",
    controller_is_heard=True,
    controller=ControllerCounts(
        AT.timestamp(),
        durations(0.05).durations,
        durations(0.1, 0.2, 5).durations,
        (("flow_mod_failed", 2),),
        (("a pass failed", 3),),
    ),
    hosts=(HOST1,),
    refused=1,
    tally=Tally(1, 2, {"ACTIVE": 3, "DOWN": 0}, (Pool("vlan", "default", 2000, 1),), 0.5),
    commits=durations(0.05, 0.2).durations,
    requests={("GET", "2xx"): 4},
    durations={"/v2.0/ports": durations(0.5).durations},
    queries={("host_flows", "answered"): 1},
    explained={"not_plugged": 3},
    processes={"rest": Process(1.5, 4096, 12)},
    errors={"a request was not answered": 1},
)


def told(facts: Measurements) -> Mapping[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Give every sample that is told, by its name and labels."""
    document, content_type = exposition(lambda: facts, "text/plain")
    assert content_type.startswith("text/plain")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(document.decode())
        for sample in family.samples
    }


def of(facts: Measurements, name: str, **labels: str) -> float | None:
    """Give the value of a sample."""
    return told(facts).get((f"osken_{name}", tuple(sorted(labels.items()))))


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_every_metric_is_told_of_some_facts_with_a_value_for_each_label(metric: Any) -> None:
    samples = list(metric.samples(FACTS))
    assert samples
    assert {len(labels) for labels, _ in samples} == {len(metric.labels)}
    assert len({labels for labels, _ in samples}) == len(samples)


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_names_are_as_prometheus_wants_them(metric: Any) -> None:
    assert re.fullmatch("osken_[a-z_]+[a-z]", metric.name)
    assert metric.name.endswith("_total") is (metric.kind is Kind.COUNTER)
    assert metric.name.endswith("_seconds") or metric.kind is not Kind.HISTOGRAM
    assert metric.help.endswith(("." if ";" not in metric.help else "", "sent"))


def test_no_name_is_declared_twice() -> None:
    assert len({metric.name for metric in METRICS}) == len(METRICS)


def test_what_is_told_of_a_host() -> None:
    host = {"host": "host1"}
    assert of(FACTS, "host_bridge_connected", bridge="br-int", **host) == 1
    assert of(FACTS, "host_bridge_connected", bridge="br-eth2", **host) == 0
    assert of(FACTS, "host_conditions", code="nic_down", **host) == 2
    assert of(FACTS, "host_synced", **host) == of(FACTS, "host_trouble", **host) == 1
    assert of(FACTS, "host_flow_changes_total", op="delete", **host) == 4
    assert of(FACTS, "dhcp_messages_total", outcome="offered", **host) == 3
    assert of(FACTS, "dhcp_messages_total", outcome="dropped_by_meters", **host) is None
    assert of(FACTS, "meter_drops_packets_total", kind="port", **host) == 7
    assert of(FACTS, "port_bytes_total", port=PORT_ID, direction="received", **host) == 3
    assert of(FACTS, "hosts", state="trouble") == of(FACTS, "hosts", state="refused") == 1
    assert of(FACTS, "hosts", state="alive") == 0


def test_a_histogram_counts_all_that_took_no_longer() -> None:
    name = "dhcp_answer_duration_seconds"
    shown = [of(FACTS, f"{name}_bucket", le=le) for le in ("0.1", "1.0", "+Inf")]
    assert shown == [1, 2, 3]
    assert (of(FACTS, f"{name}_count"), of(FACTS, f"{name}_sum")) == (3, pytest.approx(5.3))


def test_of_a_host_that_is_away_nothing_stands_still() -> None:
    away = replace(FACTS, hosts=(replace(HOST1, alive=False),))
    about = {name for name, labels in told(away) if ("host", "host1") in labels}
    assert about == {"osken_host_up", "osken_host_last_contact_timestamp_seconds"}
    assert of(away, "host_up", host="host1") == 0
    assert of(away, "hosts", state="gone") == 1


def test_of_a_host_that_is_forgotten_nothing_is_told() -> None:
    assert [name for name, labels in told(replace(FACTS, hosts=())) if ("host", "host1") in labels] == []


def test_before_the_controller_speaks_and_without_a_database_the_rest_is_told() -> None:
    early = Measurements("1.2", "br-int")
    assert (of(early, "controller_up"), of(early, "store_up")) == (0, 0)
    assert of(early, "ports", status="ACTIVE") is None
    assert of(early, "controller_start_time_seconds") is None


def test_more_ports_are_no_more_series() -> None:
    many = replace(HOST1, bound_ports=50_000)
    tally = Tally(1, 2, {"ACTIVE": 50_000, "DOWN": 0}, FACTS.tally.pools if FACTS.tally else (), 0.5)
    assert told(replace(FACTS, hosts=(many,), tally=tally)).keys() == told(FACTS).keys()


def test_openmetrics_is_told_to_whom_accepts_it() -> None:
    document, content_type = exposition(lambda: FACTS, "application/openmetrics-text; version=1.0.0")
    assert content_type.startswith("application/openmetrics-text")
    assert document.endswith(b"# EOF\n")


def scrape(facts: Any, path: str = "/metrics", method: str = "GET") -> webob.Response:
    """Ask the listener's application."""
    return webob.Request.blank(path, method=method).get_response(metrics_application(facts))


def test_there_is_one_path_and_it_is_read() -> None:
    assert b"osken_build_info" in scrape(lambda: FACTS).body
    assert scrape(lambda: FACTS, "/").status_int == 404
    assert scrape(lambda: FACTS, "/v2.0/networks").status_int == 404
    refused = scrape(lambda: FACTS, method="POST")
    assert (refused.status_int, refused.headers["Allow"]) == (405, "GET, HEAD")


def test_an_error_of_ours_is_a_failed_scrape_and_tells_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> Measurements:
        raise RuntimeError("secret")

    answer = scrape(broken)
    assert (answer.status_int, b"secret" in answer.body) == (500, False)
    assert "metrics were not told" in caplog.text


# -- what is counted


def test_what_begins_anew_is_added_up() -> None:
    drops = Falling()
    for shown, total in (({1: 5, 2: 1}, 6), ({1: 7, 2: 1}, 8), ({1: 2}, 10), ({1: 2, 2: 4}, 14), ({}, 14)):
        drops.take(shown)
        assert drops.totals.total() == total
    assert drops.totals == {1: 9, 2: 5}


def test_requests_are_counted_by_route_and_not_by_path(tmp_path: Path) -> None:
    client = client_of(tmp_path)
    network = client.make("network")
    client.get(f"/networks/{network['id']}")
    for path in ("/networks/nothing", "/nonsense/x", "/nonsense/y"):
        assert client.call("GET", path).status == 404
    client.call("BREW", "/networks")
    requests: Requests = client.app.requests  # type: ignore[attr-defined]
    assert requests.counts == {
        ("POST", "2xx"): 1,
        ("GET", "2xx"): 1,
        ("GET", "4xx"): 3,
        ("other", "4xx"): 1,
    }
    counted = {route: sum(took.counts) for route, took in requests.durations.items()}
    assert counted == {"/v2.0/networks": 1, "/v2.0/networks/{id}": 2, "none": 3}


def measured(tmp_path: Path, text: str = "") -> tuple[Client, Measured]:
    """Give a client, and the facts of what it asks."""
    client = client_of(tmp_path, text)
    config = config_of(tmp_path, text)
    return client, Measured(config, client.store, client.hosts, Questions(), Requests())


def test_the_database_is_counted(tmp_path: Path) -> None:
    pools = "\n[network]\nvlan_ranges = default:1:10,default:5:20\ntunnel_ranges = vxlan:1:16777215"
    client, facts = measured(tmp_path, pools)
    network = client.make("network", provider__network_type="vlan")
    client.make("network", provider__network_type="vlan", provider__segmentation_id=4000,
                provider__physical_network="default")  # fmt: skip
    client.subnet(network["id"], "192.0.2.0/29", enable_dhcp=False)
    for _ in range(2):
        client.make("port", network_id=network["id"])
    tally = facts().tally
    assert tally is not None
    assert (tally.networks, tally.subnets, tally.fullest) == (2, 1, 2 / 5)
    assert tally.ports == {status.value: 0 for status in PortStatus} | {"DOWN": 2}
    assert {(pool.network_type, pool.size, pool.used) for pool in tally.pools} == {
        ("vlan", 20, 1),
        ("vxlan", 16777215, 0),
    }


def test_the_database_is_not_counted_at_every_scrape(tmp_path: Path) -> None:
    client, facts = measured(tmp_path)
    before = facts().tally
    client.make("network")
    assert facts().tally is before


def test_the_facts_have_hosts_and_this_process(tmp_path: Path) -> None:
    client, facts = measured(tmp_path)
    client.hosts.replace((HOST1, replace(HOST1, host="host1", refused="192.0.2.9")))
    shown = facts()
    assert ([host.host for host in shown.hosts], shown.refused) == (["host1"], 1)
    assert {"rest", "controller"} == set(shown.processes)
    assert min(process.resident_bytes for process in shown.processes.values()) > 1_000_000
    assert (shown.controller_is_heard, shown.controller) == (False, None)


def test_questions_are_counted_by_what_came_of_them() -> None:
    questions = Questions()
    with pytest.raises(Exception, match="no controller"):
        questions.ask(HostFlows("host1"))
    assert questions.asked == {("host_flows", "failed"): 1}
