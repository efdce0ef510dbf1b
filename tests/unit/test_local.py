"""Users of the API's own: how they are let in, and what of wrong attempts shows."""

import base64
import json
import logging
import stat
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import webob
from cryptography.fernet import Fernet

from osken_apps.accounts import tokens
from osken_apps.accounts.first import FILE, first_start
from osken_apps.accounts.passwords import Passwords, hashed
from osken_apps.accounts.tokens import KEY_AGE_S, Tokens
from osken_apps.model.accounts import Assignment, Project, User
from osken_apps.rest.controller import KnownHosts
from osken_apps.rest.identity import api as identity_api
from osken_apps.rest.server.environ import IS_KNOWN
from osken_apps.rest.server.lanes import is_login
from osken_apps.rest.wsgi import application
from osken_apps.store.store import Store
from tests.unit.rest_client import Client, Reply, config_of, store_of

PASSWORD = "correct horse"
UNAUTHORIZED = 401
PATIENCE_S = 10.0
LOGIN = "/identity/v3/auth/tokens"


@pytest.fixture
def api(tmp_path: Path) -> Client:
    """Give a client of an API with users: alice and bob, members of projects a and b; root, administrator."""
    config = config_of(tmp_path, "authentication = local")
    store = store_of(config)
    with store.write() as transaction:
        for name, project, role in (("alice", "a", "member"), ("bob", "b", "member"), ("root", "r", "admin")):
            transaction.accounts.add(Project(f"id-{project}", project))
            transaction.accounts.add(
                User(f"id-{name}", name, hashed(PASSWORD), default_project_id=f"id-{project}")
            )
            transaction.accounts.add(Assignment(f"id-{name}", f"id-{project}", role))
    hosts = KnownHosts()
    return Client(application(store, config, hosts), store, hosts, {})


def by_password(name: str, password: str = PASSWORD, **scope: Any) -> dict[str, Any]:
    """Give what asks for a token by name and password."""
    user = {"name": name, "domain": {"id": "default"}, "password": password}
    identity = {"methods": ["password"], "password": {"user": user}}
    return {"auth": {"identity": identity} | ({"scope": scope} if scope else {})}


def project(name: str) -> dict[str, Any]:
    """Give the scope of a project."""
    return {"project": {"name": name, "domain": {"name": "Default"}}}


def log_in(api: Client, body: dict[str, Any]) -> Reply:
    """Ask for a token."""
    return api.call_path("POST", "/identity/v3/auth/tokens", body)


def token(api: Client, name: str, password: str = PASSWORD) -> str:
    """Give a token of somebody's."""
    return log_in(api, by_password(name, password)).headers["X-Subject-Token"]


def with_token(api: Client, text: str) -> Client:
    """Give a client with a token."""
    return Client(api.app, api.store, api.hosts, {"X-Auth-Token": text})


def with_password(api: Client, name: str, password: str = PASSWORD) -> Client:
    """Give a client with name and password."""
    text = base64.b64encode(f"{name}:{password}".encode()).decode()
    return Client(api.app, api.store, api.hosts, {"Authorization": f"Basic {text}"})


def credential_with(**part: Any) -> dict[str, Any]:
    """Give what asks for a token by an application credential."""
    return {"auth": {"identity": {"methods": ["application_credential"], "application_credential": part}}}


LONE = "\ud800"  # half of a character, which a text of JSON can hold and no file or database can


@pytest.mark.parametrize(
    "body",
    [
        by_password(LONE),
        by_password("alice", LONE),
        by_password("alice", **project(LONE)),
        credential_with(id=LONE, secret="x"),
        credential_with(name=LONE, user={"name": "alice"}, secret="x"),
        {"auth": {"identity": {"methods": [{}], "password": {}}}},
        {"auth": {"identity": {"methods": [["password"]], "password": {}}}},
    ],
)
def test_what_is_no_name_and_no_method_is_refused_without_breaking_anything(
    api: Client, body: dict[str, Any]
) -> None:
    assert log_in(api, body).status == 400


