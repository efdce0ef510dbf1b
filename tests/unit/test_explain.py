"""Every cause: facts of which it is the verdict, with its sentence; and what comes with it."""

import re
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any

import pytest

from osken_apps.dhcp.decision import AnswerReason, SilenceReason
from osken_apps.explain.arriving import stop_of
from osken_apps.explain.cause import Case, Cause, Verdict, VerdictState
from osken_apps.explain.causes import (
    EVERY_CAUSE,
    Explanation,
    explain_address,
    explain_outside,
    explain_reach,
)
from osken_apps.explain.document import causes_document
from osken_apps.explain.facts import (
    Facts,
    HostSeen,
    InstalledFlow,
    Known,
    Place,
    PortCounted,
    PortSeen,
    Source,
    Traffic,
    Twin,
)
from osken_apps.explain.paths import Paths
from osken_apps.model.conditions import Code, Condition, InterfaceFacts
from osken_apps.model.port_security import GroupPolicy, Guard, own_addresses
from osken_apps.model.resources import (
    Binding,
    ExtraDhcpOption,
    FixedIp,
    HostRoute,
    NetworkType,
    Port,
    Subnet,
)
from osken_apps.model.security_groups import Direction
from osken_apps.model.snapshot import HostSnapshot, Segment
from osken_apps.model.trouble import Topic
from osken_apps.model.tunnels import Everywhere, Reach, RemotePort
from osken_apps.openflow.actions import Output
from osken_apps.openflow.difference import difference
from osken_apps.openflow.fields import Field
from osken_apps.openflow.flow import Flow
from osken_apps.openflow.match import Match
from osken_apps.openflow.wire import FlowBody, FlowKey, encode_flow
from osken_apps.pipeline.desired import FlowEncoder
from osken_apps.pipeline.feature import bridge_of
from osken_apps.pipeline.features.isolation import INTEGRATION_NORMAL
from osken_apps.pipeline.features.port_security import GUARDED_TAGGED
from osken_apps.pipeline.keeping import kept
from osken_apps.trace.result import Stop
from tests.golden.scenarios import LAYOUT, NET1, NET2, SERVER1, SUBNET1, TUNNEL_LINKS, bound
from tests.unit.explain_facts import (
    ACK,
    HOST1,
    HOST2,
    NAK,
    NOBODY,
    NOW,
    OFFER,
    OUT,
    TCP_80,
    VM1,
    VM2,
    but,
    facts,
    guarded,
    host,
    installed,
    journal,
    leased,
    refused,
    rule,
    seen,
    snapshot,
)

FOREIGN = Flow(0, 500, Match.of({Field.IN_PORT: 2}), (Output(99),), cookie=0x99)


def _condition(code: Code, said: str, **about: object) -> Condition:
    return Condition(code, said, "mend it", **about)  # type: ignore[arg-type]


def _with_foreign(flows: dict[FlowKey, FlowBody]) -> None:
    flows.update([encode_flow(FOREIGN)])


def _without(cookie: int) -> "object":
    def change(flows: dict[FlowKey, FlowBody]) -> None:
        for key in [key for key, body in flows.items() if body.cookie == cookie]:
            del flows[key]

    return change


def _counting(of: HostSnapshot, cookie: int, packets: int) -> HostSeen:
    """Give a host of whose flows those of one rule have taken packets."""
    told = {
        bridge: replace(
            known,
            value=tuple(
                replace(flow, packets=packets if flow.body.cookie == cookie else 0)
                for flow in known.value or ()
            ),
        )
        for bridge, known in installed(of).items()
    }
    return host(of, installed=told)


def _nowhere(**more: object) -> Facts:
    return facts(seen(replace(VM1, binding=None), **more), known_hosts=3, away=("host3",))


