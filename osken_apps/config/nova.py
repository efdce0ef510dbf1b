"""The options of `[nova]`: where Nova is told what happens to the ports of its servers."""

from dataclasses import dataclass
from typing import Any

from oslo_config import cfg

from osken_apps.config.files import existing_file
from osken_apps.errors import ConfigurationError
from osken_apps.urls import is_url

NOVA_OPTS = [
    cfg.StrOpt(
        "auth_url",
        default="",
        help="Keystone's URL, for example http://192.0.2.5:5000/v3. Nova is then told when a server's port"
        " becomes ACTIVE, is unplugged, is deleted or gets other addresses. Empty: it is told nothing.",
    ),
    cfg.StrOpt("username", default="", help="A user whom Nova lets post os-server-external-events."),
    cfg.StrOpt("password", default="", secret=True, help="Password of that user; $$ is a $ in it."),
    cfg.StrOpt("user_domain_name", default="Default", help="Domain of that user."),
    cfg.StrOpt("project_name", default="service", help="Project of that user, in which it is admin."),
    cfg.StrOpt("project_domain_name", default="Default", help="Domain of that project."),
    cfg.StrOpt("region_name", default="", help="Region of Nova in Keystone's catalogue; empty: any."),
    cfg.StrOpt(
        "interface",
        default="internal",
        choices=["internal", "public", "admin"],
        help="Which of Nova's endpoints in the catalogue is asked.",
    ),
    cfg.StrOpt(
        "endpoint_override",
        default="",
        help="Nova's URL in place of that of the catalogue, for example http://192.0.2.5:8774/v2.1.",
    ),
    cfg.StrOpt("cafile", default="", help="File of the CA that signed the certificates of both."),
]


@dataclass(frozen=True, slots=True)
class NovaConfig:
    """How Nova is reached."""

    auth_url: str
    username: str
    password: str
    user_domain_name: str
    project_name: str
    project_domain_name: str
    region_name: str
    interface: str
    endpoint_override: str
    cafile: str


def nova_config(nova: Any) -> NovaConfig | None:
    """Check the options of `[nova]`; None: Nova is told nothing. Raises ConfigurationError."""
    config = NovaConfig(**{opt.dest: getattr(nova, opt.dest) for opt in NOVA_OPTS})
    if not config.auth_url:
        if config.username or config.password:
            raise ConfigurationError("[nova] auth_url: Keystone's URL is wanted beside the credentials")
        return None
    for option in ("auth_url", "endpoint_override"):
        if (text := getattr(config, option)) and not is_url(text):
            raise ConfigurationError(f"[nova] {option}={text}: a URL is wanted")
    for option in ("username", "password"):
        if not getattr(config, option):
            raise ConfigurationError(f"[nova] {option} is wanted beside auth_url")
    existing_file("[nova] cafile", config.cafile)
    return config
