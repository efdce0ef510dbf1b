"""Resources as JSON objects. PURE."""

from collections.abc import Iterable, Sequence
from typing import Any

from osken_apps.rest.declarations import Attribute, Surroundings


def rendered(attributes: Sequence[Attribute], resource: Any, around: Surroundings) -> dict[str, Any]:
    """Give a resource as JSON."""
    return {attribute.name: attribute.shown(resource, around) for attribute in attributes}


def chosen(attributes: Iterable[Attribute], fields: Sequence[str]) -> tuple[Attribute, ...]:
    """Give the attributes that a request names; all if it names none, unknown names count for nothing."""
    return tuple(
        attribute
        for attribute in attributes
        if not attribute.hidden and (not fields or attribute.name in fields)
    )
