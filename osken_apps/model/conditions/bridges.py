"""Conditions of a host's identity, its bridges, and their way to the controller. PURE."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address

from osken_apps.model.conditions.condition import Code, Condition, Expected
from osken_apps.model.conditions.facts import BridgeFacts, ControllerFacts, HostFacts
from osken_apps.model.conditions.iface_ids import is_near, meant_by_name
from osken_apps.model.conditions.releases import without_ct_clear
from osken_apps.model.conditions.words import typed
from osken_apps.model.interface_names import PORT_ID_PREFIX_LENGTH, named_port
from osken_apps.model.snapshot import integration_end
from osken_apps.model.well_known import KERNEL_DATAPATH, OPENFLOW_PORT, OVSDB_PORT
from osken_apps.printable import excerpt

OPENFLOW_VERSION = "OpenFlow14"
NAMELESS = ("localhost", "localhost.localdomain", "(none)")
TARGET = re.compile(r"(?P<method>tcp|ssl):(?P<address>\[[^]]*\]|[^:]*)(?::(?P<port>\d+))?")


def of_host(host: HostFacts, expected: Expected) -> Iterator[Condition]:
    """Give what is wrong with how a host names itself and where its OVSDB dials."""
    if not host.system_id:
        yield Condition(
            Code.SYSTEM_ID_MISSING,
            "the host has no system-id: nothing tells it from another host of its name",
            'ovs-vsctl set Open_vSwitch . external_ids:system-id="$(cat /etc/machine-id)"',
        )
    if host.hostname in NAMELESS:
        yield Condition(
            Code.HOST_NAMELESS,
            f"the host calls itself {host.hostname}, as another may",
            "ovs-vsctl set Open_vSwitch . external_ids:hostname=NAME",
        )
    if host.vlan_limit not in ("", "1"):
        # No flow helps: what Open vSwitch has cached for a frame with one tag takes one with two as well.
        yield Condition(
            Code.VLAN_LIMIT,
            f"other_config:vlan-limit is {excerpt(host.vlan_limit)}: a machine of a flat network that hides"
            " the tag of another behind a priority tag is heard there",
            "ovs-vsctl set Open_vSwitch . other_config:vlan-limit=1",
        )
    yield from _of_release(host, expected)
    yield from _of_managers(host, expected)


def _of_release(host: HostFacts, expected: Expected) -> Iterator[Condition]:
    """Warn of an Open vSwitch to which a packet comes that the host's kernel has tracked, and stays so."""
    integration, mended = host.bridge(expected.layout.integration_bridge), without_ct_clear(host.version)
    if mended and integration and integration.datapath_type in ("", KERNEL_DATAPATH):
        yield Condition(
            Code.CT_CLEAR,
            f"Open vSwitch {excerpt(host.version)} ignores ct_clear: guards judge what the host sends or"
            " forwards by the host's own connections",
            f"upgrade Open vSwitch to {mended} or later",
        )


def _of_managers(host: HostFacts, expected: Expected) -> Iterator[Condition]:
    address = expected.address or _address_of_controllers(host)
    # What only listens is for tools of the host, as os-vif.
    listening = (typed(target) for target in host.managers if parse_target(target) is None)
    target = target_of(address, expected.ovsdb_port, expected.ovsdb_method)
    remedy = " ".join(("ovs-vsctl set-manager", target, *listening))
    if not host.managers:
        yield Condition(
            Code.MANAGER_MISSING,
            "no set-manager: the controller cannot read the iface-ids of this host nor set its tags",
            _before_a_manager(host, expected) + remedy,
        )
    elif expected.connected is None and not any(
        _is_at(target, expected.address, expected.ovsdb_port, OVSDB_PORT, expected.ovsdb_method)
        for target in host.managers
    ):
        target = host.managers[0]
        yield Condition(
            Code.MANAGER_TARGET,
            f"set-manager is {excerpt(target)}{_whose_port(target, expected.ovsdb_port, expected)},"
            f" not {_endpoint(expected, expected.ovsdb_port, expected.ovsdb_method)}",
            remedy,
        )


def _before_a_manager(host: HostFacts, expected: Expected) -> str:
    """Say what to type first where names alone tell whose interfaces are; empty where none does."""
    bridge = host.bridge(expected.layout.integration_bridge)
    names = [
        interface.name
        for port in (bridge.ports if bridge else ())
        for interface in port.interfaces
        if not interface.iface_id and len(named_port(interface.name)) == PORT_ID_PREFIX_LENGTH
    ]
    if not names:
        return ""
    plug = f"set interface {typed(names[0])} external_ids:iface-id={meant_by_name(names[0], expected.ports)}"
    others = "so all that are ports' by their names alone, which a manager's session cuts; then: "
    return f"ovs-vsctl {plug} # and {others}"


