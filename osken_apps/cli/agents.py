"""Hosts as the API's agents, found by name. SHELL."""

import shlex
from typing import Any

from osken_apps.cli.api import Api
from osken_apps.cli.command import CannotTell


def agent_of(api: Api, host: str) -> dict[str, Any]:
    """Give the agent of a host. Raises CannotTell, also for one that nobody knows."""
    found = api.get("agents", host=host)["agents"]
    if not found:
        raise CannotTell(f"the controller knows no host {shlex.quote(host)}, or tells administrators only")
    agent: dict[str, Any] = found[0]
    return agent
