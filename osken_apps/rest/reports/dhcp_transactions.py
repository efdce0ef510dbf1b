"""The last DHCP messages of all ports, with what became of each."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from osken_apps.errors import HTTPBadRequest
from osken_apps.questions import DhcpTransactions
from osken_apps.rest.openapi.words import TEXT, Document, array_of, object_of
from osken_apps.rest.operations import Operations
from osken_apps.rest.port_dhcp import MESSAGE, TEXT_OR_NOT
from osken_apps.rest.reports.report import Report
from osken_apps.rest.request import Request
from osken_apps.rest.types import TEXT_LENGTH, id_of_text

WORDS: Document = {"type": "string"}
OF_ANY_PORT: Document = {"port_id": WORDS, "host": WORDS, "xid": TEXT_OR_NOT} | MESSAGE


def _dhcp_transactions(operations: Operations, _request: Request, asked: Mapping[str, str]) -> Any:
    """Ask the controller, which remembers them. Raises HTTPBadRequest, ServiceUnavailable."""
    since = _since(asked["since"])
    return operations.questions.ask(
        DhcpTransactions(since, id_of_text(asked["port_id"]), asked["host"], asked["outcome"])
    )


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
        "dhcp_transactions": array_of(object_of(OF_ANY_PORT, list(OF_ANY_PORT))),
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
