"""The story of the demo: the reference from top to bottom, on a lab of two hosts and a running controller."""

import json
import os
import re
import sys
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from osken_apps.demo import reference
from osken_apps.demo.display import Display
from osken_apps.demo.guards import Guards
from osken_apps.lab import PATIENCE_S, Host, Lab, NamespaceVm, QemuVm, wait_until
from osken_apps.lab.controller import Api
from osken_apps.lab.shell import run

DHCP = "port 67 or port 68"
REFERENCE_TOP_PRIORITY = 4


class Story:
    """The use cases, one method each; what one makes the next one uses."""

    def __init__(self, lab: Lab, api: Api, display: Display, tunnel: str = "") -> None:
        """Begin; `tunnel` is the type of the tunnels that net1 is over, empty for a VLAN."""
        self._lab = lab
        self._api = api
        self._display = display
        self._tunnel = tunnel
        self._network: dict[str, Any] = {}
        self._host1 = lab.hosts["host1"]
        self._host2 = lab.hosts["host2"]

    def tell(self) -> None:
        """Tell it all."""
        self._create_network()
        vm = self._launch()
        neighbour = self._neighbour()
        self._look_at_switches(vm, neighbour)
        self._serve_dhcp(vm)
        self._ping(vm, neighbour)
        Guards(self._api, self._display, self._openstack, (self._host1, self._host2)).tell()

    def _create_network(self) -> None:
        self._display.title("Use case 1: create a network")
        options = ["--disable-port-security"]
        options += ["--provider-network-type", self._tunnel] if self._tunnel else []
        network = self._openstack("network", "create", *options, "net1")
        self._network = self._api.list("network", "name=net1")[0]
        command = f"openstack network create {' '.join(options)} net1"
        self._table(command, reference.network(self._tunnel), network, self._network)
        subnet = self._openstack(
            "subnet", "create", "--network", "net1", "--subnet-range", "10.10.10.0/24", ""
        )
        shown = self._api.list("subnet", f"network_id={self._network['id']}")[0]
        self._table(
            "openstack subnet create --network net1 --subnet-range 10.10.10.0/24",
            reference.SUBNET,
            subnet,
            shown,
        )

    def _table(
        self, command: str, expected: dict[str, str], printed: dict[str, Any], resource: dict[str, Any]
    ) -> None:
        """Show a table of the reference beside the API's fields; the CLI must have printed that resource."""
        self._display.say(f"$ {command}")
        here = {key: _as_text(resource[key]) for key in expected}
        self._display.beside(
            [f"{key} = {value}" for key, value in expected.items()],
            [f"{key} = {value}" for key, value in here.items()],
        )
        self._display.verdict(
            "all fields as in the reference", here == expected and printed["id"] == resource["id"]
        )

    def _launch(self) -> QemuVm:
        self._display.title("Use case 2: launch a VM")
        for number in (2, 3):
            self._other_network(number)
        port = self._api.create("port", network_id=self._network["id"], mac_address=reference.VM_MAC)
        self._display.say("A real VM is plugged into br-int of host1, where two other networks were first.")
        vm = self._host1.boot(port["id"], port["mac_address"], "vm1", wait=False)
        bound = self._wait_active(port["id"])
        address = bound["fixed_ips"][0]["ip_address"]
        tag = self._host1.ovs.tag(vm.tap)
        self._display.beside(
            [f"net1={reference.VM_ADDRESS}", f"tag: {reference.VM_TAG} on the VM's host"],
            [f"net1={address}", f"tag: {tag} on {bound['binding:host_id']}"],
        )
        self._display.verdict("the port is ACTIVE with the VM's address", address == reference.VM_ADDRESS)
        self._display.verdict(
            "the VM's interface has the network's tag on this host", tag == reference.VM_TAG
        )
        return vm

    def _other_network(self, number: int) -> None:
        network = self._api.create("network", name=f"net{number}", port_security_enabled=False)
        port = self._api.create("port", network_id=network["id"])
        self._host1.plug(port["id"], port["mac_address"], f"other{number}")
        self._wait_active(port["id"])

    def _neighbour(self) -> NamespaceVm:
        port = self._api.create("port", network_id=self._network["id"])
        neighbour = self._host2.plug(port["id"], port["mac_address"], "neighbour")
        self._wait_active(port["id"])
        return neighbour

    def _look_at_switches(self, vm: QemuVm, neighbour: NamespaceVm) -> None:
        server = self._api.list("port", f"network_id={self._network['id']}&device_owner=network:dhcp")[0]
        address = server["fixed_ips"][0]["ip_address"]
        self._display.say("The DHCP server of net1 has a port of its own, and no namespace.")
        self._display.beside(
            [f"inet {reference.SERVER_ADDRESS}/24", "link/ether fa:16:3e:1d:5c:81"],
            [f"inet {address}/24", f"link/ether {server['mac_address']}"],
        )
        self._display.verdict("the server has the reference's address", address == reference.SERVER_ADDRESS)
        for host in (self._host1, self._host2):
            self._display.say(f"{host.name} $ ovs-vsctl show")
            self._display.show(host.ovs.vsctl("show"))
        tag = self._host2.ovs.tag(neighbour.tap)
        self._display.verdict(
            f"net1 is tag {reference.SERVER_TAG} on host2 and tag {reference.VM_TAG} on host1",
            (tag, self._host1.ovs.tag(vm.tap)) == (reference.SERVER_TAG, reference.VM_TAG),
        )
        if self._tunnel:
            self._look_at_tunnels()
        else:
            self._flows(self._host2, "br-eth2", reference.BR_ETH2_FLOWS)
            self._flows(self._host2, "br-int", reference.BR_INT_FLOWS)

    def _look_at_tunnels(self) -> None:
        """Show the tunnel bridge, which the controller has made, and that it reaches the VM's host alone."""
        link = self._host2.ovs.ofport("patch-tun")
        self._flows(self._host2, "br-eth2", reference.BR_ETH2_FLOWS[1:])
        self._flows(self._host2, "br-int", reference.tunnel_flows(link))
        self._display.say("host2 $ ovs-ofctl dump-flows br-tun")
        dump = self._host2.ovs.dump_flows("br-tun")
        self._display.show(dump)
        reached = set(re.findall(r"load:(0x[0-9a-f]+)->NXM_NX_TUN_IPV4_DST", dump))
        host1 = f"{int(IPv4Address(reference.HOST1_ADDRESS)):#x}"
        self._display.verdict("br-tun sends to the VM's host and to no other", reached == {host1})

    def _flows(self, host: Host, bridge: str, expected: tuple[str, ...]) -> None:
        """Show a live dump beside the reference's; what has a higher priority or another table is ours."""
        self._display.say(f"{host.name} $ ovs-ofctl dump-flows {bridge}")
        dump = host.ovs.dump_flows(bridge)
        lines = [line for line in dump.splitlines() if "priority=" in line]
        first_table = [line.rpartition(", ")[2] for line in lines if "table=0," in line]
        same = [line for line in first_table if _priority(line) <= REFERENCE_TOP_PRIORITY]
        ours = [line for line in first_table if line not in same]
        self._display.show(dump)
        self._display.beside(expected, same)
        self._display.verdict(f"{bridge} has the reference's flows", sorted(same) == sorted(expected))
        dhcp = all("tp_dst=67" in line or reference.SERVER_ADDRESS in line for line in ours)
        self._display.verdict(f"{bridge} has nothing more but DHCP: {len(ours)} flows", dhcp)

    def _serve_dhcp(self, vm: QemuVm) -> None:
        self._display.title("Use case 3: serve a DHCP request")
        self._display.say("The VM boots and asks for its address; tcpdump listens on its tap.")
        with self._host1.capture(vm.tap, DHCP, flags=()) as capture:
            lease = vm.wait_for_lease(120)
            capture.wait_for(reference.REPLY)
        lines = [line.partition(" ")[2] for line in capture.text.splitlines() if "BOOTP" in line]
        self._display.beside(reference.CAPTURE, lines)
        self._display.verdict("a request from the VM's MAC", any(reference.REQUEST in line for line in lines))
        self._display.verdict(
            "a reply from the server's address", any(reference.REPLY in line for line in lines)
        )
        self._display.say("What the VM was told:")
        self._display.show("\n".join(f"{key} = {value}" for key, value in sorted(lease.variables.items())))
        told = (lease.variables.get("ip"), lease.variables.get("hostname"), lease.variables.get("serverid"))
        self._display.verdict(
            "address, host name and server id as in the reference",
            told == (reference.VM_ADDRESS, "host-10-10-10-2", reference.SERVER_ADDRESS),
        )

    def _ping(self, vm: QemuVm, neighbour: NamespaceVm) -> None:
        neighbour.udhcpc()
        address = str(neighbour.addresses()[0].ip)
        for target, what in (
            (reference.SERVER_ADDRESS, "the DHCP server"),
            (address, "a VM on the other host"),
        ):
            self._display.say(f"vm1 $ ping {target}")
            result = vm.ping(target)
            self._display.show(result.text)
            self._display.verdict(f"the VM pings {what}", result.ok)
        if self._tunnel:
            self._listen_on_the_wire(vm, address)

    def _listen_on_the_wire(self, vm: QemuVm, address: str) -> None:
        expression = reference.ON_THE_WIRE[self._tunnel]
        self._display.say(f"vm1 $ ping {address}, and host1 $ tcpdump -i eth2 {expression}")
        with self._host1.capture("eth2", expression, flags=()) as capture:
            vm.ping(address)
            capture.wait_for(f"{reference.VM_ADDRESS} > {address}")
        self._display.show("\n".join(line for line in capture.text.splitlines() if "IP" in line))
        right = reference.HOST1_ADDRESS in capture.text and "802.1Q" not in capture.text
        self._display.verdict(
            f"the wire carries it as {self._tunnel}, from host to host, without a tag", right
        )

    def _wait_active(self, port_id: str) -> dict[str, Any]:
        def active() -> dict[str, Any] | None:
            port = self._api.show("port", port_id)
            return port if port["status"] == "ACTIVE" else None

        return wait_until(active, PATIENCE_S, f"port {port_id} to be ACTIVE") or {}

    def _openstack(self, *arguments: str) -> dict[str, Any]:
        """Run the openstack command; give what it prints, as JSON."""
        command = [str(Path(sys.executable).with_name("openstack")), *arguments, "-f", "json"]
        printed: dict[str, Any] = json.loads(run(command, env=surroundings(self._api)).stdout)
        return printed


def client_environment(api: Api) -> dict[str, str]:
    """Give the environment that points OpenStack's clients at the controller."""
    return {"OS_AUTH_TYPE": "none", "OS_ENDPOINT": f"http://{api.host}:{api.port}"}


def surroundings(api: Api) -> dict[str, str]:
    """Give our environment, in which nothing points OpenStack's clients elsewhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OS_")}
    return kept | client_environment(api) | {"no_proxy": api.host}


def _priority(line: str) -> int:
    return int(line.removeprefix("priority=").split(",")[0].split(" ")[0])


def _as_text(value: Any) -> str:
    match value:
        case []:
            return ""
        case [{"start": start, "end": end}]:
            return f"{start}-{end}"
        case _:
            return str(value)
