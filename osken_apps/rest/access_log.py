"""One line of log for each change that was asked for: by whom, of what, and how it ended.

Also for requests that were refused before anybody looked at what they ask for. Bodies and headers are not
logged.
"""

import logging
from collections.abc import Mapping
from typing import Any

from osken_apps.errors import ApiError
from osken_apps.rest.request import Answer, Request

LOG = logging.getLogger(__name__)

READS = frozenset({"GET", "HEAD"})
# Of reads, too: who may not come in, or came by a wrong name.
NOTED_STATUSES = frozenset({401, 403, 421})
OUR_TROUBLE = 500
MAX_REASON = 200
MAX_WORD = 80


def note(
    request_id: str,
    environ: Mapping[str, Any],
    request: Request | None,
    answer: Answer,
    error: ApiError | None,
) -> None:
    """Write the line, if the request deserves one."""
    method = environ.get("REQUEST_METHOD", "")
    if method in READS and answer.status not in NOTED_STATUSES:
        return
    caller = request.caller if request else None
    LOG.info(
        "%s: user %s of project %s at %s: %s %s: %s%s",
        request_id,
        word(caller.user_id if caller else "") or "-",
        word(caller.project_id if caller else "") or "-",
        environ.get("REMOTE_ADDR", "-"),
        word(method),
        _target(environ, answer),
        answer.status,
        _reason(answer, error),
    )


def _reason(answer: Answer, error: ApiError | None) -> str:
    """Say why a request was refused; what is wrong here is logged where it is found, once."""
    if error is None:
        return ""
    told = f": {word(str(error), MAX_REASON)}" if answer.status < OUR_TROUBLE else ""
    return f" {type(error).__name__}{told}"


def word(text: str, most: int = MAX_WORD) -> str:
    """Give a text as it can stand in a line of log: no control characters, not too long."""
    return "".join(char if char.isprintable() else "?" for char in text[:most])


def _target(environ: Mapping[str, Any], answer: Answer) -> str:
    """Name what a request is about; of what it made, the id (of several, the first and how many)."""
    path = word(str(environ.get("PATH_INFO", "")).removeprefix("/v2.0/"))
    made = _made(answer.body) if answer.status == 201 else []
    if not made:
        return path
    return f"{path} {made[0]}" + (f" and {len(made) - 1} more" if len(made) > 1 else "")


def _made(body: Any) -> list[str]:
    if not isinstance(body, dict):
        return []
    items = [item for value in body.values() for item in (value if isinstance(value, list) else [value])]
    return [str(item["id"]) for item in items if isinstance(item, dict) and "id" in item]
