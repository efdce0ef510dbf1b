"""Queries that are no list's: their parameters are declared, and each may be there once. PURE."""

from collections.abc import Iterable, Sequence

from osken_apps.errors import HTTPBadRequest
from osken_apps.rest.openapi.words import Document
from osken_apps.rest.types import TEXT_LENGTH

Parameters = Sequence[tuple[str, Document]]  # by name, with their schemas


def asked_of(declared: Parameters, sent: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Give what a query asks, by name; what it does not ask is empty.

    Raises HTTPBadRequest for what is not declared, is there twice, is too long or is none of its values.
    """
    schemas = dict(declared)
    asked: dict[str, str] = {}
    for name, value in sent:
        if name not in schemas or name in asked:
            raise HTTPBadRequest(f"[{name!r}] is not a parameter of this, or is there twice")
        if len(value) > TEXT_LENGTH:
            raise HTTPBadRequest(f"Invalid input for {name}. Reason: it is longer than {TEXT_LENGTH}.")
        is_text = schemas[name].get("type") == "string" and "format" not in schemas[name]
        if value not in schemas[name].get("enum", [value]) or not (value or is_text):
            raise HTTPBadRequest(f"Invalid input for {name}. Reason: '{value}' is not one of its values.")
        asked[name] = value
    return dict.fromkeys(schemas, "") | asked