@pytest.mark.parametrize("path", [f"{LOGIN}.json", "/identity/v3/users/id-alice/password.json"])
def test_a_password_is_checked_at_no_address_but_where_logins_take_turns(api: Client, path: str) -> None:
    assert not is_login("POST", path)
    alice = with_token(api, token(api, "alice"))
    change = {"user": {"password": "another password", "original_password": PASSWORD}}
    assert alice.call_path("POST", path, by_password("alice") | change).status == 404


@pytest.mark.parametrize(
    ("attributes", "status"),
    [
        ({"expires_at": "1970-01-01T00:00:00"}, 400),
        ({"expires_at": "2000-01-01T00:00:00Z"}, 400),
        ({"expires_at": "9999-12-31T23:59:59.999999"}, 201),
        ({"expires_at": "9999-12-31T23:59:59-05:00"}, 400),
        ({"secret": LONE}, 400),
        ({"description": LONE}, 400),
        ({"description": {"a": 1}}, 400),
    ],
)
def test_an_application_credential_is_one_that_can_be_shown_and_ends_later(
    api: Client, attributes: dict[str, Any], status: int
) -> None:
    alice, path = with_token(api, token(api, "alice")), "/identity/v3/users/id-alice/application_credentials"
    body = {"application_credential": {"name": "robot", **attributes}}
    assert alice.call_path("POST", path, body).status == status
    shown = alice.call_path("GET", path)
    assert (shown.status, len(shown.body["application_credentials"])) == (200, int(status == 201))


def test_the_time_of_an_application_credential_is_where_it_says(api: Client) -> None:
    alice, path = with_token(api, token(api, "alice")), "/identity/v3/users/id-alice/application_credentials"
    body = {"application_credential": {"name": "robot", "expires_at": "2098-01-01T03:00:00+05:00"}}
    made = alice.call_path("POST", path, body).body["application_credential"]
    assert made["expires_at"] == "2097-12-31T22:00:00.000000"  # as in Keystone, without the Z of tokens


def test_a_token_lets_in_with_the_roles_of_its_project(api: Client) -> None:
    alice, bob = with_token(api, token(api, "alice")), with_token(api, token(api, "bob"))
    network = alice.make("network")
    assert network["project_id"] == "id-a"
    assert alice.try_make("network", shared=True).status == 403
    assert bob.call("GET", f"/networks/{network['id']}").status == 404
    assert with_token(api, token(api, "root")).make("network", shared=True)["project_id"] == "id-r"


def test_the_token_says_who_for_what_and_where_the_services_are(api: Client) -> None:
    reply = log_in(api, by_password("alice", **project("a")))
    shown = reply.body["token"]
    assert reply.status == 201
    assert shown["methods"] == ["password"]
    assert (shown["user"]["name"], shown["project"]["id"]) == ("alice", "id-a")
    assert [role["name"] for role in shown["roles"]] == ["member"]
    assert {service["type"]: service["endpoints"][0]["url"] for service in shown["catalog"]} == {
        "network": "http://localhost",
        "identity": "http://localhost/identity/v3",
    }


def wrong(name: str) -> dict[str, Any]:
    """Give what asks for a token with a wrong password."""
    return by_password(name, "wrong")


@pytest.mark.parametrize(
    "body",
    [
        wrong("alice"),
        wrong("nobody"),
        wrong("id-alice"),
        by_password("nobody"),
        by_password(""),
        by_password("alice", **project("b")),
        by_password("alice", **project("nothing")),
        by_password("alice", system={"all": True}),
        by_password("alice", domain={"id": "default"}),
        by_password("alice", "x" * 100_000),
    ],
)
def test_whatever_is_wrong_the_answer_is_the_same(api: Client, body: dict[str, Any]) -> None:
    reply = log_in(api, body)
    assert reply.status == UNAUTHORIZED
    assert reply.body == log_in(api, wrong("alice")).body
    assert "X-Subject-Token" not in reply.headers


def test_a_wrong_name_costs_a_check_as_a_wrong_password_does(api: Client) -> None:
    check = Passwords()
    kept = hashed(PASSWORD)
    for number, (of_user, password) in enumerate(((kept, "wrong"), (None, "wrong"), (None, PASSWORD)), 1):
        assert not check.is_right(of_user, password)
        assert check.checks == number


