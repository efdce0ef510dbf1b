"""Groups and rules in the store: numbers, members, the order in which changes are told, upgrades."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from osken_apps.errors import InUse
from osken_apps.model.allocation import generated_mac
from osken_apps.model.changes import Change, Deleted, Upserted
from osken_apps.model.resources import Network, Port
from osken_apps.model.security_groups import Direction, Ethertype, SecurityGroup, SecurityGroupRule
from osken_apps.networking.security_groups import default_group, default_group_id
from osken_apps.networking.terms import Terms
from osken_apps.store.store import Store
from tests.unit.rest_client import store_at
from tests.whole import whole

SCHEMA_1 = Path(__file__).with_name("data") / "schema-1.sql"
TERMS = Terms("a")
NETWORK = Network("n1", "a", physical_network="default", segmentation_id=1000)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "osken-net.db"


@pytest.fixture
def store(path: Path) -> Store:
    return store_at(f"sqlite:///{path}")


def group_of(id: str, number: int = 1) -> SecurityGroup:
    """Make a group."""
    return SecurityGroup(id=id, project_id="a", number=number)


def rule_of(id: str, group_id: str) -> SecurityGroupRule:
    """Make a rule of a group."""
    return SecurityGroupRule(id=id, project_id="a", security_group_id=group_id, direction=Direction.EGRESS)


def port_of(id: str, *group_ids: str) -> Port:
    """Make a port in groups."""
    mac = generated_mac(int(id.removeprefix("p")))
    return Port(id=id, project_id="a", network_id="n1", mac_address=mac, security_groups=group_ids)


def number_of_another(path: Path) -> int:
    """Give a number out in a store that is opened for that."""
    store = Store(f"sqlite:///{path}")
    with store.write() as transaction:
        number = transaction.new_number()
    store.close()
    return number


def test_a_number_is_given_out_once_also_after_a_restart(path: Path) -> None:
    assert [number_of_another(path) for _ in range(3)] == [1, 2, 3]


def test_a_number_comes_again_only_if_nobody_has_been_told_of_it(store: Store) -> None:
    with pytest.raises(RuntimeError), store.write() as transaction:
        assert [transaction.new_number() for _ in range(2)] == [1, 2]
        raise RuntimeError
    with store.write() as transaction:
        assert transaction.new_number() == 1


def test_numbers_of_what_was_deleted_do_not_come_again(store: Store) -> None:
    numbers = []
    for _ in range(2):
        with store.write() as transaction:
            group = default_group(transaction, "a", TERMS)
            assert group is not None
            numbers += [group.number, *(rule.number for rule in transaction.rules_of(group.id))]
        with store.write() as transaction:
            for rule in transaction.rules_of(group.id):
                transaction.delete(rule)
            transaction.delete(group)
    assert numbers == list(range(1, 11))


def test_rules_of_the_same_remote_ones_share_a_number(store: Store) -> None:
    with store.write() as transaction:
        group = default_group(transaction, "a", TERMS)
        assert group is not None
        found = [(rule.remote_id, rule.number, rule.set_number) for rule in transaction.rules_of(group.id)]
    assert found == [(None, 2, 0), (None, 3, 0), (group.id, 4, 4), (group.id, 5, 5)]


def test_a_group_has_members_as_long_as_ports_say_so(store: Store) -> None:
    with store.write() as transaction:
        transaction.create(NETWORK)
        for id in ("g1", "g2"):
            transaction.create(group_of(id))
        port = transaction.create(port_of("p1", "g1"))
        assert transaction.has_members("g1")
        port = transaction.update(port, replace(port, security_groups=("g2",)))
        assert not transaction.has_members("g1")
    with store.write() as transaction:
        assert transaction.has_members("g2")
        transaction.delete(port)
        assert not transaction.has_members("g2")


def test_a_port_that_is_deleted_at_once_leaves_no_member(store: Store) -> None:
    with store.write() as transaction:
        transaction.create(NETWORK)
        transaction.create(group_of("g1"))
        transaction.delete(transaction.create(port_of("p1", "g1")))
    with store.read() as view:
        assert not view.has_members("g1")


def test_a_group_with_members_or_rules_is_not_deleted(store: Store) -> None:
    with store.write() as transaction:
        transaction.create(NETWORK)
        group, other = transaction.create(group_of("g1")), transaction.create(group_of("g2"))
        transaction.create(port_of("p1", "g1"))
        transaction.create(rule_of("r1", "g2"))
    for used in (group, other):
        with pytest.raises(InUse), store.write() as transaction:
            transaction.delete(used)


def test_of_one_commit_a_group_is_told_before_its_rules_and_both_before_ports(store: Store) -> None:
    told: list[Change] = []
    store.listen(lambda _sequence, changes: told.extend(changes))
    with store.write() as transaction:
        transaction.create(NETWORK)
        group = transaction.create(group_of("g1"))
        port = transaction.create(port_of("p1", "g1"))
        rule = transaction.create(rule_of("r1", "g1"))
        transaction.touch(group)
    assert [type(change.resource) for change in told if isinstance(change, Upserted)] == [
        SecurityGroup,
        SecurityGroupRule,
        Network,
        Port,
    ]
    told.clear()
    with store.write() as transaction:
        transaction.delete(port)
        transaction.delete(rule)
        transaction.delete(group)
    assert told == [Deleted(Port, "p1"), Deleted(SecurityGroupRule, "r1"), Deleted(SecurityGroup, "g1")]


def test_of_a_snapshot_a_group_comes_before_its_rules_and_both_before_ports(store: Store) -> None:
    with store.write() as transaction:
        transaction.create(NETWORK)
        transaction.create(group_of("g1"))
        transaction.create(port_of("p1", "g1"))
        transaction.create(rule_of("r1", "g1"))
    with store.read() as view:
        whole_resources = whole(view).resources
        told = [[item for part in view.parts(size) for item in part.resources] for size in (1, 1000)]
    for resources in (*told, whole_resources):
        ids = [item.id for item in resources if item.id in ("g1", "r1", "p1")]
        assert ids == ["g1", "r1", "p1"]


def test_what_was_deleted_is_not_taken_for_what_has_its_id_now(store: Store) -> None:
    with store.write() as transaction:
        group = default_group(transaction, "a", TERMS)
        assert group is not None
    with store.moment() as (_, old):
        with store.write() as transaction:
            for rule in transaction.rules_of(group.id):
                transaction.delete(rule)
            transaction.delete(group)
        with store.write() as transaction:
            default_group(transaction, "a", TERMS)
        assert [found.number for found in old.find(SecurityGroup)] == [1]  # it saw what was
    with store.read() as view:
        assert [found.number for found in view.find(SecurityGroup)] == [6]


# Ports as there may be of schema 1 or 2: their project, owner, port security and group.
OLD_PORTS = (
    ("p1", "a", "compute:nova", True, ()),
    ("p2", "a", "", True, (default_group_id("a"),)),
    ("p3", "b", "", False, ()),
    ("p4", "b", "network:dhcp", True, (default_group_id("b"),)),
)


@pytest.fixture
def upgraded(path: Path) -> Store:
    """Give a store whose database was of schema 1 and had these ports."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SCHEMA_1.read_text())
        (names,) = zip(*connection.execute("SELECT name FROM pragma_table_info('ports')"), strict=True)
        for table in ("fixed_ips",):
            connection.execute(f"DELETE FROM {table}")
        old = connection.execute("SELECT * FROM ports WHERE id = 'p2'").fetchone()
        connection.execute("DELETE FROM ports")
        for number, (id, project_id, owner, enabled, groups) in enumerate(OLD_PORTS, 1):
            row = dict(zip(names, old, strict=True)) | {
                "sequence": number,
                "id": id,
                "project_id": project_id,
                "mac_address": str(generated_mac(number)),
                "device_owner": owner,
                "port_security_enabled": enabled,
                "security_groups": "[" + ",".join(f'"{group}"' for group in groups) + "]",
                "revision_number": 4,
            }
            marks = ",".join("?" * len(row))
            connection.execute(f"INSERT INTO ports VALUES ({marks})", tuple(row.values()))
        connection.commit()
    return Store(f"sqlite:///{path}")


