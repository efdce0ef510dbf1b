"""Ports of the API: addresses, MAC addresses, security, options, bindings."""

from dataclasses import replace
from ipaddress import IPv6Address
from pathlib import Path
from typing import Any

import pytest

from osken_apps.model.changes import PortReport
from osken_apps.model.resources import DHCP_DEVICE_ID, Binding, FixedIp, PortStatus
from osken_apps.networking.bindings import record
from osken_apps.rest.openapi.document import document
from osken_apps.rest.registry import REGISTRY
from tests.unit.rest_client import Client, client_of

UUID = "11111111-2222-3333-4444-555555555555"
MAC = "fa:16:3e:1d:5c:81"


@pytest.fixture
def api(tmp_path: Path) -> Client:
    """Give a client of an API with nothing in it."""
    return client_of(tmp_path)


@pytest.fixture
def network_id(api: Client) -> str:
    """Give the id of a network."""
    return str(api.make("network")["id"])


def addresses(port: dict[str, Any]) -> list[str]:
    """Give the addresses of a port."""
    return [ip["ip_address"] for ip in port["fixed_ips"]]


def test_a_port_is_shown_as_neutron_shows_it(api: Client, network_id: str) -> None:
    subnet = api.subnet(network_id)
    port = api.make("port", network_id=network_id, name="p1", mac_address="FA:16:3E:1D:5C:81")
    (group,) = api.get("/security-groups")["security_groups"]
    port_id, *times = (port.pop(name) for name in ("id", "created_at", "updated_at"))
    assert all(times)
    assert port == {
        "name": "p1",
        "description": "",
        "tenant_id": "default",
        "project_id": "default",
        "tags": [],
        "revision_number": 1,
        "network_id": network_id,
        "admin_state_up": True,
        "status": "DOWN",
        "mac_address": MAC,
        "fixed_ips": [{"subnet_id": subnet["id"], "ip_address": "10.10.10.2"}],
        "device_id": "",
        "device_owner": "",
        "security_groups": [group["id"]],
        "port_security_enabled": True,
        "allowed_address_pairs": [],
        "extra_dhcp_opts": [],
        "binding:host_id": "",
        "binding:vif_type": "unbound",
        "binding:vif_details": {
            "host": "",
            "requested_host": "",
            "waits_for": f"an interface with external_ids:iface-id={port_id} on a host: none is shown",
        },
        "binding:vnic_type": "normal",
        "binding:profile": {},
        "dns_name": "",
        "dns_assignment": [
            {
                "hostname": "host-10-10-10-2",
                "ip_address": "10.10.10.2",
                "fqdn": "host-10-10-10-2.openstacklocal.",
            }
        ],
    }


def test_a_generated_mac_has_the_prefix_and_differs(api: Client, network_id: str) -> None:
    macs = {api.make("port", network_id=network_id)["mac_address"] for _ in range(5)}
    assert len(macs) == 5
    assert all(mac.startswith("fa:16:3e:") for mac in macs)


def test_addresses_are_given_lowest_first_and_again_after_deletion(api: Client, network_id: str) -> None:
    api.subnet(network_id)
    first, second, _third = (api.make("port", network_id=network_id) for _ in range(3))
    api.call("DELETE", f"/ports/{first['id']}")
    api.call("DELETE", f"/ports/{second['id']}")
    again = [addresses(api.make("port", network_id=network_id)) for _ in range(3)]
    assert again == [["10.10.10.2"], ["10.10.10.3"], ["10.10.10.5"]]


def test_addresses_chosen_inside_the_pool_are_passed_over(api: Client, network_id: str) -> None:
    api.subnet(network_id)
    api.make("port", network_id=network_id, fixed_ips=[{"ip_address": "10.10.10.3"}])
    given = [addresses(api.make("port", network_id=network_id)) for _ in range(2)]
    assert given == [["10.10.10.2"], ["10.10.10.4"]]


def test_two_addresses_of_one_subnet_differ(api: Client, network_id: str) -> None:
    subnet = api.subnet(network_id)
    wish = {"subnet_id": subnet["id"]}
    port = api.make("port", network_id=network_id, fixed_ips=[wish, wish, {"ip_address": "10.10.10.2"}])
    assert addresses(port) == ["10.10.10.3", "10.10.10.4", "10.10.10.2"]


def test_a_pool_that_is_full_is_a_409_until_an_address_is_free(api: Client, network_id: str) -> None:
    api.subnet(network_id, "10.10.10.0/29", allocation_pools=[{"start": "10.10.10.4", "end": "10.10.10.5"}])
    first = api.make("port", network_id=network_id)
    api.make("port", network_id=network_id)
    full = api.try_make("port", network_id=network_id)
    outside = api.make("port", network_id=network_id, fixed_ips=[{"ip_address": "10.10.10.2"}])
    api.call("DELETE", f"/ports/{first['id']}")
    assert (full.status, full.error) == (409, "IpAddressGenerationFailure")
    assert addresses(outside) == ["10.10.10.2"]
    assert addresses(api.make("port", network_id=network_id)) == ["10.10.10.4"]


