"""The meters of the integration bridge: one for each kind of punt, and for each port its share. PURE.

A port that floods is held to its own share, so it cannot starve its neighbours; the bridge's meter keeps all
of them together within what a controller should be sent. A meter's id follows from the port's number or from
the kind of punt, so it is the same after a restart.
"""

from osken_apps.model.snapshot import BoundPort, HostSnapshot, Layout
from osken_apps.openflow.meter import Meter

PORT_METERS = 0x10000  # one for each port number, which has 16 bits
KIND_METERS = 0x20000
OUR_METERS = range(PORT_METERS, KIND_METERS + 0x100)  # meters with other ids are not ours
DHCP_BRIDGE_METER = KIND_METERS + 1


def port_meter(bound: BoundPort) -> int:
    """Give the id of a port's meter."""
    return PORT_METERS + bound.ofport


def desired_meters(bridge: str, layout: Layout, snapshot: HostSnapshot) -> dict[int, Meter]:
    """Give all meters that a bridge should have, by id."""
    ports = [bound for bound in snapshot.ports if bound.has_dhcp]
    if bridge != layout.integration_bridge or not snapshot.metered or not ports:
        return {}
    rates = layout.punt_rates
    meters = [Meter(DHCP_BRIDGE_METER, rates.bridge, rates.bridge)]
    meters += [Meter(port_meter(bound), rates.port, rates.port) for bound in ports]
    return {meter.meter_id: meter for meter in meters}
