"""A client of the REST API, for every command that asks the controller. SHELL.

Where the API is and who asks is said on the command line or by the environment, see `login`. A redirect is
not followed: what says who asks is for the API that was named.
"""

import argparse
import http.client
import json
import os
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import cache, cached_property
from typing import Any, NoReturn

from osken_apps.cli.command import CannotTell, Exit, WronglyAsked
from osken_apps.cli.login import VERSION, base_of, endpoint_in, identity_of, login_of
from osken_apps.model.well_known import API_PORT
from osken_apps.urls import is_loopback, is_url

TIMEOUT_S = 30.0
BAD_REQUEST, UNAUTHORIZED = 400, 401
TLS_FILES = ("OS_CACERT", "OS_CERT", "OS_KEY")
NOBODY = "{} must know who asks: source the administrator's openrc first"
NOT_LET_IN = "{} lets nobody in by {}: one of these is wrong, or no longer so"
DEFAULT_URL = f"http://127.0.0.1:{API_PORT}"
NO_URL = f"{{!r}} is not a URL such as {DEFAULT_URL}"
NO_LOGIN = "who asks is not said in the address: OS_USERNAME and OS_PASSWORD are for that"
NO_TOKEN = "OS_TOKEN has a character that no token has"
NO_CLOUDS = (
    "OS_CLOUD is for the openstack command, and clouds.yaml is not read here: say where the API is by --api"
    " or OSKEN_API, or source an openrc"
)
NO_AUTHORITY = "the system's authorities, as OS_CACERT names none"
PAGE = 1000
MAX_SAID = 200  # characters of an answer that is no document


class RequestRefused(CannotTell):
    """The API answers a request with an error."""

    def __init__(self, message: str, http_status: int) -> None:
        super().__init__(message)
        self.http_status = http_status
        if http_status == BAD_REQUEST:
            self.status = Exit.USAGE


def add_api(parser: argparse.ArgumentParser) -> None:
    """Add the option that says where the API is."""
    parser.add_argument(
        "--api",
        metavar="URL",
        type=url,
        help=f"where the API is (OSKEN_API, else as OS_* say for the openstack command, else {DEFAULT_URL})",
    )


def url(text: str) -> str:
    """Read the address of an API from the command line."""
    if why := _unusable(text):
        raise argparse.ArgumentTypeError(why)
    return text


def _unusable(text: str) -> str:
    """Say why a text cannot be the address of an API; empty: it can."""
    if not is_url(text):
        return NO_URL.format(text)
    return NO_LOGIN if "@" in urllib.parse.urlsplit(text).netloc else ""


def _refuse_no_urls(said: Mapping[str, str]) -> None:
    """Raise WronglyAsked for a variable that says something else than a URL."""
    for name, text in said.items():
        if text and (why := _unusable(text)):
            raise WronglyAsked(f"{name}: {why}")


