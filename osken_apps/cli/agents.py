"""Hosts as the API's agents. SHELL."""

import shlex
from typing import Any

from osken_apps.cli.api import Api
from osken_apps.cli.command import CannotTell

RULE = "get_agent"  # of the policy: who may see hosts


def agents_of(api: Api, **query: Any) -> list[dict[str, Any]]:
    """Give the agents of all hosts, or of those asked for. Raises CannotTell, also where who asks may see
    none: the API lists none then.
    """
    found: list[dict[str, Any]] = api.get("agents", **query)["agents"]
    if not found and not api.get("overview")["permissions"][RULE]:
        raise CannotTell(f"{api.url} tells who asks of no hosts (policy: {RULE})")
    return found


def agent_of(api: Api, host: str) -> dict[str, Any]:
    """Give the agent of a host. Raises CannotTell, also for one that nobody knows."""
    found = agents_of(api, host=host)
    if not found:
        raise CannotTell(f"the controller knows no host {shlex.quote(host)}; `osken-net hosts` lists them")
    return found[0]
