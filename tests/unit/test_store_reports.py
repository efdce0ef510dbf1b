"""What the data plane reports, and the DHCP server's port that follows from it."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest

from osken_apps.model.allocation import default_pools, generated_mac
from osken_apps.model.changes import Deleted, PortReport, Upserted
from osken_apps.model.resources import Binding, FixedIp, Network, Port, PortStatus, Subnet
from osken_apps.networking.bindings import record
from osken_apps.networking.dhcp_ports import DHCP_DEVICE_ID, settle_dhcp_port
from osken_apps.store.store import Store
from tests.unit.rest_client import store_at

BINDING = Binding("host1", 1)
CIDR = IPv4Network("10.10.10.0/24")
GATEWAY = IPv4Address("10.10.10.1")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Give an empty store."""
    return store_at(f"sqlite:///{tmp_path}/osken-net.db")


def network_with_port(store: Store, enable_dhcp: bool = True, cidr: IPv4Network = CIDR) -> Port:
    """Make a network, its subnet and one port with the first address."""
    with store.write() as transaction:
        network = transaction.create(
            Network("n1", "default", physical_network="default", segmentation_id=1000)
        )
        subnet = transaction.create(
            Subnet(
                id="s1",
                project_id="default",
                network_id=network.id,
                cidr=cidr,
                gateway_ip=cidr[1],
                allocation_pools=default_pools(cidr, cidr[1]),
                enable_dhcp=enable_dhcp,
            )
        )
        return transaction.create(
            Port(
                id="p1",
                project_id="default",
                network_id=network.id,
                mac_address=generated_mac(1),
                fixed_ips=(FixedIp(subnet.id, cidr[2]),),
            )
        )


def report(store: Store, *reports: PortReport) -> None:
    """Record reports as the process does."""
    with store.write() as transaction:
        record(transaction, reports)


def dhcp_ports(store: Store) -> list[Port]:
    """Read the ports of DHCP servers."""
    with store.read() as view:
        return [port for port in view.ports() if port.is_dhcp_server]


def test_a_report_sets_binding_and_status_and_bumps_the_revision(store: Store) -> None:
    port = network_with_port(store)
    report(store, PortReport("p1", BINDING, PortStatus.ACTIVE))
    with store.read() as view:
        seen = view.port("p1")
    assert seen is not None
    assert (seen.binding, seen.status) == (BINDING, PortStatus.ACTIVE)
    assert seen.revision_number == port.revision_number + 1


def test_the_first_binding_makes_the_dhcp_port_with_the_next_address(store: Store) -> None:
    network_with_port(store)
    report(store, PortReport("p1", BINDING, PortStatus.DOWN))
    (server,) = dhcp_ports(store)
    assert server.fixed_ips == (FixedIp("s1", IPv4Address("10.10.10.3")),)
    assert (server.device_owner, server.device_id) == ("network:dhcp", DHCP_DEVICE_ID)
    assert server.status is PortStatus.ACTIVE


def test_a_second_report_makes_no_second_dhcp_port(store: Store) -> None:
    network_with_port(store)
    report(store, PortReport("p1", BINDING, PortStatus.DOWN))
    report(store, PortReport("p1", None, PortStatus.DOWN))
    report(store, PortReport("p1", BINDING, PortStatus.ACTIVE))
    assert len(dhcp_ports(store)) == 1


def test_the_report_and_the_dhcp_port_are_told_in_one_commit(store: Store) -> None:
    network_with_port(store)
    commits: list[tuple[object, ...]] = []
    store.listen(lambda sequence, changes: commits.append(changes))
    report(store, PortReport("p1", BINDING, PortStatus.DOWN))
    ((first, second),) = commits
    assert isinstance(first, Upserted) and isinstance(second, Upserted)
    assert first.resource.id == "p1"
    assert isinstance(second.resource, Port) and second.resource.is_dhcp_server


def test_a_report_of_what_is_known_changes_nothing(store: Store) -> None:
    network_with_port(store)
    report(store, PortReport("p1", BINDING, PortStatus.ACTIVE))
    commits: list[tuple[object, ...]] = []
    store.listen(lambda sequence, changes: commits.append(changes))
    report(store, PortReport("p1", BINDING, PortStatus.ACTIVE))
    assert commits == []


def test_the_last_of_several_reports_of_a_port_counts(store: Store) -> None:
    network_with_port(store)
    report(
        store,
        PortReport("p1", BINDING, PortStatus.DOWN),
        PortReport("p1", None, PortStatus.DOWN),
        PortReport("p1", Binding("host2", 5), PortStatus.ACTIVE),
    )
    with store.read() as view:
        seen = view.port("p1")
    assert seen is not None
    assert (seen.binding, seen.status) == (Binding("host2", 5), PortStatus.ACTIVE)


def test_a_network_without_dhcp_gets_no_dhcp_port(store: Store) -> None:
    network_with_port(store, enable_dhcp=False)
    report(store, PortReport("p1", BINDING, PortStatus.ACTIVE))
    assert dhcp_ports(store) == []


def test_switching_dhcp_on_and_off_makes_and_removes_the_dhcp_port(store: Store) -> None:
    network_with_port(store, enable_dhcp=False)
    report(store, PortReport("p1", BINDING, PortStatus.ACTIVE))
    seen = []
    for enable_dhcp in (True, False):
        with store.write() as transaction:
            subnet = transaction.subnet("s1")
            assert subnet is not None
            transaction.update(subnet, replace(subnet, enable_dhcp=enable_dhcp))
            settle_dhcp_port(transaction, "n1")
        seen.append(len(dhcp_ports(store)))
    assert seen == [1, 0]


def test_a_second_dhcp_subnet_gives_the_dhcp_port_a_second_address(store: Store) -> None:
    network_with_port(store)
    report(store, PortReport("p1", BINDING, PortStatus.ACTIVE))
    other = IPv4Network("10.10.20.0/24")
    with store.write() as transaction:
        transaction.create(
            Subnet(
                id="s2",
                project_id="default",
                network_id="n1",
                cidr=other,
                allocation_pools=default_pools(other, other[1]),
            )
        )
        settle_dhcp_port(transaction, "n1")
    (server,) = dhcp_ports(store)
    assert server.fixed_ips == (FixedIp("s1", CIDR[3]), FixedIp("s2", other[2]))


def test_a_full_subnet_does_not_lose_the_report(store: Store) -> None:
    network_with_port(store, cidr=IPv4Network("10.10.10.0/30"))
    report(store, PortReport("p1", BINDING, PortStatus.ACTIVE))
    with store.read() as view:
        seen = view.port("p1")
    assert seen is not None and seen.binding == BINDING
    assert dhcp_ports(store) == []


def test_a_report_of_a_port_that_is_gone_is_dropped(store: Store) -> None:
    port = network_with_port(store)
    commits: list[tuple[object, ...]] = []
    store.listen(lambda sequence, changes: commits.append(changes))
    with store.write() as transaction:
        transaction.delete(port)
    report(store, PortReport("p1", BINDING, PortStatus.ACTIVE))
    assert commits == [(Deleted(Port, "p1"),)]


def test_a_dhcp_port_of_somebody_else_is_left_alone(store: Store) -> None:
    network_with_port(store)
    with store.write() as transaction:
        transaction.create(
            Port(
                id="theirs",
                project_id="default",
                network_id="n1",
                mac_address=generated_mac(2),
                device_owner="network:dhcp",
                device_id="theirs",
            )
        )
    report(store, PortReport("p1", BINDING, PortStatus.ACTIVE))
    assert [port.id for port in dhcp_ports(store)] == ["theirs"]
