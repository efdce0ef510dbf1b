"""What Nova is told of its servers' ports: its "external events". PURE.

Nova waits for network-vif-plugged before it lets a server run, or a live migration begin, for minutes; by the
others it keeps what it shows of a server's addresses true.
"""

import json
import uuid
from dataclasses import dataclass
from enum import StrEnum

from osken_apps.model.resources import Port, PortStatus
from osken_apps.networking.port_bindings import COMPUTE, active_host

MIGRATING_TO = "migrating_to"


class EventName(StrEnum):
    """What has happened to a port, in Nova's words."""

    PLUGGED = "network-vif-plugged"
    UNPLUGGED = "network-vif-unplugged"
    DELETED = "network-vif-deleted"
    CHANGED = "network-changed"


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """Something that happened to a port of a server."""

    name: EventName
    server_id: str
    port_id: str


def events_of(before: Port, after: Port | None) -> tuple[ServerEvent, ...]:
    """Give what a server is to be told of a change of a port; `after` None: it is deleted."""
    owner = after if after is not None and is_of_server(after) else before
    if not is_of_server(owner):
        return ()
    names = (EventName.DELETED,) if after is None else _names(before, after)
    return tuple(ServerEvent(name, owner.device_id, owner.id) for name in names)


def is_of_server(port: Port) -> bool:
    """Tell whether a port belongs to a server of Nova's, whose ids are UUIDs."""
    if not port.device_owner.startswith(COMPUTE):
        return False
    try:
        return str(uuid.UUID(port.device_id)) == port.device_id.lower()
    except ValueError:
        return False


def _names(before: Port, after: Port) -> tuple[EventName, ...]:
    found = []
    if _works_at(before) != _works_at(after):
        found.append(EventName.PLUGGED if _works_at(after) else EventName.UNPLUGGED)
    if _plugged_ahead_at(after) not in ("", _plugged_ahead_at(before)):
        found.append(EventName.PLUGGED)
    addressed = (before.fixed_ips, before.mac_address) != (after.fixed_ips, after.mac_address)
    if addressed and active_host(after):
        found.append(EventName.CHANGED)
    return tuple(found)


def _plugged_ahead_at(port: Port) -> str:
    """Give the target of a live migration once its interface is made there; empty: there is none.

    Nova makes the interface, then says so in the profile, and begins when it hears that the network knows.
    """
    if MIGRATING_TO not in port.binding_profile:
        return ""
    target = json.loads(port.binding_profile).get(MIGRATING_TO)
    return next((binding.host for binding in port.inactive_bindings if binding.host == target), "")


def _works_at(port: Port) -> str:
    """Give the host at which a port is ACTIVE; empty: it is not."""
    return port.binding.host if port.binding and port.status is PortStatus.ACTIVE else ""
