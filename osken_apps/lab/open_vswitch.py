"""Open vSwitch on one machine: two daemons of its own and the bridges of the reference.

Owns the daemons, the bridges and their controller connections. Works in the machine's own run directory and
never in the system's (ovs-vswitchd(8), ovs-vswitchd.conf.db(5)). Must not know of VMs.
"""

import hashlib
import json
import signal
import uuid
from collections.abc import Sequence
from pathlib import Path

from osken_apps.lab.machine import Machine
from osken_apps.lab.shell import PATIENCE_S, run, wait_until

BRIDGES = ("br-int", "br-eth2")
SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"
#: How long a tool waits for its daemon: less than is waited for the tool, so that it says what is wrong.
ANSWER_S = 50
QUICK_RECONNECT = ("max_backoff=1000", "inactivity_probe=5000")


def datapath_id(host: str, bridge: str) -> int:
    """Give the datapath id of a bridge: 48 bits, always the same for the same names."""
    return int.from_bytes(hashlib.sha256(f"{host}/{bridge}".encode()).digest()[:6], "big")


def system_id(host: str) -> str:
    """Give the system-id of a host, always the same for the same name."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{host}.osken-lab"))


class OpenVSwitch:
    """Open vSwitch on one machine, through its own tools."""

    def __init__(self, machine: Machine, controller_address: str) -> None:
        self._machine = machine
        self._host = self.host = machine.name
        self.speaks_tls = False
        self.controller_address = controller_address

    def vsctl(self, *args: str) -> str:
        """Run ovs-vsctl; give what it prints; where ovs-vswitchd is down it is not waited for."""
        wait = [] if self.vswitchd_is_running() else ["--no-wait"]
        return self._machine.run(["ovs-vsctl", f"--timeout={ANSWER_S}", *wait, *args]).stdout

    def ofctl(self, *args: str, stdin: str = "") -> str:
        """Run ovs-ofctl; give what it prints."""
        return self._machine.run(["ovs-ofctl", f"--timeout={ANSWER_S}", *args], stdin=stdin).stdout

    def appctl(self, *args: str, target: str = "ovs-vswitchd") -> str:
        """Run ovs-appctl on one of the host's daemons; give what it prints."""
        return self._machine.run(["ovs-appctl", f"--timeout={ANSWER_S}", "-t", target, *args]).stdout

    def dump_flows(self, bridge: str) -> str:
        """Give plain `ovs-ofctl dump-flows` of a bridge."""
        return self.ofctl("dump-flows", bridge)

    def set_flows(self, bridge: str, flows: Sequence[str]) -> None:
        """Replace a bridge's flows, in ovs-ofctl's syntax."""
        self.ofctl("replace-flows", bridge, "-", stdin="".join(f"{flow}\n" for flow in flows))

    def datapath_id(self, bridge: str) -> int:
        """Give the datapath id that a bridge here has."""
        return datapath_id(self._host, bridge)

    def ofport(self, interface: str) -> int:
        """Give the OpenFlow port number of an interface, once it has one."""
        condition = ["wait-until", "Interface", interface, "ofport>0"]
        return int(self.vsctl(*condition, "--", "get", "Interface", interface, "ofport"))

    def tag(self, interface: str) -> int | None:
        """Give the tag of a port, None when it has none or is not there."""
        rows = json.loads(self.vsctl("--format=json", "--columns=tag", "find", "Port", f"name={interface}"))
        found = [row[0] for row in rows["data"] if isinstance(row[0], int)]
        return found[0] if found else None

    # -- the controller

    def connect(self, controller_port: int | None = 6653, manager_port: int | None = 6640) -> None:
        """Point both bridges, and OVSDB, at the controller; None leaves that connection away.

        Without OVSDB the bridges themselves name the host, as README has it.
        """
        self.disconnect()
        self._describe(self._host if manager_port is None else "")
        if controller_port is not None:
            target = f'target="{self._method}:{self.controller_address}:{controller_port}"'
            for bridge in BRIDGES:
                row = ["--id=@c", "create", "Controller", target, "connection_mode=out-of-band"]
                self.vsctl("--", *row, *QUICK_RECONNECT, "--", "set", "Bridge", bridge, "controller=@c")
        if manager_port is not None:
            self.connect_ovsdb(manager_port)

    def connect_ovsdb(self, manager_port: int = 6640) -> None:
        """Point OVSDB alone at the controller."""
        target = f'target="{self._method}:{self.controller_address}:{manager_port}"'
        row = ["--id=@m", "create", "Manager", target, *QUICK_RECONNECT]
        self.vsctl("--", *row, "--", "set", "Open_vSwitch", ".", "manager_options=@m")

    def disconnect_ovsdb(self) -> None:
        """Take the manager away from the host."""
        self.vsctl("del-manager")

    def _describe(self, description: str) -> None:
        """Set the bridges' dp-desc; nothing: take it away."""
        for bridge in BRIDGES:
            if description:
                self.vsctl("set", "Bridge", bridge, f"other_config:dp-desc={description}")
            else:
                self.vsctl("remove", "Bridge", bridge, "other_config", "dp-desc")

    @property
    def _method(self) -> str:
        return "ssl" if self.speaks_tls else "tcp"

    def use_tls(self, private_key: Path, certificate: Path, ca: Path) -> None:
        """Speak TLS with the controller from the next `connect` on."""
        self.vsctl("set-ssl", str(private_key), str(certificate), str(ca))
        self.speaks_tls = True

    def disconnect(self) -> None:
        """Take controller and manager away from the host."""
        clear = [word for bridge in BRIDGES for word in ("--", "del-controller", bridge)]
        self.vsctl(*clear, "--", "del-manager")

    def wait_connected(self, timeout_s: float = PATIENCE_S) -> None:
        """Wait until every configured controller connection is up."""
        columns = ["--columns=is_connected", "--bare", "list", "Controller"]

        def connected() -> str:
            words = self.vsctl(*columns).split()
            return "yes" if words and set(words) == {"true"} else ""

        wait_until(connected, timeout_s, f"{self._host} to be connected to {self.controller_address}")

    # -- the daemons

    def start_ovsdb(self) -> None:
        """Start ovsdb-server on the host's database, and wait until it answers."""
        database, socket = self._machine.directory / "conf.db", self._machine.directory / "db.sock"
        socket.unlink(missing_ok=True)  # one that a power cut left
        if not database.exists():
            run(["ovsdb-tool", "create", str(database), SCHEMA])
        remotes = [f"--remote=punix:{socket}", "--remote=db:Open_vSwitch,Open_vSwitch,manager_options"]
        tls = [
            f"--{option}=db:Open_vSwitch,SSL,{column}"
            for option, column in (
                ("private-key", "private_key"),
                ("certificate", "certificate"),
                ("ca-cert", "ca_cert"),
            )
        ]
        self._start("ovsdb-server", [str(database), *remotes, *tls])
        wait_until(socket.exists, PATIENCE_S, f"ovsdb-server of {self._host} to listen")

    def start_vswitchd(self) -> None:
        """Start ovs-vswitchd, and wait until it has set up what the database says."""
        self._start("ovs-vswitchd", [f"unix:{self._machine.directory / 'db.sock'}"])
        # ovs-vsctl waits for ovs-vswitchd only when it changes something.
        self.vsctl("set", "Open_vSwitch", ".", f"other_config:lab-start={uuid.uuid4()}")

    def vswitchd_is_running(self) -> bool:
        """Tell whether ovs-vswitchd is there."""
        return self._machine.is_running("ovs-vswitchd")

    def kill_vswitchd(self) -> None:
        """End ovs-vswitchd with SIGKILL, as a crash does."""
        self._machine.end("ovs-vswitchd", signal.SIGKILL)

    def stop_ovsdb(self) -> None:
        """End ovsdb-server in good order."""
        self._machine.end("ovsdb-server", signal.SIGTERM)

    def restart_ovsdb(self) -> None:
        """End ovsdb-server in good order and start it again."""
        self.stop_ovsdb()
        self.start_ovsdb()

    def _start(self, daemon: str, args: Sequence[str]) -> None:
        log = self._machine.directory / f"{daemon}.log"
        options = ["--pidfile", "-vconsole:off", "-vsyslog:off", "-vfile:info", f"--log-file={log}"]
        self._machine.start(daemon, [daemon, *options, *args])

    # -- the bridges

    def bring_up(self) -> None:
        """Start the daemons and make the bridges as the reference has them."""
        self.start_ovsdb()
        self._start("ovs-vswitchd", [f"unix:{self._machine.directory / 'db.sock'}"])
        self.vsctl(*self._system_settings(), *self._bridges(), *self._links())

    def _system_settings(self) -> list[str]:
        version = run(["ovs-vswitchd", "--version"]).stdout.split("\n", 1)[0].split()[-1]
        return [
            "set", "Open_vSwitch", ".", f"ovs_version={version}",
            f"external_ids:hostname={self._host}", f"external_ids:system-id={system_id(self._host)}",
            "other_config:n-handler-threads=1", "other_config:n-revalidator-threads=1",
        ]  # fmt: skip

    def _bridges(self) -> list[str]:
        words: list[str] = []
        for bridge in BRIDGES:
            identity = f"other_config:datapath-id={self.datapath_id(bridge):016x}"
            settings = ["datapath_type=netdev", "fail_mode=secure", "other_config:disable-in-band=true"]
            words += ["--", "add-br", bridge, "--", "set", "Bridge", bridge, identity, *settings]
        return words

    def _links(self) -> list[str]:
        def port(bridge: str, name: str, *settings: str) -> list[str]:
            return ["--", "add-port", bridge, name, "--", "set", "Interface", name, *settings]

        return [
            *port("br-int", "int-br-eth2", "type=patch", "options:peer=phy-br-eth2", "ofport_request=1"),
            *port("br-eth2", "phy-br-eth2", "type=patch", "options:peer=int-br-eth2", "ofport_request=2"),
            *port("br-eth2", "eth2", "ofport_request=1"),
        ]
