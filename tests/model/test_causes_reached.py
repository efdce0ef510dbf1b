"""Every cause is told of two hosts in memory to which it has happened: by their own facts, and by name."""

from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest

from osken_apps.explain.cause import Verdict
from osken_apps.explain.causes import EVERY_CAUSE, Explanation
from osken_apps.explain.facts import Source
from osken_apps.explain.frames import OF_A_FRAME, explain_frame
from osken_apps.model import local_vlans
from osken_apps.model.addresses import mac_address
from osken_apps.model.conditions import Code
from osken_apps.model.resources import Binding, FixedIp, NetworkType
from osken_apps.model.security_groups import SecurityGroup
from osken_apps.openflow.actions import Output
from osken_apps.openflow.fields import Field
from osken_apps.openflow.flow import Flow
from osken_apps.openflow.match import Match
from osken_apps.openflow.wire import encode_flow
from osken_apps.pipeline.features.dhcp import DHCP_BROADCAST
from osken_apps.pipeline.features.isolation import INTEGRATION_NORMAL
from osken_apps.pipeline.features.port_security import GUARDED_TAGGED
from osken_apps.pipeline.meters import DHCP_PUNTS, PORT_METERS
from osken_apps.trace.connections import NEW
from osken_apps.trace.words import frame_of_words
from tests.golden.scenarios import NET1, NET2, SERVER1, SUBNET1
from tests.model.two_hosts import OFPORT, VM1, VM2, OneHost, TwoHosts
from tests.packet import dhcp_scenario
from tests.packet.dhcp_scenario import DECLINE, DISCOVER, RELEASE, REQUEST
from tests.unit import test_conditions as conditions
from tests.unit.explain_facts import TCP_80
from tests.unit.test_conditions import with_bridge, with_nic, with_port

OTHER_ID = "11111111-2222-4333-8444-555555555555"
THIRD = "00000000-0000-0000-0000-000000000003"
OTHER_MAC = "02:00:00:00:00:99"
FOREIGN = Flow(0, 500, Match.of({Field.IN_PORT: OFPORT}), (Output(99),), cookie=0x99)
ASIDE = Flow(0, 500, Match.of({Field.IN_PORT: 77}), (), cookie=0x99)
GROUP = SecurityGroup(id="web", project_id="p", name="web", number=1)
GUARDED = {"port_security_enabled": True, "security_groups": ("web",)}


class Happened:
    """What happened, and what is to be said of it."""

    def __init__(self, code: str, sentence: str, do: Callable[[TwoHosts], Explanation], *stored: Any) -> None:
        self.code = code
        self.sentence = sentence
        self.do = do
        self.stored = stored


VERDICTS: list[Happened] = []
COME_WITH_ONE: list[Happened] = []


def verdict(code: str, sentence: str, *stored: Any) -> Any:
    """Have what a function does be told as the verdict; `stored` is in the store from the beginning."""
    return lambda do: VERDICTS.append(Happened(code, sentence, do, *stored))


def also(code: str, sentence: str, *stored: Any) -> Any:
    """Have what a function does be told after the verdict."""
    return lambda do: COME_WITH_ONE.append(Happened(code, sentence, do, *stored))


def client(kind: int, *options: tuple[Any, ...], mac: str = str(VM1.mac_address), **more: Any) -> bytes:
    """Make what the first machine's DHCP client sends."""
    sent_by: dict[str, Any] = {"ethernet": {"src": mac}, "chaddr": bytes.fromhex(mac.replace(":", ""))}
    return dhcp_scenario.frame(kind, *options, **(sent_by | more))


OWN = ("requested_addr", "10.10.10.11")
SERVER = ("server_id", "10.10.10.3")
LEASED = (client(DISCOVER), client(REQUEST, OWN, SERVER))


def after(site: TwoHosts, *frames: bytes, seconds: float = 0) -> Explanation:
    """Ask why the first machine has no address, some time after it has sent this."""
    site.send_dhcp(site.host1, *frames)
    site.wait(seconds)
    return site.why_no_address()


def foreign(host: OneHost, flow: Flow = FOREIGN) -> None:
    """Have another hand put a flow into a host's integration bridge."""
    host.bridges["br-int"].flows.update([encode_flow(flow)])


