"""Networks over tunnels: who is reached where, and who hears of a change."""

import random
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address, ip_network
from types import SimpleNamespace

import pytest

from osken_apps.apps import runtime
from osken_apps.apps.announcer import Announcer
from osken_apps.model.addresses import IPAddress, MacAddress, mac_address
from osken_apps.model.changes import Deleted, Snapshot, Upserted
from osken_apps.model.conditions import TunnelNeeds
from osken_apps.model.conditions.facts import tunnel_address
from osken_apps.model.fabric import Fabric
from osken_apps.model.host import Interface
from osken_apps.model.host_snapshot import host_snapshot, tunnel_needs
from osken_apps.model.inventory import Inventory
from osken_apps.model.paired import paired
from osken_apps.model.preparation import prepare
from osken_apps.model.reports import port_reports
from osken_apps.model.resources import (
    AddressPair,
    Binding,
    FixedIp,
    Network,
    NetworkType,
    Port,
    PortStatus,
    Subnet,
)
from osken_apps.model.snapshot import HostSnapshot
from osken_apps.model.tunnel_addresses import TunnelAddresses
from osken_apps.model.tunnel_bridge import wishes
from osken_apps.model.tunnels import Crowd, Everywhere, Reach, answers_nd
from osken_apps.openflow import codec
from osken_apps.openflow.actions import Output, SetField
from osken_apps.openflow.codec import FlowModCommand, packet_out_with
from osken_apps.openflow.difference import difference
from osken_apps.openflow.fields import Field
from osken_apps.openflow.wire import FlowBody, FlowKey, encode_flow
from osken_apps.pipeline.announcements import arp_announcement, neighbor_advertisement
from osken_apps.pipeline.desired import FlowEncoder, desired_flows
from osken_apps.pipeline.feature import bridge_of
from osken_apps.pipeline.features.tunnels import Tunnels
from osken_apps.pipeline.greetings import GREETING, greetings
from osken_apps.pipeline.tunnel_flows import encoded_remote
from tests.golden.scenarios import LAYOUT
from tests.model.loading import load

VXLAN = Network(id="vx", project_id="p", network_type=NetworkType.VXLAN, segmentation_id=5)
OTHER = Network(id="gre", project_id="p", network_type=NetworkType.GRE, segmentation_id=5)
SUBNET = Subnet(id="sub", project_id="p", network_id="vx", cidr=IPv4Network("10.0.0.0/24"))
A, B, C = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2"), IPv4Address("192.0.2.3")
ADDRESSES = {"a": A, "b": B, "c": C}


def port(number: int, network: Network = VXLAN, **more: object) -> Port:
    fixed = (FixedIp("sub", IPv4Address(f"10.0.0.{number}")),)
    mac = mac_address(f"fa:16:3e:00:00:{number:02x}")
    values = {"id": f"{number}0000000-port", "project_id": "p", "network_id": network.id, "fixed_ips": fixed}
    return Port(**{**values, "mac_address": mac, **more})  # type: ignore[arg-type]


PORTS = (port(1), port(2), port(3, OTHER))


def bring(fabric: Fabric, host: str, *plugged: Port) -> set[str]:
    """Have a host connect with ports plugged in; give the hosts that this concerns."""
    ofports = {f"tap{item.id[:11]}": 10 + index for index, item in enumerate(plugged)}
    concerned = fabric.observe_bridge(host, "br-int", {"int-br-eth2": 1, "patch-tun": 2, **ofports})
    fabric.observe_bridge(host, "br-tun", {"patch-int": 1, "tun-vxlan": 2, "tun-gre": 3, "tun-geneve": 4})
    interfaces = [Interface(f"tap{item.id[:11]}", item.id) for item in plugged]
    return concerned | fabric.observe_interfaces(host, interfaces)


def fabric(*ports: Port) -> Fabric:
    """Give three hosts with an address each: the first port on a, the second on b, the third on c."""
    made = Fabric(LAYOUT)
    load(made, Snapshot((VXLAN, OTHER, SUBNET, *(ports or PORTS))))
    for host, item in zip("abc", ports or PORTS, strict=False):
        made.observe_tunnel_address(host, str(ADDRESSES[host]))
        bring(made, host, item)
    made.tunnel_peers.take_looking()
    return made


def snapshot(made: Fabric, host: str) -> HostSnapshot:
    prepare(made, host)
    return host_snapshot(made, host)


def concerned(made: Fabric, hosts: set[str]) -> set[str]:
    """Give the hosts that something concerns, with those that it concerns only as peers."""
    return hosts | made.tunnel_peers.take_looking()


