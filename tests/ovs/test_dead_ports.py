"""What our tags make of port rows of a real Open vSwitch, whatever else these say."""

import re

import pytest

from tests.ovs.conftest import Switch
from tests.ovs.test_tunnel_bridge import Host, with_host

MODES = ("trunk", "native-tagged", "native-untagged", "dot1q-tunnel", "access")
FLOODED = "in_port=tap,dl_src=fa:16:3e:00:00:01,dl_dst=ff:ff:ff:ff:ff:ff"


def hearers(switch: Switch) -> int:
    """Count the ports that a frame of another port is flooded to, besides the bridge itself."""
    (actions,) = re.findall("Datapath actions: (.*)", switch.trace("br-int", FLOODED))
    return len(re.findall(r"(?:^|,)\d+", actions)) - 1


@pytest.mark.parametrize("mode", MODES)
def test_a_dead_port_hears_nothing_whatever_its_vlan_mode_was(switch: Switch, mode: str) -> None:
    def work(host: Host) -> None:
        host.vsctl("add-port", "br-int", "shut", "tag=4095", f"vlan_mode={mode}")
        switch.run("ovs-ofctl", "add-flow", switch.management("br-int"), "actions=NORMAL")
        host.vsctl("set", "port", "tap", "tag=7")
        is_trunk = mode in ("trunk", "native-tagged", "native-untagged")
        assert hearers(switch) == int(is_trunk)
        host.wait(lambda: any(row.name == "shut" for row in host.view().tagged_ports))
        host.session.set_tags({"shut": 4095}, "the-store")
        host.vsctl("set", "port", "tap", "tag=8")  # done once the switch has done all before it
        assert hearers(switch) == 0
        assert host.vsctl("get", "port", "shut", "vlan_mode") == "[]"

    with_host(switch, work)


def test_a_bond_is_made_dead_by_the_name_of_its_row(switch: Switch) -> None:
    def work(host: Host) -> None:
        host.vsctl("add-bond", "br-int", "bond0", "nic1", "nic2")
        switch.run("ovs-ofctl", "add-flow", switch.management("br-int"), "actions=NORMAL")
        host.vsctl("set", "port", "tap", "tag=7")
        assert hearers(switch) == 1
        host.wait(lambda: any(item.shares_row for item in host.view().interfaces))
        (row,) = (row for row in host.view().tagged_ports if row.name == "bond0")
        assert sorted(row.interface_names) == ["nic1", "nic2"]
        host.session.set_tags({"bond0": 4095}, "the-store")
        host.vsctl("set", "port", "tap", "tag=8")
        assert hearers(switch) == 0

    with_host(switch, work)