class Api:
    """The API as who asks sees it; what goes wrong is a CannotTell, with status and text a RequestRefused."""

    def __init__(
        self, url: str = "", environment: Mapping[str, str] | None = None, timeout_s: float = TIMEOUT_S
    ) -> None:
        """Take where the API is, who asks, and how long each answer may take; nobody is asked yet.

        Raises CannotTell, WronglyAsked: what the environment says cannot be used.
        """
        self._timeout_s = timeout_s
        environment = os.environ if environment is None else environment
        self._given = url or environment.get("OSKEN_API", "")
        self._login = login = login_of(environment)
        endpoint = "OS_ENDPOINT" if environment.get("OS_ENDPOINT") else "OS_ENDPOINT_OVERRIDE"
        _refuse_no_urls(
            {
                "OSKEN_API": "" if url else self._given,
                endpoint: "" if self._given else login.endpoint,
                "OS_AUTH_URL": login.auth_url,
            }
        )
        if environment.get("OS_CLOUD") and not (self._given or login.endpoint or login.auth_url):
            raise WronglyAsked(NO_CLOUDS)
        if not (login.token.isascii() and login.token.isprintable()):
            raise WronglyAsked(NO_TOKEN)
        self._authority = environment.get("OS_CACERT", "")
        tls = cache(lambda: _tls(environment))
        if environment.get("OS_CACERT") or environment.get("OS_CERT"):
            tls()  # what cannot be used is said at once
        self._opener = urllib.request.build_opener(_NoRedirect(), _Proxies(), _Https(tls))

    @classmethod
    def of(cls, parsed: argparse.Namespace) -> "Api":
        """Give the API that the command line names."""
        return cls(parsed.api or "")

    @cached_property
    def url(self) -> str:
        """The address of the API, without a slash at its end. Raises CannotTell."""
        given = self._given or self._login.endpoint
        if not given and self._login.auth_url:
            given = endpoint_in(self._issued[1], self._login)
            if not given:
                raise CannotTell(f"{self._login.auth_url} names no network service in its catalogue")
            if not is_url(given):
                raise CannotTell(
                    f"{self._login.auth_url} names a network service at {given!r}, which is no URL"
                )
        return base_of(given or DEFAULT_URL)

    def get(self, path: str, **query: Any) -> Any:
        """Give what the API answers to a GET of a path below /v2.0/. Raises CannotTell, RequestRefused."""
        words = urllib.parse.urlencode(
            {name: value for name, value in query.items() if value is not None}, doseq=True
        )
        return self._ask("GET", f"{VERSION}/{path}{f'?{words}' if words else ''}")

    def post(self, path: str, body: Any) -> Any:
        """Give what the API answers to a POST of a document. Raises CannotTell, RequestRefused."""
        return self._ask("POST", f"{VERSION}/{path}", body)

    def each(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        """Give every item of a list that is read page by page; `path` is its name, too."""
        plural, marker = path.replace("-", "_"), None
        while True:
            page = self.get(path, limit=PAGE, marker=marker, **query)
            yield from page[plural]
            if not any(link.get("rel") == "next" for link in page.get(f"{plural}_links", ())):
                return
            before, marker = marker, page[plural][-1]["id"] if page[plural] else marker
            if marker == before:
                raise CannotTell(f"{self.url} leads from a page of {plural} to the same page")

    def get_path(self, path: str) -> Any:
        """Give what the API answers to a GET of a whole path. Raises CannotTell, RequestRefused."""
        return self._ask("GET", path)

    @cached_property
    def _issued(self) -> tuple[str, Any]:
        """Give a token that says who asks, and what Keystone says of it."""
        login = self._login
        if not login.auth:
            raise CannotTell(NOBODY.format(login.auth_url))
        where = f"{identity_of(login.auth_url)}/auth/tokens"
        body, shown = self._open("POST", where, {"Content-Type": "application/json"}, {"auth": login.auth})
        return shown.get("X-Subject-Token", ""), body

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Accept": "application/json"} | dict(self._login.headers(self.url))
        if self._login.auth_url:
            headers["X-Auth-Token"] = self._issued[0]
        if body is not None:
            headers["Content-Type"] = "application/json"
        return self._open(method, self.url + path, headers, body)[0]

    def _open(self, method: str, address: str, headers: Mapping[str, str], body: Any) -> tuple[Any, Any]:
        """Send a request; give the document and the headers of the answer."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(address, data, dict(headers), method=method)
        try:
            with self._opener.open(request, timeout=self._timeout_s) as answer:
                told, headers = json.load(answer, object_hook=_Told), answer.headers
        except urllib.error.HTTPError as error:
            host = _asked(request, address)
            if error.code == UNAUTHORIZED:
                told = NOT_LET_IN if self._login.by else NOBODY
                raise RequestRefused(told.format(host, self._login.by), error.code) from error
            raise _refusal(host, method, request.selector, error) from error
        except RecursionError as error:
            raise CannotTell(f"{_asked(request, address)} answers what is too deep to be read") from error
        except (OSError, ValueError, http.client.HTTPException) as error:
            host, reason = _asked(request, address), getattr(error, "reason", error)
            if isinstance(reason, ssl.SSLCertVerificationError):
                raise CannotTell(self._not_believed(host, reason)) from error
            raise CannotTell(f"{host} does not answer: {reason}") from error
        if not isinstance(told, _Told):
            host = _asked(request, address)
            raise CannotTell(f"{host} answers no object to {method} {request.selector}: it is another API")
        return told, headers

    def _not_believed(self, host: str, error: ssl.SSLCertVerificationError) -> str:
        """Say what is wrong with the certificate that the API shows."""
        by = f"OS_CACERT={self._authority}" if self._authority else NO_AUTHORITY
        return f"{host} is not believed by {by}: {error.verify_message}"


class _Told(dict[str, Any]):
    """An object of an answer; that it lacks what ours has is found out where that is looked for."""

    def __missing__(self, name: str) -> NoReturn:
        """Say what is not there. Raises CannotTell."""
        raise CannotTell(f"the answer has no {name!r}: it is another API, or one of another version")


class _Https(urllib.request.HTTPSHandler):
    """Has whom to believe made at the first https: to read the system's authorities takes some 20 ms."""

    def __init__(self, tls: Callable[[], ssl.SSLContext]) -> None:
        super().__init__(context=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))  # which believes nobody
        self._tls = tls

    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        """Open an address of https."""
        return self.do_open(http.client.HTTPSConnection, request, context=self._tls())


