"""What is kept in memory of every resource: what the policy's rules look at, and its state. SHELL.

Resources that are alike share one value, so they are counted by it; values are told apart by what they are
and not by what is in them, which is sooner done.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, false, select

from osken_apps.model.resources import Standard
from osken_apps.store.tables import form


@dataclass(frozen=True, slots=True, eq=False)
class ResourceFacts:
    """What is known of a resource of a kind; the names are those of the resource's own fields.

    A field that the kind lacks has no value. `waits` tells whether a port waits for something.
    """

    kind: type[Standard]
    project_id: str
    status: str = ""
    network_id: str | None = None
    security_group_id: str | None = None
    device_owner: str = ""
    shared: bool = False
    external: bool = False
    waits: bool = False


_OWN = tuple(item.name for item in fields(ResourceFacts) if item.name not in ("kind", "waits"))
WAITS_FOR = "waits_for"


def facts_of(resource: Standard) -> ResourceFacts:
    """Give what is kept of a resource."""
    kind: Any = type(resource)
    names = _names(kind)
    known = tuple(getattr(resource, name) for name in names)
    return _shared(kind, names, known, bool(getattr(resource, WAITS_FOR, "")))


def facts_in(rows: Callable[[Select[Any]], Any], kind: Any) -> Iterator[tuple[str, ResourceFacts]]:
    """Give id and facts of all resources of a kind; `rows` runs a statement."""
    columns = form(kind).table.c
    names = _names(kind)
    waits = columns[WAITS_FOR] != "" if WAITS_FOR in columns else false()
    for id, waiting, *known in rows(select(columns.id, waits, *(columns[name] for name in names))):
        yield id, _shared(kind, names, tuple(known), bool(waiting))


@lru_cache
def _names(kind: Any) -> tuple[str, ...]:
    """Give which fields a kind has."""
    return tuple(name for name in _OWN if name in kind.__dataclass_fields__)


@lru_cache(100_000)
def _shared(kind: Any, names: tuple[str, ...], known: tuple[Any, ...], waits: bool) -> ResourceFacts:
    """Give the one value that all resources share of which the same is known."""
    return ResourceFacts(kind, waits=waits, **dict(zip(names, known, strict=True)))