def lose(host: OneHost, cookie: int) -> None:
    """Have another hand take the flows of a rule away."""
    flows = host.bridges["br-int"].flows
    for key in [key for key, body in flows.items() if body.cookie == cookie]:
        del flows[key]


# -- a port and its network


@verdict("port_down", "vm1 is switched off: its admin_state_up is false.")
def _(site: TwoHosts) -> Explanation:
    site.change(VM1, admin_state_up=False)
    return site.why_no_address()


@verdict("network_down", "The network net1 of vm1 is switched off: its admin_state_up is false.")
def _(site: TwoHosts) -> Explanation:
    site.intend(replace(NET1, admin_state_up=False))
    return site.why_no_address()


@verdict("no_subnet", "vm1 has no address because its network net1 has no subnet.")
def _(site: TwoHosts) -> Explanation:
    site.change(VM1, fixed_ips=())
    site.delete(SUBNET1)
    return site.why_no_address()


@verdict("no_address", "vm1 has no address: none was given when it was made, or its subnet is gone.")
def _(site: TwoHosts) -> Explanation:
    site.change(VM1, fixed_ips=())
    return site.why_no_address()


@verdict(
    "only_ipv6",
    "vm1 has no IPv4 address, only 2001:db8::2, which DHCP does not tell: it must be configured by hand or"
    " by a router's advertisements.",
)
def _(site: TwoHosts) -> Explanation:
    site.change(VM1, fixed_ips=(FixedIp("subnet1", IPv6Address("2001:db8::2")),))
    return site.why_no_address()


@verdict(
    "dhcp_off", "DHCP is off on subnet 10.10.10.0/24: vm1's address 10.10.10.11 must be configured by hand."
)
def _(site: TwoHosts) -> Explanation:
    site.intend(replace(SUBNET1, enable_dhcp=False))
    return site.why_no_address()


@verdict("no_server", "net1 has no DHCP server yet.")
def _(site: TwoHosts) -> Explanation:
    site.delete(SERVER1)
    return site.why_no_address()


@verdict("server_no_address", "The DHCP server of net1 has no address on 10.10.10.0/24: its pool is full.")
def _(site: TwoHosts) -> Explanation:
    site.change(SERVER1, fixed_ips=())
    return site.why_no_address()


# -- where it is plugged in

TWINS = (
    "The machines of vm1 on host1 and of vm2 on host2 have one MAC address, fa:16:3e:00:00:02: what is for it"
    " goes now to the one and now to the other, and a guarded port drops what is not its own."
)


@verdict("mac_twice", TWINS)
def _(site: TwoHosts) -> Explanation:
    site.host1.database.macs["tap1"] = str(VM2.mac_address)
    site.look()
    return site.why_no_address()


@verdict("mac_twice", TWINS)
def _(site: TwoHosts) -> Explanation:
    return after(site, client(DISCOVER, mac=str(VM2.mac_address)))


@verdict("elsewhere", "vm1 is plugged into host1 but must be on host3, which binding:host_id asks for.")
def _(site: TwoHosts) -> Explanation:
    site.change(VM1, requested_host="host3")
    return site.why_no_address()


@verdict(
    "nearly_plugged",
    f"tap1 on host1 has iface-id {OTHER_ID}, which is no port's, and its machine has vm1's MAC address"
    " fa:16:3e:00:00:01: was the port made anew?",
)
def _(site: TwoHosts) -> Explanation:
    site.host1.database.macs["tap1"] = str(VM1.mac_address)
    site.plug(site.host1, OTHER_ID)
    return site.why_no_address()


@verdict(
    "not_plugged",
    f"Nothing is plugged in for vm1: no interface has iface-id {VM1.id}; 1 of 2 hosts are connected"
    " (host2 are not).",
)
def _(site: TwoHosts) -> Explanation:
    site.unplug(site.host1)
    site.disconnect(site.host2)
    return site.why_no_address()


@verdict(
    "host_gone",
    "host1, which vm1 is at, is not connected since 2026-11-26 09:30:00 UTC: DHCP is not answered there;"
    " other traffic goes on as it was.",
)
def _(site: TwoHosts) -> Explanation:
    site.disconnect(site.host1)
    site.wait(60)
    return site.why_no_address()


@verdict("trouble", "host1 cannot be brought to what it should be: refused.")
def _(site: TwoHosts) -> Explanation:
    site.host1.bridges["br-int"].restart()
    site.hosts.by_name["host1"].bridges["br-int"].is_to_be_read = True
    site.host1.connections["br-int"].fault = "refused"
    site.attempt("host1")
    return site.why_no_address()


