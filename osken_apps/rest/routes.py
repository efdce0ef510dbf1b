"""Which operation answers which path and method."""

from typing import Any

from osken_apps.rest import discovery, openapi, quotas, tags
from osken_apps.rest.collections import COLLECTIONS, Collection
from osken_apps.rest.derived import DERIVED, Derived
from osken_apps.rest.exchange import Answer, HTTPNotFound, Request
from osken_apps.rest.operations import Operations

NAMES = [(collection.singular, collection.plural) for collection in COLLECTIONS.values()]


def answer(operations: Operations, request: Request) -> Answer:
    """Answer a request. Raises ApiError."""
    match request.path:
        case ():
            return _only_get(request, discovery.versions(request.host_url))
        case ("openapi",):
            return _only_get(request, openapi.DOCUMENT)
        case ("v2.0", *rest):
            return _versioned(operations, request, rest)
    raise HTTPNotFound


def _versioned(operations: Operations, request: Request, path: list[str]) -> Answer:
    match path:
        case []:
            return _only_get(request, discovery.index(request.host_url, NAMES))
        case ["extensions"]:
            return _only_get(request, discovery.extensions())
        case ["extensions", alias]:
            return _only_get(request, discovery.extension(alias))
        case ["quotas", *_]:
            return quotas.answer(operations, request)
        case [plural, *rest] if plural in COLLECTIONS:
            return _stored(operations, request, COLLECTIONS[plural], rest)
        case [plural, *rest] if plural in DERIVED and request.method == "GET":
            return _computed(operations, request, DERIVED[plural], rest)
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
        case "GET", [resource_id, "dhcp"] if collection.plural == "ports":
            return operations.port_dhcp(collection, request, resource_id)
        case _, [resource_id, "tags"]:
            return tags.all_tags(operations, collection, request, resource_id)
        case _, [resource_id, "tags", tag]:
            return tags.one_tag(operations, collection, request, resource_id, tag)
    raise HTTPNotFound


def _computed(operations: Operations, request: Request, collection: Derived, path: list[str]) -> Answer:
    match path:
        case []:
            return operations.derived(collection, request)
        case [resource_id]:
            return operations.derived_one(collection, request, resource_id)
    raise HTTPNotFound


def _only_get(request: Request, body: Any) -> Answer:
    if request.method != "GET":
        raise HTTPNotFound
    return Answer(200, body)
