"""What leaving an attribute out, null and the empty value mean: a table of all attributes of all resources.

`POST` columns show what the new resource has, `PUT` columns what one has that had something else before. A
number is the status of a refusal; `=` says that the attribute stays as it was, HIDDEN that it is not shown.
The empty value is that of the attribute's kind: "" for text, [] for a list, {} for an object; for what is
neither, text. What Neutron means by each was taken from neutron-lib 5.0.1's own converters and validators.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from osken_apps.rest.registry import REGISTRY
from tests.unit.rest_client import Client, client_of, path_of

MAC = "fa:16:3e:00:00:01"
TABLE = """
resource attribute                  | absent         | POST null | POST empty | PUT null | PUT empty
network  name                       | ""             | 400       | ""         | 400      | ""
network  description                | ""             | 400       | ""         | 400      | ""
network  tenant_id                  | "default"      | 400       | ""         | 400      | 400
network  project_id                 | "default"      | 400       | ""         | 400      | 400
network  admin_state_up             | true           | 400       | 400        | 400      | 400
network  shared                     | false          | 400       | 400        | 400      | 400
network  router:external            | false          | 400       | 400        | 400      | 400
network  is_default                 | false          | 400       | 400        | 400      | 400
network  mtu                        | 1500           | 400       | 400        | 400      | 400
network  port_security_enabled      | true           | 400       | 400        | 400      | 400
network  provider:network_type      | "vlan"         | 400       | 400        | 400      | 400
network  provider:physical_network  | "default"      | 400       | 400        | 400      | 400
network  provider:segmentation_id   | 1000           | 400       | 400        | 400      | 400
network  segments                   | HIDDEN         | 400       | HIDDEN     | 400      | HIDDEN
network  availability_zone_hints    | []             | 400       | []         | 400      | 400
network  dns_domain                 | ""             | 400       | ""         | 400      | ""
subnet   name                       | ""             | 400       | ""         | 400      | ""
subnet   description                | ""             | 400       | ""         | 400      | ""
subnet   tenant_id                  | "default"      | 400       | ""         | 400      | 400
subnet   project_id                 | "default"      | 400       | ""         | 400      | 400
subnet   network_id                 | 400            | 400       | 400        | 400      | 400
subnet   ip_version                 | 400            | 400       | 400        | 400      | 400
subnet   cidr                       | 400            | 400       | 400        | 400      | 400
subnet   gateway_ip                 | "10.0.0.1"     | null      | 400        | null     | 400
subnet   allocation_pools           | POOLS          | 400       | POOLS      | 400      | []
subnet   dns_nameservers            | []             | []        | []         | []       | []
subnet   host_routes                | []             | []        | []         | []       | []
subnet   enable_dhcp                | true           | 400       | 400        | 400      | 400
subnet   ipv6_ra_mode               | null           | 400       | 400        | 400      | 400
subnet   ipv6_address_mode          | null           | 400       | 400        | 400      | 400
subnet   service_types              | []             | []        | []         | []       | []
subnet   subnetpool_id              | null           | null      | 400        | 400      | 400
port     name                       | ""             | 400       | ""         | 400      | ""
port     description                | ""             | 400       | ""         | 400      | ""
port     tenant_id                  | "default"      | 400       | ""         | 400      | 400
port     project_id                 | "default"      | 400       | ""         | 400      | 400
port     network_id                 | 400            | 400       | 400        | 400      | 400
port     admin_state_up             | true           | 400       | 400        | 400      | 400
port     mac_address                | GENERATED      | 400       | 400        | 400      | 400
port     fixed_ips                  | ONE            | 400       | []         | 400      | []
port     device_id                  | ""             | 400       | ""         | 400      | ""
port     device_owner               | ""             | 400       | ""         | 400      | ""
port     security_groups            | DEFAULT        | []        | []         | []       | []
port     port_security_enabled      | true           | 400       | 400        | 400      | 400
port     allowed_address_pairs      | []             | []        | []         | []       | []
port     extra_dhcp_opts            | []             | []        | []         | =        | =
port     binding:host_id            | ""             | ""        | ""         | ""       | ""
port     binding:vnic_type          | "normal"       | 400       | 400        | 400      | 400
port     binding:profile            | {}             | {}        | {}         | {}       | {}
port     dns_name                   | ""             | 400       | ""         | 400      | ""
security_group name             | ""             | 400       | ""         | 400      | ""
security_group description      | ""             | 400       | ""         | 400      | ""
security_group tenant_id        | "default"      | 400       | ""         | 400      | 400
security_group project_id       | "default"      | 400       | ""         | 400      | 400
security_group stateful         | true           | 400       | 400        | 400      | 400
security_group_rule description | ""             | 400       | ""         | 400      | 400
security_group_rule tenant_id   | "default"      | 400       | ""         | 400      | 400
security_group_rule project_id  | "default"      | 400       | ""         | 400      | 400
security_group_rule security_group_id | 400      | 400       | 400        | 400      | 400
security_group_rule direction   | 400            | 400       | 400        | 400      | 400
security_group_rule ethertype   | "IPv4"         | 400       | 400        | 400      | 400
security_group_rule protocol    | null           | null      | 400        | 400      | 400
security_group_rule port_range_min | null        | null      | 400        | 400      | 400
security_group_rule port_range_max | null        | null      | 400        | 400      | 400
security_group_rule remote_ip_prefix | null      | null      | null       | 400      | 400
security_group_rule remote_group_id | null       | null      | 400        | 400      | 400
security_group_rule remote_address_group_id | null | null    | 400        | 400      | 400
address_group name              | ""             | 400       | ""         | 400      | ""
address_group description       | ""             | 400       | ""         | 400      | ""
address_group tenant_id         | "default"      | 400       | ""         | 400      | 400
address_group project_id        | "default"      | 400       | ""         | 400      | 400
address_group addresses         | []             | []        | []         | 400      | 400
default_security_group_rule description | ""     | 400       | ""         | 400      | 400
default_security_group_rule direction | 400      | 400       | 400        | 400      | 400
default_security_group_rule ethertype | "IPv4"   | 400       | 400        | 400      | 400
default_security_group_rule protocol | null      | null      | 400        | 400      | 400
default_security_group_rule port_range_min | null | null     | 400        | 400      | 400
default_security_group_rule port_range_max | null | null     | 400        | 400      | 400
default_security_group_rule remote_ip_prefix | null | null   | null       | 400      | 400
default_security_group_rule remote_group_id | null | null    | 400        | 400      | 400
default_security_group_rule remote_address_group_id | null | null | 400   | 400      | 400
default_security_group_rule used_in_default_sg | false | 400 | 400        | 400      | 400
default_security_group_rule used_in_non_default_sg | true | 400 | 400     | 400      | 400
"""
ROWS = [[cell.strip() for cell in line.split("|")] for line in TABLE.strip().splitlines()[1:]]
SET: dict[str, Any] = {
    "name": "before",
    "description": "before",
    "dns_domain": "before.example",
    "gateway_ip": "10.0.0.9",
    "dns_nameservers": ["9.9.9.9"],
    "host_routes": [{"destination": "10.9.0.0/16", "nexthop": "10.0.0.9"}],
    "service_types": ["compute:nova"],
    "device_id": "before",
    "device_owner": "compute:before",
    "allowed_address_pairs": [{"ip_address": "10.0.0.77"}],
    "extra_dhcp_opts": [{"opt_name": "mtu", "opt_value": "1400", "ip_version": 4}],
    "binding:host_id": "before",
    "binding:profile": {"before": "1"},
    "dns_name": "before",
}


@pytest.fixture
def api(tmp_path: Path) -> Client:
    """Give an administrator who is a service too, so that every attribute may be set."""
    return client_of(tmp_path, "authentication = headers").as_user("default", "admin", "service")


def empty_of(name: str) -> Any:
    """Give the empty value of an attribute's kind."""
    lists = (
        "segments",
        "hints",
        "addresses",
        "pools",
        "nameservers",
        "routes",
        "types",
        "fixed_ips",
        "groups",
        "pairs",
        "opts",
    )
    return {} if name == "binding:profile" else [] if name.endswith(lists) else ""


