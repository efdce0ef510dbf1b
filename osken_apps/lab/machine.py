"""A machine of the lab: a namespace with an address on the management network and a NIC on the wire.

Owns running commands on it, its links and its power. Must not know what runs on it.
"""

import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from osken_apps.lab import processes
from osken_apps.lab.capture import Capture
from osken_apps.lab.network import Namespace
from osken_apps.lab.records import HostRecord, Site
from osken_apps.lab.shell import PATIENCE_S

LINKS = ("eth2", "mgmt")


class Machine:
    """A machine that is up, or being brought up."""

    def __init__(self, site: Site, record: HostRecord) -> None:
        self.site = site
        self.name = record.name
        self.address = record.address
        self.namespace = Namespace(site.prefix + record.name)
        self.directory: Path = site.directory("hosts", record.name)
        # Where the tools of Open vSwitch look for the machine's own daemons.
        self.env = {
            f"OVS_{what}": str(self.directory) for what in ("RUNDIR", "LOGDIR", "DBDIR", "SYSCONFDIR")
        }

    def run(
        self,
        argv: Sequence[str],
        *,
        check: bool = True,
        timeout_s: float = PATIENCE_S,
        stdin: str = "",
        env: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command on the machine to its end; as `shell.run`, with `env` added to the environment."""
        return self.namespace.run(
            argv, check=check, timeout_s=timeout_s, stdin=stdin, env={**self.env, **(env or {})}
        )

    def start(self, name: str, argv: Sequence[str]) -> processes.Process:
        """Start a daemon on the machine; what it prints goes to `<name>.out`."""
        command, log = self.namespace.command(argv), self.directory / f"{name}.out"
        return processes.start(self.site, f"{self.name}.{name}", command, log, self.env)

    def is_running(self, name: str) -> bool:
        """Tell whether a daemon of the machine is there."""
        process = processes.find(self.site, f"{self.name}.{name}")
        return process is not None and process.is_running()

    def end(self, name: str, number: signal.Signals) -> None:
        """Send a daemon of the machine a signal, and wait until it is gone."""
        processes.end_recorded(self.site, f"{self.name}.{name}", number)

    def capture(self, interface: str, *expression: str, flags: Sequence[str] = ("-e", "-v")) -> Capture:
        """Give a capture of what passes an interface, for use in a `with`."""
        return Capture(self.site, self.namespace, self.name, interface, expression, flags)

    def set_links(self, state: str) -> None:
        """Set the machine's links "up" or "down"."""
        for link in LINKS:
            self.namespace.ip("link", "set", link, state)

    def end_all(self) -> None:
        """End all that runs on the machine, at once."""
        for process in processes.inside_namespace(self.namespace.name):
            process.end(signal.SIGKILL)
