"""The WSGI application: HTTP to requests, paths to operations, answers and errors to HTTP."""

import logging
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

import webob

from osken_apps.config import Config
from osken_apps.errors import ApiError, ConfigurationError, HTTPBadRequest, StoreUnavailable
from osken_apps.failures import Failures
from osken_apps.metrics.requests import Requests
from osken_apps.rest import audit_log, dashboard, edge, routes
from osken_apps.rest.census import Census
from osken_apps.rest.controller import KnownHosts, Questions
from osken_apps.rest.identity.authentication import Identification, identification
from osken_apps.rest.identity.documents import ROOT as IDENTITY
from osken_apps.rest.listing import MAX_PARAMETERS
from osken_apps.rest.operations import Operations
from osken_apps.rest.policy import policy_of
from osken_apps.rest.registry import REGISTRY, Registry
from osken_apps.rest.rendering import json_parts
from osken_apps.rest.request import (
    MAX_BODY_BYTES,
    MAX_QUERY_BYTES,
    NOBODY,
    Answer,
    Asked,
    Content,
    HTTPMethodNotAllowed,
    HTTPNotFound,
    HTTPRequestEntityTooLarge,
    HTTPRequestURITooLong,
    HTTPUnauthorized,
    Request,
    TooManyLogins,
)
from osken_apps.rest.server.environ import CERTIFICATE, HOST_URL, IS_KNOWN, IS_ONE_TOO_MANY
from osken_apps.rest.server.lanes import is_login
from osken_apps.rest.server.waiting import News
from osken_apps.rest.status import status_of
from osken_apps.store.store import Store

LOG = logging.getLogger(__name__)

StartResponse = Callable[..., Any]
Names = Callable[[], frozenset[str]]
Found = tuple[routes.Route, tuple[str, ...]] | None

MAX_MESSAGE = 4096
PATCH = "PATCH"  # which clients of the identity API change things by
METHODS = frozenset({"GET", "POST", "PUT", "DELETE", "HEAD", PATCH})


class InternalServerError(ApiError):
    """Something broke here; what, is in the log and no business of the client."""

    def __init__(self) -> None:
        super().__init__("Request Failed: internal server error while processing your request.")


def application(
    store: Store,
    config: Config,
    hosts: KnownHosts | None = None,
    questions: Questions | None = None,
    registry: Registry = REGISTRY,
    audit: audit_log.Write = audit_log.log,
    certified: Names = frozenset,
) -> "Api":
    """Make the WSGI application over a store; `audit` writes what was asked for.

    `certified` gives the names that our certificate proves now.

    Raises ConfigurationError, for a broken policy file above all.
    """
    policy = policy_of(config, registry)
    hosts = hosts or KnownHosts()
    operations = Operations(
        store, config, hosts, policy, questions or Questions(), registry, Census(store, hosts)
    )
    return Api(operations, identification(config, store), audit, certified)


