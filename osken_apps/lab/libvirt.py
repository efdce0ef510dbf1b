"""Real libvirt on a host of the lab: a libvirtd of its own, its domains, and live migration between hosts.

Owns what lets a libvirtd believe that it is alone on a machine: it has a host name of its own, and in its
mount namespace /run, /var and /etc/libvirt are the host's own. Domains run under qemu without KVM and boot
the lab's guest; libvirt itself plugs them. All of it ends with the host's namespace. Must not set flows or
tags.
"""

import shutil
import subprocess
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from osken_apps.lab import guest, processes
from osken_apps.lab.console_vm import ConsoleVm
from osken_apps.lab.machine import Machine
from osken_apps.lab.qemu_vm import KERNEL_COMMAND_LINE, MEMORY_MIB
from osken_apps.lab.shell import PATIENCE_S, LabError, run, wait_until

START_TIMEOUT_S = 180.0  # the first start ever asks qemu for all that it can do; that is kept in the cache
MIGRATION_TIMEOUT_S = 240.0
FOLDERS = (
    *("run/libvirt", "run/openvswitch", "etc/libvirt"),
    *("var/lib/libvirt", "var/log/libvirt", "var/cache/libvirt", "var/tmp"),
)

#: $1 is the host's name, $2 its directory of libvirt, $3 that of Open vSwitch, $4 the cache; the rest is the
#: daemon.
MOUNT_AND_EXEC = """
set -e
hostname "$1"
own=$2 ovs=$3 cache=$4; shift 4
mount --bind "$ovs" "$own/run/openvswitch"
mount --bind "$cache" "$own/var/cache/libvirt"
for file in passwd group libvirt; do mount --bind "$own/etc/$file" "/etc/$file"; done
mount --rbind "$own/var" /var
mount --rbind "$own/run" /run
exec "$@"
"""

#: The user that Debian's qemu driver wants to find although nothing runs as it.
USER = "libvirt-qemu:x:64055:64055::/nonexistent:/usr/sbin/nologin\n"
GROUPS = "libvirt-qemu:x:64055:\nkvm:x:64056:\n"

DAEMON = """listen_tls = 0
listen_tcp = 1
listen_addr = "{address}"
auth_tcp = "none"
auth_unix_rw = "none"
unix_sock_group = "root"
host_uuid = "{host_uuid}"
"""

QEMU = """user = "root"
group = "root"
dynamic_ownership = 0
security_driver = "none"
cgroup_controllers = []
namespaces = []
stdio_handler = "file"
migration_host = "{address}"
migration_address = "{address}"
"""

#: {vlan} is empty or the element that plugs the interface with a tag.
DOMAIN = """<domain type='qemu'>
  <name>{name}</name>
  <memory unit='MiB'>{memory_mib}</memory>
  <os>
    <type arch='x86_64'>hvm</type>
    <kernel>{kernel}</kernel>
    <initrd>{initramfs}</initrd>
    <cmdline>{words}</cmdline>
  </os>
  <devices>
    <interface type='bridge'>
      <mac address='{mac}'/>
      <source bridge='br-int'/>
      {vlan}
      <virtualport type='openvswitch'><parameters interfaceid='{port_id}'/></virtualport>
      <model type='virtio'/>
    </interface>
    <serial type='unix'>
      <source mode='bind' path='/run/libvirt/{name}/console.sock'/>
      <log file='/run/libvirt/{name}/console.log' append='on'/>
    </serial>
    <memballoon model='none'/>
  </devices>
</domain>
"""


