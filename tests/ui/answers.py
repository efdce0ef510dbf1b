"""What the controller of the tests answers to the server's questions: one port's DHCP, one host's flows."""

from collections.abc import Callable, Mapping
from typing import Any

SINCE = "2026-11-26T11:00:00Z"
DISCOVER = {
    "time": "2026-11-26T12:00:00Z",
    "received": "DISCOVER",
    "sent": "OFFER",
    "reason": "the port's address",
    "ip_address": "10.0.0.3",
    "omitted_options": [],
}
REQUEST = DISCOVER | {
    "time": "2026-11-26T12:00:01Z",
    "received": "REQUEST",
    "sent": None,
    "reason": "it wants another server, 10.0.0.9",
    "ip_address": None,
}


def _port_dhcp(port_id: str) -> Any:
    return {
        "port_id": port_id,
        "known_since": SINCE,
        "lease": {"ip_address": "10.0.0.3", "granted_at": SINCE, "expires_at": "2026-11-27T11:00:00Z"},
        "conflict": None,
        "transactions": [{"xid": "0x0000002a", "messages": [DISCOVER, REQUEST]}],
    }


ANSWERS: Mapping[str, Callable[..., Any]] = {"port_dhcp": _port_dhcp}
