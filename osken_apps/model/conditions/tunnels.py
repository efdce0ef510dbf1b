"""Conditions of a host's networks over tunnels: where it is reached, and what they are too large for. PURE.

What OVSDB does not show is not judged. Of the kernel's datapath that is the NIC that tunnels leave by: any
address of the host will do. The datapath in user space needs the address on a bridge with a NIC.
"""

from collections.abc import Iterator

from osken_apps.model.conditions.condition import Code, Condition, Expected, TunnelNeeds
from osken_apps.model.conditions.facts import LINK_TYPES, HostFacts, InterfaceFacts
from osken_apps.model.conditions.wiring import vlans
from osken_apps.model.conditions.words import typed
from osken_apps.model.resources import TUNNEL_OCTETS, TUNNEL_TYPES
from osken_apps.model.snapshot import tunnel_port
from osken_apps.model.tunnel_addresses import SET_ADDRESS, usable_address
from osken_apps.model.tunnels import MAX_COPIES, MAX_MACHINES, USERSPACE_COPIES
from osken_apps.printable import excerpt

USERSPACE = "netdev"
NOT_A_NIC = ("internal", *LINK_TYPES)


def of_tunnels(host: HostFacts, expected: Expected) -> Iterator[Condition]:
    """Give what keeps a host's networks over tunnels from other hosts.

    Where it is not known whether there are any, only what is certain.
    """
    needs = expected.tunnels
    if needs is None and expected.connected is not None:
        return
    yield from _of_address(host, needs, expected)
    if needs is not None:
        yield from _of_ports(host, expected)
        yield from _of_mtu(host, needs, expected)
        yield from _of_vlans(host, expected)
        yield from _of_crowds(host, needs, expected)


def _of_address(host: HostFacts, needs: TunnelNeeds | None, expected: Expected) -> Iterator[Condition]:
    text, bridge = host.tunnel_address, expected.layout.tunnel_bridge
    address = usable_address(text)
    if address is not None and needs is not None and needs.rival:
        who = "that host" if needs.is_reached else "this one"
        yield Condition(
            Code.TUNNEL_ADDRESS_DOUBLED,
            f"its tunnel address {address} is also that of host {excerpt(needs.rival)}: {who} is not reached",
            f"{SET_ADDRESS} # on one of the two; if host {excerpt(needs.rival)} is no more, delete its agent",
            bridge,
            cuts=not needs.is_reached,
        )
    elif text and address is None:
        sentence = f"its tunnel address is {excerpt(text)}, which is no IPv4 address of a host"
        yield Condition(Code.TUNNEL_ADDRESS_MALFORMED, sentence, SET_ADDRESS, bridge, cuts=True)
    elif not text and needs is not None:
        sentence = "it has networks over tunnels and no tunnel address: no other host reaches it"
        yield Condition(Code.TUNNEL_ADDRESS_MISSING, sentence, SET_ADDRESS, bridge, cuts=True)


def _of_ports(host: HostFacts, expected: Expected) -> Iterator[Condition]:
    """Pass on what Open vSwitch itself says of the tunnels' ports."""
    bridge = host.bridge(expected.layout.tunnel_bridge)
    for kind in TUNNEL_TYPES:
        port = bridge.port(tunnel_port(kind)) if bridge else None
        for interface in port.interfaces if port else ():
            if interface.error and bridge and port:
                yield Condition(
                    Code.INTERFACE_ERROR,
                    f"{port.name} of bridge {bridge.name}: Open vSwitch says: {excerpt(interface.error)}",
                    "see the log of ovs-vswitchd; no other bridge may have a port for all tunnels of a type",
                    bridge.name,
                    interface.name,
                    cuts=True,
                )


def _of_mtu(host: HostFacts, needs: TunnelNeeds, expected: Expected) -> Iterator[Condition]:
    """Compare the NICs with what the largest packet becomes; which of several carries it is not shown."""
    nics = [nic for nic in _nics(host, expected) if nic.mtu is not None]
    best = max(nics, key=lambda nic: nic.mtu or 0, default=None)
    kind, mtu = max(needs.mtus.items(), key=lambda item: item[1] + TUNNEL_OCTETS[item[0]], default=(None, 0))
    if kind is None or best is None or best.mtu is None or best.mtu >= mtu + TUNNEL_OCTETS[kind]:
        return
    needed = mtu + TUNNEL_OCTETS[kind]
    yield Condition(
        Code.TUNNEL_MTU,
        f"{excerpt(best.name)} has MTU {best.mtu}, and a network of type {kind} with MTU {mtu} needs"
        f" {needed}",
        f"ip link set {typed(best.name)} mtu {needed} # or: openstack network set --mtu"
        f" {best.mtu - TUNNEL_OCTETS[kind]} NETWORK",
        interface=best.name,
    )


def _of_vlans(host: HostFacts, expected: Expected) -> Iterator[Condition]:
    """Give the bridges in user space whose own address hears machines' ARP: it learns from it, in any VLAN,
    where other hosts are.
    """
    for _, name in expected.layout.bridge_mappings:
        bridge = host.bridge(name)
        own = bridge.port(name) if bridge else None
        if bridge and own and bridge.datapath_type == USERSPACE and not vlans(own):
            yield Condition(
                Code.TUNNEL_VLANS,
                f"the port {name} of bridge {name} takes frames of all VLANs: a machine on any that says that"
                " it has another host's tunnel address cuts the tunnels to there",
                f"ovs-vsctl set port {name} tag=0 # or the VLAN of the host's address there",
                name,
            )


def _nics(host: HostFacts, expected: Expected) -> Iterator[InterfaceFacts]:
    """Give the NICs that tunnels can leave by, where these must be in a bridge; else none."""
    layout = expected.layout
    integration = host.bridge(layout.integration_bridge)
    if integration is None or integration.datapath_type != USERSPACE:
        return
    for bridge in host.bridges:
        if bridge.name not in (layout.integration_bridge, layout.tunnel_bridge):
            for port in bridge.ports:
                yield from (item for item in port.interfaces if _is_nic(item, bridge.name))


def _is_nic(interface: InterfaceFacts, bridge: str) -> bool:
    return interface.type not in NOT_A_NIC and interface.name != bridge


def _of_crowds(host: HostFacts, needs: TunnelNeeds, expected: Expected) -> Iterator[Condition]:
    integration = host.bridge(expected.layout.integration_bridge)
    in_user_space = integration is not None and integration.datapath_type == USERSPACE
    for crowd in needs.crowds:
        copies = USERSPACE_COPIES[crowd.network_type] if in_user_space else MAX_COPIES
        if crowd.hosts > copies:
            yield Condition(
                Code.TUNNEL_HOSTS,
                f"network {crowd.network_id} is on {crowd.hosts} other hosts, and a broadcast is copied to"
                f" {copies}: the others do not hear it",
                "plug its machines into fewer hosts, or into several networks",
            )
        if crowd.machines > MAX_MACHINES:
            yield Condition(
                Code.TUNNEL_MACHINES,
                f"network {crowd.network_id} has {crowd.machines} machines on other hosts: each takes"
                f" flows of its own here, which are meant for {MAX_MACHINES}",
                "plug its machines into several networks",
            )