@pytest.mark.usefixtures("as_shipped")
def test_the_hash_of_nobody_costs_what_others_cost() -> None:
    kept = hashed(PASSWORD)
    assert kept.rpartition("$")[0].rpartition("$")[0] == "$argon2id$v=19$m=19456,t=2,p=1"
    assert Passwords()._of_nobody.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_what_was_right_is_remembered_for_a_minute_and_what_was_wrong_is_not() -> None:
    moments = [0.0]
    check, kept = Passwords(lambda: moments[0]), hashed(PASSWORD)
    for moment, password, checks in (
        (0.0, PASSWORD, 1),
        (59.0, PASSWORD, 1),
        (59.0, "wrong", 2),
        (59.0, "wrong", 3),
        (61.0, PASSWORD, 4),
    ):
        moments[0] = moment
        assert check.is_right(kept, password) == (password == PASSWORD)
        assert check.checks == checks
    assert not check.is_right(hashed("another"), PASSWORD)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Auth-Token": "x"},
        {"X-Auth-Token": "notused"},
        {"X-Auth-Token": "gAAAAA" + "A" * 5000},
        {"X-Auth-Token": "é"},
        {"Authorization": "Basic"},
        {"Authorization": "Basic !"},
        {"Authorization": "Basic " + base64.b64encode(b"alice").decode()},
        {"Authorization": "Basic " + base64.b64encode(b"\xff:\xff").decode()},
        {"Authorization": "Basic " + base64.b64encode(b"alice:wrong").decode()},
        {"Authorization": "Bearer x"},
        {"X-User-Id": "u", "X-Project-Id": "p", "X-Roles": "admin", "X-Identity-Status": "Confirmed"},
    ],
)
def test_nobody_gets_in_otherwise_and_is_told_what_to_show(api: Client, headers: dict[str, str]) -> None:
    for path in ("/v2.0/networks", "/identity/v3/projects", "/identity/v3/auth/tokens"):
        reply = Client(api.app, api.store, api.hosts, headers).call_path("GET", path)
        assert reply.status == UNAUTHORIZED
        assert reply.headers["WWW-Authenticate"] == (
            'Keystone uri="http://localhost/identity", Basic realm="osken-net"'
        )


def test_name_and_password_let_in_without_a_token(api: Client) -> None:
    assert with_password(api, "alice").make("network")["project_id"] == "id-a"


def test_a_certificate_lets_in_whose_name_is_in_it(api: Client) -> None:
    def status(name: str) -> int:
        environ = {"osken_net.certificate": name}
        request = webob.Request.blank("/v2.0/networks", environ=environ)
        request.headers["X-Auth-Token"] = "notused"
        return int(request.get_response(api.app).status_int)

    assert [status("alice"), status("nobody"), status("")] == [200, UNAUTHORIZED, UNAUTHORIZED]


WAYS = ("token", "password", "credential", "certificate")
TAKEN = ("disabled", "new password", "role", "project disabled", "project deleted", "user deleted")


def take(api: Client, what: str) -> None:
    """Take something from alice."""
    with api.store.write() as transaction:
        accounts = transaction.accounts
        user, of = accounts.user("alice"), accounts.project("a")
        match what:
            case "disabled":
                accounts.change(replace(user, enabled=False))
            case "new password":
                accounts.change(replace(user, password=hashed("new")).without_tokens(0))
            case "role":
                accounts.remove(Assignment(user.id, of.id, "member"))
            case "project disabled":
                accounts.change(replace(of, enabled=False))
            case "project deleted":
                accounts.remove(of)
            case "user deleted":
                accounts.remove(user)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("what", TAKEN)
