"""Transactions of the store: all or nothing, uniqueness, order of changes, two processes."""

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import MISSING, fields, replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv4Network, ip_address, ip_network
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osken_apps.errors import IpAddressAlreadyAllocated, NoNetworkAvailable, StoreUnavailable
from osken_apps.model.addresses import IPAddress
from osken_apps.model.allocation import default_pools, generated_mac
from osken_apps.model.changes import Change, Deleted, PortReport, Snapshot, Upserted, rank
from osken_apps.model.resources import (
    AddressPair,
    AllocationPool,
    Binding,
    ExtraDhcpOption,
    FixedIp,
    HostRoute,
    Network,
    NetworkType,
    Port,
    PortStatus,
    Subnet,
)
from osken_apps.model.security_groups import (
    AddressGroup,
    DefaultSecurityGroupRule,
    Direction,
    Ethertype,
    SecurityGroup,
    SecurityGroupRule,
)
from osken_apps.model.standard import Standard
from osken_apps.networking.bindings import record, unbind_host
from osken_apps.networking.physical import VlanRange
from osken_apps.networking.state import State
from osken_apps.store import departed_ports, engines
from osken_apps.store.address_text import address_of, address_text
from osken_apps.store.store import SYSTEM_SOURCES, Store
from tests.examples import examples
from tests.unit.rest_client import store_at
from tests.whole import whole

