"""OVN's native DHCP: ovn-controller answers, as ovn-northd tells it."""

import time
from typing import Any

from osken_apps.lab.shell import wait_until
from tests.bench.dhcp import ovsdb, plan
from tests.bench.dhcp.ovsdb import Operation, as_map
from tests.bench.dhcp.system import START_TIMEOUT_S, System
from tests.bench.ovn import Central

PORTS_PER_SWITCH = 250  # ovn-controller takes a time with the square of it until all are bound


class Ovn(System):
    """Logical switches of 250 ports; both databases, ovn-northd and ovn-controller on the one host."""

    name = "OVN"

    def _serve(self, clients: int) -> None:
        self._central = Central(self.lab, self.host)
        self._central.start()
        ovsdb.transact(self._central.socket("nb"), "OVN_Northbound", logical_switches(clients))
        self._central.nbctl("--wait=sb", "sync")
        self._make_ports([_port_name(client) for client in range(clients)])
        # Last, when all is there: this is what it does soonest. With thousands of ports, conditions take it
        # minutes.
        self._central.start_controller(
            self.host, self._central.remote("sb"), self.host.address, ovn_monitor_all="true"
        )
        wait_until(lambda: self._ports_up() == clients, START_TIMEOUT_S, "OVN to bind all ports")
        self._central.nbctl("--wait=hv", "sync")

    def _ports_up(self) -> int:
        time.sleep(0.5)  # each look is a copy of the whole database
        columns = ["--bare", "--columns=name", "find", "Logical_Switch_Port", "up=true"]
        return len(self._central.nbctl(*columns).split())


def logical_switches(clients: int) -> list[Operation]:
    """Give the operations that make the switches, their ports and the DHCP options."""
    options = {
        "server_id": plan.SERVER,
        "server_mac": plan.SERVER_MAC,
        "lease_time": plan.LEASE_TIME_S,
        "router": plan.GATEWAY,
        "dns_server": f"{{{plan.DNS_SERVER}}}",
        "domain_name": f'"{plan.DOMAIN}"',
        "mtu": plan.MTU,
    }
    row: dict[str, Any] = {"cidr": str(plan.SUBNET), "options": as_map(options)}
    operations = [ovsdb.insert("DHCP_Options", row, "options")]
    for client in range(clients):
        row = {
            "name": _port_name(client),
            "addresses": f"{plan.mac(client)} {plan.address(client)}",
            "dhcpv4_options": ["named-uuid", "options"],
        }
        operations.append(ovsdb.insert("Logical_Switch_Port", row, f"p{client}"))
    for first in range(0, clients, PORTS_PER_SWITCH):
        some = range(first, min(clients, first + PORTS_PER_SWITCH))
        ports = ["set", [["named-uuid", f"p{client}"] for client in some]]
        row = {"name": f"switch{first}", "ports": ports}
        operations.append(ovsdb.insert("Logical_Switch", row, f"s{first}"))
    return operations


def _port_name(client: int) -> str:
    return f"client{client}"
