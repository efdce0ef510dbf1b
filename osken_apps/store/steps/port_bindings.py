"""To version 4: a port may have inactive bindings. SHELL."""

from typing import TYPE_CHECKING

from sqlalchemy import Column, Text

if TYPE_CHECKING:
    from alembic.operations import Operations


def port_bindings(op: "Operations") -> None:
    """Make the column; no port has any yet."""
    with op.batch_alter_table("ports") as ports:
        ports.add_column(Column("inactive_bindings", Text, nullable=False, server_default="[]"))
    with op.batch_alter_table("ports") as ports:
        ports.alter_column("inactive_bindings", server_default=None)
