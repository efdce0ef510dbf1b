"""Finding a thing by the little that a person knows of it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from osken_apps.model.changes import HostReport
from osken_apps.rest.reports.search import Sought, sought
from tests.unit.rest_client import Client, client_of

NOW = datetime(2026, 11, 26, 12, 0, 0, tzinfo=UTC)
MAC = "fa:16:3e:00:ab:01"


@pytest.fixture
def api(tmp_path: Path) -> Client:
    """Give an administrator of an API that has something to find."""
    client = client_of(tmp_path, "authentication = headers").as_user("a", "admin")
    network = client.make("network", name="Blue")
    client.subnet(network["id"], "10.1.2.0/24", name="leaf")
    client.make(
        "port",
        name="web-7",
        network_id=network["id"],
        mac_address=MAC,
        fixed_ips=[{"ip_address": "10.1.2.33"}],
    )
    client.hosts.replace([HostReport("rack7-host", True, (), (), True, NOW, NOW, 0)])
    return client


def names(client: Client, text: str) -> list[tuple[str, str]]:
    return [(hit["kind"], hit["name"]) for hit in client.get(f"/search?q={text}")["hits"]]


@pytest.mark.parametrize("text", ["10.1.2.33", MAC, "fa163e00ab01", "FA-16-3E-00-AB", "web-7", "EB-"])
def test_a_port_is_found_by_address_mac_and_part_of_its_name(api: Client, text: str) -> None:
    assert ("port", "web-7") in names(api, text)


@pytest.mark.parametrize("text", ["10.1.2.34", "10.2.", "fa:16:3e:00:ab:02", "web-8", "%25", "_", ""])
def test_what_does_not_fit_is_not_found(api: Client, text: str) -> None:
    assert ("port", "web-7") not in names(api, text)


def test_an_address_finds_its_port_first_and_then_its_subnet(api: Client) -> None:
    assert names(api, "10.1.2.33") == [("port", "web-7"), ("subnet", "leaf")]
    assert ("port", "web-7") in names(api, "10.1.2.")


def test_an_address_group_is_found_by_part_of_its_name(api: Client) -> None:
    api.make("address_group", name="branch offices", addresses=["192.0.2.0/24"])
    assert names(api, "offices") == [("address_group", "branch offices")]


def test_the_beginning_of_an_id_is_enough(api: Client) -> None:
    port = next(port for port in api.get("/ports")["ports"] if port["name"] == "web-7")
    (hit,) = api.get(f"/search?q={port['id'][:13]}")["hits"]
    assert hit == {
        "kind": "port",
        "id": port["id"],
        "name": "web-7",
        "project_id": "a",
        "status": "DOWN",
        "detail": f"10.1.2.33, {MAC}",
    }


def test_hosts_are_found_by_name_by_who_sees_them(api: Client) -> None:
    assert names(api, "rack7") == [("agent", "rack7-host")]
    assert names(api.as_user("b", "member"), "rack7") == []


def test_another_projects_things_are_not_found(api: Client) -> None:
    member = api.as_user("b", "member")
    for text in ("10.1.2.33", MAC, "web", "Blue", "leaf"):
        assert names(member, text) == []
    network = next(item for item in api.get("/networks")["networks"] if item["name"] == "Blue")
    api.change("network", network["id"], shared=True)
    assert names(member, "blue") == [("network", "Blue")]
    assert names(member, "leaf") == names(member, "10.1.2.0") == [("subnet", "leaf")]
    for text in ("10.1.2.33", MAC, "web"):
        assert ("port", "web-7") not in names(member, text)


def test_whoever_owns_a_network_finds_others_ports_in_it(api: Client) -> None:
    member = api.as_user("b", "member")
    network = member.make("network")["id"]
    member.subnet(network, "10.9.0.0/24", name="floor")
    mac = "fa:16:3e:00:ab:02"
    made = api.make("port", network_id=network, name="guest", mac_address=mac, project_id="a",
                    fixed_ips=[{"ip_address": "10.9.0.7"}])  # fmt: skip
    assert [port["name"] for port in member.get("/ports")["ports"]] == ["guest"]
    for text in ("guest", mac, "10.9.0.7", made["id"][:8]):
        assert ("port", "guest") in names(member, text), text


def test_an_own_port_is_found_among_many_of_others_with_its_address(api: Client) -> None:
    for number in range(25):
        network = api.make("network", project_id="a", name=f"other-{number}")["id"]
        api.subnet(network, "10.9.0.0/24")
        api.make("port", network_id=network, fixed_ips=[{"ip_address": "10.9.0.7"}])
    member = api.as_user("b", "member")
    network = member.make("network")["id"]
    member.subnet(network, "10.9.0.0/24")
    member.make("port", network_id=network, name="own", fixed_ips=[{"ip_address": "10.9.0.7"}])
    assert names(member, "10.9.0.7")[0] == ("port", "own")


def test_of_many_twenty_of_a_kind_are_shown_and_it_is_said_that_there_are_more(api: Client) -> None:
    for number in range(25):
        api.make("network", name=f"many-{number}")
    found: Any = api.get("/search?q=many")
    assert len(found["hits"]) == 20
    assert found["more"] == ["network"]


@pytest.mark.parametrize(
    ("text", "mac"),
    [
        ("fa:16:3e", "fa:16:3e"),
        ("fa16.3e00.ab01", MAC),
        ("fa:16:3e:0", "fa:16:3e:0"),
        ("fa1", ""),
        ("xy", ""),
    ],
)
def test_a_mac_is_understood_as_it_is_kept(text: str, mac: str) -> None:
    assert sought(text).mac == mac


def test_what_is_longer_than_any_name_is_refused(api: Client) -> None:
    reply = api.call("GET", f"/search?q={'x' * 256}")
    assert (reply.status, reply.error) == (400, "HTTPBadRequest")


def test_octets_that_are_none_are_a_name(api: Client) -> None:
    assert sought("10.1.300.") == Sought("10.1.300.")


def test_what_a_policy_hides_of_a_thing_is_neither_found_by_nor_told(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    hidden = ("port:fixed_ips", "port:mac_address", "network:name", "network:description", "subnet:cidr")
    file.write_text("".join(f"get_{attribute}: 'role:admin'\n" for attribute in hidden))
    admin = client_of(tmp_path, f"authentication = headers\npolicy_file = {file}").as_user("a", "admin")
    network = admin.make("network", name="Blue", description="the blue one")
    admin.subnet(network["id"], "10.1.2.0/24", name="leaf")
    admin.make("port", name="web-7", network_id=network["id"], mac_address=MAC)
    member = admin.as_user("a", "member")
    for text in ("10.1.2.", MAC, "blue"):
        assert names(admin, text) != []
        assert names(member, text) == []
    for text, detail in (("web-7", ""), ("leaf", ""), (network["id"], "")):
        (hit,) = member.get(f"/search?q={text}")["hits"]
        assert (hit["detail"], hit["name"]) == (detail, text if text != network["id"] else "")