@dataclass(frozen=True)
class Libvirt:
    """libvirtd on one host."""

    host: Machine

    @property
    def directory(self) -> Path:
        """Where it keeps all of its own."""
        return self.host.site.directory("hosts", self.host.name, "libvirt")

    @property
    def _process_name(self) -> str:
        return f"{self.host.name}.libvirtd"

    @property
    def uri(self) -> str:
        """Where other hosts reach this libvirt."""
        return f"qemu+tcp://{self.host.address}/system"

    def is_running(self) -> bool:
        """Tell whether libvirtd is there."""
        process = processes.find(self.host.site, self._process_name)
        return process is not None and process.is_running()

    def start(self) -> None:
        """Start libvirtd, if it does not run yet, and wait until it can run domains."""
        if self.is_running():
            return
        self._lay_out()
        cache = guest.default_cache_dir().with_name("libvirt")
        cache.mkdir(parents=True, exist_ok=True)
        places = [self.host.name, str(self.directory), str(self.host.directory), str(cache)]
        daemon = ["libvirtd", "--listen", "--pid-file", "/run/libvirt/libvirtd.pid"]
        own_name = ["unshare", "--uts", "sh", "-c", MOUNT_AND_EXEC, "sh"]
        command = self.host.namespace.command([*own_name, *places, *daemon])
        processes.start(self.host.site, self._process_name, command, self.directory / "libvirtd.log")
        wait_until(self._answers, START_TIMEOUT_S, f"libvirtd of {self.host.name}")

    def _lay_out(self) -> None:
        """Make the directories that take the places of the system's, and the configuration."""
        for folder in FOLDERS:
            (self.directory / folder).mkdir(parents=True, exist_ok=True)
        for name, target in (("run", "/run"), ("lock", "/run/lock")):
            link = self.directory / "var" / name
            if not link.is_symlink():
                link.symlink_to(target)
        etc, address = self.directory / "etc", self.host.address
        host_uuid = uuid.uuid5(uuid.NAMESPACE_DNS, f"{self.host.name}.libvirt.osken-lab")
        (etc / "passwd").write_text(Path("/etc/passwd").read_text() + USER)
        (etc / "group").write_text(Path("/etc/group").read_text() + GROUPS)
        (etc / "libvirt/libvirtd.conf").write_text(DAEMON.format(address=address, host_uuid=host_uuid))
        (etc / "libvirt/qemu.conf").write_text(QEMU.format(address=address))

    def _answers(self) -> bool:
        if not self.is_running():
            log = (self.directory / "libvirtd.log").read_text(errors="replace")
            raise LabError(f"libvirtd of {self.host.name} ended: {log[-1000:].strip()}")
        return self.virsh("version", check=False).returncode == 0

    def command(self, argv: Sequence[str]) -> list[str]:
        """Give the command that runs `argv` on the host where it sees this libvirt."""
        process = processes.find(self.host.site, self._process_name)
        if process is None or not process.is_running():
            raise LabError(f"libvirtd of {self.host.name} does not run")
        return ["nsenter", "--target", str(process.pid), "--mount", "--net", "--uts", "--", *argv]

    def virsh(
        self, *args: str, check: bool = True, timeout_s: float = PATIENCE_S
    ) -> subprocess.CompletedProcess[str]:
        """Run virsh(1) on the host."""
        return run(self.command(["virsh", *args]), check=check, timeout_s=timeout_s)

    def console_directory(self, domain: str) -> Path:
        """Give where a domain's console is while it is here."""
        return self.directory / "run/libvirt" / domain

    def launch(self, port_id: str, mac: str, name: str, *, tag: int | None = None) -> "Domain":
        """Define and start a domain with an interface that is a port, and wait for nothing.

        `tag` is the one that libvirt plugs the interface with.
        """
        shutil.rmtree(self.console_directory(name), ignore_errors=True)  # what another of its name has said
        self.console_directory(name).mkdir()
        path = self.directory / f"{name}.xml"
        path.write_text(domain_xml(guest.guest(), port_id, mac, name, tag))
        self.virsh("create", str(path))
        return Domain(name, port_id, mac, self)


def domain_xml(images: guest.Guest, port_id: str, mac: str, name: str, tag: int | None = None) -> str:
    """Give the XML of a domain that boots the lab's guest and takes a lease."""
    return DOMAIN.format(
        name=name,
        memory_mib=MEMORY_MIB,
        kernel=images.kernel,
        initramfs=images.initramfs,
        words=f"{KERNEL_COMMAND_LINE} osken.dhcp=1",
        mac=mac,
        port_id=port_id,
        vlan="" if tag is None else f"<vlan><tag id='{tag}'/></vlan>",
    )