IPV6 = FixedIp("subnet1", IPv6Address("2001:db8::2"))
PLACES = (Place("host1", "tap1", 2), Place("host2", "tap1", 5))
UNPLUGGED = replace(VM1, binding=None)
ON_HOST2 = replace(UNPLUGGED, requested_host="host3")
GUARDED = snapshot("host1", VM1, (1,), OUT)
ANSWERS = {"answers": Known(True, Source.PROBE, NOW), "probed": IPv4Address("10.10.10.11")}
THE_SERVER = PortSeen(port=SERVER1, network=NET1, subnets=(SUBNET1,), server=SERVER1)
SILENT = {"counted": Known(PortCounted(0, 5), Source.OPENFLOW, NOW)}
ADDRESS: dict[str, tuple[Facts, str]] = {
    "port_down": (facts(but(VM1, admin_state_up=False)), "vm1 is switched off: its admin_state_up is false."),
    "network_down": (
        facts(replace(seen(VM1), network=replace(NET1, admin_state_up=False))),
        "The network net1 of vm1 is switched off: its admin_state_up is false.",
    ),
    "no_subnet": (
        facts(replace(but(VM1, fixed_ips=()), subnets=())),
        "vm1 has no address because its network net1 has no subnet.",
    ),
    "no_address": (
        facts(but(VM1, fixed_ips=())),
        "vm1 has no address: none was given when it was made, or its subnet is gone.",
    ),
    "only_ipv6": (
        facts(but(VM1, fixed_ips=(IPV6,))),
        "vm1 has no IPv4 address, only 2001:db8::2, which DHCP does not tell: it must be configured by hand"
        " or"
        " by a router's advertisements.",
    ),
    "dhcp_off": (
        facts(replace(seen(VM1), subnets=(replace(SUBNET1, enable_dhcp=False),))),
        "DHCP is off on subnet 10.10.10.0/24: vm1's address 10.10.10.11 must be configured by hand.",
    ),
    "no_server": (
        facts(replace(seen(VM1), server=None)),
        "net1 has no DHCP server yet: it gets one with the first port that is bound, if a pool has an address"
        " left.",
    ),
    "server_no_address": (
        facts(replace(seen(VM1), server=replace(SERVER1, fixed_ips=()))),
        "The DHCP server of net1 has no address on 10.10.10.0/24: its pool is full.",
    ),
    "mac_twice": (
        facts(seen(VM1, twin=Known(Twin("vm2", "fa:16:3e:00:00:02", "host2"), Source.OVSDB, NOW))),
        "The machines of vm1 on host1 and of vm2 on host2 have one MAC address, fa:16:3e:00:00:02:"
        " what is for it goes now to the one and now to the other, and a guarded port drops what is"
        " not its own.",
    ),
    "interface_error": (
        facts(
            None,
            None,
            host(HOST1, conditions=(
                _condition(Code.INTERFACE_ERROR, "Open vSwitch cannot use tap1: no device", interface="tap1"),
            )),
        ),
        "On host1, Open vSwitch cannot use tap1: no device.",
    ),
    "iface_id_unknown": (
        facts(
            seen(UNPLUGGED),
            None,
            host(HOST1, conditions=(
                _condition(Code.IFACE_ID_UNKNOWN, "tap7 has an iface-id that is no port's", port_id=VM1.id),
            )),
        ),
        "On host1, tap7 has an iface-id that is no port's.",
    ),
    "elsewhere": (
        facts(seen(ON_HOST2, claimants=(Place("host1", "tap1"),))),
        "vm1 is plugged into host1 but must be on host3, which binding:host_id asks for.",
    ),
    "not_plugged": (
        _nowhere(),
        f"Nothing is plugged in for vm1: no interface has iface-id {VM1.id}; 2 of 3 hosts are connected"
        " (host3 are not).",
    ),
    "host_gone": (
        facts(None, None, host(HOST1, alive=False, last_contact=NOW - 60)),
        "host1, which vm1 is at, is not connected since 2026-11-26 09:29:00 UTC: DHCP is not answered there;"
        " other traffic goes on as it was.",
    ),
    "trouble": (
        facts(None, None, host(HOST1, troubles={Topic.PASS: "br-int refuses a meter"})),
        "host1 cannot be brought to what it should be: br-int refuses a meter.",
    ),
    "tag_foreign": (
        facts(None, None, host(HOST1, tags=Known({"tap1": 7}, Source.OVSDB, NOW))),
        "tap1 on host1 has tag 7 instead of 4: another hand sets it.",
    ),
    "flow_missing": (
        facts(None, None, host(HOST1, installed=installed(HOST1, _without(INTEGRATION_NORMAL.cookie)))),  # type: ignore[arg-type]
        "br-int of host1 lacks 1 of its flows; they are sent again, at the next audit at the latest.",
    ),
    "waits": (
        facts(seen(VM1, waits_for="bridge br-eth2 of host host1 to connect to the controller")),
        "vm1 waits for bridge br-eth2 of host host1 to connect to the controller.",
    ),
    "conflict": (
        facts(seen(VM1, conflict=IPv4Address("10.10.10.11"), waits_for="10.10.10.11 to be free")),
        "10.10.10.11 is used by another machine of net1: vm1's own client has found this, and it is not"
        " offered"
        " before ten minutes have passed.",
    ),
    "mac_differs": (
        facts(seen(VM1, journal=journal(refused(SilenceReason.HARDWARE_ADDRESS, "chaddr is"
        " 02:00:00:00:00:99")))),
        "vm1's machine asks with a MAC address that is not vm1's, and gets no answer: chaddr is"
        " 02:00:00:00:00:99.",
    ),
    "malformed": (
        facts(seen(VM1, journal=journal(refused(SilenceReason.MALFORMED, "its options end early")))),
        "The DHCP packets of vm1's machine are broken: its options end early.",
    ),
    "over_budget": (
        facts(seen(VM1, journal=journal(refused(SilenceReason.OVER_BUDGET)))),
        "vm1's machine sends more DHCP requests a second than are answered.",
    ),
    "relayed": (
        facts(seen(VM1, journal=journal(refused(SilenceReason.RELAYED, "its giaddr is 10.0.0.1")))),
        "What vm1's machine sends comes from a relay agent (its giaddr is 10.0.0.1), and a port is served for"
        " its own client only.",
    ),
    "other_server": (
        facts(seen(VM1, journal=journal(OFFER, refused(SilenceReason.OTHER_SERVER, "server 10.10.10.200")))),
        "vm1's machine takes the offer of another DHCP server: server 10.10.10.200.",
    ),
    "nak_loop": (
        facts(seen(VM1, journal=journal(NAK, NAK))),
        "vm1's machine insists on 10.10.10.99 and its address is 10.10.10.11: it was told so 2 times.",
    ),
    "offered_not_taken": (
        facts(seen(VM1, journal=journal(OFFER, OFFER, OFFER))),
        "vm1's machine was offered 10.10.10.11 3 times, the last time at 2026-11-26 09:29:02 UTC, and never"
        " took"
        " it.",
    ),
    "released": (
        facts(seen(VM1, journal=journal(ACK, ACK._replace(reason=SilenceReason.RELEASED, sent=None)))),
        "vm1's machine gave 10.10.10.11 back at 2026-11-26 09:29:01 UTC.",
    ),
    "has_address": (
        facts(seen(VM1, journal=journal(ACK))),
        "vm1 has 10.10.10.11 since 2026-11-26 09:29:00 UTC, until 2026-11-26 10:29:00 UTC: nothing is wrong"
        " that"
        " can be seen from here.",
    ),
    "expired": (
        facts(seen(VM1, journal=journal(ACK, ago=4000))),
        "The lease of vm1 for 10.10.10.11 ended at 2026-11-26 09:23:20 UTC, and its machine did not renew"
        " it.",
    ),
    "flow_foreign": (
        facts(None, None, host(HOST1, installed=installed(HOST1, _with_foreign))),
        "A DHCP request of vm1 does not reach the controller: in table 0 of br-int on host1, cookie=0x99,"
        " table=0, priority=500,in_port=2 actions=output:99 takes it.",
    ),
    "answers_arp": (
        facts(seen(VM1, **ANSWERS, journal=journal(ACK, ago=4000))),
        "vm1's machine answers ARP for 10.10.10.11: it has its address, though no lease of it is known here.",
    ),
    "dhcp_server": (
        facts(THE_SERVER),
        "server1 is the DHCP server of net1: the hosts' flows and the controller answer for it, it sends"
        " nothing else, and nothing is plugged in for it.",
    ),
    "no_arp": (
        facts(seen(VM1, **(ANSWERS | {"answers": Known(False, Source.PROBE, NOW)}), journal=journal(ACK))),
        "vm1's machine does not answer ARP for 10.10.10.11: it is off, or has not configured it.",
    ),
    "metered": (
        facts(seen(VM1, counted=Known(PortCounted(100, 100, 40), Source.OPENFLOW, NOW))),
        "vm1's machine has sent more DHCP packets a second than a port may: 40 were dropped.",
    ),
    "host_metered": (
        facts(
            seen(VM1, counted=Known(PortCounted(9, 9, 0, 50), Source.OPENFLOW, NOW)),
            None,
            host(HOST1, installed=installed(HOST1, packets=3)),
        ),
        "The ports of host1 together have sent more DHCP packets a second than a host may: 50 were dropped,"
        " and nothing of vm1 came to the controller.",
    ),
    "not_arriving": (
        facts(None, None, host(HOST1, installed=installed(HOST1, packets=3))),
        "6 DHCP packets of vm1 have passed its switch and none has reached the controller: they are dropped"
        " by"
        " a meter, or were sent before it started.",
    ),
    "silent_off": (
        facts(seen(VM1, **SILENT)),
        "vm1's machine has sent nothing at all: it is off, or its device is not up.",
    ),
    "tagged": (
        facts(None, None, _counting(GUARDED, GUARDED_TAGGED.cookie, 7)),
        "vm1's machine has sent 7 frames with a VLAN tag, which are dropped: its port is an access port of"
        " net1.",
    ),
    "silent_no_client": (
        facts(),
        "vm1's machine has sent 100 packets and no DHCP request from fa:16:3e:00:00:01: it has no client, an"
        " address of its own, or another MAC address.",
    ),
    "restarted": (
        facts(seen(VM1, counted=None)),
        "No DHCP message of vm1 was seen in the 2 hours since the controller started: a lease from before may"
        " be valid still.",
    ),
    "cannot_tell": (
        facts(seen(VM1, journal=journal(refused(SilenceReason.UNKNOWN_MESSAGE_TYPE)))),
        "What is known of vm1 does not tell; its last message was decided so: no server answers this message"
        " type.",
    ),
}  # fmt: skip
TALKING = seen(VM1, journal=leased(VM1))
PEER = seen(VM2, journal=leased(VM2))
REACH: dict[str, tuple[Facts, str]] = {
    "other_network": (
        facts(TALKING, replace(PEER, network=NET2)),
        "vm1 is in net1 and vm2 in net2: nothing here joins the two.",
    ),
    "other_subnet": (
        facts(TALKING, replace(but(VM2, fixed_ips=(FixedIp("other", IPv4Address("10.9.9.9")),)))),
        "vm1 (10.10.10.11) and vm2 (10.9.9.9) have no address on a common subnet: they need a router"
        " between.",
    ),
    "nic_down": (
        facts(
            TALKING,
            PEER,
            host(HOST1, conditions=(
                _condition(Code.NIC_DOWN, "eth2 of bridge br-eth2 is down", bridge="br-eth2",
                           interface="eth2", cuts=True),
            )),
            host(HOST2),
        ),
        "vm1 is on host1, and there eth2 of bridge br-eth2 is down.",
    ),
    "peer_port_down": (
        facts(TALKING, replace(PEER, port=replace(VM2, admin_state_up=False))),
        "vm2 is the trouble: vm2 is switched off: its admin_state_up is false.",
    ),
    "sender_security_group": (
        facts(TALKING, PEER, guarded(VM1, "host1", NOBODY), host(HOST2), traffic=TCP_80),
        "No rule of vm1's security groups (default) lets TCP to port 80 to vm2 out.",
    ),
    "security_group": (
        facts(TALKING, PEER, host(HOST1), guarded(VM2, "host2", OUT), traffic=TCP_80),
        "No rule of vm2's security groups (default) lets TCP to port 80 from vm1 in.",
    ),
    "path_stops": (
        facts(TALKING, PEER, host(HOST1), host(replace(HOST2, segments=(), ports=()))),
        "ICMP from vm1 to vm2 stops in table 0 of br-int on host2: it leaves host1, and on host2: Any other"
        " frame from a physical bridge belongs to no network of this host (rule 2: cookie=0x6f736b6e00000002,"
        " table=0, priority=2,in_port=1 actions=drop).",
    ),
    "flow_foreign": (
        facts(TALKING, PEER, host(HOST1, installed=installed(HOST1, _with_foreign)), host(HOST2)),
        "ICMP from vm1 to vm2 stops in table 0 of br-int on host1: dropped: br-int has no port 99"
        " (cookie=0x99, table=0, priority=500,in_port=2 actions=output:99).",
    ),
    "return_path": (
        facts(TALKING, PEER, host(HOST1), host(HOST2, installed=installed(HOST2, _with_foreign))),
        "vm1 reaches vm2, but the answer stops in table 0 of br-int on host2: dropped: br-int has no port 99"
        " (cookie=0x99, table=0, priority=500,in_port=2 actions=output:99).",
    ),
    "wire": (
        facts(TALKING, PEER, wire=Known(False, Source.PROBE, NOW)),
        "What leaves host1 with VLAN 1000 does not come to host2: what is between the hosts does not"
        " carry it.",
    ),
    "peer_silent_off": (
        facts(TALKING, seen(VM2, **SILENT)),
        "vm2 is the trouble: vm2's machine has sent nothing at all: it is off, or its device is not up.",
    ),
    "answered": (
        facts(TALKING, THE_SERVER),
        "ICMP from vm1 is answered for server1, the DHCP server of net1, by a flow of host1.",
    ),
    "not_served": (
        facts(TALKING, THE_SERVER, traffic=TCP_80),
        "server1 is the DHCP server of net1, which answers ARP, ping and DHCP, all over IPv4, and does not"
        " answer TCP to port 80.",
    ),
    "delivered": (
        facts(TALKING, PEER),
        "ICMP from vm1 is delivered to vm2 (from host1 to host2), and an answer comes back.",
    ),
    "cannot_tell": (
        facts(TALKING, PEER, hosts={}),
        "Whether vm1 reaches vm2 cannot be told: its host has not shown itself yet.",
    ),
}  # fmt: skip


