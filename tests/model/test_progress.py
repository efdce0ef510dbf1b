"""The log tells how far the hosts have come back after a start, and who is missing."""

from dataclasses import replace

from osken_apps.apps.host import Host
from osken_apps.apps.hosts import Hosts
from osken_apps.apps.peers import Peers
from osken_apps.apps.progress import MAX_QUIET_LOOKS, Progress
from osken_apps.apps.reconcile import HostReconciler
from osken_apps.model.changes import Snapshot
from osken_apps.model.fabric import Fabric
from osken_apps.model.resources import Binding
from tests.golden.scenarios import LAYOUT, NET1, SUBNET1, VM1
from tests.model.by_hand import ByHand
from tests.model.loading import load
from tests.model.switch import SwitchBridge, SwitchConnection


def started() -> Peers:
    """Give the peers of a controller after its start, none: its store has ports on two hosts."""

    def serve(host: Host) -> HostReconciler:
        return ByHand(host, hosts, lambda bridge, snapshot: None, lambda reports: None)

    hosts = Hosts(Fabric(LAYOUT), serve)
    places = (("a", "1"), ("a", "2"), ("b", "3"))
    ports = [replace(VM1, id=f"{n}0000000-p", binding=Binding(host, 1, f"tap{n}")) for host, n in places]
    load(hosts.fabric, Snapshot((NET1, SUBNET1, *ports)))
    return Peers(hosts)


def comes_back(peers: Peers, name: str) -> None:
    peers.connected(SwitchConnection(SwitchBridge({"int-br-eth2": 1}), "br-int"), name)  # type: ignore[arg-type]
    reconciler = peers.hosts.by_name[name].reconciler
    assert isinstance(reconciler, HostReconciler)
    reconciler.attempt()


def test_hosts_are_counted_with_their_ports_as_they_come_back_and_told_once() -> None:
    peers = started()
    progress = Progress(peers.hosts)
    assert progress.look() == "0 of 2 hosts are as they should be, with 0 of 3 ports"
    comes_back(peers, "a")
    assert progress.look() == "1 of 2 hosts are as they should be, with 2 of 3 ports"
    assert progress.look() == ""
    assert progress.rest() == "not yet as they should be: b"
    comes_back(peers, "b")
    assert progress.look() == "2 of 2 hosts are as they should be, with 3 of 3 ports"
    assert progress.rest() == ""


def test_a_host_that_has_connected_and_was_not_served_yet_is_missing() -> None:
    peers = started()
    peers.connected(SwitchConnection(SwitchBridge({}), "br-int"), "a")  # type: ignore[arg-type]
    assert Progress(peers.hosts).look() == "0 of 2 hosts are as they should be, with 0 of 3 ports"


def test_it_is_over_when_nobody_is_waited_for_and_nothing_changes() -> None:
    peers = started()
    progress = Progress(peers.hosts)
    for _ in range(MAX_QUIET_LOOKS + 1):
        assert not progress.is_over()
        progress.look()
    peers.hosts.wait_no_longer()
    assert progress.is_over()
    comes_back(peers, "a")
    progress.look()
    assert not progress.is_over()


def test_of_many_that_are_missing_some_are_named() -> None:
    peers = started()
    for number in range(7):
        peers.hosts.fabric.host(f"h{number}")
    assert Progress(peers.hosts).rest() == "not yet as they should be: a, b, h0, h1, h2 and 4 more"


def test_without_hosts_there_is_nothing_to_tell() -> None:
    peers = started()
    peers.hosts.fabric.hosts.clear()
    assert Progress(peers.hosts).look() == ""
