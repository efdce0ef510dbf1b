"""On what terms a request is served: who asks, and what the configuration promises. PURE."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Terms:
    """The project of who asks, whether it is an administrator, and whether security is enforced here."""

    project_id: str
    is_admin: bool = False
    enforced: bool = True
