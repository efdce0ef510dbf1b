"""Text that many values have alike, which is kept in memory once. PURE.

A thousand hosts have fifty thousand ports, and most of what a port says in words others say, too: its
network, its host, its project. A field of the type `Shared` holds the one object that all equal texts are,
where a value is made of a row or comes from the other process.
"""

from collections.abc import Callable
from dataclasses import fields
from functools import lru_cache
from sys import intern, version_info
from typing import Annotated, Any, TypeVar, get_type_hints

T = TypeVar("T", bound=type[Any])

Shared = Annotated[str, "shared"]

MAX_TEXTS = 100_000

#: Gives the one object that all equal texts are, for as long as somebody has it. Python 3.12 keeps what it
#: has interned for ever, and switches and clients make up any number of texts.
shared_text: Callable[[str], str] = lru_cache(MAX_TEXTS)(str) if version_info[:2] == (3, 12) else intern


def shares(model: T) -> T:
    """Let a dataclass come out of a pickle with its `Shared` fields shared."""
    setattr(model, "__reduce__", _reduce)  # noqa: B010  mypy takes it for a method of `type`
    return model


def _reduce(value: Any) -> tuple[Any, ...]:
    model: Any = type(value)
    names, _ = _fields(model)
    return _restored, (model, *[getattr(value, name) for name in names])


def _restored(model: Any, *values: Any) -> Any:
    names, shared = _fields(model)
    named = dict(zip(names, values, strict=True))
    for name in shared:
        named[name] = shared_text(named[name])
    return model(**named)


@lru_cache
def _fields(model: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give the names of a dataclass's fields, and of those that are shared."""
    hints = get_type_hints(model, include_extras=True)
    names = tuple(item.name for item in fields(model))
    return names, tuple(name for name in names if hints[name] == Shared)
