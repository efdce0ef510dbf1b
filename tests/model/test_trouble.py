"""What keeps a host from what it should be is shown, for as long as it does."""

from osken_apps.apps.agents import HostContacts
from osken_apps.apps.reconcile import HostReconciler
from osken_apps.apps.switchboard import Switchboard
from osken_apps.model.changes import Snapshot
from osken_apps.model.fabric import Fabric
from tests.golden.scenarios import LAYOUT
from tests.model.switch import SwitchBridge, SwitchConnection


def test_a_switch_that_refuses_is_its_host_s_trouble_until_it_takes_the_flows() -> None:
    switchboard = Switchboard(Fabric(LAYOUT), lambda host: None)
    switchboard.fabric.load(Snapshot())
    reconciler = HostReconciler("h", switchboard, lambda bridge, snapshot: None, lambda reports: None)
    contacts = HostContacts(switchboard)
    connection = SwitchConnection(SwitchBridge({"int-br-eth2": 1}), "br-int")
    switchboard.connected(connection, "h")  # type: ignore[arg-type]

    connection.fault = "refused"
    assert not reconciler.attempt()
    assert [report.trouble for report in contacts.reports()] == ["refused"]

    assert reconciler.attempt()
    assert [report.trouble for report in contacts.reports()] == [""]
