"""The flows of the integration bridge. PURE."""

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address

from osken_apps.model.resources import FixedIp, Port
from osken_apps.model.snapshot import BoundPort, HostSnapshot, Layout, Segment, integration_end
from osken_apps.openflow.fields import (
    ETH_TYPE_ARP,
    ETH_TYPE_IPV4,
    IP_PROTO_ICMP,
    IP_PROTO_UDP,
    Field,
    Value,
)
from osken_apps.openflow.flow import CONTROLLER, IN_PORT, NORMAL, Flow, Match, Move, PushVlan, SetField
from osken_apps.pipeline.meters import DHCP_BRIDGE_METER, port_meter
from osken_apps.pipeline.rules import Rule, Table

DHCP_SERVER_PORT = 67
BROADCAST = IPv4Address("255.255.255.255")
ARP_REQUEST, ARP_REPLY = 1, 2
ICMP_ECHO_REPLY, ICMP_ECHO_REQUEST = 0, 8


def integration_flows(layout: Layout, snapshot: HostSnapshot) -> Iterator[Flow]:
    """Give the flows of the integration bridge that are not one port's."""
    ofports = snapshot.ofports.get(layout.integration_bridge, {})
    yield Rule.INTEGRATION_NORMAL.flow(Match(), NORMAL)
    for physical_network, bridge in layout.bridge_mappings:
        ofport = ofports.get(integration_end(bridge))
        if ofport is not None:
            yield Rule.PROVIDER_DROP.flow(Match.of({Field.IN_PORT: ofport}))
            for segment in snapshot.segments:
                if segment.physical_network == physical_network:
                    yield provider_to_local(ofport, segment)
    if any(bound.has_dhcp for bound in snapshot.ports):
        yield Rule.DHCP_PUNT.flow(
            Match(), CONTROLLER, meter_id=DHCP_BRIDGE_METER if snapshot.metered else None
        )


def provider_to_local(ofport: int, segment: Segment) -> Flow:
    """Translate a network's frames from the physical bridge to its tag on this host."""
    set_tag = SetField(Field.VLAN_VID, segment.local_vlan)
    if segment.segmentation_id is None:
        untagged = Match.of({Field.IN_PORT: ofport, Field.NO_VLAN: 0})
        return Rule.PROVIDER_TO_LOCAL.flow(untagged, PushVlan(), set_tag, NORMAL)
    tagged = Match.of({Field.IN_PORT: ofport, Field.VLAN_VID: segment.segmentation_id})
    return Rule.PROVIDER_TO_LOCAL.flow(tagged, set_tag, NORMAL)


def port_flows(bound: BoundPort, metered: bool) -> Iterator[Flow]:
    """Give the flows of one bound port: its DHCP, and the answers for its network's DHCP server."""
    meter_id = port_meter(bound) if metered else None
    if bound.has_dhcp:
        broadcast = dhcp_request(bound.ofport, BROADCAST)
        yield Rule.DHCP_BROADCAST.flow(broadcast, meter_id=meter_id, goto_table=Table.DHCP)
    for address in ipv4_addresses(bound.server.fixed_ips) if bound.server else ():
        if bound.has_dhcp:
            unicast = dhcp_request(bound.ofport, address)
            yield Rule.DHCP_UNICAST.flow(unicast, meter_id=meter_id, goto_table=Table.DHCP)
    if bound.server:
        yield from server_flows(bound.ofport, bound.server)


def server_flows(ofport: int, server: Port) -> Iterator[Flow]:
    """Give the flows that answer one port for the DHCP server."""
    for address in ipv4_addresses(server.fixed_ips):
        yield server_arp(ofport, server, address)
        yield server_ping(ofport, server, address)


def dhcp_request(ofport: int, destination: IPv4Address) -> Match:
    """Match DHCP requests of a port, from any UDP port: what is for a DHCP server is for ours."""
    return _ipv4(ofport, destination, IP_PROTO_UDP, {Field.UDP_DST: DHCP_SERVER_PORT})


def server_arp(ofport: int, server: Port, address: IPv4Address) -> Flow:
    """Answer an ARP request for the server's address (RFC 826) out of the port that it came from."""
    request: dict[Field, Value] = {Field.ARP_OP: ARP_REQUEST, Field.ARP_TPA: address}
    return Rule.SERVER_ARP.flow(
        Match.of({Field.IN_PORT: ofport, Field.ETH_TYPE: ETH_TYPE_ARP, **request}),
        Move(Field.ETH_SRC, Field.ETH_DST),
        SetField(Field.ETH_SRC, server.mac_address),
        SetField(Field.ARP_OP, ARP_REPLY),
        Move(Field.ARP_SHA, Field.ARP_THA),
        Move(Field.ARP_SPA, Field.ARP_TPA),
        SetField(Field.ARP_SHA, server.mac_address),
        SetField(Field.ARP_SPA, address),
        IN_PORT,
    )


def server_ping(ofport: int, server: Port, address: IPv4Address) -> Flow:
    """Answer an ICMP echo request to the server's address (RFC 792) out of the port that it came from."""
    request: dict[Field, Value] = {Field.ICMP_TYPE: ICMP_ECHO_REQUEST, Field.ICMP_CODE: 0}
    return Rule.SERVER_PING.flow(
        _ipv4(ofport, address, IP_PROTO_ICMP, request),
        Move(Field.ETH_SRC, Field.ETH_DST),
        SetField(Field.ETH_SRC, server.mac_address),
        Move(Field.IPV4_SRC, Field.IPV4_DST),
        SetField(Field.IPV4_SRC, address),
        SetField(Field.ICMP_TYPE, ICMP_ECHO_REPLY),
        IN_PORT,
    )


def ipv4_addresses(fixed_ips: tuple[FixedIp, ...]) -> Iterator[IPv4Address]:
    """Give the IPv4 addresses among a port's addresses."""
    for fixed_ip in fixed_ips:
        if isinstance(fixed_ip.ip_address, IPv4Address):
            yield fixed_ip.ip_address


def _ipv4(ofport: int, destination: IPv4Address, protocol: int, more: Mapping[Field, Value]) -> Match:
    return Match.of(
        {
            Field.IN_PORT: ofport,
            Field.ETH_TYPE: ETH_TYPE_IPV4,
            Field.IP_PROTO: protocol,
            Field.IPV4_DST: destination,
            **more,
        }
    )
