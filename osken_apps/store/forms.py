"""The form of a kind of resource in the database, made of its dataclass: a table, rows, and back. SHELL.

A field is a column of its name, as `values` says of its type; a small dataclass, or None, has a column for
each of its fields: `binding_host` for `binding.host`. `network_id` and the like refer to the kind that they
name. What a kind has besides (what no two of it share, columns of the store's own) is given with it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields
from datetime import datetime
from functools import cached_property
from operator import attrgetter
from typing import Any

from sqlalchemy import (
    Column,
    Delete,
    ForeignKey,
    Index,
    Insert,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    Update,
    bindparam,
    delete,
    exc,
    insert,
    update,
)

from osken_apps.errors import Conflict
from osken_apps.model.kind import INDEX, KINDS, LENGTH, Kind
from osken_apps.store.engines import violated
from osken_apps.store.values import given_of, hints_of, kept_of, may_be_null, part_of, value_of

Row = Sequence[Any]

METADATA = MetaData()
ID_LENGTH = 36
INDEXED = ("project_id", "name")


@dataclass(frozen=True, slots=True)
class Unique:
    """Columns whose values no two rows share, and the error of a resource that would.

    `null` names a column that makes it count only where it is null: nulls are never equal to each other.
    """

    name: str
    columns: tuple[str, ...]
    conflict: Callable[[Any], Conflict]
    null: str = ""

    def add_to(self, table: Table) -> None:
        """Make it a constraint of a table."""
        columns = [table.c[name] for name in self.columns]
        if self.null:
            where = table.c[self.null].is_(None)
            Index(self.name, *columns, unique=True, sqlite_where=where, postgresql_where=where)
        else:
            UniqueConstraint(*columns, name=self.name)


@dataclass(frozen=True)
class Form:
    """The form of a kind: its table, and its resources as rows.

    `row` gives the columns, by name, of some of a resource's `fields`; `resource` takes the columns in order,
    and by name what another table has of it. A statement is built once: building costs more than running it.
    """

    table: Table
    fields: tuple[str, ...]
    row: Callable[[Any, Iterable[str]], dict[str, Any]]
    resource: Callable[..., Any]
    unique: tuple[Unique, ...] = ()

    def conflict(self, resource: Any, error: exc.IntegrityError) -> Conflict:
        """Name what a resource that was refused shares with another one."""
        name, columns = violated(error)
        for unique in self.unique:
            if unique.name == name or set(unique.columns) == columns:
                return unique.conflict(resource)
        what = name or ", ".join(sorted(columns))
        return Conflict(f"{type(resource).__name__} {resource.id} contradicts {what}.")

    @cached_property
    def insert(self) -> Insert:
        """The statement that adds a row."""
        return insert(self.table)

    @cached_property
    def update(self) -> Update:
        """The statement that writes the columns that it is given into the row of the id `of_id`."""
        return update(self.table).where(self.table.c.id == bindparam("of_id"))

    def changes(self, pairs: Sequence[tuple[Any, Any]]) -> list[dict[str, Any]]:
        """Give what `update` takes to write resources, each as it was and as it is: what differs in any pair.

        What stays is not written: with a column each index is, too, that has it, and a reference is checked.
        """
        differing = [
            name
            for name in self.fields
            if any(_differ(getattr(old, name), getattr(new, name)) for old, new in pairs)
        ]
        return [self.row(new, differing) | {"of_id": new.id} for _, new in pairs]

    @cached_property
    def delete(self) -> Delete:
        """The statement that takes away the row of the id `of_id`."""
        return delete(self.table).where(self.table.c.id == bindparam("of_id"))


class _Part:
    """A field that is a small dataclass or None, in columns of its own: None where the first is null."""

    def __init__(self, name: str, model: type[Any]) -> None:
        inner = fields(model)
        hints = hints_of(model)
        self.field = name
        self.model = model
        self.names = [f"{name}_{item.name}" for item in inner]
        self.values = [value_of(hints[item.name], item.metadata.get(LENGTH, 0)) for item in inner]
        # What they hold when there is none: the default of a field, or null.
        self.absent = [None if item.default is MISSING else item.default for item in inner]
        self._read = attrgetter(*(item.name for item in inner))

    def columns(self) -> list[Column[Any]]:
        """Give its columns."""
        described = zip(self.names, self.values, self.absent, strict=True)
        return [Column(name, value.type, nullable=absent is None) for name, value, absent in described]

    def keep(self, part: Any) -> dict[str, Any]:
        """Give its columns of a row."""
        kept = self.absent if part is None else kept_of(self.values, self._read(part))
        return dict(zip(self.names, kept, strict=True))

    def give(self, *kept: Any) -> Any:
        """Give the part that its columns are."""
        return None if kept[0] is None else self.model(*given_of(self.values, kept))


def form_of(kind: Kind, *besides: Unique | Column[Any], elsewhere: tuple[str, ...] = ()) -> Form:
    """Make the form of a kind; `elsewhere` are fields that another table holds."""
    here = [item for item in fields(kind.model) if item.name not in elsewhere]
    hints = hints_of(kind.model)
    parts = {item.name: _Part(item.name, part) for item in here if (part := part_of(hints[item.name]))}
    columns = [Column("sequence", Integer, primary_key=True, autoincrement=True)]
    for item in here:
        columns += parts[item.name].columns() if item.name in parts else [_column(item, hints[item.name])]
    further = [item for item in besides if isinstance(item, Column)]
    table = Table(kind.plural, METADATA, *columns, *further)
    unique = tuple(item for item in besides if isinstance(item, Unique))
    for one in unique:
        one.add_to(table)
    names = [column.name for column in columns]
    held = tuple(item.name for item in here)
    return Form(
        table, held, _rows(held, hints, parts), _resources(kind.model, names, here, hints, parts), unique
    )


def _differ(one: Any, other: Any) -> bool:
    return one is not other and one != other  # most are the same object, which is told at once


def _column(item: Field[Any], hint: Any) -> Column[Any]:
    """Give the column of a field. `sequence` is the order of creation."""
    if item.name == "id":
        return Column("id", String(ID_LENGTH), nullable=False, unique=True)
    named = {other.singular: other.plural for other in KINDS.values()}
    target = named.get(item.name.removesuffix("_id"))
    index = item.metadata.get(INDEX, target is not None or item.name in INDEXED) or None
    if target is not None:
        return Column(item.name, String(ID_LENGTH), ForeignKey(f"{target}.id"), nullable=False, index=index)
    null = may_be_null(hint) and hint != datetime | None
    return Column(item.name, value_of(hint, item.metadata.get(LENGTH, 0)).type, nullable=null, index=index)


def _rows(
    held: Iterable[str], hints: Mapping[str, Any], parts: Mapping[str, _Part]
) -> Callable[[Any, Iterable[str]], dict[str, Any]]:
    """Make the function that gives the columns of some fields of a resource."""
    keeps = {name: keep for name in held if name not in parts and (keep := value_of(hints[name]).keep)}

    def row(resource: Any, fields: Iterable[str]) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for name in fields:
            value = getattr(resource, name)
            if name in parts:
                kept |= parts[name].keep(value)
            else:
                kept[name] = keeps[name](value) if name in keeps else value
        return kept

    return row


def _resources(
    model: type[Any],
    names: Sequence[str],
    here: Sequence[Field[Any]],
    hints: Mapping[str, Any],
    parts: Mapping[str, _Part],
) -> Callable[..., Any]:
    """Make the function that makes a resource of its columns.

    It is made of source, as dataclasses make theirs: by dictionaries a row costs half as much again.
    """
    known: dict[str, Any] = {"model": model}
    arguments = []
    for item in here:
        part = parts.get(item.name)
        give = part.give if part else value_of(hints[item.name]).give
        columns = ", ".join(f"_{name}" for name in (part.names if part else (item.name,)))
        if give:
            known[f"give_{item.name}"] = give
        arguments.append(f"{item.name}=give_{item.name}({columns})" if give else f"{item.name}={columns}")
    source = (
        "def resource(row, **elsewhere):",
        f"    {', '.join(f'_{name}' for name in names)}, *_ = row",
        f"    return model({', '.join(arguments)}, **elsewhere)",
    )
    exec("\n".join(source), known)
    made: Callable[..., Any] = known["resource"]
    return made
