"""`osken-net run`: the controller in the foreground. SHELL."""

import argparse
import logging
import warnings

from osken_apps import config, logs
from osken_apps.cli.command import add_config_file

DESCRIPTION = """Run the controller in the foreground; it logs to stderr.

It listens for bridges (OpenFlow, 6653), hosts (OVSDB, 6640) and users of the REST API (9696). SIGTERM and
Ctrl-C end it; traffic goes on, and after the next start no flow is sent if nothing changed.
osken-net.conf.sample has every option."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what the command line of `run` is."""
    parser.description = DESCRIPTION
    add_config_file(parser)
    parser.set_defaults(handler=run)


def run(parsed: argparse.Namespace) -> int:
    """Run the controller until it is told to stop; give its exit status. Raises ConfigurationError."""
    loaded = config.load(parsed.config_file)
    config.refuse_to_share_secrets(loaded)
    warnings.filterwarnings("ignore", message="\\s*Eventlet is deprecated")
    from osken_apps.apps import runtime

    runtime.install()  # before the rest is imported, or its sockets and threads stay the system's
    logs.begin(loaded.log_format, debug=loaded.debug)
    logging.getLogger("os_ken").setLevel(logging.DEBUG if loaded.debug else logging.WARNING)
    from osken_apps.apps import launcher

    return launcher.run(loaded, parsed.config_file)
