"""The schema of the database: made anew, or brought up to date step by step. SHELL.

What every database has from its beginning is put in here, too: the id of its store, the rules that new
security groups are made with, the counter of their numbers.
"""

import uuid

from sqlalchemy import Connection, Table, insert, inspect, select, update

from osken_apps.model.kind import KINDS
from osken_apps.model.security_groups import DefaultSecurityGroupRule
from osken_apps.store import account_tables  # noqa: F401  it has tables
from osken_apps.store.forms import METADATA
from osken_apps.store.steps import STEPS
from osken_apps.store.steps.security_groups import first_counter, first_default_rules
from osken_apps.store.tables import COUNTERS, SCHEMA_VERSION, STORE, form

NEWEST_VERSION = len(STEPS) + 1


def tables(connection: Connection) -> frozenset[str]:
    """Give the names of the tables that are there."""
    return frozenset(inspect(connection).get_table_names())


def version(connection: Connection, there: frozenset[str]) -> int:
    """Give the version of the schema, of whose tables these are there; 0: there is none of ours."""
    if SCHEMA_VERSION.name not in there:
        return 0
    return connection.scalar(select(SCHEMA_VERSION.c.version)) or 0


def store_id(connection: Connection) -> str:
    """Give the id of the store; empty: it has none."""
    return connection.scalar(select(STORE.c.id)) or ""


def create(connection: Connection) -> None:
    """Make all tables in a database that has none, and the id."""
    add_tables(connection)
    connection.execute(insert(SCHEMA_VERSION).values(version=NEWEST_VERSION))
    connection.execute(insert(COUNTERS), first_counter(0))
    connection.execute(insert(form(DefaultSecurityGroupRule).table), first_default_rules())
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
    add_tables(connection)
    connection.execute(update(SCHEMA_VERSION).values(version=NEWEST_VERSION))
    if not store_id(connection):
        _give_id(connection)


def lacks_tables(there: frozenset[str]) -> bool:
    """Tell whether a table is newer than the database: one of its own needs no step."""
    return not _wanted().keys() <= there


def add_tables(connection: Connection) -> None:
    """Make the tables that the database does not have yet."""
    METADATA.create_all(connection, list(_wanted().values()))


def _wanted() -> dict[str, Table]:
    """Give all tables by name, also of a kind of resource that nobody has asked for yet."""
    for kind in KINDS.values():
        form(kind.model)
    return dict(METADATA.tables)


def _give_id(connection: Connection) -> None:
    connection.execute(insert(STORE).values(id=str(uuid.uuid4())))
