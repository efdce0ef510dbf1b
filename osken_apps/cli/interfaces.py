"""`osken-net interfaces`: what a host shows of its interfaces. SHELL."""

import argparse
import sys
from typing import Any

from osken_apps.cli.agents import agent_of
from osken_apps.cli.api import Api, add_api
from osken_apps.cli.command import Exit
from osken_apps.cli.output import Tone, add_output, show

DESCRIPTION = """List the interfaces of a host's bridges, as its OVSDB and its switch show them.

Exit status 0: all is well; 1: Open vSwitch cannot open one, or its iface-id is no port's; 3: cannot tell."""
COLUMNS = (
    "bridge",
    "name",
    "ofport",
    "tag",
    "link_state",
    "attached_mac",
    "iface_id",
    "dropped_by_meter",
    "error",
)
MORE = ("type", "port_id", "admin_state", "mtu")


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what the command line of `interfaces` is."""
    parser.description = DESCRIPTION
    parser.add_argument("host", metavar="HOST", help="the host, as `osken-net hosts` names it")
    add_api(parser)
    add_output(parser)
    parser.set_defaults(handler=interfaces)


def interfaces(parsed: argparse.Namespace) -> int:
    """Print them; give 1 if one is broken. Raises CannotTell."""
    api = Api.of(parsed)
    told = api.get(f"agents/{agent_of(api, parsed.host)['id']}/interfaces")
    rows = told["interfaces"]
    show(rows, COLUMNS, parsed, _tone, MORE)
    if any(map(_is_broken, rows)):
        return Exit.BROKEN
    if not told["has_ovsdb"]:
        print(
            "osken-net: the host has no OVSDB session: of its interfaces only numbers are known",
            file=sys.stderr,
        )
        return Exit.CANNOT_TELL
    return Exit.WELL


def _is_broken(row: dict[str, Any]) -> bool:
    return bool(row["error"] or (row["iface_id"] and not row["port_id"]))


def _tone(column: str, value: Any) -> Tone | None:
    if column == "error" and value:
        return Tone.BROKEN
    return Tone.DOUBTFUL if column == "link_state" and value == "down" else None
