"""DHCP as the REST API shows it: leases and messages, times in ISO 8601. PURE."""

from collections.abc import Iterable, Mapping

from osken_apps.dhcp.decision import Decision
from osken_apps.dhcp.journal import Entry, Lease
from osken_apps.model.resources import Port
from osken_apps.model.times import timestamp_of
from osken_apps.questions import Shown

MAX_MESSAGES = 1000


def messages(
    entries: Iterable[tuple[str, Entry]], ports: Mapping[str, Port], host: str, outcome: str
) -> Shown:
    """Give the newest messages of ports (the newest first, each with its port's id), oldest first.

    Of a `host`, or with an `outcome`, if that is not empty; `more`: older ones are not told, being too many.
    """
    told: list[Shown] = []
    for port_id, entry in entries:
        binding = ports[port_id].binding if port_id in ports else None
        at = binding.host if binding else ""
        shown = entry_shown(entry)
        if host in ("", at) and outcome in ("", shown["outcome"]):
            if len(told) == MAX_MESSAGES:
                return {"dhcp_transactions": told[::-1], "more": True}
            xid = None if entry.xid is None else f"{entry.xid:#010x}"
            told.append({"port_id": port_id, "host": at, "xid": xid} | shown)
    return {"dhcp_transactions": told[::-1], "more": False}


def lease_shown(lease: Lease | None) -> Shown | None:
    """Show a lease."""
    return lease and {
        "ip_address": str(lease.address),
        "granted_at": timestamp_of(lease.granted_at),
        "expires_at": None if lease.expires_at is None else timestamp_of(lease.expires_at),
    }


def entry_shown(entry: Entry) -> Shown:
    """Show a message of a client and what became of it."""
    decision = entry.decision
    return {
        "time": timestamp_of(entry.time),
        "received": decision.received.name if decision.received else None,
        "sent": decision.sent.name if decision.sent else None,
        "outcome": decision.reason.name.lower(),
        "reason": reason_shown(decision),
        "ip_address": str(decision.address) if decision.address else None,
        "omitted_options": list(decision.omitted),
        "shortened_options": list(decision.shortened),
    }


def reason_shown(decision: Decision) -> str:
    """Say why it was answered so, or not."""
    return f"{decision.reason}: {decision.detail}" if decision.detail else str(decision.reason)
