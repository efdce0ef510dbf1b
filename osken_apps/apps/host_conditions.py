"""What is wrong with a host, found anew when what it shows has changed. SHELL (it logs)."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from osken_apps.apps.host import Host
from osken_apps.apps.hosts import Hosts
from osken_apps.failures import Failures
from osken_apps.model.conditions import Condition, Expected, HostFacts, conditions, of_foreign_flows
from osken_apps.model.host_snapshot import tunnel_needs
from osken_apps.model.snapshot import HostSnapshot
from osken_apps.pipeline.features import FEATURES

TABLES = frozenset(stage.table_id for feature in FEATURES for stage in feature.stages)

MAX_TOLD = 20  # at once, of what is wrong or was; the API shows all

LOG = logging.getLogger(__name__)


class HostConditions:
    """Watches one host."""

    def __init__(self, host: Host, hosts: Hosts) -> None:
        self._host = host
        self._hosts = hosts
        self._tell = partial(hosts.tell, host, LOG)
        self._failures = Failures()
        self._seen: tuple[HostFacts, Expected] | None = None
        self._found: tuple[Condition, ...] = ()

    def look(self, snapshot: HostSnapshot) -> None:
        """Find what is wrong now, and say what is new of it."""
        found = self._find(snapshot)
        before, now = dict.fromkeys(self._host.conditions), frozenset(found)
        new, over = [it for it in found if it not in before], [it for it in before if it not in now]
        for it in new[:MAX_TOLD]:
            self._tell(logging.WARNING, "%s (%s)", it.sentence, it.remedy, about=_kind(it))
        for it in over[:MAX_TOLD]:
            self._tell(logging.INFO, "no more: %s", it.sentence, about=_kind(it))
        for words, told in (("%d more are wrong", new), ("%d more are wrong no more", over)):
            if len(told) > MAX_TOLD:
                self._tell(logging.WARNING, words, len(told) - MAX_TOLD)
        self._host.conditions = found

    def _find(self, snapshot: HostSnapshot) -> tuple[Condition, ...]:
        try:
            return (*self._shown(snapshot), *self._foreign())
        except Exception as error:  # of ours: it costs what is said of the host, not of its ports
            self._found = ()
            what = "what is wrong with a host could not be found"
            self._failures.note(what, error, f"host {self._host.name}")
            return ()

    def _shown(self, snapshot: HostSnapshot) -> tuple[Condition, ...]:
        """Give what OVSDB shows to be wrong; looked for again when that, or what is expected, has changed."""
        view = self._host.view
        if view is None:
            self._seen = None
            return ()
        expected = self._expected(snapshot)
        unknown = any(condition.port_id or condition.interface for condition in self._found)
        if self._seen != (view.facts, expected) or unknown:
            self._seen = view.facts, expected
            ports = self._hosts.fabric.inventory.directory
            self._found = conditions(view.facts, replace(expected, ports=ports))
        return self._found

    def _foreign(self) -> Iterator[Condition]:
        for name, bridge in sorted(self._host.bridges.items()):
            yield from of_foreign_flows(name, bridge.foreign, TABLES)

    def cut(self) -> dict[str, str]:
        """Say by interface, or by physical network, why no frame passes."""
        networks = {bridge: network for network, bridge in self._hosts.fabric.layout.bridge_mappings}
        cut: dict[str, str] = {}
        for condition in self._host.conditions:
            about = networks.get(condition.bridge) or condition.interface
            if condition.cuts and about:
                cut.setdefault(about, condition.sentence)
        return cut

    def _expected(self, snapshot: HostSnapshot) -> Expected:
        layout = self._hosts.fabric.layout
        mtus: dict[str, int] = {}
        networks = self._hosts.fabric.inventory.networks
        for segment in (segment for segment in snapshot.segments if not segment.is_tunnel):
            network = networks.get(segment.network_id)
            if network:  # it was not deleted since the snapshot was made
                mtus[segment.physical_network] = max(network.mtu, mtus.get(segment.physical_network, 0))
        return replace(
            self._hosts.expected,
            needed=frozenset(mtus),
            mtus=mtus,
            connected=frozenset(self._host.bridges if self._host.settled else layout.bridges),
            tunnels=tunnel_needs(self._hosts.fabric, snapshot),
            former_names=self._hosts.fabric.other_names(self._host.name),
        )


def _kind(condition: Condition) -> str:
    """Name the kind of a condition; those of a bridge are of one of ours: no stranger chose its name."""
    return f"{condition.code} {condition.bridge}"
