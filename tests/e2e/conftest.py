"""A lab of two hosts and a controller, shared by the tests; each starts and ends with nothing plugged."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from osken_apps.lab import PATIENCE_S, Host, Lab, NamespaceVm, QemuVm, wait_until
from osken_apps.lab.controller import Api, LabController
from tests.golden.dumps import golden, strip_counters
from tests.slot import lab_name, slot_port

API_PORT = slot_port(19696)
METRICS_PORT = slot_port(19708)


@dataclass
class World:
    """A lab, its controller, and what a test did there."""

    lab: Lab
    controller: LabController
    vms: list[NamespaceVm | QemuVm] = field(default_factory=list)

    @property
    def api(self) -> Api:
        return self.controller.api

    def start_controller(self) -> None:
        """Start the controller and wait until all hosts are connected."""
        self.controller.start()
        for host in self.lab.hosts.values():
            host.ovs.wait_connected()

    def host(self, number: int) -> Host:
        return self.lab.hosts[f"host{number}"]

    def network(self, cidr: str = "10.10.10.0/24", *, guarded: bool = True, **subnet: Any) -> dict[str, Any]:
        """Create a network with one subnet; its ports are guarded, as those of every new network."""
        network = self.api.create("network", name="net", port_security_enabled=guarded)
        self.api.create("subnet", network_id=network["id"], cidr=cidr, ip_version=4, **subnet)
        return network

    def port(self, network: dict[str, Any], **attributes: Any) -> dict[str, Any]:
        return self.api.create("port", network_id=network["id"], **attributes)

    def plug(self, host: int, port: dict[str, Any], **options: Any) -> NamespaceVm:
        """Plug a namespace VM for a port, and wait for nothing."""
        vm = self.host(host).plug(port["id"], port["mac_address"], **options)
        self.vms.append(vm)
        return vm

    def launch(self, host: int, network: dict[str, Any], **attributes: Any) -> NamespaceVm:
        """Make a port, plug a namespace VM for it, and wait until the port is ACTIVE."""
        port = self.port(network, **attributes)
        vm = self.plug(host, port)
        self.wait_active(port)
        return vm

    def boot(self, host: int, port: dict[str, Any]) -> QemuVm:
        """Boot a real VM for a port."""
        vm = self.host(host).boot(port["id"], port["mac_address"])
        self.vms.append(vm)
        return vm

    def wait_status(self, port: dict[str, Any], status: str) -> dict[str, Any]:
        """Wait until a port has a status; give the port."""

        def shown() -> dict[str, Any] | None:
            now = self.api.show("port", port["id"])
            return now if now["status"] == status else None

        return wait_until(shown, PATIENCE_S, f"port {port['id']} to be {status}")

    def wait_active(self, port: dict[str, Any]) -> dict[str, Any]:
        return self.wait_status(port, "ACTIVE")

    def dhcp_port(self, network: dict[str, Any]) -> dict[str, Any]:
        """Wait until the network has its DHCP server; give its port."""
        query = f"network_id={network['id']}&device_owner=network:dhcp"
        return wait_until(lambda: self.api.list("port", query), PATIENCE_S, "the DHCP server's port")[0]

    def agents(self, host: str) -> list[dict[str, Any]]:
        """Give the agent of a host; none if the API shows none."""
        return self.api.list("agent", f"host={host}")

    def conditions(self, host: str) -> list[dict[str, str]] | None:
        """Give what a host's agent says to be wrong with it; None if there is no such agent yet."""
        alive = [agent for agent in self.agents(host) if agent["alive"]]
        found: list[dict[str, str]] | None = alive[0]["configurations"]["conditions"] if alive else None
        return found

    def has_ovsdb(self, host: str) -> bool:
        """Tell whether a host has an OVSDB session, by its agent."""
        return any(agent["configurations"]["ovsdb"] for agent in self.agents(host))

    def remove_all(self) -> None:
        """Unplug all and delete all; wait for nothing."""
        while self.vms:
            self.vms.pop().unplug()
        for kind in ("port", "network"):
            for resource in self.api.list(kind):
                if resource.get("device_owner") != "network:dhcp":
                    self.api.delete(kind, resource["id"])

    def clear(self) -> None:
        """Unplug all and delete all, and wait until the hosts are idle."""
        self.remove_all()
        for host in self.lab.hosts.values():
            wait_until(lambda host=host: flows(host, "br-int") == idle("br-int"), PATIENCE_S, "idle flows")


def flows(host: Host, bridge: str) -> list[str]:
    """Give the flows of a live bridge, comparable."""
    return strip_counters(host.ovs.dump_flows(bridge))


def has_drop(world: World, host: int, interface: str) -> bool:
    """Tell whether what an interface sends is dropped as that of a dead one."""
    ofport = world.host(host).ovs.ofport(interface)
    drop = f"priority=30,in_port={ofport} actions=drop"
    return any(drop in flow for flow in flows(world.host(host), "br-int"))


def idle(bridge: str) -> list[str]:
    return golden("idle", bridge)


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with Lab.up(lab_name("e2e"), hosts=2, state_dir=tmp_path_factory.mktemp("lab")) as lab:
        world = World(lab, LabController(lab, API_PORT, {"metrics": f"port = {METRICS_PORT}"}))
        lab.connect()
        world.start_controller()
        yield world
        world.controller.stop()


@pytest.fixture
def world(running: World) -> Iterator[World]:
    running.clear()
    yield running
    running.clear()
