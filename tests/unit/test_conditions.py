"""Every mistake that an operator makes with a host has its sentence; a host as it should be has none."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from osken_apps.model.addresses import mac_address
from osken_apps.model.conditions import (
    BridgeFacts,
    Code,
    Condition,
    ControllerFacts,
    Expected,
    HostFacts,
    InterfaceFacts,
    PortDirectory,
    PortFacts,
    TunnelNeeds,
    conditions,
)
from osken_apps.model.conditions.iface_ids import is_near
from osken_apps.model.resources import NetworkType, Port
from osken_apps.model.snapshot import Layout
from osken_apps.model.tunnels import Crowd

ONE = Layout("br-int", (("default", "br-eth2"),))
TWO = Layout("br-int", (("default", "br-eth2"), ("other", "br-eth3")))
CONTROLLER = "192.0.2.10"
PORT_ID = "8a42c1de-82aa-4d9f-8c6e-0123456789ab"
VM1 = Port(
    id=PORT_ID,
    project_id="default",
    name="vm1",
    network_id="53903a95-0000-4000-8000-000000000001",
    mac_address=mac_address("fa:16:3e:fe:c7:87"),
    device_id="0d0d0d0d-1111-4222-8333-444444444444",
)
OPENFLOW = (ControllerFacts(f"tcp:{CONTROLLER}:6653", True),)
TAP = InterfaceFacts(
    "tap1",
    admin_up=True,
    link_up=True,
    mtu=1500,
    iface_id=PORT_ID,
    attached_mac="fa:16:3e:fe:c7:87",
)
ETH2 = InterfaceFacts("eth2", admin_up=True, link_up=True, mtu=1500)
Edit = Callable[[HostFacts], HostFacts]


def port(interface: InterfaceFacts, **values: object) -> PortFacts:
    return replace(PortFacts(interface.name, interfaces=(interface,)), **values)  # type: ignore[arg-type]


def patch(name: str, peer: str) -> PortFacts:
    return port(InterfaceFacts(name, type="patch", peer=peer))


def tagged_patch(name: str, peer: str, **values: object) -> PortFacts:
    return replace(patch(name, peer), **values)  # type: ignore[arg-type]


def bridge(name: str, *ports: PortFacts) -> BridgeFacts:
    local = port(
        InterfaceFacts(name, type="internal", peer="", error="", admin_up=False, link_up=False, mtu=1500)
    )
    return BridgeFacts(
        name, fail_mode="secure", protocols=(), datapath_type="", controllers=OPENFLOW, ports=(local, *ports)
    )


INTEGRATION = bridge("br-int", patch("int-br-eth2", "phy-br-eth2"), port(TAP, tag=1))
PHYSICAL = bridge("br-eth2", patch("phy-br-eth2", "int-br-eth2"), port(ETH2))
HOST = HostFacts(
    hostname="host1",
    system_id="4711",
    bridges=(INTEGRATION, PHYSICAL),
    managers=(f"tcp:{CONTROLLER}:6640",),
    way_to_controller="mgmt",
)


def with_bridge(name: str, **values: object) -> Edit:
    """Change a bridge."""

    def edit(host: HostFacts) -> HostFacts:
        changed = (
            replace(item, **values) if item.name == name else item  # type: ignore[arg-type]
            for item in host.bridges
        )
        return replace(host, bridges=tuple(changed))

    return edit


def with_port(on: str, name: str, *instead: PortFacts) -> Edit:
    """Put ports in the place of one of a bridge."""

    def edit(host: HostFacts) -> HostFacts:
        found = host.bridge(on)
        assert found
        ports = [item for there in found.ports for item in (instead if there.name == name else (there,))]
        return with_bridge(on, ports=tuple(ports))(host)

    return edit


def with_host(**values: object) -> Edit:
    return lambda host: replace(host, **values)  # type: ignore[arg-type]


def without(name: str) -> Edit:
    return lambda host: replace(host, bridges=tuple(b for b in host.bridges if b.name != name))


def in_turn(*edits: Edit) -> Edit:
    def edit(host: HostFacts) -> HostFacts:
        for one in edits:
            host = one(host)
        return host

    return edit


def with_tap(**values: object) -> Edit:
    return with_port("br-int", "tap1", port(replace(TAP, **values), tag=1))  # type: ignore[arg-type]


def with_nic(**values: object) -> Edit:
    return with_port("br-eth2", "eth2", port(replace(ETH2, **values)))  # type: ignore[arg-type]


def with_controller(on: str, target: str, **values: object) -> Edit:
    return with_bridge(on, controllers=(ControllerFacts(target, **values),))  # type: ignore[arg-type]


def found(edit: Edit, **expected: object) -> tuple[Condition, ...]:
    settings = {"address": CONTROLLER, "ports": PortDirectory({VM1.id: VM1})} | expected
    return conditions(edit(HOST), Expected(ONE, **settings))  # type: ignore[arg-type]


MISTAKES: dict[str, tuple[Edit, list[str]]] = {
    "nothing": (in_turn(), []),
    "a bridge of another name": (
        in_turn(without("br-eth2"), lambda host: replace(host, bridges=(*host.bridges, bridge("br-eth1")))),
        ["there is no bridge br-eth2, but there is br-eth1"],
    ),
    "a bridge of another case": (
        in_turn(without("br-int"), lambda host: replace(host, bridges=(*host.bridges, bridge("br-Int")))),
        ["there is no bridge br-int, but there is br-Int"],
    ),
    "no controller on br-int": (
        with_bridge("br-int", controllers=()),
        ["bridge br-int has no controller"],
    ),
    "no controller on br-eth2": (
        with_bridge("br-eth2", controllers=()),
        ["bridge br-eth2 has no controller"],
    ),
    "no patch ports": (
        in_turn(with_port("br-int", "int-br-eth2"), with_port("br-eth2", "phy-br-eth2")),
        [
            "there is no patch port int-br-eth2 on bridge br-int",
            "there is no patch port phy-br-eth2 on bridge br-eth2",
        ],
    ),
    "one end of the patch": (
        with_port("br-eth2", "phy-br-eth2"),
        ["there is no patch port phy-br-eth2 on bridge br-eth2"],
    ),
    "a peer misspelled": (
        with_port("br-int", "int-br-eth2", patch("int-br-eth2", "phy-br-eht2")),
        ["patch int-br-eth2: its peer phy-br-eht2 does not exist"],
    ),
    "a peer of another bridge": (
        with_port("br-int", "int-br-eth2", patch("int-br-eth2", "tap1")),
        ["patch int-br-eth2: its peer is tap1, not phy-br-eth2"],
    ),
    "no peer": (
        with_port("br-int", "int-br-eth2", patch("int-br-eth2", "")),
        ["patch int-br-eth2: it has no peer"],
    ),
    "patch ports of other names": (
        in_turn(
            with_port("br-int", "int-br-eth2", patch("to-wire", "to-int")),
            with_port("br-eth2", "phy-br-eth2", patch("to-int", "to-wire")),
        ),
        [
            "there is no patch port int-br-eth2 on bridge br-int: to-wire, which leads to br-eth2, must have"
            " that name",
            "there is no patch port phy-br-eth2 on bridge br-eth2: to-int, which leads to br-int, must have"
            " that name",
        ],
    ),
    "both ends on one bridge": (
        in_turn(
            with_port("br-eth2", "phy-br-eth2"),
            with_port("br-int", "tap1", port(TAP), patch("phy-br-eth2", "int-br-eth2")),
        ),
        ["there is no patch port phy-br-eth2 on bridge br-eth2: it is on bridge br-int"],
    ),
    "an internal port for a patch port": (
        with_port("br-int", "int-br-eth2", port(InterfaceFacts("int-br-eth2", type="internal"))),
        ["int-br-eth2 on bridge br-int is of type internal, not a patch port"],
    ),
    "a patch port without its type": (
        with_port(
            "br-int",
            "int-br-eth2",
            port(InterfaceFacts("int-br-eth2", type="", peer="phy-br-eth2", error="no device")),
        ),
        ["int-br-eth2 on bridge br-int is a device of the system, not a patch port"],
    ),
    "bridges of two datapaths": (
        with_bridge("br-int", datapath_type="netdev"),
        ["bridge br-eth2 has datapath_type system and br-int netdev: no patch joins the two"],
    ),
    "a patch that Open vSwitch refuses": (
        with_port(
            "br-int",
            "int-br-eth2",
            port(InterfaceFacts("int-br-eth2", type="patch", peer="phy-br-eth2", error="not usable")),
        ),
        ["patch int-br-eth2: Open vSwitch says: not usable"],
    ),
    "a tag on an end of the patch": (
        with_port("br-int", "int-br-eth2", tagged_patch("int-br-eth2", "phy-br-eth2", tag=5)),
        ["patch int-br-eth2 has tag=5: it must carry the VLANs of all networks"],
    ),
    "a tag and a vlan_mode on the other end": (
        with_port(
            "br-eth2",
            "phy-br-eth2",
            tagged_patch("phy-br-eth2", "int-br-eth2", tag=5, vlan_mode="native-tagged"),
        ),
        ["patch phy-br-eth2 has tag=5 vlan_mode=native-tagged: it must carry the VLANs of all networks"],
    ),
    "a patch that is no trunk": (
        with_port("br-int", "int-br-eth2", tagged_patch("int-br-eth2", "phy-br-eth2", vlan_mode="access")),
        ["patch int-br-eth2 has vlan_mode=access: it must carry the VLANs of all networks"],
    ),
    "a patch that is a trunk in words": (
        with_port("br-int", "int-br-eth2", tagged_patch("int-br-eth2", "phy-br-eth2", vlan_mode="trunk")),
        [],
    ),
    "a tag on the NIC": (
        with_port("br-eth2", "eth2", port(ETH2, tag=5)),
        ["eth2 of bridge br-eth2 has tag=5: it must carry the VLANs of all networks"],
    ),
    "a native VLAN of the NIC": (
        with_port("br-eth2", "eth2", port(ETH2, tag=5, vlan_mode="native-untagged")),
        [
            "eth2 of bridge br-eth2 has tag=5 vlan_mode=native-untagged: frames without a VLAN come in as of"
            " VLAN 5"
        ],
    ),
    "a NIC that is a trunk in words": (
        with_port("br-eth2", "eth2", port(ETH2, vlan_mode="native-tagged")),
        [],
    ),
    "no NIC": (
        with_port("br-eth2", "eth2"),
        ["bridge br-eth2 has no NIC: nothing of it reaches another host"],
    ),
    "a NIC misspelled": (
        with_nic(name="eth22", error="could not open network device eth22 (No such device)"),
        [
            "Open vSwitch cannot use eth22 of bridge br-eth2: could not open network device eth22 (No such"
            " device)"
        ],
    ),
    "a NIC that is down": (with_nic(admin_up=False, link_up=False), ["eth2 of bridge br-eth2 is down"]),
    "a NIC that is unplugged": (with_nic(link_up=False), ["eth2 of bridge br-eth2 has no link"]),
    "a NIC in br-int": (
        in_turn(
            with_port("br-eth2", "eth2"),
            with_port("br-int", "tap1", port(TAP), port(ETH2)),
        ),
        [
            "bridge br-eth2 has no NIC: nothing of it reaches another host",
            "eth2 has no iface-id: it is no port's, and carries nothing",
        ],
    ),
    "no set-manager": (
        with_host(managers=()),
        ["no set-manager: the controller cannot read the iface-ids of this host nor set its tags"],
    ),
    "manager and controller the wrong way round": (
        in_turn(
            with_host(managers=(f"tcp:{CONTROLLER}:6653",)),
            with_controller("br-int", f"tcp:{CONTROLLER}:6640"),
            with_controller("br-eth2", f"tcp:{CONTROLLER}:6640"),
        ),
        [
            "set-manager is tcp:192.0.2.10:6653 (the port of OpenFlow), not 192.0.2.10:6640",
            "the controller of bridge br-int is tcp:192.0.2.10:6640 (the port of OVSDB), not 192.0.2.10:6653",
            "the controller of bridge br-eth2 is tcp:192.0.2.10:6640 (the port of OVSDB), not"
            " 192.0.2.10:6653",
        ],
    ),
    "manager at the API": (
        with_host(managers=(f"tcp:{CONTROLLER}:9696",)),
        ["set-manager is tcp:192.0.2.10:9696 (the port of the API), not 192.0.2.10:6640"],
    ),
    "another controller": (
        with_controller("br-int", "tcp:192.0.2.11:6653"),
        ["the controller of bridge br-int is tcp:192.0.2.11:6653, not 192.0.2.10:6653"],
    ),
    "another controller beside": (
        with_bridge("br-int", controllers=(*OPENFLOW, ControllerFacts("tcp:192.0.2.11:6653", False))),
        [
            "bridge br-int has 2 controllers, tcp:192.0.2.10:6653 and tcp:192.0.2.11:6653: each may change"
            " what the other wants"
        ],
    ),
    "a controller beside that only listens": (
        with_bridge("br-int", controllers=(ControllerFacts("ptcp:6654"), *OPENFLOW)),
        [],
    ),
    "a bridge that Open vSwitch cannot make": (
        in_turn(
            with_controller("br-int", f"tcp:{CONTROLLER}:6653", is_connected=False),
            with_bridge("br-int", is_made=False),
        ),
        ["Open vSwitch has not made bridge br-int of datapath_type system"],
    ),
    "a controller that is not there": (
        with_controller("br-int", f"tcp:{CONTROLLER}:6653", is_connected=False),
        ["bridge br-int is not connected to tcp:192.0.2.10:6653"],
    ),
    "other protocols": (
        with_bridge("br-int", protocols=("OpenFlow10", "OpenFlow13")),
        ["bridge br-int speaks OpenFlow10, OpenFlow13 and not OpenFlow14"],
    ),
    "fail_mode forgotten": (
        with_bridge("br-int", fail_mode=""),
        ["bridge br-int is not fail_mode=secure: without its controller networks mix on the wire"],
    ),
    "more tags than one looked at": (
        with_host(vlan_limit="0"),
        [
            "other_config:vlan-limit is 0: a machine of a flat network that hides the tag of another behind a"
            " priority tag is heard there"
        ],
    ),
    "as many as by default": (with_host(vlan_limit="1"), []),
    "a release that ignores ct_clear": (
        with_host(version="2.17.0"),
        [
            "Open vSwitch 2.17.0 ignores ct_clear: guards judge what the host sends or forwards by the host's"
            " own connections"
        ],
    ),
    "the same in user space, where nothing comes tracked": (
        in_turn(
            with_host(version="2.17.0"),
            with_bridge("br-int", datapath_type="netdev"),
            with_bridge("br-eth2", datapath_type="netdev"),
        ),
        [],
    ),
    "in-band control, as it is by default": (
        with_bridge("br-int", in_band=True),
        [
            "bridge br-int is controlled in-band: ARP and TCP with the controller's address pass its flows"
            " by, whoever sends them"
        ],
    ),
    "the port's name for its id": (
        with_tap(iface_id="vm1"),
        [f"tap1 has the iface-id vm1, the name of port {PORT_ID} and not its id"],
    ),
    "the machine's id for the port's": (
        with_tap(iface_id=VM1.device_id),
        [f"tap1 has the iface-id {VM1.device_id}, the device_id of port vm1 ({PORT_ID}) and not its id"],
    ),
    "upper case": (
        with_tap(iface_id=PORT_ID.upper()),
        [
            f"tap1 has the iface-id {PORT_ID.upper()}, and no port has that id: port vm1 ({PORT_ID}) was"
            " probably meant"
        ],
    ),
    "a slip of the pen": (
        with_tap(iface_id=PORT_ID[:-2] + "ba"),
        [
            f"tap1 has the iface-id {PORT_ID[:-2]}ba, and no port has that id: port vm1 ({PORT_ID}) was"
            " probably meant"
        ],
    ),
    "an id that is cut short": (
        with_tap(iface_id=PORT_ID[:20]),
        [
            f"tap1 has the iface-id {PORT_ID[:20]}, and no port has that id: port vm1 ({PORT_ID}) was"
            " probably meant"
        ],
    ),
    "an id that libvirt made up": (
        with_tap(iface_id="11111111-2222-4333-8444-555555555555"),
        ["tap1 has the iface-id 11111111-2222-4333-8444-555555555555, and no port has that id"],
    ),
    "no id at all": (
        with_tap(iface_id="web server"),
        ["tap1 has the iface-id web server, which is not the id of a port"],
    ),
    "plugged into br-eth2": (
        in_turn(with_port("br-int", "tap1"), with_port("br-eth2", "eth2", port(ETH2), port(TAP))),
        ["tap1 has an iface-id and is on bridge br-eth2, not br-int"],
    ),
    "iface-id on the row of Port": (
        with_port("br-int", "tap1", port(replace(TAP, iface_id=""), iface_id=PORT_ID)),
        ["tap1 has its iface-id on the row of Port, and it belongs on that of Interface"],
    ),
    "another MAC address": (
        with_tap(attached_mac="52:54:00:00:00:01"),
        [
            f"the machine at tap1 has the MAC address 52:54:00:00:00:01, and port vm1 ({PORT_ID}) has"
            " fa:16:3e:fe:c7:87"
        ],
    ),
    "the same MAC address written otherwise": (with_tap(attached_mac="FA-16-3E-FE-C7-87"), []),
    "vlan_mode by hand": (
        with_port("br-int", "tap1", port(TAP, tag=1, vlan_mode="trunk")),
        ["tap1 has vlan_mode=trunk: it carries VLANs that are not its own"],
    ),
    "vlan_mode as it is anyhow": (
        with_port("br-int", "tap1", port(TAP, tag=1, vlan_mode="access")),
        [],
    ),
    "a port row of two interfaces": (
        with_port(
            "br-int", "tap1", PortFacts("bond0", interfaces=(TAP, replace(TAP, name="tap2", iface_id="")))
        ),
        [
            "tap1 shares its port row bond0 with tap2: a port has a row for itself, and this one carries"
            " nothing",
            "tap2 shares its port row bond0 with tap1: a port has a row for itself, and this one carries"
            " nothing",
        ],
    ),
    "a declared trunk of two interfaces": (
        with_port(
            "br-int",
            "tap1",
            PortFacts(
                "bond0", interfaces=(replace(ETH2, name="eth4", is_trunk=True), replace(ETH2, name="eth5"))
            ),
        ),
        [],
    ),
    "the same iface-id twice": (
        with_port("br-int", "tap1", port(TAP), port(replace(TAP, name="tap2"))),
        [f"tap1 and tap2 have the same iface-id {PORT_ID}"],
    ),
    "an interface that is not there": (
        with_tap(error="could not open network device tap1 (No such device)", admin_up=None, link_up=None),
        ["Open vSwitch cannot use tap1: could not open network device tap1 (No such device)"],
    ),
    "an interface whose device is gone, where Open vSwitch has kept its number": (
        with_tap(admin_up=False, link_up=False, mtu=None),
        ["the device of tap1 is gone"],
    ),
    "a device that is gone beside one that has come with its iface-id": (
        with_port(
            "br-int",
            "tap1",
            port(TAP),
            port(replace(TAP, name="tap2", admin_up=False, link_up=False, mtu=None)),
        ),
        ["the device of tap2 is gone"],
    ),
    "an interface that is not there beside one that has come with its iface-id": (
        with_port("br-int", "tap1", port(replace(TAP, name="a", error="no such device")), port(TAP)),
        ["Open vSwitch cannot use a: no such device"],
    ),
    "an interface that is down": (with_tap(admin_up=False, link_up=False), ["tap1 is down"]),
    "a guest that is switched off": (with_tap(link_up=False), []),
    "an operator's own interface": (
        with_tap(iface_id=""),
        ["tap1 has no iface-id: it is no port's, and carries nothing"],
    ),
    "a declared trunk": (with_tap(iface_id="", is_trunk=True), []),
    "an operator's own interface, dead by the controller": (
        with_port("br-int", "tap1", port(replace(TAP, iface_id=""), tag=4095)),
        ["tap1 has no iface-id: it is no port's, and carries nothing"],
    ),
    "a declared trunk with an iface-id": (
        with_tap(is_trunk=True),
        ["tap1 is declared a trunk and has an iface-id: it can be one of the two"],
    ),
    "management through the physical bridge": (
        with_host(way_to_controller="br-eth2"),
        [
            "the host reaches its controller through bridge br-eth2 (br-eth2): after a reboot the bridge has"
            " no flows, and the host never gets there"
        ],
    ),
    "a host without a name": (
        with_host(hostname="localhost"),
        ["the host calls itself localhost, as another may"],
    ),
    "a host without an identity": (
        with_host(system_id=""),
        ["the host has no system-id: nothing tells it from another host of its name"],
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_has_its_sentence(mistake: str) -> None:
    edit, sentences = MISTAKES[mistake]
    assert [condition.sentence for condition in found(edit)] == sentences


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_remedy_is_one_line(mistake: str) -> None:
    for condition in found(MISTAKES[mistake][0]):
        assert condition.remedy and "\n" not in condition.remedy


@pytest.mark.parametrize("mistake", MISTAKES)
def test_what_is_to_be_typed_can_be_typed_as_it_is(mistake: str) -> None:
    for condition in found(MISTAKES[mistake][0]):
        typed, _, _ = condition.remedy.partition(" # ")
        if typed.startswith(("ovs-", "ip ", "openstack ", "modprobe ")):
            assert not re.search(r", | \(| (or|and|not|shows) ", typed), typed


TOLD = "external_ids:osken-net-trunk=true"


@pytest.mark.parametrize(
    ("edit", "remedy"),
    [
        (
            with_host(managers=("ptcp:6640:127.0.0.1", "tcp:192.0.2.11:6640")),
            f"ovs-vsctl set-manager tcp:{CONTROLLER}:6640 ptcp:6640:127.0.0.1",
        ),
        (
            with_tap(type="geneve", iface_id=""),
            f"ovs-vsctl del-port br-int tap1 # for a trunk of your own: ovs-vsctl set interface tap1 {TOLD}",
        ),
        (
            with_tap(type="patch", peer="provnet", iface_id=""),
            f"ovs-vsctl del-port br-int tap1 # for a trunk of your own: ovs-vsctl set interface tap1 {TOLD}",
        ),
        (
            with_tap(iface_id=""),
            "ovs-vsctl set interface tap1 external_ids:iface-id=PORT_ID # for a trunk of your own: ovs-vsctl"
            f" set interface tap1 {TOLD}",
        ),
        (
            with_tap(iface_id="11111111-2222-4333-8444-555555555555"),
            "ovs-vsctl set interface tap1 external_ids:iface-id=PORT_ID # if it is no machine's any more:"
            " ovs-vsctl del-port br-int tap1",
        ),
        (
            with_bridge("br-int", controllers=(*OPENFLOW, ControllerFacts("tcp:192.0.2.11:6653", True))),
            f"ovs-vsctl set-controller br-int tcp:{CONTROLLER}:6653 -- set controller br-int"
            " connection_mode=out-of-band",
        ),
        (
            with_tap(admin_up=False, mtu=None),
            "ovs-vsctl del-port br-int tap1 # then plug it in again, if its device has come back",
        ),
        (
            in_turn(without("br-eth2"), with_bridge("br-int", datapath_type="netdev")),
            "ovs-vsctl add-br br-eth2 -- set bridge br-eth2 fail_mode=secure"
            " other_config:disable-in-band=true datapath_type=netdev",
        ),
    ],
)
def test_a_remedy_leaves_alone_what_is_right(edit: Edit, remedy: str) -> None:
    assert remedy in [condition.remedy for condition in found(edit)]


def test_the_controller_tells_of_another_one_beside_it() -> None:
    beside = with_bridge("br-int", controllers=(*OPENFLOW, ControllerFacts("ssl:192.0.2.11:6653")))
    (condition,) = found(beside, address="", connected={"br-int", "br-eth2"})
    assert (condition.code, condition.cuts) == (Code.CONTROLLER_TARGET, False)
    assert condition.remedy.startswith("ovs-vsctl set-controller br-int tcp:CONTROLLER:6653 ")


def test_a_condition_says_what_it_is_about_and_what_to_type() -> None:
    edit = with_port("br-int", "int-br-eth2", patch("int-br-eth2", "phy-br-eht2"))
    assert found(edit) == (
        Condition(
            "patch_peer",  # type: ignore[arg-type]
            "patch int-br-eth2: its peer phy-br-eht2 does not exist",
            "ovs-vsctl set interface int-br-eth2 type=patch options:peer=phy-br-eth2",
            bridge="br-eth2",
            interface="int-br-eth2",
            cuts=True,
        ),
    )


def cutting(edit: Edit) -> list[str]:
    return [condition.code.value for condition in found(edit) if condition.cuts]


def test_a_bond_goes_on_with_the_nic_that_is_left() -> None:
    eth3 = replace(ETH2, name="eth3")
    bond = PortFacts("bond0", interfaces=(replace(ETH2, link_up=False), eth3))
    assert cutting(with_port("br-eth2", "eth2", bond)) == []
    dead = PortFacts("bond0", interfaces=(replace(ETH2, link_up=False), replace(eth3, admin_up=False)))
    assert cutting(with_port("br-eth2", "eth2", dead)) == ["nic_unplugged", "nic_down"]


def test_a_tag_cuts_all_networks_of_a_bridge_but_a_native_vlan_does_not() -> None:
    bond = PortFacts("bond0", interfaces=(ETH2, replace(ETH2, name="eth3")), tag=5)
    for on, name, instead in (
        ("br-int", "int-br-eth2", tagged_patch("int-br-eth2", "phy-br-eth2", tag=5)),
        ("br-eth2", "phy-br-eth2", tagged_patch("phy-br-eth2", "int-br-eth2", vlan_mode="dot1q-tunnel")),
        ("br-eth2", "eth2", port(ETH2, tag=5)),
        ("br-eth2", "eth2", bond),
    ):
        cuts = [condition for condition in found(with_port(on, name, instead)) if condition.cuts]
        about = {(condition.bridge, condition.interface, condition.remedy) for condition in cuts}
        assert about == {("br-eth2", "", f"ovs-vsctl clear port {instead.name} tag vlan_mode")}
    assert cutting(with_port("br-eth2", "eth2", port(ETH2, tag=5, vlan_mode="native-tagged"))) == []
    assert cutting(with_port("br-eth2", "eth2", port(ETH2, tag=5), port(replace(ETH2, name="eth3")))) == []


def test_fail_mode_cuts_nothing_now() -> None:
    assert cutting(with_bridge("br-int", fail_mode="standalone")) == []


def test_a_nic_with_a_smaller_mtu_than_a_network_is_told() -> None:
    assert [c.sentence for c in found(in_turn(), mtus={"default": 9000})] == [
        "eth2 of bridge br-eth2 has MTU 1500, and a network has 9000"
    ]
    assert found(with_nic(mtu=9000), mtus={"default": 9000}) == ()


def test_a_port_asked_for_on_another_host_is_told() -> None:
    wished = replace(VM1, requested_host="host2")
    assert [c.sentence for c in found(in_turn(), ports=PortDirectory({wished.id: wished}))] == [
        f"tap1 is port vm1 ({PORT_ID}), which is asked for on host host2"
    ]
    here = replace(VM1, requested_host="host1")
    assert found(in_turn(), ports=PortDirectory({here.id: here})) == ()


def test_a_host_need_not_have_every_physical_network() -> None:
    assert conditions(HOST, Expected(TWO)) == ()
    needed = conditions(HOST, Expected(TWO, needed=("other",)))
    assert [c.sentence for c in needed] == ["there is no bridge br-eth3"]
    assert [c.sentence for c in conditions(without("br-eth2")(HOST), Expected(TWO))] == [
        "there is no bridge br-eth2",
        "there is no bridge br-eth3",
    ]


TUNNEL_NEEDS = TunnelNeeds({NetworkType.VXLAN: 1450, NetworkType.GRE: 1458})
AT = with_host(tunnel_address="192.0.2.1")


def in_user_space(mtu: int = 1500) -> Edit:
    return in_turn(AT, with_bridge("br-int", datapath_type="netdev"), with_tunnels(), with_nic(mtu=mtu))


def with_tunnels(error: str = "") -> Edit:
    """Have a tunnel bridge, whose port for tunnels Open vSwitch has an error of."""
    of_tunnels = port(InterfaceFacts("tun-vxlan", type="vxlan", error=error, mtu=None))
    made = bridge("br-tun", patch("patch-int", "patch-tun"), of_tunnels)
    return lambda host: replace(host, bridges=(*host.bridges, made))


def of_tunnels(edit: Edit, **needs: object) -> list[tuple[str, str]]:
    """Give what is wrong with a host that has networks over tunnels; its datapaths are not looked at."""
    asked = replace(TUNNEL_NEEDS, **needs)  # type: ignore[arg-type]
    every = found(edit, tunnels=asked, connected={"br-int", "br-eth2"})
    return [(c.code.value, c.sentence) for c in every if c.code is not Code.DATAPATH_TYPE]


def test_a_host_with_networks_over_tunnels_needs_an_address_of_its_own() -> None:
    assert of_tunnels(AT) == []
    assert of_tunnels(in_turn()) == [
        (
            "tunnel_address_missing",
            "it has networks over tunnels and no tunnel address: no other host reaches it",
        )
    ]
    assert of_tunnels(AT, rival="host2") == [
        (
            "tunnel_address_doubled",
            "its tunnel address 192.0.2.1 is also that of host host2: that host is not reached",
        )
    ]
    assert of_tunnels(AT, rival="host2", is_reached=False) == [
        (
            "tunnel_address_doubled",
            "its tunnel address 192.0.2.1 is also that of host host2: this one is not reached",
        )
    ]


def test_a_tunnel_address_that_is_none_is_told_where_it_is_asked_for_or_nobody_knows() -> None:
    edit = with_host(tunnel_address="2001:db8::1")
    wrong = "its tunnel address is 2001:db8::1, which is no IPv4 address of a host"
    assert of_tunnels(edit) == [("tunnel_address_malformed", wrong)]
    assert [condition.sentence for condition in found(edit)] == [wrong]
    assert found(edit, connected={"br-int", "br-eth2"}) == ()
    assert found(in_turn()) == ()


def test_a_nic_that_is_too_small_for_tunnels_is_told_where_it_must_be_the_one() -> None:
    assert of_tunnels(in_user_space()) == []
    assert of_tunnels(in_user_space(1499)) == [
        ("tunnel_mtu", "eth2 has MTU 1499, and a network of type vxlan with MTU 1450 needs 1500")
    ]
    assert of_tunnels(in_user_space(), mtus={NetworkType.GRE: 1459}) == [
        ("tunnel_mtu", "eth2 has MTU 1500, and a network of type gre with MTU 1459 needs 1501")
    ]
    assert of_tunnels(in_turn(AT, with_nic(mtu=1400))) == []  # of the kernel's datapath nobody knows the NIC


def test_a_bridge_in_user_space_whose_own_address_hears_machines_is_told() -> None:
    def local(**values: object) -> Edit:
        def edit(host: HostFacts) -> HostFacts:
            rows = (replace(row, **values) if row.name == "br-eth2" else row for row in PHYSICAL.ports)  # type: ignore[arg-type]
            return with_bridge("br-eth2", datapath_type="netdev", ports=tuple(rows))(host)

        return in_turn(AT, edit)

    said = (
        "tunnel_vlans",
        "the port br-eth2 of bridge br-eth2 takes frames of all VLANs: a machine on any that says that it has"
        " another host's tunnel address cuts the tunnels to there",
    )
    assert of_tunnels(local()) == [said] == of_tunnels(local(vlan_mode="trunk"))
    assert of_tunnels(local(tag=0)) == [] == of_tunnels(local(tag=100))
    assert of_tunnels(in_turn(AT)) == []  # the kernel's own address hears no VLAN


def test_a_network_over_tunnels_on_too_many_hosts_or_with_too_many_machines_is_told() -> None:
    crowds = (Crowd("net", NetworkType.VXLAN, 1500, 5001),)
    machines = (
        "tunnel_machines",
        "network net has 5001 machines on other hosts: each takes flows of its own here, which are meant for"
        " 5000",
    )
    hosts = "network net is on 1500 other hosts, and a broadcast is copied to {}: the others do not hear it"
    assert of_tunnels(AT, crowds=crowds) == [machines]
    assert of_tunnels(in_user_space(), crowds=crowds) == [("tunnel_hosts", hosts.format(780)), machines]


def test_what_open_vswitch_says_of_a_port_for_tunnels_is_passed_on() -> None:
    error = "could not add network device tun-vxlan to ofproto (File exists)"
    assert of_tunnels(in_turn(AT, with_tunnels(error))) == [
        ("interface_error", f"tun-vxlan of bridge br-tun: Open vSwitch says: {error}")
    ]


def test_the_controller_knows_better_which_bridge_is_connected() -> None:
    said = with_controller("br-int", f"tcp:{CONTROLLER}:6653", is_connected=True)
    assert [c.code.value for c in found(said, connected={"br-eth2"})] == ["not_connected"]
    assert found(with_controller("br-int", f"tcp:{CONTROLLER}:6653"), connected={"br-int", "br-eth2"}) == ()


def test_an_in_band_controller_needs_no_other_way() -> None:
    through = with_host(way_to_controller="br-eth2")
    dialled = with_controller("br-eth2", f"tcp:{CONTROLLER}:6653", in_band=True)
    one_nic = in_turn(through, dialled, with_bridge("br-eth2", in_band=True))
    assert [condition.code for condition in found(one_nic)] == [Code.IN_BAND]


def test_a_bridge_that_is_not_to_be_in_band_is_none_whatever_its_controller_says() -> None:
    through = with_host(way_to_controller="br-eth2")
    dialled = with_controller("br-eth2", f"tcp:{CONTROLLER}:6653", in_band=True)
    (condition,) = found(in_turn(through, dialled))
    assert condition.code is Code.CONTROLLER_PATH
    assert condition.remedy == (
        "use another NIC for management, or: ovs-vsctl set bridge br-eth2 other_config:disable-in-band=false"
        " -- set controller br-eth2 connection_mode=in-band"
    )


@pytest.mark.parametrize(
    "target", ["tcp:192.0.2.10", "ssl:192.0.2.10:6653", "tcp:controller.example.org:6653"]
)
def test_other_forms_of_the_same_target_are_right(target: str) -> None:
    assert found(with_controller("br-int", target)) == ()


def test_where_tls_is_spoken_a_target_of_tcp_is_wrong() -> None:
    tls = {"openflow_method": "ssl", "ovsdb_method": "ssl"}
    assert [condition.sentence for condition in found(in_turn(), **tls)] == [
        "set-manager is tcp:192.0.2.10:6640, not ssl:192.0.2.10:6640",
        "the controller of bridge br-int is tcp:192.0.2.10:6653, not ssl:192.0.2.10:6653",
        "the controller of bridge br-eth2 is tcp:192.0.2.10:6653, not ssl:192.0.2.10:6653",
    ]
    spoken = in_turn(
        with_controller("br-int", "ssl:192.0.2.10:6653"),
        with_controller("br-eth2", "ssl:192.0.2.10"),
        with_host(managers=("ssl:192.0.2.10:6640",)),
    )
    assert found(spoken, **tls) == ()


def test_an_ipv6_address_is_read_in_its_brackets() -> None:
    facts = in_turn(
        with_controller("br-int", "tcp:[2001:db8::10]:6653"),
        with_controller("br-eth2", "tcp:[2001:db8:0::10]"),
        with_host(managers=("ptcp:6640", "tcp:[2001:db8::10]:6640")),
    )
    assert found(facts, address="2001:db8::10") == ()
    (missing,) = found(in_turn(facts, with_host(managers=())), address="2001:db8::10")
    assert missing.remedy == "ovs-vsctl set-manager tcp:[2001:db8::10]:6640"


def test_without_the_ports_only_what_cannot_be_an_id_is_told() -> None:
    assert found(with_tap(iface_id="11111111-2222-4333-8444-555555555555"), ports=None) == ()
    assert [c.sentence for c in found(with_tap(iface_id=PORT_ID.upper()), ports=None)] == [
        f"tap1 has the iface-id {PORT_ID.upper()}, and ids are written {PORT_ID}"
    ]


def test_without_a_manager_the_name_tells_the_port() -> None:
    facts = in_turn(with_host(managers=()), with_tap(name="tap8a42c1de-82", iface_id=""))
    assert [c.code.value for c in found(facts)] == ["manager_missing"]


BY_NAME = with_tap(name="tap8a42c1de-82", iface_id="")


@pytest.mark.parametrize(
    ("ports", "meant"), [(PortDirectory({VM1.id: VM1}), PORT_ID), (PortDirectory({}), "PORT_ID")]
)
def test_what_is_a_ports_by_its_name_gets_its_iface_id_before_a_manager_would_cut_it(
    ports: PortDirectory, meant: str
) -> None:
    plug = f"ovs-vsctl set interface tap8a42c1de-82 external_ids:iface-id={meant} #"
    (missing,) = found(in_turn(with_host(managers=()), BY_NAME), ports=ports)
    assert missing.remedy == (
        f"{plug} and so all that are ports' by their names alone, which a manager's session cuts; then:"
        f" ovs-vsctl set-manager tcp:{CONTROLLER}:6640"
    )
    (undeclared,) = found(BY_NAME, ports=ports)
    assert undeclared.remedy.startswith(plug)


@pytest.mark.parametrize(
    ("versions", "mended"),
    [
        (("2.13.7",), "2.13.8"),
        (("2.14.5",), "2.14.6"),
        (("2.15.4",), "2.15.5"),
        (("2.16.0", "2.16.3"), "2.16.4"),
        (("2.17.0", "2.17.0-0ubuntu1", "2.17.1"), "2.17.2"),
        (("", "2.12.4", "2.13.6", "2.13.8", "2.14.4", "2.14.6", "2.15.0", "2.15.3", "2.15.5"), None),
        (("2.16.4", "2.17.2", "2.17.12", "3.0.0", "3.7.1", "10.0"), None),
    ],
)
def test_a_release_that_ignores_ct_clear_is_to_be_upgraded(
    versions: tuple[str, ...], mended: str | None
) -> None:
    remedies = [f"upgrade Open vSwitch to {mended} or later"] if mended else []
    for version in versions:
        assert [condition.remedy for condition in found(with_host(version=version))] == remedies, version


def test_what_a_host_says_of_itself_is_cut_and_cannot_be_obeyed() -> None:
    (condition,) = found(with_tap(iface_id="\x1b[2J;reboot" + "x" * 1000, name="tap1; reboot"))
    assert condition.sentence.startswith(r"tap1; reboot has the iface-id \x1b[2J;reboot" + "x" * 53 + "…")
    assert condition.remedy == (
        "ovs-vsctl set interface 'tap1; reboot' external_ids:iface-id=PORT_ID # if it is no machine's any"
        " more: ovs-vsctl del-port br-int 'tap1; reboot'"
    )


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        ("br-eth2", "br-eth2", True),
        ("br-eth2", "br-eth1", True),
        ("br-eth2", "br-eht2", True),
        ("br-eth2", "bre-ht2", True),
        ("br-eth2", "breth", True),
        ("br-eth2", "br-eth234", True),
        ("br-eth2", "br-eth2345", False),
        ("br-eth2", "br-int", False),
        ("", "ab", True),
        ("", "abc", False),
        ("ab", "ba", True),
        ("abcd", "dcba", False),
    ],
)
def test_two_slips_are_near_and_three_are_not(one: str, other: str, near: bool) -> None:
    assert (is_near(one, other), is_near(other, one)) == (near, near)


def test_a_port_is_found_under_what_it_is_called_now() -> None:
    ports = {VM1.id: VM1}
    directory = PortDirectory(ports)
    assert directory.named("vm1") == VM1
    ports[VM1.id] = web = replace(VM1, name="web", device_id="")
    directory.change(VM1, web)
    assert (directory.named("vm1"), directory.of_device(VM1.device_id)) == (None, None)
    assert directory.named("web") == directory.port(PORT_ID) == directory.similar(PORT_ID[:-1])
    del ports[VM1.id]
    directory.change(web, None)
    assert (directory.named("web"), directory.port(PORT_ID), directory.similar(PORT_ID)) == (None, None, None)


@pytest.mark.parametrize(
    "text",
    [f"{{{PORT_ID.upper()}}}", f"urn:uuid:{PORT_ID}", PORT_ID.replace("-", ""), f" {PORT_ID}\n", PORT_ID[1:]],
)
def test_an_id_written_otherwise_is_the_same_ports(text: str) -> None:
    assert PortDirectory({VM1.id: VM1}).similar(text) == VM1
