"""Fuzz the DHCP server with atheris, guided by coverage.

    python -m tests.fuzz.fuzz_dhcp                     until it is stopped
    python -m tests.fuzz.fuzz_dhcp -runs=100000        so many frames

Takes libFuzzer's options. It starts from the corpus in the repository; what it finds on the way is kept only
in a directory that is named. A frame that breaks a rule is written to the current directory as crash-…: put
it into the corpus under a name that says what it is.
"""

import sys

import atheris

with atheris.instrument_imports(include=["osken_apps.dhcp"]):
    from tests.fuzz.dhcp_target import CORPUS, check

MAX_OCTETS = 1514


def main() -> None:
    """Run until libFuzzer ends."""
    seeds = ",".join(str(path) for path in sorted(CORPUS.iterdir()))
    atheris.Setup([*sys.argv, f"-max_len={MAX_OCTETS}", f"-seed_inputs={seeds}"], check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
