"""Which operation answers which path and method."""

import re
from dataclasses import replace
from typing import Any

from osken_apps.rest import discovery, openapi, quotas, tags
from osken_apps.rest.collection import Collection
from osken_apps.rest.operations import Operations
from osken_apps.rest.read_only import ReadOnlyCollection
from osken_apps.rest.registry import Registry
from osken_apps.rest.request import Answer, HTTPMethodNotAllowed, HTTPNotFound, Request

SUFFIX = ".json"
WORDS = frozenset(
    {"tags", "dhcp", "quotas", "default", "details", "tenant", "project", "flows", "extensions", "openapi"}
)
IDS = re.compile("[0-9a-fA-F]{32}|[0-9a-fA-F-]{36}")


def answer(operations: Operations, request: Request) -> Answer:
    """Answer a request. Raises ApiError."""
    request = replace(request, path=without_suffix(request.path, operations.registry))
    match request.path:
        case ():
            return _only_get(request, discovery.versions(request.host_url))
        case ("openapi",):
            return _only_get(request, openapi.document(operations.registry))
        case ("v2.0", *rest):
            return _versioned(operations, request, rest)
    raise HTTPNotFound


def without_suffix(path: tuple[str, ...], registry: Registry) -> tuple[str, ...]:
    """Take `.json` off a path that ends in a word of the API or an id; a tag or a name may end so itself."""
    if not path or not path[-1].endswith(SUFFIX) or path[-2:-1] == ("tags",):
        return path
    last = path[-1].removesuffix(SUFFIX)
    names = (WORDS, registry.collections, registry.read_only, discovery.EXTENSIONS)
    known = any(last in some for some in names) or IDS.fullmatch(last)
    return (*path[:-1], last) if known else path


def _versioned(operations: Operations, request: Request, path: list[str]) -> Answer:
    registry = operations.registry
    match path:
        case []:
            names = [(item.singular, item.path) for item in registry.collections.values()]
            return _only_get(request, discovery.index(request.host_url, names))
        case ["extensions"]:
            return _only_get(request, discovery.extensions())
        case ["extensions", alias]:
            return _only_get(request, discovery.extension(alias))
        case ["quotas", *_]:
            return quotas.answer(operations, request)
        case [name, *rest] if name in registry.collections:
            return _stored(operations, request, registry.collections[name], rest)
        case [name, *rest] if name in registry.read_only:
            return _computed(operations, request, registry.read_only[name], rest)
    raise HTTPNotFound


def _stored(operations: Operations, request: Request, collection: Collection, path: list[str]) -> Answer:
    match request.method, path:
        case "GET", []:
            return operations.index(collection, request)
        case "POST", []:
            return operations.create(collection, request)
        case "GET", [resource_id]:
            return operations.show(collection, request, resource_id)
        case "PUT", [resource_id]:
            return operations.update(collection, request, resource_id)
        case "DELETE", [resource_id]:
            return operations.delete(collection, request, resource_id)
        case "GET", [resource_id, name] if name in collection.members:
            return operations.member(collection, request, resource_id, name)
        case _, [resource_id, "tags"]:
            return tags.all_tags(operations, collection, request, resource_id)
        case _, [resource_id, "tags", tag]:
            return tags.one_tag(operations, collection, request, resource_id, tag)
    raise HTTPNotFound


def _computed(
    operations: Operations, request: Request, collection: ReadOnlyCollection, path: list[str]
) -> Answer:
    match request.method, path:
        case "GET", []:
            return operations.index_read_only(collection, request)
        case "GET", [resource_id]:
            return operations.show_read_only(collection, request, resource_id)
        case "GET", [resource_id, name] if name in collection.members:
            return operations.member_read_only(collection, request, resource_id, name)
        case "DELETE", [resource_id] if collection.delete is not None:
            return operations.delete_read_only(collection, request, resource_id)
        case _, [_]:
            raise HTTPMethodNotAllowed(request.method)
    raise HTTPNotFound


def _only_get(request: Request, body: Any) -> Answer:
    if request.method != "GET":
        raise HTTPNotFound
    return Answer(200, body)
