"""Every request of the API, asked by everybody: who may do what with a thing of project `a`.

`page` gives the table that docs/who-may-do-what.md must be. A new kind of resource needs a line in BODIES.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from osken_apps.model.changes import HostReport, PortReport
from osken_apps.model.kind import KINDS
from osken_apps.model.resources import Binding, PortStatus
from osken_apps.networking.bindings import record
from osken_apps.questions import FactsOfPort, ForgetHost, GroupPackets, Question
from osken_apps.rest.controller import Questions
from osken_apps.rest.registry import REGISTRY
from osken_apps.rest.routes import ANY, Route, table
from osken_apps.rest.wsgi import application
from tests.unit import identity_walk
from tests.unit.explain_facts import facts
from tests.unit.rest_client import Client, Reply, client_of, config_of

PAGE = Path(__file__).parents[2] / "docs" / "who-may-do-what.md"
TITLE = """# Who may do what

Every request of the API about something of project `a`, by the default policy: asked by nobody, a reader and
a member of `a`, a member of `b`, and an administrator. `yes`: done or shown; `no`: 403; `hidden`: 404,
or a list without it; `401`: who asks must say who it is. `make docs` writes this page and a test holds it.

"""
USERS = """
## Users

Where the API has users of its own (`authentication = local`): every request about user `alice` and her
project, asked by nobody, by her, by another user and by an administrator.

