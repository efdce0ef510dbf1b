"""`osken-net lab`: the lab from the command line.

Owns the subcommands and what they print. Everything they do is in `Lab`.
"""

import argparse
import shlex
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from osken_apps.cli.command import CommandError
from osken_apps.lab.host import Host, Vm
from osken_apps.lab.lab import DEFAULT_NAME, Lab, default_state_dir, take_down
from osken_apps.lab.qemu_vm import QemuVm
from osken_apps.lab.shell import LabError, environment, require_root

DESCRIPTION = """Make hosts on this machine, each a namespace with an Open vSwitch of its own, a wire between
them, a network to the controller, and VMs; and take it all down again, also after a crash."""

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
Handler = Callable[[argparse.Namespace], int]

#: The parsed namespace has the chosen subcommand's function under this name.
HANDLER = "handler"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommands of `lab`; the one called is `handler` in the parsed namespace."""
    parser.description = DESCRIPTION
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_whole(commands)
    _add_vms(commands)
    _add_controller(commands)


def _add(commands: Commands, name: str, handler: Handler, text: str) -> argparse.ArgumentParser:
    """Add one subcommand, with the options that say which lab is meant."""
    parser = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    parser.add_argument("--name", default=DEFAULT_NAME, help="the lab's name (%(default)s)")
    where = f"where the lab keeps its state ({default_state_dir('NAME')})"
    parser.add_argument("--state-dir", type=Path, metavar="DIR", help=where)
    parser.set_defaults(**{HANDLER: _with_errors(handler)})
    return parser


def _with_errors(handler: Handler) -> Handler:
    """Turn a LabError into a failure of the command."""

    def guarded(args: argparse.Namespace) -> int:
        try:
            return handler(args)
        except LabError as error:
            raise CommandError(str(error)) from error

    return guarded


def _add_whole(commands: Commands) -> None:
    up = _add(commands, "up", _up, "make the lab")
    up.add_argument("--hosts", type=int, default=2, help="how many hosts (%(default)s)")
    up.add_argument(
        "--underlay", action="store_true", help="give each host an address on the wire, where tunnels end"
    )
    up.add_argument("--tls", action="store_true", help="hosts and controller speak TLS (`connect`, `config`)")
    _add(commands, "down", _down, "take the lab down, also after a crash")
    _add(commands, "show", _show, "show hosts, VMs and addresses")


def _add_vms(commands: Commands) -> None:
    plug = _add(commands, "plug", _plug, "make a VM and plug it into a host")
    plug.add_argument("host", metavar="HOST")
    plug.add_argument("port_id", metavar="PORT_ID", help="the id of the port")
    plug.add_argument("mac", metavar="MAC", help="the MAC address of the port")
    plug.add_argument("--vm", metavar="NAME", help="the VM's name (vm1, vm2, ...)")
    plug.add_argument("--real", action="store_true", help="boot a kernel of its own under qemu")
    plug.add_argument("--no-external-ids", action="store_true", help="let the interface's name alone tell")
    plug.add_argument("--tag", type=int, help="a tag given by the plugger")
    unplug = _add(commands, "unplug", _unplug, "unplug a VM and remove it")
    unplug.add_argument("vm", metavar="VM")
    execute = _add(commands, "exec", _exec, "run a command on a host or in a VM")
    execute.add_argument("what", metavar="WHAT", help="a host or a VM")
    execute.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND ...")


def _add_controller(commands: Commands) -> None:
    connect = _add(commands, "connect", _connect, "point a host, or all, at the controller")
    connect.add_argument("host", metavar="HOST", nargs="?")
    connect.add_argument("--controller-port", type=int, default=6653, help="OpenFlow (%(default)s)")
    connect.add_argument("--manager-port", type=int, default=6640, help="OVSDB (%(default)s)")
    connect.add_argument("--no-manager", action="store_true", help="leave OVSDB unconnected")
    disconnect = _add(commands, "disconnect", _disconnect, "take the controller away from a host, or all")
    disconnect.add_argument("host", metavar="HOST", nargs="?")
    _add(commands, "config", _config, "print a controller's configuration file for this lab")


def _state_dir(args: argparse.Namespace) -> Path:
    given: Path | None = args.state_dir
    return given.absolute() if given is not None else default_state_dir(args.name)


def _open(args: argparse.Namespace, *, root: bool = True) -> Lab:
    if root:
        require_root()
    return Lab.open(args.name, _state_dir(args))


def _hosts(args: argparse.Namespace) -> list[Host]:
    """Give the host named on the command line, or all."""
    lab = _open(args)
    return [lab.host(args.host)] if args.host is not None else list(lab.hosts.values())


def _up(args: argparse.Namespace) -> int:
    lab = Lab.up(args.name, args.hosts, _state_dir(args), args.tls)
    print(describe(lab))
    for host, address in (lab.make_underlay() if args.underlay else {}).items():
        print(f"tunnels to {host} end at {address}")
    return 0


def _down(args: argparse.Namespace) -> int:
    found = take_down(_state_dir(args))
    print("the lab is down" if found else f"no lab is up in {_state_dir(args)}")
    return 0


def _show(args: argparse.Namespace) -> int:
    print(describe(_open(args, root=False)))
    return 0


def describe(lab: Lab) -> str:
    """Give what `lab show` prints."""
    lines = [
        f"lab {lab.name} in {lab.site.state_dir}",
        f"controller: {lab.controller_address} (management network {lab.subnet})",
    ]
    for host in lab.hosts.values():
        lines.append(f"{host.name}: {host.address}, namespace {host.namespace.name}")
        lines += [f"  {_describe_vm(vm)}" for vm in host.vms()]
    choice = "" if lab.name == DEFAULT_NAME else f"--name {lab.name} "
    if lab.site.state_dir != default_state_dir(lab.name):
        choice = f"--state-dir {lab.site.state_dir} "
    lines.append(f"to enter a host or a VM: osken-net lab exec {choice}{next(iter(lab.hosts))} -- bash")
    return "\n".join(lines)


def _describe_vm(vm: Vm) -> str:
    kind = (
        f"console {vm.directory / 'console.sock'}"
        if isinstance(vm, QemuVm)
        else f"namespace {vm.namespace.name}"
    )
    return f"{vm.name}: port {vm.port_id}, {vm.mac}, {vm.tap}, {kind}"


def _plug(args: argparse.Namespace) -> int:
    host = _open(args).host(args.host)
    settings = {"external_ids": not args.no_external_ids, "tag": args.tag}
    if args.real:
        real = host.boot(args.port_id, args.mac, args.vm, **settings)
        print(f"{_describe_vm(real)}, booted in {real.boot_time_s:.1f} s")
    else:
        print(_describe_vm(host.plug(args.port_id, args.mac, args.vm, **settings)))
    return 0


def _unplug(args: argparse.Namespace) -> int:
    _open(args).vm(args.vm).unplug()
    return 0


def _exec(args: argparse.Namespace) -> int:
    lab = _open(args)
    command: Sequence[str] = args.command[1:] if args.command[:1] == ["--"] else args.command
    if not command:
        raise LabError("no command to run")
    if (host := lab.hosts.get(args.what)) is not None:
        return subprocess.call(host.namespace.command(command), env=environment(host.env))
    vm = lab.vm(args.what)
    if not isinstance(vm, QemuVm):
        return subprocess.call(vm.namespace.command(command), env=environment())
    status, output = vm.run(shlex.join(command) if len(command) > 1 else command[0])
    print(output, end="")
    return status


def _connect(args: argparse.Namespace) -> int:
    for host in _hosts(args):
        host.ovs.connect(args.controller_port, None if args.no_manager else args.manager_port)
    return 0


def _disconnect(args: argparse.Namespace) -> int:
    for host in _hosts(args):
        host.ovs.disconnect()
    return 0


def _config(args: argparse.Namespace) -> int:
    lab = _open(args, root=False)
    print(lab.controller_config(), end="")
    return 0