@verdict("tag_foreign", "tap1 on host1 has tag 7 instead of 1: another hand sets it.")
def _(site: TwoHosts) -> Explanation:
    site.host1.database.tags["tap1"] = 7
    site.show(site.host1)
    return site.why_no_address()


@verdict(
    "flow_missing",
    "br-int of host1 lacks 1 of its flows; they are sent again, at the next audit at the latest.",
)
def _(site: TwoHosts) -> Explanation:
    lose(site.host1, INTEGRATION_NORMAL.cookie)
    return site.why_no_address()


@verdict("waits", "vm1 waits for bridge br-eth2 of host host1 to connect to the controller.")
def _(site: TwoHosts) -> Explanation:
    site.disconnect(site.host1, "br-eth2")
    site.wait(6)
    return site.why_no_address()


@verdict("waits", "vm1 waits for a local VLAN: host host1 has given out all.")
def _(site: TwoHosts) -> Explanation:
    site.unplug(site.host1)
    site.host1.database.tags.clear()
    site.monkeypatch.setattr(local_vlans, "LAST_LOCAL_VLAN", 0)
    site.plug(site.host1, VM1.id)
    return site.why_no_address()


@verdict(
    "trouble",
    "host1 cannot be brought to what it should be: it has ports on physical network other, which [network]"
    " bridge_mappings lacks: their flows stay. Add it again, or end their traffic by [DEFAULT]"
    " remove_unknown=true.",
    replace(NET1, physical_network="other"),
)
def _(site: TwoHosts) -> Explanation:
    return site.why_no_address()


@also("two_hosts", "vm1 is plugged into host1, host2; host1 has it, the others are dead.")
def _(site: TwoHosts) -> Explanation:
    site.plug(site.host2, VM1.id, "tap9")
    return site.why_no_address()


# -- what its machine says


@verdict(
    "conflict",
    "10.10.10.11 is used by another machine of net1: vm1's own client has found this, and it is not offered"
    " before ten minutes have passed.",
)
def _(site: TwoHosts) -> Explanation:
    return after(site, *LEASED, client(DECLINE, OWN, SERVER))


@verdict(
    "mac_differs",
    "vm1's machine asks with a MAC address that is not vm1's, and gets no answer: chaddr is"
    " 02:00:00:00:00:99, the source 02:00:00:00:00:99; the port's is fa:16:3e:00:00:01.",
)
def _(site: TwoHosts) -> Explanation:
    return after(site, client(DISCOVER, mac=OTHER_MAC))


@verdict("malformed", "The DHCP packets of vm1's machine are broken: IPv4 header checksum is wrong.")
def _(site: TwoHosts) -> Explanation:
    return after(site, client(DISCOVER, ip={"chksum": 1}))


@verdict("over_budget", "vm1's machine sends more DHCP requests a second than are answered.")
def _(site: TwoHosts) -> Explanation:
    return after(site, *(client(DISCOVER, ("client_id", bytes((1, number)))) for number in range(100)))


@verdict(
    "relayed",
    "What vm1's machine sends comes from a relay agent (its giaddr is 10.10.10.1), and a port is served for"
    " its own client only.",
)
def _(site: TwoHosts) -> Explanation:
    return after(site, client(DISCOVER, giaddr="10.10.10.1"))


@verdict("other_server", "vm1's machine takes the offer of another DHCP server: server 10.10.10.200.")
def _(site: TwoHosts) -> Explanation:
    return after(site, client(DISCOVER), client(REQUEST, OWN, ("server_id", "10.10.10.200")))


@verdict(
    "nak_loop",
    "vm1's machine insists on 10.10.10.99 and its address is 10.10.10.11: it was told so 2 times.",
)
def _(site: TwoHosts) -> Explanation:
    return after(site, *[client(REQUEST, ("requested_addr", "10.10.10.99"))] * 2)


@verdict(
    "offered_not_taken",
    "vm1's machine was offered 10.10.10.11 3 times, the last time at 2026-11-26 09:30:00 UTC, and never took"
    " it.",
)
def _(site: TwoHosts) -> Explanation:
    return after(site, *[client(DISCOVER)] * 3, seconds=60)


