"""Which operation answers which method and path: a table, and how a row of it is found."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from osken_apps.rest import computed, discovery, explain, health, port_bindings, quotas, tags
from osken_apps.rest.collection import Collection
from osken_apps.rest.identity.trusted_headers import Identify
from osken_apps.rest.openapi import document as openapi
from osken_apps.rest.operations import Operations
from osken_apps.rest.ports import PORTS
from osken_apps.rest.read_only import ReadOnlyCollection
from osken_apps.rest.registry import Registry
from osken_apps.rest.reports.registry import REPORTS
from osken_apps.rest.request import Answer, HTTPMethodNotAllowed, Request

SUFFIX = ".json"
IDS = re.compile("[0-9a-fA-F]{32}|[0-9a-fA-F-]{36}")
ANY = "*"
VERSION = "v2.0"

Handler = Callable[..., Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """A row: a method (`*`: any other), a path, and what answers it: handler(operations, request, …).

    A part of the path in braces stands for any text, which the handler gets. What is `public` the API says of
    itself: a client asks for it before it has an identity. `identify` gives who asks where not everybody must
    be somebody in a project.
    """

    method: str
    path: tuple[str, ...]
    handler: Handler
    public: bool = False
    identify: Identify | None = None

    @property
    def template(self) -> str:
        """The path as the OpenAPI document has it."""
        return "/" + "/".join(self.path)


@dataclass(slots=True)
class _Node:
    """What may follow the beginning of a path, and what answers where it ends."""

    words: dict[str, "_Node"] = field(default_factory=dict)
    any_text: "_Node | None" = None
    routes: dict[str, Route] = field(default_factory=dict)


class Router:
    """Finds the row of a request; a word of the API goes before any text."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._root = _Node()
        parts = {part for route in routes for part in route.path}
        self._words = {part for part in parts if not part.startswith("{")} | discovery.offered(True).keys()
        for route in routes:
            node = self._root
            for part in route.path:
                if part.startswith("{"):
                    node.any_text = node = node.any_text or _Node()
                else:
                    node = node.words.setdefault(part, _Node())
            node.routes[route.method] = route

    def find(self, method: str, path: tuple[str, ...]) -> tuple[Route, tuple[str, ...]] | None:
        """Give the row, and the parts of the path that stand for braces; None: nothing has this address."""
        for node, texts in _ends(self._root, path, ()):
            if route := node.routes.get(method) or node.routes.get(ANY):
                return route, texts
        return None

    def allowed(self, path: tuple[str, ...]) -> list[str]:
        """Give the methods that an address takes; none: nothing has it."""
        methods = {method for node, _ in _ends(self._root, path, ()) for method in node.routes} - {ANY}
        return sorted(methods | ({"HEAD"} if "GET" in methods else set()))

    def without_suffix(self, path: tuple[str, ...]) -> tuple[str, ...]:
        """Take `.json` off a path that ends in a word of the API or an id; a tag or a name may end so.

        The identity API's paths have none: where a login waits for its turn goes by its path (`lanes`).
        """
        if not path or not path[-1].endswith(SUFFIX) or path[-2:-1] == ("tags",):
            return path
        if len(path) > 1 and path[0] != VERSION:
            return path
        last = path[-1].removesuffix(SUFFIX)
        return (*path[:-1], last) if last in self._words or IDS.fullmatch(last) else path


def _ends(node: _Node, path: tuple[str, ...], texts: tuple[str, ...]) -> Iterator[tuple[_Node, Any]]:
    if not path:
        yield node, texts
        return
    first, *rest = path
    if first in node.words:
        yield from _ends(node.words[first], tuple(rest), texts)
    if node.any_text:
        yield from _ends(node.any_text, tuple(rest), (*texts, first))


