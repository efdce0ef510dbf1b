"""DHCP: requests of bound ports go to the controller, metered; the server's address answers ARP and ping.
PURE.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address

from osken_apps.model.dhcp_service import DhcpServer
from osken_apps.model.snapshot import BoundPort
from osken_apps.openflow.actions import CONTROLLER, IN_PORT, Move, SetField
from osken_apps.openflow.fields import Field
from osken_apps.openflow.flow import Flow
from osken_apps.openflow.match import Match
from osken_apps.openflow.meter import Meter
from osken_apps.pipeline.feature import Feature, PlannedBridge
from osken_apps.pipeline.headers import (
    ARP,
    ARP_REPLY,
    ARP_REQUEST,
    BROADCAST,
    DHCP_CLIENT_PORT,
    DHCP_SERVER_PORT,
    ICMP,
    UDP,
    Values,
)
from osken_apps.pipeline.meters import DHCP_PUNTS, kind_meter, port_meter
from osken_apps.pipeline.stage import Role, Rule
from osken_apps.pipeline.stages import CLASSIFY, DHCP, GUARD, SERVICES

CLIENT_TO_SERVER: Values = {Field.UDP_SRC: DHCP_CLIENT_PORT, Field.UDP_DST: DHCP_SERVER_PORT}
ICMP_ECHO_REPLY, ICMP_ECHO_REQUEST = 0, 8

DHCP_BROADCAST = Rule(
    4, "dhcp_broadcast", CLASSIFY, 10,
    "A bound port broadcasts to DHCP servers: through its own meter to the punt; the wire never sees it.",
    "the port's",
)  # fmt: skip
DHCP_UNICAST = Rule(
    5, "dhcp_unicast", CLASSIFY, 10,
    "A bound port talks to the DHCP server's own address, to renew or release: likewise.",
    "the port's",
)  # fmt: skip
SERVER_ARP = Rule(
    6, "server_arp", CLASSIFY, 10,
    "A bound port asks who has the DHCP server's address: turn the request into the reply.",
)  # fmt: skip
SERVER_PING = Rule(
    7, "server_ping", CLASSIFY, 10,
    "A bound port pings the DHCP server's address: turn the request into the reply.",
)  # fmt: skip
DHCP_PUNT = Rule(
    8, "dhcp_punt", DHCP, 1,
    "What passed its port's meter passes the bridge's meter for DHCP, and goes to the controller.",
    "the bridge's for DHCP",
)  # fmt: skip
GUARDED_BEFORE = Rule(
    178, "guarded_before", GUARD, 40,
    "A machine asks our DHCP server from an address that it had before: services takes it, none other hears.",
)  # fmt: skip
GUARDED_DHCP_BROADCAST = Rule(
    49, "guarded_dhcp_broadcast", SERVICES, 40, "As dhcp_broadcast, of a guarded port.", "the port's",
)  # fmt: skip
GUARDED_DHCP_UNICAST = Rule(
    50, "guarded_dhcp_unicast", SERVICES, 40, "As dhcp_unicast, of a guarded port.", "the port's",
)  # fmt: skip
GUARDED_SERVER_ARP = Rule(
    51, "guarded_server_arp", SERVICES, 40, "As server_arp, of a guarded port.",
)  # fmt: skip
GUARDED_SERVER_PING = Rule(
    52, "guarded_server_ping", SERVICES, 40, "As server_ping, of a guarded port.",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Server:
    """The rules of one stage by which a port is heard."""

    broadcast: Rule
    unicast: Rule
    arp: Rule
    ping: Rule


PLAIN = Server(DHCP_BROADCAST, DHCP_UNICAST, SERVER_ARP, SERVER_PING)
GUARDED = Server(GUARDED_DHCP_BROADCAST, GUARDED_DHCP_UNICAST, GUARDED_SERVER_ARP, GUARDED_SERVER_PING)


class Dhcp(Feature):
    """What catches DHCP requests and stands for the server's address."""

    name = "dhcp"
    stages = (DHCP,)
    rules = (
        DHCP_BROADCAST, DHCP_UNICAST, SERVER_ARP, SERVER_PING, DHCP_PUNT, GUARDED_BEFORE,
        GUARDED_DHCP_BROADCAST, GUARDED_DHCP_UNICAST, GUARDED_SERVER_ARP, GUARDED_SERVER_PING,
    )  # fmt: skip

    def bridge_flows(self, bridge: PlannedBridge) -> Iterator[Flow]:
        """Give the punt, where a port has DHCP."""
        if _has_dhcp(bridge):
            meter_id = kind_meter(DHCP_PUNTS, bridge.snapshot.max_meters)
            yield DHCP_PUNT.flow(Match(), CONTROLLER, meter_id=meter_id)

    def port_flows(self, bound: BoundPort, max_meters: int) -> Iterator[Flow]:
        """Give the flows of one bound port: its DHCP, and the answers for its network's DHCP server."""
        rules = GUARDED if bound.guard else PLAIN
        meter_id = port_meter(bound.ofport, max_meters)
        if bound.has_dhcp:
            yield rules.broadcast.flow(dhcp_request(bound.ofport, BROADCAST), meter_id=meter_id, goto=DHCP)
        for address in bound.server.addresses if bound.server else ():
            if bound.has_dhcp:
                yield rules.unicast.flow(dhcp_request(bound.ofport, address), meter_id=meter_id, goto=DHCP)
        if bound.server:
            yield from server_flows(rules, bound.ofport, bound.server)
        if bound.guard and bound.has_dhcp:
            yield from _before(bound)

    def meters(self, bridge: PlannedBridge) -> Iterator[Meter]:
        """Give the bridge's meter first, then those of the ports: as many as the switch has."""
        if not _has_dhcp(bridge):
            return
        rates, max_meters = bridge.layout.punt_rates, bridge.snapshot.max_meters
        if (meter_id := kind_meter(DHCP_PUNTS, max_meters)) is not None:
            yield Meter(meter_id, rates.bridge, rates.bridge)
        for bound in bridge.snapshot.ports:
            if bound.has_dhcp and (meter_id := port_meter(bound.ofport, max_meters)) is not None:
                yield Meter(meter_id, rates.port, rates.port)


