"""Every list, text, number and bulk has a bound: the document states it, what is beyond it is refused."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import webob

from osken_apps.networking import subnets
from osken_apps.rest import listing, request, validation, wsgi
from osken_apps.rest.openapi.document import document
from osken_apps.rest.registry import REGISTRY
from osken_apps.rest.validation import MAX_BULK
from tests.unit.rest_client import Client, client_of

PACKAGE = Path(wsgi.__file__).parent.parent
MAC = "fa:16:3e:00:00:01"


@pytest.fixture
def api(tmp_path: Path) -> Client:
    """Give a client of an empty API."""
    return client_of(tmp_path)


@pytest.fixture
def port_id(api: Client) -> str:
    """Give the id of a port."""
    return str(api.make("port", network_id=api.make("network")["id"])["id"])


def unbounded(schema: Any, where: str) -> Iterator[str]:
    """Name the places of a schema that may be longer, larger or more than anything it says."""
    for key in ("anyOf", "oneOf"):
        if key in schema:
            rest = {name: value for name, value in schema.items() if name != key}
            parts = [unbounded(rest | part, f"{where}/{key}{n}") for n, part in enumerate(schema[key])]
            yield from (found for part in parts for found in part)
            return
    if "enum" in schema:
        return
    match schema.get("type"):
        case "string" if "maxLength" not in schema:
            yield where
        case "integer" if not {"minimum", "maximum"} <= set(schema):
            yield where
        case "array":
            if "maxItems" not in schema:
                yield where
            yield from unbounded(schema["items"], f"{where}/items")
        case "object":
            if "maxProperties" not in schema and schema.get("additionalProperties") is not False:
                yield where
            for name, part in schema.get("properties", {}).items():
                yield from unbounded(part, f"{where}/{name}")
        case None:
            yield where


def test_every_attribute_that_a_client_gives_has_a_bound() -> None:
    found = [
        place
        for collection in REGISTRY.collections.values()
        for attribute in collection.attributes
        if attribute.post or attribute.put or attribute.filter
        for place in unbounded(attribute.type.schema, f"{collection.singular}/{attribute.name}")
    ]
    assert found == []


def test_every_filter_of_what_is_computed_has_a_bound() -> None:
    found = [
        place
        for collection in REGISTRY.read_only.values()
        for attribute in collection.attributes
        if attribute.filter
        for place in unbounded(attribute.type.schema, f"{collection.singular}/{attribute.name}")
    ]
    assert found == []


def test_the_document_states_a_bound_for_every_parameter_and_body() -> None:
    described = document(REGISTRY)
    found = []
    for path, operations in described["paths"].items():
        shared = operations.get("parameters", [])
        for method, operation in operations.items():
            if method == "parameters":
                continue
            for parameter in (*shared, *operation["parameters"]):
                found += unbounded(parameter["schema"], f"{method} {path} {parameter['name']}")
            body = operation.get("requestBody")
            if body:
                schema = resolved(described, body["content"]["application/json"]["schema"])
                found += unbounded(schema, f"{method} {path} body")
    assert found == []


def resolved(described: Any, schema: Any) -> Any:
    """Put schemas in the place of references; what stands beside a resource in a body does not count."""
    if isinstance(schema, dict) and "$ref" in schema:
        return resolved(described, described["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    if isinstance(schema, dict):
        shown = {key: resolved(described, value) for key, value in schema.items()}
        return shown | {"additionalProperties": False} if "additionalProperties" in shown else shown
    return [resolved(described, item) for item in schema] if isinstance(schema, list) else schema


def test_the_walk_sees_what_has_no_bound() -> None:
    schema = {
        "type": "object",
        "properties": {
            "a": {"type": "string"},
            "b": {"type": "array", "items": {"type": "integer", "minimum": 0}},
            "c": {"anyOf": [{"type": "null"}, {"type": "object"}]},
            "d": {"type": "string", "maxLength": 1},
        },
        "additionalProperties": False,
    }
    assert list(unbounded(schema, "x")) == ["x/a", "x/b", "x/b/items", "x/c/anyOf1"]


@pytest.mark.parametrize(
    ("attribute", "items", "error"),
    [
        ("extra_dhcp_opts", [{"opt_name": str(n), "opt_value": "1"} for n in range(65)], "HTTPBadRequest"),
        ("fixed_ips", [{"ip_address": f"10.0.0.{n}"} for n in range(6)], "InvalidInput"),
        ("allowed_address_pairs", [{"ip_address": "10.0.0.1"}] * 11, "AllowedAddressPairExhausted"),
        ("security_groups", ["11111111-2222-3333-4444-555555555555"] * 65, "HTTPBadRequest"),
        ("binding:profile", {str(n): 0 for n in range(1000)}, "InvalidInput"),
    ],
)
def test_a_list_of_a_port_that_is_too_long_is_refused(
    api: Client, port_id: str, attribute: str, items: Any, error: str
) -> None:
    reply = api.change("port", port_id, **{attribute: items})
    assert (reply.status, reply.error) == (400, error)


@pytest.mark.parametrize(
    ("attribute", "items", "error"),
    [
        ("dns_nameservers", [f"10.0.0.{n}" for n in range(6)], "DNSNameServersExhausted"),
        (
            "host_routes",
            [{"destination": f"10.{n}.0.0/16", "nexthop": "10.0.0.9"} for n in range(21)],
            "HostRoutesExhausted",
        ),
        ("service_types", [f"compute:{n}" for n in range(21)], "HTTPBadRequest"),
        ("allocation_pools", [{"start": "10.0.0.2", "end": "10.0.0.3"}] * 65, "HTTPBadRequest"),
    ],
)
def test_a_list_of_a_subnet_that_is_too_long_is_refused(
    api: Client, attribute: str, items: Any, error: str
) -> None:
    reply = api.try_subnet(api.make("network")["id"], **{attribute: items})
    assert (reply.status, reply.error) == (400, error)


def test_options_set_one_after_the_other_are_counted_together(api: Client, port_id: str) -> None:
    def options(first: int, last: int) -> list[dict[str, str]]:
        return [{"opt_name": f"{number}", "opt_value": "0xff"} for number in range(first, last)]

    assert api.change("port", port_id, extra_dhcp_opts=options(160, 200)).status == 200
    reply = api.change("port", port_id, extra_dhcp_opts=options(200, 232))
    assert (reply.status, reply.error) == (400, "InvalidInput")
    assert "72 options are more than 64" in reply.message


def test_a_resource_has_at_most_fifty_tags(api: Client) -> None:
    path = f"/networks/{api.make('network')['id']}/tags"
    tags = [f"tag{number}" for number in range(51)]
    many = api.call("PUT", path, {"tags": tags})
    enough = api.call("PUT", path, {"tags": tags[:50]})
    one_more, one_of_them = api.call("PUT", f"{path}/tag50"), api.call("PUT", f"{path}/tag49")
    assert (many.status, many.error) == (400, "BadRequest")
    assert (enough.status, one_more.status, one_more.error) == (200, 400, "BadRequest")
    assert (one_of_them.status, len(api.get(path)["tags"])) == (201, 50)


def test_a_bulk_has_a_bound(tmp_path: Path) -> None:
    api = client_of(tmp_path, "[quotas]\nnetwork = -1")
    reply = api.call("POST", "/networks", {"networks": [{}] * (MAX_BULK + 1)})
    assert (reply.status, reply.error) == (400, "HTTPBadRequest")
    assert api.call("POST", "/networks", {"networks": [{}] * MAX_BULK}).status == 201


def test_what_all_of_a_bulk_list_has_a_bound(api: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validation, "MAX_PARTS", 6)
    network_id = api.make("network")["id"]
    options = [{"opt_name": str(number), "opt_value": "a"} for number in (224, 225, 226)]
    body = {"network_id": network_id, "port_security_enabled": False, "extra_dhcp_opts": options}
    enough, many = ({"ports": [body] * number} for number in (2, 3))
    assert api.call("POST", "/ports", enough).status == 201
    reply = api.call("POST", "/ports", many)
    assert (reply.status, reply.error) == (400, "HTTPBadRequest")
    assert "9 addresses, options and the like of 3 ports in one request are more than 6" in reply.message
    assert len(api.get("/ports")["ports"]) == 2


def test_what_new_subnets_give_to_ports_has_a_bound(api: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subnets, "MAX_AUTO_ADDRESSES", 2)
    network_id = api.make("network")["id"]
    api.call("POST", "/ports", {"ports": [{"network_id": network_id}] * 3})
    wanted = [
        {"network_id": network_id, "cidr": cidr, "ip_version": 6, "ipv6_ra_mode": "slaac"}
        for cidr in ("2001:db8:1::/64", "2001:db8:2::/64")
    ]
    reply = api.call("POST", "/subnets", {"subnets": wanted})
    assert (reply.status, reply.error) == (400, "InvalidInput")
    assert "6 addresses of 3 ports in 2 new subnets" in reply.message
    assert [api.call("POST", "/subnets", {"subnet": one}).status for one in wanted] == [201, 201]


@pytest.mark.parametrize(
    "parameters",
    [
        [("name", str(number)) for number in range(listing.MAX_FILTER_VALUES + 1)],
        [("fields", str(number)) for number in range(listing.MAX_FIELDS + 1)],
        [("sort_key", "name"), ("sort_dir", "asc")] * (listing.MAX_SORT_KEYS + 1),
        [("fixed_ips", f"ip_address_substr={number}") for number in range(listing.MAX_SUBSTRINGS + 1)],
        [(str(number), "") for number in range(listing.MAX_PARAMETERS + 1)],
    ],
)
def test_a_query_that_asks_for_too_much_is_refused(api: Client, parameters: list[tuple[str, str]]) -> None:
    reply = api.call("GET", f"/ports?{urlencode(parameters)}")
    assert (reply.status, reply.error) == (400, "HTTPBadRequest")


def test_a_query_of_fifteen_hundred_ids_is_answered(api: Client, port_id: str) -> None:
    ids = [f"11111111-2222-3333-4444-{number:012}" for number in range(1500)]
    query = urlencode([("device_id", value) for value in ids])
    assert api.get(f"/ports?{query}") == {"ports": []}


def test_a_query_string_that_is_too_long_is_refused_unread(api: Client) -> None:
    reply = api.call("GET", f"/ports?name={'x' * request.MAX_QUERY_BYTES}")
    assert (reply.status, reply.error) == (414, "HTTPRequestURITooLong")


def test_a_refusal_does_not_repeat_all_of_a_long_value(api: Client) -> None:
    reply = api.try_make("network", name="x" * 1_000_000)
    assert reply.status == 400
    assert len(reply.message) < 5000


def test_the_largest_sensible_body_fits(tmp_path: Path) -> None:
    api = client_of(tmp_path)
    network_id = api.make("network")["id"]
    options = [{"opt_name": str(number), "opt_value": "0x" + "00" * 60} for number in range(162, 194)]
    port = {"network_id": network_id, "name": "n" * 255, "description": "d" * 255, "extra_dhcp_opts": options}
    reply = api.call("POST", "/ports", {"ports": [port] * 300})
    assert reply.status == 201, reply.message


@pytest.mark.parametrize("line", ["fa:16:3e:00:00:01\n", "11111111-2222-3333-4444-555555555555\n", "vm1\n"])
def test_no_type_takes_a_newline_behind_its_text(line: str) -> None:
    patterned = [
        attribute
        for collection in REGISTRY.collections.values()
        for attribute in collection.attributes
        if "pattern" in str(attribute.type.schema) and attribute.name not in ("name", "description")
    ]
    assert patterned
    taken = {attribute.name for attribute in patterned if takes(attribute, line)}
    assert taken <= FREE_TEXT


FREE_TEXT = {
    "tenant_id",
    "project_id",
    "status",
    "device_id",
    "device_owner",
    "binding:host_id",
    "binding:vif_type",
    "provider:network_type",
    "provider:physical_network",
}


def takes(attribute: Any, value: str) -> bool:
    """Tell whether an attribute's type takes a value."""
    try:
        attribute.type.parse(value)
    except Exception:
        return False
    return True


