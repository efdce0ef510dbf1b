"""`osken-net backup`: a copy of the database. SHELL."""

import argparse
import signal
import sys
from pathlib import Path

from osken_apps import config
from osken_apps.cli.command import CommandError, add_config_file
from osken_apps.store.backup import BackupFailed, back_up

DESCRIPTION = """Copy the database to FILE, also while the controller runs.

To restore it, end the controller, remove osken-net.db-wal and osken-net.db-shm in its state_dir, put FILE in
the place of osken-net.db, as a file of who runs the controller, and start that."""

ENDS = (signal.SIGTERM, signal.SIGHUP)


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what the command line of `backup` is."""
    parser.description = DESCRIPTION
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--force", action="store_true", help="overwrite FILE")
    add_config_file(parser)
    parser.set_defaults(handler=backup)


def backup(parsed: argparse.Namespace) -> int:
    """Copy the database. Raises ConfigurationError and CommandError."""
    heard = [number for number in ENDS if signal.getsignal(number) is not signal.SIG_IGN]  # as nohup has it
    before = {number: signal.signal(number, _end) for number in heard}
    try:
        back_up(config.load(parsed.config_file).database, parsed.file, parsed.force)
    except BackupFailed as error:
        raise CommandError(str(error)) from error
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return 0


def _end(number: int, _frame: object) -> None:
    """End in order, and once: what is half-written goes, too."""
    for each in ENDS:
        signal.signal(each, signal.SIG_IGN)
    sys.exit(128 + number)
