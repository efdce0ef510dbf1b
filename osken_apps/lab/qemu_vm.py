"""A real VM: a kernel of its own under qemu, without KVM, with a tap on br-int as Nova makes it.

Owns the qemu process and its tap. What is done inside goes over the console.
"""

from pathlib import Path

from osken_apps.lab import guest, processes
from osken_apps.lab.console_vm import ConsoleVm
from osken_apps.lab.vm import PluggedVm

MEMORY_MIB = 96
KERNEL_COMMAND_LINE = "console=ttyS0 quiet loglevel=3 panic=-1 tsc=reliable no_timer_check mitigations=off"


class QemuVm(PluggedVm, ConsoleVm):
    """A real VM that is plugged into br-int of a host."""

    boot_time_s: float | None = None

    @property
    def directory(self) -> Path:
        """Where the VM's files are."""
        return self.site.directory("vms", self.name)

    @property
    def console_directory(self) -> Path:
        """Where the console's socket and log are: the VM's directory."""
        return self.directory

    def complaint(self) -> str | None:
        """Say what qemu said when it ended; None while it runs."""
        process = processes.find(self.site, self._process_name)
        if process is not None and process.is_running():
            return None
        return (self.directory / "qemu.log").read_text(errors="replace")

    @property
    def _process_name(self) -> str:
        return f"{self.name}.qemu"

    # -- making and unmaking

    def make(
        self,
        *,
        external_ids: bool = True,
        tag: int | None = None,
        dhcp: bool = True,
        cache: Path | None = None,
    ) -> None:
        """Make the tap, plug it into br-int and start the VM; it boots on its own from here."""
        images = guest.guest(cache)
        self.host.namespace.ip("tuntap", "add", "dev", self.tap, "mode", "tap")
        self.plug.put_in(external_ids=external_ids, tag=tag)
        command = self.host.namespace.command(self._qemu(images, dhcp))
        processes.start(self.site, self._process_name, command, self.directory / "qemu.log")

    def _qemu(self, images: guest.Guest, dhcp: bool) -> list[str]:
        """Give qemu's command line; its relative paths are in the VM's directory."""
        console = "socket,id=console,path=console.sock,server=on,wait=off,logfile=console.log"
        card = f"virtio-net-pci,netdev=net,mac={self.mac},romfile="
        tap = f"tap,id=net,ifname={self.tap},script=no,downscript=no,vnet_hdr=off"
        words = f"{KERNEL_COMMAND_LINE} osken.dhcp={int(dhcp)}"
        return [
            *("qemu-system-x86_64", "-name", f"{self.site.prefix}{self.name}", "-accel", "tcg"),
            *("-m", str(MEMORY_MIB), "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"),
            *("-kernel", str(images.kernel), "-initrd", str(images.initramfs), "-append", words),
            *("-chardev", console, "-serial", "chardev:console", "-netdev", tap, "-device", card),
        ]

    def unplug(self) -> None:
        """Switch the VM off and take it from br-int and away altogether."""
        self.end_processes()
        self.plug.take_out()
        self.forget()
