"""The addresses of ports, in a table of their own: what differs is released and claimed. SHELL.

Many rows in one statement cost a fraction of many statements.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, bindparam, delete, exc, insert, select, update

from osken_apps.errors import IpAddressAlreadyAllocated
from osken_apps.model.resources import FixedIp
from osken_apps.store.address_text import address_of, address_text
from osken_apps.store.tables import FIXED_IPS

_THIS = (FIXED_IPS.c.subnet_id == bindparam("of_subnet"), FIXED_IPS.c.ip_address == bindparam("of_address"))
_CLAIM = insert(FIXED_IPS)
_RELEASE = delete(FIXED_IPS).where(*_THIS)
_MOVE = update(FIXED_IPS).where(*_THIS).values(position=bindparam("to_position"))
_HOLDER = select(FIXED_IPS.c.port_id, FIXED_IPS.c.position).where(*_THIS)

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Readdressed:
    """A port whose addresses may be others now."""

    port_id: str
    before: Sequence[FixedIp]
    after: Sequence[FixedIp]


@dataclass(frozen=True, slots=True)
class _Difference:
    """What is to be written; `moved` are those of another position."""

    released: list[FixedIp] = field(default_factory=list)
    moved: list[Row] = field(default_factory=list)
    claimed: list[Row] = field(default_factory=list)

    def add(self, port: Readdressed) -> None:
        """Add what differs of a port."""
        same = _common(port.before, port.after)
        before = {fixed_ip: position for position, fixed_ip in enumerate(port.before[same:], same)}
        for position, fixed_ip in enumerate(port.after[same:], same):
            was = before.pop(fixed_ip, None)
            if was is None:
                self.claimed.append(_row(port.port_id, position, fixed_ip))
            elif was != position:
                self.moved.append(_key(fixed_ip) | {"to_position": position})
        self.released.extend(before)


def follow(connection: Connection, ports: Iterable[Readdressed]) -> Sequence[FixedIp]:
    """Write the addresses that ports have now; give those that nobody has any more.

    Raises IpAddressAlreadyAllocated.
    """
    difference = _Difference()
    for port in ports:
        difference.add(port)
    if difference.released:
        connection.execute(_RELEASE, [_key(fixed_ip) for fixed_ip in difference.released])
    if difference.moved:
        connection.execute(_MOVE, difference.moved)
    if difference.claimed:
        _claim(connection, difference.claimed)
    return difference.released


def _claim(connection: Connection, rows: list[Row]) -> None:
    try:
        connection.execute(_CLAIM, rows)
    except exc.IntegrityError as error:
        refused = next((row for row in rows if not _is_there(connection, row)), rows[-1])
        address = address_of(refused["ip_address"])
        raise IpAddressAlreadyAllocated(address, refused["subnet_id"]) from error


def _is_there(connection: Connection, row: Row) -> bool:
    """Tell whether a row was inserted before another one was refused."""
    key = {"of_subnet": row["subnet_id"], "of_address": row["ip_address"]}
    holder = connection.execute(_HOLDER, key).one_or_none()
    return holder is not None and tuple(holder) == (row["port_id"], row["position"])


def _common(before: Sequence[FixedIp], after: Sequence[FixedIp]) -> int:
    """Count the addresses that both begin with."""
    same = 0
    for one, other in zip(before, after, strict=False):
        if one is not other and one != other:
            break
        same += 1
    return same


def _key(fixed_ip: FixedIp) -> Row:
    return {"of_subnet": fixed_ip.subnet_id, "of_address": address_text(fixed_ip.ip_address)}


def _row(port_id: str, position: int, fixed_ip: FixedIp) -> Row:
    return {
        "subnet_id": fixed_ip.subnet_id,
        "ip_address": address_text(fixed_ip.ip_address),
        "port_id": port_id,
        "position": position,
    }