def test_of_several_ports_none_is_made_if_one_cannot_be(api: Client, network_id: str) -> None:
    api.subnet(network_id)
    chosen = {"network_id": network_id, "fixed_ips": [{"ip_address": "10.10.10.9"}]}
    reply = api.call("POST", "/ports", {"ports": [{"network_id": network_id}, chosen, chosen]})
    assert (reply.status, reply.error) == (409, "IpAddressAlreadyAllocated")
    assert api.get("/ports") == {"ports": []}
    made = api.call("POST", "/ports", {"ports": [{"network_id": network_id}, chosen]}).body["ports"]
    assert [addresses(port) for port in made] == [["10.10.10.2"], ["10.10.10.9"]]


def test_when_the_first_subnet_is_full_the_next_serves(api: Client, network_id: str) -> None:
    api.subnet(network_id, "10.10.10.0/30")
    api.subnet(network_id, "10.10.20.0/24")
    given = [addresses(api.make("port", network_id=network_id)) for _ in range(2)]
    assert given == [["10.10.10.2"], ["10.10.20.2"]]


def test_wider_pools_are_searched_again(api: Client, network_id: str) -> None:
    subnet = api.subnet(network_id, allocation_pools=[{"start": "10.10.10.50", "end": "10.10.10.60"}])
    api.make("port", network_id=network_id)
    api.change("subnet", subnet["id"], allocation_pools=[{"start": "10.10.10.40", "end": "10.10.10.60"}])
    assert addresses(api.make("port", network_id=network_id)) == ["10.10.10.40"]


def test_a_port_gets_one_ipv4_address_and_one_of_every_ipv6_subnet_as_applicable(
    api: Client, network_id: str
) -> None:
    api.subnet(network_id, "10.10.10.0/24")
    api.subnet(network_id, "10.10.20.0/24")
    api.subnet(network_id, "2001:db8:1::/64", ipv6_address_mode="dhcpv6-stateful")
    api.subnet(network_id, "2001:db8:2::/64", ipv6_address_mode="slaac")
    port = api.make("port", network_id=network_id, mac_address=MAC)
    assert addresses(port) == ["10.10.10.2", "2001:db8:1::1", "2001:db8:2:0:f816:3eff:fe1d:5c81"]


@pytest.mark.parametrize("mode", ["slaac", "dhcpv6-stateless"])
@pytest.mark.parametrize("attribute", ["ipv6_ra_mode", "ipv6_address_mode"])
def test_one_of_the_two_modes_says_that_machines_make_their_own_addresses(
    api: Client, network_id: str, attribute: str, mode: str
) -> None:
    before = api.make("port", network_id=network_id, mac_address="fa:16:3e:1d:5c:82")
    subnet = api.subnet(network_id, "2001:db8::/64", **{attribute: mode})
    port = api.make("port", network_id=network_id, mac_address=MAC)
    shown = api.get(f"/ports/{before['id']}")["port"]
    assert addresses(port) == ["2001:db8::f816:3eff:fe1d:5c81"]
    assert addresses(shown) == ["2001:db8::f816:3eff:fe1d:5c82"]
    assert api.call("DELETE", f"/subnets/{subnet['id']}").status == 204


@pytest.mark.parametrize("asked", ["nothing", "the subnets", "what it had"])
def test_addresses_that_a_machine_makes_of_its_mac_address_follow_it(
    api: Client, network_id: str, asked: str
) -> None:
    subnets = [api.subnet(network_id), api.subnet(network_id, "2001:db8::/64", ipv6_ra_mode="slaac")]
    port = api.make("port", network_id=network_id, mac_address=MAC)
    wishes = {
        "nothing": {},
        "the subnets": {"fixed_ips": [{"subnet_id": subnet["id"]} for subnet in subnets]},
        "what it had": {"fixed_ips": port["fixed_ips"]},
    }
    changed = api.change("port", port["id"], mac_address="fa:16:3e:1d:5c:82", **wishes[asked]).body["port"]
    assert addresses(changed) == ["10.10.10.2", "2001:db8::f816:3eff:fe1d:5c82"]


def test_the_address_that_a_router_chose_stays_when_its_mac_address_changes(
    api: Client, network_id: str
) -> None:
    subnet = api.subnet(network_id, "2001:db8::/64", ipv6_address_mode="slaac")
    owner, wish = "network:router_interface", {"subnet_id": subnet["id"]}
    chosen = api.make(
        "port", network_id=network_id, device_owner=owner, fixed_ips=[{"ip_address": "2001:db8::1"}]
    )
    made = api.make("port", network_id=network_id, mac_address=MAC, device_owner=owner, fixed_ips=[wish])
    macs = (chosen["id"], "fa:16:3e:1d:5c:82"), (made["id"], "fa:16:3e:1d:5c:83")
    changed = [api.change("port", port_id, mac_address=mac).body["port"] for port_id, mac in macs]
    assert [addresses(port) for port in changed] == [["2001:db8::1"], ["2001:db8::f816:3eff:fe1d:5c83"]]


