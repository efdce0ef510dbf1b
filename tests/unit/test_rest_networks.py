"""Networks of the API: attributes, segments, deletion, errors."""

from pathlib import Path
from typing import Any

import pytest

from osken_apps.model.resources import NetworkType
from osken_apps.networking.segments import TUNNEL_IDS
from tests.unit.rest_client import Client, client_of

UUID = "11111111-2222-3333-4444-555555555555"


@pytest.fixture
def api(tmp_path: Path) -> Client:
    """Give a client of an empty API."""
    return client_of(tmp_path)


def test_a_network_is_shown_as_in_the_reference(api: Client) -> None:
    network = api.make("network", name="net1")
    times = [network.pop(name) for name in ("id", "created_at", "updated_at")]
    assert all(times)
    assert network == {
        "name": "net1",
        "description": "",
        "tenant_id": "default",
        "project_id": "default",
        "tags": [],
        "revision_number": 1,
        "admin_state_up": True,
        "status": "ACTIVE",
        "subnets": [],
        "shared": False,
        "router:external": False,
        "is_default": False,
        "mtu": 1500,
        "port_security_enabled": True,
        "provider:network_type": "vlan",
        "provider:physical_network": "default",
        "provider:segmentation_id": 1000,
        "availability_zone_hints": [],
        "availability_zones": [],
        "ipv4_address_scope": None,
        "ipv6_address_scope": None,
        "dns_domain": "",
    }


def test_segmentation_ids_are_given_in_order_and_given_again_after_deletion(api: Client) -> None:
    first, second = api.make("network"), api.make("network")
    api.call("DELETE", f"/networks/{first['id']}")
    third, fourth = api.make("network"), api.make("network")
    ids = [network["provider:segmentation_id"] for network in (first, second, third, fourth)]
    assert ids == [1000, 1001, 1000, 1002]


def test_an_empty_pool_is_a_clear_503_until_a_network_goes(tmp_path: Path) -> None:
    api = client_of(tmp_path, "[network]\nvlan_ranges = default:7:8")
    first = api.make("network")
    api.make("network")
    full = api.try_make("network")
    provider = api.try_make("network", provider__network_type="vlan", provider__physical_network="default")
    api.call("DELETE", f"/networks/{first['id']}")
    assert (full.status, full.error) == (503, "NoNetworkAvailable")
    assert (provider.status, provider.error) == (503, "NoNetworkAvailable")
    assert api.make("network")["provider:segmentation_id"] == 7


def test_an_id_asked_for_is_honoured_also_outside_the_pool(api: Client) -> None:
    network = api.make(
        "network",
        provider__network_type="vlan",
        provider__physical_network="default",
        provider__segmentation_id="77",
    )
    assert network["provider:segmentation_id"] == 77


@pytest.mark.parametrize(
    ("segment", "shown"),
    [
        ({"network_type": "vlan", "physical_network": "default", "segmentation_id": 77}, ("default", 77)),
        ({"network_type": "vlan", "physical_network": "default", "segmentation_id": 0}, ("default", 1000)),
        ({"network_type": "vlan", "physical_network": "", "segmentation_id": 0}, ("default", 1000)),
        ({"network_type": "vxlan", "physical_network": "", "segmentation_id": 5}, (None, 5)),
        ({"network_type": "flat", "physical_network": "default"}, ("default", None)),
    ],
)
def test_a_segment_asked_for_as_terraform_does_is_shown_as_any(
    api: Client, segment: dict[str, Any], shown: tuple[str | None, int | None]
) -> None:
    asked = {f"provider:{name}": value for name, value in segment.items()}
    network = api.make("network", segments=[asked])
    names = ("network_type", "physical_network", "segmentation_id")
    assert tuple(network[f"provider:{name}"] for name in names) == (segment["network_type"], *shown)
    assert "segments" not in network


