"""What may happen to two hosts in memory, and what is said then: a function each does it, and asks."""

from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from osken_apps.explain.causes import Explanation, explain_address
from osken_apps.model import local_vlans
from osken_apps.model.addresses import mac_address
from osken_apps.model.resources import AddressPair, Binding, ExtraDhcpOption, FixedIp
from osken_apps.model.security_groups import Direction, SecurityGroup
from osken_apps.openflow.actions import Output
from osken_apps.openflow.fields import ETH_TYPE_ARP, Field
from osken_apps.openflow.flow import Flow
from osken_apps.openflow.match import Match
from osken_apps.openflow.wire import encode_flow
from osken_apps.pipeline.features.dhcp import DHCP_BROADCAST
from osken_apps.pipeline.features.isolation import INTEGRATION_NORMAL
from osken_apps.pipeline.features.port_security import GUARDED_TAGGED
from osken_apps.pipeline.meters import DHCP_PUNTS, PORT_METERS
from tests.golden.scenarios import NET1, NET2, SERVER1, SUBNET1
from tests.model.two_hosts import OFPORT, VM1, VM2, OneHost, TwoHosts
from tests.packet import dhcp_scenario
from tests.packet.dhcp_scenario import DECLINE, DISCOVER, RELEASE, REQUEST
from tests.unit.explain_facts import TCP_80, rule
from tests.unit.test_conditions import with_nic, with_port

OTHER_ID = "11111111-2222-4333-8444-555555555555"
THIRD = "00000000-0000-0000-0000-000000000003"
OTHER_MAC = "02:00:00:00:00:99"
FOREIGN = Flow(0, 500, Match.of({Field.IN_PORT: OFPORT}), (Output(99),), cookie=0x99)
ASIDE = Flow(0, 500, Match.of({Field.IN_PORT: 77}), (), cookie=0x99)
GROUP = SecurityGroup(id="web", project_id="p", name="web", number=1)
STATELESS = replace(GROUP, stateful=False)
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


@verdict(
    "no_server",
    "net1 has no DHCP server yet: it gets one with the first port that is bound, if a pool has an address"
    " left.",
)
def _(site: TwoHosts) -> Explanation:
    site.delete(SERVER1)
    return site.why_no_address()


@verdict("server_no_address", "The DHCP server of net1 has no address on 10.10.10.0/24: its pool is full.")
def _(site: TwoHosts) -> Explanation:
    site.change(SERVER1, fixed_ips=())
    return site.why_no_address()


@verdict(
    "dhcp_server",
    "server1 is the DHCP server of net1: the hosts' flows and the controller answer for it, it sends nothing"
    " else, and nothing is plugged in for it.",
)
def _(site: TwoHosts) -> Explanation:
    return explain_address(site.facts(SERVER1.id))


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


@verdict(
    "bridge_gone",
    "br-int of host1, which vm1 is at, is not connected to the controller, and host1 is: DHCP is not answered"
    " there; other traffic goes on as it was.",
)
def _(site: TwoHosts) -> Explanation:
    site.disconnect(site.host1, "br-int")
    site.wait(6)
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
    site.monkeypatch.setattr(local_vlans, "LOCAL_VLANS", range(0))
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


@also(
    "trouble_besides",
    "Of host1 the controller says: its switch has no meters, too few for each port to have its own: 1 ports"
    " are held back by nothing.",
)
def _(site: TwoHosts) -> Explanation:
    connection = site.host1.connections["br-int"]
    site.disconnect(site.host1, "br-int")
    connection.max_meters, connection.alive = 0, True
    site.peers.connected(connection, None)  # type: ignore[arg-type]
    site.look()
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
    "answers_arp",
    "vm1's machine answers ARP for 10.10.10.11: it has its address, though no lease of it is known here.",
)
def _(site: TwoHosts) -> Explanation:
    after(site, *LEASED, seconds=4000)
    site.host1.connections["br-int"].answers_probes = True
    return site.why_no_address(probe=True)


@verdict(
    "has_address",
    "vm1 has 10.10.10.11 since 2026-11-26 09:30:00 UTC, until 2026-11-26 10:30:00 UTC: nothing is wrong that"
    " can be seen from here.",
)
def _(site: TwoHosts) -> Explanation:
    return after(site, *LEASED)


