"""Attributes in the words of the OpenAPI document: what is shown, what is taken, what filters. PURE."""

from collections.abc import Iterable, Sequence
from typing import Any

from osken_apps.rest.attribute import ABSENT, Attribute
from osken_apps.rest.listing import (
    MAX_FIELDS,
    MAX_FILTER_VALUES,
    MAX_LIMIT,
    MAX_SORT_KEYS,
    MAX_TAG_LIST,
    SHOWN_AS_TEXT,
)
from osken_apps.rest.openapi.words import LINKS, TEXT, Document, array_of, object_of, parameter
from osken_apps.rest.types import NULL, TEXT_LENGTH

MARKER = (
    "The page begins behind where this one is now: in the order of what changes meanwhile as status,"
    " some may be missing and some come twice."
)


def _with_default(attribute: Attribute, schema: Any) -> Document:
    document = dict(schema)
    if attribute.default is not ABSENT and attribute.default != () and attribute.post:
        document["default"] = attribute.default
    return document


def shown_attributes(attributes: Iterable[Attribute]) -> Document:
    """Give the schema of what is shown with these attributes."""
    listed = [attribute for attribute in attributes if not attribute.hidden]
    properties = {attribute.name: dict(attribute.type.answer_schema) for attribute in listed}
    return object_of(properties, [attribute.name for attribute in listed if not attribute.guarded])


def accepted_attributes(attributes: Iterable[Attribute], method: str) -> Document:
    """Give the schema of what a POST or a PUT takes of these attributes."""
    chosen = [
        attribute for attribute in attributes if (attribute.post if method == "POST" else attribute.put)
    ]
    properties = {attribute.name: _with_default(attribute, attribute.type.schema) for attribute in chosen}
    required = [attribute.name for attribute in chosen if attribute.required and method == "POST"]
    return object_of(properties, required)


def _filter_schema(attribute: Attribute) -> Document:
    """Say what a filter accepts; a query string has only text."""
    if attribute.name == "fixed_ips":
        return TEXT | {"pattern": "^(subnet_id|ip_address|ip_address_substr)=[0-9a-fA-F.:-]+$"}
    schema = attribute.type.filter_schema
    if attribute.name in SHOWN_AS_TEXT or schema is None:
        return TEXT
    if NULL in attribute.type.answer_schema.get("anyOf", ()) and NULL not in schema.get("anyOf", ()):
        return {"anyOf": [schema, NULL]}  # whatever may be shown as null is found by it
    return dict(schema)


def list_parameters(attributes: Sequence[Attribute], stored: bool) -> list[Document]:
    """Give the parameters that filter a list and choose its fields; `fields` is the last."""
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


def page_parameters(attributes: Iterable[Attribute]) -> list[Document]:
    """Give the parameters that order a list of what has these attributes and cut it into pages."""
    keys = {"enum": [attribute.name for attribute in attributes if attribute.sort]}
    return [
        parameter("limit", "query", {"type": "integer", "minimum": 0, "maximum": MAX_LIMIT}),
        parameter("marker", "query", TEXT | {"description": MARKER}),
        parameter("page_reverse", "query", TEXT),
        parameter("sort_key", "query", array_of(keys, MAX_SORT_KEYS)),
        parameter("sort_dir", "query", array_of({"enum": ["asc", "desc"]}, MAX_SORT_KEYS)),
    ]


def listed(plural: str, item: Document) -> Document:
    """Give the schema of a list; which fields an item has is the client's choice (`fields`)."""
    part = {**item, "required": []}
    return object_of({plural: array_of(part), f"{plural}_links": LINKS}, [plural])