def test_what_is_taken_away_ends_the_next_request_however_one_has_come_in(
    api: Client, way: str, what: str
) -> None:
    alice = {
        "token": lambda: with_token(api, token(api, "alice")),
        "password": lambda: with_password(api, "alice"),
        "credential": lambda: with_token(api, log_in(api, by_credential(robot)).headers["X-Subject-Token"]),
        "certificate": lambda: replace(api, certificate="alice"),
    }
    robot = credential(api, "alice").body["application_credential"]
    asks = alice[way]()
    assert [asks.call("GET", "/networks").status for _ in range(2)] == [200, 200]
    take(api, what)
    knows_no_password = way == "certificate" and what == "new password"
    assert asks.call("GET", "/networks").status == (200 if knows_no_password else UNAUTHORIZED)
    if what != "new password":  # which is no credential's
        assert log_in(api, by_credential(robot)).status == UNAUTHORIZED


def test_a_password_that_changes_while_it_is_checked_lets_nobody_in(
    api: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(_passwords: Passwords, _kept: str | None, _password: str) -> bool:
        take(api, "new password")
        return True

    monkeypatch.setattr(Passwords, "is_right", slow)
    late = with_token(api, token(api, "alice"))
    assert late.call("GET", "/networks").status == UNAUTHORIZED


def test_a_request_tells_its_server_whether_its_password_was_right(api: Client) -> None:
    def told(name: str, path: str) -> Any:
        header = with_password(api, name).headers
        request = webob.Request.blank(path, headers=header)
        request.get_response(api.app)
        return request.environ.get(IS_KNOWN)

    paths = ("/v2.0/networks", f"/v2.0/networks/{uuid4()}", "/")
    assert [told("alice", path) for path in paths] == [True, True, None]
    assert [told("nobody", path) for path in paths] == [False, False, None]


def test_a_body_with_passwords_was_right_when_it_has_logged_in_and_not_before(api: Client) -> None:
    headers = {"X-Auth-Token": token(api, "alice"), "Content-Type": "application/json"}
    change = {"user": {"original_password": PASSWORD, "password": "another horse"}}

    def told(path: str, body: Any) -> tuple[int, Any]:
        data = json.dumps(body).encode()
        request = webob.Request.blank(path, method="POST", headers=headers, body=data)
        return request.get_response(api.app).status_int, request.environ.get(IS_KNOWN)

    wrong = by_password("root", "guess") | {"user": {"original_password": "guess", "password": "long enough"}}
    elsewhere, own = "/identity/v3/users/nobody/password", "/identity/v3//users/id-alice/password/"
    assert [told(path, wrong) for path in (elsewhere, own, LOGIN)] == [
        (404, None),
        (401, False),
        (401, False),
    ]
    assert told(LOGIN, by_password("alice")) == (201, True)
    assert told(own, change) == (204, None)  # the password in it is no longer right
    assert told(own, change) == (401, False)


def test_of_what_changes_at_the_identity_api_it_is_noted_who_did_it(
    api: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    made = credential(api, "alice").body["application_credential"]
    path = f"/identity/v3/users/id-alice/application_credentials/{made['id']}"
    alice, text = with_token(api, token(api, "alice")), token(api, "bob")
    assert with_token(api, token(api, "bob")).call_path("DELETE", path).status == 404
    assert alice.call_path("DELETE", path).status == 204
    assert with_token(api, text).call_path("DELETE", LOGIN, X_Subject_Token=text).status == 204
    entries = [json.loads(record.message) for record in caplog.records if "audit" in record.name]
    assert [(item["user"], item["project_id"], item["method"], item["status"]) for item in entries] == [
        ("alice", "id-a", "POST", 201),  # a token
        ("alice", "id-a", "POST", 201),
        ("alice", "id-a", "POST", 201),
        ("bob", "id-b", "POST", 201),
        ("bob", "id-b", "POST", 201),
        ("bob", "id-b", "DELETE", 404),
        ("alice", "id-a", "DELETE", 204),
        ("bob", "id-b", "DELETE", 204),
    ]


def test_a_clock_that_is_put_back_leaves_no_token_of_before_and_keeps_nobody_out(
    api: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Tokens, "now_ms", lambda _: int((time.time() + 7200) * 1000))
    early = with_token(api, token(api, "alice"))
    monkeypatch.undo()
    take(api, "new password")
    assert early.call("GET", "/networks").status == UNAUTHORIZED
    assert with_token(api, log_in(api, by_password("alice", "new")).headers["X-Subject-Token"]).make(
        "network"
    )
    with api.store.write() as transaction:  # the password was changed while the clock was ahead
        user = transaction.accounts.user("alice")
        transaction.accounts.change(user.without_tokens(int((time.time() + 7200) * 1000)))
    assert with_token(api, log_in(api, by_password("alice", "new")).headers["X-Subject-Token"]).make(
        "network"
    )


def test_a_token_that_was_taken_back_lets_nobody_in(api: Client) -> None:
    text = token(api, "alice")
    alice = with_token(api, text)
    assert alice.call_path("DELETE", "/identity/v3/auth/tokens", X_Subject_Token=text).status == 204
    assert alice.call("GET", "/networks").status == UNAUTHORIZED


def test_a_token_is_taken_back_by_its_user_or_an_administrator_and_shown_to_services(api: Client) -> None:
    with api.store.write() as transaction:
        transaction.accounts.add(User("id-nova", "nova", hashed(PASSWORD), default_project_id="id-a"))
        transaction.accounts.add(Assignment("id-nova", "id-a", "service"))
    nova, alice, root, bob = (with_token(api, token(api, name)) for name in ("nova", "alice", "root", "bob"))
    text = alice.headers["X-Auth-Token"]

    def statuses(asker: Client) -> list[int]:
        return [asker.call_path(method, LOGIN, X_Subject_Token=text).status for method in ("GET", "DELETE")]

    assert [statuses(asker) for asker in (bob, nova, root)] == [[404, 404], [200, 404], [200, 204]]
    assert statuses(root) == [404, 404]
    own = token(api, "nova")
    assert nova.call_path("DELETE", LOGIN, X_Subject_Token=own).status == 204


def test_a_token_of_a_token_ends_with_it_and_goes_to_other_projects(api: Client) -> None:
    with api.store.write() as transaction:
        transaction.accounts.add(Assignment("id-alice", "id-b", "reader"))
    first = log_in(api, by_password("alice"))
    identity = {"methods": ["token"], "token": {"id": first.headers["X-Subject-Token"]}}
    second = log_in(api, {"auth": {"identity": identity, "scope": project("b")}})
    assert second.body["token"]["expires_at"] == first.body["token"]["expires_at"]
    assert second.body["token"]["methods"] == ["password", "token"]
    assert with_token(api, second.headers["X-Subject-Token"]).try_make("network").status == 403


def credential(api: Client, user_name: str, **wanted: Any) -> Reply:
    """Make an application credential of somebody's."""
    user = with_token(api, token(api, user_name))
    path = f"/identity/v3/users/id-{user_name}/application_credentials"
    return user.call_path("POST", path, {"application_credential": {"name": "robot"} | wanted})


def by_credential(made: dict[str, Any]) -> dict[str, Any]:
    """Give what asks for a token by an application credential."""
    shown = {"id": made["id"], "secret": made["secret"]}
    return {"auth": {"identity": {"methods": ["application_credential"], "application_credential": shown}}}


def test_an_application_credential_lets_in_to_its_project_and_makes_no_other(api: Client) -> None:
    made = credential(api, "alice").body["application_credential"]
    reply = log_in(api, by_credential(made))
    robot = with_token(api, reply.headers["X-Subject-Token"])
    assert robot.make("network")["project_id"] == "id-a"
    path = "/identity/v3/users/id-alice/application_credentials"
    assert robot.call_path("POST", path, {"application_credential": {"name": "more"}}).status == 403
    identity = {"methods": ["token"], "token": {"id": reply.headers["X-Subject-Token"]}}
    assert log_in(api, {"auth": {"identity": identity, "scope": project("a")}}).status == UNAUTHORIZED
    alice = with_token(api, token(api, "alice"))
    (shown,) = alice.call_path("GET", path).body["application_credentials"]
    assert "secret" not in shown
    assert alice.call_path("DELETE", f"{path}/{made['id']}").status == 204
    assert robot.call("GET", "/networks").status == UNAUTHORIZED
    assert log_in(api, by_credential(made)).status == UNAUTHORIZED


def test_an_application_credential_is_meant_by_its_id_even_where_another_has_that_as_its_name(
    api: Client,
) -> None:
    first = credential(api, "alice").body["application_credential"]
    second = credential(api, "alice", name=first["id"]).body["application_credential"]
    with api.store.read() as view:
        (alice,) = view.accounts.users(id="id-alice")
        assert view.accounts.credential(alice, first["id"]).id == first["id"]
    client = with_token(api, token(api, "alice"))
    path = "/identity/v3/users/id-alice/application_credentials"
    assert client.call_path("GET", f"{path}/{first['id']}").body["application_credential"]["name"] == "robot"
    assert client.call_path("DELETE", f"{path}/{first['id']}").status == 204
    for method in ("GET", "DELETE"):
        assert client.call_path(method, f"{path}/{first['id']}").status == 404
    left = client.call_path("GET", path).body["application_credentials"]
    assert [item["id"] for item in left] == [second["id"]]


def test_an_application_credential_gives_no_more_than_the_user_has_and_ends_in_time(api: Client) -> None:
    assert credential(api, "alice", roles=[{"name": "admin"}]).status == 400
    assert credential(api, "alice", expires_at="soon").status == 400
    made = credential(api, "alice", name="b", expires_at="2098-01-01T00:00:00").body["application_credential"]
    assert credential(api, "alice", name="b").status == 409
    assert log_in(api, by_credential(made)).status == 201
    with api.store.write() as transaction:
        (kept,) = transaction.accounts.credentials(id=made["id"])
        transaction.accounts.remove(kept)
        transaction.accounts.add(replace(kept, expires_at=1))
    assert log_in(api, by_credential(made)).status == UNAUTHORIZED


def test_a_user_has_so_many_credentials_and_no_secret_is_hashed_for_more(
    api: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity_api, "MAX_CREDENTIALS", 1)
    assert credential(api, "alice").status == 201
    monkeypatch.setattr(identity_api, "hashed", lambda secret: pytest.fail("a secret was hashed"))
    reply = credential(api, "alice", name="more")
    assert (reply.status, "at most 1" in reply.body["error"]["message"]) == (400, True)


def test_others_projects_users_and_credentials_are_not_there(api: Client) -> None:
    made = credential(api, "alice").body["application_credential"]
    bob, root = with_token(api, token(api, "bob")), with_token(api, token(api, "root"))
    paths = (
        "/identity/v3/projects/id-a",
        "/identity/v3/users/id-alice",
        "/identity/v3/users/id-alice/projects",
        "/identity/v3/users/id-alice/application_credentials",
        f"/identity/v3/users/id-alice/application_credentials/{made['id']}",
    )
    assert [bob.call_path("GET", path).status for path in paths] == [404] * len(paths)
    assert [root.call_path("GET", path).status for path in paths] == [200] * len(paths)
    subject = token(api, "alice")
    for method in ("GET", "DELETE"):
        reply = bob.call_path(method, "/identity/v3/auth/tokens", X_Subject_Token=subject)
        assert reply.status == 404
    names = [item["name"] for item in bob.call_path("GET", "/identity/v3/projects").body["projects"]]
    assert names == ["b"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"auth": []},
        {"auth": {"identity": {"methods": "password"}}},
        {"auth": {"identity": {"methods": ["password", "totp"], "password": {}}}},
        {"auth": {"identity": {"methods": ["totp"], "totp": {}}}},
        {"auth": {"identity": {"methods": ["password"], "password": {"user": {"name": 1, "password": "x"}}}}},
        {"auth": {"identity": {"methods": ["password"], "password": {"user": {"name": "alice"}}}}},
        by_password("alice") | {"auth": by_password("alice")["auth"] | {"scope": "everything"}},
        by_password("alice") | {"auth": by_password("alice")["auth"] | {"scope": {"project": "a"}}},
    ],
)
def test_a_body_that_asks_for_nothing_is_refused_in_keystones_words(api: Client, body: Any) -> None:
    reply = log_in(api, body)
    assert (reply.status, reply.body["error"]["code"]) == (400, 400)


