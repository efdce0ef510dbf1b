"""One request and its answer, as the rest of the API sees them. PURE."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from osken_apps.errors import ApiError, BadRequest, NotFound
from osken_apps.nesting import is_deeper


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the user, the project and the roles; the user's name where it is known."""

    user_id: str
    project_id: str
    roles: frozenset[str]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request shows of who asks.

    `peer` is the address that it came from, `certificate` the name in the client's certificate, if it has one
    that our authority signed.
    """

    headers: Mapping[str, str] = field(default_factory=dict)
    peer: str = ""
    method: str = "GET"
    path: str = "/"
    certificate: str = ""


READS = frozenset({"GET", "HEAD"})  # the methods that change nothing
MAX_BODY_BYTES = 2 * 1024 * 1024
MAX_QUERY_BYTES = 128 * 1024
MAX_DEPTH = 64  # objects and arrays within each other
TOO_DEEP = f"more than {MAX_DEPTH} objects and arrays are within each other"
# Two make a character (RFC 8259, section 7); one alone is none, and can neither be kept nor written.
ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
INFINITE = float("inf")
NOBODY = Caller("", "", frozenset())


@dataclass(frozen=True, slots=True)
class Request:
    """A request: `path` without empty parts, `host_url` as the client wrote it, `body` as bytes."""

    method: str
    path: tuple[str, ...]
    parameters: tuple[tuple[str, str], ...]
    body: bytes
    host_url: str
    caller: Caller
    if_match: str = ""
    asked: Asked = Asked()

    @property
    def url(self) -> str:
        """The address of what is asked for, without the query."""
        return "/".join((self.host_url, *self.path))


@dataclass(frozen=True, slots=True)
class Content:
    """What is answered as it is: octets of a media type."""

    data: bytes
    type: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: `body` is JSON, or content as it is; None for nothing at all. `who` was let in by it."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    who: Caller = NOBODY


class HTTPUnauthorized(ApiError):
    """Nobody that we trust says who asks; `tried` is who it was said to be."""

    def __init__(self, reason: str, tried: str = "") -> None:
        super().__init__(f"The request you have made requires authentication: {reason}.")
        self.tried = tried


class HTTPNotFound(NotFound):
    """Nothing has this address."""

    def __init__(self, _resource_id: str = "") -> None:
        super().__init__("The resource could not be found.")


class HTTPMethodNotAllowed(ApiError):
    """What is asked for cannot be changed so."""

    def __init__(self, method: str) -> None:
        super().__init__(f"The method {method} is not allowed for this resource.")


class HTTPRequestEntityTooLarge(ApiError):
    """The body is longer than any request can be."""

    def __init__(self, length: int) -> None:
        super().__init__(f"The body of {length} bytes is longer than {MAX_BODY_BYTES}.")


class HTTPRequestURITooLong(ApiError):
    """The query string is longer than any list needs."""

    def __init__(self, length: int) -> None:
        super().__init__(f"The query string of {length} bytes is longer than {MAX_QUERY_BYTES}.")


class TooManyLogins(ApiError):
    """Too many passwords wait to be checked."""

    def __init__(self) -> None:
        super().__init__("Too many log in at once; try again in a moment.")


class MalformedRequestBody(BadRequest):
    """The body is not JSON."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Malformed request body: {reason}.")


def json_of(body: bytes) -> Any:
    """Read a body. Raises MalformedRequestBody."""
    try:
        text = body.decode()
        read = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
        if is_deeper(read, MAX_DEPTH):
            raise MalformedRequestBody(TOO_DEEP)
        if ESCAPED_SURROGATE.search(text):
            json.dumps(read, ensure_ascii=False).encode()
    except RecursionError:
        raise MalformedRequestBody(TOO_DEEP) from None
    except ValueError as error:
        raise MalformedRequestBody(str(error)) from None
    return read


def _refuse_constant(name: str) -> None:
    """Refuse NaN and the infinities: Python reads them, but they are no JSON."""
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    """Read a number, unless it is larger than any that could be written again."""
    number = float(text)
    if abs(number) == INFINITE:
        raise ValueError(f"{text[:20]} is too large")
    return number
