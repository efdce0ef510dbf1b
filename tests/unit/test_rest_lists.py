"""Lists of the API: filters, order, pages, fields, tags."""

import re
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from osken_apps.model.changes import HostReport
from osken_apps.store.cache import Cache
from tests.unit.rest_client import Client, client_of


@pytest.fixture
def api(tmp_path: Path) -> Client:
    """Give a client of an API with four networks, named b, a, empty and b."""
    client = client_of(tmp_path)
    for name, mtu in (("b", 1400), ("a", 1500), ("", 1300), ("b", 1200)):
        client.make("network", name=name, mtu=mtu, admin_state_up=mtu > 1250)
    return client


def names(api: Client, query: str) -> list[str]:
    """Give the names of the networks of a list, sorted."""
    return sorted(network["name"] for network in api.get(f"/networks{query}")["networks"])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["", "a", "b", "b"]),
        ("?name=b", ["b", "b"]),
        ("?name=a&name=b", ["a", "b", "b"]),
        ("?name=a&name=b&mtu=1500", ["a"]),
        ("?name=", [""]),
        ("?admin_state_up=False", ["b"]),
        ("?admin_state_up=0", ["b"]),
        ("?provider:segmentation_id=1002", [""]),
        ("?provider:network_type=vlan&mtu=1300", [""]),
        ("?status=ACTIVE&shared=true", []),
        ("?project_id=default&mtu=1200", ["b"]),
        ("?tenant_id=other", []),
        ("?id=none-such", []),
        ("?revision_number=1&name=a", ["a"]),
        (".json?name=a", ["a"]),
    ],
)
def test_filters_of_one_key_add_and_of_several_narrow(api: Client, query: str, expected: list[str]) -> None:
    assert names(api, query) == expected


@pytest.mark.parametrize(
    ("query", "error", "said"),
    [
        ("?colour=red", "HTTPBadRequest", "['colour'] is invalid attribute for filtering"),
        ("?subnets=x", "HTTPBadRequest", "['subnets'] is invalid attribute for filtering"),
        ("?admin_state_up=maybe", "InvalidInput", "'maybe' cannot be converted to boolean"),
        ("?mtu=much", "InvalidInput", "'much' is not an integer"),
        ("?sort_key=name", "HTTPBadRequest", "sort_keys and sort_dirs"),
        ("?sort_key=description&sort_dir=asc", "HTTPBadRequest", "['description']"),
        ("?sort_key=name&sort_dir=up", "HTTPBadRequest", "up"),
        ("?limit=-1", "BadRequest", "'-1'"),
        ("?limit=many", "BadRequest", "'many'"),
    ],
)
def test_queries_that_make_no_sense_are_refused(api: Client, query: str, error: str, said: str) -> None:
    reply = api.call("GET", f"/networks{query}")
    assert (reply.status, reply.error) == (400, error)
    assert said in reply.message


def test_fields_choose_what_is_shown_and_unknown_ones_are_dropped(api: Client) -> None:
    chosen = api.get("/networks?name=a&fields=name&fields=mtu&fields=nosuch")
    nothing = api.get("/networks?name=a&fields=nosuch")
    (network,) = api.get("/networks?name=a")["networks"]
    assert chosen == {"networks": [{"name": "a", "mtu": 1500}]}
    assert nothing == {"networks": [{}]}
    assert api.get(f"/networks/{network['id']}?fields=name") == {"network": {"name": "a"}}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("sort_key=mtu&sort_dir=asc", [1200, 1300, 1400, 1500]),
        ("sort_key=mtu&sort_dir=desc", [1500, 1400, 1300, 1200]),
        ("sort_key=name&sort_dir=desc&sort_key=mtu&sort_dir=asc", [1200, 1400, 1500, 1300]),
    ],
)
def test_lists_are_sorted_by_several_keys(api: Client, query: str, expected: list[int]) -> None:
    assert [network["mtu"] for network in api.get(f"/networks?{query}")["networks"]] == expected


def relative(links: list[dict[str, str]], rel: str) -> str:
    """Give the query of a link."""
    (href,) = (link["href"] for link in links if link["rel"] == rel)
    assert href.startswith("http://localhost/v2.0/networks?")
    return "?" + urlencode(parse_qsl(urlsplit(href).query))


