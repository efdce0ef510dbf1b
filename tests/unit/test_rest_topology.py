"""Which machines hang on which networks, and where."""

from pathlib import Path
from typing import Any

import pytest

from osken_apps.model.changes import PortReport
from osken_apps.model.resources import Binding, PortStatus
from osken_apps.networking.bindings import record
from osken_apps.rest.reports import topology
from tests.unit.rest_client import Client, client_of


@pytest.fixture
def api(tmp_path: Path) -> Client:
    """Give an administrator of an API with a machine on two networks, and one on one of them."""
    client = client_of(tmp_path, "authentication = headers").as_user("a", "admin")
    for name, cidr in (("blue", "10.0.0.0/24"), ("green", "10.1.0.0/24")):
        network = client.make("network", name=name)["id"]
        client.subnet(network, cidr)
        web = client.make("port", network_id=network, name="web", device_id="web")
        bind(client, web["id"], "host1")
    db = client.make("port", network_id=network, name="db")
    bind(client, db["id"], "host2", PortStatus.DOWN)
    return client


def bind(client: Client, port_id: str, host: str, status: PortStatus = PortStatus.ACTIVE) -> None:
    with client.store.write() as transaction:
        record(transaction, [PortReport(port_id, Binding(host, 1), status)])


def id_of(client: Client, name: str) -> str:
    return next(str(item["id"]) for item in client.get("/networks")["networks"] if item["name"] == name)


def shapes(told: Any) -> list[tuple[str, str, int]]:
    return [(machine["name"], machine["host"], len(machine["ports"])) for machine in told["machines"]]


def test_ports_of_one_device_are_one_machine_and_the_dhcp_server_is_none(api: Client) -> None:
    told = api.get("/topology")
    assert [(item["name"], item["cidrs"], item["ports"]) for item in told["networks"]] == [
        ("blue", ["10.0.0.0/24"], 1),
        ("green", ["10.1.0.0/24"], 2),
    ]
    assert shapes(told) == [("db", "host2", 1), ("web", "host1", 2)]
    cells = [(cell["host"], cell["ports"], cell["down"]) for cell in told["cells"]]
    assert sorted(cells) == [("host1", 1, 0), ("host1", 1, 0), ("host2", 1, 1)]


def test_of_one_network_or_host_only_what_is_there_is_told(api: Client) -> None:
    blue = api.get(f"/topology?network_id={id_of(api, 'blue')}")
    assert ([item["name"] for item in blue["networks"]], shapes(blue)) == (["blue"], [("web", "host1", 1)])
    host2 = api.get("/topology?host=host2")
    assert ([item["name"] for item in host2["networks"]], shapes(host2)) == (["green"], [("db", "host2", 1)])


def test_a_network_is_meant_by_its_id_in_capitals_too(api: Client) -> None:
    id = id_of(api, "blue")
    assert api.get(f"/topology?network_id={id.upper()}") == api.get(f"/topology?network_id={id}")


def test_of_many_only_counts_are_told(api: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topology, "MOST", 4)
    told = api.get("/topology")
    assert (told["is_complete"], told["machines"], told["cells"]) == (False, [], [])
    assert told["more_cells"] == 3
    assert [(item["ports"], item["down"], item["hosts"]) for item in told["networks"]] == [
        (1, 0, 1),
        (2, 1, 2),
    ]


def test_a_network_that_a_caller_may_not_see_is_not_shown_with_its_port_there(api: Client) -> None:
    secret = id_of(api, "blue")
    api.make("port", network_id=secret, name="theirs", project_id="b")
    member = api.as_user("b", "member")
    assert member.call("GET", f"/networks/{secret}").status == 404
    assert [port["name"] for port in member.get("/ports")["ports"]] == ["theirs"]
    assert member.get("/topology")["networks"] == []


def test_a_member_sees_its_own_ports_and_no_hosts(api: Client) -> None:
    api.change("network", id_of(api, "blue"), shared=True)
    member = api.as_user("b", "member")
    member.make("port", network_id=id_of(api, "blue"), name="own")
    told = member.get("/topology")
    assert [(item["name"], item["ports"], item["hosts"]) for item in told["networks"]] == [("blue", 1, 0)]
    assert (shapes(told), told["cells"]) == ([("own", "", 1)], [])


def test_another_projects_network_is_not_there_and_hosts_are_not_told(api: Client) -> None:
    member = api.as_user("b", "member")
    assert member.call("GET", f"/topology?network_id={id_of(api, 'blue')}").error == "NetworkNotFound"
    assert member.call("GET", "/topology?host=host1").status == 403


def test_what_a_policy_hides_of_networks_subnets_and_ports_is_not_told(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    hidden = ("network:name", "port:name", "port:fixed_ips", "port:device_id")
    rules = [*(f"get_{attribute}" for attribute in hidden), "get_subnet"]
    file.write_text("".join(f"{rule}: 'role:admin'\n" for rule in rules))
    admin = client_of(tmp_path, f"authentication = headers\npolicy_file = {file}").as_user("a", "admin")
    network = admin.make("network", name="blue")["id"]
    admin.subnet(network, "10.0.0.0/24")
    port = admin.make("port", network_id=network, name="web", device_id="the server")["id"]
    told = admin.as_user("a", "member").get("/topology")
    assert [(item["name"], item["cidrs"], item["ports"]) for item in told["networks"]] == [("", [], 1)]
    ((machine, shown),) = [(item["id"], item["ports"]) for item in told["machines"]]
    assert (machine, [(each["name"], each["addresses"]) for each in shown]) == (port, [("", [])])
