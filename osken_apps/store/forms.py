"""The form of a kind of resource in the database, made of its dataclass: a table, rows, and back. SHELL.

A field is a column of its name. Text, numbers, truth and times are themselves; enums and addresses are text;
a tuple, also of small dataclasses, is JSON text; `network_id` and the like refer to the kind that they name.
What a kind has besides (constraints, columns of the store's own) is given with it.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import Field, dataclass, fields, is_dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property, lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from netaddr import EUI
from sqlalchemy import (
    Boolean,
    Column,
    Delete,
    ForeignKey,
    Insert,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    Update,
    bindparam,
    delete,
    insert,
    update,
)

from osken_apps.model.addresses import mac_address
from osken_apps.model.kind import KINDS, LENGTH, Kind
from osken_apps.model.resources import Standard

Row = Sequence[Any]
Convert = Callable[[Any], Any]

METADATA = MetaData()
EMPTY_LIST = "[]"
TEXT_LENGTH = 255
ID_LENGTH = 36
ENUM_LENGTH = 16
ADDRESS_LENGTH = 64


@dataclass(frozen=True, slots=True)
class Value:
    """How values of one type are kept: the column's type, and the way there and back (None: as they are)."""

    type: Any
    keep: Convert | None = None
    give: Convert | None = None


@dataclass(frozen=True)
class Form:
    """The form of a kind: its table, and its resources as rows. `resource` takes the columns in order.

    A statement is built once: building costs more than running it.
    """

    table: Table
    row: Callable[[Any], dict[str, Any]]
    resource: Callable[..., Any]

    @cached_property
    def insert(self) -> Insert:
        """The statement that adds a row."""
        return insert(self.table)

    @cached_property
    def update(self) -> Update:
        """The statement that replaces the row of the id `of_id`."""
        return update(self.table).where(self.table.c.id == bindparam("of_id"))

    @cached_property
    def delete(self) -> Delete:
        """The statement that takes away the row of the id `of_id`."""
        return delete(self.table).where(self.table.c.id == bindparam("of_id"))


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
    datetime: Value(Integer, seconds, moment),
    EUI: Value(String(17), str, mac_address),
    IPv4Address: Value(String(ADDRESS_LENGTH), str, ip_address),
    IPv6Address: Value(String(ADDRESS_LENGTH), str, ip_address),
    IPv4Network: Value(String(ADDRESS_LENGTH), str, ip_network),
    IPv6Network: Value(String(ADDRESS_LENGTH), str, ip_network),
}


def value_of(hint: Any, length: int = 0) -> Value:
    """Say how values of a type are kept. Raises TypeError for a type that has no form here."""
    if get_origin(hint) is tuple:
        return _listed(get_args(hint)[0])
    if get_origin(hint) in (Union, UnionType):
        # Null, or one of several types that are kept alike.
        value = value_of(next(part for part in get_args(hint) if part is not NoneType), length)
        return Value(value.type, _or_none(value.keep), _or_none(value.give)) if _may_be_null(hint) else value
    if length:
        return Value(String(length))
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return Value(String(ENUM_LENGTH), attrgetter("value"), hint)
    if hint in SIMPLE:
        return SIMPLE[hint]
    raise TypeError(f"{hint!r} has no form in the database")


def _listed(hint: Any) -> Value:
    """Say how a tuple is kept: as a list, in which a small dataclass is a list of its fields."""
    if is_dataclass(hint) and isinstance(hint, type):
        parts = [value_of(part) for part in _hints(hint).values()]
        names = attrgetter(*_hints(hint))

        def keep(items: Iterable[Any]) -> str:
            return packed([_kept(parts, names(item)) for item in items])

        def give(text: str) -> tuple[Any, ...]:
            return tuple(hint(*_given(parts, item)) for item in unpacked(text))

        return Value(Text, keep, give)
    part = value_of(hint)
    if part.keep is None or part.give is None:
        return Value(Text, packed, lambda text: tuple(unpacked(text)))
    keep_one, give_one = part.keep, part.give
    return Value(
        Text, lambda items: packed(map(keep_one, items)), lambda text: tuple(map(give_one, unpacked(text)))
    )


def _kept(parts: Sequence[Value], values: Sequence[Any]) -> list[Any]:
    return [part.keep(value) if part.keep else value for part, value in zip(parts, values, strict=True)]


def _given(parts: Sequence[Value], values: Sequence[Any]) -> list[Any]:
    return [part.give(value) if part.give else value for part, value in zip(parts, values, strict=True)]


def _or_none(convert: Convert | None) -> Convert | None:
    return None if convert is None else lambda value: None if value is None else convert(value)


def _may_be_null(hint: Any) -> bool:
    return NoneType in get_args(hint)


def _hints(of: type[Any]) -> Mapping[str, Any]:
    return {name: hint for name, hint in get_type_hints(of).items() if not name.startswith("_")}


def standard_columns(kind: Kind) -> list[Column[Any]]:
    """Give the columns that every resource has; `sequence` is the order of creation."""
    standard = [item for item in fields(kind.model) if item.name in Standard.__dataclass_fields__]
    return [Column("sequence", Integer, primary_key=True, autoincrement=True), *_columns(kind, standard)]


def own_columns(kind: Kind) -> list[Column[Any]]:
    """Give the columns of what only this kind has."""
    own = [item for item in fields(kind.model) if item.name not in Standard.__dataclass_fields__]
    return _columns(kind, own)


def _columns(kind: Kind, items: Iterable[Field[Any]]) -> list[Column[Any]]:
    named = {other.singular: other.plural for other in KINDS.values()}
    return [_column(item, _hints(kind.model)[item.name], named) for item in items]


def _column(item: Field[Any], hint: Any, named: Mapping[str, str]) -> Column[Any]:
    standard = item.name in Standard.__dataclass_fields__
    if item.name == "id":
        return Column("id", String(ID_LENGTH), nullable=False, unique=True)
    if item.name.removesuffix("_id") in named:
        target = ForeignKey(f"{named[item.name.removesuffix('_id')]}.id")
        return Column(item.name, String(ID_LENGTH), target, nullable=False, index=True)
    null = _may_be_null(hint) and not standard
    index = item.name in ("project_id", "name")
    return Column(item.name, _value(item, hint).type, nullable=null, index=index or None)


def _value(item: Field[Any], hint: Any) -> Value:
    # A time that is not known yet is kept as 0; only resources that nobody has stored have none.
    return SIMPLE[datetime] if hint == datetime | None else value_of(hint, item.metadata.get(LENGTH, 0))


def form_of(kind: Kind, *besides: Any) -> Form:
    """Make the form of a kind; `besides` are constraints of its table, and further columns at its end."""
    hints, own = _hints(kind.model), fields(kind.model)
    values = [_value(item, hints[item.name]) for item in own]
    names = [item.name for item in own]
    read = attrgetter(*names)
    keeps = [(name, value.keep) for name, value in zip(names, values, strict=True) if value.keep]
    gives = [(name, value.give) for name, value in zip(names, values, strict=True) if value.give]

    def row(resource: Any) -> dict[str, Any]:
        kept = dict(zip(names, read(resource), strict=True))
        for name, keep in keeps:
            kept[name] = keep(kept[name])
        return kept

    def resource(row: Row) -> Any:
        found = dict(zip(names, row[1:], strict=False))
        for name, give in gives:
            found[name] = give(found[name])
        return kind.model(**found)

    table = Table(kind.plural, METADATA, *standard_columns(kind), *own_columns(kind), *besides)
    return Form(table, row, resource)
