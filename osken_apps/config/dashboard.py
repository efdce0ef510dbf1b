"""The options of `[dashboard]`: whether there is one, and whether it changes anything."""

from dataclasses import dataclass
from typing import Any

from oslo_config import cfg

DASHBOARD_OPTS = [
    cfg.BoolOpt("enabled", default=True, help="Serve the dashboard at /ui/ of the API's port."),
    cfg.BoolOpt(
        "writes",
        default=True,
        help="Let the dashboard make, change and delete what its user may. False: it only shows. The API"
        " takes changes all the same: what nobody may change is the policy's to say.",
    ),
]


@dataclass(frozen=True, slots=True)
class DashboardConfig:
    """Whether there is a dashboard, and whether it changes anything."""

    enabled: bool = True
    writes: bool = True


def dashboard_config(dashboard: Any) -> DashboardConfig:
    """Give the options of `[dashboard]`."""
    return DashboardConfig(dashboard.enabled, dashboard.writes)
