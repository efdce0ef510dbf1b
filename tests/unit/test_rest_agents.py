"""Hosts as agents: those that are there, those that are away, and how one that is gone is forgotten."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from osken_apps.failures import Failures
from osken_apps.link import Answer, Query
from osken_apps.model.changes import HostReport, PortReport
from osken_apps.model.known_hosts import KnownHost
from osken_apps.model.resources import Binding, PortStatus
from osken_apps.networking.bindings import record
from osken_apps.questions import DhcpTransactions, ForgetHost, HostFlows, HostInterfaces
from osken_apps.rest.controller import Questions
from osken_apps.rest.wsgi import application
from osken_apps.store.recorder import Recorder
from tests.unit.rest_client import Client, client_of, config_of
from tests.unit.test_store_recorder import run

NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)
HOST1 = HostReport("host1", True, ("br-int",), (), True, NOW, NOW, 1, datapath_type="netdev")
HOST2 = replace(HOST1, host="host2", alive=False, datapath_type="")


@pytest.fixture
def api(tmp_path: Path) -> Client:
    """Give a client of an API that knows a host that is there and one that is away."""
    client = client_of(tmp_path)
    client.hosts.replace((HOST1, HOST2))
    return client


def bind(api: Client, port_id: str, host: str) -> None:
    """Report a port as bound to a host."""
    with api.store.write() as transaction:
        record(transaction, [PortReport(port_id, Binding(host, 1, "tap1"), PortStatus.ACTIVE)])


def port_at(api: Client, host: str) -> str:
    """Make a port that is bound to a host."""
    port_id = str(api.make("port", network_id=api.make("network")["id"])["id"])
    bind(api, port_id, host)
    return port_id


@contextmanager
def controller(api: Client, tmp_path: Path, answers: dict[str, Any]) -> Iterator[list[Query]]:
    """Put a controller behind the API that answers every question by its host."""
    asked: list[Query] = []

    def send(query: Query) -> None:
        asked.append(query)
        answer = Answer(query.number, answers.get(astuple(query.question)[0], ""))
        threading.Thread(target=questions.take, args=(answer,)).start()

    questions = Questions(send)
    api.app = application(api.store, config_of(tmp_path), api.hosts, questions)
    yield asked


def agents(api: Client) -> dict[str, dict[str, Any]]:
    """Give the agents by host."""
    return {agent["host"]: agent for agent in api.get("/agents")["agents"]}


def details(api: Client, **attributes: Any) -> dict[str, Any]:
    """Give the vif_details of a new port."""
    port = api.make("port", network_id=api.make("network")["id"], **attributes)
    shown: dict[str, Any] = port["binding:vif_details"]
    return shown


def test_a_host_that_only_ports_know_is_listed_as_away(api: Client) -> None:
    port_at(api, "host9")
    listed = agents(api)
    assert {host: agent["alive"] for host, agent in listed.items()} == {
        "host1": True,
        "host2": False,
        "host9": False,
    }
    assert listed["host9"]["configurations"]["devices"] == 1
    assert api.get(f"/agents/{listed['host9']['id']}")["agent"] == listed["host9"]


def test_the_ports_of_a_host_are_found_by_where_they_are(api: Client) -> None:
    port_id = port_at(api, "host9")
    port_at(api, "host1")
    assert [port["id"] for port in api.get("/ports?binding:host_id=host9")["ports"]] == [port_id]


def test_a_host_that_is_gone_is_forgotten_and_its_ports_are_unbound(api: Client, tmp_path: Path) -> None:
    port_id = port_at(api, "host2")
    with api.store.write() as transaction:
        transaction.keep_host(KnownHost("host2", NOW))
    with controller(api, tmp_path, {}) as asked:
        reply = api.call("DELETE", f"/agents/{agents(api)['host2']['id']}")
    assert (reply.status, reply.body) == (204, None)
    assert [query.question for query in asked] == [ForgetHost("host2")]
    port = api.get(f"/ports/{port_id}")["port"]
    assert (port["status"], port["binding:host_id"], port["binding:vif_type"]) == ("DOWN", "", "unbound")
    assert set(agents(api)) == {"host1"}
    with api.store.read() as view:
        assert view.known_hosts() == []


def test_a_report_that_waits_while_its_host_is_forgotten_binds_no_port_to_it(
    api: Client, tmp_path: Path
) -> None:
    port_id, recorder = port_at(api, "host1"), Recorder(Failures())
    api.hosts.listen_to_forgetting(recorder.forget)
    recorder.add(
        (PortReport(port_id, Binding("host2", 1, "tap1"), PortStatus.ACTIVE), KnownHost("host2", NOW))
    )
    with controller(api, tmp_path, {}):
        assert api.call("DELETE", f"/agents/{agents(api)['host2']['id']}").status == 204
    run(recorder, api.store)
    port = api.get(f"/ports/{port_id}")["port"]
    assert (port["status"], port["binding:host_id"]) == ("DOWN", "")
    with api.store.read() as view:
        assert view.known_hosts() == []


def test_a_host_that_is_there_is_not_forgotten(api: Client, tmp_path: Path) -> None:
    with controller(api, tmp_path, {}) as asked:
        reply = api.call("DELETE", f"/agents/{agents(api)['host1']['id']}")
    assert (reply.status, reply.error, asked) == (409, "AgentInUse", [])
    assert "host1" in reply.message


def test_the_controller_may_know_better(api: Client, tmp_path: Path) -> None:
    port_id = port_at(api, "host2")
    with controller(api, tmp_path, {"host2": "it has just come back"}):
        reply = api.call("DELETE", f"/agents/{agents(api)['host2']['id']}")
    assert (reply.status, reply.error) == (409, "AgentInUse")
    assert "it has just come back" in reply.message
    assert api.get(f"/ports/{port_id}")["port"]["binding:host_id"] == "host2"


def test_without_the_controller_no_host_is_forgotten(api: Client) -> None:
    reply = api.call("DELETE", f"/agents/{agents(api)['host2']['id']}")
    assert (reply.status, reply.error) == (503, "ServiceUnavailable")


def test_the_flows_and_interfaces_of_a_host_are_the_controllers_answer(api: Client, tmp_path: Path) -> None:
    told = {"flows": [{"bridge": "br-int", "state": "missing"}], "silent": ["br-eth2"], "more": 0}
    with controller(api, tmp_path, {"host1": told}) as asked:
        path = f"/agents/{agents(api)['host1']['id']}"
        assert api.get(f"{path}/flows") == told
        assert api.get(f"{path}/flows?state=missing&bridge=br-int&port_id=p&rule=r") == told
        assert api.get(f"{path}/interfaces") == told
    assert [query.question for query in asked] == [
        HostFlows("host1"),
        HostFlows("host1", "br-int", "r", "p", "missing"),
        HostInterfaces("host1"),
    ]


@pytest.mark.parametrize(
    "query", ["flows?state=broken", "flows?nonsense=1", "flows?rule=a&rule=b", "interfaces?state=missing"]
)
def test_what_is_not_to_be_asked_of_a_host_is_refused(api: Client, tmp_path: Path, query: str) -> None:
    with controller(api, tmp_path, {}) as asked:
        reply = api.call("GET", f"/agents/{agents(api)['host1']['id']}/{query}")
    assert (reply.status, reply.error, asked) == (400, "HTTPBadRequest", [])


def test_only_administrators_see_flows_and_interfaces(tmp_path: Path) -> None:
    api = client_of(tmp_path, "authentication = headers").as_user("default", "admin")
    api.hosts.replace((HOST1,))
    for member in ("flows", "interfaces"):
        path = f"/agents/{agents(api)['host1']['id']}/{member}"
        assert api.as_user("a", "member").call("GET", path).status == 404
        assert api.call("GET", path).error == "ServiceUnavailable"  # there is no controller to ask


@pytest.mark.parametrize("path", ["/agents/{}/nonsense", "/agents/{}/flows/more"])
def test_nothing_else_is_below_an_agent(api: Client, path: str) -> None:
    assert api.call("GET", path.format(agents(api)["host1"]["id"])).status == 404


@pytest.mark.parametrize("method", ["PUT", "POST", "PATCH"])
def test_an_agent_cannot_be_changed(api: Client, method: str) -> None:
    reply = api.call(method, f"/agents/{agents(api)['host1']['id']}", {"agent": {"admin_state_up": False}})
    assert (reply.status, reply.error) == (405, "HTTPMethodNotAllowed")


def test_only_administrators_delete_agents(tmp_path: Path) -> None:
    api = client_of(tmp_path, "authentication = headers").as_user("default", "admin")
    api.hosts.replace((HOST2,))
    path = f"/agents/{agents(api)['host2']['id']}"
    assert api.as_user("a", "member").call("DELETE", path).status == 404


def test_a_bound_port_is_described_as_neutrons_driver_does_and_tells_fact_from_wish(api: Client) -> None:
    network_id = api.make("network")["id"]
    port_id = api.make("port", network_id=network_id, binding__host_id="host2")["id"]
    bind(api, port_id, "host1")
    port = api.get(f"/ports/{port_id}")["port"]
    assert (port["binding:host_id"], port["binding:vif_type"]) == ("host2", "ovs")
    assert port["binding:vif_details"] == {
        "connectivity": "l2",
        "port_filter": True,
        "ovs_hybrid_plug": False,
        "bridge_name": "br-int",
        "datapath_type": "netdev",
        "bound_drivers": {"0": "openvswitch"},
        "host": "host1",
        "requested_host": "host2",
        "local_vlan": 1,
    }


def test_on_a_kernel_datapath_the_tap_is_made_by_who_plugs(api: Client) -> None:
    api.hosts.replace((replace(HOST1, datapath_type="system"),))
    shown = details(api, binding__host_id="host1")
    assert (shown["datapath_type"], shown["ovs_create_tap"]) == ("system", True)


@pytest.mark.parametrize(
    ("attributes", "waits_for"),
    [
        ({}, "an interface with external_ids:iface-id=PORT on a host: none is shown"),
        (
            {"binding__host_id": "host1"},
            "an interface with external_ids:iface-id=PORT on host host1: none is shown",
        ),
        ({"binding__host_id": "host2"}, "host host2 to connect again"),
        ({"binding__host_id": "host9"}, "host host9 to connect: no host of that name is known"),
        ({"admin_state_up": False}, "its admin_state_up to be true"),
    ],
)
def test_a_port_says_what_it_waits_for(api: Client, attributes: dict[str, Any], waits_for: str) -> None:
    port = api.make("port", network_id=api.make("network")["id"], **attributes)
    assert port["binding:vif_details"]["waits_for"] == waits_for.replace("PORT", port["id"])


def test_a_port_of_a_network_that_is_down_waits_for_it(api: Client) -> None:
    network_id = api.make("network", admin_state_up=False)["id"]
    port_id = api.make("port", network_id=network_id)["id"]
    details = api.get(f"/ports/{port_id}")["port"]["binding:vif_details"]
    assert details["waits_for"] == f"admin_state_up of network {network_id} to be true"


def test_a_port_that_nobody_plugs_waits_for_nothing(api: Client) -> None:
    assert "waits_for" not in details(api, device_owner="network:router_interface")


def test_the_host_that_is_asked_for_is_set_and_unset(api: Client) -> None:
    port_id = port_at(api, "host1")
    pinned = api.change("port", port_id, binding__host_id="host1").body["port"]
    unpinned = api.change("port", port_id, binding__host_id=None).body["port"]
    wishes = [port["binding:vif_details"]["requested_host"] for port in (pinned, unpinned)]
    assert (wishes, unpinned["binding:host_id"]) == (["host1", ""], "host1")


def test_the_mac_address_of_a_port_that_is_asked_for_on_a_host_stays(api: Client) -> None:
    port = api.make("port", network_id=api.make("network")["id"], binding__host_id="host1")
    refused = api.change("port", port["id"], mac_address="fa:16:3e:00:00:99")
    api.change("port", port["id"], binding__host_id="")
    taken = api.change("port", port["id"], mac_address="fa:16:3e:00:00:99")
    assert (refused.status, refused.error, taken.status) == (409, "PortBound", 200)


def test_what_a_port_is_plugged_as_stays_while_it_is_somewhere_or_wanted_somewhere(api: Client) -> None:
    wanted = api.make("port", network_id=api.make("network")["id"], binding__host_id="host1")["id"]
    for port_id in (wanted, port_at(api, "host1")):
        same = api.change("port", port_id, binding__vnic_type="normal", name="new")
        refused = api.change("port", port_id, binding__vnic_type="direct", name="newer")
        assert (same.status, refused.status, refused.error) == (200, 409, "PortInUse")
        assert port_id in refused.message
        assert api.get(f"/ports/{port_id}")["port"]["name"] == "new"
    api.change("port", wanted, binding__host_id="")
    assert api.change("port", wanted, binding__vnic_type="direct").status == 200


def test_dhcp_transactions_are_asked_for_by_time_port_host_and_outcome(api: Client, tmp_path: Path) -> None:
    told = {"dhcp_transactions": [], "more": False, "known_since": "2026-11-26T00:00:00Z"}
    at = datetime(2026, 11, 26, tzinfo=UTC).timestamp()
    with controller(api, tmp_path, {0.0: told, at: told}) as asked:
        assert api.get("/dhcp-transactions") == told
        api.get("/dhcp-transactions?since=2026-11-26T00:00:00Z&port_id=p&host=h&outcome=offered")
    assert [query.question for query in asked] == [
        DhcpTransactions(0.0),
        DhcpTransactions(at, "p", "h", "offered"),
    ]
    assert api.call("GET", "/dhcp-transactions?since=yesterday").error == "HTTPBadRequest"


def test_the_port_of_dhcp_transactions_is_meant_by_its_id_in_capitals_too(
    api: Client, tmp_path: Path
) -> None:
    told = {"dhcp_transactions": [], "more": False, "known_since": "2026-11-26T00:00:00Z"}
    id = "0a1b2c3d-4e5f-4a1b-8c2d-0a1b2c3d4e5f"
    with controller(api, tmp_path, {0.0: told}) as asked:
        api.get(f"/dhcp-transactions?port_id={id.upper()}")
    assert [query.question for query in asked] == [DhcpTransactions(0.0, id)]


def test_only_administrators_see_the_dhcp_of_all(tmp_path: Path) -> None:
    api = client_of(tmp_path, "authentication = headers")
    for roles, status in ((("admin",), 503), (("member", "reader"), 403)):
        assert api.as_user("a", *roles).call("GET", "/dhcp-transactions").status == status
