"""The dashboard at `/ui/`: its files, and what it must know before anybody has logged in.

A page of it loads nothing from elsewhere, runs no script that is not a file of ours, and makes no markup of
text (Content Security Policy Level 3, Trusted Types).
"""

from collections.abc import Callable, Iterator

from osken_apps.config import Config
from osken_apps.dashboard.files import INDEX, File, files
from osken_apps.rest.operations import Operations
from osken_apps.rest.reports.about import version
from osken_apps.rest.request import Answer, Content, Request
from osken_apps.rest.routes import Route

ROOT = "ui"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    " img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none';"
    " require-trusted-types-for 'script'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",  # a browser asks whether what it has is still what there is
}


def routes(config: Config) -> Iterator[Route]:
    """Give the rows of the dashboard; none if it is not wanted."""
    if not config.dashboard.enabled:
        return
    for file in files():
        yield Route("GET", (ROOT, *file.path), _serving(file), public=True)
        if file.path == INDEX:
            yield Route("GET", (ROOT,), _serving(file), public=True)
    yield Route("GET", (ROOT, "settings"), _settings, public=True)


def _serving(file: File) -> Callable[[Operations, Request], Answer]:
    headers = HEADERS | {"ETag": file.tag}

    def serve(_operations: Operations, request: Request) -> Answer:
        if request.asked.headers.get("If-None-Match") == file.tag:
            return Answer(304, None, headers)
        return Answer(200, Content(file.data, file.type), headers)

    return serve


def _settings(operations: Operations, _request: Request) -> Answer:
    """Say how one logs in, and whether the dashboard changes anything."""
    config = operations.config
    return Answer(
        200,
        {
            "authentication": config.api.authentication.value,
            "writes": config.dashboard.writes,
            "version": version(),
        },
    )
