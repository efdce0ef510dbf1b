"""What clients ask of an identity API beside logging in: catalog, roles, passwords, what is not there."""

from pathlib import Path
from typing import Any

import pytest

from osken_apps.store.accounts import Accounts
from tests.unit.identity_walk import IDS, PASSWORD, World, login
from tests.unit.rest_client import Client, Reply

V3 = "/identity/v3"
GRANT = f"{V3}/projects/of-alice/users/bob/roles/reader"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def admin(world: World) -> Client:
    return world.actor("administrator")


def listed(client: Client, plural: str, query: str = "") -> list[dict[str, Any]]:
    """Give a list."""
    reply = client.call_path("GET", f"{V3}/{plural}{query}")
    assert reply.status == 200, reply.body
    return list(reply.body[plural])


def test_services_and_endpoints_are_those_of_the_catalog(admin: Client) -> None:
    assert [item["type"] for item in listed(admin, "services")] == ["network", "identity"]
    (public,) = listed(admin, "endpoints", "?service_id=network&interface=public")
    assert (public["url"], public["region_id"]) == ("http://localhost", "RegionOne")
    assert [item["id"] for item in listed(admin, "regions")] == ["RegionOne"]
    assert listed(admin, "domains", "?name=Other") == []
    shown = admin.call_path("GET", f"{V3}/endpoints/{public['id']}").body["endpoint"]
    assert shown == public
    assert admin.call_path("GET", f"{V3}/services/nothing").status == 404


@pytest.mark.parametrize("plural", IDS)
def test_whatever_is_listed_has_a_link_to_itself(admin: Client, plural: str) -> None:
    # python-openstackclient 6.6 and older cannot show what has none.
    items = listed(admin, plural)
    links = [item["links"]["self"] for item in items]
    shown = [admin.call_path("GET", link.removeprefix("http://localhost")).body for link in links]
    assert shown == [{plural.removesuffix("s"): item} for item in items] != []


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("users?enabled=true", ["administrator", "alice"]),
        ("users?enabled=False", ["bob"]),
        ("users?enabled=0&name=alice", []),
        ("users?name=alice&name=bob", ["alice", "bob"]),
        ("users?name=alice&domain_id=default&limit=1", ["alice"]),
        ("users?domain_id=other", []),
        ("projects?is_domain=true", []),
        ("projects?is_domain=0&enabled=1&parent_id=default&name=of-bob", ["of-bob"]),
        ("roles?domain_id=other", []),
        ("users/alice/projects?enabled=false", []),
        ("auth/projects?name=of-alice", []),
        ("services?type=network", ["network"]),
        ("services?enabled=no", []),
    ],
)
def test_a_list_has_what_is_asked_for(world: World, admin: Client, asked: str, found: list[str]) -> None:
    world.disable("bob")
    reply = admin.call_path("GET", f"{V3}/{asked}")
    (items,) = (value for name, value in reply.body.items() if name != "links")
    assert sorted(item["id"] for item in items) == found


def test_roles_are_given_told_and_taken_and_count_at_once(world: World, admin: Client) -> None:
    scope = {"scope": {"project": {"id": "of-alice"}}}
    to_alices = {"auth": login("bob")["auth"] | scope}

    def logs_in() -> Reply:
        return world.client({}).call_path("POST", f"{V3}/auth/tokens", to_alices)

    assert (logs_in().status, admin.call_path("HEAD", GRANT).status) == (401, 404)
    assert [admin.call_path("PUT", GRANT).status for _ in range(2)] == [204, 204]
    assert admin.call_path("HEAD", GRANT).status == 204
    bob = world.client({"X-Auth-Token": logs_in().headers["X-Subject-Token"]})
    assert bob.call("GET", "/networks").status == 200
    (has,) = listed(admin, "role_assignments", "?user.id=bob&scope.project.id=of-alice&include_names")
    assert (has["user"]["name"], has["scope"]["project"]["name"], has["role"]["name"]) == (
        "bob",
        "of-alice",
        "reader",
    )
    assert [item["id"] for item in listed(admin, "roles", "?name=reader")] == ["reader"]
    roles = admin.call_path("GET", GRANT.removesuffix("/reader")).body["roles"]
    assert [item["name"] for item in roles] == ["reader"]
    assert [admin.call_path("DELETE", GRANT).status for _ in range(2)] == [204, 404]
    assert bob.call("GET", "/networks").status == 401


