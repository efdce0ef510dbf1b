"""Filters for what is null: of every attribute of every list that may be, whole and in pages."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from osken_apps.model.changes import HostReport
from osken_apps.rest.openapi.attributes import accepted_attributes, list_parameters
from osken_apps.rest.registry import REGISTRY
from osken_apps.rest.security_group_rules import SECURITY_GROUP_RULES
from osken_apps.rest.subnets import SUBNETS
from osken_apps.rest.types import NULL
from tests.unit.rest_client import Client, client_of

LISTS = REGISTRY.every()


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Client:
    """Give a client of an API where whatever may be null is null of some, and has a value of others."""
    directory: Path = tmp_path_factory.mktemp("api")
    client = client_of(directory)
    now = datetime(2026, 11, 22, tzinfo=UTC)
    client.hosts.replace(tuple(HostReport(host, True, (), (), True, now, now, 0) for host in ("a", "b", "c")))
    networks = [
        client.make("network"),
        client.make("network", provider__network_type="flat", provider__physical_network="default"),
        client.make("network", provider__network_type="vxlan"),
    ]
    client.subnet(networks[0]["id"])
    client.subnet(networks[0]["id"], "10.9.0.0/24", gateway_ip=None)
    client.subnet(networks[0]["id"], "2001:db8::/64", ipv6_ra_mode="slaac")
    client.subnet(networks[0]["id"], "2001:db8:1::/64", ipv6_address_mode="slaac")
    for _ in range(3):
        client.make("port", network_id=networks[0]["id"])
    remotes = (
        {},
        {"remote_ip_prefix": "10.0.0.0/8"},
        {"remote_group_id": client.make("security_group")["id"]},
        {"remote_address_group_id": client.make("address_group")["id"]},
        {"protocol": "tcp", "port_range_min": 1, "port_range_max": 9},
    )
    group_id = client.make("security_group")["id"]
    for remote in remotes:
        client.make("security_group_rule", security_group_id=group_id, direction="ingress", **remote)
        client.make("default_security_group_rule", direction="ingress", **remote)
    return client


def ids_of(api: Client, path: str, query: str) -> list[str]:
    """Give what a list has, in its order."""
    (items,) = (value for name, value in api.get(f"/{path}{query}").items() if not name.endswith("_links"))
    return [item["id"] for item in items]


def in_pages(api: Client, path: str, query: str) -> list[str]:
    """Give what the pages of a list have, one after the other."""
    found: list[str] = []
    while page := ids_of(api, path, f"{query}&limit=2" + (f"&marker={found[-1]}" if found else "")):
        found += page
    return found


@pytest.mark.parametrize(
    "path", [collection.path for collection in LISTS if "id" in {one.name for one in collection.attributes}]
)
def test_null_finds_whatever_is_shown_as_null_in_pages_too(api: Client, path: str) -> None:
    (collection,) = (collection for collection in LISTS if collection.path == path)
    shown = api.get(f"/{path}")[collection.plural]
    for attribute in collection.attributes:
        null = [item["id"] for item in shown if item.get(attribute.name, "") is None]
        if null and attribute.filter:
            query = f"?{attribute.name}="
            empty = null + [item["id"] for item in shown if item[attribute.name] == ""]
            assert sorted(ids_of(api, path, f"{query}null")) == sorted(null), query
            assert sorted(ids_of(api, path, query)) == sorted(empty), query
            assert in_pages(api, path, f"{query}null") == sorted(null), query


def test_the_document_says_that_null_finds_what_is_shown_as_null() -> None:
    (number,) = (one for one in SECURITY_GROUP_RULES.attributes if one.name == "port_range_min")
    (described,) = (one for one in list_parameters([number], stored=False) if one["name"] == number.name)
    assert NULL in described["schema"]["items"]["anyOf"]
    (attribute,) = (one for one in SUBNETS.attributes if one.name == "ipv6_ra_mode")
    assert "default" not in accepted_attributes([attribute], "POST")["properties"][attribute.name]


def test_null_is_one_of_several_values(api: Client) -> None:
    rules = api.get("/security-group-rules")["security_group_rules"]
    remote = next(rule["remote_group_id"] for rule in rules if rule["remote_group_id"])
    query = f"?remote_group_id=null&remote_group_id={remote}&remote_ip_prefix=null"
    wanted = [
        rule["id"]
        for rule in rules
        if rule["remote_group_id"] in (None, remote) and rule["remote_ip_prefix"] is None
    ]
    assert sorted(ids_of(api, "security-group-rules", query)) == sorted(wanted)
    assert in_pages(api, "security-group-rules", query) == sorted(wanted)


@pytest.mark.parametrize("way", ["asc", "desc"])
@pytest.mark.parametrize("path", ["security-group-rules", "default-security-group-rules", "subnets"])
def test_pages_in_the_order_of_what_may_be_null_make_the_whole_list_both_ways(
    api: Client, path: str, way: str
) -> None:
    (collection,) = (collection for collection in LISTS if collection.path == path)
    for key in (attribute.name for attribute in collection.attributes if attribute.sort):
        query = f"?sort_key={key}&sort_dir={way}"
        whole = ids_of(api, path, query)
        assert in_pages(api, path, query) == whole, query
        for place in range(3, len(whole)):
            back = ids_of(api, path, f"{query}&limit=2&page_reverse=True&marker={whole[place]}")
            assert back == whole[place - 2 : place], query
