"""How both processes write their logs to stderr: as text, or one JSON object a line. SHELL.

Whatever is logged passes here: no text of strangers makes a line that looks like one of ours.
"""

import json
import logging
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from osken_apps.printable import printable

#: Libraries whose INFO is about their own working, such as alembic's when a schema is brought up to date.
TERSE = ("alembic",)
TEXT_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class LogFormat(StrEnum):
    """What a line of the log is."""

    TEXT = "text"
    JSON = "json"


class TextFormatter(logging.Formatter):
    """A record as one line, whatever its message holds; lines of a traceback begin with a space."""

    def __init__(self) -> None:
        super().__init__(TEXT_FORMAT)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """Give the line, in which what cannot be printed is escaped."""
        return printable(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802
        """Give the traceback; messages of exceptions may have lines, too."""
        return "\n".join(f" {printable(line)}" for line in super().formatException(ei).split("\n"))


class JsonFormatter(logging.Formatter):
    """A record as one JSON object on one line, whatever its message and traceback hold."""

    def format(self, record: logging.LogRecord) -> str:
        """Give time (ISO 8601, UTC), level, logger and message, and the traceback where there is one."""
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry)


def begin(log_format: LogFormat, *, debug: bool) -> None:
    """Have the process log to stderr from now on."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if log_format is LogFormat.JSON else TextFormatter())
    # What no line shows need not be found out; see "Optimization" of the library's logging HOWTO.
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging.basicConfig(level=logging.DEBUG if debug else logging.INFO, handlers=[handler])
    for library in () if debug else TERSE:
        logging.getLogger(library).setLevel(logging.WARNING)
