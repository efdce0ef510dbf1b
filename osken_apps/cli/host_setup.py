"""`osken-net host-setup`: a host's commands, printed or done. SHELL."""

import argparse
from dataclasses import replace

from osken_apps.cli.command import CommandError, WronglyAsked
from osken_apps.cli.host_options import add_options, plan_of, run_on_host
from osken_apps.cli.host_script import script

DESCRIPTION = """Print, as a shell script, the commands that make a host ready for the controller.

They may run again and again: what is as it should be is left alone. In particular a controller that is set is
not set again, which would flush the bridge's flows and cut traffic."""
EPILOG = """examples:
  osken-net host-setup --controller 192.0.2.10 | ssh root@host1 sh
  osken-net host-setup --controller 192.0.2.10 --physical-bridge br-eth2:bond0 --physical-bridge br-eth3:eth3
  osken-net host-setup --controller 192.0.2.10 --apply --through 'ssh root@host1'"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what the command line of `host-setup` is."""
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    add_options(parser, controller_required=True)
    parser.add_argument("--apply", action="store_true", help="do it, here or `--through` a command")
    parser.add_argument(
        "--datapath-type", default="", metavar="TYPE", help="netdev where there is no kernel module"
    )
    parser.add_argument(
        "--in-band",
        action="store_true",
        help="the controller is reached through one of these bridges, as on a host with a single NIC",
    )
    parser.set_defaults(handler=host_setup)


def host_setup(parsed: argparse.Namespace) -> int:
    """Print the script, or run it on the host. Raises CommandError."""
    if parsed.through and not parsed.apply:
        raise WronglyAsked("--through is for --apply: without it the script is printed")
    mode = "in-band" if parsed.in_band else "out-of-band"
    text = script(replace(plan_of(parsed), datapath_type=parsed.datapath_type, connection_mode=mode))
    if parsed.apply:
        text = run_on_host(parsed.through, ["sh"], stdin=text, failed=CommandError)
    print(text, end="")
    return 0
