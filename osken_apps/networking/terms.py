"""On what terms a request is served: who asks. PURE."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Terms:
    """The project of who asks, and whether it is an administrator."""

    project_id: str
    is_admin: bool = False
