"""Every cause is told of two hosts in memory to which it has happened: by their own facts, and by name."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from osken_apps.apps.answering import probe
from osken_apps.explain.cause import Verdict
from osken_apps.explain.causes import EVERY_CAUSE, Explanation
from osken_apps.explain.facts import Source
from osken_apps.explain.frames import OF_A_FRAME, explain_frame
from osken_apps.model.conditions import Code
from osken_apps.model.resources import NetworkType, PortStatus
from osken_apps.pipeline.features.isolation import INTEGRATION_NORMAL
from osken_apps.trace.connections import NEW
from osken_apps.trace.words import frame_of_words
from tests.golden.scenarios import NET1
from tests.model.happenings import (
    ASIDE,
    COME_WITH_ONE,
    OTHER_MAC,
    VERDICTS,
    Happened,
    foreign,
    lease_both,
    tap,
)
from tests.model.two_hosts import VM1, VM2, TwoHosts
from tests.unit import test_conditions as conditions
from tests.unit.test_conditions import with_bridge, with_nic, with_port


@pytest.fixture(autouse=True)
def one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a probe listen for one look: what answers here has answered at once."""
    monkeypatch.setattr(probe, "LISTEN_S", 0.0)


# -- what hosts show to be wrong


def edited(*edits: Any) -> Callable[[TwoHosts], None]:
    """Give what does something to the first host's database."""
    return lambda site: site.edit(site.host1, *edits)


def without_controller(site: TwoHosts) -> None:
    """Take the controller from a bridge, and let the host have its time to come back."""
    site.disconnect(site.host1, "br-eth2")
    site.edit(site.host1, with_bridge("br-eth2", controllers=()))
    site.wait(6)


def astray(site: TwoHosts) -> None:
    """Have a bridge dial another controller, likewise."""
    site.disconnect(site.host1, "br-eth2")
    target = conditions.ControllerFacts("tcp:192.0.2.7:6640")
    site.edit(site.host1, with_bridge("br-eth2", controllers=(target,)))
    site.wait(6)


def cut_off(site: TwoHosts) -> None:
    """Have a bridge away for longer than it may be."""
    site.disconnect(site.host1, "br-eth2")
    site.wait(6)


def another_hand(site: TwoHosts) -> None:
    """Have a flow that is not ours, and no matter of the port's, found by an audit."""
    foreign(site.host1, ASIDE)
    site.hosts.by_name["host1"].bridges["br-int"].is_to_be_read = True
    site.look()


def over_tunnels(*addresses: str) -> Callable[[TwoHosts], None]:
    """Have the network go over tunnels, and the hosts say where they are reached."""

    def do(site: TwoHosts) -> None:
        site.intend(replace(NET1, network_type=NetworkType.VXLAN, physical_network=None))
        for host, address in zip(site.all[::-1], addresses[::-1], strict=True):
            host.database.tunnel_address = address
            site.show(host)
        site.look()

    return do


def too_small_for_tunnels(site: TwoHosts) -> None:
    """Have a host in user space whose NIC is too small for what its tunnels make of a frame."""
    over_tunnels("192.0.2.1", "192.0.2.2")(site)
    site.edit(site.host1, with_bridge("br-int", datapath_type="netdev"), with_nic(mtu=1400))


def heard_by_the_bridge_itself(site: TwoHosts) -> None:
    """Have a host in user space whose bridge to the wire takes machines' frames for its own."""
    over_tunnels("192.0.2.1", "192.0.2.2")(site)
    ends = PATCH("phy-br-eth2", END), conditions.PortFacts("br-eth2")
    in_user_space = (with_bridge(name, datapath_type="netdev") for name in ("br-int", "br-eth2"))
    site.edit(site.host1, *in_user_space, with_port("br-eth2", "phy-br-eth2", *ends))


