"""Which numbers are taken: of every attribute of every resource that is a number, in every form of JSON.

An integer is one also with `.0` or as decimal digits. Nothing else is: Neutron's converter, Python's `int()`,
makes 1 of true and 80 of 80.5 and " 80 ", and the README says why we do not.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from osken_apps.rest.registry import REGISTRY
from tests.unit.rest_client import Client, client_of, path_of

FORMS: dict[str, Callable[[int], Any]] = {
    "an integer": lambda number: number,
    "a float that is one": float,
    "its digits": str,
    "half more": lambda number: number + 0.5,
    "true": lambda _: True,
    "hexadecimal digits": hex,
    "digits of a float": lambda number: f"{number}.0",
    "digits between spaces": lambda number: f" {number} ",
    "digits with a line": lambda number: f"{number}\n",
    "digits with an underscore": lambda number: f"{number}_0",
    "digits of another script": lambda number: f"{number}".translate(
        {ord("0") + n: 0x660 + n for n in range(10)}
    ),
    "what no column holds": lambda _: 2**70,
    "a float that none holds": lambda _: 1e300,
    "a number below": lambda number: -number,
    "a text": lambda _: "many",
    "a list": lambda number: [number],
}
TAKEN = ("an integer", "a float that is one", "its digits")

VLAN = {"provider:network_type": "vlan", "provider:physical_network": "default"}
RULE = {"direction": "ingress", "protocol": "tcp"}
# By resource and attribute: a number that it may be, what else is asked for, and where the number is.
NUMBERS: dict[tuple[str, str], tuple[int, dict[str, Any], Callable[[Any], Any]]] = {
    ("network", "mtu"): (1400, {}, lambda value: value),
    ("network", "provider:segmentation_id"): (80, VLAN, lambda value: value),
    ("network", "segments"): (
        80,
        {},
        lambda value: [VLAN | {"provider:segmentation_id": value}],
    ),
    ("subnet", "ip_version"): (4, {"cidr": "10.0.0.0/24"}, lambda value: value),
    ("port", "extra_dhcp_opts"): (
        4,
        {},
        lambda value: [{"opt_name": "mtu", "opt_value": "1400", "ip_version": value}],
    ),
    **{
        (resource, name): (80, RULE | {"port_range_min": 80, "port_range_max": 80}, lambda value: value)
        for resource in ("security_group_rule", "default_security_group_rule")
        for name in ("port_range_min", "port_range_max")
    },
}
PROTOCOLS = ("security_group_rule", "default_security_group_rule")


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Client:
    """Give a client of an API."""
    directory: Path = tmp_path_factory.mktemp("api")
    return client_of(directory)


@pytest.fixture(scope="module")
def besides(api: Client) -> dict[str, dict[str, Any]]:
    """Give what some resources must name."""
    network = {"network_id": api.make("network")["id"]}
    group = {"security_group_id": api.make("security_group")["id"]}
    return {"subnet": network, "port": network, "security_group_rule": group}


def try_to_make(api: Client, resource: str, asked: dict[str, Any]) -> Any:
    """Make a resource and delete it; give what it was, or the status of the refusal."""
    reply = api.call("POST", f"/{path_of(resource)}", {resource: asked})
    if reply.status != 201:
        return reply.status
    made = reply.body[resource]
    assert api.call("DELETE", f"/{path_of(resource)}/{made['id']}").status == 204
    return made


def has_number(schema: Any) -> bool:
    """Tell whether a part of a schema is an integer that is no boolean."""
    if isinstance(schema, dict):
        return (schema.get("type") == "integer" and schema.get("enum") != [0, 1]) or has_number(
            list(schema.values())
        )
    return isinstance(schema, list | tuple) and any(map(has_number, schema))


def test_the_table_has_every_number() -> None:
    found = {
        (collection.singular, attribute.name)
        for collection in REGISTRY.collections.values()
        for attribute in collection.attributes
        if attribute.post or attribute.put
        if has_number([attribute.type.schema, attribute.type.answer_schema])
    }
    assert found == {*NUMBERS, *((resource, "protocol") for resource in PROTOCOLS)}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("resource", "name"), NUMBERS)
def test_a_number_is_an_integer_or_its_digits(
    api: Client, besides: dict[str, dict[str, Any]], resource: str, name: str, form: str
) -> None:
    number, asked, placed = NUMBERS[resource, name]
    value = placed(FORMS[form](number))
    made = try_to_make(api, resource, besides.get(resource, {}) | asked | {name: value})
    if form not in TAKEN:
        assert made == 400
    elif name == "segments":
        assert made["provider:segmentation_id"] == number
    else:
        assert json.dumps(made[name]) == json.dumps(placed(number))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("resource", PROTOCOLS)
def test_the_number_of_a_protocol_is_one(
    api: Client, besides: dict[str, dict[str, Any]], resource: str, form: str
) -> None:
    asked = {"direction": "ingress", "protocol": FORMS[form](6)}
    made = try_to_make(api, resource, besides.get(resource, {}) | asked)
    assert (made["protocol"] if form in TAKEN else made) == ("6" if form in TAKEN else 400)


@pytest.mark.parametrize("form", FORMS)
def test_a_quota_is_a_number(api: Client, form: str) -> None:
    reply = api.call("PUT", "/quotas/other", {"quota": {"network": FORMS[form](80)}})
    assert (reply.status, reply.body.get("quota", {}).get("network")) == (
        (200, 80) if form in TAKEN else (400, None)
    )
