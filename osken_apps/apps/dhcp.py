"""DHCP on all bridges: which ports each serves, what is kept of their messages, which addresses clients have
found in use. SHELL.
"""

import logging
import time
from weakref import WeakKeyDictionary

from osken_apps.apps import runtime
from osken_apps.apps.bridge_dhcp import BridgeService, PortService
from osken_apps.apps.connection import Connection
from osken_apps.apps.dhcp_shown import entry_shown, lease_shown, messages
from osken_apps.apps.host import Bridge
from osken_apps.apps.hosts import Hosts
from osken_apps.apps.lull import Lull
from osken_apps.dhcp.decision import DECLINED, Decision
from osken_apps.dhcp.journal import Journal, PortJournal
from osken_apps.dhcp.reservation import Defaults, default_route_port
from osken_apps.dhcp.server import Outcome
from osken_apps.failures import Failures
from osken_apps.model.counts import Histogram
from osken_apps.model.snapshot import BoundPort, HostSnapshot
from osken_apps.model.times import timestamp_of
from osken_apps.model.turns import in_turns
from osken_apps.questions import DhcpTransactions, Shown

LOG = logging.getLogger(__name__)

ANSWER_BOUNDS_S = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.01, 0.1)
CONFLICT_S = 600.0  # a declined address is offered again after this time, as dnsmasq does


class Dhcp:
    """Answers the DHCP requests of bound ports; counts and records every one by what became of it."""

    def __init__(self, hosts: Hosts, defaults: Defaults) -> None:
        self._hosts = hosts
        self._defaults = defaults
        self._journal = Journal()
        self._failures = Failures()
        self._inventory = hosts.fabric.inventory
        self._known_since = time.time()
        self.durations = Histogram(ANSWER_BOUNDS_S)
        self._declining = Lull(CONFLICT_S, self._settle)
        self._services: WeakKeyDictionary[Connection, BridgeService] = WeakKeyDictionary()

    def handler(self, bridge: Bridge, snapshot: HostSnapshot) -> BridgeService:
        """Give what answers the ports of a host's integration bridge as the snapshot has them."""
        self._forget_gone()
        before = self._services.get(bridge.connection)
        known = before.ports if before else {}
        services = {}
        default_routes: dict[tuple[str, str], str | None] = {}
        for bound in in_turns(snapshot.ports, pause=runtime.pause):
            if bound.has_dhcp:
                try:
                    default_route = self._takes_default_route(bound, default_routes)
                    service = known.get(bound.ofport)
                    if service is None or not service.serves(bound, default_route):
                        service = PortService(bound, default_route, self._defaults)
                    services[bound.ofport] = service
                except Exception as error:  # of ours: it costs this port's answers, not its host's flows
                    self._failures.note("what a port is told could not be made", error, bound.port_id)
        after = BridgeService(
            services, bridge.host.tallies.dhcp, self._record, self.durations, self._failures
        )
        self._services[bridge.connection] = after
        return after

    def port_dhcp(self, port_id: str) -> Shown:
        """Give what the REST API shows of a port's DHCP: lease, conflict and last transactions.

        Nothing is known of what was before `known_since`: a lease that was granted then is not shown.
        """
        journal = self._journal.of(port_id)
        fabric = self._hosts.fabric
        port = fabric.inventory.ports.get(port_id)
        conflict = fabric.conflict_of(port) if port else None
        return {
            "port_id": port_id,
            "known_since": timestamp_of(self._known_since),
            "lease": lease_shown(journal.lease()),
            "conflict": conflict and str(conflict),
            "transactions": [
                {"xid": xid if xid is None else f"{xid:#010x}", "messages": list(map(entry_shown, entries))}
                for xid, entries in journal.transactions()
            ],
        }

    def transactions(self, about: DhcpTransactions) -> Shown:
        """Give what the REST API shows of the last messages of all ports, see `dhcp_shown.messages`."""
        ports = self._hosts.fabric.inventory.ports
        entries = in_turns(self._journal.since(about.since, about.port_id), runtime.pause)
        told = messages(entries, ports, about.host, about.outcome)
        return {"known_since": timestamp_of(self._known_since)} | told

    @property
    def known_since(self) -> float:
        """Since when messages are remembered, in seconds since the epoch."""
        return self._known_since

    def journal_of(self, port_id: str) -> PortJournal:
        """Give what is remembered of a port."""
        return self._journal.of(port_id)

    def forget(self, port_id: str) -> None:
        """Drop what is remembered of a port that is gone."""
        self._journal.forget(port_id)
        self._hosts.fabric.conflicts.pop(port_id, None)
        self._declining.forget(port_id)

    def _forget_gone(self) -> None:
        """Drop what is remembered of ports that a new snapshot of the store has no more."""
        fabric = self._hosts.fabric
        if fabric.inventory is not self._inventory:
            self._inventory = fabric.inventory
            for port_id in {*self._journal.port_ids(), *fabric.conflicts} - fabric.inventory.ports.keys():
                self.forget(port_id)

    def _takes_default_route(self, bound: BoundPort, known: dict[tuple[str, str], str | None]) -> bool:
        """Tell whether its machine has its default route by a port; `known` is filled, by machine."""
        inventory = self._hosts.fabric.inventory
        port = inventory.ports.get(bound.port_id)  # None: it was deleted since the snapshot was made
        if port is None or not port.device_id:
            return True
        machine = port.project_id, port.device_id
        if machine not in known:
            known[machine] = default_route_port(inventory.ports_of_device(port), inventory.subnets)
        return known[machine] in (None, port.id)

    def _record(self, port_id: str, outcome: Outcome, now: float) -> None:
        """Keep what was decided for a port; its service may outlive it by a moment, its journal does not."""
        if port_id in self._hosts.fabric.inventory.ports:
            self._journal.record(port_id, now, outcome.xid, outcome.decision)
            if outcome.decision.reason is DECLINED:
                self._declined(port_id, outcome.decision)

    def _declined(self, port_id: str, decision: Decision) -> None:
        fabric, address = self._hosts.fabric, decision.address
        if address is None:
            return
        if fabric.conflicts.get(port_id) != address:
            LOG.warning("port %s: its client found %s in use by another machine", port_id, address)
            self._hosts.wake(fabric.decline(port_id, address))
        self._declining.happened(port_id)

    def _settle(self, port_id: str) -> None:
        """Offer a port its declined address again."""
        self._hosts.wake(self._hosts.fabric.settle(port_id))
