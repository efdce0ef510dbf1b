"""`osken-net diff`: the flows that a host has beside those that it should have. SHELL."""

import argparse
import shlex
from collections.abc import Sequence

from osken_apps.cli.agents import agent_of
from osken_apps.cli.api import Api, add_api
from osken_apps.cli.command import CannotTell
from osken_apps.cli.host_options import add_through, complaint, ended_on_host

DESCRIPTION = """Compare the flows of a host's bridges with those that the controller wants there.

The API tells what should be, `ovs-ofctl diff-flows` on the host what is. A line that begins with - is
missing, one with + is there and should not be (flows of others, too). Exit status 0: nothing differs; 1:
something does; 3: cannot tell."""
EPILOG = """examples:
  osken-net diff host1                                 (on host1, with the controller)
  osken-net diff host1 --through 'ssh root@host1'"""
ANOTHER_LANGUAGE = "version negotiation failed"
UNSPOKEN = (
    "bridge {bridge} does not speak OpenFlow10, by which ovs-ofctl compares flows: see `osken-net flows"
    " {host}`, or: ovs-vsctl add bridge {bridge} protocols OpenFlow10"
)
DIFFERENT = 2  # exit status of ovs-ofctl diff-flows, see ovs-ofctl(8)


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what the command line of `diff` is."""
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    parser.add_argument("host", metavar="HOST", help="the host, as `openstack network agent list` names it")
    add_api(parser)
    add_through(parser)
    parser.set_defaults(handler=diff)


def diff(parsed: argparse.Namespace) -> int:
    """Print how each bridge differs; give 1 if any does. Raises CannotTell."""
    is_different = False
    for bridge, flows in _desired(Api.of(parsed), parsed.host).items():
        shown = _difference(parsed, bridge, flows)
        is_different |= bool(shown)
        print(f"{bridge}:\n{shown}" if shown else f"{bridge}: as it should be", end="" if shown else "\n")
    return int(is_different)


def _difference(parsed: argparse.Namespace, bridge: str, flows: Sequence[str]) -> str:
    """Give the lines in which the flows of a bridge differ. Raises CannotTell."""
    command = ["ovs-ofctl", "diff-flows", "/dev/stdin", bridge]
    done = ended_on_host(parsed.through, command, "".join(f"{flow}\n" for flow in flows))
    if ANOTHER_LANGUAGE in done.stderr:
        raise CannotTell(UNSPOKEN.format(bridge=bridge, host=shlex.quote(parsed.host)))
    # What leads to the host has statuses of its own, and says nothing when it fails.
    if (done.returncode, bool(done.stdout)) not in ((0, False), (DIFFERENT, True)):
        raise CannotTell(complaint(parsed.through, command, done))
    return done.stdout


def _desired(api: Api, host: str) -> dict[str, list[str]]:
    """Ask the API for the flows that a host should have, by bridge. Raises CannotTell."""
    told = api.get(f"agents/{agent_of(api, host)['id']}/flows", state="desired")
    flows: dict[str, list[str]] = {}
    for flow in told["flows"]:
        flows.setdefault(flow["bridge"], []).append(flow["flow"])
    if told["more"]:
        raise CannotTell(f"host {shlex.quote(host)} should have more flows than the API tells")
    if not flows:
        raise CannotTell(f"no bridge of host {shlex.quote(host)} has connected to the controller yet")
    return flows
