"""The words of the OpenAPI document: objects, arrays, parameters, operations and their answers. PURE."""

from collections.abc import Iterable, Sequence
from typing import Any

from osken_apps.rest.request import MAX_BODY_BYTES, MAX_DEPTH
from osken_apps.rest.types import TEXT_LENGTH

Document = dict[str, Any]

ERRORS = {
    400: "The request breaks a rule; the message names the attribute and the value.",
    401: "Nobody that is believed says who asks.",
    403: "The policy refuses the request.",
    404: "The resource does not exist.",
    405: "The resource cannot be changed so.",
    409: "The request contradicts what is.",
    412: "The resource has another revision than If-Match says.",
    413: "The body is longer than any request needs.",
    414: "The query string is longer than any list needs.",
    415: "The body is not application/json.",
    421: "The request is for a name that is not this API's.",
    429: "Too many passwords wait to be checked.",
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
BODY_BOUNDS = f"At most {MAX_BODY_BYTES} octets, and {MAX_DEPTH} objects and arrays within each other."
LINK: Document = {
    "type": "object",
    "required": ["rel", "href"],
    "properties": {"rel": {"enum": ["next", "previous", "self"]}, "href": {"type": "string"}},
}
LINKS: Document = {"type": "array", "items": LINK}
WRITE_ERRORS = (400, 401, 403, 404, 409, 412, 413, 415, 421, 429, 503)
READ_ERRORS = (400, 401, 403, 404, 414, 421, 429, 503)


def object_of(properties: Document, required: Sequence[str] = (), closed: bool = True) -> Document:
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


def operation(
    name: str,
    status: int,
    schema: Document | None,
    errors: Iterable[int],
    parameters: Sequence[Document] = (),
    body: Document | None = None,
) -> Document:
    described: Document = {
        "operationId": name,
        "parameters": list(parameters),
        "responses": _responses(status, schema, errors),
    }
    if body is not None:
        described["requestBody"] = {
            "description": BODY_BOUNDS,
            "required": True,
            "content": _json(body),
        }
    return described


def parameter(name: str, place: str, schema: Document, required: bool = False) -> Document:
    """Describe a parameter of a path, query or header."""
    described: Document = {"name": name, "in": place, "schema": schema, "required": required}
    if place == "query" and schema.get("type") == "array":
        described |= {"style": "form", "explode": True}
    return described


RESOURCE_ID = parameter(
    "id", "path", {"type": "string", "maxLength": 255, "pattern": "^[0-9A-Za-z-]+$"}, required=True
)
A_REVISION = "revision_number=[0-9]{1,9}"
REVISION = {"type": "string", "maxLength": 27, "pattern": f'^({A_REVISION}|"{A_REVISION}"|[*])?$'}
IF_MATCH = parameter("If-Match", "header", REVISION)
TEXT = {"type": "string", "maxLength": TEXT_LENGTH}


def array_of(items: Document, most: int | None = None) -> Document:
    """Describe an array of at most `most` items."""
    array: Document = {"type": "array", "items": items}
    return array if most is None else array | {"maxItems": most}
