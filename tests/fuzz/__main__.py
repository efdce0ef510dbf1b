"""The long fuzzing, `make fuzz`: so many inputs for each edge, or as libFuzzer's options say."""

import subprocess
import sys

RUNS = {"dhcp": 250_000, "openflow": 100_000, "ovsdb": 300_000, "http": 100_000}


def main() -> int:
    """Run each fuzzer in a process of its own and give the worst status."""
    options = sys.argv[1:]
    return max(
        subprocess.call([sys.executable, "-m", "tests.fuzz.guided", name, *(options or [f"-runs={runs}"])])
        for name, runs in RUNS.items()
    )


if __name__ == "__main__":
    sys.exit(main())
