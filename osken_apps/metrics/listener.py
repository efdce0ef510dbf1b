"""GET /metrics, as a WSGI application for a listener of its own. SHELL.

It asks nobody who they are and tells no secret; what can be asked is this one path.
"""

from collections.abc import Callable, Iterable
from typing import Any

from osken_apps.failures import Failures
from osken_apps.metrics.exposition import exposition
from osken_apps.metrics.facts import Measurements

PATH = "/metrics"
TEXT = "text/plain; charset=utf-8"
METHODS = ("GET", "HEAD")
NOT_ALLOWED = "405 Method Not Allowed"


def metrics_application(facts: Callable[[], Measurements]) -> Callable[..., Iterable[bytes]]:
    """Make the application; `facts` are read for each scrape, and must not wait for anybody."""

    failures = Failures()

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        status, body, content_type = _answer(facts, failures, environ)
        allow = [("Allow", ", ".join(METHODS))] if status == NOT_ALLOWED else []
        start_response(status, [("Content-Type", content_type), ("Content-Length", str(len(body))), *allow])
        return [body]

    return application


def _answer(
    facts: Callable[[], Measurements], failures: Failures, environ: dict[str, Any]
) -> tuple[str, bytes, str]:
    if environ.get("PATH_INFO") != PATH:
        return "404 Not Found", b"metrics are at /metrics\n", TEXT
    if environ.get("REQUEST_METHOD") not in METHODS:
        return NOT_ALLOWED, b"metrics can only be read\n", TEXT
    try:
        body, content_type = exposition(facts, environ.get("HTTP_ACCEPT", ""))
    except Exception as error:
        failures.note("metrics were not told", error)
        return "500 Internal Server Error", b"an error of ours; see the log\n", TEXT
    return "200 OK", body, content_type
