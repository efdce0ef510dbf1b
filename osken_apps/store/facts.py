"""What is kept in memory of every resource: what the policy's rules look at, and its state. SHELL.

Resources that are alike share one value, so they can be counted by it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, select

from osken_apps.model.resources import Standard
from osken_apps.store.tables import form


@dataclass(frozen=True, slots=True)
class Facts:
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


_OWN = tuple(item.name for item in fields(Facts) if item.name not in ("kind", "waits"))
WAITS_FOR = "waits_for"


def facts_of(resource: Standard) -> Facts:
    """Give what is kept of a resource."""
    known = {name: getattr(resource, name) for name in _OWN if hasattr(resource, name)}
    return _facts(type(resource), waits=bool(getattr(resource, WAITS_FOR, "")), **known)


def facts_in(rows: Callable[[Select[Any]], Any], kind: type[Standard]) -> Iterator[tuple[str, Facts]]:
    """Give id and facts of all resources of a kind; `rows` runs a statement."""
    columns = form(kind).table.c
    names = [name for name in _OWN if name in columns]
    waits = [columns[WAITS_FOR] != ""] if WAITS_FOR in columns else []
    for id, *row in rows(select(columns.id, *(columns[name] for name in names), *waits)):
        known = dict(zip([*names, *(["waits"] if waits else [])], row, strict=True))
        yield id, _facts(kind, **known)


def _facts(kind: type[Standard], **known: Any) -> Facts:
    return _shared(Facts(kind, **known))


@lru_cache(100_000)
def _shared(facts: Any) -> Facts:
    """Give the one value that all resources share of which the same is known."""
    shared: Facts = facts
    return shared