def _has_dhcp(bridge: PlannedBridge) -> bool:
    return bridge.role is Role.INTEGRATION and any(bound.has_dhcp for bound in bridge.snapshot.ports)


def _before(bound: BoundPort) -> Iterator[Flow]:
    """Give what lets a client renew the lease of an address that its port has no more: it is told so.

    Each of these packets is taken by a flow of `GUARDED` for the same port and destination, so that none goes
    on to another DHCP server or machine.
    """
    sender: Values = {Field.IN_PORT: bound.ofport, Field.ETH_SRC: bound.mac_address}
    addresses = bound.server.addresses if bound.server else ()
    for destination in (BROADCAST, *addresses):
        to_server = sender | UDP | CLIENT_TO_SERVER | {Field.IPV4_DST: destination}
        yield GUARDED_BEFORE.flow(Match.of(to_server), goto=SERVICES)
    for address in addresses:
        question: Values = {Field.ARP_OP: ARP_REQUEST, Field.ARP_SHA: bound.mac_address}
        yield GUARDED_BEFORE.flow(Match.of(sender | ARP | question | {Field.ARP_TPA: address}), goto=SERVICES)


def server_flows(rules: Server, ofport: int, server: DhcpServer) -> Iterator[Flow]:
    """Give the flows that answer one port for the DHCP server."""
    for address in server.addresses:
        yield server_arp(rules.arp, ofport, server, address)
        yield server_ping(rules.ping, ofport, server, address)


def dhcp_request(ofport: int, destination: IPv4Address) -> Match:
    """Match DHCP requests of a port, from any UDP port: what is for a DHCP server is for ours."""
    request: Values = {Field.IPV4_DST: destination, Field.UDP_DST: DHCP_SERVER_PORT}
    return Match.of({Field.IN_PORT: ofport} | UDP | request)


def server_arp(rule: Rule, ofport: int, server: DhcpServer, address: IPv4Address) -> Flow:
    """Answer an ARP request for the server's address (RFC 826) out of the port that it came from."""
    request: Values = {Field.ARP_OP: ARP_REQUEST, Field.ARP_TPA: address}
    return rule.flow(
        Match.of({Field.IN_PORT: ofport} | ARP | request),
        Move(Field.ETH_SRC, Field.ETH_DST),
        SetField(Field.ETH_SRC, server.mac_address),
        SetField(Field.ARP_OP, ARP_REPLY),
        Move(Field.ARP_SHA, Field.ARP_THA),
        Move(Field.ARP_SPA, Field.ARP_TPA),
        SetField(Field.ARP_SHA, server.mac_address),
        SetField(Field.ARP_SPA, address),
        IN_PORT,
    )


def server_ping(rule: Rule, ofport: int, server: DhcpServer, address: IPv4Address) -> Flow:
    """Answer an ICMP echo request to the server's address (RFC 792) out of the port that it came from."""
    request: Values = {Field.ICMP_TYPE: ICMP_ECHO_REQUEST, Field.ICMP_CODE: 0, Field.IPV4_DST: address}
    return rule.flow(
        Match.of({Field.IN_PORT: ofport} | ICMP | request),
        Move(Field.ETH_SRC, Field.ETH_DST),
        SetField(Field.ETH_SRC, server.mac_address),
        Move(Field.IPV4_SRC, Field.IPV4_DST),
        SetField(Field.IPV4_SRC, address),
        SetField(Field.ICMP_TYPE, ICMP_ECHO_REPLY),
        IN_PORT,
    )