def test_a_role_that_another_request_gives_meanwhile_is_given(
    world: World, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = Accounts.roles

    def look_and_be_overtaken(accounts: Accounts, user_id: str, project_id: str) -> frozenset[str]:
        found = look(accounts, user_id, project_id)
        if user_id == "bob":
            monkeypatch.undo()
            assert world.actor("administrator").call_path("PUT", GRANT).status == 204
        return found

    monkeypatch.setattr(Accounts, "roles", look_and_be_overtaken)
    assert admin.call_path("PUT", GRANT).status == 204
    assert admin.call_path("HEAD", GRANT).status == 204


@pytest.mark.parametrize(
    "path",
    [
        f"{V3}/projects/nothing/users/bob/roles/reader",
        f"{V3}/projects/of-alice/users/nobody/roles/reader",
        f"{V3}/projects/of-alice/users/bob/roles/king",
    ],
)
def test_a_role_of_nobody_in_nothing_is_not_given(admin: Client, path: str) -> None:
    assert admin.call_path("PUT", path).status == 404


def test_who_is_no_administrator_gives_no_role_and_sees_none(world: World) -> None:
    for name in ("alice", "bob"):
        user = world.actor(name)
        for method, path in (("PUT", GRANT), ("DELETE", GRANT), ("GET", f"{V3}/role_assignments")):
            assert user.call_path(method, path).status == 403


def test_all_assignments_and_those_of_groups_and_domains(admin: Client) -> None:
    assert len(listed(admin, "role_assignments")) == 3
    for query in ("?group.id=g", "?scope.system=all", "?scope.domain.id=default"):
        assert listed(admin, "role_assignments", query) == []


def change(world: World, name: str, of: str = "alice", **wanted: Any) -> int:
    """Ask for another password; give the status."""
    body = {"user": {"password": "another one", "original_password": PASSWORD} | wanted}
    return world.actor(name).call_path("POST", f"{V3}/users/{of}/password", body).status


def test_a_password_is_changed_by_who_knows_it_and_ends_tokens(world: World) -> None:
    alice = world.actor("alice")
    assert change(world, "alice", original_password="wrong") == 401
    assert change(world, "bob") == change(world, "administrator") == 404
    assert change(world, "alice", password="short") == change(world, "alice", password=7) == 400
    assert change(world, "alice", password="x" * 2000) == 400
    assert alice.call("GET", "/networks").status == 200
    assert change(world, "alice") == 204
    assert alice.call("GET", "/networks").status == 401
    assert world.client({}).call_path("POST", f"{V3}/auth/tokens", login("alice")).status == 401


def test_an_application_credential_changes_no_password(world: World) -> None:
    path = f"{V3}/users/alice/application_credentials"
    made = world.actor("alice").call_path("POST", path, world.wanted()).body["application_credential"]
    shown = {"id": made["id"], "secret": made["secret"]}
    identity = {"methods": ["application_credential"], "application_credential": shown}
    reply = world.client({}).call_path("POST", f"{V3}/auth/tokens", {"auth": {"identity": identity}})
    robot = world.client({"X-Auth-Token": reply.headers["X-Subject-Token"]})
    body = {"user": {"password": "another one", "original_password": PASSWORD}}
    assert robot.call_path("POST", f"{V3}/users/alice/password", body).status == 403


@pytest.mark.parametrize("option", ["unrestricted", "access_rules", "system"])
def test_what_would_narrow_or_widen_a_credential_is_not_passed_over(world: World, option: str) -> None:
    wanted = world.wanted()
    wanted["application_credential"][option] = [{"path": "/v2.0/networks", "method": "GET"}]
    reply = world.actor("alice").call_path("POST", f"{V3}/users/alice/application_credentials", wanted)
    assert (reply.status, option in reply.body["error"]["message"]) == (400, True)


@pytest.mark.parametrize(
    ("method", "path", "status", "told"),
    [
        ("POST", "users", 403, "osken-net user"),
        ("DELETE", "users/alice", 403, "osken-net user"),
        ("PATCH", "users/alice", 403, "osken-net user"),
        ("POST", "projects", 403, "osken-net project"),
        ("POST", "roles", 403, "has the roles that it has"),
        ("PATCH", "domains/default", 403, "has the domains that it has"),
        ("DELETE", "endpoints/network-public", 403, "has the endpoints that it has"),
        ("GET", "groups", 404, "no groups"),
        ("GET", "users/alice/access_rules", 404, "no access_rules"),
        ("GET", "auth/domains", 404, "no domains"),
    ],
)
def test_what_is_not_here_says_what_is(admin: Client, method: str, path: str, status: int, told: str) -> None:
    reply = admin.call_path(method, f"{V3}/{path}", None if method != "POST" else {})
    assert (reply.status, told in reply.body["error"]["message"]) == (status, True)
