"""The OpenAPI document of the API, made of the declarations that validate and render. PURE."""

from collections.abc import Iterable, Sequence
from typing import Any

from osken_apps.rest.collections import COLLECTIONS, Collection
from osken_apps.rest.declarations import ABSENT, LONGEST_TAG, TAG, Attribute
from osken_apps.rest.derived import DERIVED, Derived
from osken_apps.rest.quotas import KINDS, UNLIMITED

Document = dict[str, Any]

ERRORS = {
    400: "The request breaks a rule; the message names the attribute and the value.",
    403: "The policy refuses the request.",
    404: "The resource does not exist.",
    409: "The request contradicts what is.",
    412: "The resource has another revision than If-Match says.",
    503: "The database or a pool cannot serve the request now.",
}
ERROR: Document = {
    "type": "object",
    "required": ["NeutronError"],
    "properties": {
        "NeutronError": {
            "type": "object",
            "required": ["type", "message", "detail"],
            "properties": {
                "type": {"type": "string"},
                "message": {"type": "string"},
                "detail": {"type": "string"},
            },
        }
    },
}
LINK: Document = {
    "type": "object",
    "required": ["rel", "href"],
    "properties": {"rel": {"enum": ["next", "previous", "self"]}, "href": {"type": "string"}},
}
LINKS: Document = {"type": "array", "items": LINK}
WRITE_ERRORS = (400, 403, 404, 409, 412, 503)
READ_ERRORS = (400, 403, 404, 503)


def _object(properties: Document, required: Sequence[str] = (), closed: bool = True) -> Document:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": not closed,
    }


def _json(schema: Document) -> Document:
    return {"application/json": {"schema": schema}}


def _responses(status: int, schema: Document | None, errors: Iterable[int]) -> Document:
    header = {"X-Openstack-Request-Id": {"schema": {"type": "string"}, "required": True}}
    success: Document = {"description": "Done.", "headers": header}
    if schema is not None:
        success["content"] = _json(schema)
    error = {"$ref": "#/components/schemas/Error"}
    told = {
        str(code): {"description": ERRORS[code], "headers": header, "content": _json(error)}
        for code in errors
    }
    return {str(status): success} | told


def _operation(
    name: str,
    status: int,
    schema: Document | None,
    errors: Iterable[int],
    parameters: Sequence[Document] = (),
    body: Document | None = None,
) -> Document:
    operation: Document = {
        "operationId": name,
        "parameters": list(parameters),
        "responses": _responses(status, schema, errors),
    }
    if body is not None:
        operation["requestBody"] = {"required": True, "content": _json(body)}
    return operation


def _parameter(name: str, place: str, schema: Document, required: bool = False) -> Document:
    parameter: Document = {"name": name, "in": place, "schema": schema, "required": required}
    if place == "query" and schema.get("type") == "array":
        parameter |= {"style": "form", "explode": True}
    return parameter


RESOURCE_ID = _parameter("id", "path", {"type": "string", "pattern": "^[0-9A-Za-z-]+$"}, required=True)
IF_MATCH = _parameter("If-Match", "header", {"type": "string", "pattern": "^(revision_number=[0-9]{1,9})?$"})


def _described(attribute: Attribute, schema: Any) -> Document:
    document = dict(schema)
    if attribute.default is not ABSENT and attribute.default != () and attribute.post:
        document["default"] = attribute.default
    return document


def _shown(attributes: Iterable[Attribute]) -> Document:
    listed = [attribute for attribute in attributes if not attribute.hidden]
    properties = {attribute.name: dict(attribute.type.answer_schema) for attribute in listed}
    return _object(properties, [attribute.name for attribute in listed if not attribute.guarded])


def _accepted(attributes: Iterable[Attribute], method: str) -> Document:
    chosen = [
        attribute for attribute in attributes if (attribute.post if method == "POST" else attribute.put)
    ]
    properties = {attribute.name: _described(attribute, attribute.type.schema) for attribute in chosen}
    required = [attribute.name for attribute in chosen if attribute.required and method == "POST"]
    return _object(properties, required)


def _array(items: Document) -> Document:
    return {"type": "array", "items": items}


