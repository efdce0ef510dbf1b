"""Nova's os-server-external-events, over keystoneauth1: one request, and what its answer means. SHELL."""

import logging
from collections.abc import Sequence
from typing import Any

from osken_apps.config import NovaConfig
from osken_apps.errors import ConfigurationError, OskenAppsError
from osken_apps.networking.server_events import ServerEvent

LOG = logging.getLogger(__name__)

PATH = "/os-server-external-events"
TIMEOUT_S = 10.0
# 207: some of them, 404: none of them is of a server that Nova knows; 422: one is on no host yet.
ANSWERS = frozenset({200, 202, 207, 404, 422})
NEVER = frozenset({400, 413})  # as it is, Nova will not take it later either


class NovaUnavailable(OskenAppsError):
    """Nova, or Keystone, does not answer, or does not let us in: later it may."""


class NovaRefuses(OskenAppsError):
    """Nova does not take what it was told, and never will."""


class Nova:
    """Tells Nova of events."""

    def __init__(self, config: NovaConfig) -> None:
        """Make a session; nothing is sent yet. Raises ConfigurationError."""
        try:
            from keystoneauth1 import adapter, exceptions, session
            from keystoneauth1.identity import v3

            from osken_apps.outgoing_http import bounded
        except ImportError as error:
            raise ConfigurationError(
                f"[nova] needs the extra nova: pip install -c constraints.txt '.[nova]' ({error})"
            ) from error
        self._trouble: type[Exception] = exceptions.ClientException
        auth = v3.Password(
            auth_url=config.auth_url,
            username=config.username,
            password=config.password,
            user_domain_name=config.user_domain_name,
            project_name=config.project_name,
            project_domain_name=config.project_domain_name,
        )
        asking = session.Session(auth, verify=config.cafile or True)
        self._in_time = bounded(asking, TIMEOUT_S)
        self._adapter = adapter.Adapter(
            asking,
            service_type="compute",
            interface=config.interface,
            region_name=config.region_name or None,
            endpoint_override=config.endpoint_override or None,
            connect_retries=0,
            raise_exc=False,
        )

    def log_in(self) -> None:
        """Have a token that lives for some minutes, and Nova's address. Raises NovaUnavailable."""
        try:
            with self._in_time():
                self._adapter.get_token()
                self._adapter.get_endpoint()
        except self._trouble as error:
            raise NovaUnavailable(" ".join(str(error).split())) from error

    def say(self, events: Sequence[ServerEvent]) -> None:
        """Tell Nova of events, in one request. Raises NovaUnavailable, NovaRefuses."""
        try:
            with self._in_time():
                response = self._adapter.post(PATH, json={"events": [_body_of(event) for event in events]})
        except self._trouble as error:
            raise NovaUnavailable(" ".join(str(error).split())) from error
        if response.status_code in NEVER:
            raise NovaRefuses(f"{response.status_code}: {response.text[:500]}")
        if response.status_code not in ANSWERS:
            raise NovaUnavailable(f"it answers {response.status_code}: {response.text[:200]}")
        for event in events:
            LOG.info("Nova was told %s of port %s of server %s", event.name, event.port_id, event.server_id)
        if response.status_code != 200:
            LOG.info("Nova answers %d: %s", response.status_code, response.text[:500])


def _body_of(event: ServerEvent) -> dict[str, Any]:
    return {
        "name": event.name.value,
        "server_uuid": event.server_id,
        "tag": event.port_id,
        "status": "completed",
    }
