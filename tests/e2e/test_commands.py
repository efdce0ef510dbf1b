"""Commands that look, on the lab: what they say of real hosts that are well, and of what is done to them."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from osken_apps import cli
from osken_apps.lab import PATIENCE_S, wait_until
from osken_apps.lab.open_vswitch import OpenVSwitch
from tests.e2e.conftest import API_PORT, World

OF_OTHERS = "cookie=0x99,table=0,priority=7,udp,nw_src=192.0.2.0/24,actions=drop"

#: Runs a command; gives its exit status and what it tells a program.
Run = Callable[..., tuple[int, Any]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Give what runs a command on the lab's API."""
    for name in ("OS_AUTH_URL", "OS_ENDPOINT", "OS_AUTH_TYPE", "OS_TOKEN", "OS_CACERT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OSKEN_API", f"http://127.0.0.1:{API_PORT}")

    def ended(*words: str) -> tuple[int, Any]:
        capsys.readouterr()
        status = cli.main([*words, "-f", "json"])
        return int(status), json.loads(capsys.readouterr().out)

    return ended


def test_a_lab_that_is_well_is_said_to_be(world: World, run: Run) -> None:
    vm = world.launch(1, world.network(), name="vm1")
    vm.udhcpc()
    wait_until(lambda: run("status")[0] == 0, PATIENCE_S, "nothing to need attention")
    status, hosts = run("hosts")
    assert (status, [(row["host"], row["state"]) for row in hosts]) == (
        0,
        [("host1", "alive"), ("host2", "alive")],
    )
    status, flows = run("flows", "host1")
    assert status == 0
    assert {row["state"] for row in flows} == {"installed"}
    assert all(row["meaning"] and row["rule"] for row in flows)
    _, of_port = run("flows", "host1", "--port", "vm1")
    assert {row["port_id"] for row in of_port} == {world.api.list("port", "name=vm1")[0]["id"]}
    assert sum(row["packets"] for row in of_port) > 0
    status, interfaces = run("interfaces", "host1")
    (tap,) = [row for row in interfaces if row["port_id"]]
    assert (status, tap["link_state"], tap["attached_mac"] != "") == (0, "up", True)
    assert run("why-not-active") == (0, [])


def test_what_a_client_was_told_is_listed_by_port_and_of_all(world: World, run: Run) -> None:
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    world.launch(1, world.network(), name="vm1").udhcpc()
    _, messages = run("dhcp", "vm1")
    assert [(row["received"], row["sent"]) for row in messages] == [("DISCOVER", "OFFER"), ("REQUEST", "ACK")]
    _, of_all = run("dhcp", "--since", since, "--host", "host1", "--outcome", "selected")
    assert [(row["sent"], row["ip_address"]) for row in of_all] == [("ACK", messages[1]["ip_address"])]


def told_of_missing(ovs: OpenVSwitch, run: Run) -> list[dict[str, Any]]:
    """Delete a bridge's flows until they are told to be missing: at first they are back too soon."""
    told: list[dict[str, Any]] = []

    def is_told() -> bool:
        ovs.ofctl("del-flows", "br-eth2")
        status, told[:] = run("flows", "host1", "--bridge", "br-eth2", "--state", "missing")
        assert status == int(bool(told))
        return bool(told)

    wait_until(is_told, PATIENCE_S, "flows that are missing")
    return told


def test_flows_of_others_and_missing_ones_are_found(world: World, run: Run) -> None:
    world.launch(1, world.network())
    ovs = world.host(1).ovs
    ovs.ofctl("add-flow", "br-int", OF_OTHERS)
    status, (foreign,) = run("flows", "host1", "--state", "foreign")
    ovs.ofctl("del-flows", "br-int", "cookie=0x99/-1")
    assert (status, foreign["meaning"], foreign["flow"]) == (
        1,
        "a flow that is not ours",
        "cookie=0x99, table=0, priority=7,udp,nw_src=192.0.2.0/24 actions=drop",
    )
    missing = told_of_missing(ovs, run)
    assert "physical_normal" in {row["rule"] for row in missing}
    for row in missing:
        ovs.ofctl("add-flow", "br-eth2", row["flow"])
    assert run("flows", "host1")[0] == 0


def test_an_interface_that_cannot_be_opened_is_broken(world: World, run: Run) -> None:
    ovs = world.host(1).ovs
    ovs.vsctl("--no-wait", "add-port", "br-int", "nodevice")

    def error() -> str:
        status, interfaces = run("interfaces", "host1")
        (shown,) = [row for row in interfaces if row["name"] == "nodevice"] or [{"error": ""}]
        return str(shown["error"]) if status == 1 else ""

    try:
        assert "nodevice" in wait_until(error, PATIENCE_S, "its error")
    finally:
        ovs.vsctl("del-port", "nodevice")


def test_a_port_that_waits_is_told_with_what_it_waits_for(world: World, run: Run, tmp_path: Path) -> None:
    port = world.port(world.network(), name="vm9")
    status, (cause,) = run("why-not-active")
    assert (status, cause["ports"], cause["port_ids"]) == (1, 1, [port["id"]])
    assert cause["waits_for"].startswith("an interface with external_ids:iface-id=PORT")
    file = tmp_path / "support.tar.gz"
    assert cli.main(["support-bundle", str(file)]) == 0
    assert file.stat().st_size > 1000
