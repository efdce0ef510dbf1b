"""The configuration: every option, its meaning and its check, on oslo.config.

`load` gives one frozen `Config`; nothing else in the project reads oslo.config.
"""

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from oslo_config import cfg, generator

from osken_apps.config import hosts_tls
from osken_apps.config.api import (
    API_OPTS,
    REPLACED_OPTS,
    ApiConfig,
    Authentication,
    TlsConfig,
    api_config,
)
from osken_apps.config.dashboard import DASHBOARD_OPTS, DashboardConfig, dashboard_config
from osken_apps.config.endpoint import Endpoint
from osken_apps.config.hosts_tls import HostsTls
from osken_apps.config.metrics import METRICS_OPTS, MetricsConfig, metrics_config
from osken_apps.config.nova import NOVA_OPTS, NovaConfig, nova_config
from osken_apps.config.secrets import refuse_readers, secrets_of
from osken_apps.errors import ConfigurationError
from osken_apps.logs import LogFormat
from osken_apps.model.kind import KINDS
from osken_apps.model.resources import (  # noqa: F401  some declare their kinds
    TUNNEL_OCTETS,
    Network,
    NetworkType,
    Port,
    Subnet,
)
from osken_apps.networking.physical import PhysicalNetworks, TunnelRange, VlanRange
from osken_apps.networking.segments import TUNNEL_IDS

__all__ = [
    "KEYSTONE_SECTION",
    "ApiConfig",
    "Authentication",
    "Config",
    "DashboardConfig",
    "DhcpConfig",
    "Endpoint",
    "HostsTls",
    "MetricsConfig",
    "NetworkConfig",
    "NovaConfig",
    "TlsConfig",
    "load",
    "refuse_to_share_secrets",
    "sample",
]

DEFAULT_OPTS = [
    cfg.StrOpt("state_dir", default="/var/lib/osken-net", help="Directory of the database and other state."),
    cfg.BoolOpt("debug", default=False, help="Log at level DEBUG."),
    cfg.StrOpt(
        "log_format",
        default=LogFormat.TEXT,
        choices=[
            (LogFormat.TEXT, "for people"),
            (
                LogFormat.JSON,
                "each line is an object with time, level, logger, message and, of an exception, traceback",
            ),
        ],
        help="What a line of the log on stderr is.",
    ),
    cfg.BoolOpt(
        "remove_unknown",
        default=False,
        help="End the traffic of ports that a controller served and the database does not know, and of ports"
        " on physical networks that bridge_mappings lacks. False: their flows and tags stay as they are.",
    ),
    cfg.IntOpt(
        "audit_interval",
        default=60,
        min=1,
        help="Seconds after which each bridge is read again and mended if someone changed it; five hosts a"
        " second at most.",
    ),
]
OPENFLOW_OPTS = hosts_tls.options(6653, "OpenFlow", "set-controller")
OVSDB_OPTS = hosts_tls.options(6640, "OVSDB", "set-manager")
DATABASE_OPTS = [
    cfg.StrOpt(
        "connection",
        default="",
        help="SQLAlchemy URL of the database. Empty: sqlite:///<state_dir>/osken-net.db.",
        sample_default="sqlite:///<state_dir>/osken-net.db",
    ),
]
NETWORK_OPTS = [
    cfg.StrOpt("integration_bridge", default="br-int", help="Name of the bridge that machines plug into."),
    cfg.ListOpt(
        "bridge_mappings",
        default=["default:br-eth2"],
        help="Physical networks and their bridges: physical_network:bridge, separated by commas.",
    ),
    cfg.ListOpt(
        "vlan_ranges",
        default=["default:1000:2999"],
        help="Pools of segmentation ids: physical_network:first:last, separated by commas.",
    ),
    cfg.ListOpt(
        "physical_mtus",
        default=[],
        help="MTUs of physical networks that carry more or less than 1500 octets: physical_network:mtu,"
        " separated by commas. It is the default and the maximum of their networks' MTU.",
    ),
    cfg.ListOpt(
        "tenant_network_types",
        default=["vlan"],
        help="Types that a network without provider attributes takes, the first with a free segmentation id:"
        " vlan, vxlan, gre, geneve.",
    ),
    cfg.ListOpt(
        "tunnel_ranges",
        default=["vxlan:1:1000", "gre:1:1000", "geneve:1:1000"],
        help="Pools of segmentation ids of networks over tunnels: type:first:last, separated by commas.",
    ),
    cfg.StrOpt(
        "tunnel_bridge",
        default="br-tun",
        help="Name of the bridge that the controller makes on hosts that have networks over tunnels.",
    ),
    cfg.IntOpt(
        "underlay_mtu",
        default=1500,
        min=1330,
        max=65535,
        help="MTU between the hosts' tunnel addresses. Networks of type vxlan or geneve have at most 50 less,"
        " those of type gre 42.",
    ),
]
SECURITY_OPTS = [
    cfg.BoolOpt(
        "enforce",
        default=True,
        help="Guard ports whose port_security_enabled is true: their own addresses, and what their security"
        " groups permit. False: nothing is guarded, and the API says so.",
    ),
]
QUOTA_OPTS = [
    cfg.IntOpt(
        kind.singular,
        default=kind.quota,
        min=-1,
        help=f"How many {kind.plural.replace('_', ' ')} a project may have; -1: any number.",
    )
    for kind in KINDS.values()
    if kind.quota is not None
]
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
GROUPS: dict[str | None, Sequence[cfg.Opt]] = {
    None: DEFAULT_OPTS,
    "api": API_OPTS,
    "openflow": OPENFLOW_OPTS,
    "ovsdb": OVSDB_OPTS,
    "database": DATABASE_OPTS,
    "network": NETWORK_OPTS,
    "dhcp": DHCP_OPTS,
    "security": SECURITY_OPTS,
    "quotas": QUOTA_OPTS,
    "dashboard": DASHBOARD_OPTS,
    "nova": NOVA_OPTS,
    "metrics": METRICS_OPTS,
}

