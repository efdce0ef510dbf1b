"""The OpenAPI document of the API, made of the declarations that validate and render."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from osken_apps.rest import explain, port_bindings
from osken_apps.rest.attribute import ABSENT, MAX_TAG_LENGTH, MAX_TAGS, TAG, Attribute
from osken_apps.rest.collection import Collection
from osken_apps.rest.listing import MAX_FIELDS, MAX_FILTER_VALUES, MAX_LIMIT, MAX_SORT_KEYS, MAX_TAG_LIST
from osken_apps.rest.openapi_words import (
    ERROR,
    IF_MATCH,
    LINKS,
    READ_ERRORS,
    RESOURCE_ID,
    TEXT,
    WRITE_ERRORS,
    Document,
    array_of,
    object_of,
    operation,
    parameter,
)
from osken_apps.rest.ports import PORTS
from osken_apps.rest.quotas import UNLIMITED, WAYS
from osken_apps.rest.read_only import ReadOnlyCollection
from osken_apps.rest.registry import Registry
from osken_apps.rest.reports import REPORTS
from osken_apps.rest.types import BOOLEAN, TEXT_LENGTH
from osken_apps.rest.validation import MAX_BULK


def _described(attribute: Attribute, schema: Any) -> Document:
    document = dict(schema)
    if attribute.default is not ABSENT and attribute.default != () and attribute.post:
        document["default"] = attribute.default
    return document


def _shown(attributes: Iterable[Attribute]) -> Document:
    listed = [attribute for attribute in attributes if not attribute.hidden]
    properties = {attribute.name: dict(attribute.type.answer_schema) for attribute in listed}
    return object_of(properties, [attribute.name for attribute in listed if not attribute.guarded])


def _accepted(attributes: Iterable[Attribute], method: str) -> Document:
    chosen = [
        attribute for attribute in attributes if (attribute.post if method == "POST" else attribute.put)
    ]
    properties = {attribute.name: _described(attribute, attribute.type.schema) for attribute in chosen}
    required = [attribute.name for attribute in chosen if attribute.required and method == "POST"]
    return object_of(properties, required)


def _filter_schema(attribute: Attribute) -> Document:
    """Say what a filter accepts; a query string has only text."""
    if attribute.name == "fixed_ips":
        return TEXT | {"pattern": "^(subnet_id|ip_address|ip_address_substr)=[0-9a-f.:-]+$"}
    if attribute.post or attribute.put:
        return dict(attribute.type.schema)
    return TEXT


def _filters(attributes: Sequence[Attribute], stored: bool) -> list[Document]:
    filters = [
        parameter(attribute.name, "query", array_of(_filter_schema(attribute), MAX_FILTER_VALUES))
        for attribute in attributes
        if attribute.filter
    ]
    if stored:
        time = {"type": "string", "format": "date-time", "maxLength": TEXT_LENGTH}
        filters.append(parameter("changed_since", "query", time))
    tags = stored and any(attribute.name == "tags" for attribute in attributes)
    names = ("tags", "tags-any", "not-tags", "not-tags-any") if tags else ()
    listed = {"type": "string", "maxLength": MAX_TAG_LIST}
    filters += [parameter(name, "query", listed) for name in names]
    return [*filters, parameter("fields", "query", array_of(TEXT, MAX_FIELDS))]


def _paging() -> list[Document]:
    return [
        parameter("limit", "query", {"type": "integer", "minimum": 0, "maximum": MAX_LIMIT}),
        parameter("marker", "query", TEXT),
        parameter("page_reverse", "query", TEXT),
        parameter("sort_key", "query", array_of(TEXT, MAX_SORT_KEYS)),
        parameter("sort_dir", "query", array_of({"enum": ["asc", "desc"]}, MAX_SORT_KEYS)),
    ]


def _listed(plural: str, item: Document) -> Document:
    # Which fields an item has is the client's choice (`fields`).
    part = {**item, "required": []}
    return object_of({plural: array_of(part), f"{plural}_links": LINKS}, [plural])


def _collection_paths(collection: Collection) -> Document:
    plural, singular, attributes = collection.plural, collection.singular, collection.attributes
    shown = {"$ref": f"#/components/schemas/{singular}"}
    created = {"$ref": f"#/components/schemas/new_{singular}"}
    changed = {"$ref": f"#/components/schemas/changed_{singular}"}
    one, several = object_of({singular: shown}, [singular]), object_of({plural: array_of(shown)}, [plural])
    asked = {
        "anyOf": [
            object_of({singular: created}, [singular], closed=False),
            object_of({plural: array_of(created, MAX_BULK) | {"minItems": 1}}, [plural], closed=False),
        ]
    }
    part = object_of({singular: {**_shown(attributes), "required": []}}, [singular])
    fields = _filters(attributes, stored=False)[-1]
    return (
        {
            f"/v2.0/{collection.path}": {
                "get": operation(
                    f"list_{plural}",
                    200,
                    _listed(plural, _shown(attributes)),
                    READ_ERRORS,
                    [*_filters(attributes, stored=True), *_paging()],
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
        | _member_paths(collection.path, collection.singular, collection.members)
        | _action_paths(collection, one)
        | (_tag_paths(collection.path, singular) if collection.has_tags else {})
    )


def _member_paths(path: str, singular: str, names: Iterable[str]) -> Document:
    return {
        f"/v2.0/{path}/{{id}}/{name}": {
            "parameters": [RESOURCE_ID],
            "get": operation(
                f"show_{singular}_{name}",
                200,
                object_of({name: {"type": "object"}}, [name]),
                READ_ERRORS,
            ),
        }
        for name in names
    }


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
                _accepted(action.attributes, "POST"),
            ),
        }
        for name, action in collection.actions.items()
    }


def _tag_paths(name: str, singular: str) -> Document:
    tag = {"type": "string", "maxLength": MAX_TAG_LENGTH, "pattern": "^[^/\u0000]+$"}
    tags = object_of({"tags": array_of(dict(TAG.schema), MAX_TAGS)}, ["tags"])
    path = f"/v2.0/{name}/{{id}}/tags"
    return {
        path: {
            "parameters": [RESOURCE_ID],
            "get": operation(f"list_{singular}_tags", 200, tags, READ_ERRORS),
            "put": operation(f"replace_{singular}_tags", 200, tags, WRITE_ERRORS, [IF_MATCH], tags),
            "delete": operation(f"remove_{singular}_tags", 204, None, WRITE_ERRORS, [IF_MATCH]),
        },
        f"{path}/{{tag}}": {
            "parameters": [RESOURCE_ID, parameter("tag", "path", tag, required=True)],
            "get": operation(f"has_{singular}_tag", 204, None, READ_ERRORS),
            "put": operation(f"add_{singular}_tag", 201, None, WRITE_ERRORS, [IF_MATCH]),
            "delete": operation(f"remove_{singular}_tag", 204, None, WRITE_ERRORS, [IF_MATCH]),
        },
    }


def _binding_paths() -> Document:
    attributes, none = port_bindings.ATTRIBUTES, object_of({}, closed=False)
    shown = _shown(attributes)
    one = object_of({"binding": shown}, ["binding"])
    part = object_of({"binding": {**shown, "required": []}}, ["binding"])
    fields = _filters(attributes, stored=False)
    asked, changed = (
        object_of({"binding": _accepted(attributes, method)}, ["binding"], closed=False)
        for method in ("POST", "PUT")
    )
    path = "/v2.0/ports/{id}/bindings"
    host = parameter("host", "path", TEXT | {"minLength": 1, "pattern": "^[^/\u0000]+$"}, required=True)
    return {
        path: {
            "parameters": [RESOURCE_ID],
            "get": operation("list_bindings", 200, _listed("bindings", shown), READ_ERRORS, fields),
            "post": operation("create_binding", 201, one, WRITE_ERRORS, [IF_MATCH], asked),
        },
        f"{path}/{{host}}": {
            "parameters": [RESOURCE_ID, host],
            "get": operation("show_binding", 200, part, READ_ERRORS, fields[-1:]),
            "put": operation("update_binding", 200, one, WRITE_ERRORS, [IF_MATCH], changed),
            "delete": operation("delete_binding", 204, None, WRITE_ERRORS, [IF_MATCH]),
        },
        f"{path}/{{host}}/activate": {
            "parameters": [RESOURCE_ID, host],
            "put": operation("activate_binding", 200, shown, WRITE_ERRORS, [IF_MATCH], none),
        },
    }


def _read_only_paths(path: str, collection: ReadOnlyCollection) -> Document:
    item = {**_shown(collection.attributes), "required": []}
    fields = _filters(collection.attributes, stored=False)[-1]
    return {
        f"/v2.0/{path}": {
            "get": operation(
                f"list_{collection.plural}", 200, _listed(collection.plural, item), READ_ERRORS, [fields]
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
    } | _read_only_member_paths(path, collection)


def _read_only_member_paths(path: str, collection: ReadOnlyCollection) -> Document:
    return {
        f"/v2.0/{path}/{{id}}/{name}": {
            "parameters": [RESOURCE_ID],
            "get": operation(
                f"show_{collection.singular}_{name}",
                200,
                member.answer,
                READ_ERRORS,
                [parameter(name, "query", schema) for name, schema in member.parameters],
            ),
        }
        for name, member in collection.members.items()
    }


def _deletion(collection: ReadOnlyCollection) -> Document:
    if collection.delete is None:
        return {}
    return {"delete": operation(f"delete_{collection.singular}", 204, None, WRITE_ERRORS)}


def _quota_paths(names: Sequence[str]) -> Document:
    limit = {"type": "integer", "minimum": UNLIMITED, "maximum": 2**31 - 1}
    limits = object_of(dict.fromkeys(names, limit))
    every = object_of({"quotas": array_of({"type": "object"})}, ["quotas"])
    one = object_of({"quota": limits}, ["quota"], closed=False)
    ways = dict.fromkeys(WAYS, BOOLEAN.schema)
    asked = object_of({"quota": object_of(dict.fromkeys(names, limit) | ways)}, ["quota"], closed=False)
    used = object_of({name: {"type": "integer"} for name in ("limit", "used", "reserved")})
    details = object_of({"quota": object_of(dict.fromkeys(names, used))}, ["quota"])
    project = parameter("project_id", "path", TEXT | {"minLength": 1}, required=True)
    own = object_of({"tenant": object_of(dict.fromkeys(("tenant_id", "project_id"), TEXT))}, ["tenant"])
    return {
        "/v2.0/quotas": {"get": operation("list_quotas", 200, every, READ_ERRORS)},
        "/v2.0/quotas/tenant": {"get": operation("own_tenant", 200, own, READ_ERRORS)},
        "/v2.0/quotas/project": {"get": operation("own_project", 200, own, READ_ERRORS)},
        "/v2.0/quotas/{project_id}": {
            "parameters": [project],
            "get": operation("show_quota", 200, one, READ_ERRORS),
            "put": operation("update_quota", 200, one, WRITE_ERRORS, body=asked),
            "delete": operation("delete_quota", 204, None, WRITE_ERRORS),
        },
        "/v2.0/quotas/{project_id}/default": {
            "parameters": [project],
            "get": operation("default_quota", 200, one, READ_ERRORS),
        },
        "/v2.0/quotas/{project_id}/details": {
            "parameters": [project],
            "get": operation("quota_details", 200, details, READ_ERRORS),
        },
    }


def _discovery_paths() -> Document:
    anything = {"type": "object"}
    alias = parameter("alias", "path", TEXT | {"pattern": "^[0-9A-Za-z_-]+$"}, required=True)
    status = object_of({"status": TEXT, "reasons": array_of(TEXT)}, ["status"])
    ready = operation("readyz", 200, status, ())
    missing = {"description": "What is missing.", "content": {"application/json": {"schema": status}}}
    ready["responses"]["503"] = missing
    return {
        "/healthz": {"get": operation("healthz", 200, status, ())},
        "/readyz": {"get": ready},
        "/": {
            "get": operation("versions", 200, object_of({"versions": array_of(anything)}, ["versions"]), ())
        },
        "/v2.0": {
            "get": operation(
                "resources", 200, object_of({"resources": array_of(anything)}, ["resources"]), ()
            )
        },
        "/v2.0/extensions": {
            "get": operation(
                "list_extensions", 200, object_of({"extensions": array_of(anything)}, ["extensions"]), ()
            )
        },
        "/v2.0/extensions/{alias}": {
            "parameters": [alias],
            "get": operation(
                "show_extension", 200, object_of({"extension": anything}, ["extension"]), (404,)
            ),
        },
    }


def _schemas(collections: Iterable[Collection]) -> Document:
    schemas: Document = {"Error": ERROR}
    for collection in collections:
        schemas[collection.singular] = _shown(collection.attributes)
        schemas[f"new_{collection.singular}"] = _accepted(collection.attributes, "POST")
        schemas[f"changed_{collection.singular}"] = _accepted(collection.attributes, "PUT")
    return schemas


@lru_cache
def document(registry: Registry) -> Document:
    """Make the document of an API that has these collections."""
    collections = registry.collections.values()
    paths = _discovery_paths() | _quota_paths([collection.singular for collection in collections])
    for collection in collections:
        paths |= _collection_paths(collection)
    if PORTS.path in registry.collections:
        paths |= _binding_paths() | explain.described()
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