def reach(made: Fabric, host: str) -> Reach:
    (found,) = snapshot(made, host).reaches
    return found


def test_a_host_reaches_the_others_that_have_its_network_and_no_others() -> None:
    made = fabric()
    found = reach(made, "a")
    assert found.peers == (B,)
    assert [(item.address, str(item.mac_address), item.known) for item in found.ports] == [
        (B, "fa:16:3e:00:00:02", (IPv4Address("10.0.0.2"),))
    ]
    assert reach(made, "c").peers == ()


def test_a_new_port_wakes_the_hosts_of_its_network_only() -> None:
    made = fabric(port(1), port(2))
    made.observe_tunnel_address("c", str(C))
    bring(made, "c")
    assert concerned(made, made.apply([Upserted(port(3))])) == set()
    assert concerned(made, bring(made, "c", port(3))) == {"a", "b", "c"}
    assert concerned(made, made.apply([Upserted(port(4, OTHER))])) == set()
    assert reach(made, "a").peers == (B, C)


def test_a_port_that_changes_or_goes_wakes_the_hosts_of_its_network() -> None:
    made = fabric()
    changed = replace(port(2), mac_address=mac_address("fa:16:3e:00:00:99"))
    assert concerned(made, made.apply([Upserted(changed)])) == {"a", "b"}
    assert str(reach(made, "a").ports[0].mac_address) == "fa:16:3e:00:00:99"
    assert concerned(made, made.apply([Upserted(replace(port(2), admin_state_up=False))])) == {"a", "b"}
    assert reach(made, "a").peers == ()
    assert concerned(made, made.apply([Deleted(Port, port(2).id)])) == {"a", "b"}
    assert made.tunnel_peers.spread.hosts_of("vx") == {"a"}


def test_a_port_that_moves_is_reached_at_its_new_host() -> None:
    made = fabric()
    bring(made, "c", port(2), port(3, OTHER))
    bring(made, "b")
    assert reach(made, "a").peers == (C,)


def test_a_host_to_which_a_machine_is_on_its_way_has_its_tunnel_bridge_made_before() -> None:
    made = fabric(port(1), port(2))
    bring(made, "c", port(2))
    made.observe_tunnel_address("c", str(C))
    waits = snapshot(made, "c")
    assert (waits.segments, [waiting.port_id for waiting in waits.waiting]) == ((), [port(2).id])
    assert [wish.name for wish in wishes(LAYOUT, waits)] == ["patch-tun", "patch-int", "tun-vxlan"]


def test_a_port_that_comes_from_another_host_is_to_be_announced_and_no_other() -> None:
    made = fabric(port(1), port(2))
    assert [made.host(host).arrivals for host in "ab"] == [set(), set()]
    bring(made, "c", port(2))
    bring(made, "b")
    assert made.host("c").arrivals == {port(2).id}
    bring(made, "c")  # it is unplugged there, and plugged where it was before
    assert made.host("c").arrivals == set()
    bring(made, "b", port(2))
    assert made.host("b").arrivals == {port(2).id}
    bring(made, "b")
    made.apply([Deleted(Port, port(2).id)])
    made.apply([Upserted(port(2))])
    bring(made, "a", port(1), port(2))
    assert made.host("a").arrivals == set()


@pytest.mark.parametrize("renamed", ["rename", "take_in"])
def test_a_host_that_was_renamed_is_the_one_that_a_port_was_at(renamed: str) -> None:
    made = fabric(port(1), port(2))
    bring(made, "b")
    if renamed == "rename":
        made.rename("b", "c")
    else:
        made.host_is_gone("b")
        made.take_in("b", "c", is_renamed=True)
    bring(made, "c", port(2))
    assert made.host("c").arrivals == set()
    bring(made, "c")
    bring(made, "b", port(2))  # another machine, by the name that is free
    assert made.host("b").arrivals == {port(2).id}


def test_an_address_that_changes_concerns_the_hosts_that_share_a_network() -> None:
    made = fabric()
    assert concerned(made, made.observe_tunnel_address("b", "192.0.2.22")) == {"a", "b"}
    assert reach(made, "a").peers == (IPv4Address("192.0.2.22"),)
    assert concerned(made, made.observe_tunnel_address("b", "192.0.2.22")) == set()
    assert concerned(made, made.observe_tunnel_address("b", "")) == {"a", "b"}
    assert reach(made, "a").peers == ()


