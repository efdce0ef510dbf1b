"""Where is listened: addresses that are there, not yet, or cannot be looked up."""

import errno
import shutil
import socket
import subprocess
import sys

import pytest

from osken_apps.apps.binding import is_early, listen
from osken_apps.cli import main
from osken_apps.config import Endpoint
from osken_apps.errors import ConfigurationError, NotNow

HAS_NAMESPACES = shutil.which("unshare") and not subprocess.run(["unshare", "-rn", "true"]).returncode
LATE = """
import socket, subprocess, sys
from osken_apps.apps.binding import is_early, listen
from osken_apps.config import Endpoint
address = sys.argv[1]
subprocess.run("ip link set lo up".split(), check=True)
with listen("[api]", Endpoint(address, 9696)) as listener:
    assert is_early(listener)
    subprocess.run(f"ip address add {address} dev lo".split(), check=True)
    with socket.create_connection((address, 9696)) as client:
        served, _ = listener.accept()
        served.close()
"""


@pytest.mark.skipif(not HAS_NAMESPACES, reason="there are no network namespaces here")
@pytest.mark.parametrize("address", ["192.0.2.10", "2001:db8::10"])
def test_an_address_that_comes_later_is_listened_at(address: str) -> None:
    subprocess.run(["unshare", "-rn", sys.executable, "-c", LATE, address], check=True)


def test_an_address_that_is_there_is_not_early_and_one_that_is_taken_is_an_error() -> None:
    with listen("[ovsdb]", Endpoint("127.0.0.1", 0)) as taken:
        assert not is_early(taken)
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"port={port}: Address already in use") as refused:
            listen("[ovsdb]", Endpoint("127.0.0.1", port))
        assert not isinstance(refused.value, NotNow)
        assert getattr(refused.value.__cause__, "errno", 0) == errno.EADDRINUSE


@pytest.mark.parametrize(("code", "status"), [(socket.EAI_AGAIN, 1), (socket.EAI_NONAME, 2)])
def test_a_name_that_may_be_known_later_is_worth_another_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], code: int, status: int
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(code, "no such name")

    def run(_config_file: object) -> None:
        listen("[openflow]", Endpoint("controller.example", 6653))

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    monkeypatch.setattr("osken_apps.config.load", run)
    assert main(["run"]) == status
    assert capsys.readouterr().err == (
        "osken-net: [openflow] host=controller.example port=6653: no such name\n"
    )