def test_links_lead_through_all_pages_and_back(api: Client) -> None:
    query, seen = "?limit=2&sort_key=mtu&sort_dir=asc&fields=mtu", []
    pages: list[dict[str, Any]] = []
    for _ in range(3):
        pages.append(api.get(f"/networks{query}"))
        seen += [network["mtu"] for network in pages[-1]["networks"]]
        rels = [link["rel"] for link in pages[-1].get("networks_links", [])]
        if "next" not in rels:
            break
        query = relative(pages[-1]["networks_links"], "next")
    assert seen == [1200, 1300, 1400, 1500]
    back = api.get("/networks" + relative(pages[1]["networks_links"], "previous"))
    assert [network["mtu"] for network in back["networks"]] == [1200, 1300]


def test_from_behind_the_last_page_links_lead_back_to_it_and_from_before_the_first_to_that(
    api: Client,
) -> None:
    by_mtu = "sort_key=mtu&sort_dir=asc&fields=mtu&limit=2"
    ids = [network["id"] for network in api.get("/networks?sort_key=mtu&sort_dir=asc")["networks"]]
    behind = api.get(f"/networks?{by_mtu}&marker={ids[-1]}")
    before = api.get(f"/networks?{by_mtu}&marker={ids[0]}&page_reverse=True")
    last = api.get("/networks" + relative(behind["networks_links"], "previous"))
    first = api.get("/networks" + relative(before["networks_links"], "next"))
    assert (behind["networks"], before["networks"]) == ([], [])
    assert [network["mtu"] for network in last["networks"]] == [1400, 1500]
    assert [network["mtu"] for network in first["networks"]] == [1200, 1300]
    assert [link["rel"] for link in before["networks_links"]] == ["next"]


def test_pages_without_a_sort_key_hold_everything_once(api: Client) -> None:
    first = api.get("/networks?limit=3")
    second = api.get("/networks" + relative(first["networks_links"], "next"))
    ids = [network["id"] for page in (first, second) for network in page["networks"]]
    assert (len(ids), len(set(ids))) == (4, 4)
    assert [link["rel"] for link in second["networks_links"]] == ["previous"]


def test_limit_zero_is_no_limit(api: Client) -> None:
    body = api.get("/networks?limit=0")
    assert (len(body["networks"]), "networks_links" in body) == (4, False)


def test_an_unknown_marker_is_404(api: Client) -> None:
    reply = api.call("GET", "/networks?limit=1&marker=11111111-2222-3333-4444-555555555555")
    assert (reply.status, reply.error) == (404, "NetworkNotFound")


def test_the_marker_may_be_filtered_out_of_nothing_but_its_own_list(api: Client) -> None:
    body = api.get("/networks?sort_key=mtu&sort_dir=asc&limit=1")
    rest = api.get(f"/networks?sort_key=mtu&sort_dir=asc&marker={body['networks'][0]['id']}")
    assert [network["mtu"] for network in rest["networks"]] == [1300, 1400, 1500]


@pytest.fixture
def ports(tmp_path: Path) -> Client:
    """Give a client of an API with two ports on two subnets."""
    client = client_of(tmp_path)
    network = client.make("network")
    for cidr in ("10.10.10.0/24", "10.10.20.0/24"):
        subnet = client.subnet(network["id"], cidr, name=cidr)
        client.make("port", network_id=network["id"], name=cidr, fixed_ips=[{"subnet_id": subnet["id"]}])
    return client


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("fixed_ips=ip_address=10.10.10.2", ["10.10.10.0/24"]),
        (
            "fixed_ips=ip_address%3D10.10.20.2&fixed_ips=ip_address%3D10.10.10.2",
            ["10.10.10.0/24", "10.10.20.0/24"],
        ),
        ("fixed_ips=ip_address_substr=.20.", ["10.10.20.0/24"]),
        ("fixed_ips=subnet_id=none", []),
        ("fixed_ips=ip_address=::FFFF:10.10.10.2", []),
        ("fixed_ips=ip_address=nonsense", []),
        ("device_owner=&status=DOWN&name=10.10.10.0/24", ["10.10.10.0/24"]),
        ("mac_address=FA:16:3E:00:00:00", []),
        ("binding:host_id=", ["10.10.10.0/24", "10.10.20.0/24"]),
    ],
)
def test_ports_are_found_by_their_addresses(ports: Client, query: str, expected: list[str]) -> None:
    assert sorted(port["name"] for port in ports.get(f"/ports?{query}")["ports"]) == expected