LOST = IPv4Address("10.10.10.99")
FAR = IPv4Address("192.0.2.1")
WITH_GATEWAY = replace(SUBNET1, gateway_ip=IPv4Address("10.10.10.1"))
ROUTED = replace(
    WITH_GATEWAY, host_routes=(HostRoute(IPv4Network("192.0.2.0/24"), IPv4Address("10.10.10.7")),)
)
SECOND = replace(SUBNET1, id="second", cidr=IPv4Network("10.9.9.0/24"))
OUTSIDE: dict[str, tuple[Facts, str]] = {
    "not_plugged": (replace(_nowhere(), outside_address=FAR), ADDRESS["not_plugged"][1]),
    "no_way_out": (
        facts(replace(seen(VM1), subnets=(replace(SUBNET1, gateway_ip=None),)), outside_address=FAR),
        "vm1 has no way to 192.0.2.1: it is outside 10.10.10.0/24, which has no gateway.",
    ),
    "nobody_has": (
        facts(outside_address=LOST),
        "No port of net1 has 10.10.10.99: only something on the wire can answer for it.",
    ),
    "gateway_absent": (
        facts(replace(seen(VM1), subnets=(WITH_GATEWAY,)), outside_address=FAR),
        "192.0.2.1 is outside 10.10.10.0/24, and its gateway 10.10.10.1 is no port here: it must be on the"
        " wire, where it cannot be seen from here.",
    ),
}


