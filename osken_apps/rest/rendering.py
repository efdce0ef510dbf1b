"""Resources as JSON objects. PURE."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from osken_apps.rest.attribute import Attribute, RenderContext

RESOURCES_A_PART = 500


@dataclass(frozen=True, slots=True)
class JsonText:
    """JSON that is text already, in parts: a long list takes the room of its text and not of its objects."""

    parts: tuple[bytes, ...]


def rendered(attributes: Sequence[Attribute], resource: Any, context: RenderContext) -> dict[str, Any]:
    """Give a resource as JSON."""
    return _together(attributes, (resource,), context)[0]


def rendered_list(
    attributes_of: Callable[[Any], tuple[Attribute, ...]], resources: Iterable[Any], context: RenderContext
) -> list[dict[str, Any]]:
    """Give resources as JSON, each with its own attributes."""
    bodies = []
    for attributes, group in groupby(resources, attributes_of):
        bodies += _together(attributes, tuple(group), context)
    return bodies


def encoded_list(
    attributes_of: Callable[[Any], tuple[Attribute, ...]], resources: Sequence[Any], context: RenderContext
) -> JsonText:
    """Give resources as the text of a JSON array, each with its own attributes."""
    parts = []
    for start in range(0, len(resources), RESOURCES_A_PART):
        bodies = rendered_list(attributes_of, resources[start : start + RESOURCES_A_PART], context)
        parts += [b",", json_text(bodies)[1:-1]]
    return JsonText((b"[", *parts[1:], b"]"))


def json_text(value: Any) -> bytes:
    """Give a value as JSON text."""
    return json.dumps(value, separators=(",", ":")).encode()


def json_parts(body: Any) -> list[bytes]:
    """Give a body as JSON text, in parts; what is text already stays as it is."""
    if not isinstance(body, dict) or not any(isinstance(value, JsonText) for value in body.values()):
        return [json_text(body)]
    parts: list[bytes] = []
    for name, value in body.items():
        parts += [b"," if parts else b"{", json_text(name), b":"]
        parts += value.parts if isinstance(value, JsonText) else (json_text(value),)
    return [*parts, b"}"]


def _together(
    attributes: Sequence[Attribute], resources: Sequence[Any], context: RenderContext
) -> list[dict[str, Any]]:
    attributes = [attribute for attribute in attributes if not attribute.hidden]
    if not attributes:
        return [{} for _ in resources]
    names = [attribute.name for attribute in attributes]
    columns = [attribute.shown_of(resources, context) for attribute in attributes]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def chosen(attributes: Iterable[Attribute], fields: Sequence[str]) -> tuple[Attribute, ...]:
    """Give the attributes that a request names; all if it names none, unknown names count for nothing."""
    return tuple(attribute for attribute in attributes if not fields or attribute.name in fields)
