"""`osken-net why-not-active`: ports that are not ACTIVE, by what they wait for. SHELL."""

import argparse
from typing import Any

from osken_apps.cli.api import Api, add_api
from osken_apps.cli.command import CannotTell, Exit
from osken_apps.cli.output import Tone, add_output, progress, show
from osken_apps.model.resources import NETWORK_OWNED

DESCRIPTION = """List what ports that are not ACTIVE wait for, and which ports each; the most frequent first.

Ports that only the network itself has, and those that are switched off, are not waited for.
Exit status 0: none waits; 1: some do; 3: cannot tell."""
COLUMNS = ("ports", "waits_for", "examples")
MORE = ("port_ids",)
DETAILS = "binding:vif_details"  # what a port waits for is among them
FIELDS = ["id", "name", "admin_state_up", "device_owner", DETAILS]
EXAMPLES = 3
NOTHING_SAID = "nothing that is known"
NOT_TOLD = (
    "who asks is not told what ports wait for (policy: get_port:binding:vif_details);"
    " `osken-net explain PORT` says it of one"
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what the command line of `why-not-active` is."""
    parser.description = DESCRIPTION
    add_api(parser)
    add_output(parser)
    parser.set_defaults(handler=why_not_active)


def why_not_active(parsed: argparse.Namespace) -> int:
    """Print it; give 1 if a port waits. Raises CannotTell."""
    causes: dict[str, list[dict[str, Any]]] = {}
    with progress() as say:
        for number, port in enumerate(Api.of(parsed).each("ports", status="DOWN", fields=FIELDS), start=1):
            say(f"{number} ports")
            if port["admin_state_up"] and not port["device_owner"].startswith(NETWORK_OWNED):
                if DETAILS not in port:
                    raise CannotTell(NOT_TOLD)
                waits_for = port[DETAILS].get("waits_for") or NOTHING_SAID
                # What waits for an interface with its own id waits for the same as the next.
                causes.setdefault(waits_for.replace(port["id"], "PORT"), []).append(port)
    rows = [_row(cause, ports) for cause, ports in causes.items()]
    rows.sort(key=lambda row: (-row["ports"], row["waits_for"]))
    show(rows, COLUMNS, parsed, lambda column, _: Tone.BROKEN if column == "waits_for" else None, MORE)
    return Exit.BROKEN if rows else Exit.WELL


def _row(cause: str, ports: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "ports": len(ports),
        "waits_for": cause,
        "examples": [port["name"] or port["id"] for port in ports[:EXAMPLES]],
        "port_ids": [port["id"] for port in ports],
    }
