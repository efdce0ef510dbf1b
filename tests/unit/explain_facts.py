"""Facts for the tests of causes: two machines of one network, on two hosts where nothing is wrong."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import IPv4Address
from typing import Any

from osken_apps.dhcp.decision import AnswerReason, Decision, SilenceReason
from osken_apps.dhcp.journal import Journal, PortJournal
from osken_apps.dhcp.message import MessageType
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
)
from osken_apps.model.addresses import mac_address
from osken_apps.model.port_security import GroupPolicy, Guard, own_addresses
from osken_apps.model.resources import Binding, FixedIp, Port, PortStatus
from osken_apps.model.security_groups import Direction, SecurityGroupRule
from osken_apps.model.snapshot import HostSnapshot, Segment
from osken_apps.openflow.wire import FlowBody, FlowKey
from osken_apps.pipeline.desired import FlowEncoder
from tests.golden.scenarios import LAYOUT, LINKS, NET1, SERVER1, SUBNET1, bound

NOW = datetime(2026, 11, 26, 9, 30, tzinfo=UTC).timestamp()
STARTED = NOW - 10_000
MESSAGE = MessageType.DISCOVER
GROUP_ID = "00000000-0000-0000-0000-00000000000a"


def machine(number: int, host: str, **more: Any) -> Port:
    """Make the port of a machine that is bound and ACTIVE."""
    return Port(
        id=f"00000000-0000-0000-0000-00000000000{number}",
        name=f"vm{number}",
        project_id="p",
        network_id="net1",
        mac_address=mac_address(f"fa:16:3e:00:00:0{number}"),
        fixed_ips=(FixedIp("subnet1", IPv4Address(f"10.10.10.1{number}")),),
        status=PortStatus.ACTIVE,
        security_groups=(GROUP_ID,),
        binding=Binding(host, 4, f"tap{number}"),
        **more,
    )


VM1, VM2 = machine(1, "host1"), machine(2, "host2")


def snapshot(
    host: str, port: Port, groups: tuple[int, ...] | None = None, *policies: GroupPolicy
) -> HostSnapshot:
    """Give a host with one machine; guarded, with groups by number."""
    here = Segment("net1", "default", 1000, local_vlan=4, guarded=groups is not None)
    guard = None if groups is None else Guard(own_addresses(port), groups)
    plugged = bound(port, f"tap{port.id[-1]}", 2, here, SERVER1, guard=guard)
    ofports = {**LINKS, "br-int": {**LINKS["br-int"], plugged.interface: 2}}
    return HostSnapshot(host, ofports, (here,), (plugged,), policies=policies)


def installed(
    of: HostSnapshot, change: Callable[[dict[FlowKey, FlowBody]], None] = lambda _: None, packets: int = 0
) -> Mapping[str, Known[tuple[InstalledFlow, ...]]]:
    """Give the flows of a host as it should have them, after a change."""
    found = {}
    for bridge in of.ofports:
        flows = FlowEncoder().flows(bridge, LAYOUT, of)
        if bridge == LAYOUT.integration_bridge:
            change(flows)
        told = tuple(InstalledFlow(key, body, packets) for key, body in flows.items())
        found[bridge] = Known(told, Source.OPENFLOW, NOW)
    return found


def host(of: HostSnapshot, **more: Any) -> HostSeen:
    """Give a host that is as it should be."""
    tags = {port.interface: port.segment.local_vlan for port in of.ports}
    told: dict[str, Any] = {
        "alive": True,
        "last_contact": NOW,
        "snapshot": of,
        "tags": Known(tags, Source.OVSDB, NOW),
        "installed": installed(of),
    }
    return HostSeen(name=of.host, **(told | more))


def seen(port: Port, **more: Any) -> PortSeen:
    """Give a port where it is bound."""
    place = Place(port.binding.host, port.binding.interface, 2) if port.binding else None
    told: dict[str, Any] = {
        "subnets": (SUBNET1,),
        "server": SERVER1,
        "groups": ("default",),
        "place": place,
        "claimants": (place,) if place else (),
        "counted": Known(PortCounted(100, 100), Source.OPENFLOW, NOW),
    }
    return PortSeen(port=port, network=NET1, **(told | more))


HOST1, HOST2 = snapshot("host1", VM1), snapshot("host2", VM2)


def facts(port: PortSeen | None = None, peer: PortSeen | None = None, *hosts: HostSeen, **more: Any) -> Facts:
    """Give the facts of a question about the first machine, or about what it may reach."""
    at = hosts or (host(HOST1), host(HOST2))
    told: dict[str, Any] = {"hosts": {one.name: one for one in at}, "known_hosts": 2}
    return Facts(
        at=NOW, known_since=STARTED, layout=LAYOUT, port=port or seen(VM1), peer=peer, **(told | more)
    )


def journal(*decisions: Decision, ago: float = 60.0) -> PortJournal:
    """Give what a client said and was told, a second apart, the first so long ago."""
    made = Journal()
    for number, decision in enumerate(decisions):
        made.record("port", NOW - ago + number, 7, decision)
    return made.of("port")


def refused(reason: SilenceReason, detail: str = "") -> Decision:
    return Decision(MESSAGE, None, reason, detail=detail)


OFFER = Decision(MESSAGE, MessageType.OFFER, AnswerReason.OFFERED, IPv4Address("10.10.10.11"))
NAK = Decision(MessageType.REQUEST, MessageType.NAK, AnswerReason.WRONG_ADDRESS, IPv4Address("10.10.10.99"))
ACK = Decision(
    MessageType.REQUEST, MessageType.ACK, AnswerReason.SELECTED, IPv4Address("10.10.10.11"), "", 3600
)


def leased(port: Port) -> PortJournal:
    """Give what the client of a port said and was told that has its address."""
    own = [it.ip_address for it in port.fixed_ips if isinstance(it.ip_address, IPv4Address)]
    return journal(ACK._replace(address=own[0] if own else None))


def rule(number: int, direction: Direction, **more: Any) -> SecurityGroupRule:
    return SecurityGroupRule(
        id=f"rule{number}",
        project_id="p",
        security_group_id="web",
        direction=direction,
        number=number,
        **more,
    )


NOBODY = GroupPolicy(1, (), {})
OUT = GroupPolicy(1, (rule(1, Direction.EGRESS),), {})
TCP_80 = Traffic("tcp", 80)


def guarded(port: Port, where: str, policy: GroupPolicy) -> HostSeen:
    """Give a host whose one machine is guarded, in a group."""
    return host(snapshot(where, port, (1,), policy))


def but(port: Port, **changes: Any) -> PortSeen:
    """Give a port with something else in the store."""
    return seen(replace(port, **changes))
