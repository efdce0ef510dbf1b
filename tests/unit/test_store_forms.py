"""The form of a kind in the database follows from its dataclass, and says what was refused and why."""

from dataclasses import dataclass, replace
from types import SimpleNamespace

import pytest
from sqlalchemy import exc

from osken_apps.errors import Conflict, FlatNetworkInUse, MacAddressInUse, TunnelIdInUse, VlanIdInUse
from osken_apps.model.allocation import generated_mac
from osken_apps.model.resources import Binding, Network, NetworkType, Port, PortStatus
from osken_apps.store.tables import NETWORK, PORT
from osken_apps.store.values import value_of

VLAN = Network("n1", "default", physical_network="default", segmentation_id=1000)
UNBOUND = Port(id="p1", project_id="default", network_id="n1", mac_address=generated_mac(1))


def refused(message: str = "", name: str = "") -> exc.IntegrityError:
    """Make what SQLAlchemy raises for SQLite's message, or for PostgreSQL's name of a constraint."""
    cause = Exception(message)
    if name:
        cause.diag = SimpleNamespace(constraint_name=name)  # type: ignore[attr-defined]
    return exc.IntegrityError("INSERT", {}, cause)


@pytest.mark.parametrize("binding", [None, Binding("host1", 7), Binding("host1", 7, "tap1")])
def test_a_part_has_columns_of_its_own_and_comes_back(binding: Binding | None) -> None:
    port = replace(UNBOUND, binding=binding)
    row = PORT.row(port, PORT.fields)
    assert row["binding_host"] == (binding.host if binding else None)
    assert row["binding_interface"] == (binding.interface if binding else "")
    columns = [row.get(column.name) for column in PORT.table.columns]
    assert PORT.resource(columns, fixed_ips=()).binding == binding


def test_what_stays_is_not_written() -> None:
    """With a column each index is written that has it: thousands of ports are reported at a start."""
    second = replace(UNBOUND, id="p2")
    pairs = [(UNBOUND, replace(UNBOUND, status=PortStatus.ACTIVE)), (second, replace(second, dns_name="vm"))]
    assert PORT.changes(pairs) == [
        {"status": "ACTIVE", "dns_name": UNBOUND.dns_name, "of_id": UNBOUND.id},
        {"status": second.status.value, "dns_name": "vm", "of_id": "p2"},
    ]


@pytest.mark.parametrize(
    ("message", "name", "network", "expected"),
    [
        (
            "UNIQUE constraint failed: networks.network_type, networks.physical_network,"
            " networks.segmentation_id",
            "one_segmentation_id",
            VLAN,
            VlanIdInUse(1000, "default"),
        ),
        (
            "UNIQUE constraint failed: networks.network_type, networks.physical_network,"
            " networks.segmentation_id",
            "one_segmentation_id",
            replace(VLAN, network_type=NetworkType.GRE, segmentation_id=5),
            TunnelIdInUse(5),
        ),
        (
            "UNIQUE constraint failed: networks.physical_network",
            "one_flat_network",
            replace(VLAN, segmentation_id=None),
            FlatNetworkInUse("default"),
        ),
    ],
)
def test_what_is_shared_with_another_one_is_told_by_sqlite_s_columns_and_by_a_constraint_s_name(
    message: str, name: str, network: Network, expected: Conflict
) -> None:
    for error in (refused(message), refused("duplicate key value", name)):
        told = NETWORK.conflict(network, error)
        assert (type(told), str(told)) == (type(expected), str(expected))


def test_a_constraint_that_nobody_named_is_a_conflict_that_names_it() -> None:
    assert "contradicts name" in str(
        NETWORK.conflict(VLAN, refused("UNIQUE constraint failed: networks.name"))
    )
    assert "contradicts by_name" in str(NETWORK.conflict(VLAN, refused(name="by_name")))


def test_another_kind_s_constraint_is_its_own() -> None:
    error = refused("UNIQUE constraint failed: ports.network_id, ports.mac_address")
    assert type(PORT.conflict(UNBOUND, error)) is MacAddressInUse
    assert type(NETWORK.conflict(VLAN, error)) is Conflict


def test_a_type_without_a_form_is_refused_when_the_form_is_made() -> None:
    @dataclass(frozen=True)
    class Odd:
        pass

    for hint in (dict, Odd, set[str]):
        with pytest.raises(TypeError, match="has no form"):
            value_of(hint)
