"""OVN on hosts of the lab: its databases and ovn-northd on one, ovn-controller on each."""

from collections.abc import Sequence
from pathlib import Path

from osken_apps.lab import Host, Lab, processes
from osken_apps.lab.shell import run, wait_until

SCHEMAS = Path("/usr/share/ovn")
SB_PORT = 6642


class Central:
    """The databases of OVN and ovn-northd on one host of a lab; they end with the lab."""

    def __init__(self, lab: Lab, host: Host) -> None:
        self._lab = lab
        self.host = host

    def start(self, listen: str = "") -> None:
        """Start them; the southbound database listens at the address `listen`, too."""
        self._start_database("nb")
        self._start_database("sb", [f"--remote=ptcp:{SB_PORT}:{listen}"] if listen else [])
        remotes = [f"--ovn{database}-db={self.remote(database)}" for database in ("nb", "sb")]
        self._start_daemon(self.host, "ovn-northd", remotes)

    def socket(self, database: str) -> Path:
        """Name the socket of a database, `nb` or `sb`."""
        return self.host.directory / f"ovn{database}_db.sock"

    def remote(self, database: str) -> str:
        """Name a database as OVN's programs do."""
        return f"unix:{self.socket(database)}"

    def nbctl(self, *arguments: str) -> str:
        """Run a command on the northbound database."""
        command = ["ovn-nbctl", f"--db={self.remote('nb')}", "--timeout=120", *arguments]
        return self.host.run(command, env=_environment(self.host), timeout_s=150).stdout

    def start_controller(self, host: Host, remote: str, address: str, **settings: str) -> None:
        """Have a host take part: `remote` is the southbound database, `address` where its tunnels end."""
        told = {
            "ovn-remote": remote,
            "ovn-encap-type": "geneve",
            "ovn-encap-ip": address,
            "ovn-bridge": "br-int",
            "ovn-bridge-datapath-type": "netdev",
            **{name.replace("_", "-"): value for name, value in settings.items()},
        }
        pairs = [f'external_ids:{key}="{value}"' for key, value in told.items()]
        host.ovs.vsctl("set", "Open_vSwitch", ".", "other_config:bundle-idle-timeout=300", *pairs)
        self._start_daemon(host, "ovn-controller", [f"unix:{host.directory}/db.sock"])

    def _start_database(self, database: str, options: Sequence[str] = ()) -> None:
        path = self.host.directory / f"ovn{database}_db.db"
        run(["ovsdb-tool", "create", str(path), str(SCHEMAS / f"ovn-{database}.ovsschema")])
        control = self.host.directory / f"ovn{database}_db.ctl"
        remote = f"--remote=p{self.remote(database)}"
        arguments = [remote, *options, f"--unixctl={control}", str(path)]
        self._start_daemon(self.host, f"ovn{database}-db", arguments, "ovsdb-server")
        wait_until(self.socket(database).exists, 10.0, f"the database {database} of OVN")

    def _start_daemon(
        self, host: Host, name: str, arguments: Sequence[str], program: str | None = None
    ) -> None:
        command = [program or name, "-vconsole:warn", "-vsyslog:off", *arguments]
        log = self._lab.site.directory("servers") / f"{host.name}.{name}.log"
        named = f"{host.name}.{name}"
        processes.start(self._lab.site, named, host.namespace.command(command), log, _environment(host))


def _environment(host: Host) -> dict[str, str]:
    names = ("RUNDIR", "LOGDIR", "DBDIR", "SYSCONFDIR")
    return host.env | {f"OVN_{name}": str(host.directory) for name in names}