@verdict("released", "vm1's machine gave 10.10.10.11 back at 2026-11-26 09:30:00 UTC.")
def _(site: TwoHosts) -> Explanation:
    return after(site, *LEASED, client(RELEASE, SERVER, ciaddr="10.10.10.11", ip={"src": "10.10.10.11"}))


@verdict(
    "link_down",
    "tap1 on host1, which is vm1, has no link: its machine is off, or its device is not up.",
)
def _(site: TwoHosts) -> Explanation:
    site.edit(site.host1, tap(link_up=False))
    return after(site, *LEASED)


@verdict(
    "no_arp",
    "vm1's machine does not answer ARP for 10.10.10.11: it is off, or has not configured it.",
)
def _(site: TwoHosts) -> Explanation:
    site.send_dhcp(site.host1, *LEASED)
    return site.why_no_address(probe=True)


@verdict(
    "has_address",
    "vm1 has 10.10.10.11 since 2026-11-26 09:30:00 UTC, until 2026-11-26 10:30:00 UTC: nothing is wrong that"
    " can be seen from here.",
)
def _(site: TwoHosts) -> Explanation:
    return after(site, *LEASED)


@verdict(
    "expired",
    "The lease of vm1 for 10.10.10.11 ended at 2026-11-26 10:30:00 UTC, and its machine did not renew it.",
)
def _(site: TwoHosts) -> Explanation:
    return after(site, *LEASED, seconds=4000)


@verdict(
    "flow_foreign",
    "A DHCP request of vm1 does not reach the controller: in table 0 of br-int on host1, cookie=0x99,"
    " table=0, priority=500,in_port=2 actions=output:99 takes it.",
)
def _(site: TwoHosts) -> Explanation:
    foreign(site.host1)
    return site.why_no_address()


@also(
    "request_stops",
    "A DHCP request of vm1 does not reach the controller: in table 0 of br-int on host1, rule 3:"
    " cookie=0x6f736b6e00000003, table=0, priority=1 actions=NORMAL takes it.",
)
def _(site: TwoHosts) -> Explanation:
    lose(site.host1, DHCP_BROADCAST.cookie)
    return site.why_no_address()


@verdict(
    "metered",
    "vm1's machine has sent more DHCP packets a second than a port may: 40 were dropped.",
)
def _(site: TwoHosts) -> Explanation:
    site.host1.connections["br-int"].dropped[PORT_METERS + OFPORT] = 40
    return site.why_no_address()


@verdict(
    "host_metered",
    "The ports of host1 together have sent more DHCP packets a second than a host may: 50 were dropped, and"
    " nothing of vm1 came to the controller.",
)
def _(site: TwoHosts) -> Explanation:
    site.host1.connections["br-int"].dropped[DHCP_PUNTS] = 50
    site.host1.connections["br-int"].packets[DHCP_BROADCAST.cookie] = 3
    return site.why_no_address()


@verdict(
    "not_arriving",
    "3 DHCP packets of vm1 have passed its switch and none has reached the controller: they are dropped by a"
    " meter, or were sent before it started.",
)
def _(site: TwoHosts) -> Explanation:
    site.host1.connections["br-int"].packets[DHCP_BROADCAST.cookie] = 3
    return site.why_no_address()


@verdict("silent_off", "vm1's machine has sent nothing at all: it is off, or its device is not up.")
def _(site: TwoHosts) -> Explanation:
    return site.why_no_address()


@verdict(
    "tagged",
    "vm1's machine has sent 7 frames with a VLAN tag, which are dropped: its port is an access port of net1.",
    replace(VM1, **GUARDED),
    GROUP,
)
def _(site: TwoHosts) -> Explanation:
    site.host1.connections["br-int"].received = 7
    site.host1.connections["br-int"].packets[GUARDED_TAGGED.cookie] = 7
    return site.why_no_address()


@verdict(
    "silent_no_client",
    "vm1's machine has sent 100 packets and no DHCP request from fa:16:3e:00:00:01: it has no client, an"
    " address of its own, or another MAC address.",
)
def _(site: TwoHosts) -> Explanation:
    site.host1.connections["br-int"].received = 100
    return site.why_no_address()


