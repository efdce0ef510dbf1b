"""The script that makes a host ready; that it works, and works again, is tried in tests/e2e."""

import subprocess

import pytest

from osken_apps.cli.host_script import HostPlan, PhysicalBridge, script

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


def test_what_an_operator_gives_is_quoted() -> None:
    assert lines(HostPlan("2001:db8::10"), "get-controller br-int") == [
        "[ \"$(ovs-vsctl get-controller br-int)\" = 'tcp:[2001:db8::10]:6653' ] ||"
    ]
