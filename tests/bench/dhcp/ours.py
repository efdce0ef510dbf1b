"""This server."""

from osken_apps.lab.controller import Api, LabController
from osken_apps.lab.shell import wait_until
from tests.bench.dhcp import plan
from tests.bench.dhcp.system import START_TIMEOUT_S, System

API_PORT = 19796
PORTS_PER_REQUEST = 250


class Ours(System):
    """osken-net: OpenFlow and OVSDB from the controller, ports by REST."""

    name = "osken-net"

    def _serve(self, clients: int) -> None:
        # A lab's management network is its own, so its third octet tells controllers apart.
        api_port = API_PORT + self.lab.subnet[0].packed[2]
        options = {"dhcp": f"dns_servers = {plan.DNS_SERVER}\ndomain = {plan.DOMAIN}"}
        self._controller = LabController(self.lab, api_port, options)
        self._controller.start()
        self.lab.connect()
        self.host.wait_connected()
        self.network_id = self.api.create("network", name="bench", mtu=plan.MTU)["id"]
        self.api.create(
            "subnet", network_id=self.network_id, cidr=str(plan.SUBNET), ip_version=4,
            gateway_ip=str(plan.GATEWAY),
        )  # fmt: skip
        self._make_ports(self._port_ids(clients))
        wait_until(lambda: self._active() >= clients, START_TIMEOUT_S, "all ports to be ACTIVE")

    @property
    def api(self) -> Api:
        """The controller's API."""
        return self._controller.api

    def _port_ids(self, clients: int) -> list[str]:
        """Create a port for each client; give their ids in order."""
        ids: list[str] = []
        for first in range(0, clients, PORTS_PER_REQUEST):
            some = range(first, min(clients, first + PORTS_PER_REQUEST))
            answer = self.api.request("POST", "ports", {"ports": [self._port(client) for client in some]})
            ids += [port["id"] for port in answer.body["ports"]]
        return ids

    def _port(self, client: int) -> dict[str, object]:
        fixed_ips = [{"ip_address": str(plan.address(client))}]
        return {"network_id": self.network_id, "mac_address": plan.mac(client), "fixed_ips": fixed_ips}

    def _active(self) -> int:
        return len(self.api.list("port", "status=ACTIVE&fields=id&device_owner="))

    def other_network(self) -> str:
        """Create a network that no client of the benchmark is in; give its id."""
        network_id: str = self.api.create("network", name="other")["id"]
        self.api.create("subnet", network_id=network_id, cidr="10.99.0.0/16", ip_version=4)
        return network_id
