"""What every resource of Networking API v2.0 has. PURE.

Times are aware datetimes in UTC with whole seconds.
"""

from dataclasses import dataclass
from datetime import datetime

from osken_apps.model.shared import Shared


@dataclass(frozen=True, slots=True)
class Standard:
    """What every resource has. `description` and `tags` are the operator's own words."""

    id: str
    project_id: Shared
    name: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    created_at: datetime | None = None
    updated_at: datetime | None = None
    revision_number: int = 0
