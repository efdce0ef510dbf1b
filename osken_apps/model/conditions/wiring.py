"""Conditions of the way from the integration bridge to the wire: patch ports and NICs. PURE."""

from collections.abc import Iterator

from osken_apps.model.conditions.bridges import wanted_bridges
from osken_apps.model.conditions.condition import Code, Condition, Expected
from osken_apps.model.conditions.facts import BridgeFacts, HostFacts, InterfaceFacts, PortFacts
from osken_apps.model.conditions.words import typed
from osken_apps.model.snapshot import integration_end, physical_end
from osken_apps.model.well_known import KERNEL_DATAPATH
from osken_apps.printable import excerpt

PATCH = "patch"
NOT_A_NIC = (PATCH, "internal")
NATIVE = ("native-tagged", "native-untagged")  # modes of a trunk whose frames without a VLAN are of its tag
MUST_CARRY = "it must carry the VLANs of all networks"


def of_patches(host: HostFacts, expected: Expected) -> Iterator[Condition]:
    """Give what is wrong with the patch between the integration bridge and each physical bridge."""
    integration = host.bridge(expected.layout.integration_bridge)
    for bridge in _physical_bridges(host, expected):
        if integration is None:
            return
        near, far = integration_end(bridge.name), physical_end(bridge.name)
        found = [
            condition
            for here, there, name, peer in (
                (integration, bridge, near, far),
                (bridge, integration, far, near),
            )
            if (condition := _of_end(here, there, name, peer, bridge.name, host))
        ]
        yield from found or _of_datapaths(integration, bridge) or _of_errors(integration, bridge)


def _physical_bridges(host: HostFacts, expected: Expected) -> Iterator[BridgeFacts]:
    for name in wanted_bridges(host, expected):
        bridge = host.bridge(name)
        if bridge and name != expected.layout.integration_bridge:
            yield bridge


def _of_end(
    here: BridgeFacts, there: BridgeFacts, name: str, peer: str, physical_bridge: str, host: HostFacts
) -> Condition | None:
    """Say what is wrong with one end: port `name` of `here`, whose peer is to be `peer` of `there`."""
    port = here.port(name)
    set_patch = f"set interface {name} type=patch options:peer={peer}"
    if port is None:
        where = _where_instead(here, there, name, host)
        sentence = f"there is no patch port {name} on bridge {here.name}{where}"
        remedy = f"ovs-vsctl add-port {here.name} {name} -- {set_patch}"
        return Condition(Code.PATCH_MISSING, sentence, remedy, physical_bridge, name, cuts=True)
    remedy = f"ovs-vsctl {set_patch}"
    for interface in port.interfaces:
        if interface.type != PATCH:
            kind = f"of type {excerpt(interface.type)}" if interface.type else "a device of the system"
            sentence = f"{name} on bridge {here.name} is {kind}, not a patch port"
            return Condition(Code.PATCH_TYPE, sentence, remedy, physical_bridge, name, cuts=True)
        if interface.peer != peer:
            sentence = f"patch {name}: {_of_peer(interface.peer, peer, host)}"
            return Condition(Code.PATCH_PEER, sentence, remedy, physical_bridge, name, cuts=True)
    if settings := vlans(port):
        sentence = f"patch {name} has {settings}: {MUST_CARRY}"
        return Condition(Code.PATCH_VLANS, sentence, _clear_vlans(port), physical_bridge, cuts=True)
    return None


def vlans(port: PortFacts) -> str:
    """Give the settings for which a port row does not carry all VLANs alike; empty: it does.

    Source: ovs-vswitchd.conf.db(5) of Port's tag and vlan_mode.
    """
    if port.vlan_mode == "trunk" or (port.tag is None and port.vlan_mode in ("", *NATIVE)):
        return ""
    tag = [] if port.tag is None else [f"tag={port.tag}"]
    mode = [f"vlan_mode={excerpt(port.vlan_mode)}"] if port.vlan_mode else []
    return " ".join((*tag, *mode))


def _clear_vlans(port: PortFacts) -> str:
    return f"ovs-vsctl clear port {typed(port.name)} tag vlan_mode"


def _of_peer(peer: str, wanted: str, host: HostFacts) -> str:
    if not peer:
        return "it has no peer"
    if any(bridge.port(peer) for bridge in host.bridges):
        return f"its peer is {excerpt(peer)}, not {wanted}"
    return f"its peer {excerpt(peer)} does not exist"


def _where_instead(here: BridgeFacts, there: BridgeFacts, name: str, host: HostFacts) -> str:
    """Say where the port is instead, or under which name; empty if it is nowhere."""
    for bridge in host.bridges:
        if bridge.port(name):
            return f": it is on bridge {excerpt(bridge.name)}"
    for interface in _interfaces(here):
        if interface.type == PATCH and there.port(interface.peer):
            return f": {excerpt(interface.name)}, which leads to {there.name}, must have that name"
    return ""


def _of_datapaths(integration: BridgeFacts, bridge: BridgeFacts) -> list[Condition]:
    kinds = [item.datapath_type or KERNEL_DATAPATH for item in (integration, bridge)]
    if kinds[0] == kinds[1]:
        return []
    sentence = (
        f"bridge {bridge.name} has datapath_type {excerpt(kinds[1])} and {integration.name}"
        f" {excerpt(kinds[0])}: no patch joins the two"
    )
    remedy = f"ovs-vsctl set bridge {bridge.name} datapath_type={typed(kinds[0])}"
    return [Condition(Code.DATAPATH_TYPE, sentence, remedy, bridge.name, cuts=True)]