def of_bridges(host: HostFacts, expected: Expected) -> Iterator[Condition]:
    """Give what is wrong with each bridge and with its way to the controller."""
    for name in wanted_bridges(host, expected):
        bridge = host.bridge(name)
        if bridge is None:
            yield _missing(name, host, expected)
        else:
            yield from _of_bridge(bridge, host, expected)


def wanted_bridges(host: HostFacts, expected: Expected) -> list[str]:
    """Give the bridges that the host must have, the integration bridge first.

    A host need not have every physical network: a bridge that nothing here needs and nothing hints at is not
    missed, unless there is no physical bridge at all.
    """
    layout = expected.layout
    there = [bridge for _, bridge in layout.bridge_mappings if host.bridge(bridge)]
    wanted = [layout.integration_bridge]
    for physical_network, bridge in layout.bridge_mappings:
        needed = physical_network in expected.needed
        if needed or not there or bridge in there or _is_meant(bridge, host, expected):
            wanted.append(bridge)
    return wanted


def _is_meant(bridge: str, host: HostFacts, expected: Expected) -> bool:
    """Tell whether something on the host is meant to be, or to lead to, a bridge that it lacks."""
    integration = host.bridge(expected.layout.integration_bridge)
    leads_there = integration and integration.port(integration_end(bridge))
    return leads_there is not None or bool(_similar(bridge, host, expected))


def _similar(bridge: str, host: HostFacts, expected: Expected) -> str:
    """Give the name of a bridge that is probably the wanted one misspelled; else empty."""
    others = (other.name for other in host.bridges if other.name not in expected.layout.bridges)
    return next((other for other in others if is_near(other.lower(), bridge.lower())), "")


def _missing(bridge: str, host: HostFacts, expected: Expected) -> Condition:
    similar = _similar(bridge, host, expected)
    there = f", but there is {excerpt(similar)}" if similar else ""
    integration = host.bridge(expected.layout.integration_bridge)
    kind = (
        f" datapath_type={typed(integration.datapath_type)}"
        if integration and integration.datapath_type
        else ""
    )
    return Condition(
        Code.BRIDGE_MISSING,
        f"there is no bridge {bridge}{there}",
        f"ovs-vsctl add-br {bridge} -- set bridge {bridge} fail_mode=secure"
        f" other_config:disable-in-band=true{kind}",
        bridge=bridge,
        cuts=True,
    )


def _of_bridge(bridge: BridgeFacts, host: HostFacts, expected: Expected) -> Iterator[Condition]:
    name = bridge.name
    if bridge.fail_mode != "secure":
        yield Condition(
            Code.FAIL_MODE,
            f"bridge {name} is not fail_mode=secure: without its controller networks mix on the wire",
            f"ovs-vsctl set-fail-mode {name} secure",
            bridge=name,
        )
    if bridge.protocols and OPENFLOW_VERSION not in bridge.protocols:
        yield Condition(
            Code.PROTOCOLS,
            f"bridge {name} speaks {excerpt(', '.join(bridge.protocols))} and not {OPENFLOW_VERSION}",
            f"ovs-vsctl add bridge {name} protocols {OPENFLOW_VERSION}",
            bridge=name,
            cuts=True,
        )
    if bridge.in_band:
        yield Condition(
            Code.IN_BAND,
            f"bridge {name} is controlled in-band: ARP and TCP with the controller's address pass its flows"
            " by, whoever sends them",
            f"ovs-vsctl set bridge {name} other_config:disable-in-band=true # not where the host reaches its"
            f" controller through {name} alone",
            bridge=name,
        )
    yield from _of_controllers(bridge, expected)
    yield from _of_path(bridge, host)


def _of_controllers(bridge: BridgeFacts, expected: Expected) -> Iterator[Condition]:
    """Give what is wrong with a bridge's way to the controller; that of one that is connected is right."""
    name, port = bridge.name, expected.openflow_port
    method, rows = expected.openflow_method, bridge.controllers
    right = [row for row in rows if _is_at(row.target, expected.address, port, OPENFLOW_PORT, method)]
    is_ours = expected.connected is not None and name in expected.connected
    dialled = [excerpt(row.target) for row in rows if parse_target(row.target)]
    remedy = (
        f"ovs-vsctl set-controller {name} {target_of(expected.address, port, method)}"
        f" -- set controller {name} connection_mode=out-of-band"
    )
    if len(dialled) > 1 and (right or is_ours):
        sentence = (
            f"bridge {name} has {len(dialled)} controllers, {' and '.join(dialled)}: each may change what the"
            " other wants"
        )
        yield Condition(Code.CONTROLLER_TARGET, sentence, remedy, bridge=name)
    if is_ours:
        return
    if not rows:
        sentence = f"bridge {name} has no controller"
        yield Condition(Code.CONTROLLER_MISSING, sentence, remedy, bridge=name, cuts=True)
    elif not right:
        target = rows[0].target
        yield Condition(
            Code.CONTROLLER_TARGET,
            f"the controller of bridge {name} is {excerpt(target)}{_whose_port(target, port, expected)},"
            f" not {_endpoint(expected, port, method)}",
            remedy,
            bridge=name,
            cuts=True,
        )
    elif not _is_connected(bridge, right, expected):
        yield _not_connected(bridge, right[0].target)


