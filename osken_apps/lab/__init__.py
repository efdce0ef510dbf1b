"""A lab: hosts with Open vSwitch, one wire and VMs, on one machine.

Owns everything that stands in for the real data centre. Uses the standard library and the machine's own tools
only, and must not know the controller.
"""

from osken_apps.lab.dhcp_clients import Dhclient, DhcpEvent, Udhcpc
from osken_apps.lab.host import Host, Vm
from osken_apps.lab.lab import Lab, default_state_dir, take_down
from osken_apps.lab.libvirt import Domain, Libvirt, Migration
from osken_apps.lab.namespace_vm import NamespaceVm
from osken_apps.lab.ping import PingResult
from osken_apps.lab.qemu_vm import QemuVm
from osken_apps.lab.shell import PATIENCE_S, LabError, wait_until

__all__ = [
    "PATIENCE_S",
    "Dhclient",
    "DhcpEvent",
    "Domain",
    "Host",
    "Lab",
    "LabError",
    "Libvirt",
    "Migration",
    "NamespaceVm",
    "PingResult",
    "QemuVm",
    "Udhcpc",
    "Vm",
    "default_state_dir",
    "take_down",
    "wait_until",
]