def _of_errors(integration: BridgeFacts, bridge: BridgeFacts) -> list[Condition]:
    """Pass on what Open vSwitch itself says of the patch ports."""
    ends = (integration.port(integration_end(bridge.name)), bridge.port(physical_end(bridge.name)))
    return [
        Condition(
            Code.INTERFACE_ERROR,
            f"patch {interface.name}: Open vSwitch says: {excerpt(interface.error)}",
            "see the log of ovs-vswitchd",
            bridge.name,
            interface.name,
            cuts=True,
        )
        for port in ends
        if port
        for interface in port.interfaces
        if interface.error
    ]


def of_nics(host: HostFacts, expected: Expected) -> Iterator[Condition]:
    """Give what is wrong with the NICs of each physical bridge."""
    physical_networks = {bridge: name for name, bridge in expected.layout.bridge_mappings}
    for bridge in _physical_bridges(host, expected):
        rows, nics = _nics(bridge), nics_of(bridge)
        if not nics:
            yield Condition(
                Code.NIC_MISSING,
                f"bridge {bridge.name} has no NIC: nothing of it reaches another host",
                f"ovs-vsctl add-port {bridge.name} NIC",
                bridge.name,
                cuts=True,
            )
        found = [condition for port, nic in rows if (condition := _of_nic(port, nic, bridge.name))]
        is_cut = len(found) == len(nics)
        for code, sentence, remedy, interface in found:
            yield Condition(code, sentence, remedy, bridge.name, interface, cuts=is_cut)
        yield from _of_native_vlans(rows, bridge.name)
        yield from _of_mtus(nics, bridge.name, expected.mtus.get(physical_networks[bridge.name], 0))


def nics_of(bridge: BridgeFacts) -> list[InterfaceFacts]:
    """Give the NICs of a physical bridge."""
    return [nic for _, nic in _nics(bridge)]


def _nics(bridge: BridgeFacts) -> list[tuple[PortFacts, InterfaceFacts]]:
    return [
        (port, interface)
        for port in bridge.ports
        for interface in port.interfaces
        if _is_nic(port, interface, bridge)
    ]


def _is_nic(port: PortFacts, interface: InterfaceFacts, bridge: BridgeFacts) -> bool:
    is_of_the_bridge = interface.type in NOT_A_NIC or port.name in (bridge.name, physical_end(bridge.name))
    return not is_of_the_bridge and not interface.iface_id


def _of_nic(port: PortFacts, nic: InterfaceFacts, bridge: str) -> tuple[Code, str, str, str] | None:
    """Say why frames do not pass a NIC: code, sentence, remedy and the NIC, if it is about it alone."""
    name = excerpt(nic.name)
    if nic.error:
        sentence = f"Open vSwitch cannot use {name} of bridge {bridge}: {excerpt(nic.error)}"
        remedy = f"ovs-vsctl del-port {bridge} {typed(nic.name)} -- add-port {bridge} NIC"
        return Code.NIC_ERROR, sentence, remedy, nic.name
    if nic.admin_up is False:
        sentence = f"{name} of bridge {bridge} is down"
        return Code.NIC_DOWN, sentence, f"ip link set {typed(nic.name)} up", nic.name
    if nic.link_up is False:
        sentence = f"{name} of bridge {bridge} has no link"
        return Code.NIC_UNPLUGGED, sentence, "look at the cable, and at the port of the switch", nic.name
    settings = vlans(port)
    if settings and port.vlan_mode not in NATIVE:
        sentence = f"{name} of bridge {bridge} has {settings}: {MUST_CARRY}"
        return Code.NIC_VLANS, sentence, _clear_vlans(port), ""
    return None


def _of_native_vlans(rows: list[tuple[PortFacts, InterfaceFacts]], bridge: str) -> Iterator[Condition]:
    """Warn of NICs that have a native VLAN: the other VLANs pass, and that one where the wire has it, too."""
    for port, nic in rows:
        settings = vlans(port)
        if settings and port.vlan_mode in NATIVE:
            sentence = f"frames without a VLAN come in as of VLAN {port.tag}"
            yield Condition(
                Code.NIC_VLANS,
                f"{excerpt(nic.name)} of bridge {bridge} has {settings}: {sentence}",
                _clear_vlans(port),
                bridge,
                nic.name,
            )


def _of_mtus(nics: list[InterfaceFacts], bridge: str, mtu: int) -> Iterator[Condition]:
    for nic in nics:
        if nic.mtu is not None and nic.mtu < mtu:
            yield Condition(
                Code.NIC_MTU,
                f"{excerpt(nic.name)} of bridge {bridge} has MTU {nic.mtu}, and a network has {mtu}",
                f"ip link set {typed(nic.name)} mtu {mtu}",
                bridge,
                nic.name,
            )


def _interfaces(bridge: BridgeFacts) -> Iterator[InterfaceFacts]:
    for port in bridge.ports:
        yield from port.interfaces