def table(registry: Registry) -> list[Route]:
    """Give every row of the API."""
    routes = [*_discovery(registry), *_quotas()]
    for collection in registry.collections.values():
        routes += _stored(collection)
    for read_only in registry.read_only.values():
        routes += _computed(read_only)
    if PORTS.path in registry.collections:
        routes += _port_bindings()
        routes += (Route(method, (VERSION, *path), handler) for method, path, handler in explain.ROUTES)
    routes += [Route("GET", (VERSION, report.path), report) for report in REPORTS]
    return routes


def _discovery(registry: Registry) -> Iterator[Route]:
    names = [(item.singular, item.path) for item in registry.collections.values()]

    def told(path: tuple[str, ...], document: Callable[..., Any], public: bool = False) -> Route:
        return Route("GET", path, lambda _, request, *texts: Answer(200, document(request, *texts)), public)

    yield told((), lambda request: discovery.versions(request.host_url), public=True)
    yield told(("openapi",), lambda _: openapi.document(registry), public=True)
    yield Route("GET", ("healthz",), health.healthz, public=True)
    yield Route("GET", ("readyz",), health.readyz, public=True)
    yield told((VERSION,), lambda request: discovery.index(request.host_url, names))
    for path, document in (((), discovery.extensions), (("{alias}",), discovery.extension)):
        yield Route("GET", (VERSION, "extensions", *path), _by_enforcement(document))


def _by_enforcement(document: Callable[..., Any]) -> Handler:
    return lambda operations, _request, *texts: Answer(
        200, document(operations.config.security.enforce, *texts)
    )


def _quotas() -> Iterator[Route]:
    for method, path, handler in quotas.ROUTES:
        yield Route(method, (VERSION, "quotas", *path), handler)


def _port_bindings() -> Iterator[Route]:
    for method, path, handler in port_bindings.ROUTES:
        yield Route(method, (VERSION, PORTS.path, "{id}", "bindings", *path), handler)


def _stored(collection: Collection) -> Iterator[Route]:
    base = (VERSION, collection.path)
    one = (*base, "{id}")
    yield Route("GET", base, lambda operations, *given: operations.index(collection, *given))
    yield Route("POST", base, lambda operations, *given: operations.create(collection, *given))
    yield Route("GET", one, lambda operations, *given: operations.show(collection, *given))
    yield Route("PUT", one, lambda operations, *given: operations.update(collection, *given))
    yield Route("DELETE", one, lambda operations, *given: operations.delete(collection, *given))
    for name in collection.members:
        yield Route("GET", (*one, name), _member(collection, name))
    for name in collection.actions:
        yield Route("PUT", (*one, name), _action(collection, name))
    for method in ("GET", "PUT", "DELETE") if collection.has_tags else ():
        yield Route(method, (*one, "tags"), _with(collection, tags.all_tags))
        yield Route(method, (*one, "tags", "{tag}"), _with(collection, tags.one_tag))


def _member(collection: Collection, name: str) -> Handler:
    return lambda operations, *given: operations.member(collection, *given, name)


def _action(collection: Collection, name: str) -> Handler:
    return lambda operations, *given: operations.act(collection, *given, collection.actions[name])


def _member_read_only(collection: ReadOnlyCollection, name: str) -> Handler:
    return lambda operations, request, id: computed.member(operations, collection, request, id, name)


def _with(collection: Collection, answer: Handler) -> Handler:
    return lambda operations, *given: answer(operations, collection, *given)


def _computed(collection: ReadOnlyCollection) -> Iterator[Route]:
    base = (VERSION, collection.path)
    one = (*base, "{id}")
    yield Route("GET", base, lambda operations, *given: computed.index(operations, collection, *given))
    yield Route("GET", one, lambda operations, *given: computed.show(operations, collection, *given))
    for name in collection.members:
        yield Route("GET", (*one, name), _member_read_only(collection, name))
    if collection.delete is not None:
        yield Route("DELETE", one, lambda operations, *given: computed.delete(operations, collection, *given))
    yield Route(ANY, one, _not_allowed)


def _not_allowed(_operations: Operations, request: Request, _id: str) -> Answer:
    raise HTTPMethodNotAllowed(request.method)