@pytest.mark.parametrize("code", OUTSIDE)
def test_why_a_port_does_not_reach_an_address_that_no_port_has(code: str) -> None:
    given, sentence = OUTSIDE[code]
    verdict = explain_outside(given).verdict
    assert (verdict.code, verdict.sentence) == (code, sentence)


def test_a_route_of_the_subnet_counts_before_its_gateway() -> None:
    told = explain_outside(facts(replace(seen(VM1), subnets=(ROUTED,)), outside_address=FAR))
    assert "its gateway 10.10.10.7 is no port" in told.verdict.sentence
    told = explain_outside(
        facts(replace(seen(VM1), subnets=(ROUTED,)), outside_address=IPv6Address("2001:db8::1"))
    )
    assert told.verdict.sentence == "vm1 has no way to 2001:db8::1: vm1 has no IPv6 address."


def test_a_route_to_everywhere_counts_where_there_is_no_gateway_alone_as_dhcp_tells_it() -> None:
    everywhere = HostRoute(IPv4Network("0.0.0.0/0"), IPv4Address("10.10.10.7"))
    for gateway_ip, hop in ((IPv4Address("10.10.10.1"), "10.10.10.1"), (None, "10.10.10.7")):
        subnet = replace(SUBNET1, gateway_ip=gateway_ip, host_routes=(everywhere,))
        told = explain_outside(facts(replace(seen(VM1), subnets=(subnet,)), outside_address=FAR))
        assert f"its gateway {hop} is no port" in told.verdict.sentence


def _of_two_subnets(second: Subnet) -> tuple[PortSeen, PortSeen]:
    """Give a machine on the first subnet and one on another of its network."""
    peer = but(VM2, fixed_ips=(FixedIp(second.id, IPv4Address("10.9.9.9")),))
    subnets = (SUBNET1, second)
    return replace(TALKING, subnets=subnets), replace(peer, subnets=subnets, journal=leased(peer.port))


def test_the_other_subnets_of_a_network_are_reached_without_a_router_where_dhcp_tells_of_them() -> None:
    told = explain_reach(facts(*_of_two_subnets(SECOND)))
    assert (told.verdict.code, told.verdict.state) == ("delivered", VerdictState.OK)
    assert told.path is not None
    assert "nw_dst=10.9.9.9" in told.path.hops[0].frame.text()


