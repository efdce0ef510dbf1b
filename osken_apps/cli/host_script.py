"""The commands that make a host ready for the controller, as a shell script that may run again. PURE.

Each command leaves alone what is as it should be. In particular a controller that is set already is not set
again: Open vSwitch flushes the flows of a bridge whose controllers are set, even to the same. Source:
ovs-vsctl(8).
"""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address

from osken_apps.model.conditions.bridges import OPENFLOW_VERSION, target_of
from osken_apps.model.snapshot import integration_end, physical_end
from osken_apps.model.well_known import OPENFLOW_PORT, OVSDB_PORT

#: For ovs-vsctl: seconds. Else it waits for ever for an ovs-vswitchd that does not run.
BOUNDED = "export OVS_CTL_TIMEOUT=60"


@dataclass(frozen=True, slots=True)
class PhysicalBridge:
    """A physical bridge and its NIC; without one the NICs are the operator's to add (a bond, for example)."""

    name: str
    nic: str = ""


@dataclass(frozen=True, slots=True)
class HostPlan:
    """What a host is to have. `datapath_type` is empty for the kernel's."""

    controller: str
    integration_bridge: str = "br-int"
    physical_bridges: tuple[PhysicalBridge, ...] = (PhysicalBridge("br-eth2", "eth2"),)
    datapath_type: str = ""
    openflow_port: int = OPENFLOW_PORT
    ovsdb_port: int = OVSDB_PORT
    connection_mode: str = "out-of-band"
    method: str = "tcp"


def script(plan: HostPlan) -> str:
    """Write the script, for /bin/sh."""
    return "\n".join(["set -e", BOUNDED, *_nics_are_free(plan), *_lines(plan)]) + "\n"


def _nics_are_free(plan: HostPlan) -> Iterator[str]:
    """Refuse to take the NIC that leads to the controller: that would be the last that the host does."""
    if plan.connection_mode != "out-of-band":
        return
    yield f"address={shlex.quote(plan.controller)}"
    if not is_address(plan.controller):
        yield "address=$(getent ahosts \"$address\" | sed -n '1s/ .*//p')"
        yield _refused('[ -n "$address" ]', f"this host knows no address of {plan.controller}")
    yield "way=$(ip -o route get \"$address\" 2>/dev/null | sed -n 's/.* dev \\([^ ]*\\).*/\\1/p')"
    yield _refused('[ -n "$way" ]', f"this host has no way to the controller {plan.controller}")
    for bridge in plan.physical_bridges:
        for device in filter(None, (bridge.nic, bridge.name)):
            complaint = f"{device} is the way to the controller: use another NIC, or --in-band"
            yield _refused(f'[ "$way" != {device} ]', complaint)


def is_address(text: str) -> bool:
    """Tell whether a text is an IP address: what is none must be resolved, which `ip route get` does not."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _refused(condition: str, complaint: str) -> str:
    """Write the line that ends the script unless a condition holds."""
    return f"{condition} || {{ echo {shlex.quote(complaint)} >&2; exit 1; }}"


def _lines(plan: HostPlan) -> Iterator[str]:
    yield from _identity()
    bridges = [plan.integration_bridge, *(bridge.name for bridge in plan.physical_bridges)]
    for bridge in bridges:
        kind = f" datapath_type={shlex.quote(plan.datapath_type)}" if plan.datapath_type else ""
        # Else managers have Open vSwitch put flows of its own above all others (ovs-vswitchd.conf.db(5)).
        is_way = plan.connection_mode == "in-band" and bridge != plan.integration_bridge
        kind += f" other_config:disable-in-band={'false' if is_way else 'true'}"
        yield f"ovs-vsctl --may-exist add-br {bridge} -- set bridge {bridge} fail_mode=secure{kind}"
        yield (
            f'[ "$(ovs-vsctl get bridge {bridge} protocols)" = "[]" ] ||'
            f" ovs-vsctl add bridge {bridge} protocols {OPENFLOW_VERSION}"
        )
    for physical in plan.physical_bridges:
        if physical.nic:
            yield f"ovs-vsctl --may-exist add-port {physical.name} {physical.nic}"
            yield f"ip link set {physical.nic} up"
    yield from _manager(target_of(plan.controller, plan.ovsdb_port, plan.method))
    for bridge in bridges:
        target = target_of(plan.controller, plan.openflow_port, plan.method)
        yield from _controller(bridge, target, plan.connection_mode)
    for physical in plan.physical_bridges:
        yield from _patch(plan.integration_bridge, physical.name)


def _identity() -> Iterator[str]:
    """Give the host its identity where Open vSwitch's start script did not."""
    for key, value in (("system-id", "cat /proc/sys/kernel/random/uuid"), ("hostname", "hostname")):
        yield f'[ -n "$(ovs-vsctl --if-exists get Open_vSwitch . external_ids:{key})" ] ||'
        yield f'    ovs-vsctl set Open_vSwitch . external_ids:{key}="$({value})"'


def _manager(target: str) -> Iterator[str]:
    """Set the manager; what only listens, for the host's own tools, stays."""
    yield f"ovs-vsctl get-manager | grep -qxF {shlex.quote(target)} ||"
    yield f"    ovs-vsctl set-manager {shlex.quote(target)} $(ovs-vsctl get-manager | grep ^p || true)"


def _controller(bridge: str, target: str, connection_mode: str) -> Iterator[str]:
    """Set the controller where it is another; its connection mode is another thing, and cuts nothing."""
    mode = f"controller {bridge} connection_mode"
    yield f'[ "$(ovs-vsctl get-controller {bridge})" = {shlex.quote(target)} ] ||'
    yield f"    ovs-vsctl set-controller {bridge} {shlex.quote(target)} -- set {mode}={connection_mode}"
    yield f'[ "$(ovs-vsctl get {mode})" = {connection_mode} ] ||'
    yield f"    ovs-vsctl set {mode}={connection_mode}"


def _patch(integration_bridge: str, physical_bridge: str) -> Iterator[str]:
    near, far = integration_end(physical_bridge), physical_end(physical_bridge)
    ends = ((integration_bridge, near, far), (physical_bridge, far, near))
    commands = (
        f"-- --may-exist add-port {bridge} {name} -- set interface {name} type=patch options:peer={peer}"
        for bridge, name, peer in ends
    )
    yield "ovs-vsctl " + " \\\n    ".join(commands)
