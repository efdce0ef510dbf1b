"""To version 3: security groups, and the ports that were made before them as their members. SHELL.

Until then each project was shown a default group that was in no table. It becomes a real one with the same
id and the ids of its four rules, and every port that port security is for, and that has no group, joins it.
A port of the network itself has neither, as one that is made today.
"""

import json
import time
import uuid
from collections.abc import Iterator, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Integer,
    String,
    Text,
    bindparam,
    insert,
    select,
    table,
    update,
)

if TYPE_CHECKING:
    from alembic.operations import Operations

NAMESPACE = uuid.UUID("8f0d4b0a-4f0c-4c58-9f8e-3f1a4a6f2c11")
NETWORK_OWNED = "network:"
PORTS_A_STATEMENT = 1000

PORTS = table(
    "ports",
    Column("sequence", Integer),
    Column("id", String(36)),
    Column("project_id", String(255)),
    Column("device_owner", String(255)),
    Column("port_security_enabled", Boolean),
    Column("security_groups", Text),
    Column("allowed_address_pairs", Text),
    Column("revision_number", Integer),
)


def first_counter(last: int) -> dict[str, Any]:
    """Give the row of the counter of groups and rules after it has given out the number `last`."""
    return {"name": "security", "last": last}


def first_default_rules() -> list[dict[str, Any]]:
    """Give the rows of the rules that new groups are made with, until somebody says otherwise.

    Everything may leave; a project's default group lets its own members in, too.
    """
    ways = [("egress", None), ("ingress", "PARENT")]
    return [
        _standard(str(uuid.uuid5(NAMESPACE, f"{direction}{family}")), "")
        | _permission(direction, family, remote)
        | {"used_in_default_sg": True, "used_in_non_default_sg": direction == "egress"}
        for direction, remote in ways
        for family in ("IPv4", "IPv6")
    ]


def security_groups(op: "Operations") -> None:
    """Make the tables, the default group of each project that has ports, and its members."""
    groups, rules, default_rules, members, counters = _tables(op)
    connection = op.get_bind()
    numbers = count(1)
    for project_id in connection.scalars(select(PORTS.c.project_id).distinct().order_by("project_id")).all():
        connection.execute(insert(groups), _group(project_id, next(numbers)))
        connection.execute(insert(rules), list(_rules(project_id, numbers)))
    connection.execute(insert(counters), first_counter(next(numbers) - 1))
    connection.execute(insert(default_rules), first_default_rules())
    _free_ports_of_the_network(connection)
    _join(connection, members)


def default_group_id(project_id: str) -> str:
    """Give the id of a project's default group."""
    return str(uuid.uuid5(NAMESPACE, project_id))


def _standard_columns() -> list[Column[Any]]:
    return [
        Column("sequence", Integer, primary_key=True, autoincrement=True),
        Column("id", String(36), nullable=False, unique=True),
        Column("project_id", String(255), nullable=False, index=True),
        Column("name", String(255), nullable=False, index=True),
        Column("description", String(255), nullable=False),
        Column("tags", Text, nullable=False),
        Column("created_at", Integer, nullable=False),
        Column("updated_at", Integer, nullable=False),
        Column("revision_number", Integer, nullable=False),
    ]


def _permission_columns() -> list[Column[Any]]:
    return [
        Column("direction", String(16), nullable=False),
        Column("ethertype", String(16), nullable=False),
        Column("protocol", String(16), index=True),
        Column("port_range_min", Integer),
        Column("port_range_max", Integer),
        Column("remote_ip_prefix", String(64)),
        Column("remote_group_id", String(36), index=True),
        Column("remote_address_group_id", String(36), index=True),
    ]