@verdict(
    "restarted",
    "No DHCP message of vm1 was seen in the 2 hours since the controller started: a lease from before may be"
    " valid still.",
)
def _(site: TwoHosts) -> Explanation:
    site.host1.connections["br-int"].is_mute = True
    with site.short_wait():
        return site.why_no_address()


@verdict(
    "cannot_tell",
    "What is known of vm1 does not tell; its last message was decided so: no server answers this message"
    " type.",
)
def _(site: TwoHosts) -> Explanation:
    return after(site, client(13))


# -- from one machine to the other


@verdict("other_network", "vm1 is in net1 and vm2 in net2: nothing here joins the two.", NET2)
def _(site: TwoHosts) -> Explanation:
    site.change(VM2, network_id="net2")
    return site.why_not_reached()


@verdict(
    "other_subnet",
    "vm1 (10.10.10.11) and vm2 (10.9.9.9) have no address on a common subnet: they need a router between.",
)
def _(site: TwoHosts) -> Explanation:
    site.change(VM2, fixed_ips=(FixedIp("other", IPv4Address("10.9.9.9")),))
    return site.why_not_reached()


@verdict("peer_port_down", "vm2 is the trouble: vm2 is switched off: its admin_state_up is false.")
def _(site: TwoHosts) -> Explanation:
    site.change(VM2, admin_state_up=False)
    return site.why_not_reached()


@verdict(
    "sender_security_group",
    "No rule of vm1's security groups (web) lets TCP to port 80 to vm2 out.",
    replace(VM1, **GUARDED),
    GROUP,
)
def _(site: TwoHosts) -> Explanation:
    return site.why_not_reached("tcp", 80)


@verdict(
    "security_group",
    "No rule of vm2's security groups (web) lets TCP to port 80 from vm1 in.",
    replace(VM2, **GUARDED),
    GROUP,
)
def _(site: TwoHosts) -> Explanation:
    return site.why_not_reached("tcp", 80)


EXTREME = mac_address("00:e0:2b:00:00:00")


@verdict(
    "reserved_mac",
    "Frames to 00:e0:2b:00:00:00, which is vm2's MAC address, are never forwarded by a bridge (IEEE 802.1D,"
    " and others that keep addresses to themselves).",
    replace(VM2, mac_address=EXTREME),
)
def _(site: TwoHosts) -> Explanation:
    return site.why_not_reached()


@verdict(
    "reserved_mac",
    "Frames to 00:e0:2b:00:00:00, which is vm1's MAC address, are never forwarded by a bridge (IEEE 802.1D,"
    " and others that keep addresses to themselves).",
    replace(VM1, mac_address=EXTREME),
)
def _(site: TwoHosts) -> Explanation:
    return site.why_not_reached()


@also(
    "path_stops",
    "ICMP from vm1 to vm2 stops in table 0 of br-int on host2: it leaves host1, and on host2: Any other"
    " frame from a physical bridge belongs to no network of this host (rule 2: cookie=0x6f736b6e00000002,"
    " table=0, priority=2,in_port=1 actions=drop).",
)
def _(site: TwoHosts) -> Explanation:
    lose(site.host2, 0x6F736B6E00000001)
    return site.why_not_reached()


@verdict(
    "flow_foreign",
    "ICMP from vm1 to vm2 stops in table 0 of br-int on host1: dropped: br-int has no port 99 (cookie=0x99,"
    " table=0, priority=500,in_port=2 actions=output:99).",
)
def _(site: TwoHosts) -> Explanation:
    foreign(site.host1)
    return site.why_not_reached()


@verdict(
    "return_path",
    "vm1 reaches vm2, but the answer stops in table 0 of br-int on host2: dropped: br-int has no port 99"
    " (cookie=0x99, table=0, priority=500,in_port=2 actions=output:99).",
)
def _(site: TwoHosts) -> Explanation:
    foreign(site.host2)
    return site.why_not_reached()


@verdict(
    "wire",
    "What leaves host1 with VLAN 1000 does not come to host2: what is between the hosts does not carry it.",
)
def _(site: TwoHosts) -> Explanation:
    return site.why_not_reached(probe=True)


@verdict(
    "mtu",
    "Frames of more than 1400 octets do not pass from vm1 to vm2: eth2 of host2 has MTU 1400, and net1 has"
    " 1500.",
)
def _(site: TwoHosts) -> Explanation:
    lease_both(site)
    site.edit(site.host2, with_nic(mtu=1400))
    return site.why_not_reached()


