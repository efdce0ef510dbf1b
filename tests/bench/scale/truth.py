"""What every host should have, from the database and from what the hosts show, and where one differs.

It uses the product's pure functions: the benchmark asks whether a thousand hosts converge to what is desired,
other tests whether what is desired is right.
"""

import struct
from collections.abc import Iterable, Iterator

from osken_apps.model.changes import Snapshot
from osken_apps.model.fabric import Fabric
from osken_apps.model.host import Interface
from osken_apps.model.host_snapshot import host_snapshot
from osken_apps.model.preparation import prepare
from osken_apps.model.resources import Port
from osken_apps.model.snapshot import HostSnapshot, Layout
from osken_apps.pipeline.desired import FlowEncoder, desired_meters
from osken_apps.pipeline.tags import desired_tags
from osken_apps.store.store import Store
from tests.bench.scale.host import INTEGRATION, PHYSICAL, HostState, tunnel_address
from tests.bench.scale.openflow_switch import FlowBody, FlowKey
from tests.model.loading import load
from tests.whole import of_kind, whole

LAYOUT = Layout(INTEGRATION, (("default", PHYSICAL),))


def stored(url: str) -> Snapshot:
    """Read all that the store holds."""
    store = Store(url)
    try:
        with store.read() as view:
            return whole(view)
    finally:
        store.close()


def differences(snapshot: Snapshot, states: Iterable[HostState]) -> Iterator[str]:
    """Say in words where a host differs from what it should have."""
    fabric = Fabric(LAYOUT)
    load(fabric, snapshot)
    for host in {port.binding.host for port in of_kind(Port, snapshot) if port.binding}:
        fabric.observe_tunnel_address(host, tunnel_address(int(host.removeprefix("host"))))
    for state in states:
        fabric.observe_interfaces(state.name, [Interface(*item) for item in state.interfaces.items()])
        for bridge, ofports in state.ofports.items():
            fabric.observe_bridge(state.name, bridge, ofports)
        prepare(fabric, state.name)
        host = host_snapshot(fabric, state.name)
        if desired_tags(host) != state.tags:
            yield f"{state.name}: the tags differ"
        for bridge, flows in state.flows.items():
            wanted = _wire_flows(bridge, host)
            if wanted != flows:
                yield f"{state.name}: {bridge} has {len(flows)} flows, should have {len(wanted)}"
            meters = desired_meters(bridge, LAYOUT, host).values()
            if {meter.meter_id: (meter.rate, meter.burst) for meter in meters} != _rates(
                state.meters[bridge]
            ):
                yield f"{state.name}: the meters of {bridge} differ"
        plugged = sum(1 for iface_id in state.interfaces.values() if iface_id)
        if len(host.ports) != plugged:
            yield f"{state.name}: {len(host.ports)} ports are bound of {plugged} plugged"


def _wire_flows(bridge: str, host: HostSnapshot) -> dict[FlowKey, FlowBody]:
    flows: dict[FlowKey, FlowBody] = {}
    for key, body in FlowEncoder().flows(bridge, LAYOUT, host).items():
        flows[key.table_id, key.priority, key.match] = (body.cookie, body.instructions)
    return flows


def _rates(meters: dict[int, bytes]) -> dict[int, tuple[int, int]]:
    """Give rate and burst of each meter, from its band (OpenFlow 1.4, 7.3.4.5.2)."""
    return {meter_id: struct.unpack_from("!4xII", config, 8) for meter_id, config in meters.items()}
