"""Conditions of what is plugged into a host: interfaces, and the ports that they are or ought to be. PURE."""

from collections.abc import Collection, Iterator

from osken_apps.model.conditions.condition import Code, Condition, Expected
from osken_apps.model.conditions.facts import (
    LINK_TYPES,
    TRUNK_KEY,
    BridgeFacts,
    HostFacts,
    InterfaceFacts,
    PortFacts,
)
from osken_apps.model.conditions.iface_ids import (
    PortDirectory,
    canonical,
    hex_digits,
    is_port_id,
    meant_by_name,
)
from osken_apps.model.conditions.words import typed
from osken_apps.model.host import ACCESS_MODES
from osken_apps.model.interface_names import named_port
from osken_apps.model.resources import Port
from osken_apps.model.snapshot import (
    INTEGRATION_TUNNEL_END,
    TUNNEL_END,
    Layout,
    integration_end,
    physical_end,
)
from osken_apps.printable import excerpt


def of_interfaces(host: HostFacts, expected: Expected) -> Iterator[Condition]:
    """Give what is wrong with each interface that is, or was meant to be, a port's."""
    for bridge in host.bridges:
        if bridge.name == expected.layout.integration_bridge:
            yield from _of_integration_bridge(bridge, host, expected)
        else:
            yield from _of_other_bridge(bridge, expected.layout.integration_bridge)


def _of_other_bridge(bridge: BridgeFacts, integration_bridge: str) -> Iterator[Condition]:
    for port in bridge.ports:
        for interface in port.interfaces:
            if interface.iface_id:
                name = typed(port.name)
                yield Condition(
                    Code.WRONG_BRIDGE,
                    f"{excerpt(interface.name)} has an iface-id and is on bridge {excerpt(bridge.name)}, not"
                    f" {integration_bridge}",
                    f"ovs-vsctl del-port {typed(bridge.name)} {name} # and plug it into {integration_bridge}",
                    interface=interface.name,
                    port_id=interface.iface_id,
                    cuts=True,
                )


def _of_integration_bridge(bridge: BridgeFacts, host: HostFacts, expected: Expected) -> Iterator[Condition]:
    wiring = {bridge.name, *_ends(expected.layout)}
    mapped = dict(expected.layout.bridge_mappings)
    is_lost = any(network not in mapped for network in expected.needed)  # and any bridge may be its
    physical = (other for other in host.bridges if is_lost or other.name in mapped.values())
    outside = {port.name for other in physical for port in other.ports}
    first: dict[str, str] = {}
    for port in bridge.ports:
        for interface in port.interfaces if port.name not in wiring else ():
            if len(port.interfaces) > 1 and not port.is_trunk:
                yield _shared(bridge, port, interface)
            elif interface.iface_id:
                yield from _of_device(bridge, port, interface)
                yield from _of_plugged(port, interface, host, expected)
                yield from _of_second(interface, first)
            elif port.iface_id:
                yield _on_port_row(port, interface)
            elif not (port.is_trunk or _is_intended(interface, host, outside)):
                yield _undeclared(bridge, interface, expected)


def _ends(layout: Layout) -> Iterator[str]:
    for _, bridge in layout.bridge_mappings:
        yield integration_end(bridge)
        yield physical_end(bridge)
    yield from (INTEGRATION_TUNNEL_END, TUNNEL_END)


def _is_intended(interface: InterfaceFacts, host: HostFacts, outside: set[str]) -> bool:
    """Tell whether an interface has no iface-id by intent.

    Its name alone tells the port, as where no OVSDB session does; or it is a patch port to a physical bridge,
    which `of_patches` judges. A dead tag says nothing: it may be the controller's.
    """
    is_named = not host.managers and named_port(interface.name) != ""
    is_patch = interface.type == "patch" and interface.peer in outside
    return is_named or is_patch


