"""The schema of the database: made anew, or brought up to date step by step. SHELL.

A step is a function over alembic's operations, which change a table of SQLite (it is made anew) as one of
PostgreSQL; alembic's own numbering, scripts and command are not needed for one line of history, which each
controller walks by itself when it starts. A step is never changed once it was released, and uses nothing of
`tables`, which goes on.
"""

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlalchemy import Column, Connection, Integer, String, Text, insert, inspect, select, update

from osken_apps.model.kind import KINDS
from osken_apps.store.forms import METADATA
from osken_apps.store.tables import SCHEMA_VERSION, STORE, form

if TYPE_CHECKING:
    from alembic.operations import Operations

Step = Callable[["Operations"], None]


def _identity_and_deleted_ports(op: "Operations") -> None:
    """To version 2: a store has an id and remembers deleted ports; a port waits for any text."""
    op.create_table("store", Column("id", String(36), primary_key=True))
    op.create_table(
        "deleted_ports",
        Column("sequence", Integer, primary_key=True, autoincrement=True),
        Column("port_id", String(36), nullable=False, unique=True),
        Column("deleted_at", Integer, nullable=False),
    )
    op.create_index("ix_deleted_ports_deleted_at", "deleted_ports", ["deleted_at"])
    with op.batch_alter_table("ports") as ports:
        ports.alter_column(
            "binding_waits_for",
            new_column_name="waits_for",
            existing_type=String(255),
            type_=Text,
            existing_nullable=False,
        )


# Step n (from 0) brings a database of version n + 1 to version n + 2; a new database needs none.
STEPS: tuple[Step, ...] = (_identity_and_deleted_ports,)
NEWEST_VERSION = len(STEPS) + 1


def tables(connection: Connection) -> frozenset[str]:
    """Give the names of the tables that are there."""
    return frozenset(inspect(connection).get_table_names())


def version(connection: Connection) -> int:
    """Give the version of the schema; 0: there is none of ours."""
    if SCHEMA_VERSION.name not in tables(connection):
        return 0
    return connection.scalar(select(SCHEMA_VERSION.c.version)) or 0


def store_id(connection: Connection) -> str:
    """Give the id of the store; empty: it has none."""
    return connection.scalar(select(STORE.c.id)) or ""


def create(connection: Connection) -> None:
    """Make all tables in a database that has none, and the id."""
    METADATA.create_all(connection)
    add_kinds(connection)
    connection.execute(insert(SCHEMA_VERSION).values(version=NEWEST_VERSION))
    _give_id(connection)


def upgrade(connection: Connection, found: int) -> None:
    """Bring a database from the version found to the newest one.

    SQLite must not enforce foreign keys meanwhile; whoever calls this looks at them afterwards.
    """
    from alembic.migration import MigrationContext
    from alembic.operations import Operations

    operations = Operations(MigrationContext.configure(connection))
    for step in STEPS[found - 1 :]:
        step(operations)
    add_kinds(connection)
    connection.execute(update(SCHEMA_VERSION).values(version=NEWEST_VERSION))
    if not store_id(connection):
        _give_id(connection)


def lacks_kinds(connection: Connection) -> bool:
    """Tell whether a kind of resource has no table yet: it is newer than the database."""
    return not {kind.plural for kind in KINDS.values()} <= tables(connection)


def add_kinds(connection: Connection) -> None:
    """Make the tables of the kinds of resources that the database does not know yet."""
    for kind in KINDS.values():
        form(kind.model).table.create(connection, checkfirst=True)


def _give_id(connection: Connection) -> None:
    connection.execute(insert(STORE).values(id=str(uuid.uuid4())))
