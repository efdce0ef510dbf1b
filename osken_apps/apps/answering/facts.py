"""Gathering what is known for a question: from memory at once, from switches within a time. SHELL.

A switch that does not answer makes its part unknown, and no other.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from ipaddress import IPv4Address
from itertools import islice

from osken_apps.apps import runtime
from osken_apps.apps.answering.duplicate_macs import duplicate_mac_of
from osken_apps.apps.answering.plugged import interface_of, nics, stray_of
from osken_apps.apps.answering.probe import answers_arp, wire_carries
from osken_apps.apps.answering.switches import Answers
from osken_apps.apps.dhcp import Dhcp
from osken_apps.apps.host import Bridge, Host
from osken_apps.apps.hosts import Hosts
from osken_apps.explain.facts import (
    Facts,
    FrameFacts,
    HostSeen,
    Known,
    Place,
    PortCounted,
    PortSeen,
    Source,
    Traffic,
)
from osken_apps.model.addresses import IPAddress
from osken_apps.model.host_snapshot import host_snapshot
from osken_apps.model.paired import paired
from osken_apps.model.resources import Port
from osken_apps.model.snapshot import (
    INTEGRATION_TUNNEL_END,
    TUNNEL_END,
    HostSnapshot,
    Layout,
    Segment,
    integration_end,
    physical_end,
)
from osken_apps.model.turns import in_turns
from osken_apps.pipeline.probe import wire_flow, wire_frame
from osken_apps.questions import FactsOfFrame, FactsOfPort

MAX_PORTS = 16  # of one MAC address, in as many networks; that may have an address besides their own
PROBES_EVERY_S = 1.0  # of one port
TOO_SOON = "not tried again within a second"
TOO_MANY = "its host is probed for enough others within a second"
NOTHING_TO_ASK = "there is nothing to ask it from, or for"
MAX_PROBES = 4  # of a host in that time


class Gatherer:
    """Gathers facts for questions."""

    def __init__(self, hosts: Hosts, dhcp: Dhcp) -> None:
        self._hosts = hosts
        self._dhcp = dhcp
        self._probed: dict[tuple[str, str], float] = {}  # host and port -> when

    def port_facts(self, about: FactsOfPort) -> Facts | None:
        """Give what is asked about one or two ports; None: one is not known, or not any more when
        the switches have answered.
        """
        port_id, peer_id = about.port_id, about.peer_id
        ports = self._hosts.fabric.inventory.ports
        port, peer = ports.get(port_id), ports.get(peer_id)
        if port is None or (peer_id and peer is None):
            return None
        asked = [port, *([peer] if peer else [])]
        answers = Answers()
        counted = {one.id: answers.counted(self._bridge_of(one), self._ofport_of(one)) for one in asked}
        heard = {one.id: self._probe(one, answers) for one in asked if about.probe}
        wire = self._wire(port, peer, answers) if about.probe and peer else None
        known = self._host_seen(self._concerned(asked), answers)
        unseen = answers.wait()
        pairing = self._paired(port, about.outside)
        asked = list(self._still_known(asked))
        if port_id not in (found := {one.id for one in asked}) or (peer_id and peer_id not in found):
            return None
        hosts = {name: seen() for name, seen in known.items()}
        seen = {one.id: self._port_seen(one, counted[one.id]()) for one in asked}
        seen |= {
            id: replace(seen[id], answers=answer(), probed=address) for id, (answer, address) in heard.items()
        }
        return Facts(
            at=time.time(),
            known_since=self._dhcp.known_since,
            layout=self._hosts.fabric.layout,
            port=seen[port_id],
            peer=seen.get(peer_id),
            traffic=Traffic(about.protocol or "icmp", about.port_number),
            hosts=hosts,
            away=tuple(self._hosts.away()),
            known_hosts=len(self._hosts.known()),
            unseen=tuple(unseen),
            wire=wire() if wire else None,
            paired=pairing,
        )

    def frame_facts(self, about: FactsOfFrame) -> FrameFacts | None:
        """Give what is known of where a frame comes in, and of the ports that have its addresses."""
        fabric, host = self._hosts.fabric, about.host
        if host not in self._hosts.known():
            return None
        ports = list(self._with_macs(set(about.macs)))
        answers = Answers()
        places = (fabric.claims.place_of(port.id) for port in ports)
        known = self._host_seen({host, *(place.host for place in places if place)}, answers)
        unseen = answers.wait()
        bridge, ofport = self._interface(host, about.interface)
        return FrameFacts(
            at=time.time(),
            layout=fabric.layout,
            host=host,
            bridge=bridge,
            ofport=ofport,
            hosts={name: seen() for name, seen in known.items()},
            ports=tuple(self._port_seen(port, None) for port in self._still_known(ports)),
            unseen=tuple(unseen),
        )

    def _paired(self, port: Port, address: IPAddress | None) -> tuple[Port, ...]:
        """Give ports of a port's network that may have an address by their allowed address pairs, by name."""
        if address is None:
            return ()
        inventory = self._hosts.fabric.inventory
        ids = inventory.ports_of(port.network_id) - {port.id}
        known = (inventory.ports.get(id) for id in in_turns(ids, pause=runtime.pause))
        pairing = (one for one in known if one and one.allowed_address_pairs and address in paired([one]))
        return tuple(sorted(islice(pairing, MAX_PORTS), key=lambda one: (one.name, one.id)))

    def _probe(self, port: Port, answers: Answers) -> tuple[Callable[[], Known[bool]], IPv4Address | None]:
        """Ask a port's machine whether it is there: no more often than once a second, and few of a host.

        Give what gives its answer, and the address that it is asked for.
        """
        server = self._hosts.fabric.inventory.dhcp_server_of(port.network_id)
        asks_for = _on_one_subnet(server, port) if server else None
        bridge, ofport = self._bridge_of(port), self._ofport_of(port)
        what = f"whether {port.name or port.id} answers ARP"
        if bridge is None or ofport is None or server is None or asks_for is None:
            return answers.not_asked(what, NOTHING_TO_ASK), None
        if why_not := self._why_not_probed(bridge.host.name, port.id):
            return answers.not_asked(what, why_not), None
        mac, (own, address) = server.mac_address, asks_for
        return answers.arp(port.id, bridge, lambda at: answers_arp(at, ofport, mac, own, address)), address

    def _why_not_probed(self, host: str, what: str) -> str:
        """Say why a host is not to be probed for something now; empty: it may be, and it is noted."""
        now = runtime.clock()
        self._probed = {key: at for key, at in self._probed.items() if now - at < PROBES_EVERY_S}
        of_host = [about for at, about in self._probed if at == host]
        if what in of_host or len(of_host) >= MAX_PROBES:
            return TOO_SOON if what in of_host else TOO_MANY
        self._probed[host, what] = now
        return ""

    def _wire(self, port: Port, peer: Port, answers: Answers) -> Callable[[], Known[bool]] | None:
        """Send a frame of two ports' network from the one's host to the other's, if they are two."""
        layout, fabric = self._hosts.fabric.layout, self._hosts.fabric
        here, there = self._bridge_of(port), self._bridge_of(peer)
        if here is None or there is None or here.host is there.host or port.network_id != peer.network_id:
            return None
        segments = [_segment(host_snapshot(fabric, at.host.name), port.network_id) for at in (here, there)]
        own, others = segments
        if own is None or others is None:
            return None
        name = layout.tunnel_bridge if own.is_tunnel else layout.bridge_of(own.physical_network) or ""
        near, far = (
            (TUNNEL_END, INTEGRATION_TUNNEL_END)
            if own.is_tunnel
            else (physical_end(name), integration_end(name))
        )
        outward = here.host.bridges.get(name)
        in_port = fabric.shown(here.host.name).ofports.get(name, {}).get(near)
        link = fabric.shown(there.host.name).ofports.get(there.name, {}).get(far)
        if outward is None or in_port is None or link is None:
            return None
        if why_not := self._why_not_probed(here.host.name, f"{port.id} {peer.id}"):
            what = f"whether a frame comes from {here.host.name} to {there.host.name}"
            return answers.not_asked(what, why_not)
        frame = wire_frame(port.mac_address, peer.mac_address, own)
        flow = wire_flow(link, others, port.mac_address)
        return answers.wire(outward, lambda bridge: wire_carries(bridge, in_port, frame, there, flow))

    def _with_macs(self, macs: set[int]) -> Iterator[Port]:
        found = 0
        for port in self._hosts.fabric.inventory.ports.values():
            if int(port.mac_address) in macs:
                yield port
                found += 1
            if found == MAX_PORTS:
                return

    def _still_known(self, ports: Iterable[Port]) -> Iterator[Port]:
        """Give those of some ports that were not deleted meanwhile, as they are now."""
        known = self._hosts.fabric.inventory.ports
        return (known[port.id] for port in ports if port.id in known)

    def _interface(self, host: str, interface: str) -> tuple[str, int | None]:
        """Give the bridge of an interface, and its number there."""
        ofports = self._hosts.fabric.shown(host).ofports
        for bridge, numbers in ofports.items():
            if interface in numbers:
                return bridge, numbers[interface]
        return self._hosts.fabric.layout.integration_bridge, None

    def _concerned(self, ports: Iterable[Port]) -> set[str]:
        """Name the hosts that ports are at, and those that show something wrong about them."""
        fabric = self._hosts.fabric
        ids = {port.id for port in ports}
        found = {place.host for id in ids if (place := fabric.claims.place_of(id))}
        found |= {host for id in ids for host in fabric.claims_on(id)}
        for name, host in self._hosts.by_name.items():
            if any(condition.port_id in ids for condition in host.conditions):
                found.add(name)
        return found

    def _port_seen(self, port: Port, counted: Known[PortCounted] | None) -> PortSeen:
        fabric, inventory = self._hosts.fabric, self._hosts.fabric.inventory
        place = fabric.claims.place_of(port.id)
        claims = fabric.claims_on(port.id)
        journal = self._dhcp.journal_of(port.id)
        groups = map(inventory.groups.groups.get, port.security_groups)
        return PortSeen(
            port=fabric.as_wanted(port),
            network=inventory.networks[port.network_id],
            subnets=tuple(inventory.subnets_of(port.network_id).values()),
            server=inventory.dhcp_server_of(port.network_id),
            groups=tuple(group.name or group.id for group in groups if group),
            place=Place(place.host, place.interface, self._ofport_of(port)) if place else None,
            claimants=tuple(Place(host, name) for host, names in sorted(claims.items()) for name in names),
            waits_for=port.waits_for,
            conflict=fabric.conflict_of(port),
            journal=journal,
            counted=counted,
            twin=duplicate_mac_of(self._hosts, port, journal),
            interface=interface_of(self._hosts, port),
            stray=None if place else stray_of(self._hosts, port),
        )

    def _bridge_of(self, port: Port) -> Bridge | None:
        place = self._hosts.fabric.claims.place_of(port.id)
        host = self._hosts.by_name.get(place.host) if place else None
        return host.bridges.get(self._hosts.fabric.layout.integration_bridge) if host else None

    def _ofport_of(self, port: Port) -> int | None:
        fabric = self._hosts.fabric
        place = fabric.claims.place_of(port.id)
        if place is None:
            return None
        return fabric.shown(place.host).ofports.get(fabric.layout.integration_bridge, {}).get(place.interface)

    def _host_seen(self, names: Iterable[str], answers: Answers) -> dict[str, Callable[[], HostSeen]]:
        """Begin to ask hosts; give what gives of each what is known when the time is over."""
        return {name: self._asking(name, answers) for name in sorted(names)}

    def _asking(self, name: str, answers: Answers) -> Callable[[], HostSeen]:
        fabric, host = self._hosts.fabric, self._hosts.by_name.get(name)
        shown = fabric.shown(name)
        bridges = host.bridges if host else {}
        asked = {bridge: answers.flows(name, bridge, bridges.get(bridge)) for bridge in shown.ofports}
        tags = {interface.name: interface.tag for interface in shown.interfaces.values()}

        def seen() -> HostSeen:
            return HostSeen(
                name=name,
                alive=host.alive if host else False,
                last_contact=host.last_contact.timestamp() if host else self._dhcp.known_since,
                ovsdb=shown.has_ovsdb,
                conditions=host.conditions if host else (),
                troubles=dict(host.troubles) if host else {},
                snapshot=host_snapshot(fabric, name) if fabric.ready(name) else None,
                tags=Known(tags, Source.OVSDB, time.time()) if shown.has_ovsdb else None,
                nics=nics(self._hosts, host) if host else None,
                installed={bridge: flows() for bridge, flows in asked.items()},
                cut_off=_cut_off(host, fabric.layout) if host else frozenset(),
            )

        return seen


def _cut_off(host: Host, layout: Layout) -> frozenset[str]:
    """Name the bridges that a connected host must have and that had their time to connect."""
    is_to_be_told = host.alive and host.settled
    return frozenset(layout.bridges) - host.bridges.keys() if is_to_be_told else frozenset()


def _on_one_subnet(server: Port, port: Port) -> tuple[IPv4Address, IPv4Address] | None:
    """Give an IPv4 address of each on one subnet; None: they have none."""
    own = {fixed_ip.subnet_id: fixed_ip.ip_address for fixed_ip in server.fixed_ips}
    for fixed_ip in port.fixed_ips:
        asking, address = own.get(fixed_ip.subnet_id), fixed_ip.ip_address
        if isinstance(asking, IPv4Address) and isinstance(address, IPv4Address):
            return asking, address
    return None


def _segment(snapshot: HostSnapshot, network_id: str) -> Segment | None:
    return next((one for one in snapshot.segments if one.network_id == network_id), None)
