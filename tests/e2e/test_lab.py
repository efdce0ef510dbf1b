"""The lab itself, with no controller: what it makes works as the reference says, and all of it goes away."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from osken_apps.lab import PATIENCE_S, Host, Lab, LabError, NamespaceVm, wait_until
from osken_apps.lab.lab import take_down
from osken_apps.lab.network import machine_subnets, strangers
from osken_apps.lab.processes import inside_namespace
from osken_apps.lab.records import Site
from tests.slot import lab_name

NAME = lab_name("e2elab")
SEGMENTATION_ID = 1000
LOCAL_VLAN = {"host1": 1, "host2": 3}
OTHER_LOCAL_VLAN = 4

VM1 = ("53903a95-82aa-4d9f-8c6e-000000000001", "fa:16:3e:fe:c7:87", "10.10.10.2")
VM2 = ("53903a95-83aa-4d9f-8c6e-000000000002", "fa:16:3e:fe:c7:88", "10.10.10.4")
STRANGER = ("53903a95-84aa-4d9f-8c6e-000000000003", "fa:16:3e:fe:c7:89", "10.10.10.5")
SHOUTER = ("53903a95-86aa-4d9f-8c6e-000000000005", "fa:16:3e:99:99:99", "10.10.10.7")
REAL = ("53903a95-85aa-4d9f-8c6e-000000000004", "fa:16:3e:fe:c7:8a", "10.10.10.6")

UDHCPD_CONF = """
start 10.10.10.20
end 10.10.10.40
interface eth0
lease_file {directory}/udhcpd.leases
pidfile {directory}/udhcpd.pid
static_lease {mac} 10.10.10.2
opt subnet 255.255.255.0
opt router 10.10.10.1
opt dns 192.0.2.53
opt domain openstacklocal
opt hostname host-10-10-10-2
opt mtu 1400
opt staticroutes 0.0.0.0/0 10.10.10.1, 169.254.169.254/32 10.10.10.3, 10.20.0.0/15 10.10.10.9
opt lease 600
"""

ROUTES = [
    "default via 10.10.10.1 dev eth0",
    "10.10.10.0/24 dev eth0 proto kernel scope link src 10.10.10.2",
    "10.20.0.0/15 via 10.10.10.9 dev eth0",
    "169.254.169.254 via 10.10.10.3 dev eth0",
]

#: Makes a lab and dies in the middle of it, at the point named by the first argument.
CRASHING_MAKER = """
import os, signal, sys
from pathlib import Path
from osken_apps.lab import Lab
from osken_apps.lab.open_vswitch import OpenVSwitch

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

point, name, state_dir = sys.argv[1:]
if point != "running":
    setattr(OpenVSwitch, point, die)
lab = Lab.up(name, hosts=1, state_dir=Path(state_dir))
vm = lab.hosts["host1"].plug("53903a95-82", "fa:16:3e:00:00:01")
vm.spawn("pinger", ["ping", "127.0.0.1"])
vm.udhcpc_client().start()
die()
"""


#: Sends broadcasts of a type of its own without a pause.
SHOUT = """
import socket
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
link.bind(("eth0", 0))
while True:
    link.send(bytes.fromhex("ffffffffffff" "fa163e999999" "88b5") + bytes(46))
