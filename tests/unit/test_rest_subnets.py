"""Subnets of the API: ranges, gateways, pools, IPv6 modes, deletion."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from tests.unit.rest_client import Client, client_of

UUID = "11111111-2222-3333-4444-555555555555"


@pytest.fixture
def api(tmp_path: Path) -> Client:
    """Give a client of an API with nothing in it."""
    return client_of(tmp_path)


@pytest.fixture
def network_id(api: Client) -> str:
    """Give the id of a network."""
    return str(api.make("network")["id"])


def test_a_subnet_is_shown_as_in_the_reference(api: Client, network_id: str) -> None:
    subnet = api.subnet(network_id)
    times = [subnet.pop(name) for name in ("id", "created_at", "updated_at")]
    assert all(times)
    assert subnet == {
        "name": "",
        "description": "",
        "tenant_id": "default",
        "project_id": "default",
        "tags": [],
        "revision_number": 0,
        "network_id": network_id,
        "ip_version": 4,
        "cidr": "10.10.10.0/24",
        "gateway_ip": "10.10.10.1",
        "allocation_pools": [{"start": "10.10.10.2", "end": "10.10.10.254"}],
        "dns_nameservers": [],
        "host_routes": [],
        "enable_dhcp": True,
        "ipv6_ra_mode": None,
        "ipv6_address_mode": None,
        "service_types": [],
        "subnetpool_id": None,
        "router:external": False,
    }


def test_a_subnet_is_listed_by_its_network_and_each_change_of_it_bumps_that(
    api: Client, network_id: str
) -> None:
    def listed() -> tuple[list[str], int]:
        network = api.get(f"/networks/{network_id}")["network"]
        return network["subnets"], network["revision_number"]

    subnet_id = api.subnet(network_id)["id"]
    assert listed() == ([subnet_id], 2)
    for _ in range(2):  # the second time nothing changes
        assert api.change("subnet", subnet_id, name="changed").status == 200
        assert listed() == ([subnet_id], 3)
    assert api.call("DELETE", f"/subnets/{subnet_id}").status == 204
    assert listed() == ([], 4)


@pytest.mark.parametrize(
    ("cidr", "attributes", "shown"),
    [
        ("10.1.0.1/24", {}, {"cidr": "10.1.0.0/24", "gateway_ip": "10.1.0.1"}),
        ("10.1.0.0/24", {"gateway_ip": None}, {"gateway_ip": None}),
        ("10.1.0.0/24", {"gateway_ip": "192.0.2.1"}, {"gateway_ip": "192.0.2.1"}),
        ("2001:db8:1::/64", {}, {"gateway_ip": "2001:db8:1::"}),
        (
            "10.1.0.0/24",
            {"dns_nameservers": ["9.9.9.9", "1.1.1.1"]},
            {"dns_nameservers": ["9.9.9.9", "1.1.1.1"]},
        ),
        (
            "10.1.0.0/24",
            {"host_routes": [{"destination": "10.2.0.0/16", "nexthop": "10.1.0.9"}]},
            {"host_routes": [{"destination": "10.2.0.0/16", "nexthop": "10.1.0.9"}]},
        ),
        (
            "10.14.0.20/31",
            {"enable_dhcp": False, "gateway_ip": "10.14.0.19"},
            {"allocation_pools": [{"start": "10.14.0.20", "end": "10.14.0.21"}]},
        ),
        (
            "10.14.0.20/31",
            {"enable_dhcp": False},
            {
                "gateway_ip": "10.14.0.21",
                "allocation_pools": [{"start": "10.14.0.20", "end": "10.14.0.20"}],
            },
        ),
        (
            "10.14.0.20/32",
            {"enable_dhcp": False},
            {
                "gateway_ip": "10.14.0.21",
                "allocation_pools": [{"start": "10.14.0.20", "end": "10.14.0.20"}],
            },
        ),
        (
            "2001:db8::4/128",
            {"enable_dhcp": False},
            {
                "gateway_ip": "2001:db8::4",
                "allocation_pools": [{"start": "2001:db8::4", "end": "2001:db8::4"}],
            },
        ),
    ],
)
def test_ranges_and_what_comes_with_them(
    api: Client, network_id: str, cidr: str, attributes: dict[str, Any], shown: dict[str, Any]
) -> None:
    subnet = api.subnet(network_id, cidr, **attributes)
    assert {name: subnet[name] for name in shown} == shown
    pools, gateway = subnet["allocation_pools"], subnet["gateway_ip"]
    assert api.change("subnet", subnet["id"], allocation_pools=pools, gateway_ip=gateway).status == 200


@pytest.mark.parametrize(
    ("attributes", "pools"),
    [
        ({"allocation_pools": []}, [("10.10.10.2", "10.10.10.254")]),
        ({"gateway_ip": "192.0.2.1"}, [("10.10.10.1", "10.10.10.254")]),
        ({"gateway_ip": "10.10.10.100"}, [("10.10.10.1", "10.10.10.99"), ("10.10.10.101", "10.10.10.254")]),
        (
            {"allocation_pools": [{"start": "10.10.10.20", "end": "10.10.10.29"}]},
            [("10.10.10.20", "10.10.10.29")],
        ),
    ],
)
def test_pools_are_those_given_or_all_but_the_gateway(
    api: Client, network_id: str, attributes: dict[str, Any], pools: list[tuple[str, str]]
) -> None:
    subnet = api.subnet(network_id, **attributes)
    assert subnet["allocation_pools"] == [{"start": start, "end": end} for start, end in pools]


def pool(start: str, end: str) -> dict[str, str]:
    """Give a pool as clients write it."""
    return {"start": start, "end": end}


@pytest.mark.parametrize(
    ("cidr", "attributes", "status", "error"),
    [
        ("10.1.0.0/24", {"ip_version": 6}, 400, "InvalidInput"),
        ("10.1.0.0", {}, 400, "InvalidInput"),
        ("10.1.0.0/33", {}, 400, "InvalidInput"),
        ("0.0.0.0/0", {}, 400, "InvalidInput"),
        ("0.0.0.0/8", {}, 400, "InvalidInput"),
        ("::/64", {}, 400, "InvalidInput"),
        ("::/96", {"enable_dhcp": False}, 400, "InvalidInput"),
        ("10.1.0.0/31", {}, 400, "InvalidInput"),
        ("10.1.0.0/32", {}, 400, "InvalidInput"),
        ("224.0.0.0/24", {}, 400, "InvalidInput"),
        ("127.0.0.0/8", {}, 400, "InvalidInput"),
        ("10.1.0.0/24", {"gateway_ip": "10.1.0.0"}, 400, "InvalidInput"),
        ("10.1.0.0/24", {"gateway_ip": "10.1.0.255"}, 400, "InvalidInput"),
        ("10.1.0.0/24", {"gateway_ip": "2001:db8::1"}, 400, "InvalidInput"),
        (
            "10.1.0.0/24",
            {"allocation_pools": [pool("10.1.0.1", "10.1.0.9")]},
            409,
            "GatewayConflictWithAllocationPools",
        ),
        (
            "10.1.0.0/24",
            {"allocation_pools": [pool("10.1.0.9", "10.1.0.8")]},
            400,
            "InvalidAllocationPool",
        ),
        (
            "10.1.0.0/24",
            {"allocation_pools": [pool("10.1.0.9", "10.1.1.8")]},
            400,
            "OutOfBoundsAllocationPool",
        ),
        (
            "10.1.0.0/24",
            {"allocation_pools": [pool("10.1.0.5", "10.1.0.8"), pool("10.1.0.8", "10.1.0.9")]},
            409,
            "OverlappingAllocationPools",
        ),
        ("10.1.0.0/24", {"dns_nameservers": ["1.1.1.1", "1.1.1.1"]}, 400, "HTTPBadRequest"),
        (
            "10.1.0.0/24",
            {"dns_nameservers": [f"1.1.1.{number}" for number in range(6)]},
            400,
            "DNSNameServersExhausted",
        ),
        (
            "10.1.0.0/24",
            {
                "host_routes": [
                    {"destination": f"10.{number}.0.0/16", "nexthop": "10.1.0.9"} for number in range(21)
                ]
            },
            400,
            "HostRoutesExhausted",
        ),
        (
            "10.1.0.0/24",
            {"host_routes": [{"destination": "10.2.0.0/16", "nexthop": "10.1.0.9"}] * 2},
            400,
            "HTTPBadRequest",
        ),
        ("10.1.0.0/24", {"host_routes": [{"destination": "10.2.0.0/16"}]}, 400, "HTTPBadRequest"),
        ("10.1.0.0/24", {"ipv6_ra_mode": "slaac"}, 400, "InvalidInput"),
        ("2001:db8::/64", {"ipv6_ra_mode": "magic"}, 400, "HTTPBadRequest"),
        (
            "2001:db8::/64",
            {"ipv6_ra_mode": "slaac", "ipv6_address_mode": "dhcpv6-stateful"},
            400,
            "InvalidInput",
        ),
        ("2001:db8::/72", {"ipv6_address_mode": "slaac"}, 400, "InvalidInput"),
        ("2001:db8::/64", {"ipv6_address_mode": "slaac", "enable_dhcp": False}, 400, "InvalidInput"),
        ("10.1.0.0/24", {"subnetpool_id": UUID}, 404, "SubnetPoolNotFound"),
    ],
)
def test_subnets_that_cannot_be_are_refused_and_leave_nothing(
    api: Client, network_id: str, cidr: str, attributes: dict[str, Any], status: int, error: str
) -> None:
    reply = api.try_subnet(network_id, cidr, **attributes)
    assert (reply.status, reply.error) == (status, error)
    assert api.get("/subnets") == {"subnets": []}


@pytest.mark.parametrize("cidr", ["0.0.0.0/8", "10.1.0.0/31", "224.0.0.0/24", "127.0.0.0/8"])
def test_a_range_that_dhcp_cannot_serve_gets_no_dhcp_and_can_be_changed_otherwise(
    api: Client, network_id: str, cidr: str
) -> None:
    subnet = api.subnet(network_id, cidr, enable_dhcp=False)
    refused = api.change("subnet", subnet["id"], enable_dhcp=True, name="new")
    assert (refused.status, refused.error) == (400, "InvalidInput")
    with api.store.write() as transaction:  # as an older version took it
        kept = transaction.subnet(subnet["id"])
        transaction.update(kept, replace(kept, enable_dhcp=True))
    changed = api.change("subnet", subnet["id"], enable_dhcp=True, name="new")
    assert (changed.status, changed.body["subnet"]["name"]) == (200, "new")


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({"ip_version": 4, "cidr": "10.0.0.0/24"}, 400, "HTTPBadRequest"),
        ({"network_id": "net1", "ip_version": 4, "cidr": "10.0.0.0/24"}, 400, "HTTPBadRequest"),
        ({"network_id": UUID, "ip_version": 4, "cidr": "10.0.0.0/24"}, 404, "NetworkNotFound"),
        ({"network_id": UUID, "ip_version": 5, "cidr": "10.0.0.0/24"}, 400, "HTTPBadRequest"),
    ],
)
def test_a_subnet_needs_a_network_and_a_version(
    api: Client, body: dict[str, Any], status: int, error: str
) -> None:
    reply = api.try_make("subnet", **body)
    assert (reply.status, reply.error) == (status, error)


def test_overlap_is_refused_within_a_network_only(api: Client, network_id: str) -> None:
    api.subnet(network_id, "10.10.0.0/16")
    reply = api.try_subnet(network_id, "10.10.10.0/24")
    assert (reply.status, reply.error) == (400, "InvalidInput")
    assert "10.10.10.0/24" in reply.message and "10.10.0.0/16" in reply.message
    assert api.try_subnet(api.make("network")["id"], "10.10.10.0/24").status == 201


@pytest.mark.parametrize(
    ("cidr", "status"),
    [
        ("10.0.0.0/8", 400),
        ("10.10.3.128/25", 400),
        ("10.10.3.0/24", 400),
        ("10.10.0.0/21", 400),
        ("10.10.2.0/24", 201),
        ("10.9.0.0/16", 201),
        ("10.11.0.0/16", 201),
        ("10.10.5.0/24", 400),
    ],
)
def test_overlap_is_found_wherever_the_other_lies(
    api: Client, network_id: str, cidr: str, status: int
) -> None:
    for other in ("10.10.5.0/24", "10.10.1.0/24", "10.10.3.0/24"):
        api.subnet(network_id, other)
    gone = api.subnet(network_id, "10.10.2.0/24")
    api.call("DELETE", f"/subnets/{gone['id']}")
    assert api.try_subnet(network_id, cidr).status == status


def test_subnets_of_one_request_must_not_overlap_each_other(api: Client, network_id: str) -> None:
    common = {"network_id": network_id, "ip_version": 4}
    cidrs = ("10.3.0.0/16", "10.1.0.0/16", "10.2.0.0/16", "10.1.7.0/24")
    reply = api.call("POST", "/subnets", {"subnets": [common | {"cidr": cidr} for cidr in cidrs]})
    assert (reply.status, reply.error) == (400, "InvalidInput")
    assert "10.1.7.0/24" in reply.message and "10.1.0.0/16" in reply.message


def test_how_many_siblings_a_new_subnet_is_held_against_does_not_grow_with_their_number(
    api: Client, network_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = [0]
    overlaps = IPv4Network.overlaps

    def counted(one: IPv4Network, other: IPv4Network) -> bool:
        compared[0] += 1
        return overlaps(one, other)

    monkeypatch.setattr(IPv4Network, "overlaps", counted)
    common = {"network_id": network_id, "ip_version": 4, "enable_dhcp": False}
    bodies = [common | {"cidr": f"10.0.{number}.0/24"} for number in range(50)]
    assert api.call("POST", "/subnets", {"subnets": bodies}).status == 201
    assert compared[0] <= 50


def test_a_subnet_can_be_changed_within_the_same_rules(api: Client, network_id: str) -> None:
    subnet = api.subnet(network_id)
    changed = api.change(
        "subnet",
        subnet["id"],
        gateway_ip="10.10.10.254",
        allocation_pools=[pool("10.10.10.1", "10.10.10.99")],
        enable_dhcp=False,
    )
    conflict = api.change("subnet", subnet["id"], gateway_ip="10.10.10.50")
    read_only = api.change("subnet", subnet["id"], cidr="10.0.0.0/8")
    assert changed.body["subnet"]["gateway_ip"] == "10.10.10.254"
    assert changed.body["subnet"]["allocation_pools"] == [pool("10.10.10.1", "10.10.10.99")]
    assert (conflict.status, conflict.error) == (409, "GatewayConflictWithAllocationPools")
    assert (read_only.status, read_only.message) == (400, "Cannot update read-only attribute cidr")


def test_a_subnet_with_addresses_in_use_is_not_deleted(api: Client, network_id: str) -> None:
    subnet = api.subnet(network_id)
    port = api.make("port", network_id=network_id)
    refused = api.call("DELETE", f"/subnets/{subnet['id']}")
    api.call("DELETE", f"/ports/{port['id']}")
    assert (refused.status, refused.error) == (409, "SubnetInUse")
    assert api.call("DELETE", f"/subnets/{subnet['id']}").status == 204
    assert api.get(f"/networks/{network_id}")["network"]["subnets"] == []


@pytest.mark.parametrize(
    ("owner", "status"),
    [
        ("network:router_interface", 409),
        ("network:router_interface_distributed", 409),
        ("network:ha_router_replicated_interface", 409),
        ("network:router_gateway", 204),
        ("compute:nova", 204),
    ],
)
def test_a_subnet_whose_machines_make_their_addresses_is_not_deleted_under_a_router(
    api: Client, network_id: str, owner: str, status: int
) -> None:
    subnet = api.subnet(network_id, "2001:db8::/64", ipv6_ra_mode="slaac", ipv6_address_mode="slaac")
    asked = [{"subnet_id": subnet["id"]}]
    port = api.make("port", network_id=network_id, device_owner=owner, fixed_ips=asked)
    reply = api.call("DELETE", f"/subnets/{subnet['id']}")
    left = api.get(f"/ports/{port['id']}")["port"]["fixed_ips"]
    assert (reply.status, left) == (status, port["fixed_ips"] if status == 409 else [])
    assert status == 204 or reply.error == "SubnetInUse"


def test_a_subnet_of_an_external_network_says_so_and_is_found_by_it(api: Client) -> None:
    external = api.subnet(api.make("network", router__external=True)["id"])
    other = api.subnet(api.make("network")["id"])
    found = [api.get(f"/subnets?router:external={value}")["subnets"] for value in ("True", "false")]
    assert (external["router:external"], other["router:external"]) == (True, False)
    assert [[subnet["id"] for subnet in subnets] for subnets in found] == [[external["id"]], [other["id"]]]
    assert api.get("/extensions/subnet-external-network")["extension"]["alias"] == "subnet-external-network"


def test_a_slaac_subnet_gives_the_ports_that_are_there_their_addresses(api: Client, network_id: str) -> None:
    port = api.make("port", network_id=network_id, mac_address="fa:16:3e:1d:5c:81")
    api.subnet(network_id, "2001:db8::/64", ipv6_ra_mode="slaac", ipv6_address_mode="slaac")
    shown = api.get(f"/ports/{port['id']}")["port"]
    assert [ip["ip_address"] for ip in shown["fixed_ips"]] == ["2001:db8::f816:3eff:fe1d:5c81"]


def test_pools_are_emptied_by_an_empty_list(api: Client, network_id: str) -> None:
    subnet = api.subnet(network_id)
    emptied = api.change("subnet", subnet["id"], allocation_pools=[]).body["subnet"]
    port = api.try_make("port", network_id=network_id)
    assert (emptied["allocation_pools"], emptied["revision_number"]) == ([], 1)
    assert (port.status, port.error) == (409, "IpAddressGenerationFailure")


def test_subnets_are_filtered_by_whether_their_network_is_shared(api: Client, network_id: str) -> None:
    own = api.subnet(network_id)
    shared = api.subnet(api.make("network", shared=True)["id"])
    found = {
        word: [subnet["id"] for subnet in api.get(f"/subnets?shared={word}")["subnets"]]
        for word in ("true", "False")
    }
    assert found == {"true": [shared["id"]], "False": [own["id"]]}
    assert "shared" not in own
    assert api.try_subnet(network_id, "10.9.0.0/24", shared=True).status == 400


def test_both_addresses_of_a_subnet_of_two_are_given(api: Client, network_id: str) -> None:
    api.subnet(network_id, "10.14.0.20/31", enable_dhcp=False, gateway_ip="10.14.0.19")
    given = [api.make("port", network_id=network_id)["fixed_ips"][0]["ip_address"] for _ in range(2)]
    assert given == ["10.14.0.20", "10.14.0.21"]
    assert api.try_make("port", network_id=network_id).status == 409


SLAAC = {"ip_version": 6, "ipv6_ra_mode": "slaac", "ipv6_address_mode": "slaac"}


def slaac_subnets(network_id: str, count: int) -> dict[str, Any]:
    """Give the body that asks for so many subnets of which machines make their own addresses."""
    cidrs = [f"2001:db8:{number:x}::/64" for number in range(count)]
    return {"subnets": [{"network_id": network_id, "cidr": cidr} | SLAAC for cidr in cidrs]}


@contextmanager
def counted_statements(api: Client) -> Iterator[list[str]]:
    """Collect the statements of the database."""
    assert api.store.database
    engine = api.store.database.engine
    statements: list[str] = []

    def executed(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", executed)
    yield statements
    event.remove(engine, "before_cursor_execute", executed)


def statements_of_slaac(api: Client, ports: int, subnets: int) -> tuple[int, int]:
    """Count the statements that make subnets at once in a network with ports, and that delete the first."""
    network_id = api.make("network")["id"]
    assert api.call("POST", "/ports", {"ports": [{"network_id": network_id}] * ports}).status == 201
    with counted_statements(api) as made:
        reply = api.call("POST", "/subnets", slaac_subnets(network_id, subnets))
    assert reply.status == 201
    with counted_statements(api) as deleted:
        assert api.call("DELETE", f"/subnets/{reply.body['subnets'][0]['id']}").status == 204
    return len(made), len(deleted)


def test_what_slaac_subnets_give_to_many_ports_takes_few_statements(api: Client) -> None:
    assert statements_of_slaac(api, ports=2, subnets=4) == statements_of_slaac(api, ports=20, subnets=4)


def test_each_of_many_slaac_subnets_takes_as_many_statements(api: Client) -> None:
    counts = [statements_of_slaac(api, ports=5, subnets=number) for number in (2, 4, 6)]
    (few, deleted), (more, deleted_of_more), (most, deleted_of_most) = counts
    assert most - more == more - few <= 2 * 2
    assert deleted == deleted_of_more == deleted_of_most


def test_a_port_in_many_slaac_subnets_takes_as_many_statements_as_in_one(api: Client) -> None:
    def statements(subnets: int) -> int:
        network_id = api.make("network")["id"]
        assert api.call("POST", "/subnets", slaac_subnets(network_id, subnets)).status == 201
        with counted_statements(api) as made:
            assert api.call("POST", "/ports", {"ports": [{"network_id": network_id}] * 5}).status == 201
        return len(made)

    statements(1)  # the first port of a project brings its default group
    assert statements(1) == statements(20)


def test_the_addresses_of_a_port_keep_their_order_when_subnets_come_and_go(
    api: Client, network_id: str
) -> None:
    api.subnet(network_id)
    port_id = api.make("port", network_id=network_id)["id"]
    made = api.call("POST", "/subnets", slaac_subnets(network_id, 4)).body["subnets"]
    api.call("DELETE", f"/subnets/{made[1]['id']}")
    api.call("DELETE", f"/subnets/{made[2]['id']}")
    last = api.subnet(network_id, "2001:db8:ffff::/64", ipv6_ra_mode="slaac")
    shown = api.get(f"/ports/{port_id}")["port"]
    fixed_ips = shown["fixed_ips"]
    assert [ip["subnet_id"] for ip in fixed_ips[1:]] == [made[0]["id"], made[3]["id"], last["id"]]
    assert shown["revision_number"] == 5  # once for all that came at once, once for each of the others
    turned = [fixed_ips[2], fixed_ips[0], fixed_ips[3], fixed_ips[1]]
    assert api.change("port", port_id, fixed_ips=turned).status == 200
    assert api.get(f"/ports/{port_id}")["port"]["fixed_ips"] == turned
