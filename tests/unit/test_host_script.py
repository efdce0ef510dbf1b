"""The script that makes a host ready; that it works, and works again, is tried in tests/e2e."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from osken_apps.cli import host_check, main
from osken_apps.cli.host_script import HostPlan, PhysicalBridge, script
from osken_apps.model.conditions import BridgeFacts, Code, Condition, ControllerFacts, HostFacts

ONE = HostPlan("192.0.2.10")


def lines(plan: HostPlan, *words: str) -> list[str]:
    """Give the lines of a script that have all these words."""
    return [line.strip() for line in script(plan).splitlines() if all(word in line for word in words)]


@pytest.mark.parametrize("plan", [ONE, HostPlan("2001:db8::10", connection_mode="in-band")])
def test_a_script_is_one_for_the_posix_shell(plan: HostPlan) -> None:
    done = subprocess.run(["sh", "-n"], input=script(plan), text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert script(plan).startswith("set -e\n")


def test_a_controller_is_set_only_where_it_is_another() -> None:
    for bridge in ("br-int", "br-eth2"):
        text = script(ONE)
        assert (
            f'[ "$(ovs-vsctl get-controller {bridge})" = tcp:192.0.2.10:6653 ] ||\n'
            f"    ovs-vsctl set-controller {bridge} tcp:192.0.2.10:6653"
            f" -- set controller {bridge} connection_mode=out-of-band\n"
        ) in text
    assert len(lines(ONE, "set-controller")) == 2


@pytest.mark.parametrize(("mode", "of_physical"), [("out-of-band", "true"), ("in-band", "false")])
def test_open_vswitch_has_no_flows_of_its_own_but_where_the_way_to_the_controller_is(
    mode: str, of_physical: str
) -> None:
    plan = HostPlan("192.0.2.10", connection_mode=mode)
    for bridge, disabled in (("br-int", "true"), ("br-eth2", of_physical)):
        (line,) = lines(plan, f"set bridge {bridge} ")
        assert f" other_config:disable-in-band={disabled}" in line


def test_every_addition_may_exist() -> None:
    for word in ("add-br", "add-port"):
        found = lines(ONE, word)
        assert found and [line for line in found if f"--may-exist {word}" not in line] == []


def test_each_physical_bridge_has_its_nic_and_its_patch() -> None:
    plan = HostPlan(
        "192.0.2.10",
        physical_bridges=(PhysicalBridge("br-eth2", "bond0"), PhysicalBridge("br-eth3")),
        datapath_type="netdev",
    )
    assert lines(plan, "add-port br-eth2 bond0") == ["ovs-vsctl --may-exist add-port br-eth2 bond0"]
    assert lines(plan, "ip link set") == ["ip link set bond0 up"]
    assert len(lines(plan, "type=patch")) == 4
    assert len(lines(plan, "datapath_type=netdev")) == 3


def test_the_nic_that_leads_to_the_controller_is_refused_unless_in_band() -> None:
    assert len(lines(ONE, "is the way to the controller")) == 2
    assert lines(HostPlan("192.0.2.10", connection_mode="in-band"), "is the way to the controller") == []


#: What stands for a host's commands: each says what the test wants, and `ovs-vsctl` notes what it is told.
COMMANDS = {
    "ip": '[ "$1" = link ] || [ "$4" != "$REACHED" ] || echo "$4 via 192.0.2.1 dev $DEVICE src 192.0.2.9"',
    "getent": '[ "$2" != ctl.example.org ] || printf "%s STREAM ctl\\n%s DGRAM\\n" "$REACHED" "$REACHED"',
    "ovs-vsctl": 'case "$1 $2" in "get-controller "*) echo "$TARGET";; "get controller") echo "$MODE";;'
    ' get*|--if-exists*) echo x ;; *) echo "$@" >>"$TOLD" ;; esac',
}


@pytest.fixture
def host(tmp_path: Path) -> Callable[..., tuple[int, str, str]]:
    """Give what runs the script of a plan on such a host: its status, its complaints, what was told."""
    for name, does in COMMANDS.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{does}\n")
        (tmp_path / name).chmod(0o755)

    def run(plan: HostPlan, **settings: str) -> tuple[int, str, str]:
        (told := tmp_path / "told").write_text("")
        usual = {
            "REACHED": "192.0.2.10",
            "DEVICE": "eth0",
            "TARGET": "tcp:192.0.2.10:6653",
            "MODE": "out-of-band",
        }
        path = f"{tmp_path}:{os.environ['PATH']}"
        done = subprocess.run(
            ["sh"],
            input=script(plan),
            text=True,
            capture_output=True,
            check=False,
            env=usual | settings | {"PATH": path, "TOLD": str(told)},
        )
        return done.returncode, done.stderr, told.read_text()

    return run


Host = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize("controller", ["192.0.2.10", "ctl.example.org"])
def test_a_nic_that_leads_to_the_controller_is_not_taken_whatever_it_is_called_by(
    host: Host, controller: str
) -> None:
    status, error, told = host(HostPlan(controller), DEVICE="eth2")
    assert (status, told) == (1, "")
    assert error == "eth2 is the way to the controller: use another NIC, or --in-band\n"
    assert host(HostPlan(controller), DEVICE="eth0")[:2] == (0, "")


@pytest.mark.parametrize(
    ("controller", "complaint"),
    [
        ("192.0.2.77", "this host has no way to the controller 192.0.2.77\n"),
        ("nowhere.example.org", "this host knows no address of nowhere.example.org\n"),
    ],
)
def test_a_host_that_does_not_know_the_way_is_left_alone(host: Host, controller: str, complaint: str) -> None:
    assert host(HostPlan(controller)) == (1, complaint, "")


@pytest.mark.parametrize("controller", ["192.0.2.10", "ctl.example.org"])
def test_the_check_finds_the_same_way(controller: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {
        ("getent", "ahosts", "ctl.example.org"): "192.0.2.10 STREAM ctl\n192.0.2.10 DGRAM\n",
        ("ip", "-o", "route", "get", "192.0.2.10"): "192.0.2.10 via 192.0.2.1 dev eth2 src 192.0.2.9\n",
    }
    monkeypatch.setattr(host_check, "run_on_host", lambda _, command, ok: answers.get(tuple(command), ""))
    assert host_check.way_to([], controller) == "eth2"
    assert host_check.way_to([], "nowhere.example.org") == "" == host_check.way_to([], "")


def test_the_check_waits_for_a_connection_that_is_young_whatever_else_is_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    away, there = (
        HostFacts(
            hostname="host1",
            bridges=(
                BridgeFacts("br-int", controllers=(ControllerFacts("tcp:192.0.2.10:6653", connected),)),
            ),
        )
        for connected in (False, True)
    )
    seen = iter((away, away, there))
    monkeypatch.setattr(host_check, "_facts", lambda *_: next(seen))
    monkeypatch.setattr(host_check, "INTERVAL_S", 0.0)
    assert main(["host-check", "--controller", "192.0.2.10"]) == 1
    told = capsys.readouterr().out
    assert "fail_mode" in told and "not connected" not in told


def test_what_a_host_is_called_cannot_speak_to_the_terminal() -> None:
    facts = HostFacts(hostname="host1\x1b[2J", bridges=(BridgeFacts("br\x1b[2J"),))
    found = [Condition(Code.NOT_CONNECTED, "br\x1b[2J is not.", "ovs-vsctl \x1b[2J")]
    told = host_check.rendered(facts, found)
    assert "\x1b" not in told and told.count("\\x1b[2J") == 3 and len(told.splitlines()) == 3


def test_what_open_vswitch_does_not_answer_is_not_waited_for_for_ever() -> None:
    assert script(ONE).splitlines()[1] == "export OVS_CTL_TIMEOUT=60"


@pytest.mark.parametrize("mode", ["in-band", "out-of-band"])
def test_the_connection_mode_is_set_where_the_controller_is_already(host: Host, mode: str) -> None:
    plan = HostPlan("192.0.2.10", connection_mode=mode)
    other = "in-band" if mode == "out-of-band" else "out-of-band"
    changed = [f"set controller {bridge} connection_mode={mode}\n" for bridge in ("br-int", "br-eth2")]
    assert [line for line in changed if line not in host(plan, MODE=other)[2]] == []
    assert "connection_mode" not in host(plan, MODE=mode)[2]


def test_what_an_operator_gives_is_quoted() -> None:
    assert lines(HostPlan("2001:db8::10"), "get-controller br-int") == [
        "[ \"$(ovs-vsctl get-controller br-int)\" = 'tcp:[2001:db8::10]:6653' ] ||"
    ]
