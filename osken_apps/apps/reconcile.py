"""The loop that brings one host to what it should have, and keeps it there. SHELL.

Level-triggered: any number of changes are one pass. A pass reads what is installed where that is not known,
sends the difference, writes tags, and reports what stands. Whatever fails is read again and tried again,
later and later.
"""

import logging
from collections.abc import Callable, Container
from dataclasses import replace
from functools import partial

from osken_apps.apps import runtime
from osken_apps.apps.announcer import Announcer
from osken_apps.apps.broken_ports import broken_ports
from osken_apps.apps.connection import SwitchError
from osken_apps.apps.convergence import NOTHING_SENT, Convergence
from osken_apps.apps.host import Bridge, BridgeState, Host, Outcome
from osken_apps.apps.host_conditions import HostConditions
from osken_apps.apps.host_tags import HostTags
from osken_apps.apps.hosts import Hosts
from osken_apps.apps.ovsdb.session import OvsdbError, OvsdbSession
from osken_apps.apps.port_reporter import PortReporter
from osken_apps.apps.tunnel_bridge import TunnelBridge
from osken_apps.backoff import Backoff
from osken_apps.errors import Malformed, OskenAppsError
from osken_apps.failures import Failures
from osken_apps.model.changes import PortReport
from osken_apps.model.host_snapshot import host_snapshot, reaches_of
from osken_apps.model.preparation import prepare
from osken_apps.model.snapshot import HostSnapshot
from osken_apps.model.trouble import Topic
from osken_apps.pipeline.meters import port_meter

LOG = logging.getLogger(__name__)

FIRST_RETRY_S = 0.5
LAST_RETRY_S = 30.0
FIRST_REVIEW_S = 60.0  # ports that an error of ours is about are tried again with an audit, ever more rarely
LAST_REVIEW_S = 3600.0

CANNOT_TRACK = "its datapath lacks connection tracking, or a part of it: ports with port security are dead"


class _CutShort(Exception):
    """A bridge went, or an OVSDB session began, while a pass was under way."""