PATCH, END = conditions.patch, "int-br-eth2"
TAPS = (conditions.InterfaceFacts("tap1", iface_id=VM1.id), conditions.InterfaceFacts("tap9"))
BOND = conditions.PortFacts("bond0", interfaces=TAPS)
SAID: dict[Code, tuple[Callable[[TwoHosts], None], str]] = {
    Code.INTERFACE_ERROR: (
        edited(tap(error="no such device")), "On host1, Open vSwitch cannot use tap1: no such device."),
    Code.INTERFACE_DOWN: (edited(tap(admin_up=False)), "On host1, tap1 is down."),
    Code.VLAN_MODE: (
        edited(tap(vlan_mode="trunk")),
        "On host1, tap1 has vlan_mode=trunk: it carries VLANs that are not its own."),
    Code.TRUNK_WITH_IFACE_ID: (
        edited(tap(is_trunk=True)),
        "On host1, tap1 is declared a trunk and has an iface-id: it can be one of the two."),
    Code.MAC_ADDRESS: (
        edited(tap(attached_mac=OTHER_MAC)),
        f"On host1, the machine at tap1 has the MAC address {OTHER_MAC}, and port vm1 ({VM1.id}) has"
        " fa:16:3e:00:00:01."),
    Code.IFACE_ID_UNKNOWN: (
        edited(tap(iface_id="vm1")),
        f"On host1, tap1 has the iface-id vm1, the name of port {VM1.id} and not its id."),
    Code.IFACE_ID_TWICE: (
        lambda site: site.plug(site.host1, VM1.id, "tap9"),
        f"On host1, tap1 and tap9 have the same iface-id {VM1.id}."),
    Code.IFACE_ID_ON_PORT_ROW: (
        edited(tap(iface_id="", iface_id_on_row=VM1.id)),
        "On host1, tap1 has its iface-id on the row of Port, and it belongs on that of Interface."),
    Code.PORT_ROW_SHARED: (
        edited(with_port("br-int", "tap1", BOND)),
        "On host1, tap1 shares its port row bond0 with tap9: a port has a row for itself, and this one"
        " carries nothing."),
    Code.WRONG_BRIDGE: (
        edited(with_nic(iface_id=VM1.id)),
        "On host1, eth2 has an iface-id and is on bridge br-eth2, not br-int."),
    Code.BRIDGE_MISSING: (edited(conditions.without("br-eth2")), "there is no bridge br-eth2."),
    Code.CONTROLLER_MISSING: (without_controller, "bridge br-eth2 has no controller."),
    Code.CONTROLLER_TARGET: (
        astray, "the controller of bridge br-eth2 is tcp:192.0.2.7:6640 (the port of OVSDB), not port 6653."),
    Code.PROTOCOLS: (
        edited(with_bridge("br-int", protocols=("OpenFlow13",))),
        "bridge br-int speaks OpenFlow13 and not OpenFlow14."),
    Code.PATCH_MISSING: (
        edited(with_port("br-int", END)), "there is no patch port int-br-eth2 on bridge br-int."),
    Code.PATCH_TYPE: (
        edited(with_port("br-int", END, conditions.port(conditions.InterfaceFacts(END, type="internal")))),
        "int-br-eth2 on bridge br-int is of type internal, not a patch port."),
    Code.PATCH_PEER: (
        edited(with_port("br-int", END, PATCH(END, "phy-br-eht2"))),
        "patch int-br-eth2: its peer phy-br-eht2 does not exist."),
    Code.PATCH_VLANS: (
        edited(with_port("br-int", END, conditions.tagged_patch(END, "phy-br-eth2", tag=5))),
        "patch int-br-eth2 has tag=5: it must carry the VLANs of all networks."),
    Code.DATAPATH_TYPE: (
        edited(with_bridge("br-int", datapath_type="netdev")),
        "bridge br-eth2 has datapath_type system and br-int netdev: no patch joins the two."),
    Code.NIC_MISSING: (
        edited(with_port("br-eth2", "eth2")),
        "bridge br-eth2 has no NIC: nothing of it reaches another host."),
    Code.NIC_ERROR: (
        edited(with_nic(error="no such device")),
        "Open vSwitch cannot use eth2 of bridge br-eth2: no such device."),
    Code.NIC_DOWN: (edited(with_nic(admin_up=False)), "eth2 of bridge br-eth2 is down."),
    Code.NIC_UNPLUGGED: (edited(with_nic(link_up=False)), "eth2 of bridge br-eth2 has no link."),
    Code.NIC_VLANS: (
        edited(with_port("br-eth2", "eth2", conditions.port(conditions.ETH2, tag=5))),
        "eth2 of bridge br-eth2 has tag=5: it must carry the VLANs of all networks."),
    Code.TUNNEL_ADDRESS_MISSING: (
        over_tunnels("", "192.0.2.2"),
        "it has networks over tunnels and no tunnel address: no other host reaches it."),
    Code.TUNNEL_ADDRESS_MALFORMED: (
        over_tunnels("2001:db8::1", "192.0.2.2"),
        "its tunnel address is 2001:db8::1, which is no IPv4 address of a host."),
    Code.TUNNEL_ADDRESS_DOUBLED: (
        over_tunnels("192.0.2.2", "192.0.2.2"),
        "its tunnel address 192.0.2.2 is also that of host host2: this one is not reached."),
}  # fmt: skip
SAID_BESIDES: dict[Code, tuple[Callable[[TwoHosts], None], str]] = {
    Code.FAIL_MODE: (
        edited(with_bridge("br-int", fail_mode="standalone")),
        "bridge br-int is not fail_mode=secure: without its controller networks mix on the wire."),
    Code.IN_BAND: (
        edited(with_bridge("br-int", in_band=True)),
        "bridge br-int is controlled in-band: ARP and TCP with the controller's address pass its flows by,"
        " whoever sends them."),
    Code.NOT_CONNECTED: (cut_off, "bridge br-eth2 is not connected to tcp:192.0.2.9:6653."),
    Code.NIC_MTU: (
        edited(with_nic(mtu=1400)), "eth2 of bridge br-eth2 has MTU 1400, and a network has 1500."),
    Code.FOREIGN_FLOWS: (
        another_hand,
        "bridge br-int has 1 flows of others (cookies 0x99, highest priority 500): they may take frames"
        " before ours do."),
    Code.TUNNEL_MTU: (
        too_small_for_tunnels,
        "eth2 has MTU 1400, and a network of type vxlan with MTU 1500 needs 1550."),
    Code.TUNNEL_VLANS: (
        heard_by_the_bridge_itself,
        "the port br-eth2 of bridge br-eth2 takes frames of all VLANs: a machine on any that says that it has"
        " another host's tunnel address cuts the tunnels to there."),
}  # fmt: skip
#: Of no port, or not to be seen from the controller.
NOT_OF_A_PORT = {
    Code.HOST_NAMELESS, Code.SYSTEM_ID_MISSING, Code.MANAGER_MISSING, Code.MANAGER_TARGET,  # of the host
    Code.VLAN_LIMIT, Code.CT_CLEAR,  # likewise
    Code.CONTROLLER_PATH,  # OVSDB shows no routes
    Code.INTERFACE_UNDECLARED,
    Code.WRONG_HOST,  # is the cause `elsewhere`
    Code.TUNNEL_HOSTS, Code.TUNNEL_MACHINES,  # take hundreds of hosts
}  # fmt: skip


