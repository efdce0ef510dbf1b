"""All that a store holds at once, of the parts that the controller is told of it."""

from osken_apps.model.changes import Snapshot
from osken_apps.store.view import View

SIZE = 1000  # of a part


def whole(view: View) -> Snapshot:
    """Give all that a store holds at the moment of a view."""
    parts = list(view.parts(SIZE))
    return Snapshot(
        tuple(item for part in parts for item in part.networks),
        tuple(item for part in parts for item in part.subnets),
        tuple(item for part in parts for item in part.ports),
        parts[0].store_id,
        frozenset(port_id for part in parts for port_id in part.deleted_ports),
        tuple(item for part in parts for item in part.further),
        tuple(address for part in parts for address in part.tunnel_addresses),
    )
