"""To version 2: a store has an id and remembers deleted ports; a port waits for any text. SHELL."""

from typing import TYPE_CHECKING

from sqlalchemy import Column, Integer, String, Text

if TYPE_CHECKING:
    from alembic.operations import Operations


def identity_and_deleted_ports(op: "Operations") -> None:
    """Make the tables of both, and let the column have any text."""
    op.create_table("store", Column("id", String(36), primary_key=True))
    op.create_table(
        "deleted_ports",
        Column("sequence", Integer, primary_key=True, autoincrement=True),
        Column("port_id", String(36), nullable=False, unique=True),
        Column("deleted_at", Integer, nullable=False),
    )
    op.create_index("ix_deleted_ports_deleted_at", "deleted_ports", ["deleted_at"])
    with op.batch_alter_table("ports") as ports:
        ports.alter_column(
            "binding_waits_for",
            new_column_name="waits_for",
            existing_type=String(255),
            type_=Text,
            existing_nullable=False,
        )
