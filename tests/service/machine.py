"""A bare Debian with systemd as its first process and no network but its own loopback. SHELL.

It is a container of systemd-nspawn's. On a host whose own cgroups are old it still gets the new ones.
"""

import os
import platform
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Self

from osken_apps.lab import wait_until

#: That of this machine, for whose Python the package is.
RELEASE = platform.freedesktop_os_release()["VERSION_CODENAME"]
PACKAGES = "systemd,systemd-sysv,dbus,init-system-helpers,python3,adduser,ca-certificates,procps,iproute2"
BOOT_S = 60.0
STOP_S = 30.0
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8"}


def bare_debian(place: Path) -> Path:
    """Give a directory with a bare Debian, which is taken from a mirror if it is not there yet."""
    if not place.exists():
        new = place.with_name(f"{place.name}.new")
        shutil.rmtree(new, ignore_errors=True)
        command = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", RELEASE, str(new)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        new.rename(place)
    return place


class Machine:
    """A machine that runs until it is stopped."""

    def __init__(self, debian: Path, root: Path) -> None:
        """Boot a copy of a Debian, which is made at `root`."""
        subprocess.run(["cp", "-a", "--reflink=auto", str(debian), str(root)], check=True)
        self.root = root
        self._console = (root.parent / "console").open("wb")
        self._container = subprocess.Popen(
            [
                *("setpriv", "--pdeathsig", "TERM"),  # it ends with us, however we end
                *("systemd-nspawn", "--quiet", "--boot", "--private-network", "--register=no", "--keep-unit"),
                *("--console=pipe", "-D", str(root)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=self._console,
            stderr=subprocess.STDOUT,
            env=os.environ | {"UNIFIED_CGROUP_HIERARCHY": "1"},
        )
        self._init = 0
        wait_until(self._has_booted, BOOT_S, f"systemd in {root}")

    def try_to(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in it, as root."""
        enter = ["nsenter", "--target", str(self._init), "--all", "--", "env", "-i"]
        settings = [f"{name}={value}" for name, value in ENVIRONMENT.items()]
        return subprocess.run(
            [*enter, *settings, *command], capture_output=True, text=True, timeout=120, check=False
        )

    def run(self, *command: str) -> str:
        """Run a command that must succeed; give what it prints."""
        done = self.try_to(*command)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def shell(self, script: str) -> str:
        """Run a script of bash that must succeed; give what it prints."""
        return self.run("bash", "-euo", "pipefail", "-c", script)

    def names(self, directory: str) -> list[str]:
        """Give what is in a directory."""
        return self.run("ls", "-A", directory).split()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Shut it down, and remove it."""
        self.stop()

    def stop(self) -> None:
        """Shut it down, and remove it."""
        self._container.send_signal(signal.SIGTERM)
        try:
            self._container.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._container.kill()
            self._container.wait()
        self._console.close()
        subprocess.run(["rm", "-rf", "--one-file-system", str(self.root)], check=True)

    def _has_booted(self) -> bool:
        assert self._container.poll() is None, Path(self._console.name).read_text(errors="replace")
        children = Path(f"/proc/{self._container.pid}/task/{self._container.pid}/children").read_text()
        if not children:
            return False
        self._init = int(children.split()[0])
        return self.try_to("systemctl", "is-system-running").stdout.strip() == "running"
