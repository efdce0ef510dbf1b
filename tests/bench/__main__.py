"""All benchmarks: `python -m tests.bench [NAME...]`, as root, each in a process of its own.

The status is 1 if one of them says that a bar is not reached.
"""

import signal
import subprocess
import sys

BENCHMARKS = (
    "api_edge",
    "browser",
    "dashboard",
    "dhcp",
    "dhcp_core",
    "flow_install",
    "openflow_loopback",
    "rest",
    "scale",
    "scale.guarded",
    "security",
    "seeing",
    "start",
    "tunnels",
    "vswitchd_restart",
)


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all; one that is interrupted takes down what it made, and is the last."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"no benchmark {' '.join(unknown)}; there are: {' '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    status = 0
    for name in names or BENCHMARKS:
        print(f"== {name}", flush=True)
        done = run(name)
        if done < 0:
            return 128 - done
        status |= done != 0
    return status


def run(name: str) -> int:
    """Run one; a signal is passed on to it once, also when the terminal sent it. Give status or -signal."""
    received: list[int] = []

    def pass_on(number: int, _frame: object) -> None:
        received.append(number)
        child.send_signal(signal.SIGINT)

    command = [sys.executable, "-m", f"{__package__}.{name}"]
    with subprocess.Popen(command, start_new_session=True) as child:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, pass_on)
        status = child.wait()
    return -received[0] if received else status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
