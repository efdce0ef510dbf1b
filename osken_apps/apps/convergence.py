"""Brings the flows and meters of a host's bridges to what they should be. SHELL."""

import logging
from collections.abc import Callable, Iterable
from functools import partial

from osken_apps.apps import runtime
from osken_apps.apps.connection import SwitchError, SwitchGone
from osken_apps.apps.host import Bridge, BridgeState, Host, Outcome
from osken_apps.apps.host_counts import read_counts
from osken_apps.apps.hosts import Hosts
from osken_apps.errors import Malformed
from osken_apps.model.preparation import named_in, note_found, note_named, stale_zones, zones_are_clean
from osken_apps.model.snapshot import HostSnapshot
from osken_apps.openflow import codec
from osken_apps.openflow.difference import Difference
from osken_apps.openflow.wire import FlowKey
from osken_apps.pipeline.desired import FlowEncoder, desired_meters
from osken_apps.pipeline.keeping import done_of
from osken_apps.pipeline.named_vlans import carrying, named_vlans

LOG = logging.getLogger(__name__)

NOTHING_SENT = Outcome(Difference(), {})


class Convergence:
    """Reads what the bridges of one host have, and sends what differs from what they should have."""

    def __init__(self, host: Host, hosts: Hosts) -> None:
        self._host = host
        self._hosts = hosts
        self._fabric = hosts.fabric
        self._layout = hosts.fabric.layout
        self._encoder = FlowEncoder()
        self._tell = partial(hosts.tell, host, LOG)

    def read_new(self) -> tuple[list[Bridge], dict[Bridge, str]]:
        """Read the bridges that are not known, before anything is decided.

        Give those that were looked at, and those of them that cannot be read, with the reason: the others are
        served all the same.
        """
        bridges = list(self._host.bridges.values())
        unread: dict[Bridge, str] = {}
        for bridge in bridges if self._fabric.inventory.loaded else ():
            bridge.look_again()
            try:
                bridge.installed = bridge.installed or self._read(bridge)
            except SwitchGone as error:
                self._tell_of_end(bridge, error)
            except (SwitchError, Malformed) as error:
                unread[bridge] = str(error)
        return bridges, unread

    def desired(self, bridge: str, snapshot: HostSnapshot) -> BridgeState:
        """Say what a bridge should have."""
        return BridgeState(
            self._encoder.flows(bridge, self._layout, snapshot, pause=runtime.pause),
            desired_meters(bridge, self._layout, snapshot),
        )

    def converge(
        self,
        bridge: Bridge,
        desired: BridgeState,
        snapshot: HostSnapshot,
        unsettle: Callable[[Iterable[str]], None],
    ) -> Outcome:
        """Bring a bridge to what it should have; one that is gone meanwhile is left.

        Tells `unsettle` the ids of the ports whose flows change, before they do. Raises SwitchError.
        """
        try:
            bridge.look_again()
            installed = bridge.installed or self._read(bridge)
            flows = self._encoder.difference(installed.flows, desired.flows)
            owners = self._owners(bridge) if flows else {}
            unsettle(owners[key] for key, _ in flows.add if key in owners)
            named = named_in(self._layout, snapshot, bridge.name) if flows else frozenset()
            note_named(self._fabric, self._host.name, bridge.name, named, besides=True)
            flows = done_of(flows, installed.flows, bridge.name, self._layout, snapshot)
            takes_away = snapshot.takes_away
            outcome = bridge.apply(flows, installed, desired, owners.get, takes_away=takes_away)
            if flows and takes_away and not outcome.refused:
                note_named(self._fabric, self._host.name, bridge.name, named)
        except SwitchGone as error:
            self._tell_of_end(bridge, error)
            return NOTHING_SENT
        if outcome.sent:
            added, deleted = len(outcome.sent.add), len(outcome.sent.delete)
            self._host.tallies.added_flows += added
            self._host.tallies.deleted_flows += deleted
            self._tell_of(bridge, logging.INFO, "%s: %d flows added, %d deleted", added, deleted)
        return outcome

    def clean_zones(self, integration: Bridge) -> None:
        """Let no network inherit connections, before the flows come that would know them."""
        for zone in stale_zones(self._fabric, self._host.name):
            if not integration.send(codec.ct_flush_zone(zone)):
                return
        zones_are_clean(self._fabric, self._host.name)

    def _tell_of(self, bridge: Bridge, level: int, words: str, *details: object) -> None:
        self._tell(level, words, bridge.name, *details, about=bridge.name)

    def _tell_of_end(self, bridge: Bridge, error: SwitchGone) -> None:
        self._tell(logging.INFO, "%s", str(error), about=bridge.name)

    def _owners(self, bridge: Bridge) -> dict[FlowKey, str]:
        """Say whose port each flow is of."""
        return self._encoder.owners() if bridge.name == self._layout.integration_bridge else {}

    def _read(self, bridge: Bridge) -> BridgeState:
        installed, believed = bridge.read(), bridge.audited
        bridge.audited = None
        if believed is None:
            if not bridge.has_refused:  # then it is read again and again
                self._tell_of(bridge, logging.INFO, "%s: %d flows of ours found", len(installed.flows))
        elif installed != believed:
            self._host.tallies.repairs += 1
            self._tell_of(bridge, logging.WARNING, "%s was changed by another hand; mending it")
        else:
            installed = believed
        ofports = bridge.connection.ofports()
        named = named_vlans(bridge.name, self._layout, ofports, installed.flows)
        note_found(self._fabric, self._host.name, bridge.name, named, carrying(ofports, installed.flows))
        if bridge.name == self._layout.integration_bridge:
            read_counts(self._hosts, bridge)
        return installed