def _shared(bridge: BridgeFacts, port: PortFacts, interface: InterfaceFacts) -> Condition:
    name, row = typed(interface.name), typed(port.name)
    others = ", ".join(excerpt(other.name) for other in port.interfaces if other.name != interface.name)
    return Condition(
        Code.PORT_ROW_SHARED,
        f"{excerpt(interface.name)} shares its port row {excerpt(port.name)} with {others}: a port has a row"
        " for itself, and this one carries nothing",
        f"ovs-vsctl del-port {bridge.name} {row} -- add-port {bridge.name} {name} -- set interface {name}"
        f" external_ids:iface-id={typed(interface.iface_id or 'PORT_ID')} {_as_trunk(name)}",
        interface=interface.name,
        port_id=interface.iface_id,
        cuts=True,
    )


def _on_port_row(port: PortFacts, interface: InterfaceFacts) -> Condition:
    name, iface_id = typed(interface.name), typed(port.iface_id)
    return Condition(
        Code.IFACE_ID_ON_PORT_ROW,
        f"{excerpt(interface.name)} has its iface-id on the row of Port, and it belongs on that of Interface",
        f"ovs-vsctl remove port {typed(port.name)} external_ids iface-id"
        f" -- set interface {name} external_ids:iface-id={iface_id}",
        interface=interface.name,
        port_id=port.iface_id,
        cuts=True,
    )


def _as_trunk(name: str) -> str:
    """Write what to type instead for a trunk of the operator's own; `name` is as it is typed."""
    return f"# for a trunk of your own: ovs-vsctl set interface {name} external_ids:{TRUNK_KEY}=true"


def _undeclared(bridge: BridgeFacts, interface: InterfaceFacts, expected: Expected) -> Condition:
    """Say that an interface is no port's; a patch or a tunnel never is, but left by another program."""
    name = typed(interface.name)
    is_link = interface.type in LINK_TYPES
    meant = meant_by_name(interface.name, expected.ports)
    unplug, plug = f"del-port {bridge.name} {name}", f"set interface {name} external_ids:iface-id={meant}"
    return Condition(
        Code.INTERFACE_UNDECLARED,
        f"{excerpt(interface.name)} has no iface-id: it is no port's, and carries nothing",
        f"ovs-vsctl {unplug if is_link else plug} {_as_trunk(name)}",
        interface=interface.name,
        cuts=True,
    )


def _of_second(interface: InterfaceFacts, first: dict[str, str]) -> Iterator[Condition]:
    """Say that an interface has the iface-id of another; `first` is where each was seen first."""
    if interface.error or interface.is_gone:
        return
    other = first.setdefault(interface.iface_id, interface.name)
    if other != interface.name:
        yield Condition(
            Code.IFACE_ID_TWICE,
            f"{excerpt(other)} and {excerpt(interface.name)} have the same iface-id"
            f" {excerpt(interface.iface_id)}",
            f"ovs-vsctl remove interface {typed(interface.name)} external_ids iface-id # or of the other",
            interface=interface.name,
            port_id=interface.iface_id,
        )


def _of_device(bridge: BridgeFacts, port: PortFacts, interface: InterfaceFacts) -> Iterator[Condition]:
    """Say why nothing can pass the device of an interface that has an iface-id."""
    name, iface_id = interface.name, interface.iface_id
    unplug = f"ovs-vsctl del-port {bridge.name} {typed(port.name)}"
    if interface.error:
        sentence = f"Open vSwitch cannot use {excerpt(name)}: {excerpt(interface.error)}"
        remedy = f"{unplug} # and plug a device that there is"
        yield Condition(Code.INTERFACE_ERROR, sentence, remedy, "", name, iface_id, cuts=True)
    elif interface.is_gone:
        sentence = f"the device of {excerpt(name)} is gone"
        remedy = f"{unplug} # then plug it in again, if its device has come back"
        yield Condition(Code.INTERFACE_ERROR, sentence, remedy, "", name, iface_id, cuts=True)
    elif interface.admin_up is False and not interface.type:
        sentence, remedy = f"{excerpt(name)} is down", f"ip link set {typed(name)} up"
        yield Condition(Code.INTERFACE_DOWN, sentence, remedy, "", name, iface_id, cuts=True)