def test_an_address_of_an_old_mac_address_goes_when_the_subnets_are_asked_for(
    api: Client, network_id: str
) -> None:
    subnet = api.subnet(network_id, "2001:db8::/64", ipv6_address_mode="slaac")
    port = api.make("port", network_id=network_id, mac_address=MAC)
    with api.store.write() as transaction:
        kept = transaction.port(port["id"])
        stale = FixedIp(subnet["id"], IPv6Address("2001:db8::f816:3eff:fe1d:5c82"))
        transaction.update(kept, replace(kept, fixed_ips=(stale,)))
    changed = api.change("port", port["id"], fixed_ips=[{"subnet_id": subnet["id"]}] * 2).body["port"]
    assert addresses(changed) == ["2001:db8::f816:3eff:fe1d:5c81"]


def test_a_port_can_do_without_addresses(api: Client, network_id: str) -> None:
    api.subnet(network_id)
    assert api.make("port", network_id=network_id, fixed_ips=[])["fixed_ips"] == []


@pytest.mark.parametrize("mode", ["slaac", "dhcpv6-stateless"])
def test_a_port_that_does_without_has_what_its_machine_makes_itself_whenever_the_subnet_came(
    api: Client, network_id: str, mode: str
) -> None:
    api.subnet(network_id)
    before, dual = (
        api.make("port", network_id=network_id, fixed_ips=[]),
        api.make("port", network_id=network_id),
    )
    api.subnet(network_id, "2001:db8::/64", ipv6_ra_mode=mode, ipv6_address_mode=mode)
    after = api.make("port", network_id=network_id, fixed_ips=[], mac_address=MAC)
    assert addresses(after) == ["2001:db8::f816:3eff:fe1d:5c81"]
    for port in (before, dual):
        changed = api.change("port", port["id"], fixed_ips=[]).body["port"]
        (address,) = addresses(changed)
        assert address.startswith("2001:db8::") and port["mac_address"][-2:] == address[-2:]


def test_the_gateway_can_be_asked_for(api: Client, network_id: str) -> None:
    api.subnet(network_id)
    port = api.make("port", network_id=network_id, fixed_ips=[{"ip_address": "10.10.10.1"}])
    assert addresses(port) == ["10.10.10.1"]


@pytest.mark.parametrize(
    ("fixed_ip", "status", "error"),
    [
        ({"ip_address": "10.10.10.2"}, 409, "IpAddressAlreadyAllocated"),
        ({"ip_address": "192.0.2.1"}, 400, "InvalidIpForNetwork"),
        ({"ip_address": "10.10.10.0"}, 400, "InvalidIpForNetwork"),
        ({"ip_address": "10.10.10.255"}, 400, "InvalidIpForNetwork"),
        ({"subnet_id": "own", "ip_address": "192.0.2.1"}, 400, "InvalidIpForSubnet"),
        ({"subnet_id": "foreign"}, 400, "InvalidInput"),
        ({"subnet_id": UUID}, 404, "SubnetNotFound"),
        ({"subnet_id": "no id"}, 400, "HTTPBadRequest"),
        ({"ip_address": "10.10.10"}, 400, "HTTPBadRequest"),
        ({"address": "10.10.10.9"}, 400, "HTTPBadRequest"),
        ({}, 400, "InvalidInput"),
        ({"subnet_id": "slaac", "ip_address": "2001:db8::5"}, 400, "AllocationOnAutoAddressSubnet"),
    ],
)
def test_addresses_that_cannot_be_are_refused(
    api: Client, network_id: str, fixed_ip: dict[str, str], status: int, error: str
) -> None:
    ids = {
        "own": api.subnet(network_id)["id"],
        "slaac": api.subnet(network_id, "2001:db8::/64", ipv6_address_mode="slaac")["id"],
        "foreign": api.subnet(api.make("network")["id"])["id"],
    }
    api.make("port", network_id=network_id)
    asked = {name: ids.get(value, value) for name, value in fixed_ip.items()}
    reply = api.try_make("port", network_id=network_id, fixed_ips=[asked])
    assert (reply.status, reply.error) == (status, error)
    assert len(api.get("/ports")["ports"]) == 1


@pytest.mark.parametrize(
    ("owner", "status"),
    [
        ("", 201),
        ("network:router_interface", 201),
        ("network:router_interface_distributed", 201),
        ("network:ha_router_replicated_interface", 201),
        ("network:router_centralized_snat", 201),
        ("network:router_gateway", 201),
        ("network:dhcp", 400),
        ("compute:nova", 400),
    ],
)
@pytest.mark.parametrize(
    ("cidr", "mode"), [("2001:db8::/64", None), ("2001:db8::/64", "slaac"), ("2001:db8::/127", None)]
)
def test_the_first_address_of_an_ipv6_subnet_is_for_routers(
    api: Client, network_id: str, owner: str, status: int, cidr: str, mode: str | None
) -> None:
    modes = {"ipv6_address_mode": mode} if mode else {}
    subnet = api.subnet(network_id, cidr, enable_dhcp=cidr.endswith("/64"), **modes)
    replies = [
        api.try_make(
            "port",
            network_id=network_id,
            device_owner=owner,
            fixed_ips=[{"ip_address": "2001:db8::"} | by],
        )
        for by in ({}, {"subnet_id": subnet["id"]})
    ]
    refused = [reply.error for reply in replies if reply.status >= 400]
    if mode and not owner:
        assert refused == ["AllocationOnAutoAddressSubnet"] * 2
    elif status == 400:
        assert refused == ["InvalidIpForNetwork", "InvalidIpForSubnet"]
    else:
        assert refused == ["IpAddressAlreadyAllocated"]  # the second time


