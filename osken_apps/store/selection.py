"""How a reader says which rows it wants. PURE."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Among:
    """A condition: the column has one of the values; None is null."""

    column: str
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list: at most `limit` after the one of id `marker`, or before it if `backwards`.

    Without a marker it is the first page, or the last one. The list is in the order of the column `order`, or
    the other way round if it is `descending`; where that leaves a choice, by id.
    """

    limit: int
    marker: str = ""
    backwards: bool = False
    order: str = "id"
    descending: bool = False