def _of_plugged(
    port: PortFacts, interface: InterfaceFacts, host: HostFacts, expected: Expected
) -> Iterator[Condition]:
    """Give what is wrong with what an interface that has an iface-id is said to be."""
    name, iface_id = interface.name, interface.iface_id
    if port.vlan_mode not in ACCESS_MODES:
        sentence = (
            f"{excerpt(name)} has vlan_mode={excerpt(port.vlan_mode)}: it carries VLANs that are not its own"
        )
        remedy = f"ovs-vsctl clear port {typed(port.name)} vlan_mode"
        yield Condition(Code.VLAN_MODE, sentence, remedy, "", name, iface_id)
    if interface.is_trunk:
        sentence = f"{excerpt(name)} is declared a trunk and has an iface-id: it can be one of the two"
        remedy = f"ovs-vsctl remove interface {typed(name)} external_ids {TRUNK_KEY} # or iface-id"
        yield Condition(Code.TRUNK_WITH_IFACE_ID, sentence, remedy, "", name, iface_id)
    ports = expected.ports
    known = ports.port(iface_id) if ports else None
    if known:
        yield from _of_port(interface, known, (host.hostname, host.system_id, *expected.former_names))
    elif ports or not is_port_id(iface_id):
        yield _unknown(port, interface, expected)


def _of_port(interface: InterfaceFacts, port: Port, host_names: Collection[str]) -> Iterator[Condition]:
    """Give what does not fit between an interface and the port that it is; `host_names` mean its host."""
    name = interface.name
    digits = hex_digits(interface.attached_mac)
    if digits and digits != f"{int(port.mac_address):012x}":
        yield Condition(
            Code.MAC_ADDRESS,
            f"the machine at {excerpt(name)} has the MAC address {excerpt(interface.attached_mac)}, and"
            f" {_called(port)} has {port.mac_address}",
            f"give the machine the port's, or: openstack port set {port.id} --mac-address"
            f" {typed(interface.attached_mac)}",
            "",
            name,
            port.id,
        )
    if not any(port.may_run_at(name) for name in host_names):
        yield Condition(
            Code.WRONG_HOST,
            f"{excerpt(name)} is {_called(port)}, which is asked for on host {excerpt(port.requested_host)}",
            f"openstack port unset --host {port.id} # or plug it there",
            "",
            name,
            port.id,
            cuts=True,
        )


def _unknown(port: PortFacts, interface: InterfaceFacts, expected: Expected) -> Condition:
    """Say which port was meant by an iface-id that is no port's, where that can be told."""
    iface_id = interface.iface_id
    what, meant = _meant(iface_id, expected.ports or PortDirectory({}))
    remedy = f"ovs-vsctl set interface {typed(interface.name)} external_ids:iface-id={meant or 'PORT_ID'}"
    if not meant:
        unplug = f"ovs-vsctl del-port {expected.layout.integration_bridge} {typed(port.name)}"
        remedy = f"{remedy} # if it is no machine's any more: {unplug}"
    sentence = f"{excerpt(interface.name)} has the iface-id {excerpt(iface_id)}, {what}"
    return Condition(Code.IFACE_ID_UNKNOWN, sentence, remedy, "", interface.name, meant, cuts=True)


def _meant(iface_id: str, ports: PortDirectory) -> tuple[str, str]:
    """Give in words what an iface-id is instead of a port's id, and the id that was meant, if one was."""
    if port := ports.named(iface_id):
        return f"the name of port {port.id} and not its id", port.id
    if port := ports.of_device(iface_id):
        return f"the device_id of {_called(port)} and not its id", port.id
    if port := ports.similar(iface_id):
        return f"and no port has that id: {_called(port)} was probably meant", port.id
    if is_port_id(iface_id):
        return "and no port has that id", ""
    written = canonical(iface_id)
    if is_port_id(written):
        return f"and ids are written {written}", written
    return "which is not the id of a port", ""


def _called(port: Port) -> str:
    return f"port {excerpt(port.name)} ({port.id})" if port.name else f"port {port.id}"