def test_keys_of_tokens_change_daily_and_old_tokens_live_on(tmp_path: Path) -> None:
    store = Store(config_of(tmp_path).database)
    moments = [1_000_000.0]
    made = Tokens(store, 2 * KEY_AGE_S, lambda: moments[0])
    first, said = made.issue("u", "p", ("password",))
    moments[0] += KEY_AGE_S + 1
    second, _ = made.issue("u", "p", ("password",))
    assert made.read(first) == said
    with store.read() as view:
        assert len(view.accounts.token_keys()) == 2
    assert Tokens(store, 60, lambda: moments[0]).read(second) is not None
    moments[0] += 4 * KEY_AGE_S
    made.issue("u", "p", ("password",))
    assert made.read(first) is None
    with store.read() as view:
        assert len(view.accounts.token_keys()) < 3


def test_keys_of_a_clock_that_was_far_ahead_make_no_token_and_its_tokens_end_when_it_is_put_right(
    tmp_path: Path,
) -> None:
    store = Store(config_of(tmp_path).database)
    moments = [1_000_000.0]
    one, other = (Tokens(store, 60, lambda: moments[0]) for _ in range(2))

    def keys() -> list[int]:
        with store.read() as view:
            return [made_at for _, made_at in view.accounts.token_keys()]

    moments[0] += 365 * KEY_AGE_S
    early, said = one.issue("u", "p", ("password",))
    assert other.read(early) == said
    moments[0] -= 365 * KEY_AGE_S
    assert one.read(early) is None
    text, said = one.issue("u", "p", ("password",))
    assert keys() == [moments[0] + 365 * KEY_AGE_S, moments[0]]
    assert other.read(text) == said
    moments[0] += KEY_AGE_S
    one.issue("u", "p", ("password",))
    assert len(keys()) == 3


