"""Every request of the identity API about user alice, asked by everybody: what comes of it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from osken_apps.accounts.passwords import hashed
from osken_apps.model.accounts import Assignment, Project, User
from osken_apps.rest.identity.api import routes
from osken_apps.rest.identity.local import Local
from osken_apps.rest.wsgi import application
from tests.unit.rest_client import Client, Reply, config_of, store_of

ACTORS = ("nobody", "alice", "bob", "administrator")
ROLES = {"alice": "member", "bob": "member", "administrator": "admin"}
PASSWORD = "a password"
WORDS = {401: "401", 403: "no", 404: "hidden"}
LOGIN = "/identity/v3/auth/tokens"
IDS = {
    "projects": "of-alice",
    "users": "alice",
    "roles": "member",
    "services": "network",
    "endpoints": "network-public",
    "regions": "RegionOne",
    "domains": "default",
}
CHANGE = {"user": {"password": PASSWORD, "original_password": PASSWORD}}


class World:
    """An API with alice, bob and an administrator, each in a project of their own."""

    def __init__(self, directory: Path) -> None:
        config = config_of(directory, "authentication = local")
        self._store = store_of(config)
        self.routes = list(routes(Local(self._store, config)))
        with self._store.write() as transaction:
            for name, role in ROLES.items():
                transaction.accounts.add(Project(f"of-{name}", f"of-{name}"))
                user = User(name, name, hashed(PASSWORD), default_project_id=f"of-{name}")
                transaction.accounts.add(user)
                transaction.accounts.add(Assignment(name, f"of-{name}", role))
        self._app = application(self._store, config)
        self._numbers = iter(range(1, 10_000))

    def client(self, headers: dict[str, str]) -> Client:
        """Give a client that shows something."""
        return Client(self._app, self._store, None, headers)  # type: ignore[arg-type]

    def token(self, name: str) -> str:
        """Give a new token of somebody's."""
        return self.client({}).call_path("POST", LOGIN, login(name)).headers["X-Subject-Token"]

    def actor(self, name: str) -> Client:
        """Give a client that is somebody, or nobody."""
        return self.client({"X-Auth-Token": self.token(name)} if name in ROLES else {})

    def disable(self, name: str) -> None:
        """Let somebody in no more."""
        with self._store.write() as transaction:
            (user,) = transaction.accounts.users(id=name)
            transaction.accounts.change(replace(user, enabled=False))

    def credential(self) -> str:
        """Make an application credential of alice's; give its id."""
        path = "/identity/v3/users/alice/application_credentials"
        reply = self.actor("alice").call_path("POST", path, self.wanted())
        return str(reply.body["application_credential"]["id"])

    def wanted(self) -> dict[str, Any]:
        """Give what a new credential is made with."""
        return {"application_credential": {"name": f"c{next(self._numbers)}"}}


def login(name: str) -> dict[str, Any]:
    """Give what asks for a token."""
    user = {"name": name, "domain": {"id": "default"}, "password": PASSWORD}
    return {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}}}


def rows(directory: Path) -> Iterator[tuple[str, ...]]:
    """Give each request and how it ends for everybody."""
    world = World(directory)
    for route in sorted(world.routes, key=lambda route: (route.path, route.method)):
        words = []
        for name in ACTORS:
            texts = {"{id}": IDS.get(route.path[2] if len(route.path) > 2 else "", "x")}
            texts |= {"{user_id}": "alice", "{role}": "member", "{kind}": "groups"}
            if "{credential_id}" in route.path:
                texts["{credential_id}"] = world.credential()
            path = "/" + "/".join(texts.get(part, part) for part in route.path)
            is_login = (route.method, path) == ("POST", LOGIN)
            is_password = route.path[-1] == "password"
            wanted = login("alice") if is_login else CHANGE if is_password else world.wanted()
            body = wanted if route.method == "POST" else None
            method = "GET" if route.method == "*" else route.method
            reply = world.actor(name).call_path(method, path, body, X_Subject_Token=world.token("alice"))
            if (method, route.path[-1]) == ("DELETE", "{role}"):
                world.actor("administrator").call_path("PUT", path)
            words.append(word(path, reply))
        yield (f"{route.method} {route.template}", *words)


def word(path: str, reply: Reply) -> str:
    """Say in a word how a request ended; a list without what is alice's hides it."""
    if reply.status in WORDS:
        return WORDS[reply.status]
    assert reply.status in (200, 201, 204, 300), f"{path}: {reply.status} {reply.body}"
    is_list = path.rpartition("/")[2] in ("projects", "users")
    return "hidden" if is_list and "alice" not in str(reply.body) else "yes"
