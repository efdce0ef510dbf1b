"""What `user`, `project`, `role` and `credential` share: the store, secrets in and out, refusals. SHELL.

They work on the database itself, also while the controller runs: whoever may write it may make users.
"""

import argparse
import getpass
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from osken_apps import config
from osken_apps.accounts.first import environment, write_openrc
from osken_apps.cli.command import CommandError, add_config_file
from osken_apps.cli.output import add_output
from osken_apps.config import Config
from osken_apps.errors import OskenAppsError
from osken_apps.model.accounts import MAX_PASSWORD, MIN_PASSWORD, is_name
from osken_apps.store.engines import database_file
from osken_apps.store.opening import check_up_to_date
from osken_apps.store.store import Store

Handler = Callable[[argparse.Namespace], None]


def add_action(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, handler: Handler, help: str
) -> argparse.ArgumentParser:
    """Add an action of a subcommand, with the options that all have."""
    parser = actions.add_parser(name, help=help, description=help)
    add_config_file(parser)
    add_output(parser)

    def run(parsed: argparse.Namespace) -> int:
        handler(parsed)
        return 0

    parser.set_defaults(handler=run)
    return parser


@contextmanager
def store_of(parsed: argparse.Namespace) -> Iterator[tuple[Store, Config]]:
    """Open the store that the configuration names. Raises CommandError, ConfigurationError."""
    loaded = config.load(parsed.config_file)
    path = database_file(loaded.database)
    if not path.is_file():
        raise CommandError(f"there is no database {path}: start the controller once, it makes one")
    try:
        check_up_to_date(loaded.database)
        with closing(Store(loaded.database, is_served_elsewhere=True)) as store:
            yield store, loaded
    except OskenAppsError as error:
        raise CommandError(str(error)) from error


def name(text: str) -> str:
    """Read the name of something new from the command line."""
    if not is_name(text):
        raise argparse.ArgumentTypeError(f"{text!r} cannot be a name: no commas, no blanks at its ends")
    return text


def role(text: str) -> str:
    """Read a role from the command line: policies do not tell capitals from small letters."""
    return name(text).lower()


def add_openrc(parser: argparse.ArgumentParser, secret: str) -> None:
    """Add the option that makes a secret and writes it to a file."""
    parser.add_argument(
        "--openrc",
        type=Path,
        metavar="FILE",
        help=f"make {secret} and write a file (mode 0600) that lets in whoever sources it",
    )


def add_switch(parser: argparse.ArgumentParser, off: str) -> None:
    """Add the options that let in again, and no more; `off` says what the latter means."""
    switch = parser.add_mutually_exclusive_group()
    switch.add_argument("--enable", dest="enabled", action="store_true", default=None)
    switch.add_argument("--disable", dest="enabled", action="store_false", help=off)


def openrc(file: Path, loaded: Config, **who: str) -> None:
    """Write a file that lets in whoever sources it. Raises ConfigurationError."""
    sourcing = write_openrc(file, environment(loaded.api, who))
    print(f"{file} is written: `{sourcing}`", file=sys.stderr)


def asked_password() -> str:
    """Ask for a password: on a terminal twice and unseen, else it is the first line of the input."""
    try:
        if not sys.stdin.isatty():
            password = sys.stdin.readline().rstrip("\r\n")
        elif (password := getpass.getpass("Password: ")) != getpass.getpass("Again: "):
            raise CommandError("the passwords differ")
    except EOFError as error:
        raise CommandError("no password was given") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"a password is in {error.encoding}, and this one is not") from error
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise CommandError(f"a password has from {MIN_PASSWORD} to {MAX_PASSWORD} characters")
    return password
