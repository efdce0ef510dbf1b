"""Real DHCP clients inside a namespace VM: busybox's udhcpc, and ISC dhclient.

Owns their processes, their files and the events they report. Changes nothing outside the namespace and the
directory it is given.
"""

import math
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from osken_apps.lab import client_scripts, processes
from osken_apps.lab.capture import own_copy
from osken_apps.lab.network import Namespace
from osken_apps.lab.records import Site
from osken_apps.lab.shell import PATH, PATIENCE_S, LabError, wait_until

#: udhcpc's names for what it does not ask for by itself; "staticroutes" is option 121.
UDHCPC_OPTIONS = ("staticroutes", "mtu", "domain", "hostname", "broadcast", "ntpsrv", "search", "lease")

#: What the shell itself puts in the environment.
NOT_THE_LEASE = frozenset({"PATH", "PWD", "OLDPWD", "SHLVL", "_", "OSKEN_DHCP_DIR", "event"})

BOUND_UDHCPC = ("bound", "renew")
BOUND_DHCLIENT = ("BOUND", "REBOOT", "RENEW", "REBIND")


@dataclass(frozen=True)
class DhcpEvent:
    """One call of the client's script: its event and every variable the client handed it."""

    event: str
    variables: Mapping[str, str]


def parse_event(text: str) -> DhcpEvent:
    """Read an event's record: NUL-separated NAME=value, the event first."""
    pairs = [item.partition("=") for item in text.split("\0") if item]
    variables = {name: value for name, _, value in pairs if name not in NOT_THE_LEASE}
    return DhcpEvent(pairs[0][2], variables)


class DhcpClient:
    """A DHCP client on eth0 of one VM; subclasses say how it is started and told things."""

    script: str
    bound: tuple[str, ...]

    def __init__(self, site: Site, namespace: Namespace, vm: str) -> None:
        self._site = site
        self._namespace = namespace
        self._process_name = f"{vm}.{type(self).__name__.lower()}"
        self.directory: Path = site.directory("vms", vm, type(self).__name__.lower())
        self._script = self.directory / "script"
        self._script.write_text(self.script)
        self._script.chmod(0o755)

    @property
    def log(self) -> str:
        """What the client has printed."""
        path = self.directory / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    @property
    def resolv_conf(self) -> str:
        """The resolv.conf that the lease asks for; it is kept here and used by nobody."""
        return (self.directory / "resolv.conf").read_text()

    def events(self) -> list[DhcpEvent]:
        """Give the script's calls so far, oldest first."""
        paths = sorted(self.directory.glob("*.event"))
        return [parse_event(path.read_text(errors="replace")) for path in paths]

    def wait_for(self, *events: str, after: int = 0, timeout_s: float = PATIENCE_S) -> DhcpEvent:
        """Wait for one of `events` among those past the first `after`; give the first."""

        def found() -> DhcpEvent | None:
            return next((event for event in self.events()[after:] if event.event in events), None)

        try:
            event = wait_until(found, timeout_s, f"{' or '.join(events)} of {self._process_name}")
        except LabError as error:
            seen = [event.event for event in self.events()[after:]]
            raise LabError(f"{error}; events: {seen}; log: {self.log[-600:].strip()}") from None
        if event is None:
            raise LabError("unreachable")
        return event

    def is_running(self) -> bool:
        """Tell whether the client's process is there."""
        process = processes.find(self._site, self._process_name)
        return process is not None and process.is_running()

    def stop(self) -> None:
        """End the client without a word to the server."""
        processes.end_recorded(self._site, self._process_name)

    def _start(self, argv: Sequence[str]) -> None:
        self.stop()
        clean = ["env", "-i", f"PATH={PATH}", f"OSKEN_DHCP_DIR={self.directory}"]
        command = self._namespace.command([*clean, *argv])
        processes.start(self._site, self._process_name, command, self.directory / "log")

    def _signal(self, number: signal.Signals) -> None:
        process = processes.find(self._site, self._process_name)
        if process is None or not process.is_running():
            raise LabError(f"{self._process_name} is not running: {self.log[-600:].strip()}")
        process.send(number)