def _not_connected(bridge: BridgeFacts, target: str) -> Condition:
    name, kind = bridge.name, bridge.datapath_type
    sentence = f"bridge {name} is not connected to {excerpt(target)}"
    remedy = f"ovs-vsctl --columns=target,status list controller {name} # has the last error"
    if not bridge.is_made:
        sentence = f"Open vSwitch has not made bridge {name} of datapath_type {excerpt(kind) or 'system'}"
        remedy = "read the log of ovs-vswitchd"
        if kind in ("", KERNEL_DATAPATH):
            in_user_space = f"ovs-vsctl set bridge {name} datapath_type=netdev"
            remedy = f"modprobe openvswitch # where there is no such module: {in_user_space}"
    return Condition(Code.NOT_CONNECTED, sentence, remedy, bridge=name)


def _is_connected(bridge: BridgeFacts, rows: list[ControllerFacts], expected: Expected) -> bool:
    """Tell whether a bridge is connected, as the controller or the host knows; if neither does, it is."""
    if expected.connected is not None:
        return bridge.name in expected.connected
    return any(row.is_connected is not False for row in rows)


def _of_path(bridge: BridgeFacts, host: HostFacts) -> Iterator[Condition]:
    """Warn of a host that reaches its controller through a bridge that the controller must first program."""
    device = host.way_to_controller
    ports = {
        interface.name for port in bridge.ports for interface in port.interfaces if interface.type != "patch"
    }
    if device not in {bridge.name, *ports} or bridge.in_band:
        return
    yield Condition(
        Code.CONTROLLER_PATH,
        f"the host reaches its controller through bridge {bridge.name} ({excerpt(device)}): after a reboot"
        " the bridge has no flows, and the host never gets there",
        f"use another NIC for management, or: ovs-vsctl set bridge {bridge.name}"
        f" other_config:disable-in-band=false -- set controller {bridge.name} connection_mode=in-band",
        bridge=bridge.name,
    )


@dataclass(frozen=True, slots=True)
class Target:
    """Where a bridge or OVSDB dials, by tcp or ssl; `port` is None where Open vSwitch takes its usual one."""

    method: str
    address: str
    port: int | None


def parse_target(text: str) -> Target | None:
    """Read a target of the form method:address[:port]; None for those that do not dial."""
    found = TARGET.fullmatch(text)
    return (
        Target(found["method"], found["address"].strip("[]"), int(found["port"]) if found["port"] else None)
        if found
        else None
    )


def target_of(address: str, port: int, method: str = "tcp") -> str:
    """Write a target; without an address there is a word to put it in the place of."""
    return f"{method}:[{address}]:{port}" if ":" in address else f"{method}:{address or 'CONTROLLER'}:{port}"


def _is_at(text: str, address: str, port: int, usual_port: int, method: str) -> bool:
    """Tell whether a target dials the controller; of two names nobody can say that they are not the same.

    Who asks for tcp need not know that hosts speak TLS.
    """
    target = parse_target(text)
    if target is None or (target.method, method) == ("tcp", "ssl"):
        return False
    return (target.port or usual_port) == port and _same(target.address, address)


def _same(one: str, other: str) -> bool:
    try:
        return not other or ip_address(one) == ip_address(other)
    except ValueError:
        return True


def _whose_port(text: str, port: int, expected: Expected) -> str:
    """Say what the controller has at the port of a target that is not `port`; empty if nothing."""
    owners = {expected.openflow_port: "OpenFlow", expected.ovsdb_port: "OVSDB", expected.api_port: "the API"}
    target = parse_target(text)
    owner = owners.get(target.port or 0) if target and target.port != port else None
    return f" (the port of {owner})" if owner else ""


def _endpoint(expected: Expected, port: int, method: str) -> str:
    if not expected.address:
        return f"port {port} by ssl:" if method == "ssl" else f"port {port}"
    return f"ssl:{expected.address}:{port}" if method == "ssl" else f"{expected.address}:{port}"


def _address_of_controllers(host: HostFacts) -> str:
    """Give the address that the first of the host's bridges dials, to guess the controller's; else empty."""
    targets = (parse_target(row.target) for bridge in host.bridges for row in bridge.controllers)
    return next((target.address for target in targets if target), "")
