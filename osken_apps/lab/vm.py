"""A VM of the lab: what is recorded of it, the host that it is on, and its plug there."""

import shutil

from osken_apps.lab import processes
from osken_apps.lab.machine import Machine
from osken_apps.lab.open_vswitch import OpenVSwitch
from osken_apps.lab.plug import Plug
from osken_apps.lab.records import VmRecord


class PluggedVm:
    """A VM with one interface on br-int of a host."""

    def __init__(self, record: VmRecord, host: Machine, ovs: OpenVSwitch) -> None:
        self.site = host.site
        self.name = record.name
        self.port_id = record.port_id
        self.mac = record.mac
        self.host = host
        self.plug = Plug(host, ovs, record.port_id, record.mac)

    def __repr__(self) -> str:
        return f"<{self.name} on {self.host.name}: {self.mac} at {self.tap}>"

    @property
    def tap(self) -> str:
        """The name of its interface on br-int."""
        return self.plug.interface

    def end_processes(self) -> None:
        """End every recorded process of the VM."""
        for name in self.site.recorded("process"):
            if name.startswith(f"{self.name}."):
                processes.end_recorded(self.site, name)

    def forget(self) -> None:
        """Drop the VM's files and its record."""
        shutil.rmtree(self.site.state_dir / "vms" / self.name, ignore_errors=True)
        self.site.forget("vm", self.name)