@verdict(
    "mtu",
    "Frames of more than 1280 octets do not pass from vm1 to vm2: tap2 of host2 has MTU 1280, and net1 has"
    " 1500.",
)
def _(site: TwoHosts) -> Explanation:
    lease_both(site)
    site.edit(site.host2, tap("tap2", mtu=1280))
    return site.why_not_reached()


@verdict(
    "delivered",
    "ICMP from vm1 is delivered to vm2 (from host1 to host2), and an answer comes back.",
)
def _(site: TwoHosts) -> Explanation:
    lease_both(site)
    return site.why_not_reached()


@verdict(
    "peer_answers_arp",
    "TCP to port 80 from vm1 is delivered to vm2 (from host1 to host2), which answers ARP: where no other"
    " answer comes, vm2 itself gives none.",
)
def _(site: TwoHosts) -> Explanation:
    lease_both(site)
    for host in site.all:
        host.connections["br-int"].answers_probes = True
    return site.why_not_reached("tcp", TCP_80.port, probe=True)


@verdict(
    "cannot_tell",
    "Whether vm1 reaches vm3 cannot be told: its host has not shown itself yet.",
    replace(VM2, id=THIRD, name="vm3", binding=Binding("host3", 4, "tap3")),
)
def _(site: TwoHosts) -> Explanation:
    lease_both(site)
    third = site.begin(3, "br-eth2")
    third.database.tags["tap3"] = 4
    site.plug(third, THIRD)
    return site.why_not_reached(to=THIRD)


def lease_both(site: TwoHosts) -> None:
    """Have both machines lease their addresses."""
    mac = str(VM2.mac_address)
    site.send_dhcp(site.host1, *LEASED)
    asked = ("requested_addr", "10.10.10.12")
    site.send_dhcp(site.host2, client(DISCOVER, mac=mac), client(REQUEST, asked, SERVER, mac=mac))


# -- to an address that no port has


@verdict(
    "no_way_out",
    "vm1 has no way to 192.0.2.1: it is outside 10.10.10.0/24, which has no gateway.",
)
def _(site: TwoHosts) -> Explanation:
    return site.why_not_out(IPv4Address("192.0.2.1"))


@verdict(
    "nobody_has",
    "No port of net1 has 10.10.10.99: only something on the wire can answer for it.",
)
def _(site: TwoHosts) -> Explanation:
    return site.why_not_out(IPv4Address("10.10.10.99"))


@verdict(
    "gateway_absent",
    "192.0.2.1 is outside 10.10.10.0/24, and its gateway 10.10.10.1 is no port here: it must be on the wire,"
    " where it cannot be seen from here.",
    replace(SUBNET1, gateway_ip=IPv4Address("10.10.10.1")),
)
def _(site: TwoHosts) -> Explanation:
    return site.why_not_out(IPv4Address("192.0.2.1"))


# -- what hosts show to be wrong


def tap(name: str = "tap1", **values: Any) -> Any:
    """Change what an interface shows; other values are its port row's."""

    def edit(facts: Any) -> Any:
        bridge = facts.bridge("br-int")
        port = bridge.port(name)
        of_row = {key: values[key] for key in ("vlan_mode", "iface_id_on_row") if key in values}
        of_interface = {key: value for key, value in values.items() if key not in of_row}
        row = replace(port, interfaces=(replace(port.interfaces[0], **of_interface),))
        if "iface_id_on_row" in of_row:
            of_row["iface_id"] = of_row.pop("iface_id_on_row")
        return with_port("br-int", name, replace(row, **of_row))(facts)

    return edit


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


PATCH, END = conditions.patch, "int-br-eth2"
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
        edited(with_port("br-int", END, conditions.port(conditions.InterfaceFacts(END, "internal")))),
        "int-br-eth2 on bridge br-int is of type internal, not a patch port."),
    Code.PATCH_PEER: (
        edited(with_port("br-int", END, PATCH(END, "phy-br-eht2"))),
        "patch int-br-eth2: its peer phy-br-eht2 does not exist."),
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
}  # fmt: skip
#: Of no port, or not to be seen from the controller.
NOT_OF_A_PORT = {
    Code.HOST_NAMELESS, Code.SYSTEM_ID_MISSING, Code.MANAGER_MISSING, Code.MANAGER_TARGET,  # of the host
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
