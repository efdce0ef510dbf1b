"""A real zsh that is asked to complete a line."""

import os
import pty
import select
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

LIMIT_S = 60.0
END = "end-of-offer"
KILL_LINE = "\x15"
#: What is offered is kept instead of shown, and told when a completion has ended.
SETUP = """
PROMPT= RPROMPT=
fpath=({directory} $fpath)
autoload -Uz compinit
compinit -u -D
bindkey '^I' complete-word
offered=()
compadd() {{
  local -a hits
  builtin compadd -A hits "$@"
  offered+=("${{hits[@]}}")
  builtin compadd "$@"
}}
tell() {{ print -rl -- "${{offered[@]}}" {end} >{told}; offered=(); comppostfuncs=(tell) }}
comppostfuncs=(tell)
"""


def offered(directory: Path, lines: Iterable[str], environment: Mapping[str, str]) -> list[list[str]]:
    """Give what one zsh offers at the end of each line, with the functions in a directory."""
    told = directory / "told"
    os.mkfifo(told)
    (directory / "setup").write_text(SETUP.format(directory=directory, told=told, end=END))
    answer = os.open(told, os.O_RDWR | os.O_NONBLOCK)  # it has no end when a shell has closed it
    ours, its = pty.openpty()
    known = {"TERM": "dumb", "HOME": str(directory), "PATH": os.environ["PATH"], **environment}
    shell = subprocess.Popen(["zsh", "-f", "-i"], stdin=its, stdout=its, stderr=its, env=known, cwd=directory)
    try:
        os.write(ours, f". {directory}/setup\n".encode())
        found = []
        for line in lines:
            os.write(ours, f"{KILL_LINE}{line}\t".encode())
            found.append(_read(answer, ours).split()[:-1])
        return found
    finally:
        shell.kill()
        shell.wait()
        for descriptor in (answer, ours, its):
            os.close(descriptor)


def _read(answer: int, screen: int) -> str:
    """Read what is told, and meanwhile what is shown: a terminal that nobody reads stands still."""
    shown = told = b""
    while not told.endswith(f"{END}\n".encode()):
        ready, _, _ = select.select([answer, screen], [], [], LIMIT_S)
        if not ready:
            raise AssertionError(f"zsh told {told!r}, and showed {shown!r}")
        if answer in ready:
            told += os.read(answer, 65536)
        if screen in ready:
            shown += os.read(screen, 65536)
    return told.decode()
