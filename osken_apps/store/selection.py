"""How a reader says which rows it wants. PURE."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Among:
    """A condition: the column has one of the values."""

    column: str
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list by id: at most `limit` after the id `marker`, or before it if `backwards`.

    Without a marker it is the first page, or the last one.
    """

    limit: int
    marker: str = ""
    backwards: bool = False
