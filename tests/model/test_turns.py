"""Hosts take turns, and nothing that happens while one waits for its turn is forgotten."""

import eventlet

from osken_apps.apps.reconcile import HostReconciler
from osken_apps.apps.switchboard import Switchboard
from osken_apps.model.changes import Snapshot
from osken_apps.model.fabric import Fabric
from tests.golden.scenarios import LAYOUT
from tests.model.switch import SwitchBridge, SwitchConnection


def connect(switchboard: Switchboard, name: str, bridge: SwitchBridge) -> SwitchConnection:
    connection = SwitchConnection(bridge, name)
    switchboard.connected(connection, "h")  # type: ignore[arg-type]
    return connection


def test_a_bridge_that_connects_while_its_host_waits_for_a_turn_is_served() -> None:
    switchboard = Switchboard(Fabric(LAYOUT), lambda host: reconciler.wake())
    reconciler = HostReconciler("h", switchboard, lambda bridge, snapshot: None, lambda reports: None)
    switchboard.fabric.load(Snapshot())
    thread = eventlet.spawn(reconciler.run)
    with switchboard.turns:
        reconciler.wake()
        eventlet.sleep(0)
        bridge = SwitchBridge({"int-br-eth2": 1})
        connect(switchboard, "br-int", bridge)
    for _ in range(10):
        eventlet.sleep(0)
    thread.kill()
    assert len(bridge.flows) == 2


def started() -> tuple[Switchboard, HostReconciler]:
    """Give what a controller has that was just started."""
    switchboard = Switchboard(Fabric(LAYOUT), lambda host: None)
    switchboard.fabric.load(Snapshot())
    return switchboard, HostReconciler("h", switchboard, lambda bridge, snapshot: None, lambda reports: None)


def test_a_bridge_that_connects_in_the_middle_of_a_pass_keeps_its_flows() -> None:
    integration, physical = SwitchBridge({"int-br-eth2": 1}), SwitchBridge({"phy-br-eth2": 1})
    switchboard, reconciler = started()
    connect(switchboard, "br-int", integration)
    connect(switchboard, "br-eth2", physical)
    assert reconciler.attempt()
    before = dict(physical.flows)
    assert len(before) == 2

    switchboard, reconciler = started()
    late: list[SwitchConnection] = []

    def meanwhile() -> None:
        if not late:
            late.append(connect(switchboard, "br-eth2", physical))

    connect(switchboard, "br-int", integration).on_request = meanwhile
    for _ in range(2):
        assert reconciler.attempt()
        assert physical.flows == before
    assert late
