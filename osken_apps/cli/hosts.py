"""`osken-net hosts`: the hosts, and what keeps them from what they should be. SHELL."""

import argparse
from typing import Any

from osken_apps.cli.agents import agents_of
from osken_apps.cli.api import Api, add_api
from osken_apps.cli.command import Exit
from osken_apps.cli.output import Tone, add_output, show

DESCRIPTION = """List the hosts with their bridges, ports and troubles.

Exit status 0: all are as they should be; 1: one is away or in trouble; 3: cannot tell."""
COLUMNS = ("host", "state", "bridges", "ovsdb", "ports", "repairs", "last_contact", "trouble")
MORE = ("id", "system_id", "tunneling_ip", "conditions", "dhcp")
ALIVE, TROUBLE, AWAY = "alive", "trouble", "away"
TONES = {ALIVE: Tone.WELL, TROUBLE: Tone.DOUBTFUL, AWAY: Tone.BROKEN}


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what the command line of `hosts` is."""
    parser.description = DESCRIPTION
    add_api(parser)
    add_output(parser)
    parser.set_defaults(handler=hosts)


def hosts(parsed: argparse.Namespace) -> int:
    """Print them; give 1 if one is not well. Raises CannotTell."""
    rows = [_row(agent) for agent in agents_of(Api.of(parsed))]
    show(rows, COLUMNS, parsed, lambda column, value: TONES.get(value) if column == "state" else None, MORE)
    return Exit.WELL if all(row["state"] == ALIVE for row in rows) else Exit.BROKEN


def _row(agent: dict[str, Any]) -> dict[str, Any]:
    shown = agent["configurations"]
    state = (TROUBLE if shown["trouble"] else ALIVE) if agent["alive"] else AWAY
    return {
        "host": agent["host"],
        "state": state,
        "bridges": shown["bridges"],
        "ovsdb": shown["ovsdb"],
        "ports": shown["devices"],
        "repairs": shown["repairs"],
        "last_contact": agent["heartbeat_timestamp"],
        "trouble": shown["trouble"],
        "id": agent["id"],
        "system_id": shown["system_id"],
        "tunneling_ip": shown["tunneling_ip"],
        "conditions": shown["conditions"],
        "dhcp": shown["dhcp"],
    }
