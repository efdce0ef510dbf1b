"""What commands change beside the process that serves the database, for that one to tell of. SHELL.

A command has nobody to tell. What it changes is noted in its own transaction, and the process that serves
reads the notes that came since it looked last. It deletes none: another may be about to take its place.
"""

from collections.abc import Iterable

from sqlalchemy import Column, Connection, Integer, String, Table, bindparam, delete, func, insert, select

from osken_apps.model.kind import KINDS
from osken_apps.model.resources import Standard
from osken_apps.store.forms import METADATA

MAX_NOTES = 10_000  # more than commands make between two looks

UNTOLD_CHANGES = Table(
    "untold_changes",
    METADATA,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("kind", String(64), nullable=False),
    Column("resource_id", String(36), nullable=False),
    sqlite_autoincrement=True,  # a number that was read is not given out again
)
_NOTE = insert(UNTOLD_CHANGES)
_NEWEST = select(func.max(UNTOLD_CHANGES.c.sequence))
_TRIM = delete(UNTOLD_CHANGES).where(
    UNTOLD_CHANGES.c.sequence <= _NEWEST.scalar_subquery() - bindparam("most", type_=Integer)
)
_SINCE = select(UNTOLD_CHANGES).where(UNTOLD_CHANGES.c.sequence > bindparam("seen", type_=Integer))


def note(connection: Connection, changed: Iterable[tuple[type[Standard], str]]) -> None:
    """Note the kinds and ids of what was changed."""
    rows = [{"kind": KINDS[kind].singular, "resource_id": id} for kind, id in changed]
    if rows:
        connection.execute(_NOTE, rows)
        connection.execute(_TRIM, {"most": MAX_NOTES})


def newest(connection: Connection) -> int:
    """Give the number of the last note; 0: there is none."""
    return connection.scalar(_NEWEST) or 0


def since(connection: Connection, seen: int) -> dict[tuple[type[Standard], str], None]:
    """Give the kinds and ids that were noted after a number."""
    kinds = {kind.singular: kind.model for kind in KINDS.values()}
    rows = connection.execute(_SINCE, {"seen": seen})
    return {(kinds[row.kind], row.resource_id): None for row in rows if row.kind in kinds}
