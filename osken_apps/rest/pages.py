"""What of a list is read: of pages that the database cuts, no more than is shown."""

from collections.abc import Iterator, Set
from dataclasses import replace
from typing import Any

from osken_apps.rest.collection import Collection
from osken_apps.rest.listing import Query
from osken_apps.store.selection import Among, Page
from osken_apps.store.view import View

A_STRETCH = 1000  # ids that are read at once where not all of them are seen


def whole_list(view: View, collection: Collection, query: Query, *named: Among) -> list[Any]:
    """Read what may be in a list, of those that are `named`; also what its page begins behind."""
    found: list[Any] = view.find(collection.kind.model, *query.conditions, *named)
    if query.marker and all(resource.id != query.marker for resource in found):
        found += view.find(collection.kind.model, _marker(query))
    return found


def page_of_all(view: View, collection: Collection, query: Query) -> list[Any]:
    """Read a page for one who sees everything. Raises NotFound for a marker that is not there."""
    _require_marker(view, collection, query)
    return view.find(collection.kind.model, *query.conditions, page=query.page)


def page_of_seen(view: View, collection: Collection, query: Query, page: Page, seen: Set[str]) -> list[Any]:
    """Read a page of those of which the ids are given: only ids of others are read.

    Raises NotFound for a marker that is none of those.
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
    """See that the marker is there, whether or not a filter would find it now. Raises NotFound."""
    if query.marker and not view.find(collection.kind.model, _marker(query)):
        raise collection.not_found(query.marker)


def _marker(query: Query) -> Among:
    return Among("id", (query.marker,))
