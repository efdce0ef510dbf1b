"""How values of the model are kept in columns, by their type, and given back. SHELL.

Text, numbers, truth and times are themselves; enums and addresses are text; a tuple, also of small
dataclasses, is JSON text.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from netaddr import EUI
from sqlalchemy import Boolean, Integer, String, Text

from osken_apps.model.addresses import mac_address
from osken_apps.model.kind import UNBOUNDED
from osken_apps.model.shared import Shared, shared_text

Convert = Callable[[Any], Any]

EMPTY_LIST = "[]"
TEXT_LENGTH = 255
ENUM_LENGTH = 16
ADDRESS_LENGTH = 64


@dataclass(frozen=True, slots=True)
class Value:
    """How values of one type are kept: the column's type, and the way there and back (None: as they are)."""

    type: Any
    keep: Convert | None = None
    give: Convert | None = None


def packed(values: Iterable[Any]) -> str:
    """Give values of JSON as text."""
    listed = list(values)
    return json.dumps(listed, separators=(",", ":"), ensure_ascii=False) if listed else EMPTY_LIST


def unpacked(text: str) -> list[Any]:
    """Give back the values of `packed`."""
    return [] if text == EMPTY_LIST else json.loads(text)


def seconds(moment: datetime | None) -> int:
    """Give a time as a row has it."""
    return int(moment.timestamp()) if moment else 0


@lru_cache(1024)
def moment(seconds: int) -> datetime:
    """Give the time of a row."""
    return datetime.fromtimestamp(seconds, UTC)


SIMPLE: Mapping[Any, Value] = {
    bool: Value(Boolean),
    int: Value(Integer),
    str: Value(String(TEXT_LENGTH)),
    Shared: Value(String(TEXT_LENGTH), give=shared_text),
    datetime: Value(Integer, seconds, moment),
    EUI: Value(String(17), str, mac_address),
    IPv4Address: Value(String(ADDRESS_LENGTH), str, ip_address),
    IPv6Address: Value(String(ADDRESS_LENGTH), str, ip_address),
    IPv4Network: Value(String(ADDRESS_LENGTH), str, ip_network),
    IPv6Network: Value(String(ADDRESS_LENGTH), str, ip_network),
}


def hints_of(model: type[Any]) -> Mapping[str, Any]:
    """Give the types of a dataclass's fields."""
    return {
        name: hint
        for name, hint in get_type_hints(model, include_extras=True).items()
        if not name.startswith("_")
    }


def may_be_null(hint: Any) -> bool:
    """Tell whether None is one of the values of a type."""
    return NoneType in get_args(hint)


def part_of(hint: Any) -> type[Any] | None:
    """Give the small dataclass that a type is, or may be; None: it is none."""
    inner = next((part for part in get_args(hint) if part is not NoneType), hint)
    is_one = get_origin(hint) in (None, Union, UnionType) and isinstance(inner, type) and is_dataclass(inner)
    return inner if is_one else None


def value_of(hint: Any, length: int = 0) -> Value:
    """Say how values of a type are kept. Raises TypeError for a type that has no form here."""
    if hint == datetime | None:
        return SIMPLE[datetime]  # a time that is not known yet is 0: what nobody has stored has none
    if get_origin(hint) is tuple:
        return _listed(get_args(hint)[0])
    if get_origin(hint) in (Union, UnionType):
        # Null, or one of several types that are kept alike.
        value = value_of(next(part for part in get_args(hint) if part is not NoneType), length)
        return Value(value.type, _or_none(value.keep), _or_none(value.give)) if may_be_null(hint) else value
    if length:
        return Value(Text if length == UNBOUNDED else String(length))
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return Value(String(ENUM_LENGTH), attrgetter("value"), hint)
    if hint in SIMPLE:
        return SIMPLE[hint]
    raise TypeError(f"{hint!r} has no form in the database")


def _listed(hint: Any) -> Value:
    """Say how a tuple is kept: as a list, in which a small dataclass is a list of its fields."""
    if is_dataclass(hint) and isinstance(hint, type):
        parts = [value_of(part) for part in hints_of(hint).values()]
        names = attrgetter(*hints_of(hint))

        def keep(items: Iterable[Any]) -> str:
            return packed([kept_of(parts, names(item)) for item in items])

        def give(text: str) -> tuple[Any, ...]:
            return tuple(hint(*given_of(parts, item)) for item in unpacked(text))

        return Value(Text, keep, give)
    part = value_of(hint)
    if part.keep is None or part.give is None:
        return Value(Text, packed, lambda text: tuple(unpacked(text)))
    keep_one, give_one = part.keep, part.give
    return Value(
        Text, lambda items: packed(map(keep_one, items)), lambda text: tuple(map(give_one, unpacked(text)))
    )


def kept_of(parts: Sequence[Value], values: Sequence[Any]) -> list[Any]:
    """Give values as they are kept, each as its part says."""
    return [part.keep(value) if part.keep else value for part, value in zip(parts, values, strict=True)]


def given_of(parts: Sequence[Value], values: Sequence[Any]) -> list[Any]:
    """Give back what `kept_of` has given."""
    return [part.give(value) if part.give else value for part, value in zip(parts, values, strict=True)]


def _or_none(convert: Convert | None) -> Convert | None:
    return None if convert is None else lambda value: None if value is None else convert(value)
