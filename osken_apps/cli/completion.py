"""`osken-net completion`: what makes a shell complete this command. SHELL (it prints)."""

import argparse

from osken_apps.cli.command import Exit

PORT, HOST = "_osken_net_ports", "_osken_net_hosts"
#: What is completed by a function of the script, by what an argument is called.
NAMES = {"PORT": PORT, "TO": PORT, "HOST": HOST}
PREAMBLE = {
    "bash": """
_osken_net_ports() { "${COMP_WORDS[0]}" _complete port "$1" 2>/dev/null; }
_osken_net_hosts() { "${COMP_WORDS[0]}" _complete host "$1" 2>/dev/null; }
""",
    "zsh": """
_osken_net_ports() { _osken_net_names port }
_osken_net_hosts() { _osken_net_names host }
_osken_net_names() {
  local command=${_comp_command1:-osken-net}  # in the words there is only what follows it
  compadd -- ${(f)"$("$command" _complete $1 "$PREFIX" 2>/dev/null)"}
}
""",
}

DESCRIPTION = """Print a script that makes a shell complete the commands and their options.

It is made once, after an upgrade again. Names of ports and hosts are asked of the API that the environment
names (OSKEN_API, OS_*), for a second at most."""
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

    parser = whole_parser()
    _have_names_completed(parser)
    print(shtab.complete(parser, parsed.shell, preamble=PREAMBLE))  # type: ignore[arg-type]  # one for each shell
    return Exit.WELL


def _have_names_completed(parser: argparse.ArgumentParser) -> None:
    """Say of which arguments the names are asked for."""
    (commands,) = (each for each in parser._actions if isinstance(each, argparse._SubParsersAction))
    for command in commands.choices.values():
        for argument in command._actions:
            completer = NAMES.get(str(argument.metavar))
            if completer and argument.type is None:  # what is converted is no name: a TCP port is a number
                argument.complete = {"bash": completer, "zsh": completer}