def required(api: Client, resource: str) -> dict[str, Any]:
    """Make what a resource needs; give the attributes that a POST must have."""
    if resource in ("network", "security_group", "address_group"):
        return {}
    if resource == "default_security_group_rule":
        return {"direction": "ingress"}
    if resource == "security_group_rule":
        return {"direction": "ingress", "security_group_id": api.make("security_group")["id"]}
    network_id = api.make("network")["id"]
    if resource == "subnet":
        return {"network_id": network_id, "cidr": "10.0.0.0/24", "ip_version": 4}
    api.subnet(network_id, "10.0.0.0/24")
    return {"network_id": network_id}


def expected(api: Client, cell: str) -> Any:
    """Give what a cell stands for."""
    match cell:
        case "POOLS":
            return [{"start": "10.0.0.2", "end": "10.0.0.254"}]
        case "DEFAULT":
            return [api.get("/security-groups")["security_groups"][0]["id"]]
    return json.loads(cell)


def check(api: Client, name: str, cell: str, reply: Any, resource: str, before: Any = None) -> None:
    """Compare an answer with a cell of the table."""
    if cell == "400":
        assert reply.status == 400, reply.body
        return
    assert reply.status in (200, 201), reply.body
    if cell == "HIDDEN":
        assert name not in reply.body[resource]
        return
    shown = reply.body[resource][name]
    if cell == "GENERATED":
        assert shown.startswith("fa:16:3e:")
    elif cell == "ONE":
        assert [ip["ip_address"] for ip in shown] == ["10.0.0.2"]
    else:
        assert shown == (before if cell == "=" else expected(api, cell))


@pytest.mark.parametrize("row", ROWS, ids=[row[0].replace("  ", " ") for row in ROWS])
def test_an_attribute_that_is_absent_null_or_empty_means_what_neutron_means(
    api: Client, row: list[str]
) -> None:
    resource, name = row[0].split()
    attributes = required(api, resource)
    others = {key: value for key, value in attributes.items() if key != name}
    for cell, given in ((row[1], {}), (row[2], {name: None}), (row[3], {name: empty_of(name)})):
        reply = api.try_make(resource, **others | given)
        check(api, name, cell, reply, resource)
        if reply.status == 201 and resource != "network":
            api.call("DELETE", f"/{path_of(resource)}/{reply.body[resource]['id']}")
    for cell, value in ((row[4], None), (row[5], empty_of(name))):
        made = api.make(resource, **attributes | ({name: SET[name]} if name in SET else {}))
        reply = api.change(resource, made["id"], **{name: value})
        check(api, name, cell, reply, resource, made.get(name))
        if reply.status == 400:
            assert api.get(f"/{path_of(resource)}/{made['id']}")[resource] == made
        if resource != "network":
            api.call("DELETE", f"/{path_of(resource)}/{made['id']}")


def test_the_table_has_every_attribute_that_can_be_set() -> None:
    settable = {
        f"{collection.singular} {attribute.name}"
        for collection in REGISTRY.collections.values()
        for attribute in collection.attributes
        if attribute.post or attribute.put
    }
    assert {" ".join(row[0].split()) for row in ROWS} == settable