class Domain(ConsoleVm):
    """A machine of libvirt; `libvirt` is where it runs now."""

    def __init__(self, name: str, port_id: str, mac: str, libvirt: Libvirt) -> None:
        self.name = name
        self.port_id = port_id
        self.mac = mac
        self.libvirt = libvirt
        self._been_at = [libvirt]

    def __repr__(self) -> str:
        return f"<domain {self.name} on {self.libvirt.host.name}>"

    @property
    def console_directory(self) -> Path:
        """Where the console is now; it moves with the domain."""
        return self.libvirt.console_directory(self.name)

    @property
    def console_text(self) -> str:
        """All that the console has shown, on every host that the domain was on."""
        logs = [libvirt.console_directory(self.name) / "console.log" for libvirt in self._been_at]
        return "".join(log.read_text(errors="replace") for log in logs if log.exists()).replace("\r\n", "\n")

    def complaint(self) -> str | None:
        """Say in which state libvirt has the domain; None while it runs."""
        shown = self.libvirt.virsh("domstate", self.name, check=False)
        state = (shown.stdout or shown.stderr).strip()
        return None if state == "running" else state

    def interface(self) -> str:
        """Give the name of the interface on its host's br-int."""
        for line in self.libvirt.virsh("domiflist", self.name).stdout.splitlines():
            if self.mac in line:
                return line.split()[0]
        raise LabError(f"{self!r} has no interface with the MAC address {self.mac}")

    def migrate(self, destination: Libvirt, bandwidth_mib_s: int | None = None) -> "Migration":
        """Begin to migrate live, at that many MiB/s at most; the copy begins after the interface is there."""
        destination.console_directory(self.name).mkdir(exist_ok=True)
        limit = [] if bandwidth_mib_s is None else ["--bandwidth", str(bandwidth_mib_s)]
        command = self.libvirt.command(["virsh", "migrate", "--live", *limit, self.name, destination.uri])
        return Migration(self, destination, command)

    def moved(self, destination: Libvirt) -> None:
        """Take note that the domain runs on another host now."""
        self.libvirt = destination
        if destination not in self._been_at:
            self._been_at.append(destination)

    def destroy(self) -> None:
        """Switch the domain off as by pulling the plug; libvirt unplugs its interface."""
        self.libvirt.virsh("destroy", self.name)


class Migration:
    """A live migration that has begun."""

    def __init__(self, domain: Domain, destination: Libvirt, command: Sequence[str]) -> None:
        self._domain = domain
        self._destination = destination
        self._name = f"{domain.libvirt.host.name}.migration-{domain.name}"
        self._status = domain.libvirt.directory / f"{self._name}.status"
        self._log = self._status.with_suffix(".log")
        for path in (self._status, self._log):
            path.unlink(missing_ok=True)
        site = domain.libvirt.host.site
        script = '"$@"; echo $? >"$0.new" && mv "$0.new" "$0"'
        processes.start(site, self._name, ["sh", "-c", script, str(self._status), *command], self._log)

    def is_over(self) -> bool:
        """Tell whether the migration has come to its end, good or bad."""
        return self._status.exists()

    def wait_copying(self, timeout_s: float = PATIENCE_S) -> None:
        """Wait until memory is being copied: the destination has its interface then."""
        wait_until(self._copied_octets, timeout_s, "the copy to begin")

    def _copied_octets(self) -> int:
        if self.is_over():
            raise LabError(f"the migration of {self._domain!r} is over: {self._log.read_text().strip()}")
        shown = self._domain.libvirt.virsh("domjobinfo", "--rawstats", self._domain.name, check=False).stdout
        found = [line.split(":")[1] for line in shown.splitlines() if line.startswith("memory_processed:")]
        return int(found[0]) if found else 0

    def wait(self, timeout_s: float = MIGRATION_TIMEOUT_S) -> None:
        """Wait until the domain runs at its destination. Raises LabError when it stayed."""
        wait_until(self.is_over, timeout_s, f"the migration of {self._domain!r}")
        if self._status.read_text().strip() != "0":
            raise LabError(f"the migration of {self._domain!r} failed: {self._log.read_text().strip()}")
        self._domain.moved(self._destination)

    def cancel(self, timeout_s: float = PATIENCE_S) -> None:
        """Call the migration off, and wait until that is done; the domain stays where it is."""
        self._domain.libvirt.virsh("domjobabort", self._domain.name)
        wait_until(self.is_over, timeout_s, f"the end of the migration of {self._domain!r}")