def test_a_machine_keeps_the_first_address_that_its_port_had_before_it(api: Client, network_id: str) -> None:
    api.subnet(network_id, "2001:db8::/64")
    fixed_ips = [{"ip_address": "2001:db8::"}]
    port = api.make("port", network_id=network_id, fixed_ips=fixed_ips)
    changed = api.change("port", port["id"], device_owner="compute:nova", fixed_ips=fixed_ips)
    assert addresses(changed.body["port"]) == ["2001:db8::"]


def test_the_one_address_of_a_subnet_is_a_machine_s(api: Client, network_id: str) -> None:
    api.subnet(network_id, "2001:db8::1/128", enable_dhcp=False, gateway_ip=None)
    port = api.make(
        "port",
        network_id=network_id,
        device_owner="compute:nova",
        fixed_ips=[{"ip_address": "2001:db8::1"}],
    )
    assert addresses(port) == ["2001:db8::1"]


def test_a_port_has_at_most_five_addresses_and_none_twice(api: Client, network_id: str) -> None:
    subnet = api.subnet(network_id)
    many = api.try_make("port", network_id=network_id, fixed_ips=[{"subnet_id": subnet["id"]}] * 6)
    twice = api.try_make("port", network_id=network_id, fixed_ips=[{"ip_address": "10.10.10.9"}] * 2)
    assert (many.status, many.error, twice.status, twice.error) == (400, "InvalidInput", 400, "InvalidInput")


def test_addresses_that_follow_from_the_mac_address_do_not_count(api: Client, network_id: str) -> None:
    ranges = [f"2001:db8:{n}::/64" for n in range(6)]
    automatic = [api.subnet(network_id, cidr, ipv6_ra_mode="slaac")["id"] for cidr in ranges]
    port = api.make("port", network_id=network_id)
    shown = port["fixed_ips"]
    subnet = {"subnet_id": api.subnet(network_id)["id"]}
    kept = api.change("port", port["id"], fixed_ips=shown)
    by_subnet = [{"subnet_id": subnet_id} for subnet_id in automatic]
    replies = [
        api.change("port", port["id"], fixed_ips=by_subnet + [subnet] * 5),
        api.change("port", port["id"], fixed_ips=by_subnet + [subnet] * 6),
        api.change("port", port["id"], fixed_ips=[*by_subnet, by_subnet[0], *[subnet] * 5]),
        api.try_make("port", network_id=network_id, fixed_ips=shown),
    ]
    assert (len(shown), kept.body["port"]["fixed_ips"]) == (6, shown)
    assert [reply.status for reply in replies] == [200, 400, 400, 400]
    assert len(replies[0].body["port"]["fixed_ips"]) == 11
    assert replies[1].message.endswith("Exceeded maximum amount of fixed ips per port: 5.")


def test_what_is_shown_of_the_addresses_of_a_dhcp_server_is_taken(api: Client, network_id: str) -> None:
    for number in range(6):
        api.subnet(network_id, f"10.10.{number}.0/24")
    machine = api.make("port", network_id=network_id, fixed_ips=[])
    with api.store.write() as transaction:
        record(transaction, [PortReport(machine["id"], Binding("host1", 1), PortStatus.ACTIVE)])
    (port,) = api.get("/ports?device_owner=network:dhcp")["ports"]
    more = [*port["fixed_ips"], {"ip_address": "10.10.0.77"}]
    replies = [api.change("port", port["id"], fixed_ips=wish) for wish in (port["fixed_ips"], more)]
    assert (len(port["fixed_ips"]), [reply.status for reply in replies]) == (6, [200, 400])


def test_a_port_that_is_no_longer_the_dhcp_servers_is_down_and_another_takes_its_place(
    api: Client, network_id: str
) -> None:
    api.subnet(network_id)
    port_id = api.make("port", network_id=network_id)["id"]
    with api.store.write() as transaction:
        record(transaction, [PortReport(port_id, Binding("host1", 1), PortStatus.ACTIVE)])
    (before,) = api.get("/ports?device_owner=network:dhcp")["ports"]
    renamed = api.change("port", before["id"], name="server").body["port"]
    left = api.change("port", before["id"], device_owner="").body["port"]
    (after,) = api.get("/ports?device_owner=network:dhcp")["ports"]
    statuses = [shown["status"] for shown in (before, renamed, left, after)]
    assert statuses == ["ACTIVE", "ACTIVE", "DOWN", "ACTIVE"]
    assert after["id"] != before["id"]


def dhcp_addresses(api: Client) -> list[str]:
    """Give the addresses of the only DHCP server."""
    (server,) = api.get("/ports?device_owner=network:dhcp")["ports"]
    return [fixed_ip["ip_address"] for fixed_ip in server["fixed_ips"]]


