"""The command `osken-net`: `run` the controller, `backup` its database, or make and use a `lab`.

Exit status: 0, 1 when a command failed, 2 when the command line or the configuration is wrong.
"""

import argparse
import logging
import os
import sys
import warnings
from pathlib import Path

from osken_apps import config
from osken_apps.errors import ConfigurationError
from osken_apps.lab import commands as lab

DEFAULT_CONFIG_FILE = Path("/etc/osken-net/osken-net.conf")
LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; give the exit status."""
    parsed = _parser().parse_args(arguments)
    try:
        status: int = parsed.handler(parsed)
    except ConfigurationError as error:
        print(f"osken-net: {error}", file=sys.stderr)
        return 2
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="osken-net", description="An SDN controller for Open vSwitch hosts."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="run the controller in the foreground")
    run.add_argument("--config-file", type=Path, default=DEFAULT_CONFIG_FILE, metavar="FILE")
    run.set_defaults(handler=_run)
    backup = commands.add_parser("backup", help="copy the database, also while the controller runs")
    backup.add_argument("file", type=Path, metavar="FILE")
    backup.add_argument("--force", action="store_true", help="overwrite FILE")
    backup.add_argument("--config-file", type=Path, default=DEFAULT_CONFIG_FILE, metavar="FILE")
    backup.set_defaults(handler=_backup)
    lab.add_parser(commands)
    return parser


def _run(parsed: argparse.Namespace) -> int:
    loaded = config.load(parsed.config_file)
    os.environ["OSKEN_HUB_TYPE"] = "eventlet"
    warnings.filterwarnings("ignore", message="\\s*Eventlet is deprecated")
    import eventlet.hubs

    from osken_apps.apps.hub import Hub

    eventlet.hubs.use_hub(Hub)
    eventlet.monkey_patch()  # before os-ken is imported, or its sockets and threads stay native
    logging.basicConfig(level=logging.DEBUG if loaded.debug else logging.INFO, format=LOG_FORMAT)
    logging.getLogger("os_ken").setLevel(logging.DEBUG if loaded.debug else logging.WARNING)
    from osken_apps.apps.launcher import run

    return run(loaded, parsed.config_file)


def _backup(parsed: argparse.Namespace) -> int:
    from osken_apps.store.backup import BackupFailed, back_up

    try:
        back_up(config.load(parsed.config_file).database, parsed.file, parsed.force)
    except BackupFailed as error:
        print(f"osken-net: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
