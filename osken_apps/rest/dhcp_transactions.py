"""The last DHCP messages of all ports, with what became of each."""

from datetime import UTC, datetime
from typing import Any

from osken_apps.errors import HTTPBadRequest
from osken_apps.questions import DhcpTransactions
from osken_apps.rest.openapi_words import TEXT, Document, array_of, object_of
from osken_apps.rest.operations import Operations
from osken_apps.rest.report import Report, asked
from osken_apps.rest.request import Request
from osken_apps.rest.types import TEXT_LENGTH

WORDS: Document = {"type": "string"}
TEXT_OR_NOT: Document = {"type": ["string", "null"]}
MESSAGE = {
    "port_id": WORDS,
    "host": WORDS,
    "xid": TEXT_OR_NOT,
    "time": {"type": "string", "format": "date-time"},
    "received": TEXT_OR_NOT,
    "sent": TEXT_OR_NOT,
    "outcome": WORDS,
    "reason": WORDS,
    "ip_address": TEXT_OR_NOT,
    "omitted_options": array_of({"type": "integer"}),
}


def _dhcp_transactions(operations: Operations, request: Request) -> Any:
    """Ask the controller, which remembers them. Raises HTTPBadRequest, ServiceUnavailable."""
    port_id, host, outcome = (asked(request, name) for name in ("port_id", "host", "outcome"))
    since = _since(asked(request, "since"))
    return operations.questions.ask(DhcpTransactions(since, port_id, host, outcome))


def _since(text: str) -> float:
    if not text:
        return 0.0
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
    except (ValueError, OverflowError):
        raise HTTPBadRequest(f"Invalid input for since. Reason: '{text}' is no time in ISO 8601.") from None


ANSWER = object_of(
    {
        "dhcp_transactions": array_of(object_of(MESSAGE, list(MESSAGE))),
        "more": {"type": "boolean"},
        "known_since": {"type": "string", "format": "date-time"},
    },
    ["dhcp_transactions", "more", "known_since"],
)
SINCE: Document = {"type": "string", "format": "date-time", "maxLength": TEXT_LENGTH}
DHCP_TRANSACTIONS = Report(
    "dhcp_transactions",
    _dhcp_transactions,
    ANSWER,
    (("since", SINCE), ("port_id", TEXT), ("host", TEXT), ("outcome", TEXT)),
)
