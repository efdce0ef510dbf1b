"""All that a store holds at once, of the parts that the controller is told of it."""

from typing import TypeVar

from osken_apps.model.changes import Snapshot
from osken_apps.model.resources import Standard
from osken_apps.store.view import View

R = TypeVar("R", bound=Standard)

SIZE = 1000  # of a part


def whole(view: View) -> Snapshot:
    """Give all that a store holds at the moment of a view."""
    parts = list(view.parts(SIZE))
    return Snapshot(
        tuple(resource for part in parts for resource in part.resources),
        store_id=parts[0].store_id,
        departed_ports=frozenset(port_id for part in parts for port_id in part.departed_ports),
        tunnel_addresses=tuple(address for part in parts for address in part.tunnel_addresses),
        identities=tuple(host for part in parts for host in part.identities),
    )


def of_kind(kind: type[R], snapshot: Snapshot) -> list[R]:
    """Give the resources of one kind that a snapshot has."""
    return [resource for resource in snapshot.resources if isinstance(resource, kind)]
