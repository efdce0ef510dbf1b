"""The long walk, `make fuzz`: `python -m tests.e2e.walk [SEED [STEPS]]`; the seed is told."""

import sys
import tempfile
import time
from pathlib import Path

from tests.e2e.walk.walk import site_of, walk

STEPS = 100


def main() -> int:
    """Walk; say each step, and what was wrong in the end."""
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else time.time_ns() % 1_000_000
    steps = int(sys.argv[2]) if len(sys.argv) > 2 else STEPS
    print(f"seed {seed}, {steps} steps", flush=True)
    began = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - began:7.1f} {line}", flush=True)

    with tempfile.TemporaryDirectory() as directory, site_of(seed, Path(directory) / "lab") as site:
        wrong = walk(site, steps, say)
        if wrong:
            log = Path(tempfile.gettempdir()) / f"walk-{seed}.log"
            log.write_text(site.world.controller.log)
            print("\n".join([*wrong, f"the controller's log: {log}"]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
