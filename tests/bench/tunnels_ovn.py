"""OVN beside ours on the same two hosts of the lab: a bridge of its own, Geneve, two machines in one switch.

Its tunnels end at other addresses of the hosts, as one Open vSwitch gives a packet to one tunnel.
"""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from osken_apps.lab import Host, processes, wait_until
from osken_apps.lab.network import Namespace, ip, make_namespace
from osken_apps.lab.records import Site as Records
from osken_apps.lab.shell import run
from tests.bench.traffic import programs
from tests.bench.traffic.site import Pair, Site

SCHEMAS = Path("/usr/share/ovn")
BRIDGE = "br-ovn"
UNDERLAY = IPv4Address("198.51.100.0")  # for examples (RFC 5737): on the wire only
ADDRESS = "10.2.0.{}"
BOUND_S = 30.0


@dataclass(frozen=True)
class Machine:
    """A namespace that is plugged into OVN's bridge of a host."""

    site: Records
    namespace: Namespace
    name: str

    def run(self, argv: Sequence[str], *, timeout_s: float = 30.0) -> subprocess.CompletedProcess[str]:
        """Run a command inside to its end."""
        return self.namespace.run(argv, timeout_s=timeout_s)

    def spawn(self, name: str, argv: Sequence[str]) -> processes.Process:
        """Start a command inside in the background."""
        log = self.site.directory("ovn") / f"{self.name}.{name}.log"
        return processes.start(self.site, f"{self.name}.{name}", self.namespace.command(argv), log)


class Ovn:
    """OVN on the hosts of a site: databases and northd on the first, a controller on each."""

    def __init__(self, on: Site) -> None:
        self._site = on.lab.site
        self._hosts = list(on.lab.hosts.values())
        self._directory = self._site.directory("ovn")
        for database in ("nb", "sb"):
            self._start_database(database)
        first = self._hosts[0]
        databases = [f"--ovn{database}-db={self._remote(database)}" for database in ("nb", "sb")]
        self._start(first, "ovn-northd", "ovn-northd", databases)

    def pair(self, mtu: int) -> Pair:
        """Make a switch and two machines in it, one on each host, which reach each other."""
        self._nbctl("ls-add", "switch")
        machines = [self._machine(number, host, mtu) for number, host in enumerate(self._hosts, 1)]
        for number, host in enumerate(self._hosts, 1):
            self._start_controller(number, host)
        self._nbctl("--wait=hv", "sync")
        client, server = machines
        server.spawn("sink", [sys.executable, "-c", programs.SINK, str(programs.PORT)])
        ping = ["ping", "-n", "-c", "1", "-W", "1", ADDRESS.format(2)]
        wait_until(lambda: client.namespace.run(ping, check=False).returncode == 0, BOUND_S, "an answer")
        return Pair(client, server, ADDRESS.format(2))

    def _machine(self, number: int, host: Host, mtu: int) -> Machine:
        name, tap, mac = f"ovn{number}", f"ovn{number}", f"fa:16:3e:0f:00:{number:02x}"
        namespace = make_namespace(self._site, f"vm-{name}")
        near = ["peer", "name", "eth0", "netns", namespace.name, "address", mac]
        ip("link", "add", tap, "netns", host.namespace.name, "type", "veth", *near)
        namespace.run(["ethtool", "-K", "eth0", "tx", "off"])
        namespace.ip("link", "set", "eth0", "mtu", str(mtu), "up")
        namespace.ip("addr", "add", f"{ADDRESS.format(number)}/24", "dev", "eth0")
        host.namespace.ip("link", "set", tap, "up")
        self._nbctl(
            "lsp-add", "switch", name, "--", "lsp-set-addresses", name, f"{mac} {ADDRESS.format(number)}"
        )
        return Machine(self._site, namespace, name)

    def _start_controller(self, number: int, host: Host) -> None:
        address = UNDERLAY + number
        host.namespace.ip("addr", "add", f"{address}/24", "dev", "br-eth2")
        settings = {
            "ovn-remote": self._remote("sb"),
            "ovn-encap-type": "geneve",
            "ovn-encap-ip": str(address),
            "ovn-bridge": BRIDGE,
            "ovn-bridge-datapath-type": "netdev",
        }
        pairs = [f'external_ids:{key}="{value}"' for key, value in settings.items()]
        tap = f"ovn{number}"
        host.ovs.vsctl(
            "--may-exist", "add-br", BRIDGE, "--", "set", "bridge", BRIDGE, "datapath_type=netdev",
            "fail_mode=secure", "--", "add-port", BRIDGE, tap, "--", "set", "interface", tap,
            f"external_ids:iface-id={tap}", "--", "set", "Open_vSwitch", ".", *pairs,
        )  # fmt: skip
        socket = f"unix:{host.directory}/db.sock"
        self._start(host, f"ovn-controller{number}", "ovn-controller", [socket])

    def _start_database(self, database: str) -> None:
        path = self._directory / f"ovn{database}_db.db"
        run(["ovsdb-tool", "create", str(path), str(SCHEMAS / f"ovn-{database}.ovsschema")])
        options = [f"--remote=p{self._remote(database)}", f"--unixctl={self._directory}/ovn{database}_db.ctl"]
        self._start(self._hosts[0], f"ovn{database}-db", "ovsdb-server", [*options, str(path)])
        wait_until(self._socket(database).exists, 10.0, f"the database {database} of OVN")

    def _start(self, host: Host, name: str, program: str, arguments: list[str]) -> None:
        options = ["-vconsole:warn", "-vsyslog:off", f"--log-file={self._directory}/{name}.txt"]
        command = host.namespace.command([program, *options, *arguments])
        directory = str(host.directory)
        env = host.env | {f"OVN_{what}": directory for what in ("RUNDIR", "LOGDIR", "DBDIR", "SYSCONFDIR")}
        processes.start(self._site, name, command, self._directory / f"{name}.log", env)

    def _socket(self, database: str) -> Path:
        return self._directory / f"ovn{database}_db.sock"

    def _remote(self, database: str) -> str:
        return f"unix:{self._socket(database)}"

    def _nbctl(self, *arguments: str) -> None:
        run(["ovn-nbctl", f"--db={self._remote('nb')}", "--timeout=30", *arguments], timeout_s=40)
