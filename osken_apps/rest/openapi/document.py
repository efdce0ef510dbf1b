"""The OpenAPI document of the API, made of the declarations that validate and render."""

from collections.abc import Iterable
from functools import lru_cache

from osken_apps.rest import discovery, explain, health, member, port_bindings, quotas, tags
from osken_apps.rest.collection import Collection
from osken_apps.rest.openapi.attributes import (
    accepted_attributes,
    list_parameters,
    listed,
    page_parameters,
    shown_attributes,
)
from osken_apps.rest.openapi.words import (
    ERROR,
    IF_MATCH,
    READ_ERRORS,
    RESOURCE_ID,
    WRITE_ERRORS,
    Document,
    array_of,
    object_of,
    operation,
)
from osken_apps.rest.ports import PORTS
from osken_apps.rest.read_only import ReadOnlyCollection
from osken_apps.rest.registry import Registry
from osken_apps.rest.reports.registry import REPORTS
from osken_apps.rest.validation import MAX_BULK, MAX_PARTS


def _collection_paths(collection: Collection) -> Document:
    plural, singular, attributes = collection.plural, collection.singular, collection.attributes
    shown = {"$ref": f"#/components/schemas/{singular}"}
    created = {"$ref": f"#/components/schemas/new_{singular}"}
    changed = {"$ref": f"#/components/schemas/changed_{singular}"}
    one, several = object_of({singular: shown}, [singular]), object_of({plural: array_of(shown)}, [plural])
    bulk = array_of(created, MAX_BULK) | {
        "minItems": 1,
        "description": f"What all of them list (addresses, options) is {MAX_PARTS} at most.",
    }
    asked = {
        "anyOf": [
            object_of({singular: created}, [singular], closed=False),
            object_of({plural: bulk}, [plural], closed=False),
        ]
    }
    part = object_of({singular: {**shown_attributes(attributes), "required": []}}, [singular])
    fields = list_parameters(attributes, stored=False)[-1]
    return (
        {
            f"/v2.0/{collection.path}": {
                "get": operation(
                    f"list_{plural}",
                    200,
                    listed(plural, shown_attributes(attributes)),
                    READ_ERRORS,
                    [*list_parameters(attributes, stored=True), *page_parameters(attributes)],
                ),
                "post": operation(
                    f"create_{singular}", 201, {"oneOf": [one, several]}, WRITE_ERRORS, body=asked
                ),
            },
            f"/v2.0/{collection.path}/{{id}}": {
                "parameters": [RESOURCE_ID],
                "get": operation(f"show_{singular}", 200, part, READ_ERRORS, [fields]),
                "put": operation(
                    f"update_{singular}",
                    200,
                    one,
                    WRITE_ERRORS,
                    [IF_MATCH],
                    object_of({singular: changed}, [singular], closed=False),
                ),
                "delete": operation(f"delete_{singular}", 204, None, WRITE_ERRORS, [IF_MATCH]),
            },
        }
        | member.described(collection.path, collection.singular, collection.members)
        | _action_paths(collection, one)
        | (tags.described(collection.path, singular) if collection.has_tags else {})
    )


def _action_paths(collection: Collection, shown: Document) -> Document:
    return {
        f"/v2.0/{collection.path}/{{id}}/{name}": {
            "parameters": [RESOURCE_ID],
            "put": operation(
                f"{name}_of_{collection.singular}",
                200,
                shown,
                WRITE_ERRORS,
                [IF_MATCH],
                accepted_attributes(action.attributes, "POST"),
            ),
        }
        for name, action in collection.actions.items()
    }


def _read_only_paths(path: str, collection: ReadOnlyCollection) -> Document:
    item = {**shown_attributes(collection.attributes), "required": []}
    fields = list_parameters(collection.attributes, stored=False)[-1]
    return {
        f"/v2.0/{path}": {
            "get": operation(
                f"list_{collection.plural}", 200, listed(collection.plural, item), READ_ERRORS, [fields]
            )
        },
        f"/v2.0/{path}/{{id}}": {
            "parameters": [RESOURCE_ID],
            "get": operation(
                f"show_{collection.singular}",
                200,
                object_of({collection.singular: item}, [collection.singular]),
                READ_ERRORS,
                [fields],
            ),
        }
        | _deletion(collection),
    } | member.described(path, collection.singular, collection.members)


def _deletion(collection: ReadOnlyCollection) -> Document:
    if collection.delete is None:
        return {}
    return {"delete": operation(f"delete_{collection.singular}", 204, None, WRITE_ERRORS)}


def _schemas(collections: Iterable[Collection]) -> Document:
    schemas: Document = {"Error": ERROR}
    for collection in collections:
        schemas[collection.singular] = shown_attributes(collection.attributes)
        schemas[f"new_{collection.singular}"] = accepted_attributes(collection.attributes, "POST")
        schemas[f"changed_{collection.singular}"] = accepted_attributes(collection.attributes, "PUT")
    return schemas


@lru_cache
def document(registry: Registry) -> Document:
    """Make the document of an API that has these collections."""
    collections = registry.collections.values()
    paths = health.described() | discovery.described()
    paths |= quotas.described([collection.singular for collection in collections])
    for collection in collections:
        paths |= _collection_paths(collection)
    if PORTS.path in registry.collections:
        paths |= port_bindings.described() | explain.described()
    for report in REPORTS:
        paths |= report.described()
    for path, read_only in registry.read_only.items():
        paths |= _read_only_paths(path, read_only)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "osken-apps: Networking API v2.0",
            "version": "v2.0",
            "description": "Networks, subnets and ports of Open vSwitch hosts, compatible with Neutron.",
        },
        "paths": paths,
        "components": {"schemas": _schemas(collections)},
    }
