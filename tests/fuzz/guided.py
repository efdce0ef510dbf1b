"""Fuzz one of the edges with atheris, guided by coverage: `dhcp`, `openflow`, `ovsdb` or `http`.

    python -m tests.fuzz.guided dhcp                     until it is stopped
    python -m tests.fuzz.guided http -runs=100000        so many inputs

Takes libFuzzer's options. It starts from the corpus in the repository; what it finds on the way is kept only
in a directory that is named. An input that breaks a rule is written to the current directory as crash-…: put
it into the corpus under a name that says what it is.
"""

import importlib
import sys
from pathlib import Path
from typing import NamedTuple

import atheris

CORPORA = Path(__file__).parent / "corpus"


class Target(NamedTuple):
    """Which packages are watched, and how many octets an input has at most."""

    packages: list[str]
    max_octets: int


TARGETS = {
    "dhcp": Target(["osken_apps.dhcp"], 1514),
    "openflow": Target(["osken_apps.openflow"], 4096),
    "ovsdb": Target(["osken_apps.ovsdb"], 4096),
    "http": Target(["osken_apps.rest", "waitress.parser", "waitress.receiver", "waitress.channel"], 4096),
}


def main() -> None:
    """Run until libFuzzer ends."""
    program, name, *options = sys.argv
    target = TARGETS[name]
    with atheris.instrument_imports(include=target.packages):
        check = importlib.import_module(f"tests.fuzz.{name}_target").check
    seeds = ",".join(str(path) for path in sorted((CORPORA / name).iterdir()))
    arguments = [program, *options, f"-max_len={target.max_octets}", f"-seed_inputs={seeds}"]
    atheris.Setup(arguments, check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
