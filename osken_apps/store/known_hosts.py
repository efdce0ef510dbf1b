"""What is kept of every host: when it was seen, where it is reached, who it is. SHELL."""

import json

from sqlalchemy import Connection, Integer, bindparam, delete, func, insert, select, update

from osken_apps.model.known_hosts import MAX_KNOWN_HOSTS, KnownHost
from osken_apps.store import schema
from osken_apps.store.tables import HOST_IDENTITIES, KNOWN_HOSTS, PORTS
from osken_apps.store.values import moment, seconds

_KEEP = insert(KNOWN_HOSTS)
_CHANGE = update(KNOWN_HOSTS).where(KNOWN_HOSTS.c.name == bindparam("of_name"))
_COUNT = select(func.count()).select_from(KNOWN_HOSTS)
_FORGET = delete(KNOWN_HOSTS).where(KNOWN_HOSTS.c.name == bindparam("of_name"))
_FORGET_SURPLUS = delete(KNOWN_HOSTS).where(
    KNOWN_HOSTS.c.name.in_(
        select(KNOWN_HOSTS.c.name)
        .where(
            KNOWN_HOSTS.c.name.not_in(select(PORTS.c.binding_host).where(PORTS.c.binding_host.is_not(None)))
        )
        .order_by(KNOWN_HOSTS.c.seen_at.desc(), KNOWN_HOSTS.c.name)
        .offset(bindparam("most", type_=Integer))
    )
)
_ALL = select(KNOWN_HOSTS).order_by(KNOWN_HOSTS.c.name)
_KEEP_IDENTITY = insert(HOST_IDENTITIES)
_FORGET_IDENTITY = delete(HOST_IDENTITIES).where(HOST_IDENTITIES.c.name == bindparam("of_name"))
_ALL_IDENTITIES = select(HOST_IDENTITIES)


def keep(connection: Connection, host: KnownHost) -> None:
    """Keep what is known of a host; of those that have no ports, the first to go is who was seen least
    lately.
    """
    row = {"datapath_type": host.datapath_type, "address": host.address, "seen_at": seconds(host.seen_at)}
    if not connection.execute(_CHANGE, row | {"of_name": host.name}).rowcount:
        connection.execute(_KEEP, row | {"name": host.name})
        if (connection.scalar(_COUNT) or 0) > MAX_KNOWN_HOSTS:
            connection.execute(_FORGET_SURPLUS, {"most": MAX_KNOWN_HOSTS})
    connection.execute(_FORGET_IDENTITY, {"of_name": host.name})
    if host.system_id or host.former_names:
        identity = {"system_id": host.system_id, "former_names": json.dumps(host.former_names)}
        connection.execute(_KEEP_IDENTITY, identity | {"name": host.name})


def forget(connection: Connection, name: str) -> None:
    """Keep nothing of a host any more."""
    connection.execute(_FORGET, {"of_name": name})


def known_hosts(connection: Connection) -> list[KnownHost]:
    """Give what is kept of hosts."""
    identities = _identities(connection)
    return [
        KnownHost(
            row.name, moment(row.seen_at), row.datapath_type, row.address, *identities.get(row.name, ())
        )
        for row in connection.execute(_ALL)
    ]


def _identities(connection: Connection) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Give the system-id and the former names of hosts; a database of before on a full disk has none."""
    if HOST_IDENTITIES.name not in schema.tables(connection):
        return {}
    rows = connection.execute(_ALL_IDENTITIES)
    return {row.name: (row.system_id, tuple(json.loads(row.former_names))) for row in rows}
