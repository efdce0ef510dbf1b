"""A report: a GET of one path below /v2.0, with parameters and a rule of its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from osken_apps.rest.openapi.words import READ_ERRORS, Document, operation, parameter
from osken_apps.rest.operations import Operations
from osken_apps.rest.policy import Target
from osken_apps.rest.query import Parameters, asked_of
from osken_apps.rest.request import Answer, Request


@dataclass(frozen=True, slots=True)
class Report:
    """One of them: `tell` gives the answer's body, whose schema is `answer`.

    It gets what the query asks, by name. The rule is `get_` and the name, in `rules.BASE`.
    """

    name: str
    tell: Callable[[Operations, Request, Mapping[str, str]], Any]
    answer: Document
    parameters: Parameters = ()

    @property
    def path(self) -> str:
        """The part of the URL."""
        return self.name.replace("_", "-")

    def __call__(self, operations: Operations, request: Request) -> Answer:
        """Answer GET."""
        operations.permissions(request).require(f"get_{self.name}", [], Target(request.caller.project_id))
        return Answer(200, self.tell(operations, request, asked_of(self.parameters, request.parameters)))

    def described(self) -> Document:
        """Give its paths of the OpenAPI document."""
        parameters = [parameter(name, "query", schema) for name, schema in self.parameters]
        return {
            f"/v2.0/{self.path}": {
                "get": operation(f"get_{self.name}", 200, self.answer, READ_ERRORS, parameters)
            }
        }
