"""Quotas of projects."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.rest_client import Client, client_of

DEFAULTS = {
    "network": 100,
    "subnet": 100,
    "port": 500,
    "security_group": 10,
    "security_group_rule": 100,
    "address_group": 10,
}


@pytest.fixture
def api(tmp_path: Path) -> Client:
    """Give a client of an empty API."""
    return client_of(tmp_path, "authentication = headers").as_user("default", "admin")


def test_a_project_has_the_default_quotas_until_it_gets_its_own(api: Client) -> None:
    assert api.get("/quotas/a") == {"quota": DEFAULTS}
    own = api.call("PUT", "/quotas/a", {"quota": {"network": "2"}}).body
    assert own == api.get("/quotas/a") == {"quota": DEFAULTS | {"network": 2}}
    assert api.get("/quotas/a/default") == {"quota": DEFAULTS}
    assert api.get("/quotas") == {"quotas": [{"tenant_id": "a", "project_id": "a"} | own["quota"]]}
    assert api.get("/quotas?fields=network&fields=project_id&fields=nosuch") == {
        "quotas": [{"project_id": "a", "network": 2}]
    }
    assert api.call("DELETE", "/quotas/a").status == 204
    assert api.get("/quotas/a") == {"quota": DEFAULTS}
    assert api.call("DELETE", "/quotas/a").error == "TenantQuotaNotFound"


@pytest.mark.parametrize("text", ["null", "NULL", "%20", "%20a", "a%00b", "a%0Ab", "%E2%80%AE"])
def test_what_can_be_no_project_gets_no_quotas(api: Client, text: str) -> None:
    assert api.call("PUT", f"/quotas/{text}", {"quota": {"network": 2}}).status == 400
    assert api.get("/quotas") == {"quotas": []}


@pytest.mark.parametrize("text", ["%ff", "%ED%A0%80", "a%2Fb", "x" * 256])
def test_what_is_no_text_and_no_part_of_a_path_has_no_quotas(api: Client, text: str) -> None:
    for method, body in (("GET", None), ("PUT", {"quota": {"network": 2}}), ("DELETE", None)):
        assert api.call(method, f"/quotas/{text}", body).status == 404


def test_the_defaults_come_from_the_configuration(tmp_path: Path) -> None:
    api = client_of(tmp_path, "[quotas]\nnetwork = 1")
    api.make("network")
    reply = api.try_make("network")
    assert (reply.status, reply.error) == (409, "OverQuota")
    assert reply.message == "Quota exceeded for resources: ['network']."


def test_a_list_that_goes_over_the_quota_is_refused_whole(api: Client) -> None:
    api.call("PUT", "/quotas/default", {"quota": {"network": 2}})
    reply = api.call("POST", "/networks", {"networks": [{}, {}, {}]})
    assert (reply.status, reply.error, api.get("/networks")) == (409, "OverQuota", {"networks": []})
    assert api.call("POST", "/networks", {"networks": [{}, {}]}).status == 201


def test_the_details_count_what_is_used(api: Client) -> None:
    network = api.make("network")
    api.make("port", network_id=network["id"])
    details = api.get("/quotas/default/details.json")["quota"]
    assert [details[name]["used"] for name in ("network", "subnet", "port")] == [1, 0, 1]


@pytest.mark.parametrize("way", [{}, {"check_limit": True}, {"check_limit": False}, {"force": False}])
def test_a_quota_below_what_is_used_is_refused_and_none_is_set(api: Client, way: dict[str, bool]) -> None:
    for _ in range(2):
        api.make("network")
    reply = api.call("PUT", "/quotas/default", {"quota": {"port": 3, "network": 1} | way})
    assert (reply.status, reply.error) == (400, "HTTPBadRequest")
    assert reply.message == "Quota limit 1 for network must be greater than or equal to already used 2"
    assert api.get("/quotas/default") == {"quota": DEFAULTS}
    for limit in (2, -1):  # none left, and no limit
        own = api.call("PUT", "/quotas/default", {"quota": {"port": 3, "network": limit} | way}).body
        assert own == {"quota": DEFAULTS | {"port": 3, "network": limit}}


def test_a_quota_below_what_is_used_can_be_forced(api: Client) -> None:
    for _ in range(2):
        api.make("network")
    own = api.call("PUT", "/quotas/default", {"quota": {"network": 1, "force": True}}).body
    assert own == api.get("/quotas/default") == {"quota": DEFAULTS | {"network": 1}}
    assert api.try_make("network").error == "OverQuota"


@pytest.mark.parametrize("name", ["force", "check_limit"])
def test_whether_a_quota_is_forced_is_true_or_false(api: Client, name: str) -> None:
    assert api.call("PUT", "/quotas/a", {"quota": {"network": 1, name: "perhaps"}}).status == 400
    assert api.get("/quotas/a") == {"quota": DEFAULTS}


@pytest.mark.parametrize("quota", [{"network": -2}, {"network": "many"}, {"tape_drive": 1}])
def test_quotas_that_cannot_be_are_refused(api: Client, quota: dict[str, Any]) -> None:
    assert api.call("PUT", "/quotas/a", {"quota": quota}).status == 400
    assert api.get("/quotas/a") == {"quota": DEFAULTS}


def test_none_of_what_there_is_none_of_is_a_quota_that_says_what_is_so(api: Client) -> None:
    none = dict.fromkeys(("floatingip", "rbac_policy", "router", "subnetpool"), 0)
    own = api.call("PUT", "/quotas/a", {"quota": none | {"network": 2}}).body
    assert own == api.get("/quotas/a") == {"quota": DEFAULTS | {"network": 2}}
    for name in none:
        for limit in (1, -1):
            refused = api.call("PUT", "/quotas/a", {"quota": {name: limit, "port": 3}})
            assert (refused.status, refused.message) == (400, f"Unrecognized attribute(s) '{name}'")
    assert api.get("/quotas/a") == own


def test_a_member_sees_the_quotas_of_its_project_and_changes_none(api: Client) -> None:
    alice = api.as_user("a", "member")
    statuses = [
        alice.call("GET", "/quotas/a").status,
        alice.call("GET", "/quotas/b").status,
        alice.call("PUT", "/quotas/a", {"quota": {"network": 9}}).status,
        alice.call("DELETE", "/quotas/a").status,
    ]
    assert statuses == [200, 404, 403, 403]
