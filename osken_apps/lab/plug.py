"""A plug on br-int, as Nova and libvirt make it.

Owns the name of the tap, and the external_ids that bind an interface to a port.
"""

from dataclasses import dataclass

from osken_apps.lab.machine import Machine
from osken_apps.lab.open_vswitch import OpenVSwitch


def tap_name(port_id: str) -> str:
    """Give the name that Nova gives the interface of a port."""
    return f"tap{port_id[:11]}"


@dataclass(frozen=True)
class Plug:
    """The interface of a port on br-int of a machine; who makes the device is not its business."""

    machine: Machine
    ovs: OpenVSwitch
    port_id: str
    mac: str

    @property
    def interface(self) -> str:
        """The name of the interface."""
        return tap_name(self.port_id)

    def put_in(self, *, external_ids: bool, tag: int | None) -> None:
        """Add the interface to br-int, in one transaction, and wait until it works."""
        self.machine.namespace.ip("link", "set", self.interface, "up")
        words = ["--if-exists", "del-port", self.interface, "--", "add-port", "br-int", self.interface]
        if tag is not None:
            words.append(f"tag={tag}")
        if external_ids:
            names = {"iface-id": self.port_id, "attached-mac": self.mac, "iface-status": "active"}
            pairs = [f'external_ids:{name}="{value}"' for name, value in names.items()]
            words += ["--", "set", "Interface", self.interface, *pairs]
        self.ovs.vsctl(*words)

    def take_out(self) -> None:
        """Take the interface off br-int and delete it."""
        self.ovs.vsctl("--if-exists", "del-port", "br-int", self.interface)
        self.machine.namespace.ip("link", "del", "dev", self.interface, check=False)