def test_a_dhcp_server_leaves_its_address_to_a_gateway_that_gets_it(api: Client, network_id: str) -> None:
    subnet = api.subnet(network_id)
    machine = api.make("port", network_id=network_id)
    with api.store.write() as transaction:
        record(transaction, [PortReport(machine["id"], Binding("host1", 1), PortStatus.ACTIVE)])
    assert dhcp_addresses(api) == ["10.10.10.3"]
    pool = [{"start": "10.10.10.20", "end": "10.10.10.30"}]
    changed = api.change("subnet", subnet["id"], gateway_ip="10.10.10.3", allocation_pools=pool)
    assert (changed.status, dhcp_addresses(api)) == (200, ["10.10.10.20"])
    api.change("subnet", subnet["id"], allocation_pools=[])
    api.change("subnet", subnet["id"], gateway_ip="10.10.10.20")
    assert dhcp_addresses(api) == ["10.10.10.20"]  # none is free
    api.change("subnet", subnet["id"], allocation_pools=[{"start": "10.10.10.40", "end": "10.10.10.50"}])
    assert dhcp_addresses(api) == ["10.10.10.40"]


def test_a_dhcp_server_has_an_address_of_each_subnet_whatever_somebody_gives_it(
    api: Client, network_id: str
) -> None:
    for cidr in ("10.10.10.0/24", "10.10.20.0/24"):
        api.subnet(network_id, cidr)
    machine = api.make("port", network_id=network_id, fixed_ips=[])
    with api.store.write() as transaction:
        record(transaction, [PortReport(machine["id"], Binding("host1", 1), PortStatus.ACTIVE)])
    (server,) = api.get("/ports?device_owner=network:dhcp")["ports"]
    for wishes, expected in (
        ([{"ip_address": "10.10.10.77"}], ["10.10.10.77", "10.10.20.2"]),
        ([], ["10.10.10.2", "10.10.20.2"]),
    ):
        changed = api.change("port", server["id"], fixed_ips=wishes).body["port"]
        assert changed == api.get(f"/ports/{server['id']}")["port"]
        assert addresses(changed) == expected


def test_the_document_says_of_no_port_that_it_has_five_addresses_at_most() -> None:
    schemas = document(REGISTRY)["components"]["schemas"]
    found = [schemas[name]["properties"]["fixed_ips"].get("maxItems") for name in ("port", "new_port")]
    assert found == [None, 1000]


def test_new_addresses_replace_the_old_but_those_still_asked_for_stay(api: Client, network_id: str) -> None:
    subnet = api.subnet(network_id)
    port = api.make("port", network_id=network_id)
    wishes = [{"ip_address": "10.10.10.77"}, {"subnet_id": subnet["id"]}]
    changed = api.change("port", port["id"], fixed_ips=wishes).body["port"]
    assert addresses(changed) == ["10.10.10.77", "10.10.10.2"]


def test_a_mac_address_is_used_once_a_network(api: Client, network_id: str) -> None:
    api.make("port", network_id=network_id, mac_address=MAC)
    reply = api.try_make("port", network_id=network_id, mac_address=MAC)
    assert (reply.status, reply.error) == (409, "MacAddressInUse")
    assert MAC in reply.message and network_id in reply.message
    assert api.try_make("port", network_id=api.make("network")["id"], mac_address=MAC).status == 201


@pytest.mark.parametrize(
    "mac", ["00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01", "fa:16", "fa:16:3e:00:00:09\n", 7]
)
def test_a_mac_address_must_belong_to_one_interface(api: Client, network_id: str, mac: Any) -> None:
    reply = api.try_make("port", network_id=network_id, mac_address=mac)
    assert (reply.status, reply.message) == (
        400,
        f"Invalid input for mac_address. Reason: '{mac}' is not a valid MAC address.",
    )


def test_the_mac_address_of_a_bound_port_stays(api: Client, network_id: str) -> None:
    port = api.make("port", network_id=network_id)
    with api.store.write() as transaction:
        record(transaction, [PortReport(port["id"], Binding("host1", 1), PortStatus.ACTIVE)])
    reply = api.change("port", port["id"], mac_address=MAC)
    assert (reply.status, reply.error) == (409, "PortBound")


@pytest.mark.parametrize(
    ("attributes", "status", "error"),
    [
        (
            {"port_security_enabled": False, "security_groups": ["default"]},
            400,
            "PortSecurityAndIPRequiredForSecurityGroups",
        ),
        (
            {"port_security_enabled": False, "allowed_address_pairs": [{"ip_address": "10.0.0.1"}]},
            409,
            "AddressPairAndPortSecurityRequired",
        ),
        ({"security_groups": [UUID]}, 404, "SecurityGroupNotFound"),
        ({"allowed_address_pairs": [{"ip_address": "10.0.0.1"}] * 2}, 400, "DuplicateAddressPairInRequest"),
        (
            {"allowed_address_pairs": [{"ip_address": f"10.0.0.{number}"} for number in range(11)]},
            400,
            "AllowedAddressPairExhausted",
        ),
        ({"allowed_address_pairs": [{"mac_address": MAC}]}, 400, "AllowedAddressPairsMissingIP"),
        ({"extra_dhcp_opts": [{"opt_name": "mtu"}]}, 400, "HTTPBadRequest"),
        ({"extra_dhcp_opts": [{"opt_name": "mtu", "opt_value": "lots"}]}, 400, "InvalidInput"),
        ({"extra_dhcp_opts": [{"opt_name": "T1", "opt_value": "25h"}]}, 400, "InvalidInput"),
        ({"binding:vnic_type": "imaginary"}, 400, "HTTPBadRequest"),
        ({"binding:profile": {"a": 1}}, 403, "PolicyNotAuthorized"),
        ({"binding:vif_type": "ovs"}, 400, "HTTPBadRequest"),
        ({"dns_name": "under_score"}, 400, "HTTPBadRequest"),
    ],
)
def test_attributes_that_cannot_be_are_refused(
    api: Client, network_id: str, attributes: dict[str, Any], status: int, error: str
) -> None:
    (group,) = api.get("/security-groups")["security_groups"]
    if attributes.get("security_groups") == ["default"]:
        attributes = attributes | {"security_groups": [group["id"]]}
    reply = api.try_make("port", network_id=network_id, **attributes)
    assert (reply.status, reply.error) == (status, error)


