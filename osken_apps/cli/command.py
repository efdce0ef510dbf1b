"""What every subcommand shares: how it fails, and how its command line is read."""

import argparse
import sys
from pathlib import Path
from typing import NoReturn

DEFAULT_CONFIG_FILE = Path("/etc/osken-net/osken-net.conf")


class CommandError(Exception):
    """A command failed: what went wrong, in one line for the operator."""


class Parser(argparse.ArgumentParser):
    """A parser whose help keeps its line breaks and whose errors are one line."""

    def __init__(self, **settings: object) -> None:
        settings.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(**settings)  # type: ignore[arg-type]

    def error(self, message: str) -> NoReturn:
        """Print one line and exit with status 2."""
        print(f"osken-net: {message} ({self.prog} --help tells more)", file=sys.stderr)
        sys.exit(2)


def add_config_file(parser: argparse.ArgumentParser) -> None:
    """Add the option that names the controller's configuration."""
    parser.add_argument(
        "--config-file",
        type=Path,
        default=DEFAULT_CONFIG_FILE,
        metavar="FILE",
        help="the controller's configuration (%(default)s)",
    )