def test_after_a_restart_hosts_that_are_away_are_reached_as_before() -> None:
    before = fabric()
    flows = desired_flows("br-tun", LAYOUT, snapshot(before, "a"))
    bound = [
        replace(item, binding=Binding(host, 1, f"tap{item.id[:11]}"))
        for host, item in zip("abc", PORTS, strict=True)
    ]
    made = Fabric(LAYOUT)
    kept = tuple((host, str(address)) for host, address in ADDRESSES.items())
    load(made, Snapshot((VXLAN, OTHER, SUBNET, *bound), tunnel_addresses=kept))
    bring(made, "a", port(1))
    assert desired_flows("br-tun", LAYOUT, snapshot(made, "a")) == flows


def test_a_remote_port_is_one_object_for_all_hosts_and_encoded_once_until_it_changes() -> None:
    made = fabric(port(1), port(2), port(3))
    of_a = {item.mac_address: item for item in reach(made, "a").ports}
    of_b = {item.mac_address: item for item in reach(made, "b").ports}
    shared = of_a[mac_address("fa:16:3e:00:00:03")]
    assert shared is of_b[mac_address("fa:16:3e:00:00:03")]
    made.apply([Upserted(replace(port(3), name="renamed"))])
    assert shared in reach(made, "a").ports
    assert encoded_remote(shared, 2, True) is encoded_remote(shared, 2, True)


def afresh(found: HostSnapshot) -> dict[FlowKey, FlowBody]:
    """Encode what is desired of br-tun flow by flow, with nothing that was made before."""
    flows = desired_flows("br-tun", LAYOUT, found)
    return dict(encode_flow(replace(flow, actions=(*flow.actions,))) for flow in flows)


def test_what_is_encoded_is_what_is_desired() -> None:
    found = snapshot(fabric(), "a")
    desired = afresh(found)
    assert FlowEncoder().flows("br-tun", LAYOUT, found) == desired
    assert len(desired) == 8


def test_an_address_that_another_machine_may_take_over_is_not_answered_for() -> None:
    router = mac_address("00:00:5e:00:01:07")
    pairs = (AddressPair("10.0.0.2", router), AddressPair("10.0.0.100", router))
    found = reach(fabric(port(1), port(2, allowed_address_pairs=pairs)), "a")
    assert found.ports[0].known == ()
    assert found.shared == ((router, (B,)),)


MOVED = port(
    2,
    fixed_ips=(
        FixedIp("sub", IPv4Address("10.0.0.2")),
        FixedIp("sub", IPv4Address("10.0.1.2")),
        FixedIp("sub6", IPv6Address("2001:db8::2")),
    ),
)


def taker(*prefixes: str, **more: object) -> Port:
    """Give a third port, which may have besides its own what these prefixes cover."""
    pairs = tuple(AddressPair(prefix, port(3).mac_address) for prefix in prefixes)
    return port(3, allowed_address_pairs=pairs, **more)


def answered_for(made: Fabric) -> list[str]:
    """Give the addresses of the moved port that host a answers for."""
    (remote,) = [item for item in reach(made, "a").ports if item.mac_address == MOVED.mac_address]
    return [str(address) for address in remote.known]


