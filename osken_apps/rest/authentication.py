"""What `[api] authentication` makes of a request: who asks. SHELL."""

from osken_apps.config import Authentication, Config
from osken_apps.rest.identity import Identify, everybody, named_by_proxy
from osken_apps.rest.keystone import Keystone


def identify_by(config: Config) -> Identify:
    """Give what tells who asks. Raises ConfigurationError."""
    match config.api.authentication:
        case Authentication.NONE:
            return everybody(config.api)
        case Authentication.HEADERS:
            return named_by_proxy(config.api)
        case Authentication.KEYSTONE:
            return Keystone(config).identify
