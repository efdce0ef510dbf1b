"""What is plugged where: the same result in every order of events."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import IPv4Address
from itertools import permutations
from typing import Any

import pytest

from osken_apps.model.changes import Change, Deleted, PortReport, Snapshot, Upserted
from osken_apps.model.claims import Place
from osken_apps.model.fabric import Fabric
from osken_apps.model.host import Interface, TaggedPort
from osken_apps.model.host_snapshot import host_snapshot
from osken_apps.model.inventory import Inventory
from osken_apps.model.local_vlans import assign_local_vlans
from osken_apps.model.preparation import prepare
from osken_apps.model.reports import port_reports
from osken_apps.model.resources import (
    DHCP_DEVICE_ID,
    Binding,
    InactiveBinding,
    Network,
    Port,
    PortStatus,
    Standard,
    Subnet,
)
from osken_apps.model.security_groups import SecurityGroup
from osken_apps.model.snapshot import HostSnapshot, Segment
from osken_apps.model.turns import PORTS_A_TURN
from osken_apps.pipeline.tags import desired_tags, is_to_be_dead, tag_changes
from tests.golden.scenarios import LAYOUT, NET1, NET2, SERVER1, SUBNET1, VM1, VM2
from tests.model.loading import load

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def intent(*ports: Standard) -> Snapshot:
    """Give what a store has that has these ports, and perhaps what is not of networks."""
    return Snapshot((NET1, NET2, SUBNET1, *ports))


INTENT = intent(VM1, VM2, SERVER1)
TAP1 = Interface("tap53903a95-82", VM1.id)
INT_PORTS = {"int-br-eth2": 1, "tap53903a95-82": 2, "vnet7": 3}
PHY_PORTS = {"eth2": 1, "phy-br-eth2": 2}


def fabric(*hosts: str) -> Fabric:
    made = Fabric(LAYOUT)
    load(made, INTENT)
    for host in hosts:
        made.observe_bridge(host, "br-int", INT_PORTS)
        made.observe_bridge(host, "br-eth2", PHY_PORTS)
    return made


def snapshot_of(made: Fabric, host: str) -> HostSnapshot:
    prepare(made, host)
    return host_snapshot(made, host)


def bound(snapshot: HostSnapshot) -> list[tuple[str, str, int, int]]:
    return [(item.port_id, item.interface, item.ofport, item.segment.local_vlan) for item in snapshot.ports]


EVENTS: dict[str, Callable[[Fabric], object]] = {
    "store": lambda it: load(it, intent(VM2, SERVER1)),
    "br-int": lambda it: it.observe_bridge("h", "br-int", INT_PORTS),
    "br-eth2": lambda it: it.observe_bridge("h", "br-eth2", PHY_PORTS),
    "ovsdb": lambda it: it.observe_interfaces("h", [TAP1]),
}


@pytest.mark.parametrize("order", list(permutations(EVENTS)), ids=" ".join)
@pytest.mark.parametrize("late_port", [True, False])
def test_the_order_of_events_does_not_matter(order: Iterable[str], late_port: bool) -> None:
    made = Fabric(LAYOUT)
    for name in order:
        EVENTS[name](made)
        if not late_port and name == "store":
            made.apply([Upserted(VM1)])
    if late_port:
        assert made.apply([Upserted(VM1)]) == {"h"}
    snapshot = snapshot_of(made, "h")
    assert bound(snapshot) == [(VM1.id, "tap53903a95-82", 2, 1)]
    assert snapshot.segments == (Segment("net1", "default", 1000, 1),)
    assert snapshot.ports[0].dhcp is not None
    assert snapshot.ports[0].dhcp.server_address == IPv4Address("10.10.10.3")


def test_what_nothing_of_a_host_depends_on_leaves_its_snapshot_as_it_is() -> None:
    made = fabric("h")
    made.observe_interfaces("h", [TAP1])
    before = snapshot_of(made, "h")
    of_port = {"name": "web", "tags": ("blue",), "status": PortStatus.ACTIVE, "revision_number": 7}
    made.apply([Upserted(replace(VM1, binding=Binding("h", 1, TAP1.name), **of_port))])
    made.apply(
        [Upserted(replace(item, name="other", revision_number=9)) for item in (NET1, SUBNET1, SERVER1)]
    )
    assert snapshot_of(made, "h") == before
    made.apply([Upserted(replace(VM1, dns_name="web"))])
    assert snapshot_of(made, "h") != before


def test_a_subnet_concerns_the_other_ports_of_the_machines_on_it() -> None:
    made = Fabric(LAYOUT)
    subnet = replace(SUBNET1, network_id=NET2.id, id="subnet2")
    first = replace(VM2, device_id="m")
    second = replace(VM1, device_id="m")
    load(made, Snapshot((NET1, NET2, SUBNET1, subnet, first, second)))
    made.observe_bridge("h", "br-int", INT_PORTS)
    assert made.apply([Upserted(replace(subnet, gateway_ip=IPv4Address("10.10.10.1")))]) == {"h"}
    assert made.apply([Deleted(Subnet, subnet.id)]) == {"h"}


def test_a_snapshot_is_taken_in_turns_and_no_host_is_ready_before_the_first_is_whole() -> None:
    ports = tuple(
        replace(VM1, id=f"{number:08}-0000", binding=Binding("h", 1, f"tap{number:08}-00"))
        for number in range(2 * PORTS_A_TURN + 1)
    )
    inventories = [Inventory(), Inventory()]
    for inventory in inventories:
        inventory.take(intent(*ports))
    made = Fabric(LAYOUT)
    made.observe_bridge("h", "br-int", INT_PORTS)
    ready: list[bool] = []
    made.adopt(inventories[0], lambda: ready.append(made.ready("h")))
    assert ready == [False] * 4
    assert made.ready("h")
    ready.clear()
    made.adopt(inventories[1], lambda: ready.append(made.ready("h")))
    assert ready == [True] * 4


def test_a_host_is_not_ready_until_its_integration_bridge_was_seen() -> None:
    made = Fabric(LAYOUT)
    load(made, INTENT)
    made.observe_bridge("h", "br-eth2", PHY_PORTS)
    assert not made.ready("h")
    made.observe_bridge("h", "br-int", INT_PORTS)
    assert made.ready("h")


def test_without_ovsdb_the_interface_name_tells_the_port() -> None:
    assert bound(snapshot_of(fabric("h"), "h")) == [(VM1.id, "tap53903a95-82", 2, 1)]


def test_with_ovsdb_a_name_alone_tells_nothing() -> None:
    made = fabric("h")
    made.observe_interfaces("h", [Interface("tap53903a95-82", "")])
    assert bound(snapshot_of(made, "h")) == []


def test_an_interface_of_any_name_is_bound_by_its_iface_id_and_stays_when_the_session_ends() -> None:
    made = fabric("h")
    made.observe_interfaces("h", [Interface("vnet7", VM2.id)])
    made.lose_ovsdb("h")
    assert (VM2.id, "vnet7", 3, 2) in bound(snapshot_of(made, "h"))


def test_after_a_restart_without_ovsdb_the_recorded_interface_is_still_the_port() -> None:
    recorded = replace(VM2, binding=Binding("h", 9, "vnet7"), status=PortStatus.ACTIVE)
    made = Fabric(LAYOUT)
    made.observe_bridge("h", "br-int", {"int-br-eth2": 1, "vnet7": 3})
    load(made, intent(recorded))
    assert bound(snapshot_of(made, "h")) == [(VM2.id, "vnet7", 3, 9)]


def test_an_interface_without_an_openflow_port_is_not_bound_yet() -> None:
    made = fabric("h")
    made.observe_interfaces("h", [Interface("tap-not-there-yet", VM1.id)])
    assert bound(snapshot_of(made, "h")) == []


def two_hosts_plugged_in_turn() -> Fabric:
    """Host a has the port, then b claims it too."""
    made = fabric("a", "b")
    for host in ("a", "b"):
        made.observe_interfaces(host, [])
    made.observe_interfaces("a", [TAP1])
    assert made.observe_interfaces("b", [TAP1]) == {"b"}
    return made


def has_it(made: Fabric) -> list[str]:
    return [host for host in sorted(made.hosts) if snapshot_of(made, host).ports]


def test_who_has_a_port_keeps_it_when_another_host_claims_it() -> None:
    made = two_hosts_plugged_in_turn()
    assert has_it(made) == ["a"]
    snapshot = snapshot_of(made, "b")
    assert [(item.port_id, item.interface, item.ofport) for item in snapshot.waiting] == [
        (VM1.id, TAP1.name, 2)
    ]
    assert (TAP1.name, 2) in snapshot.dead


def test_who_claims_a_port_is_looked_at_when_the_host_appears_that_the_store_has_it_at() -> None:
    """Until then its interface is left alone, as the store may be of yesterday; then it is dead."""
    made = Fabric(LAYOUT)
    load(made, intent(replace(VM1, binding=Binding("b", 1, "tap1"))))
    made.observe_interfaces("a", [Interface("tap9", VM1.id, 5, made.mark)])
    made.observe_bridge("a", "br-int", {"tap9": 9})
    assert [name for name, _ in snapshot_of(made, "a").dead] == []
    made.observe_interfaces("b", [Interface("tap1", VM1.id)])
    assert made.observe_bridge("b", "br-int", {"tap1": 5}) == {"a", "b"}
    assert [name for name, _ in snapshot_of(made, "a").dead] == ["tap9"]


def test_a_cancelled_migration_changes_nothing() -> None:
    made = two_hosts_plugged_in_turn()
    made.observe_interfaces("b", [])
    assert has_it(made) == ["a"]


def test_a_port_goes_to_the_other_host_when_its_interface_is_gone() -> None:
    made = two_hosts_plugged_in_turn()
    assert made.observe_interfaces("a", []) == {"a", "b"}
    assert has_it(made) == ["b"]


def test_a_port_goes_to_the_host_where_its_machine_speaks() -> None:
    made = two_hosts_plugged_in_turn()
    assert made.hear_guest("b", VM1.id) == {"a", "b"}
    assert has_it(made) == ["b"]
    made.observe_interfaces("a", [])
    assert has_it(made) == ["b"]


def test_a_port_goes_to_a_live_host_when_its_own_is_gone_and_stays_there_when_that_one_returns() -> None:
    made = two_hosts_plugged_in_turn()
    made.lose_ovsdb("a")
    assert has_it(made) == ["a"]
    assert made.host_is_gone("a") == {"a", "b"}
    assert has_it(made) == ["b"]
    made.observe_bridge("a", "br-int", INT_PORTS)
    made.observe_interfaces("a", [TAP1])
    assert has_it(made) == ["b"]


def test_a_port_that_waits_for_a_host_which_does_not_have_it_goes_to_the_one_that_does() -> None:
    made = Fabric(LAYOUT)
    load(made, intent(replace(VM1, binding=Binding("a", 1, TAP1.name))))
    made.rename("a", "c")  # while the store recorded by that name what another host has
    made.names.show("c", "system-id of c")
    for name, ofports, interfaces in (("a", INT_PORTS, [TAP1]), ("c", {}, [])):
        made.names.show(name, f"system-id of {name}")
        made.observe_bridge(name, "br-int", ofports)
        made.observe_bridge(name, "br-eth2", PHY_PORTS)
        made.observe_interfaces(name, interfaces)
    assert has_it(made) == ["a"]


def test_a_host_that_is_gone_keeps_its_ports_as_long_as_nobody_else_claims_them() -> None:
    made = fabric("a")
    made.observe_interfaces("a", [TAP1])
    made.host_is_gone("a")
    assert len(snapshot_of(made, "a").ports) == 1


def test_a_renamed_host_keeps_its_ports_also_when_it_is_renamed_back() -> None:
    made = fabric("a")
    made.observe_interfaces("a", [TAP1])
    before = snapshot_of(made, "a")
    assert made.rename("a", "a.example.org") == {"a.example.org"}
    assert snapshot_of(made, "a.example.org") == replace(before, host="a.example.org")
    made.rename("a.example.org", "a")
    assert snapshot_of(made, "a") == before
    assert list(made.hosts) == ["a"]


def test_a_port_that_is_wanted_at_a_host_stays_there_when_it_is_renamed() -> None:
    made = fabric("a")
    made.apply([Upserted(replace(VM1, requested_host="a"))])
    made.observe_interfaces("a", [TAP1])
    made.rename("a", "b")
    assert has_it(made) == ["b"]
    made.rename("b", "c")
    assert has_it(made) == ["c"]


def test_a_former_name_means_the_host_that_is_called_so_now() -> None:
    made = fabric("a")
    made.apply([Upserted(replace(VM1, requested_host="a"))])
    made.observe_interfaces("a", [TAP1])
    made.rename("a", "b")
    made.observe_interfaces("a", [])
    assert has_it(made) == []
    made.host_is_gone("a")
    assert made.forget("a") == {"b"}
    assert has_it(made) == ["b"]


def test_a_machine_that_may_move_to_a_host_is_heard_there_when_that_is_renamed() -> None:
    made = two_hosts_plugged_in_turn()
    moving = replace(VM1, requested_host="a", inactive_bindings=(InactiveBinding("b"),))
    made.apply([Upserted(moving)])
    made.rename("b", "c")
    made.hear_guest("c", VM1.id)
    assert has_it(made) == ["c"]
    made.rename("c", "d")
    assert has_it(made) == ["d"]


def test_a_port_that_waits_for_a_renamed_host_is_told_the_name_of_today() -> None:
    made = two_hosts_plugged_in_turn()
    made.rename("a", "c")
    made.observe_interfaces("c", [])
    made.apply([Upserted(replace(VM1, requested_host="a"))])
    (report,) = port_reports(made, snapshot_of(made, "b"), LAYOUT.bridges)
    assert report.waits_for == (
        "an interface with its id on host c, which binding:host_id calls a; it is plugged into b"
    )


def test_a_port_that_a_renamed_host_has_no_more_is_reported_by_it() -> None:
    made = fabric("a")
    made.observe_interfaces("a", [TAP1])
    made.apply([Upserted(replace(VM1, binding=Binding("a", 1, TAP1.name), status=PortStatus.ACTIVE))])
    made.rename("a", "b")
    made.observe_interfaces("b", [])
    assert port_reports(made, snapshot_of(made, "b"), LAYOUT.bridges) == [
        PortReport(VM1.id, None, PortStatus.DOWN)
    ]


def test_a_second_interface_of_one_iface_id_on_a_host_is_dead() -> None:
    made = fabric("h")
    made.observe_interfaces("h", [Interface("vnet7", VM1.id), TAP1])
    snapshot = snapshot_of(made, "h")
    assert bound(snapshot) == [(VM1.id, TAP1.name, 2, 1)]
    assert snapshot.dead == (("vnet7", 3),)


def test_a_wish_decides_at_once_whoever_had_the_port() -> None:
    made = two_hosts_plugged_in_turn()
    made.apply([Upserted(replace(VM1, requested_host="b"))])
    assert has_it(made) == ["b"]
    assert made.hear_guest("a", VM1.id) == set()
    made.apply([Upserted(replace(VM1, requested_host="c"))])
    assert has_it(made) == []
    (report,) = port_reports(made, snapshot_of(made, "a"), LAYOUT.bridges)
    assert (report.binding, report.status) == (None, PortStatus.DOWN)
    assert "on host c, which binding:host_id asks for" in report.waits_for
    assert port_reports(made, snapshot_of(made, "b"), LAYOUT.bridges) == []


def moving_to_b(**also: Any) -> Port:
    """Give the port as a live migration from a to b makes it."""
    return replace(VM1, requested_host="a", inactive_bindings=(InactiveBinding("b"),), **also)


def test_a_port_with_an_inactive_binding_stays_until_its_machine_speaks_at_the_target() -> None:
    made = two_hosts_plugged_in_turn()
    made.apply([Upserted(moving_to_b())])
    assert has_it(made) == ["a"]
    assert [item.port_id for item in snapshot_of(made, "b").waiting] == [VM1.id]
    made.hear_guest("b", VM1.id)
    made.apply([Upserted(moving_to_b(name="changed meanwhile"))])
    assert has_it(made) == ["b"]


def test_a_machine_is_heard_at_the_target_also_where_its_port_is_not_plugged_in_at_the_source() -> None:
    made = two_hosts_plugged_in_turn()
    made.apply([Upserted(moving_to_b())])
    made.observe_interfaces("a", [])
    assert has_it(made) == []
    assert [item.port_id for item in snapshot_of(made, "b").waiting] == [VM1.id]
    made.hear_guest("b", VM1.id)
    assert has_it(made) == ["b"]


def test_the_activation_of_a_binding_moves_a_port_whose_machine_never_spoke() -> None:
    made = two_hosts_plugged_in_turn()
    made.apply([Upserted(moving_to_b())])
    made.apply([Upserted(replace(VM1, requested_host="b", inactive_bindings=(InactiveBinding("a"),)))])
    assert has_it(made) == ["b"]


def test_a_binding_that_is_taken_back_takes_the_port_back() -> None:
    made = two_hosts_plugged_in_turn()
    made.apply([Upserted(moving_to_b())])
    made.hear_guest("b", VM1.id)
    made.apply([Upserted(replace(VM1, requested_host="a"))])
    assert has_it(made) == ["a"]


@pytest.mark.parametrize(
    "end",
    [
        lambda made: made.observe_interfaces("b", []),
        lambda made: made.host_is_gone("b"),
        lambda made: made.forget("b"),
    ],
    ids=("its interface", "its host", "all that is known of its host"),
)
def test_when_its_target_is_gone_a_port_that_moved_is_where_it_is_wanted(
    end: Callable[[Fabric], set[str]],
) -> None:
    made = two_hosts_plugged_in_turn()
    made.apply([Upserted(moving_to_b())])
    made.hear_guest("b", VM1.id)
    assert "a" in end(made)
    assert has_it(made) == ["a"]


def test_when_its_target_is_gone_a_port_that_moved_stays_there_if_nobody_else_claims_it() -> None:
    made = two_hosts_plugged_in_turn()
    made.apply([Upserted(moving_to_b())])
    made.hear_guest("b", VM1.id)
    made.observe_interfaces("a", [])
    made.host_is_gone("b")
    assert made.claims.place_of(VM1.id) == Place("b", TAP1.name)


@pytest.mark.parametrize("shown", [[], None], ids=("its target lacks it", "its target is gone"))
def test_after_a_restart_a_port_whose_target_is_no_more_is_where_it_is_wanted(
    shown: list[Interface] | None,
) -> None:
    made = Fabric(LAYOUT)
    load(made, intent(moving_to_b(binding=Binding("b", 1, TAP1.name), status=PortStatus.ACTIVE)))
    for host, interfaces in (("a", [TAP1]), ("b", shown)):
        if interfaces is None:
            made.host_is_gone(host)
        else:
            made.observe_bridge(host, "br-int", INT_PORTS)
            made.observe_interfaces(host, interfaces)
    assert has_it(made) == ["a"]


def test_a_machine_that_speaks_at_its_source_again_has_its_port_there() -> None:
    made = two_hosts_plugged_in_turn()
    made.apply([Upserted(moving_to_b())])
    made.hear_guest("b", VM1.id)
    made.hear_guest("a", VM1.id)
    assert has_it(made) == ["a"]


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a"), ("b",)], ids=" ".join)
def test_after_a_restart_a_machine_is_where_it_spoke_before_its_binding_there_is_active(
    order: tuple[str, ...],
) -> None:
    bound_to_b = moving_to_b(binding=Binding("b", 1, TAP1.name), status=PortStatus.ACTIVE)
    made = Fabric(LAYOUT)
    load(made, intent(bound_to_b))
    for host in order:
        made.observe_bridge(host, "br-int", INT_PORTS)
        made.observe_interfaces(host, [TAP1])
        assert made.claims.place_of(VM1.id) == Place("b", TAP1.name)
        assert host == "b" or port_reports(made, snapshot_of(made, host), LAYOUT.bridges) == []
    assert bound(snapshot_of(made, "b")) == [(VM1.id, TAP1.name, 2, 1)]
    made.apply([Upserted(replace(VM1, requested_host="a"))])
    assert has_it(made) == (["a"] if "a" in order else [])


def test_a_port_that_is_deleted_and_comes_again_is_where_it_is_wanted() -> None:
    made = two_hosts_plugged_in_turn()
    made.apply([Upserted(moving_to_b())])
    made.hear_guest("b", VM1.id)
    made.apply([Deleted(Port, VM1.id)])
    made.apply([Upserted(moving_to_b())])
    assert has_it(made) == ["a"]


def test_what_is_no_port_link_or_declared_trunk_is_dead() -> None:
    made = fabric("h")
    strangers = [Interface("vnet7", "no-port"), Interface("uplink", trunk=True), TAP1]
    made.observe_bridge("h", "br-int", {**INT_PORTS, "uplink": 4, "by-hand": 5})
    made.observe_interfaces("h", strangers)
    snapshot = snapshot_of(made, "h")
    assert snapshot.dead == (("by-hand", 5), ("vnet7", 3))
    assert snapshot.trunks == ("uplink",)


def test_before_ovsdb_has_shown_a_host_only_what_is_surely_dead_is_and_nothing_is_taken_away() -> None:
    made = fabric("h")
    snapshot = snapshot_of(made, "h")
    assert (snapshot.dead, snapshot.takes_away) == ((), False)
    assert made.expect_no_more("h") == {"h"}
    snapshot = snapshot_of(made, "h")
    assert (snapshot.dead, snapshot.takes_away) == ((("vnet7", 3),), True)


@pytest.mark.parametrize(
    ("intent", "kept"),
    [
        (Snapshot(), True),
        (replace(INTENT, store_id="another"), False),
        (Snapshot(store_id="the-store", departed_ports=frozenset({VM1.id})), False),
    ],
)
def test_a_host_keeps_what_carries_ports_that_the_database_does_not_know(
    intent: Snapshot, kept: bool
) -> None:
    made = Fabric(LAYOUT)
    load(made, intent)
    made.observe_bridge("h", "br-int", INT_PORTS)
    made.observe_interfaces("h", [Interface(TAP1.name, VM1.id, tag=1, mark="the-store"), Interface("vnet7")])
    snapshot = snapshot_of(made, "h")
    assert snapshot.takes_away is not kept
    assert snapshot.left_alone == ((TAP1.name,) if kept else ())
    assert ((TAP1.name, 2) in snapshot.dead) is (not intent.resources and not kept)
    made.remove_unknown = True
    assert snapshot_of(made, "h").takes_away


def test_a_host_keeps_its_flows_when_the_configuration_lost_a_physical_network() -> None:
    made = Fabric(replace(LAYOUT, bridge_mappings=(("other", "br-eth2"),)))
    load(made, INTENT)
    made.observe_bridge("h", "br-int", INT_PORTS)
    made.observe_bridge("h", "br-eth2", PHY_PORTS)
    made.observe_interfaces("h", [TAP1])
    snapshot = snapshot_of(made, "h")
    assert not snapshot.takes_away
    assert "physical network default" in snapshot.keeps[0]
    (report,) = port_reports(made, snapshot, LAYOUT.bridges)
    assert (report.status, report.waits_for) == (
        PortStatus.DOWN,
        "physical network default to be among [network] bridge_mappings again",
    )


@pytest.mark.parametrize(
    "change",
    [
        Upserted(replace(VM1, admin_state_up=False)),
        Upserted(replace(NET1, admin_state_up=False)),
        Deleted(Port, VM1.id),
    ],
)
def test_what_is_down_or_deleted_is_not_bound(change: Change) -> None:
    made = fabric("h")
    assert made.apply([change]) == {"h"}
    assert bound(snapshot_of(made, "h")) == []


def test_a_change_concerns_only_the_hosts_that_have_the_network() -> None:
    made = fabric("a", "b")
    made.observe_interfaces("a", [TAP1])
    made.observe_interfaces("b", [Interface("vnet7", VM2.id)])
    assert made.apply([Upserted(replace(NET2, mtu=1400))]) == {"b"}
    assert made.apply([Upserted(replace(SUBNET1, enable_dhcp=False))]) == {"a"}
    assert made.apply([Deleted(Port, SERVER1.id)]) == {"a"}


def test_the_first_change_after_a_snapshot_concerns_the_hosts_of_its_group_and_no_others() -> None:
    groups = tuple(SecurityGroup(id=id, project_id="p", number=number) for number, id in enumerate("gh", 1))
    mine = replace(VM1, port_security_enabled=True, security_groups=("g",))
    other = replace(VM2, port_security_enabled=True, security_groups=("h",))
    made = fabric("a", "b")
    load(made, intent(mine, other, SERVER1, *groups))
    for host, interface in (("a", TAP1), ("b", Interface("vnet7", VM2.id))):
        made.observe_interfaces(host, [interface])
        assert [policy.number for policy in snapshot_of(made, host).policies] == [1 if host == "a" else 2]
    assert made.apply([Upserted(replace(mine, fixed_ips=()))]) == {"a"}


@pytest.mark.parametrize("resource", [NET1, SUBNET1, VM1], ids=lambda it: type(it).__name__)
@pytest.mark.parametrize(
    "words",
    [{"name": "other"}, {"description": "other"}, {"updated_at": NOON, "revision_number": 7}],
    ids=lambda words: next(iter(words)),
)
def test_what_a_resource_is_called_is_no_pass(resource: Any, words: dict[str, Any]) -> None:
    made = fabric("h")
    made.observe_interfaces("h", [TAP1])
    assert made.apply([Upserted(replace(resource, **words))]) == set()


def test_what_the_store_was_told_of_a_port_is_no_second_pass() -> None:
    made = fabric("h")
    made.observe_interfaces("h", [TAP1])
    reports = port_reports(made, snapshot_of(made, "h"), LAYOUT.bridges)
    made.told.note(reports)
    (report,) = reports
    assert made.apply([Upserted(replace(VM1, binding=report.binding, status=report.status))]) == set()
    assert made.apply([Upserted(replace(VM1, binding=report.binding, status=PortStatus.DOWN))]) == {"h"}


def test_a_port_with_ovsdb_is_reported_active_and_only_once() -> None:
    made = fabric("h")
    made.observe_interfaces("h", [TAP1])
    report = PortReport(VM1.id, Binding("h", 1, "tap53903a95-82"), PortStatus.ACTIVE)
    assert port_reports(made, snapshot_of(made, "h"), LAYOUT.bridges) == [report]
    made.apply([Upserted(replace(VM1, binding=report.binding, status=report.status))])
    assert port_reports(made, snapshot_of(made, "h"), LAYOUT.bridges) == []
    made.lose_ovsdb("h")
    assert port_reports(made, snapshot_of(made, "h"), LAYOUT.bridges) == []
    made.observe_interfaces("h", [])
    assert port_reports(made, snapshot_of(made, "h"), LAYOUT.bridges) == [
        PortReport(VM1.id, None, PortStatus.DOWN)
    ]


def test_what_is_reported_is_compared_with_what_is_still_on_its_way_to_the_store() -> None:
    made = fabric("h")
    made.observe_interfaces("h", [TAP1])
    snapshot = snapshot_of(made, "h")
    active = PortReport(VM1.id, Binding("h", 1, "tap53903a95-82"), PortStatus.ACTIVE)
    made.apply([Upserted(replace(VM1, binding=active.binding, status=active.status))])
    (failed,) = port_reports(made, snapshot, LAYOUT.bridges, {VM1.id: "the transaction failed"})
    made.told.note([failed])
    assert port_reports(made, snapshot, LAYOUT.bridges) == [active]


def test_a_port_without_ovsdb_says_what_it_waits_for_until_the_plugger_confirms() -> None:
    made = fabric("h")
    (report,) = port_reports(made, snapshot_of(made, "h"), LAYOUT.bridges)
    assert report.status is PortStatus.DOWN
    assert report.binding is not None
    assert report.waits_for.startswith("tag=1 on tap53903a95-82: host h has no OVSDB session")
    made.apply([Upserted(replace(VM1, tags=("local_vlan=1",)))])
    assert port_reports(made, snapshot_of(made, "h"), LAYOUT.bridges)[0].status is PortStatus.ACTIVE


def test_a_port_waits_for_the_bridge_of_its_physical_network() -> None:
    made = Fabric(LAYOUT)
    load(made, INTENT)
    made.observe_bridge("h", "br-int", INT_PORTS)
    made.observe_interfaces("h", [TAP1])
    (report,) = port_reports(made, snapshot_of(made, "h"), ["br-int"])
    assert report.waits_for == "bridge br-eth2 of host h to connect to the controller"


def test_local_vlans_are_kept_given_back_and_taken_from_the_lowest() -> None:
    assert assign_local_vlans({}, ["a", "b"]) == {"a": 1, "b": 2}
    assert assign_local_vlans({"a": 1, "b": 2, "c": 3}, ["c", "d"]) == {"c": 3, "d": 1}
    full = {str(vlan): vlan for vlan in range(1, 4095)}
    assert "one too many" not in assign_local_vlans(full, [*full, "one too many"])


def test_a_network_that_was_deleted_is_in_no_snapshot_before_its_vlan_was_given_back() -> None:
    made = fabric("h")
    assert [segment.network_id for segment in snapshot_of(made, "h").segments] == ["net1"]
    made.apply([Deleted(Port, VM1.id), Deleted(Port, SERVER1.id), Deleted(Network, "net1")])
    assert host_snapshot(made, "h").segments == ()


def test_tags_are_written_where_they_differ_and_a_port_that_was_ours_is_dead() -> None:
    made = fabric("h")
    made.observe_interfaces("h", [TAP1, Interface("uplink", trunk=True)])
    snapshot = snapshot_of(made, "h")
    desired = desired_tags(snapshot)
    assert desired == {"tap53903a95-82": 1, "vnet7": 4095}
    rows = [
        TaggedPort("tap53903a95-82", None),
        TaggedPort("was-ours", 7, "s"),
        TaggedPort("is-dead", 4095, "dead"),
        TaggedPort("of-others", 7),
        TaggedPort("int-br-eth2", None),
        TaggedPort("uplink", 4095, "dead"),
        TaggedPort("vnet7", None),
    ]
    changes = tag_changes(rows, desired, snapshot, "s")
    assert changes == {"tap53903a95-82": 1, "was-ours": 4095, "uplink": None, "vnet7": 4095}
    assert tag_changes([TaggedPort("tap53903a95-82", 1, "s")], desired, snapshot, "s") == {}
    assert tag_changes([TaggedPort("tap53903a95-82", 1, "old")], desired, snapshot, "s") == {TAP1.name: 1}


def test_a_link_to_another_bridge_loses_any_tag_but_a_trunk_only_ours() -> None:
    made = fabric("h")
    made.observe_interfaces("h", [TAP1, Interface("uplink", trunk=True)])
    snapshot = snapshot_of(made, "h")
    links = ("int-br-eth2", "patch-tun")
    rows = [*(TaggedPort(name, 5) for name in links), TaggedPort("uplink", 5)]
    assert tag_changes(rows, {}, snapshot, "s") == dict.fromkeys(links)
    assert tag_changes([TaggedPort(name, None) for name in links], {}, snapshot, "s") == {}


def test_a_tag_is_wanted_of_the_row_of_an_interface() -> None:
    made = fabric("h")
    made.observe_interfaces("h", [TAP1, Interface("uplink", trunk=True)])
    snapshot = snapshot_of(made, "h")
    rows = [
        TaggedPort("row1", None, interfaces=(TAP1.name,)),
        TaggedPort("row2", None, interfaces=("vnet7", "vnet8")),
        TaggedPort("row3", 4095, "dead", interfaces=("uplink", "uplink2")),
        TaggedPort("vnet7", None, interfaces=("vnet9",)),
    ]
    desired = desired_tags(snapshot)
    assert tag_changes(rows, desired, snapshot, "s") == {"row1": 1, "row2": 4095, "row3": None}


def test_an_interface_that_shares_its_row_claims_no_port_and_is_no_orphan() -> None:
    made = fabric("h")
    made.observe_interfaces("h", [replace(TAP1, tag=1, mark="s", shares_row=True)])
    snapshot = snapshot_of(made, "h")
    assert (bound(snapshot), snapshot.left_alone) == ([], ())
    made.observe_interfaces("h", [Interface("vnet7", "no-port", 1, "s", shares_row=True)])
    assert snapshot_of(made, "h").left_alone == ()


def test_a_tag_counts_at_an_access_port_only() -> None:
    made = fabric("h")
    made.observe_interfaces("h", [TAP1, Interface("uplink", trunk=True)])
    snapshot = snapshot_of(made, "h")
    for mode, is_access in (("", True), ("access", True), ("trunk", False), ("native-untagged", False)):
        rows = [
            TaggedPort(TAP1.name, 1, "s", mode),
            TaggedPort("vnet7", 4095, "dead", mode),
            TaggedPort("uplink", 7, "", mode),
        ]
        changes = tag_changes(rows, desired_tags(snapshot), snapshot, "s")
        assert changes == ({} if is_access else {TAP1.name: 1, "vnet7": 4095})
        assert [is_to_be_dead(row, {row.name: 2}) for row in rows[:2]] == [True, not is_access]


def test_a_local_vlan_is_not_given_to_another_network_while_an_interface_still_has_it() -> None:
    made = fabric("h")
    assert bound(snapshot_of(made, "h")) == [(VM1.id, "tap53903a95-82", 2, 1)]
    made.apply([Deleted(Port, VM1.id)])
    made.observe_interfaces("h", [Interface("vnet7", VM2.id), Interface("tap53903a95-82", VM1.id, 1, "s")])
    assert bound(snapshot_of(made, "h")) == [(VM2.id, "vnet7", 3, 2)]


def test_without_ovsdb_a_tag_counts_until_its_interface_is_gone() -> None:
    made = fabric("h")
    snapshot_of(made, "h")
    made.apply([Deleted(Port, VM1.id), Upserted(replace(VM2, binding=Binding("h", 1, "vnet7")))])
    made.observe_bridge("h", "br-int", INT_PORTS)
    assert [item.segment.local_vlan for item in snapshot_of(made, "h").ports] == [2]


def test_a_local_vlan_that_the_store_does_not_tell_is_read_back_from_the_tag() -> None:
    made = fabric("h")
    made.observe_interfaces("h", [Interface("tap53903a95-82", VM1.id, 33, "s")])
    assert bound(snapshot_of(made, "h")) == [(VM1.id, "tap53903a95-82", 2, 33)]


def test_two_networks_never_share_a_local_vlan_whatever_the_store_says() -> None:
    assert assign_local_vlans({"a": 1, "b": 1}, ["a", "b"]) == {"a": 1, "b": 2}


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_after_a_restart_the_recorded_host_keeps_a_port_that_two_hosts_claim(order: tuple[str, str]) -> None:
    recorded = replace(VM1, binding=Binding("a", 1, TAP1.name), status=PortStatus.ACTIVE)
    made = Fabric(LAYOUT)
    load(made, intent(recorded))
    for host in order:
        made.observe_bridge(host, "br-int", INT_PORTS)
        made.observe_interfaces(host, [TAP1])
    assert (len(snapshot_of(made, "a").ports), bound(snapshot_of(made, "b"))) == (1, [])


@pytest.mark.parametrize("from_the_start", [True, False])
def test_what_the_store_records_of_a_host_is_a_claim_of_it_from_then_until_it_does_not(
    from_the_start: bool,
) -> None:
    bound_to_h = replace(VM1, binding=Binding("h", 1, "vnet7"))
    made = Fabric(LAYOUT)
    load(made, intent(bound_to_h if from_the_start else VM1, SERVER1))
    made.observe_bridge("h", "br-int", {"vnet7": 3})
    made.apply([Upserted(bound_to_h)])
    assert made.claimants_of(VM1.id) == ["h"]
    assert "h" in made.apply([Upserted(replace(VM1, binding=Binding("other", 1, "vnet7")))])
    fresh = Fabric(LAYOUT)
    load(fresh, intent(replace(VM1, binding=Binding("other", 1, "vnet7")), SERVER1))
    fresh.observe_bridge("h", "br-int", {"vnet7": 3})
    assert made.host("h").claims == fresh.host("h").claims == {}


def test_an_interface_that_ovsdb_gave_to_another_port_is_not_claimed_by_name_when_the_session_ends() -> None:
    made = fabric("h")
    made.observe_interfaces("h", [Interface("tap53903a95-82", VM2.id)])
    made.lose_ovsdb("h")
    assert [item.port_id for item in snapshot_of(made, "h").ports] == [VM2.id]


def test_a_host_does_not_report_a_port_that_another_host_has_now() -> None:
    made = fabric("a", "b")
    for host in ("a", "b"):
        made.observe_interfaces(host, [])
    made.observe_interfaces("a", [TAP1])
    made.apply([Upserted(replace(VM1, binding=Binding("a", 1, TAP1.name), status=PortStatus.ACTIVE))])
    made.observe_interfaces("b", [TAP1])
    assert port_reports(made, snapshot_of(made, "a"), LAYOUT.bridges) == []


def test_a_port_deleted_during_a_pass_is_not_reported() -> None:
    made = fabric("h")
    snapshot = snapshot_of(made, "h")
    made.apply([Deleted(Port, VM1.id)])
    assert port_reports(made, snapshot, LAYOUT.bridges) == []


@pytest.mark.parametrize("order", list(permutations(["ours", "theirs", "last"])), ids=" ".join)
def test_a_network_has_one_dhcp_server_however_many_ports_are_called_so(order: Iterable[str]) -> None:
    made = fabric("h")
    made.observe_interfaces("h", [TAP1])
    servers = {
        "ours": replace(SERVER1, id="m", device_id=DHCP_DEVICE_ID),
        "theirs": replace(SERVER1, id="a", device_id="x"),
        "last": replace(SERVER1, id="z"),
    }
    made.apply([Deleted(Port, SERVER1.id)])
    assert made.inventory.dhcp_server_of(NET1.id) is None
    for name in order:
        made.apply([Upserted(servers[name])])
    for gone, next_one in (("ours", "theirs"), ("theirs", "last")):
        assert made.inventory.dhcp_server_of(NET1.id) == servers[gone]
        assert made.apply([Deleted(Port, servers[gone].id)]) == {"h"}
        assert made.inventory.dhcp_server_of(NET1.id) == servers[next_one]
    made.apply([Upserted(replace(servers["last"], device_owner="compute:nova"))])
    assert made.inventory.dhcp_server_of(NET1.id) is None
    assert made.inventory.ports_of(NET1.id) == {VM1.id, "z"}


@pytest.mark.parametrize("tag", [0, 4095, 4096, 70_000, -1])
def test_a_tag_that_no_controller_gives_is_nothing_of_a_networks(tag: int) -> None:
    made = Fabric(LAYOUT)
    load(made, intent(VM1, SERVER1))
    made.observe_bridge("h", "br-int", {TAP1.name: 3})
    made.observe_interfaces("h", [replace(TAP1, tag=tag, mark="s")])
    prepare(made, "h")
    assert made.host("h").local_vlans == {VM1.network_id: 1}
