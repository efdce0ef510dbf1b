"""Hosts take turns, and nothing that happens while one waits for its turn is forgotten."""

import eventlet

from osken_apps.apps.host import Host
from osken_apps.apps.hosts import Hosts
from osken_apps.apps.peers import Peers
from osken_apps.apps.reconcile import HostReconciler
from osken_apps.model.changes import Snapshot
from osken_apps.model.fabric import Fabric
from tests.golden.scenarios import LAYOUT
from tests.model.by_hand import ByHand
from tests.model.loading import load
from tests.model.switch import SwitchBridge, SwitchConnection


def connect(peers: Peers, name: str, bridge: SwitchBridge) -> SwitchConnection:
    connection = SwitchConnection(bridge, name)
    peers.connected(connection, "h")  # type: ignore[arg-type]
    return connection


def started(kind: type[HostReconciler]) -> Peers:
    """Give the peers of a controller that was just started: none."""

    def serve(host: Host) -> HostReconciler:
        return kind(host, hosts, lambda bridge, snapshot: None, lambda reports: None)

    hosts = Hosts(Fabric(LAYOUT), serve)
    load(hosts.fabric, Snapshot())
    return Peers(hosts)


def attempt(peers: Peers) -> bool:
    reconciler = peers.hosts.by_name["h"].reconciler
    assert isinstance(reconciler, HostReconciler)
    return reconciler.attempt()


def test_a_bridge_that_connects_while_its_host_waits_for_a_turn_is_served() -> None:
    peers = started(HostReconciler)
    with peers.hosts.turns:
        connect(peers, "br-eth2", SwitchBridge({"phy-br-eth2": 1}))
        eventlet.sleep(0)
        bridge = SwitchBridge({"int-br-eth2": 1})
        connect(peers, "br-int", bridge)
    for _ in range(10):
        eventlet.sleep(0)
    peers.hosts.by_name["h"].end()
    assert len(bridge.flows) == 2


def test_a_bridge_that_connects_in_the_middle_of_a_pass_keeps_its_flows() -> None:
    integration, physical = SwitchBridge({"int-br-eth2": 1}), SwitchBridge({"phy-br-eth2": 1})
    peers = started(ByHand)
    connect(peers, "br-int", integration)
    connect(peers, "br-eth2", physical)
    assert attempt(peers)
    before = dict(physical.flows)
    assert len(before) == 2

    peers = started(ByHand)
    late: list[SwitchConnection] = []

    def meanwhile() -> None:
        if not late:
            late.append(connect(peers, "br-eth2", physical))

    connect(peers, "br-int", integration).on_request = meanwhile
    for _ in range(2):
        assert attempt(peers)
        assert physical.flows == before
    assert late
