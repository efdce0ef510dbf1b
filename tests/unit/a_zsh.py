"""A real zsh that is asked to complete a line."""

import os
import pty
import select
import subprocess
from collections.abc import Mapping
from pathlib import Path

LIMIT_S = 60.0
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
tell() {{ print -rl -- "${{offered[@]}}" >{told} }}
comppostfuncs=(tell)
"""


def offered(directory: Path, line: str, environment: Mapping[str, str]) -> list[str]:
    """Give what zsh offers at the end of a line, with the functions in a directory."""
    told = directory / "told"
    os.mkfifo(told)
    (directory / "setup").write_text(SETUP.format(directory=directory, told=told))
    answer = os.open(told, os.O_RDONLY | os.O_NONBLOCK)
    ours, its = pty.openpty()
    known = {"TERM": "dumb", "HOME": str(directory), "PATH": os.environ["PATH"], **environment}
    shell = subprocess.Popen(["zsh", "-f", "-i"], stdin=its, stdout=its, stderr=its, env=known, cwd=directory)
    try:
        os.write(ours, f". {directory}/setup\n{line}\t".encode())
        return _read(answer, ours).split()
    finally:
        shell.kill()
        shell.wait()
        for descriptor in (answer, ours, its):
            os.close(descriptor)


def _read(answer: int, screen: int) -> str:
    """Read what is told, and meanwhile what is shown: a terminal that nobody reads stands still."""
    shown = b""
    while True:
        ready, _, _ = select.select([answer, screen], [], [], LIMIT_S)
        if answer in ready and (told := os.read(answer, 65536)):
            return told.decode()
        if screen not in ready and not ready:
            raise AssertionError(f"zsh told nothing, and showed {shown!r}")
        if screen in ready:
            shown += os.read(screen, 65536)
