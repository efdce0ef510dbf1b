"""OVN's native DHCP: ovn-controller answers, as ovn-northd tells it."""

import time
from pathlib import Path
from typing import Any

from osken_apps.lab import processes
from osken_apps.lab.shell import run, wait_until
from tests.bench.dhcp import ovsdb, plan
from tests.bench.dhcp.ovsdb import Operation, as_map
from tests.bench.dhcp.system import START_TIMEOUT_S, System

SCHEMAS = Path("/usr/share/ovn")
PORTS_PER_SWITCH = 250  # ovn-controller takes a time with the square of it until all are bound


class Ovn(System):
    """Logical switches of 250 ports; both databases, ovn-northd and ovn-controller on the one host."""

    name = "OVN"

    def _serve(self, clients: int) -> None:
        self._env = self.host.env | {
            f"OVN_{what}": str(self.host.directory) for what in ("RUNDIR", "LOGDIR", "DBDIR", "SYSCONFDIR")
        }
        for database in ("nb", "sb"):
            self._start_database(database)
        remotes = [f"--ovn{database}-db={self._remote(database)}" for database in ("nb", "sb")]
        self._start_daemon("ovn-northd", remotes)
        ovsdb.transact(self._socket("nb"), "OVN_Northbound", logical_switches(clients))
        self._nbctl("--wait=sb", "sync")
        self._make_ports([_port_name(client) for client in range(clients)])
        self._configure_host()
        # Last, when all is there: this is what it does soonest.
        self._start_daemon("ovn-controller", [f"unix:{self.host.directory}/db.sock"])
        wait_until(lambda: self._ports_up() == clients, START_TIMEOUT_S, "OVN to bind all ports")
        self._nbctl("--wait=hv", "sync")

    def _socket(self, database: str) -> Path:
        return self.host.directory / f"ovn{database}_db.sock"

    def _remote(self, database: str) -> str:
        return f"unix:{self._socket(database)}"

    def _start_database(self, database: str) -> None:
        path = self.host.directory / f"ovn{database}_db.db"
        run(["ovsdb-tool", "create", str(path), str(SCHEMAS / f"ovn-{database}.ovsschema")])
        control = self.host.directory / f"ovn{database}_db.ctl"
        options = [f"--remote=p{self._remote(database)}", f"--unixctl={control}"]
        self._start_daemon(f"ovn{database}-db", [*options, str(path)], "ovsdb-server")
        wait_until(self._socket(database).exists, 10.0, f"the database {database} of OVN")

    def _start_daemon(self, name: str, arguments: list[str], program: str | None = None) -> None:
        command = [program or name, "-vconsole:warn", "-vsyslog:off", *arguments]
        namespace = self.host.namespace
        processes.start(self.lab.site, name, namespace.command(command), self.log(name), self._env)

    def _configure_host(self) -> None:
        settings = {
            "ovn-remote": self._remote("sb"),
            "ovn-encap-type": "geneve",
            "ovn-encap-ip": self.host.address,
            "ovn-bridge": "br-int",
            "ovn-bridge-datapath-type": "netdev",
            "ovn-monitor-all": "true",  # with thousands of ports, conditions take it minutes
        }
        pairs = [f'external_ids:{key}="{value}"' for key, value in settings.items()]
        self.host.ovs.vsctl("set", "Open_vSwitch", ".", "other_config:bundle-idle-timeout=300", *pairs)

    def _nbctl(self, *arguments: str) -> str:
        command = ["ovn-nbctl", f"--db={self._remote('nb')}", "--timeout=120", *arguments]
        return self.host.run(command, env=self._env, timeout_s=150).stdout

    def _ports_up(self) -> int:
        time.sleep(0.5)  # each look is a copy of the whole database
        columns = ["--bare", "--columns=name", "find", "Logical_Switch_Port", "up=true"]
        return len(self._nbctl(*columns).split())


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
