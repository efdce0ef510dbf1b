"""`osken-net trace`: what the hosts do with a frame. SHELL."""

import argparse
import json

from osken_apps.cli.api import Api, add_api
from osken_apps.cli.command import WronglyAsked
from osken_apps.cli.explained import document_of, hops_of, print_verdict, status_of
from osken_apps.cli.output import Format, add_output, refuse_unknown_columns, show

DESCRIPTION = """Follow a frame through the flows that the hosts have, without sending it.

It comes in at INTERFACE of HOST. A field is KEY=VALUE by ovs-ofctl's name or OpenFlow's, or the name of a
protocol (arp, icmp, tcp, udp, ...); what is not said is 0, or follows from what is. Exit status 0: it arrives
somewhere; 1: it stops; 3: cannot tell."""
EPILOG = """examples:
  osken-net trace host1 tap1 dl_src=fa:16:3e:00:00:01 dl_dst=ff:ff:ff:ff:ff:ff arp arp_op=1 arp_tpa=10.10.10.7
  osken-net trace host1 eth2 dl_vlan=1000 dl_dst=fa:16:3e:00:00:01 tcp_dst=80 --connection established"""
COLUMNS = ("host", "bridge", "table", "rule", "packets", "meaning", "does")
MORE = ("stage", "in_port", "number", "flow", "frame", "depth")


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what the command line of `trace` is."""
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    parser.add_argument("host", metavar="HOST", help="the host, as `openstack network agent list` names it")
    parser.add_argument("interface", metavar="INTERFACE", help="where the frame comes in")
    parser.add_argument("fields", metavar="FIELD", nargs="*", help="a field of the frame, or a protocol")
    parser.add_argument("--hex", metavar="OCTETS", default="", help="the frame itself, in place of fields")
    parser.add_argument(
        "--connection",
        choices=("new", "established", "reply"),
        default="new",
        help="what connection tracking is to say of it (%(default)s)",
    )
    add_api(parser)
    add_output(parser)
    parser.set_defaults(handler=trace)


def trace(parsed: argparse.Namespace) -> int:
    """Print what becomes of a frame; give its exit status. Raises CannotTell, WronglyAsked."""
    if parsed.hex and parsed.fields:
        raise WronglyAsked("--hex is the whole frame: there are no fields beside it")
    refuse_unknown_columns((*COLUMNS, *MORE), parsed)
    frame = {"host": parsed.host, "interface": parsed.interface, "connection": parsed.connection}
    frame |= {"hex": parsed.hex} if parsed.hex else {"fields": parsed.fields}
    told = document_of(Api.of(parsed), {"frame": frame})
    if Format(parsed.format) is Format.JSON and not (parsed.column or parsed.sort):
        print(json.dumps(told, indent=2))
    else:
        if Format(parsed.format) is Format.TABLE:
            print_verdict(told["verdict"])
        show(hops_of(told["path"]), COLUMNS, parsed, more=MORE)
    return status_of(told)