"""


def put_reference_flows(host: Host, local_vlan: int) -> None:
    """Set the flows of the reference, one network."""
    rest = ["priority=2,in_port={port},actions=drop", "priority=1,actions=NORMAL"]
    to_wire = f"priority=4,in_port=2,dl_vlan={local_vlan},actions=mod_vlan_vid:{SEGMENTATION_ID},NORMAL"
    from_wire = f"priority=3,in_port=1,dl_vlan={SEGMENTATION_ID},actions=mod_vlan_vid:{local_vlan},NORMAL"
    host.ovs.set_flows("br-eth2", [to_wire, *(flow.format(port=2) for flow in rest)])
    host.ovs.set_flows("br-int", [from_wire, *(flow.format(port=1) for flow in rest)])


def plug(host: Host, vm: tuple[str, str, str], name: str, tag: int) -> NamespaceVm:
    """Plug a namespace VM with a tag and a static address."""
    port_id, mac, address = vm
    made = host.plug(port_id, mac, name, tag=tag)
    made.configure(f"{address}/24")
    return made


def left_of(name: str, state_dir: Path) -> list[str]:
    """Give the namespaces, interfaces and processes of a lab that are still there."""
    found = strangers(Site(name, state_dir))
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(state_dir) in words:
            found.append(f"{path.parent.name}: {words}")
    return found


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab.up(NAME, hosts=2, state_dir=tmp_path_factory.mktemp("lab") / "state") as lab:
        for host in lab.hosts.values():
            put_reference_flows(host, LOCAL_VLAN[host.name])
        yield lab


@pytest.fixture(scope="module")
def vm1(lab: Lab) -> NamespaceVm:
    return plug(lab.hosts["host1"], VM1, "vm1", LOCAL_VLAN["host1"])


@pytest.fixture(scope="module")
def vm2(lab: Lab) -> NamespaceVm:
    return plug(lab.hosts["host2"], VM2, "vm2", LOCAL_VLAN["host2"])


def test_vms_of_one_network_reach_each_other_through_both_translations(
    lab: Lab, vm1: NamespaceVm, vm2: NamespaceVm
) -> None:
    with lab.hosts["host2"].capture("eth2", "icmp or vlan") as wire:
        assert vm1.ping(VM2[2]).ok
    assert f"vlan {SEGMENTATION_ID}" in wire.text
    assert f"vlan {LOCAL_VLAN['host1']}," not in wire.text


def test_a_capture_ends_where_the_frames_do_not(lab: Lab) -> None:
    """What comes faster than tcpdump prints is printed as far as it had come when the end was asked for."""
    shouter = plug(lab.hosts["host1"], SHOUTER, "shouter", OTHER_LOCAL_VLAN)
    shouting = shouter.spawn("shout", ["python3", "-c", SHOUT])
    with shouter.capture("ether", "proto", "0x88b5") as capture:
        capture.wait_for("88b5")
    shouting.end()
    shouter.unplug()


def test_a_vm_of_another_vlan_is_isolated(lab: Lab, vm1: NamespaceVm, vm2: NamespaceVm) -> None:
    stranger = plug(lab.hosts["host2"], STRANGER, "stranger", OTHER_LOCAL_VLAN)
    with stranger.capture("arp or icmp") as capture:
        assert vm1.ping(STRANGER[2], count=1).received == 0
        assert vm2.ping(STRANGER[2], count=1).received == 0
    assert f"who-has {STRANGER[2]}" not in capture.text
    stranger.unplug()
    assert "stranger" not in lab.vms


def test_the_ports_have_the_numbers_of_the_reference(lab: Lab) -> None:
    host = lab.hosts["host1"]
    numbers = {name: host.ovs.ofport(name) for name in ("int-br-eth2", "phy-br-eth2", "eth2")}
    assert numbers == {"int-br-eth2": 1, "phy-br-eth2": 2, "eth2": 1}


def test_a_host_tells_who_it_is(lab: Lab) -> None:
    host = lab.hosts["host2"]
    assert host.ovs.vsctl("get", "Open_vSwitch", ".", "external_ids:hostname").strip() == "host2"
    assert "dp-desc" not in host.ovs.vsctl("get", "Bridge", "br-int", "other_config")
    reported = host.ovs.vsctl("get", "Bridge", "br-int", "datapath_id").strip().strip('"')
    assert int(reported, 16) == host.ovs.datapath_id("br-int")


def test_an_interface_is_plugged_as_nova_does_it(lab: Lab, vm1: NamespaceVm) -> None:
    ids = {"attached-mac": VM1[1], "iface-id": VM1[0], "iface-status": "active"}
    shown = ", ".join(
        f'{key}="{value}"' if key != "iface-status" else f"{key}={value}" for key, value in ids.items()
    )
    host = lab.hosts["host1"]
    assert host.ovs.vsctl("get", "Interface", "tap53903a95-82", "external_ids").strip() == f"{{{shown}}}"
    assert host.ovs.tag("tap53903a95-82") == 1


def test_an_interface_can_be_known_by_its_name_alone(lab: Lab) -> None:
    host = lab.hosts["host1"]
    vm = host.plug(STRANGER[0], STRANGER[1], external_ids=False)
    assert host.ovs.vsctl("get", "Interface", vm.tap, "external_ids").strip() == "{}"
    assert host.ovs.tag(vm.tap) is None
    vm.unplug()


def test_a_port_is_plugged_into_a_host_once(lab: Lab, vm1: NamespaceVm) -> None:
    with pytest.raises(LabError, match="is plugged into host1 already, as vm1"):
        lab.hosts["host1"].plug(VM1[0], VM1[1])


def test_a_host_reaches_the_controller_and_leaves_it_again(lab: Lab) -> None:
    host = lab.hosts["host1"]
    with socket.create_server((lab.controller_address, 0)) as server:
        server.settimeout(PATIENCE_S)
        host.ovs.connect(controller_port=server.getsockname()[1], manager_port=None)
        peers = [server.accept()[0] for _ in range(2)]
        hello = peers[0].recv(8)
        assert peers[0].getpeername()[0] == host.address
        assert hello[1] == 0, "the first OpenFlow message is Hello"
        assert host.ovs.vsctl("get-manager") == ""
        assert host.ovs.vsctl("get", "Bridge", "br-int", "other_config:dp-desc").strip() == "host1"
        host.ovs.disconnect()
        for peer in peers:
            peer.close()
    assert host.ovs.vsctl("get-controller", "br-int") == ""
    put_reference_flows(host, LOCAL_VLAN["host1"])


def test_a_dead_switch_comes_back_with_its_ports(lab: Lab, vm1: NamespaceVm, vm2: NamespaceVm) -> None:
    host = lab.hosts["host1"]
    host.ovs.kill_vswitchd()
    assert vm1.ping(VM2[2], count=1).received == 0
    host.ovs.start_vswitchd()
    host.ovs.restart_ovsdb()
    put_reference_flows(host, LOCAL_VLAN["host1"])
    # The neighbor is asked for since the ping above: until that is given up, no other ping asks.
    wait_until(lambda: vm1.ping(VM2[2]).ok, PATIENCE_S, "the ports to carry frames again")


@pytest.fixture
def dhcp_server(lab: Lab, vm2: NamespaceVm, tmp_path: Path) -> None:
    """A DHCP server in vm2, so that the clients can be tested with no controller."""
    configuration = tmp_path / "udhcpd.conf"
    configuration.write_text(UDHCPD_CONF.format(directory=tmp_path, mac=VM1[1]))
    (tmp_path / "udhcpd.leases").touch()
    vm2.spawn("udhcpd", ["busybox", "udhcpd", "-f", str(configuration)])


def test_udhcpc_takes_renews_and_releases_a_lease(dhcp_server: None, vm1: NamespaceVm) -> None:
    resolver = Path("/etc/resolv.conf").read_bytes()
    once = vm1.udhcpc()
    assert once.variables["ip"] == "10.10.10.2"
    assert once.variables["staticroutes"].startswith("0.0.0.0/0 10.10.10.1 169.254.169.254/32 10.10.10.3")
    assert (str(vm1.addresses()[0]), vm1.mtu(), vm1.routes()) == ("10.10.10.2/24", 1400, ROUTES)
    client = vm1.udhcpc_daemon()
    assert client.renew().event == "renew"
    client.release()
    assert vm1.addresses() == []
    client.stop()
    assert client.resolv_conf == "nameserver 192.0.2.53\nsearch openstacklocal\n"
    assert Path("/etc/resolv.conf").read_bytes() == resolver


def test_dhclient_takes_and_releases_a_lease(dhcp_server: None, vm1: NamespaceVm) -> None:
    resolver = Path("/etc/resolv.conf").read_bytes()
    client = vm1.dhclient()
    assert client.events()[-1].variables["new_host_name"] == "host-10-10-10-2"
    assert (str(vm1.addresses()[0]), vm1.routes()) == ("10.10.10.2/24", ROUTES)
    assert client.renew().event == "REBOOT"
    client.release()
    assert (vm1.addresses(), client.is_running()) == ([], False)
    assert Path("/etc/resolv.conf").read_bytes() == resolver
    vm1.configure(f"{VM1[2]}/24")


def test_a_real_vm_boots_and_reaches_its_neighbour(lab: Lab, vm2: NamespaceVm) -> None:
    real = lab.hosts["host1"].boot(REAL[0], REAL[1], "real", tag=LOCAL_VLAN["host1"], dhcp=False)
    print(f"a real VM booted in {real.boot_time_s:.1f} s")
    assert real.run("echo 'it works'; exit 3") == (3, "it works\n")
    real.configure(f"{REAL[2]}/24")
    assert real.ping(VM2[2], count=2).ok
    assert vm2.ping(REAL[2]).ok
    assert real.mac in real.run("cat /sys/class/net/eth0/address")[1]
    real.unplug()
    assert real.tap not in lab.hosts["host1"].ovs.vsctl("list-ports", "br-int")


def test_a_second_lab_of_the_same_name_is_refused(lab: Lab, tmp_path: Path) -> None:
    with pytest.raises(LabError, match=f"lab '{NAME}' is up already"):
        Lab.up(NAME, state_dir=lab.site.state_dir)
    with pytest.raises(LabError, match=f"a lab '{NAME}' is up elsewhere on this machine"):
        Lab.up(NAME, state_dir=tmp_path / "elsewhere")
    assert lab.hosts["host1"].ovs.vsctl("br-exists", "br-int") == ""


def test_a_lab_of_another_name_has_its_own_management_network(lab: Lab, tmp_path: Path) -> None:
    assert lab.subnet in machine_subnets()
    with Lab.up(lab_name("e2eot"), hosts=1, state_dir=tmp_path / "other") as other:
        assert not other.subnet.overlaps(lab.subnet)
    assert left_of(lab_name("e2eot"), tmp_path / "other") == []
    assert lab.hosts["host1"].ovs.vsctl("br-exists", "br-int") == ""


def test_a_lab_of_the_command_line_has_addresses_for_tunnels(tmp_path: Path) -> None:
    place = ("--name", lab_name("e2eul"), "--state-dir", str(tmp_path / "lab"))

    def lab(command: str, *arguments: str) -> str:
        words = [sys.executable, "-m", "osken_apps.cli", "lab", command, *place, *arguments]
        return subprocess.run(words, capture_output=True, text=True, timeout=120, check=True).stdout

    try:
        assert "tunnels to host1 end at 192.0.2.1" in lab("up", "--hosts", "1", "--underlay")
        shown = lab("exec", "host1", "--", "ovs-vsctl", "get", "Open_vSwitch", ".", "other_config:local_ip")
        assert shown.strip() == '"192.0.2.1"'
    finally:
        lab("down")


@pytest.mark.parametrize("point", ["start_ovsdb", "_bridges", "running"])
def test_a_lab_whose_maker_was_killed_goes_down(point: str, tmp_path: Path) -> None:
    state_dir = tmp_path / "crashed"
    command = [sys.executable, "-c", CRASHING_MAKER, point, lab_name("e2ecr"), str(state_dir)]
    made = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert made.returncode == -signal.SIGKILL, made.stderr
    assert left_of(lab_name("e2ecr"), state_dir) != []
    assert take_down(state_dir)
    wait_until(lambda: not left_of(lab_name("e2ecr"), state_dir), PATIENCE_S, "nothing to be left")
    assert not state_dir.exists()
    assert not take_down(state_dir)


def test_a_pid_that_the_kernel_has_given_to_another_is_not_killed(tmp_path: Path) -> None:
    with (
        Lab.up(lab_name("e2epid"), hosts=1, state_dir=tmp_path / "pid") as lab,
        subprocess.Popen(["sleep", "300"]) as other,
    ):
        stat = Path(f"/proc/{other.pid}/stat").read_text()
        fields = stat.split()
        fields[21] = str(int(fields[21]) - 1)
        lab.site.record_path("process", "host1.stale").write_text(" ".join(fields))
        lab.down()
        alive = other.poll() is None
        other.kill()
    assert alive


def test_a_host_comes_back_from_a_power_cut_with_its_bridges(lab: Lab) -> None:
    host = lab.hosts["host1"]
    host.cut_power()
    assert (host.ovs.vswitchd_is_running(), inside_namespace(host.namespace.name)) == (False, [])
    host.power_on()
    assert host.ovs.vsctl("list-br").split() == ["br-eth2", "br-int"]
    assert host.ovs.dump_flows("br-int").count("priority") == 0
    put_reference_flows(host, LOCAL_VLAN["host1"])


def test_a_lab_takes_its_libvirt_and_the_domains_along(tmp_path: Path) -> None:
    with Lab.up(lab_name("e2evirt"), hosts=1, state_dir=tmp_path / "virt") as lab:
        host = lab.hosts["host1"]
        host.libvirt.start()
        domain = host.libvirt.launch(REAL[0], REAL[1], "domain")
        domain.wait_booted()
        running = inside_namespace(host.namespace.name)
        names = {Path(f"/proc/{process.pid}/comm").read_text().strip() for process in running}
        assert {"libvirtd", "qemu-system-x86"} <= names
    assert [process for process in running if process.is_running()] == []
    assert left_of(lab_name("e2evirt"), tmp_path / "virt") == []
