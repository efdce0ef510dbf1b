"""The lab: some hosts, one wire, one management network.

Owns bringing it up, finding it again and taking it down, also after a crash of whoever made it: `take_down`
works from the records alone.
"""

import contextlib
import shutil
import signal
import sys
from ipaddress import IPv4Interface, IPv4Network
from pathlib import Path
from types import TracebackType
from typing import Self

from osken_apps.lab import network, processes
from osken_apps.lab.host import Host, Vm
from osken_apps.lab.records import HostRecord, LabRecord, Site, boot_id
from osken_apps.lab.shell import LabError, require_root, run

DEFAULT_NAME = "lab"
MAX_HOSTS = 99
UNDERLAY = IPv4Network("192.0.2.0/24")  # for examples (RFC 5737): on the wire only


def default_state_dir(name: str) -> Path:
    """Give where a lab keeps its state unless told otherwise; a reboot empties it, as it ends the lab."""
    return Path("/run/osken-lab") / name


class Lab:
    """A lab that is up."""

    def __init__(self, site: Site, record: LabRecord) -> None:
        self.site = site
        self.name = record.name
        self.subnet = IPv4Network(record.subnet)
        self.controller_address = str(self.subnet[1])
        self.hosts: dict[str, Host] = {}
        for host in site.host_records():
            self.hosts[host.name] = Host(site, host, self.controller_address)
            self.hosts[host.name].ovs.speaks_tls = self._pki.is_dir()

    # -- up and down

    @classmethod
    def up(
        cls, name: str = DEFAULT_NAME, hosts: int = 2, state_dir: Path | None = None, tls: bool = False
    ) -> Self:
        """Make a lab of host1 to hostN; with `tls` hosts and controller speak it.

        Raises LabError when one of this name or in this place is there already, or when anything fails; then
        nothing is left behind.
        """
        require_root()
        if not 1 <= hosts <= MAX_HOSTS:
            raise LabError(f"a lab has 1 to {MAX_HOSTS} hosts, not {hosts}")
        site = Site(name, (state_dir or default_state_dir(name)).absolute())
        with network.machine_lock():
            record = cls._claim(site)
            try:
                controller = IPv4Interface(f"{IPv4Network(record.subnet)[1]}/24")
                network.make_management(site, controller)
            except BaseException:
                take_down(site.state_dir)
                raise
        try:
            network.make_wire(site)
            lab = cls(site, record)
            for number in range(1, hosts + 1):
                lab._add_host(number)
            if tls:
                lab.use_tls()
        except BaseException:
            take_down(site.state_dir)
            raise
        return lab

    @staticmethod
    def _claim(site: Site) -> LabRecord:
        """Take the state directory and the name, or say who has them."""
        remedy = f"take it down with: osken-net lab down --state-dir {site.state_dir}"
        if (there := site.lab_record()) is not None:
            raise LabError(f"lab {there.name!r} is up already; {remedy}")
        if site.state_dir.is_dir() and any(site.state_dir.iterdir()):
            raise LabError(f"{site.state_dir} is not empty and not a lab's")
        if found := network.strangers(site):
            raise LabError(f"a lab {site.name!r} is up elsewhere on this machine: {' '.join(found)} exist")
        record = LabRecord(site.name, str(network.choose_subnet(network.machine_subnets())), boot_id())
        site.directory()
        site.claim(record)
        return record

    def _add_host(self, number: int) -> None:
        record = HostRecord(f"host{number}", str(self.subnet[10 + number]))
        self.site.record("host", record.name, record)
        namespace = network.make_namespace(self.site, record.name)
        network.attach_host(self.site, namespace, number, IPv4Interface(f"{record.address}/24"))
        host = Host(self.site, record, self.controller_address)
        host.ovs.bring_up()
        self.hosts[record.name] = host

    @classmethod
    def open(cls, name: str = DEFAULT_NAME, state_dir: Path | None = None) -> Self:
        """Give the lab that is up already.

        Raises LabError when there is none.
        """
        site = Site(name, (state_dir or default_state_dir(name)).absolute())
        record = site.lab_record()
        if record is None or record.boot_id != boot_id():
            raise LabError(f"no lab is up in {site.state_dir}")
        return cls(Site(record.name, site.state_dir), record)

    def down(self) -> None:
        """Take everything down."""
        take_down(self.site.state_dir)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()

    @property
    def _pki(self) -> Path:
        """Where the certificates are, if the lab speaks TLS."""
        return self.site.state_dir / "pki"

    # -- what is in it

    @property
    def vms(self) -> dict[str, Vm]:
        """The VMs that are plugged in, by name."""
        return {vm.name: vm for host in self.hosts.values() for vm in host.vms()}

    def vm(self, name: str) -> Vm:
        """Give a VM by its name."""
        try:
            return self.vms[name]
        except KeyError:
            raise LabError(f"no VM {name!r} in the lab; there are: {' '.join(self.vms) or 'none'}") from None

    def host(self, name: str) -> Host:
        """Give a host by its name."""
        try:
            return self.hosts[name]
        except KeyError:
            raise LabError(f"no host {name!r} in the lab; there are: {' '.join(self.hosts)}") from None

    def controller_config(self) -> str:
        """Give a configuration file for a controller of this lab; its state goes down with the lab."""
        state_dir = self.site.state_dir / "controller"
        sections = {
            "DEFAULT": f"state_dir = {state_dir}",
            "openflow": f"host = {self.controller_address}\n{self.tls_options()}",
            "ovsdb": f"host = {self.controller_address}\n{self.tls_options()}",
        }
        return "\n".join(f"[{section}]\n{line}\n" for section, line in sections.items())

    def connect(self, controller_port: int | None = 6653, manager_port: int | None = 6640) -> None:
        """Point every host at the controller."""
        for host in self.hosts.values():
            host.ovs.connect(controller_port, manager_port)

    def make_underlay(self) -> dict[str, str]:
        """Give every host an address on the wire, for tunnels between them; give these by host.

        Userspace tunnels need the address on a bridge of Open vSwitch that the NIC is in.
        """
        addresses = {}
        for number, (name, host) in enumerate(self.hosts.items(), 1):
            addresses[name] = str(UNDERLAY[number])
            host.lay_underlay(IPv4Interface(f"{addresses[name]}/{UNDERLAY.prefixlen}"))
        return addresses

    def use_tls(self) -> None:
        """Have hosts and controller speak TLS from the next `connect` and configuration on."""
        directory = self._pki
        for words in (["init"], ["controller", "lab"], *(["host", name] for name in self.hosts)):
            command = [sys.executable, "-m", "osken_apps.cli", "pki", "--directory", str(directory), *words]
            run(command)
        for host in self.hosts.values():
            base = directory / f"hostca-{host.ovs.host}"
            host.ovs.use_tls(Path(f"{base}.key"), Path(f"{base}.pem"), directory / "controllerca.pem")

    def tls_options(self) -> str:
        """Give the lines of the configuration that say how hosts are believed."""
        if not self._pki.is_dir():
            return "insecure = true"
        base = self._pki / "controllerca-lab"
        return (
            f"certificate = {base}.pem\nprivate_key = {base}.key\nca = {self._pki / 'hostca.pem'}\n"
            f"crl = {self._pki / 'crl.pem'}"
        )

    def disconnect(self) -> None:
        """Take the controller away from every host."""
        for host in self.hosts.values():
            host.ovs.disconnect()


def take_down(state_dir: Path) -> bool:
    """Take down the lab recorded in `state_dir`; False when there is none.

    Works from the records alone, and again if it was interrupted.
    """
    if not state_dir.is_dir():
        return False
    record = Site("nameless", state_dir).lab_record()
    if record is None:
        return False
    if record.boot_id == boot_id():
        require_root()
        _remove_things(Site(record.name, state_dir))
    _remove_files(state_dir)
    return True


def _remove_things(site: Site) -> None:
    """End the processes and remove the namespaces and interfaces."""
    for name in site.recorded("process"):
        if (process := processes.find(site, name)) is not None:
            process.send(signal.SIGKILL)
    for name in site.recorded("process"):
        processes.end_recorded(site, name)
    for name in site.recorded("interface"):
        network.remove_link(site, name)
    for name in site.recorded("namespace"):
        network.remove_namespace(site, name)


def _remove_files(state_dir: Path) -> None:
    """Remove the state directory, and in it last the file that says that there is a lab."""
    last = Site("nameless", state_dir).lab_path
    for path in state_dir.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path != last:
            path.unlink()
    last.unlink()
    with contextlib.suppress(OSError):
        state_dir.rmdir()