def test_a_machine_that_dhcp_does_not_tell_of_other_subnets_needs_a_router_to_them() -> None:
    told = explain_reach(facts(*_of_two_subnets(replace(SECOND, enable_dhcp=False))))
    assert told.verdict.code == "other_subnet"


@pytest.mark.parametrize("enable_dhcp, code", [(True, "nobody_has"), (False, "gateway_absent")])
def test_an_address_of_another_subnet_is_on_the_link_where_dhcp_tells_of_it(
    enable_dhcp: bool, code: str
) -> None:
    own = replace(WITH_GATEWAY, enable_dhcp=enable_dhcp)
    given = replace(seen(VM1), subnets=(own, SECOND))
    told = explain_outside(facts(given, outside_address=IPv4Address("10.9.9.50")))
    assert told.verdict.code == code


def test_the_gateway_of_another_subnet_is_no_way_out() -> None:
    second = replace(SECOND, gateway_ip=IPv4Address("10.9.9.1"))
    given = replace(seen(VM1), subnets=(replace(SUBNET1, gateway_ip=None), second))
    assert explain_outside(facts(given, outside_address=FAR)).verdict.code == "no_way_out"


def test_a_route_to_everywhere_stands_in_for_a_gateway_of_ipv6_too() -> None:
    everywhere = HostRoute(IPv6Network("::/0"), IPv6Address("2001:db8::7"))
    subnet = replace(SUBNET1, cidr=IPv6Network("2001:db8::/64"), gateway_ip=None, host_routes=(everywhere,))
    given = replace(but(VM1, fixed_ips=(IPV6,)), subnets=(subnet,))
    told = explain_outside(facts(given, outside_address=IPv6Address("2001:db8:1::1"))).verdict
    assert "its gateway 2001:db8::7 is no port" in told.sentence


def test_a_client_that_was_refused_the_address_it_had_declined_does_not_insist_on_another() -> None:
    own = NAK._replace(reason=AnswerReason.DECLINED_ADDRESS, address=IPv4Address("10.10.10.11"))
    given = seen(VM1, journal=journal(NAK, own))
    assert explain_address(facts(given)).verdict.code == "cannot_tell"
    conflict = replace(given, conflict=IPv4Address("10.10.10.11"))
    assert explain_address(facts(conflict)).verdict.code == "conflict"


@pytest.mark.parametrize("code", ADDRESS)
def test_why_a_port_has_no_address(code: str) -> None:
    given, sentence = ADDRESS[code]
    verdict = explain_address(given).verdict
    assert (verdict.code, verdict.sentence) == (code, sentence)


@pytest.mark.parametrize("code", REACH)
def test_why_a_port_does_not_reach_another(code: str) -> None:
    given, sentence = REACH[code]
    verdict = explain_reach(given).verdict
    assert (verdict.code, verdict.sentence) == (code, sentence)


IDS = {"id", "network_id", "subnet_id", "group_id", "whose_id"}
VALUES = {"rule", "address", "passes"}


@pytest.mark.parametrize("cause", [cause for cause in EVERY_CAUSE if "openstack " in cause.remedy],
                         ids=lambda cause: cause.code)  # fmt: skip
def test_a_command_names_things_by_their_ids_as_names_may_be_of_several(cause: Cause[Case]) -> None:
    command = cause.remedy[cause.remedy.index("openstack ") :]
    assert set(re.findall(r"{(\w+)}", command)) <= IDS | VALUES


def test_the_ids_are_those_of_what_is_told_of() -> None:
    front = replace(NET1, name="front")
    off = replace(seen(VM1), network=front, subnets=(replace(SUBNET1, enable_dhcp=False),))
    assert explain_address(facts(off)).verdict.remedy == "openstack subnet set --dhcp subnet1"
    bare = replace(but(VM1, fixed_ips=()), network=front, subnets=())
    remedy = "openstack subnet create --network net1 --subnet-range CIDR NAME"
    assert explain_address(facts(bare)).verdict.remedy == remedy
    grouped = replace(PEER, port=replace(VM2, security_groups=("group2",)), groups=("default",))
    closed = facts(TALKING, grouped, host(HOST1), guarded(VM2, "host2", OUT), traffic=TCP_80)
    assert explain_reach(closed).verdict.remedy.endswith("--remote-ip 10.10.10.11 group2")


NO_WIRE = _condition(Code.NIC_DOWN, "eth2 of bridge br-eth2 is down", bridge="br-eth2", interface="eth2",
                     cuts=True)  # fmt: skip


def test_what_a_host_keeps_of_ports_that_are_not_known_is_no_missing_flow() -> None:
    """Flows that several ports share have these still, as they should."""
    known = snapshot("host1", VM1, ())
    here = known.segments[0]
    other = bound(VM2, "tap2", 3, here, SERVER1, guard=Guard(own_addresses(VM2), ()))
    ofports = known.ofports | {"br-int": {**known.ofports["br-int"], "tap2": 3}}
    both = replace(known, ofports=ofports, ports=(*known.ports, other))
    keeping = replace(
        known, ofports=ofports, kept_vlans=((3, 4),), left_alone=("tap2",), keeps=("tap2 is not known",)
    )

    def keep(flows: dict[FlowKey, FlowBody]) -> None:
        """Do to the flows of both machines what the controller does that knows one."""
        planned = bridge_of("br-int", LAYOUT, keeping)
        assert planned
        sent = kept(difference(flows, FlowEncoder().flows("br-int", LAYOUT, keeping)), flows, planned)
        flows.update(sent.add)

    told = explain_address(facts(None, None, host(keeping, installed=installed(both, keep))))
    assert told.verdict == explain_address(facts(None, None, host(known))).verdict


