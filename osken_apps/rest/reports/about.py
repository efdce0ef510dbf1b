"""What the service says of itself: its version to everybody, where it listens to whom the policy shows it."""

import platform
from collections.abc import Iterator, Mapping
from importlib import metadata
from typing import Any

from osken_apps.config import Config
from osken_apps.rest.openapi.words import TEXT, Document, array_of, object_of
from osken_apps.rest.operations import Operations
from osken_apps.rest.policy import Target
from osken_apps.rest.reports.report import Report
from osken_apps.rest.request import Request

LICENCE = "Apache-2.0"


def version() -> str:
    """Give the version of this package."""
    return metadata.version("osken-apps")


def _about(operations: Operations, request: Request, _asked: Mapping[str, str]) -> dict[str, Any]:
    permissions, own = operations.permissions(request), Target(request.caller.project_id)
    config = operations.config
    told: dict[str, Any] = {
        "version": version(),
        "licence": LICENCE,
        "authentication": config.api.authentication.value,
        "guards": config.security.enforce,
    }
    if permissions.may("get_about:database", own):
        told |= {"python": platform.python_version(), "database": str(operations.store)}
    if permissions.may("get_about:listeners", own):
        told["listeners"] = list(_listeners(config))
    return told


def _listeners(config: Config) -> Iterator[dict[str, Any]]:
    """Give where something listens, and whether it speaks TLS."""
    tls = {"api": config.api.tls, "openflow": config.openflow_tls, "ovsdb": config.ovsdb_tls}
    for name, endpoint in config.listeners.items():
        host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
        yield {"name": name, "address": f"{host}:{endpoint.port}", "tls": tls.get(name) is not None}


BOOLEAN: Document = {"type": "boolean"}
LISTENER = object_of({"name": TEXT, "address": TEXT, "tls": BOOLEAN}, ["name", "address", "tls"])
ANSWER = object_of(
    {
        "version": TEXT,
        "licence": TEXT,
        "authentication": TEXT,
        "guards": BOOLEAN,
        "python": TEXT,
        "database": {"type": "string"},
        "listeners": array_of(LISTENER),
    },
    ["version", "licence", "authentication", "guards"],
)
ABOUT = Report("about", _about, ANSWER)
