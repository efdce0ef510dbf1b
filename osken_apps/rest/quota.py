"""The quota in force for a project and a kind of resource."""

from collections.abc import Mapping

from osken_apps.config import Config
from osken_apps.model.kind import Kind


def quota_of(kind: Kind, own: Mapping[str, int], config: Config) -> int:
    """Give the project's own quota, else that of the configuration, else that of the kind; -1: any number."""
    default = config.quotas.get(kind.singular, kind.quota)
    return -1 if default is None else own.get(kind.singular, default)
