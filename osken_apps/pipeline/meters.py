"""The ids of our meters: one for each kind of punt, and one for each port. PURE.

A port that floods is held to its own share, so it cannot starve its neighbours; the meter of the kind keeps
all of a bridge together within what a controller should be sent. An id follows from the port's number or from
the kind, so it is the same after a restart; it is small, as a switch refuses ids above the number of meters
that it has.
"""

from collections.abc import Mapping

DHCP_PUNTS = 1
ANNOUNCEMENTS = 2
PORT_METERS = 16  # the first one, of port number 0; a port number has 16 bits
OUR_METERS = range(1, 0x20100)  # meters with other ids are not ours
OF_PORT, OF_BRIDGE = "port", "bridge"


def drops_by_kind(dropped: Mapping[int, int]) -> dict[str, int]:
    """Sum what meters have dropped by what they are for: a port, or a kind of punt of the bridge."""
    by_kind = {OF_PORT: 0, OF_BRIDGE: 0}
    for meter_id, count in dropped.items():
        by_kind[OF_PORT if meter_id >= PORT_METERS else OF_BRIDGE] += count
    return by_kind


def kind_meter(kind: int, max_meters: int) -> int | None:
    """Give the id of the meter of a kind of punt; None if the switch has no such meter."""
    return kind if kind <= max_meters else None


def port_meter(ofport: int, max_meters: int) -> int | None:
    """Give the id of a port's meter; None if the switch has no such meter."""
    meter_id = PORT_METERS + ofport
    return meter_id if meter_id <= max_meters else None