def test_an_old_database_has_a_default_group_for_each_project_with_ports(upgraded: Store) -> None:
    with upgraded.read() as view:
        groups = view.find(SecurityGroup)
        rules = {group.id: view.rules_of(group.id) for group in groups}
    assert [(group.id, group.name, group.number) for group in groups] == [
        (default_group_id("a"), "default", 1),
        (default_group_id("b"), "default", 6),
    ]
    assert [
        (rule.direction, rule.ethertype, rule.remote_group_id, rule.number, rule.set_number)
        for rule in rules[groups[1].id]
    ] == [
        (Direction.EGRESS, Ethertype.IPV4, None, 7, 0),
        (Direction.EGRESS, Ethertype.IPV6, None, 8, 0),
        (Direction.INGRESS, Ethertype.IPV4, groups[1].id, 9, 9),
        (Direction.INGRESS, Ethertype.IPV6, groups[1].id, 10, 10),
    ]
    with upgraded.write() as transaction:
        assert transaction.new_number() == 11


def test_guarded_ports_of_an_old_database_are_members_of_their_default_group(upgraded: Store) -> None:
    own, other = default_group_id("a"), default_group_id("b")
    with upgraded.read() as view:
        ports = view.ports()
        assert view.has_members(own) and not view.has_members(other)
    assert [
        (port.id, port.port_security_enabled, port.security_groups, port.revision_number) for port in ports
    ] == [
        ("p1", True, (own,), 5),
        ("p2", True, (own,), 4),
        ("p3", False, (), 4),
        ("p4", False, (), 5),
    ]


def test_the_default_group_of_an_old_database_is_as_one_of_today(upgraded: Store, tmp_path: Path) -> None:
    today = Store(f"sqlite:///{tmp_path / 'today.db'}")
    with today.write() as transaction:
        default_group(transaction, "a", TERMS)
    shown = []
    for store in (upgraded, today):
        with store.read() as view:
            rules = [
                replace(rule, id="", created_at=None, updated_at=None)
                for rule in view.rules_of(default_group_id("a"))
            ]
            group = view.one(SecurityGroup, default_group_id("a"))
            assert group is not None
            shown.append((replace(group, created_at=None, updated_at=None), rules, view.default_rules()))
    times = [[replace(rule, created_at=None, updated_at=None) for rule in rules] for _, _, rules in shown]
    assert shown[0][:2] == shown[1][:2]
    assert times[0] == times[1]