class _Proxies(urllib.request.ProxyHandler):
    """Asks by the proxies that the environment names, but loopback: theirs is another one."""

    def proxy_open(self, request: urllib.request.Request, proxy: str, type: str) -> Any:
        """Have a proxy asked; None: the service itself is."""
        host = urllib.parse.urlsplit(request.full_url).hostname or ""
        return None if is_loopback(host) else super().proxy_open(request, proxy, type)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Follow nothing: the answer is then an error."""


def _asked(request: urllib.request.Request, address: str) -> str:
    """Say who was asked, and by which proxy."""
    parts = urllib.parse.urlsplit(address)
    by = f" by the proxy {request.host}" if request.host != parts.netloc else ""
    return f"{parts.scheme}://{parts.netloc}{by}"


def _refusal(host: str, method: str, path: str, error: urllib.error.HTTPError) -> RequestRefused:
    """Say what the API has against a request, in its own words where it has any."""
    told = ""
    with suppress(OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        if error.headers.get("Content-Type", "").startswith("text/plain"):
            told = error.read(MAX_SAID).decode()
        else:
            told = _said(json.load(error))
    said = f": {' '.join(told.split())}" if told else ""
    return RequestRefused(f"{host} answers {error.code} to {method} {path}{said}", error.code)


def _said(body: Any) -> str:
    """Give what an error says: Neutron's, Keystone's, or the reasons why the service is not ready."""
    if reasons := body.get("reasons"):
        return "; ".join(reasons)
    return str((body.get("NeutronError") or body["error"])["message"])


def _tls(environment: Mapping[str, str]) -> ssl.SSLContext:
    """Give whom to believe about the API's certificate, and what to show it. Raises CannotTell."""
    authority, certificate, key = (environment.get(name) or None for name in TLS_FILES)
    asked: tuple[str, ...] = TLS_FILES[:1]
    try:
        context = ssl.create_default_context(cafile=authority)
        asked = TLS_FILES[1:]
        if certificate:
            context.load_cert_chain(certificate, key)
    except OSError as error:
        files = " ".join(f"{name}={environment[name]}" for name in asked if environment.get(name))
        reason = (getattr(error, "reason", None) or "").replace("_", " ").lower() or error.strerror
        raise CannotTell(f"{files} cannot be used: {reason}") from error
    return context
