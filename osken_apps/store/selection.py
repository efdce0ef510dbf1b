"""How a reader says which rows it wants. PURE."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Among:
    """A condition: the column has one of the values."""

    column: str
    values: tuple[Any, ...]
