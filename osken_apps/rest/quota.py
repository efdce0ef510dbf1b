"""The quota in force for a project and a kind of resource."""

from collections.abc import Mapping

from osken_apps.config import Config
from osken_apps.model.kind import Kind


def quota_of(kind: Kind, own: Mapping[str, int], config: Config) -> int:
    """Give the project's own quota, else that of the configuration, else that of the kind."""
    return own.get(kind.singular, config.quotas.get(kind.singular, kind.quota))