class Api:
    """The application; holds nothing of a request."""

    def __init__(
        self,
        operations: Operations,
        identification: Identification,
        audit: audit_log.Write,
        certified: Names,
    ) -> None:
        self._operations = operations
        self._certified = certified
        self.requests = Requests()
        self._failures = Failures()
        self._audit = audit
        self._identification = identification
        self._router = routes.Router(
            [
                *routes.table(operations.registry),
                *identification.routes,
                *dashboard.routes(operations.config),
            ]
        )

    def begin(self) -> None:
        """Read what is counted before somebody asks; without a database that is said to whoever asks."""
        with suppress(StoreUnavailable):
            self._operations.census.begin()

    @property
    def news(self) -> News:
        """What tells that there is something new for whoever follows."""
        return self._operations.census

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request; whatever happens, with JSON."""
        request_id, began_at = f"req-{uuid.uuid4()}", time.monotonic()
        request, error, template = None, None, ""
        asked = str(environ.get("REQUEST_METHOD", ""))
        method = asked if asked in METHODS else "other"
        try:
            request, found = self._request(webob.Request(environ))
            if found is None:
                raise HTTPNotFound
            route, texts = found
            template = route.template
            # What logs in or changes a password is right when that has been done, and not before.
            if not (route.public or is_login(request.asked.method, request.asked.path)):
                environ[IS_KNOWN] = True
            answer = route.handler(self._operations, request, *texts)
            if answer.status == HTTPStatus.CREATED:
                environ[IS_KNOWN] = True
        except ApiError as refusal:
            if isinstance(refusal, HTTPUnauthorized):
                environ[IS_KNOWN] = False
            answer, error = self._refusal(refusal, environ), refusal
        except Exception as broken:
            path = audit_log.word(str(environ.get("PATH_INFO")), audit_log.MAX_REASON)
            self._failures.note("a request failed", broken, f"{request_id}: {method} {path}")
            answer = self._refusal(InternalServerError(), environ)
        if entry := audit_log.entry_of(request_id, environ, request, answer, error):
            self._audit(entry)
        self.requests.note(method, answer.status, template, time.monotonic() - began_at)
        return _response(answer, request_id)(environ, start_response)

    def reload_policy(self) -> None:
        """Take the policy file as it is now; if it is broken, go on with the rules in force."""
        operations = self._operations
        try:
            policy = policy_of(operations.config, operations.registry)
            self._operations = replace(operations, policy=policy)
        except ConfigurationError as error:
            LOG.error("%s; the rules in force stay", error)

    def _refusal(self, error: ApiError, environ: Mapping[str, Any]) -> Answer:
        """Give the answer that tells of an error, in the words of the API that was asked."""
        path = str(environ.get("PATH_INFO", ""))
        answer = identity_error(error) if path.startswith(f"/{IDENTITY}/") else error_answer(error)
        if isinstance(error, HTTPUnauthorized):
            url = environ.get(HOST_URL, "")
            headers = {
                name: text.format(host_url=url) for name, text in self._identification.challenge.items()
            }
            return replace(answer, headers=headers)
        if isinstance(error, HTTPMethodNotAllowed):
            return replace(answer, headers={"Allow": ", ".join(self._allowed(environ))})
        if isinstance(error, TooManyLogins):
            return replace(answer, headers={"Retry-After": "1"})
        return answer

    def _allowed(self, environ: Mapping[str, Any]) -> list[str]:
        """Give the methods of what was asked for (RFC 9110, section 15.5.6)."""
        try:
            return self._router.allowed(self._router.without_suffix(_path(webob.Request(dict(environ)))))
        except HTTPNotFound:
            return []

    def _request(self, http: webob.Request) -> tuple[Request, Found]:
        """Give the request, and what answers it. Raises ApiError if it is none or nobody's."""
        if http.method not in METHODS:
            raise HTTPMethodNotAllowed(http.method)
        length = http.content_length or 0
        if length > MAX_BODY_BYTES:
            raise HTTPRequestEntityTooLarge(length)
        if len(http.query_string) > MAX_QUERY_BYTES:
            raise HTTPRequestURITooLong(len(http.query_string))
        api, peer = self._operations.config.api, http.remote_addr or ""
        host = http.headers.get("Host") or f"{api.endpoint.host}:{api.endpoint.port}"
        address = edge.address_of(http.headers, edge.Address(http.scheme, host), peer, api)
        http.environ[HOST_URL] = address.url
        edge.check(http.method, http.headers, address, length > 0, api, self._certified())
        if http.environ.get(IS_ONE_TOO_MANY):
            raise TooManyLogins
        method = "GET" if http.method == "HEAD" else http.method
        path = self._router.without_suffix(_path(http))
        found = self._router.find(method, path)
        if found is None and method == PATCH:
            raise HTTPMethodNotAllowed(method)
        is_public = path[:1] != (routes.VERSION,) if found is None else found[0].public
        identify = (found and found[0].identify) or self._identification.identify
        certificate = http.environ.get(CERTIFICATE, "")
        asked = Asked(http.headers, peer, http.method, http.path_info, certificate)
        request = Request(
            method=method,
            path=path,
            parameters=_parameters(http.query_string),
            body=http.body,
            host_url=address.url,
            caller=NOBODY if is_public else identify(asked),
            if_match=http.headers.get("If-Match", ""),
            asked=asked,
        )
        return request, found


def _path(http: webob.Request) -> tuple[str, ...]:
    try:
        return tuple(part for part in http.path_info.split("/") if part)
    except UnicodeDecodeError:
        raise HTTPNotFound from None


def _parameters(query_string: str) -> tuple[tuple[str, str], ...]:
    try:
        return tuple(parse_qsl(query_string, keep_blank_values=True, max_num_fields=MAX_PARAMETERS))
    except ValueError:
        raise HTTPBadRequest(f"The query string has more than {MAX_PARAMETERS} parameters") from None


def error_answer(error: ApiError) -> Answer:
    """Give the answer that tells a client of an error, in Neutron's form."""
    told = {"type": type(error).__name__, "message": shortened(str(error)), "detail": ""}
    return Answer(status_of(error), {"NeutronError": told})


def identity_error(error: ApiError) -> Answer:
    """Give the answer that tells a client of an error, in Keystone's form."""
    status = status_of(error)
    told = {"code": status, "title": HTTPStatus(status).phrase, "message": shortened(str(error))}
    return Answer(status, {"error": told})


def shortened(message: str) -> str:
    """Cut a message that repeats a long value."""
    return message if len(message) <= MAX_MESSAGE else f"{message[:MAX_MESSAGE]}..."


def _response(answer: Answer, request_id: str) -> webob.Response:
    response = webob.Response(status=answer.status)
    if answer.body is None:
        response.headers.pop("Content-Type", None)
    elif isinstance(answer.body, Content):
        response.headers["Content-Type"] = answer.body.type
        response.body = answer.body.data
    else:
        response.content_type = "application/json"
        parts = json_parts(answer.body)
        response.app_iter = parts
        response.content_length = sum(map(len, parts))
    response.headers["X-Openstack-Request-Id"] = request_id
    response.headers.update(answer.headers.items())
    return response
