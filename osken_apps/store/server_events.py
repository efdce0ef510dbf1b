"""What Nova is to be told and was not yet, kept with the changes that it tells of. SHELL.

An event is on the disk as soon as its change is, so that no end of a process loses it, and is gone once Nova
has answered. There are never more than `MAX_EVENTS`: the oldest give way.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Connection, Integer, String, Table, bindparam, delete, func, insert, select

from osken_apps.networking.server_events import EventName, ServerEvent
from osken_apps.store.forms import METADATA
from osken_apps.store.values import moment, seconds

MAX_EVENTS = 10_000

SERVER_EVENTS = Table(
    "server_events",
    METADATA,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("name", String(32), nullable=False),
    Column("server_id", String(36), nullable=False),
    Column("port_id", String(36), nullable=False),
    Column("made_at", Integer, nullable=False),
    sqlite_autoincrement=True,  # a number that was answered is not given out again
)
_ADD = insert(SERVER_EVENTS)
_TRIM = delete(SERVER_EVENTS).where(
    SERVER_EVENTS.c.sequence
    <= select(func.max(SERVER_EVENTS.c.sequence)).scalar_subquery() - bindparam("most", type_=Integer)
)
_OLDEST = select(SERVER_EVENTS).order_by(SERVER_EVENTS.c.sequence).limit(bindparam("most", type_=Integer))
_FORGET = delete(SERVER_EVENTS).where(SERVER_EVENTS.c.sequence.in_(bindparam("numbers", expanding=True)))


@dataclass(frozen=True, slots=True)
class Noted:
    """An event that Nova has not answered yet."""

    number: int
    event: ServerEvent
    made_at: datetime


def add(connection: Connection, events: Iterable[ServerEvent], now: datetime) -> None:
    """Note events."""
    rows = [
        {
            "name": event.name.value,
            "server_id": event.server_id,
            "port_id": event.port_id,
            "made_at": seconds(now),
        }
        for event in events
    ]
    if rows:
        connection.execute(_ADD, rows)
        connection.execute(_TRIM, {"most": MAX_EVENTS})


def oldest(connection: Connection, most: int) -> list[Noted]:
    """Give the events that were noted first."""
    return [
        Noted(row.sequence, ServerEvent(EventName(row.name), row.server_id, row.port_id), moment(row.made_at))
        for row in connection.execute(_OLDEST, {"most": most})
    ]


def forget(connection: Connection, numbers: Sequence[int]) -> None:
    """Forget events that were answered, or that nobody can use any more."""
    connection.execute(_FORGET, {"numbers": list(numbers)})
