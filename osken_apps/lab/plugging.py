"""Plugging an interface into br-int as Nova and libvirt do.

Owns the name of the tap and the external_ids that bind an interface to a port.
"""

from __future__ import annotations

import shutil

from osken_apps.lab import processes
from osken_apps.lab.open_vswitch import OvsHost
from osken_apps.lab.records import Site


def tap_name(port_id: str) -> str:
    """Return the name that Nova gives the interface of a port."""
    return f"tap{port_id[:11]}"


def plug_interface(
    host: OvsHost, tap: str, port_id: str, mac: str, *, external_ids: bool, tag: int | None
) -> None:
    """Add an interface of the host's namespace to br-int, in one transaction, and wait until it works."""
    host.namespace.ip("link", "set", tap, "up")
    words = ["--if-exists", "del-port", tap, "--", "add-port", "br-int", tap]
    if tag is not None:
        words.append(f"tag={tag}")
    if external_ids:
        names = {"iface-id": port_id, "attached-mac": mac, "iface-status": "active"}
        pairs = [f'external_ids:{name}="{value}"' for name, value in names.items()]
        words += ["--", "set", "Interface", tap, *pairs]
    host.vsctl(*words)


def unplug_interface(host: OvsHost, tap: str) -> None:
    """Take an interface off br-int and delete it."""
    host.vsctl("--if-exists", "del-port", "br-int", tap)
    host.namespace.ip("link", "del", "dev", tap, check=False)


def end_processes(site: Site, owner: str) -> None:
    """End every recorded process of a VM."""
    for name in site.recorded("process"):
        if name.startswith(f"{owner}."):
            processes.end_recorded(site, name)


def remove_vm_files(site: Site, name: str) -> None:
    """Forget a VM and drop its files."""
    shutil.rmtree(site.state_dir / "vms" / name, ignore_errors=True)
    site.forget("vm", name)