def test_address_pairs_default_to_the_mac_address_of_the_port(api: Client, network_id: str) -> None:
    pairs = [{"ip_address": "10.0.0.0/8"}, {"ip_address": "10.0.0.1", "mac_address": "fa:16:3e:00:00:09"}]
    port = api.make("port", network_id=network_id, mac_address=MAC, allowed_address_pairs=pairs)
    assert port["allowed_address_pairs"] == [
        {"ip_address": "10.0.0.0/8", "mac_address": MAC},
        {"ip_address": "10.0.0.1", "mac_address": "fa:16:3e:00:00:09"},
    ]


def test_dhcp_options_are_set_one_by_one_and_deleted_with_null(api: Client, network_id: str) -> None:
    mtu = {"opt_name": "mtu", "opt_value": "1400", "ip_version": 4}
    boot = {"opt_name": "bootfile-name", "opt_value": "pxe.0", "ip_version": 4}
    port = api.make("port", network_id=network_id, extra_dhcp_opts=[mtu])
    added = api.change("port", port["id"], extra_dhcp_opts=[boot]).body["port"]
    deletion = [{"opt_name": "mtu", "opt_value": None}]
    deleted = api.change("port", port["id"], extra_dhcp_opts=deletion).body["port"]
    assert (added["extra_dhcp_opts"], deleted["extra_dhcp_opts"]) == ([mtu, boot], [boot])


def test_dhcp_options_that_stay_as_they_are_are_taken_whatever_became_of_the_network(
    api: Client, network_id: str
) -> None:
    mtu = {"opt_name": "mtu", "opt_value": "1500", "ip_version": 4}
    port = api.make("port", network_id=network_id, extra_dhcp_opts=[mtu])
    assert api.change("network", network_id, mtu=1400).status == 200
    same = [api.change("port", port["id"], name="p", extra_dhcp_opts=opts) for opts in ([], [mtu])]
    assert [reply.status for reply in same] == [200, 200]
    assert api.change("port", port["id"], extra_dhcp_opts=[mtu | {"opt_value": "1450"}]).status == 400


@pytest.mark.parametrize("name", ["router", "mtu", "classless-static-route"])
def test_an_empty_dhcp_option_withholds_it(api: Client, network_id: str, name: str) -> None:
    withheld = {"opt_name": name, "opt_value": "", "ip_version": 4}
    port = api.make("port", network_id=network_id, extra_dhcp_opts=[withheld])
    assert port["extra_dhcp_opts"] == [withheld]


def test_a_port_of_the_network_itself_has_no_port_security(api: Client, network_id: str) -> None:
    port = api.make("port", network_id=network_id, device_owner="network:router_interface")
    assert (port["port_security_enabled"], port["security_groups"]) == (False, [])


def test_port_security_defaults_to_that_of_the_network(api: Client) -> None:
    network = api.make("network", port_security_enabled=False)
    port = api.make("port", network_id=network["id"])
    assert (port["port_security_enabled"], port["security_groups"]) == (False, [])


def test_port_security_goes_off_once_the_groups_are_gone(api: Client, network_id: str) -> None:
    port = api.make("port", network_id=network_id)
    refused = api.change("port", port["id"], port_security_enabled=False)
    done = api.change("port", port["id"], port_security_enabled=False, security_groups=[])
    assert (refused.status, refused.error) == (409, "PortSecurityPortHasSecurityGroup")
    assert done.body["port"]["port_security_enabled"] is False


def test_a_subnet_for_certain_owners_serves_only_them(api: Client, network_id: str) -> None:
    api.subnet(network_id, "10.10.10.0/24", service_types=["compute:nova"])
    api.subnet(network_id, "10.10.20.0/24", service_types=["network:dhcp"])
    port = api.make("port", network_id=network_id, device_owner="compute:nova")
    other = api.try_make("port", network_id=network_id, device_owner="compute:other")
    asked = [{"ip_address": "10.10.10.9"}]
    asking = api.try_make("port", network_id=network_id, device_owner="compute:other", fixed_ips=asked)
    without = api.make("port", network_id=network_id, device_owner="compute:other", fixed_ips=[])
    assert (addresses(port), addresses(without)) == (["10.10.10.2"], [])
    assert {(reply.status, reply.error, reply.message) for reply in (other, asking)} == {
        (
            409,
            "IpAddressGenerationFailureNoMatchingSubnet",
            f"No valid service subnet for the given device owner, network {network_id}, service type"
            " compute:other.",
        )
    }


