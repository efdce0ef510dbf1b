"""A line of JSON for each change that was asked for: who, what, of which resource, from where, how it ended.

Also for requests that were refused before anybody looked at what they ask for; of those of nobody the first
of each address and status, and then one a minute with how often they came `again`. Bodies and headers are not
written. A thread of its own writes: a slow disk delays nobody who asks. SHELL.
"""

import errno
import json
import logging
import math
import os
import queue
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from osken_apps.errors import ApiError, ConfigurationError
from osken_apps.model.addresses import share_of
from osken_apps.repeats import OTHERS, Repeats
from osken_apps.rest.request import READS, Answer, HTTPUnauthorized, Request
from osken_apps.rest.server.environ import CLIENT

LOG = logging.getLogger(__name__)

QUESTIONS = frozenset({"/v2.0/explain"})  # whose body says what is asked: they change nothing
# Of reads, too: who may not come in, or came by a wrong name.
NOTED_STATUSES = frozenset({401, 403, 421, 429})
OUR_TROUBLE = 500
MAX_REASON = 200
MAX_WORD = 80
MAX_MADE = 100
MAX_WAITING = 10_000
FILE_MODE = 0o640
LOOK_S = 1.0

Entry = Mapping[str, Any]
Write = Callable[[Entry], None]


def log(entry: Entry) -> None:
    """Write an entry as a line of the program's log."""
    LOG.info("%s", json.dumps(entry))


class AuditLog:
    """Writes entries behind everybody's back: to a file, or to the program's log."""

    def __init__(self, file: Path | None, clock: Callable[[], float] = time.monotonic) -> None:
        """Open the file. Raises ConfigurationError."""
        self._file = file
        self._clock = clock
        self._lock = threading.Lock()  # of what repeats
        self._repeats: Repeats[tuple[str, int], Entry] = Repeats(lambda kind: (OTHERS, kind[1]))
        self._waiting: queue.Queue[Entry | None] = queue.Queue(MAX_WAITING)
        self._lost = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        if file is not None:
            self._open(file)
        self._thread.start()

    def write(self, entry: Entry) -> None:
        """Have an entry written soon; what does not fit any more is counted."""
        if _is_refusal_of_nobody(entry):
            kind = (share_of(entry.get("from", "")), entry["status"])
            with self._lock:
                is_new = self._repeats.is_new(kind, entry, self._clock())
            if not is_new:
                return
        self._put(entry)

    def close(self) -> None:
        """Write what waits, and end."""
        self._tell_again(math.inf)
        self._waiting.put(None)
        self._thread.join()

    def _put(self, entry: Entry) -> None:
        try:
            self._waiting.put_nowait(entry)
        except queue.Full:
            self._lost += 1

    def _tell_again(self, now: float) -> None:
        with self._lock:
            due = self._repeats.due(now)
        for _, entry, again in due:
            self._put({**entry, "again": again})

    def _run(self) -> None:
        while True:
            self._tell_again(self._clock())
            try:
                entry = self._waiting.get(timeout=LOOK_S)
            except queue.Empty:
                continue
            if entry is None:
                return
            lost, self._lost = self._lost, 0
            for item in ([{"lost": lost}] if lost else []) + [entry]:
                self._write(item)

    def _write(self, entry: Entry) -> None:
        if self._file is None:
            log(entry)
            return
        try:
            _append(self._file, f"{json.dumps(entry)}\n".encode())
        except OSError as error:
            LOG.error("%s: %s: %s", self._file, error.strerror, json.dumps(entry))

    def _open(self, file: Path) -> None:
        try:
            _append(file, b"")
        except OSError as error:
            raise ConfigurationError(f"[api] audit_log: {file}: {error.strerror}") from error


def _append(file: Path, line: bytes) -> None:
    """Put a line behind what a file has, whole or not at all. Raises OSError.

    The file is opened for each: whoever moves it away finds a new one in its place.
    """
    with open(file, "ab", buffering=0, opener=_private) as output:
        before = os.fstat(output.fileno()).st_size
        if output.write(line) != len(line):
            with suppress(OSError):
                os.ftruncate(output.fileno(), before)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _private(name: str, flags: int) -> int:
    return os.open(name, flags | os.O_NONBLOCK, FILE_MODE)  # a pipe that nobody reads is not waited for


def entry_of(
    request_id: str,
    environ: Mapping[str, Any],
    request: Request | None,
    answer: Answer,
    error: ApiError | None,
) -> Entry | None:
    """Give the entry of a request; None: it deserves none."""
    method = environ.get("REQUEST_METHOD", "")
    if _is_read(method, environ.get("PATH_INFO", "")) and answer.status not in NOTED_STATUSES:
        return None
    caller = request.caller if request and request.caller.user_id else answer.who
    tried = error.tried if isinstance(error, HTTPUnauthorized) else ""
    entry = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "request": request_id,
        "user_id": word(caller.user_id),
        "user": word(caller.name or tried),
        "project_id": word(caller.project_id),
        "from": environ.get(CLIENT) or environ.get("REMOTE_ADDR", ""),
        "method": word(method),
        "path": word(str(environ.get("PATH_INFO", "")), MAX_REASON),
        "made": _made(answer.body)[:MAX_MADE] if answer.status == 201 else [],
        "status": answer.status,
        "error": type(error).__name__ if error else "",
        # What is wrong here is logged where it is found, once.
        "reason": word(str(error), MAX_REASON) if error and answer.status < OUR_TROUBLE else "",
    }
    return {name: value for name, value in entry.items() if value not in ("", [])}


def _is_read(method: str, path: str) -> bool:
    return method in READS or path.rstrip("/") in QUESTIONS


def _is_refusal_of_nobody(entry: Entry) -> bool:
    """Tell whether an entry is of a refusal that nobody gave a name with: strangers have any number."""
    is_refused = entry.get("status", 0) >= 400
    return is_refused and not (entry.get("user") or entry.get("user_id"))


def word(text: str, most: int = MAX_WORD) -> str:
    """Give a text as it can stand in a line of log: no control characters, not too long."""
    return "".join(char if char.isprintable() else "?" for char in text[:most])


def _made(body: Any) -> list[str]:
    """Give the ids of what was made."""
    if not isinstance(body, dict):
        return []
    items = [item for value in body.values() for item in (value if isinstance(value, list) else [value])]
    return [str(item["id"]) for item in items if isinstance(item, dict) and "id" in item]
