"""The OpenAPI document of the API, made of the declarations that validate and render. PURE."""

from collections.abc import Iterable, Sequence
from typing import Any

from osken_apps.rest.attributes import TEXT_LENGTH
from osken_apps.rest.collections import COLLECTIONS, Collection
from osken_apps.rest.declarations import ABSENT, MAX_TAG_LENGTH, MAX_TAGS, TAG, Attribute
from osken_apps.rest.derived import DERIVED, Derived
from osken_apps.rest.listing import MAX_FIELDS, MAX_FILTER_VALUES, MAX_LIMIT, MAX_SORT_KEYS, MAX_TAG_LIST
from osken_apps.rest.quotas import KINDS, UNLIMITED
from osken_apps.rest.validation import MAX_BULK

Document = dict[str, Any]

ERRORS = {
    400: "The request breaks a rule; the message names the attribute and the value.",
    401: "No trusted proxy says who asks.",
    403: "The policy refuses the request.",
    404: "The resource does not exist.",
    405: "The resource cannot be changed so.",
    409: "The request contradicts what is.",
    412: "The resource has another revision than If-Match says.",
    413: "The body is longer than any request needs.",
    414: "The query string is longer than any list needs.",
    415: "The body is not application/json.",
    421: "The request is for a name that is not this API's.",
    503: "The database or a pool cannot serve the request now.",
}
# The server refuses it before the application sees it, in words instead of JSON.
TOO_LONG_TO_READ: Document = {
    "431": {
        "description": "The header with the query string is longer than is read.",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    }
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
WRITE_ERRORS = (400, 401, 403, 404, 409, 412, 413, 415, 421, 503)
READ_ERRORS = (400, 401, 403, 404, 414, 421, 503)


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
    return {str(status): success} | told | (TOO_LONG_TO_READ if "414" in told else {})


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


RESOURCE_ID = _parameter(
    "id", "path", {"type": "string", "maxLength": 255, "pattern": "^[0-9A-Za-z-]+$"}, required=True
)
REVISION = {"type": "string", "maxLength": 25, "pattern": "^(revision_number=[0-9]{1,9})?$"}
IF_MATCH = _parameter("If-Match", "header", REVISION)
TEXT = {"type": "string", "maxLength": TEXT_LENGTH}


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


def _array(items: Document, most: int | None = None) -> Document:
    array: Document = {"type": "array", "items": items}
    return array if most is None else array | {"maxItems": most}


def _filter_schema(attribute: Attribute) -> Document:
    """Say what a filter accepts; a query string has only text."""
    if attribute.name == "fixed_ips":
        return TEXT | {"pattern": "^(subnet_id|ip_address|ip_address_substr)=[0-9a-f.:-]+$"}
    if attribute.post or attribute.put:
        return dict(attribute.type.schema)
    return TEXT


def _filters(attributes: Sequence[Attribute], tags: bool) -> list[Document]:
    filters = [
        _parameter(attribute.name, "query", _array(_filter_schema(attribute), MAX_FILTER_VALUES))
        for attribute in attributes
        if attribute.filter
    ]
    if tags:
        time = {"type": "string", "format": "date-time", "maxLength": TEXT_LENGTH}
        filters.append(_parameter("changed_since", "query", time))
    names = ("tags", "tags-any", "not-tags", "not-tags-any") if tags else ()
    listed = {"type": "string", "maxLength": MAX_TAG_LIST}
    filters += [_parameter(name, "query", listed) for name in names]
    return [*filters, _parameter("fields", "query", _array(TEXT, MAX_FIELDS))]


def _paging() -> list[Document]:
    return [
        _parameter("limit", "query", {"type": "integer", "minimum": 0, "maximum": MAX_LIMIT}),
        _parameter("marker", "query", TEXT),
        _parameter("page_reverse", "query", TEXT),
        _parameter("sort_key", "query", _array(TEXT, MAX_SORT_KEYS)),
        _parameter("sort_dir", "query", _array({"enum": ["asc", "desc"]}, MAX_SORT_KEYS)),
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
            _object({plural: _array(created, MAX_BULK) | {"minItems": 1}}, [plural], closed=False),
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
    tag = {"type": "string", "maxLength": MAX_TAG_LENGTH, "pattern": "^[^/\u0000]+$"}
    tags = _object({"tags": _array(dict(TAG.schema), MAX_TAGS)}, ["tags"])
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
        }
        | _deletion(collection),
    }


def _deletion(collection: Derived) -> Document:
    if collection.delete is None:
        return {}
    return {"delete": _operation(f"delete_{collection.singular}", 204, None, WRITE_ERRORS)}


def _quota_paths() -> Document:
    limit = {"type": "integer", "minimum": UNLIMITED, "maximum": 2**31 - 1}
    limits = _object(dict.fromkeys(KINDS, limit))
    every = _object({"quotas": _array({"type": "object"})}, ["quotas"])
    one = _object({"quota": limits}, ["quota"], closed=False)
    used = _object({name: {"type": "integer"} for name in ("limit", "used", "reserved")})
    details = _object({"quota": _object(dict.fromkeys(KINDS, used))}, ["quota"])
    project = _parameter("id", "path", TEXT | {"minLength": 1}, required=True)
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
    alias = _parameter("alias", "path", TEXT | {"pattern": "^[0-9A-Za-z_-]+$"}, required=True)
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
