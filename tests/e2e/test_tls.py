"""Hosts that speak TLS with the controller: real Open vSwitch, the certificates of `osken-net pki`."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from osken_apps.cli import main
from osken_apps.lab import PATIENCE_S, Lab, processes, wait_until
from osken_apps.lab.controller import NAME, LabController
from tests.e2e.conftest import API_PORT, World
from tests.slot import lab_name


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with Lab.up(lab_name("e2etls"), hosts=2, state_dir=tmp_path_factory.mktemp("lab"), tls=True) as lab:
        world = World(lab, LabController(lab, API_PORT + 3))
        world.controller.start()
        lab.connect()
        for host in lab.hosts.values():
            host.ovs.wait_connected()
        yield world
        world.controller.stop()


def pki(world: World) -> Path:
    return world.lab.site.state_dir / "pki"


def agent(world: World, host: str) -> dict[str, Any]:
    (found,) = world.agents(host)
    return found


def wait_trouble(world: World, host: str, words: str) -> None:
    wait_until(
        lambda: words in agent(world, host)["configurations"]["trouble"], PATIENCE_S, f"{host}'s trouble"
    )


def test_a_machine_is_served_over_tls(world: World) -> None:
    network = world.network()
    vm = world.launch(1, network)
    assert vm.udhcpc()
    for host in world.lab.hosts.values():
        assert host.ovs.vsctl("get-manager", "--", "get-controller", "br-int").count("ssl:") == 2


def connections(world: World) -> set[str]:
    """Give the connections of all hosts to the controller, by both ends."""
    command = ["ss", "-tnH", "state", "established", "( dport = 6640 or dport = 6653 )"]
    lines = [
        line for host in world.lab.hosts.values() for line in host.namespace.run(command).stdout.splitlines()
    ]
    return {" ".join(line.split()[2:4]) for line in lines}


def test_a_renewed_certificate_is_taken_at_sighup_and_no_connection_ends(world: World) -> None:
    before = connections(world)
    for end in ("pem", "key"):
        (pki(world) / f"controllerca-lab.{end}").unlink()
    assert main(["pki", "--directory", str(pki(world)), "controller", "lab"]) == 0
    process = processes.find(world.lab.site, NAME)
    assert process
    os.kill(process.pid, signal.SIGHUP)
    for section in ("openflow", "ovsdb"):
        words = f"[{section}] the certificates were read again"
        wait_until(lambda words=words: words in world.controller.log, PATIENCE_S, words)
    assert world.launch(2, world.network("10.10.11.0/24")).udhcpc()
    assert len(before) == 6
    assert connections(world) == before


def test_strangers_take_nobody_s_place_and_are_a_line_each_kind(world: World) -> None:
    before, logged = connections(world), len(world.controller.log)
    said = (
        b"",
        b"\x16\x03\x01\x02\x00\x01",
        b"\x05\x00\x00\x08\x00\x00\x00\x01",
        b'{"method":"echo"}',
        b"GET /",
    )
    strangers = []
    for number in range(600):
        port = (6653, 6640)[number % 2]
        strangers.append(stranger := socket.create_connection((world.lab.controller_address, port)))
        stranger.sendall(said[number // 2 % len(said)])
    assert world.launch(1, world.network("10.10.12.0/24")).udhcpc()
    assert connections(world) == before
    for stranger in strangers:
        stranger.close()
    told = [line for line in world.controller.log[logged:].splitlines() if " is refused: " in line]
    assert 0 < len(told) <= 2 * len(said)


def test_a_host_that_shows_the_certificate_of_another_is_refused_and_the_other_goes_on(world: World) -> None:
    host = world.host(2).ovs
    files = [pki(world) / f"hostca-host1.{end}" for end in ("key", "pem")]
    host.vsctl("set-ssl", *map(str, files), str(pki(world) / "controllerca.pem"))
    host.disconnect()
    host.connect()
    wait_trouble(world, "host1", "its certificate is of host1, and it says that it is host2")
    assert agent(world, "host1")["alive"]


def test_a_certificate_that_is_revoked_is_cut_while_it_lives(world: World) -> None:
    assert main(["pki", "--directory", str(pki(world)), "revoke", "host1"]) == 0
    wait_trouble(world, "host1", "certificate revoked")
    wait_until(lambda: not agent(world, "host1")["alive"], PATIENCE_S, "host1 to be away")
