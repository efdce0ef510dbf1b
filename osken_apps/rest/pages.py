"""Pages that the database cuts, so that of a long list no more is read than is shown."""

from collections.abc import Iterator, Set
from dataclasses import replace
from typing import Any

from osken_apps.rest.collection import Collection
from osken_apps.rest.listing import Query
from osken_apps.store.selection import Among, Page
from osken_apps.store.view import View

A_STRETCH = 1000  # ids that are read at once where not all of them are seen


def page_of_all(view: View, collection: Collection, query: Query) -> list[Any]:
    """Read a page for one who sees everything. Raises NotFound for a marker that is not in the list."""
    _require_marker(view, collection, query)
    return view.find(collection.kind.model, *query.conditions, page=query.page)


def page_of_seen(view: View, collection: Collection, query: Query, page: Page, seen: Set[str]) -> list[Any]:
    """Read a page of those of which the ids are given: only ids of others are read.

    Raises NotFound for a marker that is not in the list.
    """
    if query.marker and query.marker not in seen:
        raise collection.not_found(query.marker)
    _require_marker(view, collection, query)
    found: list[str] = []
    for stretch in _stretches(view, collection, query, page):
        of_these = [id for id in stretch if id in seen]
        found = [*of_these, *found] if page.backwards else [*found, *of_these]
        if len(found) >= page.limit:
            break
    shown = found[-page.limit :] if page.backwards else found[: page.limit]
    read = {resource.id: resource for resource in view.find(collection.kind.model, Among("id", tuple(shown)))}
    return [read[id] for id in shown if id in read]


def _stretches(view: View, collection: Collection, query: Query, page: Page) -> Iterator[list[str]]:
    """Give the ids of the list from the marker on, or before it, a stretch at a time."""
    kind, marker = collection.kind.model, page.marker
    while ids := view.ids(kind, *query.conditions, page=replace(page, limit=A_STRETCH, marker=marker)):
        yield ids
        marker = ids[0 if page.backwards else -1]


def _require_marker(view: View, collection: Collection, query: Query) -> None:
    marker = Among("id", (query.marker,))
    if query.marker and not view.find(collection.kind.model, *query.conditions, marker):
        raise collection.not_found(query.marker)
