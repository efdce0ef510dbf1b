"""README's "Securing it", typed as it is printed: from nothing to TLS everywhere, and users."""

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from osken_apps.lab import PATIENCE_S, Lab, wait_until
from tests.documents import blocks, with_values
from tests.slot import lab_name

SSH = '#!/bin/sh\n[ "$1" = root@host1 ] || exit 255\nshift\nexec {command} "$@"\n'
#: What stands for the command: its files are where the test has them.
COMMAND = """#!/bin/sh
case "$1" in
    pki) shift; exec {real} pki --directory {directory}/etc/pki "$@" ;;
    host-setup) exec {real} "$@" ;;
    *) exec {real} "$@" --config-file {directory}/etc/osken-net.conf ;;
esac
"""


class Terminal:
    """A directory whose commands come first, and what is typed there."""

    def __init__(self, directory: Path, lab: Lab) -> None:
        self.directory = directory
        host = lab.hosts["host1"]
        settings = [f"{name}={value}" for name, value in host.env.items()]
        self._has("ssh", SSH.format(command=shlex.join(host.namespace.command(["env", *settings]))))
        real = Path(sys.executable).with_name("osken-net")
        self._has("osken-net", COMMAND.format(real=real, directory=directory))
        self._has("sudo", '#!/bin/sh\nexec "$@"\n')
        clean = {name: value for name, value in os.environ.items() if not name.startswith("OS_")}
        path = f"{directory}:{Path(sys.executable).parent}:{os.environ['PATH']}"
        self.environment = clean | {"PATH": path, "USER": "root"}

    def _has(self, name: str, script: str) -> None:
        (self.directory / name).write_text(script)
        (self.directory / name).chmod(0o755)

    def type(self, text: str) -> str:
        """Type commands; give what they print."""
        command = ["bash", "-e", "-o", "pipefail", "-c", text]
        done = subprocess.run(
            command,
            cwd=self.directory,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, text: str, log: Path) -> "subprocess.Popen[bytes]":
        """Type a command that goes on."""
        with log.open("wb") as file:
            return subprocess.Popen(["bash", "-c", f"exec {text}"], env=self.environment, stderr=file)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with Lab.up(lab_name("e2esec"), hosts=1, state_dir=tmp_path / "lab") as made:
        made.hosts["host1"].ovs.vsctl("del-br", "br-int", "--", "del-br", "br-eth2")
        yield made


def test_from_nothing_to_tls_everywhere_with_users(lab: Lab, tmp_path: Path) -> None:
    terminal, there = Terminal(tmp_path, lab), {"192.0.2.10": lab.controller_address}
    etc, state = {"/etc/osken-net": f"{tmp_path}/etc"}, {"/var/lib/osken-net": f"{tmp_path}/state"}
    here, other, users = blocks("README.md", "Securing it")[:3]
    make, *commands, check, run = with_values(here, there | etc | state).splitlines()
    assert (make, check, run) == ("make setup && . .venv/bin/activate", "osken-net check", "osken-net run")
    terminal.type("\n".join(commands))
    file = tmp_path / "etc/osken-net.conf"
    file.write_text(f"[DEFAULT]\nstate_dir = {tmp_path}/state\n{file.read_text()}")  # which has a default
    assert "mend" not in terminal.type(check)
    controller = terminal.start(run, log := tmp_path / "log")
    try:
        wait_until(
            lambda: "lets in" in log.read_text() or "admin-openrc" in log.read_text(), PATIENCE_S, "users"
        )
        (keys := tmp_path / "keys").mkdir()  # a host of the lab has the machine's own /etc
        values = (
            there
            | state
            | {
                ". .venv/bin/activate": "",
                "--script": f"--script | sed 's#/etc/openvswitch#{keys}#g'",
                "--tls": "--tls --datapath-type netdev",
            }
        )
        assert terminal.type(with_values(other, values)) == "net1\n"
        agents = f". {tmp_path}/state/admin-openrc; openstack network agent list -f value -c Host -c Alive"
        wait_until(lambda: terminal.type(agents) == "host1 True\n", PATIENCE_S, "the host")
        assert terminal.type(check).count("the controller runs") == 3
        first = f". {tmp_path}/state/admin-openrc\n"
        assert terminal.type(first + with_values(users, there)).count("of-demo") == 3
    finally:
        controller.send_signal(signal.SIGTERM)
        assert controller.wait(PATIENCE_S) == 0
