"""Two machines of one MAC address: found from either, by what OVSDB or a DHCP client shows."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from osken_apps.apps.answering.duplicate_macs import duplicate_mac_of
from osken_apps.dhcp.decision import SilenceReason
from osken_apps.dhcp.journal import PortJournal
from osken_apps.explain.facts import Source, Twin
from osken_apps.model.changes import Snapshot
from osken_apps.model.conditions import (
    BridgeFacts,
    Code,
    Condition,
    HostFacts,
    InterfaceFacts,
    PortFacts,
)
from osken_apps.model.fabric import Fabric
from osken_apps.model.host import Interface
from tests.golden.scenarios import LAYOUT, NET1, SUBNET1
from tests.model.loading import load
from tests.unit.explain_facts import VM1, VM2, journal, refused

QUIET = PortJournal()


def site(attached: str) -> Any:
    """Two hosts with a machine each; that of the first shows a MAC address."""
    fabric = Fabric(LAYOUT)
    ports = [replace(port, binding=None) for port in (VM1, VM2)]
    load(fabric, Snapshot((NET1, SUBNET1, *ports)))
    named = {}
    for name, port, mac in (("host1", VM1, attached), ("host2", VM2, str(VM2.mac_address))):
        fabric.observe_bridge(name, "br-int", {"tap": 2})
        fabric.observe_interfaces(name, [Interface("tap", port.id, 1)])
        interface = InterfaceFacts("tap", iface_id=port.id, attached_mac=mac)
        bridge = BridgeFacts("br-int", ports=(PortFacts("tap", interfaces=(interface,)),))
        is_other = mac != str(port.mac_address)
        said = (Condition(Code.MAC_ADDRESS, "it has another", "", "", "tap", port.id),) if is_other else ()
        view = SimpleNamespace(facts=HostFacts(bridges=(bridge,)))
        named[name] = SimpleNamespace(name=name, conditions=said, view=view)
    return SimpleNamespace(fabric=fabric, by_name=named)


def test_each_of_two_is_told_of_the_other() -> None:
    hosts = site(str(VM2.mac_address).upper())
    found = [duplicate_mac_of(hosts, port, QUIET) for port in (VM1, VM2)]
    assert [known and (known.value, known.source) for known in found] == [
        (Twin("vm2", str(VM2.mac_address), "host2"), Source.OVSDB),
        (Twin("vm1", str(VM2.mac_address), "host1"), Source.OVSDB),
    ]


def test_a_client_that_asks_with_the_address_of_another_is_told_of() -> None:
    told = journal(refused(SilenceReason.HARDWARE_ADDRESS, f"chaddr is {VM2.mac_address}, the source a"))
    known = duplicate_mac_of(site(str(VM1.mac_address)), VM1, told)
    assert known
    assert (known.value, known.source) == (Twin("vm2", str(VM2.mac_address), "host2"), Source.JOURNAL)


@pytest.mark.parametrize("attached", [str(VM1.mac_address), "", "fa:16:3e:99:99:99", "nonsense"])
def test_an_address_of_nobody_s_is_no_twin(attached: str) -> None:
    assert duplicate_mac_of(site(attached), VM1, QUIET) is None
