"""What a person looks at first: how many there are of what, what needs attention, what the caller may do."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from osken_apps.metrics.states import state_of
from osken_apps.model.resources import Port
from osken_apps.model.times import timestamp
from osken_apps.rest import health
from osken_apps.rest.access import Access
from osken_apps.rest.census import AGENT
from osken_apps.rest.openapi.words import TEXT, Document, array_of, object_of
from osken_apps.rest.operations import Operations
from osken_apps.rest.policy import Target
from osken_apps.rest.ports import PORTS
from osken_apps.rest.reports import attention
from osken_apps.rest.reports.attention import Attention
from osken_apps.rest.reports.report import Report
from osken_apps.rest.request import Request
from osken_apps.store.selection import Among

SHOWN = 20


def _overview(operations: Operations, request: Request, _asked: Mapping[str, str]) -> dict[str, Any]:
    operations.census.begin()
    permissions, own = operations.permissions(request), _own(request)
    sees_hosts = permissions.may(f"get_{AGENT}", own)
    revision = operations.census.revision  # what is counted is at least of then
    wanted = _attention(operations, request, sees_hosts)
    counts: dict[str, dict[str, int]] = {}
    for kind, by_status in operations.census.counts(permissions).items():
        collection = next((c for c in operations.registry.collections.values() if c.kind.model is kind), None)
        if collection is not None:
            counts[collection.plural] = {"total": by_status.total()} | _named(by_status)
    if sees_hosts:
        counts["agents"] = _hosts(operations)
    dhcp = _dhcp(operations) if sees_hosts else None
    return {
        "revision": revision,
        "at": timestamp(datetime.now(UTC)),
        "counts": counts,
        **({} if dhcp is None else {"dhcp": dhcp}),
        "attention": [item.in_words() for item in wanted[:SHOWN]],
        "more": max(0, len(wanted) - SHOWN),
        "caller": {
            "user_id": request.caller.user_id,
            "name": request.caller.name,
            "project_id": request.caller.project_id,
            "is_admin": permissions.may("context_is_admin", own),
        },
        "permissions": {rule: permissions.may(rule, own) for rule in operations.policy.written},
    }


def _own(request: Request) -> Target:
    """Give a target of the caller's own project in every respect."""
    project_id = request.caller.project_id
    return Target(project_id, network_project_id=project_id, group_project_id=project_id)


def _named(by_status: Counter[str]) -> dict[str, int]:
    return {status: number for status, number in sorted(by_status.items()) if status}


def _hosts(operations: Operations) -> dict[str, int]:
    states = Counter(state_of(report) for report in operations.hosts.by_name.values())
    states["refused"] = len(operations.hosts.refused)
    return {"total": states.total(), **{state: number for state, number in sorted(states.items()) if number}}


def _dhcp(operations: Operations) -> dict[str, int]:
    """Count what became of all hosts' DHCP messages since the controller's start."""
    counted: Counter[str] = Counter()
    for report in operations.hosts.by_name.values():
        counted.update(dict(report.dhcp_counters))
    return dict(sorted(counted.items()))


def _attention(operations: Operations, request: Request, sees_hosts: bool) -> list[Attention]:
    """Give what needs attention, worst first."""
    found = attention.of_service(health.reasons(operations))
    if sees_hosts:
        hosts = operations.hosts
        found += attention.of_hosts([*hosts.by_name.values(), *hosts.refused])
    permissions = operations.permissions(request)
    waiting = operations.census.waiting(Port, permissions)
    if waiting:
        # Of many, the sentences of the first are enough; the others are counted.
        first, others = waiting[: SHOWN + 1], waiting[SHOWN + 1 :]
        with operations.store.read() as view:
            ports = [port for port in view.ports(Among("id", tuple(first))) if port.waits_for]
            found += attention.of_ports(ports, len(others), Access(PORTS, permissions, view))
    return sorted(found, key=lambda item: item.state)


COUNTS: Document = {"type": "object", "additionalProperties": {"type": "integer"}}
ANSWER = object_of(
    {
        "revision": TEXT,
        "at": {"type": "string", "format": "date-time"},
        "counts": {"type": "object", "additionalProperties": COUNTS},
        "dhcp": COUNTS,
        "attention": array_of(attention.SCHEMA, SHOWN),
        "more": {"type": "integer", "minimum": 0},
        "caller": object_of(
            {"user_id": TEXT, "name": TEXT, "project_id": TEXT, "is_admin": {"type": "boolean"}},
            ["user_id", "name", "project_id", "is_admin"],
        ),
        "permissions": {"type": "object", "additionalProperties": {"type": "boolean"}},
    },
    ["revision", "at", "counts", "attention", "more", "caller", "permissions"],
)
OVERVIEW = Report("overview", _overview, ANSWER)