def test_what_cuts_a_host_from_others_keeps_no_machine_from_its_address() -> None:
    told = explain_address(facts(TALKING, None, host(HOST1, conditions=(NO_WIRE,))))
    assert told.verdict.code == "has_address"
    assert [verdict.code for verdict in told.also] == ["nic_down"]


def test_what_cuts_a_host_from_others_keeps_no_machines_of_it_from_each_other() -> None:
    beside = replace(VM2, binding=Binding("host1", 4, "tap2"))
    both = replace(
        HOST1,
        ofports={**HOST1.ofports, "br-int": {**HOST1.ofports["br-int"], "tap2": 3}},
        ports=(*HOST1.ports, bound(beside, "tap2", 3, HOST1.segments[0], SERVER1)),
    )
    peer = replace(seen(beside, journal=leased(beside)), place=Place("host1", "tap2", 3))
    told = explain_reach(facts(TALKING, peer, host(both, conditions=(NO_WIRE,))))
    assert told.verdict.code == "delivered"
    assert [verdict.code for verdict in told.also] == ["nic_down", "peer_nic_down"]


def test_what_cuts_a_host_from_others_keeps_its_machines_from_those() -> None:
    told = explain_reach(facts(TALKING, PEER, host(HOST1, conditions=(NO_WIRE,)), host(HOST2)))
    assert told.verdict.code == "nic_down"
    told = explain_reach(facts(TALKING, PEER, host(HOST1), host(HOST2, conditions=(NO_WIRE,))))
    assert told.verdict.code == "peer_nic_down"
    told = explain_outside(facts(TALKING, None, host(HOST1, conditions=(NO_WIRE,)), outside_address=FAR))
    assert told.verdict.code == "nic_down"


def test_what_a_port_waits_for_is_told_by_what_its_host_lacks() -> None:
    lacks = _condition(Code.BRIDGE_MISSING, "there is no bridge br-eth2", bridge="br-eth2", cuts=True)
    waiting = seen(VM1, waits_for="bridge br-eth2 of host host1 to connect to the controller")
    assert (
        explain_address(facts(waiting, None, host(HOST1, conditions=(lacks,)))).verdict.code
        == "bridge_missing"
    )


def test_a_lease_of_an_address_that_is_not_the_ports_is_told() -> None:
    moved = replace(VM1, fixed_ips=(FixedIp("subnet1", IPv4Address("10.10.10.50")),))
    verdict = explain_address(facts(seen(moved, journal=journal(ACK)))).verdict
    assert (verdict.code, verdict.sentence) == (
        "address_changed",
        "vm1's machine has 10.10.10.11 until 2026-11-26 10:29:00 UTC, and its address is 10.10.10.50 by now:"
        " it has that when it asks again.",
    )


def test_what_else_holds_comes_with_the_verdict() -> None:
    mode = _condition(Code.FAIL_MODE, "bridge br-int has fail_mode=standalone", bridge="br-int")
    told = explain_address(facts(seen(VM1, claimants=PLACES), None, host(HOST1, conditions=(mode,))))
    assert [(verdict.code, verdict.sentence) for verdict in told.also] == [
        ("two_hosts", "vm1 is plugged into host1, host2; host1 has it, the others are dead."),
        ("fail_mode", "On host1, bridge br-int has fail_mode=standalone."),
    ]


def test_no_two_causes_have_one_code_but_those_that_cannot_tell() -> None:
    codes = [cause.code for cause in EVERY_CAUSE if cause.code != "cannot_tell"]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("given", [*ADDRESS.values(), *REACH.values()], ids=[*ADDRESS, *REACH])
def test_each_fact_has_its_source_and_its_time(given: tuple[Facts, str]) -> None:
    told = explain_reach(given[0]) if given[0].peer else explain_address(given[0])
    for verdict in (told.verdict, *told.also):
        assert verdict.evidence or verdict.state is VerdictState.UNKNOWN
        assert all(evidence.says and evidence.seen_at for evidence in verdict.evidence)
        assert "{" not in verdict.sentence + verdict.remedy


def test_what_was_assumed_and_what_cannot_be_seen_is_said() -> None:
    told = explain_reach(REACH["security_group"][0])
    assert told.unseen == (
        "connections: it is assumed that the frame opens one, or would",
        "inside the machines, and the switches between the hosts",
    )


def test_of_several_copies_that_stop_the_one_for_the_port_is_told() -> None:
    given = REACH["security_group"][0]
    path = Paths(given).forward
    assert path is not None and given.peer is not None
    stop, _ = stop_of(path, given.peer)
    copies = (
        replace(stop, frame=stop.frame.having({Field.REG7: 77})),
        replace(stop, host="elsewhere"),
    )
    stops = tuple(Stop(hop.host, hop.bridge, len(path.hops) + n, "a copy") for n, hop in enumerate(copies))
    more = replace(path, hops=(*path.hops, *copies), stops=(*path.stops, *stops))
    assert stop_of(more, given.peer)[0] is stop
    assert stop_of(more, None)[0] is copies[-1]


def test_a_host_whose_flows_are_not_known_is_followed_as_it_should_be() -> None:
    silent: Known[tuple[InstalledFlow, ...]] = Known(None, Source.OPENFLOW, NOW, "host2 did not answer")
    at = host(HOST2, installed={"br-int": silent, "br-eth2": silent})
    assert explain_reach(facts(TALKING, PEER, host(HOST1), at)).verdict.code == "delivered"


def test_the_page_of_causes_names_each() -> None:
    page = causes_document()
    assert all(f"## {cause.code}\n" in page for cause in EVERY_CAUSE)