def test_ids_in_capitals_find_what_lower_case_finds(ports: Client) -> None:
    network, subnet = ports.get("/networks")["networks"][0], ports.get("/subnets")["subnets"][0]
    port = ports.get(f"/ports?fixed_ips=subnet_id={subnet['id']}")["ports"][0]
    group = port["security_groups"][0]
    for path in (
        *(f"/networks/{network['id']}", f"/networks/{network['id']}.json", f"/networks?id={network['id']}"),
        *(f"/networks?marker={network['id']}&limit=9", f"/ports/{port['id']}/tags"),
        *(f"/ports?fixed_ips=subnet_id={subnet['id']}", f"/ports?security_groups={group}"),
        *(f"/network-ip-availabilities/{network['id']}", f"/ports?network_id={network['id']}"),
    ):
        upper = re.sub("[0-9a-f-]{36}", lambda id: id[0].upper(), path)
        shown = [
            {name: ports.get(asked)[name] for name in ports.get(asked) if "links" not in name}
            for asked in (path, upper)
        ]
        assert shown[0] == shown[1], path
    renamed = ports.change("network", network["id"].upper(), name="new")
    assert (renamed.status, renamed.body["network"]["id"]) == (200, network["id"])


@pytest.mark.parametrize("query", ["ip_address=2001:DB8:0::1", "ip_address_substr=DB8::1"])
def test_ipv6_addresses_are_found_in_every_form(api: Client, query: str) -> None:
    network_id = api.make("network")["id"]
    api.subnet(network_id, "2001:db8::/64")
    port = api.make("port", network_id=network_id, fixed_ips=[{"ip_address": "2001:db8::1"}])
    assert [found["id"] for found in api.get(f"/ports?fixed_ips={query}")["ports"]] == [port["id"]]


def test_what_is_asked_of_addresses_may_be_of_one_or_of_several(ports: Client) -> None:
    network, *_ = ports.get("/networks")["networks"]
    one, other = (subnet["id"] for subnet in ports.get("/subnets")["subnets"])
    both = [{"subnet_id": one, "ip_address": "10.10.10.7"}, {"subnet_id": other, "ip_address": "10.10.20.7"}]
    ports.make("port", network_id=network["id"], name="both", fixed_ips=both)
    for address, subnet, found in (
        ("ip_address=10.10.20.7", one, ["both"]),
        ("ip_address=10.10.20.7", other, ["both"]),
        ("ip_address_substr=.20.", one, ["both"]),
        ("ip_address=10.10.20.2", one, []),
    ):
        query = f"fixed_ips={address}&fixed_ips=subnet_id={subnet}"
        assert [port["name"] for port in ports.get(f"/ports?{query}")["ports"]] == found, query


def test_ports_are_found_by_their_subnet_and_mac_address(ports: Client) -> None:
    (subnet,) = ports.get("/subnets?cidr=10.10.20.0/24")["subnets"]
    (port,) = ports.get(f"/ports?fixed_ips=subnet_id={subnet['id']}")["ports"]
    found = ports.get(f"/ports?mac_address={port['mac_address'].upper()}")["ports"]
    assert [found_port["name"] for found_port in found] == ["10.10.20.0/24"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("tags=red", ["both", "red"]),
        ("tags=red,blue", ["both"]),
        ("tags-any=red,blue", ["blue", "both", "red"]),
        ("not-tags=red,blue", ["blue", "none", "red"]),
        ("not-tags-any=red,blue", ["none"]),
    ],
)
def test_tags_filter_in_four_ways(tmp_path: Path, query: str, expected: list[str]) -> None:
    api = client_of(tmp_path)
    for name, tags in (("none", []), ("red", ["red"]), ("blue", ["blue"]), ("both", ["red", "blue"])):
        network = api.make("network", name=name)
        api.call("PUT", f"/networks/{network['id']}/tags", {"tags": tags})
    assert names(api, f"?{query}") == expected


