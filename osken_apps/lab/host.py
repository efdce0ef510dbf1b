"""One host of the lab: a machine with Open vSwitch, libvirt, and the VMs plugged into it.

Owns plugging VMs of both kinds and finding those that are recorded; and what a power cut is.
"""

import re
import time
from ipaddress import IPv4Interface
from pathlib import Path

from osken_apps.lab.libvirt import Libvirt
from osken_apps.lab.machine import Machine
from osken_apps.lab.namespace_vm import NamespaceVm
from osken_apps.lab.open_vswitch import OpenVSwitch
from osken_apps.lab.plug import tap_name
from osken_apps.lab.qemu_vm import QemuVm
from osken_apps.lab.records import HostRecord, Site, VmRecord
from osken_apps.lab.shell import LabError

VM_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
MAC = re.compile(r"([0-9a-f]{2}:){5}[0-9a-f]{2}")

Vm = NamespaceVm | QemuVm


class Host(Machine):
    """A host of the lab that is up or being brought up; `ovs` is its Open vSwitch."""

    def __init__(self, site: Site, record: HostRecord, controller_address: str) -> None:
        super().__init__(site, record)
        self.controller_address = controller_address
        self.ovs = OpenVSwitch(self, controller_address)

    def plug(
        self,
        port_id: str,
        mac: str,
        name: str | None = None,
        *,
        external_ids: bool = True,
        tag: int | None = None,
    ) -> NamespaceVm:
        """Make a namespace VM and plug it into br-int.

        Without `external_ids` only the interface's name tells the port; `tag` is set by the plugger, as where
        there is no OVSDB session.
        """
        record = self._record_vm(name, port_id, mac, real=False)
        vm = NamespaceVm(record, self, self.ovs)
        try:
            vm.make(external_ids=external_ids, tag=tag)
        except BaseException:
            vm.unplug()
            raise
        return vm

    def boot(
        self,
        port_id: str,
        mac: str,
        name: str | None = None,
        *,
        external_ids: bool = True,
        tag: int | None = None,
        dhcp: bool = True,
        wait: bool = True,
        cache: Path | None = None,
    ) -> QemuVm:
        """Make a real VM, plug it into br-int and boot it.

        With `wait` return when its shell is there. Without `dhcp` it starts no DHCP client. `cache` is
        where the kernel is kept.
        """
        began = time.monotonic()
        vm = QemuVm(self._record_vm(name, port_id, mac, real=True), self, self.ovs)
        try:
            vm.make(external_ids=external_ids, tag=tag, dhcp=dhcp, cache=cache)
            if wait:
                vm.wait_booted()
        except BaseException:
            vm.unplug()
            raise
        vm.boot_time_s = time.monotonic() - began
        return vm

    def cut_power(self) -> None:
        """End all that runs on the host, and take its links down, at once."""
        self.set_links("down")
        self.end_all()

    def power_on(self) -> None:
        """Boot the host again after a power cut: its links and Open vSwitch, with what its database holds."""
        self.set_links("up")
        self.ovs.start_ovsdb()
        self.ovs.start_vswitchd()

    def lay_underlay(self, address: IPv4Interface) -> None:
        """Give the host an address on the wire, and say in its OVSDB that tunnels end there.

        Frames of machines, which have a VLAN there, do not come to that address. The NIC itself answers no
        ARP for it, as the kernel would: Open vSwitch 2.15 goes on to send to the MAC address heard first.
        """
        self.namespace.run(["sh", "-c", "echo 1 >/proc/sys/net/ipv4/conf/all/arp_ignore"])
        self.ovs.vsctl("set", "port", "br-eth2", "tag=0")
        self.namespace.ip("addr", "add", str(address), "dev", "br-eth2")
        self.namespace.ip("link", "set", "br-eth2", "up")
        self.ovs.vsctl("set", "Open_vSwitch", ".", f"other_config:local_ip={address.ip}")

    @property
    def libvirt(self) -> Libvirt:
        """The host's libvirt, running or not."""
        return Libvirt(self)

    def _record_vm(self, name: str | None, port_id: str, mac: str, *, real: bool) -> VmRecord:
        taken = [*self.site.recorded("vm"), *self.site.recorded("host")]
        if name is None:
            name = next(vm for n in range(1, len(taken) + 2) if (vm := f"vm{n}") not in taken)
        if not VM_NAME.fullmatch(name):
            raise LabError(f"VM name {name!r}: lower-case letters, digits and hyphens are wanted")
        if name in taken:
            raise LabError(f"{name} is in the lab already")
        if not MAC.fullmatch(mac.lower()):
            raise LabError(f"{mac!r} is not a MAC address")
        for there in self.site.vm_records():
            if there.host == self.name and tap_name(there.port_id) == tap_name(port_id):
                raise LabError(f"port {port_id} is plugged into {self.name} already, as {there.name}")
        record = VmRecord(name, self.name, port_id, mac.lower(), real)
        self.site.record("vm", name, record)
        return record

    def vms(self) -> list[Vm]:
        """Give the VMs plugged into this host."""
        return [self._vm(record) for record in self.site.vm_records() if record.host == self.name]

    def _vm(self, record: VmRecord) -> Vm:
        return (QemuVm if record.real else NamespaceVm)(record, self, self.ovs)
