"""Run the demo: `make demo`. Exit status 0 if all came out as it should, else 1."""

import argparse
import signal
import socket
import sys
import time
from contextlib import AbstractContextManager

from osken_apps.demo.display import Display
from osken_apps.demo.story import Story, client_environment
from osken_apps.lab import Lab, LabError, default_state_dir, take_down
from osken_apps.lab.controller import LabController

LAB = "demo"
USUAL_API_PORT = 9696
ENDS = (signal.SIGTERM, signal.SIGHUP)  # the latter where the terminal is gone
TUNNELS = ("vxlan", "gre", "geneve")


def main() -> int:
    """Make the lab, tell the story, take the lab down."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave all up until Ctrl-C, to play with")
    parser.add_argument(
        "--tunnel", choices=TUNNELS, default="", help="have net1 over tunnels of this type, and not on a VLAN"
    )
    parser.add_argument("--tls", action="store_true", help="have hosts and controller speak TLS")
    arguments = parser.parse_args()
    keep: bool = arguments.keep
    for number in ENDS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup has it
            signal.signal(number, _end)
    began = time.monotonic()
    display = Display()
    try:
        with _alone(), _lab(arguments.tls) as lab:
            controller = LabController(lab, _api_port())
            controller.start()
            if arguments.tunnel:
                lab.make_underlay()
            lab.connect()
            for host in lab.hosts.values():
                host.ovs.wait_connected()
            Story(lab, controller.api, display, arguments.tunnel).tell()
            _conclude(display, time.monotonic() - began)
            if keep:
                _play(controller)
            controller.stop()
    except LabError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    return 1 if display.failed else 0


def _end(_number: int, _frame: object) -> None:
    """Take the lab down, however often that is asked for meanwhile."""
    for each in ENDS:
        signal.signal(each, signal.SIG_IGN)
    sys.exit(1)


def _alone() -> socket.socket:
    """Give what no second demo gets while this one has it, however it ends.

    Raises LabError where another is up: its lab has the name of ours, and would be taken down.
    """
    # An abstract name, see unix(7): it is no file that stays, and goes with the process.
    sock = socket.socket(socket.AF_UNIX)
    try:
        sock.bind(f"\0osken-apps {LAB}")
    except OSError as error:
        sock.close()
        raise LabError("another is up on this machine: end it first, by Ctrl-C where it runs") from error
    return sock


def _lab(tls: bool) -> AbstractContextManager[Lab]:
    """Give a lab, in place of what an interrupted demo left."""
    take_down(default_state_dir(LAB))
    return Lab.up(LAB, hosts=2, tls=tls)


def _api_port() -> int:
    """Give the API's usual port if it is free, else any that is."""
    for port in (USUAL_API_PORT, 0):
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sock.bind(("127.0.0.1", port))
            except OSError:
                continue
            chosen: int = sock.getsockname()[1]
            return chosen
    raise LabError("no TCP port is free for the API")


def _conclude(display: Display, seconds: float) -> None:
    total = display.passed + len(display.failed)
    print(f"\n{display.passed} of {total} verdicts hold, in {seconds:.0f} s.")
    for what in display.failed:
        print(f"  not so: {what}")


def _play(controller: LabController) -> None:
    environment = client_environment(controller.api)
    settings = " ".join(f"{key}={value}" for key, value in environment.items())
    print(
        f"\nAll of it is up until Ctrl-C. In a browser: {environment['OS_ENDPOINT']}/ui/\n"
        f"In another terminal:\n"
        f"  {settings} .venv/bin/openstack network list\n"
        f"  .venv/bin/osken-net lab show --name {LAB}\n"
        f"  .venv/bin/osken-net lab exec --name {LAB} host1 -- ovs-ofctl dump-flows br-int\n"
        f"  .venv/bin/osken-net lab exec --name {LAB} vm1 -- ip addr\n"
    )
    try:
        signal.pause()
    except KeyboardInterrupt:
        print()


if __name__ == "__main__":
    sys.exit(main())