def test_no_pattern_of_the_product_is_matched_at_its_beginning_only() -> None:
    """`$` lets a newline follow and `match` lets anything follow: `fullmatch` means the whole text."""
    found = {
        f"{path.relative_to(PACKAGE)}: {line.strip()}"
        for path in PACKAGE.rglob("*.py")
        for line in path.read_text().splitlines()
        if re.search(r"\bre\.match\(|[A-Z_]{3,}\.match\([^,]*\)", line)
    }
    # Neutron's `~` compares the beginning.
    assert {place.partition(":")[0] for place in found} <= {"rest/policy.py"}


def test_a_body_of_another_length_than_it_says_is_no_way_around(api: Client) -> None:
    asked = webob.Request.blank("/v2.0/networks", method="POST", environ={"REMOTE_ADDR": "127.0.0.1"})
    asked.content_type = "application/json"
    asked.content_length = request.MAX_BODY_BYTES + 1
    response = asked.get_response(api.app)
    assert (response.status_int, response.json["NeutronError"]["type"]) == (413, "HTTPRequestEntityTooLarge")


@pytest.mark.parametrize("part", ["network", "networks", "profile", "whole"])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_a_body_that_is_too_deep_is_refused_at_any_depth(
    api: Client, part: str, opening: str, closing: str
) -> None:
    text = {
        "network": '{"network":{"name":%s}}',
        "networks": '{"networks":[%s]}',
        "profile": '{"network":{"availability_zone_hints":%s}}',
        "whole": "%s",
    }[part]
    for depth in (request.MAX_DEPTH + 1, *range(900, 1000), 100_000):
        reply = api.call("POST", "/networks", (text % f"{opening * depth}1{closing * depth}").encode())
        assert (reply.status, reply.error) == (400, "MalformedRequestBody")
        assert "more than 64 objects and arrays are within each other" in reply.message


def test_a_body_may_be_as_deep_as_is_said() -> None:
    posted = document(REGISTRY)["paths"]["/v2.0/ports"]["post"]["requestBody"]
    assert "64 objects and arrays" in posted["description"]
    assert request.json_of(b"[" * 63 + b'{"a":1}' + b"]" * 63)
    with pytest.raises(request.MalformedRequestBody):
        request.json_of(b"[" * 64 + b'{"a":1}' + b"]" * 64)


def test_brackets_in_texts_make_no_depth(api: Client) -> None:
    assert api.make("network", name="[" * 100 + "}" * 100)["name"] == "[" * 100 + "}" * 100


def test_a_request_that_meets_an_error_of_ours_is_logged_once_and_on_one_line(
    api: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> None:
        raise RuntimeError

    monkeypatch.setattr(api.store, "read", broken)
    with caplog.at_level("ERROR"):
        for _ in range(9):
            assert api.call("GET", "/networks/x%0A2026-11-27 INFO forged" + "x" * 1000).status == 500
    (line,) = caplog.messages
    assert "GET /v2.0/networks/x?2026-11-27 INFO forged" in line
    assert len(line) < 300
