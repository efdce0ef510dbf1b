"""To version 5: networks of different types may have the same segmentation id. SHELL."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alembic.operations import Operations


def tunnel_networks(op: "Operations") -> None:
    """Make what is unique of a segment its id within type and physical network."""
    with op.batch_alter_table("networks") as networks:
        networks.drop_constraint("one_segmentation_id", type_="unique")
        networks.create_unique_constraint(
            "one_segmentation_id", ["network_type", "physical_network", "segmentation_id"]
        )