def test_a_segment_said_again_stays_and_another_id_moves_the_network(api: Client) -> None:
    segment = {"provider:network_type": "vlan", "provider:physical_network": "default"}
    network = api.make("network", segments=[segment])
    again = api.change("network", network["id"], segments=[segment | {"provider:segmentation_id": 1000}])
    moved = api.change("network", network["id"], segments=[segment | {"provider:segmentation_id": 99}])
    other = api.change("network", network["id"], segments=[{"provider:network_type": "vxlan"}])
    assert again.body["network"] == network
    assert moved.body["network"]["provider:segmentation_id"] == 99
    assert (other.status, other.error) == (400, "InvalidInput")


VLAN = {"provider:network_type": "vlan"}


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        ({"segments": [VLAN, VLAN]}, "InvalidInput", "a network has one segment"),
        ({"segments": [{"provider:physical_network": "default"}]}, "HTTPBadRequest", "provider:network_type"),
        ({"segments": [{"provider:network_type": ""}]}, "InvalidInput", "network_type value ''"),
        ({"segments": [VLAN | {"name": "a"}]}, "HTTPBadRequest", "Unexpected keys supplied: name"),
        (
            {"segments": [VLAN], "provider:network_type": "vlan"},
            "SegmentsSetInConjunctionWithProviders",
            "Segments and provider values cannot both be set.",
        ),
    ],
)
def test_segments_that_a_network_cannot_have_are_refused(
    api: Client, asked: dict[str, Any], error: str, said: str
) -> None:
    reply = api.call("POST", "/networks", {"network": asked})
    assert (reply.status, reply.error) == (400, error) and said in reply.message


def test_an_id_in_use_is_refused_and_named(api: Client) -> None:
    api.make("network")
    reply = api.try_make(
        "network",
        provider__network_type="vlan",
        provider__physical_network="default",
        provider__segmentation_id=1000,
    )
    assert (reply.status, reply.error) == (409, "VlanIdInUse")
    assert "1000" in reply.message and "default" in reply.message


def test_a_flat_network_has_no_id_and_a_physical_network_has_one_flat_network(api: Client) -> None:
    flat: dict[str, Any] = {"provider__network_type": "flat", "provider__physical_network": "default"}
    network = api.make("network", **flat)
    again = api.try_make("network", **flat)
    assert network["provider:segmentation_id"] is None
    assert (again.status, again.error) == (409, "FlatNetworkInUse")


@pytest.mark.parametrize(
    ("network_type", "physical_network", "segmentation_id", "said"),
    [
        (None, "default", None, "network_type required"),
        (None, None, 5, "network_type required"),
        ("vlan", None, 5, "requires physical_network"),
        ("vlan", "default", 0, "out of range"),
        ("vlan", "default", 4095, "out of range"),
        ("vlan", "nowhere", None, "'nowhere'"),
        ("flat", None, None, "physical_network required"),
        ("flat", "default", 5, "prohibited"),
        ("flat", "nowhere", None, "'nowhere'"),
        ("vxlan", "default", None, "provider:physical_network specified for vxlan network"),
        ("vxlan", None, 0, "out of range (1 through 16777215)"),
        ("geneve", None, 1 << 24, "out of range (1 through 16777215)"),
        ("gre", None, 0, "out of range (1 through 4294967295)"),
        ("local", None, None, "'local' not supported"),
        ("carrier-pigeon", None, None, "'carrier-pigeon' not supported"),
    ],
)
def test_segments_that_cannot_be_are_refused(
    api: Client,
    network_type: str | None,
    physical_network: str | None,
    segmentation_id: int | None,
    said: str,
) -> None:
    asked: dict[str, Any] = {
        "provider__network_type": network_type,
        "provider__physical_network": physical_network,
        "provider__segmentation_id": segmentation_id,
    }
    reply = api.try_make("network", **{name: value for name, value in asked.items() if value is not None})
    assert (reply.status, reply.error) == (400, "InvalidInput")
    assert said in reply.message


