"""`osken-net flows`: what a host's bridges have beside what they should have. SHELL."""

import argparse
import sys

from osken_apps.cli.agents import agent_of
from osken_apps.cli.api import Api, add_api
from osken_apps.cli.command import Exit
from osken_apps.cli.output import Tone, add_output, cell, show
from osken_apps.cli.ports import port_of
from osken_apps.model.flow_state import ASKED_STATES, FlowState

DESCRIPTION = """List the flows of a host, each with what its rule means and what it has counted.

The controller asks the host's switch now. Exit status 0: all flows are as they should be; 1: one is missing,
or there is one that should not be; 3: cannot tell, a bridge does not answer."""
EPILOG = """examples:
  osken-net flows host1 --port vm1
  osken-net flows host1 --state missing
  osken-net flows host1 -c packets -c meaning --sort packets:desc"""
COLUMNS = ("bridge", "table", "priority", "state", "packets", "rule", "meaning", "flow")
MORE = ("cookie", "port_id", "bytes", "age")
TONES = {FlowState.MISSING: Tone.BROKEN, FlowState.FOREIGN: Tone.DOUBTFUL, FlowState.UNKNOWN: Tone.FAINT}


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what the command line of `flows` is."""
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    parser.add_argument("host", metavar="HOST", help="the host, as `osken-net hosts` names it")
    parser.add_argument("--bridge", metavar="BRIDGE", help="only of this bridge")
    parser.add_argument("--rule", metavar="RULE", help="only of this rule")
    parser.add_argument("--port", metavar="PORT", help="only for this port: its id, name, MAC or address")
    parser.add_argument(
        "--state", choices=ASKED_STATES, help="only in this state; desired: all that should be there"
    )
    add_api(parser)
    add_output(parser)
    parser.set_defaults(handler=flows)


def flows(parsed: argparse.Namespace) -> int:
    """Print them; give 1 if one is missing or too much. Raises CannotTell."""
    api = Api.of(parsed)
    port_id = port_of(api, parsed.port)["id"] if parsed.port else None
    told = api.get(
        f"agents/{agent_of(api, parsed.host)['id']}/flows",
        bridge=parsed.bridge,
        rule=parsed.rule,
        port_id=port_id,
        state=parsed.state,
    )
    rows = told["flows"]
    show(rows, COLUMNS, parsed, lambda column, value: TONES.get(value) if column == "state" else None, MORE)
    for bridge in told["silent"]:
        print(f"osken-net: {cell(bridge)} of {cell(parsed.host)} does not say what it has", file=sys.stderr)
    if told["more"]:
        print(f"osken-net: {told['more']} more are not told", file=sys.stderr)
    if any(row["state"] in (FlowState.MISSING, FlowState.FOREIGN) for row in rows):
        return Exit.BROKEN
    return Exit.CANNOT_TELL if told["silent"] or told["more"] else Exit.WELL
