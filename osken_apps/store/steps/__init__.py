"""The steps by which a database of an older version becomes one of today. SHELL.

A step is a function over alembic's operations, which make a table of SQLite anew to change it; alembic's own
numbering, scripts and command are not needed for one line of history, which each controller walks by itself
when it starts. A step is never changed once it was released, and uses nothing of `tables`, which goes on.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from osken_apps.store.steps.identity import identity_and_deleted_ports
from osken_apps.store.steps.port_bindings import port_bindings
from osken_apps.store.steps.security_groups import security_groups
from osken_apps.store.steps.tunnels import tunnel_networks

if TYPE_CHECKING:
    from alembic.operations import Operations

Step = Callable[["Operations"], None]

# Step n (from 0) brings a database of version n + 1 to version n + 2; a new database needs none.
STEPS: tuple[Step, ...] = (identity_and_deleted_ports, security_groups, port_bindings, tunnel_networks)