def test_a_subnet_for_an_owner_is_preferred_to_one_for_all(api: Client, network_id: str) -> None:
    api.subnet(network_id, "10.10.10.0/24")
    api.subnet(network_id, "10.10.20.0/30", service_types=["compute:nova"])
    made = [api.make("port", network_id=network_id, device_owner="compute:nova") for _ in range(2)]
    assert [addresses(port) for port in made] == [["10.10.20.2"], ["10.10.10.2"]]


def test_a_dhcp_server_has_addresses_of_every_subnet_with_dhcp(api: Client, network_id: str) -> None:
    with_dhcp = api.subnet(network_id, "10.10.10.0/24", service_types=["compute:nova"])
    without = api.subnet(network_id, "10.10.20.0/24", service_types=["compute:nova"], enable_dhcp=False)
    asked = {"network_id": network_id, "device_owner": "network:dhcp"}
    port = api.make("port", **asked, fixed_ips=[{"subnet_id": with_dhcp["id"]}])
    refused = api.try_make("port", **asked, fixed_ips=[{"subnet_id": without["id"]}])
    assert (addresses(port), refused.status, refused.error) == (["10.10.10.2"], 400, "InvalidInput")


def test_an_address_of_a_subnet_for_others_can_be_kept_but_not_taken(api: Client, network_id: str) -> None:
    subnet = api.subnet(network_id, "10.10.10.0/24")
    api.subnet(network_id, "10.10.20.0/24")
    port = api.make("port", network_id=network_id)
    api.change("subnet", subnet["id"], service_types=["compute:nova"])
    of_subnet = {"subnet_id": subnet["id"]}
    taken = [
        api.change("port", port["id"], fixed_ips=wishes)
        for wishes in ([of_subnet, of_subnet], [{"ip_address": "10.10.10.9"}])
    ]
    new = api.try_make("port", network_id=network_id, fixed_ips=[{"ip_address": "10.10.10.9"}])
    kept = [
        api.change("port", port["id"], fixed_ips=[wish, {"ip_address": "10.10.20.9"}]).body["port"]
        for wish in (*port["fixed_ips"], of_subnet)
    ]
    assert [(reply.status, reply.error) for reply in taken] == [(400, "InvalidInput")] * 2
    assert (new.status, new.error) == (400, "InvalidIpForNetwork")
    assert [addresses(port) for port in kept] == [["10.10.10.2", "10.10.20.9"]] * 2


def test_a_slaac_subnet_for_certain_owners_gives_addresses_to_their_ports(
    api: Client, network_id: str
) -> None:
    ports = {owner: api.make("port", network_id=network_id, device_owner=owner) for owner in ("a:b", "a:c")}
    api.subnet(network_id, "2001:db8::/64", ipv6_address_mode="slaac", service_types=["a:b"])
    shown = {owner: api.get(f"/ports/{port['id']}")["port"] for owner, port in ports.items()}
    assert {owner: len(addresses(port)) for owner, port in shown.items()} == {"a:b": 1, "a:c": 0}


@pytest.mark.parametrize("change", ["wider pools", "no address", "another address", "deletion"])
def test_an_exhausted_subnet_has_its_dhcp_server_once_an_address_is_free(
    api: Client, network_id: str, change: str
) -> None:
    subnet = api.subnet(network_id, allocation_pools=[{"start": "10.10.10.5", "end": "10.10.10.5"}])
    port = api.make("port", network_id=network_id, device_owner="compute:nova")
    other = api.make("port", network_id=network_id, fixed_ips=[])
    with api.store.write() as transaction:
        record(transaction, [PortReport(other["id"], Binding("host1", 1), PortStatus.ACTIVE)])
    servers = f"/ports?network_id={network_id}&device_owner=network:dhcp"
    before = api.get(servers)["ports"]
    match change:
        case "wider pools":
            api.change(
                "subnet", subnet["id"], allocation_pools=[{"start": "10.10.10.5", "end": "10.10.10.6"}]
            )
        case "no address":
            api.change("port", port["id"], fixed_ips=[])
        case "another address":
            api.change("port", port["id"], fixed_ips=[{"ip_address": "10.10.10.9"}])
        case "deletion":
            api.call("DELETE", f"/ports/{port['id']}")
    (server,) = api.get(servers)["ports"]
    assert (before, addresses(server)) == ([], ["10.10.10.6" if change == "wider pools" else "10.10.10.5"])


