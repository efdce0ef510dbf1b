"""Hosts take turns, and nothing that happens while one waits for its turn is forgotten."""

import eventlet

from osken_apps.apps.reconcile import HostReconciler
from osken_apps.apps.switchboard import Switchboard
from osken_apps.model.changes import Snapshot
from osken_apps.model.fabric import Fabric
from tests.golden.scenarios import LAYOUT
from tests.model.switch import SwitchBridge, SwitchConnection


def test_a_bridge_that_connects_while_its_host_waits_for_a_turn_is_served() -> None:
    switchboard = Switchboard(Fabric(LAYOUT), lambda host: reconciler.wake())
    reconciler = HostReconciler("h", switchboard, lambda bridge, snapshot: None, lambda reports: None)
    switchboard.fabric.load(Snapshot())
    thread = eventlet.spawn(reconciler.run)
    with switchboard.turns:
        reconciler.wake()
        eventlet.sleep(0)
        bridge = SwitchBridge({"int-br-eth2": 1})
        connection = SwitchConnection(bridge)
        connection.bridge = "br-int"  # type: ignore[attr-defined]
        switchboard.connected(connection, "h")  # type: ignore[arg-type]
    for _ in range(10):
        eventlet.sleep(0)
    thread.kill()
    assert len(bridge.flows) == 2
