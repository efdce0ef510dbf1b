"""README's users and credentials, typed as they are printed; the commands before them are in tests/e2e."""

import os
import ssl
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from tests.documents import blocks, with_values
from tests.ports import reserved
from tests.rest.server import running, write_config

STATE_DIR = "/var/lib/osken-net"


def typed(text: str, directory: Path) -> str:
    """Type commands into a shell in a directory; give what they print."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OS_")}
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", text],
        cwd=directory,
        env=clean | {"PATH": f"{directory}:{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def installed(directory: Path) -> None:
    """Put an `osken-net` there that finds its configuration there, too."""
    command = directory / "osken-net"
    real = Path(sys.executable).with_name("osken-net")
    command.write_text(f'#!/bin/sh\nexec {real} "$@" --config-file {directory}/osken-net.conf\n')
    command.chmod(0o755)


def test_users_and_credentials_over_https(tmp_path: Path) -> None:
    *_, first, users = blocks("README.md", "Securing it")[:3]
    (first,) = [line for line in first.splitlines() if "admin-openrc" in line]
    pki = f"{Path(sys.executable).with_name('osken-net')} pki --directory {tmp_path}/pki"
    section = typed(f"{pki} init >init\n{pki} api 127.0.0.1", tmp_path).removeprefix("[api]\n")
    installed(tmp_path)
    context = ssl.create_default_context(cafile=tmp_path / "pki/api-127.0.0.1.pem")
    with ExitStack() as stack:
        (port,) = stack.enter_context(reserved(1))
        config_file = write_config(tmp_path, f"{section}port = {port}\n")
        server = stack.enter_context(running(config_file, context=context, port=port))
        assert server.call("GET", "/healthz").status == 200
        here = {STATE_DIR: str(tmp_path)}
        typed(f"{with_values(first, here)}\nopenstack network create net1", tmp_path)
        said = typed(with_values(users, {"192.0.2.10:9696": f"127.0.0.1:{port}"}), tmp_path)
    assert said.count("of-demo") == 3
