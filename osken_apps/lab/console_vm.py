"""A VM with a kernel of its own, driven over its serial console.

Owns what is said over the console: a command's output is what comes between two markers. Waits for words on
the console, never for time to pass. Must not know who runs the VM.
"""

import base64
import contextlib
import itertools
import os
import re
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Interface
from pathlib import Path

from osken_apps.lab import guest_scripts
from osken_apps.lab.dhcp_clients import DhcpEvent, parse_event
from osken_apps.lab.ping import PingResult, parse_ping
from osken_apps.lab.shell import PATIENCE_S, LabError, wait_until

BOOT_TIMEOUT_S = 180.0
SHOWN_OF_LOG = 300  # characters of a log that an error quotes

#: Of a line in canonical mode (termios(3)), less what `run` wraps around a command.
MAX_COMMAND = 2900

_numbers = itertools.count(1)


class ConsoleVm(ABC):
    """A VM that boots the lab's guest; its console is `console.sock` and `console.log` in a directory."""

    name: str

    @property
    @abstractmethod
    def console_directory(self) -> Path:
        """Where the console's socket and log are now."""

    @abstractmethod
    def complaint(self) -> str | None:
        """Say why the VM is not running; None while it runs."""

    def wait_booted(self, timeout_s: float = BOOT_TIMEOUT_S) -> None:
        """Wait until the VM's shell is there."""
        wait_until(lambda: self._said(guest_scripts.READY), timeout_s, f"{self.name} to boot")

    # -- the console

    @property
    def console_text(self) -> str:
        """All that the console has shown."""
        path = self.console_directory / "console.log"
        return path.read_text(errors="replace").replace("\r\n", "\n") if path.exists() else ""

    def _said(self, words: str) -> int:
        """Give how often the console has shown `words`. Raises LabError when the VM has ended."""
        if (complaint := self.complaint()) is not None:
            shown = self.console_text[-SHOWN_OF_LOG:].strip()
            raise LabError(f"{self.name} is not running: {complaint[-SHOWN_OF_LOG:].strip()} {shown}")
        return self.console_text.count(words)

    @contextlib.contextmanager
    def _console(self) -> Iterator[socket.socket]:
        """Connect to the console, by way of a descriptor: a socket's path may have 107 characters only."""
        folder = os.open(self.console_directory, os.O_RDONLY)
        try:
            with socket.socket(socket.AF_UNIX) as console:
                console.connect(f"/proc/self/fd/{folder}/console.sock")
                yield console
        finally:
            os.close(folder)

    def run(self, command: str, timeout_s: float = PATIENCE_S) -> tuple[int, str]:
        """Run a shell command in the VM, once it has booted; give its status and what it printed."""
        self.wait_booted()
        encoded = base64.b64encode(command.encode()).decode()
        if len(encoded) > MAX_COMMAND * 4 // 3:
            raise LabError(f"a command of {len(command)} characters is too long for the console")
        mark = f"{os.getpid()}-{next(_numbers)}"
        body = f'sh -c "$(echo {encoded}|base64 -d)" </dev/null 2>&1'
        # The quotes keep the line's own echo from looking like a marker.
        line = f'echo "<""{mark}>"; {body}; echo "</""{mark} $?>"\n'
        answer = re.compile(rf"<{mark}>\r?\n(.*)</{mark} (\d+)>", re.DOTALL)
        with self._console() as console:
            console.sendall(line.encode())
            found = _await(console, answer, timeout_s, f"the end of {command!r} in {self.name}")
        return int(found[2]), found[1].replace("\r\n", "\n")

    # -- what can be done with it

    def configure(self, address: str, gateway: str | None = None) -> None:
        """Set a static address ("10.0.0.2/24")."""
        route = f" && ip route replace default via {gateway}" if gateway is not None else ""
        status, output = self.run(f"ip addr add {address} dev eth0{route}")
        if status != 0:
            raise LabError(f"{self.name} refuses {address}: {output.strip()}")

    def addresses(self) -> list[IPv4Interface]:
        """Give the IPv4 addresses of eth0."""
        output = self.run("ip -4 -o addr show dev eth0")[1]
        return [IPv4Interface(address) for address in re.findall(r" inet (\S+)", output)]

    def routes(self) -> list[str]:
        """Give the lines of `ip route`."""
        return [line.strip() for line in self.run("ip route")[1].splitlines()]

    def ping(
        self, address: str, count: int = 3, *, wait_s: float = 1.0, flags: Sequence[str] = ()
    ) -> PingResult:
        """Send `count` echo requests, one a second, and wait `wait_s` seconds for the last answer."""
        wait = max(1, round(wait_s))
        command = " ".join(["ping", "-c", str(count), "-W", str(wait), *flags, str(address)])
        return parse_ping(self.run(command, timeout_s=count + wait + PATIENCE_S)[1])

    # -- DHCP

    def wait_for_lease(self, timeout_s: float = PATIENCE_S) -> DhcpEvent:
        """Wait until the VM has booted and has a lease; give what its client was handed."""
        self.wait_booted()
        words = [f"{guest_scripts.LEASE_EVENT} {event}" for event in ("bound", "renew")]
        wait_until(lambda: any(self._said(word) for word in words), timeout_s, f"{self.name} to take a lease")
        return self._last_event()

    def renew(self, timeout_s: float = PATIENCE_S) -> DhcpEvent:
        """Renew the lease now, and wait until that is done."""
        return self._tell_client("USR1", timeout_s)

    def release(self, timeout_s: float = PATIENCE_S) -> DhcpEvent:
        """Release the lease, and wait until that is done."""
        return self._tell_client("USR2", timeout_s)

    def _tell_client(self, name: str, timeout_s: float) -> DhcpEvent:
        before = self._said(guest_scripts.LEASE_EVENT)
        self.run(f"kill -{name} $(cat /run/udhcpc.pid)")
        wait_until(
            lambda: self._said(guest_scripts.LEASE_EVENT) > before,
            timeout_s,
            f"udhcpc of {self.name} to act on {name}",
        )
        return self._last_event()

    def _last_event(self) -> DhcpEvent:
        return parse_event(self.run(f"cat {guest_scripts.LEASE_FILE}")[1].replace("\n", "\0"))


def _await(console: socket.socket, answer: re.Pattern[str], timeout_s: float, what: str) -> re.Match[str]:
    """Read the console until `answer` is in what came."""
    deadline = time.monotonic() + timeout_s
    text = ""
    while (found := answer.search(text)) is None:
        console.settimeout(max(0.01, deadline - time.monotonic()))
        try:
            received = console.recv(65536)
        except TimeoutError:
            raise LabError(
                f"waited {timeout_s:g} s in vain for {what}; the console: {text[-SHOWN_OF_LOG:]!r}"
            ) from None
        if not received:
            raise LabError(f"the console closed before {what}; it said {text[-SHOWN_OF_LOG:]!r}")
        text += received.decode(errors="replace")
    return found
