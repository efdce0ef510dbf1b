"""Hosts that an agent of Neutron has made are moved over one by one, while their machines talk to each other.

The networks and ports are those of a real Neutron; the hosts' flows, tags and controllers are as its agent
leaves them when it ends. Nothing is unplugged.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from osken_apps.lab import PATIENCE_S, Host, Lab, NamespaceVm, wait_until
from osken_apps.lab.controller import LabController
from osken_apps.lab.shell import run
from tests.documents import blocks
from tests.e2e.conftest import API_PORT, flows
from tests.e2e.pings import pings
from tests.e2e.test_hosts import osken_net
from tests.slot import lab_name

RECORDED = Path(__file__).parents[1] / "unit/data/neutron.json"
AGENT = "tcp:127.0.0.1:6633"
AGENT_TAG = 7  # it counts for itself on each host
COOKIE = "0x3e8f2d6a51c07b94"
MOST_LOST = 20  # of ten pings a second, by each host that moves: one, and what a busy machine costs


class Cloud:
    """What Neutron knew, two hosts of its, and a controller that is to take them over."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.controller = LabController(lab, API_PORT + 4, {"network": "tunnel_ranges = vxlan:1:1000"})
        self.document: dict[str, list[dict[str, Any]]] = json.loads(RECORDED.read_text())
        self.vms = {
            name: self._machine(f"host{number}", name) for number, name in enumerate(("vm1", "vm2"), 1)
        }

    def port(self, name: str) -> dict[str, Any]:
        """Give a port as Neutron knew it."""
        return next(port for port in self.document["ports"] if port["name"] == name)

    def _machine(self, host_name: str, name: str) -> NamespaceVm:
        """Plug a machine as os-vif did, on a host as the agent left it."""
        host, port = self.lab.hosts[host_name], self.port(name)
        port["binding:host_id"] = host_name
        host.ovs.vsctl("--", "set-controller", "br-int", AGENT, "--", "set-controller", "br-eth2", AGENT)
        vm = host.plug(port["id"], port["mac_address"], name, tag=AGENT_TAG)
        vm.configure(f"{address_of(port)}/24")
        self._leave_flows(host)
        return vm

    def _leave_flows(self, host: Host) -> None:
        """Leave what an agent has made of a VLAN; its cookies are its own."""
        networks = {network["id"]: network for network in self.document["networks"]}
        vlan = networks[self.port("vm1")["network_id"]]["provider:segmentation_id"]
        inwards = f"in_port=1,dl_vlan={vlan} actions=mod_vlan_vid:{AGENT_TAG},resubmit(,60)"
        outwards = f"in_port=2,dl_vlan={AGENT_TAG} actions=mod_vlan_vid:{vlan},NORMAL"
        flows_of = {
            "br-int": [
                f"priority=3,{inwards}",
                "priority=2,in_port=1 actions=drop",
                "priority=0 actions=resubmit(,60)",
                "table=60,priority=3 actions=NORMAL",
                "table=23,priority=0 actions=drop",
            ],
            "br-eth2": [
                f"priority=4,{outwards}",
                "priority=2,in_port=2 actions=drop",
                "priority=0 actions=NORMAL",
            ],
        }
        for bridge, those in flows_of.items():
            text = "".join(f"cookie={COOKIE},{flow}\n" for flow in those)
            host.ovs.ofctl("-O", "OpenFlow14", "replace-flows", bridge, "-", stdin=text)

    def take_over(self, directory: Path) -> None:
        """Import what Neutron knew, and start the controller."""
        file = directory / "neutron.json"
        file.write_text(json.dumps(self.document))
        command = [sys.executable, "-m", "osken_apps.cli", "neutron", "import", str(file)]
        run([*command, "--config-file", str(self.controller.config_file)])
        self.controller.start()

    def move(self, host: str, machine: str) -> list[int]:
        """Point a host at the controller under ping; give the numbers of the pings that were lost."""
        with pings(self.vms["vm1"], address_of(self.port("vm2"))) as lost:
            done = osken_net(self.lab.hosts[host], "host-setup", "--apply")
            assert (done.returncode, done.stderr) == (0, "")
            self.wait_active(machine, host)
            (forget,) = [
                block for block in blocks("README.md", "With Nova and Horizon") if "del-flows" in block
            ]
            self.lab.hosts[host].run(["sh", "-ec", forget])
        return lost

    def wait_active(self, machine: str, host: str) -> None:
        def shown() -> bool:
            port = self.controller.api.show("port", self.port(machine)["id"])
            return (port["status"], port["binding:vif_details"]["host"]) == ("ACTIVE", host)

        wait_until(shown, PATIENCE_S, f"the port of {machine} to be ACTIVE at {host}")


def address_of(port: dict[str, Any]) -> str:
    """Give a port's IPv4 address."""
    return next(str(item["ip_address"]) for item in port["fixed_ips"] if "." in item["ip_address"])


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with Lab.up(lab_name("e2enm"), hosts=2, state_dir=tmp_path_factory.mktemp("lab")) as lab:
        cloud = Cloud(lab)
        cloud.take_over(tmp_path_factory.mktemp("neutron"))
        yield cloud
        cloud.controller.stop()


def test_hosts_are_moved_over_one_by_one_and_machines_talk_to_each_other_meanwhile(cloud: Cloud) -> None:
    first, second = cloud.move("host1", "vm1"), cloud.move("host2", "vm2")
    print(f"lost of ten pings a second: {first} as host1 moved, {second} as host2 moved")
    assert max(len(first), len(second)) <= MOST_LOST
    for host, name in (("host1", "vm1"), ("host2", "vm2")):
        ovs = cloud.lab.hosts[host].ovs
        assert not [flow for flow in flows(cloud.lab.hosts[host], "br-int") if COOKIE in flow]
        assert ovs.tag(cloud.vms[name].tap) not in (None, 4095)


def test_a_machine_keeps_its_address_and_its_dhcp_server(cloud: Cloud) -> None:
    lease = cloud.vms["vm1"].udhcpc().variables
    server = next(port for port in cloud.document["ports"] if port["device_owner"] == "network:dhcp")
    assert (lease["ip"], lease["serverid"]) == (address_of(cloud.port("vm1")), address_of(server))
