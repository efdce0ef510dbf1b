"""`osken-net explain`: why a port has no address, or why it does not reach another. SHELL."""

import argparse
import json

from osken_apps.cli.api import Api, add_api
from osken_apps.cli.command import WronglyAsked
from osken_apps.cli.explained import document_of, print_explanation, status_of
from osken_apps.cli.output import Format, add_output, refuse_unknown_columns, show_one

DESCRIPTION = """Say why a port has no address or, of two ports, why the first does not reach the second.

A port is named by its id, its name, its MAC address or an IP address. The first sentence is what is wrong,
with what mends it; then come what it follows from, what else is wrong, and the way of a frame through the
flows that the hosts have. Exit status 0: nothing is wrong that can be seen; 1: something is; 3: cannot
tell."""
EPILOG = """examples:
  osken-net explain vm1                      (why has vm1 no address?)
  osken-net explain vm1 10.10.10.7 --tcp 80  (why can vm1 not reach it?)"""
VERDICT = ("code", "state", "certainty", "sentence", "remedy")


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what the command line of `explain` is."""
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    parser.add_argument("port", metavar="PORT", help="a port's id, name, MAC address or IP address")
    parser.add_argument(
        "to", metavar="TO", nargs="?", help="the port that it is to reach, likewise; or any address"
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--tcp", metavar="N", type=int, help="by TCP to this port (else by ICMP)")
    which.add_argument("--udp", metavar="N", type=int, help="by UDP to this port")
    probe = "ask the machines by ARP, and the way between their hosts by a frame (for administrators)"
    parser.add_argument("--probe", action="store_true", help=probe)
    add_api(parser)
    add_output(parser)
    parser.set_defaults(handler=explain)


def explain(parsed: argparse.Namespace) -> int:
    """Print an explanation; give its exit status. Raises CannotTell, WronglyAsked."""
    refuse_unknown_columns(VERDICT, parsed)
    told = document_of(Api.of(parsed), _question(parsed))
    match Format(parsed.format):
        case Format.JSON if not parsed.column:
            print(json.dumps(told, indent=2))
        case Format.TABLE if not parsed.column:
            print_explanation(told)
        case _:
            show_one({name: told["verdict"][name] for name in VERDICT}, parsed)
    return status_of(told)


def _question(parsed: argparse.Namespace) -> dict[str, object]:
    """Give what the API is asked. Raises WronglyAsked."""
    probe: dict[str, object] = {"probe": True} if parsed.probe else {}
    if parsed.to is None:
        if parsed.tcp is not None or parsed.udp is not None:
            raise WronglyAsked("--tcp and --udp are of the way to another port: name TO, too")
        return {"port": parsed.port} | probe
    question = {"from": parsed.port, "to": parsed.to} | probe
    for protocol in ("tcp", "udp"):
        number = getattr(parsed, protocol)
        if number is not None:
            question |= {"protocol": protocol, "port_number": number}
    return question