class HostReconciler:
    """Serves one host; `wake` has it look again."""

    def __init__(
        self,
        host: Host,
        hosts: Hosts,
        serve: Callable[[Bridge, HostSnapshot], None],
        report: Callable[[list[PortReport]], None],
    ) -> None:
        self._host = host
        self._hosts = hosts
        self._fabric = hosts.fabric
        self._serve = serve
        self._wakeup = runtime.Signal()
        self._tags = HostTags(host, hosts)
        self._session: OvsdbSession | None = None  # that had shown what the last whole pass goes by
        self._tunnel_bridge = TunnelBridge(host, hosts, was_away=hosts.all_had_time)
        self._convergence = Convergence(host, hosts)
        self._conditions = HostConditions(host, hosts)
        self._reports = PortReporter(host, hosts.fabric, self._conditions, report)
        self._announcer = Announcer(host, hosts.fabric)
        self._failures = Failures()
        self._tell = partial(hosts.tell, host, LOG)
        self._review_at = 0.0
        self._review = Backoff(FIRST_REVIEW_S, LAST_REVIEW_S)
        self._told_aside: set[str] = set()  # of which the log was told that they are left as they are
        self._is_whole = True  # the next pass looks at all of the host
        self._snapshot: HostSnapshot | None = None  # of the last pass

    def wake(self) -> None:
        """Have the host looked at, once, however often this is called before it happens."""
        self._is_whole = True
        self._wakeup.set()

    def follow(self) -> None:
        """Have the flows follow where others are now, if nothing else is to be looked at."""
        self._wakeup.set()

    def run(self) -> None:
        """Serve the host for ever."""
        backoff = Backoff(FIRST_RETRY_S, LAST_RETRY_S)
        retry_s: float | None = None  # for ever: until someone wakes it
        while True:
            self._wakeup.wait(retry_s)
            done = self.attempt()
            if done:
                backoff.succeeded()
            retry_s = None if done else backoff.failed()

    def audit(self) -> None:
        """Have what the bridges have read again, and compared."""
        for bridge in self._host.bridges.values():
            bridge.is_to_be_read = True
        self._review_aside()
        self.wake()

    def _review_aside(self) -> None:
        """Try again what an error of ours was about: it may have been of its moment."""
        if runtime.clock() >= self._review_at:
            concerned = self._fabric.try_again(self._host.name)
            if not concerned:
                self._review.succeeded()
            self._review_at = runtime.clock() + self._review.failed()
            self._hosts.wake(concerned - {self._host.name})

    def announce(self, port_id: str, frame: bytes) -> None:
        """Keep what a machine that has come here announced itself with, until its port can send it."""
        self._announcer.keep(port_id, frame)

    def attempt(self) -> bool:
        """Make one pass; give False if it must be made again."""
        shown, began_at = self._shown(), runtime.clock()
        done = self._guarded_pass()
        self._is_whole |= not done
        self._hosts.passes.observe(runtime.clock() - began_at)
        if self._shown() != shown:
            self._hosts.news.set()
        return done

    def _shown(self) -> object:
        """Give what a pass may change of what people are shown of the host."""
        return self._host.conditions, dict(self._host.troubles)

    def _guarded_pass(self) -> bool:
        try:
            refused, broken = self._read_and_pass()
        except _CutShort as gone:
            self._tell(logging.INFO, "%s", str(gone), about=type(gone).__name__)
            return False
        except OskenAppsError as error:
            self._tell_of_trouble(str(error), type(error).__name__)
            self._reports.trouble(str(error))
            return False
        except Exception as error:
            self._failures.note("a pass failed", error, f"host {self._host.name}")
            if not self._set_aside():
                self._reports.trouble("an error of the controller; see its log")
            return False
        bridge, trouble = next(iter(broken.items()), ("", ""))
        if trouble:
            self._tell_of_trouble(trouble, bridge)
        self._host.say(Topic.PASS, trouble)
        is_done = not refused and not broken
        self._host.in_order = is_done and self._fabric.ready(self._host.name)
        return is_done

    def _tell_of_trouble(self, trouble: str, about: str) -> None:
        """Log what keeps a pass from all that it is to do, unless it is what the last one met."""
        if self._host.troubles.get(Topic.PASS) != trouble:
            self._tell(logging.WARNING, "%s", trouble, about=about)

    def _set_aside(self) -> bool:
        """Leave the ports as they are that an error of ours is about; tell whether it is about some."""
        broken = broken_ports(self._fabric, self._host.name, runtime.pause)
        for port_id in sorted(broken - self._told_aside):
            LOG.error("host %s: port %s is left as it is, as the error is about it", self._host.name, port_id)
        self._told_aside = self._told_aside & self._fabric.inventory.ports.keys() | broken
        self._fabric.put_aside(broken)
        return bool(broken)

    def _read_and_pass(self) -> tuple[dict[str, str], dict[str, str]]:
        """Bring the host to what it should have; give the ports whose flows are refused, and the bridges
        besides the integration bridge that are not as they should be, each with the reason.

        Raises _CutShort, besides what the integration bridge and the host's database do.
        """
        self._wakeup.clear()
        read, unread = self._convergence.read_new()
        broken = {bridge.name: why for bridge, why in unread.items()}
        refused = self._converge(read, unread, broken)
        if why := broken.get(self._fabric.layout.integration_bridge):
            raise SwitchError(why)
        return refused, broken

    def _converge(
        self, read: list[Bridge], unread: Container[Bridge], broken: dict[str, str]
    ) -> dict[str, str]:
        """Bring what was read to what it should be, and add to `broken` what cannot be."""
        layout = self._fabric.layout
        with self._hosts.turns:
            runtime.pause()  # what waits in the sockets is read between one host's turn and the next
            self._wakeup.clear()  # what came until now is in this pass: all is read after this line
            last, self._is_whole = None if self._is_whole else self._snapshot, False
            is_whole = last is None
            bridges = self._bridges_among(read, unread)
            snapshot = self._look(bridges) if last is None else self._with_tunnel_peers(last)
            self._snapshot = snapshot
            if snapshot is None:
                return {}
            # The integration bridge comes first: it must drop before a physical bridge lets frames through.
            names = layout.all_bridges if is_whole else (layout.tunnel_bridge,)
            desired = {name: self._convergence.desired(name, snapshot) for name in names}
        integration = bridges.get(layout.integration_bridge)
        if is_whole:
            self._before_flows(snapshot, bridges, broken)
        refused: dict[str, str] = {}
        for bridge, wanted in desired.items():
            if bridge in bridges:
                outcome = self._converge_one(bridges[bridge], wanted, snapshot, broken)
                refused |= outcome.refused
                self._tunnel_bridge.is_to_greet |= bridge == layout.tunnel_bridge and bool(outcome.sent.add)
                self._look_for_news(bridges)
        if is_whole:
            self._tags.write(snapshot, integration is not None)
            troubles = self._reports.behind(snapshot, broken) | refused
            self._reports.settle(troubles)
            self._announcer.send(snapshot, integration)
        self._conditions.look(snapshot)
        self._tunnel_bridge.greet_peers(bridges.get(layout.tunnel_bridge), snapshot)
        if is_whole and integration:
            connected = bridges.keys() | (broken.keys() & self._host.bridges.keys())
            self._reports.after_pass(snapshot, connected, troubles)
        return refused

    def _converge_one(
        self, bridge: Bridge, wanted: BridgeState, snapshot: HostSnapshot, broken: dict[str, str]
    ) -> Outcome:
        """Bring a bridge to what it should be; one that cannot be keeps no other from that, but for the
        integration bridge: before that drops what it must, no other lets anything pass. Raises SwitchError.
        """
        try:
            return self._convergence.converge(bridge, wanted, snapshot, self._reports.unsettle)
        except (SwitchError, Malformed) as error:
            if bridge.name == self._fabric.layout.integration_bridge:
                raise
            broken[bridge.name] = str(error)
            return NOTHING_SENT

    def _bridges_among(self, read: list[Bridge], unread: Container[Bridge]) -> dict[str, Bridge]:
        """Give the bridges that are connected and were looked at; one that connects meanwhile waits for the
        next pass.
        """
        if any(bridge not in read for bridge in self._host.bridges.values()):
            self.wake()
        return {
            name: bridge
            for name, bridge in self._host.bridges.items()
            if bridge in read and bridge not in unread
        }

    def _look_for_news(self, bridges: dict[str, Bridge]) -> None:
        """Go on only with all bridges that the pass began with, as what one has is not known once it is gone,
        and with no other OVSDB session: whose tags that one shows was not asked.

        Raises _CutShort.
        """
        for name, bridge in bridges.items():
            if bridge.connection.closed or self._host.bridges.get(name) is not bridge:
                raise _CutShort(f"bridge {name} is gone: no more is done, or said, until the next pass")
        if self._host.session not in (None, self._session):
            raise _CutShort("its OVSDB session began: no tag is written, nothing said, until the next pass")

    def _look(self, bridges: dict[str, Bridge]) -> HostSnapshot | None:
        """Look at all of the host; None: too little is known of it yet."""
        fabric, name = self._fabric, self._host.name
        self._look_at_ports(bridges)
        if not fabric.ready(name):
            return None
        self._session = self._host.session
        prepare(fabric, name)
        snapshot = host_snapshot(fabric, name)
        integration = bridges.get(fabric.layout.integration_bridge)
        if integration:
            self._serve(integration, snapshot)
        self._say_what_is_kept(snapshot)
        return snapshot

    def _with_tunnel_peers(self, snapshot: HostSnapshot) -> HostSnapshot:
        """Look at where its networks over tunnels are besides: of the rest nothing has changed."""
        return replace(snapshot, reaches=reaches_of(self._fabric, self._host.name, snapshot.segments))

    def _before_flows(
        self, snapshot: HostSnapshot, bridges: dict[str, Bridge], broken: dict[str, str]
    ) -> None:
        """Write what flows need to be there, and let nothing pass that they are not for.

        Raises _CutShort.
        """
        self._look_for_news(bridges)
        try:
            self._tunnel_bridge.write(snapshot)
        except OvsdbError as error:
            broken[self._fabric.layout.tunnel_bridge] = str(error)
        self._look_for_news(bridges)
        changes = self._tags.changes(snapshot)
        changing = self._tags.interfaces(changes)
        self._reports.unsettle(bound.port_id for bound in snapshot.ports if bound.interface in changing)
        self._tags.note_foreign(changes)
        if self._is_bare(bridges):
            self._tags.write(snapshot, flows_stand=True)  # nothing passes until they come, all at once
        else:
            self._tags.make_dead(changes)
        if integration := bridges.get(self._fabric.layout.integration_bridge):
            self._convergence.clean_zones(integration)

    def _is_bare(self, bridges: dict[str, Bridge]) -> bool:
        """Tell whether all bridges of the host are there, and none has a flow."""
        are_all = bridges.keys() >= {*self._fabric.layout.bridges, *self._host.bridges}
        return are_all and all(bridge.is_bare for bridge in bridges.values())

    def _look_at_ports(self, bridges: dict[str, Bridge]) -> None:
        for bridge in bridges.values():
            if bridge.ports_changed:
                connection = bridge.connection
                concerned = self._fabric.observe_bridge(
                    self._host.name,
                    bridge.name,
                    connection.ofports(),
                    connection.max_meters,
                    connection.tracks,
                )
                bridge.ports_changed = False  # nothing has waited since they were asked for
                self._hosts.wake(concerned - {self._host.name})

    def _say_what_is_kept(self, snapshot: HostSnapshot) -> None:
        """Tell the operator what is not taken away, and which ports share a meter."""
        kept = "; ".join(snapshot.keeps)
        if kept and kept != self._host.troubles.get(Topic.KEPT):
            self._tell(logging.ERROR, "%s", kept, about=Topic.KEPT)
        self._host.say(Topic.KEPT, kept)
        tracks = self._fabric.shown(self._host.name).tracks
        self._host.say(Topic.TRACKING, "" if tracks else CANNOT_TRACK)
        sharing = [
            bound.interface
            for bound in snapshot.ports
            if bound.has_dhcp and port_meter(bound.ofport, snapshot.max_meters) is None
        ]
        self._host.say(
            Topic.METERS,
            f"its switch has {snapshot.max_meters or 'no'} meters, too few for each port to have its own:"
            f" {len(sharing)} ports are held back {'together only' if snapshot.max_meters else 'by nothing'}"
            if sharing
            else "",
        )
