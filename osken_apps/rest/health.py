"""Whether the API lives and can do its work, for whoever watches it: no identity asked, no secret told."""

import time

from osken_apps.certificates.expiry import expiries, now
from osken_apps.errors import ConfigurationError, StoreUnavailable
from osken_apps.rest.openapi.words import TEXT, Document, array_of, object_of, operation
from osken_apps.rest.operations import Operations
from osken_apps.rest.request import Answer, Request

# The controller says something every two seconds.
MAX_SILENCE_S = 15.0
MAX_REASONS = 10  # the database, the controller, and the certificates' files


def healthz(_operations: Operations, _request: Request) -> Answer:
    """Answer that the process lives."""
    return Answer(200, {"status": "ok"})


def readyz(operations: Operations, _request: Request) -> Answer:
    """Answer whether everything is there that the API needs, or what is missing."""
    if missing := reasons(operations):
        return Answer(503, {"status": "not ready", "reasons": missing})
    return Answer(200, {"status": "ready"})


def reasons(operations: Operations) -> list[str]:
    """Say what is missing that the API needs."""
    return [*_database(operations), *_controller(operations), *_certificates(operations)]


def _database(operations: Operations) -> list[str]:
    """Say what is wrong with the database; the log has the details."""
    try:
        with operations.store.read() as view:
            view.begin()
    except StoreUnavailable:
        return ["the database cannot be used"]
    database = operations.store.database
    return ["the database can only be read"] if database and database.read_only else []


def _controller(operations: Operations) -> list[str]:
    heard_at = operations.questions.heard_at
    if heard_at is None:
        return ["the controller has not spoken yet"]
    silence = time.monotonic() - heard_at
    return [f"the controller has been silent for {silence:.0f} s"] if silence > MAX_SILENCE_S else []


def _certificates(operations: Operations) -> list[str]:
    """Say whose time is over; a file that cannot be read now is not what is used."""
    try:
        over = [found.option for found in expiries(operations.config) if found.left_s(now()) < 0]
    except ConfigurationError:
        return []
    return [f"{option} has expired" for option in over]


def described() -> Document:
    """Give its paths of the OpenAPI document."""
    status = object_of({"status": TEXT, "reasons": array_of(TEXT)}, ["status"])
    ready = operation("readyz", 200, status, ())
    missing = {"description": "What is missing.", "content": {"application/json": {"schema": status}}}
    ready["responses"]["503"] = missing
    return {
        "/healthz": {"get": operation("healthz", 200, status, ())},
        "/readyz": {"get": ready},
    }
