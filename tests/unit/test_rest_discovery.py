"""What the API says of itself, and what it says to requests that fit nothing."""

from pathlib import Path

import pytest
import webob

from osken_apps.rest.discovery import offered
from osken_apps.rest.openapi.document import document
from osken_apps.rest.registry import REGISTRY
from tests.unit.rest_client import Client, client_of

UUID = "11111111-2222-3333-4444-555555555555"


@pytest.fixture
def api(tmp_path: Path) -> Client:
    """Give a client of an empty API."""
    return client_of(tmp_path)


def test_the_versions_are_linked_by_the_name_that_the_client_used(api: Client) -> None:
    request = webob.Request.blank("/", headers={"Host": "localhost:8080"})
    (version,) = request.get_response(api.app).json["versions"]
    assert version == {
        "id": "v2.0",
        "status": "CURRENT",
        "links": [{"rel": "self", "href": "http://localhost:8080/v2.0/"}],
    }


@pytest.mark.parametrize("path", ["", "/"])
def test_the_index_names_the_resources(api: Client, path: str) -> None:
    resources = api.get(path)["resources"]
    assert [resource["collection"] for resource in resources] == [
        "networks",
        "subnets",
        "ports",
        "security-groups",
        "security-group-rules",
        "address-groups",
        "default-security-group-rules",
    ]


def test_extensions_are_listed_and_shown_by_alias(api: Client) -> None:
    listed = api.get("/extensions")["extensions"]
    assert [extension["alias"] for extension in listed] == list(offered(True))
    assert api.get("/extensions/provider")["extension"] in listed
    unknown = api.call("GET", "/extensions/teleport")
    assert (unknown.status, unknown.error) == (404, "ExtensionNotFound")


def test_there_is_one_availability_zone(api: Client) -> None:
    zone = {"name": "nova", "resource": "network", "state": "available"}
    assert api.get("/availability_zones") == {"availability_zones": [zone]}


def test_address_use_is_counted_by_subnet_and_network(api: Client) -> None:
    network = api.make("network", name="net1")
    subnet = api.subnet(network["id"], name="sub1")
    api.make("port", network_id=network["id"])
    use = {
        "network_id": network["id"],
        "network_name": "net1",
        "tenant_id": "default",
        "project_id": "default",
        "total_ips": 253,
        "used_ips": 1,
        "subnet_ip_availability": [
            {
                "subnet_id": subnet["id"],
                "subnet_name": "sub1",
                "cidr": "10.10.10.0/24",
                "ip_version": 4,
                "total_ips": 253,
                "used_ips": 1,
            }
        ],
    }
    path = "/network-ip-availabilities"
    assert api.get(f"{path}?ip_version=4") == {"network_ip_availabilities": [use]}
    assert api.get(f"{path}?ip_version=6") == {"network_ip_availabilities": []}
    assert api.get(f"{path}/{network['id']}") == {"network_ip_availability": use}


def test_address_use_of_one_ip_version_counts_its_subnets_only(api: Client) -> None:
    network = api.make("network")["id"]
    both = {4: api.subnet(network)["id"], 6: api.subnet(network, "2001:db8::/64")["id"]}
    api.make("network", name="without subnets")
    port = api.make("port", network_id=network)
    assert len(port["fixed_ips"]) == 2
    totals = {4: 253, 6: 2**64 - 1}
    for version, subnet in both.items():
        (use,) = api.get(f"/network-ip-availabilities?ip_version={version}")["network_ip_availabilities"]
        assert [item["subnet_id"] for item in use["subnet_ip_availability"]] == [subnet]
        assert (use["total_ips"], use["used_ips"]) == (totals[version], 1)
    for both_of in (f"network_id={network}", "ip_version=4&ip_version=6"):
        (use,) = api.get(f"/network-ip-availabilities?{both_of}")["network_ip_availabilities"]
        assert (use["total_ips"], use["used_ips"]) == (sum(totals.values()), 2)


def test_the_use_of_a_network_that_is_not_there_is_not_found(api: Client) -> None:
    reply = api.call("GET", f"/network-ip-availabilities/{UUID}")
    assert (reply.status, reply.error) == (404, "NetworkNotFound")


