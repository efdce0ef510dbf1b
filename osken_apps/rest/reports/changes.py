"""What changed since a revision, so that whoever shows the network need not read it again and again.

That it is answered only when something is new, is done before it comes here (`waiting_room`). Time makes the
service not ready, and is no change: each answer says it.
"""

from collections.abc import Mapping
from typing import Any

from osken_apps.errors import HTTPBadRequest
from osken_apps.rest import health
from osken_apps.rest.census import CREATED, DELETED, MAX_TOLD, UPDATED
from osken_apps.rest.openapi.words import TEXT, array_of, object_of
from osken_apps.rest.operations import Operations
from osken_apps.rest.policy import Target
from osken_apps.rest.reports import attention
from osken_apps.rest.reports.report import Report
from osken_apps.rest.request import Request
from osken_apps.rest.server.waiting import MAX_WAIT_S, seconds_of


def _changes(operations: Operations, request: Request, asked: Mapping[str, str]) -> dict[str, Any]:
    try:
        seconds_of(asked["wait"])
    except ValueError as error:
        raise HTTPBadRequest(f"Invalid input for wait. Reason: {error}.") from None
    operations.census.begin()
    news = operations.census.since(
        asked["since"], operations.permissions(request), Target(request.caller.project_id)
    )
    return {
        "revision": news.revision,
        "reset": news.reset,
        "changes": list(news.changes),
        "not_ready": [item.sentence for item in attention.of_service(health.reasons(operations))],
    }


CHANGE = object_of(
    {"kind": TEXT, "op": {"enum": [CREATED, UPDATED, DELETED]}, "id": TEXT}, ["kind", "op", "id"]
)
ANSWER = object_of(
    {
        "revision": TEXT,
        "reset": {"type": "boolean"},
        "changes": array_of(CHANGE, MAX_TOLD),
        "not_ready": array_of(TEXT, health.MAX_REASONS),
    },
    ["revision", "reset", "changes", "not_ready"],
)
SINCE = {"type": "string", "maxLength": 64, "pattern": "^([0-9a-f]{1,32}-[0-9]{1,18})?$"}
WAIT = {
    "type": "integer",
    "minimum": 0,
    "maximum": MAX_WAIT_S,
    "description": "For so many seconds the answer waits until something is new; it may come before.",
}
CHANGES = Report("changes", _changes, ANSWER, (("since", SINCE), ("wait", WAIT)))