def _filter_schema(attribute: Attribute) -> Document:
    """Say what a filter accepts; a query string has only text."""
    if attribute.name == "fixed_ips":
        return {"type": "string", "pattern": "^(subnet_id|ip_address|ip_address_substr)=[0-9a-f.:-]+$"}
    if attribute.post or attribute.put:
        return dict(attribute.type.schema)
    return {"type": "string"}


def _filters(attributes: Sequence[Attribute], tags: bool) -> list[Document]:
    filters = [
        _parameter(attribute.name, "query", _array(_filter_schema(attribute)))
        for attribute in attributes
        if attribute.filter
    ]
    if tags:
        filters.append(_parameter("changed_since", "query", {"type": "string", "format": "date-time"}))
    names = ("tags", "tags-any", "not-tags", "not-tags-any") if tags else ()
    filters += [_parameter(name, "query", {"type": "string"}) for name in names]
    return [*filters, _parameter("fields", "query", _array({"type": "string"}))]


def _paging() -> list[Document]:
    return [
        _parameter("limit", "query", {"type": "integer", "minimum": 0, "maximum": 999_999_999}),
        _parameter("marker", "query", {"type": "string"}),
        _parameter("page_reverse", "query", {"type": "string"}),
    ]


def _listed(plural: str, item: Document) -> Document:
    # Which fields an item has is the client's choice (`fields`).
    part = {**item, "required": []}
    return _object({plural: _array(part), f"{plural}_links": LINKS}, [plural])


def _collection_paths(collection: Collection) -> Document:
    plural, singular, attributes = collection.plural, collection.singular, collection.attributes
    shown = {"$ref": f"#/components/schemas/{singular}"}
    created = {"$ref": f"#/components/schemas/new_{singular}"}
    changed = {"$ref": f"#/components/schemas/changed_{singular}"}
    one, several = _object({singular: shown}, [singular]), _object({plural: _array(shown)}, [plural])
    asked = {
        "anyOf": [
            _object({singular: created}, [singular], closed=False),
            _object({plural: _array(created) | {"minItems": 1}}, [plural], closed=False),
        ]
    }
    part = _object({singular: {**_shown(attributes), "required": []}}, [singular])
    fields = _filters(attributes, tags=False)[-1]
    return {
        f"/v2.0/{plural}": {
            "get": _operation(
                f"list_{plural}",
                200,
                _listed(plural, _shown(attributes)),
                READ_ERRORS,
                [*_filters(attributes, tags=True), *_paging()],
            ),
            "post": _operation(
                f"create_{singular}", 201, {"oneOf": [one, several]}, WRITE_ERRORS, body=asked
            ),
        },
        f"/v2.0/{plural}/{{id}}": {
            "parameters": [RESOURCE_ID],
            "get": _operation(f"show_{singular}", 200, part, READ_ERRORS, [fields]),
            "put": _operation(
                f"update_{singular}",
                200,
                one,
                WRITE_ERRORS,
                [IF_MATCH],
                _object({singular: changed}, [singular], closed=False),
            ),
            "delete": _operation(f"delete_{singular}", 204, None, WRITE_ERRORS, [IF_MATCH]),
        },
    } | _tag_paths(plural, singular)


def _tag_paths(plural: str, singular: str) -> Document:
    tag = {"type": "string", "maxLength": LONGEST_TAG, "pattern": "^[^/\u0000]+$"}
    tags = _object({"tags": _array(dict(TAG.schema))}, ["tags"])
    path = f"/v2.0/{plural}/{{id}}/tags"
    return {
        path: {
            "parameters": [RESOURCE_ID],
            "get": _operation(f"list_{singular}_tags", 200, tags, READ_ERRORS),
            "put": _operation(f"replace_{singular}_tags", 200, tags, WRITE_ERRORS, [IF_MATCH], tags),
            "delete": _operation(f"remove_{singular}_tags", 204, None, WRITE_ERRORS, [IF_MATCH]),
        },
        f"{path}/{{tag}}": {
            "parameters": [RESOURCE_ID, _parameter("tag", "path", tag, required=True)],
            "get": _operation(f"has_{singular}_tag", 204, None, READ_ERRORS),
            "put": _operation(f"add_{singular}_tag", 201, None, WRITE_ERRORS, [IF_MATCH]),
            "delete": _operation(f"remove_{singular}_tag", 204, None, WRITE_ERRORS, [IF_MATCH]),
        },
    }