"""
ACTORS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "nobody": ("", ()),
    "reader": ("a", ("reader",)),
    "member": ("a", ("member",)),
    "member of b": ("b", ("member",)),
    "administrator": ("default", ("admin",)),
}
LISTS = {(name,) for name in ("quotas", *REGISTRY.collections, *REGISTRY.read_only)}
WORDS = {401: "401", 403: "no", 404: "hidden"}
TAG = "red"
HOSTS = ("at1", "at2", "at3")
NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)


class Controller(Questions):
    """A controller that has just spoken, and has an answer to everything."""

    def __init__(self) -> None:
        super().__init__()
        self.hear()

    def ask(self, question: Question[Any]) -> Any:
        """Give what is asked for."""
        told: dict[type, Any] = {
            ForgetHost: "",
            GroupPackets: {"rules": {}, "hosts": [], "silent": []},
            FactsOfPort: facts(),
        }
        return told.get(type(question), {})


class World:
    """An API, and a maker of things of project `a`."""

    def __init__(self, directory: Path) -> None:
        counted = (kind.singular for kind in KINDS.values() if kind.quota is not None)
        text = "\n".join(["authentication = headers", "[quotas]", *(f"{name} = -1" for name in counted)])
        client = client_of(directory, text)
        app = application(client.store, config_of(directory, text), client.hosts, Controller())
        self._client = replace(client, app=app)
        self.admin = self.actor("administrator")
        self._numbers = iter(range(1, 10_000))

    def actor(self, name: str) -> Client:
        """Give a client that is somebody, or nobody."""
        project, roles = ACTORS[name]
        return self._client.as_user(project, *roles) if roles else self._client

    def make(self, singular: str) -> str:
        """Make a thing of project `a`; give its id."""
        project = {} if singular in OF_NO_PROJECT else {"project_id": "a"}
        return str(self.admin.make(singular, **self.body(singular), **project)["id"])

    def make_bindings(self) -> tuple[str, str]:
        """Make a port of project `a` that may move; give its id and where it may move to."""
        self.admin.hosts.replace(HostReport(host, True, (), (), True, NOW, NOW, 0) for host in HOSTS)
        body = BODIES["port"](self) | {"device_owner": "compute:nova", "binding:host_id": HOSTS[0]}
        port_id = str(self.admin.make("port", **body, project_id="a")["id"])
        self.admin.call("POST", f"/ports/{port_id}/bindings", {"binding": {"host": HOSTS[1]}})
        return port_id, HOSTS[1]

    def body(self, singular: str) -> dict[str, Any]:
        """Give what such a thing is made with."""
        return BODIES[singular](self)

    def tcp(self) -> dict[str, Any]:
        """Give a rule for a port of TCP that no rule is for."""
        number = next(self._numbers)
        return {
            "direction": "ingress",
            "protocol": "tcp",
            "port_range_min": number,
            "port_range_max": number,
        }

    def cidr(self) -> str:
        """Give a range that no subnet has."""
        number = next(self._numbers)
        return f"10.{number // 250}.{number % 250}.0/24"


BODIES: Mapping[str, Callable[[World], dict[str, Any]]] = {
    "network": lambda world: {},
    "subnet": lambda world: {"network_id": world.make("network"), "cidr": world.cidr(), "ip_version": 4},
    "port": lambda world: {"network_id": world.make("network")},
    "security_group": lambda world: {},
    "security_group_rule": lambda world: world.tcp() | {"security_group_id": world.make("security_group")},
    "address_group": lambda world: {"addresses": [LEAVING]},
    "default_security_group_rule": lambda world: world.tcp(),
}
OF_NO_PROJECT = {"default_security_group_rule"}
LEAVING = "192.0.2.1/32"
ACTIONS = {"add_addresses": "192.0.2.2/32", "remove_addresses": LEAVING}


def subject(world: World, route: Route) -> dict[str, str]:
    """Give what stands in the braces of a path, and in `id` what a list would show."""
    name = route.path[1] if len(route.path) > 1 else ""
    found = {"alias": "provider", "project_id": "a", "tag": TAG}
    if name in REGISTRY.collections:
        collection = REGISTRY.collections[name]
        found["id"] = world.make(collection.singular)
        if "bindings" in route.path:
            found["id"], found["host"] = world.make_bindings()
        if "tags" in route.path:
            world.admin.call("PUT", f"/{name}/{found['id']}/tags", {"tags": [TAG]})
    elif name in REGISTRY.read_only:
        found["id"] = computed(world, name)
    elif name == "quotas":
        world.admin.call("PUT", "/quotas/a", {"quota": {"network": 10_000}})
        found["id"] = "a"
    return found


def computed(world: World, path: str) -> str:
    """Give the id of something that is computed for project `a`, or of the whole; empty: there is none."""
    port_id = world.make("port")
    with world.admin.store.write() as transaction:
        record(transaction, [PortReport(port_id, Binding("gone", 1), PortStatus.ACTIVE)])
    collection = REGISTRY.read_only[path]
    for name in ("reader", "administrator"):
        if shown := world.actor(name).get(f"/{path}")[collection.plural]:
            return id_of(shown[-1])
    return ""


def id_of(shown: Mapping[str, Any]) -> str:
    """Give the id of what a list shows."""
    return str(next(shown[name] for name in ("id", "network_id", "name", "project_id") if name in shown))


def body(world: World, route: Route) -> Any:
    """Give what is sent."""
    name = route.path[1] if len(route.path) > 1 else ""
    if route.method not in ("POST", "PUT") or "{tag}" in route.path:
        return None
    if "bindings" in route.path:
        return {"binding": {"host": "at3"} if route.method == "POST" else {}}
    if "tags" in route.path:
        return {"tags": [TAG]}
    if name == "explain":
        return {"explain": {"port": world.make("port")}}
    if name == "quotas":
        return {"quota": {"network": 10_000}}
    if route.path[-1] in ACTIONS:
        return {"addresses": [ACTIONS[route.path[-1]]]}
    singular = REGISTRY.collections[name].singular
    has_name = any(attribute.name == "name" for attribute in REGISTRY.collections[name].attributes)
    return {singular: world.body(singular) if route.method == "POST" else {"name": "n"} if has_name else {}}


def word(route: Route, reply: Reply, subject_id: str) -> str:
    """Say in a word how a request ended."""
    if reply.status in WORDS:
        return WORDS[reply.status]
    assert reply.status in (200, 201, 204), f"{route.method} {route.template}: {reply.status} {reply.body}"
    is_list = route.method == "GET" and route.path[1:] in LISTS
    if not subject_id or not is_list:
        return "yes"
    (shown,) = reply.body.values()
    return "yes" if subject_id in set(map(id_of, shown)) else "hidden"


def rows(directory: Path) -> Iterator[tuple[str, ...]]:
    """Give each request and how it ends for everybody."""
    world = World(directory)
    for route in sorted(table(REGISTRY), key=lambda route: (route.path, route.method)):
        if route.method == ANY:
            continue
        words = []
        for name in ACTORS:
            texts = subject(world, route)
            parts = ((texts.get(part.strip("{}")) or "x") if "{" in part else part for part in route.path)
            reply = world.actor(name).call_path(route.method, "/" + "/".join(parts), body(world, route))
            words.append(word(route, reply, texts.get("id", "")))
        yield (f"{route.method} {route.template}", *words)


def page(directory: Path) -> str:
    """Give the page of the documentation."""
    (directory / "identity").mkdir()
    of_identity = identity_walk.rows(directory / "identity")
    return TITLE + _table(ACTORS, rows(directory)) + USERS + _table(identity_walk.ACTORS, of_identity)


def _table(actors: Iterable[str], lines: Iterable[tuple[str, ...]]) -> str:
    head = ("request", *actors)
    return "".join(f"| {' | '.join(line)} |\n" for line in (head, ("---",) * len(head), *lines))