def _tables(op: "Operations") -> Sequence[Any]:
    groups = op.create_table(
        "security_groups",
        *_standard_columns(),
        Column("stateful", Boolean, nullable=False),
        Column("number", Integer, nullable=False),
    )
    rules = op.create_table(
        "security_group_rules",
        *_standard_columns(),
        *_permission_columns(),
        Column("security_group_id", String(36), ForeignKey("security_groups.id"), nullable=False, index=True),
        Column("number", Integer, nullable=False),
        Column("set_number", Integer, nullable=False),
        Column("by_default", Boolean, nullable=False),
    )
    op.create_table("address_groups", *_standard_columns(), Column("addresses", Text, nullable=False))
    default_rules = op.create_table(
        "default_security_group_rules",
        *_standard_columns(),
        *_permission_columns(),
        Column("used_in_default_sg", Boolean, nullable=False),
        Column("used_in_non_default_sg", Boolean, nullable=False),
    )
    members = op.create_table(
        "security_group_members",
        Column("port_id", String(36), ForeignKey("ports.id", ondelete="CASCADE"), primary_key=True),
        Column(
            "security_group_id", String(36), ForeignKey("security_groups.id"), primary_key=True, index=True
        ),
    )
    counters = op.create_table(
        "counters", Column("name", String(64), primary_key=True), Column("last", Integer, nullable=False)
    )
    return groups, rules, default_rules, members, counters


def _standard(id: str, project_id: str, name: str = "", description: str = "") -> dict[str, Any]:
    now = int(time.time())
    return {
        "id": id,
        "project_id": project_id,
        "name": name,
        "description": description,
        "tags": "[]",
        "created_at": now,
        "updated_at": now,
        "revision_number": 1,
    }


def _permission(direction: str, family: str, remote_group_id: str | None) -> dict[str, Any]:
    return {
        "direction": direction,
        "ethertype": family,
        "protocol": None,
        "port_range_min": None,
        "port_range_max": None,
        "remote_ip_prefix": None,
        "remote_group_id": remote_group_id,
        "remote_address_group_id": None,
    }


def _group(project_id: str, number: int) -> dict[str, Any]:
    standard = _standard(default_group_id(project_id), project_id, "default", "Default security group")
    return standard | {"stateful": True, "number": number}


def _rules(project_id: str, numbers: Iterator[int]) -> Iterator[dict[str, Any]]:
    group_id = default_group_id(project_id)
    for direction, remote_group_id in (("egress", None), ("ingress", group_id)):
        for family in ("IPv4", "IPv6"):
            number = next(numbers)
            yield (
                _standard(str(uuid.uuid5(NAMESPACE, f"{group_id}{direction}{family}")), project_id)
                | _permission(direction, family, remote_group_id)
                | {"security_group_id": group_id, "number": number, "by_default": True}
                | {"set_number": number if remote_group_id else 0}
            )


def _free_ports_of_the_network(connection: Connection) -> None:
    connection.execute(
        update(PORTS)
        .where(PORTS.c.device_owner.startswith(NETWORK_OWNED), PORTS.c.port_security_enabled.is_(True))
        .values(
            port_security_enabled=False,
            security_groups="[]",
            allowed_address_pairs="[]",
            revision_number=PORTS.c.revision_number + 1,
        )
    )


def _join(connection: Connection, members: Any) -> None:
    """Give each guarded port without a group its project's; note who is a member of what."""
    joining = (
        update(PORTS)
        .where(PORTS.c.id == bindparam("of_id"))
        .values(security_groups=bindparam("groups"), revision_number=PORTS.c.revision_number + 1)
    )
    for ports in _guarded_ports(connection):
        joined = [
            {"of_id": port.id, "groups": json.dumps([default_group_id(port.project_id)])}
            for port in ports
            if not json.loads(port.security_groups)
        ]
        if joined:
            connection.execute(joining, joined)
        groups = {
            port.id: json.loads(port.security_groups) or [default_group_id(port.project_id)] for port in ports
        }
        connection.execute(
            insert(members),
            [{"port_id": id, "security_group_id": group} for id, of in groups.items() for group in of],
        )


def _guarded_ports(connection: Connection) -> Iterator[Sequence[Any]]:
    last = 0
    of = (PORTS.c.sequence, PORTS.c.id, PORTS.c.project_id, PORTS.c.security_groups)
    guarded = select(*of).where(PORTS.c.port_security_enabled.is_(True)).order_by(PORTS.c.sequence)
    while ports := connection.execute(guarded.where(PORTS.c.sequence > last).limit(PORTS_A_STATEMENT)).all():
        yield ports
        last = ports[-1].sequence