@pytest.mark.parametrize(
    ("attributes", "status", "error", "said"),
    [
        ({"colour": "red"}, 400, "HTTPBadRequest", "Unrecognized attribute(s) 'colour'"),
        ({"status": "ACTIVE"}, 400, "HTTPBadRequest", "Attribute 'status' not allowed in POST"),
        ({"admin_state_up": "maybe"}, 400, "InvalidInput", "'maybe' cannot be converted to boolean."),
        (
            {"name": None},
            400,
            "HTTPBadRequest",
            "Invalid input for name. Reason: 'None' is not a valid string.",
        ),
        ({"name": "x" * 256}, 400, "HTTPBadRequest", "exceeds maximum length of 255."),
        ({"mtu": -1}, 400, "HTTPBadRequest", "Invalid input for mtu. Reason: '-1' is too small"),
        ({"mtu": 1501}, 400, "InvalidInput", "1501"),
        ({"mtu": "many"}, 400, "InvalidInput", "'many' is not an integer"),
        ({"availability_zone_hints": ["mars"]}, 404, "AvailabilityZoneNotFound", "mars"),
        ({"dns_domain": "no spaces"}, 400, "HTTPBadRequest", "'no spaces'"),
    ],
)
def test_bad_attributes_are_refused_by_name_and_value(
    api: Client, attributes: dict[str, Any], status: int, error: str, said: str
) -> None:
    reply = api.try_make("network", **attributes)
    assert (reply.status, reply.error) == (status, error)
    assert said in reply.message
    assert api.get("/networks") == {"networks": []}


@pytest.mark.parametrize(
    ("value", "shown"), [("True", True), ("false", False), (1, True), (0, False), ("0", False)]
)
def test_booleans_come_in_many_forms(api: Client, value: Any, shown: bool) -> None:
    assert api.make("network", admin_state_up=value)["admin_state_up"] is shown


def test_an_mtu_of_zero_is_the_default(api: Client) -> None:
    assert (api.make("network", mtu=0)["mtu"], api.make("network", mtu=1400)["mtu"]) == (1500, 1400)


def test_a_change_bumps_the_revision_and_an_empty_one_does_not(api: Client) -> None:
    network = api.make("network")
    empty = api.change("network", network["id"]).body["network"]
    changed = api.change("network", network["id"], name="new", shared=True).body["network"]
    assert empty == network
    assert (changed["name"], changed["shared"], changed["revision_number"]) == ("new", True, 2)


@pytest.mark.parametrize(
    ("attribute", "value"),
    [("id", UUID), ("status", "DOWN"), ("tenant_id", "other"), ("availability_zone_hints", [])],
)
def test_read_only_attributes_stay(api: Client, attribute: str, value: str) -> None:
    network = api.make("network")
    reply = api.change("network", network["id"], **{attribute: value})
    name = attribute.replace("__", ":")
    assert (reply.status, reply.message) == (400, f"Cannot update read-only attribute {name}")


def test_type_and_physical_network_may_be_said_again_and_do_not_change(api: Client) -> None:
    network = api.make("network")
    again = api.change(
        "network",
        network["id"],
        name="new",
        provider__network_type="vlan",
        provider__physical_network="default",
        provider__segmentation_id=99,
    )
    changed = [
        api.change("network", network["id"], **{attribute: value})
        for attribute, value in (("provider__network_type", "flat"), ("provider__physical_network", "other"))
    ]
    assert (again.status, again.body["network"]["provider:segmentation_id"]) == (200, 99)
    assert [(reply.status, reply.error) for reply in changed] == [(400, "InvalidInput")] * 2


def test_a_vlan_network_can_get_another_free_segmentation_id(api: Client) -> None:
    network, other = api.make("network"), api.make("network")
    moved = api.change("network", network["id"], provider__segmentation_id=99)
    taken = api.change("network", other["id"], provider__segmentation_id=99)
    assert moved.body["network"]["provider:segmentation_id"] == 99
    assert (taken.status, taken.error) == (409, "VlanIdInUse")


def test_a_network_with_ports_is_not_deleted_and_names_them(api: Client) -> None:
    network = api.make("network")
    port = api.make("port", network_id=network["id"])
    reply = api.call("DELETE", f"/networks/{network['id']}")
    assert (reply.status, reply.error) == (409, "NetworkInUse")
    assert port["id"] in reply.message