def found(told: Explanation, code: str) -> Verdict:
    """Give what is told of a cause."""
    every = (told.verdict, *told.also)
    verdicts = [verdict for verdict in every if verdict.code == code]
    assert verdicts, [(verdict.code, verdict.sentence) for verdict in every]
    return verdicts[0]


def is_whole(verdict: Verdict) -> bool:
    """Tell whether a verdict says where it is from."""
    return all(fact.says and fact.seen_at and fact.source for fact in verdict.evidence)


@pytest.mark.parametrize("happened", VERDICTS, ids=lambda happened: happened.code)
def test_what_has_happened_is_the_verdict_and_is_named(
    happened: Happened, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = happened.do(TwoHosts(monkeypatch, *happened.stored))
    assert (told.verdict.code, told.verdict.sentence) == (happened.code, happened.sentence)
    assert is_whole(told.verdict)


@pytest.mark.parametrize("happened", COME_WITH_ONE, ids=lambda happened: happened.code)
def test_what_has_happened_besides_is_told_after_the_verdict(
    happened: Happened, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = happened.do(TwoHosts(monkeypatch, *happened.stored))
    assert found(told, happened.code).sentence == happened.sentence


@pytest.mark.parametrize("code", SAID)
def test_what_a_host_shows_to_be_wrong_is_the_verdict(code: Code, monkeypatch: pytest.MonkeyPatch) -> None:
    do, sentence = SAID[code]
    site = TwoHosts(monkeypatch)
    do(site)
    verdict = site.why_no_address().verdict
    assert (verdict.code, verdict.sentence.removeprefix("vm1 is on host1, and there ")) == (code, sentence)
    assert verdict.remedy and is_whole(verdict)


@pytest.mark.parametrize("code", [Code.PATCH_VLANS, Code.NIC_VLANS])
def test_a_port_whose_way_carries_one_vlan_only_is_not_active(
    code: Code, monkeypatch: pytest.MonkeyPatch
) -> None:
    do, sentence = SAID[code]
    site = TwoHosts(monkeypatch)
    do(site)
    port = site.port(VM1)
    words = f"this to be put right: {sentence.removesuffix('.')}"
    assert (port.status, port.waits_for) == (PortStatus.DOWN, words)


@pytest.mark.parametrize("code", SAID_BESIDES)
def test_what_disturbs_a_host_is_told_after_the_verdict(code: Code, monkeypatch: pytest.MonkeyPatch) -> None:
    do, sentence = SAID_BESIDES[code]
    site = TwoHosts(monkeypatch)
    do(site)
    assert found(site.why_no_address(), code).sentence == f"On host1, {sentence}"


def test_every_cause_is_reached() -> None:
    reached = {happened.code for happened in (*VERDICTS, *COME_WITH_ONE)}
    of_conditions = {"interface", "host", "host_besides"}
    assert {cause.code for cause in EVERY_CAUSE} - reached == of_conditions
    assert set(Code) - SAID.keys() - SAID_BESIDES.keys() == NOT_OF_A_PORT


# -- frames

FRAMES: dict[str, tuple[str, list[str], str]] = {
    "cannot_tell": ("tap7", [],
                    "What host1 does with it cannot be told: it has not shown such an interface."),
    "to_the_controller": ("tap1", ["udp", "udp_src=68", "udp_dst=67", "nw_src=0.0.0.0",
                                   "nw_dst=255.255.255.255", "dl_dst=ff:ff:ff:ff:ff:ff"],
                          "It goes to the controller."),
    "delivered": ("tap1", [f"dl_dst={VM2.mac_address}"], "It goes to tap2 of host2."),
    "leaves": ("tap1", ["dl_dst=02:00:00:00:00:77"], "It leaves by eth2 of host1 with VLAN 1000."),
    "reserved_mac": ("tap1", ["dl_dst=01:80:c2:00:00:00"],
                     "It stops in table 0 of br-int on host1: frames to 01:80:c2:00:00:00 are never forwarded"
                     " by a bridge (IEEE 802.1D, and others that keep addresses to themselves)."),
    "stops": ("eth2", ["dl_vlan=77"],
              "It stops in table 0 of br-int on host1: Any other frame from a physical bridge belongs to no"
              " network of this host (rule 2: cookie=0x6f736b6e00000002, table=0, priority=2,in_port=1"
              " actions=drop)."),
}  # fmt: skip


@pytest.mark.parametrize("code", FRAMES)
def test_what_becomes_of_a_frame_is_told_by_name(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    interface, words, sentence = FRAMES[code]
    site = TwoHosts(monkeypatch)
    frame = frame_of_words([f"dl_src={VM1.mac_address}", *words])
    verdict = explain_frame(site.frame_facts("host1", interface, frame.macs), frame, NEW).verdict
    assert (verdict.code, verdict.sentence) == (code, sentence)


def test_every_cause_of_a_frame_is_reached() -> None:
    assert [cause.code for cause in OF_A_FRAME] == list(FRAMES)


# -- what does not answer


def test_a_switch_that_is_silent_makes_its_part_unknown_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    site = TwoHosts(monkeypatch)
    lease_both(site)
    site.host1.connections["br-int"].packets[INTEGRATION_NORMAL.cookie] = 5
    site.host2.connections["br-int"].is_mute = True
    with site.short_wait():
        told = site.why_not_reached()
    assert told.verdict.code == "delivered"
    assert told.path
    assert [hop.host for hop in told.path.hops] == ["host1", "host1", "host2", "host2"]
    known = [fact.says for fact in told.verdict.evidence]
    assert known == ["each of 4 flows on its way has taken 0 packets or more"]
    about_host2 = [said for said in told.unseen if "no answer within" in said]
    assert [said.partition(",")[0].partition(":")[0] for said in about_host2] == [
        "the counters of port 2 on host2",
        "the flows of br-int on host2",
    ]


def test_a_host_that_is_silent_hides_nothing_that_is_wrong_with_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    site = TwoHosts(monkeypatch)
    foreign(site.host1)
    for connection in site.host2.connections.values():
        connection.is_mute = True
    with site.short_wait():
        told = site.why_not_reached()
    assert (told.verdict.code, told.verdict.evidence[0].source) == ("flow_foreign", Source.TRACE)
