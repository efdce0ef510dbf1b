"""A tag is of a port row, which may have another name than its interface, or several interfaces."""

import pytest

from osken_apps.model.host_snapshot import host_snapshot
from osken_apps.model.resources import PortStatus
from tests.model.two_hosts import VM1, TwoHosts


def renamed(site: TwoHosts, **rows: str) -> None:
    """Have interfaces of the first host in other port rows, which begin as a plugger makes them."""
    site.host1.database.rows |= rows
    site.show(site.host1)
    site.look()


def test_a_row_of_another_name_than_its_interface_gets_its_tag(monkeypatch: pytest.MonkeyPatch) -> None:
    site = TwoHosts(monkeypatch)
    binding = site.port(VM1).binding
    renamed(site, tap1="vm1")
    assert binding and site.host1.database.tags["vm1"] == binding.local_vlan
    assert site.port(VM1).status is PortStatus.ACTIVE


@pytest.mark.parametrize("iface_id", [VM1.id, ""], ids=["iface-id", "no iface-id"])
def test_a_row_of_several_interfaces_is_no_port_s_and_is_dead(
    monkeypatch: pytest.MonkeyPatch, iface_id: str
) -> None:
    site = TwoHosts(monkeypatch)
    site.plug(site.host1, iface_id, "tap9")
    renamed(site, tap1="bond0", tap9="bond0")
    assert site.host1.database.tags["bond0"] == 4095
    assert (site.port(VM1).status, site.port(VM1).binding) == (PortStatus.DOWN, None)
    assert [name for name, _ in host_snapshot(site.hosts.fabric, "host1").dead] == ["tap1", "tap9"]


def test_a_row_that_carried_a_port_and_gets_a_second_interface_is_dead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    site = TwoHosts(monkeypatch)
    site.plug(site.host1, "", "tap9")
    site.host1.database.rows["tap9"] = "tap1"
    site.show(site.host1)
    site.look()
    assert site.host1.database.tags["tap1"] == 4095
    assert site.port(VM1).status is PortStatus.DOWN
    assert host_snapshot(site.hosts.fabric, "host1").keeps == ()


def test_a_row_of_several_interfaces_may_be_a_declared_trunk(monkeypatch: pytest.MonkeyPatch) -> None:
    site = TwoHosts(monkeypatch)
    site.plug(site.host1, "", "nic1")
    site.plug(site.host1, "", "nic2")
    site.host1.database.trunks |= {"nic1", "nic2"}
    renamed(site, nic1="bond0", nic2="bond0")
    assert "bond0" not in site.host1.database.tags
