"""All benchmarks: `python -m tests.bench [NAME...]`, as root, each in a process of its own.

The status is 1 if one of them says that a bar is not reached.
"""

import subprocess
import sys

BENCHMARKS = ("dhcp", "dhcp_core", "flow_install", "openflow_loopback", "rest", "scale", "vswitchd_restart")


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"no benchmark {' '.join(unknown)}; there are: {' '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    status = 0
    for name in names or BENCHMARKS:
        print(f"== {name}", flush=True)
        done = subprocess.run([sys.executable, "-m", f"{__package__}.{name}"], check=False)
        status |= done.returncode != 0
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