def test_a_clock_that_was_far_behind_for_a_while_ends_no_token(tmp_path: Path) -> None:
    store = Store(config_of(tmp_path).database)
    moments = [1_000_000_000.0]
    text, said = Tokens(store, 60, lambda: moments[0]).issue("u", "p", ("password",))
    moments[0] -= 365 * KEY_AGE_S
    restarted = Tokens(store, 60, lambda: moments[0])
    restarted.issue("u", "p", ("password",))
    moments[0] += 365 * KEY_AGE_S + 10
    assert restarted.read(text) == said


def test_a_clock_that_is_put_back_a_little_makes_no_key_and_ends_no_token(tmp_path: Path) -> None:
    store = Store(config_of(tmp_path).database)
    moments = [1_000_000.0]
    made = Tokens(store, 60, lambda: moments[0])
    text, said = made.issue("u", "p", ("password",))
    moments[0] -= 3600
    made.issue("u", "p", ("password",))
    assert made.read(text) == said
    with store.read() as view:
        assert len(view.accounts.token_keys()) == 1


def test_who_shows_a_token_does_not_wait_for_a_new_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(config_of(tmp_path).database)
    moments = [1_000_000.0]
    made = Tokens(store, 2 * KEY_AGE_S, lambda: moments[0])
    text, said = made.issue("u", "p", ("password",))
    write, waits, others_are_done = store.write, threading.Event(), threading.Event()

    @contextmanager
    def write_after_others() -> Iterator[Any]:
        waits.set()
        assert others_are_done.wait(PATIENCE_S)
        with write() as transaction:
            yield transaction

    monkeypatch.setattr(store, "write", write_after_others)
    moments[0] += KEY_AGE_S + 1
    with ThreadPoolExecutor() as pool:
        try:
            logging_in = pool.submit(made.issue, "u", "p", ("password",))
            assert waits.wait(PATIENCE_S)
            assert pool.submit(made.read, text).result(PATIENCE_S / 2) == said
        finally:
            others_are_done.set()
        assert made.read(logging_in.result(PATIENCE_S)[0]) is not None


