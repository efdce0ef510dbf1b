"""The command `osken-net`: `run` the controller and what goes with it; make and use a `lab`.

Owns the names of the subcommands and what an error looks like: one line on stderr, `osken-net: ...`. Each
subcommand is a module that is imported when it is called, so that the controller loads nothing of the lab.
Exit status: that of `command.Exit`; 130 at Ctrl-C, 141 when whoever reads the output has gone.
"""

import argparse
import importlib
import io
import os
import sys
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, NoReturn, TextIO

from osken_apps.cli.command import CommandError, Exit, Parser
from osken_apps.errors import ConfigurationError, NotNow
from osken_apps.printable import excerpt, printable


class Subcommand(NamedTuple):
    """Where a subcommand is (its `configure` fills a parser and sets `handler`), and what it is for."""

    module: str
    help: str


SUBCOMMANDS: Mapping[str, Subcommand] = {
    "run": Subcommand("osken_apps.cli.run", "run the controller in the foreground"),
    "check": Subcommand("osken_apps.cli.check", "say whether the controller would run, and until when"),
    "user": Subcommand("osken_apps.cli.user", "make and list the users of the API"),
    "project": Subcommand("osken_apps.cli.project", "make and list projects"),
    "role": Subcommand("osken_apps.cli.role", "say what users may do in projects"),
    "credential": Subcommand("osken_apps.cli.credential", "make and list what programs show for a user"),
    "backup": Subcommand("osken_apps.cli.backup", "copy the database, also while the controller runs"),
    "neutron": Subcommand("osken_apps.cli.neutron", "take over what a Neutron has"),
    "host-setup": Subcommand("osken_apps.cli.host_setup", "make a host ready for the controller"),
    "host-check": Subcommand("osken_apps.cli.host_check", "say what is missing on a host"),
    "pki": Subcommand("osken_apps.cli.pki", "make the certificates of TLS with the hosts"),
    "status": Subcommand("osken_apps.cli.status", "say what needs attention"),
    "hosts": Subcommand("osken_apps.cli.hosts", "list the hosts and their troubles"),
    "flows": Subcommand("osken_apps.cli.flows", "list the flows of a host with what they mean and count"),
    "interfaces": Subcommand("osken_apps.cli.interfaces", "list what a host shows of its interfaces"),
    "dhcp": Subcommand("osken_apps.cli.dhcp", "list what DHCP clients asked and were told, and why"),
    "why-not-active": Subcommand("osken_apps.cli.why_not_active", "say what ports wait for"),
    "support-bundle": Subcommand("osken_apps.cli.support_bundle", "write what is known into one file"),
    "diff": Subcommand("osken_apps.cli.diff", "compare a host's flows with those that it should have"),
    "explain": Subcommand("osken_apps.cli.explain", "say why a port has no address, or reaches no other"),
    "trace": Subcommand("osken_apps.cli.trace", "follow a frame through the flows of the hosts"),
    "lab": Subcommand("osken_apps.lab.commands", "hosts with Open vSwitch and VMs on this machine"),
    "completion": Subcommand("osken_apps.cli.completion", "make a shell complete these commands"),
}
#: What shells ask, and nobody types.
HIDDEN = {"_complete": Subcommand("osken_apps.cli.complete", argparse.SUPPRESS)}
EPILOG = """`osken-net COMMAND --help` tells more of a command.
Exit status: 0 all is well; 1 something is broken, or the command failed; 2 wrongly asked for; 3 cannot tell.

Commands that ask the API find it by --api, OSKEN_API, or the OS_* variables of the openstack command."""


READER_GONE = 128 + 13  # as a shell tells of SIGPIPE
SHOWN_BEFORE = 40  # characters before one that cannot be written


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; give the exit status."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    called = next((word for word in given if not word.startswith("-")), "")
    _fill_closed_streams()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a name may have what the terminal's encoding has not
    parsed: argparse.Namespace | None = None
    try:
        try:
            parsed = _parser({called}).parse_args(given)
            status: int = parsed.handler(parsed)
        finally:
            sys.stdout.flush()  # also of a help: what cannot be written is an error like any other
    except CommandError as error:
        _complain(str(error))
        return error.status
    except ConfigurationError as error:
        _complain(str(error))
        return Exit.BROKEN if isinstance(error, NotNow) else Exit.USAGE
    except UnicodeEncodeError as error:  # a word of the command line is octets that are no text
        _drop(sys.stdout)
        shown = excerpt(error.object[max(0, error.start - SHOWN_BEFORE) : error.end])
        _complain(f"{shown} is no text that can be written in {error.encoding}")
        return Exit.USAGE
    except BrokenPipeError:
        _drop(sys.stdout)
        return READER_GONE
    except OSError as error:
        if called in ("run", "lab"):
            raise  # whoever mends that must know where it was
        _drop(sys.stdout)
        _complain(_in_words(error))
        return Exit.CANNOT_TELL if hasattr(parsed, "api") else Exit.BROKEN
    except KeyboardInterrupt:
        return 130
    return status


def _fill_closed_streams() -> None:
    """Open something where a stream is closed: whatever is opened next would take its number.

    What is written to an output that is closed fails; an error is then told to nobody.
    """
    if sys.stdin is None:
        sys.stdin = os.fdopen(os.open(os.devnull, os.O_RDONLY))
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_RDONLY), "w")
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")


def _complain(words: str) -> None:
    """Say what is wrong; names in it are anybody's to give, and a terminal obeys what it is sent."""
    try:
        print("osken-net: " + "\n".join(map(printable, words.split("\n"))), file=sys.stderr)
    except OSError:  # the status says it yet
        _drop(sys.stderr)


def _drop(stream: TextIO) -> None:
    """Leave nothing in a stream that Python would try to write, and complain of, at its end."""
    try:
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # what is left is for nobody


def _in_words(error: OSError) -> str:
    return ": ".join(str(word) for word in (error.filename, error.strerror or error) if word)


class _Version(argparse.Action):
    """Prints the version; to look it up takes as long as all else before a command begins."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from importlib.metadata import version

        print(f"osken-net {version('osken-apps')}")
        parser.exit()


def whole_parser() -> argparse.ArgumentParser:
    """Make the parser with all that every subcommand has."""
    return _parser(SUBCOMMANDS)


def _parser(called: Collection[str]) -> argparse.ArgumentParser:
    """Make the parser; of the subcommands only those that are called are imported."""
    parser = Parser(prog="osken-net", description="An SDN controller for Open vSwitch hosts.", epilog=EPILOG)
    parser.add_argument("--version", action=_Version, nargs=0, help="show program's version number and exit")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, subcommand in SUBCOMMANDS.items():
        below = commands.add_parser(name, help=subcommand.help)
        if name in called:
            importlib.import_module(subcommand.module).configure(below)
    for name, subcommand in HIDDEN.items():
        if name in called:
            importlib.import_module(subcommand.module).configure(commands.add_parser(name))
    return parser
