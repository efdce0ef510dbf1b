"""README and docs/plug-a-vm.md, typed as they are printed, on a host that has only Open vSwitch."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from osken_apps.lab import PATIENCE_S, Host, Lab, guest
from osken_apps.lab.controller import LabController
from osken_apps.lab.libvirt import Domain, domain_xml
from tests.documents import TOP, blocks, with_values
from tests.e2e.conftest import API_PORT, World
from tests.slot import lab_name

PLUG_A_VM = "docs/plug-a-vm.md"
DEAD_TAG = 4095

#: What stands for ssh: enters the host's namespace, with the tools of the host's Open vSwitch.
SSH = """#!/bin/sh
[ "$1" = root@host1 ] || exit 255
shift
exec {command} "$@"
"""


def typed(text: str, directory: Path, **environment: str) -> str:
    """Type commands into a shell at the top of the project; give what they print."""
    path = f"{directory}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", text],
        cwd=TOP,
        env=os.environ | {"PATH": path} | environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def on_host(host: Host, text: str) -> str:
    """Type commands on a host; give what they print."""
    return host.run(["bash", "-e", "-c", text]).stdout


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with Lab.up(lab_name("e2edo"), hosts=1, state_dir=tmp_path_factory.mktemp("lab")) as lab:
        world = World(lab, LabController(lab, API_PORT + 3))
        world.controller.start()
        yield world
        world.controller.stop()


@pytest.fixture(scope="module")
def ready(world: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Make the host ready as README has it, from nothing."""
    host, directory = world.host(1), tmp_path_factory.mktemp("bin")
    host.ovs.vsctl("del-br", "br-int", "--", "del-br", "br-eth2")
    settings = [f"{name}={value}" for name, value in host.env.items()]
    ssh = directory / "ssh"
    ssh.write_text(SSH.format(command=shlex.join(host.namespace.command(["env", *settings]))))
    ssh.chmod(0o755)
    (commands,) = [block for block in blocks("README.md", "Your own hosts") if "host-setup" in block]
    values = {
        ". .venv/bin/activate": "osken-net --version",  # what runs these tests is active already
        "192.0.2.10": host.controller_address,
        "| ssh": "--datapath-type netdev | ssh",
    }
    said = typed(with_values(commands, values), directory)
    assert said.endswith("host1: nothing is missing\n")
    (commands,) = [block for block in blocks("README.md", "Your own hosts") if "network create" in block]
    typed(with_values(commands, {"http://127.0.0.1:9696": f"http://127.0.0.1:{world.api.port}"}), directory)
    return world


@pytest.fixture
def port(ready: World) -> Iterator[dict[str, str]]:
    """Make a port of the network that README makes."""
    network = ready.api.list("network", "name=net1")[0]
    port = ready.port(network)
    yield port
    ready.api.delete("port", port["id"])


def test_the_readme_leads_to_a_port(ready: World) -> None:
    (port,) = ready.api.list("port", "name=vm1")
    assert port["fixed_ips"][0]["ip_address"] == "10.10.10.2"


def test_by_hand(ready: World, port: dict[str, str]) -> None:
    host = ready.host(1)
    block, unplug = blocks(PLUG_A_VM, "By hand")
    on_host(host, with_values(block, {"PORT_ID": port["id"]}))
    ready.wait_active(port)
    assert host.ovs.tag("tap1") not in (None, DEAD_TAG)
    on_host(host, unplug)
    ready.wait_status(port, "DOWN")


def test_namespaces(ready: World, port: dict[str, str]) -> None:
    host = ready.host(1)
    (block,) = blocks(PLUG_A_VM, "Namespaces: podman, systemd-nspawn")
    values = {"PORT_ID": port["id"], "MAC": port["mac_address"]}
    # What `ip netns add` makes is there as long as the shell: a host of the lab has no /run of its own.
    text = f"{with_values(block, values)}\nread -r _\novs-vsctl del-port tapweb\nip netns del web\n"
    command = host.namespace.command(["bash", "-e", "-c", text])
    with subprocess.Popen(command, env=os.environ | host.env, stdin=subprocess.PIPE) as shell:
        ready.wait_active(port)
        assert host.ovs.tag("tapweb") not in (None, DEAD_TAG)
        shell.communicate(b"\n", timeout=PATIENCE_S)
    assert shell.returncode == 0


def test_libvirt(ready: World, port: dict[str, str]) -> None:
    host = ready.host(1)
    (interface,) = blocks(PLUG_A_VM, "libvirt")
    host.libvirt.start()
    plain = domain_xml(guest.guest(), port["id"], port["mac_address"], "documented")
    before, _, rest = plain.partition("    <interface")
    after = rest.partition("</interface>\n")[2]
    values = {"PORT_ID": port["id"], "MAC": port["mac_address"]}
    path = host.libvirt.directory / "documented.xml"
    host.libvirt.console_directory("documented").mkdir()
    path.write_text(before + with_values(interface, values) + after)
    host.libvirt.virsh("create", str(path))
    domain = Domain("documented", port["id"], port["mac_address"], host.libvirt)
    domain.wait_for_lease()
    assert host.ovs.tag(domain.interface()) not in (None, DEAD_TAG)
    domain.destroy()


def test_a_declared_trunk_is_no_mistake(ready: World) -> None:
    host = ready.host(1)
    (block,) = blocks(PLUG_A_VM, "A trunk of your own")
    on_host(host, block)
    assert host.ovs.tag("mytrunk") is None
    host.ovs.vsctl("del-port", "mytrunk")
