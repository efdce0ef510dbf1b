"""The options of `[dhcp]`: what every client is told, and how many packets are heard."""

from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any

from oslo_config import cfg

from osken_apps.errors import ConfigurationError

DHCP_OPTS = [
    cfg.IntOpt("lease_time", default=86400, min=60, max=0xFFFFFFFE, help="Lease time in seconds."),
    cfg.IntOpt(
        "port_rate",
        default=50,
        min=1,
        max=1000000,
        help="DHCP packets a second accepted from one port. A machine sends a handful when it boots.",
    ),
    cfg.IntOpt(
        "bridge_rate",
        default=10000,
        min=1,
        max=1000000,
        help="DHCP packets a second accepted from one host: half of what one controller answers on two slow"
        " cores, and twice what a hundred ports may send.",
    ),
    cfg.StrOpt("domain", default="openstacklocal", help="Domain name that clients are told; empty: none."),
    cfg.ListOpt(
        "dns_servers", default=[], help="IPv4 DNS servers for subnets that name none, separated by commas."
    ),
]


@dataclass(frozen=True, slots=True)
class DhcpConfig:
    """What every DHCP client is told unless its subnet says otherwise, and how many packets are heard."""

    lease_time_s: int
    domain: str
    dns_servers: tuple[IPv4Address, ...]
    port_rate: int
    bridge_rate: int


def dhcp_config(dhcp: Any) -> DhcpConfig:
    """Check the options of `[dhcp]`. Raises ConfigurationError."""
    servers = tuple(_dns_server(text) for text in dhcp.dns_servers)
    return DhcpConfig(dhcp.lease_time, dhcp.domain, servers, dhcp.port_rate, dhcp.bridge_rate)


def _dns_server(text: str) -> IPv4Address:
    try:
        return IPv4Address(text)
    except ValueError:
        raise ConfigurationError(f"[dhcp] dns_servers: {text!r} is not an IPv4 address") from None
