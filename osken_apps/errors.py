"""The errors of the project. Each names the offending value; the REST edge maps them to HTTP once.

The class name is Neutron's exception name: clients read it as the error's `type`.
"""


class OskenAppsError(Exception):
    """Base of every error that the project raises on purpose."""


class ConfigurationError(OskenAppsError):
    """An option of the configuration is missing or has a value that cannot be used."""


class Malformed(OskenAppsError):
    """Bytes from the wire are not what their protocol says."""


class ApiError(OskenAppsError):
    """An error that a client of the REST API is told, with its HTTP `status`."""

    status = 500


class BadRequest(ApiError):
    """The request cannot be understood."""

    status = 400


class InvalidInput(BadRequest):
    """A value of the request is not allowed."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Invalid input for operation: {reason}.")


class NotFound(ApiError):
    """The resource does not exist, or not for this project."""

    status = 404


class Conflict(ApiError):
    """The request contradicts what is."""

    status = 409


class ServiceUnavailable(ApiError):
    """The request is fine but cannot be served now."""

    status = 503
