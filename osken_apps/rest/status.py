"""The HTTP status of each error: the one place that knows both."""

from collections.abc import Mapping

from osken_apps.errors import ApiError, BadRequest, Conflict, NotFound, ServiceUnavailable
from osken_apps.rest.edge import ForeignOrigin, HTTPUnsupportedMediaType, MisdirectedRequest
from osken_apps.rest.identity.admin import Fixed, MadeByCommand
from osken_apps.rest.operations import RevisionNumberConstraintFailed
from osken_apps.rest.policy import PolicyNotAuthorized
from osken_apps.rest.request import (
    HTTPMethodNotAllowed,
    HTTPRequestEntityTooLarge,
    HTTPRequestURITooLong,
    HTTPUnauthorized,
    TooManyLogins,
)

STATUS: Mapping[type[ApiError], int] = {
    BadRequest: 400,
    HTTPUnauthorized: 401,
    PolicyNotAuthorized: 403,
    Fixed: 403,
    MadeByCommand: 403,
    ForeignOrigin: 403,
    NotFound: 404,
    HTTPMethodNotAllowed: 405,
    Conflict: 409,
    RevisionNumberConstraintFailed: 412,
    HTTPRequestEntityTooLarge: 413,
    HTTPRequestURITooLong: 414,
    HTTPUnsupportedMediaType: 415,
    MisdirectedRequest: 421,
    TooManyLogins: 429,
    ServiceUnavailable: 503,
}
OUR_FAULT = 500


def status_of(error: ApiError) -> int:
    """Give the status of an error: its own, or that of the nearest thing that it is."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), OUR_FAULT)