@pytest.mark.parametrize("owner", ["network:dhcp", "network:distributed", "network:floatingip_agent_gateway"])
def test_a_network_takes_its_subnets_and_the_ports_that_nobody_asked_for_along(
    api: Client, owner: str
) -> None:
    network = api.make("network")
    subnet = api.subnet(network["id"])
    api.subnet(network["id"], "10.10.20.0/24")
    api.make("port", network_id=network["id"], device_owner=owner)
    assert api.call("DELETE", f"/subnets/{subnet['id']}").status == 204
    assert api.call("DELETE", f"/networks/{network['id']}").status == 204
    assert [api.get(f"/{plural}")[plural] for plural in ("networks", "subnets", "ports")] == [[], [], []]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_an_unknown_network_is_404(api: Client, method: str) -> None:
    reply = api.call(method, f"/networks/{UUID}", {"network": {}} if method == "PUT" else None)
    assert (reply.status, reply.error) == (404, "NetworkNotFound")
    assert reply.message == f"Network {UUID} could not be found."


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"{", "MalformedRequestBody"),
        (b"\xff", "MalformedRequestBody"),
        (b"[" * 100_000, "MalformedRequestBody"),
        (b'{"network": {"mtu": NaN}}', "MalformedRequestBody"),
        (b"[]", "HTTPBadRequest"),
        (b'{"port": {}}', "HTTPBadRequest"),
        (b'{"network": []}', "HTTPBadRequest"),
        (b'{"networks": []}', "HTTPBadRequest"),
        (b'{"networks": [1]}', "HTTPBadRequest"),
    ],
)
def test_bodies_that_are_no_network_are_refused(api: Client, body: bytes, error: str) -> None:
    reply = api.call("POST", "/networks", body)
    assert (reply.status, reply.error) == (400, error)


def test_a_put_without_its_wrapper_is_refused(api: Client) -> None:
    network = api.make("network")
    reply = api.call("PUT", f"/networks/{network['id']}", {"name": "x"})
    assert (reply.status, reply.message) == (400, "Unable to find 'network' in request body")


def test_several_networks_are_made_in_order(api: Client) -> None:
    names = ["c", "a", "b"]
    reply = api.call("POST", "/networks", {"networks": [{"name": name} for name in names]})
    assert reply.status == 201
    assert [network["name"] for network in reply.body["networks"]] == names


def test_of_several_networks_none_is_made_if_one_is_wrong(api: Client) -> None:
    provider = {
        "provider:network_type": "vlan",
        "provider:physical_network": "default",
        "provider:segmentation_id": 1000,
    }
    invalid = api.call("POST", "/networks", {"networks": [{}, {"name": 5}]})
    conflict = api.call("POST", "/networks", {"networks": [{}, provider]})
    assert (invalid.status, conflict.status) == (400, 409)
    assert api.get("/networks") == {"networks": []}


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ('"revision_number=1"', 200),  # as RFC 9110 writes it, which Neutron reads as well
        ('"revision_number=2"', 412),
        ("*", 200),  # whatever revision there is
        ('"revision_number=1', 400),
        ('"revision_number=1", "revision_number=2"', 400),
        ('W/"revision_number=1"', 400),
    ],
)
def test_if_match_is_an_entity_tag(api: Client, condition: str, status: int) -> None:
    path = f"/networks/{api.make('network')['id']}"
    reply = api.call("PUT", path, {"network": {"name": "x"}}, If_Match=condition)
    assert reply.status == status


def test_if_match_refuses_a_stale_revision(api: Client) -> None:
    network = api.make("network")
    path = f"/networks/{network['id']}"
    stale = api.call("PUT", path, {"network": {"name": "x"}}, If_Match="revision_number=7")
    fresh = api.call("PUT", path, {"network": {"name": "y"}}, If_Match="revision_number=1")
    deleted = api.call("DELETE", path, If_Match="revision_number=1")
    garbage = api.call("DELETE", path, If_Match="whatever")
    assert (stale.status, stale.error) == (412, "RevisionNumberConstraintFailed")
    assert fresh.body["network"]["name"] == "y"
    assert (deleted.status, garbage.status) == (412, 400)