RANGES = (VlanRange("default", 1000, 1003), VlanRange("other", 5, 5))
CIDR = IPv4Network("10.0.0.0/24")
OF_THE_STORE = {"created_at", "updated_at", "revision_number"}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Give an empty store."""
    return store_at(url(tmp_path))


def url(directory: Path) -> str:
    """Give the address of a database in a directory."""
    return f"sqlite:///{directory}/osken-net.db"


def network_of(segmentation_id: int, network_id: str = "n1") -> Network:
    """Give a VLAN network."""
    return Network(network_id, "default", physical_network="default", segmentation_id=segmentation_id)


def make_subnet(store: Store, cidr: IPv4Network = CIDR, pools: tuple[AllocationPool, ...] = ()) -> Subnet:
    """Make a network with a subnet."""
    with store.write() as transaction:
        transaction.create(network_of(1000))
        return transaction.create(
            Subnet(
                id="s1",
                project_id="default",
                network_id="n1",
                cidr=cidr,
                allocation_pools=pools or default_pools(cidr, cidr[1]),
            )
        )


def make_port(store: Store, number: int, *addresses: str) -> Port:
    """Make a port with addresses of the subnet."""
    with store.write() as transaction:
        return transaction.create(
            Port(
                id=f"p{number}",
                project_id="default",
                network_id="n1",
                mac_address=generated_mac(number),
                fixed_ips=tuple(FixedIp("s1", ip_address(text)) for text in addresses),
            )
        )


def full_resources() -> tuple[Network, Subnet, Subnet, Port]:
    """Give resources in which no attribute has its default; the port is in group g1."""
    network = Network(
        "n1",
        "project",
        name="näme",
        description="words",
        tags=("a", "b"),
        admin_state_up=False,
        shared=True,
        external=True,
        is_default=True,
        mtu=1400,
        port_security_enabled=False,
        network_type=NetworkType.FLAT,
        physical_network="default",
        segmentation_id=None,
        availability_zone_hints=("nova",),
        dns_domain="example.org.",
    )
    four = Subnet(
        id="s1",
        project_id="project",
        network_id="n1",
        cidr=CIDR,
        gateway_ip=CIDR[1],
        allocation_pools=default_pools(CIDR, CIDR[9]),
        dns_nameservers=(IPv4Address("9.9.9.9"),),
        host_routes=(HostRoute(IPv4Network("10.9.0.0/16"), CIDR[7]),),
        enable_dhcp=False,
        service_types=("compute:nova",),
    )
    six = Subnet(
        id="s2",
        project_id="project",
        network_id="n1",
        cidr=ip_network("2001:db8::/64"),
        ipv6_ra_mode="slaac",
        ipv6_address_mode="slaac",
    )
    port = Port(
        id="p1",
        project_id="project",
        network_id="n1",
        mac_address=generated_mac(1),
        fixed_ips=(FixedIp("s2", ip_address("2001:db8::5")), FixedIp("s1", CIDR[5])),
        admin_state_up=False,
        device_id="vm",
        device_owner="compute:nova",
        status=PortStatus.ACTIVE,
        requested_host="host1",
        binding=Binding("host2", 7, "tap1"),
        waits_for="the tag",
        vnic_type="direct",
        binding_profile='{"a": 1}',
        port_security_enabled=False,
        allowed_address_pairs=(AddressPair("10.0.0.0/8", generated_mac(2)),),
        extra_dhcp_opts=(ExtraDhcpOption("mtu", "1400", 4),),
        security_groups=("g1",),
        dns_name="vm1",
    )
    return network, four, six, port


def full_groups() -> tuple[SecurityGroup, SecurityGroupRule, AddressGroup, DefaultSecurityGroupRule]:
    """Give groups and rules in which no attribute has its default."""
    permission: dict[str, Any] = {
        "description": "words",
        "direction": Direction.INGRESS,
        "ethertype": Ethertype.IPV6,
        "protocol": "tcp",
        "port_range_min": 1,
        "port_range_max": 2,
        "remote_ip_prefix": "2001:db8::1/64",
        "remote_group_id": "g1",
        "remote_address_group_id": "a1",
    }
    group = SecurityGroup(id="g1", project_id="project", name="g", tags=("a",), stateful=False, number=7)
    rule = SecurityGroupRule(
        id="r1",
        project_id="project",
        security_group_id="g1",
        number=8,
        set_number=9,
        by_default=True,
        **permission,
    )
    addresses = (ip_network("10.0.0.0/8"), ip_network("2001:db8::/64"))
    address_group = AddressGroup(id="a1", project_id="project", name="a", addresses=addresses)
    default = DefaultSecurityGroupRule(
        id="t1", project_id="", used_in_default_sg=True, used_in_non_default_sg=False, **permission
    )
    return group, rule, address_group, default


def test_every_attribute_survives_a_restart(tmp_path: Path) -> None:
    store = Store(url(tmp_path))
    with store.write() as transaction:
        shipped = transaction.default_rules()
        group, rule, address_group, default = (transaction.create(item) for item in full_groups())
        network, four, six, port = (transaction.create(resource) for resource in full_resources())
    store.close()
    further = (group, rule, address_group, *shipped, default)
    with Store(url(tmp_path)).read() as view:
        every = sorted((network, four, six, port, *further), key=lambda resource: rank(type(resource)))
        assert whole(view) == Snapshot(tuple(every), store_id=view.store_id())
        assert view.has_members("g1")


def test_every_attribute_that_is_changed_survives_a_restart(tmp_path: Path) -> None:
    store, full = Store(url(tmp_path)), (*full_groups(), *full_resources())
    with store.write() as transaction:
        for resource in full:
            transaction.create(resource)
    for resource in reversed(full):  # of a VLAN network without a number no port can go
        for attribute in fields(resource):
            if attribute.default is not MISSING and attribute.name not in OF_THE_STORE:
                with store.write() as transaction:
                    now: Standard | None = transaction.one(type(resource), resource.id)
                    assert now
                    transaction.update(now, replace(now, **{attribute.name: attribute.default}))
    store.close()
    with Store(url(tmp_path)).read() as view:
        for resource in full:
            needed = {item.name for item in fields(resource) if item.default is MISSING} | OF_THE_STORE
            now = view.one(type(resource), resource.id)
            given = {name: getattr(now, name) for name in needed}
            assert now == type(resource)(**given)


@pytest.mark.usefixtures("as_shipped")
def test_a_commit_waits_for_the_disk_unless_it_can_be_made_again(tmp_path: Path) -> None:
    store = Store(url(tmp_path))
    modes = {"FULL": 2, "NORMAL": 1}  # sqlite.org/pragma.html#pragma_synchronous
    for lazy, mode in ((False, "FULL"), (True, "NORMAL"), (False, "FULL")):
        with store.write(lazy) as transaction:
            found = transaction._connection.exec_driver_sql("PRAGMA synchronous").scalar()
        assert found == modes[mode]


def test_an_exception_undoes_everything_and_tells_nobody(store: Store) -> None:
    told: list[tuple[Change, ...]] = []
    store.listen(lambda sequence, changes: told.append(changes))
    with pytest.raises(RuntimeError), store.write() as transaction:
        transaction.create(network_of(1000))
        raise RuntimeError
    with store.read() as view:
        assert view.networks() == []
    assert told == []


def test_changes_are_told_after_the_commit_as_they_are_then(store: Store) -> None:
    told: list[tuple[tuple[Change, ...], list[Network]]] = []

    def listen(_sequence: int, changes: tuple[Change, ...]) -> None:
        with store.read() as view:
            told.append((changes, view.networks()))

    store.listen(listen)
    with store.write() as transaction:
        first = transaction.create(network_of(1000))
        second = transaction.update(first, replace(first, name="new"))
    with store.write() as transaction:
        transaction.delete(second)
    assert told == [((Upserted(second),), [second]), ((Deleted(Network, "n1"),), [])]


def test_commits_of_many_threads_are_told_in_their_order(store: Store) -> None:
    told: list[tuple[int, int]] = []
    with store.write() as transaction:
        transaction.create(network_of(1000))

    def listen(sequence: int, changes: tuple[Change, ...]) -> None:
        told.extend((sequence, change.resource.revision_number) for change in changes)  # type: ignore[union-attr]

    store.listen(listen)

    def touch(_: int) -> None:
        with store.write() as transaction:
            network = transaction.network("n1")
            assert network is not None
            transaction.touch(network)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(touch, range(40)))
    assert told == [(number, number) for number in range(2, 42)]


def test_ids_come_from_the_pools_in_their_order(store: Store) -> None:
    given_ids = []
    for number in range(5):
        with store.write() as transaction:
            pool, segmentation_id = transaction.free_segment(RANGES)
            physical_network = pool.physical_network
            transaction.create(
                Network(
                    f"n{number}",
                    "default",
                    physical_network=physical_network,
                    segmentation_id=segmentation_id,
                )
            )
        given_ids.append((physical_network, segmentation_id))
    assert given_ids == [*(("default", number) for number in range(1000, 1004)), ("other", 5)]
    with pytest.raises(NoNetworkAvailable), store.write() as transaction:
        transaction.free_segment(RANGES)


def test_a_full_pool_is_full_also_beside_an_id_taken_beyond_its_end(store: Store) -> None:
    with store.write() as transaction:
        for number in range(1000, 1005):
            transaction.create(network_of(number, f"n{number}"))
    with pytest.raises(NoNetworkAvailable), store.write() as transaction:
        transaction.free_segment(RANGES[:1])


@settings(**examples(25))
@given(st.sets(st.integers(995, 1010), max_size=14))
def test_the_lowest_free_id_is_found(tmp_path_factory: pytest.TempPathFactory, taken: set[int]) -> None:
    store = store_at(url(tmp_path_factory.mktemp("store")))
    with store.write() as transaction:
        for number in taken:
            transaction.create(network_of(number, f"n{number}"))
    expected = next((number for number in range(1000, 1004) if number not in taken), None)
    try:
        with store.write() as transaction:
            found: int | None = transaction.free_segment(RANGES[:1])[1]
    except NoNetworkAvailable:
        found = None
    store.close()
    assert found == expected


def test_two_processes_never_give_the_same(tmp_path: Path) -> None:
    stores = [Store(url(tmp_path)) for _ in range(2)]
    make_subnet(stores[0], IPv4Network("10.0.0.0/22"))

    def allocate(number: int) -> IPAddress | None:
        with stores[number % 2].write() as transaction:
            subnet = transaction.subnet("s1")
            assert subnet is not None
            address = transaction.free_address(subnet)
            assert address is not None
            mac = transaction.new_mac("n1")
            fixed_ips = (FixedIp("s1", address),)
            transaction.create(
                Port(id=f"p{number}", project_id="d", network_id="n1", mac_address=mac, fixed_ips=fixed_ips)
            )
            return address

    with ThreadPoolExecutor(4) as pool:
        addresses = list(pool.map(allocate, range(60)))
    assert sorted(addresses, key=lambda address: int(address or 0)) == [
        IPv4Address("10.0.0.2") + number for number in range(60)
    ]


def test_a_mac_that_a_port_has_is_not_generated_again(tmp_path: Path) -> None:
    numbers = iter([1, 1, 2])
    store = Store(url(tmp_path), replace(SYSTEM_SOURCES, random_bits=lambda bits: next(numbers)))
    make_subnet(store)
    given_macs = []
    for number in range(2):
        with store.write() as transaction:
            mac = transaction.new_mac("n1")
            transaction.create(Port(id=str(number), project_id="d", network_id="n1", mac_address=mac))
        given_macs.append(mac)
    assert given_macs == [generated_mac(1), generated_mac(2)]


@settings(**examples(25))
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 13)), max_size=30))
def test_the_lowest_free_address_is_found_whatever_came_before(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[bool, int]]
) -> None:
    store = store_at(url(tmp_path_factory.mktemp("store")))
    cidr = IPv4Network("10.0.0.0/28")
    subnet = make_subnet(store, cidr, (AllocationPool(cidr[2], cidr[5]), AllocationPool(cidr[8], cidr[12])))
    pool = [2, 3, 4, 5, 8, 9, 10, 11, 12]
    taken: dict[int, Port] = {}
    for number, (makes, wish) in enumerate(steps):
        if not makes and taken:
            port = taken.pop(sorted(taken)[wish % len(taken)])
            with store.write() as transaction:
                transaction.delete(port)
            continue
        with store.write() as transaction:
            found = transaction.free_address(subnet)
        expected = next((offset for offset in pool if offset not in taken), None)
        assert found == (None if expected is None else cidr[expected])
        # Every third wish is for an address of its own, anywhere.
        chosen = wish + 1 if wish % 3 == 0 else expected
        if chosen is not None and chosen not in taken:
            taken[chosen] = make_port(store, number, str(cidr[chosen]))
    store.close()


def test_addresses_given_back_are_found_although_the_search_has_gone_on(store: Store) -> None:
    make_subnet(store)

    def allocate(number: int) -> Port:
        with store.write() as transaction:
            subnet = transaction.subnet("s1")
            assert subnet is not None
            address = transaction.free_address(subnet)
        return make_port(store, number, str(address))

    ports = [allocate(number) for number in range(100)]
    with store.write() as transaction:
        transaction.delete(ports[50])
        transaction.delete(ports[5])
    again = [allocate(number).fixed_ips[0].ip_address for number in range(100, 103)]
    assert [port.fixed_ips[0].ip_address for port in ports] == [CIDR[2 + number] for number in range(100)]
    assert again == [CIDR[7], CIDR[52], CIDR[102]]


def test_the_search_walks_over_many_taken_addresses(store: Store) -> None:
    cidr = IPv4Network("10.0.0.0/23")
    subnet = make_subnet(store, cidr)
    make_port(store, 0, *(str(cidr[offset]) for offset in range(3, 400)))
    with store.write() as transaction:
        first = transaction.free_address(subnet)
        second = transaction.free_address(subnet, besides=[cidr[2]])
    assert (first, second) == (cidr[2], cidr[400])


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_addresses_sort_as_their_text(first: int, second: int) -> None:
    texts = [address_text(IPv4Address(number)) for number in (first, second)]
    assert (texts[0] < texts[1]) == (first < second)
    assert [address_of(text) for text in texts] == [IPv4Address(first), IPv4Address(second)]


def test_a_locked_database_is_unavailable_and_recovers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "BUSY_TIMEOUT_MS", 10)
    store = Store(url(tmp_path))
    other = sqlite3.connect(tmp_path / "osken-net.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="locked"), store.write() as transaction:
        transaction.create(network_of(1000))
    other.execute("ROLLBACK")
    other.close()
    with store.write() as transaction:
        transaction.create(network_of(1000))
    with store.read() as view:
        assert len(view.networks()) == 1


def remembered(store: Store) -> frozenset[str]:
    with store.read() as view:
        return whole(view).departed_ports


def delete_bound(store: Store, *numbers: int) -> None:
    """Make ports, bind them, delete them, each in a transaction."""
    for number in numbers:
        port = make_port(store, number)
        with store.write() as transaction:
            bound = transaction.update(port, replace(port, binding=Binding("host1", 1)))
        with store.write() as transaction:
            transaction.delete(bound)


def test_a_port_that_was_bound_when_it_was_deleted_is_remembered(store: Store) -> None:
    make_subnet(store)
    delete_bound(store, 1)
    unbound = make_port(store, 2)
    with store.write() as transaction:
        transaction.delete(unbound)
    assert remembered(store) == {"p1"}
    delete_bound(store, 1)
    assert remembered(store) == {"p1"}


def its_agent_is_deleted(state: State) -> None:
    unbind_host(state, "host1")


def it_is_elsewhere_for_a_while(state: State) -> None:
    for binding in (Binding("host2", 1), None):
        record(state, [PortReport("p1", binding, PortStatus.DOWN)])


@pytest.mark.parametrize("end", [its_agent_is_deleted, it_is_elsewhere_for_a_while])
def test_a_port_that_a_host_had_before_is_remembered_when_it_is_deleted(
    store: Store, end: Callable[[State], None]
) -> None:
    make_subnet(store)
    port = make_port(store, 1)
    with store.write() as transaction:
        transaction.update(port, replace(port, binding=Binding("host1", 1)))
        end(transaction)
    with store.write() as transaction:
        transaction.delete(*transaction.ports_named(["p1"]))
    assert remembered(store) == {"p1"}


def test_a_port_that_is_unbound_for_long_is_remembered_from_its_deletion_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(departed_ports, "MAX_DEPARTED_PORTS", 2)
    make_subnet(store)
    unbound = make_port(store, 0)
    with store.write() as transaction:
        unbound = transaction.update(unbound, replace(unbound, binding=Binding("host1", 1)))
        unbound = transaction.update(unbound, replace(unbound, binding=None))
    delete_bound(store, 1)
    with store.write() as transaction:
        transaction.delete(unbound)
    delete_bound(store, 2)
    assert remembered(store) == {"p0", "p2"}


def test_the_newest_departed_ports_are_remembered(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(departed_ports, "MAX_DEPARTED_PORTS", 3)
    make_subnet(store)
    delete_bound(store, *range(6))
    assert remembered(store) == {"p3", "p4", "p5"}


def test_departed_ports_of_long_ago_are_forgotten(tmp_path: Path) -> None:
    now = [datetime(2026, 11, 1, tzinfo=UTC)]
    store = Store(url(tmp_path), replace(SYSTEM_SOURCES, now=lambda: now[0]))
    make_subnet(store)
    delete_bound(store, 1)
    now[0] += timedelta(days=29)
    delete_bound(store, 2)
    assert remembered(store) == {"p1", "p2"}
    now[0] += timedelta(days=2)
    delete_bound(store, 3)
    assert remembered(store) == {"p2", "p3"}


def test_of_several_addresses_the_one_that_another_port_has_is_named(store: Store) -> None:
    make_subnet(store)
    port, other = make_port(store, 1, "10.0.0.5"), make_port(store, 2, "10.0.0.6")
    with pytest.raises(IpAddressAlreadyAllocated, match=r"10\.0\.0\.5 "):
        make_port(store, 3, "10.0.0.4", "10.0.0.5", "10.0.0.6")
    wanted = tuple(FixedIp("s1", ip_address(text)) for text in ("10.0.0.6", "10.0.0.7", "10.0.0.5"))
    with pytest.raises(IpAddressAlreadyAllocated, match=r"10\.0\.0\.5 "), store.write() as transaction:
        transaction.update_all([(other, replace(other, fixed_ips=wanted))])
    with store.read() as view:
        assert view.ports() == [port, other]


def test_ports_that_are_written_together_may_change_their_addresses(store: Store) -> None:
    make_subnet(store)
    one, other = make_port(store, 1, "10.0.0.5", "10.0.0.7"), make_port(store, 2, "10.0.0.6")
    with store.write() as transaction:
        transaction.update_all(
            [
                (one, replace(one, fixed_ips=(*other.fixed_ips, one.fixed_ips[1]))),
                (other, replace(other, fixed_ips=one.fixed_ips[:1])),
            ]
        )
    with store.read() as view:
        held = [[str(ip.ip_address) for ip in port.fixed_ips] for port in view.ports()]
    assert held == [["10.0.0.6", "10.0.0.7"], ["10.0.0.5"]]


@given(*[st.permutations(range(6)).flatmap(lambda order: st.integers(0, 6).map(lambda n: order[:n]))] * 2)
@settings(**examples(50))
def test_a_port_has_the_addresses_that_were_written_last_in_their_order(
    before: list[int], after: list[int]
) -> None:
    with TemporaryDirectory() as directory:
        store = store_at(url(Path(directory)))
        make_subnet(store)
        port = make_port(store, 1, *[f"10.0.0.{number + 10}" for number in before])
        addresses = tuple(FixedIp("s1", ip_address(f"10.0.0.{number + 10}")) for number in after)
        with store.write() as transaction:
            made = transaction.update(port, replace(port, fixed_ips=addresses))
        with store.read() as view:
            assert view.ports() == [made]
            assert view.counts.addresses_in_use() == ({"s1": len(after)} if after else {})
        store.close()
