"""`/ports/{id}/dhcp`: a port's lease, and what its machine has asked for lately."""

from collections.abc import Mapping
from typing import Any

from osken_apps.questions import PortDhcp
from osken_apps.rest.member import Member
from osken_apps.rest.openapi.words import Document, array_of, object_of

TIME: Document = {"type": "string", "format": "date-time"}
TEXT_OR_NOT: Document = {"type": ["string", "null"]}
#: A message of a client and what became of it.
MESSAGE: Document = {
    "time": TIME,
    "received": TEXT_OR_NOT,
    "sent": TEXT_OR_NOT,
    "outcome": {"type": "string"},
    "reason": {"type": "string"},
    "ip_address": TEXT_OR_NOT,
    "omitted_options": array_of({"type": "integer"}),
    "shortened_options": array_of({"type": "integer"}),
}
LEASE = object_of(
    {"ip_address": {"type": "string"}, "granted_at": TIME, "expires_at": {"type": ["string", "null"]}},
    ["ip_address", "granted_at", "expires_at"],
)
TRANSACTION = object_of(
    {"xid": TEXT_OR_NOT, "messages": array_of(object_of(MESSAGE, list(MESSAGE)))}, ["xid", "messages"]
)
SHOWN = {
    "port_id": {"type": "string"},
    "known_since": TIME,
    "lease": {"anyOf": [LEASE, {"type": "null"}]},
    "conflict": TEXT_OR_NOT,
    "transactions": array_of(TRANSACTION),
}


def _dhcp(_view: Any, port: Any, _asked: Mapping[str, str]) -> Any:
    return lambda questions: {"dhcp": questions.ask(PortDhcp(port.id))}


PORT_DHCP = Member(_dhcp, object_of({"dhcp": object_of(SHOWN, list(SHOWN))}, ["dhcp"]))
