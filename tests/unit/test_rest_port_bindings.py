"""Bindings of ports over the API, as a live migration asks for them."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from osken_apps.model.changes import HostReport, PortReport
from osken_apps.model.resources import Binding, PortStatus
from osken_apps.networking.bindings import record
from osken_apps.networking.port_bindings import MAX_INACTIVE_BINDINGS
from tests.unit.rest_client import Client, Reply, client_of

NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)


def host(name: str, datapath_type: str = "netdev") -> HostReport:
    return HostReport(name, True, ("br-int",), (), True, NOW, NOW, 1, datapath_type=datapath_type)


@pytest.fixture
def api(tmp_path: Path) -> Client:
    client = client_of(tmp_path)
    client.hosts.replace([host("host1"), host("host2", "system"), *(host(f"at{n}") for n in range(9))])
    return client


@pytest.fixture
def port(api: Client) -> dict[str, Any]:
    """Make the port of a machine that is on host1."""
    return api.make(
        "port",
        network_id=api.make("network")["id"],
        device_owner="compute:nova",
        device_id="5a4b8f5e-2f5f-4a5b-8f5e-2f5f4a5b8f5e",
        binding__host_id="host1",
    )


def ask(api: Client, method: str, port: dict[str, Any], path: str = "", body: Any = None) -> Reply:
    return api.call(method, f"/ports/{port['id']}/bindings{path}", body)


def bind(api: Client, port: dict[str, Any], name: str, **more: Any) -> Reply:
    return ask(api, "POST", port, "", {"binding": {"host": name, **more}})


def states(api: Client, port: dict[str, Any]) -> dict[str, str]:
    return {item["host"]: item["status"] for item in ask(api, "GET", port).body["bindings"]}


def test_a_live_migration_binds_at_its_target_activates_and_takes_the_source_s_away(
    api: Client, port: dict[str, Any]
) -> None:
    made = bind(api, port, "host2", vnic_type="normal", profile={})
    assert (made.status, made.body["binding"]) == (
        201,
        {
            "host": "host2",
            "vif_type": "ovs",
            "vif_details": {
                "connectivity": "l2",
                "port_filter": True,
                "ovs_hybrid_plug": False,
                "bridge_name": "br-int",
                "datapath_type": "system",
                "bound_drivers": {"0": "openvswitch"},
                "ovs_create_tap": True,
            },
            "vnic_type": "normal",
            "profile": {},
            "status": "INACTIVE",
        },
    )
    assert states(api, port) == {"host1": "ACTIVE", "host2": "INACTIVE"}
    assert ask(api, "GET", port, "/host2").body == made.body
    activated = ask(api, "PUT", port, "/host2/activate")
    assert (activated.status, activated.body["host"], activated.body["status"]) == (200, "host2", "ACTIVE")
    assert states(api, port) == {"host2": "ACTIVE", "host1": "INACTIVE"}
    assert api.get(f"/ports/{port['id']}")["port"]["binding:host_id"] == "host2"
    assert ask(api, "DELETE", port, "/host1").status == 204
    assert states(api, port) == {"host2": "ACTIVE"}


def test_a_migration_that_is_given_up_leaves_the_port_as_it_was(api: Client, port: dict[str, Any]) -> None:
    before = api.get(f"/ports/{port['id']}")["port"]
    bind(api, port, "host2")
    assert ask(api, "DELETE", port, "/host2").status == 204
    after = api.get(f"/ports/{port['id']}")["port"]
    assert after | {"revision_number": 0, "updated_at": ""} == before | {
        "revision_number": 0,
        "updated_at": "",
    }


def test_each_binding_says_for_itself_how_it_is_plugged(api: Client, port: dict[str, Any]) -> None:
    made = ask(api, "PUT", port, "/host1", {"binding": {"vnic_type": "direct"}})
    assert (made.status, made.body["binding"]["vnic_type"]) == (200, "direct")
    bind(api, port, "host2")
    ask(api, "PUT", port, "/host2", {"binding": {"vnic_type": "macvtap"}})
    ask(api, "PUT", port, "/host2/activate")
    kinds = {item["host"]: item["vnic_type"] for item in ask(api, "GET", port).body["bindings"]}
    assert kinds == {"host1": "direct", "host2": "macvtap"}
    assert api.get(f"/ports/{port['id']}")["port"]["binding:vnic_type"] == "macvtap"


def test_the_first_binding_is_active_and_taking_it_away_unbinds(api: Client) -> None:
    port = api.make("port", network_id=api.make("network")["id"], device_owner="compute:nova")
    assert bind(api, port, "host1").body["binding"]["status"] == "ACTIVE"
    assert api.get(f"/ports/{port['id']}")["port"]["binding:host_id"] == "host1"
    ask(api, "DELETE", port, "/host1")
    assert states(api, port) == {}


def test_where_an_interface_was_plugged_without_a_wish_is_the_active_binding(
    api: Client, port: dict[str, Any]
) -> None:
    api.change("port", port["id"], binding__host_id="")
    with api.store.write() as transaction:
        record(transaction, [PortReport(port["id"], Binding("host1", 1), PortStatus.ACTIVE)])
    bind(api, port, "host2")
    assert states(api, port) == {"host1": "ACTIVE", "host2": "INACTIVE"}
    ask(api, "PUT", port, "/host2/activate")
    assert states(api, port) == {"host2": "ACTIVE", "host1": "INACTIVE"}


def test_a_machine_that_has_moved_without_a_wish_has_one_binding_where_it_is(
    api: Client, port: dict[str, Any]
) -> None:
    api.change("port", port["id"], binding__host_id="")
    seen = []
    for place in ("host1", "host2", "host1"):
        with api.store.write() as transaction:
            record(transaction, [PortReport(port["id"], Binding(place, 1), PortStatus.ACTIVE)])
        seen.append([(item["host"], item["status"]) for item in ask(api, "GET", port).body["bindings"]])
        bind(api, port, "host2")
    assert seen == [
        [("host1", "ACTIVE")],
        [("host2", "ACTIVE")],
        [("host1", "ACTIVE"), ("host2", "INACTIVE")],
    ]


def test_a_machine_s_host_is_its_one_binding_where_the_wish_for_another_is_taken_back(
    api: Client, port: dict[str, Any]
) -> None:
    bind(api, port, "host2")
    with api.store.write() as transaction:
        record(transaction, [PortReport(port["id"], Binding("host2", 1), PortStatus.ACTIVE)])
    assert ask(api, "DELETE", port, "/host1").status == 204
    (binding,) = ask(api, "GET", port).body["bindings"]
    assert (binding["host"], binding["status"]) == ("host2", "ACTIVE")
    bind(api, port, "at1")
    ask(api, "PUT", port, "/at1/activate")
    kinds = [(item["host"], item["status"]) for item in ask(api, "GET", port).body["bindings"]]
    assert kinds == [("at1", "ACTIVE"), ("host2", "INACTIVE")]


def test_a_machine_whose_host_is_cut_off_is_still_plugged_there(api: Client, port: dict[str, Any]) -> None:
    bind(api, port, "host2")
    with api.store.write() as transaction:
        record(transaction, [PortReport(port["id"], Binding("host1", 1, "tap1"), PortStatus.ACTIVE)])
    before = ask(api, "GET", port).body
    api.hosts.replace([replace(host("host1"), alive=False), host("host2", "system")])
    assert ask(api, "GET", port).body == before
    assert ask(api, "GET", port, "/host1").body["binding"] == before["bindings"][0]
    ask(api, "PUT", port, "/host2/activate")
    kinds = {item["host"]: item["vif_type"] for item in ask(api, "GET", port).body["bindings"]}
    assert kinds == {"host1": "ovs", "host2": "ovs"}


def test_a_wish_for_the_target_s_host_takes_the_place_of_its_inactive_binding(
    api: Client, port: dict[str, Any]
) -> None:
    bind(api, port, "host2")
    api.change("port", port["id"], binding__host_id="host2")
    assert states(api, port) == {"host2": "ACTIVE"}
    bind(api, port, "host1")
    api.change("port", port["id"], binding__host_id=None)
    assert states(api, port) == {}


@pytest.mark.parametrize(
    ("method", "path", "body", "error"),
    [
        ("POST", "", {"binding": {"host": "host1"}}, (409, "PortBindingAlreadyExists")),
        ("POST", "", {"binding": {"host": "nowhere"}}, (409, "PortBindingError")),
        ("POST", "", {"binding": {}}, (400, "HTTPBadRequest")),
        ("POST", "", {"binding": {"host": "host2", "status": "ACTIVE"}}, (400, "HTTPBadRequest")),
        ("POST", "", {"binding": {"host": "host2", "profile": {"a": 1}}}, (403, "PolicyNotAuthorized")),
        ("PUT", "/host1/activate", None, (409, "PortBindingAlreadyActive")),
        ("PUT", "/host2/activate", None, (404, "PortBindingNotFound")),
        ("PUT", "/host2", {"binding": {}}, (404, "PortBindingNotFound")),
        ("PUT", "/host1", {"binding": {"host": "host2"}}, (400, "HTTPBadRequest")),
        ("GET", "/host2", None, (404, "PortBindingNotFound")),
        ("DELETE", "/host2", None, (404, "PortBindingNotFound")),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    api: Client, port: dict[str, Any], method: str, path: str, body: Any, error: tuple[int, str]
) -> None:
    reply = ask(api, method, port, path, body)
    assert (reply.status, reply.error) == error
    assert states(api, port) == {"host1": "ACTIVE"}


def test_only_a_machine_s_port_moves(api: Client, port: dict[str, Any]) -> None:
    api.change("port", port["id"], device_owner="")
    assert (bind(api, port, "host2").error, ask(api, "GET", port).status) == ("NoComputePort", 200)


def test_a_port_moves_to_few_hosts_at_a_time(api: Client, port: dict[str, Any]) -> None:
    statuses = [bind(api, port, f"at{number}").status for number in range(MAX_INACTIVE_BINDINGS + 1)]
    assert statuses == [201] * MAX_INACTIVE_BINDINGS + [400]


def test_bindings_are_listed_by_filter_and_fields(api: Client, port: dict[str, Any]) -> None:
    bind(api, port, "host2")
    found = ask(api, "GET", port, "?status=INACTIVE&fields=host").body
    assert found == {"bindings": [{"host": "host2"}]}
