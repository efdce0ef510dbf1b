"""What the API tells of the whole: counts, what needs attention, what the caller may do."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from osken_apps.model.changes import HostReport, PortReport
from osken_apps.model.resources import Binding, PortStatus
from osken_apps.networking.bindings import record
from osken_apps.rest.controller import Questions
from osken_apps.rest.wsgi import application
from tests.unit.rest_client import Client, client_of, config_of

NOW = datetime(2026, 11, 26, 12, 0, 0, tzinfo=UTC)
HOST = HostReport("host1", True, ("br-int",), (), True, NOW, NOW, 2)


@pytest.fixture
def api(tmp_path: Path) -> Client:
    """Give a client of an empty API whose callers a proxy names, and whose controller has just spoken."""
    text = "authentication = headers"
    client = client_of(tmp_path, text)
    app = application(client.store, config_of(tmp_path, text), client.hosts, heard())
    return replace(client, app=app).as_user("a", "admin")


def heard() -> Questions:
    questions = Questions()
    questions.hear()
    return questions


def observe(api: Client, port_id: str, status: PortStatus, waits_for: str = "") -> None:
    with api.store.write() as transaction:
        record(transaction, [PortReport(port_id, Binding("host1", 1), status, waits_for)])


def sentences(overview: Any) -> list[str]:
    return [item["sentence"] for item in overview["attention"]]


def test_what_there_is_is_counted_by_status_and_stays_right_with_each_change(api: Client) -> None:
    assert api.get("/overview")["counts"]["ports"] == {"total": 0}
    network = api.make("network")
    first, second = (api.make("port", network_id=network["id"]) for _ in range(2))
    observe(api, first["id"], PortStatus.ACTIVE)
    assert api.get("/overview")["counts"]["ports"] == {"total": 2, "ACTIVE": 1, "DOWN": 1}
    observe(api, second["id"], PortStatus.ACTIVE)
    api.call("DELETE", f"/ports/{first['id']}")
    counts = api.get("/overview")["counts"]
    assert counts["ports"] == {"total": 1, "ACTIVE": 1}
    assert counts["networks"] == {"total": 1}


def test_what_was_there_before_the_first_question_is_counted(api: Client) -> None:
    network = api.make("network")
    observe(api, api.make("port", network_id=network["id"])["id"], PortStatus.ACTIVE)
    assert api.get("/overview")["counts"]["ports"] == {"total": 1, "ACTIVE": 1}


def test_a_project_counts_what_it_sees_and_no_more(api: Client) -> None:
    api.make("network", project_id="a")
    api.make("network", project_id="a", shared=True)
    other = api.as_user("b", "member")
    other.make("network")
    overview = other.get("/overview")
    assert overview["counts"]["networks"] == {"total": 2}
    assert overview["caller"]["is_admin"] is False
    assert "agents" not in overview["counts"]


def test_a_caller_hears_what_it_may_do(api: Client) -> None:
    member = api.as_user("b", "member").get("/overview")["permissions"]
    reader = api.as_user("b", "reader").get("/overview")["permissions"]
    admin = api.get("/overview")["permissions"]
    assert (member["create_network"], member["delete_port"], member["get_network"]) == (True, True, True)
    assert (reader["create_network"], reader["get_network"]) == (False, True)
    assert (member["create_network:shared"], admin["create_network:shared"]) == (False, True)


def test_hosts_are_counted_by_state_and_what_is_wrong_is_said_worst_first(api: Client) -> None:
    condition = ("wiring", "br-eth2 has no port to the wire", "ovs-vsctl add-port br-eth2 eth2")
    api.hosts.replace(
        [
            HOST,
            replace(HOST, host="host2", conditions=(condition,)),
            replace(HOST, host="host3", alive=False, bound_ports=7),
            replace(HOST, host="host1", refused="192.0.2.9", trouble="host1 is there already"),
        ]
    )
    overview = api.get("/overview")
    assert overview["counts"]["agents"] == {"total": 4, "alive": 1, "gone": 1, "refused": 1, "trouble": 1}
    assert sentences(overview) == [
        "host3 is not connected since 2026-11-26 12:00:00 UTC; traffic of its 7 ports goes on as it was.",
        "host1 at 192.0.2.9 is not served: host1 is there already.",
        "host2: br-eth2 has no port to the wire.",
    ]
    assert overview["attention"][2]["remedy"] == "ovs-vsctl add-port br-eth2 eth2"
    assert {item["kind"] for item in overview["attention"]} == {"agent"}


def test_of_many_sentences_twenty_are_told_and_the_others_are_counted(api: Client) -> None:
    network = api.make("network")
    for number in range(25):
        port = api.make("port", network_id=network["id"], name=f"vm{number}")
        observe(api, port["id"], PortStatus.DOWN, "its tag to be set")
    overview = api.get("/overview")
    assert sentences(overview) == [f"Port vm{number} waits for its tag to be set." for number in range(20)]
    assert overview["more"] == 5


def test_a_silent_controller_is_said_first(tmp_path: Path) -> None:
    api = client_of(tmp_path)
    assert sentences(api.get("/overview")) == ["the controller has not spoken yet."]


def test_what_a_port_waits_for_is_told_to_whoever_may_see_it_of_the_port(api: Client, tmp_path: Path) -> None:
    network = api.make("network", project_id="a")
    port = api.make("port", network_id=network["id"], name="vm1", project_id="a")
    observe(api, port["id"], PortStatus.DOWN, "eth2 of host1 to be up")
    assert sentences(api.get("/overview")) == ["Port vm1 waits for eth2 of host1 to be up."]
    member = api.as_user("a", "member")
    assert "binding:vif_details" not in member.get(f"/ports/{port['id']}")["port"]
    assert sentences(member.get("/overview")) == ["Port vm1 waits."]
    file = tmp_path / "policy.yaml"
    file.write_text("get_port:name: 'role:admin'\n")
    text = f"authentication = headers\npolicy_file = {file}"
    hiding = replace(member, app=application(api.store, config_of(tmp_path, text), api.hosts, heard()))
    assert sentences(hiding.get("/overview")) == [f"Port {port['id']} waits."]


def test_another_projects_waiting_ports_are_not_told(api: Client) -> None:
    network = api.make("network", project_id="a")
    observe(api, api.make("port", network_id=network["id"])["id"], PortStatus.DOWN, "its tag to be set")
    assert api.as_user("b", "member").get("/overview")["attention"] == []
