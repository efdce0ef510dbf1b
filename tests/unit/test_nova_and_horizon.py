"""What Nova, Horizon and their users' clients ask, as `make openstack` has recorded it: each is answered.

`data/nova-and-horizon.jsonl` has a line a kind of request: who asked, method, path, names of parameters and
of what the body sets, and the status. Here each is asked again, of a network like the one that it was of.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from osken_apps.model.changes import HostReport
from tests.unit.rest_client import Client, client_of

RECORDED = Path(__file__).with_name("data") / "nova-and-horizon.jsonl"
KINDS = [json.loads(line) for line in RECORDED.read_text().splitlines()]
NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)
HOSTS = ("host1", "host2")
SERVER = "5a4b8f5e-2f5f-4a5b-8f5e-2f5f4a5b8f5e"
PROJECT = "default"
NOVA = "python-neutronclient"  # as a user with the roles admin and service; the others are members


@dataclass
class World:
    """A network with a subnet, a port of a server, and two hosts; `ids` are theirs by collection."""

    client: Client
    ids: dict[str, str]

    def parameter(self, collection: str, name: str) -> str:
        """Give a value that clients ask a list by."""
        values = {
            "id": self.ids.get(collection, SERVER),
            "network_id": self.ids["networks"],
            "port_id": self.ids["ports"],
            "device_id": SERVER,
            "device_owner": "network:dhcp",
            "fixed_ip_address": "10.10.10.2",
            "fields": "id",
            "binding:host_id": "host1",
            "limit": "10",
            "marker": self.ids["networks"],
            "name": "net1",
            "project_id": PROJECT,
            "router:external": "True",
            "shared": "False",
            "sort_dir": "asc",
            "sort_key": "id",
            "tenant_id": PROJECT,
        }
        return values[name]

    def value(self, name: str) -> Any:
        """Give a value that clients set."""
        values: dict[str, Any] = {
            "binding.host": "host2",
            "binding.profile": {},
            "binding.vnic_type": "normal",
            "network.admin_state_up": True,
            "network.name": "net2",
            "network.shared": False,
            "network.tenant_id": PROJECT,
            "port.admin_state_up": True,
            "port.binding:host_id": "host1",
            "port.binding:profile": {},
            "port.binding:vnic_type": "normal",
            "port.device_id": SERVER,
            "port.device_owner": "compute:nova",
            "port.dns_name": "vm1",
            "port.fixed_ips": [{"ip_address": "10.10.10.77"}],
            "port.name": "mine",
            "port.network_id": self.ids["networks"],
            "port.security_groups": [self.ids["security-groups"]] * 2,
            "port.tenant_id": PROJECT,
            "subnet.allocation_pools": [{"start": "10.30.0.10", "end": "10.30.0.20"}],
            "subnet.cidr": "10.30.0.0/24",
            "subnet.enable_dhcp": True,
            "subnet.gateway_ip": "10.30.0.1",
            "subnet.ip_version": 4,
            "subnet.name": "sub2",
            "subnet.network_id": self.ids["networks"],
            "subnet.tenant_id": PROJECT,
        }
        name, null, _ = name.partition("=null")
        return None if null else values[name]


@pytest.fixture
def world(tmp_path: Path) -> World:
    client = client_of(tmp_path, "authentication = headers").as_user(PROJECT, "admin", "service")
    client.hosts.replace(HostReport(host, True, ("br-int",), (), True, NOW, NOW, 1) for host in HOSTS)
    network_id = client.make("network", name="net1")["id"]
    subnet_id = client.subnet(network_id)["id"]
    port = client.make(
        "port",
        network_id=network_id,
        device_owner="compute:nova",
        device_id=SERVER,
        binding__host_id="host1",
    )
    ids = {"networks": network_id, "subnets": subnet_id, "ports": port["id"], "quotas": PROJECT}
    return World(client, ids | {"security-groups": port["security_groups"][0]})


def asked(kind: dict[str, Any]) -> str:
    words = [kind["client"], kind["method"], kind["path"], "?" + "&".join(kind["parameters"])]
    return " ".join([*words, ",".join(kind["body"])])


def path_of(world: World, kind: dict[str, Any]) -> str:
    collection = kind["path"].split("/")[2] if kind["path"].count("/") > 1 else ""
    path = kind["path"].removeprefix("/v2.0").replace("ID", world.ids.get(collection, SERVER))
    query = "&".join(f"{name}={world.parameter(collection, name)}" for name in kind["parameters"])
    return f"{path}?{query}" if query else path


def body_of(world: World, kind: dict[str, Any]) -> dict[str, Any] | None:
    if not kind["body"]:
        return None
    wrapper = kind["body"][0].partition(".")[0]
    names = (name.partition("=")[0].partition(".")[2] for name in kind["body"])
    return {wrapper: dict(zip(names, map(world.value, kind["body"]), strict=True))}


def move_to(world: World, path: str, bound: bool) -> None:
    """Let the server be elsewhere than at the host of a path of bindings, and maybe on its way to it."""
    host = path.split("/")[5]
    other = next(name for name in HOSTS if name != host)
    world.client.change("port", world.ids["ports"], binding__host_id=other)
    if bound:
        path = f"/ports/{world.ids['ports']}/bindings"
        assert world.client.call("POST", path, {"binding": {"host": host}}).status == 201


def empty(world: World) -> None:
    """Take all ports away, so that the network can go."""
    for port in world.client.get("/ports")["ports"]:
        world.client.call("DELETE", f"/ports/{port['id']}")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind["path"] != "/"], ids=asked)
def test_a_recorded_request_is_answered_as_it_was(world: World, kind: dict[str, Any]) -> None:
    if "/bindings/" in kind["path"]:
        move_to(world, kind["path"], bound=kind["status"] != 404)
    if kind["method"] == "DELETE" and "/ports" not in kind["path"]:
        empty(world)
    body = body_of(world, kind)
    client = world.client if kind["client"] == NOVA else world.client.as_user(PROJECT, "member")
    reply = client.call(kind["method"], path_of(world, kind), body)
    assert reply.status == kind["status"], reply.body
    for wrapper, wanted in (body or {}).items():
        shown = reply.body.get(wrapper, reply.body)
        for name, value in wanted.items():
            assert _plain(shown[name]) == _plain(value or shown[name]), name


def _plain(value: Any) -> Any:
    """Give a value without what the answer adds to it: an address's subnet, what is named twice."""
    if isinstance(value, list):
        return sorted(
            {str(item.get("ip_address", item) if isinstance(item, dict) else item) for item in value}
        )
    return value


def test_nothing_that_they_ask_is_refused_but_what_is_not_there() -> None:
    assert {kind["status"] for kind in KINDS} <= {200, 201, 204, 404}
    names = [kind for kind in KINDS if kind["status"] == 404]
    assert all(kind["method"] == "GET" for kind in names)
