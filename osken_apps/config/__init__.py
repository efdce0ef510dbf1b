"""The configuration: every option, its meaning and its check, on oslo.config.

`load` gives one frozen `Config`; nothing else in the project reads oslo.config.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
from osken_apps.config.dhcp import DHCP_OPTS, DhcpConfig, dhcp_config
from osken_apps.config.endpoint import Endpoint
from osken_apps.config.hosts_tls import HostsTls
from osken_apps.config.metrics import METRICS_OPTS, MetricsConfig, metrics_config
from osken_apps.config.network import NETWORK_OPTS, NetworkConfig, network_config
from osken_apps.config.nova import NOVA_OPTS, NovaConfig, nova_config
from osken_apps.config.secrets import MEANT, refuse_readers, refuse_references, secrets_of
from osken_apps.errors import ConfigurationError
from osken_apps.logs import LogFormat
from osken_apps.model.kind import KINDS
from osken_apps.model.resources import Network, Port, Subnet  # noqa: F401  which declare their kinds
from osken_apps.model.well_known import OPENFLOW_PORT, OVSDB_PORT

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
    "read_file",
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
OPENFLOW_OPTS = hosts_tls.options(OPENFLOW_PORT, "OpenFlow", "set-controller")
OVSDB_OPTS = hosts_tls.options(OVSDB_PORT, "OVSDB", "set-manager")
DATABASE_OPTS = [
    cfg.StrOpt(
        "connection",
        default="",
        help="SQLAlchemy URL of the database, which is of SQLite. Empty: sqlite:///<state_dir>/osken-net.db.",
        sample_default="sqlite:///<state_dir>/osken-net.db",
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

KEYSTONE_SECTION = "keystone_authtoken"


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
        read_file(conf, config_file)
        written = _written(conf)
        # The options of that section are keystonemiddleware's to know.
        others = (
            {KEYSTONE_SECTION} if written.get(("api", "authentication")) == Authentication.KEYSTONE else ()
        )
        _refuse_unknown_options({key: value for key, value in written.items() if key[0] not in others})
        refuse_references(written)
        _check_values(conf, written)
        return _checked(conf, config_file, secrets_of(written))
    except cfg.ConfigFilesNotFoundError as error:
        raise ConfigurationError(f"there is no file {config_file}: name one with --config-file") from error
    except cfg.ConfigFilesPermissionDeniedError as error:
        raise ConfigurationError(f"{config_file}: Permission denied") from error
    except cfg.Error as error:
        raise ConfigurationError(f"{config_file}: {' '.join(str(error).split())}") from error
    except OSError as error:
        raise ConfigurationError(f"{config_file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{config_file}: it is not UTF-8: {error.reason}") from error
    except ConfigurationError as error:
        raise ConfigurationError(f"{config_file}: {error}") from error


def read_file(conf: cfg.ConfigOpts, config_file: Path) -> None:
    """Have oslo.config read a file, and nothing else: neither a directory nor the environment.

    Raises cfg.Error, OSError and UnicodeDecodeError.
    """
    files = [str(config_file)]
    conf([], project="osken-net", default_config_files=files, default_config_dirs=[], use_env=False)


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
            except cfg.Error as error:
                section = group or "DEFAULT"
                value = written[section, opt.name]
                is_value = isinstance(error, cfg.ConfigFileValueError)  # and not what it refers to
                wrong = f"{_wanted(opt)} is wanted" if is_value else MEANT
                raise ConfigurationError(f"[{section}] {opt.name}={value}: {wrong}") from error


def _wanted(opt: cfg.Opt) -> str:
    """Say what an option takes."""
    match opt:
        case cfg.BoolOpt():
            return "true or false"
        case cfg.HostAddressOpt():
            return "an address or the name of a host"
        case cfg.IntOpt() | cfg.PortOpt():
            kind: Any = opt.type
            least = "" if kind.min is None else f" from {kind.min}"
            most = "" if kind.max is None else f" to {kind.max}"
            return f"a whole number{least}{most or (' on' if least else '')}"
        case cfg.StrOpt():
            choices: Any = opt.type
            return " or ".join(choices.choices)
    return "another value"


def _checked(conf: Any, config_file: Path, secrets: tuple[str, ...]) -> Config:
    state_dir = Path(conf.state_dir)
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
        network=network_config(conf.network),
        security=SecurityConfig(conf.security.enforce),
        dhcp=dhcp_config(conf.dhcp),
        secrets=secrets,
        quotas={opt.name: getattr(conf.quotas, opt.dest) for opt in QUOTA_OPTS},
    )


def sample() -> str:
    """Give a configuration file in which every option stands commented out, with its help and default."""
    output = io.StringIO()
    conf = cfg.ConfigOpts()
    generator.register_cli_opts(conf)
    conf(["--namespace", "osken_apps"], project="osken-net", default_config_files=[])
    generator.generate(conf, output_file=output)
    return output.getvalue()
