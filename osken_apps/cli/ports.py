"""Ports found by what people have: an id, a name, a MAC address or an address. SHELL."""

import re
import shlex
from contextlib import suppress
from ipaddress import ip_address
from typing import Any

from osken_apps.cli.api import Api
from osken_apps.cli.command import CannotTell, WronglyAsked

FIELDS = ["id", "name", "mac_address", "status"]
MAC = re.compile("([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}")
ID = re.compile("[0-9a-fA-F-]{36}")
MOST_NAMED = 5


def port_of(api: Api, text: str) -> dict[str, Any]:
    """Find the port that is meant. Raises CannotTell if there is none, WronglyAsked if there are several."""
    found: list[dict[str, Any]] = []
    for query in _queries(text):
        found = api.get("ports", fields=FIELDS, **query)["ports"]
        if found:
            break
    if not found:
        raise CannotTell(f"no port has the id, name, MAC or IP address {shlex.quote(text)}")
    if len(found) > 1:
        ids = ", ".join(port["id"] for port in found[:MOST_NAMED])
        more = f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
        raise WronglyAsked(f"{len(found)} ports are called {shlex.quote(text)}: {ids}{more}")
    return found[0]


def _queries(text: str) -> list[dict[str, str]]:
    """Say what to look for, in order."""
    queries = [{"name": text}]
    if ID.fullmatch(text):
        queries.insert(0, {"id": text})
    if MAC.fullmatch(text):
        queries.append({"mac_address": text.lower()})
    with suppress(ValueError):
        queries.append({"fixed_ips": f"ip_address={ip_address(text)}"})
    return queries