MAX_PHYSICAL_BRIDGE_NAME = 11
KEYSTONE_SECTION = "keystone_authtoken"
MIN_MTU, MAX_MTU = 68, 65535
INTERFACE_NAME = re.compile(r"[A-Za-z0-9_.-]{1,15}")


@dataclass(frozen=True, slots=True)
class NetworkConfig:
    """The bridges of a host and the pools of segmentation ids."""

    integration_bridge: str
    bridge_mappings: tuple[tuple[str, str], ...]
    vlan_ranges: tuple[VlanRange, ...]
    physical_mtus: tuple[tuple[str, int], ...] = ()
    tenant_types: tuple[NetworkType, ...] = (NetworkType.VLAN,)
    tunnel_ranges: tuple[TunnelRange, ...] = ()
    tunnel_bridge: str = "br-tun"
    underlay_mtu: int = 1500

    @property
    def physical(self) -> PhysicalNetworks:
        """What the rules of networks must know of what these are on."""
        names = tuple(name for name, _ in self.bridge_mappings)
        return PhysicalNetworks(
            names,
            self.vlan_ranges,
            self.physical_mtus,
            self.tunnel_ranges,
            self.tenant_types,
            self.underlay_mtu,
        )


@dataclass(frozen=True, slots=True)
class DhcpConfig:
    """What every DHCP client is told unless its subnet says otherwise, and how many packets are heard."""

    lease_time_s: int
    domain: str
    dns_servers: tuple[IPv4Address, ...]
    port_rate: int
    bridge_rate: int


