"""What every subcommand shares: how it ends, and how its command line is read."""

import argparse
from enum import IntEnum
from pathlib import Path
from typing import NoReturn

from osken_apps import files

DEFAULT_CONFIG_FILE = Path("/etc/osken-net/osken-net.conf")


class Exit(IntEnum):
    """The status with which a command ends."""

    WELL = 0
    BROKEN = 1  # something is broken, or the command could not do what it is for
    USAGE = 2
    CANNOT_TELL = 3  # whether something is broken: whoever knows did not answer


class CommandError(Exception):
    """A command failed: what went wrong, in one line for the operator."""

    status = Exit.BROKEN


class WronglyAsked(CommandError):
    """The command line asks for what there is not."""

    status = Exit.USAGE


class CannotTell(CommandError):
    """Whoever knows does not answer, or not what was asked."""

    status = Exit.CANNOT_TELL


def write_whole(path: Path, octets: bytes, mode: int) -> None:
    """Write a file whole, with a mode whatever the umask. Raises CommandError."""
    try:
        files.write_whole(path, octets, mode)
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from error


class Parser(argparse.ArgumentParser):
    """A parser whose help keeps its line breaks and whose errors are one line."""

    def __init__(self, **settings: object) -> None:
        settings.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(**settings)  # type: ignore[arg-type]

    def error(self, message: str) -> NoReturn:
        """Say it in one line, with status 2. Raises WronglyAsked."""
        raise WronglyAsked(f"{message} ({self.prog} --help tells more)")


def add_config_file(parser: argparse.ArgumentParser) -> None:
    """Add the option that names the controller's configuration."""
    parser.add_argument(
        "--config-file",
        type=Path,
        default=DEFAULT_CONFIG_FILE,
        metavar="FILE",
        help="the controller's configuration (%(default)s)",
    )
