"""What is kept of VLANs in which hosts had ports that are there no more. SHELL."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, select

from osken_apps.model.resources import Network
from osken_apps.networking.left_segments import LeftSegment
from osken_apps.store.tables import LEFT_SEGMENTS
from osken_apps.store.values import moment, seconds

KEPT_S = 30 * 24 * 3600

_LEAVE = insert(LEFT_SEGMENTS)
_LEFT_BEFORE = delete(LEFT_SEGMENTS).where(
    LEFT_SEGMENTS.c.host == bindparam("of_host"),
    LEFT_SEGMENTS.c.physical_network == bindparam("of_physical_network"),
    LEFT_SEGMENTS.c.segmentation_id == bindparam("of_segmentation_id"),
)
_FORGET_OLD = delete(LEFT_SEGMENTS).where(LEFT_SEGMENTS.c.left_at < bindparam("before"))
_LEFT = select(LEFT_SEGMENTS).where(LEFT_SEGMENTS.c.host.in_(bindparam("hosts", expanding=True)))


def leave(connection: Connection, host: str, network: Network, now: datetime) -> None:
    """Keep that a host had a port of a VLAN network until now; forget what is long ago."""
    row = {
        "host": host,
        "physical_network": network.physical_network,
        "segmentation_id": network.segmentation_id,
    }
    connection.execute(_LEFT_BEFORE, {f"of_{name}": value for name, value in row.items()})
    connection.execute(_LEAVE, row | {"left_at": seconds(now)})
    connection.execute(_FORGET_OLD, {"before": seconds(now) - KEPT_S})


def left_by(connection: Connection, hosts: Collection[str]) -> list[LeftSegment]:
    """Give what is kept of these hosts."""
    return [
        LeftSegment(row.host, row.physical_network, row.segmentation_id, moment(row.left_at))
        for row in connection.execute(_LEFT, {"hosts": list(hosts)})
    ]