def _derived_paths(path: str, collection: Derived) -> Document:
    item = {**_shown(collection.attributes), "required": []}
    fields = _filters(collection.attributes, tags=False)[-1]
    return {
        f"/v2.0/{path}": {
            "get": _operation(
                f"list_{collection.plural}", 200, _listed(collection.plural, item), READ_ERRORS, [fields]
            )
        },
        f"/v2.0/{path}/{{id}}": {
            "parameters": [RESOURCE_ID],
            "get": _operation(
                f"show_{collection.singular}",
                200,
                _object({collection.singular: item}, [collection.singular]),
                READ_ERRORS,
                [fields],
            ),
        },
    }


def _quota_paths() -> Document:
    limit = {"type": "integer", "minimum": UNLIMITED, "maximum": 2**31 - 1}
    limits = _object(dict.fromkeys(KINDS, limit))
    every = _object({"quotas": _array({"type": "object"})}, ["quotas"])
    one = _object({"quota": limits}, ["quota"], closed=False)
    used = _object({name: {"type": "integer"} for name in ("limit", "used", "reserved")})
    details = _object({"quota": _object(dict.fromkeys(KINDS, used))}, ["quota"])
    project = _parameter("id", "path", {"type": "string", "minLength": 1}, required=True)
    return {
        "/v2.0/quotas": {"get": _operation("list_quotas", 200, every, READ_ERRORS)},
        "/v2.0/quotas/{id}": {
            "parameters": [project],
            "get": _operation("show_quota", 200, one, READ_ERRORS),
            "put": _operation("update_quota", 200, one, WRITE_ERRORS, body=one),
            "delete": _operation("delete_quota", 204, None, WRITE_ERRORS),
        },
        "/v2.0/quotas/{id}/default": {
            "parameters": [project],
            "get": _operation("default_quota", 200, one, READ_ERRORS),
        },
        "/v2.0/quotas/{id}/details": {
            "parameters": [project],
            "get": _operation("quota_details", 200, details, READ_ERRORS),
        },
    }


def _discovery_paths() -> Document:
    anything = {"type": "object"}
    alias = _parameter("alias", "path", {"type": "string", "pattern": "^[0-9A-Za-z_-]+$"}, required=True)
    return {
        "/": {"get": _operation("versions", 200, _object({"versions": _array(anything)}, ["versions"]), ())},
        "/v2.0": {
            "get": _operation("resources", 200, _object({"resources": _array(anything)}, ["resources"]), ())
        },
        "/v2.0/extensions": {
            "get": _operation(
                "list_extensions", 200, _object({"extensions": _array(anything)}, ["extensions"]), ()
            )
        },
        "/v2.0/extensions/{alias}": {
            "parameters": [alias],
            "get": _operation("show_extension", 200, _object({"extension": anything}, ["extension"]), (404,)),
        },
    }


def _schemas() -> Document:
    schemas: Document = {"Error": ERROR}
    for collection in COLLECTIONS.values():
        schemas[collection.singular] = _shown(collection.attributes)
        schemas[f"new_{collection.singular}"] = _accepted(collection.attributes, "POST")
        schemas[f"changed_{collection.singular}"] = _accepted(collection.attributes, "PUT")
    return schemas


def document() -> Document:
    """Make the document."""
    paths = _discovery_paths() | _quota_paths()
    for collection in COLLECTIONS.values():
        paths |= _collection_paths(collection)
    for path, derived in DERIVED.items():
        paths |= _derived_paths(path, derived)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "osken-apps: Networking API v2.0",
            "version": "v2.0",
            "description": "Networks, subnets and ports of Open vSwitch hosts, compatible with Neutron.",
        },
        "paths": paths,
        "components": {"schemas": _schemas()},
    }


DOCUMENT = document()