SEGMENTATION_ID = "provider:segmentation_id"
TUNNELS = "[network]\ntunnel_ranges = vxlan:5:6, gre:5:5\n"


def test_networks_over_tunnels_take_ids_of_their_type_and_have_the_mtu_that_is_left(tmp_path: Path) -> None:
    api = client_of(tmp_path, TUNNELS)
    made = [api.make("network", provider__network_type=kind) for kind in ("vxlan", "gre", "vxlan")]
    geneve = api.make("network", provider__network_type="geneve", provider__segmentation_id=5)
    shown = [
        (
            it["provider:network_type"],
            it["provider:physical_network"],
            it["provider:segmentation_id"],
            it["mtu"],
        )
        for it in (*made, geneve)
    ]
    assert shown == [
        ("vxlan", None, 5, 1450), ("gre", None, 5, 1458), ("vxlan", None, 6, 1450), ("geneve", None, 5, 1450),
    ]  # fmt: skip
    refused = [api.try_make("network", provider__network_type=kind) for kind in ("vxlan", "gre", "geneve")]
    assert [(reply.status, reply.error) for reply in refused] == [(503, "NoNetworkAvailable")] * 3
    taken = api.try_make("network", provider__network_type="vxlan", provider__segmentation_id=6)
    assert (taken.status, taken.error) == (409, "TunnelIdInUse")
    assert taken.message == "Unable to create the network. The tunnel ID 6 is in use."


@pytest.mark.parametrize("kind", [kind for kind in NetworkType if kind.is_tunnel])
def test_a_tunnel_s_last_id_is_given_asked_for_and_found(tmp_path: Path, kind: NetworkType) -> None:
    last = TUNNEL_IDS[kind][-1]
    api = client_of(tmp_path, f"[network]\ntunnel_ranges = {kind}:{last}:{last}\n")
    given = api.make("network", provider__network_type=kind)
    assert api.call("DELETE", f"/networks/{given['id']}").status == 204
    asked = api.make("network", provider__network_type=kind, provider__segmentation_id=last)
    assert given[SEGMENTATION_ID] == asked[SEGMENTATION_ID] == last
    assert api.get(f"/networks?{SEGMENTATION_ID}={last}&fields=id") == {"networks": [{"id": asked["id"]}]}


def test_a_network_over_tunnels_has_a_smaller_mtu_if_wanted_and_keeps_its_id(tmp_path: Path) -> None:
    api = client_of(tmp_path, "[network]\nunderlay_mtu = 9000\n")
    network = api.make("network", provider__network_type="vxlan")
    assert network["mtu"] == 8950
    assert api.change("network", network["id"], mtu=1400).body["network"]["mtu"] == 1400
    assert api.change("network", network["id"], mtu=8951).status == 400
    moved = api.change("network", network["id"], provider__segmentation_id=77)
    assert (moved.status, moved.error) == (400, "InvalidInput")


def test_a_network_that_names_no_type_takes_the_first_that_has_a_free_id(tmp_path: Path) -> None:
    vlan_first = "vlan_ranges = default:1000:1000\ntenant_network_types = vlan, vxlan, gre\n"
    api = client_of(tmp_path, f"{TUNNELS}{vlan_first}")
    made = [api.make("network") for _ in range(4)]
    assert [(it["provider:network_type"], it["provider:segmentation_id"]) for it in made] == [
        ("vlan", 1000),
        ("vxlan", 5),
        ("vxlan", 6),
        ("gre", 5),
    ]
    assert api.try_make("network").error == "NoNetworkAvailable"


JUMBO = (
    "[network]\nbridge_mappings = default:br-eth2, fast:br-eth3\nvlan_ranges = default:1000:1001, fast:1:9"
)