@dataclass(frozen=True, slots=True)
class SecurityConfig:
    """Whether ports are guarded."""

    enforce: bool = True


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration, checked."""

    state_dir: Path
    debug: bool
    audit_interval_s: int
    remove_unknown: bool
    api: ApiConfig
    openflow: Endpoint
    ovsdb: Endpoint
    database: str
    network: NetworkConfig
    dhcp: DhcpConfig
    quotas: Mapping[str, int] = field(default_factory=dict)
    file: Path = Path()
    nova: NovaConfig | None = None
    security: SecurityConfig = SecurityConfig()
    metrics: MetricsConfig | None = None
    dashboard: DashboardConfig = field(default_factory=DashboardConfig)
    openflow_tls: HostsTls | None = None
    ovsdb_tls: HostsTls | None = None
    log_format: LogFormat = LogFormat.TEXT
    secrets: tuple[str, ...] = ()  # the options of the file that hold some

    @property
    def listeners(self) -> Mapping[str, Endpoint]:
        """All addresses that are listened on, by section."""
        found = {"api": self.api.endpoint, "openflow": self.openflow, "ovsdb": self.ovsdb}
        return found | ({"metrics": self.metrics.endpoint} if self.metrics else {})


def list_opts() -> list[tuple[str | None, Sequence[cfg.Opt]]]:
    """Give every option to oslo-config-generator."""
    return list(GROUPS.items())


def load(config_file: Path) -> Config:
    """Read and check a configuration file.

    Raises ConfigurationError, in one line that names the option.
    """
    conf = cfg.ConfigOpts()
    for group, opts in GROUPS.items():
        conf.register_opts(opts, group=group)
    try:
        conf([], project="osken-net", default_config_files=[str(config_file)], default_config_dirs=[])
        written = _written(conf)
        # The options of that section are keystonemiddleware's to know.
        others = (
            {KEYSTONE_SECTION} if written.get(("api", "authentication")) == Authentication.KEYSTONE else ()
        )
        _refuse_unknown_options({key: value for key, value in written.items() if key[0] not in others})
        _check_values(conf, written)
        return _checked(conf, config_file, secrets_of(written))
    except cfg.ConfigFilesNotFoundError as error:
        raise ConfigurationError(f"there is no file {config_file}: name one with --config-file") from error
    except cfg.ConfigFilesPermissionDeniedError as error:
        raise ConfigurationError(f"{config_file}: Permission denied") from error
    except cfg.Error as error:
        raise ConfigurationError(f"{config_file}: {' '.join(str(error).split())}") from error
    except ConfigurationError as error:
        raise ConfigurationError(f"{config_file}: {error}") from error


def refuse_to_share_secrets(config: Config) -> None:
    """Raise ConfigurationError if everybody may read a configuration file that holds secrets."""
    if config.secrets:
        refuse_readers(config.secrets[0], config.file, ", and it holds this secret")


def _written(conf: Any) -> dict[tuple[str, str], str]:
    """Give every value that the file holds, by section and option: oslo.config has no public way to ask."""
    return {
        (section, name): values[-1]
        for parsed in conf._namespace._parsed
        for section, options in parsed.items()
        for name, values in options.items()
    }


def _refuse_unknown_options(written: Mapping[tuple[str, str], str]) -> None:
    """Raise for an option or section that we do not have: it is a misspelling that would go unseen."""
    known = {(group or "DEFAULT", opt.name) for group, opts in GROUPS.items() for opt in opts}
    for section, name in written:
        if section == "api" and name in REPLACED_OPTS:
            raise ConfigurationError(f"[api] {name} is now {REPLACED_OPTS[name]}")
        if (section, name) not in known:
            raise ConfigurationError(f"unknown option [{section}] {name}")


def _check_values(conf: Any, written: Mapping[tuple[str, str], str]) -> None:
    """Raise for a value that its option cannot take."""
    for group, opts in GROUPS.items():
        for opt in opts:
            try:
                getattr(conf[group] if group else conf, opt.dest)
            except cfg.ConfigFileValueError as error:
                section = group or "DEFAULT"
                value = written[section, opt.name]
                raise ConfigurationError(
                    f"[{section}] {opt.name}={value}: {_wanted(opt)} is wanted"
                ) from error


def _wanted(opt: cfg.Opt) -> str:
    """Say what an option takes."""
    match opt:
        case cfg.BoolOpt():
            return "true or false"
        case cfg.HostAddressOpt():
            return "an address or the name of a host"
        case cfg.IntOpt() | cfg.PortOpt():
            kind: Any = opt.type
            bounds = "" if kind.max is None else f" from {kind.min} to {kind.max}"
            return f"a whole number{bounds}"
        case cfg.StrOpt():
            choices: Any = opt.type
            return " or ".join(choices.choices)
    return "another value"


def _checked(conf: Any, config_file: Path, secrets: tuple[str, ...]) -> Config:
    state_dir = Path(conf.state_dir)
    network = NetworkConfig(
        _bridge_name("[network] integration_bridge", conf.network.integration_bridge),
        _bridge_mappings(conf.network.bridge_mappings),
        tuple(_vlan_range(text) for text in conf.network.vlan_ranges),
        tuple(_physical_mtu(text) for text in conf.network.physical_mtus),
        tuple(_tenant_type(text) for text in conf.network.tenant_network_types),
        tuple(_tunnel_range(text) for text in conf.network.tunnel_ranges),
        _bridge_name("[network] tunnel_bridge", conf.network.tunnel_bridge),
        conf.network.underlay_mtu,
    )
    _check_network(network)
    return Config(
        state_dir=state_dir,
        debug=conf.debug,
        log_format=LogFormat(conf.log_format),
        audit_interval_s=conf.audit_interval,
        remove_unknown=conf.remove_unknown,
        api=api_config(conf.api),
        file=config_file,
        nova=nova_config(conf.nova),
        metrics=metrics_config(conf.metrics),
        dashboard=dashboard_config(conf.dashboard),
        openflow=hosts_tls.endpoint("openflow", conf.openflow),
        ovsdb=hosts_tls.endpoint("ovsdb", conf.ovsdb),
        openflow_tls=hosts_tls.tls("openflow", conf.openflow),
        ovsdb_tls=hosts_tls.tls("ovsdb", conf.ovsdb),
        database=conf.database.connection or f"sqlite:///{state_dir}/osken-net.db",
        network=network,
        security=SecurityConfig(conf.security.enforce),
        dhcp=DhcpConfig(
            conf.dhcp.lease_time,
            conf.dhcp.domain,
            tuple(_dns_server(text) for text in conf.dhcp.dns_servers),
            conf.dhcp.port_rate,
            conf.dhcp.bridge_rate,
        ),
        secrets=secrets,
        quotas={opt.name: getattr(conf.quotas, opt.dest) for opt in QUOTA_OPTS},
    )


def _bridge_name(option: str, name: str) -> str:
    if not INTERFACE_NAME.fullmatch(name):
        raise ConfigurationError(f"{option}: {name!r} is not a bridge name")
    return name


def _bridge_mappings(texts: list[str]) -> tuple[tuple[str, str], ...]:
    mappings = []
    for text in texts:
        physical_network, colon, bridge = text.partition(":")
        if not colon or not physical_network:
            raise ConfigurationError(
                f"[network] bridge_mappings: {text!r} is not of the form physical_network:bridge"
            )
        if len(bridge) > MAX_PHYSICAL_BRIDGE_NAME:
            raise ConfigurationError(
                f"[network] bridge_mappings: {bridge!r} is longer than {MAX_PHYSICAL_BRIDGE_NAME} characters:"
                f" its end on the integration bridge could not be named int-{bridge}"
            )
        mappings.append((physical_network, _bridge_name("[network] bridge_mappings", bridge)))
    return tuple(mappings)


def _vlan_range(text: str) -> VlanRange:
    match = re.fullmatch(r"([^:]+):(\d+):(\d+)", text)
    if not match:
        raise ConfigurationError(
            f"[network] vlan_ranges: {text!r} is not of the form physical_network:first:last"
        )
    first, last = int(match[2]), int(match[3])
    if not 1 <= first <= last <= 4094:
        raise ConfigurationError(f"[network] vlan_ranges: {text!r} is not within 1..4094")
    return VlanRange(match[1], first, last)


def _tenant_type(text: str) -> NetworkType:
    kinds = (NetworkType.VLAN, *TUNNEL_OCTETS)
    if text not in kinds:
        raise ConfigurationError(f"[network] tenant_network_types: {text!r} is not one of {', '.join(kinds)}")
    return NetworkType(text)


def _tunnel_range(text: str) -> TunnelRange:
    match = re.fullmatch(r"(vxlan|gre|geneve):(\d{1,10}):(\d{1,10})", text)
    if not match:
        raise ConfigurationError(f"[network] tunnel_ranges: {text!r} is not of the form type:first:last")
    kind, first, last = NetworkType(match[1]), int(match[2]), int(match[3])
    ids = TUNNEL_IDS[kind]
    if not ids[0] <= first <= last <= ids[-1]:
        raise ConfigurationError(f"[network] tunnel_ranges: {text!r} is not within {ids[0]}..{ids[-1]}")
    return TunnelRange(kind, first, last)


def _physical_mtu(text: str) -> tuple[str, int]:
    physical_network, _, mtu = text.rpartition(":")
    if not physical_network or not re.fullmatch(r"[0-9]{1,5}", mtu) or not MIN_MTU <= int(mtu) <= MAX_MTU:
        raise ConfigurationError(
            f"[network] physical_mtus: {text!r} is not of the form physical_network:mtu"
            f" with an MTU from {MIN_MTU} to {MAX_MTU}"
        )
    return physical_network, int(mtu)


def _check_network(network: NetworkConfig) -> None:
    physical_networks = [name for name, _ in network.bridge_mappings]
    bridges = [network.integration_bridge, *(bridge for _, bridge in network.bridge_mappings)]
    if network.tunnel_bridge in bridges:
        raise ConfigurationError(
            f"[network] tunnel_bridge: {network.tunnel_bridge!r} is another bridge already"
        )
    if len(set(bridges)) != len(bridges) or len(set(physical_networks)) != len(physical_networks):
        raise ConfigurationError("[network] bridge_mappings: a bridge or physical network is named twice")
    for name, _ in network.physical_mtus:
        if name not in physical_networks:
            raise ConfigurationError(f"[network] physical_mtus: {name!r} is not in bridge_mappings")
    if len(dict(network.physical_mtus)) != len(network.physical_mtus):
        raise ConfigurationError("[network] physical_mtus: a physical network is named twice")
    for vlan_range in network.vlan_ranges:
        if vlan_range.physical_network not in physical_networks:
            raise ConfigurationError(
                f"[network] vlan_ranges: {vlan_range.physical_network!r} is not in bridge_mappings"
            )


def _dns_server(text: str) -> IPv4Address:
    try:
        return IPv4Address(text)
    except ValueError:
        raise ConfigurationError(f"[dhcp] dns_servers: {text!r} is not an IPv4 address") from None


def sample() -> str:
    """Give a configuration file in which every option stands commented out, with its help and default."""
    output = io.StringIO()
    conf = cfg.ConfigOpts()
    generator.register_cli_opts(conf)
    conf(["--namespace", "osken_apps"], project="osken-net", default_config_files=[])
    generator.generate(conf, output_file=output)
    return output.getvalue()
