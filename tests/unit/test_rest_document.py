"""The OpenAPI document says what is taken and what is not, as exactly as its words can."""

import re
from typing import Any

import pytest

from osken_apps.rest.address_types import CIDR
from osken_apps.rest.openapi.document import document
from osken_apps.rest.permission_types import PORT
from osken_apps.rest.registry import REGISTRY
from osken_apps.rest.types import Type


def is_taken(type_: Type, text: str) -> bool:
    """Tell whether a text is one of a type."""
    try:
        type_.parse(text)
    except Exception:  # whichever the type raises
        return False
    return True


def is_described(schema: Any, text: str) -> bool:
    """Tell whether a schema whose alternatives are patterns has a text."""
    patterns = (one.get("pattern", "^$") for one in schema["anyOf"])
    return any(re.search(pattern, text) for pattern in patterns)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("10.0.0.0/8", True),
        ("::/0", True),
        ("fd00::1/64", True),
        ("::1:2:3:4:5:6:7/128", True),
        ("1:2:3:4:5:6:7::/112", True),
        ("1:2:3:4:5:6:7:8/128", True),
        ("1:2::7:8/32", True),
        ("::ffff:10.0.0.0/104", True),
        ("1:2:3:4:5:6:10.0.0.0/128", True),
        ("1:2::5:10.0.0.0/128", True),
        ("1:2:3:4:5:6:7:8:9/64", False),
        ("1:2:3:4::5:6:7:8:9/64", False),
        ("1::2::3/64", False),
        ("fd00::/129", False),
        ("fd00::%1/64", False),
        ("10.0.0.0/255.0.0.0", False),  # nor does Neutron
        ("10.0.0.0/0.255.255.255", False),
        ("10.0.0.0/08", False),
        ("10.0.0.0", False),
    ],
)
def test_a_range_is_taken_if_it_is_described(text: str, is_one: bool) -> None:
    assert (is_taken(CIDR, text), is_described(CIDR.schema, text)) == (is_one, is_one)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("0", True), ("0080", True), ("10000", True), ("65535", True), ("65536", False), ("70000", False)],
)
def test_a_port_of_a_rule_is_taken_if_it_is_described(text: str, is_one: bool) -> None:
    schema = PORT.schema["anyOf"][0]
    assert (is_taken(PORT, text), is_described(schema, text)) == (is_one, is_one)


def query_schema(path: str, name: str) -> Any:
    """Give what the document says of one value of a parameter of a list."""
    parameters = document(REGISTRY)["paths"][f"/v2.0/{path}"]["get"]["parameters"]
    (schema,) = (one["schema"]["items"] for one in parameters if one["name"] == name)
    return schema


def test_lists_are_described_as_sorted_by_what_they_sort_by() -> None:
    assert query_schema("address-groups", "sort_key") == {
        "enum": ["id", "name", "tenant_id", "project_id", "created_at", "updated_at", "revision_number"]
    }


def test_filters_are_described_as_what_they_are_compared_with() -> None:
    assert {"type": "boolean"} in query_schema("security-groups", "shared")["anyOf"]
    assert query_schema("subnets", "ip_version")["type"] == "integer"
    text = {"type": "string", "maxLength": 255}
    assert query_schema("ports/{id}/bindings", "status") == text
    for name in ("security_groups", "revision_number", "network_id", "mac_address"):
        assert query_schema("ports", name) == text
