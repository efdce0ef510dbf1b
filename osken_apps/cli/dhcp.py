"""`osken-net dhcp`: what DHCP clients asked and were told, and why. SHELL."""

import argparse
import sys
from typing import Any

from osken_apps.cli.api import Api, add_api
from osken_apps.cli.command import Exit, WronglyAsked
from osken_apps.cli.output import Tone, add_output, cell, show
from osken_apps.cli.ports import port_of

DESCRIPTION = """List the last DHCP messages of a port, or of all, with the reason of each answer.

Exit status 0: told; 3: cannot tell."""
EPILOG = """examples:
  osken-net dhcp vm1
  osken-net dhcp --host host1 --outcome hardware_address
  osken-net dhcp --since 2026-11-26T12:00:00Z -f csv"""
COLUMNS = ("time", "received", "sent", "ip_address", "outcome", "reason")
MORE = ("xid", "omitted_options", "shortened_options")
LESS = "ask for less with --host, --outcome or PORT"
OPTIONS_OF_ALL = ("since", "host", "outcome")
OF_ALL = ("time", "port_id", "host", "received", "sent", "ip_address", "outcome", "reason")


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what the command line of `dhcp` is."""
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    parser.add_argument("port", metavar="PORT", nargs="?", help="a port: its id, name, MAC or address")
    parser.add_argument("--since", metavar="TIME", help="only of all ports: not before this, in ISO 8601")
    parser.add_argument("--host", metavar="HOST", help="only of all ports: of those on this host")
    parser.add_argument("--outcome", metavar="OUTCOME", help="only of all ports: those that ended so")
    add_api(parser)
    add_output(parser)
    parser.set_defaults(handler=dhcp)


def dhcp(parsed: argparse.Namespace) -> int:
    """Print them. Raises CannotTell, WronglyAsked."""
    api = Api.of(parsed)
    if parsed.port:
        for option in OPTIONS_OF_ALL:
            if getattr(parsed, option) is not None:
                raise WronglyAsked(f"--{option} is of all ports, and PORT is one")
        told = api.get(f"ports/{port_of(api, parsed.port)['id']}/dhcp")["dhcp"]
        rows = [
            {"xid": transaction["xid"]} | message
            for transaction in told["transactions"]
            for message in transaction["messages"]
        ]
        if parsed.format == "table":
            print(_lease(told))
        show(rows, COLUMNS, parsed, _tone, MORE)
        return Exit.WELL
    told = api.get("dhcp-transactions", since=parsed.since, host=parsed.host, outcome=parsed.outcome)
    show(told["dhcp_transactions"], OF_ALL, parsed, _tone, MORE)
    if told["more"] and parsed.format == "table":
        print(f"older ones are not shown: {LESS}")
    elif told["more"]:
        print(f"osken-net: older ones are not told: {LESS}", file=sys.stderr)
    return Exit.WELL


def _lease(told: dict[str, Any]) -> str:
    """Say what address the port's client has."""
    if told["conflict"]:
        return f"{cell(told['conflict'])} is used by another machine, as the port's client said"
    lease = told["lease"]
    if lease is None:
        return f"no lease is known; what was before {told['known_since']} is not remembered"
    return f"{lease['ip_address']} since {lease['granted_at']}, until {lease['expires_at'] or 'ever'}"


def _tone(column: str, value: Any) -> Tone | None:
    return Tone.BROKEN if column == "sent" and value == "NAK" else None
