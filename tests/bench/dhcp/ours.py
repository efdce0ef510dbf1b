"""This server."""

import sys

from osken_apps.lab.controller import Api
from osken_apps.lab.shell import wait_until
from tests.bench.dhcp import plan
from tests.bench.dhcp.system import START_TIMEOUT_S, System

API_PORT = 9696
PORTS_PER_REQUEST = 250
PORT_RATE, BRIDGE_RATE = 1000, 100_000  # more than the switch can send: its own limits are to be measured


class Ours(System):
    """osken-net on the host itself, as the others are: OpenFlow and OVSDB over loopback, ports by REST."""

    name = "osken-net"
    guarded = False
    debug = False

    def _serve(self, clients: int) -> None:
        self.api = Api(API_PORT, self.host.address)
        self._start_controller()
        self.host.ovs.controller_address = "127.0.0.1"
        self.host.ovs.connect()
        self.host.ovs.wait_connected()
        self.network_id = make_network(self.api, self.guarded)
        self._make_ports(make_ports(self.api, self.network_id, clients))
        wait_until(lambda: self._active() >= clients, START_TIMEOUT_S, "all ports to be ACTIVE")

    def _start_controller(self) -> None:
        directory = self.lab.site.directory("controller")
        config_file = directory / "osken-net.conf"
        config_file.write_text(
            f"[DEFAULT]\nstate_dir = {directory}\ndebug = {self.debug}\n"
            f"[api]\nhost = {self.host.address}\nport = {API_PORT}\ninsecure = true\n"
            f"{self._hosts_tls()}"
            f"[dhcp]\ndns_servers = {plan.DNS_SERVER}\ndomain = {plan.DOMAIN}\n"
            f"port_rate = {PORT_RATE}\nbridge_rate = {BRIDGE_RATE}\n"
            "[quotas]\nport = -1\n"
        )
        command = [sys.executable, "-m", "osken_apps.cli", "run", "--config-file", str(config_file)]
        self._start_process("controller", command, self.host.namespace)
        wait_until(self.api.answers, START_TIMEOUT_S, "the controller's API")

    def _hosts_tls(self) -> str:
        """Give the sections that have hosts speak TLS: none."""
        return ""

    def _active(self) -> int:
        return len(self.api.list("port", "status=ACTIVE&fields=id&device_owner="))

    def other_network(self) -> str:
        """Create a network that no client of the benchmark is in; give its id."""
        network_id: str = self.api.create("network", name="other")["id"]
        self.api.create("subnet", network_id=network_id, cidr="10.99.0.0/16", ip_version=4)
        return network_id


class OursTls(Ours):
    """The same over `ssl:`."""

    name = "osken-net, ssl:"

    def _hosts_tls(self) -> str:
        self.lab.use_tls()
        lines = f"host = 127.0.0.1\n{self.lab.tls_options()}\n"
        return f"[openflow]\n{lines}[ovsdb]\n{lines}"


class OursGuarded(Ours):
    """The same with port security on all ports."""

    name = "osken-net, guarded"
    guarded = True


def make_network(api: Api, guarded: bool = False) -> str:
    """Create a network as `plan` has it, without guards where others are measured, who have none; give its
    id.
    """
    network = api.create("network", name="bench", mtu=plan.MTU, port_security_enabled=guarded)
    network_id: str = network["id"]
    gateway = str(plan.GATEWAY)
    api.create("subnet", network_id=network_id, cidr=str(plan.SUBNET), ip_version=4, gateway_ip=gateway)
    return network_id


def make_ports(api: Api, network_id: str, clients: int) -> list[str]:
    """Create a port for each client; give their ids in order."""
    ids: list[str] = []
    for first in range(0, clients, PORTS_PER_REQUEST):
        some = [_port(network_id, client) for client in range(first, min(clients, first + PORTS_PER_REQUEST))]
        ids += [port["id"] for port in api.request("POST", "ports", {"ports": some}).body["ports"]]
    return ids


def _port(network_id: str, client: int) -> dict[str, object]:
    fixed_ips = [{"ip_address": str(plan.address(client))}]
    return {"network_id": network_id, "mac_address": plan.mac(client), "fixed_ips": fixed_ips}
