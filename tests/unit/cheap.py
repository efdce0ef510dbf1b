"""What takes longer than most tests, and what unit tests have in its place."""

import argparse
from functools import cache
from typing import Any

from sqlalchemy import Dialect, Engine, create_engine

from osken_apps.accounts import passwords
from osken_apps.store import engines

STATEMENTS: dict[Any, Any] = {}  # those that were compiled
OPEN: list[Engine] = []  # of the test that runs


@cache
def _dialect() -> Dialect:
    """Give one that knows its SQLite: it learns that from a connection."""
    engine = create_engine("sqlite://")
    engine.connect().close()
    return engine.dialect


def sharing_engine(*arguments: Any, **options: Any) -> Engine:
    """Make an engine that uses what others have compiled, and that is closed with the test."""
    engine = create_engine(*arguments, **options)
    engine.dialect = _dialect()
    engine.update_execution_options(compiled_cache=STATEMENTS)
    OPEN.append(engine)
    return engine


def close_databases() -> None:
    """Close what was opened; a store that is used once more connects anew."""
    while OPEN:
        OPEN.pop().dispose()


CHEAP = {
    (engines, "DURABLY"): "OFF",
    (engines, "LAZILY"): "OFF",
    (engines, "create_engine"): sharing_engine,
    (argparse, "_"): str,  # or it looks for translations on the disk, three times for each subcommand
    (passwords, "_HASHER"): passwords.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1),
}
AS_SHIPPED = {(module, name): getattr(module, name) for module, name in CHEAP}
