"""The kinds of resources, each declared once: what it is called, and how many of it a project may have. PURE.

The table, the form of a row, the part in a snapshot, the controller's copy, the quota and the option for it
follow from the declaration: they go through `KINDS`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from osken_apps.model.shared import shares

T = TypeVar("T", bound=type[Any])

# In a field's metadata.
LENGTH = "length"  # how many characters its text has at most, if not 255
UNBOUNDED = -1  # as a length: any number
INDEX = "index"  # whether it is looked for by its value, if it is not what all kinds are looked for by


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of resource: its dataclass, its names in the API, and its default quota.

    A quota of -1 is any number; None: none can be set, since no project has resources of the kind.
    """

    model: type[Any]
    singular: str
    plural: str
    quota: int | None


# In the order in which they need each other: what refers to another one comes after it.
KINDS: dict[type[Any], Kind] = {}


def kind(singular: str, plural: str, quota: int | None) -> Callable[[T], T]:
    """Declare a dataclass of `standard.Standard` as a kind of resource."""

    def declare(model: T) -> T:
        KINDS[model] = Kind(model, singular, plural, quota)
        return shares(model)

    return declare
