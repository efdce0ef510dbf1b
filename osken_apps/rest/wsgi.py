"""The WSGI application: HTTP to requests, paths to operations, answers and errors to HTTP."""

import json
import logging
import uuid
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl

import webob

from osken_apps.config import Config
from osken_apps.errors import ApiError
from osken_apps.rest import routes
from osken_apps.rest.exchange import Answer, Caller, HTTPNotFound, Request
from osken_apps.rest.hosts import Hosts
from osken_apps.rest.operations import Operations
from osken_apps.rest.policy import Policy
from osken_apps.rest.questions import Questions
from osken_apps.store.store import Store

LOG = logging.getLogger(__name__)

StartResponse = Callable[..., Any]
Application = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]

MOST_BODY_BYTES = 16 * 1024 * 1024
IDENTITY_HEADERS = ("X-User-Id", "X-Project-Id", "X-Roles")
METHODS = frozenset({"GET", "POST", "PUT", "DELETE", "HEAD"})


class HTTPMethodNotAllowed(ApiError):
    """No address of the API has this method."""

    status = 405

    def __init__(self, method: str) -> None:
        super().__init__(f"The method {method} is not allowed for this resource.")


class HTTPRequestEntityTooLarge(ApiError):
    """The body is longer than any request can be."""

    status = 413

    def __init__(self, length: int) -> None:
        super().__init__(f"The body of {length} bytes is longer than {MOST_BODY_BYTES}.")


class InternalServerError(ApiError):
    """Something broke here; what, is in the log and no business of the client."""

    def __init__(self) -> None:
        super().__init__("Request Failed: internal server error while processing your request.")


def application(
    store: Store, config: Config, hosts: Hosts | None = None, questions: Questions | None = None
) -> Application:
    """Make the WSGI application over a store. Raises ConfigurationError for a broken policy file."""
    return Api(Operations(store, config, hosts or Hosts(), Policy(config), questions or Questions()))


class Api:
    """The application; holds nothing of a request."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request; whatever happens, with JSON."""
        request_id = f"req-{uuid.uuid4()}"
        try:
            answer = routes.answer(self._operations, self._request(webob.Request(environ)))
        except ApiError as error:
            answer = error_answer(error)
        except Exception:
            LOG.exception("%s: %s failed", request_id, environ.get("PATH_INFO"))
            answer = error_answer(InternalServerError())
        return _response(answer, request_id)(environ, start_response)

    def _request(self, http: webob.Request) -> Request:
        if http.method not in METHODS:
            raise HTTPMethodNotAllowed(http.method)
        length = http.content_length or 0
        if length > MOST_BODY_BYTES:
            raise HTTPRequestEntityTooLarge(length)
        try:
            path = http.path_info
        except UnicodeDecodeError:
            raise HTTPNotFound from None
        return Request(
            method="GET" if http.method == "HEAD" else http.method,
            path=tuple(part for part in path.removesuffix(".json").split("/") if part),
            parameters=tuple(parse_qsl(http.query_string, keep_blank_values=True)),
            body=http.body,
            host_url=http.host_url,
            caller=self._caller(http),
            if_match=http.headers.get("If-Match", ""),
        )

    def _caller(self, http: webob.Request) -> Caller:
        """Believe the identity headers if a trusted proxy sets them; otherwise all are administrators."""
        api = self._operations.config.api
        named = [http.headers.get(name) for name in IDENTITY_HEADERS]
        if not api.trust_identity_headers or all(value is None for value in named):
            return Caller("admin", api.default_project, frozenset({"admin"}))
        user_id, project_id, roles = (value or "" for value in named)
        words = (role.strip().lower() for role in roles.split(","))
        return Caller(user_id, project_id or api.default_project, frozenset(role for role in words if role))


def error_answer(error: ApiError) -> Answer:
    """Give the answer that tells a client of an error, in Neutron's form."""
    told = {"type": type(error).__name__, "message": str(error), "detail": ""}
    return Answer(error.status, {"NeutronError": told})


def _response(answer: Answer, request_id: str) -> webob.Response:
    response = webob.Response(status=answer.status)
    if answer.body is None:
        response.headers.pop("Content-Type", None)
    else:
        response.content_type = "application/json"
        response.body = json.dumps(answer.body, separators=(",", ":")).encode()
    response.headers["X-Openstack-Request-Id"] = request_id
    response.headers.update(answer.headers.items())
    return response
