"""What `[api] authentication` makes of a request: who asks, and what else the API then has. SHELL."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from osken_apps.config import Authentication, Config
from osken_apps.rest.identity import api as identity_api
from osken_apps.rest.identity.keystone import Keystone
from osken_apps.rest.identity.local import Local
from osken_apps.rest.identity.trusted_headers import Identify, everybody, named_by_proxy
from osken_apps.rest.routes import Route
from osken_apps.store.store import Store


@dataclass(frozen=True, slots=True)
class Identification:
    """How it is known who asks; `challenge` is the header that tells whom it is not known of what to show."""

    identify: Identify
    routes: tuple[Route, ...] = ()
    challenge: Mapping[str, str] = field(default_factory=dict)


def identification(config: Config, store: Store) -> Identification:
    """Give how it is known who asks. Raises ConfigurationError."""
    match config.api.authentication:
        case Authentication.HEADERS:
            return Identification(named_by_proxy(config.api))
        case Authentication.KEYSTONE:
            return Identification(Keystone(config).identify)
        case Authentication.LOCAL:
            local = Local(store, config)
            told = f'Keystone uri="{{host_url}}/{identity_api.ROOT}", Basic realm="osken-net"'
            return Identification(
                local.identify, tuple(identity_api.routes(local)), {"WWW-Authenticate": told}
            )
        case Authentication.NONE:
            return Identification(everybody(config.api))
