"""The addresses of ports, in a table of their own: what differs is released and claimed. SHELL.

Many rows in one statement cost a fraction of many statements.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, bindparam, delete, exc, select, update

from osken_apps.errors import IpAddressAlreadyAllocated
from osken_apps.model.resources import FixedIp
from osken_apps.store.address_text import address_of, address_text
from osken_apps.store.tables import FIXED_IPS

_THIS = (FIXED_IPS.c.subnet_id == bindparam("of_subnet"), FIXED_IPS.c.ip_address == bindparam("of_address"))
# As text: of many rows, what SQLAlchemy does with each takes longer than what the database does.
_CLAIM = "INSERT INTO fixed_ips (subnet_id, ip_address, port_id, position) VALUES (?, ?, ?, ?)"
_RELEASE = delete(FIXED_IPS).where(*_THIS)
_CLOSE_GAP = (
    update(FIXED_IPS)
    .where(FIXED_IPS.c.port_id == bindparam("of_port"), FIXED_IPS.c.position > bindparam("gap"))
    .values(position=FIXED_IPS.c.position - 1)
)
_HOLDER = select(FIXED_IPS.c.port_id, FIXED_IPS.c.position).where(*_THIS)

Values = dict[str, Any]
Row = tuple[str, str, str, int]  # subnet, address, port, position


@dataclass(frozen=True, slots=True)
class Readdressed:
    """A port whose addresses may be others now."""

    port_id: str
    before: Sequence[FixedIp]
    after: Sequence[FixedIp]


@dataclass(frozen=True, slots=True)
class _Difference:
    """What is to be written; `gaps` are positions before that of an address that is kept, the last first."""

    released: list[FixedIp] = field(default_factory=list)
    gaps: list[Values] = field(default_factory=list)
    claimed: list[Row] = field(default_factory=list)

    def add(self, port: Readdressed) -> None:
        """Add what differs of a port: an address is kept that follows those that are, as before."""
        kept = gaps = 0
        gone: list[int] = []
        for position, fixed_ip in enumerate(port.before):
            if kept < len(port.after) and _equal(fixed_ip, port.after[kept]):
                kept, gaps = kept + 1, len(gone)
            else:
                gone.append(position)
        self.released.extend(port.before[position] for position in gone)
        self.gaps.extend({"of_port": port.port_id, "gap": position} for position in reversed(gone[:gaps]))
        self.claimed.extend(
            (fixed_ip.subnet_id, address_text(fixed_ip.ip_address), port.port_id, position)
            for position, fixed_ip in enumerate(port.after[kept:], kept)
        )


def follow(connection: Connection, ports: Iterable[Readdressed]) -> Sequence[FixedIp]:
    """Write the addresses that ports have now; give those that nobody has any more.

    Raises IpAddressAlreadyAllocated.
    """
    difference = _Difference()
    for port in ports:
        difference.add(port)
    if difference.released:
        connection.execute(_RELEASE, [_key(fixed_ip) for fixed_ip in difference.released])
    if difference.gaps:
        connection.execute(_CLOSE_GAP, difference.gaps)
    if difference.claimed:
        _claim(connection, difference.claimed)
    return difference.released


def _claim(connection: Connection, rows: list[Row]) -> None:
    try:
        connection.exec_driver_sql(_CLAIM, rows)
    except exc.IntegrityError as error:
        refused = next((row for row in rows if not _is_there(connection, row)), rows[-1])
        raise IpAddressAlreadyAllocated(address_of(refused[1]), refused[0]) from error


def _is_there(connection: Connection, row: Row) -> bool:
    """Tell whether a row was inserted before another one was refused."""
    subnet_id, address, *of_port = row
    holder = connection.execute(_HOLDER, {"of_subnet": subnet_id, "of_address": address}).one_or_none()
    return holder is not None and list(holder) == of_port


def _equal(one: FixedIp, other: FixedIp) -> bool:
    return one is other or one == other  # many are the same object, which is told at once


def _key(fixed_ip: FixedIp) -> Values:
    return {"of_subnet": fixed_ip.subnet_id, "of_address": address_text(fixed_ip.ip_address)}
