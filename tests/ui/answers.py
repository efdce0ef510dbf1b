"""What the controller of the tests answers to the server's questions of DHCP, flows and interfaces."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from osken_apps.dhcp.decision import SilenceReason
from tests.unit.explain_facts import (
    HOST2,
    NOBODY,
    TCP_80,
    VM1,
    VM2,
    facts,
    guarded,
    host,
    journal,
    refused,
    seen,
)

SINCE = "2026-11-26T11:00:00Z"
DISCOVER = {
    "time": "2026-11-26T12:00:00Z",
    "received": "DISCOVER",
    "sent": "OFFER",
    "outcome": "offered",
    "reason": "the port's address",
    "ip_address": "10.0.0.3",
    "omitted_options": [],
    "shortened_options": [],
}
REQUEST = DISCOVER | {
    "time": "2026-11-26T12:00:01Z",
    "received": "REQUEST",
    "sent": None,
    "outcome": "other_server",
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


def _transactions(_since: float, _port_id: str, _host: str, outcome: str) -> Any:
    told = [
        {"port_id": "11111111-2222-3333-4444-555555555555", "host": "host1", "xid": "0x0000002a"} | message
        for message in (DISCOVER, REQUEST)
        if outcome in ("", message["outcome"])
    ]
    return {"dhcp_transactions": told, "more": False, "known_since": SINCE}


_COUNTED = itertools.count(1000, 500)


def _flow(rule: str, state: str, **more: Any) -> Any:
    return {
        "bridge": "br-int",
        "table": 0,
        "priority": 10,
        "cookie": "0x1",
        "rule": rule,
        "meaning": f"What {rule} means.",
        "port_id": "",
        "state": state,
        "packets": next(_COUNTED) if state == "installed" else None,
        "bytes": None,
        "age": None,
        "flow": f"table=0, priority=10,in_port={len(rule)} actions=drop",
    } | more


def _flows(_host: str, _bridge: str, _rule: str, port_id: str, _state: str) -> Any:
    if port_id:
        return {"flows": [_flow("dhcp_broadcast", "installed", port_id=port_id)], "silent": [], "more": 0}
    flows = [_flow("dead_drop", "installed"), _flow("dhcp_broadcast", "missing")]
    return {"flows": [*flows, _flow("", "foreign", meaning="")], "silent": ["br-eth2"], "more": 0}


def _interface(name: str, **more: Any) -> Any:
    return {
        "bridge": "br-int",
        "name": name,
        "type": "",
        "ofport": 3,
        "tag": 1,
        "port_id": "",
        "iface_id": "",
        "attached_mac": "",
        "admin_state": "up",
        "link_state": "up",
        "mtu": 1500,
        "error": "",
        "dropped_by_meter": 0,
    } | more


def _interfaces(_host: str) -> Any:
    broken = _interface("tap2", ofport=None, error="could not open network device tap2 (No such device)")
    return {"interfaces": [_interface("tap1"), broken], "has_ovsdb": True}


WEB, DB = replace(VM1, name="web-blue"), replace(VM2, name="db-blue")


def _facts(_port_id: str, peer_id: str, *_traffic: Any) -> Any:
    """Tell of a machine that may not send, or whose client wants another server."""
    if peer_id:
        return facts(seen(WEB), seen(DB), guarded(WEB, "host1", NOBODY), host(HOST2), traffic=TCP_80)
    return facts(seen(DB, journal=journal(refused(SilenceReason.OTHER_SERVER, "server 10.0.0.9"))))


ANSWERS: Mapping[str, Callable[..., Any]] = {
    "facts_of_port": _facts,
    "port_dhcp": _port_dhcp,
    "dhcp_transactions": _transactions,
    "host_flows": _flows,
    "host_interfaces": _interfaces,
}