class Udhcpc(DhcpClient):
    """busybox udhcpc."""

    script = client_scripts.UDHCPC
    bound = BOUND_UDHCPC

    def start(
        self, *, once_s: float = 0, options: Sequence[str] = UDHCPC_OPTIONS, extra: Sequence[str] = ()
    ) -> None:
        """Start it in the background; with `once_s` it ends when it has a lease, or none after so long."""
        wanted = [word for option in options for word in ("-O", option)]
        mode = ["-q", "-n"] if once_s else []
        quick = ["-t", str(math.ceil(once_s) or 5), "-T", "1", "-A", "1"]
        command = ["busybox", "udhcpc", "-f", *mode, "-i", "eth0", "-s", str(self._script), *quick]
        self._start([*command, *wanted, *extra])

    def lease(self, timeout_s: float, options: Sequence[str], extra: Sequence[str]) -> DhcpEvent:
        """Take a lease and end."""
        before = len(self.events())
        self.start(once_s=timeout_s, options=options, extra=extra)
        event = self.wait_for(*self.bound, after=before, timeout_s=timeout_s)
        process = processes.find(self._site, self._process_name)
        if process is not None:
            process.wait_gone("udhcpc -q to end with its lease")
        self._site.forget("process", self._process_name)
        return event

    def renew(self, timeout_s: float = PATIENCE_S) -> DhcpEvent:
        """Renew the lease now (SIGUSR1) and wait until that is done."""
        before = len(self.events())
        self._signal(signal.SIGUSR1)
        return self.wait_for(*self.bound, after=before, timeout_s=timeout_s)

    def release(self, timeout_s: float = PATIENCE_S) -> DhcpEvent:
        """Release the lease (SIGUSR2) and wait until the address is gone; the client stays."""
        before = len(self.events())
        self._signal(signal.SIGUSR2)
        return self.wait_for("deconfig", after=before, timeout_s=timeout_s)


class Dhclient(DhcpClient):
    """ISC dhclient."""

    script = client_scripts.DHCLIENT
    bound = BOUND_DHCLIENT

    def _command(self, *mode: str) -> list[str]:
        configuration = self.directory / "dhclient.conf"
        configuration.write_text(client_scripts.DHCLIENT_CONF)
        files = ["-cf", configuration, "-lf", self.directory / "leases", "-pf", self.directory / "pid"]
        names = [str(word) for word in files]
        variable = f"OSKEN_DHCP_DIR={self.directory}"
        program = own_copy(self._site, "dhclient")
        return [program, "-4", "-v", *mode, *names, "-sf", str(self._script), "-e", variable, "eth0"]

    def start(self, timeout_s: float = PATIENCE_S) -> DhcpEvent:
        """Start it in the background and wait for its lease; one it remembers it asks for again."""
        before = len(self.events())
        self._start(self._command("-d"))
        event = self.wait_for(*self.bound, after=before, timeout_s=timeout_s)
        kept = f"fixed-address {event.variables['new_ip_address']};"  # it calls the script before it writes
        wait_until(lambda: kept in self.leases, timeout_s, f"{kept} in the leases of {self._process_name}")
        return event

    @property
    def leases(self) -> str:
        """The lease file's text."""
        path = self.directory / "leases"
        return path.read_text() if path.exists() else ""

    def _pid(self) -> int | None:
        """Give the number that its file has; None: it has none yet."""
        path = self.directory / "pid"
        text = path.read_text().strip() if path.exists() else ""
        return int(text) if text else None

    def renew(self, timeout_s: float = PATIENCE_S) -> DhcpEvent:
        """Ask for the same lease again; dhclient has no renew on demand, so it is started anew (INIT-REBOOT).

        For a unicast renewal give the network a short lease time and wait for the event RENEW.
        """
        return self.start(timeout_s)

    def release(self, timeout_s: float = PATIENCE_S) -> DhcpEvent:
        """Release the lease (`dhclient -r`), which also ends the client in the background."""
        before = len(self.events())
        process = processes.find(self._site, self._process_name)
        if process is not None:  # by its file it is found, which it writes after all else about its lease
            wait_until(lambda: self._pid() == process.pid, timeout_s, f"the pid of {self._process_name}")
        self._namespace.run(self._command("-r"), timeout_s=timeout_s)
        event = self.wait_for("RELEASE", after=before, timeout_s=timeout_s)
        if process is not None:
            process.wait_gone("dhclient to end after -r")
        self.stop()
        return event
