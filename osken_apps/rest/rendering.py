"""Resources as JSON objects. PURE."""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any

from osken_apps.rest.declarations import Attribute, Surroundings


def rendered(attributes: Sequence[Attribute], resource: Any, around: Surroundings) -> dict[str, Any]:
    """Give a resource as JSON."""
    return _together(attributes, (resource,), around)[0]


def rendered_list(
    attributes_of: Callable[[Any], tuple[Attribute, ...]], resources: Iterable[Any], around: Surroundings
) -> list[dict[str, Any]]:
    """Give resources as JSON, each with its own attributes."""
    bodies = []
    for attributes, group in groupby(resources, attributes_of):
        bodies += _together(attributes, tuple(group), around)
    return bodies


def _together(
    attributes: Sequence[Attribute], resources: Sequence[Any], around: Surroundings
) -> list[dict[str, Any]]:
    attributes = [attribute for attribute in attributes if not attribute.hidden]
    if not attributes:
        return [{} for _ in resources]
    names = [attribute.name for attribute in attributes]
    columns = [attribute.shown_of(resources, around) for attribute in attributes]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def chosen(attributes: Iterable[Attribute], fields: Sequence[str]) -> tuple[Attribute, ...]:
    """Give the attributes that a request names; all if it names none, unknown names count for nothing."""
    return tuple(attribute for attribute in attributes if not fields or attribute.name in fields)
