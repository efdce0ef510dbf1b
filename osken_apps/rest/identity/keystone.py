"""Who asks, as OpenStack's Keystone tells: `[api] authentication = keystone`. SHELL.

keystonemiddleware asks it and remembers the answers. It gets of a request what shows who asks and nothing
else, so that no header of a client is taken for one of its own. A Keystone that does not answer costs a
request a few seconds, and for a while after that the next ones nothing.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any

import webob
from oslo_config import cfg

from osken_apps.config import KEYSTONE_SECTION, Config, read_file
from osken_apps.config.files import existing_file
from osken_apps.errors import ConfigurationError, ServiceUnavailable
from osken_apps.rest.identity.trusted_headers import caller_of
from osken_apps.rest.request import Asked, Caller, HTTPUnauthorized

LOG = logging.getLogger(__name__)

TOKENS = ("X-Auth-Token", "X-Service-Token")
FILES = ("cafile", "certfile", "keyfile")  # that the section may name
# Where the section does not say otherwise: its own defaults wait for minutes.
TIMEOUT_S = 3
RETRIES = 0
PAUSE_S = 5.0


class KeystoneUnavailable(ServiceUnavailable):
    """Keystone does not answer, or not to us."""

    def __init__(self) -> None:
        super().__init__("Keystone does not answer; it is asked again in a moment.")


class Keystone:
    """Asks Keystone who somebody is."""

    def __init__(self, config: Config, now: Callable[[], float] = time.monotonic) -> None:
        """Read the section. Raises ConfigurationError."""
        try:
            from keystoneauth1.exceptions import ClientException
            from keystonemiddleware.auth_token import AuthProtocol

            from osken_apps.outgoing_http import bounded
        except ImportError as error:
            raise ConfigurationError(
                "[api] authentication=keystone needs the extra keystone:"
                f" pip install -c constraints.txt '.[keystone]' ({error})"
            ) from error
        self._trouble: type[Exception] = ClientException
        self._now = now
        self._pause_ends = float("-inf")
        # Until it is known to answer, one asks at a time, and the others need not find out themselves.
        self._is_well = False
        self._first = threading.Lock()
        try:
            conf = _options(config)
            self._middleware = AuthProtocol(_tell, {"oslo_config_config": conf})
        except (cfg.Error, ClientException) as error:
            raise ConfigurationError(f"[{KEYSTONE_SECTION}] {' '.join(str(error).split())}") from error
        for option in FILES:
            existing_file(f"[{KEYSTONE_SECTION}] {option}", conf[KEYSTONE_SECTION][option] or "")
        self._in_time = bounded(self._middleware._session, conf[KEYSTONE_SECTION].http_connect_timeout)

    def identify(self, asked: Asked) -> Caller:
        """Give who asks. Raises HTTPUnauthorized, KeystoneUnavailable."""
        tokens = {name: asked.headers[name] for name in TOKENS if name in asked.headers}
        if TOKENS[0] not in tokens:
            raise HTTPUnauthorized("there is no X-Auth-Token")
        with nullcontext() if self._is_well else self._first:
            if self._now() < self._pause_ends:
                raise KeystoneUnavailable
            told = self._answer(_shown(asked, tokens))
        if told is None:
            raise HTTPUnauthorized("Keystone does not know the token")
        return caller_of(told)

    def _answer(self, request: webob.Request) -> Any:
        """Give the headers that Keystone's answer makes; None: it refuses. Raises KeystoneUnavailable."""
        try:
            with self._in_time():
                response = request.get_response(self._middleware)
        except self._trouble as error:
            LOG.error("Keystone cannot be asked: %s", error)
            response = None
        if response is None or response.status_int >= 500:
            self._pause_ends = self._now() + PAUSE_S
            self._is_well = False
            raise KeystoneUnavailable
        self._is_well = True
        return request.headers if response.status_int == 204 else None


def _shown(asked: Asked, tokens: Mapping[str, str]) -> webob.Request:
    """Give what of a request the middleware sees."""
    request = webob.Request.blank("/", method=asked.method, headers=tokens)
    request.path_info = asked.path  # as it is: `blank` would take it for a URL, and decode it again
    return request


def _options(config: Config) -> Any:
    """Give the options that keystonemiddleware is to see."""
    conf = cfg.ConfigOpts()
    read_file(conf, config.file)
    from keystonemiddleware.auth_token import list_opts

    for group, options in list_opts():
        conf.register_opts(options, group=group)
    conf.set_default("http_connect_timeout", TIMEOUT_S, group=KEYSTONE_SECTION)
    conf.set_default("http_request_max_retries", RETRIES, group=KEYSTONE_SECTION)
    return conf


def _tell(environ: Any, start_response: Callable[..., Any]) -> list[bytes]:
    """Stand where the middleware has an application: whoever gets here is known."""
    start_response("204 No Content", [])
    return []
