"""What `host-setup` and `host-check` share: the options that say what a host is to have, the way to it."""

import argparse
import re
import shlex
import subprocess
from collections import Counter
from collections.abc import Collection, Sequence

from osken_apps.cli.command import CannotTell, CommandError, WronglyAsked
from osken_apps.cli.host_script import HostPlan, PhysicalBridge
from osken_apps.config.network import INTERFACE_NAME, MAX_PHYSICAL_BRIDGE_NAME
from osken_apps.model.well_known import OPENFLOW_PORT, OVSDB_PORT

TIMEOUT_S = 60.0
DEFAULT_PHYSICAL = PhysicalBridge("br-eth2", "eth2")
ADDRESS = re.compile(r"[A-Za-z0-9.:_-]+")
PORT = re.compile("[0-9]{1,5}")
MAX_PORT = 65535


def add_options(parser: argparse.ArgumentParser, *, controller_required: bool) -> None:
    """Add the options of a host."""
    host = parser.add_argument_group("what the host is to have")
    host.add_argument(
        "--controller",
        metavar="ADDRESS",
        type=_address,
        required=controller_required,
        help="the address under which hosts reach the controller",
    )
    host.add_argument(
        "--physical-bridge",
        metavar="BRIDGE[:NIC]",
        type=_physical_bridge,
        action="append",
        help="a bridge of `bridge_mappings` and the NIC in it; can be given more than once (br-eth2:eth2)",
    )
    host.add_argument(
        "--integration-bridge",
        metavar="BRIDGE",
        type=_bridge,
        default="br-int",
        help="the bridge that machines plug into (%(default)s)",
    )
    for name, port in (("openflow", OPENFLOW_PORT), ("ovsdb", OVSDB_PORT)):
        host.add_argument(f"--{name}-port", type=_port, default=port, metavar="PORT", help="(%(default)s)")
    host.add_argument("--tls", action="store_true", help="hosts reach the controller by ssl:, as `pki` tells")
    add_through(parser)


def add_through(parser: argparse.ArgumentParser) -> None:
    """Add the option that says how a host is reached."""
    parser.add_argument(
        "--through",
        metavar="COMMAND",
        type=shlex.split,
        default=[],
        help="run what must run on the host through this command, for example 'ssh root@host1'",
    )


def plan_of(parsed: argparse.Namespace) -> HostPlan:
    """Give what the options ask for. Raises WronglyAsked: a bridge with itself would be a loop."""
    plan = HostPlan(
        parsed.controller or "",
        parsed.integration_bridge,
        tuple(parsed.physical_bridge or (DEFAULT_PHYSICAL,)),
        openflow_port=parsed.openflow_port,
        ovsdb_port=parsed.ovsdb_port,
        method="ssl" if parsed.tls else "tcp",
    )
    parts = (name for bridge in plan.physical_bridges for name in (bridge.name, bridge.nic))
    for name, times in Counter([plan.integration_bridge, *filter(None, parts)]).items():
        if times > 1:
            raise WronglyAsked(f"{name!r} is named twice among bridges and NICs")
    return plan


def run_on_host(
    through: Sequence[str],
    command: Sequence[str],
    *,
    stdin: str = "",
    ok: Collection[int] = (0,),
    failed: type[CommandError] = CannotTell,
) -> str:
    """Run a command on the host; give what it printed.

    Raises `failed` with what it complained of, if its exit status is not one of `ok`; any is of none.
    """
    done = ended_on_host(through, command, stdin, failed)
    if ok and done.returncode not in ok:
        raise failed(complaint(through, command, done))
    return done.stdout


def ended_on_host(
    through: Sequence[str], command: Sequence[str], stdin: str, failed: type[CommandError] = CannotTell
) -> "subprocess.CompletedProcess[str]":
    """Run a command on the host; give how it ended. Raises `failed` if it did not begin or end."""
    argv = [*through, *command]
    try:
        return subprocess.run(
            argv,
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=TIMEOUT_S,
            check=False,
        )
    except OSError as error:
        raise failed(f"{argv[0]}: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise failed(f"{_name(through, command)}: no end within {TIMEOUT_S:.0f} s") from error


def complaint(
    through: Sequence[str], command: Sequence[str], done: "subprocess.CompletedProcess[str]"
) -> str:
    """Say what a command on the host complained of when it failed."""
    said = " ".join(done.stderr.split()).removeprefix(f"{command[0]}: ")
    return f"{_name(through, command)}: {said or f'exit status {done.returncode}'}"


def _name(through: Sequence[str], command: Sequence[str]) -> str:
    return shlex.join([*through, command[0]])


def _address(text: str) -> str:
    if not ADDRESS.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not an address")
    return text


def _port(text: str) -> int:
    if not PORT.fullmatch(text) or not 0 < int(text) <= MAX_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is no port from 1 to {MAX_PORT}")
    return int(text)


def _bridge(text: str) -> str:
    if not INTERFACE_NAME.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not the name of a bridge")
    return text


def _physical_bridge(text: str) -> PhysicalBridge:
    name, _, nic = text.partition(":")
    if len(_bridge(name)) > MAX_PHYSICAL_BRIDGE_NAME:
        raise argparse.ArgumentTypeError(f"{name!r} is longer than {MAX_PHYSICAL_BRIDGE_NAME} characters")
    if nic and not INTERFACE_NAME.fullmatch(nic):
        raise argparse.ArgumentTypeError(f"{nic!r} is not the name of a NIC")
    return PhysicalBridge(name, nic)
