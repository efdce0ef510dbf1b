"""`osken-net status`: what there is and what needs attention. SHELL."""

import argparse
import sys
from typing import Any

from osken_apps.cli.api import Api, add_api
from osken_apps.cli.command import Exit
from osken_apps.cli.output import Tone, add_output, show, toned

DESCRIPTION = """Say what needs attention, worst first, and how many there are of what.

Exit status 0: nothing does; 1: something is broken or degraded; 3: cannot tell. A port that waits for its
machine is no reason for 1."""
COLUMNS = ("state", "sentence", "remedy")
MORE = ("code", "kind", "id")
WAITING = "waiting"
TONES = {"broken": Tone.BROKEN, "degraded": Tone.DOUBTFUL, WAITING: Tone.FAINT}


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what the command line of `status` is."""
    parser.description = DESCRIPTION
    add_api(parser)
    add_output(parser)
    parser.set_defaults(handler=status)


def status(parsed: argparse.Namespace) -> int:
    """Print it; give 1 if something is wrong. Raises CannotTell."""
    told = Api.of(parsed).get("overview")
    needs = told["attention"]
    is_for_people = parsed.format == "table"
    if is_for_people:
        for line in _counts(told["counts"]):
            print(line)
    if needs or not is_for_people:
        show(
            needs,
            COLUMNS,
            parsed,
            lambda column, value: TONES.get(value) if column == "state" else None,
            MORE,
        )
    else:
        print(toned("nothing needs attention", Tone.WELL))
    if told["more"] and is_for_people:
        print(f"and {told['more']} more")
    elif told["more"]:
        print(f"osken-net: {told['more']} more are not told", file=sys.stderr)
    # The worst come first: if those that are shown only wait, so do all.
    return Exit.BROKEN if any(item["state"] != WAITING for item in needs) else Exit.WELL


def _counts(counts: dict[str, Any]) -> list[str]:
    """Give a line for each kind that there is."""
    lines = []
    for kind, by_state in sorted(counts.items()):
        states = ", ".join(f"{number} {state}" for state, number in by_state.items() if state != "total")
        if by_state["total"]:
            lines.append(f"{kind}: {by_state['total']}{f' ({states})' if states else ''}")
    return lines
