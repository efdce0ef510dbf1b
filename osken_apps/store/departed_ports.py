"""What is kept of ports that hosts had, and may still have when they come back. SHELL."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import Connection, Integer, bindparam, delete, func, insert, select

from osken_apps.model.departed_ports import MAX_DEPARTED_PORTS
from osken_apps.store.tables import DEPARTED_PORTS
from osken_apps.store.values import seconds

# A host that comes back later than this, or after so many others, keeps the flows of a port that is gone.
KEPT_S = 30 * 24 * 3600

_REMEMBER = insert(DEPARTED_PORTS)
_FORGET = delete(DEPARTED_PORTS).where(DEPARTED_PORTS.c.port_id == bindparam("of_port_id"))
_FORGET_OLDEST = delete(DEPARTED_PORTS).where(
    DEPARTED_PORTS.c.sequence
    <= select(func.max(DEPARTED_PORTS.c.sequence)).scalar_subquery() - bindparam("most", type_=Integer)
)
_FORGET_OLD = delete(DEPARTED_PORTS).where(DEPARTED_PORTS.c.deleted_at < bindparam("before"))
_ALL = select(DEPARTED_PORTS.c.port_id).order_by(DEPARTED_PORTS.c.sequence)


def remember(connection: Connection, port_id: str, now: datetime) -> None:
    """Remember a port that a host had, as the newest, and forget those of long ago."""
    forget(connection, port_id)
    connection.execute(_REMEMBER, {"port_id": port_id, "deleted_at": seconds(now)})
    connection.execute(_FORGET_OLDEST, {"most": MAX_DEPARTED_PORTS})
    connection.execute(_FORGET_OLD, {"before": seconds(now) - KEPT_S})


def forget(connection: Connection, port_id: str) -> bool:
    """Forget a port; tell whether it was remembered."""
    return bool(connection.execute(_FORGET, {"of_port_id": port_id}).rowcount)


def parts(connection: Connection, size: int) -> Iterator[Sequence[str]]:
    """Give the ids of all, oldest first, `size` at a time."""
    return connection.scalars(_ALL).partitions(size)