def test_machines_that_never_asked_for_an_address_may_have_one() -> None:
    told = explain_reach(facts(seen(VM1), seen(VM2)))
    assert told.verdict.code == "delivered"
    assert [verdict.code for verdict in told.also] == ["silent_no_client", "peer_silent_no_client"]


def _over_a_tunnel(of: HostSnapshot, own: IPv4Address, other: IPv4Address, there: Port) -> HostSnapshot:
    """Give a host as it is where its network goes over tunnels."""
    network = Segment("net1", "", 5, local_vlan=4, network_type=NetworkType.VXLAN)
    remote = RemotePort(NetworkType.VXLAN, 5, other, there.mac_address, ())
    ofports = {**of.ofports, "br-tun": TUNNEL_LINKS}
    ofports["br-int"] = {**ofports["br-int"], "patch-tun": 9}
    return replace(
        of,
        ofports=ofports,
        segments=(network,),
        ports=tuple(replace(bound, segment=network) for bound in of.ports),
        reaches=(Reach("net1", Everywhere((other,), ((remote,),)), floods_unknown=True),),
        tunnel_address=own,
    )


def test_two_machines_reach_each_other_over_a_tunnel() -> None:
    one, two = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")
    hosts = host(_over_a_tunnel(HOST1, one, two, VM2)), host(_over_a_tunnel(HOST2, two, one, VM1))
    told = explain_reach(facts(TALKING, PEER, *hosts))
    assert told.verdict.sentence == REACH["delivered"][1]
    assert told.path is not None
    names = [hop.rule.name for hop in told.path.hops if hop.rule]
    assert names == [
        "integration_normal", "local_to_segment", "to_known_mac", "segment_to_local", "tunnel_to_local",
    ]  # fmt: skip
    lonely = facts(TALKING, PEER, hosts[0], host(replace(hosts[1].snapshot, reaches=(Reach("net1"),))))  # type: ignore[type-var]
    assert explain_reach(lonely).verdict.code == "path_stops"


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        (Known(True, Source.PROBE, NOW), ["vm1 answers ARP"]),
        (Known(None, Source.OPENFLOW, NOW, "not tried again within a second"), []),
        (None, []),
    ],
)
def test_what_a_probe_has_shown_is_said_also_where_nothing_is_wrong(
    answers: Known[bool] | None, says: list[str]
) -> None:
    own = IPv4Address("10.10.10.11")
    verdict = explain_address(facts(seen(VM1, answers=answers, probed=own, journal=journal(ACK)))).verdict
    assert verdict.code == "has_address"
    assert [item.says for item in verdict.evidence if item.source is Source.PROBE] == says


@pytest.mark.parametrize(
    "client",
    [
        {"journal": journal(ACK, ago=4000)},
        {"journal": journal(ACK, ACK._replace(reason=SilenceReason.RELEASED, sent=None))},
        {"journal": journal(OFFER)},
        {},
    ],
    ids=["expired", "released", "offered", "silent"],
)
def test_a_machine_that_answers_for_its_address_has_it_whatever_became_of_its_lease(
    client: dict[str, Any],
) -> None:
    there = seen(VM1, **ANSWERS, **client)
    told = explain_address(facts(there))
    assert (told.verdict.code, told.also) == ("answers_arp", ())
    assert [fact.source for fact in told.verdict.evidence] == [Source.PROBE]
    assert explain_reach(facts(there, PEER)).verdict.code == "delivered"


def test_the_address_that_was_asked_for_is_the_one_that_was_not_answered_for() -> None:
    """It is one where the DHCP server has an address, too: that need not be the first."""
    probed = IPv4Address("10.10.10.11")
    two = (FixedIp(SECOND.id, IPv4Address("10.9.9.9")), *VM1.fixed_ips)
    silent = but(VM1, fixed_ips=two)
    silent = replace(silent, answers=Known(False, Source.PROBE, NOW), probed=probed)
    assert "does not answer ARP for 10.10.10.11" in explain_address(facts(silent)).verdict.sentence


def test_what_flows_have_counted_is_not_known_of_a_bridge_that_does_not_tell() -> None:
    silent: Known[tuple[InstalledFlow, ...]] = Known(None, Source.OPENFLOW, NOW, "host1 did not answer")
    told = explain_address(facts(None, None, host(HOST1, installed={"br-int": silent, "br-eth2": silent})))
    assert told.verdict.code == "restarted"


@pytest.mark.parametrize("traffic", [Traffic(), TCP_80])
def test_of_a_dhcp_server_nothing_is_said_that_is_of_a_place(traffic: Traffic) -> None:
    small = Known({"br-eth2": (InterfaceFacts("eth2", mtu=1400),)}, Source.OVSDB, NOW)
    told = explain_reach(facts(TALKING, THE_SERVER, host(HOST1, nics=small), traffic=traffic))
    assert told.also == ()
    assert explain_reach(facts(THE_SERVER, TALKING)).verdict.code == "dhcp_server"
    lost = facts(TALKING, THE_SERVER, hosts={})
    assert explain_reach(lost).verdict.sentence.endswith("cannot be told: its host has not shown itself yet.")


def test_a_dhcp_server_that_is_switched_off_serves_all_the_same() -> None:
    off = replace(SERVER1, admin_state_up=False)
    told = explain_reach(facts(TALKING, replace(THE_SERVER, port=off, server=off)))
    assert (told.verdict.code, told.also) == ("answered", ())