def announced(made: Fabric, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give the addresses of the moved port that are announced when it has come to host b."""
    sent: list[bytes] = []
    monkeypatch.setattr(runtime, "spawn_after", lambda _, __, *given: sent.append(given[-1]))
    made.host("b").arrivals.add(MOVED.id)
    host, bridge = SimpleNamespace(name="b"), SimpleNamespace(connection=None)
    Announcer(host, made).send(snapshot(made, "b"), bridge)  # type: ignore[arg-type]
    frames = [(fixed.ip_address, frame_of(fixed.ip_address)) for fixed in MOVED.fixed_ips]
    return [str(address) for address, frame in frames if any(frame in messages for messages in sent)]


def frame_of(address: IPAddress) -> bytes:
    four = isinstance(address, IPv4Address)
    mac = MOVED.mac_address
    return arp_announcement(mac, address) if four else neighbor_advertisement(mac, address)  # type: ignore[arg-type]


ALL = ["10.0.0.2", "10.0.1.2", "2001:db8::2"]


@pytest.mark.parametrize("plugged", [False, True])
@pytest.mark.parametrize(
    ("changed", "declined", "certain"),
    [
        (taker(), None, ALL),
        (taker("10.0.0.2"), None, ALL[1:]),
        (taker("10.0.0.0/24"), None, ALL[1:]),
        (taker("10.0.0.0/24", admin_state_up=False), None, ALL[1:]),
        (taker("10.0.0.0/23", "2001:db8::/64"), None, []),
        (taker("0.0.0.0/0", "::/0"), None, ALL),
        (taker("0.0.0.0/0", "10.0.1.2"), None, [ALL[0], ALL[2]]),
        (taker("10.0.0.2", network_id="gre"), None, ALL),
        (replace(MOVED, allowed_address_pairs=taker("10.0.0.2").allowed_address_pairs), None, ALL[1:]),
        (replace(MOVED, allowed_address_pairs=taker("0.0.0.0/0").allowed_address_pairs), None, ALL),
        (taker(), "10.0.0.2", ALL[1:]),
        (taker("10.0.1.2"), "10.0.0.2", ALL[2:]),
        (taker(), "10.0.0.77", ALL),
    ],
)
def test_what_others_are_told_of_an_address_they_are_answered_and_no_address_that_is_not_certain(
    monkeypatch: pytest.MonkeyPatch, changed: Port, declined: str | None, certain: list[str], plugged: bool
) -> None:
    made = fabric(port(1), MOVED, *([port(3, network_id=changed.network_id)] if plugged else []))
    assert announced(made, monkeypatch) == answered_for(made) == ALL
    made.apply([Upserted(changed)])
    if declined:
        made.decline(MOVED.id, IPv4Address(declined))
    assert (announced(made, monkeypatch), answered_for(made)) == (certain, certain)


def test_an_address_that_a_pair_covers_is_answered_for_again_when_the_pair_goes_and_not_before() -> None:
    made = fabric(port(1), MOVED)
    made.observe_tunnel_address("c", str(C))
    bring(made, "c")

    def after(*changes: Upserted | Deleted) -> tuple[set[str], list[str]]:
        return concerned(made, made.apply(changes)), answered_for(made)

    assert after(Upserted(taker())) == (set(), ALL)
    assert after(Upserted(taker("10.0.0.2"))) == ({"a", "b"}, ALL[1:])
    bring(made, "c", taker())
    assert answered_for(made) == ALL[1:]
    bring(made, "c")
    assert answered_for(made) == ALL[1:]
    made.tunnel_peers.take_looking()
    assert after(Upserted(taker("10.0.0.2", name="renamed"))) == (set(), ALL[1:])
    assert after(Upserted(taker("10.0.1.2"))) == ({"a", "b"}, [ALL[0], ALL[2]])
    assert after(Deleted(Port, taker().id)) == ({"a", "b"}, ALL)
    load(made, Snapshot((VXLAN, OTHER, SUBNET, port(1), MOVED, taker("10.0.0.0/24"))))
    assert answered_for(made) == ALL[1:]


def test_an_address_that_is_declined_or_may_be_offered_again_concerns_the_hosts_of_its_network() -> None:
    made = fabric(port(1), MOVED)
    address = IPv4Address("10.0.0.2")
    assert concerned(made, made.decline(MOVED.id, address)) == {"a", "b"}
    assert answered_for(made) == ALL[1:]
    assert concerned(made, made.settle(MOVED.id)) == {"a", "b"}
    assert concerned(made, made.settle(MOVED.id)) == {"b"}
    assert answered_for(made) == ALL


def known_at(made: Fabric, host: str) -> set[tuple[MacAddress, IPAddress]]:
    """Give what a host knows of machines elsewhere."""
    others = [item for found in snapshot(made, host).reaches for item in found.ports]
    return {(item.mac_address, address) for item in others for address in item.known}


def certain_elsewhere(made: Fabric, host: str) -> set[tuple[MacAddress, IPAddress]]:
    """Give what it is to know, found out from all ports."""
    every = made.inventory.ports.values()
    covered = {ip_network(pair.ip_address) for item in every for pair in item.allowed_address_pairs}
    placed = [(place.host, item) for item in every if (place := made.claims.place_of(item.id))]
    carrying = [(at, item) for at, item in placed if item.admin_state_up]
    return {
        (item.mac_address, fixed.ip_address)
        for at, item in carrying
        for fixed in item.fixed_ips
        if at != host and host in {other for other, _ in carrying}
        if made.conflicts.get(item.id) != fixed.ip_address
        if not any(fixed.ip_address in network for network in covered if network.prefixlen)
    }


@pytest.mark.parametrize("seed", range(20))
def test_whatever_happens_hosts_know_the_addresses_that_are_certain_and_look_when_these_change(
    seed: int,
) -> None:
    draw = random.Random(seed)
    made = fabric(port(1), port(2), port(3))
    plugged = {"a": {1}, "b": {2}, "c": {3}}
    known = {host: known_at(made, host) for host in "abc"}
    for _ in range(40):
        host, number = draw.choice("abc"), draw.randrange(1, 7)
        address, item = IPv4Address(f"10.0.0.{number}"), port(number)
        match draw.choice(("plug", "plug", "change", "change", "delete", "decline", "settle")):
            case "plug":  # or unplug
                plugged[host] ^= {number}
                looking = bring(made, host, *map(port, sorted(plugged[host])))
            case "change":
                prefixes = draw.choice(((), ("10.0.0.3",), ("10.0.0.2/31", "0.0.0.0/0")))
                pairs = tuple(AddressPair(prefix, item.mac_address) for prefix in prefixes)
                up = draw.random() < 0.8
                looking = made.apply([Upserted(port(number, allowed_address_pairs=pairs, admin_state_up=up))])
            case "delete":
                looking = made.apply([Deleted(Port, item.id)])
            case "decline":
                looking = made.decline(item.id, address)
            case "settle":
                looking = made.settle(item.id)
        looking = concerned(made, looking)
        now = {name: known_at(made, name) for name in "abc"}
        assert now == {name: certain_elsewhere(made, name) for name in "abc"}
        assert looking >= {name for name in "abc" if now[name] != known[name]}
        known = now


def test_pairs_cover_what_is_between_their_first_and_last_address() -> None:
    prefixes = ("10.0.0.8/30", "10.0.0.0/28", "10.0.1.7", "2001:db8::/64", "10.0.0.255/32")
    of = [replace(port(1), allowed_address_pairs=(AddressPair(it, port(1).mac_address),)) for it in prefixes]
    pairs = paired(of)
    inside = ("10.0.0.0", "10.0.0.15", "10.0.1.7", "10.0.0.255", "2001:db8::1", "2001:db8::")
    outside = ("10.0.0.16", "10.0.1.6", "10.0.1.8", "9.255.255.255", "2001:db8:0:1::", "::a00:1")
    assert all(ip_address(text) in pairs for text in inside)
    assert not any(ip_address(text) in pairs for text in outside)
    assert ip_address("10.0.0.1") not in paired([port(1)])
    assert paired([taker("0.0.0.0/0", "::/0", "10.0.0.8")]) == paired([taker("10.0.0.8")])


SIX = port(2, fixed_ips=(FixedIp("sub6", IPv6Address("2001:db8::2")),))


def solicited(made: Fabric) -> dict[str, list[str]]:
    """Give by rule what is done on host a with neighbor solicitations."""
    rules = {rule.cookie: rule.name for rule in Tunnels.rules}
    found: dict[str, list[str]] = {}
    for flow in desired_flows("br-tun", LAYOUT, snapshot(made, "a")):
        if rules[flow.cookie].startswith("nd_"):
            found.setdefault(rules[flow.cookie], []).append(flow.text())
    return found


def test_a_neighbor_solicitation_for_a_known_address_is_answered_where_the_datapath_can() -> None:
    made = fabric(port(1), SIX)
    assert made.observe_datapath("a", answers_nd=True) == {"a"}
    assert made.observe_datapath("a", answers_nd=True) == set()
    found = solicited(made)
    assert found.keys() == {"nd_known", "nd_advertise", "nd_probe"}
    (known,) = found["nd_known"]
    assert "icmp_type=135,nd_target=2001:db8::2 " in known
    assert "mod_dl_src:fa:16:3e:00:00:02" in known
    assert "output" not in known


def test_where_it_cannot_the_solicitation_goes_to_the_one_host_that_has_the_machine() -> None:
    made = fabric(port(1), SIX, port(3))
    made.observe_datapath("a", answers_nd=False)
    found = solicited(made)
    assert found.keys() == {"nd_to_host", "nd_probe"}
    (asked,) = found["nd_to_host"]
    assert asked.endswith("load:0xc0000202->NXM_NX_TUN_IPV4_DST[],output:2")


def test_who_looks_for_others_of_its_address_is_heard_by_all_hosts_of_the_network() -> None:
    made = fabric(port(1), SIX, port(3))
    made.observe_datapath("a", answers_nd=True)
    (probe,) = solicited(made)["nd_probe"]
    assert "ipv6_src=::,icmp_type=135" in probe
    assert probe.count("output") == 2


def test_until_it_is_known_what_the_datapath_can_there_are_no_flows_for_solicitations() -> None:
    assert solicited(fabric(port(1), SIX)).keys() == {"nd_probe"}
    assert solicited(fabric()) == {}


@pytest.mark.parametrize(
    ("datapath_type", "version", "can"),
    [
        ("netdev", "3.1.0", True),
        ("netdev", "2.12.0", True),
        ("netdev", "2.11.4", False),
        ("netdev", "", False),
        ("netdev", "unknown", False),
        ("", "3.1.0", False),
        ("system", "3.1.0", False),
    ],
)
def test_the_datapath_in_user_space_answers_solicitations_and_the_kernels_does_not(
    datapath_type: str, version: str, can: bool
) -> None:
    assert answers_nd(datapath_type, version) is can


@pytest.mark.parametrize(
    ("other_config", "external_ids", "shown"),
    [
        ({"local_ip": "192.0.2.1"}, {"ovn-encap-ip": "192.0.2.2"}, "192.0.2.1"),
        ({}, {"ovn-encap-ip": "192.0.2.2"}, "192.0.2.2"),
        ({"local_ip": ""}, {"ovn-encap-ip": "192.0.2.2"}, "192.0.2.2"),
        ({}, {}, ""),
    ],
)
def test_of_two_keys_for_a_hosts_address_the_one_of_opendaylight_counts(
    other_config: dict[str, str], external_ids: dict[str, str], shown: str
) -> None:
    assert tunnel_address(other_config, external_ids) == shown


def test_only_where_a_port_is_not_guarded_may_there_be_unknown_machines() -> None:
    assert not reach(fabric(), "a").floods_unknown
    assert reach(fabric(port(1), port(2, port_security_enabled=False)), "a").floods_unknown


def test_the_tunnel_bridge_has_no_flow_before_both_ends_of_its_link_are_known() -> None:
    made = fabric()
    made.observe_bridge("a", "br-int", {"int-br-eth2": 1, f"tap{port(1).id[:11]}": 10})
    assert desired_flows("br-tun", LAYOUT, snapshot(made, "a")) == ()


@pytest.mark.parametrize(
    "text", ["", "nonsense", "192.0.2", "2001:db8::1", "0.0.0.0", "127.0.0.1", "224.0.0.5"]
)
def test_what_is_no_address_of_a_host_is_none_and_says_so(text: str) -> None:
    addresses = TunnelAddresses()
    addresses.show("a", text)
    assert addresses.of("a") is None
    assert text in addresses.why_not("a")
    assert "other_config:local_ip" in addresses.why_not("a")
    addresses.show("a", str(A))
    assert (addresses.of("a"), addresses.why_not("a")) == (A, "")


def test_of_two_hosts_with_one_address_the_first_has_it_until_it_gives_it_up() -> None:
    addresses = TunnelAddresses()
    addresses.show("b", str(A))
    assert addresses.show("a", str(A)) == {"a"}
    assert (addresses.of("a"), addresses.of("b")) == (None, A)
    assert "not also b's" in addresses.why_not("a")
    assert (addresses.rivals("a"), addresses.rivals("b")) == (["b"], ["a"])
    assert addresses.show("b", str(B)) == {"a", "b"}
    assert (addresses.of("a"), addresses.of("b")) == (A, B)
    assert (addresses.rivals("a"), addresses.rivals("b")) == ([], [])


def test_who_shares_an_address_with_another_host_is_told_which_and_so_is_that_one() -> None:
    made = fabric()
    assert concerned(made, made.observe_tunnel_address("c", str(A))) == {"a", "c"}
    needs = [tunnel_needs(made, snapshot(made, host)) for host in "abc"]
    assert [(found.rival, found.is_reached) for found in needs if found] == [
        ("c", True),
        ("", True),
        ("a", False),
    ]
    assert concerned(made, made.observe_tunnel_address("c", str(C))) == {"a", "c"}
    assert [found.rival for host in "abc" if (found := tunnel_needs(made, snapshot(made, host)))] == [""] * 3


def on_many(reach: Reach, peers: int) -> Reach:
    """Give where a network is if it is on so many other hosts, which have no more machines."""
    hosts = tuple(IPv4Address(0x0A000001 + number) for number in range(peers + 1))
    return replace(reach, everywhere=Everywhere(hosts, reach.everywhere.ports))


def test_what_tunnels_need_is_the_largest_mtu_of_each_type_and_the_networks_that_may_be_too_large() -> None:
    made = fabric()
    found = snapshot(made, "a")
    assert tunnel_needs(made, found) == TunnelNeeds({NetworkType.VXLAN: 1500})
    assert tunnel_needs(made, replace(found, segments=())) is None
    (few,) = found.reaches
    many = on_many(few, 781)
    needs = tunnel_needs(made, replace(found, reaches=(many,)))
    assert needs and needs.crowds == (Crowd("vx", NetworkType.VXLAN, 781, 1),)


def test_what_is_kept_of_a_host_counts_until_it_shows_itself() -> None:
    addresses = TunnelAddresses()
    addresses.keep("a", str(A))
    assert addresses.of("a") == A
    addresses.show("a", str(B))
    addresses.keep("a", str(A))
    assert addresses.of("a") == B
    addresses.rename("a", "z")
    assert (addresses.of("a"), addresses.of("z")) == (None, B)
    addresses.forget("z")
    assert addresses.of("z") is None


def restarted(**kept: str) -> Fabric:
    """Give what a controller knows that has just started, of which hosts these addresses are kept."""
    made = Fabric(LAYOUT)
    load(made, Snapshot((VXLAN, OTHER, SUBNET, port(1), port(2)), tunnel_addresses=tuple(kept.items())))
    return made


@pytest.mark.parametrize("kept", [("old",), ("old", "z-new"), ("new", "old")])
def test_an_address_that_is_kept_of_a_name_of_before_is_that_of_the_host_that_shows_it(
    kept: tuple[str, ...],
) -> None:
    made, name = restarted(**dict.fromkeys(kept, str(A))), kept[-1] if kept[-1] != "old" else "new"
    made.observe_tunnel_address(name, str(A))
    addresses = made.tunnel_peers.addresses
    assert (addresses.of(name), addresses.why_not(name), addresses.rivals(name)) == (A, "", [])


def test_a_host_that_is_waited_for_has_the_address_that_is_kept_of_it_until_it_is_gone() -> None:
    made = Fabric(LAYOUT)
    there = replace(port(1), binding=Binding("a", 1, f"tap{port(1).id[:11]}"))
    load(made, Snapshot((VXLAN, SUBNET, there, port(2)), tunnel_addresses=(("a", str(A)),)))
    bring(made, "b", port(2))
    made.observe_tunnel_address("b", str(A))
    addresses = made.tunnel_peers.addresses
    assert (addresses.of("a"), addresses.of("b"), addresses.rivals("b")) == (A, None, ["a"])
    assert {"a", "b"} <= concerned(made, made.host_is_gone("a"))
    assert (addresses.of("a"), addresses.of("b"), addresses.rivals("b")) == (None, A, [])
    made.observe_tunnel_address("a", str(A))
    assert (addresses.of("a"), addresses.of("b"), addresses.rivals("b")) == (None, A, ["a"])


def test_forgetting_a_host_forgets_the_address_that_is_kept_of_it() -> None:
    made = restarted(old=str(A))
    made.forget("old")
    assert made.tunnel_peers.addresses.of("old") is None
    assert made.tunnel_peers.addresses.rivals("new") == []


def test_a_snapshot_that_still_has_a_name_of_before_makes_it_nobodys_rival() -> None:
    made = restarted()
    bring(made, "old", port(1))
    made.observe_tunnel_address("old", str(A))
    made.rename("old", "new")
    again = Inventory()
    again.take(Snapshot((VXLAN, SUBNET, port(1)), tunnel_addresses=(("old", str(A)),)))
    made.adopt(again)
    assert (made.tunnel_peers.addresses.of("new"), made.tunnel_peers.addresses.rivals("new")) == (A, [])


def test_a_host_that_takes_a_name_of_the_store_leaves_that_ones_address_to_others() -> None:
    made = restarted(new=str(B))
    bring(made, "tmp", port(1))
    made.observe_tunnel_address("tmp", str(A))
    made.rename("tmp", "new")
    made.observe_tunnel_address("third", str(B))
    addresses = made.tunnel_peers.addresses
    assert (addresses.of("new"), addresses.of("third")) == (A, B)


def waits(made: Fabric, connected: tuple[str, ...] = ("br-int", "br-eth2", "br-tun")) -> str:
    """Say what the first port waits for on host a; empty: it is ACTIVE."""
    reports = port_reports(made, snapshot(made, "a"), connected)
    (report,) = [report for report in reports if report.port_id == port(1).id]
    assert (report.status is PortStatus.ACTIVE) == (not report.waits_for)
    return report.waits_for


def test_a_port_waits_for_what_its_tunnels_need_and_for_no_physical_network() -> None:
    made = fabric()
    assert waits(made) == ""
    assert waits(made, ("br-int",)) == "bridge br-tun of host a to connect to the controller"
    made.observe_bridge("a", "br-tun", {"patch-int": 1, "tun-gre": 3})
    assert waits(made) == "port tun-vxlan on bridge br-tun of host a"
    made.observe_tunnel_address("a", "")
    assert "other_config:local_ip" in waits(made)
    assert snapshot(made, "a").keeps == ()


def test_a_port_of_a_host_without_ovsdb_waits_for_a_session_first() -> None:
    made = fabric()
    made.observe_tunnel_address("a", "")
    made.lose_ovsdb("a")
    assert "ovs-vsctl set-manager" in waits(made)


def test_the_link_to_the_tunnel_bridge_is_not_dead() -> None:
    assert "patch-tun" not in dict(snapshot(fabric(), "a").dead)


def test_a_broadcast_to_very_many_hosts_still_fits_into_a_flow() -> None:
    found = snapshot(fabric(), "a")
    (few,) = found.reaches
    many = on_many(few, 3000)
    flows = FlowEncoder().flows("br-tun", LAYOUT, replace(found, reaches=(many,)))
    assert max(len(codec.flow_mod(FlowModCommand.ADD, key, body, 1)) for key, body in flows.items()) < 1 << 16


def test_the_flows_of_the_tunnel_bridge_are_made_anew_only_when_something_of_them_changes() -> None:
    made, encoder = fabric(), FlowEncoder()
    first = encoder.flows("br-tun", LAYOUT, snapshot(made, "a"))
    assert encoder.flows("br-tun", LAYOUT, snapshot(made, "a")) is first
    bring(made, "c", port(2), port(3, OTHER))
    bring(made, "b")
    assert encoder.flows("br-tun", LAYOUT, snapshot(made, "a")) == FlowEncoder().flows(
        "br-tun", LAYOUT, snapshot(made, "a")
    )


@pytest.mark.parametrize("seed", range(20))
def test_what_is_encoded_step_by_step_is_what_is_desired(seed: int) -> None:
    """Ports come, go, move and change; hosts get and lose addresses; each pass changes what it must."""
    draw = random.Random(seed)
    made, encoder = fabric(), FlowEncoder()
    ports = [port(number, (VXLAN, OTHER)[number % 2], id=f"{number:08}-port") for number in range(10, 20)]
    made.apply([Upserted(item) for item in ports])
    plugged: dict[str, set[Port]] = {"a": {port(1)}, "b": {port(2)}, "c": {port(3, OTHER)}}
    installed: dict[FlowKey, FlowBody] = {}
    for _ in range(30):
        host, item = draw.choice("abc"), draw.choice(ports)
        match draw.choice(("plug", "plug", "unplug", "address", "change", "nothing")):
            case "plug":
                plugged[host].add(item)
            case "unplug":
                plugged[host].discard(item)
            case "address":
                made.observe_tunnel_address(host, draw.choice(("", str(ADDRESSES[host]), "192.0.2.77")))
            case "change":
                mac = mac_address(f"fa:16:3e:00:01:{draw.randrange(256):02x}")
                made.apply([Upserted(replace(item, mac_address=mac, admin_state_up=draw.random() < 0.8))])
        bring(made, host, *sorted(plugged[host], key=lambda item: item.id))
        if draw.random() < 0.3:
            continue  # nobody looked in between
        made.observe_datapath("a", answers_nd=draw.random() < 0.9)
        found = snapshot(made, "a")
        now = encoder.flows("br-tun", LAYOUT, found)
        assert now == afresh(found)
        step, whole = encoder.difference(installed, now), difference(installed, now)
        assert (sorted(step.add), sorted(step.delete)) == (sorted(whole.add), sorted(whole.delete))
        if draw.random() < 0.8:
            installed = now


def greeted(made: Fabric, before: HostSnapshot | None = None) -> list[bytes]:
    """Give what host a sends to its peers, which had others before."""
    ours = bridge_of("br-tun", LAYOUT, snapshot(made, "a"))
    assert ours is not None
    return greetings(ours, {reach.network_id: reach for reach in before.reaches} if before else {})


def greeting(address: IPv4Address) -> bytes:
    actions = SetField(Field.TUN_ID, 0), SetField(Field.TUN_DST, address), Output(2)
    return packet_out_with(actions, GREETING)


def test_a_greeting_goes_to_each_peer_in_no_network() -> None:
    (message,) = greeted(fabric())
    assert message == greeting(B)
    assert int.from_bytes(message[2:4], "big") == len(message)
    assert message.endswith(GREETING)


def test_who_was_a_peer_before_is_not_greeted_again_for_another_network() -> None:
    made = fabric(port(1), port(2), port(3))
    before = snapshot(made, "a")
    assert greeted(made) == [greeting(B), greeting(C)]
    assert greeted(made, before) == []
    made.apply([Upserted(port(4)), Upserted(replace(port(3), admin_state_up=False))])
    without_c = snapshot(made, "a")
    bring(made, "b", port(2), port(4))
    made.apply([Upserted(port(3))])
    assert greeted(made, without_c) == [greeting(C)]
