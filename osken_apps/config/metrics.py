"""The options of `[metrics]`: where Prometheus finds what is counted, and of which ports."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from oslo_config import cfg

from osken_apps.config.endpoint import Endpoint
from osken_apps.errors import ConfigurationError
from osken_apps.model.uuids import UUID

MAX_PORTS = 1000

METRICS_OPTS: Sequence[cfg.Opt] = [
    cfg.HostAddressOpt(
        "host",
        default="127.0.0.1",
        help="Address of GET /metrics, for Prometheus. Whoever reaches it reads names of hosts and numbers:"
        " it asks nobody who they are.",
    ),
    cfg.PortOpt("port", default=0, help="TCP port of GET /metrics, for example 9697. 0: there is none."),
    cfg.ListOpt(
        "ports",
        default=[],
        help="Ids of ports whose packets and octets are told, too, separated by commas; at most 1000.",
    ),
]


@dataclass(frozen=True, slots=True)
class MetricsConfig:
    """Where metrics are, and the ids of the ports that have some of their own."""

    endpoint: Endpoint
    ports: tuple[str, ...] = ()


def metrics_config(metrics: Any) -> MetricsConfig | None:
    """Check the options of `[metrics]`; None: nobody is told. Raises ConfigurationError."""
    for text in metrics.ports:
        if not UUID.fullmatch(text):
            raise ConfigurationError(f"[metrics] ports: {text!r} is not the id of a port")
    if len(metrics.ports) > MAX_PORTS:
        raise ConfigurationError(f"[metrics] ports: {len(metrics.ports)} are more than {MAX_PORTS}")
    if not metrics.port:
        return None
    return MetricsConfig(Endpoint(metrics.host, metrics.port), tuple(dict.fromkeys(metrics.ports)))