def test_a_token_of_another_store_is_nothing(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    one, other = (Store(config_of(tmp_path / name).database) for name in ("one", "other"))
    text, _ = Tokens(one, 60).issue("u", "p", ("password",))
    Tokens(other, 60).issue("u", "p", ("password",))
    assert Tokens(other, 60).read(text) is None
    assert len(text) < tokens.MAX_LENGTH


@pytest.mark.parametrize("said", [["id", "u", "p", ["password"], 0, 1 << 50, "", 0, "more"], ["id"], {}, 7])
def test_a_token_that_another_version_made_in_another_form_is_nothing(tmp_path: Path, said: Any) -> None:
    store = Store(config_of(tmp_path).database)
    made = Tokens(store, 60)
    made.issue("u", "p", ("password",))
    with store.read() as view:
        [(key, _)] = view.accounts.token_keys()
    assert made.read(Fernet(key).encrypt(json.dumps(said).encode()).decode()) is None


def test_the_first_start_makes_an_administrator_and_tells_only_the_owner(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = config_of(tmp_path, "authentication = local")
    store = Store(config.database)
    first_start(store, config)
    file = tmp_path / FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert f". {file}" in caplog.text
    said = dict(
        line.removeprefix("export ").split("=", 1)
        for line in file.read_text().splitlines()
        if line.startswith("export ")
    )
    assert said["OS_PASSWORD"] not in caplog.text
    assert said["OS_AUTH_URL"] == "http://127.0.0.1:9696/identity/v3"
    api = Client(application(store, config), store, KnownHosts(), {})
    admin = with_token(api, log_in(api, by_password("admin", said["OS_PASSWORD"])).headers["X-Subject-Token"])
    assert admin.make("network", shared=True)["project_id"] == "default"
    before = file.read_text()
    first_start(store, config)
    assert file.read_text() == before


def test_the_first_administrator_gets_in_where_another_project_has_the_name_of_the_default_one(
    tmp_path: Path,
) -> None:
    config = config_of(tmp_path, "authentication = local")
    store = Store(config.database)
    with store.write() as transaction:
        transaction.accounts.add(Project("id-of-another", "default"))
    first_start(store, config)
    lines = (tmp_path / FILE).read_text().splitlines()
    said = dict(line.removeprefix("export ").split("=", 1) for line in lines if line.startswith("export "))
    scope = project(said["OS_PROJECT_NAME"])
    api = Client(application(store, config), store, KnownHosts(), {})
    reply = log_in(api, by_password("admin", said["OS_PASSWORD"], **scope))
    assert reply.body["token"]["project"]["id"] == "default"


@pytest.mark.parametrize("is_named_whole", [True, False])
def test_the_file_of_the_first_user_is_named_as_a_shell_takes_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, is_named_whole: bool
) -> None:
    (state := tmp_path / "a state").mkdir()
    monkeypatch.chdir(state)
    config = config_of(state, "authentication = local")
    config = config if is_named_whole else replace(config, state_dir=Path("."))
    first_start(Store(config.database), config)
    assert f"`. '{state / FILE}'` before" in caplog.text


def test_secrets_are_not_kept(api: Client, tmp_path: Path) -> None:
    made = credential(api, "alice", secret=f"secret-{uuid4()}").body["application_credential"]
    text = token(api, "alice")
    api.store.checkpoint()
    data = (tmp_path / "osken-net.db").read_bytes()
    assert b"alice" in data
    for secret in (PASSWORD, made["secret"], text):
        assert json.dumps(secret).strip('"').encode() not in data


def test_an_administrator_s_list_makes_the_default_group_of_a_project_that_there_is(api: Client) -> None:
    root = with_token(api, token(api, "root"))
    for project_id in ("id-a", "made-up"):
        root.get(f"/security-groups?project_id={project_id}")
    projects = {group["project_id"] for group in root.get("/security-groups")["security_groups"]}
    assert projects == {"id-a", "id-r"}


def test_a_token_that_was_taken_back_stays_so_where_the_clock_was_an_hour_ahead(api: Client) -> None:
    for id, now, is_kept in (("one", 900, True), ("two", 1000 + 3600, True), ("three", 1001 + 3600, False)):
        with api.store.write() as transaction:
            transaction.accounts.revoke(id, 1000 if id == "one" else 9000, now)
        with api.store.read() as view:
            assert view.accounts.is_revoked("one") == is_kept
