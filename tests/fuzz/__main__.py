"""The long fuzzing, `make fuzz`: a quarter of a million frames, or as many as libFuzzer's options say."""

import subprocess
import sys

DEFAULT = ["-runs=250000"]


def main() -> int:
    """Run each fuzzer in a process of its own and give the worst status."""
    return subprocess.call([sys.executable, "-m", "tests.fuzz.fuzz_dhcp", *(sys.argv[1:] or DEFAULT)])


if __name__ == "__main__":
    sys.exit(main())