def test_changes_since_a_moment_are_found(api: Client) -> None:
    (network,) = api.get("/networks?name=a")["networks"]
    assert len(api.get(f"/networks?changed_since={network['updated_at']}")["networks"]) >= 1
    assert api.get("/networks?changed_since=2999-01-01T00:00:00Z") == {"networks": []}
    assert api.call("GET", "/networks?changed_since=yesterday").error == "InvalidInput"


def test_computed_lists_are_paged_sorted_and_filtered_too(tmp_path: Path) -> None:
    api = client_of(tmp_path)
    now = datetime(2026, 11, 22, tzinfo=UTC)
    api.hosts.replace(
        tuple(HostReport(host, host != "b", (), (), True, now, now, 0) for host in ("c", "a", "b"))
    )
    by_name = api.get("/agents?sort_key=host&sort_dir=asc&limit=2&fields=host")
    rest = api.get("/agents?" + urlsplit(by_name["agents_links"][0]["href"]).query)
    assert [agent["host"] for agent in by_name["agents"] + rest["agents"]] == ["a", "b", "c"]
    assert api.get("/agents?alive=false&fields=host") == {"agents": [{"host": "b"}]}
    assert api.call("GET", "/agents?tags=red").status == 400


def test_tags_come_and_go_one_by_one(tmp_path: Path) -> None:
    api = client_of(tmp_path)
    path = f"/networks/{api.make('network')['id']}/tags"
    added = [api.call("PUT", f"{path}/{tag}").status for tag in ("red", "blue", "red")]
    assert (added, api.get(path)) == ([201, 201, 201], {"tags": ["red", "blue"]})
    assert [api.call("GET", f"{path}/{tag}").status for tag in ("red", "green")] == [204, 404]
    assert [api.call("DELETE", f"{path}/{tag}").status for tag in ("red", "red")] == [204, 404]
    assert api.get(path) == {"tags": ["blue"]}
    assert api.call("DELETE", path).status == 204
    assert api.get(path) == {"tags": []}


def test_tags_that_are_no_list_of_words_are_refused(tmp_path: Path) -> None:
    api = client_of(tmp_path)
    path = f"/networks/{api.make('network')['id']}/tags"
    bodies: list[Any] = [{"tags": "red"}, {"tags": [5]}, {"tag": []}, []]
    assert [api.call("PUT", path, body).status for body in bodies] == [400, 400, 400, 400]
    assert api.get(path) == {"tags": []}