def test_the_document_has_room_for_all_addresses_of_a_network() -> None:
    paths = document(REGISTRY)["paths"]["/v2.0/network-ip-availabilities"]["get"]["responses"]["200"]
    (answer,) = paths["content"].values()
    shown = answer["schema"]["properties"]["network_ip_availabilities"]["items"]["properties"]
    assert shown["total_ips"]["maximum"] >= 2**64 - 1


def test_there_are_no_service_providers(api: Client) -> None:
    assert api.get("/service-providers") == {"service_providers": []}


@pytest.mark.parametrize(
    ("method", "path", "status", "error"),
    [
        ("GET", "/nothing", 404, "HTTPNotFound"),
        ("GET", "/networks/a/b/c/d", 404, "HTTPNotFound"),
        ("PUT", "/networks", 404, "HTTPNotFound"),
        ("DELETE", "/networks", 404, "HTTPNotFound"),
        ("POST", f"/networks/{UUID}", 404, "HTTPNotFound"),
        ("PATCH", "/networks", 405, "HTTPMethodNotAllowed"),
        ("PATCH", f"/networks/{UUID}", 405, "HTTPMethodNotAllowed"),
        ("BREW", "/networks", 405, "HTTPMethodNotAllowed"),
        ("POST", "/extensions", 404, "HTTPNotFound"),
        ("POST", "/agents", 404, "HTTPNotFound"),
        ("GET", f"/agents/{UUID}", 404, "AgentNotFound"),
        ("GET", "/%FF%FE", 404, "HTTPNotFound"),
        ("GET", "/networks/%00", 404, "NetworkNotFound"),
    ],
)
def test_requests_that_fit_nothing_get_json(
    api: Client, method: str, path: str, status: int, error: str
) -> None:
    reply = api.call(method, path)
    assert (reply.status, reply.error) == (status, error)
    assert reply.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PATCH", "/networks", "GET, HEAD, POST"),
        ("PATCH", f"/networks/{UUID}", "DELETE, GET, HEAD, PUT"),
        ("BREW", f"/networks/{UUID}.json", "DELETE, GET, HEAD, PUT"),
        ("PUT", f"/agents/{UUID}", "DELETE, GET, HEAD"),
        ("PUT", f"/availability_zones/{UUID}", "GET, HEAD"),
        ("PATCH", "/nothing", ""),
        ("BREW", "/%FF", ""),
        ("GET", "/networks", None),
    ],
)
def test_a_method_that_is_not_allowed_is_told_which_are(
    api: Client, method: str, path: str, allowed: str | None
) -> None:
    assert api.call(method, path).headers.get("Allow") == allowed  # RFC 9110, 15.5.6


def test_every_answer_has_its_own_request_id(api: Client) -> None:
    ids = {api.call("GET", path).headers["X-Openstack-Request-Id"] for path in ("/networks", "/nothing")}
    assert len(ids) == 2
    assert all(request_id.startswith("req-") and len(request_id) == 40 for request_id in ids)


def test_a_fault_of_ours_is_a_500_that_tells_nothing(api: Client, caplog: pytest.LogCaptureFixture) -> None:
    api.store.close()
    api.store.database.engine = None  # type: ignore[union-attr, assignment]
    reply = api.call("GET", "/networks")
    assert (reply.status, reply.error) == (500, "InternalServerError")
    assert "engine" not in reply.message and "Traceback" not in reply.message
    assert reply.headers["X-Openstack-Request-Id"] in caplog.text


def test_a_body_that_is_too_long_is_refused_unread(api: Client) -> None:
    request = webob.Request.blank("/v2.0/networks", method="POST")
    request.content_length = 3 * 1024 * 1024
    response = request.get_response(api.app)
    assert (response.status_int, response.json["NeutronError"]["type"]) == (413, "HTTPRequestEntityTooLarge")


def test_the_openapi_document_has_every_attribute(api: Client) -> None:
    network = api.make("network")
    subnet = api.subnet(network["id"])
    port = api.make("port", network_id=network["id"])
    served = webob.Request.blank("/openapi.json").get_response(api.app).json
    assert served == document(REGISTRY)
    for name, shown in (("network", network), ("subnet", subnet), ("port", port)):
        assert set(served["components"]["schemas"][name]["properties"]) == set(shown)