def test_the_mtu_of_a_physical_network_is_the_default_and_the_maximum(tmp_path: Path) -> None:
    api = client_of(tmp_path, f"{JUMBO}\nphysical_mtus = fast:9000")
    provider = {"provider__network_type": "vlan", "provider__physical_network": "fast"}
    jumbo = api.make("network", **provider)
    small = api.make("network", mtu=1400, **provider)
    usual = api.make("network")
    refused = [
        api.try_make("network", mtu=9001, **provider),
        api.try_make("network", mtu=1501),
        api.change("network", jumbo["id"], mtu=9001),
        api.change("network", usual["id"], mtu=1501),
    ]
    assert (jumbo["mtu"], small["mtu"], usual["mtu"]) == (9000, 1400, 1500)
    assert api.change("network", small["id"], mtu=0).body["network"]["mtu"] == 9000
    assert [(reply.status, reply.error) for reply in refused] == [(400, "InvalidInput")] * 4
    assert "maximum is 9000" in refused[2].message


@pytest.mark.parametrize(("cidr", "mtu"), [("10.0.0.0/24", 68), ("2001:db8::/64", 1280)])
def test_a_network_and_its_subnets_agree_on_the_least_mtu_whichever_comes_first(
    api: Client, cidr: str, mtu: int
) -> None:
    network = api.make("network", mtu=mtu - 1)
    subnet_late = api.try_subnet(network["id"], cidr)
    raised = api.change("network", network["id"], mtu=mtu)
    api.subnet(network["id"], cidr)
    mtu_late = api.change("network", network["id"], mtu=mtu - 1)
    assert [(reply.status, reply.error) for reply in (subnet_late, mtu_late)] == [
        (409, "NetworkMTUSubnetConflict")
    ] * 2
    assert mtu_late.message == f"MTU of {network['id']} is not valid, subnet requires a minimum of {mtu}"
    assert raised.status == 200


def test_a_network_with_a_low_mtu_may_still_be_renamed(api: Client) -> None:
    network = api.make("network", mtu=1300)
    api.subnet(network["id"], "2001:db8::/64")
    assert api.change("network", network["id"], name="n", mtu=1300).status == 200


def test_one_external_network_is_the_default(api: Client) -> None:
    default = {"router__external": True, "is_default": True}
    first = api.make("network", **default)
    other = api.make("network", router__external=True)
    inner = api.make("network", is_default=True)
    refused = [
        api.call("POST", "/networks", {"network": {"router:external": True, "is_default": True}}),
        api.change("network", other["id"], is_default=True),
        api.change("network", inner["id"], router__external=True),
    ]
    said = f"A default external network already exists: {first['id']}."
    assert {(reply.status, reply.error, reply.message) for reply in refused} == {
        (409, "DefaultExternalNetworkExists", said)
    }
    assert api.change("network", first["id"], name="same", is_default=True).status == 200
    assert api.change("network", first["id"], is_default=False).status == 200
    assert api.change("network", other["id"], is_default=True).status == 200


def test_a_network_with_a_router_s_gateway_stays_external(api: Client) -> None:
    network = api.make("network", router__external=True)["id"]
    machine = api.make("port", network_id=network)
    gateway = api.make("port", network_id=network, device_owner="network:router_gateway")
    same = api.change("network", network, router__external=True, name="new")
    refused = api.change("network", network, router__external=False, name="newer")
    assert (same.status, refused.status, refused.error) == (200, 409, "ExternalNetworkInUse")
    assert network in refused.message and api.get(f"/networks/{network}")["network"]["name"] == "new"
    api.call("DELETE", f"/ports/{gateway['id']}")
    changed = api.change("network", network, router__external=False)
    assert (changed.status, changed.body["network"]["router:external"]) == (200, False)
    assert api.call("GET", f"/ports/{machine['id']}").status == 200


def test_a_bulk_of_two_defaults_makes_none(api: Client) -> None:
    one = {"router:external": True, "is_default": True}
    reply = api.call("POST", "/networks", {"networks": [one, one]})
    assert (reply.status, reply.error) == (409, "DefaultExternalNetworkExists")
    assert api.get("/networks")["networks"] == []
