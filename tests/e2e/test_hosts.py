"""Making a host ready and checking it, on a host that has Open vSwitch and nothing else."""

import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from osken_apps.lab import PATIENCE_S, Host, Lab, wait_until
from osken_apps.lab.controller import LabController
from tests.e2e.conftest import API_PORT, World, flows, idle
from tests.slot import lab_name

# Not what is told later of how often it came again.
SENT = re.compile(r"flows added, \d+ deleted$", re.MULTILINE)
COMMAND = [sys.executable, "-m", "osken_apps.cli"]


def through(host: Host) -> str:
    """Give the command that runs another one on a host."""
    settings = [f"{name}={value}" for name, value in host.env.items()]
    return shlex.join(host.namespace.command(["env", *settings]))


def osken_net(host: Host, command: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a subcommand of `osken-net` on a host."""
    there = ["--controller", host.controller_address, "--through", through(host)]
    words = [*COMMAND, command, *there, *arguments]
    return subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)


def set_up(host: Host) -> None:
    done = osken_net(host, "host-setup", "--apply", "--datapath-type", "netdev")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def make_bare(host: Host) -> None:
    """Take away all that the lab made of Open vSwitch's."""
    host.ovs.vsctl("del-br", "br-int", "--", "del-br", "br-eth2", "--", "del-manager")


def connections(host: Host) -> list[str]:
    """Give the rows that say where a host dials."""
    return [host.ovs.vsctl("--columns=_uuid,target", "list", table) for table in ("Controller", "Manager")]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with Lab.up(lab_name("e2eho"), hosts=2, state_dir=tmp_path_factory.mktemp("lab")) as lab:
        world = World(lab, LabController(lab, API_PORT + 2))
        world.controller.start()
        for host in lab.hosts.values():
            make_bare(host)
            set_up(host)
            host.ovs.wait_connected()
        yield world
        world.controller.stop()


def test_a_bare_host_is_made_ready(world: World) -> None:
    host = world.host(1)
    make_bare(host)
    bare = osken_net(host, "host-check")
    assert bare.returncode == 1
    assert "- there is no bridge br-int\n    ovs-vsctl add-br br-int" in bare.stdout
    set_up(host)
    wait_until(lambda: flows(host, "br-eth2") == idle("br-eth2"), PATIENCE_S, "the flows of br-eth2")
    assert flows(host, "br-int") == idle("br-int")
    done = osken_net(host, "host-check")
    assert (done.returncode, done.stdout) == (0, "host1: nothing is missing\n")


def test_a_host_that_is_ready_is_left_alone(world: World) -> None:
    """Its rows stay, no ping is lost, and the controller has no flow to send."""
    network = world.network()
    pinger, pinged = (world.launch(number, network) for number in (1, 2))
    for vm in (pinger, pinged):
        vm.udhcpc()
    rows = connections(world.host(1))
    logged, log = len(world.controller.log), pinger.site.directory("vms", pinger.name) / "ping.log"
    ping = pinger.spawn("ping", ["ping", "-n", "-i", "0.01", str(pinged.addresses()[0].ip)])
    wait_until(lambda: "ttl" in log.read_text(), PATIENCE_S, "the first answer")
    for _ in range(2):
        for host in world.lab.hosts.values():
            set_up(host)
    ping.end(signal.SIGINT)
    answered = {int(number) for number in re.findall(r"icmp_seq=(\d+) ttl", log.read_text())}
    assert answered == set(range(1, max(answered) + 1))
    assert not SENT.search(world.controller.log[logged:])
    assert connections(world.host(1)) == rows


def test_a_connection_mode_is_changed_and_no_flow_goes_with_it(world: World) -> None:
    host = world.host(1)
    rows, before, logged = connections(host), flows(host, "br-int"), len(world.controller.log)
    for more, mode in ((["--in-band"], "in-band"), ([], "out-of-band")):
        done = osken_net(host, "host-setup", "--apply", "--datapath-type", "netdev", *more)
        assert (done.returncode, done.stderr) == (0, "")
        assert host.ovs.vsctl("get", "controller", "br-int", "connection_mode").strip() == mode
    assert connections(host) == rows
    assert not SENT.search(world.controller.log[logged:])
    assert flows(host, "br-int") == before


def test_no_bridge_has_flows_of_in_band_control_above_ours(world: World) -> None:
    ovs = world.host(1).ovs

    def in_band(bridge: str) -> bool:
        return "priority=18000" in ovs.appctl("bridge/dump-flows", bridge)  # (in-band.c of Open vSwitch)

    def are_told() -> bool:
        found = world.conditions("host1") or []
        return [each["code"] for each in found] == ["in_band", "in_band"]

    try:
        for bridge in ("br-int", "br-eth2"):
            assert not in_band(bridge)
            ovs.vsctl("remove", "bridge", bridge, "other_config", "disable-in-band")
            wait_until(lambda bridge=bridge: in_band(bridge), PATIENCE_S, "what a manager brings with it")
        wait_until(are_told, PATIENCE_S, "the trouble")
    finally:
        done = osken_net(world.host(1), "host-setup", "--apply", "--datapath-type", "netdev")
    assert done.returncode == 0
    assert not in_band("br-int") and not in_band("br-eth2")
    wait_until(lambda: world.conditions("host1") == [], PATIENCE_S, "no trouble")


def test_the_nic_that_leads_to_the_controller_is_not_taken(world: World) -> None:
    host = world.host(1)
    done = osken_net(host, "host-setup", "--apply", "--physical-bridge", "br-eth2:mgmt")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "mgmt is the way to the controller: use another NIC" in done.stderr
    assert "mgmt" not in host.ovs.vsctl("list-ports", "br-eth2")


def test_with_the_api_a_name_for_an_id_is_told(world: World) -> None:
    host, port = world.host(2), world.port(world.network(), name="web")
    host.ovs.vsctl("add-port", "br-int", "tap9", "--", "set", "interface", "tap9",
                   "type=internal", "external_ids:iface-id=web")  # fmt: skip
    said = osken_net(host, "host-check", "--api", f"http://127.0.0.1:{world.api.port}")
    host.ovs.vsctl("del-port", "tap9")
    assert f"- tap9 has the iface-id web, the name of port {port['id']} and not its id\n" in said.stdout
    assert f"    ovs-vsctl set interface tap9 external_ids:iface-id={port['id']}\n" in said.stdout


def diff(world: World, host: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run `osken-net diff`."""
    words = [*COMMAND, "diff", host, "--api", f"http://127.0.0.1:{world.api.port}", *arguments]
    return subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)


def test_diff_shows_what_is_missing_and_what_is_too_much(world: World) -> None:
    host = world.host(1)
    world.launch(1, world.network())
    there = ["--through", through(host)]
    done = diff(world, "host1", *there)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "br-int: as it should be\nbr-eth2: as it should be\n"
    host.ovs.ofctl("add-flow", "br-int", "cookie=0xabc,priority=100,actions=drop")
    for _ in range(9):  # at first what is deleted is back at once
        host.ovs.ofctl("--strict", "del-flows", "br-eth2", "priority=1")
        done = diff(world, "host1", *there)
        if "br-eth2: as it should be" not in done.stdout:
            break
    host.ovs.ofctl("del-flows", "br-int", "cookie=0xabc/-1")
    title, too_much, other_title, missing = done.stdout.splitlines()
    assert (done.returncode, title, other_title) == (1, "br-int:", "br-eth2:")
    assert too_much == "+priority=100 cookie=0xabc actions=drop"
    assert re.fullmatch(r"-priority=1 cookie=\w+ actions=NORMAL", missing)


def test_a_host_that_nobody_knows_has_no_flows(world: World) -> None:
    done = diff(world, "nobody")
    assert (done.returncode, done.stderr) == (
        3,
        "osken-net: the controller knows no host nobody; `osken-net hosts` lists them\n",
    )


MISTAKES = {
    "fail_mode": (["del-fail-mode", "br-int"], "bridge br-int is not fail_mode=secure"),
    "protocols": (
        ["set", "bridge", "br-eth2", "protocols=OpenFlow10,OpenFlow13"],
        "bridge br-eth2 speaks OpenFlow10, OpenFlow13 and not OpenFlow14",
    ),
    "no controller": (["del-controller", "br-eth2"], "bridge br-eth2 has no controller"),
    "controller at the port of OVSDB": (
        ["set-controller", "br-int", "tcp:{controller}:6640"],
        "the controller of bridge br-int is tcp:{controller}:6640 (the port of OVSDB), not {controller}:6653",
    ),
    "no manager": (["del-manager"], "no set-manager"),
    "manager at the API": (
        ["set-manager", "tcp:{controller}:9696"],
        "set-manager is tcp:{controller}:9696 (the port of the API), not {controller}:6640",
    ),
    "one end of the patch": (
        ["del-port", "br-eth2", "phy-br-eth2"],
        "there is no patch port phy-br-eth2 on bridge br-eth2",
    ),
    "a peer misspelled": (
        ["set", "interface", "int-br-eth2", "options:peer=phy-br-eht2"],
        "patch int-br-eth2: its peer phy-br-eht2 does not exist",
    ),
    "no peer": (
        ["remove", "interface", "int-br-eth2", "options", "peer"],
        "patch int-br-eth2: it has no peer",
    ),
    "an internal port for a patch port": (
        ["set", "interface", "int-br-eth2", "type=internal"],
        "int-br-eth2 on bridge br-int is of type internal, not a patch port",
    ),
    "no NIC": (["del-port", "br-eth2", "eth2"], "bridge br-eth2 has no NIC"),
    "a NIC misspelled": (
        ["--", "del-port", "eth2", "--", "add-port", "br-eth2", "eth22"],
        "Open vSwitch cannot use eth22 of bridge br-eth2: could not open network device eth22",
    ),
    "a tag on the NIC": (
        ["set", "port", "eth2", "tag=5"],
        "eth2 of bridge br-eth2 has tag=5: it must carry the VLANs of all networks",
    ),
    "a tag on an end of the patch": (
        ["set", "port", "phy-br-eth2", "tag=5", "vlan_mode=native-untagged"],
        "patch phy-br-eth2 has tag=5 vlan_mode=native-untagged: it must carry the VLANs of all networks",
    ),
    "an interface without an iface-id": (
        ["add-port", "br-int", "stray0", "--", "set", "interface", "stray0", "type=internal"],
        "stray0 has no iface-id: it is no port's, and carries nothing",
    ),
    "a port row of two interfaces": (
        ["--", "add-bond", "br-int", "bond0", "stray0", "stray1",
         "--", "set", "interface", "stray0", "type=internal",
         "--", "set", "interface", "stray1", "type=internal"],
        "stray0 shares its port row bond0 with stray1: a port has a row for itself, and this one carries"
        " nothing",
    ),
    "iface-id on the row of Port": (
        ["--", "add-port", "br-int", "tap2", "external_ids:iface-id={port_id}",
         "--", "set", "interface", "tap2", "type=internal"],
        "tap2 has its iface-id on the row of Port",
    ),
    "upper case": (
        ["--", "add-port", "br-int", "tap3",
         "--", "set", "interface", "tap3", "type=internal", "external_ids:iface-id={port_id_in_capitals}"],
        "tap3 has the iface-id {port_id_in_capitals}, and ids are written {port_id}",
    ),
    "an interface that is not there": (
        ["--", "add-port", "br-int", "tap4",
         "--", "set", "interface", "tap4", "external_ids:iface-id={port_id}"],
        "Open vSwitch cannot use tap4: could not open network device tap4",
    ),
}  # fmt: skip
PORT_ID = "8a42c1de-82aa-4d9f-8c6e-0123456789ab"


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_and_the_remedy_mends_it(world: World, mistake: str) -> None:
    host = world.host(2)
    names = {
        "controller": host.controller_address,
        "port_id": PORT_ID,
        "port_id_in_capitals": PORT_ID.upper(),
    }
    words, sentence = MISTAKES[mistake]
    # ovs-vsctl complains where Open vSwitch cannot do what it is told: that is the mistake.
    host.run(["ovs-vsctl", "--timeout=50", *(word.format(**names) for word in words)], check=False)
    said = osken_net(host, "host-check")
    assert said.returncode == 1
    lines = said.stdout.splitlines()
    (place,) = [n for n, line in enumerate(lines) if line.startswith(f"- {sentence.format(**names)}")]
    for typed in (lines[n] for n in range(place + 1, len(lines), 2)):
        command = re.split(r", (?:or|and) ", typed.strip())[0]
        host.run(["sh", "-c", command.replace("NIC", "eth2").replace("PORT_ID", PORT_ID)], check=False)
    for stray in ("bond0", "stray0", "stray1", "tap2", "tap3", "tap4"):
        host.ovs.vsctl("--if-exists", "del-port", stray)
    wait_until(lambda: osken_net(host, "host-check").returncode == 0, PATIENCE_S, "nothing to be missing")
