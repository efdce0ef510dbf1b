"""What VMs of both kinds have in common: a plug on br-int, as Nova and libvirt make it.

Owns the name of the tap, and the external_ids that bind an interface to a port.
"""

import re
import shutil
from dataclasses import dataclass

from osken_apps.lab import processes
from osken_apps.lab.open_vswitch import OvsHost
from osken_apps.lab.records import Site, VmRecord

PING_COUNTS = re.compile(r"(\d+) packets transmitted, (\d+) (?:packets )?received")


@dataclass(frozen=True)
class PingResult:
    """What ping(8) counted, and all it said."""

    sent: int
    received: int
    text: str

    @property
    def ok(self) -> bool:
        """Whether every echo was answered."""
        return self.sent > 0 and self.received == self.sent


def parse_ping(text: str) -> PingResult:
    """Read ping's summary, of iputils or of busybox."""
    found = PING_COUNTS.search(text)
    return PingResult(int(found[1]), int(found[2]), text) if found else PingResult(0, 0, text)


def tap_name(port_id: str) -> str:
    """Give the name that Nova gives the interface of a port."""
    return f"tap{port_id[:11]}"


class PluggedVm:
    """A VM with one interface on br-int of a host."""

    def __init__(self, site: Site, record: VmRecord, host: OvsHost) -> None:
        self.site = site
        self.name = record.name
        self.port_id = record.port_id
        self.mac = record.mac
        self.real = record.real
        self.host = host
        self.tap = tap_name(record.port_id)

    def __repr__(self) -> str:
        return f"<{self.name} on {self.host.name}: {self.mac} at {self.tap}>"

    def plug_interface(self, *, external_ids: bool, tag: int | None) -> None:
        """Add the tap to br-int, in one transaction, and wait until it works."""
        self.host.namespace.ip("link", "set", self.tap, "up")
        words = ["--if-exists", "del-port", self.tap, "--", "add-port", "br-int", self.tap]
        if tag is not None:
            words.append(f"tag={tag}")
        if external_ids:
            names = {"iface-id": self.port_id, "attached-mac": self.mac, "iface-status": "active"}
            pairs = [f'external_ids:{name}="{value}"' for name, value in names.items()]
            words += ["--", "set", "Interface", self.tap, *pairs]
        self.host.vsctl(*words)

    def unplug_interface(self) -> None:
        """Take the tap off br-int and delete it."""
        self.host.vsctl("--if-exists", "del-port", "br-int", self.tap)
        self.host.namespace.ip("link", "del", "dev", self.tap, check=False)

    def end_processes(self) -> None:
        """End every recorded process of the VM."""
        for name in self.site.recorded("process"):
            if name.startswith(f"{self.name}."):
                processes.end_recorded(self.site, name)

    def forget(self) -> None:
        """Drop the VM's files and its record."""
        shutil.rmtree(self.site.state_dir / "vms" / self.name, ignore_errors=True)
        self.site.forget("vm", self.name)
