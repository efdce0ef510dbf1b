"""The hosts that are or were connected, by name: one object for each, from its first connection until it is
forgotten. SHELL.

Begins and ends the loop that serves a host. Which connections it has is found in `peers`, what it should have
is the fabric's to say.
"""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime

from osken_apps.apps import runtime
from osken_apps.apps.complaints import complain
from osken_apps.apps.host import Host, Reconciler, now
from osken_apps.apps.lull import Lull
from osken_apps.failures import Failures
from osken_apps.model.conditions import Expected
from osken_apps.model.counts import Histogram
from osken_apps.model.fabric import Fabric
from osken_apps.model.trouble import Topic

LOG = logging.getLogger(__name__)

AWAY_S = 5.0  # so long a host may be without any connection before another may have its ports
FIRST_CONNECTIONS_S = 30.0  # so long after the start the hosts that the store knows are waited for
SETTLE_S = 5.0  # so long a host has, from its first bridge on, to connect the rest
REFUSED_S = 60.0  # so long something that was not let in is its host's trouble: it dials again much sooner
MAX_GONE_HOSTS = 1000
PASS_BOUNDS_S = (0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0)


class Hosts:
    """All hosts by name, those that are served and those that were."""

    def __init__(
        self,
        fabric: Fabric,
        reconciler_of: Callable[[Host], Reconciler],
        expected: Expected | None = None,
        watched_ports: frozenset[str] = frozenset(),
    ) -> None:
        """Begin with none; `reconciler_of` makes the loop of a host that has connected.

        `expected` is what every host is measured against. What switches count of `watched_ports` is asked
        for.
        """
        self.fabric = fabric
        self.expected = expected or Expected(fabric.layout)
        self.turns = runtime.lock()  # one host computes at a time
        self.by_name: dict[str, Host] = {}
        self.all_had_time = False  # those that were there before the start had their time to connect
        self.news = runtime.Signal()  # something has changed that people are shown
        self.passes = Histogram(PASS_BOUNDS_S)
        self.watched_ports = watched_ports
        self.failures = Failures()
        self._reconciler_of = reconciler_of
        self._refused = Lull(REFUSED_S, self._forgive)

    def wake(self, names: Iterable[str]) -> None:
        """Have hosts looked at again, and those that are to follow others.

        Of one that is not connected there is nothing to look at.
        """
        for name in names:
            host = self.by_name.get(name)
            if host and host.reconciler:
                host.reconciler.wake()
        for name in self.fabric.tunnel_peers.take_looking():
            host = self.by_name.get(name)
            if host and host.reconciler:
                host.reconciler.follow()

    def served(self) -> dict[str, Host]:
        """Give the hosts that are served, by name."""
        return {name: host for name, host in self.by_name.items() if host.reconciler}

    def known(self) -> set[str]:
        """Name the hosts that are or were connected, or that have ports by what the store holds."""
        return {*self.by_name, *self.fabric.hosts}

    def away(self) -> list[str]:
        """Name those of the known hosts that are not connected."""
        connected = {name for name, host in self.by_name.items() if host.alive}
        return sorted(self.known() - connected)

    def wait_no_longer(self) -> None:
        """Wait no longer for hosts that the store knows and that have not connected since the start."""
        self.all_had_time = True
        for name, known in list(self.fabric.hosts.items()):
            with self.failures.guarded("a host is waited for still", f"host {name}"):
                if not known.appeared and not self.is_alive(name):
                    self._is_gone(name)

    def forget(self, name: str) -> str:
        """Forget a host that is gone; if it is connected nothing is forgotten, and what is given says so."""
        host = self.by_name.get(name)
        if host and host.alive:
            return "the host is connected"
        self.news.set()
        self.drop(name)
        self.fabric.names.forget(name)
        return ""

    def host(self, name: str) -> Host:
        """Give the host of that name; one that there is not begins with nothing."""
        host = self.by_name.get(name)
        if host is None:
            host = self.by_name[name] = Host(name)
        return host

    def is_alive(self, name: str) -> bool:
        """Tell whether anything of the host of that name is connected."""
        return name in self.by_name and self.by_name[name].alive

    def begin(self, host: Host, how: str) -> None:
        """Serve a host of which something has connected, as `how` says."""
        self.news.set()
        if host.reconciler is None:
            self.tell_of(host.name, host.addresses, "host %s is here: %s", how)
            host.begin(self._reconciler_of(host))
            self.let_settle(host)
        else:
            LOG.debug("host %s: %s", host.name, how)

    def end(self, name: str) -> None:
        """Serve the host of that name no more; what it showed stays."""
        host = self.by_name.pop(name, None)
        if host:
            host.end()

    def drop(self, name: str) -> None:
        """Have a host end, with all that it showed."""
        self.end(name)
        self.wake(self.fabric.forget(name))

    def undo(self, host: Host) -> None:
        """Forget a host that there was by the dp-desc of bridges only that turn out to be another's."""
        if not host.alive and not host.system_id and self.by_name.get(host.name) is host:
            self.drop(host.name)

    def leave_to(self, name: str, system_id: str) -> None:
        """Let nothing of a machine that went just now count for another one that has its name."""
        before = self.by_name.get(name)
        if before and not before.alive and before.system_id not in ("", system_id):
            self.drop(name)

    def may_be_away(self, host: Host) -> None:
        """Look whether a host of which something has gone comes back, and end it if it does not."""
        if not host.alive:
            host.last_contact = now()
            runtime.spawn_after_rounds(AWAY_S, self._away, host, host.last_contact)

    def let_settle(self, host: Host) -> None:
        """Give a host time to connect, and then look at what it has."""
        host.settled = False
        host.changes += 1
        runtime.spawn_after_rounds(SETTLE_S, self._settle, host, host.changes)

    def _settle(self, host: Host, changes: int) -> None:
        if host.reconciler and host.changes == changes:
            host.settled = True
            concerned = self.fabric.expect_no_more(host.name) if host.alive else set()
            if not host.bridges.keys() >= set(self.fabric.layout.bridges):
                concerned.add(host.name)  # which says what is missing now
            self.wake(concerned)

    def _away(self, host: Host, since: datetime) -> None:
        """End a host that has not come back; of those without ports not all are remembered."""
        replaced = self.by_name.get(host.name) is not host
        if replaced or host.alive or host.reconciler is None or host.last_contact != since:
            return
        words = "host %s is gone: nothing of it is connected since %s"
        self.tell_of(host.name, host.addresses, words, since.isoformat())
        host.end()
        host.last_contact = since
        self._is_gone(host.name)
        self._forget_oldest()

    def _is_gone(self, name: str) -> None:
        self.wake(self.fabric.host_is_gone(name))
        if not self.fabric.count_recorded_at(name):
            self.wake(self.fabric.forget(name))

    def _forget_oldest(self) -> None:
        gone = [host for host in self.by_name.values() if host.reconciler is None]
        without_ports = [host for host in gone if not self.fabric.count_recorded_at(host.name)]
        for host in sorted(without_ports, key=lambda host: host.last_contact)[:-MAX_GONE_HOSTS]:
            self.forget(host.name)

    def refused_by_certificate(self, name: str, address: str, trouble: str) -> None:
        """Show that something was not let in, where its host is known by name or, if it has none, address;
        until the host connects anew, or nothing was refused for a while: it may have been a stranger.
        """
        for host in self.by_name.values():
            if host.name == name or (not name and address in host.addresses):
                host.say(Topic.CERTIFICATE, trouble)
                self.news.set()
                self._refused.happened(host)

    def _forgive(self, host: Host) -> None:
        """Let what was refused a while ago be no trouble any more."""
        host.say(Topic.CERTIFICATE, "")
        self.news.set()

    def tell(
        self, host: Host, log: logging.Logger, level: int, words: str, *details: object, about: str = ""
    ) -> None:
        """Log something of a host, whose name is put before `words`; see `complain` for those and `about`."""
        words = f"host %s: {words}"
        self.tell_of(host.name, host.addresses, words, *details, log=log, level=level, about=about)

    def tell_of(
        self,
        name: str,
        addresses: set[str],
        words: str,
        *details: object,
        log: logging.Logger = LOG,
        level: int = logging.INFO,
        about: str = "",
    ) -> None:
        """Log what becomes of a host; of one without ports, as of strangers: these have any number of names.

        Until the store is known, a controller that has just started knows no strangers.
        """
        inventory = self.fabric.inventory
        if self.fabric.count_recorded_at(name) or not (inventory.loaded or self.all_had_time):
            log.log(level, words, name, *details)
        else:
            complain(log, min(addresses, default=""), words, name, *details, level=level, about=about)
