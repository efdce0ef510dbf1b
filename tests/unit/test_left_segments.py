"""A VLAN id that a host which is away may still send with is given to another network last."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from osken_apps.model.changes import HostReport, PortReport
from osken_apps.model.known_hosts import KnownHost
from osken_apps.model.resources import Binding, PortStatus
from osken_apps.networking.bindings import record
from osken_apps.networking.left_segments import LeftSegment, still_used
from tests.unit.rest_client import Client, client_of

NOW = datetime.now(UTC).replace(microsecond=0)
LONG_AGO = NOW - timedelta(hours=1)
HERE = HostReport("host1", True, ("br-int",), (), True, LONG_AGO, LONG_AGO, 1)
AWAY = replace(HERE, alive=False)


@pytest.fixture
def api(tmp_path: Path) -> Client:
    return client_of(tmp_path)


def moved(api: Client, network: dict[str, Any], binding: Binding | None) -> None:
    """Have the port of a network reported elsewhere, or nowhere."""
    (port,) = (port for port in api.get(f"/ports?network_id={network['id']}")["ports"])
    with api.store.write() as transaction:
        record(transaction, [PortReport(port["id"], binding, PortStatus.ACTIVE)])


def network_on(api: Client, host: str, **attributes: Any) -> dict[str, Any]:
    """Make a network with a port on a host."""
    made = api.make("network", **attributes)
    port = api.make("port", network_id=made["id"])
    with api.store.write() as transaction:
        record(transaction, [PortReport(port["id"], Binding(host, 1, "tap1"), PortStatus.ACTIVE)])
    return made


def delete(api: Client, network: dict[str, Any]) -> int:
    """Delete a network with its ports; give the id that it had."""
    for port in api.get(f"/ports?network_id={network['id']}")["ports"]:
        assert api.call("DELETE", f"/ports/{port['id']}").status == 204
    assert api.call("DELETE", f"/networks/{network['id']}").status == 204
    return int(network["provider:segmentation_id"])


def next_id(api: Client, **attributes: Any) -> int:
    return int(api.make("network", **attributes)["provider:segmentation_id"])


def test_an_id_is_free_at_once_where_its_host_is_there(api: Client) -> None:
    api.hosts.replace([HERE])
    left = delete(api, network_on(api, "host1"))
    assert next_id(api) == left


def test_of_a_host_that_is_away_the_id_is_given_last_until_it_was_there(api: Client) -> None:
    api.hosts.replace([AWAY])
    left = delete(api, network_on(api, "host1"))
    assert next_id(api) == left + 1
    api.hosts.replace([HERE])
    assert next_id(api) == left


@pytest.mark.parametrize("bindings", [[Binding("host2", 1)], [Binding("host2", 1), None], [None]])
def test_the_id_is_given_last_too_where_the_port_was_moved_from_the_host_that_is_away(
    api: Client, bindings: list[Binding | None]
) -> None:
    api.hosts.replace([AWAY])
    network = network_on(api, "host1")
    for binding in bindings:
        moved(api, network, binding)
    left = delete(api, network)
    assert next_id(api) == left + 1
    api.hosts.replace([HERE])
    assert next_id(api) == left


def test_of_a_host_that_is_forgotten_nothing_is_kept_back(api: Client) -> None:
    api.hosts.replace([AWAY])
    left = delete(api, network_on(api, "host1"))
    with api.hosts.forgetting(AWAY):
        pass
    assert next_id(api) == left


def test_it_is_known_after_a_restart(api: Client, tmp_path: Path) -> None:
    api.hosts.replace([AWAY])
    left = delete(api, network_on(api, "host1"))
    later = client_of(tmp_path)
    later.hosts.remember([KnownHost("host1", LONG_AGO)])
    assert next_id(later) == left + 1


def test_whoever_asks_for_the_id_gets_it(api: Client) -> None:
    api.hosts.replace([AWAY])
    left = delete(api, network_on(api, "host1"))
    asked = {"provider__network_type": "vlan", "provider__physical_network": "default"}
    assert next_id(api, **asked, provider__segmentation_id=left) == left


def test_an_id_over_tunnels_is_free_at_once(api: Client) -> None:
    api.hosts.replace([AWAY])
    vxlan = {"provider__network_type": "vxlan"}
    left = delete(api, network_on(api, "host1", **vxlan))
    assert next_id(api, **vxlan) == left


def test_the_last_that_is_left_is_given_all_the_same(tmp_path: Path) -> None:
    api = client_of(tmp_path, text="[network]\nvlan_ranges = default:1000:1001\n")
    api.hosts.replace([AWAY])
    first, second = (network_on(api, "host1") for _ in range(2))
    left = delete(api, first)
    assert (left, next_id(api)) == (1000, 1000)
    assert delete(api, second) == 1001


@pytest.mark.parametrize(
    ("last_contact", "is_used"),
    [(-3600, True), (-1, True), (15, True), (3600, False)],  # seconds after the network was deleted
)
def test_a_host_has_the_network_until_it_was_there_later_and_may_be_cut_off_before_it_is_noticed(
    last_contact: int, is_used: bool
) -> None:
    left = LeftSegment("host1", "default", 1000, NOW)
    away = {"host1": NOW + timedelta(seconds=last_contact)}
    assert still_used([left], away) == ({("default", 1000)} if is_used else set())
    assert still_used([left], {}) == set()
