"""How far the hosts have come back after a start, in lines of the log. SHELL (it logs and waits)."""

import logging

from osken_apps.apps import runtime
from osken_apps.apps.hosts import Hosts

LOG = logging.getLogger(__name__)

LOOK_S = 5.0
MAX_QUIET_LOOKS = 3
MAX_NAMED = 5


class Progress:
    """Compares the hosts that were brought to what they should have with those that are known."""

    def __init__(self, hosts: Hosts) -> None:
        self._hosts = hosts
        self._told = ""
        self.quiet_looks = 0

    def look(self) -> str:
        """Give in words how far the hosts are; empty: as at the last look, or no host is known."""
        fabric = self._hosts.fabric
        ports = {name: fabric.count_recorded_at(name) for name in fabric.hosts}
        missing = self._missing()
        in_order = [name for name in ports if name not in missing]
        told = (
            f"{len(in_order)} of {len(ports)} hosts are as they should be, with"
            f" {sum(ports[name] for name in in_order)} of {sum(ports.values())} ports"
        )
        new = told if ports and told != self._told else ""
        self._told = told
        self.quiet_looks = 0 if new else self.quiet_looks + 1
        return new

    def is_over(self) -> bool:
        """Tell whether nobody is waited for and nothing comes any more."""
        return self._hosts.all_had_time and self.quiet_looks >= MAX_QUIET_LOOKS

    def rest(self) -> str:
        """Give in words which hosts are missing; empty: none."""
        missing = sorted(self._missing())
        others = len(missing) - MAX_NAMED
        named = ", ".join(missing[:MAX_NAMED]) + (f" and {others} more" if others > 0 else "")
        return f"not yet as they should be: {named}" if missing else ""

    def _missing(self) -> set[str]:
        by_name = self._hosts.by_name
        return {
            name for name in self._hosts.fabric.hosts if name not in by_name or not by_name[name].in_order
        }


def tell_progress(hosts: Hosts) -> None:
    """Say now and then how far the hosts are, until those that are there are served."""
    progress = Progress(hosts)
    while not progress.is_over():
        runtime.sleep(LOOK_S)
        if line := progress.look():
            LOG.info("%s", line)
    if rest := progress.rest():
        LOG.info("%s", rest)
