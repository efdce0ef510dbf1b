"""The statements that read rows of any table: by conditions, by page, in chunks. SHELL.

A statement is built once for each shape of conditions: building costs more than running it. A single value
is compared and not looked for in a list, which costs as much as the rest of a small question.
"""

from functools import lru_cache
from typing import Any

from sqlalchemy import Integer, Select, and_, bindparam, func, or_, select

from osken_apps.model.resources import DHCP_DEVICE_OWNER
from osken_apps.store.selection import Among

Shape = tuple[tuple[str, bool, bool], ...]


def _narrowed(statement: Select[Any], table: Any, shape: Shape) -> Select[Any]:
    for name, single, with_null in shape:
        column = table.c[name]
        value = bindparam(name, expanding=not single, type_=column.type)
        among = column == value if single else column.in_(value)
        statement = statement.where(or_(column.is_(None), among) if with_null else among)
    return statement.order_by(table.c.sequence)


@lru_cache(256)
def rows_statement(table: Any, shape: Shape) -> Select[Any]:
    """Give the statement for rows of a table."""
    return _narrowed(select(table), table, shape)


@lru_cache(256)
def revisions_statement(table: Any, shape: Shape) -> Select[Any]:
    """Give the statement for ids and revisions of rows of a table."""
    return _narrowed(select(table.c.id, table.c.revision_number), table, shape)


@lru_cache(256)
def paged_statement(
    table: Any, shape: Shape, marked: bool, backwards: bool, order: str, descending: bool
) -> Select[Any]:
    """Give the statement for ids and revisions of a page of rows; backwards in falling order."""
    statement = _narrowed(select(table.c.id, table.c.revision_number), table, shape).order_by(None)
    column, falls = table.c[order], descending != backwards
    if marked:
        statement = statement.where(*_beyond(table, column, falls, backwards))
    first = column.desc() if falls else column
    statement = statement.order_by(first, table.c.id.desc() if backwards else table.c.id)
    return statement.limit(bindparam("limit", type_=Integer))


def _beyond(table: Any, column: Any, falls: bool, backwards: bool) -> list[Any]:
    """Give the conditions for rows on the other side of the marker."""
    marker = bindparam("marker", type_=table.c.id.type)
    later = table.c.id < marker if backwards else table.c.id > marker
    if column is table.c.id:
        return [column < marker if falls else column > marker]
    of_marker = table.alias("marked")
    value = select(of_marker.c[column.name]).where(of_marker.c.id == marker).scalar_subquery()
    if column.nullable:
        return [_beyond_null(column, value, falls, later)]
    # The first narrows by an index where there is one; the second alone would say all.
    return [
        column <= value if falls else column >= value,
        or_(column < value if falls else column > value, later),
    ]


def _beyond_null(column: Any, value: Any, falls: bool, later: Any) -> Any:
    """Give the condition where a column may be null, which SQLite sorts before everything."""
    if falls:
        farther = or_(column < value, and_(column.is_(None), value.is_not(None)))
    else:
        farther = or_(column > value, and_(column.is_not(None), value.is_(None)))
    return or_(farther, and_(column.is_not_distinct_from(value), later))


@lru_cache
def chunk_statement(table: Any) -> Select[Any]:
    """Give the statement for sequences and ids of `size` rows after the `last` one, oldest first."""
    newer = table.c.sequence > bindparam("last")
    return (
        select(table.c.sequence, table.c.id)
        .where(newer)
        .order_by(table.c.sequence)
        .limit(bindparam("size", type_=Integer))
    )


def shape_of(conditions: tuple[Among, ...]) -> Shape:
    """Give what of conditions makes a statement: the columns, and which have a single value, and null."""
    return tuple(
        (condition.column, len(_known(condition)) == 1, None in condition.values) for condition in conditions
    )


def values_of(conditions: tuple[Among, ...]) -> dict[str, Any]:
    """Give what of conditions a statement is run with."""
    known = {condition.column: _known(condition) for condition in conditions}
    return {column: values[0] if len(values) == 1 else values for column, values in known.items()}


def _known(condition: Among) -> tuple[Any, ...]:
    """Give the values of a condition but null, which is equal to nothing."""
    values = condition.values
    return values if None not in values else tuple(value for value in values if value is not None)


def by_place(ports: Any, network_id: str, host: str) -> Select[Any]:
    """Give the statement that counts ports that are no DHCP server's by network, host and status."""
    columns = ports.c
    at = func.coalesce(columns.binding_host, "")
    statement = select(columns.network_id, at, columns.status, func.count())
    statement = statement.where(columns.device_owner != DHCP_DEVICE_OWNER)
    if network_id:
        statement = statement.where(columns.network_id == network_id)
    if host:
        statement = statement.where(columns.binding_host == host)
    return statement.group_by(columns.network_id, at, columns.status)
