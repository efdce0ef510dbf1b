"""What a controller does of a snapshot of the store, at once."""

from osken_apps.model.changes import Snapshot
from osken_apps.model.fabric import Fabric
from osken_apps.model.inventory import Inventory


def load(fabric: Fabric, snapshot: Snapshot) -> set[str]:
    """Have a snapshot taken whole; give the hosts to look at again."""
    inventory = Inventory()
    inventory.take(snapshot)
    return fabric.adopt(inventory)
