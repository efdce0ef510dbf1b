"""On what terms a request is served: who asks, and what is configured. PURE."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Terms:
    """The project of who asks, and whether it is an administrator.

    `lease_time_s` is how long the DHCP lease of a port is that says nothing else; None: not known.
    """

    project_id: str
    is_admin: bool = False
    lease_time_s: int | None = None