@pytest.mark.parametrize("change", ["another owner", "deletion", "deletion of its subnet"])
def test_a_network_has_a_dhcp_server_when_that_of_somebody_else_is_none_any_more(
    api: Client, network_id: str, change: str
) -> None:
    subnet = api.subnet(network_id)
    theirs = api.make("port", network_id=network_id, device_owner="network:dhcp")
    api.subnet(network_id, "10.10.20.0/24")
    other = api.make("port", network_id=network_id, fixed_ips=[])
    with api.store.write() as transaction:
        record(transaction, [PortReport(other["id"], Binding("host1", 1), PortStatus.ACTIVE)])
    match change:
        case "another owner":
            api.change("port", theirs["id"], device_owner="compute:nova")
        case "deletion":
            api.call("DELETE", f"/ports/{theirs['id']}")
        case "deletion of its subnet":
            assert api.call("DELETE", f"/subnets/{subnet['id']}").status == 204
    (server,) = api.get(f"/ports?network_id={network_id}&device_owner=network:dhcp")["ports"]
    assert server["device_id"] == DHCP_DEVICE_ID
    assert "10.10.20.2" in addresses(server)


def test_a_port_needs_a_network_that_exists(api: Client) -> None:
    missing, unknown = api.try_make("port"), api.try_make("port", network_id=UUID)
    assert (missing.status, missing.error) == (400, "HTTPBadRequest")
    assert (unknown.status, unknown.error) == (404, "NetworkNotFound")


def test_a_dns_name_is_told_with_the_domain(api: Client, network_id: str) -> None:
    api.subnet(network_id)
    port = api.make("port", network_id=network_id, dns_name="VM1")
    full = api.change("port", port["id"], dns_name="vm2.example.org").body["port"]
    names = [
        (entry["hostname"], entry["fqdn"]) for entry in (*port["dns_assignment"], *full["dns_assignment"])
    ]
    assert names == [("vm1", "vm1.openstacklocal."), ("vm2", "vm2.example.org.")]


@pytest.mark.parametrize(
    "form",
    [
        "fa16.3e00.0011",
        "fa163e000011",
        "FA163E000011",
        "fa:16:3e:0:0:11",
        "FA-16-3E-00-00-11",
        "fa16:3e00:11",
        "fa163e-000011",
    ],
)
def test_a_mac_address_is_taken_in_every_form_and_shown_with_colons(
    api: Client, network_id: str, form: str
) -> None:
    pair = {"ip_address": "10.0.0.1", "mac_address": form}
    port = api.make("port", network_id=network_id, mac_address=form, allowed_address_pairs=[pair])
    found = api.get(f"/ports?mac_address={form}")["ports"]
    assert port["mac_address"] == "fa:16:3e:00:00:11"
    assert port["allowed_address_pairs"] == [{"ip_address": "10.0.0.1", "mac_address": "fa:16:3e:00:00:11"}]
    assert [item["id"] for item in found] == [port["id"]]


def test_the_text_of_an_address_pair_comes_back_as_it_was_given(api: Client, network_id: str) -> None:
    texts = ["10.1.1.5/24", "2001:DB8::1/64", "2001:db8:0:0::7", "10.1.1.5"]
    pairs = [{"ip_address": text, "mac_address": MAC} for text in texts]
    port = api.make("port", network_id=network_id, allowed_address_pairs=pairs)
    assert port["allowed_address_pairs"] == pairs
    assert api.get(f"/ports/{port['id']}")["port"]["allowed_address_pairs"] == pairs


@pytest.mark.parametrize("text", ["224.0.0.1", "ff02::1/128", "10.0.0.1/33", "10.0.0", "10.0.0.0/24\n"])
def test_an_address_pair_must_be_of_machines(api: Client, network_id: str, text: str) -> None:
    reply = api.try_make("port", network_id=network_id, allowed_address_pairs=[{"ip_address": text}])
    assert (reply.status, reply.error) == (400, "HTTPBadRequest")


def test_a_group_that_is_named_twice_is_there_once(api: Client, network_id: str) -> None:
    (group,) = api.get("/security-groups")["security_groups"]
    twice = [group["id"]] * 2
    port = api.make("port", network_id=network_id, security_groups=twice)
    changed = api.change("port", port["id"], security_groups=twice).body["port"]
    assert port["security_groups"] == changed["security_groups"] == [group["id"]]


def test_dhcp_options_of_ipv6_take_values_of_ipv6(api: Client, network_id: str) -> None:
    options = [
        {"opt_name": "dns-server", "opt_value": "[2001:db8::53]", "ip_version": 6},
        {"opt_name": "bootfile-url", "opt_value": "tftp://[2001:db8::1]/x", "ip_version": 6},
        {"opt_name": "59", "opt_value": "http://[2001:db8::1]/y", "ip_version": 6},
        {"opt_name": "dns-server", "opt_value": "9.9.9.9", "ip_version": 4},
    ]
    port = api.make("port", network_id=network_id, extra_dhcp_opts=options)
    assert port["extra_dhcp_opts"] == options
    (gone, *rest) = options
    deletion = [gone | {"opt_value": None}]
    assert api.change("port", port["id"], extra_dhcp_opts=deletion).body["port"]["extra_dhcp_opts"] == rest


def test_what_a_new_port_shows_is_what_is_read_of_it(api: Client) -> None:
    network_id = api.make("network", admin_state_up=False)["id"]
    group = api.make("security_group")
    api.make(
        "security_group_rule",
        security_group_id=group["id"],
        direction="ingress",
        protocol="dccp",
        port_range_min=5,
        port_range_max=6,
    )
    made = api.make("port", network_id=network_id, security_groups=[group["id"]])
    assert made == api.get(f"/ports/{made['id']}")["port"]
