"""`osken-net completion`: what makes a shell complete this command. SHELL (it prints)."""

import argparse

from osken_apps.cli.command import Exit

DESCRIPTION = """Print a script that makes a shell complete the commands and their options.

It is made once, after an upgrade again; to complete it asks nobody."""
EPILOG = """examples:
  osken-net completion bash > /etc/bash_completion.d/osken-net
  osken-net completion zsh > "${fpath[1]}/_osken-net" """


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what the command line of `completion` is."""
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    parser.add_argument("shell", choices=("bash", "zsh"))
    parser.set_defaults(handler=completion)


def completion(parsed: argparse.Namespace) -> int:
    """Print the script for a shell."""
    import shtab

    from osken_apps.cli import whole_parser

    print(shtab.complete(whole_parser(), parsed.shell))
    return Exit.WELL