def test_of_several_dhcp_servers_one_serves() -> None:
    other = replace(THE_SERVER, port=replace(SERVER1, id="other", name="other"))
    assert explain_address(facts(other)).verdict.code == "not_plugged"
    assert explain_reach(facts(TALKING, other)).verdict.code == "peer_not_plugged"


def test_what_keeps_a_ping_from_the_flow_that_answers_it_is_told() -> None:
    told = explain_reach(facts(TALKING, THE_SERVER, host(HOST1, installed=installed(HOST1, _with_foreign))))
    assert told.verdict.code == "flow_foreign"


ROUTER = replace(VM2, fixed_ips=(FixedIp("subnet1", IPv4Address("10.10.10.1")),))
BEHIND: dict[str, Any] = {"asked": (IPv4Address("10.10.10.1"),), "behind": FAR}
ANYTHING = GroupPolicy(1, (rule(1, Direction.EGRESS), rule(2, Direction.INGRESS)), {})
NEAR = GroupPolicy(1, (rule(1, Direction.EGRESS, remote_ip_prefix=IPv4Network("10.10.10.0/24")),), {})


def _behind(*hosts: HostSeen) -> Explanation:
    return explain_reach(facts(TALKING, seen(ROUTER, journal=leased(ROUTER)), *hosts, **BEHIND))


def test_what_is_behind_a_router_is_what_the_frames_are_for_and_their_answers_from() -> None:
    told = _behind()
    assert told.verdict.sentence == (
        "ICMP for 192.0.2.1 from vm1 is delivered to vm2 (from host1 to host2), and an answer comes back."
    )
    assert told.path and "nw_dst=192.0.2.1" in told.path.hops[0].frame.text()
    assert told.return_path and "nw_src=192.0.2.1" in told.return_path.hops[0].frame.text()
    assert "what is behind vm2" in told.unseen


def test_a_guarded_router_brings_no_answers_from_behind_it() -> None:
    told = _behind(host(HOST1), host(snapshot("host2", ROUTER, (1,), ANYTHING)))
    assert told.verdict.code == "return_path"


def test_a_rule_that_lets_the_router_be_reached_lets_nothing_behind_it_be() -> None:
    told = _behind(guarded(VM1, "host1", NEAR), host(snapshot("host2", ROUTER)))
    assert told.verdict.code == "sender_security_group"
    assert "lets ICMP for 192.0.2.1 to vm2 out" in told.verdict.sentence


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        (LOST, "No port of net1 has 10.10.10.99: only vm2 (by allowed_address_pairs) or something on the wire"
               " can answer for it."),
        (FAR, "192.0.2.1 is outside 10.10.10.0/24, and its gateway 10.10.10.1 is no port's own: it is at vm2"
              " (by allowed_address_pairs), or on the wire."),
    ],
)  # fmt: skip
def test_an_address_that_a_port_may_have_besides_its_own_is_not_only_on_the_wire(
    address: IPv4Address, sentence: str
) -> None:
    given = facts(replace(seen(VM1), subnets=(WITH_GATEWAY,)), outside_address=address, paired=(VM2,))
    assert explain_outside(given).verdict.sentence == sentence


def test_offers_that_were_taken_are_not_among_those_that_were_not() -> None:
    again = explain_address(facts(seen(VM1, journal=journal(OFFER, ACK, OFFER, OFFER)))).verdict
    assert again.sentence.startswith("vm1's machine was offered 10.10.10.11 2 times, the last time at")
    assert len(again.evidence) == 2


def test_how_often_a_client_was_refused_an_address_is_told_of_that_address() -> None:
    before = NAK._replace(address=IPv4Address("10.10.10.77"))
    verdict = explain_address(facts(seen(VM1, journal=journal(before, before, NAK)))).verdict
    assert verdict.sentence == (
        "vm1's machine insists on 10.10.10.99 and its address is 10.10.10.11: it was told so 1 times."
    )
    assert len(verdict.evidence) == 1


def _told_out(*opts: tuple[str, str], takes_default_route: bool = True) -> Verdict:
    extra = tuple(ExtraDhcpOption(*opt) for opt in opts)
    given = replace(but(VM1, extra_dhcp_opts=extra), subnets=(WITH_GATEWAY,))
    asked = facts(given, outside_address=FAR, takes_default_route=takes_default_route)
    return explain_outside(asked).verdict


@pytest.mark.parametrize(
    ("opts", "hop"),
    [
        ([("router", "10.10.10.77")], "10.10.10.77"),
        ([("121", "192.0.2.0/24,10.10.10.88")], "10.10.10.88"),
        ([("121", "192.0.2.0/24,10.10.10.88"), ("router", "10.10.10.77")], "10.10.10.88"),
        ([("121", "198.51.100.0/24,10.10.10.88")], "10.10.10.1"),
        ([("tag:ipxe,router", "10.10.10.77")], "10.10.10.1"),
    ],
)
def test_the_way_out_is_what_a_port_s_own_options_tell(opts: list[tuple[str, str]], hop: str) -> None:
    assert f"its gateway {hop} is no port" in _told_out(*opts).sentence


def test_what_dhcp_says_is_on_the_link_is_sent_to_nobody_else() -> None:
    assert _told_out(("121", "192.0.2.0/24,0.0.0.0")).code == "nobody_has"


def test_a_machine_s_second_nic_is_told_no_way_out_unless_it_has_one_of_its_own() -> None:
    second = _told_out(takes_default_route=False)
    assert (second.code, second.sentence) == (
        "not_told",
        "DHCP tells vm1's machine no way to 192.0.2.1: that has its default route by another port.",
    )
    own = _told_out(("router", "10.10.10.77"), takes_default_route=False)
    assert own.code == "gateway_absent"
