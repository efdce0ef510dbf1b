"""What can be read below a resource: `/ports/{id}/dhcp`, `/agents/{id}/flows`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from osken_apps.questions import Question
from osken_apps.rest.controller import Questions
from osken_apps.rest.openapi.words import READ_ERRORS, RESOURCE_ID, Document, operation, parameter
from osken_apps.rest.query import Parameters, asked_of
from osken_apps.rest.request import Request


@dataclass(frozen=True, slots=True)
class Member:
    """One of them.

    `read` (view, resource, what the query asks) gives what is left to ask the controller, which gives the
    body of the answer. `answer` is its schema, `parameters` are those of the query.
    """

    read: Callable[[Any, Any, Mapping[str, str]], Callable[[Questions], Any]]
    answer: Document
    parameters: Parameters = ()


def asks(
    question: Callable[[Any, Mapping[str, str]], Question[Any]], answer: Document, parameters: Parameters = ()
) -> Member:
    """Make a member of which the controller knows all: `question` (resource, what the query asks)."""
    return Member(
        lambda _view, resource, asked: lambda questions: questions.ask(question(resource, asked)),
        answer,
        parameters,
    )


def read(member: Member, view: Any, resource: Any, request: Request) -> Callable[[Questions], Any]:
    """Read what a request asks for; give what is left to ask the controller. Raises HTTPBadRequest."""
    return member.read(view, resource, asked_of(member.parameters, request.parameters))


def described(path: str, singular: str, members: Mapping[str, Member]) -> Document:
    """Give the paths of a collection's members for the OpenAPI document."""
    return {
        f"/v2.0/{path}/{{id}}/{name}": {
            "parameters": [RESOURCE_ID],
            "get": operation(
                f"show_{singular}_{name}",
                200,
                member.answer,
                READ_ERRORS,
                [parameter(each, "query", schema) for each, schema in member.parameters],
            ),
        }
        for name, member in members.items()
    }