@verdict(
    "address_changed",
    "vm1's machine has 10.10.10.11 until 2026-11-26 10:30:00 UTC, and its address is 10.10.10.50 by now: it"
    " has that when it asks again.",
)
def _(site: TwoHosts) -> Explanation:
    after(site, *LEASED)
    site.change(VM1, fixed_ips=(FixedIp("subnet1", IPv4Address("10.10.10.50")),))
    return site.why_no_address()


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
    "no_security_group",
    "vm1 is guarded and has no security group: it neither sends nor gets TCP to port 80.",
    replace(VM1, port_security_enabled=True),
)
def _(site: TwoHosts) -> Explanation:
    return site.why_not_reached("tcp", 80)


@verdict(
    "no_security_group",
    "vm2 is guarded and has no security group: it neither sends nor gets TCP to port 80.",
    replace(VM2, port_security_enabled=True),
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


@verdict(
    "answer_sender_security_group",
    "No rule of vm2's security groups (web) lets its answer to TCP to port 80 out, and stateless groups need"
    " one.",
    replace(VM2, **GUARDED),
    STATELESS,
    rule(1, Direction.INGRESS),
)
def _(site: TwoHosts) -> Explanation:
    return site.why_not_reached("tcp", 80)


@verdict(
    "answer_security_group",
    "No rule of vm1's security groups (web) lets vm2's answer to TCP to port 80 in, and stateless groups need"
    " one.",
    replace(VM1, **GUARDED),
    STATELESS,
    rule(1, Direction.EGRESS),
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
    "answered",
    "ICMP from vm1 is answered for server1, the DHCP server of net1, by a flow of host1.",
)
def _(site: TwoHosts) -> Explanation:
    lease_both(site)
    return site.why_not_reached(to=SERVER1.id)


@verdict(
    "answered",
    "UDP to port 67 from vm1 is answered for server1, the DHCP server of net1, by the controller.",
)
def _(site: TwoHosts) -> Explanation:
    lease_both(site)
    return site.why_not_reached("udp", 67, to=SERVER1.id)


@verdict(
    "not_served",
    "server1 is the DHCP server of net1, which answers ARP, ping and DHCP, all over IPv4, and does not answer"
    " TCP to port 80.",
)
def _(site: TwoHosts) -> Explanation:
    return site.why_not_reached("tcp", 80, to=SERVER1.id)


@verdict(
    "delivered",
    "ICMP from vm1 is delivered to vm2 (from host1 to host2), and an answer comes back.",
)
def _(site: TwoHosts) -> Explanation:
    lease_both(site)
    return site.why_not_reached()


NO_ARP = Flow(0, 500, Match.of({Field.ETH_TYPE: ETH_TYPE_ARP}), (), cookie=0x99)


@verdict(
    "neighbor_stops",
    "ICMP from vm1 would be delivered to vm2, but vm1's question for the MAC address of vm2 (ARP) stops in"
    " table 0 of br-int on host1: a flow that is not ours (cookie=0x99, table=0, priority=500,arp"
    " actions=drop).",
)
def _(site: TwoHosts) -> Explanation:
    lease_both(site)
    foreign(site.host1, NO_ARP)
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
    "nobody_has",
    "No port of net1 has 10.10.10.99: only vm2 (by allowed_address_pairs) or something on the wire can answer"
    " for it.",
)
def _(site: TwoHosts) -> Explanation:
    everything = AddressPair("0.0.0.0/0", VM2.mac_address)
    shared = AddressPair("10.10.10.96/29", VM2.mac_address)
    site.change(VM1, allowed_address_pairs=(shared,))
    site.change(VM2, allowed_address_pairs=(everything, shared))
    return site.why_not_out(IPv4Address("10.10.10.99"))


@verdict(
    "not_told",
    "DHCP tells vm1's machine no way to 192.0.2.1: the port's extra_dhcp_opts withhold it.",
    replace(SUBNET1, gateway_ip=IPv4Address("10.10.10.1")),
)
def _(site: TwoHosts) -> Explanation:
    site.change(VM1, extra_dhcp_opts=(ExtraDhcpOption("router", ""),))
    return site.why_not_out(IPv4Address("192.0.2.1"))


@verdict(
    "gateway_absent",
    "192.0.2.1 is outside 10.10.10.0/24, and its gateway 10.10.10.1 is no port here: it must be on the wire,"
    " where it cannot be seen from here.",
    replace(SUBNET1, gateway_ip=IPv4Address("10.10.10.1")),
)
def _(site: TwoHosts) -> Explanation:
    return site.why_not_out(IPv4Address("192.0.2.1"))