def test_a_page_by_id_is_all_that_is_read(api: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        api.make("network", name="net")
    read: list[str] = []
    put = Cache.put

    def counted(cache: Cache, resource: Any) -> None:
        read.append(resource.id)
        put(cache, resource)

    monkeypatch.setattr(Cache, "put", counted)
    shown = api.get("/networks?limit=2&name=net")["networks"]
    assert sorted(read) == [network["id"] for network in shown]


def test_pages_of_those_who_see_all_are_those_of_the_whole_list(api: Client) -> None:
    made = [api.make("network", name=name)["id"] for name in ("x", "y", "x", "x", "y", "x")]
    wanted = sorted(made[index] for index in (0, 2, 3, 5))
    pages, marker = [], ""
    while page := api.get(f"/networks?name=x&limit=3{marker}")["networks"]:
        pages += [network["id"] for network in page]
        marker = f"&marker={pages[-1]}"
    assert pages == wanted
    back = api.get(f"/networks?name=x&limit=2&page_reverse=True&marker={wanted[-1]}")["networks"]
    assert [network["id"] for network in back] == wanted[1:3]
    assert api.call("GET", "/networks?name=x&limit=1&marker=none").status == 404


@pytest.mark.parametrize(
    "order",
    ["", "&sort_key=id&sort_dir=desc", "&sort_key=project_id&sort_dir=asc", "&sort_key=mtu&sort_dir=desc"],
)
@pytest.mark.parametrize("narrowed", ["name=x", "description=x", "project_id=default&name=x"])
def test_a_page_goes_on_behind_what_the_filter_does_not_find_any_more(
    api: Client, order: str, narrowed: str
) -> None:
    for _ in range(7):
        api.make("network", name="x", description="x")
    query = f"/networks?{narrowed}{order}&limit=9"
    first, marker, *rest = [network["id"] for network in api.get(query)["networks"]]
    assert api.change("network", marker, name="y", description="y").status == 200
    behind, before = (
        [network["id"] for network in api.get(f"{query}&marker={marker}{way}")["networks"]]
        for way in ("", "&page_reverse=True")
    )
    assert (before, behind) == ([first], rest)


def test_what_is_behind_a_marker_is_the_same_without_a_limit(api: Client) -> None:
    for _ in range(9):
        api.make("network")
    whole = [network["id"] for network in api.get("/networks?limit=99")["networks"]]
    behind = [network["id"] for network in api.get(f"/networks?marker={whole[3]}")["networks"]]
    assert behind == whole[4:]


def test_of_several_times_the_latest_counts(api: Client) -> None:
    api.make("network")
    every = api.get("/networks")
    assert api.get("/networks?changed_since=2999-01-01&changed_since=2020-01-01") == {"networks": []}
    assert api.get("/networks?changed_since=2020-01-01&changed_since=2021-01-01") == every


@pytest.mark.parametrize("key", ["name", "id", "project_id", "revision_number"])
@pytest.mark.parametrize("way", ["asc", "desc"])
@pytest.mark.parametrize("narrowed", ["", "&project_id=default", "&admin_state_up=true"])
def test_pages_in_the_order_of_one_key_make_the_whole_list_both_ways(
    api: Client, key: str, way: str, narrowed: str
) -> None:
    for number in range(9):
        api.make("network", name="abc"[number % 3], project_id=("default", "other")[number % 2])
    query = f"/networks?sort_key={key}&sort_dir={way}{narrowed}"
    whole = [network["id"] for network in api.get(query)["networks"]]
    pages, marker = [], ""
    while page := [item["id"] for item in api.get(f"{query}&limit=4&marker={marker}")["networks"]]:
        pages.append(page)
        marker = page[-1]
    assert [id for page in pages for id in page] == whole
    for before, after in pairwise(pages):
        back = api.get(f"{query}&limit=4&marker={after[0]}&page_reverse=True")["networks"]
        assert [item["id"] for item in back] == before
    assert api.call("GET", f"{query}&limit=4&marker=none").status == 404


@pytest.mark.parametrize(
    "path",
    [
        *(f"/ports?{query}" for query in ("id=foo", "network_id=foo", "mac_address=foo", "network_id=%00")),
        *("/ports?binding:vnic_type=foo", "/ports?network_id=foo&limit=1", "/ports?security_groups=foo"),
        *(f"/subnets?{query}" for query in ("network_id=foo", "gateway_ip=foo", "ipv6_ra_mode=foo")),
        *("/subnets?subnetpool_id=foo", "/subnets?ip_version=5", "/networks?mtu=-1", "/networks?id=foo"),
        *("/networks?dns_domain=-", "/security-group-rules?direction=foo"),
        *("/security-group-rules?security_group_id=foo", "/security-group-rules?remote_group_id=foo"),
    ],
)
def test_a_filter_for_what_no_attribute_can_be_finds_nothing(ports: Client, path: str) -> None:
    """Neutron's filters are converted where the attribute is, and never validated."""
    ports.subnet(ports.make("network")["id"], "2001:db8::/64", ipv6_ra_mode="slaac", gateway_ip=None)
    (found,) = (value for name, value in ports.get(path).items() if not name.endswith("_links"))
    assert found == []


def test_of_several_values_those_that_can_be_count(ports: Client) -> None:
    network_id = ports.get("/networks")["networks"][0]["id"]
    assert len(ports.get(f"/ports?network_id=foo&network_id={network_id}")["ports"]) == 2


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/subnets?cidr=foo", "InvalidInput"),
        ("/subnets?ip_version=four", "InvalidInput"),
        ("/security-group-rules?ethertype=foo", "SecurityGroupRuleInvalidEtherType"),
        ("/security-group-rules?protocol=foo", "SecurityGroupRuleInvalidProtocol"),
        ("/security-group-rules?port_range_min=foo", "SecurityGroupInvalidPortValue"),
        ("/security-group-rules?remote_ip_prefix=foo", "InvalidCIDR"),
        ("/ports?fixed_ips=foo", "HTTPBadRequest"),
    ],
)
def test_a_filter_that_neutron_cannot_convert_is_refused(api: Client, path: str, error: str) -> None:
    reply = api.call("GET", path)
    assert (reply.status, reply.error) == (400, error)
